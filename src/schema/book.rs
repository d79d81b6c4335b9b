//! The book of what is open: the in-memory mirror of the rows that Triage and Escalate work on.
//!
//! The pipeline owns one `Book`, lends it to the rooms, and after each step drains the changed rows into
//! [`Changes`]. Killing the program loses nothing: [`Book::load`] makes the same book from the rows.
//!
//! What it holds is bounded: incidents that are not closed (`limits::INCIDENTS_OPEN_MAX` of them, see
//! `triage`; beyond it they share one incident per rule) with their clocks and notifications, messages
//! without incident that are not yet final, and silences that have not ended. [`Book::drain`] lets go of
//! everything else in the moment in which it hands over its last row.
//!
//! [`Hints`] are the one part without rows: what a restart may forget without owing anybody anything.

mod merged;

use super::changes::Changes;
use super::incident::{Clock, ClockKind, Incident, IncidentStatus, Silence, SilenceKind};
use super::mail::Notification;
use super::selfmail::SelfMarks;
use super::time::{Reading, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the ledger gives back at start: every incident that is not closed (see the ledger's `load`) with all its
/// clocks and notifications, every notification without incident that is not final, every silence that has
/// not ended, and the highest numbers given so far (of all rows, not only of these).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Incidents that are not closed; merged ones while the one that they were joined to is not.
    pub incidents: Vec<Incident>,
    /// Their clocks.
    pub clocks: Vec<Clock>,
    /// Their notifications, and those without incident that are not final.
    pub notifications: Vec<Notification>,
    /// Silences that have not ended.
    pub silences: Vec<Silence>,
    /// Highest incident number given; 0 for none.
    pub last_incident_number: u64,
    /// Highest notification id given; 0 for none.
    pub last_notification: u64,
    /// Highest silence number given; 0 for none.
    pub last_silence: u64,
}

/// How long a silence is remembered after its end.
const SILENCES_KEPT: Span = Span::days(1);

/// How much one recipient's mailbox may still take: a token bucket, counted in millionths of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Millionths of a message that may go out now.
    pub micro_tokens: i64,
    /// Boot clock of the last refill.
    pub filled_at: Span,
}

/// A claim as this run made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// When.
    pub at: Reading,
    /// The relay that its letter names.
    pub relay: u32,
}

/// Working memory without rows. Losing it makes a retry come a little early, or a digest a little late.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    /// By notification: the boot clock at which it is due, so that a back-step of UTC postpones nothing.
    pub due: BTreeMap<u64, Span>,
    /// By notification: the claim that is under way.
    pub claims: BTreeMap<u64, Claim>,
    /// By person: what the mailbox may still take.
    pub budgets: BTreeMap<Arc<str>, Budget>,
    /// The address served last: the round robin goes on behind it.
    pub served: Option<Arc<str>>,
    /// The relay that is tried first at the moment.
    pub relay: u32,
    /// Consecutive failures to get a session with it.
    pub relay_failures: u32,
    /// Boot clock at which the first relay is preferred again.
    pub relay_until: Option<Span>,
    /// By schedule: who had the turn at the last claim.
    pub turns: Option<BTreeMap<Arc<str>, Vec<Arc<str>>>>,
    /// The last look: a step of UTC since then concerns every incident.
    pub looked_at: Option<Reading>,
    /// By person: when (boot clock) the hour began, and how many answers to replies went out in it.
    pub answers: BTreeMap<Arc<str>, (Span, u32)>,
}

/// The book. Rows change only through [`Book::update_incident`] and its like, so that no change is forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    incidents: BTreeMap<Arc<str>, Incident>,
    clocks: BTreeMap<Arc<str>, Vec<Clock>>,
    notifications: BTreeMap<u64, Notification>,
    silences: BTreeMap<Arc<str>, Silence>,
    last_incident_number: u64,
    last_notification: u64,
    last_silence: u64,
    /// Memory without rows.
    pub hints: Hints,
    by_entity: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    by_incident: BTreeMap<Arc<str>, BTreeSet<u64>>,
    by_digest: BTreeMap<u64, BTreeSet<u64>>,
    unfinished: BTreeSet<u64>,
    self_mails: SelfMarks,
    unsettled: BTreeSet<Arc<str>>,
    /// Merged incidents by their entity: what comes for them goes to the ones that they were joined to.
    merged: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Incidents that changed since they were looked at.
    restless: BTreeSet<Arc<str>>,
    /// When (boot clock) the others want to be looked at. May hold stale entries, which are looked at in vain.
    quiet: BTreeSet<(Span, Arc<str>)>,
    dirty: Dirty,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Dirty {
    incidents: BTreeSet<Arc<str>>,
    clocks: BTreeSet<(Arc<str>, ClockKind, u32)>,
    notifications: BTreeSet<u64>,
    silences: BTreeSet<Arc<str>>,
}

