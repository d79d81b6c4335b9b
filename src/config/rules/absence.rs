//! Documents of our own about what did not come: A without B near it.
//!
//! ```yaml
//! absence:
//!   rules: [vpn-logon]        # what calls for it
//!   expects: [mfa-success]    # what must be near, one of these
//!   group-by: [user]          # with `aliases`, as in a correlation
//!   before: 10m               # so long before it
//!   after: 60s                # or so long after it
//! ```

use super::correlation::{Carried, How, Referred, check_keys, names, resolve, span};
use super::detection::Fields;
use super::document::{Document, scalar};
use crate::config::report::Problem;
use crate::detect::MATCH_SILENCE;
use crate::detect::rule::{Correlation, Counting, Near};
use crate::schema::Span;
use std::sync::Arc;
use yaml_serde::Value;

const KEYS: [&str; 6] = ["rules", "expects", "group-by", "aliases", "before", "after"];

/// Compiles the `absence` of a document; `referred` are its `rules`, then what it `expects`.
pub fn compile(
    document: &Document,
    referred: &[Referred<'_>],
    fields: &mut Fields,
) -> Result<(Correlation, Carried), Problem> {
    let Some(Value::Mapping(keys)) = document.keys.get("absence") else {
        return Err(document.problem(&["absence"], "`absence` is a mapping"));
    };
    let refuse = |key: &str, message: String| document.problem(&["absence", key], message);
    check_keys(keys, &KEYS, "an absence").map_err(|(key, message)| refuse(&key, message))?;
    let rules = names(keys.get("rules"));
    let expects = names(keys.get("expects"));
    if rules.is_empty() {
        return Err(refuse("rules", "an absence needs `rules`: what calls for something".into()));
    }
    if expects.is_empty() {
        return Err(refuse(
            "expects",
            "an absence needs `expects`: the rules of which one must match".into(),
        ));
    }
    if let Some(both) = rules.iter().find(|name| expects.contains(name)) {
        return Err(refuse("expects", format!("`{both}` cannot call for itself")));
    }
    let time = |key: &str| {
        // `0s` is the same as leaving it out.
        if keys.get(key).and_then(scalar).and_then(|text| Span::parse(&text)) == Some(Span::ZERO) {
            return Ok(Span::ZERO);
        }
        span(keys, key).map(|span| span.unwrap_or(Span::ZERO)).map_err(|message| refuse(key, message))
    };
    let (before, after) = (time("before")?, time("after")?);
    if before == Span::ZERO && after == Span::ZERO {
        return Err(refuse(
            "after",
            "an absence needs `after`, `before`, or both: how near it must be".into(),
        ));
    }
    let group_by: Vec<Arc<str>> = names(keys.get("group-by")).into_iter().map(Arc::from).collect();
    let how = |nth: usize| How { several: nth >= rules.len(), waits: true };
    let (references, carried) = resolve(keys, (&group_by, &[]), referred, fields, how)
        .map_err(|(key, message)| refuse(key, message))?;
    let near = Near { expected: rules.len(), before, after };
    let timespan = Span(before.0.saturating_add(after.0)).max(MATCH_SILENCE);
    let correlation = Correlation {
        counting: Counting::Missing,
        references,
        group_by,
        value_name: None,
        timespan,
        unless: None,
        limits: Vec::new(),
        steps: None,
        orders: Vec::new(),
        carries: Vec::new(),
        near: Some(near),
    };
    Ok((correlation, carried))
}
