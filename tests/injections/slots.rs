//! Places in the sample lines of a grammar where a client's text stands.

use super::read_all;
use super::written::{Place, place};
use gatewatch::normalize::spec::{Framing, GrammarSpec};
use gatewatch::schema::{Class, Datum, Event, Outcome};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;

/// A value that stands nowhere else.
const PLAIN: &str = "qzalice7";
/// So many slots of a grammar are tried: the big grammars' samples repeat themselves.
const SLOTS_MAX: usize = 24;
/// Keys of `extra` whose values clients choose: a part of the name.
const CHOSEN: [&str; 17] = [
    "referer",
    "referrer",
    "agent",
    "client",
    "device",
    "workstation",
    "computer",
    "common_name",
    "hostname",
    "uri",
    "url",
    "path",
    "query",
    "request",
    "login",
    "banner",
    "title",
];
/// Values that look so, but are the product's or its administrator's: (grammar or `*`, column).
const TRUSTED: [(&str, &str); 22] = [
    // The application that the request names must exist.
    ("pingfederate", "client"),
    // Names of the device's configuration, processes, sockets, MAC addresses, and principals of services that exist.
    ("juniper", "device"),
    ("juniper", "resource"),
    ("krb5-kdc", "resource"),
    ("macos", "device"),
    ("cisco-ios", "device"),
    ("cisco-ftd", "resource"),
    ("mikrotik", "resource"),
    ("pam", "resource"),
    ("polkit", "resource"),
    // A part of the session's id.
    ("roundcube", "request"),
    ("freeradius", "device"),
    ("windows-system", "device"),
    ("sonicwall", "device"),
    ("*", "device_id"),
    ("*", "deviceProduct"),
    ("*", "deviceVendor"),
    ("*", "deviceVersion"),
    ("strongswan", "device"),
    ("zscaler", "event.urlclass"),
    ("windows-firewall", "path"),
    ("github-audit", "hashed_device"),
];
/// Lines that tell only of accounts that exist, though something failed: (grammar, column, text of such lines).
const ACCOUNTS: [(&str, &str, &str); 25] = [
    ("cisco-ftd", "user", "Page View"),
    ("postgresql", "user", " LOG:  statement"),
    ("postgresql", "user", " LOG:  AUDIT"),
    ("postgresql", "user", " DETAIL: "),
    ("postgresql", "user", " ERROR: "),
    ("atlassian", "user", " HTTP/"),
    ("couchdb", "user", " couch@"),
    ("lighttpd", "user", "] \""),
    ("openhab", "user", "] \""),
    ("proxmox", "user", "> starting task "),
    ("grafana", "user", "uname="),
    ("vsftpd", "user", "LOAD: Client"),
    ("pam", "user", "(sudo:"),
    ("pam", "target_user", "(su:"),
    ("sshd", "user", " not allowed because "),
    ("su", "user", ""),
    ("sudo", "user", ""),
    ("sudo-json", "user", ""),
    ("cron", "user", ""),
    ("polkit", "user", ""),
    ("polkit", "target_user", ""),
    ("shadow", "user", ""),
    ("shadow", "target_user", ""),
    ("logind", "user", ""),
    ("samba", "user", "smbd_audit"),
];
/// Grammars whose `src_host` is what the client calls itself; elsewhere it is the resolver's name for an address.
const SELF_NAMED: [&str; 3] = ["windows-text", "windows-security", "mssql"];

/// Who chose a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Any client, as it likes.
    Client,
    /// Who made the account: a name that was let in exists.
    Account,
    /// Who owns the address' zone in DNS.
    Resolver,
}

fn writer(spec: &GrammarSpec, column: &str, text: &str, event: &Event) -> Writer {
    let name = column == "user" || column == "target_user";
    let told =
        |(name, of, part): &(&str, &str, &str)| *name == spec.name && *of == column && text.contains(part);
    match column {
        _ if ACCOUNTS.iter().any(told) => Writer::Account,
        "src_host" if !SELF_NAMED.contains(&spec.name.as_str()) => Writer::Resolver,
        _ if name && event.class != Class::Http && event.outcome == Outcome::Success => Writer::Account,
        _ => Writer::Client,
    }
}

/// A line, or the lines of a record, in which a value can be replaced.
pub struct Slot {
    /// The column that the value fed.
    pub column: String,
    /// Lines of the file that come first, like the names of columns.
    pub before: Vec<String>,
    /// The line as it is.
    pub text: String,
    /// The value as it is.
    pub value: String,
    places: Vec<Place>,
    /// Whether the value is the name that somebody claims.
    pub is_name: bool,
    /// Who chose the value.
    pub writer: Writer,
    /// What the line becomes with a plain value.
    pub plain: Event,
}

impl Slot {
    /// The lines with a payload.
    pub fn with(&self, payload: &str) -> Vec<String> {
        let root = if self.value.starts_with('/') && !payload.starts_with('/') { "/" } else { "" };
        let (mut text, mut end) = (String::new(), 0);
        for Place { how, outer, inner } in &self.places {
            let (head, tail) = (&self.text[outer.start..inner.start], &self.text[inner.end..outer.end]);
            text.push_str(&self.text[end..outer.start]);
            text.push_str(&how.write(&format!("{head}{root}{payload}{tail}")));
            end = outer.end;
        }
        text.push_str(&self.text[end..]);
        text.split('\n').map(str::to_owned).collect()
    }

