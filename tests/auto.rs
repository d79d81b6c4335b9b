//! What `auto` takes files for: the shipped grammars by their own samples, changes of mind, restarts, and what a look costs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may panic and print; a bench asks for the time"
)]

use gatewatch::config::grammars::{compile_all, load, parse};
use gatewatch::normalize::grammar::{Grammar, GrammarSet};
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Class, Event, Flags, RawLine, Span, StateRow, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

static SHIPPED: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    let specs = load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    Arc::new(compile_all(specs).unwrap_or_else(|problems| panic!("{}", problems[0])))
});

/// Of the shipped grammars so many must be told by their own samples alone.
const SAMPLES_MIN: f64 = 0.95;

fn are_kin(one: &str, other: &Grammar) -> bool {
    let family = |grammar: &Grammar| grammar.spec().family.clone().unwrap_or(grammar.spec().name.clone());
    one == family(other) || SHIPPED.get(one).is_some_and(|one| family(one) == family(other))
}

#[test]
fn a_grammar_is_told_by_its_own_samples() {
    let (mut told, mut bad) = (0, Vec::new());
    for grammar in SHIPPED.iter().filter(|grammar| !grammar.spec().fallback) {
        let lines: Vec<&[u8]> = grammar
            .spec()
            .samples
            .iter()
            .flat_map(|sample| &sample.lines)
            .map(|line| line.as_bytes())
            .collect();
        match SHIPPED.guess(&lines) {
            Some(said) if are_kin(said, grammar) => told += 1,
            said => bad.push(format!("{}: {said:?}", grammar.spec().name)),
        }
    }
    let of = told + bad.len();
    eprintln!("auto: {told} of {of} grammars by their samples; the others:\n{}", bad.join("\n"));
    assert!(told as f64 >= SAMPLES_MIN * of as f64, "{told} of {of}");
}

/// What `auto` pays for a look at one line with all shipped grammars: printed, for it depends on the machine.
#[test]
fn a_look_has_a_price() {
    for (what, line) in [
        ("syslog", "Nov 23 09:00:00 web1 sshd[4711]: Failed password for ana from 192.0.2.7 port 40122 ssh2"),
        ("text", "2026-11-23 09:00:00.123 INFO  [main] org.example.Shop - order 4711 of ana was paid"),
        (
            "JSON",
            r#"{"timestamp":"2026-11-23T09:00:00Z","level":"info","logger":"shop","user":{"id":7,"name":"ana"},"request":{"ip":"192.0.2.7","path":"/cart","method":"GET"},"items":[{"sku":"a","n":1},{"sku":"b","n":2}],"message":"paid","duration_ms":12.5}"#,
        ),
        (
            "pairs",
            "time=2026-11-23T09:00:00Z level=info user=ana src=192.0.2.7 action=paid order=4711 duration=12ms",
        ),
    ] {
        let lines = vec![line.as_bytes(); 64];
        let _ = SHIPPED.guess(&lines);
        let start = Instant::now();
        let said = SHIPPED.guess(&lines);
        eprintln!("{what:<7} {:>6} us a line ({said:?})", start.elapsed().as_micros() / 64);
    }
}

const GATE: &str = r#"
name = "gate"
family = "house"
framing = "syslog"
programs = ["gate"]
[[message]]
name = "refused"
literal = "^Refused "
pattern = '^Refused (?<user>\S+)$'
class = "authentication"
activity = "logon"
outcome = "failure"
"#;
const PORCH: &str = r#"
name = "porch"
family = "house"
framing = "syslog"
[[message]]
name = "door"
pattern = '^door (?<user>\S+): (?<resource>\w+)$'
class = "session"
activity = "open"
[[message]]
name = "note"
pattern = '^door (?<resource>\w+) is (?<status_detail>.*)$'
"#;
const SYSLOG: &str = r#"
name = "syslog"
fallback = true
framing = "syslog"
"#;

static OWN: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    let mut problems = Vec::new();
    let specs = [GATE, PORCH, SYSLOG].map(|text| parse("test.toml", text, &mut problems).unwrap());
    assert!(problems.is_empty(), "{}", problems[0]);
    Arc::new(GrammarSet::new(specs.map(|spec| Grammar::compile(spec).unwrap()).into()).unwrap())
});

