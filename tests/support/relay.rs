//! A scripted SMTP relay on loopback, for tests: it does at each stage what a closure says, and keeps
//! what it was told. Self-contained (std only; TLS, in `relay_tls.rs`, by the `openssl` program), so
//! that any test can take it by `#[path = "support/relay.rs"] mod relay;`.
//!
//! ```ignore
//! let relay = Relay::doing(Stage::Rcpt, Do::Say("550 5.1.1 no such user"));       // one stage differs
//! let relay = Relay::start(Offer::default(), |call| match call {                    // whatever is needed
//!     Call { session: 0, stage: Stage::Dot, .. } => Do::Hang,
//!     _ => Do::Usual,
//! });
//! ... send to 127.0.0.1:relay.port() ...
//! assert_eq!(relay.mails().len(), 1);
//! ```
//!
//! Faults that it injects: any reply at any stage, silence, a cut (before, in and after the body; after
//! the body the mail counts as taken, which is the lost acceptance), slow bytes, an answer without end,
//! missing STARTTLS, a wrong certificate. What must survive them: no letter is lost or doubled without a
//! mark, nothing is sent in clear, and no other letter waits.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run on the machine's own clock and programs"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing helper is a failing test"
)]

#[path = "relay_tls.rs"]
mod tls;

pub use tls::Identity;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tls::Tunnel;

/// Where in the conversation the relay is asked what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The client has connected.
    Banner,
    /// EHLO or HELO came.
    Ehlo,
    /// STARTTLS came.
    StartTls,
    /// AUTH came (the credentials are in `Call::line`).
    Auth,
    /// MAIL FROM came.
    Mail,
    /// RCPT TO came.
    Rcpt,
    /// DATA came.
    Data,
    /// The first line of the body came.
    Body,
    /// The final dot came; the mail is in `Call::body`.
    Dot,
}

/// What the closure is told.
pub struct Call<'a> {
    /// 0-based number of the connection.
    pub session: usize,
    pub stage: Stage,
    /// The command as sent, without line end.
    pub line: &'a str,
    /// The mail, dots unstuffed; empty before `Stage::Dot`.
    pub body: &'a [u8],
}

