use super::AttemptRole::{Admits, Belongs, Ends, Fails, Hints, Opens, Repeats};
use super::*;
use proptest::prelude::*;

type Line<'a> = (i64, AttemptRole, &'a str, &'a str, u8);

/// Feeds lines (second, role, pid, user, last octet of the address), line n has the event id 100 + n and the
/// form `form(n)`; gives per line `.` (plain), `+` (own) or the line that it is part of.
fn tell_as(attempts: &mut Attempts, lines: &[Line<'_>], form: impl Fn(usize) -> usize) -> String {
    let mut told = Vec::new();
    for (n, &(second, role, pid, user, octet)) in lines.iter().enumerate() {
        let user = (!user.is_empty()).then_some(user);
        let src_ip = (octet > 0).then(|| IpAddr::from([192, 0, 2, octet]));
        let key = AttemptKey { source: "auth", host: "web1", pid, user, src_ip, form: form(n) };
        let line = n as u64 + 1;
        told.push(match attempts.link(role, key, Timestamp(second * 1_000_000), 100 + line, line) {
            Link::Own => "+".to_owned(),
            Link::Plain => ".".to_owned(),
            Link::PartOf { event, line, .. } => {
                assert_eq!(event, 100 + line);
                line.to_string()
            }
        });
    }
    told.join(" ")
}

/// Every line of a form of its own.
fn tell(attempts: &mut Attempts, lines: &[Line<'_>]) -> String {
    tell_as(attempts, lines, |n| n)
}

fn told(lines: &[Line<'_>]) -> String {
    tell(&mut Attempts::new(), lines)
}

#[test]
fn an_unknown_user_told_in_five_lines_fails_once_per_password() {
    let lines = [
        (0, Hints, "7", "pi", 1),   // Invalid user pi from A
        (0, Belongs, "7", "", 0),   // check pass; user unknown
        (0, Hints, "7", "", 1),     // authentication failure; rhost=A
        (2, Fails, "7", "pi", 1),   // Failed password for invalid user pi
        (4, Fails, "7", "pi", 1),   // Failed password: the second one
        (4, Repeats, "7", "pi", 1), // maximum authentication attempts exceeded
        (4, Ends, "7", "pi", 1),    // Connection closed
        (4, Repeats, "7", "", 1),   // PAM 1 more authentication failure, after the end
    ];
    assert_eq!(told(&lines), "+ 1 1 1 + 5 . 5");
}

#[test]
fn other_names_pids_addresses_and_late_lines_are_attempts_of_their_own() {
    assert_eq!(told(&[(0, Hints, "7", "a", 1), (0, Hints, "7", "b", 1), (1, Fails, "7", "b", 1)]), "+ + 2");
    assert_eq!(told(&[(0, Hints, "7", "a", 1), (0, Fails, "8", "a", 1)]), "+ +");
    assert_eq!(told(&[(0, Hints, "7", "a", 1), (0, Fails, "7", "a", 2)]), "+ +");
    assert_eq!(told(&[(0, Hints, "7", "a", 1), (15, Fails, "7", "a", 1)]), "+ 1");
    assert_eq!(told(&[(0, Hints, "7", "a", 1), (16, Fails, "7", "a", 1)]), "+ +");
    // Out of order by a little: still one.
    assert_eq!(told(&[(3, Hints, "7", "a", 1), (1, Fails, "7", "a", 1)]), "+ 1");
}

#[test]
fn a_summary_counts_only_when_nothing_was_told_and_an_end_forgets() {
    assert_eq!(told(&[(0, Repeats, "7", "a", 1), (0, Repeats, "7", "", 1)]), "+ 1");
    assert_eq!(told(&[(0, Fails, "7", "a", 1), (100, Repeats, "7", "", 1)]), "+ 1");
    assert_eq!(told(&[(0, Hints, "7", "a", 1), (1, Ends, "7", "a", 1), (2, Fails, "7", "a", 1)]), "+ . +");
    assert_eq!(told(&[(0, Belongs, "7", "", 0), (0, Hints, "7", "a", 1)]), ". +");
}

#[test]
fn an_opened_session_is_part_of_the_logon_that_let_it_in() {
    assert_eq!(
        told(&[
            (0, Fails, "7", "a", 1),
            (3, Admits, "7", "a", 1),
            (3, Opens, "7", "a", 0),
            (9, Repeats, "7", "a", 1)
        ]),
        "+ + 2 1"
    );
    assert_eq!(told(&[(0, Opens, "7", "a", 0), (0, Admits, "8", "b", 1), (0, Opens, "8", "c", 0)]), "+ + +");
    assert_eq!(told(&[(0, Hints, "7", "a", 1), (1, Admits, "7", "a", 1), (1, Fails, "7", "a", 1)]), "+ + +");
}

#[test]
fn lines_without_a_process_join_only_when_user_and_address_are_equal() {
    assert_eq!(told(&[(0, Hints, "", "a", 1), (0, Fails, "", "a", 1), (0, Fails, "", "a", 1)]), "+ 1 +");
    assert_eq!(told(&[(0, Hints, "", "a", 1), (0, Fails, "", "", 1)]), "+ +");
    // Ten bare `Invalid user` lines are ten attempts.
    assert_eq!(told(&[(0, Hints, "", "a", 1), (0, Hints, "", "a", 1)]), "+ +");
    assert_eq!(told(&[(0, Hints, "", "", 0), (0, Fails, "", "", 0)]), "+ +");
}

#[test]
fn the_same_words_again_are_another_attempt() {
    // FreeBSD tells each wrong password by `error: PAM: authentication error`, and the last one by `Failed` too.
    let pam = (0, Hints, "7", "a", 1);
    let lines = [pam, pam, pam, (0, Fails, "7", "a", 1), (0, Fails, "7", "a", 1)];
    assert_eq!(tell_as(&mut Attempts::new(), &lines, |n| n / 3), "+ + + 3 +");
}

#[test]
fn memory_is_bounded_and_survives_saving() {
    let mut attempts = Attempts::new();
    for n in 0..3 * ATTEMPTS_MAX {
        tell(&mut attempts, &[(0, Hints, &n.to_string(), "a", 1)]);
    }
    assert_eq!(attempts.sources["auth"].len(), ATTEMPTS_MAX);
    assert!(attempts.is_dirty());
    let mut loaded = Attempts::load(&attempts.save());
    attempts.saved();
    assert_eq!(loaded, attempts);
    let last = (3 * ATTEMPTS_MAX - 1).to_string();
    assert_eq!(tell(&mut loaded, &[(1, Fails, "0", "a", 1), (1, Fails, &last, "a", 1)]), "+ 1");
}

proptest! {
    #[test]
    fn garbage_loads_as_nothing_or_as_itself(bytes in proptest::collection::vec(any::<u8>(), 0..200), shape in any::<bool>()) {
        let bytes = if shape { [vec![SHAPE], bytes].concat() } else { bytes };
        let loaded = Attempts::load(&bytes);
        prop_assert_eq!(Attempts::load(&loaded.save()), loaded);
    }

    #[test]
    fn a_hint_tells_the_next_failure_and_the_same_hint_again_another(kinds in proptest::collection::vec(0..3_usize, 1..60)) {
        let role = |kind: usize| if kind == 2 { Fails } else { Hints };
        let lines: Vec<Line<'_>> = kinds.iter().map(|kind| (0, role(*kind), "7", "a", 1)).collect();
        let own = tell_as(&mut Attempts::new(), &lines, |n| kinds[n]).matches('+').count();
        let (mut expected, mut open) = (0, Vec::new());
        for kind in kinds {
            let joins = !open.is_empty() && !open.contains(&kind);
            expected += usize::from(!joins);
            if kind == 2 || !joins {
                open.clear();
            }
            if kind != 2 {
                open.push(kind);
            }
        }
        prop_assert_eq!(own, expected);
    }
}