/// Whether findings may still join an incident of this status.
pub fn is_unsettled(status: IncidentStatus) -> bool {
    matches!(status, IncidentStatus::New | IncidentStatus::Open | IncidentStatus::Acknowledged)
}

impl Book {
    /// The book as the rows tell it; nothing in it is dirty.
    pub fn load(rows: Rows) -> Book {
        let mut book = Book {
            last_incident_number: rows.last_incident_number,
            last_notification: rows.last_notification,
            last_silence: rows.last_silence,
            ..Book::default()
        };
        for incident in rows.incidents {
            book.put_incident(incident);
        }
        for clock in rows.clocks {
            book.put_clock(clock);
        }
        for notification in rows.notifications {
            book.put_notification(notification);
        }
        for silence in rows.silences {
            book.put_silence(silence);
        }
        book.dirty = Dirty::default();
        book.disturb_all();
        book
    }

    /// Hands over every changed row, once, and lets go of what is over.
    pub fn drain(&mut self, changes: &mut Changes) {
        let dirty = std::mem::take(&mut self.dirty);
        changes.incidents.extend(dirty.incidents.iter().filter_map(|id| self.incidents.get(id)).cloned());
        for (incident, kind, round) in &dirty.clocks {
            let clocks = self.clocks.get(incident).into_iter().flatten();
            changes.clocks.extend(clocks.filter(|c| c.kind == *kind && c.round == *round).cloned());
        }
        changes
            .notifications
            .extend(dirty.notifications.iter().filter_map(|id| self.notifications.get(id)).cloned());
        changes.silences.extend(dirty.silences.iter().filter_map(|id| self.silences.get(id)).cloned());
        let over: Vec<Arc<str>> = dirty.incidents.into_iter().filter(|id| self.is_over(id)).collect();
        let told = dirty.notifications.iter().filter_map(|id| self.notifications.get(id)?.incident.clone());
        let over: BTreeSet<Arc<str>> = over.into_iter().chain(told.filter(|id| self.is_over(id))).collect();
        for id in over {
            self.forget_incident(&id);
        }
        for id in dirty.notifications {
            let loose =
                self.notifications.get(&id).is_some_and(|n| n.incident.is_none() && n.state.is_final());
            if loose {
                self.forget_notification(id);
            }
        }
    }

    fn forget_notification(&mut self, id: u64) {
        let Some(digest) = self.notifications.remove(&id).and_then(|n| n.digest) else { return };
        if let Some(members) = self.by_digest.get_mut(&digest) {
            members.remove(&id);
            if members.is_empty() {
                self.by_digest.remove(&digest);
            }
        }
    }

    fn forget_incident(&mut self, id: &str) {
        let joined: Vec<Arc<str>> = self.joined_to(id).map(|i| i.id.clone()).collect();
        if let Some(incident) = self.incidents.remove(id)
            && let Some(ids) = self.merged.get_mut(&incident.entity)
        {
            ids.remove(id);
        }
        self.merged.retain(|_, ids| !ids.is_empty());
        for joined in joined.into_iter().filter(|joined| self.is_over(joined)).collect::<Vec<_>>() {
            self.forget_incident(&joined);
        }
        self.clocks.remove(id);
        self.restless.remove(id);
        for notification in self.by_incident.remove(id).unwrap_or_default() {
            self.forget_notification(notification);
        }
    }

    /// The next incident number; each call gives another.
    pub fn number_incident(&mut self) -> u64 {
        self.last_incident_number += 1;
        self.last_incident_number
    }

    /// The next notification id; each call gives another.
    pub fn number_notification(&mut self) -> u64 {
        self.last_notification += 1;
        self.last_notification
    }

    /// The next id of a silence (`S` and a number) or an exception (`E` and one); each call gives another.
    pub fn number_silence(&mut self, kind: SilenceKind) -> Arc<str> {
        self.last_silence += 1;
        let letter = if kind == SilenceKind::Exception { 'E' } else { 'S' };
        format!("{letter}{}", self.last_silence).into()
    }
}

/// Incidents and their clocks.
impl Book {
    /// An incident by id.
    pub fn incident(&self, id: &str) -> Option<&Incident> {
        self.incidents.get(id)
    }

