//! The configuration as people write it: the shipped files load, every key is shown there, and mistakes
//! are told all at once, each at its place.

#![expect(clippy::unwrap_used, reason = "a helper that cannot help is a failed test")]

#[path = "config/built.rs"]
mod built;

use gatewatch::config::file::{ClockStarts, Config, Encoding, Recipient, Tls};
use gatewatch::config::report::{Grade, Problem};
use gatewatch::config::{Given, defaults, grammars_folder, keys, load, read};
use gatewatch::schema::{Severity, Span, Timestamp};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const FORMATS: &[&str] = &["linux-auth", "openvpn", "sshd", "nginx", "apache"];

fn given() -> Given<'static> {
    let now = Timestamp::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
    Given { formats: FORMATS, state: None, credentials: None, starting: false, now }
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn problems(text: &str) -> Vec<Problem> {
    match read("x.toml", text, Path::new("/etc/gatewatch"), &given()) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    }
}

/// A valid configuration to which a test adds.
const BASE: &str = r#"
[store]
directory = "/var/lib/gatewatch"
[[source]]
name = "a"
format = "sshd"
paths = ["/nowhere/a.log"]
[[person]]
id = "ana"
email = ["ana@example.org"]
"#;

#[test]
fn the_shipped_files_load_without_a_problem() {
    for name in ["gatewatch.toml", "gatewatch.minimal.toml"] {
        let (config, warnings) =
            load(Some(&shipped(name)), &given()).map_err(|problems| told(&problems)).unwrap();
        assert!(warnings.is_empty(), "{}", told(&warnings));
        assert!(!config.sources.is_empty() && !config.persons.is_empty() && !config.routes.is_empty());
    }
}

#[test]
fn every_key_stands_in_the_shipped_file_and_is_valid_there() {
    let text = fs::read_to_string(shipped("gatewatch.toml")).unwrap();
    // Sections that are commented out count as well as keys that are.
    let bare = |line: &str| line.trim_start_matches('#').to_owned();
    let mut section = String::new();
    let mut seen = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with("# ")).map(bare) {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
            seen.push(section.rsplit_once('.').map_or_else(
                || (String::new(), section.clone()),
                |(above, key)| (above.to_owned(), key.to_owned()),
            ));
        } else if let Some((key, _)) = line.split_once(" = ") {
            seen.push((section.clone(), key.to_owned()));
        }
    }
    for (section, wanted) in keys::SECTIONS {
        for key in *wanted {
            let found = seen.contains(&((*section).to_owned(), (*key).to_owned()));
            assert!(found, "config/gatewatch.toml does not show {key} of [{section}]");
        }
    }
}

#[test]
fn the_shipped_file_with_every_key_switched_on_has_no_other_problem_than_absent_files() {
    let problems = problems(&switched_on());
    let unexpected: Vec<_> = problems
        .iter()
        .filter(|problem| {
            problem.grade == Grade::Error && !problem.message.contains("no such file or directory")
        })
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for (section, key) in keys::NOT_BUILT {
        let wanted = format!("{section}.{key} is not built yet");
        assert!(
            problems.iter().any(|problem| problem.message.contains(&wanted)),
            "{wanted}\n{}",
            told(&problems)
        );
    }
}

#[test]
fn the_values_in_the_shipped_file_are_the_defaults() {
    let (config, _) = load(Some(&shipped("gatewatch.toml")), &given()).map_err(|p| told(&p)).unwrap();
    let vpn = &config.sources[0];
    assert_eq!(
        (vpn.timezone_name.as_str(), vpn.encoding, vpn.lateness),
        ("UTC", Encoding::Utf8, Span::minutes(2))
    );
    assert_eq!((vpn.silent_after, vpn.required, vpn.provider.as_deref()), (None, false, None));
    assert_eq!((config.store.retention, config.mail.max_per_recipient_per_hour), (Span::days(400), 30));
    assert_eq!((config.mail.relays[0].port, config.mail.relays[0].tls), (587, Tls::StartTls));
    let critical = &config.policies[0];
    assert_eq!((critical.notify_within, critical.acknowledge_within), (Span::minutes(30), Span::minutes(15)));
    assert_eq!((critical.clock_starts, critical.repeat_every), (ClockStarts::Detected, None));
    assert_eq!(critical.steps[1].notify, [Recipient::Person("lead".into())]);
    assert_eq!(config.routes[0].severity, [Severity::Critical, Severity::High]);
    assert!(config.detect.builtin && config.detect.rules.is_empty());
}

