//! The server: HTTP/1.1 as far as a scraper speaks it, one request for each connection, a thread with its own
//! small runtime. Bounded in connections, in time and in bytes.

use super::Panel;
use crate::schema::Span;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// Connections at once: a few scrapers and a person. Further ones are closed.
const CONNECTIONS_MAX: usize = 16;
/// Bytes of a request, headers included.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Time for a request to arrive whole, and for its answer to be taken.
const TRANSFER_MAX: Duration = Duration::from_secs(5);
/// The pause after a failed accept (no more file descriptors, say).
const PAUSE: Duration = Duration::from_millis(200);

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is not to be had.
    #[error("[metrics] listen {address}: {source}; choose another port, or end what listens there")]
    Listen {
        /// What was wanted.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No thread.
    #[error("[metrics]: {0}")]
    Thread(#[from] io::Error),
}

/// The open server. Dropped, it has ended: its address is free again.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Tells the boot clock.
pub type BootClock = Arc<dyn Fn() -> Span + Send + Sync>;

impl Console {
    /// Listens and serves what stands on the panel.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub fn open(address: SocketAddr, panel: Arc<Panel>, clock: BootClock) -> Result<Console, ConsoleError> {
        let listen = |source| ConsoleError::Listen { address, source };
        let listener = StdListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel::<()>();
        let serve = move || {
            runtime.block_on(async move {
                tokio::select! {
                    result = serve(listener, panel, clock) => if let Err(error) = result {
                        tracing::error!(%error, "metrics cannot be served");
                    },
                    _ = ended => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("console".into()).spawn(serve)?;
        Ok(Console { address, end: Some(end), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        drop(self.end.take());
        // Nothing there blocks: the runtime drops what is under way at its next await.
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that served metrics had panicked");
        }
    }
}

async fn serve(listener: StdListener, panel: Arc<Panel>, clock: BootClock) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            timeout(PAUSE, std::future::pending::<()>()).await.ok();
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (panel, clock) = (Arc::clone(&panel), Arc::clone(&clock));
        tokio::spawn(async move {
            timeout(TRANSFER_MAX * 2, attend(stream, &panel, &*clock)).await.ok();
            drop(place);
        });
    }
}

async fn attend(mut stream: TcpStream, panel: &Panel, clock: &(dyn Fn() -> Span + Send + Sync)) {
    let answer = match timeout(TRANSFER_MAX, request(&mut stream)).await {
        Ok(Ok(head)) => respond(&head, panel, clock()),
        Ok(Err(Bad::TooLong)) => Answer::plain("431 Request Header Fields Too Large", "too long\n"),
        Ok(Err(Bad::Gone)) | Err(_) => return,
    };
    timeout(TRANSFER_MAX, stream.write_all(&answer.bytes())).await.ok();
    stream.shutdown().await.ok();
    // A client that still sends must not lose the answer to a reset: what it says is read away for a moment.
    let mut rest = [0; 1024];
    for _ in 0..8 {
        match timeout(Duration::from_millis(100), stream.read(&mut rest)).await {
            Ok(Ok(1..)) => {}
            _ => return,
        }
    }
}

enum Bad {
    TooLong,
    Gone,
}

/// The head of a request, to the empty line.
async fn request(stream: &mut TcpStream) -> Result<Vec<u8>, Bad> {
    let mut head = Vec::with_capacity(512);
    let mut part = [0; 1024];
    loop {
        let read = stream.read(&mut part).await.map_err(|_| Bad::Gone)?;
        if read == 0 {
            return Err(Bad::Gone);
        }
        head.extend_from_slice(part.get(..read).unwrap_or_default());
        if head.windows(4).any(|four| four == b"\r\n\r\n") || head.windows(2).any(|two| two == b"\n\n") {
            return Ok(head);
        }
        if head.len() > REQUEST_BYTES_MAX {
            return Err(Bad::TooLong);
        }
    }
}

struct Answer {
    status: &'static str,
    kind: &'static str,
    more: &'static str,
    body: String,
    head_only: bool,
}

impl Answer {
    fn plain(status: &'static str, body: impl Into<String>) -> Answer {
        let kind = "text/plain; charset=utf-8";
        Answer { status, kind, more: "", body: body.into(), head_only: false }
    }

    fn bytes(&self) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\n{}Connection: close\r\n\r\n",
            self.status,
            self.kind,
            self.body.len(),
            self.more
        );
        if self.head_only { head.into_bytes() } else { (head + &self.body).into_bytes() }
    }
}

/// The answer to a request's head.
fn respond(head: &[u8], panel: &Panel, now: Span) -> Answer {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.trim_end().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    if !version.is_some_and(|version| version.starts_with("HTTP/1.")) || words.next().is_some() {
        return Answer::plain("400 Bad Request", "not an HTTP/1.1 request\n");
    }
    if !matches!(method, Some("GET" | "HEAD")) {
        let refused = Answer::plain("405 Method Not Allowed", "there is nothing to change here\n");
        return Answer { more: "Allow: GET, HEAD\r\n", ..refused };
    }
    let path = target.unwrap_or_default().split('?').next().unwrap_or_default();
    let answer = match path {
        "/metrics" => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            Answer { kind, ..Answer::plain("200 OK", &*panel.page()) }
        }
        "/healthz" => match panel.stuck(now) {
            None => Answer::plain("200 OK", "ok\n"),
            Some(still) => {
                let said = format!("the main loop has not moved for {}\n", still.in_words());
                Answer::plain("503 Service Unavailable", said)
            }
        },
        "/readyz" => match panel.unready() {
            None => Answer::plain("200 OK", "ready\n"),
            Some(why) => Answer::plain("503 Service Unavailable", format!("not ready: {why}\n")),
        },
        "/" => Answer::plain("200 OK", "gatewatch: /metrics /healthz /readyz\n"),
        _ => Answer::plain("404 Not Found", "there are /metrics, /healthz and /readyz\n"),
    };
    Answer { head_only: method == Some("HEAD"), ..answer }
}
