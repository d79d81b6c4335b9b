//! The arguments of `incident`.

use clap::{Args, Subcommand};

/// `incident`.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Incidents, newest first
    List {
        /// Resolved ones too
        #[arg(long)]
        all: bool,
    },
    /// One incident with findings, mails, journal and evidence
    Show {
        /// Number or id
        id: String,
    },
    /// Take it: escalation stops, the others are told
    Ack(IncidentAct),
    /// End it
    Resolve {
        /// Which, and a note
        #[command(flatten)]
        act: IncidentAct,
        /// It was no incident
        #[arg(long)]
        false_positive: bool,
    },
    /// Open a resolved one again
    Reopen(IncidentAct),
    /// Add a note
    Note(IncidentAct),
    /// Give it to a person
    Assign {
        /// Which, and a note
        #[command(flatten)]
        act: IncidentAct,
        /// Person id
        #[arg(long, value_name = "PERSON")]
        to: String,
    },
    /// Start the next step of the policy now
    Escalate(IncidentAct),
    /// End it: it was no incident
    FalsePositive(IncidentAct),
    /// Join it to another one: it tells nobody any more, its people are told which one to answer
    Merge {
        /// Which, and a note
        #[command(flatten)]
        act: IncidentAct,
        /// Number or id of the other one, at least as grave
        #[arg(long, value_name = "ID")]
        into: String,
    },
    /// Take it out of the other again: it is open, from the first step
    Split(IncidentAct),
    /// Take it for a while: then it is open again, from the first step
    Snooze {
        /// Which, and a note
        #[command(flatten)]
        act: IncidentAct,
        /// How long from now (`30m`, `8h`, `2d`; at most a week)
        #[arg(long = "for", value_name = "SPAN")]
        span: String,
    },
    /// Let a promise go, with a reason, on the record
    Waive(Decision),
    /// Say that a duty to somebody outside was done, and how
    Fulfil(Decision),
}

/// Which incident, and what the person says to it.
#[derive(Args, Debug)]
pub struct IncidentAct {
    /// Number or id
    pub id: String,
    /// A note for the journal
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// A decision about one clock.
#[derive(Args, Debug)]
pub struct Decision {
    /// Number or id
    pub id: String,
    /// `notify`, `acknowledge`, `resolve` or a duty's id
    #[arg(long, value_name = "CLOCK")]
    pub clock: String,
    /// Why, or how
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
