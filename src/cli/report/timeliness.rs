//! `report timeliness`: was somebody told in time, each time, and how is that known.

use super::page::{Bar, bars, classed, csv_line, escape, page, plain, table, write};
use super::{Period, ReportArgs, moment, seconds, text};
use crate::cli::out::Out;
use crate::cli::query::failure;
use crate::cli::{Done, Failure, exit};
use crate::ledger::read::{Object, Reader};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Share of a promise that was used up without having kept it: a near miss.
const NEAR_MISS: f64 = 0.75;
/// States of a clock, the worst first.
const WORST_FIRST: [&str; 5] = ["breached", "uncertain", "running", "waived", "met"];

/// One incident with what belongs to it.
struct Case {
    row: Object,
    /// The promise to notify, in seconds.
    allowed: Option<f64>,
    /// Seconds from the clock's start to the first accepted notice.
    took: Option<f64>,
    /// Seconds from that notice to the acknowledgement.
    answered: Option<f64>,
    /// `D0` to `D5`.
    level: &'static str,
    /// Who was told, and so was on call or named then.
    told: String,
    /// Why a promise was not kept, as the journal has it.
    reasons: String,
    /// The promise to resolve, and duties: each with its state and until when it was owed.
    others: String,
}

pub(super) fn report(reader: &Reader, period: &Period, args: &ReportArgs, out: &mut Out) -> Done {
    let sql = "SELECT i.*, c.allowed / 1000000.0 AS allowed_seconds, (c.due_at - c.allowed) AS began FROM incidents i
        LEFT JOIN clock c ON c.incident = i.id AND c.kind = 'notify' AND c.round = (SELECT min(round) FROM clock WHERE incident = i.id AND kind = 'notify')
        WHERE i.opened_at >= ?1 AND i.opened_at < ?2 ORDER BY i.number";
    let (since, until) = (period.since.to_string(), period.until.to_string());
    let rows = reader.rows(sql, (&since, &until)).map_err(|error| failure(&error))?;
    let cases: Vec<Case> = rows.into_iter().map(|row| case(reader, row)).collect::<Result<_, _>>()?;
    let real: Vec<&Case> = cases.iter().filter(|case| !case.row.contains_key("drill")).collect();
    let csv = csv(&cases);
    let html = html(period, &cases, &real);
    let count = |state: &str| real.iter().filter(|case| text(&case.row, "notify_state") == state).count();
    let about = json!({"since": since, "until": until, "incidents": real.len(), "drills": cases.len() - real.len(),
        "met": count("met"), "breached": count("breached"), "uncertain": count("uncertain"), "running": count("running")});
    write(
        &args.out,
        "timeliness",
        &[("timeliness.html".into(), html), ("timeliness.csv".into(), csv)],
        about.clone(),
    )?;
    if out.json {
        out.object(&about)?;
    } else {
        out.line(format!(
            "{} incidents: {} met, {} breached, {} uncertain, {} running; {} drills beside; written to {}/timeliness.html and .csv",
            real.len(), count("met"), count("breached"), count("uncertain"), count("running"), cases.len() - real.len(), args.out.display()
        ))?;
    }
    Ok(exit::OK)
}

/// The worst of some clocks: a promise is kept when it was kept in every round.
fn worst<'c>(clocks: impl Iterator<Item = &'c Object>) -> Option<&'c Object> {
    let rank = |clock: &&Object| WORST_FIRST.iter().position(|state| *state == text(clock, "state"));
    clocks.min_by_key(rank)
}

/// The clocks that are neither of telling nor of taking, by their names.
fn others(clocks: &[Object]) -> String {
    let apart = |clock: &&Object| !["notify", "acknowledge"].contains(&text(clock, "kind").as_str());
    let names: BTreeSet<String> = clocks.iter().filter(apart).map(|clock| text(clock, "clock")).collect();
    let told = |name: &String| {
        let clock = worst(clocks.iter().filter(apart).filter(|clock| text(clock, "clock") == *name))?;
        Some(format!("{name}: {}, due {}", text(clock, "state"), text(clock, "due_at")))
    };
    names.iter().filter_map(told).collect::<Vec<_>>().join("; ")
}

