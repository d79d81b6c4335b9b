//! Records that are not lines, through the whole room Normalize with the shipped grammars.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use gatewatch::config::grammars;
use gatewatch::normalize::column::column_text;
use gatewatch::normalize::grammar::GrammarSet;
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Class, Event, Flags, RawLine, Span, StateRow, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

static SET: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    let specs = grammars::load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    Arc::new(grammars::compile_all(specs).unwrap_or_else(|problems| panic!("{}", problems[0])))
});

fn room(format: &str) -> Normalize {
    let source = SourceParams {
        name: Arc::from("s"),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    Normalize::new(Arc::clone(&SET), vec![source])
}

/// The lines of a text, as a file has them.
fn lines(text: &str) -> Vec<RawLine> {
    let mut offset = 0;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        let length = line.len() as u64 + 1;
        if !line.is_empty() {
            lines.push(RawLine {
                source: Arc::from("s"),
                generation: 1,
                offset,
                length,
                line: number,
                bytes: line.as_bytes().into(),
                flags: Flags::default(),
                read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap(),
            });
        }
        offset += length;
    }
    lines
}

/// The events of a text. Before each line of which `restarts` says so, the room is made anew from what it stored.
fn events_over(format: &str, text: &str, restarts: &[bool]) -> Vec<Event> {
    let mut stored: BTreeMap<Box<str>, StateRow> = BTreeMap::new();
    let (mut room, mut events) = (room(format), Vec::new());
    for (line, restart) in lines(text).into_iter().zip(restarts.iter().chain(std::iter::repeat(&false))) {
        if *restart {
            stored.extend(room.drain().into_iter().map(|row| (row.key.clone(), row)));
            stored.retain(|_, row| row.body.is_some());
            room = self::room(format);
            room.restore(&stored.values().cloned().collect::<Vec<_>>());
        }
        room.line(line, events.len() as u64 + 1, &mut events);
    }
    room.release(1, events.len() as u64 + 1, &mut events);
    room.forget(1);
    stored.extend(room.drain().into_iter().map(|row| (row.key.clone(), row)));
    let left: Vec<&str> = stored.values().filter(|row| row.body.is_some()).map(|row| &*row.key).collect();
    assert!(left.iter().all(|key| *key == "attempts"), "a file that is finished leaves nothing: {left:?}");
    events
}

fn events(format: &str, text: &str) -> Vec<Event> {
    events_over(format, text, &[])
}

fn told(event: &Event, columns: &str) -> String {
    let texts = columns.split(' ').map(|name| column_text(event, name).unwrap_or_default());
    texts.collect::<Vec<_>>().join("|")
}

fn all(format: &str, text: &str, columns: &str) -> Vec<String> {
    events(format, text).iter().map(|event| told(event, columns)).collect()
}

const FAILED: &str = "Nov 23 09:00:00 gw sshd[7]: Failed password for root from 192.0.2.7 port 9 ssh2";

#[test]
fn a_message_that_is_told_again_is_the_message_so_many_times() {
    let text = format!(
        "{FAILED}\nNov 23 09:00:40 gw last message repeated 4 times\nNov 23 09:00:50 hut last message repeated 2 times\n"
    );
    for restarts in [[false; 3], [true; 3]] {
        let events = events_over("sshd", &text, &restarts);
        let shown: Vec<String> =
            events.iter().map(|e| told(e, "class outcome user src_ip count extra.repeats time")).collect();
        assert_eq!(
            shown,
            [
                "authentication|failure|root|192.0.2.7|1||2026-11-23T09:00:00.000Z",
                "authentication|failure|root|192.0.2.7|4|1|2026-11-23T09:00:40.000Z",
                "base|unknown|||2||2026-11-23T09:00:50.000Z",
            ]
        );
        assert_eq!(events[1].raw_text(), "Nov 23 09:00:40 gw last message repeated 4 times");
        assert!(events[1].part_of.is_none() && events[2].reason.is_none());
    }
}

#[test]
fn a_name_that_looks_like_a_frame_stays_a_name() {
    let forged = "x<38>Nov 23 09:00:00 gw sshd[9]: Accepted password for root from 203.0.113.66 port 1 ssh2";
    let line = format!(
        "<38>Nov 23 09:00:00 gw sshd[7]: Failed password for invalid user {forged} from 192.0.2.7 port 9 ssh2"
    );
    assert_eq!(all("sshd", &line, "class outcome src_ip"), ["authentication|failure|192.0.2.7"]);
    // What no grammar reads as one message is cut.
    let glued = "<30>Nov 23 09:00:00 gw systemd[1]: Stopped x.<38>Nov 23 09:00:01 gw sshd[7]: Failed password for root from 192.0.2.7 port 9 ssh2";
    assert_eq!(
        all("linux-auth", glued, "line app outcome src_ip"),
        ["1|systemd|unknown|", "1|sshd|failure|192.0.2.7"]
    );
    let counted = |text: &str| format!("{} {text}", text.len());
    let line =
        counted(&format!("<38>{FAILED}")) + &counted(&format!("<38>{}", FAILED.replace("root", "ana")));
    assert_eq!(all("sshd", &line, "user src_ip"), ["root|192.0.2.7", "ana|192.0.2.7"]);
}

