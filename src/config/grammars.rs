//! Grammar files: from TOML to [`GrammarSpec`], every problem with its place. Built-in ones lie in
//! `config/grammars/**.toml`; a folder of the operator's adds to them, and a file that gives the name of a
//! built-in grammar replaces it.
//!
//! A whole grammar, which shows every key:
//!
//! ```toml
//! name = "doorman"                    # contract: what sources and events call the format
//! family = "linux-auth"               # left out: none. A source of the family, or of a member, reads all its members;
//!                                     # ["linux-auth", "daemons"]: sources of `daemons` read it too, as a guest
//! description = "Doorman, the portal's own login service"
//! version = 1                         # counts up when the meaning of lines changes
//! fallback = false                    # true: what it reads is flagged `guessed`
//! framing = "syslog"                  # one of the framings below, or several: ["syslog", "json"]
//! programs = ["doorman", "doorman-*"] # syslog: tags that are claimed, ASCII case ignored; left out: any
//! logsource = { product = "linux", service = "doorman" }   # Sigma's names
//! set = { app = "doorman" }           # constants of every event; captures win over them, they over the header
//! map.outcome = { ok = "success", "*" = "failure" }        # words translated; `*` = any other, but not of a field that
//!                                     # is null, empty or a word for that (`-`, `N/A`): such is as if it were absent
//! roots = ["data", "event.detail"]    # records: `data.user` is also known as `user`, for `fields` and `when`; the
//!                                     # bare key wins, then the earlier root; `extra` keeps the whole key
//!
//! [fields]                            # json, key-value: fields that feed columns, in order of preference.
//! user = ["user.name", "login"]       # dotted paths, ASCII case ignored; a single one needs no brackets
//! time = ["ts", "date+time"]          # `+` joins fields with a blank
//! src = ["client", "forwarded|first"] # `|first` or `|last` of a list that commas part
//! target_user = ["to.0.name", "to[kind=User].name"]   # one of an array: by position, or by what a member has beside
//! "extra.request" = "req.id"          # a key of `extra`
//!                                     # In a grammar of syslog and plain messages alone the fields are the pairs
//!                                     # key=value in them; with a record framing beside, they are of records only.
//!
//! [[message]]                         # the first that fits wins
//! name = "login"
//! literal = "^login "                 # text that every such message holds; `^`: it begins with the rest
//! pattern = '^login (?<user>.*) from (?<src>\S+): (?<outcome>\w+)$'
//! class = "authentication"            # INTERFACE section 4; left out: base
//! activity = "logon"                  # left out: only the class is known
//! outcome = "failure"                 # left out: unknown; a captured or mapped outcome wins
//! attempt = "fails"                   # fails | hints | repeats | belongs | ends | admits | opens
//! set = { auth_method = "password" }
//! map.outcome = { granted = "success", refused = "failure" }
//! fields = { resource = "site" }      # as `[fields]`, for this form; wins over it for the same target, [] = nothing
//!
//! [[message]]                         # forms of records have tests (or nothing):
//! name = "logout"
//! when = { event = ["logout", "session.end*"], reason = "*" }   # `*` at either end: anything; alone: is there
//! unless = { user = "probe" }         # the name of a target that `fields` feeds: its first field with a value
//! class = "authentication"
//! activity = "logoff"
//!
//! [[message]]                         # a record with a message in a field, which the pattern reads; tests must hold too
//! name = "refused"
//! when = { event = "log" }
//! field = ["message", "msg"]          # a path, or several: the first that the pattern fits
//! literal = "^no entry for "
//! pattern = '^no entry for (?<user>.*) from (?<src>\S+)$'
//!
//! [[sample]]
//! now = "2026-11-23T12:00:00Z"        # the read time, for stamps without a year; this one if left out
//! lines = """
//! Nov 23 09:00:00 web1 doorman[7]: login ana from 192.0.2.7: granted
//! """
//! expect = [
//!   { user = "ana", src_ip = "192.0.2.7", outcome = "success", "extra.pid" = 7, reason = "" },   # "" = absent
//! ]                                   # `line = N` picks a line, else the first is of line 1, the second of 2 ...
//! ```
//!
//! Framings. `syslog` (every kind of header, also none) and `plain` hold a message of text. The others are records,
//! which may stand behind a syslog header:
//!
//! | framing | fields |
//! |---|---|
//! | `json` | one object, also behind other text; nested keys joined by dots, also those of an object in a string |
//! | `key-value` | `key=value` pairs |
//! | `cef` | deviceVendor, deviceProduct, deviceVersion, deviceEventClassId, name, severity, the keys of the extension as written, and each value that has a label (`cs1Label=Rule`) under that label too |
//! | `leef` | vendor, product, version, eventId, and the pairs |
//! | `csv` | by `[[layout]]`, else by the first line of the file; a cell without a name is `column.N` |
//! | `w3c` | by the last `#Fields:` line of the file |
//! | `xml` | a Windows event: `System.EventID`, `System.Provider.Name`, `EventData.TargetUserName`, `EventData.Data` (nameless ones), `UserData.Subject` |
//! | `audit` | Linux audit records: `type`, `types`, `time`, `serial`, `node`, the keys as written, also those in `msg='...'`; `KEY.name` (the meaning of KEY in enriched records), `cmdline` (EXECVE), `saddr.ip`, `saddr.port`, `saddr.path`, `paths`, `words` (text in no pair) |
//!
//! Lines that Docker (`json-file`), a container runtime (CRI) or the journal (`journalctl -o json`) wrapped are read as
//! what is inside; the wrapper's time counts where the inner line has none.
//!
//! ```toml
//! framing = "csv"
//! delimiter = ";"                     # a comma if left out
//! [[layout]]                          # the first that fits a line
//! columns = ["", "time", "kind", "user"]   # "": no name
//! when = { "2" = ["DOOR", "gate*"] }  # by position from 0; words as in a message's `when`
//! fields = 12                         # so many cells; "12+": or more; left out: any number
//! ```
//!
//! With several framings, forms with a pattern and no `field` read the messages of syslog and plain lines, the others
//! records. The words of `when` are compared without ASCII case, numbers by their text (`4625`), an array by its
//! members; a name there is a target before it is a field (`action`, `"extra.event_id"`). Of keys that differ by case
//! alone the one that is spelled as the path counts, and a grammar may ask for both (`auid` and `AUID`).
//!
//! Capture names and the keys of `set`, `map` and `fields` are targets: a column of the contract, or besides
//! `src` (address, `address:port` or host name: becomes src_ip and src_port, or src_host; `src_ip` takes addresses
//! only, `src_host` names only: what a client calls itself may look like an address), `dst`, `account`
//! (`DOMAIN\user` is split), `pid`, `time`, `class`, `activity`, `outcome`. A capture of another name, and
//! `extra.NAME` elsewhere, is a key of `extra`. `name__2` in a pattern is `name` again, for a second branch.
//! Groups may nest: `(?<action>(?<outcome>\w+))`. Patterns are the `regex` crate's, in linear time, on bytes.
//! The message of a syslog line stands behind header and tag, without blanks and without a stamp of its own.
//!
//! Speed: forms whose literal begins with `^` are picked by their first byte; one with a literal elsewhere, or
//! none, makes every line of the grammar be searched, so such forms stand last. A pattern in which the next byte
//! always decides (`\S+ `, `[^"]*"`) is matched in one pass; `.*` in the middle and branches that begin alike
//! cost several times as much, so a common line deserves a plain form of its own in front.

