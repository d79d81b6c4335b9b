//! Drills through the real daemon: labelled by valid marks alone, measured stage by stage, and real as soon as anything
//! real is in it. And the reports that are made of what the store holds.
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
#[allow(clippy::too_many_lines, reason = "something of everything is a long list")]
mod ledger_support;
#[path = "e2e/machine.rs"]
mod machine;

use gate::{Gate, header, mails, objects, text};
use gatewatch::ledger::Store;
use gatewatch::ports::Ledger;
use gatewatch::schema::drill::Drill;
use gatewatch::schema::{
    Changes, Clock, ClockKind, ClockState, IncidentStatus, JournalEntry, Notification, NotificationState,
    StateRow,
};
use ledger_support::{arc, at, clock, incident, notification, reading};
use machine::wait_for;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// A daemon over one log; commands of the test come from the account that runs it.
fn started() -> Gate {
    let mut gate = Gate::new();
    gate.append("a.log", "");
    let account = text(&std::process::Command::new("id").arg("-un").output().unwrap().stdout);
    let people = format!(
        "[[person]]\nid = \"lead\"\nemail = [\"lead@example.org\"]\naccount = \"{}\"\n\
         [[person]]\nid = \"client\"\nemail = [\"client@example.net\"]\n",
        account.trim()
    );
    gate.append("b.log", "");
    gate.append("c.log", "");
    let sources = [("auth", "linux-auth", "a.log"), ("idp", "okta", "b.log"), ("mfa", "duo", "c.log")];
    gate.configure(&sources, &people);
    gate.start();
    gate
}

fn plan(gate: &Gate, scenario: &str, kind: &str) -> String {
    plan_in(gate, scenario, "auth", kind)
}

fn plan_in(gate: &Gate, scenario: &str, source: &str, kind: &str) -> String {
    let args =
        ["drill", "plan", "--json", "--scenario", scenario, "--source", source, kind, "--approver", "client"];
    objects(&gate.tell(&args))[0]["id"].as_str().unwrap().to_owned()
}

fn run(gate: &Gate, id: &str) -> Value {
    objects(&gate.tell(&["drill", "run", "--json", id]))[0].clone()
}

fn drill_of(gate: &Gate, number: &Value) -> Value {
    gate.rows(&format!("SELECT coalesce(drill, 'real') AS drill FROM incidents WHERE number = {number}"))[0]["drill"].clone()
}

#[test]
fn an_announced_drill_is_measured_from_line_to_resolution() {
    let gate = started();
    let id = plan(&gate, "ssh-brute-force", "--announced");
    assert!(id.starts_with("open-"));
    let told = run(&gate, &id);
    let number = told["number"].to_string();
    assert_eq!(drill_of(&gate, &told["number"]), json!(id));
    let mail = mails(&gate.path("state/mail")).remove(0);
    assert_eq!(header(&mail, "X-Gatewatch-Drill").as_deref(), Some(id.as_str()));
    assert!(header(&mail, "Subject").unwrap().contains("DRILL"), "{mail}");
    let out = gate.path("out").display().to_string();
    let unfinished = gate.run(&["drill", "report", &id, "--out", &out]);
    assert_eq!(unfinished.status.code(), Some(1), "nobody acknowledged yet");
    gate.tell(&["incident", "ack", &number]);
    gate.tell(&["incident", "resolve", &number]);
    let report = gate.tell(&["drill", "report", &id, "--out", &out]);
    assert!(report.contains("passed"), "{report}");
    let dossier: Value =
        serde_json::from_str(&fs::read_to_string(gate.path(&format!("out/drill-{id}.json"))).unwrap())
            .unwrap();
    let stages = dossier["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    let wanted = [
        "written",
        "read",
        "parsed",
        "detected",
        "committed",
        "claimed",
        "accepted",
        "delivered",
        "acknowledged",
        "resolved",
    ];
    assert_eq!(names, wanted);
    let times: Vec<&str> = stages.iter().map(|stage| stage["at"].as_str().unwrap()).collect();
    assert!(times[1..].windows(2).all(|two| two[0] <= two[1]), "stages come in order: {times:?}");
    // A turn's clock is read at its beginning.
    assert!(stages[1]["seconds"].as_f64().unwrap() > -1.0, "{times:?}");
    assert_eq!((&dossier["passed"], &dossier["drill"]["lines_read"]), (&json!(true), &json!(6)));
    let html = fs::read_to_string(gate.path(&format!("out/drill-{id}.html"))).unwrap();
    assert!(html.contains("Passed.") && html.contains("<svg") && !html.contains("<script"));
    assert!(gate.path(&format!("out/drill-{id}.manifest.json")).exists());
    let again = gate.run(&["drill", "run", &id]);
    assert!(text(&again.stderr).contains("was run before"), "{}", text(&again.stderr));
    // Rules and figures count no drill.
    assert_eq!(gate.number("SELECT sum(incidents) FROM rules").unwrap_or(0), 0);

    timeliness(&gate, &out);
}

