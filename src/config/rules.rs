//! Rules: Sigma documents (YAML) and documents of our own, from files to a compiled rule set.
//!
//! Reading is in two steps. [`load`] finds documents and says which id counts when several files define it;
//! [`compile`] makes rules of them. A document that cannot work is left out and named with its place: as an error
//! when it has a `gatewatch:` block, else, because it is somebody else's, as a warning.

mod absence;
mod baseline;
mod condition;
mod correlation;
mod detection;
mod document;
mod encode;
mod files;
mod filter;
mod fixtures;
mod modifiers;
mod outline;
mod placeholders;
mod schema;
mod steps;
mod values;

pub use placeholders::Placeholders;

pub use fixtures::{Expected, Fixture, NAMES as TESTS, Outcome, fixtures, run_tests};
pub use outline::{Outline, outline};
pub use schema::schema;

use crate::config::report::{Grade, Problem, nearest};
use crate::detect::logsource::Logsource;
use crate::detect::rule::{Body, Correlation, Meta, Rule, RuleSet};
use crate::detect::{OVERFLOW_RULE, SILENT_RULE};
use crate::limits::LATENESS_DEFAULT;
use crate::schema::{Severity, Span};
use correlation::{Carried, Referred};
use detection::{Builder, Fields};
use document::{Document, scalar};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use yaml_serde::Value;

/// The shipped rules: path and text.
pub const BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtin_rules.rs"));
/// Top-level keys of Sigma and ours.
const KEYS: [&str; 25] = [
    "title",
    "id",
    "name",
    "related",
    "status",
    "description",
    "references",
    "author",
    "date",
    "modified",
    "tags",
    "logsource",
    "detection",
    "correlation",
    "filter",
    "fields",
    "falsepositives",
    "level",
    "license",
    "scope",
    "taxonomy",
    "absence",
    "baseline",
    "gatewatch",
    "regression_tests_path",
];
const OUR_KEYS: [&str; 9] =
    ["incident_type", "owner", "control", "lateness", "advice", "what", "generate", "unless", "tests"];

/// One document that counts.
#[derive(Clone, Debug)]
pub struct RuleSpec {
    /// Its id, else its name, else file and index.
    pub id: Arc<str>,
    /// The name by which correlations may refer to it, too.
    pub name: Option<Arc<str>>,
    /// Whether the configuration disables it.
    pub disabled: bool,
    document: Document,
}

/// What is known of a configured source's events.
#[derive(Clone, Debug, Default)]
pub struct LogsourceOfSource {
    /// The grammar that events name; for a family or `auto`, give one entry per grammar that may read a line.
    pub format: Arc<str>,
    /// What the grammar says it is (its `logsource`), beside what its name says.
    pub declared: Option<Logsource>,
    /// Every key of `extra` that the grammar can make; `None` where it takes over whatever the source has.
    pub extra: Option<Vec<Arc<str>>>,
}

impl RuleSpec {
    /// The file that it stands in.
    pub fn file(&self) -> &str {
        &self.document.file
    }
    /// Whether it is no rule, but narrows rules.
    pub fn is_filter(&self) -> bool {
        self.document.keys.contains_key("filter")
    }
    /// Whether it has a `gatewatch:` block.
    pub fn is_ours(&self) -> bool {
        self.document.ours
    }
    fn our(&self, key: &str) -> Option<&Value> {
        self.document.keys.get("gatewatch")?.get(key)
    }
    fn text(&self, key: &str) -> Option<String> {
        self.document.keys.get(key).and_then(scalar)
    }
}

/// Finds the documents of the shipped pack and of folders (or files). Of several with one id the last counts.
pub fn load(folders: &[PathBuf], builtin: bool, disable: &[String]) -> (Vec<RuleSpec>, Vec<Problem>) {
    let (mut problems, mut files) = (Vec::new(), Vec::new());
    if builtin {
        files.extend(BUILTIN.iter().map(|(path, text)| (format!("(built-in) {path}"), Arc::from(*text))));
    }
    for folder in folders {
        files::collect(folder, 0, &mut files, &mut problems);
    }
    let (specs, more) = read(&files, disable);
    problems.extend(more);
    (specs, problems)
}

