//! Compares gatewatch's Sigma detections with other engines on the same events, rule by rule, and in speed.
//!
//! `gatewatch-oracle compare` asks `rsigma-eval`, `sql` asks SQL made by pySigma's SQLite backend, `speed` measures.
//! Every difference has to be explained in `differences.txt`; one that is not fails.

mod compare;
mod differences;
mod events;
mod near;
mod rules;
mod speed;
mod sql;
mod theirs;

use anyhow::{Result, bail};
use std::path::PathBuf;

/// Where things are, relative to this crate.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("compare") => compare::run(),
        Some("sql") => sql::run(std::env::args().nth(2)),
        Some("speed") => speed::run(),
        _ => bail!("usage: gatewatch-oracle compare | sql PYTHON | speed"),
    }
}
