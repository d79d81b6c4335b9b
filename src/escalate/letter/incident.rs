//! The letter about one incident: who, what, from where, since when, what to do, who is next; and the short
//! one that says who took it or how it ended.

use super::super::elapsed::elapsed;
use super::super::rows::is_live;
use super::defang::defang;
use super::page::{Block, Page};
use super::{Desk, loud, subject, times};
use crate::schema::{
    ClockKind, ClockState, Evidence, EvidenceLine, Finding, Incident, IncidentStatus, NotificationKind,
    Timestamp,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Characters shown of a finding's sentence.
const SENTENCE_CHARS: usize = 500;
/// Characters shown of an advice.
const ADVICE_CHARS: usize = 700;
/// Characters shown of a name, an entity, a title.
const NAME_CHARS: usize = 160;
/// Characters shown of a log line.
const LINE_CHARS: usize = 240;
/// Evidence lines shown.
const LINES_MAX: usize = 5;
/// Further findings shown.
const FURTHER_MAX: usize = 5;
/// Names shown of one sort.
const NAMES_MAX: usize = 5;

/// What to do where the rule does not say.
const ADVICE: &str = "Find out whether this access was meant: ask the user or the owner of the account by another \
way than this one. If it was not meant, end its sessions, block it at the gateway, and keep the logs.";

impl Desk<'_> {
    /// The alert in full.
    pub(super) fn alert(&self, incident: &Incident, evidence: &Evidence) -> (String, Page) {
        let gravest = evidence.findings.first();
        let mut blocks: Vec<Block> = self.why_now(incident).into_iter().map(Block::Text).collect();
        blocks.push(Block::Facts(self.facts(incident, gravest, &evidence.lines)));
        self.normal(evidence, &mut blocks);
        blocks.push(Block::Title("What to do first".into()));
        let advice = gravest.and_then(|finding| finding.advice.as_deref());
        blocks.push(Block::Text(defang(advice.unwrap_or(ADVICE), ADVICE_CHARS)));
        self.acknowledging(incident, &mut blocks);
        if !evidence.lines.is_empty() {
            blocks.push(Block::Title("Evidence".into()));
            blocks.extend(evidence.lines.iter().take(LINES_MAX).map(|line| self.line(line)));
        }
        let further: Vec<&Finding> = evidence.findings.iter().skip(1).collect();
        if !further.is_empty() {
            blocks.push(Block::Title("Also in this incident".into()));
            blocks.extend(further.iter().take(FURTHER_MAX).map(|finding| Block::Text(self.further(finding))));
        }
        blocks.push(Block::Title("Reference".into()));
        blocks.push(Block::Text(self.reference(incident, gravest)));
        (subject(incident), Page { severity: incident.severity, heading: heading(incident), blocks })
    }

    /// Who took the incident, or how it ended.
    pub(super) fn news(&self, incident: &Incident) -> (String, Page) {
        let at = |time: Option<Timestamp>| {
            time.map_or("just now".to_owned(), |time| times::both(time, &self.zone))
        };
        let mut blocks = Vec::new();
        if self.row.kind == NotificationKind::Acknowledged {
            let who = incident.acknowledged_by.as_ref().map_or("somebody".into(), |id| self.name_of(id));
            blocks
                .push(Block::Text(format!("{who} took this incident at {}.", at(incident.acknowledged_at))));
            let hold = self.book.clock(&incident.id, ClockKind::Hold).filter(|c| is_live(c));
            blocks.push(Block::Text(match hold {
                Some(hold) => {
                    let until = times::both(hold.due_at, &self.zone);
                    format!("You need not do anything. If it is not resolved by {until}, it is open again.")
                }
                None => "You need not do anything.".to_owned(),
            }));
        } else if incident.status == IncidentStatus::Merged {
            let host = incident.merged_into.as_ref().and_then(|id| self.book.incident(id));
            let host =
                host.map_or("another incident".to_owned(), |host| format!("incident #{}", host.number));
            blocks.push(Block::Text(format!("This incident was joined to {host}. Answer that one.")));
        } else {
            let how = incident.resolution.map_or("resolved", |resolution| resolution.name());
            blocks.push(Block::Text(format!("This incident ended at {}: {how}.", at(incident.resolved_at))));
            blocks.push(Block::Text("You need not do anything.".to_owned()));
        }
        blocks.extend(self.repeat_warning().map(Block::Text));
        blocks.push(Block::Facts(vec![
            ("What", defang(&incident.title, NAME_CHARS)),
            ("About", defang(&incident.entity, NAME_CHARS)),
            ("Since", times::both(incident.occurred_at, &self.zone)),
        ]));
        blocks.push(Block::Title("To look at it".into()));
        blocks.push(Block::Command(format!("gatewatch incident show {}", incident.number)));
        let done = match (self.row.kind, incident.status) {
            (NotificationKind::Acknowledged, _) => "acknowledged",
            (_, IncidentStatus::Merged) => "joined to another",
            _ => "resolved",
        };
        let heading = format!("{} #{} is {done}", loud(incident.severity), incident.number);
        (subject(incident), Page { severity: incident.severity, heading, blocks })
    }

    /// Why this mail comes now, where it is not the first.
    fn why_now(&self, incident: &Incident) -> Vec<String> {
        let mut why = Vec::new();
        let ran_out = incident.acknowledged_by.as_ref().zip(incident.acknowledged_at);
        match (self.row.kind, ran_out) {
            (NotificationKind::Repeat, Some((who, at))) => why.push(format!(
                "{} took this at {}, and has not resolved it: it is open again.",
                self.name_of(who),
                times::both(at, &self.zone)
            )),
            (NotificationKind::Repeat, None) => {
                why.push("Nobody has acknowledged this yet: it is told again.".into())
            }
            (NotificationKind::Escalation, _) => why.push(format!(
                "Step {}: nobody has acknowledged this since {}.",
                self.row.step + 1,
                times::both(incident.started.utc, &self.zone)
            )),
            (NotificationKind::Fallback, _) => {
                why.push(
                    "This comes to your second address because the first one did not take it in time.".into(),
                );
            }
            _ => {}
        }
        why.extend(self.repeat_warning());
        why
    }

    pub(super) fn repeat_warning(&self) -> Option<String> {
        let warned = self.row.may_repeat && self.row.attempts > 1;
        warned.then(|| {
            "This may repeat an earlier message: the relay's answer to that one was lost.".to_owned()
        })
    }

    fn facts(
        &self,
        incident: &Incident,
        gravest: Option<&Finding>,
        lines: &[EvidenceLine],
    ) -> Vec<(&'static str, String)> {
        let group =
            |key: &str| gravest.and_then(|f| f.group.iter().find(|(k, _)| &**k == key)).map(|(_, v)| &**v);
        let whats = gravest.map_or(&*incident.title, |finding| &*finding.explanation);
        let who = names(
            lines.iter().filter_map(|l| l.user.as_deref()).chain(group("user")).chain(group("target_user")),
        );
        let from = names(lines.iter().filter_map(|l| l.from.as_deref()).chain(group("src_ip")));
        let shown = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
        let known = format!("{}, {}", shown(&who), shown(&from));
        let on = names(lines.iter().flat_map(|l| [l.host.as_deref(), Some(&*l.source)]).flatten());
        let mut facts = vec![("What", defang(whats, SENTENCE_CHARS))];
        facts.extend(who.map(|who| ("Who", who)));
        facts.extend(from.map(|from| ("From", from)));
        facts.extend(on.map(|on| ("Where", on)));
        if !is_told(&incident.entity, &known) {
            facts.push(("About", defang(&incident.entity, NAME_CHARS)));
        }
        facts.push(("Since", times::both(incident.occurred_at, &self.zone)));
        if incident.last_event_at > incident.occurred_at {
            facts.push(("Until", times::both(incident.last_event_at, &self.zone)));
        }
        facts.extend(gravest.and_then(counted).map(|counted| ("Counted", counted)));
        if incident.findings > 1 {
            facts.push(("Findings", incident.findings.to_string()));
        }
        facts
    }

    /// How to acknowledge, until when, and who is next.
    fn acknowledging(&self, incident: &Incident, blocks: &mut Vec<Block>) {
        blocks.push(Block::Title("Acknowledge".into()));
        let by_command = || Block::Text("Say that you have it, on the machine that runs gatewatch:".into());
        blocks.push(self.by_reply().unwrap_or_else(by_command));
        blocks.push(Block::Command(format!("gatewatch incident ack {}", incident.number)));
        let answer = match self.book.clock(&incident.id, ClockKind::Acknowledge).filter(|c| is_live(c)) {
            Some(clock) => Some(format!("Please answer by {}.", times::both(clock.due_at, &self.zone))),
            None => self
                .room
                .policy(incident)
                .acknowledge_within
                .map(|within| format!("Please answer within {} of this mail.", within.in_words())),
        };
        let words = answer.into_iter().chain([self.next(incident)]).collect::<Vec<_>>().join(" ");
        blocks.push(Block::Text(words));
        blocks.extend(self.lateness(incident).map(Block::Text));
    }

    /// Where a promise to the client is broken, whoever reads this must know.
    fn lateness(&self, incident: &Incident) -> Option<String> {
        let clock = self.book.clock(&incident.id, ClockKind::Notify)?;
        let due = times::both(clock.due_at, &self.zone);
        match clock.state {
            ClockState::Breached => Some(format!("This is late: somebody was to be told by {due}.")),
            ClockState::Uncertain => {
                Some(format!("This may be late: somebody was to be told by {due}, and the clocks disagree."))
            }
            _ => None,
        }
    }

    fn reference(&self, incident: &Incident, gravest: Option<&Finding>) -> String {
        let rule = gravest.map_or(String::new(), |f| format!(", rule {} version {}", f.rule, f.rule_version));
        let clock = self.book.clock(&incident.id, ClockKind::Notify);
        let due =
            clock.map_or(String::new(), |c| format!(", to be told by {}", times::both(c.due_at, &self.zone)));
        defang(&format!("incident {}{rule}{due}", incident.id), 2 * NAME_CHARS)
    }

    fn next(&self, incident: &Incident) -> String {
        let steps = self.room.policy(incident).steps.len();
        let ladder = self.book.clock(&incident.id, ClockKind::Ladder).filter(|c| is_live(c));
        let Some(ladder) = ladder else {
            return "Nobody else will be told: this was the last step.".to_owned();
        };
        let wait = ladder.allowed.0.saturating_sub(elapsed(ladder, self.now).hi.0).max(0);
        let at = times::both(self.now.utc + crate::schema::Span(wait), &self.zone);
        if incident.next_step as usize >= steps {
            return format!("Until somebody does, everyone told so far is told again at {at}.");
        }
        let persons = self.room.persons_of(incident, incident.next_step, self.now.utc);
        let names: Vec<String> = persons.iter().map(|id| self.name_of(id)).collect();
        format!("If nobody does, step {} is next, at {at}: {}.", incident.next_step + 1, names.join(", "))
    }

    fn line(&self, line: &EvidenceLine) -> Block {
        let what = format!("{}, {}, event {}", times::both(line.time, &self.zone), line.source, line.event);
        Block::Line(defang(&what, NAME_CHARS), defang(&line.raw, LINE_CHARS))
    }

    fn further(&self, finding: &Finding) -> String {
        let when = times::both(finding.time, &self.zone);
        defang(
            &format!("{}: {}, {}, {when}", finding.severity.name(), finding.title, finding.entity()),
            2 * NAME_CHARS,
        )
    }

    pub(super) fn name_of(&self, id: &Arc<str>) -> String {
        defang(self.room.params.persons.get(id).map_or(id, |person| &person.name), NAME_CHARS)
    }
}

