use super::*;
use crate::limits::{AUDIT_LINES_MAX, AUDIT_OPEN_MAX, LINE_BYTES_MAX};
use crate::normalize::split::Role;
use crate::schema::Flags;
use proptest::prelude::*;

/// The lines of a text as Tail cuts them: empty ones are counted and left out.
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
                read_at: Timestamp(0),
            });
        }
        offset += length;
    }
    lines
}

fn records(text: &str) -> Vec<Record> {
    let (mut joiner, mut out) = (Joiner::default(), Vec::new());
    for line in lines(text) {
        joiner.feed(line, Reads::ALL, &mut out);
    }
    joiner.release(Reads::ALL, &mut out);
    assert!(joiner.is_idle() && joiner.bytes() == 0);
    out
}

/// Lines and role of a record.
fn shown(record: &Record) -> String {
    let raw = &record.raw;
    let list = match record.line_list.is_empty() {
        true => format!("{}+{}", raw.line, record.lines),
        false => format!("{:?}", record.line_list),
    };
    if record.role == Role::Frame { format!("({list})") } else { list }
}

fn told(text: &str) -> String {
    records(text).iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn printed_json_is_one_record_and_its_arrays_are_many() {
    for (text, expected) in [
        ("{\n \"a\": 1,\n \"b\": [\n  {\"c\": 2}\n ]\n}\n{\"d\":1}", "1+6 7+1"),
        ("{\n\n \"a\": 1\n}", "[1, 3, 4]"),
        ("[\n{\"a\":1},\n{\"a\":2}\n]\nnext", "(1+1) 2+1 3+1 (4+1) 5+1"),
        ("[{\"a\":1},\n{\"a\":2}]\nnext", "1+1 2+1 3+1"),
        ("[\n  {\n    \"a\": 1\n  }, {\n    \"a\": [1,\n 2]\n  }\n]", "(1+1) 2+3 4+4 (8+1)"),
        ("[{\n\"a\":1}\n,{\"a\":2}\n]", "1+2 3+1 (4+1)"),
        ("{\n\"Records\": [\n{\"a\":1},\n{\n\"a\":2}\n]\n}", "(1+1) (2+1) 3+1 4+2 (6+1) (7+1)"),
        ("{\n\"id\": {\"x\":1},\n\"events\": [\n{\"a\":1}\n]\n}", "1+6"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn a_line_that_cannot_follow_lets_the_held_ones_out() {
    for (text, expected) in [
        // Records that were cut, and what follows.
        ("{\"a\":{\n{\"b\":1}\n{\"c\":1}", "1+1 2+1 3+1"),
        ("{\"a\":1,\n{\n\"b\":1\n}", "1+1 2+3"),
        ("{\"a\":[\n{\"b\":1}\n{\"c\":1}", "1+1 2+1 3+1"),
        ("{\"a\":\"x\n{\"b\":1}", "1+1 2+1"),
        ("{\"a\":1\n{\"b\":1}", "1+1 2+1"),
        ("{\nNov 23 09:00:00 h a: text\n}", "1+1 2+1 3+1"),
        ("[\ntext", "1+1 2+1"),
        // Never complete.
        ("{\n\"a\":1", "1+1 2+1"),
        ("[\n{\"a\":1},\n{\n\"a\":1", "(1+1) 2+1 3+1 4+1"),
        // An array that breaks off: what was told is told, and no byte of it again.
        ("[{\"a\":1}, {\n\"a\": 2\ntext", "1+1 1+1 2+1 3+1"),
        ("[\n{\n\"a\":1}, text\nnext", "(1+1) 2+1 3+1 4+1"),
        ("{\"Records\": [\n{\"a\":1},\n{\"a\":2},\ntext", "(1+1) 2+1 3+1 4+1"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn every_piece_stands_where_it_says() {
    let text = "[\n  {\n    \"a\": 1\n  }, {\"a\":2}, {\n \"a\": 3 }]\n";
    for record in records(text) {
        let start = usize::try_from(record.raw.offset).unwrap();
        let there = &text[start..start + usize::try_from(record.raw.length).unwrap()];
        assert_eq!(there.trim_end_matches('\n').as_bytes(), &*record.raw.bytes);
    }
}

#[test]
fn limits_let_lines_out_and_lists_go_on() {
    let long = format!("{{\n{}\"z\":1\n}}", "\"a\":1,\n".repeat(HELD_LINES_MAX));
    assert_eq!(records(&long).len(), HELD_LINES_MAX + 3);
    let pad = "x".repeat(1_000);
    let list =
        format!("{{\n\"Records\": [\n{}{{\"a\":1}}\n]\n}}", format!("{{\"p\":\"{pad}\"}},\n").repeat(600));
    let all = records(&list);
    assert_eq!(all.iter().filter(|record| record.role == Role::Record).count(), 601);
    assert_eq!(all.iter().filter(|record| record.role == Role::Frame).count(), 4);
    let large = format!("{{\n\"p\": [\n{}1]\n}}", format!("\"{pad}\",\n").repeat(200));
    let all = records(&large);
    assert_eq!((all.len(), all[0].lines), (1, 204));
    assert!(all[0].raw.bytes.len() == LINE_BYTES_MAX && all[0].raw.flags.has(Flag::Truncated));
    assert_eq!(all[0].text.as_ref().unwrap().len() + 1, large.len() + 1);
}

#[test]
fn windows_events_and_java_pairs_are_joined() {
    let head = "Apr 15, 2026 8:34:08 PM org.example.Auth warn";
    for (text, expected) in [
        ("<Event xmlns='x'>\n<System>\n</System>\n</Event>\n<Event><A/></Event>", "1+4 5+1"),
        ("- <Event>\n<A>\n<Event>\n</Event>\ntext", "1+1 2+1 3+2 5+1"),
        (&format!("{head}\nWARNING: refused\n{head}\n{head}\nSEVERE: x\ntext"), "1+2 3+1 4+2 6+1"),
        (&format!("{head}\nWarning: refused"), "1+1 2+1"),
        ("Nov 23 09:00:00 h a.b: c\nINFO: x", "1+1 2+1"),
        ("org.example.Auth warn\nINFO: x", "1+1 2+1"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    assert_eq!(&*records(&format!("{head}\nINFO: x"))[0].raw.bytes, format!("{head}\nINFO: x").as_bytes());
}

fn audit(kind: &str, at: &str) -> String {
    format!("type={kind} msg=audit({at}): a=1\n")
}

#[test]
fn records_of_one_audit_event_are_joined() {
    let (one, two) = ("1700000000.100:1", "1700000000.100:2");
    let all = |parts: &[(&str, &str)]| parts.iter().map(|(kind, at)| audit(kind, at)).collect::<String>();
    let told = |parts: &[(&str, &str)]| told(&all(parts));
    assert_eq!(told(&[("SYSCALL", one), ("CWD", one), ("EOE", one), ("USER_AUTH", two)]), "1+3 4+1");
    let mixed = [
        ("SYSCALL", one),
        ("SYSCALL", two),
        ("PATH", one),
        ("EOE", two),
        ("ADD_USER", "1700000000.100:3"),
        ("EOE", one),
    ];
    assert_eq!(told(&mixed), "[2, 4] 5+1 [1, 3, 6]");
    // Without EOE the title is the last, and time ends the others.
    assert_eq!(told(&[("SYSCALL", one), ("PROCTITLE", one), ("SYSCALL", two), ("CWD", two)]), "1+2 3+2");
    assert_eq!(told(&[("AVC", one), ("AVC", "1700000003.100:3"), ("SYSCALL", one)]), "1+1 2+1 3+1");
    assert_eq!(told(&[("AVC", one), ("AVC", "1700000002.000:3"), ("SYSCALL", one)]), "[1, 3] 2+1");
    let nodes = format!(
        "node=a {}node=b {}node=a {}",
        audit("SYSCALL", one),
        audit("SYSCALL", one),
        audit("EOE", one)
    );
    assert_eq!(super::tests::told(&nodes), "[1, 3] 2+1");
    let syslog: String = all(&[("SYSCALL", one), ("EOE", one)])
        .lines()
        .map(|l| format!("Nov 23 09:00:00 h audispd: {l}\n"))
        .collect();
    assert_eq!(super::tests::told(&syslog), "1+2");
    for other in
        ["type=SYSCALL msg=audit(x.100:1): a\n", "sshd[7]: Invalid user type=SYSCALL msg=audit(1.1:1): \n"]
    {
        assert_eq!(super::tests::told(&other.repeat(2)), "1+1 2+1", "{other}");
    }
}

#[test]
fn audit_events_that_never_end_are_bounded() {
    let open: String = (0..200).map(|n| audit("SYSCALL", &format!("1700000000.100:{n}"))).collect();
    let mut joiner = Joiner::default();
    let mut out = Vec::new();
    for (n, line) in (1..).zip(lines(&open)) {
        joiner.feed(line, Reads::ALL, &mut out);
        assert_eq!(out.len(), usize::saturating_sub(n, AUDIT_OPEN_MAX));
    }
    let [mut later] = <[RawLine; 1]>::try_from(lines("text")).unwrap();
    later.line = 201 + AUDIT_LINES_MAX;
    joiner.feed(later, Reads::ALL, &mut out);
    assert_eq!((out.len(), joiner.first_line()), (201, None));
}

#[test]
fn age_lets_out_whatever_the_clock_does() {
    for now in [HELD_AGE_MAX.0, -HELD_AGE_MAX.0] {
        let (mut joiner, mut out) = (Joiner::default(), Vec::new());
        for line in lines(&format!("{{\n\"a\":1,\n{}", "")) {
            joiner.feed(line, Reads::ALL, &mut out);
        }
        assert!(!joiner.tick(Timestamp(now / 2), Reads::ALL, &mut out) && out.is_empty());
        assert!(joiner.tick(Timestamp(now), Reads::ALL, &mut out));
        assert_eq!((out.len(), joiner.first_line()), (2, None));
    }
    let (mut joiner, mut out) = (Joiner::default(), Vec::new());
    let [line] = <[RawLine; 1]>::try_from(lines(audit("AVC", "1700000000.100:1").trim_end())).unwrap();
    joiner.feed(line, Reads::ALL, &mut out);
    assert!(joiner.tick(Timestamp(AUDIT_AGE_MAX.0), Reads::ALL, &mut out));
    assert_eq!(out.len(), 1);
}

/// Texts full of beginnings and ends.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\n".to_owned()),
        Just("{\"a\":1}".to_owned()),
        Just("{\"Records\":[".to_owned()),
        Just("\"a\":1,".to_owned()),
        Just("<Event>".to_owned()),
        Just("</Event>".to_owned()),
        Just("Apr 15, 2026 8:34:08 PM a.B c".to_owned()),
        Just("INFO: x".to_owned()),
        Just("text \u{e9}".to_owned()),
        "[\\[\\]{},:\"]{1,3}",
        (0..3u8, 0..9u8).prop_map(|(kind, n)| {
            let kind = ["SYSCALL", "EOE", "USER_AUTH"][usize::from(kind)];
            format!("type={kind} msg=audit(170000000{n}.000:{}): x\n", n / 2)
        }),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Whatever comes: each line is in a record, places are unique, and a restart at any point changes nothing.
    #[test]
    fn nothing_is_lost_or_doubled_and_a_restart_changes_nothing(text in hostile(), at in prop::collection::vec(any::<bool>(), 200)) {
        let all = records(&text);
        let mut covered = std::collections::BTreeSet::new();
        let mut places = std::collections::BTreeSet::new();
        for record in &all {
            prop_assert!(places.insert(record.raw.offset), "{:?} again", record.raw.offset);
            match record.line_list.is_empty() {
                true => covered.extend(record.raw.line..record.raw.line + u64::from(record.lines)),
                false => covered.extend(record.line_list.iter().copied()),
            }
        }
        let written: std::collections::BTreeSet<u64> = lines(&text).iter().map(|line| line.line).collect();
        prop_assert_eq!(covered, written);
        let (mut joiner, mut out) = (Joiner::default(), Vec::new());
        for (line, restart) in lines(&text).into_iter().zip(at.iter().chain(std::iter::repeat(&false))) {
            joiner.feed(line, Reads::ALL, &mut out);
            if *restart {
                joiner = serde_json::from_slice(&serde_json::to_vec(&joiner).unwrap()).unwrap();
            }
        }
        joiner.release(Reads::ALL, &mut out);
        prop_assert_eq!(out, all);
    }
}
