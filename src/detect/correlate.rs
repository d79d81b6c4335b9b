//! From the detections that an event fits to findings: bare detections, counts, sequences.

use super::eval::Facts;
use super::field::is_null_like;
use super::memory::{Key, Overflow};
use super::report::{self, Decision, Pairs};
use super::rule::{Correlation, Counting, Reference, Rule, RuleSet};
use super::window::{Entry, Episode, Group, Hot, Moment};
use super::{Detect, OVERFLOW_RULE, silence_of};
use crate::limits::WINDOW_KEYS_MAX;
use crate::schema::{Event, Finding, FindingKind, Severity, Timestamp, Verdict};
use std::sync::Arc;

/// What reaches a correlation from one event.
#[derive(Default)]
struct Feed {
    /// References whose detection the event fits.
    matched: Vec<usize>,
    /// Groups of a referenced correlation that the event entered.
    touched: Vec<Key>,
}

/// Where a step of a sequence was found.
#[derive(Clone, Copy)]
struct Stop {
    moment: Moment,
    /// What a referenced correlation counts; 0 for a detection.
    count: f64,
    /// It was looked for up to here, with or without that moment.
    until: Moment,
    inclusive: bool,
}

/// One step of a sequence, in words.
struct Step {
    text: String,
    evidence: Vec<Moment>,
}

