//! `oncall show`: who is on call at a moment, or over days, why, and until when; holes included.

use super::args::{Global, OncallCommand};
use super::out::{Out, Tone};
use super::{Done, Failure, exit, setup};
use crate::config::file::{Config, Recipient, Schedule};
use crate::escalate::{Duty, Stretch, Why};
use crate::schema::wall::local;
use crate::schema::{Printable, Span, Timestamp};
use serde_json::{Value, json};

/// Ends of a duty are looked for so far behind and ahead of the moment that is asked about.
const BEHIND: Span = Span::days(60);
const AHEAD: Span = Span::days(400);

/// Shows the rosters of the configuration.
///
/// # Errors
/// A [`Failure`] of the configuration (3) or of the moment (2).
pub fn run(global: &Global, command: &OncallCommand, out: &mut Out) -> Done {
    let OncallCommand::Show(args) = command;
    let at = setup::moment_or_now(args.at.as_deref(), "--at")?;
    let config = setup::read(&setup::request(global))?.config;
    let mut hole = false;
    for schedule in &config.schedules {
        let stretches = match args.days {
            Some(days) => schedule.roster.timeline(at, at + Span::days(i64::from(days))),
            None => around(schedule, at),
        };
        hole |= stretches.iter().any(|stretch| stretch.duties.is_empty());
        if out.json {
            stretches.iter().try_for_each(|stretch| out.object(&object(&config, schedule, stretch)))?;
        } else {
            show(out, &config, schedule, &stretches)?;
        }
    }
    policies(out, &config, at)?;
    Ok(if hole { exit::FOUND } else { exit::OK })
}

/// The whole stretch that holds a moment.
fn around(schedule: &Schedule, at: Timestamp) -> Vec<Stretch> {
    let timeline = schedule.roster.timeline(at - BEHIND, at + AHEAD);
    timeline.into_iter().filter(|stretch| stretch.from <= at && at < stretch.to).collect()
}

fn show(out: &mut Out, config: &Config, schedule: &Schedule, stretches: &[Stretch]) -> Result<(), Failure> {
    let title = format!("{} ({})", schedule.id, schedule.timezone_name);
    out.line(out.tone(Tone::Strong, &title))?;
    let zoned = |at: Timestamp| local(&schedule.roster.zone, at).strftime("%a %Y-%m-%d %H:%M").to_string();
    let mut rows = Vec::new();
    for stretch in stretches {
        let (from, to) = (zoned(stretch.from), zoned(stretch.to));
        if stretch.duties.is_empty() {
            rows.push(vec![
                from.clone(),
                to.clone(),
                "NOBODY".to_owned(),
                "a hole".to_owned(),
                String::new(),
            ]);
        }
        for duty in &stretch.duties {
            let (name, address) = person(config, &duty.person);
            rows.push(vec![from.clone(), to.clone(), name, why(duty), address]);
        }
    }
    out.table(&["FROM", "UNTIL", "WHO", "WHY", "ADDRESS"], &rows)?;
    out.line("")
}

/// Name and first address.
fn person(config: &Config, id: &str) -> (String, String) {
    match config.persons.iter().find(|person| person.id == id) {
        Some(person) => {
            let name = if person.name == person.id {
                person.id.clone()
            } else {
                format!("{} ({})", person.id, Printable(&person.name).cut(60))
            };
            (name, person.email.first().cloned().unwrap_or_default())
        }
        None => (id.to_owned(), String::new()),
    }
}

fn why(duty: &Duty) -> String {
    match &duty.why {
        Why::Override => "stands in".to_owned(),
        Why::Turn { layer, turn } => format!("{layer}, turn {}", turn + 1),
    }
}

/// One stretch: an absent `persons` is a hole.
fn object(config: &Config, schedule: &Schedule, stretch: &Stretch) -> Value {
    let duty = |duty: &Duty| {
        let found = config.persons.iter().find(|person| *person.id == *duty.person);
        let mut object = json!({"person": &*duty.person, "why": why(duty)});
        if let Some(person) = found {
            object["name"] = json!(person.name);
            object["address"] = json!(person.email.first());
            if let Some(party) = &person.party {
                object["party"] = json!(party);
            }
        }
        match &duty.why {
            Why::Override => object["override"] = json!(true),
            Why::Turn { layer, turn } => {
                object["layer"] = json!(&**layer);
                object["turn"] = json!(turn + 1);
            }
        }
        object
    };
    let mut object = json!({
        "schedule": schedule.id, "timezone": schedule.timezone_name,
        "from": stretch.from.to_string(), "until": stretch.to.to_string(),
        "hole": stretch.duties.is_empty(),
    });
    if !stretch.duties.is_empty() {
        object["persons"] = stretch.duties.iter().map(duty).collect();
    }
    object
}

/// Whom each step of each policy would tell at a moment.
fn policies(out: &mut Out, config: &Config, at: Timestamp) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for policy in &config.policies {
        for (step, told) in policy.steps.iter().enumerate() {
            let persons = told.notify.iter().flat_map(|recipient| told_by(config, recipient, at));
            let persons: std::collections::BTreeSet<String> = persons.collect();
            if out.json {
                out.object(&json!({
                    "policy": policy.id, "step": step + 1, "after_seconds": told.after.0 / 1_000_000,
                    "at": at.to_string(), "persons": persons,
                }))?;
            } else {
                let who: Vec<String> = persons.iter().map(|id| person(config, id).0).collect();
                rows.push(vec![
                    policy.id.clone(),
                    (step + 1).to_string(),
                    told.after.in_words(),
                    who.join(", "),
                ]);
            }
        }
    }
    if out.json {
        return Ok(());
    }
    out.line(out.tone(Tone::Strong, &format!("whom each policy tells at {at}")))?;
    out.table(&["POLICY", "STEP", "AFTER", "WHO"], &rows)
}

fn told_by(config: &Config, recipient: &Recipient, at: Timestamp) -> Vec<String> {
    match recipient {
        Recipient::Person(id) => vec![id.clone()],
        Recipient::Schedule(id) => {
            let schedule = config.schedules.iter().find(|schedule| schedule.id == *id);
            schedule.map_or_else(Vec::new, |schedule| {
                schedule.roster.on_call(at).iter().map(|person| person.to_string()).collect()
            })
        }
        Recipient::Party(party) => {
            let theirs = config.persons.iter().filter(|person| person.party.as_ref() == Some(party));
            theirs.map(|person| person.id.clone()).collect()
        }
    }
}
