//! The room Normalize as a whole: lines in, events out, over grammars made for these tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic and print")]

use gatewatch::config::grammars;
use gatewatch::limits::FIELD_BYTES_MAX;
use gatewatch::normalize::column::column_text;
use gatewatch::normalize::grammar::{Grammar, GrammarSet};
use gatewatch::normalize::spec::GrammarSpec;
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Class, Event, Flag, Flags, RawLine, Span, StateRow, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

const GATE: &str = r#"
name = "gate"
family = "house"
framing = "syslog"
programs = ["gate", "gate-*"]

[[message]]
name = "refused"
literal = "^Refused "
pattern = '^Refused (?<account>.*) from (?<src>\S+) port (?<src_port>\d+)$'
class = "authentication"
activity = "logon"
outcome = "failure"
attempt = "fails"

[[message]]
name = "let in"
literal = "^Let in "
pattern = '^Let in (?<user>\S+)(?: from (?<src>\S+))?(?: at (?<time>.*))?$'
class = "authentication"
activity = "logon"
outcome = "success"

[[message]]
name = "noise"
literal = "tick"
pattern = 'tick'
"#;
const PORCH: &str = r#"
name = "porch"
family = "house"
framing = "syslog"
programs = ["porch"]

[[message]]
name = "knock"
literal = "^knock "
pattern = '^knock (?<resource>\w+)$'
class = "session"
activity = "open"
"#;
const SHOP: &str = r#"
name = "shop"
framing = "json"
map.outcome = { OK = "success", DENIED = "failure" }
[fields]
user = ["actor.name", "actor.id"]
src = "ip"
time = "ts"
outcome = "result"
[[message]]
name = "login"
when = { type = "shop.login*" }
unless = { "tags.kind" = "probe" }
class = "authentication"
activity = "logon"
"#;
const WEB: &str = r#"
name = "web"
framing = "syslog"
programs = ["web"]
[[message]]
name = "access"
pattern = '^(?<src>\S+) - (?<user>\S+) \[(?<time>[^\]]+)\] "(?<http_method>\S+) (?<resource>\S+) \S+" (?<http_status>\d+)$'
class = "http"
"#;

fn set_of(texts: &[&str]) -> Arc<GrammarSet> {
    let mut problems = Vec::new();
    let spec = |text: &&str| grammars::parse("test.toml", text, &mut problems);
    let specs: Vec<GrammarSpec> = texts.iter().filter_map(spec).collect();
    assert!(problems.is_empty(), "{}", problems[0]);
    let compiled = specs.into_iter().map(|spec| Grammar::compile(spec).unwrap());
    Arc::new(GrammarSet::new(compiled.collect()).unwrap())
}

static SET: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    let fallbacks = ["json", "kv", "syslog"]
        .map(|name| format!("{}/config/grammars/fallback/{name}.toml", env!("CARGO_MANIFEST_DIR")));
    let fallbacks = fallbacks.map(|path| std::fs::read_to_string(path).unwrap());
    let [json, kv, syslog] = fallbacks.each_ref().map(String::as_str);
    set_of(&[GATE, PORCH, SHOP, WEB, json, kv, syslog])
});

