//! What a webhook is sent: pure, the same letter gives the same request. The reply token of a letter never goes along:
//! whoever reads a channel could use it.

use super::{HookKind, Webhook};
use crate::schema::{Letter, Printable};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::fmt::Write as _;

/// Characters of a summary: PagerDuty takes 1,024.
const SUMMARY_CHARS: usize = 1_000;
/// Characters of the text for a chat.
const CHAT_CHARS: usize = 6_000;

/// A request, but for its URL.
pub struct Request {
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// The request of a letter.
pub fn request(hook: &Webhook, letter: &Letter) -> Request {
    let secret = hook.secret.as_ref().map(super::Secret::reveal);
    let body = match hook.kind {
        HookKind::Generic => generic(letter),
        HookKind::PagerDuty => pager_duty(letter, secret.unwrap_or_default()),
        HookKind::Slack => slack(letter),
    };
    let body = body.to_string();
    let mut headers = vec![
        ("Content-Type", "application/json".to_owned()),
        ("Idempotency-Key", letter.message_id.trim_matches(['<', '>']).to_owned()),
    ];
    if let (HookKind::Generic, Some(secret)) = (hook.kind, secret) {
        let stamp = letter.date.0.div_euclid(1_000_000).to_string();
        headers.push(("X-Gatewatch-Signature", signature(secret, &stamp, &body)));
        headers.push(("X-Gatewatch-Timestamp", stamp));
    }
    Request { headers, body }
}

/// `v1=` and the HMAC-SHA256, in hexadecimal, of the timestamp, a dot and the body.
fn signature(secret: &str, stamp: &str, body: &str) -> String {
    let mut hex = "v1=".to_owned();
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(stamp.as_bytes());
        mac.update(b".");
        mac.update(body.as_bytes());
        for byte in mac.finalize().into_bytes() {
            let _ = write!(hex, "{byte:02x}");
        }
    }
    hex
}

fn header<'l>(letter: &'l Letter, name: &str) -> Option<&'l str> {
    letter.headers.iter().find(|(of, _)| *of == name).map(|(_, value)| value.as_str())
}

fn generic(letter: &Letter) -> Value {
    let text = |name: &str| header(letter, name).map(|value| json!(value));
    let parts = [
        ("version", Some(json!(1))),
        ("id", Some(json!(&*letter.message_id))),
        ("kind", text("X-Gatewatch-Kind")),
        ("incident", text("X-Gatewatch-Incident")),
        ("severity", text("X-Gatewatch-Severity")),
        (
            "step",
            header(letter, "X-Gatewatch-Step").and_then(|step| step.parse::<u32>().ok()).map(|n| json!(n)),
        ),
        ("deadline", text("X-Gatewatch-Deadline")),
        ("drill", text("X-Gatewatch-Drill")),
        ("count", text("X-Gatewatch-Count")),
        ("at", Some(json!(letter.date.to_string()))),
        ("attempt", Some(json!(letter.attempt))),
        ("may_repeat", Some(json!(letter.may_repeat && letter.attempt > 1))),
        ("subject", Some(json!(Printable(&letter.subject).text()))),
        ("text", Some(json!(&*letter.text))),
    ];
    let parts = parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(parts.collect::<Map<_, _>>())
}

/// Events API v2: trigger, acknowledge, resolve; the incident's id joins them.
fn pager_duty(letter: &Letter, routing_key: &str) -> Value {
    let action = match header(letter, "X-Gatewatch-Kind") {
        Some("acknowledged") => "acknowledge",
        Some("resolved") => "resolve",
        _ => "trigger",
    };
    let severity = match header(letter, "X-Gatewatch-Severity") {
        Some("critical") => "critical",
        Some("high") => "error",
        Some("medium") => "warning",
        _ => "info",
    };
    let key = header(letter, "X-Gatewatch-Incident").unwrap_or(&letter.message_id);
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": key,
        "client": "gatewatch",
        "payload": {
            "summary": Printable(&letter.subject).cut(SUMMARY_CHARS),
            "source": letter.message_id.trim_matches(['<', '>']).rsplit('@').next().unwrap_or("gatewatch"),
            "severity": severity,
            "timestamp": letter.date.to_string(),
            "custom_details": generic(letter),
        },
    })
}

