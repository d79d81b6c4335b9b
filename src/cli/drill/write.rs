//! The writing process: it appends the planned lines to the source's real file, as the service would, and flushes them.

use super::super::args::Global;
use super::super::out::Out;
use super::super::{Done, Failure, act, exit, setup};
use super::scenarios::{self, Scenario};
use crate::config::file::Source;
use crate::desk::Ask;
use crate::host::clock::SystemClock;
use crate::host::key::random;
use crate::ledger::read::Object;
use crate::ports::Clock;
use crate::schema::book::id_text;
use crate::schema::drill::DrillAct;
use crate::schema::wall::local;
use crate::schema::{Printable, Timestamp};
use crate::tail::siblings::{Packing, packing, rotated};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for the incident.
const WAIT: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// A word of at most 26 letters that nobody can guess, 5 bits for each.
pub fn word(length: usize) -> Result<String, Failure> {
    let bytes: [u8; 17] = random().map_err(Failure::runtime)?;
    Ok(id_text(&bytes).chars().take(length).collect())
}

/// A plan's marks, until they are used.
fn secret_file(state: &Path, id: &str) -> PathBuf {
    state.join("keys").join(format!("drill-{id}.json"))
}

/// The same file from just before the first line on: each mark counts once, so nothing is written a second time.
fn used_file(state: &Path, id: &str) -> PathBuf {
    secret_file(state, id).with_extension("used")
}

/// What was written: all that the daemon has to be told.
#[derive(Serialize, Deserialize)]
struct Written {
    times: Vec<Timestamp>,
    path: String,
}

/// What an earlier run left behind; `None` = nothing was written yet.
fn earlier(used: &Path, id: &str) -> Result<Option<Written>, Failure> {
    let text = match fs::read_to_string(used) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::runtime(format!("{}: {error}", used.display()))),
    };
    // Marks and no times: it ended between the first line and the last.
    serde_json::from_str(&text).map(Some).map_err(|_| {
        Failure::usage(format!(
            "the lines of drill {} were begun and not all written; each mark counts once: plan another",
            Printable(id)
        ))
    })
}

/// Replaces what stands in the file, whole or not at all.
fn note(used: &Path, written: &Written) -> Result<(), Failure> {
    let draft = used.with_extension("new");
    let store = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec(written)?)?;
        file.sync_all()?;
        fs::rename(&draft, used)
    };
    store().map_err(|error| Failure::runtime(format!("{}: {error}", used.display())))
}

/// Keeps a plan's marks where only this account reads them, until they are written.
pub fn keep(state: &Path, id: &str, marks: &[String]) -> Result<(), Failure> {
    let file = secret_file(state, id);
    let failed = |error: std::io::Error| Failure::runtime(format!("{}: {error}", file.display()));
    if let Some(folder) = file.parent().filter(|folder| !folder.exists()) {
        fs::DirBuilder::new().mode(0o700).create(folder).map_err(failed)?;
    }
    let mut opened =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).map_err(failed)?;
    opened.write_all(json!(marks).to_string().as_bytes()).and_then(|()| opened.sync_all()).map_err(failed)
}

/// `drill run`. Run again after it was interrupted, it writes nothing more, and tells the daemon what was written.
pub fn run(global: &Global, id: &str, out: &mut Out) -> Done {
    let (_, row) = super::find(global, id)?;
    let state = setup::state(global)?;
    let used = used_file(&state, id);
    if row.contains_key("written_at") {
        // The daemon knows it; its answer was not heard.
        if fs::remove_file(&used).is_ok() {
            return wait(global, id, out);
        }
        return Err(Failure::usage(format!(
            "drill {} was run before; each mark counts once: plan another",
            Printable(id)
        )));
    }
    let written = match earlier(&used, id)? {
        Some(written) => written,
        None => write(global, &row, id, &state)?,
    };
    let (lines, path) = (written.times.len(), written.path.clone());
    let told = DrillAct::Written { id: Arc::from(id), times: written.times, path: Arc::from(written.path) };
    let said = super::tell(global, told).map_err(|failure| {
        let hint = format!(
            "the lines are written; `gatewatch drill run {}` again tells the daemon so",
            Printable(id)
        );
        Failure::new(failure.code, format!("{}; {hint}", failure.message))
    })?;
    fs::remove_file(&used).map_err(Failure::runtime)?;
    if !out.json {
        out.line(format!("{}: {lines} lines into {path}", Printable(&said)))?;
        out.flush()?;
    }
    wait(global, id, out)
}

