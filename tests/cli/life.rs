//! Life with rules: tests and their report, replays side by side, explanations, exceptions, counters.

use crate::gate::{Gate, header, mails, objects, text};
use crate::machine::{program, skip, wait_for};
use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// So many failures of one address, a second apart.
fn guesses(count: u32, address: &str) -> String {
    (0..count)
        .map(|n| {
            format!("2026-11-24T06:00:{n:02}+00:00 h sshd[{n}]: Failed password for root from {address} port 4{n} ssh2\n")
        })
        .collect()
}

fn rule(id: &str, limit: u32) -> String {
    format!(
        "title: Refused\nid: {id}-base\nlogsource:\n    category: authentication\ndetection:\n    selection:\n        \
         outcome: failure\n    filter:\n        user|startswith: svc-\n    condition: selection and not filter\nlevel: low\n\
         gatewatch:\n    incident_type: own\n    owner: soc\n    control: C1\n---\ntitle: Many refused\nid: {id}\n\
         correlation:\n    type: event_count\n    rules: {id}-base\n    group-by: src_ip\n    timespan: 10m\n    condition:\n        gte: {limit}\n\
         level: high\ngatewatch:\n    incident_type: own\n    owner: soc\n    control: C1\n"
    )
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// What an XML parser of somebody else reads: counts, and the texts as they were meant.
const READ_JUNIT: &str = r#"
import sys, json, xml.etree.ElementTree as E
root = E.parse(sys.argv[1]).getroot()
cases = root.findall('./testsuite/testcase')
print(json.dumps({'root': root.tag, 'tests': int(root.get('tests')), 'failures': int(root.get('failures')),
  'cases': len(cases), 'failed': [[c.get('classname'), c.get('name'), c.find('failure').get('message'), c.find('failure').text]
  for c in cases if c.find('failure') is not None], 'skipped': len([c for c in cases if c.find('skipped') is not None])}))
"#;

#[test]
fn the_junit_report_is_xml_whatever_a_rule_says() {
    let gate = Gate::new();
    let evil = "a]]><b>&\"quoted\" 'x' \u{202e}";
    let tests = format!(
        "\n    tests:\n        - fires: 1\n          about: {}\n          format: linux-auth\n          lines: |\n            2026-11-24T06:00:00+00:00 h sshd[1]: Failed password for ana from 203.0.113.9 port 4 ssh2\n        \
         - fires: 2\n          about: {}\n          format: linux-auth\n          lines: |\n            2026-11-24T06:00:00+00:00 h sshd[1]: Failed password for <ana> from 203.0.113.9 port 4 ssh2\n        \
         - fires: 0\n          format: no-such-format\n          lines: x\n",
        json!("it holds"),
        json!(evil)
    );
    let own = rule("own", 9)
        .split("---\n")
        .next()
        .unwrap()
        .replace("    control: C1\n", &format!("    control: C1{tests}"));
    let file = gate.write("rules/own.yml", &own);
    let report = gate.path("report.xml");
    let run = |json: &[&str]| {
        Command::new(crate::gate::BINARY)
            .args(json)
            .args(["test", "--junit"])
            .arg(&report)
            .arg(&file)
            .output()
            .unwrap()
    };
    let output = run(&[]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), Some(1), "{said}{}", text(&output.stderr));
    assert!(said.contains("FAILED own-base test 2") && said.contains("own.yml:"), "{said}");
    assert!(said.contains("expected 2 findings") && said.contains("1 skipped, such as own-base"), "{said}");
    assert!(said.ends_with("1 passed, 1 failed, 1 skipped\n"), "{said}");
    assert!(!said.contains('\u{202e}') && !said.contains('\x1b'), "{said}");
    let rows = objects(&text(&run(&["--json"]).stdout));
    assert_eq!(rows.iter().filter(|row| row["ok"] == json!(false)).count(), 1, "{rows:?}");
    if program("python3").is_none() {
        skip("the JUnit report in a parser of somebody else", "no python3");
        return;
    }
    let read = Command::new("python3").args(["-c", READ_JUNIT]).arg(&report).output().unwrap();
    assert!(
        read.status.success(),
        "no XML: {}\n{}",
        text(&read.stderr),
        fs::read_to_string(&report).unwrap()
    );
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(
        (&read["root"], &read["tests"], &read["failures"]),
        (&json!("testsuites"), &json!(3), &json!(1))
    );
    assert_eq!((&read["cases"], &read["skipped"]), (&json!(3), &json!(1)));
    let failed = &read["failed"][0];
    assert_eq!(failed[0], "rules.own-base");
    assert_eq!(failed[1], "test 2: a]]><b>&\"quoted\" 'x' \\u{202e}");
    assert!(failed[2].as_str().unwrap().contains("expected 2 findings, got"), "{failed}");
}

