use super::*;
use crate::detect::field::Text;

fn made(written: &str, modifiers: &str) -> Result<Vec<Pattern>, String> {
    let m = Modifiers::read(modifiers.split('|').filter(|part| !part.is_empty()))?;
    let placeholders: Placeholders = [
        ("Servers".to_owned(), vec!["srv*".to_owned(), "db1".to_owned()]),
        ("Zone".to_owned(), vec!["eu".to_owned()]),
    ]
    .into();
    let mut scope = Scope { placeholders: &placeholders, field: &mut |_| 0 };
    patterns(&Value::String(written.into()), &m, &mut scope)
}

fn fits(written: &str, modifiers: &str, value: &str) -> bool {
    let value = Text::new(value.into());
    made(written, modifiers).unwrap().iter().any(|pattern| pattern.fits(&value))
}

#[test]
fn texts_fit_as_sigma_says() {
    assert!(fits("Root", "", "rOOT") && !fits("Root", "cased", "rOOT"));
    assert!(fits("*adm?n*", "", "the Admin here"));
    assert!(fits("a*c", "contains", "xxabbcxx"));
    assert!(fits("4625", "", "4625"));
    assert!(fits("STRASSE", "", "strasse") && fits("ÄRGER", "contains", "viel ärger"));
    assert!(fits("", "", "") && !fits("", "", "x"), "'' is the empty value");
    assert!(fits("*", "", "x") && fits("*", "", ""));
    assert!(fits("5", "gte", "5") && !fits("5", "gt", "5.0") && !fits("5", "gt", "many"));
}

/// The specification's list under "Escaping".
#[test]
fn backslashes_escape_as_the_specification_says() {
    assert!(fits(r"C:\Windows\x", "", r"c:\windows\x") && fits(r"C:\\Windows\\x", "", r"c:\windows\x"));
    assert!(fits(r"a\*b", "", "a*b") && !fits(r"a\*b", "", "axxb") && !fits(r"a\?b", "", "axb"));
    assert!(fits(r"C:\Windows\\*", "", r"c:\windows\system32"));
    assert!(fits(r"a\\\*", "", r"a\*") && !fits(r"a\\\*", "", r"a\b"));
    assert!(fits(r"a\\\b", "", r"a\\b") && fits(r"a\\\\b", "", r"a\\b"));
}

#[test]
fn expressions_have_the_classes_of_ascii_and_their_flags() {
    assert!(fits("^a.c$", "re", "abc") && !fits("^a.c$", "re", "ABC") && fits("^a.c$", "re|i", "ABC"));
    assert!(fits("^b$", "re|m", "a\nb\nc") && !fits("^b$", "re", "a\nb\nc"));
    assert!(fits("a.b", "re|s", "a\nb") && !fits("a.b", "re", "a\nb"));
    assert!(fits(r"^[\w-]+\s\d$", "re", "a-b 7") && !fits(r"^\w$", "re", "é") && fits(r"^\W$", "re", "é"));
    assert!(fits(r"\\w", "re", r"\w") && fits(r"\bcat\b", "re", "a cat."));
    assert!(fits("b", "re|startswith", "bc") && !fits("b", "re|startswith", "ab"));
    let long = made(r"-k\s\w{1,64}(?:\s?(?:-p|-s))?", "re");
    assert!(long.is_ok(), "{long:?}");
    assert!(made("(?=look)", "re").is_err() && made("(", "re").is_err());
}

#[test]
fn networks_hold_both_families() {
    assert!(fits("10.0.0.0/8", "cidr", "10.200.3.4") && !fits("10.0.0.0/8", "cidr", "not an address"));
    assert!(fits("192.0.2.7", "cidr", "192.0.2.7") && !fits("192.0.2.7", "cidr", "192.0.2.8"));
    assert!(fits("2001:db8::/32", "cidr", "2001:DB8::7") && !fits("2001:db8::/32", "cidr", "2001:db9::7"));
    assert!(fits("10.0.0.0/8", "cidr", "::ffff:10.1.2.3"), "the same address in another spelling");
    assert!(made("10.0.0.0/33", "cidr").is_err() && made("ten", "cidr").is_err());
}

/// "Creates all possible permutations of the `-`, `/`, en dash, em dash and horizontal bar characters."
#[test]
fn dashes_stand_for_one_another() {
    for dash in ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'] {
        assert!(fits(" -enc ", "windash|contains", &format!("x {dash}ENC y")), "{dash}");
        assert!(fits("/c", "windash|startswith", &format!("{dash}c")), "{dash}");
        assert!(fits("-a*-b", "windash", &format!("{dash}a and -b")), "{dash}");
    }
    assert!(fits("-a -b -c -d -e", "windash|contains", "x /a -b \u{2013}c /d -e"));
    assert!(!fits("-a", "windash|cased", "/A") && !fits(" -enc ", "contains", "x /enc y"));
}

#[test]
fn encodings() {
    assert!(fits("foobar", "base64", "Zm9vYmFy") && fits("foobar", "base64|contains", "x Zm9vYmFy"));
    assert!(!fits("foobar", "base64|cased", "ZM9VYMFY"));
    assert!(
        fits("foobar", "base64offset|contains", "..Zvb2Jhc..")
            && fits("foobar", "base64offset", "..mb29iYX..")
    );
    assert!(fits("cmd", "wide|base64", "YwBtAGQA") && fits("cmd", "utf16le|base64", "YwBtAGQA"));
    assert!(fits("cmd", "utf16be|base64", "AGMAbQBk") && fits("cmd", "utf16|base64", "//5jAG0AZAA="));
    assert!(made("ping*", "wide|base64offset").is_err() && made("é", "wide").is_err());
    assert!(fits("cmd", "wide|contains", "x c\0m\0d\0 y"));
}

#[test]
fn parts_of_a_time_compare_as_numbers() {
    assert!(fits("8", "hour", "2026-03-02T08:30:00Z") && !fits("9", "hour", "2026-03-02T08:30:00Z"));
    assert!(
        fits("22", "hour|gte", "2026-03-02T23:30:00Z") && !fits("22", "hour|gte", "2026-03-02T08:30:00Z")
    );
    assert!(made("soon", "hour").is_err() && made("*", "gt").is_err());
}

#[test]
fn placeholders_are_filled_in_where_asked() {
    assert!(fits("%Servers%", "expand", "SRV17") && fits("%Servers%", "expand", "db1"));
    assert!(fits("%Servers%.%Zone%", "expand", "db1.eu") && !fits("%Servers%", "expand", "web1"));
    assert!(fits("%Servers%", "", "%servers%"), "without `expand` it is a text");
    assert!(fits(r"\%plain%Zone%", "expand", "%plaineu"));
    assert!(fits("^%Servers%$", "re|expand", "srv1") && !fits("^%Servers%$", "re|expand", "xsrv1"));
    let fault = made("%Server%", "expand").unwrap_err();
    assert!(fault.contains("%Server%") && fault.contains("did you mean `%Servers%`"), "{fault}");
}
