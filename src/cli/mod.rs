//! The commands, one file each. They dispatch and print; decisions live in the rooms.

pub mod act;
pub mod args;
pub mod arithmetic;
pub mod bench;
pub mod check;
pub mod csv;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod exception;
pub mod explain;
pub mod files;
pub mod formats;
pub mod generate;
pub mod incident;
pub mod junit;
pub mod mail;
pub mod oncall;
pub mod out;
pub mod parse;
pub mod progress;
pub mod query;
pub mod reload;
pub mod render;
pub mod replay;
pub mod report;
pub mod rules;
pub mod run;
pub mod samples;
pub mod series;
pub mod setup;
pub mod silence;
pub mod status;
pub mod test;
pub mod why;

use args::{Cli, Command};
use clap::Parser;
use out::Out;
use std::ffi::OsString;
use std::process::ExitCode;

/// Exit codes: part of the contract with scripts.
pub mod exit {
    /// All well.
    pub const OK: u8 = 0;
    /// Findings, failed tests, degraded.
    pub const FOUND: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// Configuration, rule or grammar error.
    pub const CONFIG: u8 = 3;
    /// I/O or runtime.
    pub const RUNTIME: u8 = 4;
    /// The store is damaged.
    pub const INTEGRITY: u8 = 5;
}

/// Why a command ended without success: the exit code, and what to say on stderr (what, where, what to do).
#[derive(Debug)]
pub struct Failure {
    /// One of [`exit`].
    pub code: u8,
    /// Empty when everything was said already.
    pub message: String,
}

impl Failure {
    /// A failure with its message.
    pub fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }
    /// I/O or runtime.
    pub fn runtime(message: impl std::fmt::Display) -> Failure {
        Failure::new(exit::RUNTIME, message.to_string())
    }
    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(exit::USAGE, message)
    }
}

/// What a command returns: its exit code, or why it failed.
pub type Done = Result<u8, Failure>;

/// Runs one command line.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::OK };
            // Nothing is left to do when even the usage cannot be printed.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let mut out = Out::new(&cli.global);
    match dispatch(&cli, &mut out) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if !failure.message.is_empty() {
                out.complain(&failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(cli: &Cli, out: &mut Out) -> Done {
    let global = &cli.global;
    match &cli.command {
        Command::Run(args) => run::run(global, args),
        Command::Check(args) => check::run(global, args, out),
        Command::Parse(args) => parse::run(global, args, out),
        Command::Formats(args) => formats::run(global, args, out),
        Command::Replay(args) => replay::run(global, args, out),
        Command::Test(args) => test::run(global, args, out),
        Command::Explain(command) => explain::run(global, command, out),
        Command::Reload => reload::run(global, out),
        Command::Status => status::run(global, out),
        Command::Incident(command) => incident::run(global, command, out),
        Command::Series(command) => series::run(command, out),
        Command::Oncall(command) => oncall::run(global, command, out),
        Command::Drill(command) => drill::run(global, command, out),
        Command::Report(command) => report::run(global, command, out),
        Command::Silence(command) => silence::run(global, command, out),
        Command::Exception(command) => exception::run(global, command, out),
        Command::Rules(args) => rules::run(global, args, out),
        Command::Query(args) => query::run(global, args, out),
        Command::Mail(command) => mail::run(global, command, out),
        Command::Demo(args) => demo::run(global, args, out),
        Command::Doctor => doctor::run(global, out),
        Command::Bench(args) => bench::run(global, args, out),
        Command::Schema(args) => generate::schema(args, out),
        Command::Completions(args) => generate::completions(args, out),
        Command::Man(args) => generate::man(args, out),
    }
}
