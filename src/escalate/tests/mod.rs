//! A small world around rooms 4 and 5: a true time, clocks that may lie, a store that keeps what was
//! committed, and a relay that does as it is told.

mod histories;
mod letters;
mod merging;
mod promises;
mod prose;
mod replies;
mod selfmails;
mod storms;

use super::*;
use crate::schema::book::Rows;
use crate::schema::*;
use crate::triage::{self, Triage};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the relay does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relay {
    Accepts,
    Defers,
    RefusesRecipient,
    RefusesContent,
    CutsAfterDot,
    Hangs,
}

/// A mail that reached the relay's side.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) to: Arc<str>,
    pub(super) kind: NotificationKind,
    pub(super) letter: Letter,
}

/// What was committed, by key, as the ledger would have it.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) incidents: BTreeMap<Arc<str>, Incident>,
    pub(super) clocks: BTreeMap<(Arc<str>, ClockKind, u32), Clock>,
    pub(super) notifications: BTreeMap<u64, Notification>,
    pub(super) silences: BTreeMap<Arc<str>, Silence>,
    pub(super) attempts: BTreeMap<(u64, u32), Attempt>,
    pub(super) journal: Vec<JournalEntry>,
}

impl Store {
    fn commit(&mut self, changes: Changes) {
        self.incidents.extend(changes.incidents.into_iter().map(|i| (i.id.clone(), i)));
        self.clocks.extend(changes.clocks.into_iter().map(|c| ((c.incident.clone(), c.kind, c.round), c)));
        self.notifications.extend(changes.notifications.into_iter().map(|n| (n.id, n)));
        self.silences.extend(changes.silences.into_iter().map(|s| (s.id.clone(), s)));
        for attempt in changes.attempts {
            let old = self.attempts.insert((attempt.notification, attempt.n), attempt);
            assert!(old.is_none(), "one attempt, one row: {old:?}");
        }
        self.journal.extend(changes.journal);
    }

    fn rows(&self) -> Rows {
        let host = |i: &Incident| i.merged_into.as_ref().and_then(|id| self.incidents.get(id));
        let over = |i: &Incident| match i.status {
            IncidentStatus::Merged => host(i).is_none_or(|host| host.status == IncidentStatus::Closed),
            status => status == IncidentStatus::Closed,
        };
        let open: BTreeSet<&Arc<str>> = self.incidents.values().filter(|i| !over(i)).map(|i| &i.id).collect();
        let kept =
            |n: &&Notification| n.incident.as_ref().map_or(!n.state.is_final(), |id| open.contains(id));
        Rows {
            incidents: open.iter().map(|id| self.incidents[*id].clone()).collect(),
            clocks: self.clocks.values().filter(|c| open.contains(&c.incident)).cloned().collect(),
            notifications: self.notifications.values().filter(kept).cloned().collect(),
            silences: self.silences.values().cloned().collect(),
            last_incident_number: self.incidents.values().map(|i| i.number).max().unwrap_or(0),
            last_notification: self.notifications.keys().max().copied().unwrap_or(0),
            last_silence: self.silences.len() as u64,
        }
    }
}

pub(super) struct World {
    pub(super) triage: Triage,
    pub(super) room: Escalate,
    pub(super) book: Book,
    pub(super) store: Store,
    /// True time since the beginning.
    pub(super) time: Span,
    /// How wrong UTC is.
    pub(super) utc_error: Span,
    pub(super) booted_at: Span,
    pub(super) boots: u32,
    pub(super) relay: Relay,
    pub(super) mails: Vec<Mail>,
    read: usize,
    findings: u32,
}

pub(super) const BEGIN: &str = "2026-11-23T09:00:00Z";

pub(super) fn person(id: &str, addresses: &[&str]) -> (Arc<str>, Person) {
    let addresses = addresses.iter().map(|a| (*a).into()).collect();
    let zone = TimeZone::get("Asia/Manila").unwrap();
    (
        id.into(),
        Person {
            id: id.into(),
            name: format!("{}{}", id[..1].to_uppercase(), &id[1..]).into(),
            addresses,
            zone,
        },
    )
}

pub(super) fn step(after: Span, person: &str) -> Step {
    Step { after, notify: vec![Recipient::Person(person.into())] }
}