fn heading(incident: &Incident) -> String {
    let title = defang(&incident.title, NAME_CHARS);
    format!("{} #{}: {title}", loud(incident.severity), incident.number)
}

/// What was counted against what is usual, and what came since; what was counted against the limit, the sentence
/// of the finding says.
fn counted(finding: &Finding) -> Option<String> {
    let usual = finding.expected.map(|usual| format!("usual {}", number(usual)));
    let more = (finding.folded > 0).then(|| format!("{} more since", finding.folded));
    let beside: Vec<String> = usual.into_iter().chain(more).collect();
    (!beside.is_empty()).then(|| format!("{}, {}", number(finding.observed), beside.join(", ")))
}

/// Whole numbers whole, others with two digits.
fn number(n: f64) -> String {
    if n.fract() == 0.0 && n.abs() < 1e15 { format!("{n:.0}") } else { format!("{n:.2}") }
}

/// Different names of one sort, in order; `None` for none.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Option<String> {
    let distinct: BTreeSet<&str> = all.collect();
    let shown: Vec<String> = distinct.iter().take(NAMES_MAX).map(|name| defang(name, NAME_CHARS)).collect();
    let more = distinct.len().saturating_sub(NAMES_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shown.is_empty()).then(|| format!("{}{rest}", shown.join(", ")))
}

/// Whether every value of an entity (`key=value,key=value`) stands in the text already.
fn is_told(entity: &str, text: &str) -> bool {
    let told = |pair: &str| {
        let value = pair.split_once('=').map_or(pair, |(_, value)| value);
        text.split(", ").any(|name| name == defang(value, NAME_CHARS))
    };
    entity.split(',').all(told)
}
