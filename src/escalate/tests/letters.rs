//! The letters: one as exact text, and what hostile logs may not do to them.

use super::*;
use proptest::prelude::*;

fn evidence(raw: &str, user: &str, at: Timestamp) -> Evidence {
    let mut gravest = finding("f", user, Severity::High, at);
    gravest.group = vec![("src_ip".into(), "203.0.113.9".into()), ("user".into(), user.into())];
    gravest.explanation = format!("5 failed logins of {user} from 203.0.113.9 in 10 minutes").into();
    gravest.advice =
        Some("Ask the user by phone. If it was somebody else, block the address at the gateway.".into());
    let mut further = finding("g", user, Severity::Medium, at);
    further.title = "First login from a new address".into();
    let line = |n: i64| EvidenceLine {
        event: 4_710 + n as u64,
        time: at + Span::seconds(n),
        source: "vpn-gw-1".into(),
        user: Some(user.into()),
        from: Some("203.0.113.9".into()),
        host: Some("gw1.example.org".into()),
        raw: raw.into(),
    };
    let seen = History {
        whom: Whom::User(user.into()),
        logins: 14,
        failures: 3,
        others: 2,
        together: 0,
        last: Some((at - Span::hours(25), Some("198.51.100.4".into()))),
        since: Some(at - Span::days(20)),
        whole: true,
    };
    let unseen = History {
        whom: Whom::Address("203.0.113.9".into()),
        logins: 0,
        failures: 0,
        others: 0,
        last: None,
        since: None,
        ..seen.clone()
    };
    Evidence {
        findings: vec![gravest, further],
        lines: (1..=5).map(line).collect(),
        histories: vec![seen, unseen],
        known_since: Some(at - Span::days(30)),
    }
}

fn letter_about(raw: &str, user: &str) -> Letter {
    let mut world = World::new(params(policy()));
    world.relay = Relay::Hangs;
    world.finds(user, Severity::High);
    let now = world.now();
    world.room.letter(&world.book, 1, &evidence(raw, user, now.utc), &now, Some("12 AAAA")).unwrap()
}

#[test]
fn the_first_notice_reads_like_this() {
    let letter = letter_about(
        "Nov 23 09:00:01 gw1 openvpn[7]: 203.0.113.9:4242 AUTH_FAILED, see http://evil.example/x",
        "root",
    );
    assert_eq!(&*letter.subject, "[gatewatch] HIGH #1: Guessing at a VPN login: user=root");
    assert_eq!(&*letter.to, "ana@example.org");
    let expected = "\
HIGH #1: Guessing at a VPN login

What      5 failed logins of root from 203[.]0[.]113[.]9 in 10 minutes
Who       root
From      203[.]0[.]113[.]9
Where     gw1[.]example[.]org, vpn-gw-1
Since     2026-11-23 09:00:00 UTC (17:00:00 Asia/Manila)

WHAT WAS NORMAL BEFORE
root: 14 logins from 2 addresses before this, 3 failed. Last login
2026-11-22 08:00:00 UTC (16:00:00 Asia/Manila) from 198[.]51[.]100[.]4. None
from the address of this incident.
203[.]0[.]113[.]9: no history, not seen before this.
The store reads these logs since 2026-10-24 09:00:00 UTC (17:00:00
Asia/Manila); before that is unknown.

WHAT TO DO FIRST
Ask the user by phone. If it was somebody else, block the address at the
gateway.

ACKNOWLEDGE
Say that you have it, on the machine that runs gatewatch:

    gatewatch incident ack 1

Please answer within 15 min of this mail. If nobody does, step 2 is next, at
2026-11-23 09:10:00 UTC (17:10:00 Asia/Manila): Lead.

EVIDENCE
  2026-11-23 09:00:01 UTC (17:00:01 Asia/Manila), vpn-gw-1, event 4711
    Nov 23 09:00:01 gw1 openvpn[7]: 203[.]0[.]113[.]9:4242 AUTH_FAILED, see
    hxxp://evil[.]example/x
";
    let end = letter.text.find("  2026-11-23 09:00:02").unwrap();
    assert_eq!(&letter.text[..end], expected);
    let tail = letter.text.split("ALSO IN THIS INCIDENT\n").nth(1).unwrap();
    assert!(tail.starts_with("medium: First login from a new address, user=root, 2026-11-23 09:00:00 UTC"));
    let id = letter.headers.iter().find(|(name, _)| *name == "X-Gatewatch-Incident").unwrap().1.clone();
    let headers = [
        ("X-Gatewatch-Kind", "notice"),
        ("X-Gatewatch-Incident", &id),
        ("X-Gatewatch-Severity", "high"),
        ("X-Gatewatch-Step", "0"),
        ("X-Gatewatch-Deadline", "2026-11-23T09:30:00.000Z"),
        ("Importance", "high"),
        ("X-Priority", "1"),
        ("X-Gatewatch-Tree", "12 AAAA"),
    ];
    assert_eq!(letter.headers, headers.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn the_thread_hangs_on_the_first_real_message_to_that_person() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::High);
    world.pass(Span::minutes(40));
    let reply_to = |mail: &Mail| {
        mail.letter.headers.iter().find(|(name, _)| *name == "In-Reply-To").map(|(_, value)| value.clone())
    };
    let [notice, escalation, to_ana, to_lead] = &world.mails[..] else { panic!("{:?}", world.mails) };
    assert_eq!((reply_to(notice), reply_to(escalation)), (None, None));
    assert_eq!(reply_to(to_ana).as_deref(), Some(&*notice.letter.message_id));
    assert_eq!(reply_to(to_lead).as_deref(), Some(&*escalation.letter.message_id));
    assert!(
        notice.letter.message_id.starts_with('<')
            && notice.letter.message_id.ends_with("@gatewatch.example.org>")
    );
    assert!(to_lead.letter.text.contains("Nobody has acknowledged this yet: it is told again."));
    assert!(
        escalation.letter.text.contains("Step 2: nobody has acknowledged this since 2026-11-23 09:00:00 UTC")
    );
}

