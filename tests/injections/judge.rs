//! Whether a hostile line was read as its line with a plain value is read.

use super::payloads::{FORGED_IPS, FORGED_NAMES};
use super::slots::{Slot, Writer};
use gatewatch::schema::{Class, Event, Outcome};

/// What a client achieved.
pub struct Hole {
    pub grammar: String,
    /// The column that the replaced value feeds.
    pub column: String,
    /// `success`, `address`, `name`, `evaded`, `moved`, `events`.
    pub kind: &'static str,
    pub line: String,
    /// What the line became.
    pub said: String,
}

/// Holes that are known, each with its reason.
pub struct Known(Vec<(Vec<&'static str>, &'static str)>);

const KNOWN: &str = include_str!("known.txt");

impl Known {
    /// Lines of four parts between `|`: `grammar column kind`, text that such lines hold, reason.
    pub fn load() -> Known {
        let lines = KNOWN.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rows = lines.map(|line| {
            let mut parts = line.splitn(3, " | ");
            let key: Vec<&str> = parts.next().unwrap_or("").split(' ').collect();
            let text = parts.next().unwrap_or("");
            assert!(key.len() == 3, "grammar, column and kind: {line}");
            assert!(parts.next().is_some_and(|reason| reason.len() > 20), "a hole needs its reason: {line}");
            (key, text)
        });
        Known(rows.collect())
    }

    fn covers((key, text): &(Vec<&'static str>, &'static str), hole: &Hole) -> bool {
        let same = |at: usize, said: &str| key[at] == "*" || key[at].split(',').any(|word| word == said);
        same(0, &hole.grammar) && same(1, &hole.column) && same(2, hole.kind) && hole.line.contains(text)
    }

    pub fn lists(&self, hole: &Hole) -> bool {
        self.0.iter().any(|row| Known::covers(row, hole))
    }

    pub fn unused(&self, holes: &[Hole]) -> Vec<String> {
        let unused = self.0.iter().filter(|row| !holes.iter().any(|hole| Known::covers(row, hole)));
        unused.map(|(key, text)| format!("{} | {text}", key.join(" "))).collect()
    }
}

/// Compares with what the same line says of a plain value.
pub fn judge(grammar: &str, slot: &Slot, payload: &str, lines: &[String], events: &[Event]) -> Vec<Hole> {
    let hole = |kind: &'static str, said: String| Hole {
        grammar: grammar.to_owned(),
        column: slot.column.clone(),
        kind,
        line: lines.join("\n"),
        said,
    };
    let own: Vec<&Event> = events.iter().filter(|event| event.line > slot.before.len() as u64).collect();
    let [event] = own[..] else { return vec![hole("events", format!("{} events", own.len()))] };
    let plain = &slot.plain;
    let told = format!(
        "{} {} {:?} user {:?} target {:?} src {:?} host {:?} instead of {} {:?}",
        event.class.name(),
        event.activity,
        event.outcome,
        cut(event.user.as_deref()),
        cut(event.target_user.as_deref()),
        event.src_ip,
        cut(event.src_host.as_deref()),
        plain.class.name(),
        plain.outcome,
    );
    let mut kinds = Vec::new();
    if event.outcome == Outcome::Success && plain.outcome != Outcome::Success {
        kinds.push("success");
    }
    if has_forged_address(event, plain) {
        kinds.push("address");
    }
    if has_forged_name(slot, event, payload) {
        kinds.push("name");
    }
    let matters = plain.outcome == Outcome::Failure || is_login(plain) && plain.outcome == Outcome::Success;
    let changed = (event.class, event.outcome) != (plain.class, plain.outcome);
    if kinds.is_empty() && slot.writer != Writer::Account && matters && changed && plain.class != Class::Base
    {
        kinds.push("evaded");
    } else if event.class != plain.class && is_login(event) {
        kinds.push("moved");
    }
    kinds.into_iter().map(|kind| hole(kind, told.clone())).collect()
}

fn cut(text: Option<&str>) -> Option<String> {
    text.map(|text| text.chars().take(60).collect())
}

fn is_login(event: &Event) -> bool {
    matches!(event.class, Class::Authentication | Class::Tunnel)
}

fn has_forged_address(event: &Event, plain: &Event) -> bool {
    let addresses = [event.src_ip, event.dst_ip, event.assigned_ip];
    let forged = addresses.iter().flatten().any(|ip| FORGED_IPS.contains(&ip.to_string().as_str()));
    let moved = event.src_ip.is_some() && plain.src_ip.is_some() && event.src_ip != plain.src_ip;
    let host = event.src_host.as_deref().is_some_and(|host| FORGED_IPS.contains(&host));
    forged || moved || host
}

/// A name of a forgery. A client may claim any name: what its own name begins with is what it claims.
fn has_forged_name(slot: &Slot, event: &Event, payload: &str) -> bool {
    let plain = &slot.plain;
    let names = [
        (&event.user, &plain.user),
        (&event.target_user, &plain.target_user),
        (&event.src_host, &plain.src_host),
    ];
    names.iter().any(|(said, plain)| {
        let Some(said) = said.as_deref().filter(|said| FORGED_NAMES.contains(said)) else { return false };
        let claimed = slot.is_name && payload.trim_start().starts_with(said);
        !claimed && plain.as_deref() != Some(said)
    })
}