/// Ana at once, the lead after ten minutes.
pub(super) fn policy() -> Policy {
    Policy {
        notify_within: Span::minutes(30),
        acknowledge_within: Some(Span::minutes(15)),
        acknowledgement_lasts: Some(Span::hours(4)),
        clock_starts: ClockStart::Detected,
        resolve_within: None,
        repeat_every: Some(Span::minutes(30)),
        duties: Vec::new(),
        steps: vec![step(Span::ZERO, "ana"), step(Span::minutes(10), "lead")],
    }
}

pub(super) fn params(policy: Policy) -> Params {
    Params {
        persons: BTreeMap::from([
            person("ana", &["ana@example.org", "ana@example.net"]),
            person("lead", &["lead@example.org"]),
        ]),
        policies: BTreeMap::from([("default".into(), policy)]),
        domain: "gatewatch.example.org".into(),
        ..Params::default()
    }
}

impl World {
    pub(super) fn new(params: Params) -> World {
        World {
            triage: Triage::new(triage::Params::default()),
            room: Escalate::new(params),
            book: Book::default(),
            store: Store::default(),
            time: Span::ZERO,
            utc_error: Span::ZERO,
            booted_at: Span::ZERO,
            boots: 1,
            relay: Relay::Accepts,
            mails: Vec::new(),
            read: 0,
            findings: 0,
        }
    }

    pub(super) fn now(&self) -> Reading {
        Reading {
            utc: Timestamp::parse_rfc3339(BEGIN).unwrap() + Span(self.time.0 + self.utc_error.0),
            boottime: Span(self.time.0 - self.booted_at.0),
            boot_id: format!("boot-{}", self.boots).into(),
        }
    }

    fn commit(&mut self, mut changes: Changes) {
        self.book.drain(&mut changes);
        self.store.commit(changes);
    }

    /// A finding about a user comes through room 4, and room 5 looks.
    pub(super) fn finds(&mut self, user: &str, severity: Severity) -> Finding {
        let (now, mut changes) = (self.now(), Changes::default());
        self.findings += 1;
        let finding = finding(&format!("finding-{}", self.findings), user, severity, now.utc);
        let judged = self.triage.judge(&mut self.book, finding, Some("gate"), now.utc, &now);
        self.room.look(&mut self.book, &now, &mut changes);
        self.commit(changes);
        self.turn();
        judged
    }

    /// One turn of the daemon: look, claim, commit, send, take receipts, commit.
    pub(super) fn turn(&mut self) {
        let (now, mut changes) = (self.now(), Changes::default());
        self.room.look(&mut self.book, &now, &mut changes);
        self.commit(changes);
        for _ in 0..20 {
            let mut changes = Changes::default();
            let claimed = self.room.claim(&mut self.book, 4, &now, &mut changes);
            self.check_wanted(&changes);
            self.commit(changes);
            if claimed.is_empty() {
                break;
            }
            for id in claimed {
                self.send(id);
            }
        }
    }

    /// Invariant I7: no send starts after an answer was committed.
    fn check_wanted(&mut self, changes: &Changes) {
        let mut changes = changes.clone();
        self.book.clone().drain(&mut changes);
        for row in changes.notifications.iter().filter(|n| n.state == NotificationState::Sending) {
            let status = row.incident.as_ref().map(|id| self.store.incidents[id].status);
            let answered = matches!(status, Some(IncidentStatus::Acknowledged | IncidentStatus::Resolved));
            assert!(!answered || !super::rows::is_telling(row.kind), "I7: a send after the answer: {row:#?}");
        }
    }