mod csv;
mod file;
mod sample;
mod schema;
mod words;

use super::report::{Grade, Problem};
use crate::normalize::grammar::{Grammar, GrammarError, GrammarSet};
use crate::normalize::spec::{Framing, GrammarSpec};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

pub use file::parse;
pub use sample::run_samples;
pub use schema::schema;

/// What grammar files call a framing.
pub fn framing_name(framing: Framing) -> &'static str {
    file::FRAMINGS.iter().find(|(_, known)| *known == framing).map_or("", |(name, _)| name)
}

/// (path, text) of the shipped grammars.
const BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtin_grammars.rs"));
/// What a shipped file's name begins with in messages.
const BUILTIN_MARK: &str = "(built-in) ";

/// The built-in grammars and those of a folder (searched with its subfolders), in order of their names.
///
/// # Errors
/// Every problem of every file.
pub fn load(folder: Option<&Path>) -> Result<Vec<GrammarSpec>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut specs: BTreeMap<String, GrammarSpec> = BTreeMap::new();
    let builtin = BUILTIN.iter().map(|(path, text)| (format!("{BUILTIN_MARK}{path}"), (*text).to_owned()));
    add_all(builtin, &mut specs, &mut problems);
    if let Some(folder) = folder {
        let mut own = BTreeMap::new();
        add_all(files(folder, &mut problems).into_iter(), &mut own, &mut problems);
        specs.append(&mut own);
    }
    if problems.is_empty() { Ok(specs.into_values().collect()) } else { Err(problems) }
}

