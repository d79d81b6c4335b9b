//! The arguments of `report`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `report`.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Every incident of a time with all its times: promises kept, broken or in doubt, percentiles, who was told
    Timeliness(ReportArgs),
    /// Every drill of a time, stage by stage
    Drills(ReportArgs),
}

/// What every report takes.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// From this moment on (RFC 3339) [default: everything]
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Before this moment [default: now]
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
    /// Folder to write into
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}
