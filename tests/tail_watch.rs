//! The kernel's hints wake, our own reading does not, and a missing directory is no error.
#![allow(missing_docs, reason = "a test has no users")]

use gatewatch::tail::Watch;
use std::fs;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn a_change_wakes_and_a_reading_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    fs::create_dir(&one).unwrap();
    let (wake, woken) = mpsc::channel();
    let mut watch = Watch::start(&[one.clone(), two.clone()], move || _ = wake.send(())).unwrap();
    let waits = || {
        let first = woken.recv_timeout(Duration::from_secs(5)).is_ok();
        while woken.recv_timeout(Duration::from_millis(100)).is_ok() {}
        first
    };
    fs::write(one.join("a.log"), "x\n").unwrap();
    assert!(waits());
    fs::read(one.join("a.log")).unwrap();
    assert!(woken.recv_timeout(Duration::from_millis(300)).is_err());
    fs::rename(one.join("a.log"), one.join("a.log.1")).unwrap();
    assert!(waits());
    fs::create_dir(&two).unwrap();
    watch.update(std::slice::from_ref(&two)).unwrap();
    fs::write(two.join("b.log"), "x\n").unwrap();
    assert!(waits());
    fs::write(one.join("c.log"), "x\n").unwrap();
    assert!(woken.recv_timeout(Duration::from_millis(300)).is_err());
}
