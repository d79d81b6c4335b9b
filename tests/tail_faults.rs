//! The fault table, row by row: what must happen to files that rotators, editors, kernels and attackers touch.
#![allow(missing_docs, reason = "a test has no users")]

mod tail_support;

use gatewatch::limits::{DELETED_FILES_MAX, LINE_BYTES_MAX, OPEN_FILES_MAX};
use gatewatch::ports::LogSource;
use gatewatch::schema::{Flag, GapReason, Span};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use tail_support::{Rig, numbered, numbers, packed};

#[test]
fn t1_rename_while_running() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.append("a.log", numbered(0, 10));
    rig.drain();
    rig.append("a.log", numbered(10, 20));
    rig.rename("a.log", "a.log.1");
    rig.append("a.log.1", numbered(20, 30));
    rig.append("a.log", numbered(30, 40));
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 40));
    assert_eq!((rig.generations.len(), rig.gaps.len()), (2, 0));
    assert!(rig.generations[&1].path.ends_with("a.log.1"));
    rig.wait(10);
    assert!(rig.generations[&1].finished && !rig.generations[&2].finished);
}

#[test]
fn t2_first_start_and_rotations_while_stopped_go_oldest_first() {
    let mut rig = Rig::new(&[&["a.log"]]);
    rig.write("a.log.3.gz", packed(numbered(0, 10).as_bytes()));
    rig.write("a.log.2", numbered(10, 20));
    rig.write("a.log.1", numbered(20, 30));
    rig.append("a.log", numbered(30, 40));
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 40));
    rig.append("a.log", numbered(40, 50));
    for round in 0..3 {
        for n in (1..6).rev().filter(|n| rig.path(&format!("a.log.{n}")).exists()) {
            rig.rename(&format!("a.log.{n}"), &format!("a.log.{}", n + 1));
        }
        rig.rename("a.log", "a.log.1");
        rig.append("a.log", numbered(50 + round * 10, 60 + round * 10));
    }
    rig.gzip("a.log.3", "a.log.3.gz");
    rig.restart();
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 80));
    assert_eq!(rig.gaps, []);
    rig.restart();
    rig.wait(2_000);
    assert_eq!((rig.texts().len(), rig.gaps.len()), (80, 0));
}

#[test]
fn dated_siblings_are_found_by_themselves_in_order() {
    let mut rig = Rig::new(&[&["a.log"]]);
    rig.write("a.log-20260102", numbered(10, 20));
    rig.write("a.log-20260101.gz", packed(numbered(0, 10).as_bytes()));
    rig.write("a-2026-01-03.log", numbered(20, 30));
    rig.write("a.log", numbered(30, 40));
    rig.write("a.log.txt", "not mine\n");
    rig.write("b.log.1", "not mine\n");
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 40));
}

#[test]
fn t4_a_reused_inode_is_a_new_file() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 10));
    rig.wait(10);
    let inode = rig.inode("a.log");
    let mut files = 0;
    rig.remove("a.log");
    rig.wait(10); // The deleted file is let go.
    for n in 0..50 {
        rig.write("a.log", numbered(100, 130));
        files = n;
        if rig.inode("a.log") == inode {
            break;
        }
        rig.rename("a.log", &format!("other{n}"));
        rig.copy(&format!("other{n}"), "a.log");
    }
    eprintln!("inode equal: {} after {files}", rig.inode("a.log") == inode);
    rig.drain();
    assert_eq!(rig.texts(), [numbers(0, 10), numbers(100, 130)].concat());
    assert_eq!(rig.gaps, []);
}

#[test]
fn t5_another_longer_file_under_a_reused_inode_while_stopped() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 10));
    rig.drain();
    rig.restart();
    rig.write("a.log", numbered(100, 130)); // The same inode for sure: rewritten in place.
    rig.drain();
    assert_eq!(rig.texts(), [numbers(0, 10), numbers(100, 130)].concat());
    assert_eq!(rig.reasons(), [GapReason::Rewritten]);
    rig.restart();
    rig.drain();
    assert_eq!((rig.told.len(), rig.gaps.len()), (40, 1));
}