impl Detect {
    /// Carries matches to the correlations that refer to them, level by level: a correlation has a higher index
    /// than what it refers to, so the lowest waiting one has all its input.
    pub(super) fn follow<'e>(
        &mut self,
        set: &'e RuleSet,
        matched: &[usize],
        facts: &mut Facts<'e>,
    ) -> Vec<Finding> {
        let mut found: Vec<(usize, Finding)> = Vec::new();
        let mut feeds: Vec<(usize, Feed)> = Vec::new();
        for &index in matched {
            let Some(rule) = set.rule(index) else { continue };
            if rule.meta.generates {
                found.extend(self.single(index, rule, facts.event).map(|finding| (index, finding)));
            }
            for &(parent, nth) in set.parents(index) {
                feed_of(&mut feeds, parent).matched.push(nth);
            }
        }
        while let Some(next) = (0..feeds.len()).min_by_key(|at| feeds.get(*at).map(|feed| feed.0)) {
            let (index, feed) = feeds.swap_remove(next);
            let Some(rule) = set.rule(index) else { continue };
            let Some(correlation) = rule.correlation() else { continue };
            let (touched, findings) = match correlation.counting {
                Counting::Events | Counting::Values => self.counted(index, rule, correlation, &feed, facts),
                Counting::Together | Counting::InOrder => {
                    self.sequence(set, index, rule, correlation, feed, facts)
                }
            };
            found.extend(findings.into_iter().map(|finding| (index, finding)));
            for &(parent, _) in set.parents(index) {
                feed_of(&mut feeds, parent).touched.extend(touched.iter().cloned());
            }
        }
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, finding)| finding).collect()
    }

    /// A bare detection: grouped by the user, else the address, else the one acted on, the host, the source.
    fn single(&mut self, index: usize, rule: &Rule, event: &Event) -> Option<Finding> {
        let address = event.src_ip.map(|ip| ip.to_string());
        let choices = [
            ("user", event.user.as_deref()),
            ("src_ip", address.as_deref()),
            ("target_user", event.target_user.as_deref()),
            ("host", event.host.as_deref()),
        ];
        let named = choices.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let usable = named.into_iter().find(|(_, value)| !is_null_like(value));
        let (name, value) = usable.unwrap_or(("source", &event.source));
        let key = Key::new(report::key_of([name, value].into_iter()));
        let moment = (event.counted_at, event.id);
        let (observed, last) = (f64::from(event.count.max(1)), event.counted_at);
        let hot = Told { moment, last, observed, most: observed };
        self.settle(index, rule, &key, event, hot, |_| Decision {
            moment,
            observed,
            first: event.counted_at,
            evidence: vec![event.id],
            explanation: report::explain_match(rule, event),
        })
    }

    /// event_count and value_count.
    fn counted<'e>(
        &mut self,
        index: usize,
        rule: &Rule,
        correlation: &'e Correlation,
        feed: &Feed,
        facts: &mut Facts<'e>,
    ) -> (Vec<Key>, Vec<Finding>) {
        let references =
            feed.matched.iter().filter_map(|nth| Some((*nth, correlation.references.get(*nth)?)));
        // An event that fits several references counts once.
        let mut grouped =
            references.filter_map(|(nth, reference)| Some((nth, reference, key(reference, facts)?)));
        let Some((nth, reference, key)) = grouped.next() else { return Default::default() };
        drop(grouped);
        let distinct = correlation.counting == Counting::Values;
        let values: Vec<Option<Box<str>>> = match reference.value {
            Some(field) if distinct => facts
                .values(field)
                .iter()
                .filter(|v| !is_null_like(&v.text))
                .map(|v| Some(v.text.as_ref().into()))
                .collect(),
            _ => vec![None],
        };
        let event = facts.event;
        let span = correlation.timespan;
        let Some(memory) = self.memories.get_mut(index) else { return Default::default() };
        if values.is_empty() {
            return Default::default();
        }
        let Some(group) = memory.open(&key, &self.streams, event.counted_at) else {
            let finding = self.overflow(index, rule, event);
            return (Vec::new(), finding.into_iter().collect());
        };
        let mut at = 0;
        for value in values {
            at = group.insert(entry(event, correlation, nth, value), span);
        }
        let hot = group.hot(at, span, distinct, |count| correlation.holds(count));
        let told = hot.and_then(|hot| Some((hot, Told::of(group, &hot)?)));
        let told = told.filter(|(_, told)| !self.is_excused(correlation, &key, told.moment));
        let finding = told.and_then(|(hot, told)| {
            self.settle(index, rule, &key, event, told, |group| {
                decide_count(rule, correlation, group, &hot, &key.text)
            })
        });
        (vec![key], finding.into_iter().collect())
    }

    /// temporal and temporal_ordered.
    fn sequence<'e>(
        &mut self,
        set: &RuleSet,
        index: usize,
        rule: &Rule,
        correlation: &'e Correlation,
        feed: Feed,
        facts: &mut Facts<'e>,
    ) -> (Vec<Key>, Vec<Finding>) {
        let event = facts.event;
        let mut keys = feed.touched;
        let mut findings = Vec::new();
        for nth in feed.matched {
            let Some(key) = correlation.references.get(nth).and_then(|reference| key(reference, facts))
            else {
                continue;
            };
            let Some(memory) = self.memories.get_mut(index) else { continue };
            let entry = entry(event, correlation, nth, None);
            if memory.remember(&key, entry, correlation.timespan, &self.streams, event) {
                keys.push(key);
            } else {
                findings.extend(self.overflow(index, rule, event));
            }
        }
        keys.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        keys.dedup();
        for key in &keys {
            findings.extend(self.sequence_in(set, index, rule, correlation, key, event));
        }
        (keys, findings)
    }

    fn sequence_in(
        &mut self,
        set: &RuleSet,
        index: usize,
        rule: &Rule,
        correlation: &Correlation,
        key: &Key,
        event: &Event,
    ) -> Option<Finding> {
        let begin: Moment = (event.counted_at, event.id);
        let until = event.counted_at + correlation.timespan;
        let later = self.memories.get(index)?.get(key).into_iter().flat_map(|group| group.after(begin));
        let ends = std::iter::once(begin).chain(later.take_while(|end| end.0 <= until));
        let mut told: Option<Told> = None;
        for end in ends {
            let mut observed = 0.0;
            if self.walk(set, index, correlation, key, end, |_, stop| observed += stop.count).is_none() {
                continue;
            }
            let observed = f64::max(observed, 1.0);
            let told = told.get_or_insert(Told { moment: end, last: end.0, observed, most: observed });
            told.last = end.0;
            told.most = told.most.max(observed);
        }
        let told = told?;
        let mut steps = Vec::with_capacity(correlation.references.len());
        self.walk(set, index, correlation, key, told.moment, |nth, stop| {
            steps.extend(self.step(set, index, correlation, key, (nth, stop)));
        })?;
        steps.reverse();
        let group = report::pairs(&correlation.group_by, &key.text);
        self.settle(index, rule, key, event, told, |_| decide_sequence(correlation, &steps, told, &group))
    }

    /// Sees the steps of a sequence that is complete at `end`, the last one first; `None` where it is not. A
    /// referenced correlation stands for the state "its condition holds over its own window up to that moment",
    /// whether or not it was told.
    fn walk(
        &self,
        set: &RuleSet,
        index: usize,
        c: &Correlation,
        key: &Key,
        end: Moment,
        mut see: impl FnMut(usize, Stop),
    ) -> Option<()> {
        let oldest = end.0 - c.timespan;
        let ordered = c.counting == Counting::InOrder;
        let (mut until, mut inclusive, mut at_end) = (end, true, false);
        for (nth, reference) in c.references.iter().enumerate().rev() {
            let (moment, count) = match set.rule(reference.rule)?.correlation() {
                Some(child) => self.state(reference, child, key, until, inclusive)?,
                None => {
                    let entry = own_entry(self.memories.get(index)?.get(key)?, nth, until, inclusive)?;
                    ((entry.at, entry.id), 0.0)
                }
            };
            if moment.0 < oldest {
                return None;
            }
            at_end |= moment == end;
            see(nth, Stop { moment, count, until, inclusive });
            if ordered {
                (until, inclusive) = (moment, false);
            }
        }
        // Something must happen at the end itself, else the sequence was complete before.
        at_end.then_some(())
    }

    /// Whether the count that this one gives way to holds for the group, up to that moment.
    fn is_excused(&self, correlation: &Correlation, key: &Key, until: Moment) -> bool {
        let excuse = || {
            let index = correlation.unless?;
            let other = self.set.rule(index)?.correlation()?;
            let group = self.memories.get(index)?.get(key)?;
            let distinct = other.counting == Counting::Values;
            Some(other.holds(group.count_until(until, other.timespan, distinct, true)?.0))
        };
        excuse().unwrap_or(false)
    }

    fn state(
        &self,
        reference: &Reference,
        child: &Correlation,
        key: &Key,
        until: Moment,
        inclusive: bool,
    ) -> Option<(Moment, f64)> {
        let group = self.memories.get(reference.rule)?.get(key)?;
        let distinct = child.counting == Counting::Values;
        let (count, moment) = group.count_until(until, child.timespan, distinct, inclusive)?;
        (child.holds(count) && !self.is_excused(child, key, until)).then_some((moment, count))
    }

    /// What is told of a step.
    fn step(
        &self,
        set: &RuleSet,
        index: usize,
        c: &Correlation,
        key: &Key,
        (nth, stop): (usize, Stop),
    ) -> Option<Step> {
        let reference = c.references.get(nth)?;
        let referred = set.rule(reference.rule)?;
        let what = &referred.meta.what;
        let Some(child) = referred.correlation() else {
            let entry = own_entry(self.memories.get(index)?.get(key)?, nth, stop.until, stop.inclusive)?;
            let who = report::named(entry.who.as_deref().into_iter());
            let text = if who.is_empty() { what.to_string() } else { format!("{what} ({who})") };
            return Some(Step { text, evidence: vec![stop.moment] });
        };
        let group = self.memories.get(reference.rule)?.get(key)?;
        let inside = |e: &&Entry| e.at >= stop.until.0 - child.timespan && (e.at, e.id) <= stop.moment;
        let evidence = group.entries.iter().filter(inside).map(|e| (e.at, e.id)).collect();
        Some(Step { text: format!("{} {what}", stop.count), evidence })
    }

    /// Folds into the episode that the moment belongs to, or begins one and tells it.
    fn settle(
        &mut self,
        index: usize,
        rule: &Rule,
        key: &Key,
        event: &Event,
        told: Told,
        decide: impl FnOnce(&Group) -> Decision,
    ) -> Option<Finding> {
        if !rule.meta.generates {
            return None;
        }
        let silence = silence_of(rule);
        let memory = self.memories.get_mut(index)?;
        let Some(group) = memory.open(key, &self.streams, event.counted_at) else {
            return self.overflow(index, rule, event);
        };
        if let Some(episode) = group.episode_at(told.moment.0, silence) {
            episode.first = episode.first.min(told.moment.0);
            if told.last >= episode.last {
                (episode.last, episode.stream) = (told.last, event.generation);
            }
            episode.folded += u64::from(event.count.max(1));
            episode.observed = episode.observed.max(told.most);
            episode.untold = true;
            return None;
        }
        let decision = decide(group);
        let finding = report::finding_id(&rule.meta.id, &key.text, told.moment.0, silence);
        let oldest = group.begin(Episode {
            first: told.moment.0,
            last: told.last,
            stream: event.generation,
            finding: finding.clone(),
            folded: 0,
            observed: decision.observed,
            untold: false,
        });
        memory.owe(oldest.and_then(|mut episode| episode.fold()));
        let pairs = match rule.correlation() {
            Some(correlation) => report::pairs(&correlation.group_by, &key.text),
            None => single_pairs(&key.text),
        };
        Some(report::finding(rule, finding, pairs, decision))
    }

    /// A new group that a full rule cannot take: counted, and told once until it happened no more for one window.
    fn overflow(&mut self, index: usize, rule: &Rule, event: &Event) -> Option<Finding> {
        let (now, silence) = (event.counted_at, silence_of(rule));
        let memory = self.memories.get_mut(index)?;
        let id = report::finding_id(OVERFLOW_RULE, &rule.meta.id, now, silence);
        if let Some(overflow) =
            memory.overflow.as_mut().filter(|o| now <= o.last + silence && now >= o.since - silence)
        {
            overflow.last = overflow.last.max(now);
            overflow.refused += 1;
            overflow.untold = true;
            return None;
        }
        let overflow =
            Overflow { since: now, last: now, finding: id.clone(), refused: 1, swept: now, untold: true };
        memory.overflow = Some(overflow);
        Some(overflow_finding(rule, id, event))
    }
}

