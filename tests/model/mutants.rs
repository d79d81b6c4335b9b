//! Known failures of programs of this kind, each cast as a spell over one step: the model must notice.

use super::plan::units;
use super::truth::is_telling;
use gatewatch::escalate::Escalate;
use gatewatch::schema::book::Rows;
use gatewatch::schema::*;
use std::sync::Arc;

/// One thing broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The position is committed before the incident.
    CursorFirst,
    /// A message counts as sent before it is sent.
    MarkedBeforeSending,
    /// A message that was under way at a crash has failed.
    FailedByCrash,
    /// An outage of the relay is a failure for good.
    OutageIsFinal,
    /// One more try, and no other.
    GivesUpAfterTwo,
    /// Messages that wait are not looked at again when somebody acknowledges.
    QueueNotChecked,
    /// Deadlines by the wall clock alone.
    WallClock,
    /// A retry waits for the wall clock alone.
    RetryByWallClock,
    /// Deadlines by a clock that stands still while the machine is paused.
    TimersStopInSuspend,
    /// Steps are timers in memory.
    LostTimer,
    /// Broken promises are not recorded.
    NoBreach,
    /// What may be broken is called broken.
    HastyBreach,
    /// Each try has its own Message-ID.
    FreshMessageId,
    /// What was sent is written down later: a crash repeats it as if for the first time.
    UnmarkedRepeat,
    /// A message whose answer was lost counts as delivered.
    AtMostOnce,
    /// An acknowledgement never runs out.
    AckForEver,
    /// Steps go on after the end.
    RunsAfterResolve,
    /// Silences are forgotten at a restart.
    SilenceLostAtRestart,
    /// What a silence covers is not stored.
    SilenceDeletes,
    /// A refused recipient is the end of it.
    RefusalIsTheEnd,
    /// Who is told is decided when the message is owed.
    RosterAtOwing,
    /// A step is left out.
    SkippedStep,
    /// First notices of grave incidents go into digests too.
    DigestTakesAll,
    /// Messages of a merged incident go out all the same.
    MergedGoesOut,
    /// Nobody hears that an incident was joined to another.
    MergedTellsNobody,
}

pub struct Mutant {
    pub kind: Kind,
    pub breaks: &'static [&'static str],
    pub known_from: &'static str,
}

const fn mutant(kind: Kind, breaks: &'static [&'static str], known_from: &'static str) -> Mutant {
    Mutant { kind, breaks, known_from }
}

pub const ALL: [Mutant; 25] = [
    mutant(Kind::CursorFirst, &["I8"], "offset before delivery: fluent-bit#2051"),
    mutant(Kind::MarkedBeforeSending, &["I4", "I9"], "Healthchecks, sendalerts"),
    mutant(Kind::FailedByCrash, &["I5", "I9"], "GoAlert, engine/message"),
    mutant(Kind::OutageIsFinal, &["I5", "I9"], "Uptime Kuma #6046; OnCall #4654"),
    mutant(Kind::GivesUpAfterTwo, &["I5", "I9"], "Iris: one reconnect, then gives up"),
    mutant(Kind::QueueNotChecked, &["I7"], "Grafana OnCall #4654: notified after the acknowledgement"),
    mutant(Kind::WallClock, &["I2", "I3", "I10"], "Grafana #43031, fail2ban #2566"),
    mutant(Kind::RetryByWallClock, &["I9"], "Grafana #43031: never recovered from a wrong clock"),
    mutant(Kind::TimersStopInSuspend, &["I10", "I2"], "Rust Instant, tokio #3185"),
    mutant(Kind::LostTimer, &["I10", "I2"], "Grafana OnCall: broker tasks; Grafana alerting #156"),
    mutant(Kind::NoBreach, &["I2"], "no breach step"),
    mutant(Kind::HastyBreach, &["I3"], "breach by the upper bound"),
    mutant(Kind::FreshMessageId, &["I6"], "Alertmanager; email-mcp #62"),
    mutant(Kind::UnmarkedRepeat, &["I6"], "Alertmanager's notification log; freescout #5457"),
    mutant(Kind::AtMostOnce, &["I4", "I9"], "pimalaya #46, as mended"),
    mutant(Kind::AckForEver, &["A1"], "Grafana OnCall #1206: paused escalation never resumed"),
    mutant(Kind::RunsAfterResolve, &["I7"], "OneUptime #1690: steps ran after resolve"),
    mutant(Kind::SilenceLostAtRestart, &["I11"], "Alertmanager #4064: inhibited alerts escape"),
    mutant(Kind::SilenceDeletes, &["I11"], "PagerDuty class: maintenance creates nothing"),
    mutant(Kind::RefusalIsTheEnd, &["I5", "I9"], "OnCall #1326: a person without contact, a silent jump"),
    mutant(Kind::RosterAtOwing, &["I12"], "OneUptime #1890: the wrong person after a handoff"),
    mutant(Kind::SkippedStep, &["I1"], "Grafana OnCall: wait steps dropped"),
    mutant(Kind::MergedGoesOut, &["I7"], "Keep #958: what was merged goes its own way"),
    mutant(Kind::MergedTellsNobody, &["M1"], "Alertmanager: a group swallows an alert without a word"),
    mutant(Kind::DigestTakesAll, &["I13", "I9"], "Wazuh #1959: the cap held back the first mail"),
];

