use super::*;
use regex::Regex;

/// The part of draft 2020-12 that the schema uses; a keyword that is not known here fails the test.
fn judge(schema: &Value, root: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = |rule: &Value| {
            let mut wrong = Vec::new();
            judge(rule, root, value, at, &mut wrong);
            wrong.is_empty()
        };
        let fits = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "then" => true,
            "properties" | "patternProperties" | "additionalProperties" => true,
            "$ref" => {
                let rule = &root["$defs"][rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap()];
                assert!(rule.is_object(), "{keyword} {rule}");
                judge(rule, root, value, at, wrong);
                true
            }
            "type" => match rule {
                Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind)),
                kind => is(value, kind),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "required" => {
                rule.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "minimum" => value.as_i64() >= rule.as_i64(),
            "minLength" => {
                value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap())
            }
            "maxLength" => {
                value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap())
            }
            "pattern" => {
                value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text))
            }
            "anyOf" => rule.as_array().unwrap().iter().any(holds),
            "allOf" => {
                rule.as_array().unwrap().iter().for_each(|rule| judge(rule, root, value, at, wrong));
                true
            }
            "if" => !holds(rule) || holds(&schema["then"]),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    judge(rule, root, item, &format!("{at}[{index}]"), wrong);
                }
                true
            }
            other => panic!("{other} is not known to this test"),
        };
        if !fits {
            wrong.push(format!("{at}: {keyword}"));
        }
    }
    judge_members(schema, root, value, at, wrong);
}

fn judge_members(schema: &Value, root: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    for (key, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        let fitting = patterns.filter(|(pattern, _)| Regex::new(pattern).unwrap().is_match(key));
        let named = schema.get("properties").and_then(|properties| properties.get(key));
        let mut rules = fitting.map(|(_, rule)| rule).chain(named).peekable();
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) if rules.peek().is_none() => wrong.push(format!("{at}: unknown")),
            Some(rule @ Value::Object(_)) if rules.peek().is_none() => judge(rule, root, inner, &at, wrong),
            _ => rules.for_each(|rule| judge(rule, root, inner, &at, wrong)),
        }
    }
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => panic!("{other}"),
    }
}

fn wrong(text: &str) -> Vec<String> {
    let grammar: toml::Table = text.parse().unwrap();
    let (schema, mut wrong) = (schema(), Vec::new());
    judge(&schema, &schema, &serde_json::to_value(grammar).unwrap(), "", &mut wrong);
    wrong
}

#[test]
fn every_shipped_grammar_is_valid_and_so_is_the_example() {
    for (path, text) in super::super::BUILTIN {
        assert_eq!(wrong(text), Vec::<String>::new(), "{path}");
    }
    assert_eq!(wrong(include_str!("../doorman.toml")), Vec::<String>::new());
}

#[test]
fn what_the_reader_refuses_the_schema_refuses() {
    let base = "name = \"x\"\nframing = \"syslog\"\n";
    for (text, expected) in [
        ("progrmas = []", ".progrmas: unknown"),
        ("framing = \"sislog\"\nname = \"x\"", ".framing: anyOf"),
        ("fields = { usr = \"a\" }", ".fields.usr: unknown"),
        ("map.outcom = { a = \"b\" }", ".map.outcom: unknown"),
        ("set = { outcome = \"good\" }", ".set.outcome: enum"),
        ("[[message]]\nname = \"m\"\npatern = 'a'", ".message[0].patern: unknown"),
        ("[[message]]\npattern = 'a'", ".message[0]: required"),
        ("[[message]]\nname = \"m\"\nclass = \"authentification\"", ".message[0].class: enum"),
        ("[[message]]\nname = \"m\"\nclass = \"authentication\"\nactivity = \"login\"", ".message[0]: if"),
        ("[[message]]\nname = \"m\"\nattempt = \"failed\"", ".message[0].attempt: enum"),
        ("[[sample]]\nexpect = [{ usr = \"a\" }]", ".sample[0].expect[0].usr: unknown"),
        ("[[layout]]\ncolumns = [\"a\"]\nfields = \"12-\"", ".layout[0].fields: anyOf"),
    ] {
        let text = if text.starts_with("framing") { text.to_owned() } else { format!("{base}{text}") };
        assert_eq!(wrong(&text), [expected], "{text}");
        let read = super::super::parse("x", &text, &mut Vec::new());
        assert!(read.is_none_or(|spec| super::super::compile_all(vec![spec]).is_err()), "taken: {text}");
    }
    assert_eq!(wrong("framing = \"csv\""), [": required"]);
}

#[test]
fn every_key_of_the_reader_has_a_shape() {
    for (keys, shape) in [
        (&GRAMMAR_KEYS[..], grammar_key as fn(&str) -> Value),
        (&MESSAGE_KEYS, message_key),
        (&LAYOUT_KEYS, layout_key),
        (&SAMPLE_KEYS, sample_key),
    ] {
        for key in keys {
            assert_ne!(shape(key), json!({}), "say in config/grammars/schema.rs what `{key}` is");
        }
    }
}
