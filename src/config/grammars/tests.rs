use super::*;
use std::sync::Arc;

const DOORMAN: &str = include_str!("doorman.toml");

fn problems_of(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, text).unwrap();
    if let Some(spec) = parse(&file.display().to_string(), text, &mut problems) {
        problems.extend(compile_all(vec![spec]).err().into_iter().flatten());
    }
    problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect()
}

#[test]
fn the_shipped_grammars_load_and_their_samples_hold() {
    let specs = load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    assert!(specs.iter().any(|spec| spec.name == "json" && spec.fallback));
    let set = Arc::new(compile_all(specs.clone()).unwrap_or_else(|problems| panic!("{}", problems[0])));
    let failures: Vec<String> =
        specs.iter().flat_map(|spec| run_samples(&set, spec)).map(|problem| problem.to_string()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(specs.iter().all(|spec| !spec.samples.is_empty() && !spec.description.is_empty()));
}

#[test]
fn the_example_of_the_documentation_is_a_grammar() {
    let mut problems = Vec::new();
    let spec = parse("doorman.toml", DOORMAN, &mut problems).unwrap_or_else(|| panic!("{}", problems[0]));
    let set = Arc::new(compile_all(vec![spec.clone()]).unwrap());
    assert_eq!(run_samples(&set, &spec), []);
    let mut wrong = spec;
    wrong.samples[0].events[0].push(("user".to_owned(), "eve".to_owned()));
    let failures: Vec<_> = run_samples(&set, &wrong).iter().map(Problem::to_string).collect();
    let told = "`user` is \"ana\", expected \"eve\" (line 1, read by `login` of doorman)";
    assert_eq!(failures, [format!("doorman.toml: error: {told}")]);
}

#[test]
fn every_problem_has_its_place_and_the_nearest_name() {
    let text = "name = \"x\"\nframing = \"sislog\"\nprogrmas = []\n[fields]\nuser_agnt = \"a\"\n[[message]]\nname = \"m\"\n\
        pattern = '(a'\nclass = \"authentification\"\nset = { outcom = 1 }\n";
    assert_eq!(
        problems_of(text),
        [
            "2:11 there is no framing `sislog`; did you mean `syslog`?",
            "3:1 there is no key `progrmas`; did you mean `programs`?",
            "5:1 there is no column `user_agnt`; did you mean `user_agent`? (other fields are `\"extra.user_agnt\"`)",
            "9:9 there is no class `authentification`; did you mean `authentication`?",
            "10:9 there is no column `outcom`; did you mean `outcome`? (other fields are `\"extra.outcom\"`)",
        ]
    );
    let text = "name = \"x\"\nframing = \"plain\"\n[[message]]\nname = \"m\"\npattern = '(a'\n";
    assert_eq!(problems_of(text), ["5:12 the pattern cannot be used: unclosed group"]);
    assert_eq!(problems_of("name = \n")[0].split(' ').next(), Some("1:8"));
    let huge = "name = \"x\"\nframing = \"plain\"\n[[message]]\nname = \"m\"\npattern = '(a{1000}){1000}'\n";
    assert!(problems_of(huge)[0].contains("size limit"), "{:?}", problems_of(huge));
}

#[test]
fn words_patterns_and_samples_are_told_where_they_stand() {
    let base = "name = \"x\"\nframing = \"plain\"\n";
    for (text, expected) in [
        ("set = { outcome = \"sucess\" }", "3:19 there is no outcome `sucess`; did you mean `success`?"),
        (
            "map.outcome = { a = \"failure\", b = \"fail\" }",
            "3:36 there is no outcome `fail`; there are: success, failure, unknown",
        ),
        (
            "[[message]]\nname = \"m\"\npattern = '''\n^a [b'''",
            "6:4 the pattern cannot be used: unclosed character class",
        ),
        (
            "[[message]]\nname = \"m\"\nactivity = \"logon\"\npattern = \"a\"",
            "5:12 the class `base` has no activities",
        ),
    ] {
        assert_eq!(problems_of(&format!("{base}{text}")), [expected]);
    }
    let text = format!(
        "{base}[[message]]\nname = \"m\"\npattern = '^in (?<user>.*)$'\n[[sample]]\nlines = [\"in ana\", \"out\"]\n\
         expect = [\n  {{ user = \"eve\" }},\n  {{ reason = \"\" }},\n  {{ user = \"bob\" }},\n]\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml").display().to_string();
    std::fs::write(&file, &text).unwrap();
    let spec = parse(&file, &text, &mut Vec::new()).unwrap();
    let set = Arc::new(compile_all(vec![spec.clone()]).unwrap());
    let told: Vec<_> =
        run_samples(&set, &spec).iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0], "9:12 `user` is \"ana\", expected \"eve\" (line 1, read by `m` of x)");
    assert!(
        told[1].starts_with("10:14 `reason` is \"") && told[1].contains("line 2, not read: "),
        "{told:?}"
    );
    assert_eq!(told[2], "11:3 the sample gives 2 events, and this would be number 3");
}

#[test]
fn a_folder_overrides_the_built_in_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = \"json\"\nframing = \"plain\"\ndescription = \"mine\"\n";
    std::fs::write(folder.path().join("a.toml"), text).unwrap();
    let specs = load(Some(folder.path())).unwrap();
    let json = specs.iter().find(|spec| spec.name == "json").unwrap();
    assert_eq!(
        (json.description.as_str(), specs.iter().filter(|spec| spec.name == "json").count()),
        ("mine", 1)
    );
    std::fs::write(folder.path().join("b.toml"), text).unwrap();
    let problems = load(Some(folder.path())).unwrap_err();
    assert!(problems[0].message.contains("also given by"), "{}", problems[0]);
}
