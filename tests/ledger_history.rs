//! What a letter says of what was before: counts of the store, from before the incident alone, bounded.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a failing helper is a failing test"
)]

mod ledger_support;

use gatewatch::ledger::Store;
use gatewatch::ports::Ledger;
use gatewatch::schema::*;
use ledger_support::*;

fn deed(id: u64, user: &str, address: &str, outcome: Outcome) -> Event {
    Event { user: Some(user.into()), src_ip: Some(address.parse().unwrap()), outcome, ..event(id) }
}

fn history(store: &mut Store, incident: &str) -> (Vec<History>, Option<Timestamp>) {
    let evidence = store.evidence(incident).unwrap();
    (evidence.histories, evidence.known_since)
}

#[test]
fn users_and_addresses_are_counted_up_to_the_incident() {
    use Outcome::{Failure, Success};
    let (home, office, evil) = ("198.51.100.4", "2001:db8::5", "203.0.113.9");
    let mut mention = deed(6, "root", evil, Success);
    mention.class = Class::Session; // a line about root that is no login
    let events = vec![
        deed(1, "root", home, Success),
        deed(2, "root", home, Failure),
        deed(3, "root", office, Success),
        deed(4, "ana", home, Success),
        deed(5, "ana", evil, Failure),
        mention,
        // The incident.
        deed(7, "root", evil, Failure),
        deed(8, "root", evil, Success),
        deed(9, "root", evil, Success),
    ];
    let mut store = Store::in_memory().unwrap();
    let findings = vec![finding("f1", Severity::High, Some("inc1"), vec![7, 8])];
    let (generations, positions) = (vec![generation(1)], vec![position(1, 900)]);
    store.commit(&Changes { events, findings, generations, positions, ..Changes::default() }).unwrap();
    let (histories, since) = history(&mut store, "inc1");
    assert_eq!(since, Some(at(2)), "the read time of the first event");
    let root = History {
        whom: Whom::User("root".into()),
        logins: 2,
        failures: 1,
        others: 2,
        together: 0,
        last: Some((at(3), Some(office.into()))),
        since: Some(at(1)),
        whole: true,
    };
    let address = History {
        whom: Whom::Address(evil.into()),
        logins: 0,
        failures: 1,
        others: 0,
        together: 0,
        last: None,
        since: Some(at(5)),
        whole: true,
    };
    assert_eq!(histories, [root, address]);
}

#[test]
fn a_name_of_many_lines_is_counted_from_its_newest_ones() {
    let many: Vec<Event> = (1..=3_000).map(|id| deed(id, "root", "203.0.113.9", Outcome::Success)).collect();
    let findings = vec![finding("f1", Severity::High, Some("inc1"), vec![2_900])];
    let (generations, positions) = (vec![generation(1)], vec![position(1, 300_000)]);
    let mut store = Store::in_memory().unwrap();
    store.commit(&Changes { events: many, findings, generations, positions, ..Changes::default() }).unwrap();
    let (histories, _) = history(&mut store, "inc1");
    let [root, address] = &histories[..] else { panic!("{histories:?}") };
    assert_eq!((root.logins, root.whole, root.together), (1_000, false, 1_000));
    assert_eq!((root.since, &root.last), (Some(at(1_900)), &Some((at(2_899), Some("203.0.113.9".into())))));
    assert_eq!((address.logins, address.others), (1_000, 1));
}
