use super::*;
use crate::schema::Datum;
use proptest::prelude::*;

fn told(text: &str) -> String {
    match read(text) {
        Ok(fields) => {
            let rest = fields.rest();
            let shown: Vec<String> = rest
                .iter()
                .map(|(key, value)| format!("{key}={}", serde_json::to_string(value).unwrap()))
                .collect();
            shown.join(" ")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn objects_are_flattened() {
    for (text, expected) in [
        (r#"{"a":{"b":{"c":1},"d":"x"},"e":[1,"y",true,null]}"#, r#"a.b.c=1 a.d="x" e=[1,"y",true]"#),
        (r#" { "a" : null , "b" : -0.5e1 } "#, "b=-5.0"),
        (r#"{"a":[{"k":1,"v":{"w":2}},{"k":3}],"b":4}"#, "a.k=[1,3] a.v.w=[2] b=4"),
        (r#"{"a":[1,{"k":[2]}]}"#, r#"a=[1,"{\"k\":[2]}"]"#),
        (r#"{"a":1,"a":2,"a":{"b":3}}"#, "a=1 a#2=2 a#3.b=3"),
        (r#"{"a":"\u00e9\ud83d\ude00\ud83d\u0000\n\/"}"#, "a=\"\u{e9}\u{1f600}\u{fffd}\u{fffd}\\n/\""),
        (
            r#"{"n":12345678901234567890123,"i":1e999,"m":-9223372036854775808}"#,
            r#"n="12345678901234567890123" i="1e999" m=-9223372036854775808"#,
        ),
        ("{}", ""),
        (r#"{"a":[],"b":{}}"#, "a=[]"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn objects_in_strings_are_read_too() {
    for (text, expected) in [
        (r#"{"p":"{\"a\":1,\"b\":{\"c\":\"x\\ny\"}}","q":2}"#, r#"p.a=1 p.b.c="x\ny" q=2"#),
        (r#"{"p":" [ {\"a\":1},{\"a\":2}] "}"#, "p.a=[1,2]"),
        (r#"{"l":[{"p":"{\"a\":1}"},{"p":"{\"a\":2}"}]}"#, "l.p.a=[1,2]"),
        (r#"{"p":"{\"q\":\"{\\\"r\\\":true}\"}"}"#, "p.q.r=true"),
        // Only what is whole, not empty, and an object.
        (r#"{"p":"{\"a\":1} x"}"#, r#"p="{\"a\":1} x""#),
        (r#"{"p":"{\"a\":1"}"#, r#"p="{\"a\":1""#),
        (r#"{"p":"{}","q":"[1]"}"#, r#"p="{}" q="[1]""#),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    let mut text = r#"{"k":1}"#.to_owned();
    for _ in 0..7 {
        text = serde_json::json!({ "k": text }).to_string();
    }
    let fields = read(&text).unwrap();
    let keys: Vec<&str> =
        fields.items.iter().filter(|field| !field.used).map(|field| fields.key(field)).collect();
    assert_eq!(keys, ["k.k.k.k.k"]);
    assert!(fields.has("k"), "the text itself can be asked for");
}

#[test]
fn windows_texts_and_attributes_have_paths() {
    let text = r##"{"EventID":{"#text":4624,"#attributes":{"Qualifiers":""}}}"##;
    assert_eq!(told(text), r##"EventID.#text=4624 EventID.#attributes.Qualifiers="""##);
}

#[test]
fn what_is_no_object_says_why() {
    for (text, expected) in [
        ("", "not a JSON object"),
        ("[1]", "not a JSON object"),
        (r#"{"a":"b"#, "the JSON is cut off after 7 bytes"),
        (r#"{"a":1"#, "the JSON is cut off after 6 bytes"),
        (r#"{"a":tru"#, "the JSON is cut off after 8 bytes"),
        (r#"{"a":"\u12"#, "the JSON is cut off after 10 bytes"),
        (r#"{"a":b}"#, "the JSON is malformed at byte 5"),
        (r#"{"a":1,}"#, "the JSON is malformed at byte 7"),
        (r#"{"a":"\x"}"#, "the JSON is malformed at byte 7"),
        (r#"{"a":1} {"#, "text follows the JSON object at byte 8"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    for open in ["[", "{\"a\":", "[[{\"a\":", "{\"a\":[{\"b\":"] {
        let deep = format!("{{\"x\":{}", open.repeat(100_000));
        assert_eq!(told(&deep), "the JSON is nested deeper than 64 levels", "{open}");
    }
}

#[test]
fn a_record_is_bounded() {
    let many: String = (0..3_000).map(|n| format!("\"k{n}\":{n},")).collect();
    let fields = read_prefix(&format!("{{{many}\"z\":1}}")).map(|(f, _)| (f.items.len(), f.cut)).unwrap();
    assert_eq!(fields, (crate::limits::FIELDS_MAX, true));
    let long = format!("{{\"{}\":{{\"b\":1}}}}", "k".repeat(50_000));
    let fields = read(&long).unwrap();
    assert!(fields.key(&fields.items[0]).len() <= KEY_BYTES_MAX && fields.cut);
}

/// What `serde_json` reads, flattened in the same way (objects without arrays in them).
fn flat(prefix: &str, value: &serde_json::Value, out: &mut Vec<(String, serde_json::Value)>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flat(&path, value, out);
            }
        }
        serde_json::Value::Null => {}
        other => out.push((prefix.to_owned(), other.clone())),
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        "[\"\\\\\n\t/a]{0,6}".prop_map(Value::from),
        prop::collection::vec(any::<i64>().prop_map(Value::from), 0..3).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop::collection::btree_map("[a-z]{1,3}", inner, 0..5)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    })
}

proptest! {
    #[test]
    fn it_reads_what_serde_json_reads(value in json()) {
        let object = serde_json::json!({ "root": value });
        let text = object.to_string();
        let mut expected = Vec::new();
        flat("", &object, &mut expected);
        let fields = read(&text).unwrap();
        let found: Vec<(String, serde_json::Value)> =
            fields.rest().into_iter().map(|(key, value)| (key.to_string(), serde_json::to_value(value).unwrap())).collect();
        prop_assert_eq!(found, expected);
        // Cut anywhere, it is no object, and says so.
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            prop_assert!(read(&text[..end]).is_err());
        }
    }

    #[test]
    fn no_text_breaks_it(text in "[\\[\\]{}\",:\\\\u0-9eE.a-\u{e9} -]{0,60}") {
        let _ = read(&text);
        let _ = read(&format!("{{\"a\":{text}"));
    }

    #[test]
    fn numbers_keep_their_digits(whole in "-?[1-9][0-9]{0,40}") {
        let text = format!("{{\"n\":{whole}}}");
        let rest = read(&text).unwrap().rest();
        let kept = match &rest[0].1 {
            Datum::Int(n) => n.to_string(),
            Datum::Text(n) => n.to_string(),
            other => format!("{other:?}"),
        };
        prop_assert_eq!(kept, whole);
    }
}
