//! From a [`Config`] to what each room works with, and the one way in that reads configuration, grammars
//! and rules together and reports every problem of all three.

use super::file::{ClockStarts, Config, Recipient, Source};
use super::report::{Grade, Problem};
use super::{Given, grammars, load, rules};
use crate::detect::logsource::Logsource;
use crate::detect::{self, RuleSet, SilenceParams};
use crate::escalate;
use crate::normalize::spec::{GrammarSpec, Target};
use crate::normalize::{GrammarSet, SourceParams};
use crate::pipeline;
use crate::schema::Timestamp;
use crate::triage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Configuration file; `None` = the usual place, else built-in defaults.
    pub file: Option<PathBuf>,
    /// In place of `store.directory`.
    pub state: Option<PathBuf>,
    /// Whether the daemon starts.
    pub starting: bool,
    /// More rule folders.
    pub rules: Vec<PathBuf>,
    /// Leave the built-in rules out.
    pub no_builtin: bool,
    /// Warnings of rules count as errors.
    pub strict: bool,
    /// The formats that are read; `None` = those of the configured sources.
    pub formats: Option<Vec<String>>,
}

/// How much was read of what people wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Grammars that were loaded.
    pub grammars: usize,
    /// Grammars that have an error.
    pub grammars_failed: usize,
    /// Files with rules.
    pub rule_files: usize,
    /// Rules that were loaded.
    pub rules: usize,
    /// Rule documents that could not be.
    pub rules_failed: usize,
}

/// Everything that people wrote, valid.
#[derive(Clone)]
pub struct Setup {
    /// The configuration.
    pub config: Config,
    /// The grammars.
    pub grammars: Arc<GrammarSet>,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// What works, but not as one might think.
    pub warnings: Vec<Problem>,
    /// How much there is of it.
    pub counts: Counts,
}

/// Reads configuration, grammars and rules.
///
/// # Errors
/// Every problem of all three, warnings included; at least one is an error.
pub fn setup(request: &Request, now: Timestamp) -> Result<Setup, Vec<Problem>> {
    let (problems, setup, _) = survey(request, now);
    match setup {
        Some(setup) => Ok(Setup { warnings: problems, ..setup }),
        None => Err(problems),
    }
}

/// The same with its counts, also when there is an error: every problem, and the setup if there is none.
pub fn survey(request: &Request, now: Timestamp) -> (Vec<Problem>, Option<Setup>, Counts) {
    let folder = super::grammars_folder(request.file.as_deref());
    let (set, grammars, mut problems) = grammar_set(folder.as_deref());
    let grammars_failed = files_of(&problems);
    let mut counts = Counts { grammars, grammars_failed, ..Counts::default() };
    let config = configuration(request, &set, now, &mut problems);
    let rules = load_rules(config.as_ref(), request, &set, &mut problems, &mut counts);
    let failed = problems.iter().any(|problem| problem.grade == Grade::Error);
    let setup = config.filter(|_| !failed).map(|config| {
        let (grammars, rules) = (set, Arc::new(rules));
        Setup { config, grammars, rules, warnings: Vec::new(), counts }
    });
    (problems, setup, counts)
}

/// The shipped grammars, compiled once: a reload stops reading for as long as it takes.
static SHIPPED: OnceLock<Arc<GrammarSet>> = OnceLock::new();

/// The grammars, how many of them were read, and what is wrong.
fn grammar_set(folder: Option<&Path>) -> (Arc<GrammarSet>, usize, Vec<Problem>) {
    if let (None, Some(shipped)) = (folder, SHIPPED.get()) {
        return (shipped.clone(), shipped.names().count(), Vec::new());
    }
    let (specs, mut problems) = match grammars::load(folder) {
        Ok(specs) => (specs, Vec::new()),
        Err(problems) => (grammars::load(None).unwrap_or_default(), problems),
    };
    let count = specs.len();
    let set = grammars::compile_all(specs).map(Arc::new).unwrap_or_else(|more| {
        problems.extend(more);
        Arc::default()
    });
    if folder.is_none() && problems.is_empty() {
        return (SHIPPED.get_or_init(|| set).clone(), count, problems);
    }
    (set, count, problems)
}

fn files_of(problems: &[Problem]) -> usize {
    problems.iter().map(|problem| problem.file.as_str()).collect::<BTreeSet<_>>().len()
}

