//! Postfix as the relay, and as the server that brings replies: TLS with the right and with a wrong certificate, a refused
//! recipient, a bounce, greylisting, down for a while, killed with a mail in its hands, a reply that acknowledges.
//!
//! Each test has its own Postfix on loopback, ended by its id. Without Postfix, openssl or root it says SKIPPED.
//! `POSTFIX_FULL=1` waits as long as the real thing does: down for ten minutes, greylisted for five.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper that cannot help is a failed test, and a skipped test says so"
)]
#![allow(clippy::disallowed_methods, reason = "tests run on the machine's own clock and programs")]
#![allow(dead_code, reason = "the helpers are shared with other tests")]

#[path = "e2e/gate.rs"]
mod gate;
#[path = "e2e/machine.rs"]
mod machine;
#[path = "postfix/policy.rs"]
mod policy;
#[path = "support/relay_tls.rs"]
mod relay_tls;
#[path = "postfix/server.rs"]
mod server;

use gate::{Gate, header, mails};
use machine::{can, wait_for};
use policy::{Policy, STALL};
use relay_tls::Identity;
use serde_json::{Value, json};
use server::Postfix;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);
const AUTHORITY: &str = "mx.example.org";

/// Five failures of one address: what the shipped rules find.
fn attack(user: &str) -> String {
    let line = |n| {
        format!("Nov 24 06:00:0{n} h sshd[{n}]: Failed password for {user} from 203.0.113.9 port 4{n} ssh2\n")
    };
    (0..5).map(line).collect()
}

fn is_full() -> bool {
    std::env::var_os("POSTFIX_FULL").is_some()
}

/// A daemon whose relay is a Postfix, and whose replies that Postfix delivers.
struct Town {
    gate: Gate,
    postfix: Postfix,
}

impl Town {
    /// `None` where the machine lacks something.
    fn build(test: &str, more: &str) -> Option<Town> {
        Town::with(test, more, "IP:127.0.0.1", None)
    }

    /// With a certificate for this name; the daemon trusts its authority, or another one's.
    fn with(test: &str, more: &str, name: &str, trusted: Option<&[u8]>) -> Option<Town> {
        if !can(test, &["postfix", "qmgr", "openssl"], true) {
            return None;
        }
        let gate = Gate::new();
        let (identity, authority) = Identity::make(gate.folder.path(), name)?;
        let postfix = Postfix::start(gate.folder.path(), &identity, more);
        gate.write("authority.pem", std::str::from_utf8(trusted.unwrap_or(&authority)).unwrap());
        gate.append("a.log", "");
        let config = format!(
            "[mail]\nfrom = \"gatewatch@example.org\"\nreply_maildir = \"{}\"\nreply_authserv = \"{AUTHORITY}\"\n\
             [[mail.relay]]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"starttls\"\nca_file = \"{}\"\n\
             [[person]]\nid = \"ana\"\nemail = [\"ana@example.org\", \"ana@example.net\"]\n\
             [[policy]]\nid = \"all\"\nnotify_within = \"30m\"\n[[policy.step]]\nafter = \"0m\"\nnotify = [\"person:ana\"]\n\
             [[route]]\npolicy = \"all\"\n",
            postfix.mailbox("replies").display(),
            postfix.port,
            gate.path("authority.pem").display(),
        );
        gate.configure(&[("a", "linux-auth", "a.log")], &config);
        // The mailbox belongs to Postfix' user for mailboxes, who makes it; the daemon runs as root here.
        let mut town = Town { gate, postfix };
        for part in ["new", "cur", "tmp"] {
            let path = town.postfix.mailbox("replies").join(part);
            fs::create_dir_all(&path).unwrap();
            std::os::unix::fs::chown(path, Some(64_300), Some(64_300)).unwrap();
        }
        std::os::unix::fs::chown(town.postfix.mailbox("replies"), Some(64_300), Some(64_300)).unwrap();
        town.gate.start();
        Some(town)
    }

    fn attacked(&self) {
        self.gate.append("a.log", &attack("root"));
    }

    fn mails(&self, name: &str) -> Vec<String> {
        mails(&self.postfix.mailbox(name))
    }

