//! What reaches a correlation: events that fit a detection, and matches of correlations that it refers to.

use super::Detect;
use super::entry::{Entry, Moment, Text, kept_value};
use super::eval::Facts;
use super::field::is_null_like;
use super::key::Key;
use super::report::{self, JOINER};
use super::rule::{Chain, Correlation, Counting, Hears, Pick, Reference, Rule, RuleSet};
use crate::schema::{Event, Finding};
use std::borrow::Cow;

/// What is worked on.
#[derive(Clone, Copy)]
pub(super) struct Task<'e> {
    pub set: &'e RuleSet,
    pub index: usize,
    pub rule: &'e Rule,
    pub correlation: &'e Correlation,
}

impl Task<'_> {
    /// Whether some correlation hears this of it.
    pub fn has_parents_that(&self, what: Hears) -> bool {
        hears(self.set, self.index, what)
    }
}

/// Whether some correlation hears this of a rule.
pub(super) fn hears(set: &RuleSet, index: usize, what: Hears) -> bool {
    set.parents(index).iter().any(|(parent, nth)| chain(set, *parent, *nth).is_some_and(|c| c.hears == what))
}

fn chain(set: &RuleSet, parent: usize, nth: usize) -> Option<&Chain> {
    set.rule(parent)?.correlation()?.references.get(nth)?.chain.as_ref()
}

/// What reaches a correlation from one event.
#[derive(Default)]
pub(super) struct Feed {
    /// References whose detection the event fits.
    pub matched: Vec<usize>,
    /// Groups of a referenced correlation that the event entered.
    pub touched: Vec<Key>,
    /// Matches of referenced correlations.
    pub heard: Vec<Heard>,
}

/// A match of a referenced correlation.
pub(super) struct Heard {
    pub nth: usize,
    /// When it was, and the event that decided.
    pub moment: Moment,
    pub key: Key,
    stream: u64,
    text: Option<String>,
    amount: Option<f64>,
}

impl Heard {
    /// As it is remembered.
    pub fn entry(&self) -> Entry<'_> {
        Entry {
            at: self.moment.0,
            id: self.moment.1,
            count: 1,
            nth: u16::try_from(self.nth).unwrap_or(u16::MAX),
            stream: self.stream,
            text: self.text.as_deref().map(Text::of),
            amount: self.amount,
            also: None,
            heard: true,
        }
    }
}

/// What came of a correlation's work.
#[derive(Default)]
pub(super) struct Outcome {
    pub findings: Vec<Finding>,
    /// Groups that the event entered.
    pub touched: Vec<Key>,
    /// Moments at which it holds because of the event.
    pub moments: Vec<(Key, Moment)>,
    /// Episodes that began, or began earlier than known: as they are told, and the moment that decided.
    pub episodes: Vec<(Key, Moment, Moment)>,
}

impl Outcome {
    /// Takes what was settled for a group.
    pub fn take(&mut self, settled: Settled, key: &Key) {
        self.findings.extend(settled.finding);
        self.episodes.extend(settled.began.map(|(told, moment)| (key.clone(), told, moment)));
    }
}

/// What was settled for a group.
#[derive(Default)]
pub(super) struct Settled {
    pub finding: Option<Finding>,
    /// An episode that began, or began earlier than known: as it is told, and the moment that decided.
    pub began: Option<(Moment, Moment)>,
}

/// What waits for a correlation; few wait at once.
pub(super) fn feed_of(feeds: &mut Vec<(usize, Feed)>, index: usize) -> &mut Feed {
    let at = feeds.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
        feeds.push((index, Feed::default()));
        feeds.len() - 1
    });
    &mut feeds[at].1
}

impl Detect {
    /// Tells the correlations that refer to one what came of it.
    pub(super) fn pass_on(
        &self,
        task: &Task<'_>,
        outcome: &Outcome,
        event: &Event,
        feeds: &mut Vec<(usize, Feed)>,
    ) {
        for &(parent, nth) in task.set.parents(task.index) {
            let Some(rule) = task.set.rule(parent).and_then(Rule::correlation) else { continue };
            let Some(chain) = chain(task.set, parent, nth) else { continue };
            match chain.hears {
                Hears::State => feed_of(feeds, parent).touched.extend(outcome.touched.iter().cloned()),
                Hears::Moments => {
                    let all = outcome.moments.iter().map(|(key, moment)| (key, *moment, *moment));
                    let heard = all.filter_map(|told| self.heard(task, (rule, chain, nth), told, event));
                    feed_of(feeds, parent).heard.extend(heard);
                }
                Hears::Episodes => {
                    let all = outcome.episodes.iter().map(|(key, told, moment)| (key, *told, *moment));
                    let heard = all.filter_map(|told| self.heard(task, (rule, chain, nth), told, event));
                    feed_of(feeds, parent).heard.extend(heard);
                }
            }
        }
    }

