//! Webhooks: the same letters, rows and receipts, by HTTP. One POST is one try; the request carries the message's id as
//! its idempotency key, so that a try whose answer was lost can be made again.

mod body;

use super::session::Trip;
use super::verdict::{Outcome, outcome};
use super::{CourierError, Secret};
use crate::schema::{AttemptResult, Letter, MailPhase};
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// What a letter's address begins with when a webhook carries it.
pub const PREFIX: &str = "webhook:";
/// One try, from the lookup of the name to the end of the answer.
const WHOLE: Duration = Duration::from_secs(30);
/// Lookup, connection and TLS of it.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of an answer's head, and those of its body that are read.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const ANSWER_BYTES_MAX: u64 = 2 * 1024;

/// Whose form a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// A JSON object of ours, signed.
    Generic,
    /// PagerDuty, Events API v2.
    PagerDuty,
    /// An incoming webhook of Slack (or of what speaks like it).
    Slack,
}

/// One webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its id; letters to `webhook:ID` go there.
    pub id: String,
    /// Whose form.
    pub kind: HookKind,
    /// Where to; part of the secret for Slack.
    pub url: Secret,
    /// Generic: the key of the signature. PagerDuty: the routing key. Slack: none.
    pub secret: Option<Secret>,
    /// Certificates in PEM that are trusted instead of the public ones.
    pub ca_file: Option<Vec<u8>>,
}

/// Whether a URL may be used: TLS, or in clear to this machine only; no name and password in it.
pub fn is_safe_url(url: &str) -> bool {
    let plain = url.bytes().all(|b| b.is_ascii_graphic());
    let host = |rest: &str| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("").to_owned();
        Some(authority).filter(|authority| !authority.is_empty() && !authority.contains('@'))
    };
    if let Some(rest) = url.strip_prefix("https://") {
        return plain && host(rest).is_some();
    }
    let authority = url.strip_prefix("http://").and_then(host);
    let here = |authority: &String| {
        let name = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => authority.split(':').next(),
        };
        matches!(name, Some("127.0.0.1" | "::1" | "localhost"))
    };
    plain && authority.is_some_and(|authority| here(&authority))
}

/// Whether an error of the socket may come after the request went out; lookups and refused connections do not.
fn may_come_late(kind: ErrorKind) -> bool {
    use ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock, WriteZero,
    };
    matches!(
        kind,
        BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof | WouldBlock | WriteZero
    )
}

/// A webhook made ready at the start.
pub(super) struct Hook {
    hook: Webhook,
    agent: Agent,
}

impl Hook {
    /// Checks it and makes it ready; a try takes at most `patience`, and never more than half a minute.
    ///
    /// # Errors
    /// [`CourierError::Webhook`]: what of it cannot work.
    pub fn new(hook: Webhook, patience: Duration) -> Result<Arc<Hook>, CourierError> {
        let failed = |why: &str| CourierError::Webhook { id: hook.id.clone(), why: why.to_owned() };
        if !is_safe_url(hook.url.reveal()) {
            return Err(failed("its URL is no https:// one (http:// goes to this machine only)"));
        }
        let mut tls = TlsConfig::builder();
        if let Some(pem) = &hook.ca_file {
            let certificates: Vec<_> = parse_pem(pem)
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect();
            if certificates.is_empty() {
                return Err(failed("ca_file holds no PEM certificate"));
            }
            tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates)));
        }
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_response_header_size(HEAD_BYTES_MAX)
            .max_idle_connections(0)
            .timeout_global(Some(WHOLE.min(patience)))
            .timeout_connect(Some(CONNECT))
            .user_agent("gatewatch")
            .build();
        Ok(Arc::new(Hook { agent: Agent::new_with_config(config), hook }))
    }

    /// One try. Blocks for at most half a minute.
    pub fn send(&self, letter: &Letter, trip: &Trip) -> Outcome {
        let request = body::request(&self.hook, letter);
        let mut post = self.agent.post(self.hook.url.reveal());
        for (name, value) in &request.headers {
            post = post.header(*name, value.as_str());
        }
        // Until an answer says otherwise, a cut leaves a doubt.
        trip.reach(MailPhase::Body);
        match post.send(request.body.as_bytes()) {
            Ok(answer) => {
                let code = answer.status().as_u16();
                let mut text = Vec::new();
                let mut reader = answer.into_body().into_reader().take(ANSWER_BYTES_MAX);
                // The code has decided; a body that breaks off changes nothing.
                let _ = reader.read_to_end(&mut text);
                self.judge(code, &String::from_utf8_lossy(&text))
            }
            Err(error) => self.failed(&error),
        }
    }

    /// What an answer means: for HTTP, 4xx is final (but for those that ask for patience) and 5xx is not.
    fn judge(&self, code: u16, text: &str) -> Outcome {
        use AttemptResult::{Accepted, Deferred, Refused};
        let (phase, result) = match code {
            200..=299 => (MailPhase::Done, Accepted),
            408 | 425 | 429 | 500..=599 => (MailPhase::Rcpt, Deferred),
            // The content, of which a plainer form may be taken.
            400 | 413 | 422 => (MailPhase::Done, Refused),
            // The address: it is gone, moved, or our secret is wrong.
            _ => (MailPhase::Rcpt, Refused),
        };
        outcome(phase, Some(code), &self.without_secrets(text), result)
    }

    fn failed(&self, error: &ureq::Error) -> Outcome {
        use ureq::{Error, Timeout};
        let before = match error {
            Error::HostNotFound | Error::ConnectionFailed => Some(MailPhase::Connect),
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => Some(MailPhase::Connect),
            Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) => Some(MailPhase::Tls),
            // What TLS refuses comes through the socket; a bad answer of HTTP is an error of its own.
            Error::Io(error) if error.kind() == ErrorKind::InvalidData => Some(MailPhase::Tls),
            Error::Io(error) if !may_come_late(error.kind()) => Some(MailPhase::Connect),
            Error::BadUri(_) | Error::Http(_) => Some(MailPhase::Connect),
            _ => None,
        };
        let words = self.without_secrets(&error.to_string());
        match before {
            Some(phase) => outcome(phase, None, &words, AttemptResult::Deferred),
            None => outcome(MailPhase::Body, None, &words, AttemptResult::Uncertain),
        }
    }

    /// What repeats a secret is not kept: receipts are stored and shown.
    fn without_secrets(&self, text: &str) -> String {
        let secrets = self.hook.secret.iter().chain([&self.hook.url]);
        let repeats =
            secrets.filter(|secret| !secret.reveal().is_empty()).any(|secret| text.contains(secret.reveal()));
        if repeats { "(answer withheld: it repeats a secret)".to_owned() } else { text.to_owned() }
    }
}