#[test]
fn replays_are_compared_with_other_rules_and_with_what_the_daemon_found() {
    let mut gate = Gate::new();
    gate.write("old/own.yml", &rule("own", 9));
    gate.write("new/own.yml", &rule("own", 4));
    let log = [guesses(5, "203.0.113.9"), guesses(9, "198.51.100.7")].concat();
    gate.append("a.log", &log);
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    let source = format!("a={}", gate.path("a.log").display());
    let (old, new) = (gate.path("old").display().to_string(), gate.path("new").display().to_string());
    let compare = |more: &[&str]| {
        let mut args = vec!["replay", "--no-builtin", "--rules", &old, "--source", &source];
        args.extend(more);
        gate.run(&args)
    };
    let output = compare(&["--compare", &new]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), Some(1), "{said}{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "no bar where there is no terminal: {:?}", text(&output.stderr));
    let row = said.lines().find(|line| line.starts_with("own ")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["own", "1", "0", "1"], "{said}");
    assert!(said.contains("only B") && said.contains("203.0.113.9"), "{said}");
    let same = compare(&["--compare", &old]);
    assert!(code(&same) == Some(0) && text(&same.stdout).contains("no difference"), "{}", text(&same.stdout));
    let rows = objects(&text(&compare(&["--compare", &new, "--json"]).stdout));
    assert_eq!(rows[0]["only"], "b");
    assert_eq!(rows.last().unwrap()["summary"]["rules"]["own"], json!({"both": 1, "only_a": 0, "only_b": 1}));
    let missing = compare(&["--compare", "/nowhere/x"]);
    assert!(
        code(&missing) == Some(2) && text(&missing.stderr).contains("/nowhere/x"),
        "{}",
        text(&missing.stderr)
    );

    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 14, Duration::from_secs(20));
    assert_eq!(gate.stop(), Some(0));
    let live = gate.run(&["replay", "--source", &source, "--compare"]);
    assert_eq!(code(&live), Some(0), "{}{}", text(&live.stdout), text(&live.stderr));
    let stored = gate.run(&["replay", "--from-store", "--compare", &gate.state().display().to_string()]);
    assert_eq!(code(&stored), Some(0), "{}{}", text(&stored.stdout), text(&stored.stderr));
    let other = gate.run(&["replay", "--from-store", "--no-builtin", "--rules", &new, "--compare"]);
    let said = text(&other.stdout);
    assert!(
        code(&other) == Some(1) && said.contains("auth-brute-force-source") && said.contains("only A"),
        "{said}"
    );
    let found =
        objects(&text(&gate.run(&["replay", "--from-store", "--no-builtin", "--rules", &new]).stdout));
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0]["evidence"].as_array().unwrap().len(), 4, "{}", found[0]);
    assert!(found[0]["evidence"][0]["line"].as_u64().is_some_and(|line| line > 0), "{}", found[0]);
}

#[test]
fn a_long_replay_shows_how_far_it_is_on_a_terminal() {
    if program("script").is_none() {
        skip("the progress bar", "no script(1)");
        return;
    }
    let gate = Gate::new();
    let line = "2026-11-24T06:00:00+00:00 h CRON[1]: (root) CMD (true)\n";
    gate.write("a.log", &line.repeat(30_000));
    let command =
        format!("{} replay --source linux-auth={}", crate::gate::BINARY, gate.path("a.log").display());
    let output =
        Command::new("script").args(["-qec", &command, "/dev/null"]).stdin(Stdio::null()).output().unwrap();
    let said = text(&output.stdout);
    assert!(said.contains("replay [#") && said.contains(" lines/s") && said.contains(" left"), "{said:?}");
    assert!(said.trim_end().ends_with("\x1b[K"), "the bar goes away: {said:?}");
}

