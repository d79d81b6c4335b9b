//! The fault table, row by row: what must happen to hostile content, odd files and large numbers of them.
#![allow(missing_docs, reason = "a test has no users")]

#[expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is part of a test")]
mod tail_support;

use gatewatch::limits::{DELETED_FILES_MAX, LINE_BYTES_MAX, OPEN_FILES_MAX};
use gatewatch::schema::{Flag, GapReason, Span};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use tail_support::{Rig, numbered, numbers, packed};

#[test]
fn t13_a_packed_file_is_read_when_it_is_whole() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(50, 60));
    let gz = packed(numbered(0, 50).as_bytes());
    for part in gz.chunks(gz.len() / 5 + 1) {
        assert!(rig.texts().iter().all(|text| numbers(50, 60).contains(text)));
        rig.append("a.log.1.gz", part);
        rig.drain();
    }
    assert_eq!(rig.told.len(), 60);
    // One that breaks off for good gives what it has, and a gap.
    rig.write("a.log.2.gz", &packed(numbered(100, 5_000).as_bytes())[..9_000]);
    rig.wait(2_000);
    assert!(rig.told.len() > 300 && rig.texts()[60..65] == numbers(100, 105));
    assert_eq!(rig.reasons(), [GapReason::Compressed]);
}

#[test]
fn t14_a_bomb_stops_at_its_cap() {
    let mut rig = Rig::new(&[&["*.log"]]);
    let bomb = packed(&vec![b'a'; 200 * 1024 * 1024]);
    rig.write("a.log.1.gz", &bomb);
    rig.write("a.log", numbered(0, 5));
    rig.drain();
    assert!(rig.reasons().contains(&GapReason::Compressed));
    let line = &rig.told[0];
    assert!(line.flags.has(Flag::Truncated) && line.length <= bomb.len() as u64 * 200);
    assert_eq!(rig.texts()[1..], numbers(0, 5));
}

#[test]
fn t17_deleted_while_behind() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 100_000));
    let batch = rig.poll();
    assert!(batch.more);
    rig.commit(batch);
    rig.remove("a.log");
    rig.wait(10);
    assert_eq!(rig.texts(), numbers(0, 100_000));
    assert_eq!((rig.gaps.len(), rig.tail.files().len()), (0, 0));
    assert!(rig.generations[&1].finished);
}

#[test]
fn t18_deleted_files_are_held_in_bounds() {
    let mut rig = Rig::new(&[&["*.log"]]);
    for n in 0..100 {
        rig.write(&format!("{n:03}.log"), numbered(0, 4_000));
    }
    let batch = rig.poll();
    rig.commit(batch);
    (0..100).for_each(|n| rig.remove(&format!("{n:03}.log")));
    rig.boottime = Span(rig.boottime.0 + Span::seconds(1).0);
    let batch = rig.poll();
    rig.commit(batch);
    assert!(rig.tail.files().len() <= DELETED_FILES_MAX);
    rig.wait(10);
    let lost =
        rig.gaps.iter().filter(|gap| gap.reason == GapReason::Abandoned && gap.bytes > Some(0)).count();
    assert!((30..=36).contains(&lost), "{lost}");
    let whole =
        rig.generations.keys().filter(|id| rig.told.iter().filter(|l| l.generation == **id).count() == 4_000);
    assert_eq!(whole.count() + lost, 100);
}

#[test]
fn t22_t23_the_incomplete_last_line() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.append("a.log", "whole\nha");
    rig.wait(100);
    rig.restart();
    rig.append("a.log", "lf\nlast words");
    rig.wait(100);
    assert_eq!(rig.texts(), ["whole", "half"]);
    rig.rename("a.log", "a.log.1");
    rig.append("a.log", "first\n");
    rig.drain();
    assert_eq!(rig.texts(), ["whole", "half", "first"]);
    rig.wait(6);
    assert_eq!(rig.texts(), ["whole", "half", "first", "last words"]);
    assert!(rig.told[3].flags.has(Flag::Unterminated));
    assert_eq!((rig.told[3].line, rig.told[3].length), (3, 10));
    rig.restart();
    rig.wait(100);
    assert_eq!((rig.told.len(), rig.gaps.len()), (4, 0));
}

