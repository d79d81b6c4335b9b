//! Who is on call: what `check` refuses, what `oncall show` tells, and what a change of the roster does to a notice
//! that waits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper that cannot help is a failed test, and a skipped test says so"
)]
#![allow(clippy::disallowed_methods, reason = "tests run on the machine's own clock and programs")]
#![allow(dead_code, reason = "the helpers are shared with tests/e2e.rs")]

#[path = "e2e/gate.rs"]
mod gate;
#[path = "e2e/machine.rs"]
mod machine;
#[path = "support/relay.rs"]
mod relay;

use gate::{Gate, objects, text};
use serde_json::json;
use std::time::Duration;

const PEOPLE: &str = r#"
[[person]]
id = "ana"
name = "Ana Reyes"
email = ["ana@example.org"]
party = "provider"
[[person]]
id = "ben"
email = ["ben@example.org"]
party = "provider"
[[person]]
id = "cy"
email = ["cy@client.example"]
party = "client"
[[policy]]
id = "default"
[[policy.step]]
after = "0m"
notify = ["schedule:soc"]
[[policy.step]]
after = "10m"
notify = ["party:client"]
[[schedule]]
id = "soc"
timezone = "Europe/Berlin"
"#;

const OFFICE: &str = r#"[[schedule.layer]]
name = "office"
members = ["ana"]
every = "1w"
handoff = "Mon 08:00"
start = "2026-01-05"
days = ["Mon-Fri"]
hours = "08:00-18:00"
"#;

const NIGHTS: &str = r#"[[schedule.layer]]
members = ["ben", "cy"]
every = "1w"
handoff = "Mon 08:00"
start = "2026-01-05"
"#;

fn checked(schedule: &str) -> (Option<i32>, String) {
    let gate = Gate::new();
    gate.configure(&[("a", "linux-auth", "a.log")], &format!("{PEOPLE}{schedule}"));
    let output = gate.run(&["check"]);
    (output.status.code(), text(&output.stdout))
}

#[test]
fn a_hole_is_told_with_its_place_and_its_length() {
    let (code, said) = checked(OFFICE);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("nobody is on call from ") && said.contains("08:00 (Europe/Berlin), and 6"),
        "{said}"
    );
    assert!(said.contains("more such holes in the next 90 days, "), "{said}");
    let (code, said) = checked(&format!("{OFFICE}{NIGHTS}"));
    assert_eq!(code, Some(0), "{said}");
    for (wrong, said_of_it) in [
        (OFFICE.replace("Mon-Fri", "Mon-Fry"), "days: unknown \"Fry\"; did you mean \"Fri\"?"),
        (OFFICE.replace("08:00-18:00", "8-18"), "hours: \"8-18\" is not \"09:00-17:00\""),
        (OFFICE.replace("\"ana\"", "\"anna\""), "members: unknown \"anna\"; did you mean \"ana\"?"),
        (OFFICE.replace("office", "of fice"), "is no name"),
    ] {
        let (code, said) = checked(&format!("{wrong}{NIGHTS}"));
        assert!(code == Some(3) && said.contains(said_of_it), "{said}");
        assert!(!said.contains("nobody is on call"), "one mistake is told once: {said}");
    }
}

