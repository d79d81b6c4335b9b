//! The courier against a scripted relay: each fault at each stage gives the right result, phase and
//! code inside its time, and no fault of one session touches another.
#![allow(clippy::disallowed_methods, reason = "tests wait for real sessions on the machine's own clock")]
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/relay.rs"]
mod relay;

use gatewatch::courier::{Deadlines, Now, Params, Post, Relay as RelayParams, Secret, Tls};
use gatewatch::ports::Courier;
use gatewatch::schema::AttemptResult::{Accepted, Deferred, Refused, Uncertain};
use gatewatch::schema::{AttemptResult, Letter, MailPhase, Reading, Receipt, Span, Timestamp};
use relay::{Call, Do, Identity, Offer, Relay, Stage};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Short enough for a test, long enough for a busy machine.
const SHORT: Deadlines = Deadlines {
    command: Span::millis(2_000),
    until_body: Span::millis(3_000),
    after_body: Span::millis(2_000),
};
/// For sessions that end by themselves.
const CALM: Deadlines =
    Deadlines { command: Span::seconds(10), until_body: Span::seconds(20), after_body: Span::seconds(10) };
/// No session may take longer than this.
const WHOLE: Duration = Duration::from_millis(5_000 + 1_500);

fn now() -> Now {
    let start = Instant::now();
    Arc::new(move || {
        let since = start.elapsed().as_micros() as i64;
        Reading {
            utc: Timestamp(1_800_000_000_000_000 + since),
            boottime: Span(since),
            boot_id: "test".into(),
        }
    })
}

fn plain(relay: &Relay) -> RelayParams {
    RelayParams { host: "127.0.0.1".into(), port: relay.port(), tls: Tls::None, login: None, ca_file: None }
}

fn post(relays: Vec<RelayParams>, deadlines: Deadlines) -> Post {
    let (from, helo) = ("gatewatch@example.org".into(), "gate.example.org".into());
    Post::start(Params::Relays { relays, from, helo, deadlines }, now(), || {}).unwrap()
}

fn letter(notification: u64) -> Letter {
    Letter {
        notification,
        attempt: 1,
        may_repeat: false,
        to: "ana@example.org".into(),
        message_id: format!("<n{notification}@gate.example.org>").into(),
        date: Timestamp(1_800_000_000_000_000),
        subject: "[gatewatch] high".into(),
        headers: vec![("X-Gatewatch-Severity", "high".into())],
        text: "first\n.\n..two dots\n.Q\nlast\n".into(),
        html: Some("<p>first</p>".into()),
        relay: 0,
        envelope: None,
        answers: false,
    }
}

/// Waits until so many receipts came.
fn receipts(post: &mut Post, count: usize) -> Vec<Receipt> {
    let (start, mut all) = (Instant::now(), Vec::new());
    while all.len() < count {
        assert!(start.elapsed() < Duration::from_secs(30), "{} of {count} receipts came: {all:?}", all.len());
        std::thread::sleep(Duration::from_millis(5));
        all.extend(post.receipts());
    }
    all
}

/// One letter to one relay.
fn one(relay: &Relay, deadlines: Deadlines) -> Receipt {
    let mut post = post(vec![plain(relay)], deadlines);
    post.send(letter(1));
    receipts(&mut post, 1).remove(0)
}

fn outcome(receipt: &Receipt) -> (AttemptResult, MailPhase, Option<u16>) {
    (receipt.result, receipt.phase, receipt.code)
}

#[test]
fn a_letter_is_one_session_with_one_recipient() {
    let relay = Relay::accepting();
    let receipt = one(&relay, CALM);
    assert_eq!(outcome(&receipt), (Accepted, MailPhase::Done, Some(250)));
    assert_eq!(&*receipt.reply, "250 2.0.0 ok: queued as TEST1");
    assert_eq!(*receipt.relay, *format!("127.0.0.1:{}", relay.port()));
    let mails = relay.mails();
    assert_eq!((mails.len(), mails[0].from.as_str()), (1, "gatewatch@example.org"));
    assert_eq!(mails[0].to, ["ana@example.org"]);
    let expected = gatewatch::courier::mime(&letter(1), "gatewatch@example.org").unwrap();
    let body = String::from_utf8(mails[0].body.clone()).unwrap();
    assert_eq!(body.trim_end(), String::from_utf8(expected).unwrap().trim_end());
    assert_eq!(mails[0].header("message-id"), "<n1@gate.example.org>");
    assert_eq!(mails[0].text().trim_end(), letter(1).text.trim_end());
    let commands: Vec<String> = relay.lines().into_iter().map(|(_, line)| line).collect();
    let expected =
        ["EHLO gate.example.org", "MAIL FROM:<gatewatch@example.org>", "RCPT TO:<ana@example.org>", "DATA"];
    assert_eq!(commands[..4], expected);
}