#[test]
fn five_mistakes_are_told_at_once_each_at_its_place() {
    let text = r#"[store]
directory = "/var/lib/gatewatch"
retension = "30d"

[[source]]
name = "vpn"
format = "opnvpn"
paths = ["/nowhere/x.log"]
timezone = "Europe/Berlim"

[[person]]
id = "ana"
email = []

[[policy]]
id = "default"
notify_within = "30 minutes"
[[policy.step]]
after = "0m"
notify = ["person:ana"]
"#;
    let places: Vec<_> = problems(text).into_iter().map(|p| (p.line, p.column, p.message)).collect();
    let wanted = [
        (3, 1, "unknown key of [store]: retension; did you mean \"retention\"?"),
        (7, 10, "format: unknown \"opnvpn\"; did you mean \"openvpn\"? (`gatewatch formats` lists them all)"),
        (9, 12, "timezone: unknown \"Europe/Berlim\"; did you mean \"Europe/Berlin\"?"),
        (13, 9, "email: is empty; nobody could reach this person"),
        (17, 17, "notify_within: \"30 minutes\" is no length of time"),
    ];
    assert_eq!(places.len(), wanted.len(), "{places:#?}");
    for ((line, column, message), (at, near, begin)) in places.iter().zip(wanted) {
        assert_eq!((*line, *column), (at, near), "{message}");
        assert!(message.starts_with(begin), "{message}");
    }
}

#[test]
fn a_syntax_error_has_its_place() {
    let problems = problems("[store]\ndirectory = \"/x\"\nretention = = 1\n");
    assert_eq!((problems[0].line, problems[0].grade), (3, Grade::Error), "{}", told(&problems));
}