    /// A match as one parent hears it; `None` where it belongs to no group or says nothing that could be counted.
    fn heard(
        &self,
        task: &Task<'_>,
        (parent, chain, nth): (&Correlation, &Chain, usize),
        (key, told, moment): (&Key, Moment, Moment),
        event: &Event,
    ) -> Option<Heard> {
        let entry =
            self.memories.get(task.index).and_then(|memory| memory.get(key)).and_then(|g| g.at(moment));
        let (also, stream) = entry.map_or((None, event.generation), |entry| (entry.also, entry.stream));
        let pick = |pick: &Pick| {
            let value = match pick {
                Pick::Key(at) => key.text.split(JOINER).nth(*at),
                Pick::Carried(at) => also?.split(JOINER).nth(*at),
            };
            value.filter(|value| !is_null_like(value))
        };
        let group: Vec<&str> = chain.group.iter().map(pick).collect::<Option<_>>()?;
        let values: Vec<&str> = chain.values.iter().map(pick).collect::<Option<_>>()?;
        let (text, amount) = match parent.counting {
            Counting::Values => (Some(values.join(" ")), None),
            Counting::Sum | Counting::Average | Counting::Percentile(_) => {
                (None, Some(number(values.first()?)?))
            }
            _ => (key.text.split(JOINER).next().filter(|text| !text.is_empty()).map(str::to_owned), None),
        };
        Some(Heard {
            nth,
            moment: told,
            key: Key::new(report::key_of(group.into_iter())),
            stream,
            text: text.map(|text| kept_value(&text).into_owned()),
            amount,
        })
    }
}

/// The group's key of an event; `None` where a value is absent or stands for nobody.
pub(super) fn key<'e>(reference: &'e Reference, facts: &mut Facts<'e>) -> Option<Key> {
    for field in &reference.group {
        facts.values(*field).first().filter(|value| !is_null_like(&value.text))?;
    }
    Some(facts.key(&reference.group))
}

/// What is remembered of an event beside its place in time.
#[derive(Clone, Default)]
pub(super) struct Value<'e> {
    text: Option<Cow<'e, str>>,
    address: Option<Text<'static>>,
    amount: Option<f64>,
}

impl<'e> Value<'e> {
    /// Who it was about, for the explanation.
    pub fn who(correlation: &Correlation, event: &'e Event) -> Value<'e> {
        let by_user = correlation.group_by.iter().any(|name| &**name == "user" || &**name == "user.name");
        let mut value = Value::default();
        if by_user {
            value.address = event.src_ip.map(Text::from);
        } else {
            value.text = event.user.as_deref().map(kept_value);
        }
        value
    }

    pub fn entry<'a>(&'a self, event: &Event, nth: usize, also: Option<&'a str>) -> Entry<'a> {
        Entry {
            at: event.counted_at,
            id: event.id,
            count: event.count.max(1),
            nth: u16::try_from(nth).unwrap_or(u16::MAX),
            stream: event.generation,
            text: self.address.or(self.text.as_deref().map(Text::of)),
            amount: self.amount,
            also,
            heard: false,
        }
    }
}

/// What an event brings to a count: one entry, or one for each value; none where it says nothing.
pub(super) fn values<'e>(
    correlation: &Correlation,
    reference: &Reference,
    facts: &mut Facts<'e>,
) -> Vec<Value<'e>> {
    let who = Value::who(correlation, facts.event);
    match (correlation.counting, reference.values.as_slice()) {
        (Counting::Values, [field]) => {
            let all = facts.values(*field).iter().filter(|value| !is_null_like(&value.text));
            let of = |text: &str| Cow::Owned(kept_value(text).into_owned());
            all.map(|value| Value { text: Some(of(&value.text)), ..Value::default() }).collect()
        }
        // Several fields: their values together are one.
        (Counting::Values, fields) => {
            let all: Option<Vec<String>> = fields.iter().map(|field| first(facts, *field)).collect();
            let text = |all: Vec<String>| Cow::Owned(kept_value(&all.join(" ")).into_owned());
            all.map(|all| Value { text: Some(text(all)), ..Value::default() }).into_iter().collect()
        }
        (Counting::Sum | Counting::Average | Counting::Percentile(_), [field]) => {
            let amounts: Vec<f64> = facts.values(*field).iter().filter_map(|v| number(&v.text)).collect();
            amounts.into_iter().map(|amount| Value { amount: Some(amount), ..who.clone() }).collect()
        }
        _ => vec![who],
    }
}

/// A number in a text; what is no number, or none that can be added up, is none.
fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

fn first(facts: &mut Facts<'_>, field: usize) -> Option<String> {
    facts.values(field).first().filter(|value| !is_null_like(&value.text)).map(|value| value.text.to_string())
}

/// What an entry carries for the correlations that refer to its own.
pub(super) fn carried(correlation: &Correlation, facts: &mut Facts<'_>) -> Option<String> {
    if correlation.carries.is_empty() {
        return None;
    }
    let values: Vec<String> =
        correlation.carries.iter().map(|field| first(facts, *field).unwrap_or_default()).collect();
    Some(report::key_of(values.iter().map(String::as_str)).to_string())
}
