//! The sections that say what is read and kept: store, sources, grammars, rules, registers, listeners.

use super::file::{DetectConfig, Encoding, GeoConfig, IdentityConfig, Source, StoreConfig};
use super::given::Given;
use super::globs;
use super::keys;
use super::values::reason;
use super::walk::{Found, Section};
use crate::limits::LATENESS_DEFAULT;
use crate::schema::Span;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The store's folder when no file names one.
pub const STATE_DEFAULT: &str = "gatewatch-state";
/// Payloads are kept so long unless the file says otherwise: a year and the audit after it.
pub(super) const RETENTION_DEFAULT: Span = Span::days(400);
/// Identity files are delivered daily; two hours of grace.
const STALE_DEFAULT: Span = Span::hours(26);
/// Budget of the statistical detectors.
pub(super) const FALSE_ALERTS_DEFAULT: f64 = 5.0;
/// More paths per source are a mistake in writing globs.
const PATHS_MAX: usize = 1_000;

/// `[store]`, over the built-in one.
pub(super) fn store(section: Section<'_>, folder: &Path, given: &Given<'_>) -> StoreConfig {
    let written = section.path("directory", folder);
    if section.exists() && section.value("directory").is_none() && given.state.is_none() {
        section.missing("directory", "the folder of the store, such as \"/var/lib/gatewatch\"");
    }
    StoreConfig {
        directory: given
            .state
            .map(Path::to_path_buf)
            .or(written)
            .unwrap_or_else(|| PathBuf::from(STATE_DEFAULT)),
        retention: section.span("retention", "1d", "36500d").unwrap_or(RETENTION_DEFAULT),
    }
}

/// `[[source]]`.
pub(super) fn sources(sections: &[Section<'_>], folder: &Path, given: &Given<'_>) -> Vec<Source> {
    let mut names = BTreeSet::new();
    sections.iter().map(|section| source(*section, folder, given, &mut names)).collect()
}

fn source(section: Section<'_>, folder: &Path, given: &Given<'_>, names: &mut BTreeSet<String>) -> Source {
    let paths = section.some_texts("paths", "name at least one file or glob");
    if paths.len() > PATHS_MAX {
        section.page.error(section.place("paths"), format!("paths: more than {PATHS_MAX}; use globs"));
    }
    let (timezone, timezone_name) = section.zone("timezone").unwrap_or((TimeZone::UTC, "UTC".to_owned()));
    Source {
        name: section.name("name", names),
        format: format(section, given),
        paths: paths.iter().map(|path| source_path(section, path, folder)).collect(),
        timezone,
        timezone_name,
        encoding: encoding(section),
        lateness: section.span("lateness", "0s", "7d").unwrap_or(LATENESS_DEFAULT),
        silent_after: section.span("silent_after", "1s", "365d"),
        provider: section.text("provider").map(|text| text.value),
        owner: section.text("owner").map(|text| text.value),
        required: section.switch("required").unwrap_or(false),
        line: section.page.line(section.at),
    }
}

/// A grammar's name, or `auto`: then each file's format is found by itself.
fn format(section: Section<'_>, given: &Given<'_>) -> String {
    let Some(text) = section.text("format") else {
        if section.value("format").is_none() {
            section.missing("format", "a name of `gatewatch formats`, or \"auto\"");
        }
        return String::new();
    };
    if text.value == "auto" || given.formats.contains(&text.value.as_str()) {
        return text.value;
    }
    let mut words = vec!["auto"];
    words.extend(given.formats.iter().copied());
    let unknown = super::walk::unknown_word("format", &text.value, &words);
    section.page.error(text.at, format!("{unknown} (`gatewatch formats` lists them all)"));
    text.value
}

fn source_path(section: Section<'_>, path: &Found<String>, folder: &Path) -> String {
    if path.value.is_empty() {
        return String::new();
    }
    if let Err(why) = globs::judge(&path.value) {
        section.page.error(path.at, format!("paths: \"{}\": {why}", path.value));
    }
    let full = folder.join(&path.value);
    if path.value.ends_with('/') || full.is_dir() {
        let files = format!("{}/*.log", path.value.trim_end_matches('/'));
        section.page.error(
            path.at,
            format!("paths: \"{}\" is a folder; name its files, such as \"{files}\"", path.value),
        );
    }
    full.display().to_string()
}

fn encoding(section: Section<'_>) -> Encoding {
    let meanings = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Latin1];
    section.word("encoding", keys::ENCODINGS, &meanings).unwrap_or_default()
}

/// `[normalize]`.
pub(super) fn grammars(section: Section<'_>, folder: &Path) -> Option<PathBuf> {
    let text = section.text("grammars")?;
    Some(section.present("grammars", &text, folder))
}

/// `[detect]`.
pub(super) fn detect(section: Section<'_>, folder: &Path) -> DetectConfig {
    let rules = section.texts("rules").unwrap_or_default();
    let rules = rules.iter().filter(|rule| !rule.value.is_empty());
    let mut disable = Vec::new();
    for rule in section.texts("disable").unwrap_or_default() {
        if disable.contains(&rule.value) {
            section.page.error(rule.at, format!("disable: \"{}\" stands twice", rule.value));
        }
        disable.push(rule.value);
    }
    let detect = DetectConfig {
        rules: rules.map(|rule| section.present("rules", rule, folder)).collect(),
        disable,
        builtin: section.switch("builtin").unwrap_or(true),
        false_alerts_per_week: section
            .positive("false_alerts_per_week", 10_000.0)
            .unwrap_or(FALSE_ALERTS_DEFAULT),
        placeholders: placeholders(section),
    };
    if !detect.builtin && detect.rules.is_empty() {
        section
            .page
            .error(section.place("builtin"), "builtin: false, and no rules: nothing would ever be detected");
    }
    detect
}

/// `[[detect.placeholder]]`.
fn placeholders(section: Section<'_>) -> BTreeMap<String, Vec<String>> {
    let mut known = BTreeMap::new();
    for table in section.tables("placeholder", "detect.placeholder") {
        let Some(name) = table.text("name") else {
            if table.value("name").is_none() {
                table.missing("name", "what stands between the percent signs of a rule");
            }
            continue;
        };
        if table.value("values").is_none() {
            table.missing("values", "what the placeholder stands for");
        }
        let values = table.some_texts("values", "a placeholder without values can never be filled in");
        let bare = name.value.trim_matches('%').to_owned();
        if known.insert(bare, values.into_iter().map(|found| found.value).collect()).is_some() {
            section.page.error(name.at, format!("name: \"{}\" stands twice", name.value));
        }
    }
    known
}

/// `[identity]`.
pub(super) fn identity(section: Section<'_>, folder: &Path) -> Option<IdentityConfig> {
    let stale_after = section.span("stale_after", "1m", "365d").unwrap_or(STALE_DEFAULT);
    match section.path("directory", folder) {
        Some(directory) => {
            if let Err(error) = std::fs::metadata(&directory) {
                let words = format!("directory: cannot read {}: {}", directory.display(), reason(&error));
                section.page.warn(section.place("directory"), words);
            }
            Some(IdentityConfig { directory, stale_after })
        }
        None => {
            if section.exists() && section.value("directory").is_none() {
                section.missing("directory", "the folder of people.csv and the others");
            }
            None
        }
    }
}

/// `[geo]`.
pub(super) fn geo(section: Section<'_>, folder: &Path) -> GeoConfig {
    GeoConfig { country: section.path("country", folder), asn: section.path("asn", folder) }
}