fn configuration(
    request: &Request,
    set: &GrammarSet,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Option<Config> {
    let names: Vec<&str> = set.names().chain(set.families().map(|(family, _)| family)).collect();
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let given = Given {
        formats: &names,
        state: request.state.as_deref(),
        credentials: credentials.as_deref(),
        starting: request.starting,
        now,
    };
    match load(request.file.as_deref(), &given) {
        Ok((config, warnings)) => {
            problems.extend(warnings);
            Some(config)
        }
        Err(more) => {
            problems.extend(more);
            None
        }
    }
}

fn load_rules(
    config: Option<&Config>,
    request: &Request,
    set: &GrammarSet,
    problems: &mut Vec<Problem>,
    counts: &mut Counts,
) -> RuleSet {
    let mut folders: Vec<PathBuf> = config.map(|config| config.detect.rules.clone()).unwrap_or_default();
    folders.extend(request.rules.iter().cloned());
    let builtin = config.is_none_or(|config| config.detect.builtin) && !request.no_builtin;
    let disable = config.map(|config| config.detect.disable.clone()).unwrap_or_default();
    let (specs, found) = rules::load(&folders, builtin, &disable);
    problems.extend(found);
    let documents = specs.iter().filter(|spec| !spec.is_filter()).count();
    counts.rule_files = specs.iter().map(|spec| spec.file()).collect::<BTreeSet<_>>().len();
    let formats = request.formats.clone().unwrap_or_else(|| {
        let of = |config: &Config| config.sources.iter().map(|source| source.format.clone()).collect();
        config.map(of).unwrap_or_default()
    });
    let placeholders = config.map(|config| config.detect.placeholders.clone()).unwrap_or_default();
    let (rules, found) = rules::compile_with(specs, &logsources(set, &formats), &placeholders);
    problems.extend(found);
    counts.rules = rules.loaded();
    counts.rules_failed = documents.saturating_sub(rules.loaded());
    rules
}

/// What the grammars that may read the sources can make: a rule that asks for anything else cannot fire.
fn logsources(set: &GrammarSet, formats: &[String]) -> Vec<rules::LogsourceOfSource> {
    let reads = |spec: &GrammarSpec| {
        let name = |format: &String| {
            format == "auto" || *format == spec.name || spec.families().any(|family| family == format)
        };
        let kin = |format: &String| {
            let family = set.get(format).and_then(|grammar| grammar.spec().family.clone());
            family.is_some() && family == spec.family
        };
        formats.iter().any(|format| name(format) || kin(format))
    };
    let source = |spec: &GrammarSpec| rules::LogsourceOfSource {
        format: Arc::from(spec.name.as_str()),
        declared: declared(spec),
        extra: extra_keys(spec),
    };
    set.iter().map(|grammar| grammar.spec()).filter(|spec| reads(spec)).map(source).collect()
}

fn declared(spec: &GrammarSpec) -> Option<Logsource> {
    let (product, service, category) = &spec.logsource;
    let spelled = |name: &Option<String>| name.as_deref().map(Logsource::spelled);
    let source =
        Logsource { category: spelled(category), product: spelled(product), service: spelled(service) };
    (!source.is_empty()).then_some(source)
}

/// The keys of `extra` that a grammar of patterns can make; `None` for records, and for messages whose
/// `key=value` pairs are read, which bring their own.
fn extra_keys(spec: &GrammarSpec) -> Option<Vec<Arc<str>>> {
    let fed = !spec.fields.is_empty() || spec.messages.iter().any(|form| !form.fields.is_empty());
    if fed || spec.framings.iter().any(|framing| !framing.is_text()) {
        return None;
    }
    let mut keys: Vec<Arc<str>> = ["pid", "facility", "priority", "credential"].map(Arc::from).to_vec();
    for form in &spec.messages {
        let names = form
            .pattern
            .split("(?")
            .filter_map(|part| part.trim_start_matches('P').strip_prefix('<')?.split('>').next());
        keys.extend(names.map(Arc::from));
        keys.extend(form.set.iter().filter_map(|(target, _)| extra_name(target)));
    }
    keys.extend(spec.set.iter().filter_map(|(target, _)| extra_name(target)));
    Some(keys)
}

fn extra_name(target: &Target) -> Option<Arc<str>> {
    match target {
        Target::Extra(name) => Some(Arc::from(name.as_str())),
        Target::Column(_) => None,
    }
}

/// What the pure rooms need.
pub fn pipeline_params(setup: &Setup) -> pipeline::Params {
    let config = &setup.config;
    pipeline::Params {
        grammars: setup.grammars.clone(),
        sources: config.sources.iter().map(source_params).collect(),
        detect: detect::Params {
            rules: setup.rules.clone(),
            sources: config.sources.iter().map(silence).collect(),
        },
        triage: triage::Params { routes: routes(config), ..triage::Params::default() },
        escalate: escalate_params(config),
    }
}

/// A source as Normalize sees it.
pub fn source_params(source: &Source) -> SourceParams {
    SourceParams {
        name: Arc::from(source.name.as_str()),
        format: Arc::from(source.format.as_str()),
        timezone: source.timezone.clone(),
        lateness: source.lateness,
    }
}

fn silence(source: &Source) -> SilenceParams {
    let name = Arc::from(source.name.as_str());
    SilenceParams { source: name, silent_after: source.silent_after, required: source.required }
}

/// A route that names several types or sources becomes one route for each pair, in order.
fn routes(config: &Config) -> Vec<triage::Route> {
    let mut routes = Vec::new();
    // Nobody's role is known yet: such a route fits nobody.
    for route in config.routes.iter().filter(|route| route.role.is_empty()) {
        let types = route.incident_type.iter().map(|text| Some(Arc::from(text.as_str())));
        let types: Vec<Option<Arc<str>>> =
            if route.incident_type.is_empty() { vec![None] } else { types.collect() };
        let sources: Vec<Option<Arc<str>>> = match route.sources(config) {
            None => vec![None],
            Some(names) => names.into_iter().map(|name| Some(Arc::from(name))).collect(),
        };
        for incident_type in &types {
            for source in &sources {
                routes.push(triage::Route {
                    severity: route.severity.clone(),
                    incident_type: incident_type.clone(),
                    source: source.clone(),
                    hours: route.hours.clone(),
                    policy: Arc::from(route.policy.as_str()),
                });
            }
        }
    }
    routes
}

fn escalate_params(config: &Config) -> escalate::Params {
    let person = |person: &super::file::Person| escalate::Person {
        id: Arc::from(person.id.as_str()),
        name: Arc::from(person.name.as_str()),
        addresses: person.email.iter().map(|address| Arc::from(address.as_str())).collect(),
        zone: person.timezone.clone(),
    };
    escalate::Params {
        persons: config.persons.iter().map(|p| (Arc::from(p.id.as_str()), person(p))).collect(),
        policies: config.policies.iter().map(|p| (Arc::from(p.id.as_str()), policy(p, config))).collect(),
        schedules: config
            .schedules
            .iter()
            .map(|s| (Arc::from(s.id.as_str()), s.roster.clone()))
            .collect::<BTreeMap<_, _>>(),
        domain: Arc::from(config.mail.domain.as_str()),
        max_per_recipient_per_hour: config.mail.max_per_recipient_per_hour,
        relays: u32::try_from(config.mail.relays.len()).unwrap_or(u32::MAX).max(1),
        ..escalate::Params::default()
    }
}

fn policy(policy: &super::file::Policy, config: &Config) -> escalate::Policy {
    let recipients = |recipient: &Recipient| match recipient {
        Recipient::Person(id) => vec![escalate::Recipient::Person(Arc::from(id.as_str()))],
        Recipient::Schedule(id) => vec![escalate::Recipient::Schedule(Arc::from(id.as_str()))],
        Recipient::Party(party) => {
            let theirs = config.persons.iter().filter(|person| person.party.as_ref() == Some(party));
            theirs.map(|person| escalate::Recipient::Person(Arc::from(person.id.as_str()))).collect()
        }
    };
    let step = |step: &super::file::Step| escalate::Step {
        after: step.after,
        notify: step.notify.iter().flat_map(recipients).collect(),
    };
    escalate::Policy {
        notify_within: policy.notify_within,
        acknowledge_within: Some(policy.acknowledge_within),
        resolve_within: policy.resolve_within,
        acknowledgement_lasts: policy.acknowledgement_lasts,
        clock_starts: match policy.clock_starts {
            ClockStarts::Occurred => escalate::ClockStart::Occurred,
            ClockStarts::Read => escalate::ClockStart::Read,
            ClockStarts::Detected => escalate::ClockStart::Detected,
        },
        repeat_every: policy.repeat_every,
        steps: policy.steps.iter().map(step).collect(),
        duties: policy.duties.clone(),
    }
}
