//! `[mail.canary]`, `[mail.alive]` and `[mail.proof]`: the program's mails about itself. Each is off without its section.

use super::file::{Config, SelfMailConfig};
use super::walk::Section;
use crate::escalate::SelfMail;
use crate::schema::{NotificationKind, Span};
use std::sync::Arc;

/// Reads the three sections below `[mail]`.
pub(super) fn read(mail: Section<'_>) -> SelfMailConfig {
    let canary = mail.table("canary", "mail.canary");
    let alive = mail.table("alive", "mail.alive");
    let proof = mail.table("proof", "mail.proof");
    SelfMailConfig {
        canary: one(canary, "1m", "1d", Span::hours(1)),
        alive: one(alive, "10m", "7d", Span::days(1)),
        proof: proof.exists().then(|| proof.span("every", "1d", "365d").unwrap_or(Span::days(30))),
    }
}

fn one(section: Section<'_>, low: &'static str, high: &'static str, usual: Span) -> Option<(String, Span)> {
    if !section.exists() {
        return None;
    }
    let to = section.text("to");
    match &to {
        Some(address) => section.judge_address("to", address),
        None if section.value("to").is_none() => section.missing("to", "the mailbox that it goes to"),
        None => {}
    }
    Some((to.map(|to| to.value).unwrap_or_default(), section.span("every", low, high).unwrap_or(usual)))
}

/// Each self mail of a configuration, the canary first.
pub fn self_mails(config: &Config) -> Vec<SelfMail> {
    let own = &config.mail.own;
    let mail = |kind, person: &str, address: &str, every| SelfMail {
        kind,
        person: Arc::from(person),
        address: Arc::from(address),
        every,
    };
    let mut mails: Vec<SelfMail> = Vec::new();
    mails.extend(own.canary.iter().map(|(to, every)| mail(NotificationKind::Canary, to, to, *every)));
    mails.extend(own.alive.iter().map(|(to, every)| mail(NotificationKind::Alive, to, to, *every)));
    for (person, every) in config.persons.iter().flat_map(|person| own.proof.map(|every| (person, every))) {
        // A webhook is proved by its answers; a proof would page somebody.
        for address in person.email.iter().filter(|address| !address.starts_with(crate::courier::WEBHOOK)) {
            let known = mails.iter().any(|m| m.kind == NotificationKind::Proof && *m.address == **address);
            if !known {
                mails.push(mail(NotificationKind::Proof, &person.id, address, every));
            }
        }
    }
    mails
}
