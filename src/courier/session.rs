//! One SMTP session: one letter, one recipient, step by step over lettre's connection, so that the
//! phase is known at any cut.
//!
//! Timers here run in awake time only (tokio's clock stands still in suspend): after a resume the
//! connection is dead anyway, and the deadlines of the SLA are rows, not timers.

use super::gate::Login;
use super::line::Line;
use super::report;
use super::verdict::{Outcome, Trouble, accepted, judge, without_login};
use super::wire::Wire;
use super::{Relay, Secret, Tls};
use crate::schema::{MailPhase, Span};
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
#[expect(
    deprecated,
    reason = "the only way to put lettre's TLS over a stream of ours; lettre 0.11 keeps it"
)]
use lettre::transport::smtp::client::AsyncNetworkStream;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt, Starttls};
use lettre::transport::smtp::response::Response;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Addresses of one relay name that are tried.
const ADDRESSES_MAX: usize = 4;
/// How long a farewell may take, after the letter is settled.
const FAREWELL: Duration = Duration::from_secs(2);

/// The phase that a session has reached; readable from outside when the session is cut.
#[derive(Clone, Debug)]
pub(super) struct Trip(Arc<Mutex<MailPhase>>);

impl Trip {
    pub fn new() -> Trip {
        Trip(Arc::new(Mutex::new(MailPhase::Connect)))
    }
    pub fn reach(&self, phase: MailPhase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }
    pub fn phase(&self) -> MailPhase {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The outcome of a session that was cut from outside.
    pub fn cut(&self, why: &str) -> Outcome {
        judge(self.phase(), Trouble::silent(why))
    }
}

/// What is sent, by whom, to whom.
pub(super) struct Parcel {
    pub from: Address,
    pub to: Address,
    pub mime: Vec<u8>,
    /// By what a report about it is known again (ENVID).
    pub envid: String,
}

/// Sends one parcel. Never fails: what went wrong is in the outcome.
pub(super) async fn send(line: &Line, parcel: &Parcel, trip: &Trip) -> Outcome {
    let session = Session { line, trip };
    let outcome = session.run(parcel).await;
    outcome.unwrap_or_else(|trouble| {
        let login = line.relay.login.as_ref().map(|(user, password)| (user.as_str(), password.reveal()));
        judge(trip.phase(), without_login(trouble, login))
    })
}

struct Session<'a> {
    line: &'a Line,
    trip: &'a Trip,
}

