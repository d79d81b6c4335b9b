//! The ways out of the running program when the usual one fails: the journal's loudest line and the drop folder, and
//! minimal text after a refusal of content.
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
#[path = "support/http.rs"]
mod http;
#[path = "e2e/machine.rs"]
mod machine;
#[path = "support/relay.rs"]
mod relay;

use gate::Gate;
use http::{Answer, Http};
use machine::{free_port, wait_for};
use relay::{Call, Do, Offer, Relay, Stage};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Five failures of one address: what the shipped rules find.
fn attack(user: &str) -> String {
    let line = |n| {
        format!("Nov 24 06:00:0{n} h sshd[{n}]: Failed password for {user} from 203.0.113.9 port 4{n} ssh2\n")
    };
    (0..5).map(line).collect()
}

fn configure(gate: &Gate, port: u16, notify_within: &str) {
    let more = format!(
        "[mail]\nfrom = \"g@example.org\"\n[[mail.relay]]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [[person]]\nid = \"ana\"\nemail = [\"ana@example.org\"]\n\
         [[policy]]\nid = \"default\"\nnotify_within = \"{notify_within}\"\nclock_starts = \"detected\"\n\
         [[policy.step]]\nafter = \"0s\"\nnotify = [\"person:ana\"]\n"
    );
    gate.configure(&[("a", "linux-auth", "a.log")], &more);
}

fn drops(gate: &Gate) -> Vec<String> {
    let Ok(entries) = fs::read_dir(gate.path("state/drop")) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".json")).collect()
}

/// Runs the shipped handler with a `logger` that writes into a file, and fails at what is to stay unheard.
fn handle(gate: &Gate) -> (Output, String) {
    use std::os::unix::fs::PermissionsExt;
    let heard = gate.path("logged");
    let script = format!(
        "#!/bin/sh\nsaid=$(cat)\ncase $said in *unheard*) exit 1;; esac\nprintf '%s\\n%s\\n' \"$*\" \"$said\" >>{}\n",
        heard.display()
    );
    let logger = gate.write("bin/logger", &script);
    fs::set_permissions(&logger, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", gate.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/drop/gatewatch-drop");
    let mut command = Command::new("sh");
    command.arg(script).arg(gate.path("state/drop")).env("PATH", path).env("GATEWATCH_DROP_PAUSE", "1");
    (command.output().unwrap(), fs::read_to_string(heard).unwrap_or_default())
}

#[test]
fn one_file_that_cannot_be_acted_on_keeps_no_other_back() {
    let gate = Gate::new();
    let file = |name: &str, text: &str| {
        gate.write(&format!("state/drop/{name}.json"), &format!("{{\n  \"text\": \"{text}\",\n}}\n"));
    };
    file("1", "this one stays unheard");
    file("2", "this one is heard");
    fs::create_dir(gate.path("state/drop/3.json")).unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        let (ran, logged) = handle(&gate);
        assert_eq!(ran.status.code(), Some(1), "{}", gate::text(&ran.stderr));
        assert!(began.elapsed() >= Duration::from_secs(1), "a failure is followed by a pause");
        assert_eq!(logged.matches("this one is heard").count(), 1, "{logged}");
        let mut left = drops(&gate);
        left.sort();
        assert_eq!(left, ["1.json", "3.json"]);
        assert!(gate.path("state/drop/done/2.json").exists());
    }
    file("1", "now it is taken");
    fs::remove_dir(gate.path("state/drop/3.json")).unwrap();
    let (ran, logged) = handle(&gate);
    assert!(ran.status.success() && logged.contains("now it is taken"), "{}", gate::text(&ran.stderr));
    assert!(drops(&gate).is_empty());
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/drop/gatewatch-drop.path");
    let limited = fs::read_to_string(unit).unwrap().lines().any(|line| line.starts_with("TriggerLimit"));
    assert!(!limited, "a path unit at its trigger limit watches nothing any more");
}