    fn wait_for_mail(&self, name: &str, most: Duration) -> String {
        machine::reached(most, || !self.mails(name).is_empty());
        let log = self.postfix.log();
        self.mails(name).pop().unwrap_or_else(|| panic!("no mail for {name}: {}\n{log}", self.gate.said()))
    }

    /// The results of all tries, in order.
    fn tries(&self) -> Vec<(String, String, String)> {
        let rows = self.gate.rows("SELECT result, phase, reply FROM attempts ORDER BY at, n");
        let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        rows.iter().map(|row| (word(row, "result"), word(row, "phase"), word(row, "reply"))).collect()
    }

    fn notices(&self) -> Vec<Value> {
        self.gate.rows("SELECT kind, address, state, delivery_level FROM notifications ORDER BY id")
    }

    fn end(mut self) {
        assert_eq!(self.gate.stop(), Some(0), "{}", self.gate.said());
    }
}

/// Speaks SMTP to Postfix as a person's mail program does.
fn submit(port: u16, from: &str, to: &str, mail: &str) {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut writer, mut reader) = (stream.try_clone().unwrap(), BufReader::new(stream));
    let mut answer = |wanted: &str| {
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 0 && line.as_bytes().get(3) == Some(&b'-') {
            line.clear();
        }
        assert!(line.starts_with(wanted), "{line}");
    };
    answer("220");
    for (command, wanted) in [
        ("EHLO laptop.example.org".to_owned(), "250"),
        (format!("MAIL FROM:<{from}>"), "250"),
        (format!("RCPT TO:<{to}>"), "250"),
        ("DATA".to_owned(), "354"),
        (format!("{}\r\n.", mail.replace('\n', "\r\n")), "250"),
    ] {
        write!(writer, "{command}\r\n").unwrap();
        answer(wanted);
    }
}

#[test]
fn over_tls_it_takes_the_mail_and_reports_its_delivery() {
    let Some(mut town) = Town::build("postfix over TLS", "smtpd_tls_security_level = encrypt\n") else {
        return;
    };
    town.attacked();
    let mail = town.wait_for_mail("ana", SOON);
    assert!(header(&mail, "Received").unwrap().contains("using TLSv1"), "{mail}");
    let tried = town.tries();
    assert!(tried[0].0 == "accepted" && tried[0].2.contains("queued as"), "{tried:?}");
    // Postfix reports where the report was asked for, to the address of this very try.
    assert!(header(&mail, "Return-Path").unwrap().starts_with("<gatewatch+b"), "{mail}");
    let level = "SELECT count(*) FROM notifications WHERE kind = 'notice' AND delivery_level = 'D3'";
    town.gate.wait_for_number(level, 1, SOON);
    let told = town.gate.rows("SELECT detail FROM journal WHERE kind = 'report'");
    assert!(told[0]["detail"].as_str().unwrap().contains("delivered (try 1): 2.0.0"), "{told:?}");
    // A test mail goes the whole way, and tells of it.
    let said = town.gate.tell(&["mail", "test", "--to", "ana@example.org"]);
    assert!(said.contains("accepted: ") && said.contains("delivered (try 1)"), "{said}");
    let bounced = town.gate.run(&["mail", "test", "--to", "nobody@example.org"]);
    assert_eq!(bounced.status.code(), Some(4), "{}", gate::text(&bounced.stdout));
    town.end();
}

#[test]
fn a_wrong_certificate_gets_no_mail() {
    let strangers = tempfile::tempdir().unwrap();
    let Some((_, stranger)) = Identity::make(strangers.path(), "IP:127.0.0.1") else {
        machine::skip("a wrong certificate", "not installed: openssl");
        return;
    };
    for (name, trusted, why) in
        [("DNS:other.example.org", None, "name"), ("IP:127.0.0.1", Some(&stranger[..]), "authority")]
    {
        let Some(mut town) = Town::with("a wrong certificate", "", name, trusted) else { return };
        town.attacked();
        wait_for("the relay to be told as down", SOON, || town.gate.is_degraded("relay"));
        town.gate.check_alive();
        for (result, phase, reply) in town.tries() {
            assert!(result == "deferred" && phase == "tls", "{why}: {result} {phase} {reply}");
        }
        assert!(
            town.mails("ana").is_empty() && !town.postfix.log().contains("client=localhost"),
            "{}",
            town.postfix.log()
        );
        town.end();
    }
}