/// What holds of every letter, whatever the logs said.
fn check_is_safe(letter: &Letter) {
    let hostile = |text: &str| text.chars().find(|c| crate::schema::printable::is_hostile(*c) && *c != '\n');
    let html = letter.html.as_deref().unwrap_or("");
    assert_eq!(hostile(&letter.subject), None);
    assert!(!letter.subject.contains('\n') && letter.subject.chars().count() <= 120, "{}", letter.subject);
    assert_eq!(hostile(&letter.text), None);
    assert_eq!(hostile(html), None);
    for (name, value) in &letter.headers {
        assert!(value.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{name}: {value}");
    }
    assert!(letter.text.lines().count() <= 80);
    assert!(letter.text.lines().all(|line| line.chars().count() <= 76));
    assert!(letter.text.len() + html.len() <= 64 * 1024);
    for body in [&*letter.text, html] {
        assert!(
            !body.to_lowercase().contains("http://") && !body.to_lowercase().contains("https://"),
            "{body}"
        );
    }
    for tag in ["<script", "<img", "<a ", "<a>", "<iframe", "<link", "javascript:", "onerror=\""] {
        assert!(!html.to_lowercase().contains(tag), "{tag}");
    }
    assert!(letter.text.contains("gatewatch incident ack 1"));
}

#[test]
fn hostile_logs_are_shown_and_do_nothing() {
    let evil = "\u{1b}[2J\u{202e}drow\r\nBcc: everyone@example.org\r\n\r\n<script>alert(1)</script><img src=x onerror=\"x\"> \
                <a href='HTTP://evil.example'>click</a> \u{9b}31m\u{200b}\u{feff}";
    let letter = letter_about(evil, evil);
    check_is_safe(&letter);
    let html = letter.html.as_deref().unwrap();
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(letter.text.contains("\\x1b[2J\\u{202e}drow\\r\\nBcc:"));
    let huge = letter_about(&"A\u{202e}<".repeat(50_000), &"u".repeat(100_000));
    check_is_safe(&huge);
    assert!(huge.text.contains('…'), "a cut is visible");
    assert!(huge.html.is_some());
}

#[test]
fn the_html_tells_what_the_text_tells() {
    let letter = letter_about("AUTH_FAILED", "root");
    let html = letter.html.as_deref().unwrap();
    for word in [
        "HIGH #1",
        "203[.]0[.]113[.]9",
        "gatewatch incident ack 1",
        "AUTH_FAILED",
        "event 4711",
        "Asia/Manila",
    ] {
        assert!(html.contains(word), "{word}");
    }
    assert!(html.contains("color-scheme") && html.contains("width=device-width"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_log_text_harms_a_letter(raw in ".{0,300}", user in "(\\PC|[\\x00-\\x1f<>&\"':/.]|http://|\u{202e}){0,40}") {
        check_is_safe(&letter_about(&raw, &user));
    }
}