/// The same as [`load`] for texts in memory: (file name, text).
pub fn read(files: &[(String, Arc<str>)], disable: &[String]) -> (Vec<RuleSpec>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut specs: Vec<RuleSpec> = Vec::new();
    let mut known: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for (file, text) in files {
        for (index, document) in Document::all(file, text, &mut problems).into_iter().enumerate() {
            let Some(spec) = spec(document, index, &mut problems) else { continue };
            match known.get(&spec.id).and_then(|at| specs.get_mut(*at)) {
                Some(before) => {
                    if before.file() == spec.file() {
                        problems.push(spec.document.problem(
                            &["id"],
                            format!("`{}` stands twice in this file; the last one counts", spec.id),
                        ));
                    }
                    *before = spec;
                }
                None => {
                    known.insert(spec.id.clone(), specs.len());
                    specs.push(spec);
                }
            }
        }
    }
    for id in disable {
        match known.get(id.as_str()).and_then(|at| specs.get_mut(*at)) {
            Some(spec) => spec.disabled = true,
            None => {
                let hint = nearest(id, known.keys().map(|id| &**id))
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                problems.push(Problem::file(
                    Grade::Warning,
                    "detect.disable",
                    format!("no rule is called `{id}`{hint}"),
                ));
            }
        }
    }
    (specs, problems)
}

fn spec(document: Document, index: usize, problems: &mut Vec<Problem>) -> Option<RuleSpec> {
    let name: Option<Arc<str>> = document.keys.get("name").and_then(scalar).map(Arc::from);
    let id = document.keys.get("id").and_then(scalar).map(Arc::from).or(name.clone());
    let id: Arc<str> = id.unwrap_or_else(|| format!("{}#{}", document.file, index + 1).into());
    if id.contains(char::is_control) || *id == *OVERFLOW_RULE {
        problems.push(document.problem(&["id"], "this id is reserved or holds control characters"));
        return None;
    }
    let wrong = document.keys.contains_key("action").then_some("action");
    if let Some(key) = wrong {
        problems.push(document.problem(&[key], format!("`{key}` documents are not supported yet")));
        return None;
    }
    if document.ours
        && let Some(key) = document.keys.keys().filter_map(Value::as_str).find(|key| !KEYS.contains(key))
    {
        let hint = nearest(key, KEYS).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        problems.push(document.problem(&[key], format!("unknown key `{key}`{hint}")));
        return None;
    }
    Some(RuleSpec { id, name, disabled: false, document })
}

/// Makes rules of documents. Without `sources`, every rule counts as one that can fire.
pub fn compile(specs: Vec<RuleSpec>, sources: &[LogsourceOfSource]) -> (RuleSet, Vec<Problem>) {
    compile_with(specs, sources, &Placeholders::new())
}

/// The same with values for the placeholders of `expand`.
pub fn compile_with(
    specs: Vec<RuleSpec>,
    sources: &[LogsourceOfSource],
    placeholders: &Placeholders,
) -> (RuleSet, Vec<Problem>) {
    let mut compiler = Compiler::new(&specs, sources, placeholders);
    compiler.read_filters();
    let (sequences, singles): (Vec<&RuleSpec>, Vec<&RuleSpec>) = specs
        .iter()
        .filter(|spec| !spec.is_filter())
        .partition(|spec| !correlation::references(&spec.document).is_empty());
    let (baselines, singles): (Vec<&RuleSpec>, Vec<&RuleSpec>) =
        singles.into_iter().partition(|spec| spec.document.keys.contains_key("baseline"));
    for spec in singles {
        compiler.add(spec);
    }
    // A correlation may refer to a correlation: each round adds those whose rules are all there.
    let mut waiting = sequences;
    loop {
        let before = waiting.len();
        let (ready, rest): (Vec<&RuleSpec>, Vec<&RuleSpec>) =
            waiting.into_iter().partition(|spec| compiler.is_ready(spec));
        ready.into_iter().for_each(|spec| compiler.add(spec));
        waiting = rest;
        if waiting.len() == before || waiting.is_empty() {
            break;
        }
    }
    for spec in waiting {
        compiler.refuse_unready(spec);
    }
    for spec in baselines.into_iter().filter(|spec| !spec.disabled) {
        let problem = match compiler.check_block(spec) {
            Ok(()) => baseline::check(&spec.document, |name| compiler.index.contains_key(name)),
            Err(problem) => problem,
        };
        compiler.problems.push(problem);
    }
    compiler.problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let declared =
        sources.iter().filter_map(|source| Some((source.format.clone(), source.declared.clone()?)));
    (RuleSet::new(compiler.rules, compiler.fields.list, declared.collect()), compiler.problems)
}

struct Compiler<'a> {
    specs: &'a [RuleSpec],
    sources: &'a [LogsourceOfSource],
    placeholders: &'a Placeholders,
    filters: Vec<filter::Filter<'a>>,
    fields: Fields,
    rules: Vec<Rule>,
    /// Index of a rule by id and by name.
    index: BTreeMap<Arc<str>, usize>,
    /// Ids and names that some correlation refers to, and whether such a one lets them make findings.
    referred: BTreeMap<String, bool>,
    /// What is known of each logsource: whether a source can feed it, and the keys it brings.
    seen: BTreeMap<Logsource, bool>,
    problems: Vec<Problem>,
}

