//! The JSON Schema (draft 2020-12) of the configuration, for editors: its sections, keys and words, from the tables
//! that the reader goes by. What a value may be beyond that, `gatewatch check` says.

use super::keys::{CLOCK_STARTS, ENCODINGS, SECTIONS, SEVERITIES, TLS, TRIGGERS, of};
use serde_json::{Map, Value, json};

/// Sections of which a file may have several: `[[NAME]]`.
const LISTS: [&str; 12] = [
    "source",
    "detect.placeholder",
    "mail.relay",
    "person",
    "schedule",
    "schedule.layer",
    "schedule.override",
    "policy",
    "policy.step",
    "policy.duty",
    "route",
    "drill",
];

/// The schema of a configuration file.
pub fn schema() -> Value {
    let mut root = section("");
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("The configuration of gatewatch");
    root
}

fn section(name: &str) -> Value {
    let properties: Map<String, Value> =
        of(name).iter().map(|key| ((*key).to_owned(), value(name, key))).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn value(parent: &str, key: &str) -> Value {
    let name = if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") };
    let words = |words: &[&str]| json!({"enum": words});
    match name.as_str() {
        list if LISTS.contains(&list) => json!({"type": "array", "items": section(list)}),
        inner if SECTIONS.iter().any(|(known, _)| *known == inner) => section(inner),
        "source.encoding" => words(ENCODINGS),
        "mail.relay.tls" => words(TLS),
        "policy.clock_starts" => words(CLOCK_STARTS),
        "policy.duty.trigger" => words(TRIGGERS),
        "route.severity" | "policy.duty.severity" => json!({"type": "array", "items": words(SEVERITIES)}),
        _ => json!({"type": ["string", "number", "boolean", "array"]}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table, list and value of the shipped files has its place in the schema, of that kind.
    fn judge(schema: &Value, value: &Value, at: &str) {
        match (value, schema["type"].as_str()) {
            (Value::Object(table), Some("object")) => {
                for (key, inner) in table {
                    judge(&schema["properties"][key], inner, &format!("{at}.{key}"));
                }
            }
            (Value::Array(items), Some("array")) => {
                items.iter().for_each(|item| judge(&schema["items"], item, at))
            }
            (scalar, None) => match schema["enum"].as_array() {
                Some(words) => assert!(words.contains(scalar), "{at}"),
                None => assert!(!scalar.is_object() && schema["type"].is_array(), "{at}"),
            },
            _ => panic!("{at}: {schema}"),
        }
    }

    #[test]
    fn the_shipped_configurations_are_valid() {
        for text in
            [include_str!("../../config/gatewatch.toml"), include_str!("../../config/gatewatch.minimal.toml")]
        {
            let table: toml::Table = text.parse().unwrap();
            judge(&schema(), &serde_json::to_value(table).unwrap(), "");
        }
        assert!(LISTS.iter().all(|list| SECTIONS.iter().any(|(known, _)| known == list)));
    }
}
