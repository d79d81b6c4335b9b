//! The arguments of `drill`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `drill`.
#[derive(Debug, Subcommand)]
pub enum DrillCommand {
    /// Plan a mock incident: scenario, source, window, and who approved
    Plan(PlanArgs),
    /// Write the planned lines to the source's real file, and wait for the incident
    Run {
        /// Plan id
        id: String,
    },
    /// Plans and what came of them
    List {
        /// The scenarios that can be planned
        #[arg(long)]
        scenarios: bool,
    },
    /// The dossier of a drill as .json and .html
    Report {
        /// Plan id
        id: String,
        /// Folder to write into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// `drill plan`.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("kind").required(true)))]
pub struct PlanArgs {
    /// Which scenario (`drill list --scenarios`)
    #[arg(long, value_name = "ID")]
    pub scenario: String,
    /// Name of the source into whose file the lines go
    #[arg(long, value_name = "NAME")]
    pub source: String,
    /// The rule that must find it [default: the scenario's]
    #[arg(long, value_name = "ID")]
    pub rule: Option<String>,
    /// How long from now its lines may come
    #[arg(long, value_name = "SPAN", default_value = "10m")]
    pub window: String,
    /// The mails say that it is a drill
    #[arg(long, group = "kind")]
    pub announced: bool,
    /// The mails do not say it before it is resolved
    #[arg(long, group = "kind")]
    pub blind: bool,
    /// Who approved it: a person, and not only yourself
    #[arg(long = "approver", value_name = "PERSON", required = true, num_args = 1..)]
    pub approvers: Vec<String>,
}