fn room(set: &Arc<GrammarSet>) -> Normalize {
    let source = SourceParams {
        name: Arc::from("s"),
        format: Arc::from("auto"),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    Normalize::new(Arc::clone(set), vec![source])
}

fn raw(generation: u64, line: u64, text: &str) -> RawLine {
    RawLine {
        source: Arc::from("s"),
        generation,
        offset: line * 1_000,
        length: text.len() as u64 + 1,
        line,
        bytes: text.as_bytes().into(),
        flags: Flags::default(),
        read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap(),
    }
}

/// Lets the room read a line of a file; the format of its event.
fn format(room: &mut Normalize, generation: u64, line: u64, text: &str) -> String {
    let mut events: Vec<Event> = Vec::new();
    room.line(raw(generation, line, text), line, &mut events);
    assert_eq!(events.len(), 1, "{events:?}");
    events[0].format.to_string()
}

const NOISE: &str = "Nov 23 09:00:00 h cook[7]: soup";
const REFUSED: &str = "Nov 23 09:00:00 h gate[7]: Refused ana";
const DOOR: &str = "Nov 23 09:00:00 h hall[7]: door ana: east";
const NOTE: &str = "Nov 23 09:00:00 h hall[7]: door east is shut";

/// What a file is taken for after blocks of lines.
fn taken_for(blocks: &[(&str, u64)]) -> Option<String> {
    let mut room = room(&OWN);
    let lines = blocks.iter().flat_map(|(text, times)| std::iter::repeat_n(*text, *times as usize));
    for (line, text) in (1..).zip(lines) {
        format(&mut room, 1, line, text);
    }
    room.chosen(1).map(str::to_owned)
}

#[test]
fn a_fallback_gives_way_to_evidence_and_a_grammar_to_none() {
    for (blocks, expected) in [
        (&[(NOISE, 2_000)][..], "syslog"),
        // A busy machine: two claimed lines among many.
        (&[(NOISE, 50), (REFUSED, 2)], "gate"),
        (&[(NOISE, 5_000), (REFUSED, 3)], "syslog"),
        (&[(NOISE, 5_000), (REFUSED, 4)], "gate"),
        // Nobody claims these programs: only a share of the lines is evidence.
        (&[(DOOR, 1), (NOISE, 40)], "syslog"),
        (&[(NOISE, 5_000), (DOOR, 2_000)], "porch"),
        // Only the shape of the texts says whose they are: weak, and better than nothing.
        (&[(NOTE, 700)], "porch"),
        (&[(NOTE, 700), (REFUSED, 4)], "gate"),
        // Both members of a family.
        (&[(REFUSED, 20), (DOOR, 20)], "house"),
        // What was settled stays.
        (&[(REFUSED, 40), (DOOR, 5_000)], "gate"),
    ] {
        assert_eq!(taken_for(blocks).as_deref(), Some(expected), "{blocks:?}");
    }
    assert_eq!(taken_for(&[("lorem ipsum", 600)]), None);
}

#[test]
fn two_files_of_one_source_may_differ() {
    let mut room = room(&SHIPPED);
    let sshd = "Nov 23 09:00:00 web1 sshd[4711]: Failed password for ana from 192.0.2.7 port 40122 ssh2";
    let access = r#"192.0.2.7 - - [23/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5.0""#;
    for line in 1..4 {
        assert_eq!(format(&mut room, 1, line, sshd), "sshd");
        assert_eq!(format(&mut room, 2, line, access), "web");
    }
    assert_eq!((room.chosen(1), room.chosen(2), room.chosen(3)), (Some("sshd"), Some("web"), None));
}

#[test]
fn heads_of_tables_vote_by_their_names() {
    for (names, expected) in [
        (
            "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status",
            "iis",
        ),
        ("date time action protocol src-ip dst-ip src-port dst-port size tcpflags", "windows-firewall"),
    ] {
        let mut room = room(&SHIPPED);
        let head = ["#Version: 1.0".to_owned(), format!("#Fields: {names}")];
        let mut events = Vec::new();
        for (line, text) in (1..).zip(&head) {
            room.line(raw(1, line, text), line, &mut events);
        }
        assert!(
            events.iter().all(|event| event.class == Class::Base && event.reason.is_none()),
            "{events:?}"
        );
        assert_eq!(room.chosen(1), Some(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_choice_depends_on_the_lines_alone(
        blocks in prop::collection::vec((prop::sample::select(vec![NOISE, REFUSED, DOOR, NOTE, "lorem"]), 1_u64..300), 1..6),
        stops in prop::collection::btree_set(1_u64..900, 0..12),
    ) {
        let lines: Vec<&str> =
            blocks.iter().flat_map(|(text, times)| std::iter::repeat_n(*text, *times as usize)).collect();
        let mut straight = room(&OWN);
        let mut stopped = room(&OWN);
        let mut stored: BTreeMap<Box<str>, StateRow> = BTreeMap::new();
        for (line, text) in (1..).zip(&lines) {
            let told = format(&mut straight, 1, line, text);
            if stops.contains(&line) {
                stored.extend(stopped.drain().into_iter().map(|row| (row.key.clone(), row)));
                stopped = room(&OWN);
                stopped.restore(&stored.values().cloned().collect::<Vec<_>>());
            }
            prop_assert_eq!(format(&mut stopped, 1, line, text), told, "line {}", line);
        }
        prop_assert_eq!(straight.chosen(1), stopped.chosen(1));
    }
}
