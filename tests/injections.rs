//! What a client writes never becomes somebody else's failure, address, name or success. Hostile lines are made of the
//! grammars' own samples: each value that a client chooses is replaced by payloads, written as the product would write
//! them. A hole that is listed in `injections/known.txt` needs its reason.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic and print")]

#[path = "injections/judge.rs"]
mod judge;
#[path = "injections/names.rs"]
mod names;
#[path = "injections/payloads.rs"]
mod payloads;
#[path = "injections/quiet.rs"]
mod quiet;
#[path = "injections/slots.rs"]
mod slots;
#[path = "injections/written.rs"]
mod written;

use gatewatch::config::grammars::{compile_all, load};
use gatewatch::normalize::grammar::GrammarSet;
use gatewatch::normalize::spec::GrammarSpec;
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Event, Flags, RawLine, Span, Timestamp};
use judge::{Hole, Known, judge};
use payloads::payloads;
use slots::{Slot, slots};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// The issue asks for 500.
const LINES_MIN: usize = 1_000;

/// The shipped grammars, as they lie in the folder.
static SPECS: LazyLock<Vec<GrammarSpec>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/grammars");
    load(Some(&folder)).unwrap_or_else(|problems| panic!("{}", problems[0]))
});
static GRAMMARS: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    Arc::new(compile_all(SPECS.clone()).unwrap_or_else(|problems| panic!("{}", problems[0])))
});

/// The events of a file's lines.
fn read_all(format: &str, lines: &[String]) -> Vec<Event> {
    let name: Arc<str> = Arc::from("injection");
    let source = SourceParams {
        name: Arc::clone(&name),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    let mut normalize = Normalize::new(Arc::clone(&GRAMMARS), vec![source]);
    let (mut events, mut offset) = (Vec::new(), 0);
    for (number, line) in (1..).zip(lines) {
        let length = line.len() as u64 + 1;
        let raw = RawLine {
            source: Arc::clone(&name),
            generation: 1,
            offset,
            length,
            line: number,
            bytes: line.as_bytes().into(),
            flags: Flags::default(),
            read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap(),
        };
        offset += length;
        let next_id = events.len() as u64 + 1;
        normalize.line(raw, next_id, &mut events);
    }
    let next_id = events.len() as u64 + 1;
    normalize.flush(next_id, &mut events);
    events
}

/// `GATEWATCH_INJECT=name,name` looks at these grammars alone, and prints every hole.
fn chosen() -> Vec<&'static GrammarSpec> {
    let only = std::env::var("GATEWATCH_INJECT").unwrap_or_default();
    let only: Vec<&str> = only.split(',').filter(|name| !name.is_empty()).collect();
    SPECS.iter().filter(|spec| only.is_empty() || only.contains(&spec.name.as_str())).collect()
}

#[test]
fn what_a_client_writes_stays_what_a_client_wrote() {
    let known = Known::load();
    let (mut lines, mut holes) = (BTreeSet::new(), Vec::new());
    let mut slots_of: BTreeMap<&str, usize> = BTreeMap::new();
    let whole = chosen().len() == SPECS.len();
    for spec in chosen() {
        let slots = slots(spec);
        slots_of.insert(&spec.name, slots.len());
        for slot in &slots {
            for payload in payloads(&slots, slot) {
                try_payload(spec, slot, &payload, &mut lines, &mut holes);
            }
        }
    }
    report(&lines, &slots_of, &holes, &known);
    let open: Vec<&Hole> = holes.iter().filter(|hole| !known.lists(hole)).collect();
    if whole {
        assert!(lines.len() >= LINES_MIN, "{} lines", lines.len());
        let stale = known.unused(&holes);
        assert!(stale.is_empty(), "listed, but no hole: {stale:#?}");
    }
    assert!(open.is_empty(), "{} holes that are not listed with a reason", open.len());
}

fn try_payload(
    spec: &GrammarSpec,
    slot: &Slot,
    payload: &str,
    lines: &mut BTreeSet<String>,
    holes: &mut Vec<Hole>,
) {
    let hostile = slot.with(payload);
    if !lines.insert(format!("{} {}", spec.name, hostile.join("\n"))) {
        return;
    }
    let events = read_all(&spec.name, &slot.file(&hostile));
    holes.extend(judge(&spec.name, slot, payload, &hostile, &events));
}

fn report(lines: &BTreeSet<String>, slots_of: &BTreeMap<&str, usize>, holes: &[Hole], known: &Known) {
    let bare: Vec<&str> = slots_of.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    eprintln!("no value of a client in: {}", bare.join(" "));
    let mut kinds: BTreeMap<String, Vec<&Hole>> = BTreeMap::new();
    for hole in holes.iter().filter(|hole| !known.lists(hole)) {
        kinds.entry(format!("{} {} {}", hole.grammar, hole.column, hole.kind)).or_default().push(hole);
    }
    let shown = std::env::var("GATEWATCH_INJECT_SHOW").ok().and_then(|count| count.parse().ok()).unwrap_or(2);
    for (kind, holes) in &kinds {
        eprintln!("{kind}: {} holes", holes.len());
        for hole in holes.iter().take(shown) {
            eprintln!("    {}\n    -> {}", hole.line.chars().take(400).collect::<String>(), hole.said);
        }
    }
    let listed = holes.iter().filter(|hole| known.lists(hole)).count();
    eprintln!(
        "{} hostile lines over {} grammars, {} slots; {} holes, {listed} of them listed",
        lines.len(),
        slots_of.len(),
        slots_of.values().sum::<usize>(),
        holes.len(),
    );
}
