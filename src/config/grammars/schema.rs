//! The JSON Schema (draft 2020-12) of grammar files, for editors: made from the tables that the reader goes by, so
//! that both know the same keys and words.

use super::file::{
    FRAMINGS, GRAMMAR_KEYS, LAYOUT_KEYS, LOGSOURCE_KEYS, MESSAGE_KEYS, OUTCOMES, ROLES, SAMPLE_KEYS,
};
use crate::config::shape::{object, one_or_many};
use crate::normalize::column::{Column, EVENT_COLUMNS};
use crate::schema::{Class, Outcome};
use serde_json::{Map, Value, json};

/// The schema of one grammar file.
pub fn schema() -> Value {
    let mut root = object(&GRAMMAR_KEYS, grammar_key);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("A grammar of gatewatch");
    root["required"] = json!(["name", "framing"]);
    root["$defs"] = json!({
        "scalar": {"type": ["string", "number", "boolean"]},
        "words": one_or_many(json!({"$ref": "#/$defs/scalar"})),
        "constants": constants(),
        "maps": targets(&json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/scalar"}})),
        "fields": targets(&json!({"$ref": "#/$defs/words"})),
        "tests": {"type": "object", "additionalProperties": {"$ref": "#/$defs/words"}},
    });
    root
}

fn told(mut shape: Value, description: &str) -> Value {
    shape["description"] = json!(description);
    shape
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    json!({"enum": words.into_iter().collect::<Vec<_>>()})
}

fn defined(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A table whose keys are targets.
fn targets(value: &Value) -> Value {
    let columns: Map<String, Value> = Column::names().map(|name| (name.to_owned(), value.clone())).collect();
    json!({
        "type": "object",
        "properties": columns,
        "patternProperties": {"^extra\\.": value},
        "additionalProperties": false,
    })
}

fn constants() -> Value {
    let mut constants = targets(&defined("scalar"));
    constants["properties"]["class"] = words(Class::all().map(Class::name));
    constants["properties"]["outcome"] = words(OUTCOMES.map(Outcome::name));
    constants
}

fn grammar_key(key: &str) -> Value {
    let text = || json!({"type": "string"});
    match key {
        "name" => told(text(), "What sources and events call the format"),
        "family" => told(
            defined("words"),
            "A source of the family reads all its members; further families read it too, as a guest",
        ),
        "description" => told(text(), "One line for `gatewatch formats`"),
        "version" => {
            told(json!({"type": "integer", "minimum": 0}), "Counts up when the meaning of lines changes")
        }
        "fallback" => told(json!({"type": "boolean"}), "What it reads is flagged `guessed`"),
        "framing" => told(
            one_or_many(words(FRAMINGS.iter().map(|(name, _)| *name))),
            "How its lines are framed, one or several",
        ),
        "roots" => {
            told(defined("words"), "Beginnings of keys that records may have in front, without the dot")
        }
        "delimiter" => {
            told(json!({"type": "string", "minLength": 1, "maxLength": 1}), "What parts the cells of CSV")
        }
        "layout" => list(object(&LAYOUT_KEYS, layout_key), &["columns"]),
        "programs" => told(defined("words"), "Syslog tags that it claims; `*` at the end matches any ending"),
        "logsource" => told(object(&LOGSOURCE_KEYS, |_| json!({"type": "string"})), "Sigma's names"),
        "set" => told(defined("constants"), "Constants of every event"),
        "map" => told(defined("maps"), "Words translated; `*` is any other word"),
        "fields" => told(defined("fields"), "Fields that feed columns, in order of preference"),
        "message" => message(),
        "sample" => list(object(&SAMPLE_KEYS, sample_key), &[]),
        _ => json!({}),
    }
}

fn list(item: Value, required: &[&str]) -> Value {
    let mut item = item;
    if !required.is_empty() {
        item["required"] = json!(required);
    }
    json!({"type": "array", "items": item})
}

fn message() -> Value {
    let mut form = object(&MESSAGE_KEYS, message_key);
    // An activity is one of its class.
    let of_class = |class: Class| {
        json!({
            "if": {"properties": {"class": {"const": class.name()}}, "required": ["class"]},
            "then": {"properties": {"activity": words(class.activities())}},
        })
    };
    form["allOf"] = Class::all().map(of_class).collect();
    list(form, &["name"])
}

fn message_key(key: &str) -> Value {
    let text = || json!({"type": "string"});
    match key {
        "name" => told(text(), "Unique in the grammar"),
        "literal" => told(text(), "Text that every such message holds; `^`: it begins with the rest"),
        "pattern" => told(text(), "Regular expression; its capture names are columns, else keys of `extra`"),
        "field" => told(defined("words"), "The fields of a record whose text the pattern reads"),
        "when" => told(defined("tests"), "Tests on fields; all must hold"),
        "unless" => told(defined("tests"), "Tests on fields; none may hold"),
        "class" => told(words(Class::all().map(Class::name)), "Left out: base"),
        "activity" => told(text(), "One of the class; left out: only the class is known"),
        "outcome" => told(words(OUTCOMES.map(Outcome::name)), "A captured or mapped outcome wins"),
        "attempt" => {
            told(words(ROLES.iter().map(|(name, _)| *name)), "What the line tells of a login attempt")
        }
        "set" | "map" | "fields" => grammar_key(key),
        _ => json!({}),
    }
}

fn layout_key(key: &str) -> Value {
    match key {
        "columns" => told(defined("words"), "Names by position; an empty one: no name"),
        "when" => told(
            json!({"type": "object", "patternProperties": {"^[0-9]+$": defined("words")}, "additionalProperties": false}),
            "Tests on cells by position from 0",
        ),
        "fields" => told(
            json!({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+\\+$"}]}),
            "How many cells; \"12+\": or more",
        ),
        _ => json!({}),
    }
}

fn sample_key(key: &str) -> Value {
    match key {
        "now" => told(json!({"type": "string"}), "The read time, for stamps without a year"),
        "lines" => told(defined("words"), "The lines, one text or a list"),
        "expect" => {
            let columns: Map<String, Value> = EVENT_COLUMNS
                .iter()
                .chain(&["reason"])
                .map(|name| ((*name).to_owned(), defined("scalar")))
                .collect();
            let event = json!({
                "type": "object",
                "properties": columns,
                "patternProperties": {"^extra\\.": defined("scalar")},
                "additionalProperties": false,
            });
            told(list(event, &[]), "What the lines must become; \"\" = absent")
        }
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests;
