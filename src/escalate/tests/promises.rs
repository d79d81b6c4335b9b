//! Promises: near misses, waivers, duties to others outside, and clocks that go apart.

use super::*;
use crate::escalate::{Calendar, OutsideDuty as Duty, Trigger, Within};
use jiff::civil::time;

fn authority() -> Duty {
    Duty {
        id: "authority".into(),
        trigger: Trigger::Detected,
        within: Within::Span(Span::hours(72)),
        calendar: Calendar {
            zone: TimeZone::UTC,
            days: [true; 7],
            from: time(9, 0, 0, 0),
            to: time(17, 0, 0, 0),
            holidays: vec![],
        },
        audience: "the data protection authority".into(),
        incident_types: vec![],
        severities: vec![Severity::Critical],
    }
}

fn world() -> World {
    let policy = Policy {
        resolve_within: Some(Span::hours(8)),
        duties: vec![authority()],
        repeat_every: None,
        acknowledge_within: None,
        acknowledgement_lasts: None,
        ..policy()
    };
    World::new(params(policy))
}

fn journal<'a>(world: &'a World, kind: &'a str) -> Vec<&'a str> {
    world.store.journal.iter().filter(|e| e.kind == kind).map(|e| &*e.detail).collect()
}

#[test]
fn each_promise_has_its_clock_and_ends_by_itself() {
    let mut world = world();
    world.finds("eve", Severity::Critical);
    world.expect_clock(ClockKind::Notify, ClockState::Met);
    world.expect_clock(ClockKind::Resolve, ClockState::Running);
    world.expect_clock(ClockKind::Duty, ClockState::Running);
    assert_eq!(
        journal(&world, "duty"),
        ["authority: owed to the data protection authority by 2026-11-26T09:00:00.000Z"]
    );
    world.act("ana", Verb::Resolve { false_positive: false }, "1").unwrap();
    world.expect_clock(ClockKind::Resolve, ClockState::Met);
    world.expect_clock(ClockKind::Duty, ClockState::Running);
}

#[test]
fn a_milder_incident_has_no_duty() {
    let mut world = world();
    world.finds("eve", Severity::High);
    assert!(world.store.clocks.values().all(|clock| clock.kind != ClockKind::Duty));
}

#[test]
fn three_quarters_of_a_promise_are_a_near_miss_told_once() {
    let mut world = world();
    world.finds("eve", Severity::High);
    world.pass(Span::minutes(359));
    assert!(journal(&world, "near-miss").is_empty());
    world.pass(Span::minutes(5));
    assert_eq!(journal(&world, "near-miss"), ["resolve: 6 h of 8 h have passed"]);
    world.crash();
    world.pass(Span::minutes(30));
    assert_eq!(journal(&world, "near-miss").len(), 1);
    world.pass(Span::hours(2));
    world.expect_clock(ClockKind::Resolve, ClockState::Breached);
}

#[test]
fn a_duty_outlives_the_incident_and_is_done_by_a_person_who_says_how() {
    let mut world = world();
    world.finds("eve", Severity::Critical);
    world.act("ana", Verb::Resolve { false_positive: false }, "1").unwrap();
    world.pass(Span::hours(30));
    assert_eq!(world.book.incidents().count(), 1, "a duty is left");
    let act = |verb, note: Option<&str>| Act {
        actor: Actor { name: "ana".into(), known: true, channel: Channel::Cli },
        verb,
        incident: Some("1".into()),
        note: note.map(Into::into),
    };
    let (now, mut changes) = (world.now(), Changes::default());
    let done = Verb::Fulfil("authority".into());
    let refused = world.room.act(&mut world.book, &act(done.clone(), None), &now, &mut changes);
    assert_eq!(refused, Err(ActRefused::NoReason));
    let wrong = act(Verb::Fulfil("insurer".into()), Some("sent"));
    let refused = world.room.act(&mut world.book, &wrong, &now, &mut changes).unwrap_err();
    assert_eq!(refused.to_string(), "incident 1 has no clock insurer under way; there is authority");
    let answer = world.room.act(&mut world.book, &act(done, Some("form 33, nr 77")), &now, &mut changes);
    assert_eq!(answer.as_deref(), Ok("the duty authority of incident 1 is met"));
    world.commit(changes);
    world.expect_clock(ClockKind::Duty, ClockState::Met);
    world.turn();
    assert_eq!(world.book.incidents().count(), 0, "nothing is left");
}

