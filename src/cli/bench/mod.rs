//! `bench`: figures of this machine, each a ratio within one run or a time between two moments of it.

mod ingest;
mod latency;
mod parse;
mod sink;

use super::args::{BenchArgs, BenchWhat, Global};
use super::out::{Out, Tone};
use super::{Done, Failure, exit, samples};
use serde_json::json;

/// Runs every measurement.
///
/// # Errors
/// A [`Failure`] when a measurement cannot be made.
pub fn run(_global: &Global, args: &BenchArgs, out: &mut Out) -> Done {
    if args.what == Some(BenchWhat::Parse) {
        parse(args, out)?;
        return Ok(exit::OK);
    }
    let folder = scratch()?;
    let measured = measure(args, &folder, out);
    // The scratch folder is ours alone; what cannot be removed is named, not hidden.
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        out.remark(&format!("cannot remove {}: {error}", folder.display()));
    }
    measured?;
    Ok(exit::OK)
}

fn measure(args: &BenchArgs, folder: &std::path::Path, out: &mut Out) -> Result<(), Failure> {
    heading(
        out,
        "ingest: tail + parse + detect + store, against bare inserts of the same rows with the same indexes",
    )?;
    let wanted = |kind: &&str| args.source.as_deref().is_none_or(|only| only == *kind);
    for kind in samples::STORED_KINDS.into_iter().filter(wanted) {
        let result = ingest::measure(kind, args.lines, &folder.join(kind))?;
        if out.json {
            out.object(&result.as_json())?;
        } else {
            out.line(result.as_text())?;
        }
        out.flush()?;
    }
    if args.seconds == 0 {
        return Ok(());
    }
    heading(out, "line written to mail accepted, at 1,000 lines/s")?;
    let result = latency::measure(args.seconds, &folder.join("latency"))?;
    if out.json {
        out.object(&json!({"bench": "latency", "mails": result.mails, "p50_ms": result.p50, "p99_ms": result.p99,
            "worst_ms": result.worst, "escalations": result.escalations, "escalation_late_worst_ms": result.late}))?;
    } else {
        out.line(result.as_text())?;
    }
    out.flush()
}

/// Normalize alone.
fn parse(args: &BenchArgs, out: &mut Out) -> Result<(), Failure> {
    heading(
        out,
        "parse: lines in memory to events on one core, against finding the line ends of the same bytes",
    )?;
    let wanted = |kind: &&str| args.source.as_deref().is_none_or(|only| only == *kind);
    for kind in samples::KINDS.into_iter().filter(wanted) {
        let result = parse::measure(kind, args.lines)?;
        if out.json {
            out.object(&result.as_json())?;
        } else {
            out.line(result.as_text())?;
        }
        out.flush()?;
    }
    Ok(())
}

fn heading(out: &mut Out, text: &str) -> Result<(), Failure> {
    if out.json { Ok(()) } else { out.line(out.tone(Tone::Strong, text)) }
}

fn scratch() -> Result<std::path::PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("gatewatch-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::runtime(format!("cannot make {}: {error}", folder.display())))?;
    Ok(folder)
}
