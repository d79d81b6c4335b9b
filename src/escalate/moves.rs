//! The transition tables of incidents, notifications and clocks: the only place where a status changes,
//! live and on recovery. What a table does not name is illegal, and the error names state and input.

use crate::schema::{ClockState, IncidentStatus, NotificationState};
use std::fmt::Debug;

/// A move that the table does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{machine}: `{input}` is illegal in `{state}`")]
pub struct IllegalMove {
    /// `incident`, `notification` or `clock`.
    pub machine: &'static str,
    /// Where it stood.
    pub state: &'static str,
    /// What was asked.
    pub input: String,
}

/// A state machine whose states are statuses of the vocabulary.
pub trait Machine: Copy + Sized {
    /// What can happen to it.
    type Input: Copy + Debug;
    /// The status after the input.
    ///
    /// # Errors
    /// [`IllegalMove`] where the table has no row.
    fn next(self, input: Self::Input) -> Result<Self, IllegalMove>;
}

/// What can happen to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentInput {
    /// Escalate looks at it for the first time.
    Look,
    /// A person takes it (or, having it, takes it anew).
    Acknowledge,
    /// The acknowledgement's time is over.
    RunOut,
    /// A finding raised it to high or critical: whoever had it must hear anew.
    Raise,
    /// A person wants the next step now.
    Escalate,
    /// A person ends it.
    Resolve,
    /// A person opens it again.
    Reopen,
    /// It was left alone after its end.
    Close,
    /// A person joins it to another.
    Merge,
}

impl Machine for IncidentStatus {
    type Input = IncidentInput;
    fn next(self, input: IncidentInput) -> Result<IncidentStatus, IllegalMove> {
        use IncidentInput as I;
        use IncidentStatus::{Acknowledged, Closed, Merged, New, Open, Resolved};
        Ok(match (self, input) {
            (New, I::Look) => Open,
            (New | Open | Acknowledged, I::Acknowledge) => Acknowledged,
            (Acknowledged, I::RunOut) => Open,
            (Open | Acknowledged, I::Raise | I::Escalate) => Open,
            (New | Open | Acknowledged, I::Resolve) => Resolved,
            (Resolved, I::Reopen) => Open,
            (Resolved, I::Close) => Closed,
            (New | Open | Acknowledged, I::Merge) => Merged,
            _ => return Err(illegal("incident", self.name(), input)),
        })
    }
}

/// What can happen to a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationInput {
    /// It is given to the courier.
    Claim,
    /// A relay took it.
    Accept,
    /// Not now.
    Defer,
    /// Never.
    Refuse,
    /// Nobody knows: the answer was lost, or the program stopped.
    Lose,
    /// Tried for five days.
    Expire,
    /// No longer wanted.
    Cancel,
    /// A mail system says that it will not arrive.
    Bounce,
    /// A mail system says that it went on or arrived.
    Confirm,
}

impl Machine for NotificationState {
    type Input = NotificationInput;
    fn next(self, input: NotificationInput) -> Result<NotificationState, IllegalMove> {
        use NotificationInput as I;
        use NotificationState::{Accepted, Cancelled, Expired, Pending, Refused, Sending, Uncertain};
        Ok(match (self, input) {
            (Pending | Uncertain, I::Claim) => Sending,
            (Sending, I::Accept) => Accepted,
            (Sending, I::Defer) => Pending,
            (Sending, I::Refuse) => Refused,
            (Sending, I::Lose) => Uncertain,
            (Pending | Uncertain, I::Expire) => Expired,
            (Pending | Uncertain, I::Cancel) => Cancelled,
            (Accepted | Uncertain, I::Bounce) => Refused,
            (Accepted | Uncertain, I::Confirm) => Accepted,
            _ => return Err(illegal("notification", self.name(), input)),
        })
    }
}

/// What can happen to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockInput {
    /// What was promised happened (after the time it changes nothing).
    Keep,
    /// The time certainly passed.
    Pass,
    /// The time perhaps passed.
    Doubt,
    /// A person waives it.
    Waive,
    /// It counts again.
    Arm,
}

