use super::*;
use crate::schema::{Flags, Timestamp};

fn line(text: &str) -> RawLine {
    RawLine {
        source: Arc::from("s"),
        generation: 1,
        offset: 1_000,
        length: text.len() as u64 + 1,
        line: 7,
        bytes: text.as_bytes().into(),
        flags: Flags::default(),
        read_at: Timestamp(0),
    }
}

fn records(line: RawLine) -> Vec<Record> {
    let mut out = Vec::new();
    split(line, Reads::ALL, &mut out);
    out
}

fn records_of(text: &str) -> Vec<Record> {
    records(line(text))
}

/// The pieces of a line, each proven to stand where it says.
fn told(text: &str) -> Vec<String> {
    let show = |record: Record| {
        let raw = record.raw;
        let said = String::from_utf8(raw.bytes.to_vec()).unwrap();
        let start = usize::try_from(raw.offset - 1_000).unwrap();
        let place = format!("{text}\n");
        let there = &place[start..start + usize::try_from(raw.length).unwrap()];
        // A frame's place takes in its terminator.
        assert_eq!(there.trim_end_matches('\n'), said.as_str(), "{text}");
        assert_eq!((raw.line, record.lines), (7, 1));
        match record.role {
            Role::Glued(starts) => format!("glued at {starts:?}"),
            Role::Cut(reason) => format!("{said} ({reason})"),
            Role::Frame => format!("{said} (frame)"),
            Role::Record => said,
        }
    };
    records(line(text)).into_iter().map(show).collect()
}