#[test]
fn temporary_and_permanent_replies_at_each_stage() {
    use MailPhase as P;
    let cases = [
        (Stage::Banner, "421 4.3.2 closing", (Deferred, P::Hello, Some(421))),
        (Stage::Banner, "554 5.3.2 no service", (Deferred, P::Hello, Some(554))),
        (Stage::Ehlo, "450 4.7.1 later", (Deferred, P::Hello, Some(450))),
        (Stage::Ehlo, "550 5.7.1 bad name", (Deferred, P::Hello, Some(550))),
        (Stage::Mail, "451 4.3.0 later", (Deferred, P::Mail, Some(451))),
        (Stage::Mail, "550 5.7.1 sender refused", (Deferred, P::Mail, Some(550))),
        (Stage::Mail, "530 5.7.0 log in first", (Deferred, P::Mail, Some(530))),
        (Stage::Rcpt, "451 4.7.1 greylisted", (Deferred, P::Rcpt, Some(451))),
        (Stage::Rcpt, "452 4.5.3 too many", (Deferred, P::Rcpt, Some(452))),
        (Stage::Rcpt, "550 5.1.1 no such user", (Refused, P::Rcpt, Some(550))),
        (Stage::Rcpt, "530 5.7.0 log in first", (Deferred, P::Rcpt, Some(530))),
        (Stage::Data, "451 4.3.0 later", (Deferred, P::Data, Some(451))),
        (Stage::Data, "554 5.6.0 no", (Refused, P::Data, Some(554))),
        (Stage::Data, "250 what", (Deferred, P::Data, Some(250))),
        (Stage::Dot, "452 4.2.2 full", (Deferred, P::Done, Some(452))),
        (Stage::Dot, "552 5.3.4 too big", (Refused, P::Done, Some(552))),
        (Stage::Dot, "554 5.7.1 looks like spam", (Refused, P::Done, Some(554))),
        (Stage::Dot, "not a reply", (Uncertain, P::Body, None)),
        // Answered twice: the next command must not take the spare answer for its own acceptance.
        (Stage::Rcpt, "250 ok\r\n250 ok", (Deferred, P::Data, Some(250))),
    ];
    for (stage, reply, expected) in cases {
        let relay = Relay::doing(stage, Do::Say(reply));
        let receipt = one(&relay, CALM);
        assert_eq!(outcome(&receipt), expected, "{stage:?} {reply}: {}", receipt.reply);
        if expected.2.is_some() {
            assert!(reply.starts_with(&*receipt.reply), "{reply}: {}", receipt.reply);
        }
        assert_eq!(relay.connections(), 1, "no try that the receipt does not tell");
    }
}