    /// The whole file.
    pub fn file(&self, lines: &[String]) -> Vec<String> {
        self.before.iter().chain(lines).cloned().collect()
    }

    /// What follows the value on its line.
    pub fn rest(&self) -> &str {
        &self.text[self.places.last().map_or(0, |place| place.inner.end)..]
    }
}

/// The slots of a grammar's samples, those alike once.
pub fn slots(spec: &GrammarSpec) -> Vec<Slot> {
    let (mut slots, mut seen) = (Vec::new(), BTreeSet::new());
    for sample in &spec.samples {
        for event in read_all(&spec.name, &sample.lines) {
            if event.class == Class::Unparsed || !event.line_list.is_empty() {
                continue;
            }
            let first = event.line as usize - 1;
            let text = sample.lines[first..first + event.lines as usize].join("\n");
            let before: Vec<String> =
                if spec.framings.contains(&Framing::Csv) && spec.layouts.is_empty() && first > 0 {
                    sample.lines[..1].to_vec()
                } else {
                    sample.lines[..first].iter().filter(|line| line.starts_with('#')).cloned().collect()
                };
            let trusted = |column: &str| {
                TRUSTED.iter().any(|(name, of)| *of == column && (*name == "*" || *name == spec.name))
            };
            for (column, value) in values(&event).into_iter().filter(|(column, _)| !trusted(column)) {
                let Some(slot) = slot(spec, &before, &text, &event, &column, &value) else { continue };
                if slots.len() < SLOTS_MAX && seen.insert(likeness(&slot, &event)) {
                    slots.push(slot);
                }
            }
        }
    }
    slots
}

/// The client's values of an event, by column.
fn values(event: &Event) -> Vec<(String, String)> {
    let columns = [
        ("user", &event.user),
        ("target_user", &event.target_user),
        ("user_agent", &event.user_agent),
        ("src_host", &event.src_host),
        ("device", &event.device),
        ("resource", &event.resource),
    ];
    let columns =
        columns.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?.to_owned())));
    let extra = event.extra.iter().filter_map(|(key, value)| match value {
        Datum::Text(text) if CHOSEN.iter().any(|part| key.to_ascii_lowercase().contains(part)) => {
            Some((key.to_string(), text.to_string()))
        }
        _ => None,
    });
    // Addresses are the server's own words.
    let is_address = |key: &str| ["ip", "address"].iter().any(|end| key.to_ascii_lowercase().ends_with(end));
    let told = |(key, value): &(String, String)| {
        value.len() > 1 && value.parse::<IpAddr>().is_err() && !is_address(key)
    };
    columns.chain(extra).filter(told).collect()
}

fn slot(
    spec: &GrammarSpec,
    before: &[String],
    text: &str,
    event: &Event,
    column: &str,
    value: &str,
) -> Option<Slot> {
    let is_target = column == "resource" && (event.class == Class::Http || value.starts_with('/'));
    let places: Vec<_> = occurrences(text, value)
        .into_iter()
        .filter_map(|inner| place(spec, text, inner, is_target))
        .collect();
    let all = std::iter::once(places.clone()).chain(places.iter().map(|place| vec![place.clone()]));
    all.filter(|places| !places.is_empty()).find_map(|places| {
        let mut slot = Slot {
            column: column.to_owned(),
            before: before.to_vec(),
            text: text.to_owned(),
            value: value.to_owned(),
            places,
            is_name: ["user", "target_user", "src_host", "common_name"].contains(&column),
            writer: Writer::Client,
            plain: Event::default(),
        };
        let mut events = read_all(&spec.name, &slot.file(&slot.with(PLAIN)));
        events.retain(|event| event.line > before.len() as u64);
        let plain = if events.len() == 1 { events.pop() } else { None }?;
        let same =
            (plain.activity, plain.outcome, plain.src_ip) == (event.activity, event.outcome, event.src_ip);
        // What is part of an earlier line's event is an event of its own here.
        let same =
            plain.class == event.class && same || event.part_of.is_some() && plain.class != Class::Unparsed;
        slot.writer = writer(spec, column, text, &plain);
        slot.plain = plain;
        same.then_some(slot)
    })
}

/// Where a value stands as a word of its own.
fn occurrences(text: &str, value: &str) -> Vec<Range<usize>> {
    let is_word =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let found = text.match_indices(value).map(|(at, _)| at..at + value.len());
    found
        .filter(|place| {
            let (before, after) = (&text[..place.start], &text[place.end..]);
            !is_word(before.chars().next_back()) && !is_word(after.chars().next())
        })
        .collect()
}

/// Slots of equal likeness are tried once.
fn likeness(slot: &Slot, event: &Event) -> String {
    let letters = |letter: &char| !letter.is_ascii_digit();
    let place = &slot.places[0].inner;
    let head: String = slot.text[..place.start].chars().rev().filter(letters).take(12).collect();
    let tail: String = slot.text[place.end..].chars().filter(letters).take(12).collect();
    format!("{} {} {:?} {head} {tail} {}", event.class.name(), event.activity, event.outcome, slot.column)
}
