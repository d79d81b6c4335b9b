//! The post office: letters in, receipts out, at most `SMTP_SESSIONS_MAX` sessions side by side on
//! threads of its own. Every letter that goes in comes out as exactly one receipt, also when its
//! session panics or is cut at the end of the program.

use super::gate::Gate;
use super::maildir::Maildir;
use super::session::{self, Line, Parcel, Trip};
use super::verdict::{Outcome, Trouble, judge};
use super::{CourierError, Deadlines, Now, Params, Relay, Tls, letter};
use crate::limits::SMTP_SESSIONS_MAX;
use crate::ports::Courier;
use crate::schema::{AttemptResult, Letter, MailPhase, Receipt};
use lettre::Address;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

/// Threads for the sessions: they wait nearly always.
const THREADS: usize = 2;
/// Threads for name lookups and Maildir writes; a resolver that hangs holds no more than these.
const BLOCKING_THREADS_MAX: usize = 2 * SMTP_SESSIONS_MAX;

/// How far the end of the program has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Closing {
    Open,
    /// No new session; those under way go on.
    Draining,
    /// Sessions are cut.
    Cut,
}

enum Way {
    Maildir(Arc<Maildir>),
    Relays(Vec<Arc<Line>>),
}

#[derive(Default)]
struct Counter {
    /// Letters inside, waiting ones included.
    inside: usize,
    receipts: Vec<Receipt>,
}

struct Office {
    way: Way,
    from: Address,
    now: Now,
    wake: Box<dyn Fn() + Send + Sync>,
    sessions: Semaphore,
    counter: Mutex<Counter>,
    settled: Condvar,
    beats: AtomicU64,
}

/// The courier.
pub struct Post {
    /// `None` only while it is torn down.
    runtime: Option<Runtime>,
    office: Arc<Office>,
    closing: watch::Sender<Closing>,
}

impl Post {
    /// Opens the office. `wake` is called after each receipt, from a thread of the office.
    ///
    /// # Errors
    /// [`CourierError`]: parameters that cannot work, or a Maildir that cannot be written.
    pub fn start(
        params: Params,
        now: Now,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Post, CourierError> {
        let (way, from) = match params {
            Params::Maildir { directory, from } => (Way::Maildir(Arc::new(Maildir::open(&directory)?)), from),
            Params::Relays { relays, from, helo, deadlines } => {
                (lines(relays, &helo, deadlines, &now)?, from)
            }
        };
        let office = Office {
            way,
            from: letter::address(&from).map_err(|_| CourierError::From(from))?,
            now,
            wake: Box::new(wake),
            sessions: Semaphore::new(SMTP_SESSIONS_MAX),
            counter: Mutex::default(),
            settled: Condvar::new(),
            beats: AtomicU64::new(0),
        };
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder
            .worker_threads(THREADS)
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("courier")
            .enable_all();
        let runtime = builder.build().map_err(CourierError::Threads)?;
        Ok(Post {
            runtime: Some(runtime),
            office: Arc::new(office),
            closing: watch::Sender::new(Closing::Open),
        })
    }

    /// Whether no letter is inside: every receipt can be had.
    pub fn idle(&self) -> bool {
        self.office.counter().inside == 0
    }

    /// How often the office's threads have answered, and asks them once more: a number that stands still
    /// between two watchdog rounds means that they are stuck.
    pub fn beat(&self) -> u64 {
        if let Some(runtime) = &self.runtime {
            let office = Arc::clone(&self.office);
            runtime.spawn(async move { office.beats.fetch_add(1, Ordering::Relaxed) });
        }
        self.office.beats.load(Ordering::Relaxed)
    }

    /// Ends: waiting letters are not started, sessions under way get `grace`, then they are cut by their
    /// phase. Gives the receipts that were not collected yet. Blocks for at most about `grace`.
    pub fn stop(self, grace: Duration) -> Vec<Receipt> {
        self.closing.send_replace(Closing::Draining);
        self.settle(grace);
        self.closing.send_replace(Closing::Cut);
        // Each session now files its receipt by itself; this wait is only for the threads to get there.
        self.settle(Duration::from_secs(2));
        std::mem::take(&mut self.office.counter().receipts)
    }

    fn settle(&self, limit: Duration) {
        let waited = self.office.settled.wait_timeout_while(self.office.counter(), limit, |c| c.inside > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Does not wait: a hanging name lookup must not hold up the end of the program.
            runtime.shutdown_background();
        }
    }
}

impl Courier for Post {
    fn free(&self) -> usize {
        SMTP_SESSIONS_MAX.saturating_sub(self.office.counter().inside)
    }