    /// An incident as people name it: by id, by number, or by `#number`.
    pub fn incident_named(&self, name: &str) -> Option<&Incident> {
        let by_number = || {
            let number: u64 = name.strip_prefix('#').unwrap_or(name).parse().ok()?;
            self.incidents.values().find(|i| i.number == number)
        };
        self.incidents.get(name).or_else(by_number)
    }

    /// Every incident in the book, by id.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values()
    }

    /// The incidents of an entity that findings may still join, by id.
    pub fn unsettled_of(&self, entity: &str) -> impl Iterator<Item = &Incident> {
        let ids = self.by_entity.get(entity).into_iter().flatten();
        ids.filter_map(|id| self.incidents.get(id))
    }

    /// How many incidents findings may still join.
    pub fn unsettled(&self) -> usize {
        self.unsettled.len()
    }

    /// Adds an incident, or replaces the one of its id.
    pub fn put_incident(&mut self, incident: Incident) {
        let id = incident.id.clone();
        self.index_incident(&incident);
        self.incidents.insert(id.clone(), incident);
        self.restless.insert(id.clone());
        self.dirty.incidents.insert(id);
    }

    /// Changes an incident; nothing happens where there is none of this id.
    pub fn update_incident(&mut self, id: &str, change: impl FnOnce(&mut Incident)) {
        let Some((key, mut incident)) = self.incidents.remove_entry(id) else { return };
        change(&mut incident);
        self.index_incident(&incident);
        self.incidents.insert(key.clone(), incident);
        self.restless.insert(key.clone());
        self.dirty.incidents.insert(key);
    }

    fn index_incident(&mut self, incident: &Incident) {
        if incident.status == IncidentStatus::Merged {
            self.merged.entry(incident.entity.clone()).or_default().insert(incident.id.clone());
        } else if let Some(ids) = self.merged.get_mut(&incident.entity) {
            ids.remove(&incident.id);
        }
        if is_unsettled(incident.status) {
            self.by_entity.entry(incident.entity.clone()).or_default().insert(incident.id.clone());
            self.unsettled.insert(incident.id.clone());
            return;
        }
        self.unsettled.remove(&incident.id);
        if let Some(ids) = self.by_entity.get_mut(&incident.entity) {
            ids.remove(&incident.id);
            if ids.is_empty() {
                self.by_entity.remove(&incident.entity);
            }
        }
    }

    /// The clocks of an incident.
    pub fn clocks_of(&self, incident: &str) -> &[Clock] {
        self.clocks.get(incident).map_or(&[], Vec::as_slice)
    }

    /// The latest clock of a kind.
    pub fn clock(&self, incident: &str, kind: ClockKind) -> Option<&Clock> {
        self.clocks_of(incident).iter().filter(|c| c.kind == kind).max_by_key(|c| c.round)
    }

    /// Adds a clock, or replaces the one of its key.
    pub fn put_clock(&mut self, clock: Clock) {
        self.restless.insert(clock.incident.clone());
        self.dirty.clocks.insert((clock.incident.clone(), clock.kind, clock.round));
        let clocks = self.clocks.entry(clock.incident.clone()).or_default();
        match clocks.iter_mut().find(|c| c.kind == clock.kind && c.round == clock.round) {
            Some(old) => *old = clock,
            None => clocks.push(clock),
        }
    }
}

/// Which incidents want to be looked at, so that a look costs what there is to do, not what there is.
impl Book {
    /// The incidents that changed since their last look, or whose time has come; they are taken from the list.
    pub fn take_due(&mut self, boottime: Span) -> BTreeSet<Arc<str>> {
        let mut due = std::mem::take(&mut self.restless);
        while self.quiet.first().is_some_and(|(at, _)| *at <= boottime) {
            due.extend(self.quiet.pop_first().map(|(_, id)| id));
        }
        due
    }

    /// Ends a look: nothing about the incident needs a further one until then (`None`: until it changes).
    pub fn rest(&mut self, id: &Arc<str>, until: Option<Span>) {
        self.restless.remove(id);
        if let Some(until) = until {
            self.quiet.insert((until, id.clone()));
        }
    }

    /// Every incident wants to be looked at, as after a step of the clock.
    pub fn disturb_all(&mut self) {
        self.quiet.clear();
        self.restless = self.incidents.keys().cloned().collect();
    }

    /// The incident that wants to be looked at first, and when by the boot clock: `None` = now.
    pub fn next_due(&self) -> Option<(Option<Span>, &Arc<str>)> {
        let restless = self.restless.first().map(|id| (None, id));
        restless.or_else(|| self.quiet.first().map(|(at, id)| (Some(*at), id)))
    }
}