#[test]
fn t6_equal_headers_are_different_files() {
    let mut rig = Rig::new(&[&["*.csv"]]);
    for header in ["time,user,address\n".to_owned(), format!("{}\n", "h".repeat(3_000))] {
        for n in 0..10 {
            rig.write(&format!("{}{n}.csv", header.len()), &header);
        }
        rig.drain();
        for n in 0..10 {
            rig.append(&format!("{}{n}.csv", header.len()), format!("row {} {n}\n", header.len()));
            rig.drain();
        }
    }
    rig.drain();
    let texts = rig.texts();
    assert_eq!(texts.iter().filter(|t| t.starts_with("row")).collect::<BTreeSet<_>>().len(), 20);
    assert_eq!(texts.iter().filter(|t| *t == "time,user,address").count(), 10);
    assert_eq!(texts.iter().filter(|t| t.starts_with("hhh")).count(), 10);
    rig.restart();
    rig.drain();
    assert_eq!((rig.told.len(), rig.gaps.len()), (40, 0));
}

#[test]
fn t7_tiny_files_are_read_at_once() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", "x");
    rig.write("b.log", "y\n");
    rig.drain();
    assert_eq!(rig.texts(), ["y"]);
    rig.append("a.log", "\n");
    rig.drain();
    assert_eq!(rig.texts(), ["y", "x"]);
}

#[test]
fn t8_t9_copytruncate_behind_and_caught_up() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.append("a.log", numbered(0, 30));
    rig.drain();
    // Caught up: the copy brings nothing, and the gap row still says that something may be missing.
    rig.copy("a.log", "a.log.1");
    rig.truncate("a.log", 0);
    rig.append("a.log", numbered(30, 31));
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 31));
    assert_eq!(rig.reasons(), [GapReason::Truncated]);
    // Behind: the rest comes from the copy, before the live file goes on.
    rig.append("a.log", numbered(31, 60));
    rig.remove("a.log.1");
    rig.copy("a.log", "a.log.1");
    rig.truncate("a.log", 0);
    rig.append("a.log", numbered(60, 70));
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 70));
    assert_eq!(rig.reasons(), [GapReason::Truncated; 2]);
    assert_eq!(rig.gaps[1].to_offset, Some(rig.gaps[1].from_offset));
    // Without a copy nothing is doubled, and the row says so.
    rig.truncate("a.log", 0);
    rig.append("a.log", numbered(70, 71));
    rig.wait(2_000);
    rig.restart();
    rig.wait(2_000);
    assert_eq!(rig.texts(), numbers(0, 71));
    assert_eq!(rig.reasons(), [GapReason::Truncated; 3]);
    assert_eq!(rig.gaps[2].to_offset, None);
}

#[test]
fn t8_lines_read_between_the_copy_and_the_truncation_do_not_double_the_copy() {
    for (seen, stopped) in [(true, false), (false, false), (false, true)] {
        let mut rig = Rig::new(&[&["*.log"]]);
        rig.append("a.log", numbered(0, 400));
        rig.drain();
        // The rotator copies what is there; five more lines it will lose, but they are read.
        let copied = numbered(0, 400);
        if seen {
            rig.write("a.log.1", &copied);
            rig.drain();
        }
        rig.append("a.log", numbered(400, 405));
        rig.drain();
        if !seen {
            rig.write("a.log.1", &copied);
        }
        rig.truncate("a.log", 0);
        rig.append("a.log", numbered(405, 410));
        if stopped {
            rig.restart();
        }
        rig.drain();
        assert_eq!(rig.texts(), numbers(0, 410), "seen {seen}, stopped {stopped}");
        assert_eq!(rig.reasons(), [GapReason::Truncated]);
        // Its later life brings nothing new either.
        rig.rename("a.log.1", "a.log.2");
        rig.drain();
        rig.gzip("a.log.2", "a.log.2.gz");
        rig.drain();
        rig.restart();
        rig.drain();
        assert_eq!(rig.texts(), numbers(0, 410), "seen {seen}, stopped {stopped}");
        assert_eq!(rig.gaps.len(), 1);
    }
}

