//! The store and who else wants it: other daemons, other programs' files, damaged ones, auditors, a full disk.

use crate::gate::{Gate, text};
use crate::machine::{can, must, reached, skip, wait_for};
use crate::refused;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const LINE: &str = "Nov 24 06:00:00 h sshd[1]: Failed password for root from 203.0.113.9 port 4 ssh2\n";

/// A gate that has stored one event.
fn started() -> Gate {
    let mut gate = Gate::new();
    gate.append("a.log", LINE);
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 1, Duration::from_secs(10));
    gate
}

/// Every file of the store's folder that is no socket, with its bytes.
fn bytes(gate: &Gate) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(gate.state())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_second_daemon_on_the_store_is_refused() {
    let mut gate = started();
    let (code, told) = refused(&gate.run(&["run"]));
    assert_eq!(code, 4, "{told}");
    assert!(told.contains(&gate.state().display().to_string()), "the path: {told}");
    gate.append("a.log", LINE);
    gate.wait_for_number("SELECT count(*) FROM events", 2, Duration::from_secs(10));
    assert!(gate.answers(), "the first one still answers at the socket");
    assert_eq!(gate.stop(), Some(0));
}

/// Starts on a store that was changed behind the daemon's back; tells how it was refused, and that no byte
/// of it changed.
fn start_on(spoil: impl Fn(&Path)) -> (i32, String) {
    let mut gate = started();
    assert_eq!(gate.stop(), Some(0));
    spoil(&gate.store());
    let before = bytes(&gate);
    let (code, told) = refused(&gate.run(&["run"]));
    assert!(told.contains(&gate.store().display().to_string()), "the path: {told}");
    let after = bytes(&gate);
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    assert!(before == after, "the refused store was changed");
    (code, told)
}

fn sql(store: &Path, statement: &str) {
    let database = rusqlite::Connection::open(store).unwrap();
    database.execute_batch(statement).unwrap();
}

#[test]
fn a_newer_store_is_refused() {
    let (code, told) = start_on(|store| sql(store, "PRAGMA user_version = 999"));
    assert!(code == 4 && told.contains("999"), "{code}: {told}");
}

#[test]
fn a_store_of_another_program_is_refused() {
    let (code, told) = start_on(|store| {
        for name in ["gatewatch.db", "gatewatch.db-wal", "gatewatch.db-shm"] {
            let _ = fs::remove_file(store.with_file_name(name));
        }
        sql(store, "CREATE TABLE accounts (name); PRAGMA application_id = 77");
    });
    assert!(code == 4 && told.contains("another program"), "{code}: {told}");
}

#[test]
fn a_damaged_store_is_refused() {
    let (code, told) = start_on(|store| fs::write(store, "this was a store\n".repeat(1_000)).unwrap());
    assert_eq!(code, 5, "no database: {told}");
    let (code, told) = start_on(|store| {
        let mut all = fs::read(store).unwrap();
        let size = all.len();
        all.truncate(size / 2);
        fs::write(store, all).unwrap();
    });
    assert_eq!(code, 5, "half of it: {told}");
    let (code, told) = start_on(|store| {
        let mut all = fs::read(store).unwrap();
        // The root page of the schema, behind the header.
        all[100..200].fill(0xA5);
        fs::write(store, all).unwrap();
    });
    assert_eq!(code, 5, "a wrong page: {told}");
}

/// The group that auditors are in; no account has this id.
const AUDITORS: u32 = 64_400;

/// Asks the store as somebody of the group who may write nothing.
fn audit(gate: &Gate) -> Output {
    let uri = format!("file:{}?mode=ro", gate.store().display());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--groups", &AUDITORS.to_string()]);
    command.args(["sqlite3", &uri, "SELECT count(*), max(src_ip) FROM failed_logins"]).output().unwrap()
}

fn check_audit(gate: &Gate, events: usize, when: &str) {
    let output = audit(gate);
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        (format!("{events}|203.0.113.9\n"), String::new()),
        "{when}"
    );
}