    fn send(&mut self, letter: Letter) {
        self.office.counter().inside += 1;
        let Some(runtime) = &self.runtime else { return };
        runtime.spawn(carry(Arc::clone(&self.office), letter, self.closing.subscribe()));
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        std::mem::take(&mut self.office.counter().receipts)
    }
}

impl Office {
    fn counter(&self) -> MutexGuard<'_, Counter> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn relay_name(&self, letter: &Letter) -> Arc<str> {
        match &self.way {
            Way::Maildir(_) => "maildir".into(),
            Way::Relays(lines) => {
                line_of(lines, letter).map_or_else(|| "".into(), |line| Arc::clone(&line.name))
            }
        }
    }

    fn file(&self, receipt: Receipt) {
        let mut counter = self.counter();
        counter.receipts.push(receipt);
        counter.inside = counter.inside.saturating_sub(1);
        drop(counter);
        self.settled.notify_all();
        (self.wake)();
    }
}

/// One letter from its entry to its receipt.
async fn carry(office: Arc<Office>, letter: Letter, mut closing: watch::Receiver<Closing>) {
    let trip = Trip::new();
    let (notification, attempt, relay) = (letter.notification, letter.attempt, office.relay_name(&letter));
    let mut draining = closing.clone();
    let place = tokio::select! {
        place = office.sessions.acquire() => place.ok(),
        () = reached(&mut draining, Closing::Draining) => None,
    };
    let outcome = if place.is_none() {
        trip.cut("not tried: the program stops")
    } else {
        // A task of its own, so that a panic inside a driver is a failed try and not a lost letter.
        let mut work = tokio::spawn(deliver(Arc::clone(&office), letter, trip.clone()));
        tokio::select! {
            done = &mut work => done.unwrap_or_else(|_| {
                tracing::error!(notification, "the mail session panicked");
                trip.cut("the mail session failed inside gatewatch")
            }),
            () = reached(&mut closing, Closing::Cut) => {
                work.abort();
                trip.cut("cut: the program stops")
            }
        }
    };
    drop(place);
    tracing::debug!(notification, attempt, %relay, result = outcome.result.name(), phase = outcome.phase.name(), "mail");
    let Outcome { phase, code, reply, result } = outcome;
    let at = (office.now)().utc;
    office.file(Receipt { notification, attempt, at, relay, phase, code, reply, result });
}

async fn reached(closing: &mut watch::Receiver<Closing>, stage: Closing) {
    if closing.wait_for(|now| *now >= stage).await.is_err() {
        // The office is gone without a word: nothing will ever be reached.
        std::future::pending::<()>().await;
    }
}

async fn deliver(office: Arc<Office>, letter: Letter, trip: Trip) -> Outcome {
    let prepared = letter::mime(&letter, office.from.as_ref()).and_then(|mime| {
        let to = letter::address(&letter.to)?;
        Ok(Parcel { from: office.from.clone(), to, mime })
    });
    let parcel = match prepared {
        Ok(parcel) => parcel,
        // It would fail in the same way for ever.
        Err(error) => {
            let outcome = judge(MailPhase::Connect, Trouble::silent(error.to_string()));
            return Outcome { result: AttemptResult::Refused, ..outcome };
        }
    };
    match &office.way {
        Way::Maildir(maildir) => {
            let (maildir, now, inner) = (Arc::clone(maildir), (office.now)().utc, trip.clone());
            let written =
                tokio::task::spawn_blocking(move || maildir.deliver(&parcel.mime, now, &inner)).await;
            written.unwrap_or_else(|_| trip.cut("the Maildir write failed inside gatewatch"))
        }
        Way::Relays(lines) => match line_of(lines, &letter) {
            Some(line) => session::send(line, &parcel, &trip).await,
            None => trip.cut("no mail relay is given"),
        },
    }
}

fn line_of<'a>(lines: &'a [Arc<Line>], letter: &Letter) -> Option<&'a Arc<Line>> {
    lines.get((letter.relay as usize).checked_rem(lines.len())?)
}

/// Checks the relays and makes them ready.
fn lines(relays: Vec<Relay>, helo: &str, deadlines: Deadlines, now: &Now) -> Result<Way, CourierError> {
    if relays.is_empty() {
        return Err(CourierError::NoRelay);
    }
    let hello = hello(helo)?;
    let lines = relays.into_iter().map(|relay| {
        let name: Arc<str> = format!("{}:{}", relay.host, relay.port).into();
        let tls = match relay.tls {
            Tls::None if !may_be_loopback(&relay.host) => {
                return Err(CourierError::PlainToNetwork(name.to_string()));
            }
            Tls::None => None,
            Tls::Starttls | Tls::Implicit => Some(trust(&relay, &name)?),
        };
        let gate = Gate::new(Arc::clone(now));
        Ok(Arc::new(Line { name, relay, tls, hello: hello.clone(), deadlines, gate }))
    });
    Ok(Way::Relays(lines.collect::<Result<_, _>>()?))
}