#[test]
fn explanations_name_the_arithmetic_and_the_first_condition_that_failed() {
    let mut gate = Gate::new();
    gate.write("rules/own.yml", &rule("own", 4));
    let evil =
        "2026-11-24T06:10:00+00:00 h sshd[9]: Failed password for svc-\u{202e}x from 192.0.2.1 port 4 ssh2\n";
    gate.append("a.log", &[guesses(6, "203.0.113.9").as_str(), evil].concat());
    let detect = format!("[detect]\nbuiltin = false\nrules = [\"{}\"]\n", gate.path("rules").display());
    gate.configure(&[("a", "linux-auth", "a.log")], &detect);
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 7, Duration::from_secs(20));
    gate.wait_for_number("SELECT count(*) FROM findings WHERE folded = 2", 1, Duration::from_secs(20));
    assert_eq!(gate.stop(), Some(0));
    let found = &gate.rows("SELECT id FROM findings WHERE rule = 'own'")[0]["id"];
    let said = gate.tell(&["explain", "finding", found.as_str().unwrap()]);
    for word in [
        "HIGH own: Many refused",
        "counting   event_count in own-base, separately for each src_ip",
        "window     10m: from 2026-11-24T06:00:00.000Z",
        "observed   6 against the limit 4 (gte 4)",
        "folded     2 later matches",
        "events (4)",
        "count 4",
        "Failed password for root from 203.0.113.9",
    ] {
        assert!(said.contains(word), "no {word:?} in\n{said}");
    }
    let object: Value =
        serde_json::from_str(&gate.tell(&["--json", "explain", "finding", found.as_str().unwrap()])).unwrap();
    assert_eq!(object["arithmetic"]["steps"][3]["count"], json!(4.0), "{object}");
    let unknown = gate.run(&["explain", "finding", "nothing"]);
    assert_eq!(code(&unknown), Some(2));

    let last = gate.number("SELECT max(id) FROM events").unwrap().to_string();
    let said = gate.tell(&["explain", "why-not", "own-base", &last]);
    assert!(said.contains("filter: user not: starts with \"svc-\"; the event has svc-"), "{said}");
    assert!(!said.contains('\u{202e}'), "{said:?}");
    let row: Value =
        serde_json::from_str(gate.tell(&["--json", "explain", "why-not", "own-base", &last]).trim()).unwrap();
    assert_eq!(
        (&row["because"], &row["selection"], &row["field"]),
        (&json!("condition"), &json!("filter"), &json!("user"))
    );
    let said = gate.tell(&["explain", "why-not", "own", &last]);
    assert!(
        said.contains("none of") && said.contains("filter: user"),
        "the correlation names its rules: {said}"
    );
    let said = gate.tell(&["explain", "why-not", "own", "1"]);
    assert!(said.contains("src_ip=203.0.113.9 reached its limit: 6 of gte 4 within 10 min"), "{said}");
    lines_of_a_file_are_explained(&gate, &last);
}