#[test]
fn an_auditor_reads_a_store_that_runs_was_killed_or_was_stopped() {
    if !can("an auditor reads the store", &["sqlite3", "setpriv"], true) {
        return;
    }
    let mut gate = Gate::new();
    // As packaging/systemd/gatewatch.tmpfiles makes it, here with a group of the auditors.
    fs::create_dir(gate.state()).unwrap();
    chown(gate.state(), None, Some(AUDITORS)).unwrap();
    fs::set_permissions(gate.state(), fs::Permissions::from_mode(0o2750)).unwrap();
    gate.append("a.log", LINE);
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 1, Duration::from_secs(10));
    check_audit(&gate, 1, "running");
    gate.append("a.log", LINE);
    gate.wait_for_number("SELECT count(*) FROM events", 2, Duration::from_secs(10));
    gate.kill();
    check_audit(&gate, 2, "after SIGKILL");
    gate.start();
    assert_eq!(gate.stop(), Some(0));
    check_audit(&gate, 2, "after a clean stop");
    fs::set_permissions(gate.state(), fs::Permissions::from_mode(0o2700)).unwrap();
    assert!(!audit(&gate).status.success(), "who may not look cannot");
}

#[test]
fn a_lock_of_another_process_holds_the_store_up_and_loses_nothing() {
    let mut gate = started();
    let database = rusqlite::Connection::open(gate.store()).unwrap();
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    gate.append("a.log", &LINE.repeat(100));
    wait_for("status to say so", Duration::from_secs(25), || gate.is_degraded("store"));
    database.execute_batch("ROLLBACK").unwrap();
    drop(database);
    gate.wait_for_number("SELECT count(*) FROM events", 101, Duration::from_secs(20));
    wait_for("status to be well again", Duration::from_secs(10), || !gate.is_degraded("store"));
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

/// A daemon whose state directory is a file system of 96 MiB in a mount namespace that ends with it.
fn on_a_small_disk(gate: &mut Gate) -> bool {
    fs::create_dir(gate.state()).unwrap();
    let mut command = Command::new("unshare");
    command.args([
        "-m",
        "--propagation",
        "private",
        "sh",
        "-c",
        r#"mount -t tmpfs -o size=96m,mode=750 tmpfs "$1" && shift && exec "$@""#,
        "sh",
    ]);
    command
        .arg(gate.state())
        .arg(crate::gate::BINARY)
        .arg("--config")
        .arg(gate.path("gatewatch.toml"))
        .arg("run");
    gate.start_as(command);
    reached(Duration::from_secs(20), || gate.daemon().ended().is_some() || (gate.enter() && gate.answers()))
        && gate.daemon().ended().is_none()
}

#[test]
fn a_full_disk_is_told_and_ingest_goes_on_when_there_is_room() {
    let test = "a full disk";
    if !can(test, &["unshare", "nsenter", "mount"], true) {
        return;
    }
    let mut gate = Gate::new();
    gate.append("a.log", LINE);
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    if !on_a_small_disk(&mut gate) {
        skip(test, &format!("no file system of one's own here: {}", gate.said()));
        return;
    }
    gate.wait_for_number("SELECT count(*) FROM events", 1, Duration::from_secs(10));
    let filler = gate.state().join("filler");
    // Fills what is left; dd ends with an error when nothing is.
    let mut fill = gate.inside("dd");
    fill.arg("if=/dev/zero").arg(format!("of={}", filler.display())).arg("bs=64k");
    assert!(!fill.output().unwrap().status.success());
    // More than the daemon's reserve of 4 MiB.
    let wide = LINE.replace("root", &"r".repeat(600));
    gate.append("a.log", &wide.repeat(6_000));
    wait_for("status to tell of the full disk", Duration::from_secs(30), || gate.is_degraded("store"));
    let why = gate.status()["degraded"].to_string();
    assert!(why.contains("full"), "{why}");
    gate.check_alive();
    must(gate.inside("rm").arg(&filler));
    gate.wait_for_number("SELECT count(*) FROM events", 6_001, Duration::from_secs(40));
    let twice = gate.rows("SELECT count(*) AS n, count(DISTINCT offset) AS places FROM events");
    assert_eq!(twice, [json!({"n": 6_001, "places": 6_001})]);
    assert_eq!(gate.number("SELECT count(*) FROM gaps"), Some(0));
    wait_for("status to be well again", Duration::from_secs(10), || !gate.is_degraded("store"));
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}
