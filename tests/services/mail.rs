//! Dovecot, and postfix with Dovecot's passwords.

use crate::acts::{compare, version};
use crate::apart::{self, Rsyslog};
use crate::gate::Gate;
use crate::machine::{Running, can, free_port, has_namespaces, reached, wait_for_port};
use crate::postfix::Postfix;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A connection in lines.
struct Talk {
    lines: BufReader<TcpStream>,
}

impl Talk {
    fn to(port: u16) -> Talk {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut talk = Talk { lines: BufReader::new(stream) };
        talk.line();
        talk
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// Says a line and reads until an answer that begins with one of these.
    fn ask(&mut self, line: &str, answers: &[&str]) -> String {
        write!(self.lines.get_mut(), "{line}\r\n").unwrap();
        loop {
            let answer = self.line();
            if answer.is_empty() || answers.iter().any(|start| answer.starts_with(start)) {
                return answer;
            }
        }
    }
}

/// Dovecot with one user, its logins as configured.
fn dovecot(folder: &Path, port: u16, log: &str) -> Running {
    let here = folder.display();
    let config = format!(
        "base_dir = {here}/run
state_dir = {here}/run
{log}
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:{here}/boxes/%u
first_valid_uid = 1
passdb {{
driver = passwd-file
args = scheme=PLAIN username_format=%u {here}/users
}}
userdb {{
driver = static
args = uid=64300 gid=64300 home={here}/boxes/%u
}}
service imap-login {{
chroot =
inet_listener imap {{
address = 127.0.0.1
port = {port}
}}
inet_listener imaps {{
port = 0
}}
}}
service anvil {{
chroot =
}}
service auth {{
unix_listener {here}/run/postfix-auth {{
mode = 0666
}}
}}
"
    );
    fs::write(folder.join("users"), "ana:{PLAIN}right-one\n").unwrap();
    fs::create_dir_all(folder.join("boxes")).unwrap();
    std::os::unix::fs::chown(folder.join("boxes"), Some(64_300), Some(64_300)).unwrap();
    fs::write(folder.join("dovecot.conf"), config).unwrap();
    let mut command: Command = apart::command(folder, "dovecot", "dovecot.out");
    command.arg("-F").arg("-c").arg(folder.join("dovecot.conf"));
    let mut running = Running::start("dovecot", command);
    wait_for_port(port, &mut running, &folder.join("dovecot.out"));
    running
}

/// Right, wrong and unknown; the first logs out.
fn visit(port: u16) {
    let mut talk = Talk::to(port);
    assert!(talk.ask("a LOGIN ana right-one", &["a "]).starts_with("a OK"));
    assert!(talk.ask("b LOGOUT", &["b "]).starts_with("b OK"));
    for user in ["ana", "eve"] {
        let mut talk = Talk::to(port);
        assert!(talk.ask(&format!("a LOGIN {user} wrong"), &["a "]).starts_with("a NO"));
        assert!(talk.ask("b LOGOUT", &["b "]).starts_with("b OK"));
    }
}

const ACTS: [&str; 4] = [
    "authentication logon success ana 127.0.0.1",
    "authentication logoff success ana 127.0.0.1",
    "authentication logon failure ana 127.0.0.1",
    "authentication logon failure eve 127.0.0.1",
];

fn can_mail(test: &str, programs: &[&str]) -> bool {
    can(test, programs, true) && has_namespaces(test)
}

#[test]
fn dovecot_lets_in_refuses_and_ends() {
    if !can_mail("Dovecot", &["dovecot", "rsyslogd", "unshare"]) {
        return;
    }
    let service = format!("Dovecot {}", version("dovecot", "--version"));
    for own_log in [false, true] {
        let gate = Gate::new();
        let folder = gate.folder.path();
        let _rsyslog = Rsyslog::start(folder);
        let port = free_port();
        let own = format!("log_path = {}/dovecot.log", folder.display());
        let _dovecot = dovecot(folder, port, if own_log { &own } else { "" });
        visit(port);
        let log = if own_log { "dovecot.log" } else { "mail.log" };
        compare(&service, "dovecot", &folder.join(log), &ACTS);
    }
}

#[test]
fn postfix_lets_in_and_refuses() {
    if !can_mail("postfix with SASL", &["postfix", "dovecot", "rsyslogd", "unshare"]) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let _rsyslog = Rsyslog::start(folder);
    let own = format!("log_path = {}/dovecot.log", folder.display());
    let _dovecot = dovecot(folder, free_port(), &own);
    let more = format!(
        "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {}/run/postfix-auth\nsmtpd_delay_reject = yes\n",
        folder.display()
    );
    let postfix = Postfix::start_with(folder, &["ana"], &more);
    // \0ana\0right-one, \0ana\0wrong, \0eve\0wrong
    for (login, code) in
        [("AGFuYQByaWdodC1vbmU=", "235"), ("AGFuYQB3cm9uZw==", "535"), ("AGV2ZQB3cm9uZw==", "535")]
    {
        let mut talk = Talk::to(postfix.port);
        talk.ask("EHLO probe.example.org", &["250 "]);
        assert!(talk.ask(&format!("AUTH PLAIN {login}"), &["2", "5", "4"]).starts_with(code));
        if code == "235" {
            talk.ask("MAIL FROM:<ana@example.org>", &["2", "5"]);
            talk.ask("RCPT TO:<ana@example.org>", &["2", "5"]);
            talk.ask("DATA", &["3", "5"]);
            assert!(talk.ask("Subject: probe\r\n\r\nprobe\r\n.", &["2", "5"]).starts_with("250"));
        }
        talk.ask("QUIT", &["2"]);
    }
    let log = folder.join("mail.log");
    reached(Duration::from_secs(5), || fs::read_to_string(&log).unwrap_or_default().contains("removed"));
    let service = format!("postfix {}", version("postconf", "mail_version"));
    compare(
        &service,
        "postfix",
        &log,
        &[
            "authentication logon success ana 127.0.0.1",
            "authentication logon failure ana 127.0.0.1",
            "authentication logon failure eve 127.0.0.1",
        ],
    );
}
