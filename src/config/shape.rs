//! Shapes that the JSON Schemas of grammars and of rules share.

use serde_json::{Map, Value, json};

/// A table of these keys and no other.
pub fn object(keys: &[&str], shape: fn(&str) -> Value) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), shape(key))).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// One of these, or a list of them.
pub fn one_or_many(item: Value) -> Value {
    json!({"anyOf": [item.clone(), {"type": "array", "items": item}]})
}
