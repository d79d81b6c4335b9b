//! The least SMTP relay that a measurement needs: it takes everything on a loopback port and notes when.

use crate::host::clock::SystemClock;
use crate::ports::Clock;
use crate::schema::Timestamp;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Message-ID and moment of each mail that was taken.
pub type Taken = Arc<Mutex<Vec<(String, Timestamp)>>>;

/// Starts the sink; it ends with the process.
///
/// # Errors
/// The operating system's, when no loopback port is to be had.
pub fn start() -> io::Result<(u16, Taken)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let taken = Taken::default();
    let shared = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = shared.clone();
            // A session that breaks is the sender's measured trouble, not the sink's.
            std::thread::spawn(move || session(stream, &shared));
        }
    });
    Ok((port, taken))
}

fn session(mut stream: TcpStream, taken: &Taken) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let clock = SystemClock::new().map_err(io::Error::other)?;
    stream.write_all(b"220 sink\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let reply: &[u8] = match line.get(..4).map(str::to_ascii_uppercase).as_deref() {
            Some("EHLO") => b"250-sink\r\n250 8BITMIME\r\n",
            Some("DATA") => {
                stream.write_all(b"354 go\r\n")?;
                let id = body(&mut reader)?;
                let at = clock.now().utc;
                if let Ok(mut list) = taken.lock() {
                    list.push((id, at));
                }
                b"250 taken\r\n"
            }
            Some("QUIT") => {
                stream.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        stream.write_all(reply)?;
    }
}

fn body(reader: &mut impl BufRead) -> io::Result<String> {
    let (mut id, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line == ".\r\n" {
            return Ok(id);
        }
        if let Some(rest) = line.strip_prefix("Message-ID:") {
            id = rest.trim().to_owned();
        }
    }
}