#[test]
fn t8_copytruncate_while_stopped_with_an_older_copy_shifted_away() {
    let mut rig = Rig::new(&[&["*.log*"]]);
    rig.append("a.log", numbered(0, 30));
    rig.drain();
    rig.append("a.log", numbered(30, 40));
    for round in 0..2 {
        if rig.path("a.log.1").exists() {
            rig.rename("a.log.1", "a.log.2");
        }
        rig.copy("a.log", "a.log.1");
        rig.truncate("a.log", 0);
        rig.append("a.log", numbered(40 + round * 10, 50 + round * 10));
    }
    rig.restart();
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 60));
    assert_eq!(rig.reasons(), [GapReason::Truncated]);
}

#[test]
fn t10_truncated_and_grown_past_the_offset_while_stopped() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.append("a.log", numbered(0, 100));
    rig.drain();
    rig.restart();
    rig.truncate("a.log", 0);
    rig.append("a.log", numbered(1_000, 1_300));
    rig.drain();
    assert_eq!(rig.texts(), [numbers(0, 100), numbers(1_000, 1_300)].concat());
    assert_eq!(rig.reasons(), [GapReason::Rewritten]);
}

#[test]
fn t11_a_copy_that_the_glob_names_is_not_read_again() {
    let mut rig = Rig::new(&[&["*.log*"]]);
    rig.append("a.log", numbered(0, 100));
    rig.drain();
    rig.copy("a.log", "a.log.1");
    rig.copy("a.log", "saved.log");
    rig.wait(100);
    assert_eq!(rig.texts(), numbers(0, 100));
    assert_eq!(rig.trouble().len(), 2, "{:?}", rig.trouble());
    rig.restart();
    rig.append("a.log", numbered(100, 110));
    rig.wait(100);
    assert_eq!((rig.texts(), rig.gaps.len()), (numbers(0, 110), 0));
}

#[test]
fn t12_rotated_and_packed_at_once() {
    for behind in [false, true] {
        let mut rig = Rig::new(&[&["*.log"]]);
        rig.append("a.log", numbered(0, 50));
        rig.drain();
        rig.append("a.log", numbered(50, 60));
        if behind {
            rig.restart(); // No descriptor is open: the rest can only come out of the packed file.
        }
        rig.rename("a.log", "a.log.1");
        rig.gzip("a.log.1", "a.log.1.gz");
        rig.append("a.log", numbered(60, 70));
        rig.wait(20);
        let told: BTreeSet<String> = rig.texts().into_iter().collect();
        assert_eq!(told, numbers(0, 70).into_iter().collect());
        assert_eq!((rig.told.len(), rig.gaps.len()), (70, 0), "{:?}", rig.gaps);
        rig.restart();
        rig.wait(2_000);
        assert_eq!((rig.told.len(), rig.gaps.len(), rig.generations.len()), (70, 0, 2));
    }
}

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
fn t15_t16_late_files_and_directories() {
    let mut rig = Rig::new(&[&["*.log", "**/deep.log", "x/*/y/late.log"]]);
    rig.drain();
    rig.write("a.log", numbered(0, 3));
    for path in ["one/two/three/deep.log", "x/1/y/late.log"] {
        fs::create_dir_all(rig.path(path).parent().unwrap()).unwrap();
        rig.write(path, format!("{path}\n"));
    }
    rig.drain();
    assert_eq!(rig.told.len(), 5);
    assert!(rig.tail.directories().contains(&rig.path("one/two/three")));
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
fn t19_symlinks_are_followed_inside_and_refused_outside() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("one", numbered(0, 5));
    rig.write("two", numbered(5, 10));
    fs::write(rig.dir.path().join("outside"), "secret\n").unwrap();
    symlink(rig.path("one"), rig.path("a.log")).unwrap();
    symlink(rig.dir.path().join("outside"), rig.path("evil.log")).unwrap();
    symlink("nowhere", rig.path("dangling.log")).unwrap();
    rig.drain();
    rig.append("one", "tail of one\n");
    rig.remove("a.log");
    symlink("two", rig.path("a.log")).unwrap();
    rig.wait(10);
    let mut expected = numbers(0, 5);
    expected.push("tail of one".into());
    expected.extend(numbers(5, 10));
    assert_eq!(rig.texts(), expected);
    let refused: Vec<String> = rig.trouble().into_iter().map(|(name, _)| name).collect();
    assert_eq!(refused, ["dangling.log", "evil.log"]);
}