fn room(format: &str) -> Normalize {
    let source = |name: &str, format: &str| SourceParams {
        name: Arc::from(name),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    Normalize::new(Arc::clone(&SET), vec![source("s", format)])
}

fn raw(line: u64, bytes: &[u8]) -> RawLine {
    RawLine {
        source: Arc::from("s"),
        generation: 1,
        offset: line * 1_000,
        length: bytes.len() as u64 + 1,
        line,
        bytes: bytes.into(),
        flags: Flags::default(),
        read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap(),
    }
}

/// The one event of a line.
fn told_by(room: &mut Normalize, line: RawLine, id: u64) -> Event {
    let mut events = Vec::new();
    room.line(line, id, &mut events);
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

fn events(format: &str, lines: &[&str]) -> Vec<Event> {
    let mut room = room(format);
    (1..).zip(lines).map(|(n, line)| told_by(&mut room, raw(n, line.as_bytes()), 100 + n)).collect()
}

fn event(format: &str, line: &str) -> Event {
    events(format, &[line]).remove(0)
}

/// Columns by name, joined.
fn told(event: &Event, names: &str) -> String {
    let text = |name| column_text(event, name).unwrap_or_default();
    names.split(' ').map(text).collect::<Vec<_>>().join("|")
}

#[test]
fn a_family_and_its_members_read_the_same_lines() {
    for format in ["house", "gate", "porch"] {
        let lines = [
            "Nov 23 09:00:00 web1 gate[7]: Refused x from y from 192.0.2.7 port 99",
            "Nov 23 09:00:01 web1 porch: knock door",
            "Nov 23 09:00:02 web1 /usr/bin/GATE-2[8]:  Let in ana",
            "Nov 23 09:00:03 web1 cook[9]: Let in ana",
            "Nov 23 09:00:04 web1 gate[7]: something new",
            "Let in ben from gw.example.org",
            "2026-11-23T09:00:05Z Let in ben",
            "no such thing",
        ];
        let shown: Vec<String> =
            events(format, &lines).iter().map(|e| told(e, "class user src_ip host app")).collect();
        let expected = [
            "authentication|x from y|192.0.2.7|web1|gate",
            "session|||web1|porch",
            "authentication|ana||web1|/usr/bin/GATE-2",
            "base|||web1|cook",
            "base|||web1|gate",
            "authentication|ben|||",
            "authentication|ben|||",
            "unparsed||||",
        ];
        assert_eq!(shown, expected, "{format}");
    }
    let formats: Vec<String> = events("house", &["gate[7]: tick", "porch[7]: x", "cook[7]: x"])
        .iter()
        .map(|e| told(e, "format"))
        .collect();
    assert_eq!(formats, ["gate", "porch", "house"]);
}

#[test]
fn who_comes_through_the_header_is_never_believed_twice() {
    // A name that looks like the end of the line: the last address counts, the rest is the name.
    let forged = event(
        "gate",
        "Nov 23 09:00:00 h gate[7]: Refused root from 203.0.113.9 port 1 from 192.0.2.7 port 99",
    );
    assert_eq!(told(&forged, "user src_ip src_port"), "root from 203.0.113.9 port 1|192.0.2.7|99");
    let domain = event("gate", r"Nov 23 09:00:00 h gate[7]: Refused CORP\ana from ::ffff:192.0.2.7 port 99");
    assert_eq!(told(&domain, "user user_domain src_ip"), "ana|CORP|192.0.2.7");
    for name in ["", "-", "(null)", "<unknown>", "(invalid user)", "UNKNOWN", "N/A"] {
        let nobody = event("gate", &format!("gate[7]: Refused {name} from 192.0.2.007 port 99"));
        assert_eq!(
            told(&nobody, "class user src_ip src_host extra.src"),
            "authentication||||192.0.2.007",
            "{name}"
        );
    }
    let mixed = event("gate", "gate[7]: Refused r\u{43e}\u{43e}t from 192.0.2.7 port 99");
    assert_eq!(told(&mixed, "flags"), "time-missing,mixed-script");
}

#[test]
fn the_journal_is_read_like_syslog() {
    let line = r#"{"__REALTIME_TIMESTAMP":"1795424400123456","_HOSTNAME":"web1","_PID":"7","SYSLOG_IDENTIFIER":"gate","MESSAGE":"Refused ana from 192.0.2.7 port 9"}"#;
    let columns = "class user src_ip host app extra.pid time";
    assert_eq!(
        told(&event("house", line), columns),
        "authentication|ana|192.0.2.7|web1|gate|7|2026-11-23T09:00:00.123Z"
    );
    let foreign = line.replace("gate", "cook");
    assert_eq!(told(&event("house", &foreign), columns), "base|||web1|cook|7|2026-11-23T09:00:00.123Z");
}

#[test]
fn a_repeated_message_counts_and_attempts_are_joined() {
    let repeated = event(
        "gate",
        "Nov 23 09:00:00 h gate[7]: message repeated 3 times: [ Refused ana from 192.0.2.7 port 9]",
    );
    assert_eq!(told(&repeated, "class user src_port count"), "authentication|ana|9|3");
    let zero = event(
        "gate",
        "Nov 23 09:00:00 h gate[7]: message repeated 0 times: [ Refused ana from 192.0.2.7 port 9]",
    );
    assert_eq!(told(&zero, "class count"), "base|1");
}

#[test]
fn the_stamp_with_a_zone_wins() {
    let both = event("gate", "Nov 23 09:00:00 h gate[7]: Let in ana at 2026-11-23T09:59:58+01:00");
    assert_eq!(told(&both, "time time_text flags"), "2026-11-23T08:59:58.000Z|2026-11-23T09:59:58+01:00|");
    let none = event("gate", "2026-11-23T09:00:00Z h gate[7]: Let in ana at 2026-11-23 10:00:00");
    assert_eq!(told(&none, "time flags"), "2026-11-23T09:00:00.000Z|");
    let wrong = event("gate", "Nov 23 09:00:00 h gate[7]: Let in ana at noon");
    assert_eq!(told(&wrong, "time extra.time"), "2026-11-23T09:00:00.000Z|noon");
}

#[test]
fn web_requests_follow_their_status() {
    let line = r#"192.0.2.7 - - [23/Nov/2026:10:00:00 +0100] "POST /login HTTP/1.1" 401"#;
    for line in [
        line.to_owned(),
        format!("Nov 23 09:00:01 h web: {line}"),
        format!("<134>Nov 23 09:00:01 h web[1]: {line}"),
    ] {
        let request = event("web", &line);
        assert_eq!(
            told(&request, "class activity outcome user src_ip time"),
            "http|post|failure||192.0.2.7|2026-11-23T09:00:00.000Z"
        );
    }
}

#[test]
fn json_forms_are_told_by_tests() {
    let login = event(
        "shop",
        r#"{"type":"shop.login.web","actor":{"id":7},"ip":"192.0.2.7","result":"denied","ts":1795424400}"#,
    );
    assert_eq!(
        told(&login, "class outcome user src_ip time extra.result extra.type"),
        "authentication|failure|7|192.0.2.7|2026-11-23T09:00:00.000Z|denied|shop.login.web"
    );
    let probe = event("shop", r#"{"type":"shop.login","tags":[{"kind":"a"},{"kind":"probe"}]}"#);
    assert_eq!(told(&probe, "class extra.tags.kind"), "base|a,probe");
    let behind = event("shop", r#"Nov 23 09:00:00 h shop[7]: {"type":"shop.login","actor":{"name":"ana"}}"#);
    assert_eq!(told(&behind, "class user host app"), "authentication|ana|h|shop");
    let cut = event("shop", r#"{"type":"shop.login","actor":{"na"#);
    assert_eq!(told(&cut, "class user reason"), "unparsed||the JSON is cut off after 33 bytes");
    let swapped = event("shop", r#"{"actor":{"name":"ana","name":"eve"},"actor":{"name":"eve"}}"#);
    assert_eq!(
        told(&swapped, "user flags extra.actor.name#2 extra.actor#2.name"),
        "ana|time-missing,duplicate-key|eve|eve"
    );
}

#[test]
fn bytes_that_are_no_text_keep_their_raw_line() {
    let mut room = room("gate");
    let bytes = b"gate[7]: Refused a\xff\0b from 192.0.2.7 port 99\r";
    let event = told_by(&mut room, raw(1, bytes), 101);
    assert_eq!(told(&event, "user src_port flags"), "a\u{fffd}b|99|time-missing,bad-encoding,nul");
    assert_eq!(&*event.raw, bytes);
    let long = format!("gate[7]: Refused {} from 192.0.2.7 port 99", "x".repeat(60_000));
    let event = told_by(&mut room, raw(2, long.as_bytes()), 102);
    assert_eq!(event.user.as_deref().map(str::len), Some(FIELD_BYTES_MAX));
    assert!(event.flags.has(Flag::Truncated));
    assert_eq!((event.id, event.line, event.raw.len()), (102, 2, long.len()));
    assert_eq!(told(&told_by(&mut room, raw(3, b""), 103), "class reason"), "unparsed|empty line");
}

#[test]
fn auto_finds_the_grammar_by_evidence() {
    let guess = |lines: &[&str]| {
        let bytes: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        SET.guess(&bytes).map(str::to_owned)
    };
    assert_eq!(guess(&["Nov 23 09:00:00 h gate[7]: Let in ana"]).as_deref(), Some("gate"));
    assert_eq!(
        guess(&["Nov 23 09:00:00 h gate[7]: Let in ana", "Nov 23 09:00:00 h porch[7]: knock a"]).as_deref(),
        Some("house")
    );
    assert_eq!(
        guess(&["Nov 23 09:00:00 h cook[7]: soup", "Nov 23 09:00:00 h cook[7]: salad"]).as_deref(),
        Some("syslog")
    );
    assert_eq!(guess(&[r#"{"type":"shop.login"}"#]).as_deref(), Some("shop"));
    assert_eq!(guess(&[r#"{"a":1}"#]).as_deref(), Some("json"));
    assert_eq!(guess(&["a=1 b=2"]).as_deref(), Some("kv"));
    assert_eq!(guess(&["lorem ipsum"]), None);
    assert_eq!(guess(&[]), None);
    let lines = [
        "Nov 23 09:00:00 h cook[7]: soup",
        "Nov 23 09:00:00 h gate[7]: Let in ana",
        "Nov 23 09:00:00 h cook[7]: x",
    ];
    let formats: Vec<String> = events("auto", &lines).iter().map(|e| told(e, "format flags")).collect();
    assert_eq!(
        formats,
        [
            "syslog|year-assumed,zone-assumed,guessed",
            "gate|year-assumed,zone-assumed",
            "gate|year-assumed,zone-assumed"
        ]
    );
}

#[test]
fn a_reading_can_be_explained() {
    let told = |format: &str, line: &str| {
        SET.explain(format, line.as_bytes())
            .map(|e| (e.grammar.map(str::to_owned), e.message.map(str::to_owned), e.reason))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(told("house", "gate[7]: Let in ana"), Some((some("gate"), some("let in"), None)));
    assert_eq!(told("house", "cook[7]: soup"), Some((None, None, None)));
    assert_eq!(told("shop", "soup"), Some((some("shop"), None, some("not a JSON object"))));
    assert_eq!(told("nothing", "soup"), None);
}

/// Lines that would be slow if any step looked back: twice the length may cost about twice the time, and a line of
/// the largest size has to be read in a fraction of a second even unoptimized.
#[test]
#[expect(clippy::disallowed_methods, reason = "it measures how long the machine takes, not what time it is")]
fn long_lines_take_linear_time() {
    let long = |piece: &str| piece.repeat(60_000 / piece.len());
    let lines = [
        format!("<38>1 2026-11-23T09:00:00Z h gate 7 - [a x=\"{}\"] m", long("]")),
        format!("<38>1 2026-11-23T09:00:00Z h gate 7 - {} m", long("[a x=\"y\"]")),
        format!("gate[7]: Refused {} from 192.0.2.7 port 99", long(" from 192.0.2.7 port ")),
        long("tick"),
        long("a= "),
        long("a=\"\\\" "),
        format!("{{{}\"z\":1}}", long("\"a\":1,")),
        format!("{{\"z\":[{}{{}}]}}", long("{\"a\":{}},")),
        long("{\"a\":["),
        long("<38>"),
        long("Nov 23 09:00:00 "),
    ];
    for format in ["house", "shop", "json", "kv", "syslog"] {
        for line in &lines {
            // A yardstick of the same machine at the same time, so that a busy one does not fail the test.
            let clock = std::time::Instant::now;
            let start = clock();
            let sum: u64 = (0..20)
                .flat_map(|_| line.bytes())
                .fold(0, |sum, byte| std::hint::black_box(sum) * 31 % 1_000_003 + u64::from(byte));
            let yardstick = start.elapsed();
            let start = clock();
            let read = event(format, line);
            let spent = start.elapsed();
            assert!(sum > 0 && read.length > 0);
            assert!(spent < yardstick * 20, "{format} {}: {spent:?}, yardstick {yardstick:?}", &line[..40]);
        }
    }
}

#[test]
fn an_unknown_format_is_told_and_nothing_is_lost() {
    let unknown = event("gaet", "x");
    assert_eq!(told(&unknown, "class format reason"), "unparsed|gaet|no grammar is named `gaet`");
}

/// Lines that go on after a restart as if there had been none.
#[test]
fn a_restart_changes_nothing() {
    let line = |n: u64| match n % 4 {
        0 => format!("Nov 23 09:{:02}:00 h gate[7]: Let in ana", n % 60),
        1 => format!("Nov 23 09:{:02}:00 h cook[7]: soup", n % 60),
        2 => "no stamp".to_owned(),
        _ => format!(
            "Nov 23 09:{:02}:00 h gate[7]: Refused ana from 192.0.2.7 port 9",
            n.saturating_sub(10) % 60
        ),
    };
    let straight = {
        let mut room = room("auto");
        (1..80).map(|n| told_by(&mut room, raw(n, line(n).as_bytes()), n)).collect::<Vec<_>>()
    };
    let mut stored: BTreeMap<Box<str>, StateRow> = BTreeMap::new();
    let mut restarted = Vec::new();
    for n in 1..80 {
        let mut room = room("auto");
        room.restore(&stored.values().cloned().collect::<Vec<_>>());
        restarted.push(told_by(&mut room, raw(n, line(n).as_bytes()), n));
        stored.extend(room.drain().into_iter().map(|row| (row.key.clone(), row)));
        assert!(room.drain().is_empty());
    }
    assert_eq!(restarted, straight);
    let kept = |stored: &BTreeMap<Box<str>, StateRow>, kind: &str| {
        stored.values().filter(|row| row.body.is_some() && row.key.starts_with(kind)).count()
    };
    // Two sessions, far enough apart to stand on two pages.
    assert_eq!(["generation:", "attempts", "sessions:"].map(|kind| kept(&stored, kind)), [1, 1, 2]);
    let mut room = room("auto");
    room.restore(&stored.values().cloned().collect::<Vec<_>>());
    assert!(room.watermark(1).is_some());
    room.forget(1);
    assert!(room.watermark(1).is_none());
    assert_eq!(
        room.drain().iter().map(|row| (&*row.key, row.body.is_none())).collect::<Vec<_>>(),
        [("generation:1", true)]
    );
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"Nov 23 09:00:00 ".to_vec()),
        Just(b"<38>1 2026-11-23T09:00:00Z ".to_vec()),
        Just(b"h gate[7]: ".to_vec()),
        Just(b"message repeated 9 times: [ ".to_vec()),
        Just(b"Refused a from 192.0.2.7 port 99".to_vec()),
        Just(b"{\"type\":\"shop.login\",\"actor\":[{\"name\":".to_vec()),
        Just(b"user=\"a\\\" src= [AF_INET6]::1:2 ".to_vec()),
        Just("\u{feff}\u{2028}\u{1f600}".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_line_is_in_one_event_and_none_breaks_it(lines in prop::collection::vec(hostile(), 1..6)) {
        for format in ["house", "shop", "web", "json", "kv", "syslog", "auto"] {
            let (mut room, mut events) = (room(format), Vec::new());
            for (n, line) in (1..).zip(&lines) {
                room.line(raw(n, line), events.len() as u64 + 1, &mut events);
            }
            room.flush(events.len() as u64 + 1, &mut events);
            let mut covered: Vec<u64> = events.iter().flat_map(|e| e.line..e.line + u64::from(e.lines)).collect();
            covered.dedup();
            prop_assert_eq!(covered, (1..=lines.len() as u64).collect::<Vec<_>>());
            for (id, event) in (1..).zip(&events) {
                prop_assert_eq!((event.id, event.generation), (id, 1));
                prop_assert_eq!(event.class == Class::Unparsed, event.reason.is_some());
                prop_assert!(event.user.as_deref() != Some("") && event.part_of.is_none_or(|part| part < id));
            }
        }
    }
}
