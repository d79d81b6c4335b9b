//! Webhooks against a scripted server: each answer and each fault gives the right result inside its time, nothing
//! follows a redirect, nothing goes in clear to another machine, and no secret or token comes out.
#![allow(clippy::disallowed_methods, reason = "tests wait for real requests on the machine's own clock")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

#[path = "support/http.rs"]
mod http;
#[path = "support/relay.rs"]
mod relay;

use gatewatch::courier::{Deadlines, HookKind, Params, Post, Secret, Webhook};
use gatewatch::ports::Courier;
use gatewatch::schema::AttemptResult::{Accepted, Deferred, Refused, Uncertain};
use gatewatch::schema::{AttemptResult, Letter, MailPhase, Reading, Receipt, Span, Timestamp};
use http::{Answer, Http};
use relay::{Do, Identity, Offer, Relay};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn letter() -> Letter {
    Letter {
        notification: 7,
        attempt: 1,
        may_repeat: false,
        to: "webhook:pager".into(),
        message_id: "<n7@gate.example.org>".into(),
        date: Timestamp(1_800_000_000_000_000),
        subject: "[gatewatch] HIGH #1: x".into(),
        headers: vec![
            ("X-Gatewatch-Kind", "notice".into()),
            ("X-Gatewatch-Incident", "u3jx".into()),
            ("X-Gatewatch-Severity", "high".into()),
            ("Reply-To", "g+r7-0-token@example.org".into()),
        ],
        text: "first\n".into(),
        html: Some("<p>first</p>".into()),
        relay: 0,
        envelope: None,
        answers: false,
    }
}

fn hook(url: &str, kind: HookKind, ca_file: Option<Vec<u8>>) -> Webhook {
    let (url, secret) = (Secret::new(url), Some(Secret::new("s3cret-key")));
    Webhook { id: "pager".into(), kind, url, secret, ca_file }
}

fn post(hook: Webhook) -> Post {
    let deadlines = Deadlines { until_body: Span::millis(1_500), ..Deadlines::default() };
    let relay = gatewatch::courier::Relay {
        host: "127.0.0.1".into(),
        port: 9,
        tls: gatewatch::courier::Tls::None,
        login: None,
        ca_file: None,
    };
    let params = Params::Relays {
        relays: vec![relay],
        from: "g@example.org".into(),
        helo: "gate.example.org".into(),
        deadlines,
    };
    Post::start_with(params, vec![hook], Arc::new(Reading::default), || {}).unwrap()
}

