//! Who works there: 500 people, where they sit, and when they begin.

use super::day::{HOUR, MINUTE};
use super::rng::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// 230 people behind one public address.
    Headquarters,
    /// 120 people behind another.
    Branch,
    /// At home, in by VPN.
    Home,
    /// On the way: by VPN, and the address changes.
    Roaming,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Office,
    Developer,
    Admin,
    HelpDesk,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub number: u64,
    /// The name of the account.
    pub name: String,
    pub site: Site,
    pub role: Role,
    /// Milliseconds after midnight at which the shift begins, and how long it is.
    pub begins: i64,
    pub lasts: i64,
    /// Came back from holiday today.
    pub rusty: bool,
}

pub struct Town {
    pub people: Vec<Person>,
}

const FIRST: [&str; 25] = [
    "ada", "ben", "cho", "dina", "emil", "fay", "gus", "hana", "ivo", "jana", "kai", "lea", "max", "nina",
    "ole", "pia", "quin", "rosa", "sam", "tea", "uma", "vic", "wim", "xenia", "yan",
];
const LAST: [&str; 20] = [
    "abel", "brandt", "conti", "duval", "ek", "frei", "graf", "holm", "iten", "jansen", "keller", "lang",
    "moser", "nagel", "orsini", "peter", "quist", "roth", "stahl", "thoma",
];

impl Town {
    pub fn new(rng: &mut Rng) -> Town {
        Town { people: (0..500).map(|number| person(number, rng)).collect() }
    }

    pub fn having(&self, role: Role) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(move |person| person.role == role)
    }
}

fn person(number: u64, rng: &mut Rng) -> Person {
    let name = format!("{}.{}", FIRST[(number % 25) as usize], LAST[(number / 25) as usize]);
    let site = match number * 7 % 500 {
        0..230 => Site::Headquarters,
        230..350 => Site::Branch,
        350..475 => Site::Home,
        _ => Site::Roaming,
    };
    let role = match number * 11 % 500 {
        0..12 => Role::Admin,
        12..18 => Role::HelpDesk,
        18..80 => Role::Developer,
        _ => Role::Office,
    };
    // One in twelve works the early or the late shift; the others begin between seven and ten.
    let (begins, lasts) = match rng.below(24) {
        0 => (5 * HOUR + 45 * MINUTE, 8 * HOUR),
        1 => (13 * HOUR + 45 * MINUTE, 8 * HOUR),
        _ => (8 * HOUR + 15 * MINUTE, 9 * HOUR),
    };
    let spread = if lasts == 9 * HOUR { 40 * MINUTE } else { 8 * MINUTE };
    let sum: i64 = (0..4).map(|_| rng.between(-spread, spread)).sum();
    Person { number, name, site, role, begins: begins + sum / 2, lasts, rusty: rng.below(25) == 0 }
}

impl Person {
    /// The address of the computer inside.
    pub fn desk(&self) -> String {
        format!(
            "10.{}.{}.{}",
            if self.site == Site::Branch { 2 } else { 1 },
            self.number / 200,
            20 + self.number % 200
        )
    }

    pub fn workstation(&self) -> String {
        format!("WS{:04}", self.number)
    }

    /// The address that the world sees.
    pub fn public(&self) -> String {
        match self.site {
            Site::Headquarters => "192.0.2.10".into(),
            Site::Branch => "192.0.2.20".into(),
            Site::Home => {
                // Each has a line at home; one in twenty shares it with a colleague.
                let line = self.number * 7 % 500 - 350;
                format!("198.51.100.{}", 1 + line - u64::from(line % 20 == 1))
            }
            Site::Roaming => self.on_the_way(0),
        }
    }

    /// The address of somebody who travels, at his nth stop.
    pub fn on_the_way(&self, stop: u64) -> String {
        format!("2001:db8:{:x}:{stop:x}::{:x}", 0x100 + self.number, 2 + stop)
    }

    pub fn outside(&self) -> bool {
        matches!(self.site, Site::Home | Site::Roaming)
    }

    /// Home users have one gateway, travellers and admins the other.
    pub fn on_fortigate(&self) -> bool {
        self.site == Site::Roaming || self.number.is_multiple_of(3)
    }

    /// The address inside the tunnel; those of the pool are given again to others another day.
    pub fn pool(&self) -> String {
        format!("10.8.{}.{}", self.number / 200, 2 + self.number % 200)
    }

    /// From where servers inside see the person.
    pub fn inside(&self) -> String {
        if self.outside() { self.pool() } else { self.desk() }
    }

    pub fn mail(&self) -> String {
        format!("{}@example.com", self.name)
    }

    pub fn agent(&self) -> &'static str {
        const AGENTS: [&str; 4] = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/133.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/133.0 Safari/537.36 Edg/133.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 Version/18.3 Safari/605.1.15",
        ];
        AGENTS[(self.number % 4) as usize]
    }

    /// How often the password is mistyped before it is right, today.
    pub fn slips(&self, rng: &mut Rng) -> u64 {
        match rng.below(100) {
            _ if self.rusty && rng.below(3) > 0 => 3 + rng.below(2),
            0..7 => 1,
            7..9 => 2,
            9 => 3,
            _ => 0,
        }
    }
}
