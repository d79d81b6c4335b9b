//! sshd writes through rsyslog, gatewatch reads, postfix delivers, a person acknowledges.

use crate::apart::{self, Rsyslog};
use crate::gate::{Gate, header, mails, objects};
use crate::machine::{can, has_namespaces, reached, wait_for};
use crate::postfix::Postfix;
use crate::sshd::Sshd;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// From an incident to the second person, when nobody acknowledges.
const SECOND_STEP: Duration = Duration::from_secs(15);

fn configure(gate: &Gate, relay: u16) {
    let more = format!(
        r#"
[mail]
from = "gatewatch@example.org"
domain = "gatewatch.example.org"
[[mail.relay]]
host = "127.0.0.1"
port = {relay}
tls = "none"
[[person]]
id = "ana"
name = "Ana Reyes"
email = ["ana@example.org"]
account = "root"
[[person]]
id = "lead"
email = ["lead@example.org"]
[[policy]]
id = "quick"
notify_within = "5m"
acknowledge_within = "5m"
[[policy.step]]
after = "0s"
notify = ["person:ana"]
[[policy.step]]
after = "{}s"
notify = ["person:lead"]
[[route]]
policy = "quick"
"#,
        SECOND_STEP.as_secs()
    );
    gate.configure(&[("gate", "linux-auth", "auth.log")], &more);
}

/// Six wrong passwords and a right one from 127.0.0.1, which a person acknowledges; five wrong ones from
/// 127.0.0.2 for a user that does not exist, which nobody does.
#[test]
fn an_attack_on_sshd_reaches_a_mailbox_and_is_acknowledged() {
    let test = "an attack on sshd";
    let programs = ["sshd", "ssh", "ssh-keygen", "openssl", "rsyslogd", "postfix", "unshare"];
    if !can(test, &programs, true) || !has_namespaces(test) {
        return;
    }
    let mut gate = Gate::new();
    let folder = gate.folder.path().to_owned();
    apart::accounts(&folder, &[("mallory", "right-one")]);
    let rsyslog = Rsyslog::start(&folder);
    let sshd = Sshd::start(&folder);
    let postfix = Postfix::start(&folder, &["ana", "lead"]);
    configure(&gate, postfix.port);
    gate.start();

    let ana = postfix.mailbox("ana");
    attack(&sshd);
    wait_for("mail about both addresses", Duration::from_secs(15), || {
        about(&ana, "127.0.0.1").is_some() && about(&ana, "127.0.0.2").is_some()
    });
    // The success makes the incident graver, and it is told anew: acknowledged is what was told last.
    let graver = "SELECT count(*) FROM notifications n JOIN findings f ON f.incident = n.incident
        WHERE f.rule = 'auth-success-after-failures' AND n.state = 'accepted'";
    gate.wait_for_number(graver, 2, Duration::from_secs(10));
    let mailed = Instant::now();
    check_mail(&about(&ana, "127.0.0.1").unwrap(), &gate);
    check_log_of(&rsyslog, &about(&ana, "127.0.0.1").unwrap());
    acknowledge(&gate, "127.0.0.1");
    check_events(&mut gate);

    let lead = postfix.mailbox("lead");
    let second = SECOND_STEP.saturating_sub(mailed.elapsed()) + Duration::from_secs(6);
    assert!(
        reached(second, || about(&lead, "127.0.0.2").is_some()),
        "nobody acknowledged, and the lead was not told: {}",
        gate.said()
    );
    // Both incidents began within a moment of each other: what was due for the other one is due by now.
    thread::sleep(Duration::from_secs(3));
    let wrong: Vec<String> = mails(&lead).into_iter().filter(|mail| is_about(mail, "127.0.0.1")).collect();
    assert!(wrong.is_empty(), "escalated after the acknowledgement: {}", wrong[0]);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    assert!(!gate.said().contains("\"ERROR\""), "all went well, but the daemon's log has errors: {}", gate.said());
}

fn attack(sshd: &Sshd) {
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(sshd.logins(6, "127.0.0.1", "mallory", "wrong"), 0));
        scope.spawn(|| assert_eq!(sshd.logins(5, "127.0.0.2", "oracle", "wrong"), 0));
    });
    assert_eq!(sshd.logins(1, "127.0.0.1", "mallory", "right-one"), 1, "the right password is let in");
}

fn is_about(mail: &str, address: &str) -> bool {
    header(mail, "Subject").is_some_and(|subject| subject.contains(address))
        || mail.contains(&format!("src_ip={address}"))
}

/// The first notice about an attacker's address.
fn about(maildir: &std::path::Path, address: &str) -> Option<String> {
    mails(maildir).into_iter().find(|mail| is_about(mail, address))
}