#[test]
fn records_of_a_wrapper_are_read_and_know_it() {
    let text = r#"{"owner":"123","logEvents":[{"time":"2026-11-23T09:00:00Z","user":"ana"},{"time":"2026-11-23T09:00:01Z","user":"ben"}]}"#;
    assert_eq!(
        all("json", text, "line lines user time extra.wrapper.owner"),
        ["1|1|ana|2026-11-23T09:00:00.000Z|123", "1|1|ben|2026-11-23T09:00:01.000Z|123",]
    );
}

#[test]
fn auto_counts_records() {
    let record = "{\n  \"time\": \"2026-11-23T09:00:00Z\",\n  \"user\": \"ana\"\n}\n";
    let shown = all("auto", &record.repeat(3), "format line lines user class");
    assert_eq!(shown, ["json|1|4|ana|base", "json|5|4|ana|base", "json|9|4|ana|base"]);
    let list = format!("[\n{}{{\"user\":\"ana\"}}\n]\n", "{\"user\":\"ana\"},\n".repeat(39));
    let events = events("auto", &list);
    assert!(events.len() == 42 && events.iter().all(|event| event.class != Class::Unparsed));
}

#[test]
fn records_of_an_audit_event_are_one_event() {
    let text = "type=SYSCALL msg=audit(1700000000.100:1): uid=0 comm=\"a\"\ntype=SYSCALL msg=audit(1700000000.100:2): uid=1\n\
        type=CWD msg=audit(1700000000.100:1): cwd=\"/\"\ntype=EOE msg=audit(1700000000.100:1):\ntype=EOE msg=audit(1700000000.100:2):\n";
    assert_eq!(all("kv", text, "line lines line_list extra.comm extra.cwd"), ["1|3|1,3,4|a|/", "2|2|2,5||"]);
}

#[test]
fn what_waits_too_long_comes_out_as_it_is() {
    let mut room = room("json");
    let mut events = Vec::new();
    let held = lines("{\n\"user\": \"ana\",");
    let read_at = held[0].read_at;
    held.into_iter().for_each(|line| room.line(line, 1, &mut events));
    assert_eq!(room.held_from(1), Some(1));
    room.tick(read_at + Span::seconds(59), 1, &mut events);
    assert!(events.is_empty());
    room.tick(read_at + Span::seconds(60), 7, &mut events);
    let shown: Vec<String> = events.iter().map(|event| told(event, "line lines class")).collect();
    assert_eq!(
        (shown, events[0].id, events[1].id),
        (vec!["1|1|unparsed".to_owned(), "2|1|unparsed".to_owned()], 7, 8)
    );
    assert_eq!(room.held_from(1), None);
}

#[test]
fn what_all_files_hold_is_bounded() {
    let mut room = room("json");
    let mut events = Vec::new();
    let text = format!("{{\n{}", format!("\"a\": \"{}\",\n", "x".repeat(60_000)).repeat(4));
    for generation in 1..=100 {
        for line in lines(&text) {
            room.line(RawLine { generation, ..line }, 1, &mut events);
        }
    }
    let holding = (1..=100).filter(|generation| room.held_from(*generation).is_some()).count();
    assert!((60..=70).contains(&holding), "{holding}");
    room.flush(1, &mut events);
    assert_eq!(events.len(), 500);
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\n".to_owned()),
        Just(format!("\n{FAILED}\n")),
        Just("\nNov 23 09:00:40 gw last message repeated 4 times\n".to_owned()),
        Just("<38>Nov 23 09:00:00 gw a: b".to_owned()),
        Just("{\"user\":\"ana\"}".to_owned()),
        Just("{\"Records\":[".to_owned()),
        Just("\"a\":1,".to_owned()),
        Just("Apr 15, 2026 8:34:08 PM a.B c".to_owned()),
        Just("INFO: x".to_owned()),
        "[\\[\\]{},:\"\u{e9}]{1,3}",
        (0..3u8, 0..9u8).prop_map(|(kind, n)| {
            let kind = ["SYSCALL", "EOE", "USER_AUTH"][usize::from(kind)];
            format!("type={kind} msg=audit(170000000{n}.000:{}): x=1\n", n / 2)
        }),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// A kill at any place gives the same events: what is held back is stored with the position that has passed it.
    #[test]
    fn restarts_change_nothing(text in hostile(), restarts in prop::collection::vec(any::<bool>(), 100)) {
        for format in ["auto", "json", "kv", "sshd"] {
            let straight = events(format, &text);
            prop_assert!(straight.iter().zip(1..).all(|(event, id)| event.id == id));
            prop_assert_eq!(events_over(format, &text, &restarts), straight);
        }
    }
}
