//! What comes back by mail, through the program itself: a reply acknowledges, a bounce goes elsewhere, a kill in the
//! middle changes nothing, and what is hostile or unproven only leaves its row in the journal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper that cannot help is a failed test"
)]
#![allow(clippy::disallowed_methods, reason = "tests run on the machine's own clock and programs")]
#![allow(dead_code, reason = "the helpers are shared with tests/e2e.rs")]

#[path = "e2e/gate.rs"]
mod gate;
#[path = "replies/hostile.rs"]
mod hostile;
#[path = "e2e/machine.rs"]
mod machine;

use gate::{Gate, header, mails};
use machine::wait_for;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// Five failures of one address: what the shipped rules find.
fn attack(user: &str) -> String {
    let line = |n| {
        format!("Nov 24 06:00:0{n} h sshd[{n}]: Failed password for {user} from 203.0.113.9 port 4{n} ssh2\n")
    };
    (0..5).map(line).collect()
}

/// A daemon with Ana, her deputy Ben and the lead, whose replies land in `replies`.
struct Office {
    gate: Gate,
    count: u32,
}

impl Office {
    fn open() -> Office {
        let mut gate = Gate::new();
        gate.append("a.log", "");
        let more = format!(
            "[mail]\nfrom = \"gatewatch@example.org\"\nreply_maildir = \"{}\"\nreply_authserv = \"mx.example.org\"\n\
             [[person]]\nid = \"ana\"\nemail = [\"ana@example.org\", \"ana@example.net\"]\n\
             [[person]]\nid = \"ben\"\nemail = [\"ben@example.org\"]\n\
             [[person]]\nid = \"lead\"\nemail = [\"lead@example.org\"]\n\
             [[schedule]]\nid = \"soc\"\ntimezone = \"UTC\"\nmembers = [\"ana\"]\nevery = \"1w\"\nhandoff = \"Mon 09:00\"\n\
             start = \"2026-01-05\"\n[[schedule.override]]\nfrom = \"2026-01-06 09:00\"\nto = \"2026-01-07 09:00\"\nperson = \"ben\"\n\
             [[policy]]\nid = \"all\"\nnotify_within = \"30m\"\n[[policy.step]]\nafter = \"0m\"\n\
             notify = [\"schedule:soc\", \"person:lead\"]\n[[route]]\npolicy = \"all\"\n",
            gate.path("replies").display()
        );
        gate.configure(&[("a", "linux-auth", "a.log")], &more);
        gate.start();
        Office { gate, count: 0 }
    }

    /// The notice to this address about the one incident.
    fn notice(&mut self, to: &str) -> String {
        self.gate.append("a.log", &attack("root"));
        self.mail(to, "notice")
    }

    fn mail(&mut self, to: &str, kind: &str) -> String {
        let maildir = self.gate.path("state/mail");
        let found = || {
            mails(&maildir).into_iter().rev().find(|mail| {
                header(mail, "To").is_some_and(|found| found.contains(to))
                    && header(mail, "X-Gatewatch-Kind").as_deref() == Some(kind)
            })
        };
        wait_for(&format!("a {kind} to {to}"), SOON, || found().is_some());
        found().unwrap()
    }

    /// Puts a mail where the mail server would: written elsewhere, and moved into place whole.
    fn arrives(&mut self, bytes: &[u8]) -> PathBuf {
        self.count += 1;
        let (draft, name) = (self.gate.path("draft"), format!("{:04}.test.host", self.count));
        fs::write(&draft, bytes).unwrap();
        let path = self.gate.path("replies/new").join(name);
        fs::rename(&draft, &path).unwrap();
        path
    }

    fn journal(&self, kind: &str) -> Vec<(String, String)> {
        let rows =
            self.gate.rows(&format!("SELECT actor, detail FROM journal WHERE kind = '{kind}' ORDER BY seq"));
        let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        rows.iter().map(|row| (word(row, "actor"), word(row, "detail"))).collect()
    }

    fn refusals(&mut self, count: i64) -> Vec<(String, String)> {
        self.gate.wait_for_number("SELECT count(*) FROM journal WHERE kind = 'reply-refused'", count, SOON);
        self.journal("reply-refused")
    }

    fn incident(&self) -> Value {
        self.gate.rows("SELECT status, acknowledged_by, ack_via, resolution FROM incidents")[0].clone()
    }
}