#[test]
fn a_moment_that_does_not_exist_or_comes_twice_is_refused() {
    let stand_in = |from: &str, to: &str| {
        format!("{NIGHTS}[[schedule.override]]\nfrom = \"{from}\"\nto = \"{to}\"\nperson = \"ana\"\n")
    };
    let (code, said) = checked(&stand_in("2027-03-28 02:30", "2027-03-29 09:00"));
    assert_eq!(code, Some(3));
    let missing =
        "from: 2027-03-28 02:30 does not exist in Europe/Berlin: the clock jumps over it to 2027-03-28 03:00";
    assert!(said.contains(&format!(":38:8: error: {missing}")), "{said}");
    let (_, said) = checked(&stand_in("2027-10-30 09:00", "2027-10-31 02:30"));
    let twice = "to: 2027-10-31 02:30 comes twice in Europe/Berlin: write \"2027-10-31T02:30:00+02:00\" or \"2027-10-31T02:30:00+01:00\"";
    assert!(said.contains(&format!(":39:6: error: {twice}")), "{said}");
    let (code, said) = checked(&stand_in("2027-10-30 09:00", "2027-10-31T02:30:00+02:00"));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn oncall_says_who_why_and_until_when() {
    let gate = Gate::new();
    let stand_in =
        "[[schedule.override]]\nfrom = \"2026-12-24 09:00\"\nto = \"2026-12-27 09:00\"\nperson = \"cy\"\n";
    gate.configure(&[("a", "linux-auth", "a.log")], &format!("{PEOPLE}{OFFICE}{NIGHTS}{stand_in}"));
    let at = |moment: &str| objects(&gate.tell(&["oncall", "show", "--json", "--at", moment]));
    let shown = at("2026-12-22T10:00:00Z");
    assert_eq!(
        shown[0],
        json!({"schedule": "soc", "timezone": "Europe/Berlin", "from": "2026-12-22T07:00:00.000Z",
            "until": "2026-12-22T17:00:00.000Z", "hole": false,
            "persons": [{"person": "ana", "name": "Ana Reyes", "address": "ana@example.org", "party": "provider",
                "layer": "office", "turn": 51, "why": "office, turn 51"}]})
    );
    assert_eq!((&shown[1]["policy"], &shown[1]["persons"]), (&json!("default"), &json!(["ana"])));
    assert_eq!(shown[2]["persons"], json!(["cy"]), "everybody of the client");
    let shown = at("2026-12-24T12:00:00Z");
    assert_eq!(shown[0]["persons"][0]["override"], true);
    assert_eq!(shown[0]["until"], "2026-12-27T08:00:00.000Z");
    let days = gate.tell(&["oncall", "show", "--at", "2026-12-23T12:00:00Z", "--days", "7"]);
    assert!(
        days.contains("Thu 2026-12-24 09:00  Sun 2026-12-27 09:00  cy               stands in"),
        "{days}"
    );
    assert!(days.contains("layer 2, turn 51") && !days.contains("NOBODY"), "{days}");
    let output = gate.run(&["oncall", "show", "--at", "2025-12-23T12:00:00Z"]);
    assert_eq!(output.status.code(), Some(1), "before the first turn there is a hole");
    assert!(text(&output.stdout).contains("NOBODY"));
    assert_eq!(gate.run(&["oncall", "show", "--at", "yesterday"]).status.code(), Some(2));
}

/// A notice that waits because the relay is away goes to whoever the roster names when the relay is back.
#[test]
fn a_change_of_the_roster_counts_when_the_mail_goes_out() {
    let mut gate = Gate::new();
    let port = machine::free_port();
    let mail = format!(
        "[mail]\nfrom = \"g@example.org\"\n[[mail.relay]]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
    );
    let roster = |member: &str| {
        let one = format!(
            "members = [\"{member}\"]\nevery = \"1w\"\nhandoff = \"Mon 08:00\"\nstart = \"2026-01-05\"\n"
        );
        format!("{mail}{PEOPLE}{one}")
    };
    let failures: String = (0..5)
        .map(|n| {
            format!(
                "Nov 24 06:00:0{n} h sshd[{n}]: Failed password for root from 203.0.113.9 port 4{n} ssh2\n"
            )
        })
        .collect();
    gate.append("a.log", &failures);
    gate.configure(&[("a", "linux-auth", "a.log")], &roster("ana"));
    gate.start();
    gate.wait_for_number(
        "SELECT count(*) FROM notifications WHERE recipient = 'ana'",
        1,
        Duration::from_secs(20),
    );
    gate.configure(&[("a", "linux-auth", "a.log")], &roster("ben"));
    gate.tell(&["reload"]);
    gate.wait_for_number(
        "SELECT count(*) FROM notifications WHERE recipient = 'ben' AND kind = 'notice'",
        1,
        Duration::from_secs(20),
    );
    let said = gate.rows("SELECT detail FROM journal WHERE kind = 'handover'");
    assert_eq!(said, [json!({"detail": "ben has the turn now; ana had it when the message was owed"})]);
}
