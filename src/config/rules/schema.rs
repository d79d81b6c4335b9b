//! The JSON Schema (draft 2020-12) of rule documents, for editors: made from the tables that the reader goes by, so that
//! both know the same keys and words. A file may hold several documents; each is one of these.

use super::modifiers::MODIFIERS;
use super::{KEYS, OUR_KEYS, correlation, fixtures};
use crate::config::shape::{object, one_or_many};
use crate::detect::field::Field;
use crate::detect::logsource::known_names;
use crate::schema::Severity;
use serde_json::{Map, Value, json};

/// A span of time as rules write it.
const SPAN: &str = r"^\d+\s*(us|ms|s|m|h|d|w|M|y)$";

/// The schema of one rule document.
pub fn schema() -> Value {
    let mut root = object(&KEYS, key);
    // Foreign rules carry keys of their own; a key of ours that is a slip is told by `check`.
    root["additionalProperties"] = json!(true);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("A rule of gatewatch: a Sigma document, or one of its own");
    root["anyOf"] = ["detection", "correlation", "filter", "absence", "baseline"]
        .iter()
        .map(|kind| json!({"required": [kind]}))
        .collect();
    root["dependentRequired"] = json!({"detection": ["logsource"]});
    root["$defs"] = json!({
        "scalar": {"type": ["string", "number", "boolean", "null"]},
        "span": {"type": "string", "pattern": SPAN, "description": "a time such as 10m, 2h or 1d"},
        "values": one_or_many(json!({"$ref": "#/$defs/scalar"})),
        "selection": selection(),
    });
    root
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn key(key: &str) -> Value {
    let list = json!({"type": "array", "items": {"type": "string"}});
    match key {
        "title" => text("one line; it is the subject of the mail"),
        "id" => text("the rule's name in findings, exceptions and the configuration; unique"),
        "name" => text("by which correlations may refer to it, too"),
        "status" => json!({"enum": ["stable", "test", "experimental", "deprecated", "unsupported"]}),
        "level" => json!({"enum": levels()}),
        "references" | "tags" | "fields" => list,
        "falsepositives" => one_or_many(json!({"type": "string"})),
        "date" | "modified" => json!({"type": "string", "description": "YYYY-MM-DD"}),
        "logsource" => logsource(),
        "detection" => json!({
            "type": "object",
            "required": ["condition"],
            "properties": {"condition": one_or_many(json!({"type": "string"}))},
            "additionalProperties": {"$ref": "#/$defs/selection"},
        }),
        "correlation" => correlation_of(),
        "gatewatch" => object(&OUR_KEYS, our_key),
        "absence" | "baseline" | "filter" => json!({"type": "object"}),
        _ => json!({}),
    }
}

fn levels() -> Vec<&'static str> {
    let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical].map(Severity::name);
    std::iter::once("informational").chain(all).collect()
}

fn logsource() -> Value {
    let names = json!({"type": "string", "examples": known_names().collect::<Vec<_>>()});
    json!({
        "type": "object",
        "minProperties": 1,
        "properties": {"category": names, "product": names, "service": names, "definition": {"type": "string"}},
        "additionalProperties": false,
    })
}

/// Fields with modifiers and their values, or plain texts that are looked for in the raw line; a list is one of several.
fn selection() -> Value {
    let fields: Map<String, Value> =
        Field::known_names().map(|name| (name.to_owned(), json!({"$ref": "#/$defs/values"}))).collect();
    let modifiers = format!(r"^[^|]*(\|({}|expand|minute|hour|day|week|month|year))*$", MODIFIERS.join("|"));
    let map = json!({
        "type": "object",
        "minProperties": 1,
        "properties": fields,
        "propertyNames": {"pattern": modifiers},
        "additionalProperties": {"$ref": "#/$defs/values"},
    });
    json!({"anyOf": [
        map,
        {"type": ["string", "number"]},
        {"type": "array", "minItems": 1, "items": {"anyOf": [map, {"type": ["string", "number"]}]}},
    ]})
}

fn correlation_of() -> Value {
    let mut shape = object(&correlation::KEYS, |key| match key {
        "type" => json!({"enum": correlation::TYPES}),
        "rules" | "group-by" => one_or_many(json!({"type": "string"})),
        "timespan" => json!({"$ref": "#/$defs/span"}),
        "generate" => {
            json!({"type": "boolean", "description": "whether the rules that it names find on their own as well"})
        }
        "aliases" => json!({"type": "object"}),
        "condition" => json!({
            "type": ["object", "string"],
            "properties": {
                "field": one_or_many(json!({"type": "string"})),
                "gt": {"type": "number"}, "gte": {"type": "number"}, "lt": {"type": "number"},
                "lte": {"type": "number"}, "eq": {"type": "number"}, "neq": {"type": "number"},
                "percentile": {"type": "number"},
            },
        }),
        _ => json!({}),
    });
    shape["required"] = json!(["type", "rules"]);
    shape
}

fn our_key(key: &str) -> Value {
    match key {
        "incident_type" => text("what kind of incident its findings open"),
        "owner" => text("who answers for the rule"),
        "control" => text("the control of the catalogue that it serves"),
        "advice" => text("what to do first; it stands in the mail"),
        "what" => text("what is counted, in words: failed logins"),
        "lateness" => json!({"$ref": "#/$defs/span"}),
        "generate" => {
            json!({"type": "boolean", "description": "whether it finds on its own although a correlation refers to it"})
        }
        "tests" => {
            let mut test = object(&fixtures::KEYS, |key| match key {
                "fires" => json!({
                    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "array", "items": {"type": "string"}}],
                    "description": "how many findings, or the entities of all of them",
                }),
                "name" => json!({"enum": fixtures::NAMES}),
                "also" => {
                    let mut log = object(&["format", "lines"], |_| json!({"type": "string"}));
                    log["required"] = json!(["format", "lines"]);
                    json!({"type": "array", "items": log, "description": "further logs, each a file of its own"})
                }
                "silent_after" | "silent_for" => json!({"$ref": "#/$defs/span"}),
                _ => json!({"type": "string"}),
            });
            test["required"] = json!(["fires", "format", "lines"]);
            json!({"type": "array", "items": test})
        }
        _ => json!({}),
    }
}
