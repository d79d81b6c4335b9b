//! Documents of our own about what is unusual. Their kind, their keys and their place are checked here; the statistics
//! are not built yet, and a document says so.
//!
//! ```yaml
//! baseline:
//!   family: D2                # or its name, count-burst
//!   rules: [vpn-logon]        # whose events are looked at
//!   group-by: [user]          # with `aliases`, as in a correlation
//!   field: bytes_out          # what is measured, where the family measures something
//!   learn: 14d                # how long it only learns
//! ```

use super::correlation::{check_keys, names, span};
use super::document::{Document, scalar};
use crate::config::report::{Grade, Problem, nearest};
use yaml_serde::Value;

const KEYS: [&str; 6] = ["family", "rules", "group-by", "aliases", "field", "learn"];

/// The families: number and name, and whether a `field` says what is measured.
const FAMILIES: [(&str, &str, bool); 14] = [
    ("D2", "count-burst", false),
    ("D3", "spray", false),
    ("D4", "login-novelty", false),
    ("D5", "travel", false),
    ("D6", "off-hours", false),
    ("D7", "volume", true),
    ("D8", "slow-drift", true),
    ("D9", "peer-misfit", true),
    ("D10", "dormant", false),
    ("D11", "service-account", false),
    ("D12", "shared-credential", false),
    ("D13", "new-edge", false),
    ("D14", "source-health", false),
    ("D15", "new-pattern", false),
];

/// Checks a document; the problem that it always has is that it finds nothing yet.
pub fn check(document: &Document, defined: impl Fn(&str) -> bool) -> Problem {
    match wrong(document, defined) {
        Err(problem) => problem,
        Ok(family) => {
            let message = format!(
                "the baseline family {family} is not built yet: this document is checked, but makes no finding"
            );
            Problem { grade: Grade::Warning, ..document.problem(&["baseline"], message) }
        }
    }
}

fn wrong(document: &Document, defined: impl Fn(&str) -> bool) -> Result<String, Problem> {
    let Some(Value::Mapping(keys)) = document.keys.get("baseline") else {
        return Err(document.problem(&["baseline"], "`baseline` is a mapping"));
    };
    let refuse = |key: &str, message: String| document.problem(&["baseline", key], message);
    check_keys(keys, &KEYS, "a baseline").map_err(|(key, message)| refuse(&key, message))?;
    let Some(family) = keys.get("family").and_then(scalar) else {
        return Err(refuse("family", "a baseline needs a `family`, from D2 to D15".into()));
    };
    let known =
        FAMILIES.iter().find(|(number, name, _)| family.eq_ignore_ascii_case(number) || family == *name);
    let Some((number, name, measures)) = known else {
        let near = nearest(&family, FAMILIES.iter().flat_map(|(number, name, _)| [*number, *name]));
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        return Err(refuse("family", format!("`{family}` is no family of baselines{hint}")));
    };
    let rules = names(keys.get("rules"));
    if rules.is_empty() {
        return Err(refuse("rules", "a baseline needs `rules`: whose events it looks at".into()));
    }
    if let Some(missing) = rules.iter().find(|name| !defined(name)) {
        return Err(refuse("rules", format!("the rule `{missing}` is not defined")));
    }
    match (measures, keys.contains_key("field")) {
        (true, false) => return Err(refuse("family", format!("{name} needs the `field` that is measured"))),
        (false, true) => return Err(refuse("field", format!("{name} measures no field"))),
        _ => {}
    }
    if *number != "D14" && names(keys.get("group-by")).is_empty() {
        return Err(refuse("family", format!("{name} needs `group-by`: whose habits it learns")));
    }
    span(keys, "learn").map_err(|message| refuse("learn", message))?;
    Ok(format!("{number} ({name})"))
}
