//! The courier port: relays that accept, defer, refuse, hang, cut after the final dot, and are down for
//! minutes. What they took, they remember; it is the oracle for the rows of the store.

use super::monitor::{Monitor, names};
use super::mutants::Mutant;
use super::plan::BAD_ADDRESS;
use super::rng::Rng;
use super::shadow::is_telling;
use super::vault::{Crash, Vault};
use gatewatch::limits;
use gatewatch::ports::Courier;
use gatewatch::schema::{
    AttemptResult, IncidentStatus, Letter, MailPhase, NotificationKind, NotificationState, Receipt, Span,
    Timestamp,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Sessions side by side.
const SESSIONS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Healthy,
    /// Every session may end in any way.
    Flaky,
    /// Nobody listens.
    Down,
    /// 451 to everything.
    Greylisting,
    /// It wants another login: the relay refuses us.
    Login,
}

/// How a session will end.
#[derive(Clone, Copy, Debug)]
struct End {
    phase: MailPhase,
    code: Option<u16>,
    result: AttemptResult,
    takes: bool,
    after: Span,
}

struct Session {
    letter: Letter,
    end: End,
    /// Truth at the final dot, until the relay has it.
    dot_at: Option<i64>,
    ends_at: i64,
}

pub struct Relay {
    pub now: i64,
    pub utc: Timestamp,
    pub mode: Mode,
    sessions: Vec<Session>,
    /// Copies taken, by Message-ID.
    pub copies: BTreeMap<Arc<str>, u32>,
    /// Ends of which nobody knows what they came to, by Message-ID.
    causes: BTreeMap<Arc<str>, u32>,
    ids: BTreeMap<u64, Arc<str>>,
    sends: u32,
    rng: Rng,
    monitor: Monitor,
    mutant: Option<Mutant>,
    late: Vec<Letter>,
}

impl Relay {
    pub fn new(rng: Rng, monitor: Monitor, mutant: Option<Mutant>) -> Relay {
        let (copies, causes, ids) = Default::default();
        Relay {
            now: 0,
            utc: Timestamp(0),
            mode: Mode::Healthy,
            sessions: Vec::new(),
            copies,
            causes,
            ids,
            sends: 0,
            rng,
            monitor,
            mutant,
            late: Vec::new(),
        }
    }

    pub fn new_turn(&mut self) {
        self.sends = 0;
    }

    /// The daemon died: sessions break off where they are, and of each claimed row nobody knows.
    pub fn cut(&mut self, claimed: &[u64], vault: &Vault) {
        self.pass();
        self.sessions.clear();
        self.late.clear();
        for row in claimed.iter().filter_map(|id| vault.shadow.notifications.get(id)) {
            *self.causes.entry(row.message_id.clone()).or_default() += 1;
        }
    }

    /// Relays take what reached its final dot.
    fn pass(&mut self) {
        let mut taken = Vec::new();
        for session in &mut self.sessions {
            if session.end.takes && session.dot_at.is_some_and(|at| at <= self.now) {
                session.dot_at = None;
                taken.push(session.letter.clone());
            }
        }
        taken.iter().for_each(|letter| self.take(letter));
    }

    fn take(&mut self, letter: &Letter) {
        let copies = self.copies.entry(letter.message_id.clone()).or_default();
        *copies += 1;
        let causes = self.causes.get(&letter.message_id).copied().unwrap_or(0);
        let (n, id) = (*copies, letter.notification);
        self.monitor.check(n <= 1 + causes, names::COPIES, || {
            format!("notification {id}: {n} copies, {causes} causes")
        });
        let header = letter.headers.iter().any(|(name, _)| *name == "X-Gatewatch-Attempt");
        let marked = letter.may_repeat && header && letter.attempt > 1;
        self.monitor.check(n == 1 || marked, names::MARKED, || {
            format!("notification {id}: copy {n} does not say so")
        });
    }

    fn end_for(&mut self, letter: &Letter) -> End {
        use AttemptResult::{Accepted, Deferred, Refused, Uncertain};
        let quick = Span::millis(self.rng.between(20, 3_000));
        let end = |phase, code, result, takes| End { phase, code, result, takes, after: quick };
        let accepted = end(MailPhase::Done, Some(250), Accepted, true);
        if &*letter.to == BAD_ADDRESS && !matches!(self.mode, Mode::Down | Mode::Login) {
            return end(MailPhase::Rcpt, Some(550), Refused, false);
        }
        match self.mode {
            Mode::Healthy => accepted,
            Mode::Down => end(MailPhase::Connect, None, Deferred, false),
            Mode::Greylisting => end(MailPhase::Rcpt, Some(451), Deferred, false),
            Mode::Login => end(MailPhase::Auth, Some(535), Deferred, false),
            Mode::Flaky => match self.rng.below(12) {
                0..=3 => accepted,
                4 => end(MailPhase::Rcpt, Some(450), Deferred, false),
                5 => end(MailPhase::Done, Some(452), Deferred, false),
                6 if letter.html.is_some() => end(MailPhase::Done, Some(554), Refused, false),
                7 => End { after: Span::seconds(60), ..end(MailPhase::Data, None, Deferred, false) },
                8 | 9 => end(MailPhase::Body, None, Uncertain, true),
                10 => end(MailPhase::Body, None, Uncertain, false),
                11 => End {
                    after: Span::seconds(180),
                    ..end(MailPhase::Body, None, Uncertain, self.rng.percent(50))
                },
                _ => accepted,
            },
        }
    }

