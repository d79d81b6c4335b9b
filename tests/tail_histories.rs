//! Random histories of a file that is written, rotated, packed, copied, truncated and deleted while the tail
//! reads, stops, is killed and comes back. The model knows every line that each file ever held.
//!
//! Injected: rename rotation with shifting siblings, gzip of any sibling, copytruncate, truncation without a
//! copy, deletion, incomplete lines, restarts, and kills that lose the batch that was not committed.
//! To be survived: all of them without a line twice; the first three, and kills, without a line lost.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test has no users")]

#[expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is part of a test")]
mod tail_support;

use gatewatch::schema::{GapReason, Span};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use tail_support::Rig;

#[derive(Clone, Debug)]
enum Action {
    /// So many lines, at once.
    Append(usize),
    /// Half a line.
    Half,
    /// NAME.1 to NAME.2 ..., then NAME to NAME.1.
    Rotate,
    /// Packs the n-th sibling.
    Gzip(usize),
    /// NAME.1 to NAME.2 ..., copies NAME to NAME.1, and empties NAME.
    CopyTruncate,
    /// Empties NAME.
    Truncate,
    /// Deletes NAME.
    Delete,
    /// Polls and commits.
    Poll,
    /// Polls after so many milliseconds, and commits.
    Wait(i64),
    /// Comes back with all that was committed.
    Restart,
    /// Polls, is killed before the commit, and comes back.
    Crash,
}

/// One file from its making to its emptying.
#[derive(Default)]
struct Life {
    content: String,
    /// Bytes that may be lost: they were not told when the file was deleted or emptied without a copy.
    forfeit: bool,
}

struct World {
    rig: Rig,
    header: String,
    lives: Vec<Life>,
    serial: usize,
    /// Truncations, of a file of which something had been told, that a poll could see.
    truncations: usize,
    /// One that no poll has seen yet.
    unseen: bool,
}

impl World {
    fn new(header: &str) -> World {
        let rig = Rig::new(&[&["a.log"]]);
        World {
            rig,
            header: header.to_owned(),
            lives: vec![Life::default()],
            serial: 0,
            truncations: 0,
            unseen: false,
        }
    }

    fn write(&mut self, text: &str) {
        let life = self.lives.last_mut().unwrap();
        let text = if life.content.is_empty() { format!("{}{text}", self.header) } else { text.to_owned() };
        life.content.push_str(&text);
        self.rig.append("a.log", text);
    }

    fn shift(&self) {
        for n in (1..60).rev() {
            for end in ["", ".gz"] {
                let from = format!("a.log.{n}{end}");
                if self.rig.path(&from).exists() {
                    self.rig.rename(&from, &format!("a.log.{}{end}", n + 1));
                }
            }
        }
    }

    fn told_of_live(&self) -> bool {
        let told: BTreeSet<&str> =
            self.rig.told.iter().filter_map(|l| std::str::from_utf8(&l.bytes).ok()).collect();
        let header = self.header.trim_end();
        self.lives.last().unwrap().content.lines().any(|line| line != header && told.contains(line))
    }

    fn poll(&mut self) {
        let batch = self.rig.poll();
        if !batch.more {
            self.truncations += usize::from(std::mem::take(&mut self.unseen));
        }
        self.rig.commit(batch);
    }

    fn step(&mut self, action: &Action) {
        let exists = self.rig.path("a.log").exists();
        match action {
            Action::Append(n) => {
                let lines: String = (0..*n).map(|n| format!("token-{}-{}\n", self.serial, n)).collect();
                self.serial += 1;
                self.write(&lines);
            }
            Action::Half => {
                self.serial += 1;
                self.write(&format!("half-{}-", self.serial));
            }
            Action::Rotate if exists => {
                self.shift();
                self.rig.rename("a.log", "a.log.1");
                self.unseen = false;
                self.lives.push(Life::default());
            }
            Action::CopyTruncate if exists => {
                self.unseen |= self.told_of_live();
                self.shift();
                self.rig.copy("a.log", "a.log.1");
                self.rig.truncate("a.log", 0);
                self.lives.push(Life::default());
            }
            Action::Truncate if exists => {
                self.unseen |= self.told_of_live();
                self.rig.truncate("a.log", 0);
                self.lives.last_mut().unwrap().forfeit = true;
                self.lives.push(Life::default());
            }
            Action::Delete if exists => {
                self.rig.remove("a.log");
                self.unseen = false; // A file that is gone cannot tell.
                self.lives.last_mut().unwrap().forfeit = true;
                self.lives.push(Life::default());
            }
            Action::Gzip(n) => {
                let name = format!("a.log.{n}");
                if self.rig.path(&name).exists() {
                    self.rig.gzip(&name, &format!("{name}.gz"));
                }
            }
            Action::Poll => self.poll(),
            Action::Wait(millis) => {
                self.rig.boottime = Span(self.rig.boottime.0 + millis * 1_000);
                self.poll();
            }
            Action::Restart => self.rig.restart(),
            Action::Crash => {
                drop(self.rig.poll());
                self.rig.restart();
            }
            _ => {}
        }
    }

    fn finish(&mut self) {
        for _ in 0..4 {
            self.rig.wait(10);
        }
        self.rig.restart();
        self.rig.wait(2_000);
    }

