//! The page that shows the whole: rooms 2 to 5 in order, pure. One step takes one input and writes
//! everything that it changes into a [`Changes`]; the driver commits that, and only then acts on it.
//!
//! ```text
//! lines ----> 2 Normalize -> 3 Detect -> 4 Triage -> 5 Escalate -> Changes -> (6 Record) -> (7 Deliver)
//! tick -----------------------^                        ^
//! receipt, act, mail ----------------------------------+
//! ```
//!
//! Memory is disposable: [`Pipeline::restore`] brings every room to where the last commit left it.

use crate::detect::{self, Detect};
use crate::escalate::{self, Escalate, WakeReason};
use crate::normalize::{GrammarSet, Normalize, SourceParams};
use crate::schema::book::Book;
use crate::schema::{
    Act, Batch, Changes, Event, Evidence, Finding, Inbound, Letter, Reading, Receipt, Span, StateRow,
    Timestamp, Verb,
};
use crate::triage::{self, Drills, Triage};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What every room needs, already valid.
#[derive(Clone)]
pub struct Params {
    /// The grammars.
    pub grammars: Arc<GrammarSet>,
    /// The sources, as Normalize sees them.
    pub sources: Vec<SourceParams>,
    /// The rules and the silence limits.
    pub detect: detect::Params,
    /// Routes from findings to policies.
    pub triage: triage::Params,
    /// People, policies and the words of mails.
    pub escalate: escalate::Params,
}

/// What the store knew when the program started.
pub struct Memory {
    /// Memory of the rooms.
    pub states: Vec<StateRow>,
    /// Everything that is open.
    pub book: Book,
    /// The id that the next event gets.
    pub next_event: u64,
}

/// Rooms 2 to 5.
pub struct Pipeline {
    normalize: Normalize,
    detect: Detect,
    triage: Triage,
    escalate: Escalate,
    book: Book,
    /// `None` in a replay: what was a drill once, is none now, and no mark is judged.
    drills: Option<Drills>,
    next_event: u64,
    /// Mails that were acted on and may still be found where they arrived.
    mails: BTreeSet<Arc<str>>,
    /// Used again for each line.
    fresh: Vec<Event>,
}

/// The room of the pipeline's own rows.
const ROOM: &str = "pipeline";
/// The key of a mail that was acted on begins so.
const MAIL_KEY: &str = "mail/";

/// Whether a person's act was done, and the sentence that says so.
pub type Answer = Result<String, String>;

impl Pipeline {
    /// The rooms with empty memory.
    pub fn new(params: Params) -> Pipeline {
        Pipeline {
            normalize: Normalize::new(params.grammars, params.sources),
            detect: Detect::new(params.detect),
            triage: Triage::new(params.triage),
            escalate: Escalate::new(params.escalate),
            book: Book::default(),
            drills: Some(Drills::default()),
            next_event: 1,
            mails: BTreeSet::new(),
            fresh: Vec::new(),
        }
    }

    /// For lines that come in order of their times and end, as in a replay.
    pub fn of_history(self) -> Pipeline {
        Pipeline { detect: self.detect.of_history(), drills: None, ..self }
    }

    /// Brings every room to where the last commit left it.
    pub fn restore(&mut self, memory: Memory) {
        self.normalize.restore(&memory.states);
        self.detect.restore(&memory.states);
        let mails = memory.states.iter().filter(|row| row.room == ROOM);
        self.mails = mails.filter_map(|row| Some(row.key.strip_prefix(MAIL_KEY)?.into())).collect();
        self.drills = self.drills.is_some().then(|| Drills::restore(&memory.states));
        self.book = memory.book;
        self.next_event = memory.next_event;
    }

    /// What must be put right once at a start: letters that were under way when the program ended.
    pub fn recover(&mut self, now: &Reading) -> Changes {
        let mut changes = Changes::default();
        self.escalate.recover(&mut self.book, now, &mut changes);
        self.finish(now, &mut changes);
        changes
    }

    /// The format that `auto` takes a file for, as far as it knows.
    pub fn chosen_format(&self, generation: u64) -> Option<&str> {
        self.normalize.chosen(generation)
    }

    /// New lines become events, events become findings, findings become incidents.
    pub fn lines(&mut self, batch: Batch, now: &Reading, changes: &mut Changes) {
        let Batch { lines, generations, mut positions, gaps, .. } = batch;
        changes.events.reserve(lines.len());
        for line in lines {
            self.normalize.line(line, self.next_event, &mut self.fresh);
            self.take_in(now, changes);
        }
        for finished in generations.iter().filter(|generation| generation.finished) {
            self.normalize.release(finished.id, self.next_event, &mut self.fresh);
        }
        self.take_in(now, changes);
        for position in &mut positions {
            position.watermark = self.normalize.watermark(position.generation);
        }
        for finished in generations.iter().filter(|generation| generation.finished) {
            self.normalize.forget(finished.id);
            let findings = self.detect.finished(finished.id);
            self.judge(findings, None, now, changes);
        }
        changes.positions.extend(positions);
        changes.generations.extend(generations);
        changes.gaps.extend(gaps);
    }

    /// Events that Normalize has made just now.
    fn take_in(&mut self, now: &Reading, changes: &mut Changes) {
        let mut fresh = std::mem::take(&mut self.fresh);
        self.next_event += fresh.len() as u64;
        for event in fresh.drain(..) {
            self.observe(&event, now, changes);
            changes.events.push(event);
        }
        self.fresh = fresh;
    }

