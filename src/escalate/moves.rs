//! The transition tables of incidents, notifications and clocks: the only place where a status changes,
//! live and on recovery. What a table does not name is illegal, and the error names both states.
//! `tests/tidy.rs` refuses any other line of the program that sets one of these states; the model
//! (`tests/model.rs`) looks at every row that is committed, and asks [`Machine::may_become`].

use crate::schema::{ClockState, IncidentStatus, NotificationState};
use std::fmt::Debug;

/// A move that the table does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{machine}: `{input}` cannot take `{state}` to `{aim}`")]
pub struct IllegalMove {
    /// `incident`, `notification` or `clock`.
    pub machine: &'static str,
    /// Where it stood.
    pub state: &'static str,
    /// Where the input would have taken it.
    pub aim: &'static str,
    /// What was asked.
    pub input: String,
}

/// A state machine whose states are statuses of the vocabulary.
pub trait Machine: Copy + Eq + 'static {
    /// What can happen to it.
    type Input: Copy + Debug + 'static;
    /// Every input.
    const INPUTS: &'static [Self::Input];
    /// The status after the input.
    ///
    /// # Errors
    /// [`IllegalMove`] where the table has no row.
    fn next(self, input: Self::Input) -> Result<Self, IllegalMove>;

    /// Whether some run of legal moves leads from here to there: what one commit may do to a row.
    fn may_become(self, there: Self) -> bool {
        let mut reached = vec![self];
        let mut at = 0;
        while let Some(state) = reached.get(at).copied() {
            let further = Self::INPUTS.iter().filter_map(|input| state.next(*input).ok());
            let fresh: Vec<Self> = further.filter(|state| !reached.contains(state)).collect();
            for state in fresh {
                if !reached.contains(&state) {
                    reached.push(state);
                }
            }
            at += 1;
        }
        reached.contains(&there)
    }
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
    /// A person takes it out of the other again.
    Split,
}

impl Machine for IncidentStatus {
    type Input = IncidentInput;
    const INPUTS: &'static [IncidentInput] = {
        use IncidentInput as I;
        &[
            I::Look,
            I::Acknowledge,
            I::RunOut,
            I::Raise,
            I::Escalate,
            I::Resolve,
            I::Reopen,
            I::Close,
            I::Merge,
            I::Split,
        ]
    };
    fn next(self, input: IncidentInput) -> Result<IncidentStatus, IllegalMove> {
        use IncidentInput as I;
        use IncidentStatus::{Acknowledged, Closed, Merged, New, Open, Resolved};
        Ok(match (self, input) {
            (New, I::Look) => Open,
            (New | Open | Acknowledged, I::Acknowledge) => Acknowledged,
            (Acknowledged, I::RunOut) => Open,
            (Open | Acknowledged, I::Raise | I::Escalate) => Open,
            // What was resolved as a drill, and was none.
            (Resolved, I::Raise) => Open,
            (New | Open | Acknowledged, I::Resolve) => Resolved,
            (Resolved, I::Reopen) => Open,
            (Resolved, I::Close) => Closed,
            (New | Open | Acknowledged, I::Merge) => Merged,
            (Merged, I::Split) => Open,
            (_, I::Look | I::RunOut | I::Raise | I::Escalate | I::Reopen | I::Split) => {
                return Err(illegal("incident", self.name(), Open.name(), input));
            }
            (_, I::Acknowledge) => return Err(illegal("incident", self.name(), Acknowledged.name(), input)),
            (_, I::Resolve) => return Err(illegal("incident", self.name(), Resolved.name(), input)),
            (_, I::Close) => return Err(illegal("incident", self.name(), Closed.name(), input)),
            (_, I::Merge) => return Err(illegal("incident", self.name(), Merged.name(), input)),
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
    const INPUTS: &'static [NotificationInput] = {
        use NotificationInput as I;
        &[I::Claim, I::Accept, I::Defer, I::Refuse, I::Lose, I::Expire, I::Cancel, I::Bounce, I::Confirm]
    };
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
            (_, I::Claim) => return Err(illegal("notification", self.name(), Sending.name(), input)),
            (_, I::Accept | I::Confirm) => {
                return Err(illegal("notification", self.name(), Accepted.name(), input));
            }
            (_, I::Defer) => return Err(illegal("notification", self.name(), Pending.name(), input)),
            (_, I::Refuse | I::Bounce) => {
                return Err(illegal("notification", self.name(), Refused.name(), input));
            }
            (_, I::Lose) => return Err(illegal("notification", self.name(), Uncertain.name(), input)),
            (_, I::Expire) => return Err(illegal("notification", self.name(), Expired.name(), input)),
            (_, I::Cancel) => return Err(illegal("notification", self.name(), Cancelled.name(), input)),
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

impl ClockInput {
    /// Whether the table has a row for this input.
    pub fn is_legal(self, state: ClockState) -> bool {
        state.next(self).is_ok()
    }
}

impl Machine for ClockState {
    type Input = ClockInput;
    const INPUTS: &'static [ClockInput] = {
        use ClockInput as I;
        &[I::Keep, I::Pass, I::Doubt, I::Waive, I::Arm]
    };
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
            (_, I::Keep) => return Err(illegal("clock", self.name(), Met.name(), input)),
            (_, I::Pass) => return Err(illegal("clock", self.name(), Breached.name(), input)),
            (_, I::Doubt) => return Err(illegal("clock", self.name(), Uncertain.name(), input)),
            (_, I::Waive) => return Err(illegal("clock", self.name(), Waived.name(), input)),
            (_, I::Arm) => return Err(illegal("clock", self.name(), Running.name(), input)),
        })
    }
}