    fn begin(&mut self, letter: Letter, vault: &Vault) {
        self.check_letter(&letter, vault);
        let end = self.end_for(&letter);
        let ends_at = self.now + end.after.0;
        self.sessions.push(Session { letter, end, dot_at: Some(self.now + end.after.0 / 2), ends_at });
    }

    /// What must hold when a send starts.
    fn check_letter(&mut self, letter: &Letter, vault: &Vault) {
        let id = letter.notification;
        let row = vault.shadow.notifications.get(&id);
        let claimed =
            row.is_some_and(|row| row.state == NotificationState::Sending && row.attempts == letter.attempt);
        self.monitor.check(claimed, names::NOT_AFTER, || {
            format!("letter {id} goes out before its claim is stored: {row:?}")
        });
        if let Some((row, incident)) =
            row.and_then(|row| Some((row, vault.shadow.incidents.get(row.incident.as_ref()?)?)))
        {
            let wanted = match row.kind {
                NotificationKind::Acknowledged => incident.status == IncidentStatus::Acknowledged,
                NotificationKind::Resolved => incident.status == IncidentStatus::Resolved,
                kind if is_telling(kind) => {
                    matches!(incident.status, IncidentStatus::New | IncidentStatus::Open)
                }
                _ => true,
            };
            self.monitor.check(wanted, names::NOT_AFTER, || {
                format!("letter {id} ({:?}) of a {:?} incident", row.kind, incident.status)
            });
        }
        let known = self.ids.entry(id).or_insert_with(|| letter.message_id.clone());
        self.monitor.check(*known == letter.message_id, names::ONE_ID, || {
            format!("letter {id}: {known}, then {}", letter.message_id)
        });
        let causes = self.causes.get(&letter.message_id).copied().unwrap_or(0);
        self.monitor.check(letter.may_repeat == (causes > 0), names::MARKED, || {
            format!("letter {id}: {causes} causes, may_repeat {}", letter.may_repeat)
        });
        let bytes = letter.text.len() + letter.html.as_deref().map_or(0, str::len);
        let lines = letter.text.lines().count();
        let small = bytes <= limits::MAIL_BYTES_MAX
            && lines <= limits::MAIL_LINES_MAX
            && letter.subject.chars().count() <= limits::SUBJECT_CHARS_MAX;
        self.monitor.check(small, names::SIZES, || {
            format!("letter {id}: {bytes} bytes, {lines} lines, {}", letter.subject)
        });
        let raw = |text: &str| {
            text.chars().any(|c| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c))
        };
        let headers =
            letter.headers.iter().all(|(_, value)| value.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
        let clean = headers && !raw(&letter.text) && !raw(&letter.subject) && !letter.subject.contains('\n');
        self.monitor
            .check(clean, names::SIZES, || format!("letter {id} holds raw characters: {:?}", letter.text));
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        self.pass();
        let (over, open) =
            std::mem::take(&mut self.sessions).into_iter().partition(|s| s.ends_at <= self.now);
        self.sessions = open;
        let over: Vec<Session> = over;
        let mut receipts = Vec::new();
        for Session { letter, end, .. } in over {
            if end.result == AttemptResult::Uncertain {
                *self.causes.entry(letter.message_id.clone()).or_default() += 1;
            }
            receipts.push(Receipt {
                notification: letter.notification,
                attempt: letter.attempt,
                at: self.utc,
                relay: format!("relay-{}", letter.relay).into(),
                phase: end.phase,
                code: end.code,
                reply: format!("{:?} at {}", end.result, end.phase.name()).into(),
                result: end.result,
            });
        }
        receipts
    }
}

/// The daemon's end of the relays.
pub struct RelayPort {
    pub relay: Rc<RefCell<Relay>>,
    pub vault: Rc<RefCell<Vault>>,
}

impl Courier for RelayPort {
    fn free(&self) -> usize {
        SESSIONS.saturating_sub(self.relay.borrow().sessions.len())
    }

    fn send(&mut self, mut letter: Letter) {
        let (mut relay, mut vault) = (self.relay.borrow_mut(), self.vault.borrow_mut());
        if matches!(vault.crash, Some(Crash::AfterSends(n)) if relay.sends >= n) {
            vault.dead = true;
        }
        if vault.dead {
            return;
        }
        relay.sends += 1;
        match relay.mutant {
            Some(Mutant::FalseAccept) => {
                let end = End {
                    phase: MailPhase::Done,
                    code: Some(250),
                    result: AttemptResult::Accepted,
                    takes: false,
                    after: Span::ZERO,
                };
                let ends_at = relay.now;
                return relay.sessions.push(Session { letter, end, dot_at: None, ends_at });
            }
            Some(Mutant::NewMessageId) if letter.attempt > 1 => {
                letter.message_id = format!("<{}@sim>", letter.attempt).into()
            }
            Some(Mutant::UnmarkedRepeat) => {
                letter.may_repeat = false;
                letter.headers.retain(|(name, _)| *name != "X-Gatewatch-Attempt");
            }
            Some(Mutant::SendTwice) => relay.begin(letter.clone(), &vault),
            Some(Mutant::SendLate) => return relay.late.push(letter),
            Some(Mutant::SendEarly) => letter.attempt += 1,
            _ => {}
        }
        relay.begin(letter, &vault);
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        let (mut relay, vault) = (self.relay.borrow_mut(), self.vault.borrow());
        if relay.mutant == Some(Mutant::SendLate) && relay.rng.percent(30) {
            let late = std::mem::take(&mut relay.late);
            late.into_iter().for_each(|letter| relay.begin(letter, &vault));
        }
        let mut receipts = relay.receipts();
        if relay.mutant == Some(Mutant::DropReceipt) {
            receipts.pop();
        }
        receipts
    }
}
