//! What no section can see alone: names that point to each other, sources that overlap, deadlines that
//! cannot be kept, incidents that nobody would be told about.

use super::file::{Config, Policy, Route, Source};
use super::given::Given;
use super::globs;
use super::keys;
use super::walk::{Section, unknown_word};
use crate::schema::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The sections whose items are checked against each other, each beside its list in [`Config`].
pub(super) struct Parts<'p> {
    pub top: Section<'p>,
    pub sources: Vec<Section<'p>>,
    pub persons: Vec<Section<'p>>,
    pub schedules: Vec<Section<'p>>,
    pub policies: Vec<Section<'p>>,
    pub routes: Vec<Section<'p>>,
}

/// Notes every problem between sections.
pub(super) fn check(parts: &Parts<'_>, config: &Config, given: &Given<'_>) {
    one_reader(parts, config);
    own_files(parts, config);
    accounts(parts, config);
    for section in &parts.persons {
        super::replies::deputies(*section, &person_ids(config));
        super::webhook::addresses(*section, &webhook_ids(config));
    }
    schedules(parts, config, given.now);
    for (section, policy) in parts.policies.iter().zip(&config.policies) {
        steps(*section, policy);
        recipients(*section, config);
    }
    routes(parts, config);
    empty_lists(parts);
}

/// No file is read by two sources: its lines would count twice.
fn one_reader(parts: &Parts<'_>, config: &Config) {
    let mut globs: BTreeMap<&str, usize> = BTreeMap::new();
    let mut files = BTreeMap::new();
    for (at, (section, source)) in parts.sources.iter().zip(&config.sources).enumerate() {
        for (index, glob) in source.paths.iter().enumerate().filter(|(_, glob)| !glob.is_empty()) {
            let place = section.place_of_item("paths", index);
            let other = |first: usize| match config.sources.get(first) {
                Some(other) if first != at => {
                    format!("the source \"{}\" (line {}) reads it, too", other.name, other.line)
                }
                _ => "it stands twice".to_owned(),
            };
            if let Some(first) = globs.insert(glob, at) {
                section.page.error(place, format!("paths: \"{glob}\": {}", other(first)));
                continue;
            }
            for file in globs::expand(glob) {
                let shown = file.display().to_string();
                if let Some(first) = files.insert(file, at).filter(|first| *first != at) {
                    let words = "only one of them will; narrow one of the globs";
                    section.page.warn(
                        place,
                        format!("paths: \"{glob}\": names {shown}, and {}; {words}", other(first)),
                    );
                    break;
                }
            }
        }
    }
}

/// The program does not read what it writes.
fn own_files(parts: &Parts<'_>, config: &Config) {
    let state =
        std::path::absolute(&config.store.directory).unwrap_or_else(|_| config.store.directory.clone());
    let own = ["gatewatch.db", "gatewatch.db-wal", "mail/new/letter", "mail/cur/letter", "keys/key"];
    for (section, source) in parts.sources.iter().zip(&config.sources) {
        for (index, glob) in source.paths.iter().enumerate() {
            if let Some(file) = own.iter().map(|name| state.join(name)).find(|path| globs::covers(glob, path))
            {
                let words =
                    format!("reads gatewatch's own files ({}): each alert would be input", file.display());
                section
                    .page
                    .error(section.place_of_item("paths", index), format!("paths: \"{glob}\": {words}"));
            }
        }
    }
}

/// An account is one person, else nobody could say who acted.
fn accounts(parts: &Parts<'_>, config: &Config) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (section, person) in parts.persons.iter().zip(&config.persons) {
        let Some(account) = person.account.as_deref() else { continue };
        if let Some(other) = seen.insert(account, &person.id) {
            let words = format!("account: \"{account}\" is already the account of \"{other}\"");
            section.page.error(section.place("account"), words);
        }
    }
}

fn person_ids(config: &Config) -> Vec<&str> {
    config.persons.iter().map(|person| person.id.as_str()).filter(|id| !id.is_empty()).collect()
}

fn webhook_ids(config: &Config) -> Vec<&str> {
    config.webhooks.iter().map(|hook| hook.id.as_str()).filter(|id| !id.is_empty()).collect()
}

fn schedules(parts: &Parts<'_>, config: &Config, now: Timestamp) {
    let persons = person_ids(config);
    for (section, schedule) in parts.schedules.iter().zip(&config.schedules) {
        super::schedules::check(*section, schedule, &persons, now);
    }
}

/// Steps that rise, and of which the first can keep the deadline.
fn steps(section: Section<'_>, policy: &Policy) {
    let place = |index: usize| section.place_in("step", index, "after");
    if let Some(first) = policy.steps.first().filter(|first| first.after >= policy.notify_within) {
        let words = format!(
            "after: the first step starts at {}, and notify_within ends at {}: the deadline cannot be met",
            first.after.in_words(),
            policy.notify_within.in_words()
        );
        section.page.error(place(0), words);
    }
    for (index, pair) in policy.steps.windows(2).enumerate() {
        if let [before, step] = pair
            && step.after < before.after
        {
            let words = format!("after: is before the step above it ({})", before.after.in_words());
            section.page.error(place(index + 1), words);
        }
    }
}

