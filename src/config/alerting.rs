//! The sections that say who is told, when and how: mail, relays, persons, schedules, policies, routes.

use super::file::{ClockStarts, MailConfig, Person, Policy, Recipient, RelayConfig, Route, Step, Tls};
use super::given::Given;
use super::keys;
use super::replies;
use super::schedules;
use super::values::{is_loopback, judge_host};
use super::walk::{Found, Section};
use crate::schema::{Severity, Span};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::path::Path;

/// Letters per recipient and hour: one every two minutes is what a person can read.
pub(super) const LETTERS_DEFAULT: u32 = 30;
/// The contract's time for the serious kinds.
pub(super) const NOTIFY_WITHIN_DEFAULT: Span = Span::minutes(30);
/// Half of it: then the next person is told.
pub(super) const ACKNOWLEDGE_WITHIN_DEFAULT: Span = Span::minutes(15);

/// `[mail]` and `[[mail.relay]]`, over the built-in one.
pub(super) fn mail(
    section: Section<'_>,
    folder: &Path,
    given: &Given<'_>,
    built_in: MailConfig,
) -> MailConfig {
    let relays = section.tables("relay", "mail.relay");
    let from = section.text("from");
    if let Some(from) = &from {
        section.judge_address("from", from);
    } else if !relays.is_empty() && section.value("from").is_none() {
        section.missing("from", "the sender's address, which the relays must accept");
    }
    let domain = section.text("domain");
    if let Some(Found { value, at }) = &domain
        && let Err(why) = judge_host(value)
    {
        section.page.error(*at, format!("domain: \"{value}\": {why}"));
    }
    let own_domain =
        from.as_ref().and_then(|from| from.value.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
    let reply_address = section.text("reply_address");
    if let Some(address) = &reply_address {
        section.judge_address("reply_address", address);
    }
    let letters = section.whole("max_per_recipient_per_hour", 1, 10_000).and_then(|n| u32::try_from(n).ok());
    let mail = MailConfig {
        domain: domain.map(|text| text.value).or(own_domain).unwrap_or(built_in.domain),
        from: from.map_or(built_in.from, |text| text.value),
        reply_maildir: section.path("reply_maildir", folder),
        reply_authserv: section.text("reply_authserv").map(|text| text.value),
        reply_address: reply_address.map(|text| text.value),
        max_per_recipient_per_hour: letters.unwrap_or(built_in.max_per_recipient_per_hour),
        own: super::selfmail::read(section),
        relays: relays.into_iter().map(|section| relay(section, folder, given)).collect(),
    };
    replies::judge(section, &mail, given.now);
    mail
}

fn relay(section: Section<'_>, folder: &Path, given: &Given<'_>) -> RelayConfig {
    let host = section.text("host");
    match &host {
        Some(Found { value, at }) => {
            if let Err(why) = judge_host(value) {
                section.page.error(*at, format!("host: \"{value}\": {why}"));
            }
        }
        None if section.value("host").is_none() => section.missing("host", "the relay's name or address"),
        None => {}
    }
    let host = host.map(|text| text.value).unwrap_or_default();
    let tls = section.word("tls", keys::TLS, &[Tls::StartTls, Tls::Implicit, Tls::None]).unwrap_or_default();
    if tls == Tls::None && !host.is_empty() && !is_loopback(&host) {
        let words = format!(
            "tls: \"none\" would send alerts in the clear to {host}; it is allowed to this machine only"
        );
        section.page.error(section.place("tls"), words);
    }
    // The ports of RFC 6409, RFC 8314 and RFC 5321.
    let usual = match tls {
        Tls::StartTls => 587,
        Tls::Implicit => 465,
        Tls::None => 25,
    };
    let port = section.whole("port", 1, 65_535).and_then(|n| u16::try_from(n).ok()).unwrap_or(usual);
    let username = section.text("username").map(|text| text.value);
    let password = password(section, folder, given, username.is_some());
    RelayConfig { host, port, tls, username, password, ca_pem: section.certificates("ca_file", folder) }
}

fn password(
    section: Section<'_>,
    folder: &Path,
    given: &Given<'_>,
    named: bool,
) -> Option<super::file::Secret> {
    let (file, credential) =
        (section.value("password_file").is_some(), section.value("credential").is_some());
    if file && credential {
        section
            .page
            .error(section.place("credential"), "credential: password_file is given, too; keep one of them");
    }
    if named && !file && !credential {
        let words = "username: without a secret; add password_file or credential";
        section.page.error(section.place("username"), words);
    }
    if !named && (file || credential) {
        section.missing("username", "a secret is given, and no name to log in with");
    }
    section.secret("password_file", folder).or_else(|| section.credential("credential", given))
}

/// `[[person]]`.
pub(super) fn persons(sections: &[Section<'_>]) -> Vec<Person> {
    let mut ids = BTreeSet::new();
    sections.iter().map(|section| person(*section, &mut ids)).collect()
}

fn person(section: Section<'_>, ids: &mut BTreeSet<String>) -> Person {
    let id = section.name("id", ids);
    let emails = section.some_texts("email", "nobody could reach this person");
    let mut email: Vec<String> = Vec::new();
    for found in emails.iter().filter(|found| !found.value.is_empty()) {
        if !found.value.starts_with(crate::courier::WEBHOOK) {
            section.judge_address("email", found);
        }
        if email.contains(&found.value) {
            section.page.error(found.at, format!("email: {} stands twice", found.value));
        }
        email.push(found.value.clone());
    }
    let (timezone, timezone_name) = section.zone("timezone").unwrap_or((TimeZone::UTC, "UTC".to_owned()));
    let name = section.text("name").map_or_else(|| id.clone(), |text| text.value);
    Person {
        id,
        name,
        email,
        timezone,
        timezone_name,
        account: section.text("account").map(|text| text.value),
        party: section.text("party").map(|text| text.value),
        deputies: section
            .texts("deputies")
            .unwrap_or_default()
            .into_iter()
            .map(|found| found.value)
            .collect(),
    }
}

/// `[[policy]]`.
pub(super) fn policies(sections: &[Section<'_>]) -> Vec<Policy> {
    let mut ids = BTreeSet::new();
    sections.iter().map(|section| policy(*section, &mut ids)).collect()
}

fn policy(section: Section<'_>, ids: &mut BTreeSet<String>) -> Policy {
    let starts = [ClockStarts::Occurred, ClockStarts::Read, ClockStarts::Detected];
    let policy = Policy {
        id: section.name("id", ids),
        notify_within: section.span("notify_within", "1s", "30d").unwrap_or(NOTIFY_WITHIN_DEFAULT),
        acknowledge_within: section
            .span("acknowledge_within", "1s", "30d")
            .unwrap_or(ACKNOWLEDGE_WITHIN_DEFAULT),
        resolve_within: section.span("resolve_within", "1s", "365d"),
        acknowledgement_lasts: section.span("acknowledgement_lasts", "1s", "365d"),
        clock_starts: section.word("clock_starts", keys::CLOCK_STARTS, &starts).unwrap_or_default(),
        repeat_every: section.span("repeat_every", "1s", "30d"),
        steps: section.tables("step", "policy.step").into_iter().map(step).collect(),
        duties: super::duties::duties(&section.tables("duty", "policy.duty")),
    };
    if policy.steps.is_empty() && section.value("step").is_none() {
        section.missing("step", "at least one [[policy.step]] with its notify");
    }
    policy
}

fn step(section: Section<'_>) -> Step {
    let after = section.span("after", "0s", "30d");
    if section.value("after").is_none() {
        section.missing("after", "the time after the start of the clocks, such as \"0m\"");
    }
    let mut notify = Vec::new();
    for found in section.some_texts("notify", "a step tells at least one person") {
        let Some(recipient) = recipient(section, &found) else { continue };
        if notify.contains(&recipient) {
            section.page.error(found.at, format!("notify: \"{}\" stands twice", found.value));
        }
        notify.push(recipient);
    }
    Step { after: after.unwrap_or_default(), notify }
}

fn recipient(section: Section<'_>, found: &Found<String>) -> Option<Recipient> {
    match found.value.split_once(':') {
        Some(("person", id)) if !id.is_empty() => Some(Recipient::Person(id.to_owned())),
        Some(("schedule", id)) if !id.is_empty() => Some(Recipient::Schedule(id.to_owned())),
        Some(("webhook", id)) if !id.is_empty() => Some(Recipient::Person(found.value.clone())),
        Some(("party", id)) if !id.is_empty() => Some(Recipient::Party(id.to_owned())),
        _ if found.value.is_empty() => None,
        _ => {
            let wanted = "is not \"person:ID\", \"schedule:ID\", \"party:NAME\" or \"webhook:ID\"";
            section.page.error(found.at, format!("notify: \"{}\" {wanted}", found.value));
            None
        }
    }
}

/// `[[route]]`.
pub(super) fn routes(sections: &[Section<'_>]) -> Vec<Route> {
    sections.iter().map(|section| route(*section)).collect()
}

fn route(section: Section<'_>) -> Route {
    let meanings = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let severities = match section.value("severity") {
        Some(_) => section.some_texts("severity", "leave it out to match every severity"),
        None => Vec::new(),
    };
    let written = severities.iter().filter(|found| !found.value.is_empty());
    let severity = written
        .filter_map(|found| section.one_word("severity", found, keys::SEVERITIES, &meanings))
        .collect();
    let list = |key: &'static str| -> Vec<String> {
        match section.value(key) {
            Some(_) => section
                .some_texts(key, "leave it out to match all")
                .into_iter()
                .map(|found| found.value)
                .collect(),
            None => Vec::new(),
        }
    };
    let policy = section.text("policy").map(|text| text.value).unwrap_or_default();
    if section.value("policy").is_none() {
        section.missing("policy", "the id of a [[policy]]");
    }
    let zone = section.zone("timezone").map_or(TimeZone::UTC, |(zone, _)| zone);
    let hours = schedules::hours(section, &zone);
    if hours.is_some() && section.value("timezone").is_none() {
        section.missing("timezone", "the zone of its days and hours, such as \"Europe/Berlin\"");
    }
    if hours.is_none() && section.value("timezone").is_some() {
        section.page.error(section.place("timezone"), "timezone: has no days and no hours to speak of");
    }
    Route {
        severity,
        incident_type: list("incident_type"),
        source: list("source"),
        provider: list("provider"),
        owner: list("owner"),
        role: list("role"),
        hours,
        policy,
    }
}

/// `[[drill]]`: which scenarios must be played, and how often.
pub(super) fn drills(sections: &[Section<'_>]) -> Vec<(String, Span)> {
    let mut seen = BTreeSet::new();
    let mut drills = Vec::new();
    for section in sections {
        let scenario = section.name("scenario", &mut seen);
        let every = section.span("every", "1d", "730d");
        if section.value("every").is_none() {
            section.missing("every", "how often it must be played at least, such as \"90d\"");
        }
        drills.extend(every.map(|every| (scenario, every)));
    }
    drills
}
