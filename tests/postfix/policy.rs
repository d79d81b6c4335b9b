//! A policy service (Postfix' SMTPD_POLICY_README): a script in the test that decides about each mail.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// What it answers, and how often it was asked.
pub struct Policy {
    pub port: u16,
    pub asked: Arc<AtomicU32>,
    answer: Arc<Mutex<String>>,
}

/// The answer that never comes.
pub const STALL: &str = "stall";

impl Policy {
    pub fn start(answer: &str) -> Policy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, answer) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(answer.to_owned())));
        let policy = Policy { port, asked: asked.clone(), answer: answer.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, answer) = (asked.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &asked, &answer));
            }
        });
        policy
    }

    pub fn answers(&self, answer: &str) {
        *self.answer.lock().unwrap() = answer.to_owned();
    }

    pub fn count(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Requests are lines that end with an empty one.
fn serve(stream: TcpStream, asked: &AtomicU32, answer: &Mutex<String>) {
    let mut writer = stream.try_clone().unwrap();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        if line.is_empty() {
            asked.fetch_add(1, Ordering::SeqCst);
            let answer = answer.lock().unwrap().clone();
            if answer != STALL && write!(writer, "action={answer}\n\n").is_err() {
                return;
            }
        }
    }
}
