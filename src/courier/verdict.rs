//! What a relay's answer means. Pure: a phase and a reply code in, a result out.
//!
//! | where | 4xx | 5xx | no answer |
//! |---|---|---|---|
//! | before RCPT (greeting, TLS, login, MAIL) | deferred | deferred: the relay refuses us, not the address | deferred |
//! | RCPT | deferred | refused: this address; 530, 535, 538 are about our login: deferred | deferred |
//! | DATA | deferred | refused: this content | deferred |
//! | after the body began | deferred | refused (552 and 554 name the content) | **uncertain** |

use crate::limits::REPLY_BYTES_MAX;
use crate::schema::{AttemptResult, MailPhase, Printable};

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// How far it came.
    pub phase: MailPhase,
    /// The reply code, where one came.
    pub code: Option<u16>,
    /// Reply or reason; bounded, printable.
    pub reply: Box<str>,
    /// What it came to.
    pub result: AttemptResult,
}

/// What went wrong in a step: a reply code with its text, or only words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trouble {
    /// The reply code, where one came.
    pub code: Option<u16>,
    /// The relay's words, or ours.
    pub text: String,
}

impl Trouble {
    /// Trouble without an answer.
    pub fn silent(text: impl Into<String>) -> Trouble {
        Trouble { code: None, text: text.into() }
    }
}

/// Codes by which a relay asks for a (better) login, whatever command they answer.
fn is_about_login(code: u16) -> bool {
    matches!(code, 530 | 534 | 535 | 538)
}

/// Judges trouble by the phase that was reached.
pub(super) fn judge(phase: MailPhase, trouble: Trouble) -> Outcome {
    use AttemptResult::{Deferred, Refused, Uncertain};
    let began = matches!(phase, MailPhase::Body | MailPhase::Done);
    let result = match trouble.code {
        None => {
            if began {
                Uncertain
            } else {
                Deferred
            }
        }
        Some(400..=499) => Deferred,
        Some(code @ 500..=599) if !is_about_login(code) => match phase {
            MailPhase::Rcpt | MailPhase::Data | MailPhase::Body | MailPhase::Done => Refused,
            _ => Deferred,
        },
        Some(500..=599) => Deferred,
        // An answer that is none of the four kinds, such as 250 to DATA or 354 to the final dot.
        Some(_) => {
            if began {
                Uncertain
            } else {
                Deferred
            }
        }
    };
    // An answer to the final dot ends the session; without one it ended inside the body.
    let phase = if began && trouble.code.is_some() { MailPhase::Done } else { phase };
    Outcome { phase, code: trouble.code, reply: bounded(trouble.code, &trouble.text), result }
}

/// The relay took the letter.
pub(super) fn accepted(code: u16, text: &str) -> Outcome {
    let result = AttemptResult::Accepted;
    Outcome { phase: MailPhase::Done, code: Some(code), reply: bounded(Some(code), text), result }
}

/// An outcome that somebody else has judged.
pub(super) fn outcome(phase: MailPhase, code: Option<u16>, text: &str, result: AttemptResult) -> Outcome {
    Outcome { phase, code, reply: bounded(code, text), result }
}

/// Code and text on one printable line of at most `REPLY_BYTES_MAX` bytes.
fn bounded(code: Option<u16>, text: &str) -> Box<str> {
    let text = text.trim();
    let mut line = match code {
        Some(code) => format!("{code} {}", Printable(text)),
        None => Printable(text).to_string(),
    };
    if line.len() > REPLY_BYTES_MAX {
        let mark = '…';
        let mut end = REPLY_BYTES_MAX - mark.len_utf8();
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push(mark);
    }
    line.trim_end().into()
}

/// A reply that repeats our login (in clear or in base64) is not kept: receipts are mailed and stored.
pub(super) fn without_login(trouble: Trouble, login: Option<(&str, &str)>) -> Trouble {
    let Some((user, password)) = login.filter(|(_, password)| !password.is_empty()) else { return trouble };
    let plain = format!("\0{user}\0{password}");
    let secrets = [password.to_owned(), base64(password.as_bytes()), base64(plain.as_bytes())];
    let repeats = secrets.iter().any(|secret| trouble.text.contains(secret.trim_end_matches('=')));
    if repeats {
        Trouble { text: "(reply withheld: it repeats the login)".into(), ..trouble }
    } else {
        trouble
    }
}

/// Base64 of RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let symbol = ALPHABET[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { symbol as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttemptResult::{Deferred, Refused, Uncertain};
    use MailPhase as P;

    fn result(phase: MailPhase, code: Option<u16>) -> AttemptResult {
        judge(phase, Trouble { code, text: "x".into() }).result
    }

    #[test]
    fn the_phase_decides_between_retry_refusal_and_doubt() {
        let before = [P::Connect, P::Tls, P::Hello, P::Auth, P::Mail];
        for phase in before {
            for code in [None, Some(421), Some(450), Some(535), Some(550), Some(554)] {
                assert_eq!(result(phase, code), Deferred, "{phase:?} {code:?}");
            }
        }
        assert_eq!(result(P::Rcpt, Some(550)), Refused);
        assert_eq!(result(P::Rcpt, Some(530)), Deferred);
        assert_eq!(result(P::Rcpt, Some(451)), Deferred);
        assert_eq!(result(P::Rcpt, None), Deferred);
        assert_eq!(result(P::Data, Some(554)), Refused);
        assert_eq!(result(P::Data, None), Deferred);
        assert_eq!(result(P::Data, Some(250)), Deferred);
        assert_eq!(result(P::Body, Some(552)), Refused);
        assert_eq!(result(P::Body, Some(452)), Deferred);
        assert_eq!(result(P::Body, None), Uncertain);
        assert_eq!(result(P::Body, Some(354)), Uncertain);
        assert_eq!(judge(P::Body, Trouble { code: Some(554), text: String::new() }).phase, P::Done);
    }

    #[test]
    fn a_reply_is_one_bounded_printable_line() {
        let evil = format!("5.7.1 a\r\nb\x1b[2J{}", "ü".repeat(1000));
        let reply = judge(P::Rcpt, Trouble { code: Some(550), text: evil }).reply;
        assert!(
            reply.len() <= REPLY_BYTES_MAX
                && reply.starts_with("550 5.7.1 a\\r\\nb\\x1b[2J")
                && reply.ends_with('…')
        );
    }

    #[test]
    fn a_reply_that_repeats_the_login_is_withheld() {
        assert_eq!(base64(b"\0ana\0s3cret!"), "AGFuYQBzM2NyZXQh");
        assert_eq!(base64(b"a"), "YQ==");
        let login = Some(("ana", "s3cret!"));
        for echo in ["bad s3cret!", "AUTH PLAIN AGFuYQBzM2NyZXQh", "czNjcmV0IQ=="] {
            let kept = without_login(Trouble { code: Some(535), text: echo.into() }, login);
            assert!(kept.text.starts_with("(reply withheld"), "{echo}");
        }
        let plain = Trouble { code: Some(535), text: "5.7.8 authentication failed".into() };
        assert_eq!(without_login(plain.clone(), login), plain);
    }
}