fn case(reader: &Reader, mut row: Object) -> Result<Case, Failure> {
    let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows = |sql: &'static str| reader.rows(sql, [&id]).map_err(|error| failure(&error));
    let mails = rows(
        "SELECT recipient, kind, step, state, accepted_at, delivery_level FROM notifications WHERE incident = ?1 ORDER BY id",
    )?;
    let mut told: Vec<String> = Vec::new();
    for mail in
        mails.iter().filter(|mail| ["notice", "escalation", "repeat"].contains(&text(mail, "kind").as_str()))
    {
        let step = mail.get("step").and_then(Value::as_i64).unwrap_or(0) + 1;
        let word = format!("{} (step {step}, {})", text(mail, "recipient"), text(mail, "state"));
        if !told.contains(&word) {
            told.push(word);
        }
    }
    let has = |level: &str| mails.iter().any(|mail| text(mail, "delivery_level") == level);
    let level = match () {
        () if row.contains_key("acknowledged_at") => "D5",
        () if has("D3") => "D3",
        () if has("D2") => "D2",
        () if has("D1") => "D1",
        () => "D0",
    };
    let journal = rows("SELECT at, kind, detail FROM journal WHERE subject = ?1 AND kind IN ('clock', 'emergency', 'illegal-move', 'handover')
        ORDER BY seq LIMIT 20")?;
    let clocks = rows("SELECT clock, kind, state, due_at FROM clocks WHERE incident = ?1 ORDER BY due_at")?;
    for (kind, key) in [("notify", "notify_state"), ("acknowledge", "ack_state")] {
        let state = worst(clocks.iter().filter(|clock| text(clock, "kind") == kind));
        if let Some(state) = state.and_then(|clock| clock.get("state")) {
            row.insert(key.to_owned(), state.clone());
        }
    }
    let all_kept = clocks.iter().all(|clock| matches!(text(clock, "state").as_str(), "met" | "running"));
    let told_of = |entry: &Object| format!("{}: {}", text(entry, "at"), text(entry, "detail"));
    let reasons: Vec<String> = journal.iter().filter(|_| !all_kept).map(told_of).collect();
    let began = row.get("began").and_then(Value::as_i64).map(crate::schema::Timestamp);
    let took = moment(&row, "notified_at").zip(began).map(|(at, began)| (at - began).as_seconds());
    Ok(Case {
        allowed: row.get("allowed_seconds").and_then(Value::as_f64),
        took,
        answered: seconds(&row, "notified_at", "acknowledged_at"),
        level,
        told: told.join(", "),
        reasons: reasons.join("; "),
        others: others(&clocks),
        row,
    })
}

impl Case {
    /// Kept, but late enough to be looked at.
    fn is_near_miss(&self) -> bool {
        let share = self.took.zip(self.allowed).map(|(took, allowed)| took / allowed);
        text(&self.row, "notify_state") == "met"
            && share.is_some_and(|share| (NEAR_MISS..1.0).contains(&share))
    }

    fn verdict(&self) -> String {
        let state = text(&self.row, "notify_state");
        if self.is_near_miss() { format!("{state}, near miss") } else { state }
    }
}

const COLUMNS: [&str; 18] = [
    "number",
    "id",
    "severity",
    "title",
    "entity",
    "incident_type",
    "policy",
    "status",
    "occurred_at",
    "read_at",
    "detected_at",
    "notify_due",
    "notified_at",
    "ack_due",
    "acknowledged_at",
    "acknowledged_by",
    "ack_via",
    "resolved_at",
];

fn csv(cases: &[Case]) -> String {
    let more = [
        "notify_state",
        "notify_seconds",
        "notify_allowed_seconds",
        "near_miss",
        "ack_state",
        "ack_seconds",
        "level",
        "told",
        "reasons",
        "drill",
        "other_promises",
    ];
    let head: Vec<String> = COLUMNS.iter().chain(&more).map(|name| (*name).to_owned()).collect();
    let mut csv = csv_line(&head);
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.3}"));
    for case in cases {
        let mut cells: Vec<String> = COLUMNS.iter().map(|key| text(&case.row, key)).collect();
        cells.extend([
            text(&case.row, "notify_state"),
            number(case.took),
            number(case.allowed),
            case.is_near_miss().to_string(),
            text(&case.row, "ack_state"),
            number(case.answered),
            case.level.to_owned(),
            case.told.clone(),
            case.reasons.clone(),
            text(&case.row, "drill"),
            case.others.clone(),
        ]);
        csv += &csv_line(&cells);
    }
    csv
}

