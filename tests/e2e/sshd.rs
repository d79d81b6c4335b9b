//! An sshd of its own on a loopback port, with password logins through PAM, logging through /dev/log.

use crate::apart;
use crate::machine::{Running, free_port, must, wait_for_port};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What Debian's stack comes to, without session modules that need a login manager. The delay after a
/// failure is pam_unix's own.
const PAM: &str = "auth required pam_unix.so
account required pam_unix.so
session required pam_unix.so
";

pub struct Sshd {
    _running: Running,
    pub port: u16,
    askpass: PathBuf,
}

impl Sshd {
    /// Accounts are the folder's (`apart::accounts`).
    pub fn start(folder: &Path) -> Sshd {
        Sshd::start_with(folder, "")
    }

    /// With lines of configuration that win over the usual ones.
    pub fn start_with(folder: &Path, more: &str) -> Sshd {
        let port = free_port();
        let here = folder.display();
        fs::create_dir_all(folder.join("etc/pam.d")).unwrap();
        fs::write(folder.join("etc/pam.d/sshd"), PAM).unwrap();
        must(
            Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.join("hostkey")),
        );
        let config = format!(
            "{more}Port {port}
ListenAddress 127.0.0.1
HostKey {here}/hostkey
UsePAM yes
PidFile none
PasswordAuthentication yes
KbdInteractiveAuthentication no
PubkeyAuthentication no
StrictModes no
LogLevel VERBOSE
MaxStartups 50
UseDNS no
"
        );
        fs::write(folder.join("sshd_config"), config).unwrap();
        let askpass = folder.join("askpass");
        fs::write(&askpass, "#!/bin/sh\nprintf '%s\\n' \"$PASSWORD\"\n").unwrap();
        fs::set_permissions(&askpass, fs::Permissions::from_mode(0o755)).unwrap();
        // The place of privilege separation; a package makes it at boot.
        fs::create_dir_all("/run/sshd").unwrap();
        let mut command = apart::command(folder, "sshd", "sshd.out");
        command.args(["-D", "-f"]).arg(folder.join("sshd_config"));
        let mut running = Running::start("sshd", command);
        wait_for_port(port, &mut running, &folder.join("sshd.out"));
        Sshd { _running: running, port, askpass }
    }

    /// Begins one login with a password, from an address of loopback. ssh asks a program for the password.
    pub fn login(&self, from: &str, user: &str, password: &str) -> Child {
        let mut command = self.ssh(from);
        command
            .env("SSH_ASKPASS", &self.askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("PASSWORD", password)
            .args(["-o", "PreferredAuthentications=password", &format!("{user}@127.0.0.1"), "true"]);
        command.spawn().unwrap()
    }

    /// One login with a key; whether it was let in.
    pub fn login_by_key(&self, from: &str, user: &str, key: &Path) -> bool {
        let mut command = self.ssh(from);
        command.args(["-o", "PreferredAuthentications=publickey", "-o", "IdentitiesOnly=yes", "-i"]);
        command.arg(key).args([&format!("{user}@127.0.0.1"), "true"]);
        command.status().unwrap().success()
    }

    /// The client up to the options that every login has.
    fn ssh(&self, from: &str) -> Command {
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-b", from, "-p", &self.port.to_string()]);
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "NumberOfPasswordPrompts=1",
            "LogLevel=ERROR",
        ] {
            command.args(["-o", option]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// That many logins at the same time; returns how many were let in.
    pub fn logins(&self, number: usize, from: &str, user: &str, password: &str) -> usize {
        let children: Vec<Child> = (0..number).map(|_| self.login(from, user, password)).collect();
        children
            .into_iter()
            .map(|mut child| child.wait().unwrap())
            .filter(std::process::ExitStatus::success)
            .count()
    }
}
