//! What persons do: acknowledge, resolve, reopen, escalate, note, assign, silence, test. Each act that is
//! done, and each that is refused, is a journal entry; the answer is for the person to read.

use super::Escalate;
use super::moves::{ClockInput, IncidentInput, Machine, NotificationInput};
use super::receipts::keep;
use super::rows::{
    Draft, is_live, is_telling, journal_by, live_clocks, move_clock, move_incident, move_notification,
    new_clock,
};
use crate::schema::{
    Act, Book, Changes, ClockKind, Incident, IncidentStatus, Network, Notification, NotificationKind,
    NotificationState, Printable, Reading, Resolution, Silence, SilenceKind, Span, Verb,
};
use std::sync::Arc;

/// Why an act was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActRefused {
    /// The actor may look, not act.
    #[error("{0} is no person of the configuration: give a [[person]] this account")]
    NotAllowed(String),
    /// The verb needs an incident.
    #[error("which incident? give its number or id")]
    NoIncidentGiven,
    /// There is none, or it is closed.
    #[error("no incident {0} is open or was resolved lately")]
    NoSuchIncident(String),
    /// The table does not allow it.
    #[error("incident {number} is {status}: it cannot be {wanted}")]
    Impossible {
        /// The incident's number.
        number: u64,
        /// Its status.
        status: &'static str,
        /// What was wanted, as a participle.
        wanted: &'static str,
    },
    /// No person has this id.
    #[error("no person {0} in the configuration")]
    NoSuchPerson(String),
    /// A silence or an exception lacks something.
    #[error("{} needs {wanted}", with_article(*.kind))]
    SilenceLacks {
        /// Which of the two.
        kind: SilenceKind,
        /// What it lacks.
        wanted: &'static str,
    },
    /// There is no such silence or exception, or it has ended.
    #[error("no silence or exception {0} is in force")]
    NoSuchSilence(String),
    /// This is no mail address.
    #[error("{0} is no mail address")]
    BadAddress(String),
    /// These two cannot be joined.
    #[error("incident {0} cannot be joined to incident {1}: {2}")]
    NotJoined(u64, u64, String),
    /// A person's decision needs a reason.
    #[error("say why: --reason TEXT")]
    NoReason,
    /// The incident has no such promise under way.
    #[error("incident {number} has no {wanted}; {there}")]
    NoSuchClock {
        /// The incident's number.
        number: u64,
        /// What was asked for.
        wanted: String,
        /// What there is.
        there: String,
    },
    /// Too long, or no time at all.
    #[error("snooze for 1m to {}", .0.in_words())]
    BadSnooze(Span),
}

/// The longest silence, and the longest exception: one that never ends is a change of the rule.
const SILENCE_SPAN_MAX: Span = Span::days(366);

impl Escalate {
    /// Does what a person wants, or says why not. Both are journalled.
    ///
    /// # Errors
    /// [`ActRefused`]; nothing but the journal changed then.
    pub fn act(
        &self,
        book: &mut Book,
        act: &Act,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        let done = self.try_act(book, act, now, changes);
        let subject = act.incident.as_deref().unwrap_or("-");
        let id = book
            .incident_named(subject)
            .map_or_else(|| subject.to_owned(), |incident| incident.id.to_string());
        let note = act.note.as_deref().map_or(String::new(), |note| format!("; note: {note}"));
        let (kind, detail) = match &done {
            Ok(answer) => (verb_kind(&act.verb), format!("{answer} [{}]{note}", act.actor.channel.name())),
            Err(refused) => (
                "refused",
                format!("{}: {refused} [{}]{note}", verb_name(&act.verb), act.actor.channel.name()),
            ),
        };
        journal_by(changes, now.utc, kind, &act.actor.name, &id, &detail);
        done
    }

