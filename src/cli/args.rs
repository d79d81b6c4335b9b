//! The command line: every command, flag and its help, once. Man pages and completions are made from it.

mod drill;
mod explain;
mod incident;
mod oncall;
mod report;

pub use drill::{DrillCommand, PlanArgs};
pub use explain::{ExplainCommand, WhyNotArgs};
pub use incident::{Decision, IncidentAct, IncidentCommand};
pub use oncall::{OncallCommand, ShowArgs};
pub use report::{ReportArgs, ReportCommand};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Watches who gets in: tails access logs, detects anomalies, mails explained alerts until somebody acknowledges
#[derive(Debug, Parser)]
#[command(name = "gatewatch", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 ok; 1 findings, failed tests, degraded; 2 usage; 3 config, rule or grammar \
error; 4 I/O or runtime; 5 integrity failure."
)]
pub struct Cli {
    /// Settings that every command takes
    #[command(flatten)]
    pub global: Global,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that every command takes, before or after its name.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// State directory: store, control socket, Maildir (overrides store.directory)
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// One JSON object per line instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Colour in text
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// `series`.
#[derive(Debug, Subcommand)]
pub enum SeriesCommand {
    /// Judge each row of a `timestamp,value` file by the rows before it; prints CSV, also with --json
    Score {
        /// The file, with its header; `-` reads standard input
        file: PathBuf,
    },
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Also into a pipe.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon in the foreground
    Run(RunArgs),
    /// Check configuration, grammars and rules: every problem with its place
    Check(CheckArgs),
    /// Normalize the lines of a file and print one JSON object per event; stores nothing
    Parse(ParseArgs),
    /// List every grammar
    Formats(FormatsArgs),
    /// Run history through the same pipeline in event time and print the findings; mails nothing
    Replay(ReplayArgs),
    /// Run the sample lines of rules and grammars
    Test(TestArgs),
    /// Say why: how a line is read, what made a finding, or why a rule made none
    #[command(subcommand)]
    Explain(ExplainCommand),
    /// Let the running daemon read its configuration, grammars and rules again: all of it, or nothing changes
    Reload,
    /// Show how the running daemon is: sources, store, outbox, deadlines
    Status,
    /// Look at incidents and act on them
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Series of numbers
    #[command(subcommand)]
    Series(SeriesCommand),
    /// Who is on call, and why
    #[command(subcommand)]
    Oncall(OncallCommand),
    /// Mock incidents through the real path, measured stage by stage
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Reports as HTML and CSV
    #[command(subcommand)]
    Report(ReportCommand),
    /// Store and count matching findings without telling anybody, until an end
    #[command(subcommand)]
    Silence(SilenceCommand),
    /// Allow what a rule finds somewhere, for a time: findings are still stored and counted, and the owner is reminded
    #[command(subcommand)]
    Exception(ExceptionCommand),
    /// List the rules in force with their hits and the share of false alarms among the resolved incidents
    Rules(RulesArgs),
    /// Ask the store in SQL, read-only, with or without a running daemon
    Query(QueryArgs),
    /// The mail path
    #[command(subcommand)]
    Mail(MailCommand),
    /// Show the real daemon at work on sample logs that it writes live
    Demo(DemoArgs),
    /// Check this machine: configuration, permissions, store, disk, watches, relay
    Doctor,
    /// Measure this machine: ingest against bare inserts, line to mail
    Bench(BenchArgs),
    /// Print a JSON Schema, by which editors complete and check files as they are written
    Schema(SchemaArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Write the man pages into a folder
    Man(ManArgs),
}

/// `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Detect and record, but send no mail: letters are written to the log instead
    #[arg(long)]
    pub dry_run: bool,
}

/// `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Warnings count as errors
    #[arg(long)]
    pub strict: bool,
}

/// `parse`.
#[derive(Args, Debug)]
pub struct ParseArgs {
    /// Grammar or family by name, or `auto`
    #[arg(long, value_name = "NAME")]
    pub format: String,
    /// Zone of stamps that carry none (IANA name) [default: UTC]
    #[arg(long, value_name = "TZ")]
    pub timezone: Option<String>,
    /// Read time to assume (RFC 3339): stamps without a year are dated before it [default: now]
    #[arg(long, value_name = "T")]
    pub assume_now: Option<String>,
    /// Encoding of the file; a byte order mark in it wins
    #[arg(long, value_name = "NAME", default_value = "utf-8", value_parser = ["utf-8", "utf-16le", "utf-16be", "latin-1"])]
    pub encoding: String,
    /// File to read; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `formats`.
#[derive(Args, Debug)]
pub struct FormatsArgs {
    /// As a page of tables with framings and counts
    #[arg(long)]
    pub markdown: bool,
}

/// `replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// A file with its format, or with the name of a configured source; may be given several times
    #[arg(long = "source", value_name = "FORMAT=FILE")]
    pub sources: Vec<String>,
    /// The events of the store in place of files, in the order in which they were stored
    #[arg(long, conflicts_with = "sources")]
    pub from_store: bool,
    /// What differs: from the findings of a store [default: those that the daemon made], or from what the rules of this
    /// file or folder find in place of those of --rules; exit 1 when something does
    #[arg(long, value_name = "STORE_OR_RULES", num_args = 0..=1)]
    pub compare: Option<Option<PathBuf>>,
    /// Keep events and findings in this store (a new file)
    #[arg(long, value_name = "DB")]
    pub store: Option<PathBuf>,
    /// More rules
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// Leave the built-in rules out
    #[arg(long)]
    pub no_builtin: bool,
    /// Zone of stamps that carry none (IANA name) [default: UTC]
    #[arg(long, value_name = "TZ")]
    pub timezone: Option<String>,
    /// Read time to assume (RFC 3339) [default: now]
    #[arg(long, value_name = "T")]
    pub assume_now: Option<String>,
    /// Findings from this event time on
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Findings before this event time
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
}

