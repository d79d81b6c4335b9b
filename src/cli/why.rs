//! `explain why-not`: the first condition of a rule that an event, or a history, did not meet.

use super::args::{Global, WhyNotArgs};
use super::out::{Out, Tone};
use super::query::failure;
use super::{Done, Failure, exit, parse, setup};
use crate::config::params::{Request, Setup};
use crate::config::report::nearest;
use crate::config::rules::{Outline, outline};
use crate::detect::rule::{Body, Correlation, Rule};
use crate::detect::why::{self, Best, Calls, Why, figure};
use crate::ledger::read::Reader;
use crate::schema::{Event, Printable};
use crate::tail::Encoding;
use serde_json::{Value, json};

/// Events that called for something and are told one by one.
const CALLS_TOLD: usize = 20;

/// Explains why a rule did not fire.
///
/// # Errors
/// A [`Failure`]: an unknown rule, event or format (2), rules (3), no store or file (4).
pub fn run(global: &Global, args: &WhyNotArgs, out: &mut Out) -> Done {
    let setup = setup::read(&Request {
        rules: args.rules.clone(),
        formats: Some(vec!["auto".to_owned()]),
        ..setup::request(global)
    })?;
    let Some(rule) = setup.rules.find(&args.rule).and_then(|index| setup.rules.rule(index)) else {
        let near = nearest(&args.rule, setup.rules.rules().iter().map(|rule| &*rule.meta.id));
        let hint = near.map_or("`gatewatch rules` lists those of the store".to_owned(), |near| {
            format!("did you mean `{near}`?")
        });
        return Err(Failure::usage(format!("no rule {}; {hint}", Printable(&args.rule))));
    };
    let (events, asked) = match (args.event, &args.file) {
        (Some(id), None) => stored(global, &setup, id, rule)?,
        (None, Some(file)) => {
            let format = args.format.as_deref().unwrap_or("auto");
            (read(&setup, format, file, args.timezone.as_deref())?, None)
        }
        _ => {
            return Err(Failure::usage(
                "of what? give the id of a stored event, or --file FILE with its --format",
            ));
        }
    };
    let mut told = Told { rule, rows: Vec::new() };
    match &rule.body {
        Body::Detection(_) => {
            let few = events.iter().filter(|event| asked.is_none_or(|id| event.id == id));
            few.for_each(|event| told.event(&setup, rule, event, asked.is_none()));
        }
        Body::Correlation(correlation) => told.correlation(&setup, correlation, &events, asked),
        _ => told
            .say(json!({"because": "kind"}), "this rule is decided by the passing of time, not by an event"),
    }
    told.print(out)
}

/// The event, and what a correlation would have seen around it.
fn stored(
    global: &Global,
    setup: &Setup,
    id: u64,
    rule: &Rule,
) -> Result<(Vec<Event>, Option<u64>), Failure> {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let Some(event) = reader.stored_event(id).map_err(|error| failure(&error))? else {
        return Err(Failure::usage(format!("no event {id} in the store")));
    };
    let Some(correlation) = rule.correlation() else { return Ok((vec![event], Some(id))) };
    // What it gives way to may look further back.
    let other = correlation.unless.and_then(|index| setup.rules.rule(index)).and_then(Rule::correlation);
    let back = correlation.timespan.max(other.map_or(crate::schema::Span::ZERO, |other| other.timespan));
    // What an absence expects may stand on either side of what calls for it.
    let near = correlation.near.map_or(crate::schema::Span::ZERO, |near| near.before.max(near.after));
    let (from, to) = (event.counted_at - back.max(near), event.counted_at + correlation.timespan.max(near));
    let around = reader.stored_around(from, to).map_err(|error| failure(&error))?;
    Ok((if around.is_empty() { vec![event] } else { around }, Some(id)))
}

fn read(
    setup: &Setup,
    format: &str,
    file: &std::path::Path,
    timezone: Option<&str>,
) -> Result<Vec<Event>, Failure> {
    let source = parse::source(&setup.grammars, format, file, timezone)?;
    let now = setup::now()?;
    let mut reader = parse::open(file, &source.name, 1, now, Encoding::Bytes)?;
    let mut normalize = crate::normalize::Normalize::new(setup.grammars.clone(), vec![source]);
    let mut events = Vec::new();
    while let Some(line) = parse::next(&mut reader, file)? {
        let next = events.len() as u64 + 1;
        normalize.line(line, next, &mut events);
    }
    normalize.release(1, events.len() as u64 + 1, &mut events);
    Ok(events)
}