/// What waits for a correlation; few wait at once.
fn feed_of(feeds: &mut Vec<(usize, Feed)>, index: usize) -> &mut Feed {
    let at = feeds.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
        feeds.push((index, Feed::default()));
        feeds.len() - 1
    });
    &mut feeds[at].1
}

/// When a rule held, and how much was counted.
#[derive(Clone, Copy)]
struct Told {
    moment: Moment,
    last: Timestamp,
    observed: f64,
    most: f64,
}

impl Told {
    fn of(group: &Group, hot: &Hot) -> Option<Told> {
        let end = group.entries.get(hot.index)?;
        Some(Told { moment: (end.at, end.id), last: hot.last, observed: hot.observed, most: hot.most })
    }
}

/// The group's key of an event; `None` where a value is absent or stands for nobody.
fn key<'e>(reference: &'e Reference, facts: &mut Facts<'e>) -> Option<Key> {
    for field in &reference.group {
        facts.values(*field).first().filter(|value| !is_null_like(&value.text))?;
    }
    Some(facts.key(&reference.group))
}

fn entry(event: &Event, correlation: &Correlation, nth: usize, value: Option<Box<str>>) -> Entry {
    let by_user = correlation.group_by.iter().any(|name| &**name == "user" || &**name == "user.name");
    let who = || {
        if by_user {
            event.src_ip.map(|ip| ip.to_string().into())
        } else {
            event.user.as_deref().map(Into::into)
        }
    };
    Entry {
        at: event.counted_at,
        id: event.id,
        count: event.count.max(1),
        nth: u16::try_from(nth).unwrap_or(u16::MAX),
        stream: event.generation,
        who: if value.is_none() { who() } else { None },
        value,
    }
}