/// Words of logs stay words: the three characters that begin markup are escaped, and the text is one block of code.
fn slack(letter: &Letter) -> Value {
    let safe =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'");
    let mut text: String = letter.text.chars().take(CHAT_CHARS).collect();
    if text.len() < letter.text.len() {
        text.push('…');
    }
    json!({
        "text": format!("{}\n```\n{}\n```", safe(&Printable(&letter.subject).text()), safe(text.trim_end())),
        "mrkdwn": true,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Secret;
    use super::*;
    use crate::schema::Timestamp;

    fn letter(kind: &str) -> Letter {
        Letter {
            notification: 7,
            attempt: 2,
            may_repeat: true,
            to: "webhook:x".into(),
            message_id: "<abc@gate.example.org>".into(),
            date: Timestamp(1_800_000_000_000_000),
            subject: "[gatewatch] HIGH #1: a <b> & `c`".into(),
            headers: vec![
                ("X-Gatewatch-Kind", kind.into()),
                ("X-Gatewatch-Incident", "u3jx".into()),
                ("X-Gatewatch-Severity", "high".into()),
                ("X-Gatewatch-Step", "0".into()),
                ("Reply-To", "g+r7-0-secrettoken@example.org".into()),
            ],
            text: "one <!channel>\n```two".into(),
            html: Some("<p>x</p>".into()),
            relay: 0,
            envelope: None,
            answers: false,
        }
    }

    fn hook(kind: HookKind, secret: &str) -> Webhook {
        Webhook {
            id: "x".into(),
            kind,
            url: Secret::new("https://hooks.example.org/x"),
            secret: Some(Secret::new(secret)),
            ca_file: None,
        }
    }

    #[test]
    fn a_generic_request_is_signed_over_its_time_and_body() {
        let request = request(&hook(HookKind::Generic, "key"), &letter("notice"));
        let value: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(
            (&value["kind"], &value["incident"], &value["step"]),
            (&json!("notice"), &json!("u3jx"), &json!(0))
        );
        assert_eq!((&value["attempt"], &value["may_repeat"]), (&json!(2), &json!(true)));
        assert!(!request.body.contains("secrettoken"), "{}", request.body);
        let header = |name| &request.headers.iter().find(|(of, _)| *of == name).unwrap().1;
        assert_eq!(header("Idempotency-Key"), "abc@gate.example.org");
        assert_eq!(header("X-Gatewatch-Timestamp"), "1800000000");
        assert_eq!(*header("X-Gatewatch-Signature"), signature("key", "1800000000", &request.body));
        // As `printf a.b | openssl dgst -sha256 -hmac Jefe` has it.
        let known = "b9594abf2e97da6e8b7cf63e7a42af2ef5227aa0b8cc6876986aac2d033b5b19";
        assert_eq!(signature("Jefe", "a", "b"), format!("v1={known}"));
    }

    #[test]
    fn pager_duty_joins_by_the_incident() {
        for (kind, action) in
            [("notice", "trigger"), ("acknowledged", "acknowledge"), ("resolved", "resolve")]
        {
            let request = request(&hook(HookKind::PagerDuty, "routing"), &letter(kind));
            let value: Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(value["event_action"], action);
            assert_eq!((&value["dedup_key"], &value["routing_key"]), (&json!("u3jx"), &json!("routing")));
            assert_eq!(value["payload"]["severity"], "error");
            assert_eq!(value["payload"]["source"], "gate.example.org");
            assert!(!request.body.contains("secrettoken"));
        }
    }

    #[test]
    fn words_of_logs_are_no_markup_of_a_chat() {
        let request = request(&hook(HookKind::Slack, ""), &letter("notice"));
        let value: Value = serde_json::from_str(&request.body).unwrap();
        let text = value["text"].as_str().unwrap();
        assert_eq!(
            text,
            "[gatewatch] HIGH #1: a &lt;b&gt; &amp; 'c'\n```\none &lt;!channel&gt;\n'''two\n```"
        );
    }
}
