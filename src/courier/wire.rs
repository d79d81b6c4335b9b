//! The socket below lettre, with what lettre leaves open:
//!
//! - replies are bounded as bytes arrive (lettre looks at its cap only after a whole line, so an endless
//!   line would fill the memory);
//! - in clear, bytes are handed on line by line, so nothing that was sent before a TLS handshake can be
//!   taken for an answer given inside it (STARTTLS response injection): it meets the handshake and fails it;
//! - a prologue lets lettre build its connection object without any traffic, so that each step of the
//!   real conversation is a call of ours, with its own phase and deadline, for all three TLS modes.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes of one reply line in clear; RFC 5321 section 4.5.3.1.5 says 512.
const LINE_BYTES_MAX: usize = 1_000;
/// Bytes received between two of ours; an EHLO answer has about 1 KiB. lettre reads an answer of many lines
/// anew with each line, so this bounds time as well as memory.
const ANSWER_BYTES_MAX: usize = 32 * 1024;
/// The same during a TLS handshake, where a chain of certificates comes.
const HANDSHAKE_BYTES_MAX: usize = 128 * 1024;
/// What lettre reads instead of a greeting and an EHLO answer. The mechanisms named here are only an upper
/// bound: the session passes those that the relay really offers.
const PROLOGUE: &[u8] = b"220 prologue\r\n250-prologue\r\n250 AUTH PLAIN LOGIN\r\n";

/// A handle of the socket; clones share it, so that TLS can be put over the same connection.
#[derive(Clone, Debug)]
pub(super) struct Wire(Arc<Mutex<Line>>);

#[derive(Debug)]
struct Line {
    stream: TcpStream,
    prologue: &'static [u8],
    /// Bytes in clear that were received and not handed on yet.
    held: Vec<u8>,
    /// Bytes of the line so far.
    line_bytes: usize,
    /// Bytes received since the last write.
    answer_bytes: usize,
    /// The bytes are TLS records.
    encrypted: bool,
    /// How many `answer_bytes` may become.
    answer_bytes_max: usize,
}

impl Wire {
    pub fn new(stream: TcpStream) -> Wire {
        let line = Line {
            stream,
            prologue: PROLOGUE,
            held: Vec::new(),
            line_bytes: 0,
            answer_bytes: 0,
            encrypted: false,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        Wire(Arc::new(Mutex::new(line)))
    }

    /// A handshake begins: from now on the bytes are TLS records.
    pub fn encrypt(&self) {
        let mut line = self.line();
        line.encrypted = true;
        line.answer_bytes_max = HANDSHAKE_BYTES_MAX;
    }

    /// The handshake is over.
    pub fn encrypted(&self) {
        self.line().answer_bytes_max = ANSWER_BYTES_MAX;
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Receives more bytes in clear, or the next records.
    fn receive(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.answer_bytes += buf.filled().len() - before;
        if self.answer_bytes > self.answer_bytes_max {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the relay's answer has no end",
            )));
        }
        Poll::Ready(Ok(()))
    }

    /// Hands on bytes up to the end of a line. Bytes beyond ASCII become `?`: replies are ASCII, and a relay
    /// that answers in another encoding must not turn an acceptance into a doubt.
    fn hand_on(&mut self, buf: &mut ReadBuf<'_>) -> io::Result<()> {
        let end = self.held.iter().position(|b| *b == b'\n').map_or(self.held.len(), |at| at + 1);
        let count = end.min(buf.remaining());
        for byte in self.held.drain(..count) {
            self.line_bytes = if byte == b'\n' { 0 } else { self.line_bytes + 1 };
            buf.put_slice(&[if byte.is_ascii() && byte != 0 { byte } else { b'?' }]);
        }
        if self.line_bytes > LINE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the relay's reply line has no end"));
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut line = self.line();
        if !line.prologue.is_empty() {
            let prologue = line.prologue;
            let end = prologue.iter().position(|b| *b == b'\n').map_or(prologue.len(), |at| at + 1);
            let (now, later) = prologue.split_at(end.min(buf.remaining()));
            buf.put_slice(now);
            line.prologue = later;
            return Poll::Ready(Ok(()));
        }
        if line.encrypted && line.held.is_empty() {
            return line.receive(cx, buf);
        }
        if line.held.is_empty() {
            let mut space = [0; 2_048];
            let mut fresh = ReadBuf::new(&mut space);
            std::task::ready!(line.receive(cx, &mut fresh))?;
            line.held.extend_from_slice(fresh.filled());
        }
        Poll::Ready(line.hand_on(buf))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut line = self.line();
        if !line.prologue.is_empty() {
            return Poll::Ready(Ok(bytes.len()));
        }
        line.answer_bytes = 0;
        Pin::new(&mut line.stream).poll_write(cx, bytes)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line().stream).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line().stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.line().stream.peer_addr()
    }
}
