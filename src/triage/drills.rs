//! Drills: which incident is one. Detect never sees a mark for what it is; the label is given here, after the incident
//! exists, and only where every event behind it showed a mark of one plan, in the plan's source and window, for the first
//! time. Whatever else there is makes the incident real: better a drill that wakes somebody for nothing than an attack
//! that nobody takes for one.

use super::overdue::{self, Turns};
use crate::schema::drill::{Drill, DrillAct, MARKS_MAX, Mark, is_announced, is_mark};
use crate::schema::{
    Book, Changes, Event, Finding, FindingKind, Fold, IncidentStatus, JournalEntry, Printable, Reading,
    Severity, Span, StateRow, Timestamp, Verdict,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// Id of the finding about a mark that is not valid.
pub const MARK_RULE: &str = "drill-mark-invalid";
/// Plans that are remembered; the oldest give way.
const DRILLS_MAX: usize = 1_000;
/// The longest window.
const WINDOW_MAX: Span = Span::hours(24);
/// A bad mark of one source is told again after so long.
const TOLD_AGAIN: Span = Span::minutes(10);
/// Key of a stored row, before the id.
const KEY: &str = "drill\u{1f}";

/// All plans, and what is known of their marks.
#[derive(Clone, Debug, Default)]
pub struct Drills {
    plans: BTreeMap<Arc<str>, Drill>,
    /// Mark's hash to plan and place.
    marks: BTreeMap<String, (Arc<str>, usize)>,
    /// Event that showed a valid mark, to its plan.
    events: BTreeMap<u64, Arc<str>>,
    /// Finding of a plan.
    findings: BTreeMap<Arc<str>, Arc<str>>,
    dirty: BTreeSet<Arc<str>>,
    turns: Turns,
    /// Source and reason of a bad mark, and when it was told.
    told: BTreeMap<(Arc<str>, &'static str), Timestamp>,
}

impl Drills {
    /// As the rows tell it.
    pub fn restore(rows: &[StateRow]) -> Drills {
        let mut drills = Drills::default();
        for row in rows.iter().filter(|row| row.room == "triage") {
            if let (Some(scenario), Some(body)) = (row.key.strip_prefix(overdue::KEY), row.body.as_deref()) {
                drills.turns.restore(scenario, body);
            }
            if !row.key.starts_with(KEY) {
                continue;
            }
            let plan = row.body.as_deref().and_then(|body| serde_json::from_slice::<Drill>(body).ok());
            if let Some(plan) = plan {
                drills.index(plan);
            }
        }
        drills
    }

    /// Rows that changed.
    pub fn drain(&mut self) -> Vec<StateRow> {
        let row = |id: &Arc<str>| {
            let body = self.plans.get(id).and_then(|plan| serde_json::to_vec(plan).ok()).map(Into::into);
            StateRow { room: "triage", key: format!("{KEY}{id}").into(), body }
        };
        let mut rows: Vec<StateRow> = self.dirty.iter().map(row).collect();
        self.dirty.clear();
        rows.extend(self.turns.drain());
        rows
    }

    /// Scenarios that were not played for longer than they may go without; each is told once in that time.
    pub fn overdue(&mut self, wanted: &[(Arc<str>, Span)], now: Timestamp) -> Vec<Finding> {
        let played = |scenario: &Arc<str>| (scenario.clone(), self.last_played(scenario));
        let last: BTreeMap<_, _> = wanted.iter().map(|(scenario, _)| played(scenario)).collect();
        self.turns.overdue(wanted, |scenario| last.get(scenario).copied().flatten(), now)
    }

    /// When a scenario was last found as a drill, and stayed one.
    fn last_played(&self, scenario: &str) -> Option<Timestamp> {
        let played = self.plans.values().filter(|plan| &*plan.scenario == scenario && plan.real_at.is_none());
        played.filter_map(|plan| plan.detected_at).max()
    }

    fn index(&mut self, plan: Drill) {
        for (at, mark) in plan.marks.iter().enumerate() {
            self.marks.insert(mark.hash.clone(), (plan.id.clone(), at));
            self.events.extend(mark.event.map(|event| (event, plan.id.clone())));
        }
        self.findings.extend(plan.findings.iter().map(|(finding, _)| (finding.clone(), plan.id.clone())));
        self.plans.insert(plan.id.clone(), plan);
    }

    fn change(&mut self, id: &Arc<str>, change: impl FnOnce(&mut Drill)) {
        if let Some(plan) = self.plans.get_mut(id) {
            change(plan);
            self.dirty.insert(id.clone());
        }
    }

    /// Stores a plan, or what was done about one.
    ///
    /// # Errors
    /// A sentence for the person.
    pub fn act(
        &mut self,
        act: &DrillAct,
        actor: &Arc<str>,
        is_person: impl Fn(&str) -> bool,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, String> {
        match act {
            DrillAct::Plan { plan } => self.plan((**plan).clone(), actor, is_person, now, changes),
            DrillAct::Written { id, times, path } => {
                let plan = self.plans.get(id).ok_or_else(|| format!("no drill {}", Printable(id).cut(80)))?;
                if plan.written_at.is_some() {
                    return Err(format!("drill {id} was run before; plan another"));
                }
                if times.len() != plan.marks.len() {
                    return Err(format!("drill {id} has {} lines, not {}", plan.marks.len(), times.len()));
                }
                self.change(id, |plan| {
                    (plan.written_at, plan.path) = (times.last().copied(), Some(path.clone()));
                    plan.line_times = times.clone();
                });
                journal(changes, now, actor, id, &format!("its lines were written to {path}"));
                Ok(format!("drill {id}: written"))
            }
        }
    }

    fn plan(
        &mut self,
        plan: Drill,
        actor: &Arc<str>,
        is_person: impl Fn(&str) -> bool,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, String> {
        let approvers: BTreeSet<&Arc<str>> = plan.approvers.iter().filter(|id| *id != actor).collect();
        let window = Span(plan.window_seconds.saturating_mul(1_000_000));
        let name = plan.id.strip_prefix("open-").or_else(|| plan.id.strip_prefix("blind-"));
        let odd_id =
            name.is_none_or(|name| name.len() != 13 || !name.bytes().all(|b| b.is_ascii_alphanumeric()));
        let odd_hash = |mark: &Mark| mark.hash.len() != 64 || mark.event.is_some();
        if let Some(stranger) = plan.approvers.iter().find(|id| !is_person(id)) {
            return Err(format!(
                "no person {} in the configuration can approve",
                Printable(stranger).cut(80)
            ));
        }
        if approvers.is_empty() {
            return Err("a drill takes two persons: name an --approver other than yourself".to_owned());
        }
        if window <= Span::ZERO || window > WINDOW_MAX {
            return Err(format!("a drill's window lasts between 1 s and {}", WINDOW_MAX.in_words()));
        }
        if odd_id || plan.marks.is_empty() || plan.marks.len() > MARKS_MAX || plan.marks.iter().any(odd_hash)
        {
            return Err("not a plan of a drill: use `gatewatch drill plan`".to_owned());
        }
        let known = plan.marks.iter().any(|mark| self.marks.contains_key(&mark.hash));
        if known || self.plans.contains_key(&plan.id) {
            return Err("there is such a plan already".to_owned());
        }
        let fresh = Drill {
            id: plan.id,
            scenario: plan.scenario,
            source: plan.source,
            rule: plan.rule,
            incident_type: plan.incident_type,
            planned_by: actor.clone(),
            approvers: plan.approvers,
            planned_at: now.utc,
            window_seconds: plan.window_seconds,
            marks: plan.marks,
            ..Drill::default()
        };
        let kind = if is_announced(&fresh.id) { "announced" } else { "blind" };
        let detail = format!(
            "planned: {} into {}, {kind}, until {}, rule {}, approved by {} as the planner says",
            fresh.scenario,
            fresh.source,
            now.utc + window,
            fresh.rule,
            fresh.approvers.join(", ")
        );
        journal(changes, now, actor, &fresh.id, &detail);
        let (id, said) = (fresh.id.clone(), format!("drill {} may run until {}", fresh.id, now.utc + window));
        self.index(fresh);
        self.dirty.insert(id);
        self.forget();
        Ok(said)
    }

    fn forget(&mut self) {
        while self.plans.len() > DRILLS_MAX {
            let oldest = self.plans.values().min_by_key(|plan| plan.planned_at).map(|plan| plan.id.clone());
            let Some(plan) = oldest.and_then(|id| self.plans.remove(&id)) else { return };
            self.marks.retain(|_, (id, _)| *id != plan.id);
            self.events.retain(|_, id| *id != plan.id);
            self.findings.retain(|_, id| *id != plan.id);
            self.dirty.insert(plan.id);
        }
    }

    /// Looks at an event before it is judged: a valid mark is noted, one that is not gives a finding.
    pub fn note(&mut self, event: &Event, now: &Reading) -> Option<Finding> {
        let names = [event.user.as_deref(), event.target_user.as_deref()];
        let mark = names.into_iter().flatten().find(|name| is_mark(name))?;
        let hash = hex(&Sha256::digest(mark));
        let reason = match self.marks.get(&hash).cloned() {
            None => "forged",
            Some((id, at)) => match self.judge_mark(&id, at, event) {
                Some(reason) => reason,
                None => {
                    self.change(&id, |plan| {
                        if let Some(mark) = plan.marks.get_mut(at) {
                            mark.event = Some(event.id);
                        }
                        (plan.read_at, plan.parsed_at) = match plan.detected_at {
                            None => (Some(event.observed_at), Some(now.utc)),
                            Some(_) => (plan.read_at, plan.parsed_at),
                        };
                    });
                    self.events.insert(event.id, id);
                    return None;
                }
            },
        };
        let told = self.told.get(&(event.source.clone(), reason));
        if told.is_some_and(|at| now.utc < *at + TOLD_AGAIN && now.utc >= *at) {
            return None;
        }
        self.told.insert((event.source.clone(), reason), now.utc);
        Some(bad_mark(event, reason))
    }

    fn judge_mark(&self, id: &Arc<str>, at: usize, event: &Event) -> Option<&'static str> {
        let plan = self.plans.get(id)?;
        let until = plan.planned_at + Span(plan.window_seconds.saturating_mul(1_000_000));
        if plan.marks.get(at).is_some_and(|mark| mark.event.is_some()) {
            Some("replayed")
        } else if event.source != plan.source {
            Some("of another source")
        } else if event.observed_at < plan.planned_at || event.observed_at > until {
            Some("outside its window")
        } else {
            None
        }
    }

    /// After a finding was judged: its incident is a drill, stays what it is, or becomes real.
    pub fn label(&mut self, book: &mut Book, finding: &Finding, now: &Reading, changes: &mut Changes) {
        let Some(incident) = finding.incident.clone() else { return };
        let labelled = book.incident(&incident).and_then(|incident| incident.drill.clone());
        let plan = self.plan_of(finding);
        match (plan, labelled) {
            (Some(plan), None) if finding.verdict == Verdict::Opened => {
                book.update_incident(&incident, |i| i.drill = Some(plan.clone()));
                self.change(&plan, |drill| {
                    drill.detected_at.get_or_insert(now.utc);
                    let decided = finding.evidence.last().copied();
                    drill.deciding_line = drill.marks.iter().position(|mark| mark.event == decided);
                    drill.incident.get_or_insert(incident.clone());
                });
                self.count(&plan, finding);
                journal(changes, now, &"gatewatch".into(), &incident, &format!("it is the drill {plan}"));
            }
            (Some(plan), Some(drill)) if plan == drill => self.count(&plan, finding),
            (_, Some(drill)) => self.make_real(book, &incident, &drill, now, changes),
            _ => {}
        }
    }

    fn count(&mut self, plan: &Arc<str>, finding: &Finding) {
        self.findings.insert(finding.id.clone(), plan.clone());
        self.change(plan, |drill| {
            drill.findings.push((finding.id.clone(), finding.evidence.len() as u64));
            if !drill.rules.contains(&finding.rule) {
                drill.rules.push(finding.rule.clone());
            }
        });
    }

    /// The plan whose marks stand in every event of a finding.
    fn plan_of(&self, finding: &Finding) -> Option<Arc<str>> {
        let mut plans = finding.evidence.iter().map(|event| self.events.get(event));
        let first = plans.next()??;
        plans.all(|plan| plan == Some(first)).then(|| first.clone())
    }

    /// Later matches of a drill's finding: more than there are marks means that something real is among them.
    pub fn folded(&mut self, book: &mut Book, folds: &[Fold], now: &Reading, changes: &mut Changes) {
        for fold in folds {
            let Some(id) = self.findings.get(&fold.finding).cloned() else { continue };
            let Some(plan) = self.plans.get(&id) else { continue };
            let shown = plan.marks.iter().filter(|mark| mark.event.is_some()).count() as u64;
            let own =
                plan.findings.iter().find(|(finding, _)| *finding == fold.finding).map_or(0, |(_, n)| *n);
            let incident = plan.incident.clone().filter(|_| plan.real_at.is_none());
            if let Some(incident) = incident.filter(|_| fold.folded + own > shown) {
                self.make_real(book, &incident, &id, now, changes);
            }
        }
    }

    /// Something that is no drill joined: everybody is told anew, and no mail calls it a drill.
    fn make_real(
        &mut self,
        book: &mut Book,
        incident: &Arc<str>,
        plan: &Arc<str>,
        now: &Reading,
        changes: &mut Changes,
    ) {
        book.update_incident(incident, |i| {
            i.drill = None;
            if i.status != IncidentStatus::New {
                (i.round, i.next_step) = (i.round + 1, 0);
            }
        });
        self.change(plan, |drill| drill.real_at = Some(now.utc));
        let detail = format!(
            "something real joined the drill {plan}: from now on it is a real incident, told from the first step"
        );
        journal(changes, now, &"gatewatch".into(), incident, &detail);
    }

    /// The commit of these changes is over, now: what a drill's stages want to know.
    pub fn stored(&mut self, changes: &Changes, now: Timestamp) {
        let drilled = changes.incidents.iter().filter_map(|i| Some((i.drill.clone()?, i.id.clone())));
        for (plan, incident) in drilled.collect::<Vec<_>>() {
            let claimed = changes
                .notifications
                .iter()
                .any(|n| n.incident.as_ref() == Some(&incident) && n.attempts > 0);
            let Some(drill) = self.plans.get(&plan) else { continue };
            let fresh = (drill.committed_at.is_none(), claimed && drill.claimed_at.is_none());
            if fresh != (false, false) {
                self.change(&plan, |drill| {
                    drill.committed_at.get_or_insert(now);
                    drill.claimed_at = drill.claimed_at.or(claimed.then_some(now));
                });
            }
        }
    }
}

fn bad_mark(event: &Event, reason: &'static str) -> Finding {
    let slot = event.counted_at.0.div_euclid(TOLD_AGAIN.0);
    let id = Sha256::digest(format!("{MARK_RULE}\n{}\n{reason}\n{slot}\n{}", event.source, event.id));
    Finding {
        id: crate::schema::book::id_text(&id).into(),
        time: event.counted_at,
        rule: MARK_RULE.into(),
        rule_version: "1".into(),
        title: "Somebody uses the mark of a drill that is not valid".into(),
        kind: FindingKind::Governance,
        severity: Severity::High,
        incident_type: Some("evidence-tampering".into()),
        group: vec![("source".into(), (*event.source).into()), ("mark".into(), reason.into())],
        first_event_at: event.counted_at,
        last_event_at: event.counted_at,
        observed: 1.0,
        expected: None,
        threshold: None,
        score: None,
        explanation: format!(
            "a line of {} has a user name with the form of a drill's mark, and the mark is {reason}: perhaps somebody \
             wants an attack to pass for a drill",
            event.source
        )
        .into(),
        advice: Some("Treat what stands in these lines as real. Ask who knew of the drill, and how its marks got out.".into()),
        evidence: vec![event.id],
        folded: 0,
        verdict: Verdict::Opened,
        reason: "".into(),
        incident: None,
    }
}

fn journal(changes: &mut Changes, now: &Reading, actor: &Arc<str>, subject: &str, detail: &str) {
    changes.journal.push(JournalEntry {
        at: now.utc,
        kind: "drill",
        actor: Printable(actor).cut(200).into(),
        subject: Printable(subject).cut(200).into(),
        detail: Printable(detail).cut(2_000).into(),
    });
}

/// Bytes as people compare them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