#[test]
fn a_waiver_has_a_person_and_a_reason() {
    let mut world = world();
    world.finds("eve", Severity::Critical);
    world.pass(Span::hours(9));
    world.expect_clock(ClockKind::Resolve, ClockState::Breached);
    let (now, mut changes) = (world.now(), Changes::default());
    let act = Act {
        actor: Actor { name: "lead".into(), known: true, channel: Channel::Cli },
        verb: Verb::Waive("resolve".into()),
        incident: Some("1".into()),
        note: Some("the client agreed".into()),
    };
    let answer = world.room.act(&mut world.book, &act, &now, &mut changes);
    assert_eq!(answer.as_deref(), Ok("the resolve clock of incident 1 is waived; it was breached"));
    world.commit(changes);
    world.expect_clock(ClockKind::Resolve, ClockState::Waived);
    let told = "resolve: waived by lead when it was breached: the client agreed";
    assert!(journal(&world, "clock").contains(&told));
}

#[test]
fn clocks_that_go_apart_are_told_once_each() {
    let mut world = world();
    world.finds("eve", Severity::High);
    world.time.0 += Span::seconds(1).0;
    world.utc_error = Span::hours(1);
    world.turn();
    world.time.0 += Span::seconds(1).0;
    world.turn();
    world.utc_error = Span::minutes(50);
    world.time.0 += Span::seconds(1).0;
    world.turn();
    world.utc_error = Span(Span::minutes(50).0 + Span::millis(900).0);
    world.time.0 += Span::seconds(1).0;
    world.turn();
    let steps = journal(&world, "clock-step");
    assert_eq!(steps.len(), 2, "{steps:#?}");
    assert!(
        steps[0].starts_with("UTC went forward by 1 h: it was set, or the machine was paused"),
        "{steps:#?}"
    );
    assert!(steps[1].starts_with("UTC went back by 10 min"), "{steps:#?}");
}

#[test]
fn a_duty_that_was_done_too_late_is_on_the_record() {
    let mut world = world();
    world.finds("eve", Severity::Critical);
    world.act("ana", Verb::Acknowledge, "1").unwrap();
    world.pass(Span::hours(80));
    world.expect_clock(ClockKind::Duty, ClockState::Breached);
    let act = Act {
        actor: Actor { name: "ana".into(), known: true, channel: Channel::Cli },
        verb: Verb::Fulfil("authority".into()),
        incident: Some("1".into()),
        note: Some("form 33".into()),
    };
    let (now, mut changes) = (world.now(), Changes::default());
    let answer = world.room.act(&mut world.book, &act, &now, &mut changes);
    assert_eq!(answer.as_deref(), Ok("the duty authority of incident 1 is breached"));
    world.commit(changes);
    assert!(journal(&world, "clock").iter().any(|d| d.contains("form 33") && d.contains("too late")));
}

/// An incident whose cause lies so far back, with a clock that starts there.
fn late(minutes: i64, relay: Relay) -> World {
    let mut world =
        World::new(params(Policy { clock_starts: ClockStart::Occurred, repeat_every: None, ..policy() }));
    world.relay = relay;
    let (now, mut changes) = (world.now(), Changes::default());
    let cause = finding("old", "root", Severity::High, now.utc - Span::minutes(minutes));
    world.triage.judge(&mut world.book, cause, Some("gate"), now.utc, &now);
    world.room.look(&mut world.book, &now, &mut changes);
    world.commit(changes);
    world.turn();
    world
}

#[test]
fn the_last_resort_also_cries_for_what_began_late() {
    for minutes in [25, 45] {
        let mut world = late(minutes, Relay::Defers);
        world.pass(Span::seconds(50));
        assert_eq!(journal(&world, "emergency").len(), 0, "a minute is given: {minutes}");
        world.pass(Span::minutes(2));
        assert_eq!(journal(&world, "emergency").len(), 1, "{minutes}");
        world.crash();
        world.pass(Span::minutes(20));
        assert_eq!(journal(&world, "emergency").len(), 1, "once: {minutes}");
        let mut told = late(minutes, Relay::Accepts);
        told.pass(Span::minutes(5));
        assert_eq!(journal(&told, "emergency").len(), 0, "somebody was told: {minutes}");
    }
}

#[test]
fn a_drill_owes_nothing_to_others_outside_until_it_is_real() {
    let mut world = world();
    let (now, mut changes) = (world.now(), Changes::default());
    let cause = finding("played", "eve", Severity::Critical, now.utc);
    let judged = world.triage.judge(&mut world.book, cause, Some("gate"), now.utc, &now);
    let id = judged.incident.unwrap();
    world.book.update_incident(&id, |i| i.drill = Some("open-1".into()));
    world.room.look(&mut world.book, &now, &mut changes);
    world.commit(changes);
    world.pass(Span::minutes(1));
    assert!(journal(&world, "duty").is_empty());
    world.book.update_incident(&id, |i| i.drill = None);
    world.pass(Span::minutes(1));
    assert_eq!(journal(&world, "duty").len(), 1);
}
