//! The shipped pack, the mistakes that rule files can hold, and public Sigma rules.

use gatewatch::config::report::Grade;
use gatewatch::config::rules::{self, LogsourceOfSource, TESTS};
use gatewatch::schema::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use yaml_serde::Value;

fn problems_of(yaml: &str) -> Vec<String> {
    let (specs, mut problems) = rules::read(&[("r.yml".into(), yaml.into())], &[]);
    let (_, more) = rules::compile(specs, &[]);
    problems.extend(more);
    problems
        .iter()
        .map(|p| format!("{}:{}:{} {:?} {}", p.file, p.line, p.column, p.grade, p.message))
        .collect()
}

#[test]
fn the_pack_is_whole() {
    let (specs, problems) = rules::load(&[], true, &[]);
    assert_eq!(problems, []);
    let ids: BTreeSet<&str> = specs.iter().map(|spec| &*spec.id).collect();
    for id in
        ["auth-brute-force-source", "auth-password-spray", "auth-success-after-failures", "source-silent"]
    {
        assert!(ids.contains(id), "{id}");
    }
    assert_eq!(ids.len(), specs.len(), "ids are unique");
    assert!(specs.iter().all(rules::RuleSpec::is_ours), "each says who answers for it");
    let (set, problems) = rules::compile(specs, &[]);
    assert_eq!(problems, []);
    let mut wanting: Vec<String> = Vec::new();
    for rule in set.rules() {
        let meta = &rule.meta;
        let document: Value = yaml_serde::from_str(&meta.text).unwrap();
        wanting.extend(lacks(&document, meta.generates).map(|what| format!("{}: {what}", meta.id)));
    }
    assert_eq!(wanting, Vec::<String>::new());
    assert!(set.rules().iter().filter(|rule| rule.meta.generates).count() >= 40);
}

/// What a rule of the pack lacks: whatever a mail, an auditor or the next author needs.
fn lacks(document: &Value, generates: bool) -> impl Iterator<Item = String> {
    let said = |keys: &[&str]| {
        let value = keys.iter().try_fold(document, |at, key| at.get(key));
        value.is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    };
    let mut keys = vec![
        vec!["id"],
        vec!["title"],
        vec!["description"],
        vec!["level"],
        vec!["gatewatch", "owner"],
        vec!["gatewatch", "control"],
        vec!["gatewatch", "incident_type"],
        vec!["gatewatch", "what"],
    ];
    if generates {
        keys.extend([vec!["tags"], vec!["falsepositives"], vec!["gatewatch", "advice"]]);
    }
    let mut wanting: Vec<String> =
        keys.iter().filter(|keys| !said(keys)).map(|keys| format!("no `{}`", keys.join("."))).collect();
    if generates {
        wanting.extend(attack_without_version(document));
        wanting.extend(tests_missing(document));
    }
    wanting.into_iter()
}

fn texts<'v>(document: &'v Value, key: &str) -> Vec<&'v str> {
    let list = document.get(key).and_then(Value::as_sequence);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Each technique of ATT&CK stands with the version whose page the rule's author read.