const PASS: &str = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org";

/// A reply as a mail server delivers it.
fn reply(from: &str, to: &str, heads: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "Return-Path: <{from}>\n{heads}\nReceived: from out.example.org by mx.example.org; Tue, 24 Nov 2026 10:00:00 +0000\n\
         From: <{from}>\nTo: {to}\nSubject: Re: [gatewatch]\nMessage-ID: <{}@x>\n\n{body}",
        body.len()
    );
    text.into_bytes()
}

#[test]
fn a_reply_acknowledges_and_another_is_told_that_the_token_is_used() {
    let mut office = Office::open();
    let notice = office.notice("ana@example.org");
    assert!(notice.contains("Reply to this mail"), "{notice}");
    let to = header(&notice, "Reply-To").unwrap();
    assert!(to.starts_with("gatewatch+r") && to.ends_with("@example.org"), "{to}");
    let key = fs::metadata(office.gate.path("state/keys/mail-tag.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
    let forms = [
        ("X-Nothing: said", "ack\n", "not-authenticated"),
        (
            "Authentication-Results: mx.example.org; dkim=fail\nAuthentication-Results: evil.example; dkim=pass header.d=example.org",
            "ack\n",
            "not-authenticated",
        ),
        (&format!("Auto-Submitted: auto-replied\n{PASS}"), "ack\n", "automatic"),
        (PASS, "Danke!\n", "unknown-verb"),
    ];
    for (n, (heads, body, _)) in forms.iter().enumerate() {
        let path = office.arrives(&reply("ana@example.org", &to, heads, body));
        office.refusals(n as i64 + 1);
        wait_for("the mail to be filed", SOON, || !path.exists());
    }
    for ((_, _, reason), (_, detail)) in forms.iter().zip(office.journal("reply-refused")) {
        assert!(detail.starts_with(reason), "{detail}");
    }
    assert_eq!(office.incident()["status"], "open");
    let answer = office.mail("ana@example.org", "answer");
    assert_eq!(header(&answer, "Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(header(&answer, "In-Reply-To"), header(&notice, "Message-ID"));
    office.arrives(&reply(
        "ana@example.net",
        &to,
        &PASS.replace("d=example.org", "d=example.net"),
        "ACK. on it\n\n> quoted\n",
    ));
    office.gate.wait_for_number("SELECT count(*) FROM incidents WHERE status = 'acknowledged'", 1, SOON);
    assert_eq!(
        office.incident(),
        json!({"status": "acknowledged", "acknowledged_by": "ana", "ack_via": "reply"})
    );
    office.mail("lead@example.org", "acknowledged");
    office.arrives(&reply("ben@example.org", &to, PASS, "resolve\n"));
    let refusals = office.refusals(5);
    assert!(refusals[4].0 == "ben" && refusals[4].1.starts_with("used"), "{refusals:?}");
    let answer = office.mail("ben@example.org", "answer");
    // The answer's own address acts.
    office.arrives(&reply(
        "ben@example.org",
        &header(&answer, "Reply-To").unwrap(),
        PASS,
        "False positive: our scanner\n",
    ));
    office.gate.wait_for_number(
        "SELECT count(*) FROM incidents WHERE resolution = 'false-positive'",
        1,
        SOON,
    );
    assert_eq!(office.gate.stop(), Some(0), "{}", office.gate.said());
    assert_eq!(fs::read_dir(office.gate.path("replies/cur")).unwrap().count(), 7);
    assert_eq!(fs::read_dir(office.gate.path("replies/new")).unwrap().count(), 0);
}

/// The daemon is killed again and again while replies come in, and mails that were acted on are put back as a kill
/// between the commit and the move leaves them.
#[test]
fn a_kill_acts_on_no_mail_twice_and_on_each_once() {
    let mut office = Office::open();
    let notice = office.notice("ana@example.org");
    let to = header(&notice, "Reply-To").unwrap();
    let rounds = if std::env::var_os("REPLY_KILLS").is_some() { 200 } else { 12 };
    for n in 0..rounds {
        office.arrives(&reply("eve@example.org", &to, PASS, &format!("ack {n}\n")));
        std::thread::sleep(Duration::from_millis(n * 37 % 400));
        office.gate.kill();
        office.gate.start();
    }
    let rounds = i64::try_from(rounds).unwrap();
    office.refusals(rounds);
    wait_for("everything to be filed", SOON, || {
        fs::read_dir(office.gate.path("replies/new")).unwrap().count() == 0
    });
    assert_eq!(
        office.gate.number("SELECT count(DISTINCT detail) FROM journal WHERE kind = 'reply-refused'"),
        Some(rounds)
    );
    // Filed by nobody: the folder takes no mail.
    let mut mail = reply("ana@example.org", &to, PASS, "ack\n");
    fs::remove_dir_all(office.gate.path("replies/cur")).unwrap();
    let path = office.arrives(&mail);
    office.gate.wait_for_number("SELECT count(*) FROM incidents WHERE status = 'acknowledged'", 1, SOON);
    wait_for("status to tell of it", SOON, || office.gate.is_degraded("replies"));
    office.gate.kill();
    assert!(path.exists());
    fs::create_dir(office.gate.path("replies/cur")).unwrap();
    office.gate.start();
    wait_for("the mail to be filed", SOON, || !path.exists());
    assert_eq!(office.refusals(rounds).len() as i64, rounds, "it was not judged again");
    assert!(!office.gate.is_degraded("replies"));
    // The same again under another name is another mail: refused, and Ana hears nothing of it.
    mail.extend(b"\n");
    office.arrives(&mail);
    let refusals = office.refusals(rounds + 1);
    assert!(refusals.last().unwrap().1.starts_with("used: the same mail came again"), "{refusals:?}");
    assert_eq!(office.gate.number("SELECT count(*) FROM notifications WHERE kind = 'answer'"), Some(0));
    assert_eq!(office.gate.stop(), Some(0), "{}", office.gate.said());
}

/// What `doctor` says of the reply Maildir, and `check`.
#[test]
fn a_maildir_that_cannot_work_is_told_before_it_is_needed() {
    let mut office = Office::open();
    let doctor = |office: &Office| {
        let told = gate::objects(&gate::text(&office.gate.run(&["doctor", "--json"]).stdout));
        let row = told.into_iter().find(|row| row["check"] == "replies").unwrap();
        (row["ok"].as_bool().unwrap(), row["message"].as_str().unwrap().to_owned())
    };
    let new = office.gate.path("replies/new");
    wait_for("the Maildir to be made", SOON, || new.exists());
    let (ok, said) = doctor(&office);
    assert!(ok && said.contains("nothing ever came"), "{said}");
    office.arrives(b"From: a@b.example\n\nack\n");
    office.refusals(1);
    let (ok, said) = doctor(&office);
    assert!(ok && said.contains("1 mail(s) came"), "{said}");
    let open = |mode| fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    open(0o777);
    let (ok, said) = doctor(&office);
    assert!(!ok && said.contains("everybody may write it"), "{said}");
    let checked = office.gate.run(&["check"]);
    assert!(
        gate::text(&checked.stdout).contains("warning: reply_maildir: "),
        "{}",
        gate::text(&checked.stdout)
    );
    open(0o700);
    assert_eq!(office.gate.stop(), Some(0));
    fs::remove_dir_all(office.gate.path("replies")).unwrap();
    let (ok, said) = doctor(&office);
    assert!(!ok && said.contains("is not there"), "{said}");
}

#[test]
fn hostile_mails_leave_their_row_and_nothing_else() {
    let mut office = Office::open();
    let notice = office.notice("ana@example.org");
    let to = header(&notice, "Reply-To").unwrap();
    let corpus = hostile::corpus(&to);
    for bytes in &corpus {
        office.arrives(bytes);
    }
    let refusals = office.refusals(i64::try_from(corpus.len()).unwrap());
    assert!(refusals.iter().all(|(_, detail)| !detail.chars().any(char::is_control)), "{refusals:?}");
    assert_eq!(office.incident(), json!({"status": "open"}));
    assert_eq!(office.gate.number("SELECT count(*) FROM notifications WHERE kind = 'answer'"), Some(0));
    // And a person is still heard.
    office.arrives(&reply("ana@example.org", &to, PASS, "ack\n"));
    office.gate.wait_for_number("SELECT count(*) FROM incidents WHERE status = 'acknowledged'", 1, SOON);
    assert_eq!(office.gate.stop(), Some(0), "{}", office.gate.said());
    assert!(!office.gate.said().contains("\"ERROR\""), "{}", office.gate.said());
}
