//! auditd with the kernel's audit, which a machine has once: the test stands back where it is in use, and puts it
//! back as it was.

use crate::acts::{compare_some, said, start, succeeds, tool, version};
use crate::apart::{self, Rsyslog};
use crate::gate::Gate;
use crate::machine::{Running, can, has_namespaces, reached, skip};
use crate::sshd::Sshd;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Switches the kernel's audit off again, after its daemon.
struct Audit {
    daemon: Running,
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.daemon.signal("TERM");
        self.daemon.wait(Duration::from_secs(5));
        succeeds(tool("auditctl").args(["-e", "0"]));
    }
}

/// Whether audit answers, is off, and belongs to nobody.
fn is_free() -> bool {
    let output = tool("auditctl").arg("-s").output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout).into_owned();
    ["enabled 0", "pid 0"].iter().all(|wanted| state.lines().any(|line| line == *wanted))
}

fn auditd(folder: &Path) -> Option<Audit> {
    let home = folder.join("audit");
    fs::create_dir_all(home.join("plugins.d")).unwrap();
    let config = format!(
        "local_events = yes
write_logs = yes
log_file = {here}/audit.log
log_format = ENRICHED
flush = INCREMENTAL_ASYNC
freq = 1
max_log_file = 8
num_logs = 2
max_log_file_action = IGNORE
plugin_dir = {here}/plugins.d
space_left = 2
admin_space_left = 1
space_left_action = IGNORE
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
",
        here = home.display()
    );
    fs::write(home.join("auditd.conf"), config).unwrap();
    fs::set_permissions(home.join("auditd.conf"), fs::Permissions::from_mode(0o640)).unwrap();
    let mut command = tool("auditd");
    command.args(["-n", "-s", "enable", "-c"]).arg(&home);
    let audit = Audit { daemon: start(folder, "auditd", command) };
    let log = home.join("audit.log");
    reached(Duration::from_secs(5), || {
        fs::read_to_string(&log).is_ok_and(|text| text.contains("type=DAEMON_START"))
    })
    .then_some(audit)
}

#[test]
fn auditd_tells_the_logins_of_sshd() {
    let test = "auditd";
    let programs = ["auditd", "auditctl", "sshd", "ssh", "ssh-keygen", "openssl", "rsyslogd", "unshare"];
    if !can(test, &programs, true) || !has_namespaces(test) {
        return;
    }
    if !is_free() {
        skip(test, "the kernel's audit is not to be had, or in use");
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let Some(_audit) = auditd(folder) else {
        skip(test, &format!("auditd does not start here: {}", said(folder, "auditd")));
        return;
    };
    // No other test has an account of this name: the records of all processes are in one log.
    apart::accounts(folder, &[("carol", "right-one")]);
    let _rsyslog = Rsyslog::start(folder);
    let sshd = Sshd::start(folder);
    assert_eq!(sshd.logins(1, "127.0.0.21", "carol", "right-one"), 1);
    assert_eq!(sshd.logins(1, "127.0.0.22", "carol", "wrong"), 0);
    compare_some(
        &version("auditctl", "-v"),
        "auditd",
        &folder.join("audit/audit.log"),
        &|event| event["user"] == "carol" || event["raw"].as_str().is_some_and(|raw| raw.contains("carol")),
        &[
            "authentication preauth success carol 127.0.0.21",
            "authentication logon success carol 127.0.0.21",
            "authentication logoff success carol 127.0.0.21",
            "authentication logon failure carol 127.0.0.22",
        ],
    );
}
