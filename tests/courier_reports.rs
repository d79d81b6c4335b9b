//! Delivery reports are asked for where a relay offers them (RFC 3461), come back under our tag, and cost no mail
//! where the relay then does not understand the request.
#![allow(clippy::disallowed_methods, reason = "tests wait for real sessions on the machine's own clock")]
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/relay.rs"]
mod relay;

use gatewatch::courier::{Deadlines, Params, Post, Relay as RelayParams, Tls};
use gatewatch::ports::Courier;
use gatewatch::schema::tag::{Tag, TagKey, TagKind, tag_in, tagged};
use gatewatch::schema::{AttemptResult, Envelope, Letter, Reading, Receipt, Timestamp};
use relay::{Call, Do, Offer, Relay, Stage};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FROM: &str = "gatewatch@example.org";
const ID: &str = "<abcdefghijklmnopqrstuvwxyz@gate.example.org>";

fn letter(envelope: Option<Envelope>) -> Letter {
    Letter {
        notification: 7,
        attempt: 2,
        may_repeat: false,
        to: "ana+alerts@example.org".into(),
        message_id: ID.into(),
        date: Timestamp(1_800_000_000_000_000),
        subject: "[gatewatch] high".into(),
        headers: vec![],
        text: "t\n".into(),
        html: None,
        relay: 0,
        envelope,
        answers: false,
    }
}

fn send(relay: &Relay, letter: Letter) -> Receipt {
    let relays = vec![RelayParams {
        host: "127.0.0.1".into(),
        port: relay.port(),
        tls: Tls::None,
        login: None,
        ca_file: None,
    }];
    let params = Params::Relays {
        relays,
        from: FROM.into(),
        helo: "gate.example.org".into(),
        deadlines: Deadlines::default(),
    };
    let mut post = Post::start(params, Arc::new(Reading::default), || {}).unwrap();
    post.send(letter);
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < Duration::from_secs(30), "no receipt");
        if let Some(receipt) = post.receipts().pop() {
            return receipt;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn said(relay: &Relay, word: &str) -> Vec<String> {
    let lines = relay.lines().into_iter().map(|(_, line)| line);
    lines.filter(|line| line.starts_with(word)).collect()
}

fn offering(script: impl Fn(Call) -> Do + Send + Sync + 'static) -> Relay {
    Relay::start(Offer { dsn: true, ..Offer::default() }, script)
}

#[test]
fn a_relay_that_offers_reports_is_asked_for_them() {
    let relay = offering(|_| Do::Usual);
    let receipt = send(&relay, letter(None));
    assert_eq!(receipt.result, AttemptResult::Accepted);
    assert_eq!(&*receipt.reply, "250 2.0.0 ok: queued as TEST1", "the whole reply, with the queue id");
    assert_eq!(
        said(&relay, "MAIL"),
        ["MAIL FROM:<gatewatch@example.org> RET=HDRS ENVID=abcdefghijklmnopqrstuvwxyz@gate.example.org"]
    );
    assert_eq!(
        said(&relay, "RCPT"),
        [
            "RCPT TO:<ana+alerts@example.org> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;ana+2Balerts@example.org"
        ]
    );
    let silent = Relay::accepting();
    assert_eq!(send(&silent, letter(None)).result, AttemptResult::Accepted);
    assert_eq!(said(&silent, "MAIL"), ["MAIL FROM:<gatewatch@example.org>"]);
    assert_eq!(said(&silent, "RCPT"), ["RCPT TO:<ana+alerts@example.org>"]);
}

#[test]
fn a_report_comes_back_under_the_tag_of_its_try() {
    let key = TagKey::new([3; 32]);
    let tag = Tag::new(TagKind::Bounce, 7, 2).sign(&key, ID);
    let relay = offering(|_| Do::Usual);
    send(&relay, letter(Some(Envelope { sender: tagged(FROM, &tag).into(), id: tag.as_str().into() })));
    let sender = relay.mails()[0].from.clone();
    let read = Tag::parse(tag_in(FROM, &sender).unwrap()).unwrap();
    assert!(read.is_genuine(&key, ID));
    assert_eq!((read.notification, read.number), (7, 2));
    assert!(said(&relay, "MAIL")[0].ends_with(&format!(" RET=HDRS ENVID={tag}")));
    // What people see and answer to is the address without the tag.
    assert_eq!(relay.mails()[0].header("From"), "gatewatch <gatewatch@example.org>");
}

#[test]
fn a_relay_that_does_not_understand_its_own_offer_gets_the_mail_all_the_same() {
    for (stage, answer) in [(Stage::Mail, "555 5.5.4 unsupported"), (Stage::Rcpt, "501 5.5.4 syntax")] {
        let relay = offering(move |call| match call.stage == stage && call.line.contains(' ') {
            true if call.line.contains("RET=") || call.line.contains("NOTIFY=") => Do::Say(answer),
            _ => Do::Usual,
        });
        assert_eq!(send(&relay, letter(None)).result, AttemptResult::Accepted, "{answer}");
        assert_eq!(relay.mails().len(), 1);
    }
    // A refusal of the recipient stays one.
    let relay = offering(|call| match call.stage {
        Stage::Rcpt => Do::Say("550 5.1.1 no such user"),
        _ => Do::Usual,
    });
    assert_eq!(send(&relay, letter(None)).result, AttemptResult::Refused);
    assert_eq!(relay.count("RCPT"), 1);
}