/// What is added to [`BASE`], the line of the addition at which the problem stands, and its words.
const BAD: &[(&str, usize, &str)] = &[
    ("[stor]\n", 1, "unknown section: stor; did you mean \"store\"?"),
    (
        "[[source]]\nname = \"a\"\nformat = \"sshd\"\npaths = [\"/nowhere/b\"]\n",
        2,
        "a second [[source]] \"a\"",
    ),
    (
        "[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/nowhere/a.log\"]\n",
        4,
        "the source \"a\" (line 4) reads it",
    ),
    ("[[source]]\nname = \"b\"\nformat = \"sshd\"\n", 1, "[source] needs paths"),
    ("[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = \"/nowhere/b\"\n", 4, "expected a list of texts"),
    (
        "[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/nowhere/a**/b\"]\n",
        4,
        "must be alone between slashes",
    ),
    ("[[source]]\nname = \"b c\"\nformat = \"sshd\"\npaths = [\"/nowhere/b\"]\n", 2, "is no name"),
    ("[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/tmp\"]\n", 4, "is a folder"),
    (
        "[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/var/lib/gatewatch/mail/new/*\"]\n",
        4,
        "own files",
    ),
    (
        "[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/nowhere/b\"]\nlateness = \"-2m\"\n",
        5,
        "no length of time",
    ),
    (
        "[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/nowhere/b\"]\nsilent_after = \"0s\"\n",
        5,
        "outside 1s to 365d",
    ),
    (
        "[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/nowhere/b\"]\nencoding = \"utf8\"\n",
        5,
        "mean \"utf-8\"?",
    ),
    (
        "[[source]]\nname = \"b\"\nformat = \"sshd\"\npaths = [\"/nowhere/b\"]\nrequired = \"yes\"\n",
        5,
        "true or false",
    ),
    ("[detect]\nrules = [\"/nowhere/rules\"]\n", 2, "cannot read /nowhere/rules: no such file"),
    ("[detect]\nbuiltin = false\n", 2, "nothing would ever be detected"),
    ("[detect]\nfalse_alerts_per_week = 0\n", 2, "0 is outside 0 (excluded) to 10000"),
    ("[normalize]\ngrammars = \"/nowhere/g\"\n", 2, "cannot read /nowhere/g"),
    ("[mail]\nmax_per_recipient_per_hour = 0\n", 2, "0 is outside 1 to 10000"),
    ("[mail]\nfrom = \"Gatewatch <a@b>\"\n", 2, "is no mail address"),
    ("[mail]\n[[mail.relay]]\nhost = \"relay\"\n", 1, "[mail] needs from"),
    (
        "[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"relay\"\ntls = \"none\"\n",
        5,
        "in the clear to relay",
    ),
    (
        "[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"relay\"\npassword = \"hunter2\"\n",
        5,
        "password_file",
    ),
    ("[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"relay\"\nusername = \"u\"\n", 5, "without a secret"),
    ("[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"relay\"\nport = 0\n", 5, "outside 1 to 65535"),
    ("[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"re lay\"\n", 4, "a host name is made of"),
    (
        "[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"r\"\nca_file = \"/dev/null\"\n",
        5,
        "holds no PEM certificate",
    ),
    ("[[person]]\nid = \"ben\"\n", 1, "[person] needs email"),
    ("[[person]]\nid = \"ben\"\nemail = [\"ben\"]\n", 3, "it has no @"),
    (
        "[[person]]\nid = \"ben\"\nemail = [\"ben@example.org\\r\\nBcc: x@y\"]\n",
        3,
        "control or invisible characters",
    ),
    ("[[policy]]\nid = \"p\"\n", 1, "[policy] needs step"),
    (
        "[[policy]]\nid = \"p\"\nnotify_within = \"5m\"\n[[policy.step]]\nafter = \"5m\"\nnotify = [\"person:ana\"]\n",
        5,
        "cannot be met",
    ),
    (
        "[[policy]]\nid = \"p\"\n[[policy.step]]\nafter = \"0m\"\nnotify = [\"person:anna\"]\n",
        5,
        "did you mean \"ana\"?",
    ),
    (
        "[[policy]]\nid = \"p\"\n[[policy.step]]\nafter = \"0m\"\nnotify = [\"ana\"]\n",
        5,
        "is not \"person:ID\"",
    ),
    (
        "[[policy]]\nid = \"p\"\n[[policy.step]]\nafter = \"0m\"\nnotify = []\n",
        5,
        "a step tells at least one person",
    ),
    (
        "[[policy]]\nid = \"p\"\n[[policy.step]]\nafter = \"2m\"\nnotify = [\"person:ana\"]\n[[policy.step]]\nafter = \"1m\"\nnotify = [\"person:ana\"]\n",
        7,
        "before the step above it",
    ),
    (
        "[[route]]\nseverity = [\"high\"]\npolicy = \"default\"\n",
        1,
        "no route takes incidents of severity info, low, medium, critical",
    ),
    (
        "[[route]]\npolicy = \"default\"\n[[route]]\nseverity = [\"high\"]\npolicy = \"default\"\n",
        3,
        "never matches",
    ),
    ("[[route]]\npolicy = \"defaul\"\n", 2, "did you mean \"default\"?"),
    (
        "[[route]]\nseverity = [\"higj\"]\npolicy = \"default\"\n[[route]]\npolicy = \"default\"\n",
        2,
        "did you mean \"high\"?",
    ),
    (
        "[[schedule]]\nid = \"s\"\ntimezone = \"UTC\"\nmembers = [\"bob\"]\nevery = \"1w\"\nhandoff = \"Mon 09:00\"\nstart = \"2026-01-05\"\n",
        4,
        "members: unknown \"bob\"",
    ),
    (
        "[[schedule]]\nid = \"s\"\ntimezone = \"UTC\"\nmembers = [\"ana\"]\nevery = \"1w\"\nhandoff = \"Mon 09:00\"\nstart = \"2027-01-05\"\n",
        7,
        "nobody is on call until then",
    ),
    (
        "[[route]]\nsource = [\"b\"]\npolicy = \"default\"\n[[route]]\npolicy = \"default\"\n",
        2,
        "source: unknown \"b\"",
    ),
    ("[metrics]\nlisten = \"9590\"\n", 2, "an address and a port"),
];