/// The mutant in force, if any: each method is the program's step, or that step broken.
pub struct Spell(pub Option<Kind>);

/// Rows as they were before an act.
pub type Kept = Vec<Notification>;

impl Spell {
    pub fn is(&self, kind: Kind) -> bool {
        self.0 == Some(kind)
    }

    pub fn reading(&self, now: Reading, paused: i64) -> Reading {
        match self.0 {
            Some(Kind::WallClock) => {
                let begin = Timestamp::from_civil((2026, 11, 23), (0, 0, 0), 0).unwrap_or(now.utc);
                Reading { boottime: now.utc - begin, ..now }
            }
            Some(Kind::TimersStopInSuspend) => Reading { utc: now.utc - units(paused), ..now },
            _ => now,
        }
    }

    pub fn deletes(&self, finding: &Finding) -> bool {
        self.is(Kind::SilenceDeletes) && finding.verdict == Verdict::Suppressed
    }

    pub fn judged(&self, book: &mut Book, finding: &Finding) {
        if let (true, Some(id)) = (self.is(Kind::SkippedStep), &finding.incident) {
            book.update_incident(id, |incident| incident.next_step = 1);
        }
    }

    pub fn look(&self, room: &Escalate, book: &mut Book, now: &Reading, changes: &mut Changes) {
        if self.is(Kind::RunsAfterResolve) {
            pretend_open(book, &[IncidentStatus::Resolved], |book| room.look(book, now, changes));
        } else {
            room.look(book, now, changes);
        }
        if !self.is(Kind::NoBreach) && !self.is(Kind::HastyBreach) {
            return;
        }
        for mut clock in all_clocks(book) {
            match (clock.state, self.0) {
                (ClockState::Breached | ClockState::Uncertain, Some(Kind::NoBreach)) => {
                    (clock.state, clock.ended_at) = (ClockState::Running, None);
                }
                (ClockState::Uncertain, Some(Kind::HastyBreach)) => {
                    (clock.state, clock.ended_at) = (ClockState::Breached, Some(clock.ticked.utc));
                }
                _ => continue,
            }
            changes.journal.clear();
            book.put_clock(clock);
        }
    }

    pub fn claim(&self, room: &Escalate, book: &mut Book, now: &Reading, changes: &mut Changes) -> Vec<u64> {
        let mut claim = |book: &mut Book| room.claim(book, 4, now, changes);
        let claimed = match self.0 {
            Some(Kind::QueueNotChecked) => pretend_open(book, &[IncidentStatus::Acknowledged], claim),
            Some(Kind::RunsAfterResolve) => pretend_open(book, &[IncidentStatus::Resolved], claim),
            Some(Kind::MergedGoesOut) => pretend_open(book, &[IncidentStatus::Merged], claim),
            Some(Kind::RetryByWallClock) => {
                book.hints.due.clear();
                claim(book)
            }
            Some(Kind::DigestTakesAll) => pretend_mild(book, claim),
            _ => claim(book),
        };
        for id in &claimed {
            match self.0 {
                Some(Kind::MarkedBeforeSending) => {
                    book.update_notification(*id, |n| n.state = NotificationState::Accepted);
                }
                Some(Kind::FreshMessageId) => book.update_notification(*id, |n| {
                    n.message_id = format!("<{}.{}@example.org>", n.id, n.attempts).into();
                }),
                _ => {}
            }
        }
        claimed
    }