fn lines_of_a_file_are_explained(gate: &Gate, last: &str) {
    let few = gate.write("few.log", &guesses(3, "203.0.113.9"));
    let file = few.display().to_string();
    let said = gate.tell(&["explain", "why-not", "own", "--file", &file, "--format", "linux-auth"]);
    assert!(said.contains("src_ip=203.0.113.9 came nearest: 3 of gte 4 within 10 min"), "{said}");
    let web = gate.write(
        "web.log",
        "203.0.113.9 - - [24/Nov/2026:06:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n",
    );
    let file = web.display().to_string();
    let said = gate.tell(&["explain", "why-not", "own-base", "--file", &file, "--format", "nginx"]);
    assert!(
        said.contains("line 1: logsource: the rule sees category authentication; this is format nginx, http"),
        "{said}"
    );
    let factor = |time: &str, what: &str, who: &str| {
        format!(
            "{{\"published\":\"2026-03-02T{time}Z\",\"eventType\":\"user.mfa.factor.{what}\",\"actor\":{{\"alternateId\":\"help@example.org\"}},\
             \"outcome\":{{\"result\":\"SUCCESS\"}},\"target\":[{{\"type\":\"User\",\"alternateId\":\"{who}@example.org\"}}]}}\n"
        )
    };
    let lines = [
        factor("08:00:00", "reset_all", "ana"),
        factor("09:00:00", "activate", "ana"),
        factor("18:00:00", "reset_all", "ben"),
    ];
    let file = gate.write("factors.log", &lines.concat()).display().to_string();
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/identity/mfa-removed-not-restored.yml");
    let of = ["mfa-removed-not-restored", "--rules", pack, "--file", &file, "--format", "okta"];
    let said = gate.tell(&[&["explain", "why-not"], &of[..]].concat());
    for part in [
        "target_user=ana@example.org: event 1 at 2026-03-02T08:00:00.000Z called for it; event 2 at 2026-03-02T09:00:00.000Z came",
        "target_user=ben@example.org: event 3 at 2026-03-02T18:00:00.000Z called for it, and nothing came",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let slip = gate.run(&["explain", "why-not", "own-bsae", last]);
    assert!(
        code(&slip) == Some(2) && text(&slip.stderr).contains("did you mean `own-base`?"),
        "{}",
        text(&slip.stderr)
    );
}

#[test]
fn slips_in_a_rule_are_told_with_their_place_and_the_nearest_name() {
    let gate = Gate::new();
    let good = rule("own", 4).split("---\n").next().unwrap().to_owned();
    let slips = [
        ("level: low", "level: lwo", "11:8: error: ", "`low`"),
        ("category:", "categry:", "4:5: error: ", "`category`"),
        ("category: authentication", "category: authentcation", "4:15: warning: ", "`authentication`"),
        ("outcome:", "outcoem:", "7:9: error: ", "`outcome`"),
        ("|startswith", "|startwith", "9:9: error: ", "`startswith`"),
        ("not filter", "not fliter", "10:34: error: ", "`filter`"),
        ("owner:", "onwer:", "14:5: error: ", "`owner`"),
        ("detection:", "detecton:", "5:1: error: ", "`detection`"),
    ];
    for (n, (right, wrong, ..)) in slips.iter().enumerate() {
        let text = good.replace("id: own-base", &format!("id: own-{n}")).replace(right, wrong);
        gate.write(&format!("rules/{n}.yml"), &text);
    }
    gate.append("a.log", "");
    let rules = format!("[detect]\nrules = [\"{}\"]\n", gate.path("rules").display());
    gate.configure(&[("a", "linux-auth", "a.log")], &rules);
    let output = gate.run(&["check"]);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(code(&output), Some(3), "{said}");
    for (n, (_, wrong, place, near)) in slips.iter().enumerate() {
        let begin = format!("{}:{place}", gate.path(&format!("rules/{n}.yml")).display());
        let line = said.lines().find(|line| line.starts_with(&begin));
        assert!(line.is_some_and(|line| line.contains(near)), "{wrong}: no {begin} with {near} in\n{said}");
    }
}

const PEOPLE: &str = "[[person]]\nid = \"ana\"\nemail = [\"ana@example.org\"]\n";

fn add(gate: &Gate, more: &[&str]) -> Output {
    let mut args = vec!["exception", "add", "--owner", "ana", "--reason", "the scanner", "--ticket", "CHG-7"];
    args.extend(more);
    gate.run(&args)
}

fn wrong_exceptions_are_refused(gate: &Gate) {
    for (wrong, word) in [
        (&["--for", "1d"][..], "scope"),
        (&["--network", "203.0.113.0/24"], "end"),
        (&["--network", "203.0.113.0/40", "--for", "1d"], "203.0.113.0/40"),
        (&["--entity", "ana", "--for", "1d"], "user=backup"),
        (&["--rule", "x", "--until", "2020-01-01"], "passed"),
        (&["--rule", "x", "--until", "soon"], "2026-12-31"),
    ] {
        let output = add(gate, wrong);
        assert!(
            code(&output) == Some(2) && text(&output.stderr).contains(word),
            "{wrong:?}: {}",
            text(&output.stderr)
        );
    }
    let long = add(gate, &["--rule", "x", "--until", "2999-01-01"]);
    assert!(code(&long) == Some(4) && text(&long.stderr).contains("lasts between"), "{}", text(&long.stderr));
}

#[test]
fn an_exception_stores_counts_and_reminds() {
    let mut gate = Gate::new();
    gate.append("a.log", "");
    gate.configure(&[("a", "linux-auth", "a.log")], PEOPLE);
    gate.start();
    wrong_exceptions_are_refused(&gate);
    let done = add(&gate, &["--network", "203.0.113.0/24", "--for", "24s"]);
    let said = text(&done.stdout);
    assert!(
        code(&done) == Some(0)
            && said.contains("exception E1 holds until")
            && said.contains("ana is reminded by mail"),
        "{said}{}",
        text(&done.stderr)
    );
    gate.append("a.log", &[guesses(5, "203.0.113.9"), guesses(5, "198.51.100.7")].concat());
    gate.wait_for_number(
        "SELECT count(*) FROM findings WHERE rule = 'auth-brute-force-source'",
        2,
        Duration::from_secs(20),
    );
    let excepted = gate.rows("SELECT entity, verdict, reason, incident IS NULL AS alone FROM findings WHERE verdict = 'excepted' AND rule = 'auth-brute-force-source'");
    assert_eq!(excepted.len(), 1, "{excepted:?}");
    assert_eq!((&excepted[0]["entity"], &excepted[0]["alone"]), (&json!("src_ip=203.0.113.9"), &json!(1)));
    let reason = excepted[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("exception E1 of ana (CHG-7) until ") && reason.ends_with(": the scanner"),
        "{reason}"
    );
    assert!(gate.number("SELECT matches FROM exceptions WHERE id = 'E1'").unwrap() > 0);
    assert_eq!(gate.number("SELECT count(*) FROM silences"), Some(0), "an exception is no silence");
    let said = gate.tell(&["exception", "list"]);
    assert!(
        said.contains("E1") && said.contains("network 203.0.113.0/24") && said.contains("CHG-7"),
        "{said}"
    );
    let reminder = || {
        let mails = mails(&gate.path("state/mail"));
        mails.into_iter().find(|mail| header(mail, "X-Gatewatch-Kind").as_deref() == Some("reminder"))
    };
    wait_for("the reminder", Duration::from_secs(40), || reminder().is_some());
    let mail = reminder().unwrap();
    assert_eq!(header(&mail, "Subject").as_deref(), Some("[gatewatch] exception E1 ends soon"));
    assert!(mail.contains("CHG-7") && mail.contains("203[.]0[.]113[.]0/24"), "{mail}");
    assert_eq!(gate.number("SELECT count(*) FROM journal WHERE kind = 'exception' AND subject = 'E1' AND detail LIKE '%ends at%told by mail%'"), Some(1));

    let known = add(&gate, &["--rule", "auth-brute-force-source", "--for", "90d"]);
    assert!(text(&known.stdout).contains("exception E2"), "{}", text(&known.stdout));
    assert!(gate.tell(&["exception", "end", "E2"]).contains("exception E2 has ended"));
    assert!(
        !gate.tell(&["exception", "list"]).contains("E2")
            && gate.tell(&["exception", "list", "--all"]).contains("E2")
    );
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

#[test]
fn rules_show_their_hits_and_their_share_of_false_alarms() {
    let mut gate = Gate::new();
    gate.append("a.log", &[guesses(7, "203.0.113.9"), guesses(5, "198.51.100.7")].concat());
    gate.configure(&[("a", "linux-auth", "a.log")], PEOPLE);
    gate.start();
    let incidents =
        "SELECT count(*) FROM incidents WHERE entity IN ('src_ip=203.0.113.9', 'src_ip=198.51.100.7')";
    gate.wait_for_number(incidents, 2, Duration::from_secs(20));
    let number = |entity: &str| {
        gate.number(&format!("SELECT number FROM incidents WHERE entity = 'src_ip={entity}'"))
            .unwrap()
            .to_string()
    };
    gate.tell(&["incident", "resolve", &number("203.0.113.9"), "--false-positive"]);
    gate.tell(&["incident", "resolve", &number("198.51.100.7")]);
    let rows = objects(&gate.tell(&["--json", "rules"]));
    let row = rows.iter().find(|row| row["id"] == "auth-brute-force-source").unwrap();
    let counts = ["findings", "hits", "incidents", "resolved", "false_positives", "false_positive_share"]
        .map(|key| &row[key]);
    assert_eq!(counts, [&json!(2), &json!(4), &json!(2), &json!(2), &json!(1), &json!(0.5)], "{row}");
    assert!(rows.len() > 20 && gate.tell(&["rules", "--hit"]).lines().count() < rows.len());
    let line = gate.tell(&["rules"]);
    let line = line.lines().find(|line| line.starts_with("auth-brute-force-source ")).unwrap();
    assert!(line.contains("50 %"), "{line}");
    let said = gate.tell(&["rules", "auth-brute-force-source"]);
    assert!(
        said.contains("false_positive_share 0.5")
            && said.contains("timespan: 10m")
            && said.contains(" to now, 2 findings"),
        "{said}"
    );
    let slip = gate.run(&["rules", "auth-brute-force-sorce"]);
    assert!(
        code(&slip) == Some(2) && text(&slip.stderr).contains("did you mean `auth-brute-force-source`?"),
        "{}",
        text(&slip.stderr)
    );
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}