    /// Every line once; only forfeited ones may be missing.
    fn check(&self) {
        let told: Vec<String> =
            self.rig.texts().into_iter().filter(|text| *text != self.header.trim_end()).collect();
        let once: BTreeSet<&str> = told.iter().map(String::as_str).collect();
        assert_eq!(once.len(), told.len(), "doubled: {:?}", doubled(&told));
        let mut possible = BTreeSet::new();
        for (index, life) in self.lives.iter().enumerate() {
            let live = index + 1 == self.lives.len();
            for line in life.content.split_inclusive('\n') {
                let text = line.trim_end_matches('\n');
                if text == self.header.trim_end() || (live && !line.ends_with('\n')) {
                    continue;
                }
                possible.insert(text);
                assert!(life.forfeit || once.contains(text), "lost: {text:?} of life {index}");
            }
        }
        let invented: Vec<_> = once.difference(&possible).collect();
        assert!(invented.is_empty(), "invented: {invented:?}");
        for pair in self.rig.told.windows(2).filter(|pair| pair[0].generation == pair[1].generation) {
            assert!(pair[0].offset < pair[1].offset && pair[0].line < pair[1].line);
        }
    }
}

fn doubled(told: &[String]) -> Vec<&String> {
    let mut seen = BTreeSet::new();
    told.iter().filter(|text| !seen.insert(*text)).collect()
}

fn headers() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        1 => Just("time,user,address\n".to_owned()),
        1 => Just(format!("{}\n", "h".repeat(1_500))),
    ]
}

fn reading() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => Just(Action::Poll),
        4 => (0..8_000i64).prop_map(Action::Wait),
        1 => Just(Action::Restart),
        1 => Just(Action::Crash),
    ]
}

fn writing() -> impl Strategy<Value = Action> {
    prop_oneof![4 => (1..60usize).prop_map(Action::Append), 1 => Just(Action::Half), 1 => (4_000..9_000usize).prop_map(Action::Append)]
}

fn renaming() -> impl Strategy<Value = Action> {
    prop_oneof![3 => Just(Action::Rotate), 1 => (1..4usize).prop_map(Action::Gzip)]
}

fn truncating() -> impl Strategy<Value = Action> {
    prop_oneof![4 => Just(Action::CopyTruncate), 1 => Just(Action::Truncate), 1 => Just(Action::Delete)]
}

/// `PROPTEST_CASES` for long runs.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rename rotation, packing, restarts and kills: every line exactly once, and no gap row.
    #[test]
    fn rename_rotation_loses_and_doubles_nothing(
        header in headers(),
        actions in proptest::collection::vec(prop_oneof![3 => writing(), 2 => renaming(), 4 => reading()], 1..50),
    ) {
        let mut world = World::new(&header);
        world.rig.ticks = true;
        actions.iter().for_each(|action| world.step(action));
        world.finish();
        world.check();
        prop_assert_eq!(&world.rig.gaps, &[]);
    }

    /// Truncation and deletion as well: nothing twice, nothing lost that a copy has, and a row for each truncation.
    #[test]
    fn truncation_doubles_nothing_and_is_never_silent(
        header in headers(),
        actions in proptest::collection::vec(
            prop_oneof![3 => writing(), 1 => renaming(), 2 => truncating(), 4 => reading()], 1..50),
    ) {
        let mut world = World::new(&header);
        actions.iter().for_each(|action| world.step(action));
        world.finish();
        world.check();
        let told = world.rig.gaps.iter().filter(|gap| matches!(gap.reason, GapReason::Truncated | GapReason::Rewritten | GapReason::RolledBack));
        prop_assert!(told.count() >= world.truncations, "{} truncations, {:?}", world.truncations, world.rig.gaps);
    }
}

#[test]
fn a_history_by_hand_still_checks_what_it_should() {
    let mut world = World::new("");
    for action in [
        Action::Append(10),
        Action::Poll,
        Action::Append(5),
        Action::Rotate,
        Action::Append(3),
        Action::Crash,
    ] {
        world.step(&action);
    }
    world.finish();
    world.check();
    assert_eq!(world.rig.told.len(), 18);
    world.lives[0].content.push_str("never written\n");
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.check())).is_err());
    assert!(fs::exists(world.rig.path("a.log.1")).unwrap());
}

/// The half of a line that was read is told as unterminated only where it still stands in the file: here the file was
/// copied away, emptied, and got another half of the same length before it was renamed.
#[test]
fn a_history_by_hand_of_a_half_line_that_another_one_replaced() {
    let mut world = World::new("");
    for action in [
        Action::Append(1),
        Action::Rotate,
        Action::Half,
        Action::Poll,
        Action::CopyTruncate,
        Action::Half,
        Action::Rotate,
    ] {
        world.step(&action);
    }
    world.finish();
    world.check();
}

/// A file with a long header is deleted, and one that begins alike gets its number: it goes on as the same
/// generation, and what is lost of it later is told, in the same run and in the next one.
#[test]
fn a_history_by_hand_of_a_truncation_after_a_number_was_given_again() {
    for (lines, then) in [(10, None), (4_883, None), (10, Some(Action::Restart)), (10, Some(Action::Crash))] {
        let mut world = World::new(&format!("{}\n", "h".repeat(1_500)));
        world.rig.ticks = true;
        for action in [Action::Half, Action::Poll, Action::Delete, Action::Append(lines)] {
            world.step(&action);
        }
        // Not every file system gives a number again, and none gives it as long as the tail holds the file.
        let inode = world.rig.inode("a.log");
        world.rig.generations.values_mut().for_each(|generation| generation.inode = inode);
        for action in [Action::Restart, Action::Poll, Action::CopyTruncate].iter().chain(&then) {
            world.step(action);
        }
        world.step(&Action::Poll);
        world.step(&Action::Rotate);
        world.finish();
        world.check();
        assert_eq!(
            (world.truncations, world.rig.reasons()),
            (1, vec![GapReason::Truncated]),
            "{lines} {then:?}"
        );
    }
}