    fn try_act(
        &self,
        book: &mut Book,
        act: &Act,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        if !act.actor.known {
            return Err(ActRefused::NotAllowed(shown(&act.actor.name)));
        }
        match &act.verb {
            Verb::Silence(silence, span) => return self.silence_for(book, silence, *span, now),
            Verb::EndSilence(id) => return end_silence(book, id, now),
            Verb::MailTest(address) => return self.mail_test(book, act, address, now),
            _ => {}
        }
        let name = act.incident.as_deref().ok_or(ActRefused::NoIncidentGiven)?;
        let incident = book.incident_named(name).cloned();
        let incident = incident.ok_or_else(|| ActRefused::NoSuchIncident(shown(name)))?;
        match &act.verb {
            Verb::Acknowledge => self.acknowledge(book, &incident, act, None, now, changes),
            Verb::Snooze(span) => self.snooze(book, &incident, act, *span, now, changes),
            Verb::Merge(into) => self.merge(book, &incident, into, act, now, changes),
            Verb::Split => self.split(book, &incident, act, now, changes),
            Verb::Waive(clock) => self.waive(book, &incident, clock, act, now, changes),
            Verb::Fulfil(duty) => self.fulfil(book, &incident, duty, act, now, changes),
            Verb::Resolve { false_positive } => {
                self.resolve(book, &incident, act, *false_positive, now, changes)
            }
            Verb::Reopen => self.reopen(book, &incident, now, changes),
            Verb::Escalate => self.escalate(book, &incident, now, changes),
            Verb::Assign(person) => self.assign(book, &incident, person),
            _ => Ok(format!("noted on incident {}", incident.number)),
        }
    }

    /// Takes the incident; `lasts` = for so long instead of what the policy says.
    pub(super) fn acknowledge(
        &self,
        book: &mut Book,
        incident: &Incident,
        act: &Act,
        lasts: Option<Span>,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        let number = incident.number;
        allowed(incident, IncidentInput::Acknowledge, "acknowledged")?;
        let renewed = incident.status == IncidentStatus::Acknowledged;
        if let (true, Some(owner), Some(at)) = (renewed, &incident.acknowledged_by, incident.acknowledged_at)
            && *owner != act.actor.name
        {
            return Ok(format!(
                "incident {number} was already acknowledged by {owner} at {at}: nothing was changed"
            ));
        }
        move_incident(book, &incident.id, IncidentInput::Acknowledge, now, changes);
        let until = self.hold(book, incident, lasts, now, changes);
        if renewed {
            return Ok(format!("incident {number} stays yours{until}"));
        }
        book.update_incident(&incident.id, |i| {
            i.acknowledged_at = Some(now.utc);
            i.acknowledged_by = Some(act.actor.name.clone());
            i.ack_via = Some(act.actor.channel.name().into());
        });
        self.stop(book, &incident.id, &act.actor.name, now, changes);
        let others = self.tell_others(book, incident, act, NotificationKind::Acknowledged, now);
        Ok(format!("incident {number} is yours{until}; {others}"))
    }

    /// Arms the clock of how long an acknowledgement lasts; the answer's tail says until when.
    fn hold(
        &self,
        book: &mut Book,
        incident: &Incident,
        lasts: Option<Span>,
        now: &Reading,
        changes: &mut Changes,
    ) -> String {
        let Some(lasts) = lasts.or(self.policy(incident).acknowledgement_lasts) else { return String::new() };
        let base = book.clock(&incident.id, ClockKind::Ladder).map_or(incident.round, |ladder| ladder.round);
        let held = book
            .clocks_of(&incident.id)
            .iter()
            .find(|c| c.kind == ClockKind::Hold && c.round == base)
            .cloned();
        let fresh = new_clock(incident.id.clone(), ClockKind::Hold, base, lasts, Span::ZERO, now);
        match held {
            Some(held) if held.state.next(ClockInput::Arm).is_ok() => {
                move_clock(book, held, ClockInput::Arm, now, changes);
                book.put_clock(fresh);
            }
            _ => book.put_clock(fresh),
        }
        format!(" for {}, until {}; then it is open again", lasts.in_words(), now.utc + lasts)
    }

    /// Ends what was under way towards an acknowledgement: clocks, and messages that have not started.
    fn stop(&self, book: &mut Book, id: &str, actor: &str, now: &Reading, changes: &mut Changes) {
        for clock in live_clocks(book, id, &[ClockKind::Notify, ClockKind::Acknowledge]) {
            keep(book, clock, &format!("acknowledged (D5) by {actor}"), now, changes);
        }
        for clock in live_clocks(book, id, &[ClockKind::Ladder]) {
            move_clock(book, clock, ClockInput::Keep, now, changes);
        }
        cancel(book, id, is_telling, now, changes);
    }