#[test]
fn a_notice_that_no_relay_takes_reaches_the_journal_and_the_drop_folder() {
    let mut gate = Gate::new();
    let port = free_port();
    gate.append("a.log", &attack("root$(touch x)"));
    configure(&gate, port, "8s");
    gate.start();
    wait_for("the drop file", Duration::from_secs(20), || !drops(&gate).is_empty());
    let said = gate.said();
    let cries: Vec<&str> =
        said.lines().filter(|line| line.starts_with("<0>gatewatch: EMERGENCY: ")).collect();
    assert_eq!(cries.len(), 1, "{said}");
    assert!(
        cries[0].contains("nobody could be told of incident 1") && cries[0].contains("ana@example.org after")
    );
    let names = drops(&gate);
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(gate.path("state/drop").join(name)).unwrap()).unwrap()
    };
    let file = read(&names[0]);
    assert_eq!((&file["number"], &file["may_repeat"], names.len()), (&json!(1), &json!(false), 1));
    assert_eq!(file["recipients"][0]["address"], "ana@example.org");
    assert_eq!(gate.number("SELECT count(*) FROM journal WHERE kind = 'emergency'"), Some(1));
    let (ran, logged) = handle(&gate);
    assert!(ran.status.success(), "{}", gate::text(&ran.stderr));
    assert!(
        logged.contains("--priority auth.emerg") && logged.contains("nobody could be told of incident 1")
    );
    assert!(drops(&gate).is_empty() && gate.path("state/drop/done").join(&names[0]).exists());
    // What was acted on is not dropped again by a restart, and mail goes on as soon as a relay is there.
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    let relay = Relay::start_on(port, Offer::default(), |_| Do::Usual);
    gate.start();
    let mails = relay.wait_for(1, Duration::from_secs(30));
    assert!(mails[0].header("Subject").contains("#1"), "{mails:?}");
    assert!(drops(&gate).is_empty());
    assert_eq!(gate.stop(), Some(0));
}

#[test]
fn the_program_tests_its_way_and_every_address_and_says_that_it_lives() {
    let relay = Relay::accepting();
    let mut gate = Gate::new();
    gate.append("a.log", "");
    let more = format!(
        "[mail]\nfrom = \"g@example.org\"\n[[mail.relay]]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         [mail.canary]\nto = \"canary@example.org\"\n[mail.alive]\nto = \"ops@example.org\"\n[mail.proof]\n\
         [[person]]\nid = \"ana\"\nname = \"Ana Reyes\"\nemail = [\"ana@example.org\", \"ana@example.net\"]\n",
        relay.port()
    );
    gate.configure(&[("a", "linux-auth", "a.log")], &more);
    gate.start();
    assert!(gate.said().contains("2 address(es) were never proven"), "{}", gate.said());
    let accepted = "SELECT count(*) FROM notifications WHERE state = 'accepted'";
    gate.wait_for_number(accepted, 4, Duration::from_secs(20));
    let told: Vec<(String, String)> =
        relay.mails().iter().map(|mail| (mail.header("X-Gatewatch-Kind"), mail.to[0].clone())).collect();
    let wanted = [
        ("canary", "canary@example.org"),
        ("alive", "ops@example.org"),
        ("proof", "ana@example.org"),
        ("proof", "ana@example.net"),
    ];
    for (kind, to) in wanted {
        assert!(told.contains(&(kind.to_owned(), to.to_owned())), "{kind} {to}: {told:?}");
    }
    let proof = relay.mails().into_iter().find(|mail| mail.header("X-Gatewatch-Kind") == "proof").unwrap();
    assert!(proof.text().contains("This address works: alerts for Ana Reyes reach it."), "{}", proof.text());
    assert_eq!(proof.header("Auto-Submitted"), "auto-generated");
    let alive = || -> Value {
        serde_json::from_str(&fs::read_to_string(gate.path("state/alive")).unwrap_or_default())
            .unwrap_or_default()
    };
    wait_for("the file", Duration::from_secs(15), || alive()["last_canary"].is_string());
    assert!(
        alive()["last_accepted"].is_string() && alive()["status"].as_str().unwrap().starts_with("healthy")
    );
    assert_eq!(gate.number("SELECT count(*) FROM journal WHERE kind = 'self-mail'"), Some(4));
    // A restart remembers: nothing is due again.
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    let before = gate.said().len();
    gate.start();
    gate.append("a.log", &attack("root"));
    gate.wait_for_number(accepted, 5, Duration::from_secs(20));
    assert_eq!(relay.mails().len(), 5);
    assert!(!gate.said()[before..].contains("never proven"));
    assert_eq!(gate.stop(), Some(0));
}