#[test]
fn a_schedule_turns_on_its_weekday_and_its_stand_ins_do_not_overlap() {
    let schedule = "[[schedule]]\nid = \"soc\"\ntimezone = \"Europe/Berlin\"\nmembers = [\"ana\"]\nevery = \"2w\"\n\
                    handoff = \"Mon 09:00\"\nstart = \"2026-01-07\"\n";
    let policy = "[[policy]]\nid = \"p\"\n[[policy.step]]\nafter = \"0m\"\nnotify = [\"schedule:soc\"]\n";
    let stand_in = |from: &str, to: &str| {
        format!("[[schedule.override]]\nfrom = \"{from}\"\nto = \"{to}\"\nperson = \"ana\"\n")
    };
    let one = stand_in("2026-12-24 09:00", "2026-12-27 09:00");
    let text = format!("{BASE}{schedule}{one}{policy}");
    let (config, warnings) =
        read("x.toml", &text, Path::new("/etc"), &given()).map_err(|p| told(&p)).unwrap();
    let soc = &config.schedules[0];
    assert!(warnings.is_empty(), "{}", told(&warnings));
    let rotation = &soc.roster.layers[0];
    assert_eq!((rotation.first.to_string().as_str(), rotation.turn_days), ("2026-01-12T09:00:00", 14));
    assert_eq!(config.policies[0].steps[0].notify, [Recipient::Schedule("soc".into())]);

    let other = stand_in("2026-12-27 08:59", "2026-12-28 09:00");
    let problems = problems(&format!("{BASE}{schedule}{one}{other}{policy}"));
    assert_eq!((problems.len(), problems[0].line), (1, BASE.lines().count() + 13), "{}", told(&problems));
    assert!(problems[0].message.contains("overlaps the stand-in of ana"), "{}", told(&problems));
}

#[test]
fn bad_input_is_told_at_its_line() {
    assert!(problems(BASE).is_empty(), "{}", told(&problems(BASE)));
    let above = BASE.lines().count();
    for (added, line, words) in BAD {
        let problems = problems(&format!("{BASE}{added}"));
        let errors: Vec<_> = problems.iter().filter(|problem| problem.grade == Grade::Error).collect();
        assert_eq!(errors.len(), 1, "{added}\n{}", told(&problems));
        assert_eq!(errors[0].line, above + line, "{added}\n{}", told(&problems));
        assert!(errors[0].message.contains(words), "{added}\n{}", told(&problems));
    }
}

#[test]
fn secrets_come_from_files_that_nobody_else_may_read_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("smtp.password");
    fs::write(&secret, "hunter2\n").unwrap();
    let text = format!(
        "{BASE}[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"r\"\nusername = \"u\"\npassword_file = \"smtp.password\"\n"
    );
    let reading = |given: &Given<'_>| read("x.toml", &text, folder.path(), given);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = reading(&given()).map(|_| ()).unwrap_err();
    assert!(refused[0].message.contains("others may read it (mode 0640); chmod 0600"), "{}", told(&refused));
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let (config, _) = reading(&given()).map_err(|problems| told(&problems)).unwrap();
    assert_eq!(config.mail.relays[0].password.as_ref().unwrap().reveal(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));

    let text = text.replace("password_file = \"smtp.password\"", "credential = \"smtp.password\"");
    let from_systemd = Given { credentials: Some(folder.path()), starting: true, ..given() };
    assert!(read("x.toml", &text, folder.path(), &from_systemd).is_ok());
    let started_by_hand = Given { starting: true, ..given() };
    assert!(read("x.toml", &text, folder.path(), &started_by_hand).is_err());
    assert!(read("x.toml", &text, folder.path(), &given()).is_ok_and(|(_, warnings)| warnings.len() == 1));
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for text in [
        "password = \"hunter2\"\n",
        "\"password\" = 'hunter2\n",
        "password = hunter2\n",
        "username = \"u\"\npasswd=\"hunter2\"\n",
        "token = [\"hunter2\"]\n",
    ] {
        let problems = problems(&format!("[mail]\nfrom = \"a@b\"\n[[mail.relay]]\nhost = \"r\"\n{text}"));
        assert!(!problems.is_empty() && !told(&problems).contains("hunter2"), "{}", told(&problems));
    }
}

#[test]
fn overlapping_globs_over_existing_files_are_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), "").unwrap();
    let text = "[[source]]\nname = \"x\"\nformat = \"sshd\"\npaths = [\"*.log\"]\n\
                [[source]]\nname = \"y\"\nformat = \"sshd\"\npaths = [\"a*\"]\n";
    let (_, warnings) = read("x.toml", text, folder.path(), &given()).map_err(|p| told(&p)).unwrap();
    assert_eq!((warnings.len(), warnings[0].line), (1, 8), "{}", told(&warnings));
    assert!(warnings[0].message.contains("the source \"x\" (line 1) reads it, too"), "{}", told(&warnings));
}