    pub fn receipt(
        &self,
        room: &Escalate,
        book: &mut Book,
        receipt: &Receipt,
        now: &Reading,
        changes: &mut Changes,
    ) {
        let refused = receipt.result == AttemptResult::Refused;
        if refused && self.is(Kind::RefusalIsTheEnd) {
            book.update_notification(receipt.notification, |n| n.state = NotificationState::Refused);
            return;
        }
        room.receipt(book, receipt, now, changes);
        let deferred = receipt.result == AttemptResult::Deferred;
        let ends = self.is(Kind::OutageIsFinal) || (self.is(Kind::GivesUpAfterTwo) && receipt.attempt >= 2);
        if deferred && ends {
            book.update_notification(receipt.notification, |n| n.state = NotificationState::Refused);
        }
    }

    pub fn before_act(&self, book: &Book, verb: &Verb) -> Kept {
        let revived = (self.is(Kind::QueueNotChecked) && *verb == Verb::Acknowledge)
            || (self.is(Kind::MergedGoesOut) && matches!(verb, Verb::Merge(_)));
        book.unfinished().filter(|n| revived && is_telling(n.kind)).cloned().collect()
    }

    pub fn after_act(&self, book: &mut Book, verb: &Verb, number: u64, kept: Kept) {
        kept.into_iter().for_each(|row| book.put_notification(row));
        let Some(id) = book.incident_named(&number.to_string()).map(|i| i.id.clone()) else { return };
        let clock = |book: &Book, kind| book.clock(&id, kind).cloned();
        match (self.0, verb) {
            (Some(Kind::MergedTellsNobody), Verb::Merge(_)) => {
                let news = |n: &&Notification| n.kind == NotificationKind::Resolved;
                let told: Vec<u64> = book.notifications_of(&id).filter(news).map(|n| n.id).collect();
                for id in told {
                    book.update_notification(id, |n| n.state = NotificationState::Cancelled);
                }
            }
            (Some(Kind::AckForEver), Verb::Acknowledge) => {
                if let Some(mut hold) = clock(book, ClockKind::Hold) {
                    (hold.state, hold.ended_at) = (ClockState::Met, Some(hold.armed.utc));
                    book.put_clock(hold);
                }
            }
            (Some(Kind::RunsAfterResolve), Verb::Resolve { .. }) => {
                if let Some(mut ladder) = clock(book, ClockKind::Ladder) {
                    (ladder.state, ladder.ended_at) = (ClockState::Running, None);
                    book.put_clock(ladder);
                }
            }
            _ => {}
        }
    }

    pub fn stored(&self, mut rows: Rows) -> Rows {
        match self.0 {
            Some(Kind::LostTimer) => rows.clocks.retain(|clock| clock.kind != ClockKind::Ladder),
            Some(Kind::SilenceLostAtRestart) => rows.silences.clear(),
            _ => {}
        }
        rows
    }

    pub fn recovered(&self, book: &mut Book) {
        let lost: Vec<u64> =
            book.unfinished().filter(|n| n.state == NotificationState::Uncertain).map(|n| n.id).collect();
        for id in lost {
            book.update_notification(id, |n| match self.0 {
                Some(Kind::FailedByCrash) => n.state = NotificationState::Refused,
                Some(Kind::AtMostOnce) => n.state = NotificationState::Accepted,
                Some(Kind::UnmarkedRepeat) => {
                    (n.state, n.may_repeat) = (NotificationState::Pending, false);
                }
                _ => {}
            });
        }
    }
}

fn all_clocks(book: &Book) -> Vec<Clock> {
    book.incidents().flat_map(|i| book.clocks_of(&i.id).to_vec()).collect()
}

/// Does something while incidents of these statuses seem open.
fn pretend_open<T>(book: &mut Book, statuses: &[IncidentStatus], does: impl FnOnce(&mut Book) -> T) -> T {
    let ended = |i: &&Incident| statuses.contains(&i.status);
    let ended: Vec<(Arc<str>, IncidentStatus)> =
        book.incidents().filter(ended).map(|i| (i.id.clone(), i.status)).collect();
    for (id, _) in &ended {
        book.update_incident(id, |i| i.status = IncidentStatus::Open);
    }
    let done = does(book);
    for (id, status) in ended {
        book.update_incident(&id, |i| i.status = status);
    }
    done
}

/// Does something while every incident seems mild.
fn pretend_mild<T>(book: &mut Book, does: impl FnOnce(&mut Book) -> T) -> T {
    let grave: Vec<(Arc<str>, Severity)> = book.incidents().map(|i| (i.id.clone(), i.severity)).collect();
    for (id, _) in &grave {
        book.update_incident(id, |i| i.severity = Severity::Low);
    }
    let done = does(book);
    for (id, severity) in grave {
        book.update_incident(&id, |i| i.severity = severity);
    }
    done
}