fn timeliness(gate: &Gate, out: &str) {
    // A name that is a formula, and markup: it is the entity of what the rule finds.
    let line = "h sudo[950]: =cmd|A1<script>alert(1)</script> : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id\n";
    gate.append("a.log", &format!("{} {line}", stamp()));
    wait_for("a real incident", SOON, || {
        gate.number("SELECT count(*) FROM incidents WHERE drill IS NULL AND notified_at IS NOT NULL")
            == Some(1)
    });
    let said = gate.tell(&["report", "timeliness", "--out", out]);
    assert!(
        said.contains("1 incidents: 1 met, 0 breached, 0 uncertain, 0 running; 1 drills beside"),
        "{said}"
    );
    let page = fs::read_to_string(gate.path("out/timeliness.html")).unwrap();
    assert!(page.contains("=cmd|A1&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert!(
        page.contains("(drill)") && page.contains("lead (step 1, accepted)") && !page.contains("<script")
    );
    let csv = fs::read_to_string(gate.path("out/timeliness.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(
        csv.lines().all(|line| !line.split(',').any(|cell| cell.starts_with(['=', '+', '-', '@']))),
        "{csv}"
    );
    assert!(gate.tell(&["report", "drills", "--out", out]).starts_with("1 drills"));
    let told = objects(&gate.tell(&["report", "drills", "--json", "--out", out]));
    assert_eq!((told.len(), &told[0]["drills"]), (1, &json!(1)));
    let manifest = fs::read_to_string(gate.path("out/timeliness.manifest.json")).unwrap();
    assert!(manifest.contains("\"signed\": false") && manifest.contains("sha256"), "{manifest}");
}

/// Now, as syslog writes it.
fn stamp() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    gatewatch::cli::samples::syslog_stamp(gatewatch::schema::Timestamp(now as i64))
}

fn failures(address: &str, user: &str) -> String {
    let stamp = stamp();
    let one = |n| format!("{stamp} h sshd[{n}]: Failed password for {user} from {address} port 4{n} ssh2\n");
    (10..16).map(one).collect()
}

#[test]
fn a_forged_or_replayed_mark_is_real_and_raises_its_own_incident() {
    let gate = started();
    let forged = failures("198.51.100.9", "drill-abcdefghijklmnopqrstuvwxyz");
    gate.append("a.log", &forged);
    let found = "SELECT count(*) FROM findings WHERE rule = 'drill-mark-invalid' AND entity LIKE '%mark=";
    wait_for("the forged mark", SOON, || gate.number(&format!("{found}forged'")) == Some(1));
    wait_for("the attack itself", SOON, || {
        gate.number("SELECT count(*) FROM incidents WHERE entity LIKE '%198.51.100.9%'") == Some(1)
    });
    let id = plan(&gate, "ssh-brute-force", "--blind");
    let told = run(&gate, &id);
    assert_eq!(drill_of(&gate, &told["number"]), json!(id));
    let all = mails(&gate.path("state/mail"));
    assert!(
        all.iter().all(|mail| header(mail, "X-Gatewatch-Drill").is_none() && !mail.contains("DRILL")),
        "a blind drill tells nobody"
    );
    // Somebody copies the lines of the drill to another address.
    let log = fs::read_to_string(gate.path("a.log")).unwrap();
    let lines: Vec<&str> = log.lines().skip(forged.lines().count()).collect();
    let address = lines[0].split(" from ").nth(1).unwrap().split(' ').next().unwrap();
    let copied = lines.join("\n").replace(address, "198.51.100.77") + "\n";
    gate.append("a.log", &copied);
    wait_for("the replayed mark", SOON, || gate.number(&format!("{found}replayed'")) == Some(1));
    let real = "SELECT count(*) FROM incidents WHERE entity LIKE '%198.51.100.77%' AND drill IS NULL";
    wait_for("the copied attack", SOON, || gate.number(real) == Some(1));
    assert_eq!(drill_of(&gate, &told["number"]), json!(id), "the drill itself stays one");
}

#[test]
fn what_is_real_makes_the_drill_real() {
    let gate = started();
    let id = plan(&gate, "ssh-brute-force", "--announced");
    let told = run(&gate, &id);
    gate.tell(&["incident", "ack", &told["number"].to_string()]);
    let log = fs::read_to_string(gate.path("a.log")).unwrap();
    let address = log.split(" from ").nth(1).unwrap().split(' ').next().unwrap();
    gate.append("a.log", &failures(address, "root"));
    wait_for("the incident to be real", SOON, || drill_of(&gate, &told["number"]) == "real");
    wait_for("to be told anew", SOON, || {
        mails(&gate.path("state/mail"))
            .iter()
            .filter(|mail| header(mail, "X-Gatewatch-Kind").as_deref() == Some("notice"))
            .count()
            > 2
    });
    let last = mails(&gate.path("state/mail"))
        .into_iter()
        .filter(|mail| header(mail, "X-Gatewatch-Drill").is_none());
    assert!(last.count() >= 1);
    let said = gate.rows("SELECT detail FROM journal WHERE kind = 'drill' AND detail LIKE 'something real%'");
    assert_eq!(said.len(), 1, "{said:?}");
    let out = gate.path("out").display().to_string();
    let report = gate.run(&["drill", "report", &id, "--out", &out]);
    assert!(text(&report.stdout).contains("something real joined"), "{}", text(&report.stdout));
}

#[test]
fn every_scenario_is_found_by_its_rule() {
    let gate = started();
    for scenario in objects(&gate.tell(&["drill", "list", "--scenarios", "--json"])) {
        let reads = |format: &str| scenario["formats"].as_array().unwrap().contains(&json!(format));
        let sources = [("linux-auth", "auth"), ("okta", "idp"), ("duo", "mfa")];
        let (_, source) = sources.into_iter().find(|(format, _)| reads(format)).unwrap();
        let id = plan_in(&gate, scenario["id"].as_str().unwrap(), source, "--announced");
        let told = run(&gate, &id);
        assert_eq!(drill_of(&gate, &told["number"]), json!(id), "{scenario}");
        let row =
            &gate.rows(&format!("SELECT found_by, rule, lines, lines_read FROM drills WHERE id = '{id}'"))[0];
        let rule = scenario["rule"].as_str().unwrap();
        wait_for(&format!("{rule} to find {row}"), SOON, || {
            let row = &gate.rows(&format!("SELECT found_by FROM drills WHERE id = '{id}'"))[0];
            row["found_by"].as_str().is_some_and(|found| found.contains(&format!("\"{rule}\"")))
        });
    }
    let refused = |args: &[&str]| text(&gate.run(&[&["drill", "plan"][..], args].concat()).stderr);
    let own = ["--scenario", "ssh-brute-force", "--source", "auth", "--blind", "--approver", "lead"];
    assert!(refused(&own).contains("takes two persons"), "{}", refused(&own));
    let stranger = ["--scenario", "ssh-brute-force", "--source", "auth", "--blind", "--approver", "bob"];
    assert!(refused(&stranger).contains("no person bob"));
    let odd = ["--scenario", "ssh-brute-forse", "--source", "auth", "--blind", "--approver", "client"];
    assert!(refused(&odd).contains("did you mean `ssh-brute-force`?"));
}

#[test]
fn a_promise_that_was_broken_once_is_not_reported_as_met() {
    let gate = Gate::new();
    let mut store = Store::open(&gate.state(), &reading()).unwrap();
    let clock = |id: &str, kind, round, state| Clock { state, ..clock(id, kind, round) };
    let told = |id: &str, number, seconds| gatewatch::schema::Incident {
        notified_at: Some(at(seconds)),
        drill: None,
        ..incident(id, number, IncidentStatus::Open)
    };
    let duty =
        Clock { name: Some("authority".into()), ..clock("raised", ClockKind::Duty, 7, ClockState::Breached) };
    let changes = Changes {
        incidents: vec![told("raised", 1, 9), told("reopened", 2, 9), told("late", 3, 1_801)],
        clocks: vec![
            // Told too late at first; then a finding raised it, and the second promise was kept.
            clock("raised", ClockKind::Notify, 0, ClockState::Breached),
            clock("raised", ClockKind::Notify, 1, ClockState::Met),
            clock("raised", ClockKind::Acknowledge, 0, ClockState::Met),
            clock("raised", ClockKind::Resolve, 0, ClockState::Met),
            duty,
            // Told in time, and then too late.
            clock("reopened", ClockKind::Notify, 0, ClockState::Met),
            clock("reopened", ClockKind::Notify, 1, ClockState::Breached),
            clock("reopened", ClockKind::Acknowledge, 0, ClockState::Uncertain),
            clock("reopened", ClockKind::Acknowledge, 1, ClockState::Met),
            clock("late", ClockKind::Notify, 0, ClockState::Met),
        ],
        ..Changes::default()
    };
    store.commit(&changes).unwrap();
    drop(store);
    gate.configure(&[], "");
    let out = gate.path("out").display().to_string();
    let said = gate.tell(&["report", "timeliness", "--out", &out]);
    assert!(said.contains("3 incidents: 1 met, 2 breached, 0 uncertain, 0 running"), "{said}");
    let csv = fs::read_to_string(gate.path("out/timeliness.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let cells = |row: usize, names: [&'static str; 2]| {
        names.map(|name| rows[row][rows[0].iter().position(|cell| *cell == name).unwrap()])
    };
    let states = ["notify_state", "ack_state"];
    assert_eq!(cells(1, states), ["breached", "met"]);
    assert_eq!(cells(2, states), ["breached", "uncertain"]);
    assert_eq!(
        cells(3, ["notify_state", "near_miss"]),
        ["met", "false"],
        "later than promised is no near miss"
    );
    assert!(
        rows[1].join(",").contains("authority: breached, due ")
            && rows[1].join(",").contains("; resolve: met, due ")
    );
    let page = fs::read_to_string(gate.path("out/timeliness.html")).unwrap();
    assert!(page.contains("authority: breached"), "{page}");
    let broken = objects(&gate.tell(&["query", "--format", "jsonl", "--saved", "promises-broken"]));
    let told: Vec<(&Value, &Value)> = broken.iter().map(|row| (&row["number"], &row["clock"])).collect();
    let wanted = [
        (json!(2), json!("acknowledge")),
        (json!(2), json!("notify")),
        (json!(1), json!("notify")),
        (json!(1), json!("authority")),
    ];
    assert_eq!(told, wanted.iter().map(|(number, clock)| (number, clock)).collect::<Vec<_>>());
}

#[test]
fn a_report_of_delivery_ends_its_stage_of_the_dossier() {
    let gate = Gate::new();
    let mut store = Store::open(&gate.state(), &reading()).unwrap();
    let id = "open-abcdefghijklm";
    let plan = Drill {
        id: id.into(),
        incident: Some("inc1".into()),
        written_at: Some(at(1)),
        planned_at: at(0),
        window_seconds: 600,
        ..Drill::default()
    };
    let state = |plan: &Drill| StateRow {
        room: "triage",
        key: format!("drill\u{1f}{}", plan.id).into(),
        body: Some(serde_json::to_vec(plan).unwrap().into()),
    };
    let mail = |number, level: &str| Notification {
        delivery_level: Some(level.into()),
        accepted_at: Some(at(8)),
        digest: None,
        ..notification(number, Some("inc1"), NotificationState::Accepted)
    };
    let report = |seconds, kind, detail: &str| JournalEntry {
        at: at(seconds),
        kind,
        actor: arc("gatewatch"),
        subject: arc("inc1"),
        detail: detail.into(),
    };
    let forged = "notification 2 to ana@example.org: relayed (try 1): notification 1 to ana@example.org: delivered (try 1)";
    store
        .commit(&Changes {
            incidents: vec![incident("inc1", 1, IncidentStatus::Open)],
            states: vec![state(&plan)],
            notifications: vec![mail(1, "D3"), mail(2, "D2")],
            journal: vec![
                report(10, "report", forged),
                report(11, "report", "notification 12 to ana@example.org: delivered (try 1): of another"),
                report(12, "bounce", "notification 1 to ana@example.org: delivered (try 1): no report"),
                report(20, "report", "notification 1 to ana@example.org: delivered (try 1): 2.0.0"),
                report(30, "report", "notification 1 to ana@example.org: delivered (try 2): again"),
            ],
            ..Changes::default()
        })
        .unwrap();
    drop(store);
    gate.configure(&[], "");
    let stage = || {
        gate.run(&["drill", "report", id, "--out", &gate.path("out").display().to_string()]);
        let dossier = fs::read_to_string(gate.path(&format!("out/drill-{id}.json"))).unwrap();
        let dossier: Value = serde_json::from_str(&dossier).unwrap();
        dossier["stages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|stage| stage["stage"] == "delivered")
            .unwrap()
            .clone()
    };
    assert_eq!(stage()["at"], at(20).to_string());
}

/// Waits until so many lines of drills stand in the log; looks often, since the next comes 50 ms later.
fn wait_for_lines(gate: &Gate, lines: usize) {
    let until = std::time::Instant::now() + SOON;
    while fs::read_to_string(gate.path("a.log")).unwrap().matches(" drill-").count() < lines {
        assert!(std::time::Instant::now() < until, "no line of the drill");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_interrupted_drill_writes_no_line_twice() {
    let mut gate = started();
    let read = |gate: &Gate| fs::read_to_string(gate.path("a.log")).unwrap();
    // Without a daemon, nothing is written.
    let id = plan(&gate, "ssh-brute-force", "--announced");
    assert_eq!(gate.stop(), Some(0));
    let refused = gate.run(&["drill", "run", &id]);
    assert_eq!((refused.status.code(), read(&gate).as_str()), (Some(4), ""), "{}", text(&refused.stderr));
    gate.start();
    // The daemon goes away between the first line and the last: told later, as it was.
    let mut writer =
        gate.command(&["drill", "run", &id]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_for_lines(&gate, 1);
    gate.kill();
    assert_eq!(writer.wait().unwrap().code(), Some(4));
    let written = read(&gate);
    assert_eq!(written.lines().count(), 6);
    let unheard = gate.run(&["drill", "run", &id]);
    assert!(text(&unheard.stderr).contains("the lines are written"), "{}", text(&unheard.stderr));
    gate.start();
    let told = run(&gate, &id);
    assert_eq!(drill_of(&gate, &told["number"]), json!(id));
    assert_eq!(read(&gate), written, "nothing was written again");
    let again = gate.run(&["drill", "run", &id]);
    assert!(text(&again.stderr).contains("was run before"), "{}", text(&again.stderr));
    // The writing process itself ends in the middle.
    let id = plan(&gate, "ssh-brute-force", "--announced");
    let mut writer =
        gate.command(&["drill", "run", &id]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_for_lines(&gate, 8);
    writer.kill().unwrap();
    writer.wait().unwrap();
    let begun = read(&gate);
    for _ in 0..2 {
        let half = gate.run(&["drill", "run", &id]);
        assert!(text(&half.stderr).contains("not all written"), "{}", text(&half.stderr));
        assert_eq!((half.status.code(), read(&gate) == begun), (Some(2), true));
    }
    let bad = "SELECT count(*) FROM findings WHERE rule = 'drill-mark-invalid'";
    assert_eq!(gate.number(bad), Some(0), "no mark came twice");
}