#[test]
fn sections_that_are_missing_take_the_built_in_defaults() {
    let (config, warnings) = read("x.toml", "", Path::new("/etc"), &given()).map_err(|p| told(&p)).unwrap();
    let built_in = defaults::defaults(&given());
    assert!(warnings.is_empty());
    assert_eq!((&config.sources, &config.persons), (&built_in.sources, &built_in.persons));
    assert_eq!((&config.policies, &config.routes), (&built_in.policies, &built_in.routes));
    assert_eq!((config.store, config.mail), (built_in.store, built_in.mail));
}

#[test]
fn without_a_file_the_logs_of_the_machine_are_followed() {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        ("etc/timezone", "Asia/Manila\n"),
        ("var/log/nginx/access.log", ""),
        ("var/log/openvpn/notes.txt", ""),
    ] {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let state = Path::new("/tmp/elsewhere");
    let config: Config =
        defaults::defaults_in(root.path(), "bastion", &Given { state: Some(state), ..given() });
    let names: Vec<_> = config.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["auth", "nginx"]);
    assert!(config.sources.iter().all(|source| source.timezone_name == "Asia/Manila"));
    assert_eq!((config.store.directory.as_path(), config.mail.domain.as_str()), (state, "bastion"));
    assert_eq!(
        (config.persons.len(), config.policies[0].steps[0].notify.len(), config.routes.len()),
        (1, 1, 1)
    );
}

#[test]
fn the_file_named_must_be_there_and_be_text() {
    let problems = load(Some(Path::new("/nowhere/gatewatch.toml")), &given()).map(|_| ()).unwrap_err();
    assert_eq!(
        told(&problems),
        "/nowhere/gatewatch.toml: error: cannot be read: no such file or directory\n"
    );
}

#[test]
fn the_folder_of_own_grammars_is_known_before_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    fs::write(&file, "[normalize]\ngrammars = \"own\"\n[[source]]\nformat = 7\n").unwrap();
    assert_eq!(grammars_folder(Some(&file)), Some(folder.path().join("own")));
    fs::write(&file, "[normalize]\n").unwrap();
    assert_eq!(grammars_folder(Some(&file)), None);
}

#[test]
fn a_duty_has_an_end_that_somebody_can_wait_for() {
    let of = |within: &str| {
        let duty =
            format!("[[policy.duty]]\nid = \"a\"\naudience = \"the authority\"\nwithin = \"{within}\"\n");
        let policy = "[[policy]]\nid = \"p\"\n[[policy.step]]\nafter = \"0m\"\nnotify = [\"person:ana\"]\n";
        told(&problems(&format!("{BASE}{policy}{duty}")))
    };
    for good in ["1s", "72h", "3650d", "2000 business days"] {
        assert!(!of(good).contains("within:"), "{}", of(good));
    }
    for bad in ["0s", "3651d", "999999w", "2001 business hours"] {
        assert!(of(bad).contains("at most 3650d"), "{bad}: {}", of(bad));
    }
}

/// The shipped file with everything switched on.
fn switched_on() -> String {
    let text = fs::read_to_string(shipped("gatewatch.toml")).unwrap();
    let lines =
        text.lines().map(|line| if line.starts_with("# ") { line } else { line.trim_start_matches('#') });
    lines.flat_map(|line| [line, "\n"]).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// Whatever stands in the file, it is read or refused with places inside it, and never panics.
    #[test]
    fn no_file_makes_the_reader_fall_over(cut in 0usize..7_000, length in 0usize..40, put in "[\\[\\]=\"a-z0-9.:é\n -]{0,12}") {
        let mut text: Vec<char> = switched_on().chars().collect();
        let cut = cut.min(text.len());
        let end = (cut + length).min(text.len());
        text.splice(cut..end, put.chars());
        let text: String = text.into_iter().collect();
        let lines = text.lines().count().max(1);
        for problem in problems(&text) {
            proptest::prop_assert!(problem.line <= lines + 1 && !problem.message.is_empty(), "{problem}");
        }
    }
}