/// Notifications and silences.
impl Book {
    /// A notification by id.
    pub fn notification(&self, id: u64) -> Option<&Notification> {
        self.notifications.get(&id)
    }

    /// The notifications of an incident, oldest first.
    pub fn notifications_of(&self, incident: &str) -> impl Iterator<Item = &Notification> {
        let ids = self.by_incident.get(incident).into_iter().flatten();
        ids.filter_map(|id| self.notifications.get(id))
    }

    /// The notifications that are not final, oldest first.
    pub fn unfinished(&self) -> impl Iterator<Item = &Notification> {
        self.unfinished.iter().filter_map(|id| self.notifications.get(id))
    }

    /// Every notification in the book, oldest first.
    pub fn notifications(&self) -> impl Iterator<Item = &Notification> {
        self.notifications.values()
    }

    /// The rows that a digest tells, oldest first.
    pub fn members_of(&self, digest: u64) -> impl Iterator<Item = &Notification> {
        let ids = self.by_digest.get(&digest).into_iter().flatten();
        ids.filter_map(|id| self.notifications.get(id))
    }

    /// Adds a notification, or replaces the one of its id.
    pub fn put_notification(&mut self, notification: Notification) {
        let id = notification.id;
        if let Some(incident) = &notification.incident {
            self.by_incident.entry(incident.clone()).or_default().insert(id);
        }
        self.notifications.insert(id, notification);
        self.index_notification(id);
        self.dirty.notifications.insert(id);
    }

    /// Changes a notification; nothing happens where there is none of this id.
    pub fn update_notification(&mut self, id: u64, change: impl FnOnce(&mut Notification)) {
        let Some(notification) = self.notifications.get_mut(&id) else { return };
        change(notification);
        self.index_notification(id);
        self.dirty.notifications.insert(id);
    }

    fn index_notification(&mut self, id: u64) {
        let Some(notification) = self.notifications.get(&id) else { return };
        if let Some(incident) = &notification.incident {
            self.restless.insert(incident.clone());
        }
        self.self_mails.note(notification);
        if let Some(digest) = notification.digest {
            self.by_digest.entry(digest).or_default().insert(id);
        }
        if notification.state.is_final() {
            self.unfinished.remove(&id);
            self.hints.due.remove(&id);
            self.hints.claims.remove(&id);
        } else {
            self.unfinished.insert(id);
        }
    }

    /// The program's mails about itself.
    pub fn self_mails(&self) -> &SelfMarks {
        &self.self_mails
    }

    /// What the store remembers of them.
    pub fn remember_self_mails(&mut self, marks: SelfMarks) {
        self.self_mails = marks;
    }

    /// A silence by id.
    pub fn silence(&self, id: &str) -> Option<&Silence> {
        self.silences.get(id)
    }

    /// Every silence in the book, by id.
    pub fn silences(&self) -> impl Iterator<Item = &Silence> {
        self.silences.values()
    }

    /// Adds a silence, or replaces the one of its id.
    pub fn put_silence(&mut self, silence: Silence) {
        self.dirty.silences.insert(silence.id.clone());
        self.silences.insert(silence.id.clone(), silence);
    }

    /// Changes a silence; nothing happens where there is none of this id.
    pub fn update_silence(&mut self, id: &str, change: impl FnOnce(&mut Silence)) {
        if let Some(silence) = self.silences.get_mut(id) {
            change(silence);
            self.dirty.silences.insert(silence.id.clone());
        }
    }

    /// Lets go of silences that ended a day before `now` and whose rows were handed over. For that day a UTC that
    /// is set back finds them here as it would find them after a restart.
    pub fn forget_ended_silences(&mut self, now: Timestamp) {
        let dirty = &self.dirty.silences;
        self.silences.retain(|id, silence| silence.ends_at + SILENCES_KEPT > now || dirty.contains(id));
    }
}

/// A hash as the text of an id: 26 characters of RFC 4648 base32 in lower case, 130 bits.
pub fn id_text(hash: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bit = |at: usize| hash.get(at / 8).map_or(0, |byte| usize::from(byte >> (7 - at % 8) & 1));
    let letter = |i: usize| (0..5).fold(0, |sum, j| sum * 2 + bit(i * 5 + j));
    (0..26).filter_map(|i| ALPHABET.get(letter(i))).map(|b| char::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_base32_of_the_hash() {
        // RFC 4648 section 10: base32("foobar") = MZXW6YTBOI
        assert!(id_text(b"foobar").starts_with("mzxw6ytboi"));
        assert_eq!(id_text(&[0xff; 32]), "7".repeat(26));
    }
}
