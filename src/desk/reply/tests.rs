use super::*;
use crate::schema::inbound::{Fate, ReplyVerb};
use crate::schema::tag::{TagKey, tagged};
use proptest::prelude::*;

fn params() -> Params {
    Params { address: "gatewatch@example.org".into(), authority: "mx.example.org".into() }
}

fn tag(kind: TagKind) -> String {
    Tag::new(kind, 7, 1).sign(&TagKey::new([1; 32]), "<id@example.org>")
}

/// A mail with these headers beside the usual ones, and this body.
fn mail(heads: &str, body: &str) -> Vec<u8> {
    let to = tagged("gatewatch@example.org", &tag(TagKind::Reply));
    let passed = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\n";
    let text = format!(
        "{passed}{heads}From: Ana Reyes <Ana@Example.org>\nTo: gatewatch <{to}>\nMessage-ID: <1@x>\n\n{body}"
    );
    text.replace('\n', "\r\n").into_bytes()
}

fn reply(bytes: &[u8]) -> Reply {
    match read(bytes, "1", &params()).content {
        InboundContent::Reply(reply) => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_reply_is_read_whole() {
    let inbound = read(&mail("Subject: Re: [gatewatch]\n", "Ack, on it\n\n> quoted\n"), "1", &params());
    assert_eq!((&*inbound.from, &*inbound.message_id), ("ana@example.org", "1@x"));
    let InboundContent::Reply(reply) = inbound.content else { panic!() };
    assert_eq!(reply.tag.as_ref().map(|tag| (tag.kind, tag.notification)), Some((TagKind::Reply, 7)));
    assert_eq!(reply.proof.as_deref(), Ok("dkim=pass (example.org)"));
    assert_eq!(reply.automatic, None);
    assert_eq!(reply.wish, Wish::Do(ReplyVerb::Acknowledge, Some("on it".into())));
}

#[test]
fn encodings_and_parts_of_real_clients() {
    let alternative = |plain: &str, html: &str| {
        format!(
            "--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{plain}\n--x\n\
             Content-Type: text/html; charset=\"iso-8859-1\"\nContent-Transfer-Encoding: quoted-printable\n\n{html}\n--x--\n"
        )
    };
    let multi = "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n";
    let html = "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n";
    let quoted = "MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable\n";
    let outlook = "<html><head><style>p {ack}</style><title>resolve</title></head><body><p><span>Ack&nbsp;merci</span></p>\
        <p>Von: gatewatch</p></body></html>";
    for (heads, body, wanted) in [
        (multi, alternative("UmVzb2x2ZSBkb25lDQo=", "<p>escalate</p>"), (ReplyVerb::Resolve, Some("done"))),
        // An empty plain part beside the real one.
        (multi, alternative("DQo=", "<div>escalate=20now</div>"), (ReplyVerb::Escalate, Some("now"))),
        (html, outlook.to_owned(), (ReplyVerb::Acknowledge, Some("merci"))),
        (quoted, "fal=\nse-positive=3A B=FCro\n".to_owned(), (ReplyVerb::FalsePositive, Some("Büro"))),
    ] {
        let Wish::Do(verb, note) = reply(&mail(heads, &body)).wish else { panic!("{body}") };
        assert_eq!((verb, note.as_deref()), wanted, "{body}");
    }
}

#[test]
fn programs_are_known_by_many_marks() {
    for heads in [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated (rfc3834)\n",
        "Return-Path: <>\n",
        "Precedence: bulk\n",
        "Precedence: auto_reply\n",
        "List-Id: <a.example.org>\n",
        "X-Autoreply: yes\n",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n",
    ] {
        assert!(reply(&mail(heads, "ack\n")).automatic.is_some(), "{heads}");
    }
    for heads in
        ["Auto-Submitted: no\n", "Auto-Submitted: No (a person)\n", "Return-Path: <ana@example.org>\n"]
    {
        assert_eq!(reply(&mail(heads, "ack\n")).automatic, None, "{heads}");
    }
}

#[test]
fn the_sender_is_one_or_nobody() {
    for heads in ["From: ben@example.org\n", "From: ben@example.org, eve@example.org\n"] {
        let inbound = read(&mail(heads, "ack\n"), "1", &params());
        assert!(
            matches!(inbound.content, InboundContent::Malformed(_)) && inbound.from.is_empty(),
            "{heads}"
        );
    }
    let to_nobody = b"From: ana@example.org\r\nTo: gatewatch@example.org\r\n\r\nack\r\n";
    assert_eq!(reply(to_nobody).tag, None);
}

#[test]
fn reports_are_known_by_their_tag() {
    let bounce = tag(TagKind::Bounce);
    let report = |envid: &str, to: &str| {
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: {to}\r\nAuto-Submitted: auto-replied\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n{envid}\r\n\
             Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: gatewatch@example.org\r\nSubject: x\r\n\r\nack\r\n--b--\r\n"
        )
    };
    let address = tagged("gatewatch@example.org", &bounce);
    for text in
        [report("", &address), report(&format!("Original-Envelope-Id: {bounce}\r\n"), "g@example.org")]
    {
        let InboundContent::Report(report) = read(text.as_bytes(), "1", &params()).content else {
            panic!("{text}")
        };
        assert_eq!((report.tag.notification, report.tag.number, report.fate), (7, 1, Fate::Failed));
        assert_eq!(&*report.said, "5.1.1");
    }
    // Without a tag of ours it is a mail of a program.
    assert!(reply(report("Original-Envelope-Id: QQ1\r\n", "g@example.org").as_bytes()).automatic.is_some());
    // Words count only of a mail system.
    let words = |from: &str, path: &str| {
        format!(
            "{path}From: {from}\r\nTo: {address}\r\nSubject: Undeliverable: [gatewatch]\r\n\r\nNo such user.\r\n"
        )
    };
    let is_report =
        |text: String| matches!(read(text.as_bytes(), "1", &params()).content, InboundContent::Report(_));
    assert!(
        is_report(words("ana@example.org", "Return-Path: <>\r\n"))
            && is_report(words("postmaster@x.example", ""))
    );
    assert!(!is_report(words("ana@example.org", "")));
}

#[test]
fn too_much_is_not_read() {
    let nested = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n".repeat(5_000);
    let inbound = read(&mail(&nested, "ack\n"), "1", &params());
    assert!(matches!(inbound.content, InboundContent::Malformed(_)));
    let heads = "X-A: b\n".repeat(5_000);
    assert!(matches!(read(&mail(&heads, "ack\n"), "1", &params()).content, InboundContent::Malformed(_)));
    // A long mail is read from its beginning.
    let long = mail("", &format!("ack\n\n{}", "x".repeat(10_000_000)));
    assert_eq!(reply(&long).wish, Wish::Do(ReplyVerb::Acknowledge, None));
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400), heads in "[ -~\r\n\t\u{0}-\u{ff}]{0,200}") {
        let _ = read(&bytes, "1", &params());
        let _ = read(&mail(&heads, &String::from_utf8_lossy(&bytes)), "1", &params());
    }
}
