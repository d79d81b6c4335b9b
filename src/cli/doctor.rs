//! `doctor`: looks at this machine as the daemon would find it, and says what to do about each trouble.

use super::args::Global;
use super::out::{Out, Tone};
use super::{Done, Failure, act, exit, setup};
use crate::config::file::Config;
use crate::config::params::Setup;
use crate::desk::Ask;
use crate::desk::reply::{Condition, condition};
use crate::host::disk;
use crate::ledger::query::{QueryLimits, query};
use serde_json::json;
use std::fs;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

/// Less free space than this is a trouble.
const FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;
/// File notifications that the daemon wants to be able to have.
const WATCHES_MIN: u64 = 1_024;

/// What a check came to.
enum Verdict {
    Good(String),
    Bad(String),
}
use Verdict::{Bad, Good};

/// Runs every check; exit 1 when something is wrong.
///
/// # Errors
/// A [`Failure`] when stdout cannot be written.
pub fn run(global: &Global, out: &mut Out) -> Done {
    let read = crate::config::params::setup(&setup::request(global), setup::now()?);
    let mut results: Vec<(&str, Verdict)> = Vec::new();
    match &read {
        Ok(setup) => {
            results.push(("configuration", configuration(setup)));
            results.extend(logs(&setup.config).map(|verdict| ("log", verdict)));
            results.push(("store", store(&setup.config.store.directory)));
            results.push(("disk", free(&setup.config.store.directory)));
            results.extend(relays(&setup.config).map(|verdict| ("relay", verdict)));
            results.extend(replies(&setup.config, setup::now()?).map(|verdict| ("replies", verdict)));
        }
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            results.push((
                "configuration",
                Bad(format!("{} problem(s), see `gatewatch check`; first: {first}", problems.len())),
            ));
        }
    }
    results.push(("watches", watches()));
    results.push(("daemon", daemon(global)?));
    let bad = results.iter().filter(|(_, verdict)| matches!(verdict, Bad(_))).count();
    for (name, verdict) in &results {
        say(out, name, verdict)?;
    }
    Ok(if bad > 0 { exit::FOUND } else { exit::OK })
}

fn say(out: &mut Out, name: &str, verdict: &Verdict) -> Result<(), Failure> {
    let (word, tone, text) = match verdict {
        Good(text) => ("ok ", Tone::Good, text),
        Bad(text) => ("BAD", Tone::Bad, text),
    };
    if out.json {
        return out.object(&json!({"check": name, "ok": matches!(verdict, Good(_)), "message": text}));
    }
    out.line(format!("{} {name:14} {}", out.tone(tone, word), crate::schema::Printable(text)))
}

fn configuration(setup: &Setup) -> Verdict {
    match setup.warnings.len() {
        0 => Good(format!(
            "{} source(s), {} rule(s), no warning",
            setup.config.sources.len(),
            setup.rules.loaded()
        )),
        n => Bad(format!("{n} warning(s); `gatewatch check` tells them")),
    }
}

fn logs(config: &Config) -> impl Iterator<Item = Verdict> + '_ {
    config.sources.iter().flat_map(|source| source.paths.iter().map(move |path| (source, path))).map(
        |(source, path)| {
            let plain = !path.contains(['*', '?', '[']);
            match fs::File::open(path) {
                Ok(_) => Good(format!("{}: {path} can be read", source.name)),
                Err(error) if plain => Bad(format!(
                    "{}: {path}: {error}; the daemon's user must be able to read it (group adm)",
                    source.name
                )),
                Err(_) => {
                    let folder = Path::new(path).parent().unwrap_or(Path::new("/"));
                    let folder = if folder.to_string_lossy().contains(['*', '?', '[']) {
                        Path::new("/")
                    } else {
                        folder
                    };
                    match fs::read_dir(folder) {
                        Ok(_) => Good(format!("{}: {} can be listed", source.name, folder.display())),
                        Err(error) => Bad(format!("{}: {}: {error}", source.name, folder.display())),
                    }
                }
            }
        },
    )
}

fn store(directory: &Path) -> Verdict {
    if !directory.join(crate::ledger::FILE_NAME).exists() {
        return Good(format!("{} holds no store yet; the first start makes it", directory.display()));
    }
    match query(directory, "SELECT count(*) FROM sources", QueryLimits { seconds: 10, rows: 1 }) {
        Ok(_) => Good(format!("{} opens read-only", directory.display())),
        Err(error) => Bad(error.to_string()),
    }
}

fn free(directory: &Path) -> Verdict {
    let existing = directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    match disk::free_bytes(existing) {
        Ok(bytes) if bytes < FREE_BYTES_MIN => {
            Bad(format!("{} MiB free at {}; events need room", bytes >> 20, existing.display()))
        }
        Ok(bytes) => Good(format!("{} MiB free at {}", bytes >> 20, existing.display())),
        Err(error) => Bad(format!("{}: {error}", existing.display())),
    }
}

fn watches() -> Verdict {
    let path = "/proc/sys/fs/inotify/max_user_watches";
    match fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok()) {
        Some(n) if n < WATCHES_MIN => {
            Bad(format!("{path} is {n}; logs are then looked at every second only"))
        }
        Some(n) => Good(format!("{n} file notifications per user")),
        None => Good(format!("{path} cannot be read here")),
    }
}

/// A connection is made and dropped; `gatewatch mail test` goes the whole way.
fn relays(config: &Config) -> impl Iterator<Item = Verdict> + '_ {
    config.mail.relays.iter().map(|relay| {
        let name = format!("{}:{}", relay.host, relay.port);
        let connected = (relay.host.as_str(), relay.port).to_socket_addrs().and_then(|mut addresses| {
            let address = addresses.next().ok_or_else(|| std::io::Error::other("the name has no address"))?;
            TcpStream::connect_timeout(&address, Duration::from_secs(5))
        });
        match connected {
            Ok(_) => {
                Good(format!("{name} takes connections; `gatewatch mail test --to ADDR` goes the whole way"))
            }
            Err(error) => Bad(format!("{name}: {error}")),
        }
    })
}

/// The Maildir of replies, where there is one; its owner must be the store's.
fn replies(config: &Config, now: crate::schema::Timestamp) -> Option<Verdict> {
    let maildir = config.mail.reply_maildir.as_ref()?;
    let shown = maildir.display();
    let owner =
        fs::metadata(&config.store.directory).ok().map(|data| std::os::unix::fs::MetadataExt::uid(&data));
    Some(match condition(maildir, owner, now) {
        Condition::Missing => Bad(format!(
            "{shown} is not there: the daemon makes it where it may, and the mail server must deliver there"
        )),
        Condition::Wrong(why) => Bad(why),
        Condition::Good(0, _) => Good(format!(
            "{shown} can be read, and nothing ever came: `gatewatch mail test --to ADDR` waits for a report, and any reply shows the way"
        )),
        Condition::Good(came, waiting) => {
            Good(format!("{shown}: {came} mail(s) came, {waiting} not read yet"))
        }
    })
}

fn daemon(global: &Global) -> Result<Verdict, Failure> {
    Ok(match act::ask(global, &Ask::Ping) {
        Ok(Ok(_)) => Good("running".to_owned()),
        Ok(Err(error)) => Bad(error.to_string()),
        Err(_) => Bad("the configuration does not tell where its socket is".to_owned()),
    })
}