#[test]
fn arrays_and_wrappers_hold_records_and_other_json_is_one() {
    for (text, expected) in [
        (
            r#"[{"a":1},{"b":[{"c":2}]} , {"d":"]},{"}]"#,
            vec![r#"{"a":1}"#, r#"{"b":[{"c":2}]}"#, r#"{"d":"]},{"}"#],
        ),
        (r#" {"Records" : [ {"a":1}, {"a":{"b":2}} ]}"#, vec![r#"{"a":1}"#, r#"{"a":{"b":2}}"#]),
        (r#"{"@odata.context":"x","value":[{"a":1}],"n":null,"o":{},"l":["x"]}"#, vec![r#"{"a":1}"#]),
        (r#"{"a":"}{"}{"b":2} {"c":3}"#, vec![r#"{"a":"}{"}"#, r#"{"b":2}"#, r#"{"c":3}"#]),
        (r#"{"LOGEVENTS":[{"a":1},{"a":2}],"owner":"1"}"#, vec![r#"{"a":1}"#, r#"{"a":2}"#]),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    for whole in [
        r#"{"a":1,"list":[{"b":1},{"b":2}]}"#,
        r#"{"actor":{"name":"ana"},"events":[{"b":1},{"b":2}]}"#,
        r#"{"events":[{"b":1},{"b":2}],"actor":{"name":"ana"}}"#,
        r#"{"events":[{"b":1}],"items":[{"b":2}]}"#,
        r#"{"records":[{"b":1},2]}"#,
        r#"{"records":[]}"#,
        r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"records":[{"b":1}]}"#,
        r#"[{"a":1},2]"#,
        r#"[1,2]"#,
        r#"[{"a":1}"#,
        r#"[{"a":1}] trailing"#,
        r#"{"a":1}{"b":"#,
        r#"{"a":1}{"b":2}[3]"#,
        r#"{"a":1} {b}"#,
        r#"{"records":[{"a":1}"#,
        r#"{"records":[{"a":tru}]}"#,
        "[2026-11-23] text",
        "[{},{},{},{},{},{},{},{},{},{},{},{}]",
    ] {
        assert_eq!(told(whole), [whole]);
    }
}

#[test]
fn what_a_wrapper_repeats_in_each_record_is_bounded_and_what_is_left_out_is_flagged() {
    let text = |records: usize| {
        let list = vec![r#"{"user":"ana","number":12345}"#; records].join(",");
        format!(r#"{{"owner":"123","note":"{}","records":[{list}]}}"#, "n".repeat(6_000))
    };
    let told = |records: usize| {
        let all = records_of(&text(records));
        assert_eq!(all.len(), records);
        let wrapper = all[0].wrapper.clone().unwrap();
        let keys: Vec<usize> =
            wrapper.iter().map(|(_, value)| bytes_of(value) - size_of::<Datum>()).collect();
        assert!(all.iter().all(|record| record.raw.flags.has(Flag::Truncated)));
        keys
    };
    assert_eq!(told(2), [3, FIELD_BYTES_MAX], "a value is cut as everywhere");
    assert_eq!(told(1_000), [3], "and left out where so many records would repeat it");
}

#[test]
fn a_wrapper_tells_its_other_members() {
    let text = r#"{"owner":"123","records":[{"a":1},{"a":2}],"n":2}"#;
    let all = records(line(text));
    let wrapper = all[1].wrapper.clone().unwrap();
    assert_eq!(
        &wrapper[..],
        [("wrapper.owner".into(), Datum::Text("123".into())), ("wrapper.n".into(), Datum::Int(2))]
    );
}

#[test]
fn a_line_that_was_cut_gives_its_whole_records_and_tells_of_the_rest() {
    let text = r#"{"Records":[{"a":1},{"a":2},{"a":"thr"#;
    let mut cut = line(text);
    cut.flags.set(Flag::Truncated);
    cut.length = 200_000;
    let all = records(cut);
    let shown: Vec<_> = all.iter().map(|r| std::str::from_utf8(&r.raw.bytes).unwrap()).collect();
    assert_eq!(shown, [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":"thr"#]);
    let rest = &all[2];
    assert_eq!(rest.role, Role::Cut("the JSON is cut off after 9 bytes".to_owned()));
    assert_eq!(rest.raw.offset + rest.raw.length, 201_000);
    assert!(rest.raw.flags.has(Flag::Truncated));
    let mut cut = line(r#"{"a":1}{"a":"t"#);
    cut.flags.set(Flag::Truncated);
    let roles: Vec<Role> = records(cut).into_iter().map(|record| record.role).collect();
    assert_eq!(roles, [Role::Record, Role::Cut("the JSON is cut off after 7 bytes".to_owned())]);
}

#[test]
fn pieces_of_a_line_that_was_decoded_have_places_of_their_own() {
    let mut wide = line(r#"[{"a":1},{"a":2},{"a":3}]"#);
    wide.length = 52;
    let places: Vec<u64> = records(wide).iter().map(|record| record.raw.offset).collect();
    assert_eq!(places, [1_000, 1_001, 1_002]);
}

#[test]
fn windows_events_stand_one_behind_the_other() {
    let (one, two) = (r#"<Event xmlns="x"><System/></Event>"#, "<Event><A>&lt;/Event></A></Event>");
    assert_eq!(told(&format!("{one}{two} - {one}")), [one, two, &format!("- {one}")]);
    let frames = ["<?xml version=\"1.0\"?>", "<Events xmlns=\"x\">", "</Events>"];
    assert!(frames.iter().all(|frame| told(frame) == [format!("{frame} (frame)")]));
    for whole in [one, "<Event><A></Event><B></B>", "<Events><Event></Event></Events>", "- <Event>"] {
        assert_eq!(told(whole), [whole]);
    }
}

#[test]
fn octet_counts_that_fit_decide() {
    let one = "<38>1 2026-11-23T09:00:00Z h sshd 7 - - Failed <38>1 2026-11-23T09:00:00Z h a 1 - - x";
    let two = "<13>Nov 23 09:00:01 h a: two";
    let line = format!("{} {one}{} {two}", one.len(), two.len() + 1);
    let skip = |text: &str| text.split_once(' ').unwrap().1.to_owned();
    let all = records(super::tests::line(&line));
    let shown: Vec<String> = all.iter().map(|r| String::from_utf8(r.raw.bytes.to_vec()).unwrap()).collect();
    assert_eq!(shown, [skip(&format!("1 {one}")), two.to_owned()]);
    assert!(matches!(all[0].role, Role::Record));
    let end = |record: &Record| record.raw.offset + record.raw.length;
    assert_eq!(end(&all[1]), 1_000 + line.len() as u64 + 1);
}

#[test]
fn a_frame_that_follows_is_a_whole_header_of_the_same_sender_at_that_time() {
    let bsd = "<13>Nov 23 09:00:00 h a: one";
    let new = "<13>1 2026-11-23T09:00:00Z h a 1 - - one";
    let iso = "<13>2026-11-23T09:00:00.5+01:00 h a[1]: one";
    for (text, starts) in [
        (format!("{bsd}<191>Nov 23 09:00:07 h b[1]: two"), vec![28]),
        (format!("{bsd} \"<13>Nov 23 09:00:07 h b[1]: two"), vec![30]),
        (
            format!(
                "{new}<0>1 2026-11-23T09:01:00Z h b - - [x y=\"1\"] two<0>1 2026-11-23T09:01:00Z h b - - - 3"
            ),
            vec![40, 87],
        ),
        (format!("{iso}<13>2026-11-23T09:00:01.5+01:00 h a[1]: two"), vec![43]),
        (format!("577 {new}579 <0>1 2026-11-23T09:01:00Z h b - - - two"), vec![44]),
    ] {
        let expected = vec![format!("glued at {starts:?}")];
        assert_eq!(told(&text), expected, "{text}");
    }
    for whole in [
        // Not a header, or not whole.
        format!("{bsd}<192>Nov 23 09:00:07 h b: two"),
        format!("{bsd}<013>Nov 23 09:00:07 h b: two"),
        format!("{bsd}<13> Nov 23 09:00:07 h b: two"),
        format!("{bsd}<13>Nov 23 09:00:07"),
        format!("{bsd}<13>two"),
        format!("{new}<0>1 2026-11-23T09:01:00Z h b two"),
        // Another style, machine or time.
        format!("{bsd}<13>1 2026-11-23T09:00:00Z h a 1 - - two"),
        format!("{bsd}<13>Nov 23 09:00:07 g b: two"),
        format!("{bsd}<13>Nov 23 12:00:07 h b: two"),
        // In quotes that close, without the count that the first has, or in a line that is no frame.
        format!("{bsd} \"x<13>Nov 23 09:00:07 h b: two\""),
        format!("577 {new}<0>1 2026-11-23T09:01:00Z h b - - - two"),
        format!("Nov 23 09:00:00 h sshd[7]: Invalid user x{bsd}"),
        "577 <13>Nov 23 09:00:00 h a: one".to_owned(),
    ] {
        assert_eq!(told(&whole), [whole.as_str()]);
    }
}

proptest::proptest! {
    #[test]
    fn nothing_breaks_it_and_pieces_stand_apart(text in "([\\[\\]{}:,\"\\\\ax1 ]|\\{\"a\":1\\},?|<13>Nov 23 09:00:00 h a: |28 |</?Event>|\u{e9}){0,40}", cut: bool) {
        let mut raw = line(&text);
        if cut {
            raw.flags.set(Flag::Truncated);
            raw.length += 100_000;
        }
        let (start, end) = (raw.offset, raw.offset + raw.length);
        let all = records(raw);
        proptest::prop_assert!(!all.is_empty());
        let mut at = start;
        for (n, record) in all.iter().enumerate() {
            proptest::prop_assert!(record.raw.offset >= at + u64::from(n > 0) && record.raw.length > 0);
            at = record.raw.offset;
            proptest::prop_assert!(at + record.raw.length <= end);
        }
    }
}