#[test]
fn t20_a_hard_link_is_read_once() {
    let mut rig = Rig::new(&[&["*.log", "latest"]]);
    rig.write("app-20260101.log", numbered(0, 5));
    fs::hard_link(rig.path("app-20260101.log"), rig.path("latest")).unwrap();
    rig.drain();
    rig.append("latest", numbered(5, 6));
    rig.write("app-20260102.log", numbered(6, 9));
    rig.remove("latest");
    fs::hard_link(rig.path("app-20260102.log"), rig.path("latest")).unwrap();
    rig.wait(10);
    assert_eq!(rig.texts(), numbers(0, 9));
    assert_eq!(rig.gaps, []);
}

#[test]
fn t21_one_file_of_two_sources_is_read_by_the_first() {
    let mut rig = Rig::new(&[&["*.log", "a*"], &["a.log"]]);
    rig.write("a.log", numbered(0, 5));
    rig.drain();
    assert_eq!(rig.texts(), numbers(0, 5));
    assert!(rig.told.iter().all(|line| &*line.source == "source0"));
    let trouble = rig.tail.trouble();
    assert_eq!(trouble.len(), 1);
    assert_eq!(&*trouble[0].source, "source1");
    assert!(trouble[0].why.contains("already read"));
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

#[test]
fn t33_permission_lost_and_given_back() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 5));
    rig.drain();
    rig.restart();
    fs::set_permissions(rig.path("a.log"), fs::Permissions::from_mode(0)).unwrap();
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
fn t36_rewriting_is_never_silent() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 100));
    rig.drain();
    // In place, same length, only the head differs.
    let text = numbered(0, 100).replacen("line 0", "LINE 0", 1);
    rig.write("a.log", &text);
    rig.drain();
    assert_eq!(rig.reasons(), [GapReason::Rewritten]);
    assert_eq!(rig.told.len(), 200);
    // By an editor: a new inode under the old name, with the old lines and one more.
    rig.write("new", text + "added\n");
    rig.rename("new", "a.log");
    rig.wait(10);
    rig.drain();
    assert_eq!((rig.told.len(), rig.texts()[200].as_str()), (201, "added"));
}

#[test]
fn t37_a_file_that_came_back_shorter() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 5_000));
    rig.drain();
    let size = fs::metadata(rig.path("a.log")).unwrap().len();
    rig.restart();
    rig.truncate("a.log", size - 1024);
    rig.append("a.log", "torn\nboot\n");
    rig.drain();
    assert_eq!(rig.reasons(), [GapReason::RolledBack]);
    assert_eq!(rig.texts().last().unwrap(), "boot");
    let gap = &rig.gaps[0];
    assert_eq!(gap.from_offset, size);
    assert!(gap.to_offset.unwrap() > size - 4 * 1024 && gap.to_offset.unwrap() <= size - 1024);
    assert!(rig.told.len() < 5_100, "{}", rig.told.len());
    let last = rig.told.last().unwrap();
    let text = fs::read_to_string(rig.path("a.log")).unwrap();
    assert_eq!(last.line as usize, text.lines().count());
    rig.restart();
    rig.append("a.log", "on\n");
    rig.drain();
    assert_eq!((rig.texts().last().unwrap().as_str(), rig.gaps.len()), ("on", 1));
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

#[test]
fn what_vanished_while_stopped_is_told_once() {
    let mut rig = Rig::new(&[&["*.log"]]);
    rig.write("a.log", numbered(0, 5));
    rig.drain();
    rig.remove("a.log");
    rig.restart();
    rig.wait(2_000);
    rig.restart();
    rig.wait(2_000);
    assert_eq!(rig.reasons(), [GapReason::Vanished]);
}