#[test]
fn silence_slowness_and_endless_answers_end_in_time() {
    use MailPhase as P;
    let stages = [
        (Stage::Banner, (Deferred, P::Hello)),
        (Stage::Ehlo, (Deferred, P::Hello)),
        (Stage::Mail, (Deferred, P::Mail)),
        (Stage::Rcpt, (Deferred, P::Rcpt)),
        (Stage::Data, (Deferred, P::Data)),
        (Stage::Dot, (Uncertain, P::Body)),
    ];
    let memory_before = resident_bytes();
    let checks = stages.iter().flat_map(|(stage, expected)| {
        [Do::Hang, Do::Drip(400), Do::Endless, Do::Chatter].map(|what| {
            let (stage, expected) = (*stage, *expected);
            std::thread::spawn(move || {
                let relay = Relay::doing(stage, what.clone());
                let start = Instant::now();
                let receipt = one(&relay, SHORT);
                assert_eq!(
                    (receipt.result, receipt.phase),
                    expected,
                    "{stage:?} {what:?}: {}",
                    receipt.reply
                );
                assert_eq!(receipt.code, None);
                assert!(start.elapsed() < WHOLE, "{stage:?} {what:?} took {:?}", start.elapsed());
            })
        })
    });
    for check in checks.collect::<Vec<_>>() {
        check.join().unwrap();
    }
    let grown = resident_bytes().saturating_sub(memory_before);
    assert!(grown < 100 * 1024 * 1024, "memory grew by {grown} bytes");
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn a_cut_before_the_body_is_a_retry_and_after_it_a_doubt() {
    use MailPhase as P;
    let cases = [
        (Stage::Banner, (Deferred, P::Hello, None), 0),
        (Stage::Rcpt, (Deferred, P::Rcpt, None), 0),
        (Stage::Data, (Deferred, P::Data, None), 0),
        (Stage::Body, (Uncertain, P::Body, None), 0),
        (Stage::Dot, (Uncertain, P::Body, None), 1),
    ];
    for (stage, expected, taken) in cases {
        let relay = Relay::doing(stage, Do::Cut);
        let receipt = one(&relay, CALM);
        assert_eq!(outcome(&receipt), expected, "{stage:?}: {}", receipt.reply);
        assert_eq!(relay.mails().len(), taken, "{stage:?}");
    }
    let (gone, port) = (Relay::accepting(), 1);
    let mut post = post(vec![RelayParams { port, ..plain(&gone) }], CALM);
    post.send(letter(1));
    let receipt = receipts(&mut post, 1).remove(0);
    assert_eq!(outcome(&receipt), (Deferred, P::Connect, None));
    assert!(receipt.reply.contains("127.0.0.1:1: Connection refused"), "{}", receipt.reply);
}

#[test]
fn one_that_hangs_delays_no_other() {
    let relay = Relay::start(Offer::default(), |call: Call| match call {
        Call { session: 0, stage: Stage::Banner, .. } => Do::Hang,
        Call { session: 1, stage: Stage::Dot, .. } => Do::Hang,
        _ => Do::Usual,
    });
    let long =
        Deadlines { command: Span::seconds(8), until_body: Span::seconds(8), after_body: Span::seconds(8) };
    let mut post = post(vec![plain(&relay)], long);
    let start = Instant::now();
    (1..=24).for_each(|n| post.send(letter(n)));
    assert_eq!(post.free(), 0);
    let good = receipts(&mut post, 22);
    assert!(start.elapsed() < Duration::from_secs(6), "the others waited {:?}", start.elapsed());
    assert!(good.iter().all(|r| r.result == Accepted), "{good:?}");
    let bad = receipts(&mut post, 2);
    let mut results: Vec<_> = bad.iter().map(|r| r.result.name()).collect();
    results.sort_unstable();
    assert_eq!(results, ["deferred", "uncertain"]);
    assert!(post.idle() && post.free() > 0);
}

#[test]
fn many_that_hang_at_the_dot_delay_others_only_a_moment() {
    // Twenty letters to one recipient are never answered; three to another must not wait for their end.
    let relay = Relay::start(Offer::default(), |call: Call| {
        let to_ben = call.body.windows(7).any(|w| w == b"To: ben");
        if call.stage == Stage::Dot && to_ben { Do::Hang } else { Do::Usual }
    });
    let patient =
        Deadlines { command: Span::seconds(3), until_body: Span::seconds(20), after_body: Span::seconds(60) };
    let mut post = post(vec![plain(&relay)], patient);
    (1..=20).for_each(|n| post.send(Letter { to: "ben@example.org".into(), ..letter(n) }));
    (21..=23).for_each(|n| post.send(letter(n)));
    let start = Instant::now();
    let good = receipts(&mut post, 3);
    assert!(start.elapsed() < Duration::from_secs(15), "the others waited {:?}", start.elapsed());
    assert!(good.iter().all(|r| r.result == Accepted && r.notification > 20), "{good:?}");
    assert_eq!(relay.wait_for(23, Duration::from_secs(20)).len(), 23, "more than eight hang side by side");
    let rest = post.stop(Duration::ZERO);
    assert_eq!((rest.len(), rest.iter().filter(|r| r.result == Uncertain).count()), (20, 20), "{rest:?}");
}

#[test]
fn a_letter_goes_to_the_relay_it_names() {
    let (first, second) = (Relay::accepting(), Relay::accepting());
    let mut post = post(vec![plain(&first), plain(&second)], CALM);
    for (n, relay) in [(1, 0), (2, 1), (3, 2), (4, 3)] {
        post.send(Letter { relay, ..letter(n) });
    }
    for receipt in receipts(&mut post, 4) {
        let port = if receipt.notification % 2 == 1 { first.port() } else { second.port() };
        assert_eq!(*receipt.relay, *format!("127.0.0.1:{port}"));
    }
    assert_eq!((first.mails().len(), second.mails().len()), (2, 2));
}

#[test]
fn a_refused_login_is_tried_five_times_and_no_password_leaves() {
    let offer = Offer { auth: true, ..Offer::default() };
    // A relay that repeats the login in its reply.
    let relay = Relay::start(offer, |call: Call| match call.stage {
        Stage::Auth => Do::Say("535 5.7.8 bad login AGdhdGUAcGxhbnRlZC1zM2NyZXQ="),
        _ => Do::Usual,
    });
    let login = Some(("gate".to_owned(), Secret::new("planted-s3cret")));
    let mut post = post(vec![RelayParams { login, ..plain(&relay) }], CALM);
    (1..=20).for_each(|n| post.send(letter(n)));
    let all = receipts(&mut post, 20);
    assert_eq!((relay.count("AUTH"), relay.connections(), relay.count("MAIL")), (5, 5, 0));
    assert!(all.iter().all(|r| (r.result, r.phase) == (Deferred, MailPhase::Auth)), "{all:?}");
    assert_eq!(all.iter().filter(|r| r.code == Some(535)).count(), 5);
    assert_eq!(all.iter().filter(|r| r.reply.contains("refuses our login")).count(), 15);
    let told = format!("{all:?}");
    assert!(!told.contains("planted-s3cret") && !told.contains("AGdhdGUAcGxhbnRlZC1zM2NyZXQ"), "{told}");
}

#[test]
fn the_end_of_the_program_leaves_no_letter_without_a_receipt() {
    let relay = Relay::doing(Stage::Dot, Do::Hang);
    let long = Deadlines {
        command: Span::seconds(60),
        until_body: Span::seconds(60),
        after_body: Span::seconds(60),
    };
    let mut post = post(vec![plain(&relay)], long);
    (1..=10).for_each(|n| post.send(letter(n)));
    let start = Instant::now();
    assert_eq!(relay.wait_for(8, Duration::from_secs(20)).len(), 8, "eight sessions side by side");
    let all = post.stop(Duration::from_millis(300));
    assert!(start.elapsed() < Duration::from_secs(25));
    assert_eq!(all.len(), 10);
    assert_eq!(
        all.iter().filter(|r| r.result == Uncertain && r.phase == MailPhase::Body).count(),
        8,
        "{all:?}"
    );
    let waiting: Vec<_> =
        all.iter().filter(|r| r.result == Deferred && r.phase == MailPhase::Connect).collect();
    assert!(waiting.len() == 2 && waiting[0].reply.contains("not tried"), "{all:?}");
}

#[test]
fn without_starttls_nothing_is_sent_in_clear() {
    let login = Some(("gate".to_owned(), Secret::new("planted-s3cret")));
    for script in [Do::Usual, Do::Say("250-relay.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN")] {
        let offers_but_cannot = matches!(script, Do::Say(_));
        let offer = Offer { auth: true, ..Offer::default() };
        let relay = Relay::start(
            offer,
            move |call: Call| if call.stage == Stage::Ehlo { script.clone() } else { Do::Usual },
        );
        let params = RelayParams { tls: Tls::Starttls, login: login.clone(), ..plain(&relay) };
        let mut post = post(vec![params], CALM);
        post.send(letter(1));
        let receipt = receipts(&mut post, 1).remove(0);
        assert_eq!((receipt.result, receipt.phase), (Deferred, MailPhase::Tls), "{}", receipt.reply);
        assert_eq!(receipt.code, offers_but_cannot.then_some(502), "{}", receipt.reply);
        let lines = relay.lines();
        assert!(lines.iter().all(|(_, l)| l.starts_with("EHLO") || l == "STARTTLS"), "{lines:?}");
    }
}

#[test]
fn an_answer_injected_before_the_handshake_fails_it() {
    let home = tempfile::tempdir().unwrap();
    let Some((identity, ca)) = Identity::make(home.path(), "IP:127.0.0.1") else {
        return eprintln!("SKIPPED: no openssl program");
    };
    let offer = Offer { starttls: Some(identity), auth: true, ..Offer::default() };
    let injected = "220 ready\r\n250-relay.test\r\n250 AUTH PLAIN LOGIN";
    let relay =
        Relay::start(
            offer,
            move |call: Call| if call.stage == Stage::StartTls { Do::Say(injected) } else { Do::Usual },
        );
    let mut post = post(vec![RelayParams { tls: Tls::Starttls, ca_file: Some(ca), ..plain(&relay) }], CALM);
    post.send(letter(1));
    let receipt = receipts(&mut post, 1).remove(0);
    assert_eq!((receipt.result, receipt.phase), (Deferred, MailPhase::Tls), "{}", receipt.reply);
    assert!(receipt.reply.contains("no trustworthy TLS"), "{}", receipt.reply);
}

#[test]
fn a_certificate_counts_only_with_its_authority_and_its_name() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some((identity, ca)) = Identity::make(home.path(), "IP:127.0.0.1") else {
        return eprintln!("SKIPPED: no openssl program");
    };
    let (wrong_name, other_ca) = Identity::make(other.path(), "DNS:mail.example.net").unwrap();
    let slow =
        Deadlines { command: Span::seconds(6), until_body: Span::seconds(12), after_body: Span::seconds(6) };
    let login = Some(("gate".to_owned(), Secret::new("planted-s3cret")));
    let cases = [
        (identity.clone(), Some(ca.clone()), None),
        (identity.clone(), None, Some("UnknownIssuer")),
        (identity, Some(other_ca.clone()), Some("UnknownIssuer")),
        (wrong_name, Some(other_ca), Some("not valid for name")),
    ];
    for tls in [Tls::Starttls, Tls::Implicit] {
        for (identity, ca_file, fault) in cases.clone() {
            let offer = match tls {
                Tls::Implicit => Offer { implicit: Some(identity), auth: true, ..Offer::default() },
                _ => Offer { starttls: Some(identity), auth: true, ..Offer::default() },
            };
            let relay = Relay::start(offer, |_| Do::Usual);
            let params = RelayParams { tls, login: login.clone(), ca_file, ..plain(&relay) };
            let mut post = post(vec![params], slow);
            post.send(letter(1));
            let receipt = receipts(&mut post, 1).remove(0);
            let Some(fault) = fault else {
                assert_eq!(
                    outcome(&receipt),
                    (Accepted, MailPhase::Done, Some(250)),
                    "{tls:?}: {}",
                    receipt.reply
                );
                assert_eq!((relay.mails().len(), relay.count("AUTH PLAIN")), (1, 1));
                continue;
            };
            assert_eq!(outcome(&receipt), (Deferred, MailPhase::Tls, None), "{tls:?}: {}", receipt.reply);
            assert!(receipt.reply.contains(fault), "{}", receipt.reply);
            assert_eq!((relay.count("AUTH"), relay.count("MAIL"), relay.mails().len()), (0, 0, 0));
        }
    }
}

#[test]
fn an_endless_line_inside_tls_is_cut_too() {
    let home = tempfile::tempdir().unwrap();
    let Some((identity, ca)) = Identity::make(home.path(), "IP:127.0.0.1") else {
        return eprintln!("SKIPPED: no openssl program");
    };
    let offer = Offer { implicit: Some(identity), ..Offer::default() };
    let relay =
        Relay::start(offer, |call: Call| if call.stage == Stage::Rcpt { Do::Endless } else { Do::Usual });
    let slow =
        Deadlines { command: Span::seconds(20), until_body: Span::seconds(25), after_body: Span::seconds(6) };
    let mut post = post(vec![RelayParams { tls: Tls::Implicit, ca_file: Some(ca), ..plain(&relay) }], slow);
    let start = Instant::now();
    post.send(letter(1));
    let receipt = receipts(&mut post, 1).remove(0);
    assert_eq!(outcome(&receipt), (Deferred, MailPhase::Rcpt, None), "{}", receipt.reply);
    assert!(
        receipt.reply.contains("no end") && start.elapsed() < Duration::from_secs(15),
        "{}",
        receipt.reply
    );
}
