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
    let failures: Vec<String> = specs.iter().flat_map(|spec| run_samples(&set, spec)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(specs.iter().all(|spec| !spec.samples.is_empty() && !spec.description.is_empty()));
}

#[test]
fn the_example_of_the_documentation_is_a_grammar() {
    let mut problems = Vec::new();
    let spec = parse("doorman.toml", DOORMAN, &mut problems).unwrap_or_else(|| panic!("{}", problems[0]));
    let set = Arc::new(compile_all(vec![spec.clone()]).unwrap());
    assert_eq!(run_samples(&set, &spec), Vec::<String>::new());
    let mut wrong = spec;
    wrong.samples[0].events[0].push(("user".to_owned(), "eve".to_owned()));
    let failures = run_samples(&set, &wrong);
    assert_eq!(failures, ["doorman.toml: sample 1, line 1: `user` is \"ana\", expected \"eve\""]);
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
    assert_eq!(problems_of(text), ["5:11 the pattern cannot be used: unclosed group"]);
    assert_eq!(problems_of("name = \n")[0].split(' ').next(), Some("1:8"));
    let huge = "name = \"x\"\nframing = \"plain\"\n[[message]]\nname = \"m\"\npattern = '(a{1000}){1000}'\n";
    assert!(problems_of(huge)[0].contains("size limit"), "{:?}", problems_of(huge));
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