impl Session<'_> {
    async fn run(&self, parcel: &Parcel) -> Result<Outcome, Trouble> {
        let limit = self.line.deadlines.until_body;
        let approach = timeout(duration(limit), self.until_body(parcel));
        let mut connection = approach.await.map_err(|_| too_slow("reach the letter's body", limit))??;
        self.trip.reach(MailPhase::Body);
        let limit = self.line.deadlines.after_body;
        let answer = timeout(duration(limit), connection.message(&parcel.mime)).await;
        let answer = answer.map_err(|_| too_slow("answer the letter", limit))?.map_err(|e| told(&e))?;
        let (code, text) = words(&answer);
        if code / 100 != 2 {
            return Err(Trouble { code: Some(code), text });
        }
        // The letter is settled; the farewell must not hold up its receipt.
        tokio::spawn(async move { timeout(FAREWELL, connection.quit()).await });
        Ok(accepted(code, &text))
    }

    /// Everything up to the relay's wish for the body. Nothing of the letter has left us before RCPT.
    async fn until_body(&self, parcel: &Parcel) -> Result<AsyncSmtpConnection, Trouble> {
        let pass = match self.line.relay.login {
            None => None,
            Some(_) => {
                self.trip.reach(MailPhase::Auth);
                Some(self.line.gate.enter().await.map_err(held)?)
            }
        };
        let mut connection = self.secured().await?;
        if let (Some((user, password)), Some(pass)) = (&self.line.relay.login, pass) {
            let login = self.log_in(&mut connection.0, &connection.1, user, password).await;
            pass.ended(match &login {
                Ok(()) => Login::Accepted,
                Err(Trouble { code: Some(500..=599), .. }) => Login::Refused,
                Err(_) => Login::Unknown,
            });
            login?;
        }
        let (mut connection, reports) = (connection.0, offers(&connection.1, "DSN"));
        self.address(&mut connection, parcel, reports).await?;
        let go = self.step(MailPhase::Data, connection.command(Data)).await?;
        match words(&go) {
            (354, _) => Ok(connection),
            (code, text) => Err(Trouble { code: Some(code), text }),
        }
    }

    /// Names sender and recipient. The mail is ASCII, its addresses too: no extension of SMTP is needed, and the
    /// one that is used, reports, is given up where the relay offers it and then does not understand it.
    async fn address(
        &self,
        connection: &mut AsyncSmtpConnection,
        parcel: &Parcel,
        reports: bool,
    ) -> Result<(), Trouble> {
        let mail = |asked| Mail::new(Some(parcel.from.clone()), asked);
        let recipient = |asked| Rcpt::new(parcel.to.clone(), asked);
        if !reports {
            self.order(MailPhase::Mail, connection, mail(vec![])).await?;
            self.order(MailPhase::Rcpt, connection, recipient(vec![])).await?;
            return Ok(());
        }
        let refused = |trouble: &Trouble| trouble.code.is_some_and(report::is_refused);
        match self.order(MailPhase::Mail, connection, mail(report::of_mail(&parcel.envid))).await {
            Err(trouble) if refused(&trouble) => {
                self.order(MailPhase::Mail, connection, mail(vec![])).await?;
            }
            other => drop(other?),
        }
        match self.order(MailPhase::Rcpt, connection, recipient(report::of_recipient(&parcel.to))).await {
            Err(trouble) if refused(&trouble) => {
                self.order(MailPhase::Rcpt, connection, recipient(vec![])).await?;
            }
            other => drop(other?),
        }
        Ok(())
    }

    /// Connects, greets, and is behind TLS where the configuration wants it. Gives the EHLO answer.
    async fn secured(&self) -> Result<(AsyncSmtpConnection, Response), Trouble> {
        self.trip.reach(MailPhase::Connect);
        let limit = self.line.deadlines.command;
        let reached = timeout(duration(limit), reach(&self.line.relay, limit)).await;
        let wire = Wire::new(reached.map_err(|_| too_slow("accept a connection", limit))??);
        // Only the wire's prologue is read here; the relay has not been asked anything.
        let built =
            AsyncSmtpConnection::connect_with_transport(Box::new(wire.clone()), &self.line.hello).await;
        let mut connection = built.map_err(|e| told(&e))?;
        if self.line.relay.tls == Tls::Implicit {
            self.encrypt(&mut connection, &wire).await?;
        }
        self.step(MailPhase::Hello, connection.read_response()).await?;
        let mut offer = self.greet(&mut connection).await?;
        if self.line.relay.tls == Tls::Starttls {
            self.trip.reach(MailPhase::Tls);
            if !offers(&offer, "STARTTLS") {
                return Err(Trouble::silent("the relay does not offer STARTTLS; nothing is sent in clear"));
            }
            self.order(MailPhase::Tls, &mut connection, Starttls).await?;
            self.encrypt(&mut connection, &wire).await?;
            offer = self.greet(&mut connection).await?;
        }
        Ok((connection, offer))
    }

    async fn greet(&self, connection: &mut AsyncSmtpConnection) -> Result<Response, Trouble> {
        self.order(MailPhase::Hello, connection, Ehlo::new(self.line.hello.clone())).await
    }

    #[expect(deprecated, reason = "see the use line")]
    async fn encrypt(&self, connection: &mut AsyncSmtpConnection, wire: &Wire) -> Result<(), Trouble> {
        let Some(tls) = self.line.tls.clone() else {
            return Err(Trouble::silent("no TLS parameters; nothing is sent in clear"));
        };
        wire.encrypt();
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(wire.clone()));
        let shaken = self.step(MailPhase::Tls, stream.upgrade_tls(tls)).await;
        shaken.map_err(|t| Trouble { text: format!("no trustworthy TLS: {}", t.text), ..t })?;
        wire.encrypted();
        connection.set_stream(stream);
        Ok(())
    }

    async fn log_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        offer: &Response,
        user: &str,
        password: &Secret,
    ) -> Result<(), Trouble> {
        let ways = [Mechanism::Plain, Mechanism::Login].into_iter();
        let offered: Vec<Mechanism> = ways.filter(|way| offers_login(offer, *way)).collect();
        if offered.is_empty() {
            self.trip.reach(MailPhase::Auth);
            return Err(Trouble::silent("the relay offers neither AUTH PLAIN nor AUTH LOGIN"));
        }
        let credentials = Credentials::new(user.to_owned(), password.reveal().to_owned());
        let answer = self.step(MailPhase::Auth, connection.auth(&offered, &credentials)).await?;
        if !answer.has_code(235) {
            let (code, text) = words(&answer);
            return Err(Trouble { code: Some(code), text });
        }
        Ok(())
    }

    /// One command that must be answered with 2yz.
    async fn order<C: std::fmt::Display>(
        &self,
        phase: MailPhase,
        connection: &mut AsyncSmtpConnection,
        command: C,
    ) -> Result<Response, Trouble> {
        let answer = self.step(phase, connection.command(command)).await?;
        match words(&answer) {
            (200..=299, _) => Ok(answer),
            (code, text) => Err(Trouble { code: Some(code), text }),
        }
    }

    /// One step inside the deadline of a command.
    async fn step<T>(
        &self,
        phase: MailPhase,
        work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, Trouble> {
        self.trip.reach(phase);
        let limit = self.line.deadlines.command;
        timeout(duration(limit), work).await.map_err(|_| too_slow("answer", limit))?.map_err(|e| told(&e))
    }
}