/// The headers that INTERFACE promises, and what a person must be able to read.
fn check_mail(mail: &str, gate: &Gate) {
    let head = |name: &str| header(mail, name).unwrap_or_else(|| panic!("no {name} in {mail}"));
    assert!(head("To").contains("ana@example.org"), "{mail}");
    assert!(head("From").contains("gatewatch@example.org"));
    assert_eq!(head("Auto-Submitted"), "auto-generated");
    assert_eq!(head("X-Gatewatch-Kind"), "notice");
    assert_eq!(head("X-Gatewatch-Step"), "0");
    assert!(["medium", "high", "critical"].contains(&head("X-Gatewatch-Severity").as_str()));
    assert!(head("X-Gatewatch-Deadline").ends_with('Z'));
    let id = head("Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@gatewatch.example.org>"), "{id}");
    let incident = head("X-Gatewatch-Incident");
    let sent = gate.rows(&format!(
        "SELECT state, address, step FROM notifications WHERE message_id = '{id}' AND incident = '{incident}'"
    ));
    assert_eq!(
        sent,
        [json!({"state": "accepted", "address": "ana@example.org", "step": 0})],
        "the store knows this mail"
    );
    assert!(mail.contains("127.0.0.1"), "the attacker's address: {mail}");
    assert!(mail.contains("mallory"), "the user: {mail}");
    assert!(mail.contains("incident ack"), "how to acknowledge: {mail}");
}

/// Postfix's own log names the message, which an auditor can hold against the store.
fn check_log_of(rsyslog: &Rsyslog, mail: &str) {
    let id = header(mail, "Message-ID").unwrap();
    let log = std::fs::read_to_string(&rsyslog.mail_log).unwrap();
    assert_eq!(log.matches(&format!("message-id={id}")).count(), 1, "{log}");
}

/// Lists, shows and acknowledges every incident of the address by the command line.
fn acknowledge(gate: &Gate, address: &str) {
    let entity = format!("src_ip={address}");
    let of_address =
        |row: &Value| row["entity"].as_str().is_some_and(|text| text.split(',').any(|part| part == entity));
    let list: Vec<Value> =
        objects(&gate.tell(&["incident", "list", "--json"])).into_iter().filter(of_address).collect();
    assert!(!list.is_empty(), "{}", gate.tell(&["incident", "list"]));
    for incident in &list {
        let number = incident["number"].to_string();
        let shown = gate.tell(&["incident", "show", &number]);
        assert!(shown.contains(address) && shown.contains("authentication failure"), "{shown}");
        gate.tell(&["incident", "ack", &number, "--note", "looking at it"]);
        let after = &objects(&gate.tell(&["incident", "show", &number, "--json"]))[0];
        assert_eq!(
            (&after["status"], &after["acknowledged_by"], &after["ack_via"]),
            (&json!("acknowledged"), &json!("ana"), &json!("cli"))
        );
        let words = after["journal"].to_string();
        assert!(words.contains("looking at it"), "the note is in the journal: {words}");
    }
}

/// What was done is what is stored: each attempt once, whatever number of lines told it.
fn check_events(gate: &mut Gate) {
    gate.wait_for_number(
        "SELECT count(*) FROM events WHERE raw LIKE '%session closed for user mallory%'",
        1,
        Duration::from_secs(5),
    );
    let rows = gate.rows(
        "SELECT class, activity, outcome, user, src_ip, count(*) AS n FROM events
         WHERE class = 'authentication' GROUP BY 1, 2, 3, 4, 5 ORDER BY outcome, src_ip",
    );
    let of = |outcome: &str, user: &str, address: &str, n: u64| json!({"class": "authentication", "activity": "logon", "outcome": outcome, "user": user, "src_ip": address, "n": n});
    let wanted = [
        of("failure", "mallory", "127.0.0.1", 6),
        of("failure", "oracle", "127.0.0.2", 5),
        // PAM tells the end of the session without an address.
        json!({"class": "authentication", "activity": "logoff", "outcome": "success", "user": "mallory", "n": 1}),
        of("success", "mallory", "127.0.0.1", 1),
    ];
    assert_eq!(
        rows,
        wanted,
        "{:#?}",
        gate.rows("SELECT id, part_of, class, activity, outcome, user, src_ip, raw FROM events")
    );
    let unparsed = gate.rows("SELECT raw, reason FROM events WHERE class = 'unparsed'");
    assert!(unparsed.is_empty(), "{unparsed:#?}");
    let lines = std::fs::read_to_string(gate.path("auth.log")).unwrap().lines().count();
    gate.wait_for_number(
        "SELECT count(*) FROM events",
        i64::try_from(lines).unwrap(),
        Duration::from_secs(5),
    );
}
