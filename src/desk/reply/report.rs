//! What mail systems say of our messages: delivery status notifications (RFC 3464), and bounces in words.
//!
//! Both are hostile. They count only with a bounce tag, which is in the address that the report went to or in
//! `Original-Envelope-Id`, and which only we can write. Words count only of a sender that is a mail system (no return
//! path, or the name of a daemon): an out-of-office note that quotes an alert is no bounce.

use crate::schema::Printable;
use crate::schema::inbound::Fate;
use mail_parser::{Message, MimeHeaders, PartType};

/// Bytes of a status part that are read; a report is about one recipient.
const STATUS_BYTES_MAX: usize = 32 * 1024;
/// Lines of a bounce in words that are looked at.
const LINES_MAX: usize = 40;
/// Characters kept of what the mail system says.
const SAID_CHARS: usize = 300;
/// Parts of a mail that are looked at.
const PARTS_MAX: usize = 64;

/// What a report says.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub envelope_id: Option<String>,
    pub fate: Fate,
    pub words: String,
}

/// The status part of a report; `None` where there is none, or it says nothing that we know.
pub(super) fn status(message: &Message<'_>) -> Option<Said> {
    let part = message.parts.iter().take(PARTS_MAX).find(|part| {
        part.content_type().is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("message")
                && kind.subtype().is_some_and(|subtype| {
                    ["delivery-status", "global-delivery-status"]
                        .iter()
                        .any(|name| subtype.eq_ignore_ascii_case(name))
                })
        })
    })?;
    let bytes = match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes,
        PartType::Message(_) | PartType::Multipart(_) => return None,
    };
    let bytes = bytes.get(..STATUS_BYTES_MAX).unwrap_or(bytes);
    parse_status(&String::from_utf8_lossy(bytes))
}

/// Groups of fields, parted by empty lines: one about the message, then one for each recipient.
fn parse_status(text: &str) -> Option<Said> {
    let mut groups: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in text.lines() {
        let Some(group) = groups.last_mut() else { break };
        if line.trim().is_empty() {
            if !group.is_empty() {
                groups.push(Vec::new());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let field = |group: &[(String, String)], name: &str| {
        group.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone())
    };
    let envelope_id = groups.iter().find_map(|group| field(group, "original-envelope-id"));
    // An address may stand for several mailboxes. One that has the message is enough.
    let told = groups.iter().filter_map(|group| {
        let action = field(group, "action")?;
        let fate = match action.split(['(', ' ']).next()?.to_ascii_lowercase().as_str() {
            "delivered" => Fate::Delivered,
            "relayed" | "expanded" => Fate::Relayed,
            "delayed" => Fate::Delayed,
            "failed" => Fate::Failed,
            _ => return None,
        };
        let parts = [field(group, "status"), field(group, "diagnostic-code"), field(group, "remote-mta")];
        let words: Vec<String> = parts.into_iter().flatten().collect();
        Some((fate, words.join("; ")))
    });
    let (fate, words) = told.min_by_key(|(fate, _)| *fate)?;
    Some(Said { envelope_id, fate, words: Printable(&words).cut(SAID_CHARS) })
}

/// What the words of a bounce say; `None` where they are no bounce. The sender is known to be a mail system.
pub(super) fn in_words(subject: &str, body: &str) -> Option<Said> {
    let mut own = String::new();
    for line in body.lines().take(LINES_MAX) {
        // From here the message itself follows, which is ours and holds log text.
        if COPY_BELOW.iter().any(|mark| line.to_lowercase().contains(mark)) {
            break;
        }
        if !line.starts_with('>') {
            own.push_str(line);
            own.push(' ');
        }
    }
    let text = format!("{subject} {own}").to_lowercase();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('’', "'");
    let says = |list: &[&str]| list.iter().any(|words| text.contains(words));
    let fate = if says(DELAYED) {
        Fate::Delayed
    } else if says(FAILED) || has_status(&text, b'5') {
        Fate::Failed
    } else if has_status(&text, b'4') {
        Fate::Delayed
    } else {
        return None;
    };
    Some(Said { envelope_id: None, fate, words: Printable(own.trim()).cut(SAID_CHARS) })
}

/// Whether an enhanced status code (RFC 3463) of this class stands in the text.
fn has_status(text: &str, class: u8) -> bool {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').any(|word| {
        let word = word.trim_matches('.');
        let numbers = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let mut parts = word.split('.');
        let first = parts.next().is_some_and(|part| part.as_bytes() == [class]);
        first && parts.clone().count() == 2 && parts.all(numbers)
    })
}

