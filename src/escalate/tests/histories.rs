//! Random histories against the invariants of the escalation model (I1 to I10): findings, time, clocks set
//! forward and back, reboots, kills, every mood of the relay, and people who act.
//!
//! Injected: kills between any two commits with receipts lost, UTC off by up to two hours, suspends of up
//! to an hour, reboots, relays that defer, refuse, cut after the dot or hang. Not injected: a lost or torn
//! commit (the ledger's promise), and UTC going back during a reboot (no clock is left to tell).

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    Finding(u8, Severity),
    Pass(i64),
    /// UTC is so wrong from now on, and so much time passes before anybody looks.
    SetUtc(i64, i64),
    Reboot(i64),
    Kill,
    Relay(Relay),
    Act(u8, Verb),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let severity = prop_oneof![Just(Severity::Medium), Just(Severity::High), Just(Severity::Critical)];
    let relay = prop_oneof![
        3 => Just(Relay::Accepts),
        2 => Just(Relay::Defers),
        1 => Just(Relay::RefusesRecipient),
        1 => Just(Relay::RefusesContent),
        1 => Just(Relay::CutsAfterDot),
        1 => Just(Relay::Hangs),
    ];
    let verb = prop_oneof![
        4 => Just(Verb::Acknowledge),
        2 => Just(Verb::Resolve { false_positive: false }),
        1 => Just(Verb::Reopen),
        1 => Just(Verb::Escalate),
    ];
    let event = prop_oneof![
        3 => (0..3_u8, severity).prop_map(|(user, severity)| Event::Finding(user, severity)),
        8 => (1..3_600_i64).prop_map(Event::Pass),
        4 => (1..20_i64).prop_map(Event::Pass),
        2 => (-7_200..7_200_i64, 0..1_800_i64).prop_map(|(error, seconds)| Event::SetUtc(error, seconds)),
        1 => (10..1_200_i64).prop_map(Event::Reboot),
        2 => Just(Event::Kill),
        3 => relay.prop_map(Event::Relay),
        3 => (1..4_u8, verb).prop_map(|(number, verb)| Event::Act(number, verb)),
    ];
    prop::collection::vec(event, 1..40)
}

/// What the model remembers of the truth.
#[derive(Default)]
struct Truth {
    /// True time at which each clock was first seen counting (and of its last arming).
    armed: BTreeMap<(Arc<str>, ClockKind, u32), Span>,
    /// Incidents that a person acknowledged or resolved at some time.
    answered: BTreeSet<Arc<str>>,
    /// Message ids by notification, as first stored.
    ids: BTreeMap<u64, Arc<str>>,
}

fn happens(event: &Event, world: &mut World, truth: &mut Truth) {
    match event {
        Event::Finding(user, severity) => {
            world.finds(&format!("user{user}"), *severity);
        }
        Event::Pass(seconds) => {
            world.time.0 += Span::seconds(*seconds).0;
            world.turn();
        }
        Event::SetUtc(error, seconds) => {
            world.time.0 += Span::seconds(*seconds).0;
            world.utc_error = Span::seconds(*error);
        }
        Event::Reboot(seconds) => {
            world.boots += 1;
            world.time.0 += Span::seconds(*seconds).0;
            world.booted_at = Span(world.time.0 - Span::seconds(5).0);
            world.crash();
        }
        Event::Kill => {
            world.crash();
        }
        Event::Relay(relay) => {
            if world.relay == Relay::Hangs {
                // Whoever hung is cut off by the courier's deadline: nobody knows.
                hang_up(world);
            }
            world.relay = *relay;
        }
        Event::Act(number, verb) => {
            let before = world.book.incident_named(&number.to_string()).map(|i| i.id.clone());
            let done = world.act("ana", verb.clone(), &number.to_string());
            if let (Some(id), Ok(_), Verb::Acknowledge | Verb::Resolve { .. }) = (before, done, verb) {
                truth.answered.insert(id);
            }
        }
    }
    world.turn();
}