#[test]
fn t24_a_line_of_100_mb() {
    let mut rig = Rig::new(&[&["*.log"]]);
    let block = vec![b'x'; 10_000_000];
    rig.append("a.log", "before\n");
    for _ in 0..10 {
        rig.append("a.log", &block);
        rig.drain();
    }
    assert_eq!(rig.told.len(), 1);
    rig.restart();
    rig.append("a.log", "\nafter\n");
    rig.drain();
    assert_eq!((rig.told[1].length, rig.told[1].bytes.len()), (100_000_001, LINE_BYTES_MAX));
    assert!(rig.told[1].flags.has(Flag::Truncated));
    assert_eq!((rig.texts()[2].as_str(), rig.told[2].flags.is_empty()), ("after", true));
}

#[test]
fn t25_holes_are_skipped_with_their_count() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.append("a.log", "before\n");
    rig.drain();
    let mut file = OpenOptions::new().write(true).open(rig.path("a.log")).unwrap();
    file.set_len(1 << 40).unwrap();
    rig.drain();
    file.seek(SeekFrom::Start(1 << 40)).unwrap();
    file.write_all(b"after\nnext\n").unwrap();
    rig.drain();
    assert_eq!(rig.texts(), ["before", "after", "next"]);
    assert_eq!((rig.told[1].offset, rig.told[1].flags.is_empty()), (1 << 40, true));
    assert_eq!(rig.reasons(), [GapReason::Hole]);
    assert_eq!(rig.gaps[0].bytes, Some((1 << 40) - 7));
    rig.restart();
    rig.append("a.log", "last\n");
    rig.drain();
    assert_eq!((rig.texts()[3].as_str(), rig.gaps.len()), ("last", 1));
}

#[test]
fn t25_a_writer_that_kept_its_offset_over_copytruncate() {
    let mut rig = Rig::new(&[&["*.log"]]);
    let mut writer =
        OpenOptions::new().write(true).create(true).truncate(false).open(rig.path("a.log")).unwrap();
    writer.write_all(numbered(0, 1_000).as_bytes()).unwrap();
    rig.drain();
    rig.copy("a.log", "a.log.1");
    rig.truncate("a.log", 0);
    writer.write_all(numbered(1_000, 1_010).as_bytes()).unwrap();
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 1_010));
    assert_eq!(rig.reasons().into_iter().collect::<BTreeSet<_>>().len(), rig.gaps.len());
}

#[test]
fn t28_utf_16_byte_by_byte_and_packed() {
    use gatewatch::tail::Encoding;
    let text = "first ü\r\n\nsecond\nthird";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.tail.set_encoding("source0", Encoding::Utf16Le);
    for byte in &bytes {
        rig.append("a.log", [*byte]);
        let batch = rig.poll();
        rig.commit(batch);
        rig.boottime = Span(rig.boottime.0 + Span::seconds(1).0);
    }
    rig.write("b.log.1.gz", packed(&bytes));
    rig.drain();
    assert_eq!(rig.texts(), ["first ü", "second", "first ü", "second", "third"]);
    rig.restart();
    rig.tail.set_encoding("source0", Encoding::Utf16Le);
    rig.append("a.log", b"!\0\n\0");
    rig.append("odd.log", b"x");
    rig.drain();
    assert_eq!((rig.texts()[5].as_str(), rig.told.len(), rig.gaps.len()), ("third!", 6, 0));
}

/// A rename between the two bytes of a unit; a file that comes back shorter goes on at a line, not at a byte `\n`;
/// a mark says UTF-16 where the configuration does not.
#[test]
fn t28_utf_16_rotated_within_a_unit_and_rolled_back() {
    let text = |from: usize| (from..from + 2_000).map(|n| format!("Ċ line {n}\n")).collect::<String>();
    for (big, mark) in [(false, true), (true, true), (true, false)] {
        let mark = if mark { "\u{FEFF}" } else { "" };
        let encode = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        let bytes = |text: &str| format!("{mark}{text}").encode_utf16().flat_map(encode).collect::<Vec<u8>>();
        let (first, second) = (bytes(&text(0)), bytes(&text(2_000)));
        let mut rig = Rig::new(&[&["*.log"]]);
        let told = |rig: &mut Rig| {
            if mark.is_empty() {
                rig.tail.set_encoding("source0", gatewatch::tail::Encoding::Utf16Be);
            }
            rig.drain();
        };
        let half = first.len() / 2 + 1;
        rig.append("a.log", &first[..half]);
        told(&mut rig);
        rig.rename("a.log", "a.log.1");
        rig.append("a.log.1", &first[half..]);
        rig.append("a.log", &second[..1]);
        told(&mut rig);
        rig.restart();
        rig.append("a.log", &second[1..]);
        told(&mut rig);
        let lines: Vec<String> = (0..4_000).map(|n| format!("Ċ line {n}")).collect();
        assert!(rig.texts() == lines, "{} lines", rig.told.len());
        assert!(rig.gaps.is_empty() && rig.told.iter().all(|line| line.flags.is_empty()));
        rig.truncate("a.log", second.len() as u64 - 101);
        told(&mut rig);
        let again: Vec<_> = rig
            .told
            .iter()
            .skip(4_000)
            .map(|line| (String::from_utf8_lossy(&line.bytes), line.line))
            .collect();
        assert!(!again.is_empty() && rig.reasons().contains(&GapReason::RolledBack), "{:?}", rig.gaps);
        for (text, line) in again {
            assert_eq!(lines[1_999 + line as usize], text);
        }
    }
}