/// A connection to the first of the relay's addresses that answers; each gets its share of the time.
async fn reach(relay: &Relay, limit: Span) -> Result<TcpStream, Trouble> {
    let host = relay.host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, relay.port)).await;
    let found = found.map_err(|e| Trouble::silent(format!("cannot look up {host}: {e}")))?;
    let addresses: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
    if let Some(outside) = addresses.iter().find(|a| relay.tls == Tls::None && !a.ip().is_loopback()) {
        return Err(Trouble::silent(format!("{host} is {}: no mail goes there without TLS", outside.ip())));
    }
    let share = duration(limit) / addresses.len().max(1) as u32;
    let mut last = format!("{host} has no address");
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).ok();
                return Ok(stream);
            }
            Ok(Err(error)) => last = format!("cannot connect to {address}: {error}"),
            Err(_) => last = format!("cannot connect to {address}: no answer"),
        }
    }
    Err(Trouble::silent(last))
}

fn offers(answer: &Response, keyword: &str) -> bool {
    answer.message().any(|line| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
}

/// Whether an EHLO answer offers a way to log in (`AUTH PLAIN LOGIN`, or the old `AUTH=LOGIN`).
fn offers_login(answer: &Response, way: Mechanism) -> bool {
    let way = way.to_string();
    answer.message().any(|line| {
        let mut words = line.split([' ', '=']);
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
            && words.any(|w| w.eq_ignore_ascii_case(&way))
    })
}

/// Code and text of an answer.
fn words(answer: &Response) -> (u16, String) {
    (answer.code().into(), answer.message().collect::<Vec<_>>().join(" "))
}

/// What lettre's error tells: the relay's code and words, or the cause.
fn told(error: &lettre::transport::smtp::Error) -> Trouble {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let mut cause = deepest.to_string();
    if error.is_response() && cause == "incomplete response" {
        cause = "the relay closed the connection".into();
    }
    Trouble { code: error.status().map(u16::from), text: cause }
}

fn held(rest: Span) -> Trouble {
    Trouble::silent(format!(
        "not tried: the relay refuses our login; the next try is possible in {} s",
        rest.0.div_euclid(1_000_000) + 1
    ))
}

fn too_slow(what: &str, limit: Span) -> Trouble {
    Trouble::silent(format!("the relay did not {what} within {} s", limit.as_seconds()))
}

fn duration(span: Span) -> Duration {
    Duration::from_micros(span.0.max(0).unsigned_abs())
}
