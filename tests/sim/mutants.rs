//! One thing broken on purpose, in the wrappers around the ports: each must be caught by its invariant.

use super::monitor::names;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A batch loses its lines and keeps its positions.
    LoseLines,
    /// A line is read twice.
    DoubleLine,
    /// A line is not cut at the limit.
    UncutLine,
    /// Truncations are not told.
    DropGaps,
    /// Positions are committed without their events.
    PositionsAlone,
    /// Findings are committed without their incidents.
    DropIncidents,
    /// Findings are not committed.
    DropFindings,
    /// The room's memory is not committed.
    DropStates,
    /// Clocks are not committed.
    DropClocks,
    /// A breach is forgotten.
    DropBreach,
    /// A promise is called broken at once.
    HastyBreach,
    /// Owed messages of an open incident are cancelled and its ladder ends.
    CancelLetters,
    /// The first step is left out.
    SkipStep,
    /// A relay's answer is lost.
    DropReceipt,
    /// A letter counts as accepted without being sent ("marked sent before sending").
    FalseAccept,
    /// A retry has another Message-ID.
    NewMessageId,
    /// A repeat does not say so.
    UnmarkedRepeat,
    /// A letter goes out twice.
    SendTwice,
    /// A letter waits in a queue that nobody checks against acknowledgements.
    SendLate,
    /// The claim's commit is not awaited.
    SendEarly,
    /// The clocks stand still (a timer that stops in suspend).
    FrozenClock,
    /// The boot clock runs fast.
    FastClock,
    /// Everybody is taken for a person of the configuration.
    TrustAnyone,
    /// A commit is written twice.
    CommitTwice,
    /// Forged names are taken at their word.
    TrustNames,
}

/// Each mutant with the invariant that catches it.
pub const ALL: [(Mutant, &str); 25] = [
    (Mutant::LoseLines, names::NOT_LOST),
    (Mutant::DoubleLine, names::NOT_DOUBLED),
    (Mutant::UncutLine, names::SIZES),
    (Mutant::DropGaps, names::NOT_SILENT),
    (Mutant::PositionsAlone, names::POSITION),
    (Mutant::DropIncidents, names::HOME),
    (Mutant::DropFindings, names::FOUND),
    (Mutant::DropStates, names::REBUILT),
    (Mutant::DropClocks, names::REBUILT),
    (Mutant::DropBreach, names::BREACH_TOLD),
    (Mutant::HastyBreach, names::BREACH_TRUE),
    (Mutant::CancelLetters, names::TOLD),
    (Mutant::SkipStep, names::STEPS),
    (Mutant::DropReceipt, names::REST),
    (Mutant::FalseAccept, names::TAKEN),
    (Mutant::NewMessageId, names::ONE_ID),
    (Mutant::UnmarkedRepeat, names::MARKED),
    (Mutant::SendTwice, names::COPIES),
    (Mutant::SendLate, names::NOT_AFTER),
    (Mutant::SendEarly, names::NOT_AFTER),
    (Mutant::FrozenClock, names::NOT_OVERDUE),
    (Mutant::FastClock, names::BREACH_TRUE),
    (Mutant::TrustAnyone, names::STRANGER),
    (Mutant::CommitTwice, names::STORE),
    (Mutant::TrustNames, names::FORGED),
];
