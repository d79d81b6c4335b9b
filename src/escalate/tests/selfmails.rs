//! The program's mails about itself, beside incidents.

use super::*;

fn canary() -> SelfMail {
    SelfMail {
        kind: NotificationKind::Canary,
        person: "canary@example.org".into(),
        address: "canary@example.org".into(),
        every: Span::hours(1),
    }
}

fn proof(person: &str, address: &str) -> SelfMail {
    SelfMail {
        kind: NotificationKind::Proof,
        person: person.into(),
        address: address.into(),
        every: Span::days(30),
    }
}

fn world() -> World {
    let self_mails = vec![
        canary(),
        proof("ana", "ana@example.org"),
        proof("ana", "ana@example.net"),
        proof("lead", "lead@example.org"),
    ];
    World::new(Params { self_mails, ..params(policy()) })
}

#[test]
fn a_canary_goes_each_hour_and_a_proof_each_month_over_kills() {
    let mut world = world();
    world.pass(Span::minutes(1));
    world.expect_mails(&["canary@example.org canary", "ana proof", "ana proof", "lead proof"]);
    world.pass(Span::minutes(58));
    world.expect_silence();
    let marks = world.book.self_mails().clone();
    world.crash();
    world.book.remember_self_mails(marks);
    world.pass(Span::minutes(2));
    world.expect_mails(&["canary@example.org canary"]);
    let ids: BTreeSet<&Arc<str>> = world.store.notifications.values().map(|n| &n.message_id).collect();
    assert_eq!(ids.len(), 5);
    assert_eq!(world.store.journal.iter().filter(|e| e.kind == "self-mail").count(), 5);
    assert!(world.book.notifications().next().is_none(), "what is over is let go");
}

#[test]
fn no_self_mail_takes_a_place_from_a_notice() {
    let mut world = world();
    world.relay = Relay::Hangs;
    world.pass(Span::seconds(3));
    let owed: Vec<&str> = world.store.notifications.values().map(|n| n.kind.name()).collect();
    assert_eq!(owed, ["canary", "proof"], "at most two are owed");
    // The proof to ana hangs; the notice to the same address starts at once.
    world.relay = Relay::Accepts;
    world.finds("root", Severity::High);
    world.expect_mails(&["ana notice"]);
    // While a notice waits for the relay, no further one is owed.
    let mut world = self::world();
    world.relay = Relay::Defers;
    world.finds("root", Severity::High);
    let before = world.store.notifications.len();
    world.pass(Span::minutes(9));
    assert_eq!(world.store.notifications.len(), before);
    world.relay = Relay::Accepts;
    world.pass(Span::minutes(8));
    let mails = world.new_mails();
    assert!(
        mails.contains(&"ana notice".to_owned()) && mails.contains(&"canary@example.org canary".to_owned()),
        "{mails:?}"
    );
}

#[test]
fn self_mails_leave_the_budget_alone() {
    let mut world = World::new(Params {
        self_mails: vec![SelfMail { every: Span::minutes(1), ..proof("ana", "ana@example.org") }],
        max_per_recipient_per_hour: 3,
        ..params(policy())
    });
    world.pass(Span::minutes(30));
    assert!(world.new_mails().len() >= 29);
    world.finds("a", Severity::Medium);
    world.expect_mails(&["ana notice"]);
}

#[test]
fn a_clock_that_is_set_back_starts_no_flood() {
    let mut world = World::new(Params { self_mails: vec![canary()], ..params(policy()) });
    world.pass(Span::minutes(1));
    world.expect_mails(&["canary@example.org canary"]);
    world.utc_error = Span::hours(-3);
    world.pass(Span::minutes(50));
    world.expect_mails(&["canary@example.org canary"]);
    // A flood would go on with each look.
    (0..20).for_each(|_| world.turn());
    world.pass(Span::minutes(20));
    world.expect_silence();
    world.pass(Span::minutes(45));
    world.expect_mails(&["canary@example.org canary"]);
}

#[test]
fn addresses_that_put_mails_off_do_not_stop_the_canary() {
    let proofs = [proof("ana", "ana@example.org"), proof("lead", "lead@example.org")];
    let self_mails = proofs.into_iter().chain([canary()]).collect();
    let mut world = World::new(Params { self_mails, ..params(policy()) });
    world.relay = Relay::Defers;
    world.pass(Span::minutes(1));
    let tried = |row: &&Notification| row.kind == NotificationKind::Canary && row.attempts > 0;
    assert_eq!(world.store.notifications.values().filter(tried).count(), 1);
}
