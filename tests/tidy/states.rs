//! The states of incidents, notifications and clocks change in one place: `escalate/rows.rs`, which asks the
//! tables of `escalate/moves.rs`.

use super::source::{code, line_of, without_tests};
use super::{files, is_test, settle};

/// Where a move is carried out.
const MOVER: &str = "src/escalate/rows.rs";
/// Where a row is made, always in its first state, or read from the store as it stands there.
const MAKERS: [(&str, &str); 3] = [
    (MOVER, "NotificationState::Pending"),
    (MOVER, "ClockState::Running"),
    ("src/triage/mod.rs", "IncidentStatus::New"),
];
const MACHINES: [&str; 3] = ["IncidentStatus::", "NotificationState::", "ClockState::"];

fn strays(name: &str, text: &str) -> Vec<String> {
    let code = without_tests(&code(text));
    let mut complaints = Vec::new();
    let mut complain = |at: usize, what: &str| {
        let line = line_of(&code, at);
        complaints.push(format!("{name}:{line}: {what}; move it by `escalate::rows` and its table"));
    };
    for field in ["status", "state"] {
        for (at, found) in code.match_indices(field) {
            let before = code[..at].chars().next_back();
            let rest = code[at + found.len()..].trim_start();
            let sets = rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>");
            if before == Some('.') && sets && name != MOVER {
                complain(at, &format!("`.{field}` is set here"));
            }
            let value = rest.strip_prefix(':').filter(|rest| !rest.starts_with(':')).map(str::trim_start);
            let machine = value.filter(|value| MACHINES.iter().any(|machine| value.starts_with(machine)));
            let made =
                |value: &str| MAKERS.iter().any(|(file, state)| *file == name && value.starts_with(state));
            if before != Some('.') && machine.is_some_and(|value| !made(value)) {
                complain(at, &format!("a row is made with a `{field}` that is not its first"));
            }
        }
    }
    complaints
}

#[test]
fn states_change_by_the_tables_alone() {
    let sources = files("src", &[".rs"]);
    let judged = sources.iter().filter(|(name, _)| !is_test(name));
    settle(judged.flat_map(|(name, text)| strays(name, text)).collect());
}

#[test]
fn the_judge_of_states_can_complain() {
    let set =
        strays("src/escalate/acts.rs", "fn f(i: &mut Incident) {\n    i.status = IncidentStatus::Open;\n}");
    assert_eq!(set.len(), 1, "{set:?}");
    assert!(set[0].starts_with("src/escalate/acts.rs:2: `.status` is set here"), "{set:?}");
    let made = strays("src/daemon.rs", "let n = Notification { state: NotificationState::Accepted, ..n };");
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(strays(MOVER, "Clock { state: ClockState::Running }").is_empty());
    assert!(strays("src/daemon.rs", "if n.state == NotificationState::Accepted {}").is_empty());
}
