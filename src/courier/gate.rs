//! The login gate of one relay: a relay that refuses the login is tried at most five times in ten
//! seconds, then held with growing pauses, one probe after each. Else a changed password would lock
//! the account (and one mistake would be made once per waiting letter).

use super::Now;
use crate::schema::Span;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Refused logins of one relay inside `WINDOW`, those under way included (INTERFACE.md section 7).
const LOGINS_MAX: usize = 5;
/// The window of `LOGINS_MAX`, and the first pause.
const WINDOW: Span = Span::seconds(10);
/// The longest pause between two probes: the normal retry distance of a letter.
const PAUSE_MAX: Span = Span::seconds(120);

/// Whether a login may be tried.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    /// It may, and is counted as under way.
    Enter,
    /// Others are under way; their end decides.
    Wait,
    /// Not for so long.
    Held(Span),
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// The relay let us in.
    Accepted,
    /// The relay refused the login for good (5xx).
    Refused,
    /// It did not come to an answer.
    Unknown,
}

/// The books of the gate; times are boot times.
#[derive(Debug, Default)]
struct Books {
    refused: VecDeque<Span>,
    under_way: usize,
    pauses: u32,
    held_until: Option<Span>,
}

impl Books {
    fn admit(&mut self, now: Span) -> Admission {
        self.refused.retain(|at| now.0 - at.0 < WINDOW.0);
        let room = match self.held_until {
            Some(until) if now < until => return Admission::Held(Span(until.0 - now.0)),
            Some(_) => 1,
            None => LOGINS_MAX.saturating_sub(self.refused.len()),
        };
        if self.under_way >= room {
            return Admission::Wait;
        }
        self.under_way += 1;
        Admission::Enter
    }

    fn leave(&mut self, now: Span, login: Login) {
        self.under_way = self.under_way.saturating_sub(1);
        match login {
            Login::Unknown => {}
            Login::Accepted => {
                self.held_until = None;
                self.pauses = 0;
            }
            Login::Refused => {
                self.refused.push_back(now);
                if self.refused.len() >= LOGINS_MAX || self.held_until.is_some() {
                    let pause = (WINDOW.0 << self.pauses.min(10)).min(PAUSE_MAX.0);
                    self.pauses += 1;
                    self.held_until = Some(Span(now.0 + pause));
                }
            }
        }
    }
}

/// The gate of one relay.
pub(super) struct Gate {
    books: Mutex<Books>,
    change: Notify,
    now: Now,
}

impl Gate {
    pub fn new(now: Now) -> Arc<Gate> {
        Arc::new(Gate { books: Mutex::default(), change: Notify::new(), now })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place among the logins under way.
    ///
    /// # Errors
    /// The rest of the pause when the relay is held.
    pub async fn enter(self: &Arc<Gate>) -> Result<Pass, Span> {
        loop {
            let change = self.change.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            let admission = self.books().admit((self.now)().boottime);
            match admission {
                Admission::Enter => return Ok(Pass { gate: Arc::clone(self), login: Login::Unknown }),
                Admission::Held(rest) => return Err(rest),
                Admission::Wait => change.await,
            }
        }
    }
}

/// A place at the gate; given back when dropped, with what was learned.
pub(super) struct Pass {
    gate: Arc<Gate>,
    login: Login,
}

impl Pass {
    /// Gives the place back.
    pub fn ended(mut self, login: Login) {
        self.login = login;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let now = (self.gate.now)().boottime;
        self.gate.books().leave(now, self.login);
        self.gate.change.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_refusals_in_ten_seconds_then_pauses_that_grow() {
        let mut books = Books::default();
        let second = Span::seconds;
        for _ in 0..5 {
            assert_eq!(books.admit(second(1)), Admission::Enter);
        }
        assert_eq!(books.admit(second(1)), Admission::Wait, "five are under way");
        (0..5).for_each(|_| books.leave(second(2), Login::Refused));
        assert_eq!(books.admit(second(3)), Admission::Held(second(9)));
        // One probe after the pause; refused again, the pause doubles.
        assert_eq!(books.admit(second(12)), Admission::Enter);
        assert_eq!(books.admit(second(12)), Admission::Wait);
        books.leave(second(12), Login::Refused);
        assert_eq!(books.admit(second(13)), Admission::Held(second(19)));
        // Let in: everything is as before.
        assert_eq!(books.admit(second(40)), Admission::Enter);
        books.leave(second(40), Login::Accepted);
        for _ in 0..5 {
            assert_eq!(books.admit(second(41)), Admission::Enter);
        }
    }

    #[test]
    fn no_window_of_ten_seconds_sees_more_than_five_tries() {
        let mut books = Books::default();
        let mut starts: Vec<i64> = Vec::new();
        for tick in 0..2_000 {
            let now = Span::millis(tick * 100);
            if books.admit(now) == Admission::Enter {
                starts.push(now.0);
                books.leave(now, Login::Refused);
            }
        }
        assert!(starts.len() > 6);
        for start in &starts {
            let inside = starts.iter().filter(|at| (**at - start) >= 0 && (**at - start) < WINDOW.0).count();
            assert!(inside <= LOGINS_MAX, "{inside} tries in ten seconds");
        }
    }
}
