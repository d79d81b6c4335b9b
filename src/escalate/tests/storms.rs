//! Many alerts at once: what is grave goes out alone, the rest is told exactly.

use super::*;

fn limited(per_hour: u32) -> World {
    World::new(Params {
        max_per_recipient_per_hour: per_hour,
        ..params(Policy { repeat_every: None, ..policy() })
    })
}

fn count(letter: &Letter) -> usize {
    let header = letter.headers.iter().find(|(name, _)| *name == "X-Gatewatch-Count");
    header.map_or(1, |(_, value)| value.parse().unwrap())
}

#[test]
fn a_thousand_medium_alerts_are_told_in_few_mails_with_exact_counts() {
    let mut world = limited(10);
    for n in 0..1_000 {
        world.finds(&format!("user{n}"), Severity::Medium);
    }
    world.pass(Span::minutes(30)); // the lead's escalations, too
    let told: usize = world.mails.iter().map(|mail| count(&mail.letter)).sum();
    assert_eq!(told, 2_000);
    assert!(world.mails.len() <= 2 * 20, "{}", world.mails.len());
    for row in world.store.notifications.values() {
        assert_eq!(row.state, NotificationState::Accepted);
        if let Some(digest) = row.digest {
            assert_eq!(row.message_id, world.store.notifications[&digest].message_id);
            assert_eq!(world.store.attempts[&(row.id, 1)].result, AttemptResult::Accepted);
        }
    }
    let digest = world.mails.iter().find(|mail| mail.kind == NotificationKind::Digest).unwrap();
    let total = count(&digest.letter);
    assert_eq!(*digest.letter.subject, *format!("[gatewatch] {total} messages in one"));
    assert!(digest.letter.text.lines().count() <= 80);
}

#[test]
fn grave_first_notices_and_escalations_go_out_alone_always() {
    let mut world = limited(1);
    for n in 0..50 {
        world.finds(&format!("noise{n}"), Severity::Medium);
        world.finds(&format!("root{n}"), Severity::Critical);
    }
    let critical = world.mails.iter().filter(|mail| mail.letter.subject.contains("CRITICAL")).count();
    assert_eq!(critical, 50);
    assert!(world.mails.iter().all(|mail| mail.kind != NotificationKind::Digest));
    world.pass(Span::hours(2)); // one token an hour: the other 49 in one mail
    let digests =
        world.mails.iter().filter(|mail| mail.kind == NotificationKind::Digest && &*mail.to == "ana");
    assert_eq!(digests.map(|mail| count(&mail.letter)).sum::<usize>(), 49);
}

#[test]
fn an_acknowledgement_takes_its_message_out_of_a_waiting_digest() {
    let mut world = limited(1);
    world.finds("first", Severity::Medium);
    world.finds("second", Severity::Medium);
    world.finds("third", Severity::Medium);
    world.relay = Relay::Defers;
    world.pass(Span::minutes(61));
    world.act("ana", Verb::Resolve { false_positive: true }, "2").unwrap();
    world.relay = Relay::Accepts;
    world.new_mails();
    world.pass(Span::minutes(5));
    let digest = world.mails.iter().rfind(|m| m.kind == NotificationKind::Digest && &*m.to == "ana").unwrap();
    assert_eq!(count(&digest.letter), 1);
    assert!(digest.letter.text.contains("third") && !digest.letter.text.contains("second"));
}

#[test]
fn one_hanging_session_delays_nobody_else_and_its_own_address_ten_seconds() {
    let mut world = World::new(params(Policy {
        steps: vec![Step {
            after: Span::ZERO,
            notify: vec![Recipient::Person("ana".into()), Recipient::Person("lead".into())],
        }],
        ..policy()
    }));
    let (now, mut changes) = (world.now(), Changes::default());
    for user in ["root", "admin"] {
        let finding = finding(user, user, Severity::High, now.utc);
        world.triage.judge(&mut world.book, finding, None, now.utc, &now);
    }
    world.room.look(&mut world.book, &now, &mut changes);
    let to = |world: &World, ids: &[u64]| -> Vec<String> {
        ids.iter().map(|id| world.book.notification(*id).unwrap().recipient.to_string()).collect()
    };
    let first = world.room.claim(&mut world.book, 4, &now, &mut changes);
    assert_eq!(to(&world, &first), ["ana", "lead"]);
    assert!(world.room.claim(&mut world.book, 4, &now, &mut changes).is_empty());
    world.time = Span::seconds(10);
    let later = world.now();
    let second = world.room.claim(&mut world.book, 1, &later, &mut changes);
    assert_eq!(to(&world, &second), ["ana"]); // round robin: after lead comes ana
}

#[test]
fn a_login_that_is_refused_is_not_hammered_and_the_next_relay_is_tried() {
    let mut world = World::new(Params { relays: 2, ..params(policy()) });
    let (now, mut changes) = (world.now(), Changes::default());
    let finding = finding("f", "root", Severity::High, now.utc);
    world.triage.judge(&mut world.book, finding, None, now.utc, &now);
    world.room.look(&mut world.book, &now, &mut changes);
    let mut relays = Vec::new();
    let mut tries = Vec::new();
    for half_seconds in 0..240 {
        world.time = Span::millis(500 * half_seconds);
        let now = world.now();
        for id in world.room.claim(&mut world.book, 4, &now, &mut changes) {
            let letter = world.room.letter(&world.book, id, &Evidence::default(), &now, None).unwrap();
            relays.push(letter.relay);
            tries.push(world.time.0 / 1_000_000);
            let receipt = Receipt {
                notification: id,
                attempt: letter.attempt,
                at: now.utc,
                relay: "relay".into(),
                phase: MailPhase::Auth,
                code: Some(535),
                reply: "5.7.8 no".into(),
                result: AttemptResult::Deferred,
            };
            world.room.receipt(&mut world.book, &receipt, &now, &mut changes);
        }
    }
    assert_eq!(tries, [0, 10, 30, 70]);
    assert_eq!(relays, [0, 1, 0, 1]);
}