/// The grammars of one file, or of a folder, alone.
///
/// # Errors
/// Every problem of every file.
pub fn load_only(path: &Path) -> Result<Vec<GrammarSpec>, Vec<Problem>> {
    let (mut problems, mut specs) = (Vec::new(), BTreeMap::new());
    let texts =
        if path.is_dir() { files(path, &mut problems) } else { texts(vec![path.to_owned()], &mut problems) };
    add_all(texts.into_iter(), &mut specs, &mut problems);
    if problems.is_empty() { Ok(specs.into_values().collect()) } else { Err(problems) }
}

fn add_all(
    files: impl Iterator<Item = (String, String)>,
    specs: &mut BTreeMap<String, GrammarSpec>,
    problems: &mut Vec<Problem>,
) {
    for (file, text) in files {
        let Some(spec) = parse(&file, &text, problems) else { continue };
        if let Some(other) = specs.get(&spec.name) {
            let what = format!("the grammar `{}` is also given by {}", spec.name, other.file);
            problems.push(Problem::file(Grade::Error, &file, what));
        } else {
            specs.insert(spec.name.clone(), spec);
        }
    }
}

/// The texts of a folder's `.toml` files, in order of their paths.
fn files(folder: &Path, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    if let Err(error) = collect(folder, 0, &mut paths) {
        let what = format!("cannot be read: {error}");
        problems.push(Problem::file(Grade::Error, &folder.display().to_string(), what));
    }
    paths.sort();
    texts(paths, problems)
}

fn texts(paths: Vec<PathBuf>, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for path in paths {
        let file = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => texts.push((file, text)),
            Err(error) => {
                problems.push(Problem::file(Grade::Error, &file, format!("cannot be read: {error}")))
            }
        }
    }
    texts
}

/// Folders nested deeper than this are not searched: a loop of links must end.
const FOLDER_DEPTH_MAX: usize = 8;

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if depth < FOLDER_DEPTH_MAX {
                collect(&path, depth + 1, paths)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Compiles all grammars and puts them together.
///
/// # Errors
/// Every problem, with its place in the file that the grammar came from.
pub fn compile_all(specs: Vec<GrammarSpec>) -> Result<GrammarSet, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut grammars = Vec::with_capacity(specs.len());
    for spec in specs {
        let file = spec.file.clone();
        match Grammar::compile(spec) {
            Ok(grammar) => grammars.push(grammar),
            Err(errors) => {
                let text = text_of(&file);
                problems.extend(errors.iter().map(|error| placed(&file, text.as_deref(), error)));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    GrammarSet::new(grammars)
        .map_err(|error| vec![Problem::file(Grade::Error, "grammars", error.to_string())])
}

/// The text of a grammar file, read once more to find a place in it.
fn text_of(file: &str) -> Option<String> {
    let builtin =
        file.strip_prefix(BUILTIN_MARK).and_then(|path| BUILTIN.iter().find(|(known, _)| *known == path));
    builtin.map(|(_, text)| (*text).to_owned()).or_else(|| fs::read_to_string(file).ok())
}

/// Finds the place of a grammar's error in the text of its file.
fn placed(file: &str, text: Option<&str>, error: &GrammarError) -> Problem {
    let Some(text) = text else { return Problem::file(Grade::Error, file, error.to_string()) };
    let byte = DeTable::parse(text).ok().and_then(|root| {
        let root = root.get_ref();
        let Some(at) = error.message else { return root.get(error.key).map(|value| value.span().start) };
        let message = root.get("message")?.get_ref().as_array()?.get(at)?;
        let Some(value) = message.get_ref().as_table()?.get(error.key) else {
            return Some(message.span().start);
        };
        let fault = value.get_ref().as_str().filter(|_| error.key == "pattern").and_then(|pattern| {
            // A pattern with escapes of TOML does not stand in the file as it is.
            let from = text.get(value.span())?.find(pattern)?;
            Some(from + words::fault_in(pattern)?)
        });
        Some(value.span().start + fault.unwrap_or(0))
    });
    match byte {
        Some(byte) => Problem::at(Grade::Error, file, text, byte, error.to_string()),
        None => Problem::file(Grade::Error, file, error.to_string()),
    }
}

#[cfg(test)]
mod tests;