#[test]
fn a_refused_recipient_is_told_at_the_next_address() {
    let refuse =
        "smtpd_recipient_restrictions = check_recipient_access inline:{ana@example.org=REJECT}, permit\n";
    let Some(town) = Town::build("a refused recipient", refuse) else { return };
    town.attacked();
    let mail = town.wait_for_mail("ana.net", SOON);
    assert_eq!(header(&mail, "X-Gatewatch-Kind").as_deref(), Some("fallback"));
    assert!(town.tries()[0].0 == "refused" && town.tries()[0].1 == "rcpt", "{:?}", town.tries());
    assert!(town.mails("ana").is_empty());
    town.end();
}

/// The relay takes the mail and cannot deliver it: its bounce comes to the reply Maildir.
#[test]
fn a_bounce_is_told_at_the_next_address() {
    let bounce = "transport_maps = inline:{ana@example.org=gone:}\n";
    let Some(mut town) = Town::build("a bounce", bounce) else { return };
    town.attacked();
    let mail = town.wait_for_mail("ana.net", SOON);
    assert_eq!(header(&mail, "X-Gatewatch-Kind").as_deref(), Some("fallback"));
    town.gate.wait_for_number("SELECT count(*) FROM notifications WHERE delivery_level = 'D3'", 1, SOON);
    let rows = town.notices();
    assert_eq!(
        rows[0],
        json!({"kind": "notice", "address": "ana@example.org", "state": "refused", "delivery_level": "D1"})
    );
    let told = town.gate.rows("SELECT detail FROM journal WHERE kind = 'bounce'");
    assert!(told.len() == 1 && told[0]["detail"].as_str().unwrap().contains("5.1.1"), "{told:?}");
    town.end();
}

#[test]
fn greylisting_is_waited_for_with_the_same_message() {
    let policy = Policy::start("DEFER 4.2.0 Please come back in a moment");
    let word = format!(
        "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{}, permit\n",
        policy.port
    );
    let Some(town) = Town::build("greylisting", &word) else { return };
    // The word makes the waits those of a greylist: 65 s, and then 4 minutes.
    let (answer, until, most) = match is_full() {
        true => ("DEFER 4.2.0 Greylisted, come back in 5 minutes", 300, Duration::from_secs(420)),
        false => ("DEFER 4.2.0 Please come back in a moment", 4, SOON),
    };
    policy.answers(answer);
    town.attacked();
    wait_for("the first try", SOON, || policy.count() >= 1);
    std::thread::sleep(Duration::from_secs(until));
    policy.answers("DUNNO");
    let mail = town.wait_for_mail("ana", most);
    let tried = town.tries();
    assert!(tried[0].0 == "deferred" && tried[0].1 == "rcpt" && tried[0].2.contains("450"), "{tried:?}");
    assert_eq!(tried.last().unwrap().0, "accepted");
    assert_eq!(header(&mail, "X-Gatewatch-Attempt"), None, "nothing of the first try can have arrived");
    assert_eq!((town.mails("ana").len(), town.notices().len()), (1, 1));
    town.end();
}

#[test]
fn a_server_that_is_down_gets_the_mail_once_when_it_is_back() {
    let Some(mut town) = Town::build("down for a while", "") else { return };
    town.postfix.kill();
    town.attacked();
    let down = if is_full() { 600 } else { 8 };
    wait_for("the first try", SOON, || !town.tries().is_empty());
    std::thread::sleep(Duration::from_secs(down));
    town.gate.check_alive();
    assert!(
        town.tries().iter().all(|(result, phase, _)| result == "deferred" && phase == "connect"),
        "{:?}",
        town.tries()
    );
    town.postfix.resume();
    // The longest wait between two tries is 144 s.
    town.wait_for_mail("ana", Duration::from_secs(if is_full() { 200 } else { 60 }));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(town.mails("ana").len(), 1);
    let states = town.gate.rows("SELECT DISTINCT state FROM notifications WHERE kind = 'notice'");
    assert_eq!(states, [json!({"state": "accepted"})]);
    town.end();
}

