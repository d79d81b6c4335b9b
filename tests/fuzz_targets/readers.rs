//! Readers that are asked directly.

use gatewatch::normalize::scan::{NOWHERE, Scan, Verdict, Workspace};
use gatewatch::normalize::stamp::{self, Stamp};
use gatewatch::normalize::value;
use gatewatch::schema::{RawLine, Timestamp};
use gatewatch::tail::{Encoding, Out, Splitter};
use regex::bytes::RegexBuilder;
use std::sync::Arc;

/// Parts of a header stand in the line, one behind the other.
pub fn syslog(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let header = gatewatch::normalize::syslog::read(&line);
        assert!(line.ends_with(header.message), "the message is the end of the line");
        assert!(line.ends_with(header.after_stamp) && line.ends_with(header.after_host));
    }
}

/// What is read of the start of a text is what is read of that start alone.
pub fn json(data: &[u8]) {
    use gatewatch::normalize::json;
    let text = String::from_utf8_lossy(data);
    let text = text.split_once('\n').map_or("", |(_, rest)| rest);
    let whole = json::read(text);
    let _ = json::read_flat(text);
    if let Ok((fields, used)) = json::read_prefix(text) {
        let again = json::read(&text[..used]).map(|again| format!("{:?}", again.rest()));
        assert_eq!(Ok(format!("{:?}", fields.rest())), again, "what was read is an object");
        if text[used..].bytes().all(|byte| byte.is_ascii_whitespace()) {
            assert!(whole.is_ok(), "nothing stands behind it");
        }
    }
}

/// Any text is pairs.
pub fn pairs(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = gatewatch::normalize::pairs::read(&text).rest();
}

/// A pattern, and below it a text: the machine and the `regex` crate give the same groups.
pub fn pattern(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(pattern), text) = (std::str::from_utf8(&data[..end]), &data[end + 1..]) else { return };
    let Some(scan) = Scan::compile(pattern) else { return };
    let mut builder = RegexBuilder::new(pattern);
    let built = builder.unicode(false).size_limit(1 << 20).dfa_size_limit(1 << 20).build();
    // A pattern that is too large for the judge is refused where the machine is no lighter.
    let Ok(regex) = built else { return };
    let mut work = Workspace::default();
    let verdict = scan.read(text, &mut work);
    let groups = regex.captures(text);
    match (verdict, groups) {
        (Verdict::GaveUp, _) | (Verdict::Misfits, None) => {}
        (Verdict::Misfits, Some(_)) => panic!("the machine missed what the regex crate found"),
        (Verdict::Fits, None) => panic!("the machine took what the regex crate refused"),
        (Verdict::Fits, Some(groups)) => {
            for group in 0..groups.len() {
                let theirs = groups.get(group).map(|found| (found.start(), found.end()));
                let (start, end) = (work.slots[2 * group], work.slots[2 * group + 1]);
                let ours = (start != NOWHERE && end != NOWHERE).then_some((start, end));
                assert_eq!(ours, theirs, "group {group}");
            }
        }
    }
}

/// Bytes in an encoding (first byte), cut into lines whole, in pieces (second byte), and in small batches: all the same.
pub fn encoding(data: &[u8]) {
    let [kind, size, bytes @ ..] = data else { return };
    let kinds = [Encoding::Bytes, Encoding::Latin1, Encoding::Utf16Le, Encoding::Utf16Be];
    let kind = kinds[usize::from(kind % 4)];
    let whole = cut(bytes, kind, bytes.len(), usize::MAX);
    let pieces = cut(bytes, kind, usize::from(size % 16) + 2, usize::MAX);
    assert_eq!(whole, pieces, "cut in pieces");
    let batches = cut(bytes, kind, usize::from(size / 16) + 2, 1);
    assert_eq!(whole, batches, "cut in batches of one");
    let mut end = 0;
    for line in &whole.0 {
        assert!(line.offset >= end && line.length > 0, "lines do not overlap");
        end = line.offset + line.length;
    }
    assert!(end <= bytes.len() as u64, "lines stand in the file");
}

/// The lines of bytes that come in pieces of a size, `left` to a batch; and the holes.
fn cut(bytes: &[u8], encoding: Encoding, size: usize, left: usize) -> (Vec<RawLine>, Vec<(u64, u64)>) {
    let (mut lines, mut holes) = (Vec::new(), Vec::new());
    let mut splitter = Splitter::at(0, 0, encoding);
    loop {
        let (source, read_at) = (Arc::from("s"), Timestamp(0));
        let mut out = Out { lines: &mut lines, holes: Vec::new(), left, source, generation: 1, read_at };
        let from = usize::try_from(splitter.next()).unwrap().min(bytes.len());
        let piece = &bytes[from..bytes.len().min(from + size)];
        let taken = splitter.feed(piece, &mut out);
        assert!(taken <= piece.len());
        if taken == 0 {
            splitter.finish(&mut out);
            holes.append(&mut out.holes);
            return (lines, holes);
        }
        holes.append(&mut out.holes);
    }
}

/// A stamp ends at a character, and is as long as it says.
pub fn stamp(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for at in text.char_indices().map(|(at, _)| at).take(4) {
        if let Some((read, used)) = stamp::read(&text[at..]) {
            let written = text.get(at..at + used);
            assert!(written.is_some(), "whole characters");
            let written = written.unwrap_or_default();
            // What follows may decide whether it is one (`08:03` and a zone), not what it says.
            let again = stamp::read(written);
            assert!(again.is_none_or(|again| again == (read, used)), "{written}: {again:?}");
            judge(read);
        }
    }
    if let Some(read) = stamp::read_whole(&text) {
        judge(read);
    }
}

fn judge(stamp: Stamp) {
    if let Stamp::Civil(civil) = stamp {
        let (hour, minute, second) = civil.clock;
        assert!((1..=12).contains(&civil.month) && (1..=31).contains(&civil.day), "{civil:?}");
        assert!(hour < 24 && minute < 60 && second <= 60 && civil.micros < 1_000_000, "{civil:?}");
    }
}

/// Words of values.
pub fn value(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let value::Address::Ip(ip, _) = value::address(&text) {
        assert!(!ip.is_unspecified());
        assert!(text.contains([':', '.']), "an address is written with dots or colons");
    }
    let (domain, name) = value::split_domain(&text);
    assert!(domain.unwrap_or("").len() + name.len() <= text.len());
    let _ = (value::is_null(&text), value::truth(&text), value::mixes_scripts(&text));
    let bytes = data.first().map_or(0, |first| usize::from(*first));
    let head = value::head(&text, bytes);
    assert!(head.len() <= bytes && text.starts_with(head));
}
