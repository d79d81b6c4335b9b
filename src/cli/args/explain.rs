//! The arguments of `explain`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `explain`.
#[derive(Debug, Subcommand)]
pub enum ExplainCommand {
    /// How a line is read: grammar, message form, every field
    Line {
        /// Grammar or family by name
        #[arg(long, value_name = "F")]
        format: String,
        /// Zone of stamps that carry none (IANA name)
        #[arg(long, value_name = "TZ")]
        timezone: Option<String>,
        /// The line
        line: String,
    },
    /// What made a finding: rule, arithmetic, the events
    Finding {
        /// Finding id
        id: String,
    },
    /// Why a rule did not fire: the first condition that failed, or how near a correlation came
    WhyNot(WhyNotArgs),
}

/// `explain why-not`.
#[derive(Args, Debug)]
pub struct WhyNotArgs {
    /// Rule id
    #[arg(value_name = "RULE")]
    pub rule: String,
    /// Id of a stored event
    #[arg(value_name = "EVENT_ID", conflicts_with = "file")]
    pub event: Option<u64>,
    /// Lines of a file in place of a stored event; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Grammar or family of the file [default: auto]
    #[arg(long, value_name = "F", requires = "file")]
    pub format: Option<String>,
    /// Zone of stamps that carry none (IANA name)
    #[arg(long, value_name = "TZ")]
    pub timezone: Option<String>,
    /// More rules
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}