fn one(hook: Webhook) -> Receipt {
    let mut post = post(hook);
    post.send(letter());
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < Duration::from_secs(10), "no receipt");
        if let Some(receipt) = post.receipts().pop() {
            return receipt;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn outcome(receipt: &Receipt) -> (AttemptResult, MailPhase, Option<u16>) {
    (receipt.result, receipt.phase, receipt.code)
}

#[test]
fn each_answer_and_each_fault_has_its_result() {
    use MailPhase::{Body, Done, Rcpt};
    type Outcome = (AttemptResult, MailPhase, Option<u16>);
    let cases: Vec<(Answer, Outcome)> = vec![
        (Answer::Say("200 OK", "{\"status\":\"ok\"}"), (Accepted, Done, Some(200))),
        (Answer::Say("202 Accepted", ""), (Accepted, Done, Some(202))),
        (Answer::Flood, (Accepted, Done, Some(200))),
        (Answer::Say("429 Too Many Requests", "slow down"), (Deferred, Rcpt, Some(429))),
        (Answer::Say("500 Oops", ""), (Deferred, Rcpt, Some(500))),
        (Answer::Say("503 Later", "no"), (Deferred, Rcpt, Some(503))),
        (Answer::Say("400 Bad Request", "invalid event"), (Refused, Done, Some(400))),
        (Answer::Say("403 Forbidden", ""), (Refused, Rcpt, Some(403))),
        (Answer::Say("404 Not Found", "no_service"), (Refused, Rcpt, Some(404))),
        (Answer::Redirect("http://127.0.0.1:1/elsewhere".into()), (Refused, Rcpt, Some(302))),
        (Answer::Cut, (Uncertain, Body, None)),
        (Answer::Hang, (Uncertain, Body, None)),
        (Answer::Endless, (Uncertain, Body, None)),
        (Answer::Noise, (Uncertain, Body, None)),
    ];
    for (answer, expected) in cases {
        let said = answer.clone();
        let server = Http::start(move |_| said.clone());
        let start = Instant::now();
        let receipt = one(hook(&server.url("/x"), HookKind::Generic, None));
        assert_eq!(outcome(&receipt), expected, "{answer:?}: {}", receipt.reply);
        assert!(start.elapsed() < Duration::from_secs(5), "{answer:?}");
        assert_eq!((&*receipt.relay, server.asked().len()), ("webhook:pager", 1), "{answer:?}");
        assert!(receipt.reply.len() <= 512);
    }
    let closed = one(hook("http://127.0.0.1:9/x", HookKind::Generic, None));
    assert_eq!(outcome(&closed), (Deferred, MailPhase::Connect, None), "{}", closed.reply);
    let nowhere = one(hook("https://hook.invalid/x", HookKind::Generic, None));
    assert_eq!(outcome(&nowhere), (Deferred, MailPhase::Connect, None), "{}", nowhere.reply);
}

#[test]
fn a_request_is_signed_names_its_message_and_keeps_the_token_back() {
    let server = Http::start(|_| Answer::Say("200 OK", "s3cret-key is what you sent"));
    let receipt = one(hook(&server.url("/hooks/1"), HookKind::Generic, None));
    assert_eq!(&*receipt.reply, "200 (answer withheld: it repeats a secret)");
    let asked = server.asked().remove(0);
    assert!(asked.line.starts_with("POST /hooks/1 HTTP/1.1"), "{}", asked.line);
    assert_eq!(asked.header("idempotency-key"), "n7@gate.example.org");
    assert_eq!(asked.header("content-type"), "application/json");
    assert!(asked.header("x-gatewatch-signature").starts_with("v1="));
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!((&body["incident"], &body["text"]), (&"u3jx".into(), &"first\n".into()));
    let whole = format!("{asked:?}");
    assert!(!whole.contains("r7-0-token") && !whole.contains("s3cret"), "{whole}");
}

#[test]
fn a_certificate_that_is_not_trusted_gets_nothing() {
    let home = tempfile::tempdir().unwrap();
    let Some((identity, authority)) = Identity::make(home.path(), "IP:127.0.0.1") else {
        eprintln!("SKIPPED: a_certificate_that_is_not_trusted_gets_nothing (no openssl)");
        return;
    };
    let server = Relay::start(Offer { implicit: Some(identity), ..Offer::default() }, |_| Do::Usual);
    let url = format!("https://127.0.0.1:{}/x", server.port());
    let receipt = one(hook(&url, HookKind::Generic, None));
    assert_eq!(outcome(&receipt), (Deferred, MailPhase::Tls, None), "{}", receipt.reply);
    assert!(server.lines().is_empty(), "{:?}", server.lines());
    // With its authority the request goes out (to a server that speaks no HTTP: nobody knows what it did).
    let receipt = one(hook(&url, HookKind::Generic, Some(authority)));
    assert_eq!(outcome(&receipt), (Uncertain, MailPhase::Body, None), "{}", receipt.reply);
    assert!(server.lines().iter().any(|(_, line)| line.starts_with("POST /x ")), "{:?}", server.lines());
}

#[test]
fn an_address_in_clear_on_another_machine_does_not_start() {
    for url in [
        "http://hooks.example.org/x",
        "https://user:pw@hooks.example.org/",
        "ftp://x",
        "https://",
        "http://localhost.example.org/",
    ] {
        let params =
            Params::Maildir { directory: std::env::temp_dir().join("unused"), from: "g@example.org".into() };
        let started = Post::start_with(
            params,
            vec![hook(url, HookKind::Slack, None)],
            Arc::new(Reading::default),
            || {},
        );
        let error = started.err().unwrap_or_else(|| panic!("{url} started"));
        assert!(error.to_string().starts_with("webhook pager: "), "{error}");
    }
}