/// Writes the lines; what was written is noted beside the keys.
fn write(global: &Global, row: &Object, id: &str, state: &Path) -> Result<Written, Failure> {
    let now = setup::now()?;
    let closes = Timestamp::parse_rfc3339(&super::text(row, "closes_at")).unwrap_or_default();
    if now > closes {
        return Err(Failure::usage(format!(
            "the window of drill {} closed at {closes}; plan another",
            Printable(id)
        )));
    }
    let scenario = scenarios::find(&super::text(row, "scenario"))?;
    let config = setup::read(&setup::request(global))?.config;
    let source = super::source(&config, &super::text(row, "source"))?;
    let secret = secret_file(state, id);
    let failed = |error: std::io::Error| {
        let hint = "run the drill as the account that planned it";
        Failure::runtime(format!("{}: {error}; {hint}", secret.display()))
    };
    let kept = fs::read_to_string(&secret).map_err(failed)?;
    let marks: Vec<String> = serde_json::from_str(&kept).map_err(Failure::runtime)?;
    let path = live_file(&source.name, &source.paths)?;
    let file = open(&path)?;
    // Nothing is written that nobody would be told of.
    act::ask(global, &Ask::Status)?.map_err(Failure::runtime)?;
    let used = used_file(state, id);
    fs::rename(&secret, &used)
        .and_then(|()| File::open(used.parent().unwrap_or(state))?.sync_all())
        .map_err(failed)?;
    let times = append(file, &path, source, &scenario, &marks)?;
    let written = Written { times, path: path.display().to_string() };
    note(&used, &written)?;
    Ok(written)
}

/// The file into which the source's service writes now: the newest that is neither packed nor named like a rotated
/// one; where all are named so (a date in each name), the newest.
fn live_file(name: &str, paths: &[String]) -> Result<PathBuf, Failure> {
    let own = |path: &PathBuf| path.file_name().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    let plain = |path: &PathBuf| matches!(packing(&own(path)).0, Packing::Plain);
    let found = paths.iter().flat_map(|glob| crate::config::expand(glob)).filter(plain);
    let age = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
    let newest = found.max_by_key(|path| (rotated(&own(path)).is_empty(), age(path)));
    newest.ok_or_else(|| {
        Failure::runtime(format!("the source {name} has no file yet into which a drill could write"))
    })
}

fn unwritable(path: &Path, why: impl std::fmt::Display) -> Failure {
    let hint = "run the drill as an account that may write the log";
    Failure::runtime(format!("{}: {why}; {hint}", path.display()))
}

/// Opens a log for writing behind its end: a regular file in the folder that the source names, and nothing that a link
/// leads away to. Who runs a drill may be root, and the folder may be somebody else's.
fn open(path: &Path) -> Result<File, Failure> {
    let real = fs::canonicalize(path).map_err(|error| unwritable(path, error))?;
    let folder = path.parent().map(fs::canonicalize).transpose().map_err(|error| unwritable(path, error))?;
    if folder.is_none_or(|folder| !real.starts_with(folder)) {
        return Err(unwritable(path, "it leads out of its folder"));
    }
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file =
        File::from(rustix::fs::open(&real, flags, Mode::empty()).map_err(|error| unwritable(path, error))?);
    let is_file = file.metadata().map_err(|error| unwritable(path, error))?.is_file();
    if is_file { Ok(file) } else { Err(unwritable(path, "it is no regular file")) }
}

