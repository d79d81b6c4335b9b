//! The post office: letters in, receipts out, at most `SMTP_SESSIONS_MAX` sessions side by side on
//! threads of its own. Every letter that goes in comes out as exactly one receipt, also when its
//! session panics or is cut at the end of the program.

use super::hook::{Hook, PREFIX, Webhook};
use super::line::{self, Line};
use super::maildir::Maildir;
use super::session::{self, Parcel, Trip};
use super::verdict::{Outcome, Trouble, judge};
use super::{CourierError, Deadlines, Now, Params, letter};
use crate::limits::SMTP_SESSIONS_MAX;
use crate::ports::Courier;
use crate::schema::{AttemptResult, Letter, MailPhase, Receipt};
use lettre::Address;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Sessions that are slow (see [`Office::pace`]) and have given their place to others.
const SLOW_SESSIONS_MAX: usize = 24;
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
    /// Letters inside, waiting and slow ones included.
    inside: usize,
    /// Those of them that no longer hold a place.
    slow: usize,
    receipts: Vec<Receipt>,
}

struct Office {
    way: Way,
    hooks: BTreeMap<String, Arc<Hook>>,
    from: Address,
    now: Now,
    wake: Box<dyn Fn() + Send + Sync>,
    sessions: Semaphore,
    /// Sessions that take longer than this are slow: they go on, but no longer keep others from starting,
    /// so that even eight relays or recipients that hang delay the next letter by 5 s and not by minutes.
    pace: Duration,
    slow: Semaphore,
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
        Post::start_with(params, Vec::new(), now, wake)
    }

    /// The same with webhooks beside the mail.
    ///
    /// # Errors
    /// As [`Post::start`].
    pub fn start_with(
        params: Params,
        hooks: Vec<Webhook>,
        now: Now,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Post, CourierError> {
        let (way, from, deadlines) = match params {
            Params::Maildir { directory, from } => {
                (Way::Maildir(Arc::new(Maildir::open(&directory)?)), from, Deadlines::default())
            }
            Params::Relays { relays, from, helo, deadlines } => {
                (Way::Relays(line::lines(relays, &helo, deadlines, &now)?), from, deadlines)
            }
        };
        let patience = Duration::from_micros(deadlines.until_body.0.max(0).unsigned_abs());
        let ready = |hook: Webhook| Ok((hook.id.clone(), Hook::new(hook, patience)?));
        let hooks = hooks.into_iter().map(ready).collect::<Result<BTreeMap<_, _>, CourierError>>()?;
        let office = Office {
            way,
            hooks,
            pace: Duration::from_micros(deadlines.command.0.max(0).unsigned_abs() / 3),
            from: letter::address(&from).map_err(|_| CourierError::From(from))?,
            now,
            wake: Box::new(wake),
            sessions: Semaphore::new(SMTP_SESSIONS_MAX),
            slow: Semaphore::new(SLOW_SESSIONS_MAX),
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
        let counter = self.office.counter();
        SMTP_SESSIONS_MAX.saturating_sub(counter.inside.saturating_sub(counter.slow))
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
        if letter.to.starts_with(PREFIX) {
            return Arc::clone(&letter.to);
        }
        match &self.way {
            Way::Maildir(_) => "maildir".into(),
            Way::Relays(lines) => {
                line_of(lines, letter).map_or_else(|| "".into(), |line| Arc::clone(&line.name))
            }
        }
    }

    /// Waits for a session; a slow one gives its place to others while there is room for slow ones.
    async fn paced(
        &self,
        work: &mut JoinHandle<Outcome>,
        place: SemaphorePermit<'_>,
    ) -> Result<Outcome, tokio::task::JoinError> {
        if let Ok(done) = timeout(self.pace, &mut *work).await {
            return done;
        }
        let Ok(_slow) = self.slow.try_acquire() else { return work.await };
        let _counted = Slow::new(self);
        drop(place);
        (self.wake)();
        work.await
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

/// Counts a session as slow while it lives, however it ends.
struct Slow<'a>(&'a Office);

impl<'a> Slow<'a> {
    fn new(office: &'a Office) -> Slow<'a> {
        office.counter().slow += 1;
        Slow(office)
    }
}

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        let mut counter = self.0.counter();
        counter.slow = counter.slow.saturating_sub(1);
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
    let outcome = match place {
        None => trip.cut("not tried: the program stops"),
        Some(place) => {
            // A task of its own, so that a panic inside a driver is a failed try and not a lost letter.
            let mut work = tokio::spawn(deliver(Arc::clone(&office), letter, trip.clone()));
            tokio::select! {
                done = office.paced(&mut work, place) => done.unwrap_or_else(|_| {
                    tracing::error!(notification, "the mail session panicked");
                    trip.cut("the mail session failed inside gatewatch")
                }),
                () = reached(&mut closing, Closing::Cut) => {
                    work.abort();
                    trip.cut("cut: the program stops")
                }
            }
        }
    };
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
    if let Some(id) = letter.to.strip_prefix(PREFIX) {
        return by_hook(office.hooks.get(id).cloned(), letter, trip).await;
    }
    let prepared = letter::mime(&letter, office.from.as_ref()).and_then(|mime| {
        let to = letter::address(&letter.to)?;
        Ok(Parcel { from: envelope_sender(&letter, &office.from)?, to, mime, envid: envid(&letter) })
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

async fn by_hook(hook: Option<Arc<Hook>>, letter: Letter, trip: Trip) -> Outcome {
    let Some(hook) = hook else {
        let outcome = judge(MailPhase::Connect, Trouble::silent("there is no webhook of this id any more"));
        return Outcome { result: AttemptResult::Refused, phase: MailPhase::Rcpt, ..outcome };
    };
    let inner = trip.clone();
    let sent = tokio::task::spawn_blocking(move || hook.send(&letter, &inner)).await;
    sent.unwrap_or_else(|_| trip.cut("the webhook's try failed inside gatewatch"))
}

/// MAIL FROM: where reports about this very try go, or the sender's own address.
fn envelope_sender(letter: &Letter, from: &Address) -> Result<Address, letter::MimeError> {
    letter.envelope.as_ref().map_or_else(|| Ok(from.clone()), |envelope| letter::address(&envelope.sender))
}

/// By what a report about this try is known again: its tag; without one, the message's id.
fn envid(letter: &Letter) -> String {
    let id = || letter.message_id.trim_matches(['<', '>']).to_owned();
    letter.envelope.as_ref().map_or_else(id, |envelope| envelope.id.to_string())
}

fn line_of<'a>(lines: &'a [Arc<Line>], letter: &Letter) -> Option<&'a Arc<Line>> {
    lines.get((letter.relay as usize).checked_rem(lines.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::{Relay, Secret, Tls};
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

    fn letter(to: &str, notification: u64) -> Letter {
        Letter {
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
            envelope: None,
            answers: false,
        }
    }

    #[test]
    fn a_letter_that_is_none_is_refused_and_the_office_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let params = Params::Maildir { directory: home.path().to_owned(), from: "g@example.org".into() };
        let mut post = Post::start(params, now(), || {}).unwrap();
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

    #[test]
    fn a_panic_is_a_failed_try_and_not_a_lost_letter() {
        let home = tempfile::tempdir().unwrap();
        let params = Params::Maildir { directory: home.path().to_owned(), from: "g@example.org".into() };
        let calls = AtomicU64::new(0);
        let fails_once: Now = Arc::new(move || {
            assert!(calls.fetch_add(1, Ordering::Relaxed) > 0, "the first look at the clock fails");
            Reading::default()
        });
        let mut post = Post::start(params, fails_once, || {}).unwrap();
        post.send(letter("ana@example.org", 1));
        post.settle(Duration::from_secs(20));
        let receipt = post.receipts().remove(0);
        assert_eq!(
            (receipt.result, &*receipt.reply),
            (AttemptResult::Deferred, "the mail session failed inside gatewatch")
        );
        let start = post.beat();
        assert!((0..1_000_000).any(|_| post.beat() > start), "the threads answer");
    }
}