#[test]
fn t33_permission_lost_and_given_back() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 5));
    rig.drain();
    rig.restart();
    fs::set_permissions(rig.path("a.log"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(rig.path("a.log")).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    rig.wait(2_000);
    assert_eq!(rig.trouble().len(), 1);
    fs::set_permissions(rig.path("a.log"), fs::Permissions::from_mode(0o640)).unwrap();
    rig.append("a.log", numbered(5, 6));
    rig.drain();
    assert_eq!((rig.texts(), rig.trouble().len(), rig.gaps.len()), (numbers(0, 6), 0, 0));
}

#[test]
fn t35_what_is_no_regular_file_is_refused_without_blocking() {
    let mut rig = Rig::new(&[&["*.log", "dir.d"]]);
    let path = rig.path("fifo.log");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(rig.path("socket.log")).unwrap();
    fs::create_dir(rig.path("dir.d")).unwrap();
    symlink(&path, rig.path("link.log")).unwrap();
    rig.write("a.log.1.xz", "packed");
    rig.write("a.log", numbered(0, 2));
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 2));
    assert_eq!(rig.trouble().len(), 5, "{:?}", rig.trouble());
}

#[test]
fn t38_many_quiet_files_beside_a_firehose() {
    let mut rig = Rig::new(&[&["*.log"]]);
    for n in 0..2_000 {
        rig.write(&format!("{n}.log"), format!("first of {n}\n"));
    }
    rig.drain();
    assert_eq!(rig.told.len(), 2_000);
    rig.write("hot.log", numbered(0, 200_000));
    for n in 0..2_000 {
        rig.append(&format!("{n}.log"), format!("second of {n}\n"));
    }
    rig.boottime = Span(rig.boottime.0 + Span::seconds(1).0);
    let batch = rig.poll();
    let quiet = batch.lines.iter().filter(|line| line.bytes.starts_with(b"second")).count();
    assert_eq!(quiet, 2_000, "the quiet files stand in the first batch");
    assert!(batch.more);
    rig.commit(batch);
    let open = fs::read_dir("/proc/self/fd").unwrap().count();
    assert!(open < OPEN_FILES_MAX + 200, "{open}");
    rig.drain();
    assert_eq!((rig.told.len(), rig.gaps.len()), (204_000, 0));
}

#[test]
fn t27_a_file_is_read_between_two_looks() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.append("a.log", "one\n");
    rig.drain();
    rig.append("a.log", "two\r\n");
    let batch = rig.poll(); // The clock stands: no look is due.
    rig.commit(batch);
    assert_eq!(rig.texts(), ["one", "two"]);
    rig.write("b.log", "three\n");
    let batch = rig.poll();
    rig.commit(batch);
    assert_eq!(rig.told.len(), 2);
    rig.boottime = Span(rig.boottime.0 + Span::millis(100).0);
    rig.tail.hint();
    let batch = rig.poll();
    rig.commit(batch);
    assert_eq!(rig.texts()[2], "three");
}

#[test]
fn own_files_are_refused() {
    let mut rig = Rig::new(&[&["*.log", "state/*"]]);
    fs::create_dir(rig.path("state")).unwrap();
    rig.write("state/store", "x\n");
    rig.write("own.log", "x\n");
    rig.params.never = vec![rig.path("state"), rig.path("own.log")];
    rig.restart();
    rig.drain();
    assert_eq!((rig.told.len(), rig.trouble().len()), (0, 2));
}
