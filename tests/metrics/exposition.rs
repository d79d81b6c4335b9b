//! A strict reader of the Prometheus text format: what `promtool check metrics` asks for, where there is no promtool.

use std::collections::{BTreeMap, BTreeSet};

/// Samples by name with labels, as they stand.
pub type Samples = BTreeMap<String, f64>;

/// Reads a page, or says what is wrong with it.
pub fn read(page: &str) -> Result<Samples, String> {
    let mut samples = Samples::new();
    let mut families = BTreeSet::new();
    let mut family: Option<(String, Option<String>)> = None;
    if !page.ends_with('\n') {
        return Err("the last line has no end".to_owned());
    }
    for line in page.lines() {
        let wrong = |why: &str| Err(format!("{why}: {line}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let Some((name, help)) = rest.split_once(' ') else { return wrong("help without words") };
            if help.trim().is_empty() || !families.insert(name.to_owned()) {
                return wrong("no help, or a family twice");
            }
            family = Some((name.to_owned(), None));
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else { return wrong("no type") };
            match &mut family {
                Some((known, of @ None)) if known == name => *of = Some(kind.to_owned()),
                _ => return wrong("a type without its help"),
            }
            continue;
        }
        let Some((name, Some(kind))) = &family else { return wrong("a sample without help and type") };
        let (series, value) = line.rsplit_once(' ').ok_or("no value")?;
        let bare = series.split('{').next().unwrap_or_default();
        let suffix = bare.strip_prefix(name.as_str());
        let fits = match kind.as_str() {
            "histogram" => matches!(suffix, Some("_bucket" | "_sum" | "_count")),
            "counter" => suffix == Some("") && name.ends_with("_total"),
            "gauge" => suffix == Some("") && !name.ends_with("_total"),
            _ => false,
        };
        if !fits
            || !name.starts_with("gatewatch_")
            || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            return wrong("a name that its family does not have, or that its type does not take");
        }
        labels(series.get(bare.len()..).unwrap_or_default()).map_err(|why| format!("{why}: {line}"))?;
        let value: f64 = value.parse().map_err(|_| format!("no number: {line}"))?;
        if kind != "gauge" && value < 0.0 {
            return wrong("below zero");
        }
        if samples.insert(series.to_owned(), value).is_some() {
            return wrong("a series twice");
        }
    }
    Ok(samples)
}

/// `{name="value",...}` or nothing.
fn labels(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or("brackets")?;
    let mut seen = BTreeSet::new();
    let mut rest = inner;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("a label without value")?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') || !seen.insert(name)
        {
            return Err(format!("label {name}"));
        }
        if ["user", "address", "src_ip", "entity", "recipient", "person"].contains(&name) {
            return Err(format!("a label that log lines or people could fill: {name}"));
        }
        let mut escaped = false;
        let end = after.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let (end, _) = end.ok_or("a value without end")?;
        rest = after.get(end + 1..).unwrap_or_default();
        rest = match rest.strip_prefix(',') {
            Some(more) if !more.is_empty() => more,
            Some(_) => return Err("a comma at the end".to_owned()),
            None if rest.is_empty() => rest,
            None => return Err("no comma".to_owned()),
        };
    }
    Ok(())
}

#[test]
fn the_reader_is_strict() {
    let good = "# HELP gatewatch_a_total A.\n# TYPE gatewatch_a_total counter\ngatewatch_a_total{source=\"a\\\"}\"} 1\n";
    assert_eq!(read(good).unwrap().len(), 1);
    for (from, to) in [
        ("gatewatch_a_total{", "gatewatch_b_total{"),
        (" counter", " gauge"),
        ("source=", "user="),
        ("} 1", "} -1"),
        ("} 1", "} one"),
        ("\"} 1\n", "\"} 1"),
        ("\\\"}\"", "\""),
        ("# TYPE gatewatch_a_total counter\n", ""),
    ] {
        let last = good.rfind(from).unwrap();
        let bad = format!("{}{to}{}", &good[..last], &good[last + from.len()..]);
        if bad.contains("{source=\"a\"} 1") {
            continue;
        }
        assert!(read(&bad).is_err(), "{bad}");
    }
    assert!(read(&good.repeat(2)).is_err());
}