/// What the relay does.
#[derive(Clone, Debug)]
pub enum Do {
    /// What a good relay does.
    Usual,
    /// Answers with these lines (CRLF is added) and goes on.
    Say(&'static str),
    /// Answers and closes.
    SayAndCut(&'static str),
    /// Is silent until the client goes.
    Hang,
    /// Closes without an answer.
    Cut,
    /// Sends the usual answer one byte per so many milliseconds.
    Drip(u64),
    /// Sends a line without end.
    Endless,
    /// Sends an answer of short lines without end.
    Chatter,
}

/// What EHLO offers.
#[derive(Clone, Default)]
pub struct Offer {
    /// STARTTLS with this certificate.
    pub starttls: Option<Identity>,
    /// TLS from the first byte with this certificate.
    pub implicit: Option<Identity>,
    /// AUTH PLAIN LOGIN (every login is right unless the closure says otherwise).
    pub auth: bool,
    /// DSN: delivery reports.
    pub dsn: bool,
}

/// One mail whose final dot came.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    pub session: usize,
    /// The envelope sender's address.
    pub from: String,
    /// The envelope recipients' addresses.
    pub to: Vec<String>,
    pub body: Vec<u8>,
    /// Whether the relay meant to take it: it answered 250, or cut or hung where 250 was due.
    pub accepted: bool,
}

impl Taken {
    /// A header's value, unfolded; empty when it is not there.
    pub fn header(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let head = text.split("\r\n\r\n").next().unwrap_or("").replace("\r\n ", " ");
        let found = head
            .split("\r\n")
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    /// The first part (the text), with quoted-printable undone and plain line ends.
    pub fn text(&self) -> String {
        let all = String::from_utf8_lossy(&self.body).into_owned();
        let body = all.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let boundary = self
            .header("Content-Type")
            .split_once("boundary=\"")
            .map(|(_, b)| format!("--{}", b.trim_end_matches('"')));
        let part = match &boundary {
            None => body,
            Some(mark) => body
                .split(mark.as_str())
                .nth(1)
                .and_then(|p| p.split_once("\r\n\r\n"))
                .map_or("", |(_, text)| text),
        };
        let joined = part.replace("=\r\n", "").into_bytes();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < joined.len() {
            let escaped = joined
                .get(at + 1..at + 3)
                .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            match escaped.filter(|_| joined[at] == b'=') {
                Some(byte) => {
                    out.push(byte);
                    at += 3;
                }
                None => {
                    out.push(joined[at]);
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&out).replace("\r\n", "\n")
    }
}

#[derive(Default)]
struct Memory {
    lines: Mutex<Vec<(usize, String)>>,
    mails: Mutex<Vec<Taken>>,
    connections: AtomicUsize,
    stop: AtomicBool,
}

/// The relay; it stops listening when dropped.
pub struct Relay {
    port: u16,
    memory: Arc<Memory>,
}

type Script = Arc<dyn Fn(Call) -> Do + Send + Sync>;

impl Relay {
    /// A relay that takes everything.
    pub fn accepting() -> Relay {
        Relay::start(Offer::default(), |_| Do::Usual)
    }

    /// A relay that does one thing at one stage, in every session.
    pub fn doing(stage: Stage, what: Do) -> Relay {
        Relay::start(Offer::default(), move |call| if call.stage == stage { what.clone() } else { Do::Usual })
    }

    /// A relay that asks the closure at each stage.
    pub fn start(offer: Offer, script: impl Fn(Call) -> Do + Send + Sync + 'static) -> Relay {
        Relay::start_on(0, offer, script)
    }

    /// The same on a given port: a relay that comes back after an outage.
    pub fn start_on(port: u16, offer: Offer, script: impl Fn(Call) -> Do + Send + Sync + 'static) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let memory = Arc::new(Memory::default());
        let (shared, script): (_, Script) = (Arc::clone(&memory), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::SeqCst) {
                    return;
                }
                let session = shared.connections.fetch_add(1, Ordering::SeqCst);
                let Ok(stream) = stream else { continue };
                let (memory, script, offer) = (Arc::clone(&shared), Arc::clone(&script), offer.clone());
                std::thread::spawn(move || Session::run(session, stream, offer, memory, script));
            }
        });
        Relay { port, memory }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.memory.connections.load(Ordering::SeqCst)
    }
    /// Everything that clients said outside of bodies: (session, line), in order of arrival.
    pub fn lines(&self) -> Vec<(usize, String)> {
        self.memory.lines.lock().unwrap().clone()
    }
    /// How many lines of clients begin with this word (in capitals).
    pub fn count(&self, word: &str) -> usize {
        self.lines().iter().filter(|(_, line)| line.to_ascii_uppercase().starts_with(word)).count()
    }
    /// The mails whose final dot came, whatever was answered.
    pub fn mails(&self) -> Vec<Taken> {
        self.memory.mails.lock().unwrap().clone()
    }
    /// Waits until so many mails came, at most so long; gives what came.
    pub fn wait_for(&self, count: usize, limit: Duration) -> Vec<Taken> {
        let start = std::time::Instant::now();
        while self.mails().len() < count && start.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.mails()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.memory.stop.store(true, Ordering::SeqCst);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

/// Ends a session from the relay's side.
struct Ended;

struct Session {
    id: usize,
    reader: BufReader<Box<dyn Read + Send>>,
    writer: Box<dyn Write + Send>,
    socket: TcpStream,
    tunnel: Option<Tunnel>,
    offer: Offer,
    memory: Arc<Memory>,
    script: Script,
    from: String,
    to: Vec<String>,
}

impl Session {
    fn run(id: usize, socket: TcpStream, offer: Offer, memory: Arc<Memory>, script: Script) {
        let (reader, writer) = (socket.try_clone().unwrap(), socket.try_clone().unwrap());
        let mut session = Session {
            id,
            reader: BufReader::new(Box::new(reader)),
            writer: Box::new(writer),
            socket,
            tunnel: None,
            offer,
            memory,
            script,
            from: String::new(),
            to: Vec::new(),
        };
        if let Some(identity) = session.offer.implicit.clone() {
            session.encrypt(&identity);
        }
        session.talk().ok();
        session.socket.shutdown(Shutdown::Both).ok();
    }

    fn talk(&mut self) -> Result<(), Ended> {
        self.act(Stage::Banner, "", &[], "220 relay.test ESMTP")?;
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap_or(0) == 0 {
                return Err(Ended);
            }
            let line = line.trim_end().to_owned();
            self.memory.lines.lock().unwrap().push((self.id, line.clone()));
            let word = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match word.as_str() {
                "EHLO" | "HELO" => {
                    let answer = self.offers();
                    self.act(Stage::Ehlo, &line, &[], &answer)?;
                }
                "STARTTLS" => self.starttls(&line)?,
                "AUTH" => {
                    self.act(Stage::Auth, &line, &[], "235 2.7.0 welcome")?;
                }
                "MAIL" => {
                    (self.from, self.to) = (angle(&line), Vec::new());
                    self.act(Stage::Mail, &line, &[], "250 2.1.0 sender ok")?;
                }
                "RCPT" => {
                    if self.act(Stage::Rcpt, &line, &[], "250 2.1.5 recipient ok")? {
                        self.to.push(angle(&line));
                    }
                }
                "DATA" => {
                    if self.act(Stage::Data, &line, &[], "354 go ahead")? {
                        self.body()?;
                    }
                }
                "QUIT" => {
                    self.say("221 bye").ok();
                    return Err(Ended);
                }
                "RSET" | "NOOP" => self.say("250 ok")?,
                _ => self.say("500 5.5.1 what?")?,
            }
        }
    }

    fn offers(&self) -> String {
        let mut lines = vec!["relay.test", "PIPELINING"];
        if self.offer.starttls.is_some() && self.tunnel.is_none() {
            lines.push("STARTTLS");
        }
        if self.offer.auth {
            lines.push("AUTH PLAIN LOGIN");
        }
        if self.offer.dsn {
            lines.push("DSN");
        }
        let last = lines.len() - 1;
        let lines =
            lines.iter().enumerate().map(|(i, l)| format!("250{}{l}", if i == last { ' ' } else { '-' }));
        lines.collect::<Vec<_>>().join("\r\n")
    }

    fn starttls(&mut self, line: &str) -> Result<(), Ended> {
        let Some(identity) = self.offer.starttls.clone() else { return self.say("502 5.5.1 no TLS here") };
        if self.act(Stage::StartTls, line, &[], "220 ready")? {
            self.encrypt(&identity);
        }
        Ok(())
    }

    fn body(&mut self) -> Result<(), Ended> {
        let mut body = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return Err(Ended);
            }
            if body.is_empty() {
                match (self.script)(Call { session: self.id, stage: Stage::Body, line: "", body: &[] }) {
                    Do::Usual => {}
                    Do::Cut => return Err(Ended),
                    other => self.perform(&other, "")?,
                }
            }
            if line == b".\r\n" {
                break;
            }
            body.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let what = (self.script)(Call { session: self.id, stage: Stage::Dot, line: ".", body: &body });
        let accepted = match &what {
            Do::Say(answer) | Do::SayAndCut(answer) => answer.starts_with('2'),
            _ => true,
        };
        let taken = Taken { session: self.id, from: self.from.clone(), to: self.to.clone(), body, accepted };
        let number = {
            let mut mails = self.memory.mails.lock().unwrap();
            mails.push(taken);
            mails.len()
        };
        self.perform(&what, &format!("250 2.0.0 ok: queued as TEST{number}"))
    }