impl<'a> Compiler<'a> {
    fn new(
        specs: &'a [RuleSpec],
        sources: &'a [LogsourceOfSource],
        placeholders: &'a Placeholders,
    ) -> Compiler<'a> {
        let mut referred = BTreeMap::new();
        for spec in specs.iter().filter(|spec| !spec.disabled) {
            let generates = correlation::generates(&spec.document);
            for name in correlation::references(&spec.document) {
                *referred.entry(name).or_insert(false) |= generates;
            }
            if let Some(name) = correlation::unless(&spec.document) {
                referred.entry(name).or_insert(false);
            }
        }
        let (fields, rules, problems) = (Fields::default(), Vec::new(), Vec::new());
        Compiler {
            specs,
            sources,
            placeholders,
            filters: Vec::new(),
            fields,
            rules,
            index: BTreeMap::new(),
            referred,
            seen: BTreeMap::new(),
            problems,
        }
    }

    fn is_ready(&self, spec: &RuleSpec) -> bool {
        needed(&spec.document).iter().all(|name| self.index.contains_key(name.as_str()))
    }

    fn refuse_unready(&mut self, spec: &RuleSpec) {
        let names = needed(&spec.document);
        let missing = names.iter().find(|name| !self.index.contains_key(name.as_str()));
        let name = missing.map_or("", String::as_str);
        let defined = self.specs.iter().any(|s| *s.id == *name || s.name.as_deref() == Some(name));
        let why = if defined {
            "cannot be used (see there), or refers back to this one".to_owned()
        } else {
            let near = nearest(name, self.index.keys().map(|id| &**id));
            near.map_or("is not defined".to_owned(), |near| format!("is not defined; did you mean `{near}`?"))
        };
        let is_unless = correlation::unless(&spec.document).as_deref() == Some(name);
        let block = if spec.document.keys.contains_key("absence") { "absence" } else { "correlation" };
        let path = if is_unless { ["gatewatch", "unless"] } else { [block, "rules"] };
        let problem = spec.document.problem_in(&path, name, 0, format!("the rule `{name}` {why}"));
        self.problems.push(problem);
    }

    fn add(&mut self, spec: &RuleSpec) {
        let reference = |name: &str| self.referred.get(name).copied();
        let referred = reference(&spec.id).or(spec.name.as_deref().and_then(reference));
        if spec.disabled && referred.is_none() {
            return;
        }
        let by_itself = spec.our("generate").and_then(Value::as_bool).or(referred).unwrap_or(true);
        match self.rule(spec, by_itself && !spec.disabled) {
            Ok(rule) => {
                let at = self.rules.len();
                self.index.insert(spec.id.clone(), at);
                if let Some(name) = &spec.name {
                    self.index.insert(name.clone(), at);
                }
                self.rules.push(rule);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    fn rule(&mut self, spec: &RuleSpec, generates: bool) -> Result<Rule, Problem> {
        let document = &spec.document;
        // What a filter says is part of what the rule is.
        let mut texts = vec![document.text().to_owned()];
        let kinds = ["detection", "correlation", "absence"];
        let kind = kinds.into_iter().filter(|key| document.keys.contains_key(*key)).collect::<Vec<_>>();
        let (body, enabled) = match kind.as_slice() {
            ["detection"] => {
                let source = detection::logsource(document)?;
                let keys = self.extra_keys(&source);
                let (filters, more) = self.filters_of(spec, &source);
                texts.extend(more);
                let (fields, placeholders) = (&mut self.fields, self.placeholders);
                let mut builder = Builder { document, fields, extra: keys.as_ref(), placeholders };
                let detection = detection::compile(&mut builder, filters)?;
                let enabled = self.can_feed(&detection.logsource);
                if !enabled && document.ours {
                    self.problems.extend(detection::slip(document, &detection.logsource));
                }
                (Body::Detection(detection), enabled)
            }
            ["correlation"] => self.correlation(document, correlation::compile)?,
            ["absence"] if *spec.id == *SILENT_RULE => (Body::Silence, true),
            ["absence"] => self.correlation(document, absence::compile)?,
            _ => return Err(document.problem(&[], "a document holds either `detection` or `correlation`")),
        };
        let mut meta = self.meta(spec, &body, enabled, generates)?;
        if texts.len() > 1 {
            meta.version = version(&texts.join("\n---\n"));
        }
        Ok(Rule { meta, body })
    }

    /// A document that refers to others.
    fn correlation(
        &mut self,
        document: &Document,
        compile: impl FnOnce(&Document, &[Referred<'_>], &mut Fields) -> Result<(Correlation, Carried), Problem>,
    ) -> Result<(Body, bool), Problem> {
        let names = correlation::references(document);
        let referred = names.into_iter().filter_map(|name| {
            let index = *self.index.get(name.as_str())?;
            Some((name, index, self.rules.get(index)?))
        });
        let referred: Vec<Referred<'_>> = referred.collect();
        let (mut correlation, carried) = compile(document, &referred, &mut self.fields)?;
        correlation.unless = correlation::excuse(document, &correlation, &self.index, &self.rules)?;
        let mut fed = referred.iter().map(|(_, _, rule)| rule.meta.enabled);
        let needs_all =
            correlation.is_sequence() && correlation.steps.is_none() && correlation.limits.is_empty();
        let enabled = if needs_all { fed.all(|fed| fed) } else { fed.any(|fed| fed) };
        for (index, fields) in carried.into_iter().filter(|(_, fields)| !fields.is_empty()) {
            if let Some(Body::Correlation(child)) = self.rules.get_mut(index).map(|rule| &mut rule.body) {
                child.carries = fields;
            }
        }
        Ok((Body::Correlation(correlation), enabled))
    }

    fn meta(&self, spec: &RuleSpec, body: &Body, enabled: bool, generates: bool) -> Result<Meta, Problem> {
        let document = &spec.document;
        let title: Arc<str> = spec.text("title").unwrap_or_else(|| spec.id.to_string()).into();
        let level = spec.text("level").unwrap_or_else(|| "medium".into());
        let severity = Severity::from_name(&level).ok_or_else(|| {
            const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
            let hint =
                nearest(&level, LEVELS).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let message = format!("`{level}` is no level; {} are{hint}", LEVELS.join(", "));
            document.problem_in(&["level"], &level, 0, message)
        })?;
        self.check_block(spec)?;
        let lateness = match spec.our("lateness").and_then(scalar) {
            None => LATENESS_DEFAULT,
            Some(text) => Span::parse(&text).ok_or_else(|| {
                document.problem(&["gatewatch", "lateness"], format!("`{text}` is not a time such as 2m"))
            })?,
        };
        let first = match body {
            Body::Correlation(c) => {
                c.references.first().and_then(|r| self.rules.get(r.rule)).map(|r| r.meta.what.clone())
            }
            _ => None,
        };
        let own = |key: &str| spec.our(key).and_then(scalar).map(Arc::<str>::from);
        Ok(Meta {
            id: spec.id.clone(),
            version: version(document.text()),
            what: own("what").or(first).unwrap_or_else(|| title.clone()),
            title,
            severity,
            incident_type: own("incident_type"),
            owner: own("owner"),
            control: own("control"),
            advice: own("advice"),
            lateness,
            text: document.text().into(),
            enabled,
            generates,
        })
    }

    fn check_block(&self, spec: &RuleSpec) -> Result<(), Problem> {
        let Some(block) = spec.document.keys.get("gatewatch") else { return Ok(()) };
        let Value::Mapping(keys) = block else {
            return Err(spec.document.problem(&["gatewatch"], "`gatewatch` is a mapping"));
        };
        if let Some(key) = keys.keys().filter_map(Value::as_str).find(|key| !OUR_KEYS.contains(key)) {
            let hint =
                nearest(key, OUR_KEYS).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(spec.document.problem(&["gatewatch", key], format!("unknown key `{key}`{hint}")));
        }
        if keys.contains_key("unless") && !spec.document.keys.contains_key("correlation") {
            let why = "only a correlation that counts gives way to another count";
            return Err(spec.document.problem(&["gatewatch", "unless"], why));
        }
        fixtures::of(spec).map(|_| ())
    }

    /// Whether a configured source can bring what a logsource names.
    fn can_feed(&mut self, logsource: &Logsource) -> bool {
        let sources = self.sources;
        if sources.is_empty() {
            return true;
        }
        let can = || sources.iter().any(|source| logsource.can_see(&source.format, source.declared.as_ref()));
        *self.seen.entry(logsource.clone()).or_insert_with(can)
    }

    /// The keys of `extra` that the sources of a logsource bring, where all of them are known.
    fn extra_keys(&self, logsource: &Logsource) -> Option<BTreeSet<&'a str>> {
        let mut keys = BTreeSet::new();
        let mut fed = false;
        for source in
            self.sources.iter().filter(|source| logsource.can_see(&source.format, source.declared.as_ref()))
        {
            keys.extend(source.extra.as_ref()?.iter().map(|key| &**key));
            fed = true;
        }
        fed.then_some(keys)
    }
}

/// The rules that a document names: they have to be there before it.
fn needed(document: &Document) -> Vec<String> {
    let mut names = correlation::references(document);
    names.extend(correlation::unless(document));
    names
}

fn version(text: &str) -> Arc<str> {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}