#[test]
fn a_step_names_a_webhook_and_its_rows_are_like_those_of_mail() {
    use std::os::unix::fs::PermissionsExt;
    let server = Http::start(|number| match number {
        0 => Answer::Say("503 Later", "not now"),
        _ => Answer::Say("202 Accepted", "{\"status\":\"success\"}"),
    });
    let mut gate = Gate::new();
    let secret = gate.write("routing.key", "r0uting\n");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    gate.append("a.log", &attack("root"));
    let more = format!(
        "[[webhook]]\nid = \"pager\"\nkind = \"pagerduty\"\nurl = \"{}\"\nsecret_file = \"{}\"\n\
         [[person]]\nid = \"ana\"\nemail = [\"ana@example.org\"]\naccount = \"nobody\"\n\
         [[policy]]\nid = \"default\"\nnotify_within = \"30m\"\nclock_starts = \"detected\"\n\
         [[policy.step]]\nafter = \"0s\"\nnotify = [\"webhook:pager\", \"person:ana\"]\n",
        server.url("/v2/enqueue"),
        secret.display()
    );
    gate.configure(&[("a", "linux-auth", "a.log")], &more);
    gate.start();
    let accepted =
        "SELECT count(*) FROM notifications WHERE address = 'webhook:pager' AND state = 'accepted'";
    gate.wait_for_number(accepted, 1, Duration::from_secs(30));
    let tries =
        gate.rows("SELECT relay, phase, result FROM attempts WHERE relay = 'webhook:pager' ORDER BY n");
    assert_eq!(tries[0], json!({"relay": "webhook:pager", "phase": "rcpt", "result": "deferred"}));
    assert_eq!(tries[1], json!({"relay": "webhook:pager", "phase": "done", "result": "accepted"}));
    let row = &gate.rows(
        "SELECT message_id, delivery_level, attempts FROM notifications WHERE address = 'webhook:pager'",
    )[0];
    assert_eq!((&row["delivery_level"], &row["attempts"]), (&json!("D1"), &json!(2)));
    let id = row["message_id"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
    let keys: Vec<String> = server.asked().iter().map(|asked| asked.header("Idempotency-Key")).collect();
    assert_eq!(keys, [id.clone(), id]);
    // Somebody acknowledges; what the webhook opened is acknowledged there, too.
    gate.tell(&["incident", "ack", "1"]);
    gate.wait_for_number(accepted, 2, Duration::from_secs(30));
    let bodies: Vec<Value> =
        server.asked().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect();
    let actions: Vec<&str> = bodies.iter().map(|body| body["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "trigger", "acknowledge"]);
    let incident = gate.rows("SELECT id FROM incidents")[0]["id"].clone();
    assert!(bodies.iter().all(|body| body["dedup_key"] == incident && body["routing_key"] == "r0uting"));
    assert!(!gate.said().contains("r0uting"));
    assert_eq!(gate.stop(), Some(0));
}

#[test]
fn a_mail_whose_content_is_refused_is_told_in_plain_words() {
    let relay = Relay::start(Offer::default(), |call: Call| {
        let spam = String::from_utf8_lossy(call.body).contains("multipart/alternative");
        if call.stage == Stage::Dot && spam { Do::Say("554 5.7.1 content refused") } else { Do::Usual }
    });
    let mut gate = Gate::new();
    gate.append("a.log", &attack("viagra"));
    configure(&gate, relay.port(), "30m");
    gate.start();
    gate.wait_for_number(
        "SELECT count(*) FROM notifications WHERE kind = 'fallback' AND state = 'accepted'",
        1,
        Duration::from_secs(20),
    );
    let rows = gate
        .rows("SELECT kind, state, delivery_level, relay_reply, message_id FROM notifications ORDER BY id");
    assert_eq!((&rows[0]["kind"], &rows[0]["state"]), (&json!("notice"), &json!("refused")));
    assert!(rows[0]["relay_reply"].as_str().unwrap().starts_with("554 5.7.1 content refused"), "{rows:?}");
    assert_eq!((&rows[1]["delivery_level"], rows.len()), (&json!("D1"), 2));
    assert!(rows[1]["relay_reply"].as_str().unwrap().contains("queued as"), "{rows:?}");
    assert_ne!(rows[0]["message_id"], rows[1]["message_id"]);
    let mails: Vec<_> = relay.mails().into_iter().filter(|mail| mail.accepted).collect();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].header("X-Gatewatch-Kind"), "fallback");
    let text = mails[0].text();
    assert!(
        !text.contains("viagra") && !mails[0].header("Subject").contains("203"),
        "no word of a log: {text}"
    );
    assert!(
        text.contains("gatewatch incident show 1") && text.contains("gatewatch incident ack 1"),
        "{text}"
    );
    assert_eq!(gate.stop(), Some(0));
}