/// Whether a host is, by its spelling, this machine. What a name resolves to is checked at each connection.
fn may_be_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The system's roots and the relay's own certificates; the name is always checked.
fn trust(relay: &Relay, name: &str) -> Result<TlsParameters, CourierError> {
    let failed = |why: String| CourierError::CaFile { relay: name.to_owned(), why };
    let host = relay.host.trim_start_matches('[').trim_end_matches(']');
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = &relay.ca_file {
        // A file without any certificate reads as an empty list: say so, the handshake would not.
        if !pem.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") {
            return Err(failed("it holds no PEM certificate".into()));
        }
        builder =
            builder.add_root_certificate(Certificate::from_pem(pem).map_err(|e| failed(e.to_string()))?);
    }
    builder.build().map_err(|e| failed(e.to_string()))
}

/// The EHLO name: a domain, or an address as a literal.
fn hello(helo: &str) -> Result<ClientId, CourierError> {
    match helo.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => return Ok(ClientId::Ipv4(ip)),
        Ok(IpAddr::V6(ip)) => return Ok(ClientId::Ipv6(ip)),
        Err(_) => {}
    }
    let plain = helo.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    // RFC 5321 section 4.5.3.1.2: a domain has at most 255 octets.
    if helo.is_empty() || helo.len() > 255 || !plain {
        return Err(CourierError::Helo(helo.to_owned()));
    }
    Ok(ClientId::Domain(helo.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Secret;
    use crate::schema::{Reading, Timestamp};

    fn now() -> Now {
        Arc::new(|| Reading { utc: Timestamp(1_700_000_000_000_000), ..Reading::default() })
    }

    fn relays(host: &str, tls: Tls, ca_file: Option<Vec<u8>>) -> Params {
        let relay = Relay { host: host.into(), port: 25, tls, login: None, ca_file };
        Params::Relays {
            relays: vec![relay],
            from: "g@example.org".into(),
            helo: "g.example.org".into(),
            deadlines: Deadlines::default(),
        }
    }

    fn error(params: Params) -> String {
        Post::start(params, now(), || {}).err().map_or_else(|| "started".into(), |e| e.to_string())
    }

    #[test]
    fn parameters_that_cannot_work_are_refused() {
        assert!(error(relays("mail.example.org", Tls::None, None)).contains("only to a loopback address"));
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            assert_eq!(error(relays(host, Tls::None, None)), "started");
        }
        assert!(
            error(relays("mail.example.org", Tls::Starttls, Some(b"nothing".to_vec())))
                .contains("no PEM certificate")
        );
        assert_eq!(error(relays("mail.example.org", Tls::Implicit, None)), "started");
        let none = Params::Relays {
            relays: vec![],
            from: "a@b.c".into(),
            helo: "h".into(),
            deadlines: Deadlines::default(),
        };
        assert_eq!(error(none), "no mail relay is given");
        for helo in ["", "a b", "a\r\nMAIL FROM:<x>"] {
            assert!(hello(helo).is_err(), "{helo:?}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let relay = Relay {
            host: "localhost".into(),
            port: 25,
            tls: Tls::None,
            login: Some(("ana".into(), Secret::new("hunter2"))),
            ca_file: None,
        };
        assert!(!format!("{relay:?}").contains("hunter2"));
    }

    #[test]
    fn a_letter_that_is_none_is_refused_and_the_office_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let params = Params::Maildir { directory: home.path().to_owned(), from: "g@example.org".into() };
        let mut post = Post::start(params, now(), || {}).unwrap();
        let letter = |to: &str, notification| Letter {
            notification,
            attempt: 1,
            may_repeat: false,
            to: to.into(),
            message_id: "<1@g.example.org>".into(),
            date: Timestamp(0),
            subject: "s".into(),
            headers: vec![],
            text: "t".into(),
            html: None,
            relay: 3,
        };
        post.send(letter("nobody", 1));
        post.send(letter("ana@example.org", 2));
        post.settle(Duration::from_secs(20));
        assert!(post.idle() && post.free() == SMTP_SESSIONS_MAX);
        let mut receipts = post.receipts();
        receipts.sort_by_key(|r| r.notification);
        assert_eq!(receipts[0].result, AttemptResult::Refused);
        assert_eq!(&*receipts[0].reply, "\"nobody\" is not a mail address");
        assert_eq!(receipts[1].result, AttemptResult::Accepted);
        assert_eq!(&*receipts[1].relay, "maildir");
        assert!(post.stop(Duration::ZERO).is_empty());
    }
}
