//! Sigma filter documents: one exclusion for many rules (specification 2.1, "Sigma Filters").
//!
//! A filter only takes matches away. Both spellings that are in use mean that: the specification's example says what to
//! leave out (`condition: selection`), pySigma's and the rules' repository's say what to keep (`condition: not
//! selection`). They are told apart by the condition itself: one that holds for an event without any of the filter's
//! fields says what to keep.

use super::detection::{self, Builder, Search};
use super::document::{members, scalar};
use super::{Compiler, RuleSpec};
use crate::config::report::{Problem, nearest};
use crate::detect::logsource::Logsource;
use crate::detect::rule::Expr;
use yaml_serde::Value;

/// A filter, before it meets a rule.
pub struct Filter<'a> {
    /// Its document.
    pub spec: &'a RuleSpec,
    logsource: Logsource,
    /// Ids and names of rules; empty means any.
    rules: Vec<String>,
}

impl<'a> Filter<'a> {
    /// Reads which rules a filter is for.
    pub fn read(spec: &'a RuleSpec) -> Result<Filter<'a>, Problem> {
        let document = &spec.document;
        let logsource = detection::logsource(document)?;
        let Some(Value::Mapping(keys)) = document.keys.get("filter") else {
            return Err(
                document.problem(&["filter"], "`filter` is a mapping of rules, selections and a condition")
            );
        };
        let rules = match keys.get("rules") {
            None => Vec::new(),
            Some(Value::String(any)) if any.eq_ignore_ascii_case("any") => Vec::new(),
            Some(list) => members(list).into_iter().filter_map(scalar).collect(),
        };
        Ok(Filter { spec, logsource, rules })
    }

    /// Whether it is for a rule: named or for any, and of the filter's log source.
    fn is_for(&self, spec: &RuleSpec, logsource: &Logsource) -> bool {
        self.covers(logsource) && (self.rules.is_empty() || self.names(spec))
    }

    fn names(&self, spec: &RuleSpec) -> bool {
        self.rules.iter().any(|rule| **rule == *spec.id || spec.name.as_deref() == Some(rule.as_str()))
    }

    /// Every part of the log source that the filter names is the rule's.
    fn covers(&self, rule: &Logsource) -> bool {
        let part = |own: &Option<Box<str>>, rule: &Option<Box<str>>| own.is_none() || own == rule;
        part(&self.logsource.category, &rule.category)
            && part(&self.logsource.product, &rule.product)
            && part(&self.logsource.service, &rule.service)
    }
}

/// What a filter's selections and condition leave over.
fn kept(mut search: Search) -> Search {
    if !search.holds_of_nothing() {
        search.condition = Expr::Not(Box::new(search.condition));
    }
    search
}

impl Compiler<'_> {
    /// Reads all filters and judges what they name.
    pub(super) fn read_filters(&mut self) {
        let specs = self.specs;
        for spec in specs.iter().filter(|spec| spec.is_filter() && !spec.disabled) {
            match Filter::read(spec) {
                Ok(filter) => {
                    self.problems.extend(wrong_names(&filter, specs));
                    // A filter that cannot be read is told once, not with each rule that it is for.
                    match self.search_of(spec) {
                        Ok(_) => self.filters.push(filter),
                        Err(problem) => self.problems.push(problem),
                    }
                }
                Err(problem) => self.problems.push(problem),
            }
        }
    }

    fn search_of(&mut self, spec: &RuleSpec) -> Result<Search, Problem> {
        let (fields, placeholders) = (&mut self.fields, self.placeholders);
        let mut builder = Builder { document: &spec.document, fields, extra: None, placeholders };
        builder.search("filter", &["rules"]).map(kept)
    }

    /// What the filters for a rule leave over, and their texts.
    pub(super) fn filters_of(
        &mut self,
        spec: &RuleSpec,
        logsource: &Logsource,
    ) -> (Vec<Search>, Vec<String>) {
        let fitting: Vec<&RuleSpec> =
            self.filters.iter().filter(|f| f.is_for(spec, logsource)).map(|f| f.spec).collect();
        let (mut searches, mut texts) = (Vec::new(), Vec::new());
        for filter in fitting {
            if let Ok(search) = self.search_of(filter) {
                searches.push(search);
                texts.push(filter.document.text().to_owned());
            }
        }
        (searches, texts)
    }
}

/// Rules that a filter names and that it cannot change.
fn wrong_names(filter: &Filter<'_>, specs: &[RuleSpec]) -> Vec<Problem> {
    let document = &filter.spec.document;
    let judge = |name: &String| {
        let found =
            specs.iter().find(|spec| *spec.id == **name || spec.name.as_deref() == Some(name.as_str()));
        let why = match found {
            None => {
                let known = specs.iter().filter(|spec| !spec.is_filter()).map(|spec| &*spec.id);
                let hint =
                    nearest(name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                format!("no rule is called `{name}`{hint}")
            }
            Some(rule) if !rule.document.keys.contains_key("detection") => {
                format!("`{name}` is no detection; filter the rules that it refers to")
            }
            Some(rule) => match detection::logsource(&rule.document) {
                Ok(source) if !filter.covers(&source) => {
                    format!("the filter's `logsource` is not that of `{name}`: it changes nothing there")
                }
                _ => return None,
            },
        };
        Some(document.problem_in(&["filter", "rules"], name, 0, why))
    };
    filter.rules.iter().filter_map(judge).collect()
}
