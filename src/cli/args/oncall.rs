//! The arguments of `oncall`.

use clap::{Args, Subcommand};

/// `oncall`.
#[derive(Debug, Subcommand)]
pub enum OncallCommand {
    /// Who is on call by each schedule, why and until when, and whom each policy would tell; exit 1 when there is a hole
    Show(ShowArgs),
}

/// `oncall show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The moment (RFC 3339) [default: now]
    #[arg(long, value_name = "T")]
    pub at: Option<String>,
    /// The whole time from then on, for so many days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=400))]
    pub days: Option<u16>,
}