/// The value below which a share of all lies (nearest rank).
fn percentile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil().max(1.0) as usize;
    values.get(rank - 1).copied()
}

fn short(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1_000.0),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

fn html(period: &Period, cases: &[Case], real: &[&Case]) -> String {
    let mut body = format!(
        "<p>{}: from the start of each incident's clock to the first notice that a relay accepted, and from there to the person \
         who took it. Drills are listed, and counted in no figure.</p>",
        escape(&period.in_words())
    );
    let count = |state: &str| real.iter().filter(|case| text(&case.row, "notify_state") == state).count();
    let near = real.iter().filter(|case| case.is_near_miss()).count();
    let tile = |word: &str, value: String, class: &str| {
        format!("<div class=\"tile\"><b class=\"{class}\">{value}</b>{word}</div>")
    };
    let warn = |n: usize, class: &'static str| if n > 0 { class } else { "" };
    body += "<div class=\"tiles\">";
    body += &tile("incidents", real.len().to_string(), "");
    body += &tile("told in time", count("met").to_string(), "good");
    body += &tile("near misses", near.to_string(), warn(near, "doubt"));
    body += &tile("too late", count("breached").to_string(), warn(count("breached"), "bad"));
    body += &tile("in doubt", count("uncertain").to_string(), warn(count("uncertain"), "doubt"));
    body += &tile("running", count("running").to_string(), "");
    body += "</div>";
    let mut figures = Vec::new();
    for (what, pick) in
        [("told", (|case| case.took) as fn(&Case) -> Option<f64>), ("taken", |case| case.answered)]
    {
        let mut values: Vec<f64> = real.iter().filter_map(|case| pick(case)).collect();
        for (name, share) in [("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("worst", 1.0)] {
            if let Some(value) = percentile(&mut values, share) {
                figures.push(Bar {
                    label: format!("{what}, {name}"),
                    value: (1.0 + value.max(0.0) * 1_000.0).log10(),
                    told: short(value),
                    color: "#2f6db3",
                });
            }
        }
    }
    if figures.is_empty() {
        body += "<p>Nobody was told of anything in this time.</p>";
    } else {
        body += &bars("Percentiles (logarithmic)", &figures, None);
    }
    let shares: Vec<Bar> = real.iter().rev().take(40).filter_map(|case| used(case)).collect();
    if !shares.is_empty() {
        body += &bars(
            "Share of the promise to notify that was used, latest incidents",
            &shares,
            Some((100.0, "promise")),
        );
    }
    body += &by_severity(real);
    body += "<h2>Incidents</h2>";
    body += &incidents(cases);
    body += "<p class=\"dim\">Level: D0 queued, D1 accepted by a relay or held by a Maildir, D2 relayed, D3 in the mailbox, D5 acknowledged by a \
             person. A promise is broken only when both clocks of the machine say so; where they disagree it is in doubt. An incident that was raised or \
             opened again has a promise for each time: the worst of them is shown. Who was told is what \
             the store has of each mail, not what a roster says today. The manifest beside this page is not signed: signing is not built yet.</p>";
    page("Timeliness", &body)
}

fn used(case: &Case) -> Option<Bar> {
    let share = case.took? / case.allowed? * 100.0;
    let color = match text(&case.row, "notify_state").as_str() {
        "breached" => "#a3191b",
        "uncertain" => "#c98a12",
        _ if case.is_near_miss() => "#c98a12",
        _ => "#2e8b57",
    };
    let label = format!("#{} {}", text(&case.row, "number"), text(&case.row, "severity"));
    Some(Bar { label, value: share, told: format!("{share:.1} %"), color })
}

fn by_severity(real: &[&Case]) -> String {
    let mut groups: BTreeMap<(String, String), Vec<&Case>> = BTreeMap::new();
    for case in real {
        groups.entry((text(&case.row, "severity"), text(&case.row, "policy"))).or_default().push(case);
    }
    let rows: Vec<Vec<String>> = groups
        .into_iter()
        .map(|((severity, policy), cases)| {
            let state = |state: &str| {
                cases.iter().filter(|case| text(&case.row, "notify_state") == state).count().to_string()
            };
            let mut took: Vec<f64> = cases.iter().filter_map(|case| case.took).collect();
            let figure = |value: Option<f64>| classed("n", &value.map_or("-".to_owned(), short));
            vec![
                plain(&severity),
                plain(&policy),
                classed("n", &cases.len().to_string()),
                classed("n", &state("met")),
                classed("n", &state("breached")),
                classed("n", &state("uncertain")),
                figure(percentile(&mut took, 0.5)),
                figure(percentile(&mut took, 0.99)),
            ]
        })
        .collect();
    "<h2>By severity and policy</h2>".to_owned()
        + &table(
            &["Severity", "Policy", "Incidents", "Met", "Breached", "Uncertain", "Told, median", "p99"],
            &rows,
        )
}

fn incidents(cases: &[Case]) -> String {
    let rows: Vec<Vec<String>> = cases.iter().map(shown).collect();
    let head = [
        "No",
        "Severity",
        "What",
        "Occurred",
        "Detected",
        "Told",
        "Promise",
        "Taken",
        "Promise",
        "Other promises",
        "Level",
        "Who was told",
        "Reasons",
    ];
    table(&head, &rows)
}

fn shown(case: &Case) -> Vec<String> {
    let time = |key: &str| text(&case.row, key).replace('T', " ").trim_end_matches('Z').to_owned();
    let class = |state: &str| match state {
        "met" => "good",
        "breached" => "bad",
        "uncertain" => "doubt",
        _ => "dim",
    };
    let drill = if case.row.contains_key("drill") { " (drill)" } else { "" };
    let after = |took: Option<f64>, at: String| {
        took.map_or(at.clone(), |took| format!("{at}, after {}", short(took)))
    };
    let by = [text(&case.row, "acknowledged_by"), text(&case.row, "ack_via")].join(", ");
    let taken = after(case.answered, time("acknowledged_at"));
    vec![
        plain(&format!("#{}{drill}", text(&case.row, "number"))),
        plain(&text(&case.row, "severity")),
        plain(&format!("{}: {}", text(&case.row, "title"), text(&case.row, "entity"))),
        plain(&time("occurred_at")),
        plain(&time("detected_at")),
        plain(&after(case.took, time("notified_at"))),
        classed(class(&text(&case.row, "notify_state")), &case.verdict()),
        plain(&if taken.is_empty() { taken } else { format!("{taken}, by {by}") }),
        classed(class(&text(&case.row, "ack_state")), &text(&case.row, "ack_state")),
        plain(&case.others),
        case.level.to_owned(),
        plain(&case.told),
        plain(&case.reasons),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        let at = |share, values: &mut [f64]| percentile(values, share);
        assert_eq!(
            (at(0.5, &mut values), at(0.99, &mut values), at(0.0, &mut values)),
            (Some(2.0), Some(4.0), Some(1.0))
        );
        assert_eq!(percentile(&mut [], 0.5), None);
    }
}
