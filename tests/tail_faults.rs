//! The fault table, row by row: what must happen to files that rotators, editors and mirrors touch.
#![allow(missing_docs, reason = "a test has no users")]

#[expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is part of a test")]
mod tail_support;

use gatewatch::ports::LogSource;
use gatewatch::schema::GapReason;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
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
        rig.append("a.log", numbered(0, 2_000));
        rig.drain();
        // The rotator copies what is there; five more lines it will lose, but they are read.
        let copied = numbered(0, 2_000);
        if seen {
            rig.write("a.log.1", &copied);
            rig.drain();
        }
        rig.append("a.log", numbered(2_000, 2_005));
        rig.drain();
        if !seen {
            rig.write("a.log.1", &copied);
        }
        rig.truncate("a.log", 0);
        rig.append("a.log", numbered(2_005, 2_010));
        if stopped {
            rig.restart();
        }
        rig.drain();
        assert_eq!(rig.texts(), numbers(0, 2_010), "seen {seen}, stopped {stopped}");
        assert_eq!(rig.reasons(), [GapReason::Truncated]);
        // Its later life brings nothing new either.
        rig.rename("a.log.1", "a.log.2");
        rig.drain();
        rig.gzip("a.log.2", "a.log.2.gz");
        rig.drain();
        rig.restart();
        rig.drain();
        assert_eq!(rig.texts(), numbers(0, 2_010), "seen {seen}, stopped {stopped}");
        assert_eq!(rig.gaps.len(), 1);
    }
}

/// logrotate with `copytruncate` and `compress`: the copy is packed before it was ever looked at, and it ends
/// before what was read here. Read as a file of its own it would double a whole rotation.
#[test]
fn t8_a_copy_that_was_packed_at_once_does_not_double_what_was_read() {
    for stopped in [false, true] {
        let mut rig = Rig::new(&[&["*.log"]]);
        rig.append("a.log", numbered(0, 2_000));
        rig.drain();
        rig.append("a.log", numbered(2_000, 2_005));
        rig.drain();
        rig.write("a.log.1", numbered(0, 2_000));
        rig.truncate("a.log", 0);
        rig.gzip("a.log.1", "a.log.1.gz");
        rig.append("a.log", numbered(2_005, 2_010));
        if stopped {
            rig.restart();
        }
        rig.drain();
        rig.restart();
        rig.drain();
        assert_eq!(rig.texts(), numbers(0, 2_010), "stopped {stopped}");
        assert_eq!(rig.reasons(), [GapReason::Truncated], "stopped {stopped}");
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

#[test]
fn a_generation_of_which_nothing_was_read_is_not_taken_for_a_copy_that_got_its_inode() {
    let mut rig = Rig::new(&[&["a.log"]]);
    rig.append("a.log", "half");
    rig.drain();
    rig.truncate("a.log", 0);
    rig.drain(); // A gap row, and with it a generation at offset 0.
    assert_eq!((rig.reasons(), rig.positions.len()), (vec![GapReason::Truncated], 0));
    rig.append("a.log", numbered(0, 50));
    rig.drain();
    rig.restart();
    rig.copy("a.log", "a.log.1");
    rig.truncate("a.log", 0);
    let copy = rig.inode("a.log.1");
    let first = rig.generations.get_mut(&1).unwrap();
    if rig.positions.contains_key(&1) {
        let mut unread = first.clone();
        (unread.id, unread.inode) = (9, copy);
        (unread.head_length, unread.finished) = (0, false);
        rig.generations.insert(9, unread);
    }
    rig.restart();
    rig.wait(2_000);
    assert_eq!((rig.texts(), rig.gaps.len()), (numbers(0, 50), 2));
}