fn attack_without_version(document: &Value) -> Vec<String> {
    let (tags, pages) = (texts(document, "tags"), texts(document, "references"));
    let techniques: Vec<&str> = tags
        .iter()
        .filter_map(|tag| tag.strip_prefix("attack.t"))
        .filter(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let has_version = |number: &str| {
        let end = format!("/techniques/T{}/", number.replace('.', "/"));
        pages.iter().any(|page| page.contains("attack.mitre.org/versions/v") && page.ends_with(&end))
    };
    let mut wanting: Vec<String> = techniques
        .iter()
        .filter(|number| !has_version(number))
        .map(|number| format!("attack.t{number} without a page of a version"))
        .collect();
    if techniques.is_empty() {
        wanting.push("no technique of ATT&CK".into());
    }
    wanting
}

fn tests_missing(document: &Value) -> Vec<String> {
    let tests = document.get("gatewatch").and_then(|ours| ours.get("tests")).and_then(Value::as_sequence);
    let tests: Vec<&Value> = tests.into_iter().flatten().collect();
    let named = |name: &str| tests.iter().any(|test| test.get("name").and_then(Value::as_str) == Some(name));
    let mut wanting: Vec<String> =
        TESTS.iter().filter(|name| !named(name)).map(|name| format!("no test `{name}`")).collect();
    let nameless = tests.iter().filter(|test| test.get("name").is_none() || test.get("about").is_none());
    wanting.extend(nameless.map(|_| "a test without `name` or `about`".to_owned()));
    wanting
}

#[test]
fn a_rule_that_lacks_something_is_named() {
    let document: Value = yaml_serde::from_str(
        "id: a\ntitle: A\ndescription: d\nlevel: low\ntags: [attack.t1110.001, attack.impact]\nfalsepositives: [none]\n\
         references: ['https://attack.mitre.org/techniques/T1110/001/']\n\
         gatewatch:\n  owner: soc\n  control: ''\n  incident_type: i\n  what: w\n  advice: a\n  tests:\n    - {name: fires, about: a}\n    - {name: late}\n",
    )
    .unwrap();
    let wanting: Vec<String> = lacks(&document, true).collect();
    assert_eq!(
        wanting,
        [
            "no `gatewatch.control`",
            "attack.t1110.001 without a page of a version",
            "no test `does-not-fire`",
            "no test `boundary`",
            "no test `duplicate`",
            "a test without `name` or `about`"
        ]
    );
}

#[test]
fn a_rule_of_the_same_id_overrides_and_a_disabled_one_still_feeds() {
    let files = [
        (
            "a.yml".into(),
            "id: x\ntitle: old\nlogsource: {product: a}\ndetection: {s: {k: v}, condition: s}\n".into(),
        ),
        (
            "b.yml".into(),
            "id: x\ntitle: new\nlogsource: {product: a}\ndetection: {s: {k: v}, condition: s}\n".into(),
        ),
    ];
    let (specs, problems) = rules::read(&files, &[]);
    assert_eq!(problems, []);
    assert_eq!(&*rules::compile(specs, &[]).0.rows(Timestamp(0))[0].title, "new");
    let (specs, problems) =
        rules::load(&[], true, &["auth-brute-force-source".into(), "auth-brute-force-sorce".into()]);
    assert!(problems[0].message.contains("did you mean `auth-brute-force-source`"), "{problems:?}");
    let (set, problems) = rules::compile(specs, &[]);
    assert_eq!(problems, []);
    let rule = |id: &str| set.find(id).and_then(|index| set.rule(index)).unwrap();
    assert!(!rule("auth-brute-force-source").meta.generates);
    assert!(rule("auth-success-after-failures").meta.generates);
}

#[test]
fn a_rule_without_a_source_is_idle() {
    let (specs, _) = rules::load(&[], true, &[]);
    let nginx = LogsourceOfSource { format: "nginx".into(), ..LogsourceOfSource::default() };
    let (set, problems) = rules::compile(specs, &[nginx]);
    assert_eq!(problems, []);
    let enabled: Vec<&str> =
        set.rules().iter().filter(|r| r.meta.enabled && r.meta.generates).map(|r| &*r.meta.id).collect();
    assert!(
        enabled.contains(&"web-login-brute-force") && !enabled.contains(&"vpn-brute-force-source"),
        "{enabled:?}"
    );
}

/// Whoever has one source only, of any kind, gets the pack without a complaint: a field that a product alone has is asked
/// for as `extra.name`, which no source is blamed for not having.
#[test]
fn the_pack_asks_no_source_for_what_it_cannot_have() {
    let (specs, _) = rules::load(&[], true, &[]);
    let always: Vec<std::sync::Arc<str>> =
        ["pid", "facility", "priority", "credential"].map(Into::into).into();
    for grammar in gatewatch::config::grammars::load(None).unwrap() {
        let format = grammar.name.as_str().into();
        let poorest = LogsourceOfSource { format, declared: None, extra: Some(always.clone()) };
        let (_, problems) = rules::compile(specs.clone(), &[poorest]);
        assert_eq!(problems, [], "{}", grammar.name);
    }
}

#[test]
fn mistakes_have_a_place_and_a_way_out() {
    let rule = |selection: &str, rest: &str| {
        format!(
            "title: t\nid: t\nlogsource:\n  category: authentication\ndetection:\n  sel:\n    {selection}\n  condition: sel\n{rest}"
        )
    };
    let ours = "gatewatch:\n  owner: soc\n";
    for (yaml, place, words) in [
        (rule("usr: a", ours), "r.yml:7:5 Error", "did you mean `user`"),
        (rule("user|contain: a", ours), "r.yml:7:5 Error", "did you mean `contains`"),
        (rule("user|expand: '%admins%'", ""), "r.yml:7:5 Warning", "[[detect.placeholder]]"),
        (rule("user|re: '(?<!x)a'", ""), "r.yml:7:5 Warning", "look-around"),
        (rule("user: a", "gatewatch:\n  ownr: soc\n"), "r.yml:10:3 Error", "did you mean `owner`"),
        (
            rule("user: a", "leval: high\ngatewatch:\n  owner: soc\n"),
            "r.yml:9:1 Error",
            "did you mean `level`",
        ),
        (rule("user: a", "level: hi\n"), "r.yml:9:8 Warning", "no level"),
        ("title: t\ndetection: {s: {a: b}, condition: s}\n".into(), "r.yml:1:1 Warning", "logsource"),
        (
            "title: t\nlogsource: {product: x}\ndetection:\n  s: {a: b}\n  condition: s and tt\n".into(),
            "r.yml:5:20 Warning",
            "no selection",
        ),
        (
            "title: t\nlogsource: {product: x}\ndetection:\n  s: ['a']\n  condition: not s\n".into(),
            "r.yml:5:3 Warning",
            "only negates",
        ),
    ] {
        let problems = problems_of(&yaml);
        assert_eq!(problems.len(), 1, "{yaml}\n{problems:?}");
        assert!(problems[0].starts_with(place) && problems[0].contains(words), "{problems:?}");
    }
}

#[test]
fn senseless_correlations_are_refused() {
    let base = "title: a\nname: a\nlogsource: {product: x}\ndetection: {s: {k: v}, condition: s}\n---\ntitle: c\nid: c\n";
    for (correlation, line, words) in [
        ("type: event_count\n  rules: a\n  timespan: 1m\n  condition: {gte: 0}", 12, "a count begins at 1"),
        ("type: event_count\n  rules: a\n  timespan: 60d\n  condition: {gte: 2}", 11, "longest window"),
        ("type: event_count\n  rules: b\n  timespan: 1m\n  condition: {gte: 2}", 10, "is not defined"),
        ("type: value_count\n  rules: a\n  timespan: 1m\n  condition: {gte: 2}", 12, "`field`"),
        ("type: value_sum\n  rules: a\n  timespan: 1m\n  condition: {gte: 2}", 12, "need the `field`"),
        (
            "type: event_count\n  rules: a\n  timespan: 1m\n  condition: {gte: 2, field: k}",
            12,
            "counts events",
        ),
        (
            "type: value_avg\n  rules: a\n  timespan: 1m\n  condition: {gte: 2, field: [k, l]}",
            12,
            "one `field`",
        ),
        (
            "type: value_percentile\n  rules: a\n  timespan: 1m\n  condition: {gte: 2, field: k, percentile: 101}",
            12,
            "from 0 to 100",
        ),
        (
            "type: event_count\n  rules: a\n  timespan: 1m\n  generate: yes please\n  condition: {gte: 2}",
            12,
            "true or false",
        ),
        ("type: temporal\n  rules: [a, a]\n  timespan: 1m\n  condition: a and bb", 12, "is none of"),
        (
            "type: temporal_ordered\n  rules: [a, a]\n  timespan: 1m\n  condition: {lt: 2}",
            12,
            "`gte` or `gt`",
        ),
        (
            "type: evnt_count\n  rules: a\n  timespan: 1m\n  condition: {gte: 2}",
            9,
            "did you mean `event_count`",
        ),
        ("type: event_count\n  rules: c\n  timespan: 1m\n  condition: {gte: 2}", 10, "refers back"),
        ("type: temporal\n  rules: a\n  timespan: 1m", 10, "at least two"),
    ] {
        let problems = problems_of(&format!("{base}correlation:\n  {correlation}\n"));
        assert_eq!(problems.len(), 1, "{correlation}\n{problems:?}");
        assert!(
            problems[0].starts_with(&format!("r.yml:{line}:")) && problems[0].contains(words),
            "{problems:?}"
        );
    }
}

#[test]
fn absences_and_baselines_are_checked_with_their_place() {
    let base = "title: a\nname: a\nlogsource: {product: x}\ndetection: {s: {k: v}, condition: s}\n---\n\
        title: b\nname: b\nlogsource: {product: x}\ndetection: {s: {k: w}, condition: s}\n---\ntitle: c\nid: c\n";
    for (document, line, words) in [
        ("absence:\n  rules: a\n  expects: b", 13, "how near"),
        ("absence:\n  rules: a\n  after: 1m", 13, "needs `expects`"),
        ("absence:\n  expects: b\n  after: 1m", 13, "needs `rules`"),
        ("absence:\n  rules: a\n  expects: a\n  after: 1m", 15, "call for itself"),
        ("absence:\n  rules: a\n  expects: d\n  after: 1m", 15, "not defined"),
        ("absence:\n  rules: a\n  expects: b\n  aftr: 1m", 16, "did you mean `after`"),
        ("absence:\n  rules: a\n  expects: b\n  after: soon", 16, "not a time"),
        ("baseline:\n  rules: a\n  group-by: k", 13, "needs a `family`"),
        ("baseline:\n  family: D1\n  rules: a", 14, "no family of baselines"),
        ("baseline:\n  family: trvel\n  rules: a", 14, "did you mean `travel`"),
        ("baseline:\n  family: D7\n  rules: a\n  group-by: k", 14, "needs the `field`"),
        ("baseline:\n  family: D2\n  rules: z\n  group-by: k", 15, "not defined"),
        ("baseline:\n  family: D2\n  rules: a", 14, "needs `group-by`"),
        ("baseline:\n  family: D2\n  rules: a\n  group-by: k\n  lern: 2d", 17, "did you mean `learn`"),
        ("baseline:\n  family: D2\n  rules: a\n  group-by: k\n  learn: 2d", 13, "not built yet"),
    ] {
        let problems = problems_of(&format!("{base}{document}\n"));
        assert_eq!(problems.len(), 1, "{document}\n{problems:?}");
        assert!(
            problems[0].starts_with(&format!("r.yml:{line}:")) && problems[0].contains(words),
            "{document}: {problems:?}"
        );
    }
    let ours = format!("{base}baseline: {{family: D2, rules: a, group-by: k}}\ngatewatch: {{owner: soc}}\n");
    assert!(problems_of(&ours)[0].contains("Warning"), "what is right is no error: {:?}", problems_of(&ours));
}

#[test]
fn fields_that_no_source_has_are_refused_where_all_are_known() {
    let yaml = "title: t\nid: t\nlogsource: {product: openvpn}\ndetection:\n  s:\n    cipher: x\n    colour: y\n  condition: s\n";
    let (specs, _) = rules::read(&[("r.yml".into(), yaml.into())], &[]);
    let source =
        LogsourceOfSource { format: "openvpn".into(), extra: Some(vec!["cipher".into()]), declared: None };
    let (_, problems) = rules::compile(specs, &[source]);
    assert_eq!((problems.len(), problems[0].line), (1, 7));
    assert!(problems[0].message.contains("`colour`"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time that loading takes is printed")]
fn public_sigma_rules_load_or_say_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/sigma/rules");
    if !folder.exists() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let start = std::time::Instant::now();
    let (specs, mut problems) = rules::load(&[PathBuf::from(&folder)], false, &[]);
    let documents = specs.len() + problems.len();
    let (set, more) = rules::compile(specs, &[]);
    let took = start.elapsed();
    problems.extend(more);
    for problem in &problems {
        eprintln!("{problem}");
    }
    eprintln!("{} of {documents} documents loaded in {took:?}", set.loaded());
    assert_eq!(set.loaded() + problems.len(), documents, "each is loaded or named");
    assert!(problems.iter().all(|p| p.grade == Grade::Warning && p.line > 0 && !p.message.is_empty()));
    assert!(set.loaded() * 100 > documents * 95);
}
