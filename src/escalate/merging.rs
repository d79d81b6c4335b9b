//! Joining an incident to another, and taking it out again; and taking one for a while.
//!
//! A merged incident keeps its findings, its messages and its journal, and tells nobody any more: what waits is
//! cancelled, and who was told is told where to answer now. What comes for its entity goes to the other. Its promises
//! are let go by who joins it, on the record; duties to others outside stay.

use super::Escalate;
use super::acts::{ActRefused, allowed, cancel, shown};
use super::moves::{ClockInput, IncidentInput};
use super::rows::{is_telling, journal_by, live_clocks, move_clock, move_incident};
use crate::schema::book::is_unsettled;
use crate::schema::{Act, Book, Changes, ClockKind, Incident, NotificationKind, Reading, Span};
use std::sync::Arc;

/// The longest snooze: who needs more resolves, or adds a silence.
const SNOOZE_MAX: Span = Span::days(7);

impl Escalate {
    pub(super) fn merge(
        &self,
        book: &mut Book,
        incident: &Incident,
        into: &str,
        act: &Act,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        allowed(incident, IncidentInput::Merge, "merged")?;
        let host = book.incident_named(into).cloned();
        let host = host.ok_or_else(|| ActRefused::NoSuchIncident(shown(into)))?;
        let refused = |why: String| Err(ActRefused::NotJoined(incident.number, host.number, why));
        if host.id == incident.id {
            return refused("it is the same".into());
        }
        if !is_unsettled(host.status) {
            return refused(format!("that one is {}", host.status.name()));
        }
        if incident.severity > host.severity {
            let (grave, mild) = (incident.severity.name(), host.severity.name());
            return refused(format!("it is {grave}, the other {mild}; join them the other way round"));
        }
        if host.drill.is_some() && host.drill != incident.drill {
            return refused("that one is a drill, and would hide it; join them the other way round".into());
        }
        move_incident(book, &incident.id, IncidentInput::Merge, now, changes);
        book.update_incident(&incident.id, |i| i.merged_into = Some(host.id.clone()));
        let joined: Vec<Arc<str>> = book.joined_to(&incident.id).map(|i| i.id.clone()).collect();
        for id in joined {
            book.update_incident(&id, |i| i.merged_into = Some(host.id.clone()));
        }
        self.let_go(book, incident, host.number, act, now, changes);
        let others = self.tell_others(book, incident, act, NotificationKind::Resolved, now);
        let (number, host_number) = (incident.number, host.number);
        let detail = format!("incident {number} was joined to this one");
        journal_by(changes, now.utc, "incident", &act.actor.name, &host.id, &detail);
        Ok(format!("incident {number} is joined to incident {host_number}; {others}"))
    }

    /// Ends the clocks and the messages of an incident that goes on as part of another.
    fn let_go(
        &self,
        book: &mut Book,
        incident: &Incident,
        host: u64,
        act: &Act,
        now: &Reading,
        changes: &mut Changes,
    ) {
        for clock in live_clocks(book, &incident.id, &[ClockKind::Ladder, ClockKind::Hold]) {
            move_clock(book, clock, ClockInput::Keep, now, changes);
        }
        for clock in
            live_clocks(book, &incident.id, &[ClockKind::Notify, ClockKind::Acknowledge, ClockKind::Resolve])
        {
            let detail = format!("{}: waived: joined to incident {host}", clock.called());
            if move_clock(book, clock, ClockInput::Waive, now, changes) {
                journal_by(changes, now.utc, "clock", &act.actor.name, &incident.id, &detail);
            }
        }
        let news = |kind| matches!(kind, NotificationKind::Acknowledged | NotificationKind::Resolved);
        cancel(book, &incident.id, |kind| is_telling(kind) || news(kind), now, changes);
    }

    pub(super) fn split(
        &self,
        book: &mut Book,
        incident: &Incident,
        act: &Act,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        allowed(incident, IncidentInput::Split, "split")?;
        move_incident(book, &incident.id, IncidentInput::Split, now, changes);
        let host =
            incident.merged_into.as_ref().and_then(|id| book.incident(id)).map(|i| (i.id.clone(), i.number));
        book.update_incident(&incident.id, |i| {
            i.merged_into = None;
            // Who had it before the merge has it no longer.
            (i.acknowledged_at, i.acknowledged_by, i.ack_via) = (None, None, None);
        });
        cancel(book, &incident.id, |kind| kind == NotificationKind::Resolved, now, changes);
        self.start_again(book, &incident.id, now);
        let number = incident.number;
        let from = host.map_or(String::new(), |(id, host)| {
            let detail = format!("incident {number} was taken out of this one");
            journal_by(changes, now.utc, "incident", &act.actor.name, &id, &detail);
            format!("out of incident {host}: ")
        });
        Ok(format!("incident {number} is {from}open again, from the first step"))
    }

    pub(super) fn snooze(
        &self,
        book: &mut Book,
        incident: &Incident,
        act: &Act,
        span: Span,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        if span < Span::minutes(1) || span > SNOOZE_MAX {
            return Err(ActRefused::BadSnooze(SNOOZE_MAX));
        }
        self.acknowledge(book, incident, act, Some(span), now, changes)
    }
}