/// `test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// Rule or grammar files or folders [default: everything shipped and configured]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// `silence`.
#[derive(Debug, Subcommand)]
pub enum SilenceCommand {
    /// Add one: owner, reason, scope and end are mandatory
    Add {
        /// Who answers for it
        #[arg(long)]
        owner: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Rule id
        #[arg(long)]
        rule: Option<String>,
        /// `key=value` of the finding's group
        #[arg(long)]
        entity: Option<String>,
        /// Source name
        #[arg(long)]
        source: Option<String>,
        /// How long from now (`90m`, `8h`, `7d`)
        #[arg(long = "for", value_name = "SPAN")]
        span: String,
    },
    /// Silences and how often each matched
    List,
    /// End one now
    End {
        /// Silence id
        id: String,
    },
}

/// `exception`.
#[derive(Debug, Subcommand)]
pub enum ExceptionCommand {
    /// Add one: owner, reason, ticket, scope and end are mandatory
    Add(ExceptionTerms),
    /// Exceptions in force, by their end, and how often each matched
    List {
        /// Those that have ended, too
        #[arg(long)]
        all: bool,
    },
    /// End one now
    End {
        /// Exception id
        id: String,
    },
}

/// The terms of an exception.
#[derive(Args, Debug)]
pub struct ExceptionTerms {
    /// Who answers for it, and is reminded before it ends: a person id
    #[arg(long)]
    pub owner: String,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// Where it was approved
    #[arg(long)]
    pub ticket: String,
    /// Rule id
    #[arg(long)]
    pub rule: Option<String>,
    /// `key=value` of the finding's group
    #[arg(long, value_name = "KEY=VALUE")]
    pub entity: Option<String>,
    /// Source name
    #[arg(long)]
    pub source: Option<String>,
    /// Network of the source address
    #[arg(long, value_name = "ADDRESS/BITS")]
    pub network: Option<String>,
    /// How long from now (`8h`, `90d`; at most a year)
    #[arg(long = "for", value_name = "SPAN", conflicts_with = "until")]
    pub span: Option<String>,
    /// Its last day in UTC, or the moment of its end (RFC 3339)
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
}

/// `rules`.
#[derive(Args, Debug)]
pub struct RulesArgs {
    /// One rule with its text and all its versions
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// Only rules that hit
    #[arg(long)]
    pub hit: bool,
}

/// `query`.
#[derive(Args, Debug)]
pub struct QueryArgs {
    /// One SELECT, or WITH ... SELECT
    #[arg(value_name = "SQL")]
    pub sql: Option<String>,
    /// How to print
    #[arg(long, default_value = "table")]
    pub format: QueryFormat,
    /// At most so many rows
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
    /// Stop after so many seconds
    #[arg(long, value_name = "S", default_value_t = crate::limits::QUERY_SECONDS_MAX)]
    pub timeout: u64,
    /// List the saved questions
    #[arg(long)]
    pub list: bool,
    /// Run a saved question
    #[arg(long, value_name = "NAME", conflicts_with = "sql")]
    pub saved: Option<String>,
}

/// How to print rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QueryFormat {
    /// For people.
    Table,
    /// For spreadsheets; cells that a spreadsheet would run get a leading apostrophe.
    Csv,
    /// For programs.
    Jsonl,
}

/// `mail`.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Let the running daemon send a test message through its own path and wait for the relay's answer
    Test {
        /// Where to
        #[arg(long, value_name = "ADDR")]
        to: String,
    },
}

/// `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// End after so long, with exit code 0 [default: until Ctrl-C]
    #[arg(long = "for", value_name = "SPAN")]
    pub span: Option<String>,
}

/// `bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Only this measurement; left out: ingest and latency
    pub what: Option<BenchWhat>,
    /// Lines per source type
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub lines: u64,
    /// Only this source type (fortigate and json are parsed only)
    #[arg(long, value_name = "KIND", value_parser = crate::cli::samples::KINDS)]
    pub source: Option<String>,
    /// Seconds of the line-to-mail measurement; 0 leaves it out
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub seconds: u64,
}

/// A measurement of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BenchWhat {
    /// Lines in memory to events, on one core
    Parse,
}

/// `schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Of which files
    pub what: SchemaOf,
}

/// Files that people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// gatewatch.toml: sections, keys and words
    Config,
    /// Rules: Sigma's keys and our own, fields and modifiers
    Rule,
    /// Grammars
    Grammar,
}

/// `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Folder for the pages
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