/// Appends line by line; the answer is when each was handed to the kernel.
fn append(
    mut file: File,
    path: &Path,
    source: &Source,
    scenario: &Scenario,
    marks: &[String],
) -> Result<Vec<Timestamp>, Failure> {
    let clock = SystemClock::new().map_err(Failure::runtime)?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    // Of the documentation's network (RFC 3849), another for each drill: a rule that found an address a moment ago
    // counts further lines of it there.
    let digest = Sha256::digest(marks.concat());
    let part = |at: usize| u16::from(digest[at]) << 8 | u16::from(digest[at + 1]);
    let address = format!("2001:db8:{:x}:{:x}::{:x}", part(0), part(2), part(4) | 1);
    let forms = scenario.lines.iter().flat_map(|lines| std::iter::repeat_n(&lines.text, lines.times));
    let mut times = Vec::new();
    for (number, (form, mark)) in forms.zip(marks).enumerate() {
        let stamp = local(&source.timezone, clock.now().utc).strftime("%b %e %H:%M:%S").to_string();
        let line = form
            .replace("{stamp}", &stamp)
            .replace("{iso}", &clock.now().utc.to_string())
            .replace("{host}", &host)
            .replace("{pid}", &(40_000 + number).to_string())
            .replace("{address}", &address)
            .replace("{port}", &(50_000 + number).to_string())
            .replace("{mark}", mark);
        // Before the write, so that no stage is told shorter than it was.
        times.push(clock.now().utc);
        file.write_all(format!("{line}\n").as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|error| unwritable(path, &error))?;
        if number + 1 < marks.len() {
            rest(Duration::from_millis(scenario.pause_ms));
        }
    }
    Ok(times)
}

#[expect(clippy::disallowed_methods, reason = "the command waits as the service that it plays would")]
fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// Waits for the incident and says which it is.
fn wait(global: &Global, id: &str, out: &mut Out) -> Done {
    let mut left = WAIT;
    loop {
        let (reader, row) = super::find(global, id)?;
        let incident = row.get("incident").and_then(Value::as_str);
        let shown = incident.and_then(|incident| reader.incident(incident).ok().flatten());
        if let Some(incident) =
            shown.filter(|incident| incident.contains_key("notified_at") || left.is_zero())
        {
            let number = super::text(&incident, "number");
            if out.json {
                out.object(
                    &json!({"id": id, "incident": incident.get("id"), "number": incident.get("number"),
                    "notified_at": incident.get("notified_at")}),
                )?;
            } else {
                let notified = super::text(&incident, "notified_at");
                out.line(format!(
                    "incident {number} is this drill; a notice of it was accepted at {notified}"
                ))?;
                out.line(format!(
                    "acknowledge and resolve it, then: gatewatch drill report {} --out DIR",
                    Printable(id)
                ))?;
            }
            return Ok(exit::OK);
        }
        if left.is_zero() {
            return Err(Failure::new(
                exit::FOUND,
                format!(
                    "no incident came of drill {} within {} s: the drill failed",
                    Printable(id),
                    WAIT.as_secs()
                ),
            ));
        }
        rest(LOOK);
        left = left.saturating_sub(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_is_written_into_the_live_file_and_never_behind_a_link() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in ["auth.log", "auth.log.1", "auth.log.2.gz"] {
            fs::write(at(name), "").unwrap();
        }
        let paths = [at("auth.log*").display().to_string()];
        assert_eq!(live_file("gate", &paths).unwrap(), at("auth.log"));
        assert!(open(&at("auth.log")).is_ok());
        fs::create_dir(at("logs")).unwrap();
        std::os::unix::fs::symlink(at("auth.log"), at("logs/away.log")).unwrap();
        assert!(open(&at("logs/away.log")).is_err());
        assert!(open(&at("logs")).is_err() && open(&at("none.log")).is_err());
    }
}
