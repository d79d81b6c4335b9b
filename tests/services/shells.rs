//! sshd and sudo, through PAM and rsyslog.

use crate::acts::{compare, version};
use crate::apart::{self, Rsyslog};
use crate::gate::Gate;
use crate::machine::{can, has_namespaces, must};
use crate::sshd::Sshd;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn sshd_lets_in_refuses_and_ends() {
    let test = "sshd";
    let programs = ["sshd", "ssh", "ssh-keygen", "openssl", "rsyslogd", "unshare"];
    if !can(test, &programs, true) || !has_namespaces(test) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    apart::accounts(folder, &[("ana", "right-one"), ("ben", "right-two")]);
    let _rsyslog = Rsyslog::start(folder);
    for name in ["known", "unknown"] {
        must(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name)));
    }
    fs::copy(folder.join("known.pub"), folder.join("authorized_keys")).unwrap();
    let more = format!("PubkeyAuthentication yes\nAuthorizedKeysFile {}/authorized_keys\n", folder.display());
    let sshd = Sshd::start_with(folder, &more);
    assert_eq!(sshd.logins(1, "127.0.0.1", "ana", "right-one"), 1);
    assert_eq!(sshd.logins(1, "127.0.0.2", "ana", "wrong"), 0);
    assert_eq!(sshd.logins(1, "127.0.0.3", "oracle", "wrong"), 0);
    assert!(sshd.login_by_key("127.0.0.4", "ben", &folder.join("known")));
    assert!(!sshd.login_by_key("127.0.0.5", "ben", &folder.join("unknown")));
    // PAM tells the end of a session without an address; the opening has it.
    compare(
        &version("sshd", "-V"),
        "linux-auth",
        &folder.join("auth.log"),
        &[
            "authentication logon success ana 127.0.0.1",
            "authentication logoff success ana 127.0.0.1",
            "authentication logon failure ana 127.0.0.2",
            "authentication logon failure oracle 127.0.0.3",
            "authentication logon success ben 127.0.0.4",
            "authentication logoff success ben 127.0.0.4",
            "authentication logon failure ben 127.0.0.5",
        ],
    );
}

/// Runs sudo as an account of the folder, with a password on standard input; whether it was allowed.
fn sudo(folder: &Path, user: &str, passwords: &str, command: &str) -> bool {
    let id = fs::read_to_string(folder.join("etc/passwd")).unwrap();
    let id =
        id.lines().find(|line| line.starts_with(&format!("{user}:"))).unwrap().split(':').nth(2).unwrap();
    let mut sudo = apart::command(folder, "setpriv", "sudo.out");
    sudo.args(["--reuid", id, "--regid", id, "--clear-groups", "sudo", "-k", "-S", command]).current_dir("/");
    let mut child = sudo.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(passwords.as_bytes()).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn sudo_allows_and_refuses() {
    let test = "sudo";
    if !can(test, &["sudo", "setpriv", "openssl", "rsyslogd", "unshare"], true) || !has_namespaces(test) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    apart::accounts(folder, &[("ana", "right-one"), ("ben", "right-two")]);
    let _rsyslog = Rsyslog::start(folder);
    fs::create_dir_all(folder.join("etc/pam.d")).unwrap();
    let pam =
        "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_unix.so\n";
    fs::write(folder.join("etc/pam.d/sudo"), pam).unwrap();
    fs::write(folder.join("etc/sudoers"), "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\nana ALL=(ALL) ALL\n")
        .unwrap();
    must(Command::new("chmod").arg("440").arg(folder.join("etc/sudoers")));
    assert!(sudo(folder, "ana", "right-one\n", "/bin/true"), "{}", crate::acts::said(folder, "sudo"));
    assert!(!sudo(folder, "ana", "wrong\nwrong\nwrong\n", "/bin/true"));
    assert!(!sudo(folder, "ben", "right-two\n", "/bin/true"));
    compare(
        &version("sudo", "-V"),
        "linux-auth",
        &folder.join("auth.log"),
        &[
            "session assign-privileges success ana -",
            "session assign-privileges failure ana -",
            "session assign-privileges failure ben -",
        ],
    );
}