fn illegal(machine: &'static str, state: &'static str, aim: &'static str, input: impl Debug) -> IllegalMove {
    IllegalMove { machine, state, aim, input: format!("{input:?}").to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as text: one line per state, one column per input, `-` for illegal.
    fn drawn<M: Machine>(states: &[M], name: fn(M) -> &'static str) -> Vec<String> {
        let cell = |s: &M, i: &M::Input| s.next(*i).map_or("-", name);
        let row = |s: &M| M::INPUTS.iter().map(|i| cell(s, i)).collect::<Vec<_>>().join(" ");
        states.iter().map(|s| format!("{}: {}", name(*s), row(s))).collect()
    }

    #[test]
    fn the_incident_table_is_this_and_nothing_else() {
        use IncidentStatus as S;
        let states = [S::New, S::Open, S::Acknowledged, S::Resolved, S::Closed, S::Merged];
        let expected = [
            "new: open acknowledged - - - resolved - - merged -",
            "open: - acknowledged - open open resolved - - merged -",
            "acknowledged: - acknowledged open open open resolved - - merged -",
            "resolved: - - - open - - open closed - -",
            "closed: - - - - - - - - - -",
            "merged: - - - - - - - - - open",
        ];
        assert_eq!(drawn(&states, S::name), expected);
    }

    #[test]
    fn the_notification_table_is_this_and_nothing_else() {
        use NotificationState as S;
        let states =
            [S::Pending, S::Sending, S::Accepted, S::Uncertain, S::Refused, S::Expired, S::Cancelled];
        let expected = [
            "pending: sending - - - - expired cancelled - -",
            "sending: - accepted pending refused uncertain - - - -",
            "accepted: - - - - - - - refused accepted",
            "uncertain: sending - - - - expired cancelled refused accepted",
            "refused: - - - - - - - - -",
            "expired: - - - - - - - - -",
            "cancelled: - - - - - - - - -",
        ];
        assert_eq!(drawn(&states, S::name), expected);
    }

    #[test]
    fn the_clock_table_is_this_and_nothing_else() {
        use ClockState as S;
        let states = [S::Running, S::Met, S::Breached, S::Waived, S::Uncertain];
        let expected = [
            "running: met breached uncertain waived running",
            "met: - - - - running",
            "breached: breached - - waived -",
            "waived: - - - - -",
            "uncertain: uncertain breached uncertain waived -",
        ];
        assert_eq!(drawn(&states, S::name), expected);
    }

    #[test]
    fn an_illegal_move_names_both_states_and_the_input() {
        let error = NotificationState::Cancelled.next(NotificationInput::Claim).unwrap_err();
        assert_eq!(error.to_string(), "notification: `claim` cannot take `cancelled` to `sending`");
        let error = IncidentStatus::Closed.next(IncidentInput::Reopen).unwrap_err();
        assert_eq!(error.to_string(), "incident: `reopen` cannot take `closed` to `open`");
    }

    #[test]
    fn what_one_commit_may_do_to_a_row_is_a_run_of_moves() {
        use IncidentStatus as S;
        use NotificationState as N;
        assert!(S::New.may_become(S::Closed) && S::Merged.may_become(S::Acknowledged));
        assert!(!S::Open.may_become(S::New) && !S::Closed.may_become(S::Open));
        assert!(N::Pending.may_become(N::Accepted) && N::Accepted.may_become(N::Accepted));
        assert!(!N::Accepted.may_become(N::Pending) && !N::Cancelled.may_become(N::Sending));
        assert!(!ClockState::Breached.may_become(ClockState::Met));
    }
}