    /// Asks the script; `true` when the stage went the good way.
    fn act(&mut self, stage: Stage, line: &str, body: &[u8], usual: &str) -> Result<bool, Ended> {
        let what = (self.script)(Call { session: self.id, stage, line, body });
        self.perform(&what, usual)?;
        Ok(match what {
            Do::Say(answer) => answer.starts_with(['2', '3']),
            _ => true,
        })
    }

    fn perform(&mut self, what: &Do, usual: &str) -> Result<(), Ended> {
        match what {
            Do::Usual => self.say(usual),
            Do::Say(answer) => self.say(answer),
            Do::SayAndCut(answer) => self.say(answer).and(Err(Ended)),
            Do::Cut => Err(Ended),
            Do::Hang => {
                let mut nothing = [0; 1024];
                while self.reader.read(&mut nothing).unwrap_or(0) > 0 {}
                Err(Ended)
            }
            Do::Drip(millis) => {
                for byte in format!("{usual}\r\n").bytes() {
                    self.write(&[byte])?;
                    std::thread::sleep(Duration::from_millis(*millis));
                }
                Ok(())
            }
            Do::Endless => loop {
                self.write(&[b'x'; 8_192])?;
            },
            Do::Chatter => loop {
                self.write(&b"250-x\r\n".repeat(1_024))?;
            },
        }
    }

    fn say(&mut self, answer: &str) -> Result<(), Ended> {
        self.write(format!("{answer}\r\n").as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        self.writer.write_all(bytes).and_then(|()| self.writer.flush()).map_err(|_| Ended)
    }

    /// Puts TLS over the socket: an `openssl s_server` speaks TLS to the client, we speak to it in clear.
    fn encrypt(&mut self, identity: &Identity) {
        let mut tunnel = Tunnel::dig(identity, &self.socket, self.reader.buffer().to_vec());
        self.reader = BufReader::new(Box::new(tunnel.child.stdout.take().unwrap()));
        self.writer = Box::new(tunnel.child.stdin.take().unwrap());
        self.tunnel = Some(tunnel);
    }
}

fn angle(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or("").to_owned()
}
