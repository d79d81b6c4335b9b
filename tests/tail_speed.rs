//! Figures, for people: `cargo test --release --test tail_speed -- --ignored --nocapture`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test has no users")]

#[expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is part of a test")]
mod tail_support;

use gatewatch::ports::LogSource;
use gatewatch::schema::Span;
use std::time::Duration;
use tail_support::Rig;

/// Time of this thread on a processor: other work on the machine does not count.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
#[ignore = "a measurement"]
fn nanoseconds_per_line() {
    let mut rig = Rig::new(&[&["*.log"]]);
    let text: String = (0..1_000_000)
        .map(|n| {
            format!("Nov 24 06:00:00 host sshd[{n}]: Failed password for user from 192.0.2.1 port 22 ssh2\n")
        })
        .collect();
    rig.write("a.log", &text);
    let (begin, mut lines, now) = (cpu(), 0, rig.now());
    loop {
        let batch = rig.tail.poll(&now);
        lines += batch.lines.len();
        if !batch.more {
            break;
        }
    }
    let spent = cpu() - begin;
    eprintln!("{lines} lines, {} bytes: {} ns per line", text.len(), spent.as_nanos() / lines as u128);
}

#[test]
#[ignore = "a measurement"]
fn ten_thousand_files() {
    let mut rig = Rig::new(&[&["*/*.log"]]);
    for n in 0..10_000 {
        let name = format!("d{}/{n}.log", n % 100);
        std::fs::create_dir_all(rig.path(&format!("d{}", n % 100))).unwrap();
        rig.write(&name, format!("{}first of {n}\n", "a header line\n".repeat(2)));
    }
    let begin = cpu();
    rig.drain();
    eprintln!("first read of {} lines: {:?}", rig.told.len(), (cpu() - begin));
    let now = rig.now();
    let begin = cpu();
    (0..10).for_each(|_| drop(rig.tail.poll(&now)));
    eprintln!("idle poll: {:?}", (cpu() - begin) / 10);
    rig.boottime = Span(rig.boottime.0 + Span::seconds(1).0);
    let now = rig.now();
    let begin = cpu();
    drop(rig.tail.poll(&now));
    eprintln!("poll with a look: {:?}", (cpu() - begin));
    rig.restart();
    let begin = cpu();
    rig.drain();
    eprintln!("restart: {:?}", (cpu() - begin));
    let mut grown = 0;
    for n in (0..10_000).step_by(3) {
        rig.append(&format!("d{}/{n}.log", n % 100), "more\n");
        grown += 1;
    }
    let before = rig.told.len();
    let begin = cpu();
    rig.drain();
    eprintln!("{grown} files grown: {:?}", (cpu() - begin));
    assert_eq!(rig.told.len() - before, grown);
}