    fn resolve(
        &self,
        book: &mut Book,
        incident: &Incident,
        act: &Act,
        false_positive: bool,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        allowed(incident, IncidentInput::Resolve, "resolved")?;
        let resolution = if false_positive { Resolution::FalsePositive } else { Resolution::Resolved };
        move_incident(book, &incident.id, IncidentInput::Resolve, now, changes);
        book.update_incident(&incident.id, |i| {
            (i.resolved_at, i.resolution) = (Some(now.utc), Some(resolution))
        });
        self.stop(book, &incident.id, &act.actor.name, now, changes);
        for clock in live_clocks(book, &incident.id, &[ClockKind::Resolve]) {
            keep(book, clock, &format!("resolved (D5) by {}", act.actor.name), now, changes);
        }
        for clock in live_clocks(book, &incident.id, &[ClockKind::Hold]) {
            move_clock(book, clock, ClockInput::Keep, now, changes);
        }
        cancel(book, &incident.id, |kind| kind == NotificationKind::Acknowledged, now, changes);
        let others = self.tell_others(book, incident, act, NotificationKind::Resolved, now);
        Ok(format!("incident {} is resolved ({}); {others}", incident.number, resolution.name()))
    }

    fn reopen(
        &self,
        book: &mut Book,
        incident: &Incident,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        allowed(incident, IncidentInput::Reopen, "reopened")?;
        move_incident(book, &incident.id, IncidentInput::Reopen, now, changes);
        book.update_incident(&incident.id, |i| (i.resolved_at, i.resolution) = (None, None));
        cancel(book, &incident.id, |kind| kind == NotificationKind::Resolved, now, changes);
        self.start_again(book, &incident.id, now);
        Ok(format!("incident {} is open again, from the first step", incident.number))
    }

    fn escalate(
        &self,
        book: &mut Book,
        incident: &Incident,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        let (id, number) = (&incident.id, incident.number);
        if incident.status == IncidentStatus::New {
            return Ok(format!("incident {number} is just being told: its first step is due"));
        }
        allowed(incident, IncidentInput::Escalate, "escalated")?;
        move_incident(book, id, IncidentInput::Escalate, now, changes);
        if incident.status == IncidentStatus::Acknowledged {
            for clock in live_clocks(book, id, &[ClockKind::Hold]) {
                move_clock(book, clock, ClockInput::Keep, now, changes);
            }
            cancel(book, id, |kind| kind == NotificationKind::Acknowledged, now, changes);
            book.update_incident(id, |i| i.round += 1);
        }
        let Some(mut ladder) = book.clock(id, ClockKind::Ladder).cloned() else {
            return Ok(format!("incident {number}: its first step is due"));
        };
        if !is_live(&ladder) {
            move_clock(book, ladder.clone(), ClockInput::Arm, now, changes);
            ladder = book.clock(id, ClockKind::Ladder).cloned().unwrap_or(ladder);
        }
        (ladder.allowed, ladder.due_at) = (Span::ZERO, now.utc);
        book.put_clock(ladder);
        let next = incident.next_step;
        let all_told = next as usize >= self.policy(incident).steps.len();
        let what = if all_told {
            "every step is told again".to_owned()
        } else {
            format!("step {} starts now", next + 1)
        };
        Ok(format!("incident {number} is escalated: {what}"))
    }

    fn assign(&self, book: &mut Book, incident: &Incident, person: &Arc<str>) -> Result<String, ActRefused> {
        if !self.params.persons.contains_key(person) {
            return Err(ActRefused::NoSuchPerson(shown(person)));
        }
        if incident.status == IncidentStatus::Closed {
            return Err(ActRefused::NoSuchIncident(incident.number.to_string()));
        }
        book.update_incident(&incident.id, |i| i.assignee = Some(person.clone()));
        Ok(format!("incident {} is assigned to {person}", incident.number))
    }

    fn silence_for(
        &self,
        book: &mut Book,
        silence: &Silence,
        span: Span,
        now: &Reading,
    ) -> Result<String, ActRefused> {
        let (kind, exception) = (silence.kind, silence.kind == SilenceKind::Exception);
        let unscoped = silence.rule.is_none() && silence.entity.is_none() && silence.source.is_none();
        let odd_network = silence.network.as_deref().is_some_and(|text| Network::parse(text).is_none());
        let lacks = [
            (silence.owner.trim().is_empty(), "an owner"),
            (silence.reason.trim().is_empty(), "a reason"),
            (exception && silence.ticket.is_none(), "a ticket"),
            (span <= Span::ZERO || span > SILENCE_SPAN_MAX, "an end, at most a year away"),
            (
                unscoped && silence.network.is_none(),
                if exception {
                    "a scope: a rule, an entity, a network or a source"
                } else {
                    "a scope: a rule, an entity or a source"
                },
            ),
            (silence.entity.as_deref().is_some_and(|entity| !entity.contains('=')), "an entity as key=value"),
            (odd_network, "a network as ADDRESS/BITS, such as 192.0.2.0/24"),
        ];
        if let Some((_, wanted)) = lacks.into_iter().find(|(lacks, _)| *lacks) {
            return Err(ActRefused::SilenceLacks { kind, wanted });
        }
        let (id, ends_at) = (book.number_silence(kind), now.utc + span);
        let fresh = Silence { id: id.clone(), starts_at: now.utc, ends_at, matches: 0, ..silence.clone() };
        let reminder = if exception { self.reminder_of(&fresh) } else { String::new() };
        book.put_silence(Silence { reminded_at: None, ..fresh });
        Ok(format!(
            "{} {id} holds until {ends_at}; what it covers is stored and counted{reminder}",
            kind.name()
        ))
    }