/// What is said, as objects with a sentence each.
struct Told<'a> {
    rule: &'a Rule,
    rows: Vec<(Value, String)>,
}

impl Told<'_> {
    fn say(&mut self, row: Value, sentence: impl Into<String>) {
        self.rows.push((row, sentence.into()));
    }

    fn event(&mut self, setup: &Setup, rule: &Rule, event: &Event, by_line: bool) {
        let Body::Detection(detection) = &rule.body else { return };
        let place = if by_line { format!("line {}", event.line) } else { format!("event {}", event.id) };
        let mut row = if by_line { json!({"line": event.line}) } else { json!({"event": event.id}) };
        row["fires"] = json!(false);
        let sentence = match why::detection(&setup.rules, detection, event) {
            None => {
                row["fires"] = json!(true);
                format!(
                    "{place} fits {}; ten minutes of one entity are one finding, and exceptions and silences are \
                     looked at after it",
                    rule.meta.id
                )
            }
            Some(Why::Logsource { wanted, seen }) => {
                (row["because"], row["wanted"], row["seen"]) =
                    (json!("logsource"), json!(wanted), json!([seen]));
                format!("{place}: logsource: the rule sees {wanted}; this is {seen}")
            }
            Some(Why::NothingToJudge { fields }) => {
                (row["because"], row["wanted"]) = (json!("only-negative"), json!(fields));
                format!("{place}: the rule only excludes, and the event has none of {}", fields.join(", "))
            }
            Some(Why::Condition(miss)) => {
                let outline = outline(&rule.meta.text);
                let selection = miss.selection.and_then(|index| outline.selections.get(index));
                row["because"] = json!("condition");
                if let Some(selection) = selection {
                    row["selection"] = json!(selection);
                }
                (row["field"], row["wanted"], row["seen"]) =
                    (json!(miss.field), json!(miss.wanted), json!(miss.seen));
                let seen = if miss.seen.is_empty() { "nothing".to_owned() } else { miss.seen.join(", ") };
                let others = match miss.others {
                    0 => String::new(),
                    others => format!(" ({others} other alternative(s) failed as well)"),
                };
                let name = selection.map_or(String::new(), |name| format!("{name}: "));
                format!("{place}: {name}{} {}; the event has {seen}{others}", miss.field, miss.wanted)
            }
        };
        self.say(row, sentence);
    }

    fn correlation(
        &mut self,
        setup: &Setup,
        correlation: &Correlation,
        events: &[Event],
        asked: Option<u64>,
    ) {
        if let Some(near) = correlation.near {
            return self.absence(&why::absence(&setup.rules, correlation, near, events, asked));
        }
        let outline = outline(&self.rule.meta.text);
        let reached = why::correlation(&setup.rules, correlation, events, asked);
        for id in &reached.unfollowed {
            self.say(
                json!({"rule": &**id, "because": "chained"}),
                format!("it also needs or counts what {id} finds, which is not looked at here: ask why-not of that rule"),
            );
        }
        let Some(best) = reached.best else {
            let because = if reached.ungrouped > 0 { "group" } else { "rules" };
            let sentence = match reached.ungrouped {
                0 => format!(
                    "none of {} events fits one of its rules ({})",
                    events.len(),
                    outline.rules.join(", ")
                ),
                n => format!(
                    "{n} event(s) fit its rules, and have no value for {}, by which it groups",
                    outline.group_by.join(", ")
                ),
            };
            self.say(json!({"fires": false, "because": because, "matched": reached.matched}), sentence);
            // The rules that it refers to say the rest, for the event that was asked about.
            let event = asked.and_then(|id| events.iter().find(|event| event.id == id));
            for rule in correlation.references.iter().filter_map(|r| setup.rules.rule(r.rule)) {
                if let (Some(event), Body::Detection(_)) = (event, &rule.body) {
                    self.event(setup, rule, event, false);
                }
            }
            return;
        };
        self.best(correlation, &outline, &best);
    }

    /// What each event called for, and what came.
    fn absence(&mut self, found: &Calls) {
        if found.calls.is_empty() {
            let sentence = match (found.matched, found.ungrouped) {
                (0, _) => "no event fits one of its rules".to_owned(),
                (n, m) if n == m => {
                    format!("{n} event(s) fit its rules, and have no value for what it groups by")
                }
                (n, _) => format!("{n} event(s) are what it expects; none of them calls for it"),
            };
            self.say(json!({"fires": false, "because": "rules", "matched": found.matched}), sentence);
        }
        for call in found.calls.iter().take(CALLS_TOLD) {
            let group: Vec<String> = call.group.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let group = group.join(", ");
            let mut row = json!({
                "fires": call.came.is_none(), "because": "came", "group": group, "event": call.event,
                "from": call.at.to_string(), "to": call.until.to_string(),
            });
            let head = format!("{group}: event {} at {} called for it", call.event, call.at);
            let sentence = match &call.came {
                Some((id, at, rule)) => {
                    (row["came"], row["came_at"], row["came_as"]) =
                        (json!(id), json!(at.to_string()), json!(&**rule));
                    format!("{head}; event {id} at {at} came, which fits {rule}")
                }
                None => {
                    row["because"] = json!("absent");
                    format!(
                        "{head}, and nothing came: it fires when nothing can come before {} any more",
                        call.until
                    )
                }
            };
            self.say(row, sentence);
        }
        if let Some(more) = found.calls.len().checked_sub(CALLS_TOLD).filter(|more| *more > 0) {
            self.say(json!({"because": "more", "calls": more}), format!("{more} more call(s) are not shown"));
        }
    }

    fn best(&mut self, correlation: &Correlation, outline: &Outline, best: &Best) {
        let group: Vec<String> = best.group.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let group = if group.is_empty() { "all events together".to_owned() } else { group.join(", ") };
        let limit = match outline.limits.is_empty() {
            true => format!("all {} rules", correlation.references.len()),
            false => outline.limits.join(", "),
        };
        let span = correlation.timespan.in_words();
        let missing: Vec<&str> = best.missing.iter().map(|id| &**id).collect();
        let lacks = if missing.is_empty() {
            String::new()
        } else {
            format!("; nothing matched {}", missing.join(", "))
        };
        let because = match (best.holds, &best.excused) {
            (false, _) => "count",
            (true, Some(_)) => "unless",
            (true, None) => "reached",
        };
        let mut row = json!({
            "fires": because == "reached", "because": because, "group": group, "reached": best.count, "wanted": limit,
            "window": span, "from": best.span.0.to_string(), "to": best.span.1.to_string(), "missing": missing,
            "events": best.events,
        });
        let verdict = if best.holds { "reached its limit" } else { "came nearest" };
        let count = best.count.map_or("no number".to_owned(), figure);
        let excused = best.excused.as_ref().map_or(String::new(), |other| {
            row["unless"] = json!(&**other);
            format!("; it gives way to {other}, which held there")
        });
        let sentence = format!(
            "{group} {verdict}: {count} of {limit} within {span}, from {} to {}{lacks}{excused}",
            best.span.0, best.span.1
        );
        self.say(row, sentence);
    }

    fn print(&self, out: &mut Out) -> Done {
        let id = &self.rule.meta.id;
        if !out.json {
            let head = format!("{}: {}", Printable(id).cut(120), Printable(&self.rule.meta.title).cut(160));
            out.line(out.tone(Tone::Strong, &head))?;
        }
        for (row, sentence) in &self.rows {
            if out.json {
                let mut row = row.clone();
                if row.get("rule").is_none() {
                    row["rule"] = json!(&**id);
                }
                row["message"] = json!(sentence);
                out.object(&row)?;
            } else {
                out.line(format!("  {}", Printable(sentence)))?;
            }
        }
        if self.rows.is_empty() && !out.json {
            out.line("  there is no event to judge")?;
        }
        if !self.rule.meta.generates && !out.json {
            out.line("  it makes no findings of its own: it only feeds other rules")?;
        }
        if !self.rule.meta.enabled && !out.json {
            out.line("  no configured source brings events that it could see")?;
        }
        Ok(exit::OK)
    }
}