/// What stands above the copy of the returned message.
const COPY_BELOW: &[&str] = &[
    "below this line is a copy of the message",
    "this is a copy of the message",
    "--- original message",
    "ursprüngliche nachricht",
    "received: from",
];

/// Words of mail systems that go on trying: Postfix, Exim, sendmail, Gmail, Exchange.
const DELAYED: &[&str] = &[
    "you do not need to resend",
    "no action is required on your part",
    "delivery has been delayed",
    "has been delayed",
    "(delay)",
    "delivery delayed",
    "still undelivered after",
    "could not send message for past",
    "will be retried",
    "zustellung verzögert",
];

/// Words of mail systems that have given up: qmail, Postfix, Exim, sendmail, Gmail, Exchange in three languages.
const FAILED: &[&str] = &[
    "this is the qmail-send program",
    "wasn't able to deliver your message",
    "could not be delivered to one or more",
    "i'm sorry to have to inform you that your message could not be delivered",
    "a message that you sent could not be delivered",
    "undelivered mail returned to sender",
    "had permanent fatal errors",
    "returned mail:",
    "delivery status notification (failure)",
    "mail delivery failed",
    "delivery has failed to these recipients",
    "did not reach the following recipient",
    "did not reach some or all of the intended recipients",
    "your message wasn't delivered to",
    "undeliverable:",
    "undeliverable mail",
    "address not found",
    "unzustellbar:",
    "fehler bei der nachrichtenzustellung",
    "konnte nicht zugestellt werden",
    "non remis",
    "échec de la remise",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_part_says_what_became_of_it() {
        let text = "Reporting-MTA: dns; mx.example.org\r\nOriginal-Envelope-Id: b1-1-abc\r\n\r\n\
            Final-Recipient: rfc822; ana@example.org\r\nAction: Failed (bad)\r\nStatus: 5.1.1\r\n\
            Diagnostic-Code: smtp; 550 5.1.1\r\n  no such user\u{1b}[2J\r\n";
        let said = parse_status(text).unwrap();
        assert_eq!((said.fate, said.envelope_id.as_deref()), (Fate::Failed, Some("b1-1-abc")));
        assert_eq!(said.words, "5.1.1; smtp; 550 5.1.1 no such user\\x1b[2J");
        let two = "X: y\n\nAction: failed\nStatus: 5.0.0\n\nAction: delivered\nStatus: 2.0.0\n";
        assert_eq!(parse_status(two).unwrap().fate, Fate::Delivered);
        for (action, fate) in
            [("relayed", Fate::Relayed), ("expanded", Fate::Relayed), ("delayed", Fate::Delayed)]
        {
            assert_eq!(parse_status(&format!("A: b\n\nAction: {action}\n")).unwrap().fate, fate);
        }
        for nothing in ["", "Action", "Action:\n", "Action: dropped\n", "\n\n\n", " folded\n"] {
            assert_eq!(parse_status(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn bounces_in_words_of_many_systems() {
        for (subject, body, fate) in [
            (
                "failure notice",
                "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message \
                 to the following addresses.\n\n<ana@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n\
                 --- Below this line is a copy of the message.\n4.4.1 has been delayed",
                Fate::Failed,
            ),
            (
                "Undeliverable: [gatewatch] HIGH #7",
                "Your message did not reach\nsome or all of the intended recipients.",
                Fate::Failed,
            ),
            ("Unzustellbar: [gatewatch]", "Ihre Nachricht konnte nicht zugestellt werden", Fate::Failed),
            (
                "Undelivered Mail Returned to Sender",
                "This is the mail system at host mx.example.",
                Fate::Failed,
            ),
            (
                "Delayed Mail (still being retried)",
                "# YOU DO NOT NEED TO RESEND YOUR MESSAGE. #",
                Fate::Delayed,
            ),
            ("Delivery Status Notification (Delay)", "", Fate::Delayed),
            ("Mail status", "host said: 550 5.7.1 rejected", Fate::Failed),
            ("Mail status", "host said: 450 4.2.0 greylisted", Fate::Delayed),
        ] {
            assert_eq!(in_words(subject, body).map(|said| said.fate), Some(fate), "{subject}");
        }
        for (subject, body) in [
            ("Out of office", "I am away until Monday.\n> host said: 550 5.7.1 rejected"),
            ("Automatic reply", "Room 5.7, call 10.5.1.2 or 5.1.1.1"),
            ("Out of office", "Away.\n--- Below this line is a copy of the message.\n5.1.1"),
            ("", ""),
        ] {
            assert_eq!(in_words(subject, body), None, "{body}");
        }
    }
}