    fn mail_test(
        &self,
        book: &mut Book,
        act: &Act,
        address: &Arc<str>,
        now: &Reading,
    ) -> Result<String, ActRefused> {
        let parts = address.split_once('@').filter(|(user, host)| !user.is_empty() && !host.is_empty());
        let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | ',' | ';' | '"' | '\\');
        if parts.is_none() || address.chars().any(odd) || address.len() > 254 {
            return Err(ActRefused::BadAddress(shown(address)));
        }
        let draft = Draft {
            incident: None,
            step: 0,
            round: 0,
            recipient: &act.actor.name,
            address,
            kind: NotificationKind::Test,
            salt: &format!("{} {}", now.utc, now.boottime.0),
        };
        match self.owe(book, &draft, now) {
            Some(id) => Ok(format!("test mail to {address} is queued as notification {id}")),
            None => Err(ActRefused::BadAddress(shown(address))),
        }
    }
}

fn end_silence(book: &mut Book, id: &Arc<str>, now: &Reading) -> Result<String, ActRefused> {
    let silence = book.silence(id).filter(|s| s.ends_at > now.utc).map(|s| (s.kind, s.matches));
    let (kind, matches) = silence.ok_or_else(|| ActRefused::NoSuchSilence(shown(id)))?;
    book.update_silence(id, |s| s.ends_at = now.utc);
    Ok(format!("{} {id} has ended; it covered {matches} findings", kind.name()))
}

fn with_article(kind: SilenceKind) -> &'static str {
    match kind {
        SilenceKind::Silence => "a silence",
        SilenceKind::Exception => "an exception",
    }
}

/// Cancels the messages of these kinds that have not started (or may go again).
pub(super) fn cancel(
    book: &mut Book,
    id: &str,
    kinds: impl Fn(NotificationKind) -> bool,
    now: &Reading,
    changes: &mut Changes,
) {
    let waiting =
        |n: &&Notification| matches!(n.state, NotificationState::Pending | NotificationState::Uncertain);
    let rows = book.notifications_of(id).filter(waiting).filter(|n| kinds(n.kind));
    let ids: Vec<u64> = rows.map(|n| n.id).collect();
    for id in ids {
        move_notification(book, id, NotificationInput::Cancel, now, changes);
    }
}

pub(super) fn allowed(
    incident: &Incident,
    input: IncidentInput,
    wanted: &'static str,
) -> Result<(), ActRefused> {
    let refused =
        |_| ActRefused::Impossible { number: incident.number, status: incident.status.name(), wanted };
    incident.status.next(input).map(|_| ()).map_err(refused)
}

pub(super) fn shown(text: &str) -> String {
    Printable(text).cut(80)
}

fn verb_name(verb: &Verb) -> &'static str {
    match verb {
        Verb::Acknowledge => "ack",
        Verb::Resolve { .. } => "resolve",
        Verb::Reopen => "reopen",
        Verb::Escalate => "escalate",
        Verb::Note => "note",
        Verb::Assign(_) => "assign",
        Verb::Merge(_) => "merge",
        Verb::Split => "split",
        Verb::Snooze(_) => "snooze",
        Verb::Waive(_) => "waive",
        Verb::Fulfil(_) => "fulfil",
        Verb::Silence(silence, _) if silence.kind == SilenceKind::Exception => "exception add",
        Verb::Silence(..) => "silence add",
        Verb::EndSilence(id) if id.starts_with('E') => "exception end",
        Verb::EndSilence(_) => "silence end",
        Verb::MailTest(_) => "mail test",
        Verb::Drill(_) => "drill",
    }
}

fn verb_kind(verb: &Verb) -> &'static str {
    match verb {
        Verb::Silence(silence, _) if silence.kind == SilenceKind::Exception => "exception",
        Verb::EndSilence(id) if id.starts_with('E') => "exception",
        Verb::Silence(..) | Verb::EndSilence(_) => "silence",
        Verb::MailTest(_) => "test",
        _ => "incident",
    }
}