fn own_entry(group: &Group, nth: usize, until: Moment, inclusive: bool) -> Option<&Entry> {
    let before = |e: &&Entry| (e.at, e.id) < until || (inclusive && (e.at, e.id) == until);
    group.entries.iter().rev().find(|e| usize::from(e.nth) == nth && before(e))
}

fn decide_count(rule: &Rule, correlation: &Correlation, group: &Group, hot: &Hot, key: &str) -> Decision {
    let entries = report::window(group, hot.index, correlation.timespan);
    let pairs: Pairs = report::pairs(&correlation.group_by, key);
    let moment = entries.last().map_or((Timestamp::default(), 0), |e| (e.at, e.id));
    let mut evidence: Vec<u64> = entries.iter().map(|e| e.id).collect();
    evidence.dedup();
    Decision {
        moment,
        observed: hot.observed,
        first: entries.first().map_or(moment.0, |e| e.at),
        evidence,
        explanation: report::explain_count(rule, correlation, hot.observed, &pairs, &entries),
    }
}

fn decide_sequence(correlation: &Correlation, steps: &[Step], told: Told, group: &Pairs) -> Decision {
    let mut evidence: Vec<Moment> = steps.iter().flat_map(|step| step.evidence.iter().copied()).collect();
    evidence.sort_unstable();
    evidence.dedup();
    let texts: Vec<String> = steps.iter().map(|step| step.text.clone()).collect();
    Decision {
        moment: told.moment,
        observed: told.observed,
        first: evidence.first().map_or(told.moment.0, |moment| moment.0),
        evidence: evidence.into_iter().map(|moment| moment.1).collect(),
        explanation: report::explain_sequence(correlation, &texts, group),
    }
}

/// Key and value of a bare detection's group.
fn single_pairs(key: &str) -> Pairs {
    key.split_once(report::JOINER)
        .map(|(name, value)| (Arc::from(name), Box::from(value)))
        .into_iter()
        .collect()
}

fn overflow_finding(rule: &Rule, id: Arc<str>, event: &Event) -> Finding {
    let explanation = format!(
        "rule {} remembers {WINDOW_KEYS_MAX} groups and takes no new ones until old ones expire: what they do is not judged",
        rule.meta.id
    );
    let decision = Decision {
        moment: (event.counted_at, event.id),
        observed: WINDOW_KEYS_MAX as f64,
        first: event.counted_at,
        evidence: vec![event.id],
        explanation,
    };
    let mut finding = report::finding(rule, id, vec![("rule".into(), (&*rule.meta.id).into())], decision);
    finding.rule = OVERFLOW_RULE.into();
    finding.title = "A rule's memory is full".into();
    finding.kind = FindingKind::Threshold;
    finding.severity = Severity::High;
    finding.threshold = Some(WINDOW_KEYS_MAX as f64);
    finding.incident_type = Some("detection-degraded".into());
    finding.advice =
        Some("Look which names or addresses flood the log; raise no limits before you know.".into());
    finding.verdict = Verdict::Opened;
    finding
}
