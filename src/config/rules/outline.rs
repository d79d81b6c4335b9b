//! What a rule's text says of itself, for explanations: names and numbers as they are written. A text that is no rule gives
//! an empty outline.

use super::document::{members, scalar};
use yaml_serde::Value;

/// Names and numbers of a rule document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Names of the selections, in the order of the document.
    pub selections: Vec<String>,
    /// The condition of a detection as written.
    pub condition: String,
    /// `event_count`, `temporal` ...
    pub counting: Option<String>,
    /// The rules that a correlation refers to.
    pub rules: Vec<String>,
    /// The count that it gives way to.
    pub unless: Option<String>,
    /// The keys that it groups by.
    pub group_by: Vec<String>,
    /// Its window.
    pub timespan: Option<String>,
    /// Its limits, such as `gte 5`.
    pub limits: Vec<String>,
    /// The field whose values are counted.
    pub field: Option<String>,
}

/// The outline of a document.
pub fn outline(text: &str) -> Outline {
    let document: Value = yaml_serde::from_str(text).unwrap_or(Value::Null);
    let mut outline = Outline::default();
    if let Some(Value::Mapping(detection)) = document.get("detection") {
        let names = detection.keys().filter_map(Value::as_str).filter(|key| *key != "condition");
        outline.selections = names.map(str::to_owned).collect();
        let condition = detection.get("condition").map(members).unwrap_or_default();
        outline.condition = condition.into_iter().filter_map(scalar).collect::<Vec<_>>().join(" or ");
    }
    let Some(correlation) = document.get("correlation") else { return outline };
    let list = |key: &str| -> Vec<String> {
        correlation.get(key).map(members).unwrap_or_default().into_iter().filter_map(scalar).collect()
    };
    outline.unless = document.get("gatewatch").and_then(|block| block.get("unless")).and_then(scalar);
    outline.counting = correlation.get("type").and_then(scalar);
    (outline.rules, outline.group_by) = (list("rules"), list("group-by"));
    outline.timespan = correlation.get("timespan").and_then(scalar);
    if let Some(Value::Mapping(condition)) = correlation.get("condition") {
        for (key, value) in condition {
            match (key.as_str(), scalar(value)) {
                (Some("field"), value) => outline.field = value,
                (Some(key), Some(value)) => outline.limits.push(format!("{key} {value}")),
                _ => {}
            }
        }
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_the_names_in_their_order() {
        let text = "detection:\n  b: {x: 1}\n  a: {y: 2}\n  condition: b and not a\n";
        let detection = outline(text);
        assert_eq!(
            (detection.selections, &*detection.condition),
            (vec!["b".into(), "a".into()], "b and not a")
        );
        let text = "correlation:\n  type: value_count\n  rules: r\n  group-by: [src_ip]\n  timespan: 10m\n  condition: {gte: 5, field: user}\n";
        let correlation = outline(text);
        assert_eq!(
            (correlation.timespan.as_deref(), correlation.field.as_deref()),
            (Some("10m"), Some("user"))
        );
        assert_eq!((correlation.rules, correlation.limits), (vec!["r".to_owned()], vec!["gte 5".to_owned()]));
        assert_eq!(outline("["), Outline::default());
    }
}