/// Recipients that exist.
fn recipients(section: Section<'_>, config: &Config) {
    let (persons, webhooks) = (person_ids(config), webhook_ids(config));
    let schedules: Vec<&str> = config.schedules.iter().map(|schedule| schedule.id.as_str()).collect();
    let parties: BTreeSet<&str> =
        config.persons.iter().filter_map(|person| person.party.as_deref()).collect();
    let parties: Vec<&str> = parties.into_iter().collect();
    let tables = section.value("step").and_then(|value| value.get_ref().as_array());
    let notes = tables.into_iter().flatten().filter_map(|item| item.get_ref().as_table()?.get("notify"));
    for written in notes.filter_map(|value| value.get_ref().as_array()).flatten() {
        let Some((kind, id)) = written.get_ref().as_str().and_then(|text| text.split_once(':')) else {
            continue;
        };
        let known = match kind {
            "person" => &persons,
            "schedule" => &schedules,
            "party" => &parties,
            "webhook" => &webhooks,
            _ => continue,
        };
        if id.is_empty() {
            continue;
        }
        let at = written.span().start;
        if !known.contains(&id) {
            section.page.error(at, unknown_word(&format!("notify: {kind}"), id, known));
        }
    }
}

/// Each incident has a policy, and each route can be reached.
fn routes(parts: &Parts<'_>, config: &Config) {
    let policies: Vec<&str> =
        config.policies.iter().map(|policy| policy.id.as_str()).filter(|id| !id.is_empty()).collect();
    let mut covered = BTreeSet::new();
    let mut used = BTreeSet::new();
    for (section, route) in parts.routes.iter().zip(&config.routes) {
        if !route.policy.is_empty() && !policies.contains(&route.policy.as_str()) {
            section.page.error(section.place("policy"), unknown_word("policy", &route.policy, &policies));
        }
        used.insert(route.policy.as_str());
        // A list whose words were all wrong is a problem already told, and covers nothing.
        let broken = route.severity.is_empty() && section.value("severity").is_some();
        let severities: Vec<&str> = match route.severity.as_slice() {
            [] => keys::SEVERITIES.to_vec(),
            some => some.iter().map(|severity| severity.name()).collect(),
        };
        if !broken && severities.iter().all(|severity| covered.contains(severity)) {
            let words = "this route never matches: the routes above it take every such incident";
            section.page.error(section.at, words);
        }
        known_traits(*section, route, config);
        if !broken && route.is_for_all() {
            covered.extend(severities);
        }
    }
    catch_all(parts, config, &covered);
    for (section, policy) in parts.policies.iter().zip(&config.policies) {
        if !parts.routes.is_empty() && !policy.id.is_empty() && !used.contains(policy.id.as_str()) {
            section
                .page
                .warn(section.place("id"), format!("no [[route]] leads to the policy \"{}\"", policy.id));
        }
    }
}

/// Sources, providers and owners that exist, together in one source at least.
fn known_traits(section: Section<'_>, route: &Route, config: &Config) {
    let of = |pick: fn(&Source) -> Option<&str>| -> Vec<&str> {
        let names: BTreeSet<&str> = config.sources.iter().filter_map(pick).collect();
        names.into_iter().collect()
    };
    let lists = [
        ("source", &route.source, of(|source| Some(&source.name))),
        ("provider", &route.provider, of(|source| source.provider.as_deref())),
        ("owner", &route.owner, of(|source| source.owner.as_deref())),
    ];
    let mut good = true;
    for (key, written, known) in lists {
        for (index, word) in written.iter().enumerate().filter(|(_, word)| !word.is_empty()) {
            if !known.contains(&word.as_str()) {
                section.page.error(section.place_of_item(key, index), unknown_word(key, word, &known));
                good = false;
            }
        }
    }
    if good && route.sources(config).is_some_and(|sources| sources.is_empty()) {
        section.page.error(
            section.at,
            "this route never matches: no [[source]] has all of its source, provider and owner",
        );
    }
    if !route.role.is_empty() {
        let words = "role: is not built yet (nobody's role is known): this route matches nothing, the ones below it decide";
        section.page.warn(section.place("role"), words);
    }
}

/// Every incident is taken by some route.
fn catch_all(parts: &Parts<'_>, config: &Config, covered: &BTreeSet<&str>) {
    if let Some(last) = parts.routes.last() {
        let left: Vec<&str> =
            keys::SEVERITIES.iter().copied().filter(|severity| !covered.contains(severity)).collect();
        if !left.is_empty() {
            let words = format!(
                "no route takes incidents of severity {}; let the last [[route]] have no condition",
                left.join(", ")
            );
            last.page.error(last.at, words);
        }
    } else if config.routes.is_empty() && !config.policies.is_empty() {
        let at = parts.policies.first().map_or(parts.top.at, |section| section.at);
        parts.top.page.error(at, "several policies and no [[route]]: say which incident takes which policy");
    }
}

/// `source = []` would switch off what leaving it out keeps.
fn empty_lists(parts: &Parts<'_>) {
    for key in ["source", "person", "policy", "route"] {
        let value = parts.top.value(key);
        if value.and_then(|value| value.get_ref().as_array()).is_some_and(|items| items.is_empty()) {
            parts.top.page.error(
                parts.top.place(key),
                format!("{key}: is empty; leave it out to take the built-in one"),
            );
        }
    }
}