impl Machine for ClockState {
    type Input = ClockInput;
    fn next(self, input: ClockInput) -> Result<ClockState, IllegalMove> {
        use ClockInput as I;
        use ClockState::{Breached, Met, Running, Uncertain, Waived};
        Ok(match (self, input) {
            (Running, I::Keep) => Met,
            (Uncertain, I::Keep | I::Doubt) => Uncertain,
            (Breached, I::Keep) => Breached,
            (Running | Uncertain, I::Pass) => Breached,
            (Running, I::Doubt) => Uncertain,
            (Running | Uncertain | Breached, I::Waive) => Waived,
            (Running | Met, I::Arm) => Running,
            _ => return Err(illegal("clock", self.name(), input)),
        })
    }
}

fn illegal(machine: &'static str, state: &'static str, input: impl Debug) -> IllegalMove {
    IllegalMove { machine, state, input: format!("{input:?}").to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as text: one line per state, one column per input, `-` for illegal.
    fn drawn<M: Machine>(states: &[M], inputs: &[M::Input], name: fn(M) -> &'static str) -> Vec<String> {
        let cell = |s: &M, i: &M::Input| s.next(*i).map_or("-", name);
        let row = |s: &M| inputs.iter().map(|i| cell(s, i)).collect::<Vec<_>>().join(" ");
        states.iter().map(|s| format!("{}: {}", name(*s), row(s))).collect()
    }

    #[test]
    fn the_incident_table_is_this_and_nothing_else() {
        use IncidentInput as I;
        use IncidentStatus as S;
        let states = [S::New, S::Open, S::Acknowledged, S::Resolved, S::Closed, S::Merged];
        let inputs = [
            I::Look,
            I::Acknowledge,
            I::RunOut,
            I::Raise,
            I::Escalate,
            I::Resolve,
            I::Reopen,
            I::Close,
            I::Merge,
        ];
        let expected = [
            "new: open acknowledged - - - resolved - - merged",
            "open: - acknowledged - open open resolved - - merged",
            "acknowledged: - acknowledged open open open resolved - - merged",
            "resolved: - - - - - - open closed -",
            "closed: - - - - - - - - -",
            "merged: - - - - - - - - -",
        ];
        assert_eq!(drawn(&states, &inputs, S::name), expected);
    }

    #[test]
    fn the_notification_table_is_this_and_nothing_else() {
        use NotificationInput as I;
        use NotificationState as S;
        let states =
            [S::Pending, S::Sending, S::Accepted, S::Uncertain, S::Refused, S::Expired, S::Cancelled];
        let inputs =
            [I::Claim, I::Accept, I::Defer, I::Refuse, I::Lose, I::Expire, I::Cancel, I::Bounce, I::Confirm];
        let expected = [
            "pending: sending - - - - expired cancelled - -",
            "sending: - accepted pending refused uncertain - - - -",
            "accepted: - - - - - - - refused accepted",
            "uncertain: sending - - - - expired cancelled refused accepted",
            "refused: - - - - - - - - -",
            "expired: - - - - - - - - -",
            "cancelled: - - - - - - - - -",
        ];
        assert_eq!(drawn(&states, &inputs, S::name), expected);
    }

    #[test]
    fn the_clock_table_is_this_and_nothing_else() {
        use ClockInput as I;
        use ClockState as S;
        let states = [S::Running, S::Met, S::Breached, S::Waived, S::Uncertain];
        let inputs = [I::Keep, I::Pass, I::Doubt, I::Waive, I::Arm];
        let expected = [
            "running: met breached uncertain waived running",
            "met: - - - - running",
            "breached: breached - - waived -",
            "waived: - - - - -",
            "uncertain: uncertain breached uncertain waived -",
        ];
        assert_eq!(drawn(&states, &inputs, S::name), expected);
    }

    #[test]
    fn an_illegal_move_names_state_and_input() {
        let error = NotificationState::Cancelled.next(NotificationInput::Claim).unwrap_err();
        assert_eq!(error.to_string(), "notification: `claim` is illegal in `cancelled`");
    }
}