    /// An event that is already stored, for `replay --from-store`: Detect and on.
    pub fn observe(&mut self, event: &Event, now: &Reading, changes: &mut Changes) {
        let mark = self.drills.as_mut().and_then(|drills| drills.note(event, now));
        let mut findings = self.detect.observe(event);
        findings.extend(mark);
        self.judge(findings, Some(event), now, changes);
    }

    /// A relay's answer.
    pub fn receipt(&mut self, receipt: &Receipt, now: &Reading, changes: &mut Changes) {
        self.escalate.receipt(&mut self.book, receipt, now, changes);
    }

    /// A person's act.
    pub fn act(&mut self, act: &Act, now: &Reading, changes: &mut Changes) -> Answer {
        if let (Verb::Drill(deed), Some(drills)) = (&act.verb, &mut self.drills) {
            return drills.act(deed, &act.actor.name, |id| self.escalate.has_person(id), now, changes);
        }
        self.escalate.act(&mut self.book, act, now, changes).map_err(|refused| refused.to_string())
    }

    /// A mail that came back. It is acted on once, however often it is found: its identity is a row of the same commit.
    pub fn inbound(&mut self, mail: &Inbound, now: &Reading, changes: &mut Changes) {
        if self.mails.insert(mail.identity.clone()) {
            changes.states.push(mail_row(&mail.identity, Some(Box::default())));
            self.escalate.inbound(&mut self.book, mail, now, changes);
        }
    }

    /// Mails that were filed, and will not be found again.
    pub fn filed(&mut self, identities: &[Arc<str>], changes: &mut Changes) {
        let known = identities.iter().filter(|identity| self.mails.remove(*identity));
        changes.states.extend(known.map(|identity| mail_row(identity, None)));
    }

    /// The passing of time: what waited too long for the rest of its record, what was silent too long, and who must be
    /// told now.
    pub fn tick(&mut self, now: &Reading, changes: &mut Changes) {
        self.normalize.tick(now.utc, self.next_event, &mut self.fresh);
        self.take_in(now, changes);
        let findings = self.detect.tick(now.utc);
        self.judge(findings, None, now, changes);
        self.escalate.look(&mut self.book, now, changes);
    }

    /// Claims up to `free` letters that are due; they go out after the commit.
    pub fn claim(&mut self, free: usize, now: &Reading, changes: &mut Changes) -> Vec<u64> {
        self.escalate.claim(&mut self.book, free, now, changes)
    }

    /// Ends a step: what the rooms remember goes into the same transaction.
    pub fn finish(&mut self, now: &Reading, changes: &mut Changes) {
        changes.states.extend(self.normalize.drain());
        let (states, folds) = self.detect.drain();
        changes.states.extend(states);
        if let Some(drills) = &mut self.drills {
            drills.folded(&mut self.book, &folds, now, changes);
            changes.states.extend(drills.drain());
        }
        changes.folds.extend(folds);
        self.book.drain(changes);
    }

    /// The words of a claimed letter, from what is stored.
    pub fn letter(&self, notification: u64, evidence: &Evidence, now: &Reading) -> Option<Letter> {
        self.escalate.letter(&self.book, notification, evidence, now, None)
    }

    /// Groups that rules remember, and what full rules had to let go of.
    pub fn window_entries(&self) -> (u64, u64) {
        (self.detect.entries() as u64, self.detect.evicted())
    }

    /// When the next deadline falls due, and which.
    pub fn next_wake(&self, now: &Reading) -> Option<(Timestamp, WakeReason)> {
        self.escalate.next_wake(&self.book, now)
    }

    /// How long a source has been silent past its limit; `None` = it is not.
    pub fn silent_since(&self, source: &str, now: &Reading) -> Option<Span> {
        self.detect.silent_since(source, now.utc)
    }

    /// Goes on with the working memory of the pipeline that this one takes over from. With other relays, nothing is
    /// known of them yet.
    pub fn take_over(&mut self, before: &Pipeline, same_relays: bool) {
        self.book.hints = before.book.hints.clone();
        if !same_relays {
            let hints = &mut self.book.hints;
            (hints.relay, hints.relay_failures, hints.relay_until) = (0, 0, None);
        }
    }

    /// The commit of these changes is over, now.
    pub fn stored(&mut self, changes: &Changes, now: Timestamp) {
        if let Some(drills) = &mut self.drills {
            drills.stored(changes, now);
        }
    }

    /// What is open, to look at.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Findings of a deciding event, or of the passing of time.
    fn judge(&mut self, findings: Vec<Finding>, event: Option<&Event>, now: &Reading, changes: &mut Changes) {
        let read_at = event.map_or(now.utc, |event| event.observed_at);
        for finding in findings {
            let origin = event.map_or_else(triage::Origin::default, |event| triage::Origin {
                source: Some(&*event.source),
                address: event.src_ip,
            });
            let judged = self.triage.judge(&mut self.book, finding, origin, read_at, now);
            if let Some(drills) = &mut self.drills {
                drills.label(&mut self.book, &judged, now, changes);
            }
            changes.findings.push(judged);
        }
    }
}

fn mail_row(identity: &str, body: Option<Box<[u8]>>) -> StateRow {
    StateRow { room: ROOM, key: format!("{MAIL_KEY}{identity}").into(), body }
}
