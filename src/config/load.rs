//! From the file to a [`Config`], or to every problem that it has.

use super::check;
use super::defaults;
use super::file::Config;
use super::given::Given;
use super::report::{Grade, Problem};
use super::values::reason;
use super::walk::{Page, Section};
use super::{alerting, listen, schedules, sections};
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// Where the configuration is when the command line names none.
pub const STANDARD_FILE: &str = "/etc/gatewatch/gatewatch.toml";
/// Bytes of a configuration; a larger file is some other file.
const CONFIG_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reads the configuration: the named file, else [`STANDARD_FILE`], else the built-in defaults. Gives the
/// warnings beside it.
///
/// # Errors
/// Every problem of the file, warnings included, in the order of the file; at least one is an error.
pub fn load(path: Option<&Path>, given: &Given<'_>) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    let standard = Path::new(STANDARD_FILE);
    if path.is_none() && fs::metadata(standard).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok((defaults::defaults(given), Vec::new()));
    }
    let path = path.unwrap_or(standard);
    let name = path.display().to_string();
    let whole = |why: String| vec![Problem::file(Grade::Error, &name, why)];
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(CONFIG_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| whole(format!("cannot be read: {}", reason(&error))))?;
    if bytes.len() as u64 > CONFIG_BYTES_MAX {
        return Err(whole(format!("is longer than {CONFIG_BYTES_MAX} bytes; it is no configuration")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(error.as_bytes());
        let page = Page::new(&name, &text);
        page.error(error.utf8_error().valid_up_to(), "is not UTF-8 text");
        page.into_problems()
    })?;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    read(&name, &text, folder, given)
        .map(|(config, warnings)| (Config { file: Some(absolute.clone()), ..config }, warnings))
}

/// The folder of own grammars that the configuration names, before the rest is read: their names are
/// among [`Given::formats`]. `None` also where the file has problems; [`load`] tells them.
pub fn grammars_folder(path: Option<&Path>) -> Option<PathBuf> {
    written(path.unwrap_or(Path::new(STANDARD_FILE)), "normalize", "grammars")
}

/// The store's folder that the configuration names, whatever else is wrong with it or with its rules: who
/// acknowledges or looks must not be held up by somebody's unfinished change. `None` where none is named.
pub fn store_directory(path: Option<&Path>) -> Option<PathBuf> {
    written(path.unwrap_or(Path::new(STANDARD_FILE)), "store", "directory")
}

/// The path that a key of the file names.
fn written(path: &Path, section: &str, key: &str) -> Option<PathBuf> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(CONFIG_BYTES_MAX).read_to_string(&mut text).ok()?;
    let (document, _) = DeTable::parse_recoverable(&text);
    let written = document.get_ref().get(section)?.get_ref().get(key)?.get_ref().as_str()?;
    let absolute = std::path::absolute(path).ok()?;
    Some(absolute.parent()?.join(written))
}

/// Reads a configuration's text; relative paths count from `folder`.
///
/// # Errors
/// As [`load`].
pub fn read(
    file: &str,
    text: &str,
    folder: &Path,
    given: &Given<'_>,
) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    let page = Page::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        page.error(error.span().map_or(0, |span| span.start), error.message());
    }
    if !errors.is_empty() {
        return Err(page.into_problems());
    }
    let top = Section::open(&page, "", Some(document.get_ref()), 0);
    let config = config(top, folder, given);
    let problems = page.into_problems();
    if problems.iter().any(|problem| problem.grade == Grade::Error) {
        Err(problems)
    } else {
        Ok((config, problems))
    }
}

/// Reads every section, then checks them against each other.
fn config(top: Section<'_>, folder: &Path, given: &Given<'_>) -> Config {
    let parts = check::Parts {
        sources: top.tables("source", "source"),
        persons: top.tables("person", "person"),
        schedules: top.tables("schedule", "schedule"),
        policies: top.tables("policy", "policy"),
        routes: top.tables("route", "route"),
        top,
    };
    let mut config = defaults::defaults(given);
    config.store = sections::store(top.table("store", "store"), folder, given);
    config.grammars = sections::grammars(top.table("normalize", "normalize"), folder);
    config.detect = sections::detect(top.table("detect", "detect"), folder);
    config.identity = sections::identity(top.table("identity", "identity"), folder);
    config.geo = sections::geo(top.table("geo", "geo"), folder);
    config.mail = alerting::mail(top.table("mail", "mail"), folder, given, config.mail);
    config.webhooks = super::webhook::webhooks(&top.tables("webhook", "webhook"), folder, given);
    config.console = top.table("console", "console").socket("listen");
    config.drills = alerting::drills(&top.tables("drill", "drill"));
    config.metrics = listen::metrics(top.table("metrics", "metrics"));
    config.schedules = schedules::schedules(&parts.schedules);
    if top.value("source").is_some() {
        config.sources = sections::sources(&parts.sources, folder, given);
    }
    if top.value("person").is_some() {
        config.persons = alerting::persons(&parts.persons);
        config.policies = vec![defaults::policy(&config.persons)];
    }
    if top.value("policy").is_some() {
        config.policies = alerting::policies(&parts.policies);
        config.routes = defaults::routes(&config.policies);
    }
    if top.value("route").is_some() {
        config.routes = alerting::routes(&parts.routes);
    }
    check::check(&parts, &config, given);
    config
}
