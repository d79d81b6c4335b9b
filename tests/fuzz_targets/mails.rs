//! Mails that come back: any bytes, and whatever they are, none of them proves what the mail server denies.

#[path = "../replies/hostile.rs"]
mod hostile;

use gatewatch::desk::reply::{Params, read};
use gatewatch::schema::{Inbound, InboundContent, Wish};

/// What the server says of a sender that it does not know, above its own hop.
const DENIED: &[u8] =
    b"Authentication-Results: mx.example.org; none\r\nReceived: from x by mx.example.org\r\n";
const AUTOMATIC: &[u8] = b"Auto-Submitted: auto-replied\r\n";

fn judge(bytes: &[u8]) -> Inbound {
    let params = Params { address: "gatewatch@example.org".into(), authority: "mx.example.org".into() };
    let inbound = read(bytes, "1", &params);
    assert!(
        inbound.from.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()),
        "{}",
        inbound.from
    );
    let shown = |text: &str| {
        assert!(text.chars().count() <= 1_001 && !text.chars().any(char::is_control), "{text:?}")
    };
    shown(&inbound.message_id);
    match &inbound.content {
        InboundContent::Reply(reply) => {
            assert!(inbound.from.contains('@'), "a reply has a sender");
            let (Ok(words) | Err(words)) = &reply.proof;
            shown(words);
            if let Wish::Do(_, Some(words)) | Wish::Other(words) = &reply.wish {
                shown(words);
            }
        }
        InboundContent::Report(report) => shown(&report.said),
        InboundContent::Malformed(_) => {}
    }
    inbound
}

/// One mail: as it is, as the mail server denies it, and as a program sends it.
pub fn reply(data: &[u8]) {
    judge(data);
    if let InboundContent::Reply(reply) = judge(&[DENIED, data].concat()).content {
        assert!(reply.proof.is_err(), "what stands further down proves nothing: {:?}", reply.proof);
    }
    if let InboundContent::Reply(reply) = judge(&[AUTOMATIC, data].concat()).content {
        assert!(reply.automatic.is_some(), "a program says that it is one");
    }
}

/// First inputs: the hostile mails, with and without a proof, a reply of a usual mail program, and reports.
pub fn seeds() -> Vec<Vec<u8>> {
    let tag = "1-1-aaaaaaaaaaaaaaaaaaaaaaaaaa";
    let mut seeds = hostile::corpus(&format!("gatewatch+r{tag}@example.org"));
    seeds.retain(|mail| !mail.is_empty() && mail.len() < 2_000);
    let heads = format!(
        "Return-Path: <ana@example.org>\r\nAuthentication-Results: mx.example.org 1;\r\n\tdkim=pass (2048-bit) reason=\"a b\" \
         header.i=@example.org header.s=s; spf=pass smtp.mailfrom=ana@example.org\r\nReceived: from x by mx.example.org\r\n\
         From: \"Ana Reyes\" <ana@example.org>\r\nTo: gatewatch <gatewatch+r{tag}@example.org>\r\nSubject: =?utf-8?Q?Re:_x?=\r\n\
         Message-ID: <1@x>\r\nMIME-Version: 1.0\r\n"
    );
    let words = "Ack, on it.\r\n-- \r\nAna\r\n\r\nOn Tue, gatewatch <g@example.org> wrote:\r\n> resolve\r\n";
    seeds.push(
        format!("{heads}Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n{words}").into_bytes(),
    );
    seeds.push(
        format!(
            "{heads}Content-Type: multipart/alternative; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\nfalse-positive=3A scanner\r\n--x\r\nContent-Type: text/html\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nPHA+YWNrPC9wPg==\r\n--x--\r\n"
        )
        .into_bytes(),
    );
    let system = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx\r\nTo: gatewatch+b{tag}@example.org\r\nMIME-Version: 1.0\r\n"
    );
    seeds.push(
        format!(
            "{system}Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\nContent-Type: \
             message/delivery-status\r\n\r\nOriginal-Envelope-Id: b{tag}\r\n\r\nFinal-Recipient: rfc822; ana@example.org\r\n\
             Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550\r\n no\r\n--x--\r\n"
        )
        .into_bytes(),
    );
    seeds
        .push(format!("{system}Subject: Undeliverable: x\r\n\r\nhost said: 550 5.1.1 gone\r\n").into_bytes());
    seeds
}