    fn send(&mut self, id: u64) {
        let now = self.now();
        let letter = self.room.letter(&self.book, id, &Evidence::default(), &now, None).expect("a letter");
        let (phase, code, result) = match self.relay {
            Relay::Accepts => (MailPhase::Done, Some(250), AttemptResult::Accepted),
            Relay::Defers => (MailPhase::Connect, None, AttemptResult::Deferred),
            Relay::RefusesRecipient => (MailPhase::Rcpt, Some(550), AttemptResult::Refused),
            Relay::RefusesContent if letter.html.is_none() => {
                (MailPhase::Done, Some(250), AttemptResult::Accepted)
            }
            Relay::RefusesContent => (MailPhase::Done, Some(554), AttemptResult::Refused),
            Relay::CutsAfterDot => (MailPhase::Body, None, AttemptResult::Uncertain),
            Relay::Hangs => return,
        };
        if matches!(result, AttemptResult::Accepted | AttemptResult::Uncertain) {
            let row = self.book.notification(id).unwrap();
            let (to, kind) = (row.recipient.clone(), row.kind);
            self.mails.push(Mail { to, kind, letter: letter.clone() });
        }
        let receipt = Receipt {
            notification: id,
            attempt: letter.attempt,
            at: now.utc,
            relay: "relay:25".into(),
            phase,
            code,
            reply: "as told".into(),
            result,
        };
        let mut changes = Changes::default();
        self.room.receipt(&mut self.book, &receipt, &now, &mut changes);
        self.commit(changes);
    }

    /// True time goes on, looked at when the room wants to, and at most every half second.
    pub(super) fn pass(&mut self, span: Span) {
        let end = self.time.0 + span.0;
        while self.time.0 < end {
            let now = self.now();
            let wake = self.room.next_wake(&self.book, &now).map_or(i64::MAX, |(at, _)| (at - now.utc).0);
            self.time.0 = end.min(self.time.0.saturating_add(wake.max(Span::millis(500).0)));
            self.turn();
        }
    }

    /// Killed and started again; what was not committed is gone, and receipts never come.
    pub(super) fn crash(&mut self) {
        self.book = Book::load(self.store.rows());
        let (now, mut changes) = (self.now(), Changes::default());
        self.room.recover(&mut self.book, &now, &mut changes);
        self.commit(changes);
    }

    pub(super) fn act(&mut self, who: &str, verb: Verb, incident: &str) -> Result<String, ActRefused> {
        self.act_by(Channel::Cli, who, verb, incident)
    }

    /// The same by a reply mail (who may, and the reading of the mail, is the business of `desk::reply`).
    pub(super) fn replies(&mut self, who: &str, verb: Verb, incident: &str) -> Result<String, ActRefused> {
        self.act_by(Channel::Reply, who, verb, incident)
    }

    fn act_by(
        &mut self,
        channel: Channel,
        who: &str,
        verb: Verb,
        incident: &str,
    ) -> Result<String, ActRefused> {
        let (now, mut changes) = (self.now(), Changes::default());
        let actor = Actor { name: who.into(), known: who != "mallory", channel };
        let act = Act { actor, verb, incident: Some(incident.into()), note: None };
        let done = self.room.act(&mut self.book, &act, &now, &mut changes);
        self.commit(changes);
        self.turn();
        done
    }

    /// The mails since the last call, as `recipient kind`.
    pub(super) fn new_mails(&mut self) -> Vec<String> {
        let new =
            self.mails[self.read..].iter().map(|mail| format!("{} {}", mail.to, mail.kind.name())).collect();
        self.read = self.mails.len();
        new
    }

    #[track_caller]
    pub(super) fn expect_mails(&mut self, expected: &[&str]) {
        assert_eq!(self.new_mails(), expected);
    }

    #[track_caller]
    pub(super) fn expect_silence(&mut self) {
        self.expect_mails(&[]);
    }

    #[track_caller]
    pub(super) fn expect_clock(&self, kind: ClockKind, state: ClockState) {
        let clocks: Vec<&Clock> = self.store.clocks.values().filter(|c| c.kind == kind).collect();
        assert_eq!(clocks.last().map(|c| c.state), Some(state), "{clocks:#?}");
    }
}

pub(super) fn finding(id: &str, user: &str, severity: Severity, at: Timestamp) -> Finding {
    Finding {
        id: id.into(),
        time: at,
        rule: "vpn-brute-force-source".into(),
        rule_version: "0123456789ab".into(),
        title: "Guessing at a VPN login".into(),
        kind: FindingKind::Threshold,
        severity,
        incident_type: None,
        group: vec![("user".into(), user.into())],
        first_event_at: at,
        last_event_at: at,
        observed: 5.0,
        expected: None,
        threshold: Some(5.0),
        score: None,
        explanation: "5 failed logins in 10 minutes".into(),
        advice: None,
        evidence: vec![1],
        folded: 0,
        verdict: Verdict::Opened,
        reason: "".into(),
        incident: None,
    }
}