fn sending(world: &World) -> Vec<Notification> {
    world.store.notifications.values().filter(|n| n.state == NotificationState::Sending).cloned().collect()
}

fn hang_up(world: &mut World) {
    // A session of a former life has nobody left to write a receipt.
    let alive = |n: &&Notification| n.digest.is_none() && world.book.hints.claims.contains_key(&n.id);
    let rows: Vec<Notification> = sending(world).iter().filter(alive).cloned().collect();
    for row in rows {
        let now = world.now();
        let receipt = Receipt {
            notification: row.id,
            attempt: row.attempts,
            at: now.utc,
            relay: "relay:25".into(),
            phase: MailPhase::Body,
            code: None,
            reply: "cut".into(),
            result: AttemptResult::Uncertain,
        };
        let mut changes = Changes::default();
        world.room.receipt(&mut world.book, &receipt, &now, &mut changes);
        world.commit(changes);
    }
}

fn is_telling(row: &Notification) -> bool {
    super::super::rows::is_telling(row.kind)
}

/// I1, I4, I5, I6 over what is stored (I7 is checked by the world at every claim).
fn check_rows(world: &World, truth: &mut Truth) -> Result<(), TestCaseError> {
    let rows = || world.store.notifications.values();
    for row in rows() {
        let of_incident = || rows().filter(|n| n.incident == row.incident && is_telling(n));
        if is_telling(row) && row.step > 0 {
            let lower = of_incident().any(|n| n.step + 1 == row.step && n.id < row.id);
            prop_assert!(lower, "I1: step {} without the one before: {row:#?}", row.step);
        }
        if row.state == NotificationState::Accepted {
            let said = world
                .store
                .attempts
                .values()
                .any(|a| a.notification == row.id && a.result == AttemptResult::Accepted);
            prop_assert!(said, "I4: accepted, and no relay said so: {row:#?}");
        }
        if let (NotificationState::Cancelled, true, Some(id)) = (row.state, is_telling(row), &row.incident) {
            prop_assert!(truth.answered.contains(id), "I5: cancelled without an answer: {row:#?}");
        }
        if let (NotificationState::Refused, true, Some(id)) = (row.state, is_telling(row), &row.incident) {
            let later = of_incident().any(|n| n.id > row.id);
            let given_up = world.store.journal.iter().any(|e| e.kind == "unreachable" && e.subject == *id);
            let answered = truth.answered.contains(id);
            let in_plain_words = rows().any(|n| n.incident.is_none() && n.kind == NotificationKind::Fallback);
            let later = later || (row.digest.is_some() && in_plain_words);
            prop_assert!(later || given_up || answered, "I5: refused, and nobody else told: {row:#?}");
        }
        if row.digest.is_none() {
            let id = truth.ids.entry(row.id).or_insert_with(|| row.message_id.clone());
            prop_assert_eq!(&*id, &row.message_id, "I6: another message id");
        }
    }
    let mut copies: BTreeMap<&Arc<str>, u32> = BTreeMap::new();
    for mail in &world.mails {
        *copies.entry(&mail.letter.message_id).or_default() += 1;
    }
    for (message_id, copies) in copies {
        let row = rows().find(|n| n.message_id == *message_id && n.digest.is_none());
        let row = row.ok_or_else(|| TestCaseError::fail("a mail without a row"))?;
        let tries = world.store.attempts.values().filter(|a| a.notification == row.id);
        let faults = tries.filter(|a| a.result == AttemptResult::Uncertain).count() as u32;
        prop_assert!(copies <= 1 + faults, "I6: {copies} copies after {faults} faults: {row:#?}");
    }
    Ok(())
}