/// The server is killed between the final dot and its answer: the mail may have arrived, goes again under the same
/// Message-ID, and says so.
#[test]
fn a_server_that_restarts_in_data_gets_the_mail_again_and_marked() {
    let policy = Policy::start(STALL);
    let word =
        format!("smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:{}\n", policy.port);
    let Some(mut town) = Town::build("restart in DATA", &word) else { return };
    town.attacked();
    wait_for("the whole mail to be with the server", SOON, || policy.count() >= 1);
    town.postfix.kill();
    wait_for("the try to be told", SOON, || !town.tries().is_empty());
    let (result, phase, _) = town.tries()[0].clone();
    assert_eq!((result.as_str(), phase.as_str()), ("uncertain", "body"));
    policy.answers("DUNNO");
    town.postfix.resume();
    let mail = town.wait_for_mail("ana", Duration::from_secs(60));
    assert_eq!(header(&mail, "X-Gatewatch-Attempt").as_deref(), Some("2"), "{mail}");
    assert!(mail.contains("may repeat an earlier message"), "{mail}");
    let id = header(&mail, "Message-ID").unwrap();
    let rows =
        town.gate.rows(&format!("SELECT attempts, state FROM notifications WHERE message_id = '{id}'"));
    assert_eq!(rows, [json!({"attempts": 2, "state": "accepted"})]);
    assert_eq!(town.mails("ana").len(), 1);
    town.end();
}

/// Ana's reply goes through Postfix, which says what it knows of the sender, into the Maildir of replies.
#[test]
fn a_reply_through_it_acknowledges_and_a_forged_one_does_not() {
    let results = format!(
        "smtpd_sender_restrictions = check_sender_access inline:{{ \
         {{ana@example.org=PREPEND Authentication-Results: {AUTHORITY}; spf=pass smtp.mailfrom=ana@example.org}}, \
         {{eve@evil.example=PREPEND Authentication-Results: {AUTHORITY}; spf=none smtp.mailfrom=eve@evil.example}} }}\n"
    );
    let Some(mut town) = Town::build("a reply through postfix", &results) else { return };
    town.attacked();
    let notice = town.wait_for_mail("ana", SOON);
    let to = header(&notice, "Reply-To").unwrap();
    let write = |heads: &str, words: &str| {
        format!(
            "{heads}From: Ana Reyes <ana@example.org>\nTo: {to}\nSubject: Re: {}\nMessage-ID: <{words}@laptop>\n\n{words}\n\n\
             On Tue, gatewatch wrote:\n> ACKNOWLEDGE\n",
            header(&notice, "Subject").unwrap()
        )
    };
    let forged = format!("Authentication-Results: {AUTHORITY}; dkim=pass header.d=example.org\n");
    submit(town.postfix.port, "eve@evil.example", &to, &write(&forged, "ack"));
    let refused =
        "SELECT count(*) FROM journal WHERE kind = 'reply-refused' AND detail LIKE 'not-authenticated%'";
    town.gate.wait_for_number(refused, 1, SOON);
    submit(town.postfix.port, "ana@example.org", &to, &write("Auto-Submitted: auto-replied\n", "ack"));
    let refused = "SELECT count(*) FROM journal WHERE kind = 'reply-refused' AND detail LIKE 'automatic%'";
    town.gate.wait_for_number(refused, 1, SOON);
    assert_eq!(town.gate.number("SELECT count(*) FROM incidents WHERE status = 'open'"), Some(1));
    submit(town.postfix.port, "ana@example.org", &to, &write("", "Ack, on it."));
    let taken = "SELECT count(*) FROM incidents WHERE status = 'acknowledged' AND ack_via = 'reply' AND acknowledged_by = 'ana'";
    town.gate.wait_for_number(taken, 1, SOON);
    let replies = town.postfix.mailbox("replies");
    wait_for("everything to be filed", SOON, || fs::read_dir(replies.join("new")).unwrap().count() == 0);
    // Three replies, and the report of the notice's delivery.
    assert_eq!(fs::read_dir(replies.join("cur")).unwrap().count(), 4);
    town.end();
}