/// I2, I3, I10 over the clocks, after a look.
fn check_clocks(world: &World, truth: &mut Truth) -> Result<(), TestCaseError> {
    for (key, clock) in &world.store.clocks {
        let armed = *truth.armed.entry(key.clone()).or_insert(world.time);
        let passed = Span(world.time.0 - armed.0);
        if !matches!(clock.kind, ClockKind::Notify | ClockKind::Acknowledge) {
            continue;
        }
        if clock.state == ClockState::Breached {
            prop_assert!(passed >= clock.allowed, "I3: breached after {}: {clock:#?}", passed.in_words());
        }
        let late = passed.0 > clock.allowed.0 + Span::seconds(2).0;
        prop_assert!(
            clock.state != ClockState::Running || !late,
            "I2: no breach after {}: {clock:#?}",
            passed.in_words()
        );
    }
    for incident in world.store.incidents.values().filter(|i| i.status == IncidentStatus::Open) {
        let ladder = world.book.clock(&incident.id, ClockKind::Ladder);
        let Some(step) = policy().steps.get(incident.next_step as usize).cloned() else { continue };
        let Some(ladder) = ladder else { continue };
        let armed = truth.armed[&(incident.id.clone(), ClockKind::Ladder, ladder.round)];
        let passed = Span(world.time.0 - armed.0);
        prop_assert!(passed.0 <= step.after.0 + Span::seconds(2).0, "I10: a step is late: {incident:#?}");
    }
    Ok(())
}

/// 64 histories in every run; `PROPTEST_CASES=6000` for a long one.
fn config() -> ProptestConfig {
    let config =
        ProptestConfig { max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: 64, ..config } }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_history_breaks_an_invariant(events in events(), limit in prop_oneof![Just(1_000), Just(2)]) {
        let mut world = World::new(Params { max_per_recipient_per_hour: limit, ..params(policy()) });
        let mut truth = Truth::default();
        for event in &events {
            happens(event, &mut world, &mut truth);
            check_rows(&world, &mut truth)?;
            check_clocks(&world, &mut truth)?;
        }
        // I9: with a relay that works, everything goes out, and everybody open has been told.
        hang_up(&mut world);
        world.relay = Relay::Accepts;
        let begin = world.book.notifications().map(|n| n.id).max().unwrap_or(0);
        let pause = if limit == 2 { Span::minutes(5) } else { Span::seconds(30) };
        for _ in 0..40 {
            world.time.0 += pause.0;
            world.turn();
            check_clocks(&world, &mut truth)?;
        }
        check_rows(&world, &mut truth)?;
        // Under a budget the newest ones may still wait for their digest.
        check_clocks(&world, &mut truth)?;
        let left: Vec<&Notification> = world.store.notifications.values().filter(|n| !n.state.is_final())
            .filter(|n| limit != 2 || n.id <= begin).collect();
        prop_assert!(left.is_empty(), "I9: still waiting: {left:#?}");
        for incident in world.store.incidents.values().filter(|i| i.status == IncidentStatus::Open) {
            let told = world.store.notifications.values().any(|n| {
                let reached = n.state == NotificationState::Accepted || (limit == 2 && !n.state.is_final());
                n.incident.as_ref() == Some(&incident.id) && is_telling(n) && reached
            });
            prop_assert!(told, "I9: open, and nobody was told: {incident:#?}");
        }
    }

    /// A restart between two turns changes nothing that anybody can see.
    #[test]
    fn a_book_made_again_from_its_rows_is_the_same(events in events()) {
        let mut world = World::new(params(policy()));
        for event in &events {
            happens(event, &mut world, &mut Truth::default());
            let again = Book::load(world.store.rows());
            prop_assert!(again.incidents().eq(world.book.incidents()));
            prop_assert!(again.notifications().eq(world.book.notifications()));
            for incident in again.incidents() {
                let clocks = |book: &Book| {
                    let mut clocks = book.clocks_of(&incident.id).to_vec();
                    clocks.sort_by_key(|c| (c.kind, c.round));
                    clocks
                };
                prop_assert_eq!(clocks(&again), clocks(&world.book));
            }
        }
    }
}
