//! Joining incidents, taking them out again, and snoozing, told as stories.

use super::*;

fn two() -> World {
    let mut world = World::new(params(policy()));
    world.finds("eve", Severity::High);
    world.finds("bob", Severity::High);
    world.expect_mails(&["ana notice", "ana notice"]);
    world
}

fn status(world: &World, number: u64) -> IncidentStatus {
    world.store.incidents.values().find(|i| i.number == number).unwrap().status
}

#[test]
fn a_merged_incident_is_quiet_and_its_people_hear_where_it_went() {
    let mut world = two();
    let answer = world.act("lead", Verb::Merge("1".into()), "2").unwrap();
    assert_eq!(answer, "incident 2 is joined to incident 1; ana will be told so");
    world.expect_mails(&["ana resolved"]);
    let mail = world.mails.last().unwrap();
    assert!(mail.letter.text.contains("joined to incident #1. Answer that one"), "{}", mail.letter.text);
    world.pass(Span::minutes(11));
    world.expect_mails(&["lead escalation"]); // of incident 1 alone
    assert_eq!(status(&world, 2), IncidentStatus::Merged);
    // What comes for its entity goes to the other.
    let later = world.finds("bob", Severity::High);
    assert!(later.reason.contains("joined to incident 1"), "{}", later.reason);
    world.expect_silence();
}

#[test]
fn a_merge_survives_a_restart_and_a_split_undoes_it() {
    let mut world = two();
    world.act("lead", Verb::Merge("1".into()), "2").unwrap();
    world.crash();
    world.new_mails();
    let answer = world.act("lead", Verb::Split, "2").unwrap();
    assert_eq!(answer, "incident 2 is out of incident 1: open again, from the first step");
    world.expect_mails(&["ana repeat"]);
    assert_eq!(status(&world, 2), IncidentStatus::Open);
    let refused = world.act("lead", Verb::Split, "2").unwrap_err();
    assert_eq!(refused.to_string(), "incident 2 is open: it cannot be split");
}

#[test]
fn a_merge_lets_promises_go_on_the_record_and_cancels_what_waits() {
    let mut world = World::new(params(policy()));
    world.finds("eve", Severity::High);
    world.relay = Relay::Defers;
    world.finds("bob", Severity::High);
    world.act("lead", Verb::Merge("1".into()), "2").unwrap();
    let second = world.store.incidents.values().find(|i| i.number == 2).unwrap().id.clone();
    let notify = &world.store.clocks[&(second.clone(), ClockKind::Notify, 0)];
    assert_eq!(notify.state, ClockState::Waived);
    let told =
        world.store.journal.iter().any(|e| e.kind == "clock" && e.detail.contains("joined to incident 1"));
    assert!(told);
    let rows = world.store.notifications.values().filter(|n| n.incident.as_ref() == Some(&second));
    assert!(rows.clone().all(|n| n.state == NotificationState::Cancelled), "{:#?}", rows.collect::<Vec<_>>());
}

#[test]
fn the_graver_one_takes_the_milder_one_in() {
    let mut world = World::new(params(policy()));
    world.finds("eve", Severity::High);
    world.finds("bob", Severity::Critical);
    let refused = world.act("lead", Verb::Merge("1".into()), "2").unwrap_err();
    let words = "incident 2 cannot be joined to incident 1: it is critical, the other high; join them the other way round";
    assert_eq!(refused.to_string(), words);
    let refused = world.act("lead", Verb::Merge("1".into()), "1").unwrap_err();
    assert!(refused.to_string().ends_with("it is the same"), "{refused}");
    assert!(world.act("lead", Verb::Merge("2".into()), "1").is_ok());
}

#[test]
fn when_the_other_ends_the_merged_one_is_over_too() {
    let mut world = two();
    world.act("lead", Verb::Merge("1".into()), "2").unwrap();
    world.act("lead", Verb::Resolve { false_positive: false }, "1").unwrap();
    world.pass(Span::hours(25));
    assert!(world.book.incidents().next().is_none(), "nothing is open");
    assert_eq!(Book::load(world.store.rows()).incidents().count(), 0);
}

#[test]
fn a_snoozed_incident_wakes_up_from_the_first_step() {
    let mut world = World::new(params(policy()));
    world.finds("eve", Severity::High);
    world.new_mails();
    let answer = world.act("ana", Verb::Snooze(Span::hours(1)), "1").unwrap();
    assert!(answer.starts_with("incident 1 is yours for 1 h, until"), "{answer}");
    world.pass(Span::minutes(59));
    world.expect_silence();
    world.pass(Span::minutes(2));
    world.expect_mails(&["ana repeat"]);
    let refused = world.act("ana", Verb::Snooze(Span::days(8)), "1").unwrap_err();
    assert_eq!(refused.to_string(), "snooze for 1m to 7 d");
}

#[test]
fn nothing_real_is_hidden_in_a_drill() {
    let mut world = two();
    let drill = world.store.incidents.values().find(|i| i.number == 1).unwrap().id.clone();
    world.book.update_incident(&drill, |i| i.drill = Some("open-1".into()));
    let refused = world.act("lead", Verb::Merge("1".into()), "2").unwrap_err().to_string();
    assert!(refused.contains("is a drill"), "{refused}");
    assert_eq!(status(&world, 2), IncidentStatus::Open);
    assert!(world.act("lead", Verb::Merge("2".into()), "1").is_ok());
}

#[test]
fn who_was_never_told_gets_a_first_notice_after_a_split() {
    let mut world = World::new(params(policy()));
    world.finds("eve", Severity::High);
    world.relay = Relay::Defers;
    world.finds("bob", Severity::High);
    world.act("lead", Verb::Merge("1".into()), "2").unwrap();
    world.new_mails();
    world.relay = Relay::Accepts;
    world.act("lead", Verb::Split, "2").unwrap();
    world.expect_mails(&["ana notice"]);
    world.expect_clock(ClockKind::Notify, ClockState::Met);
}

#[test]
fn what_was_resolved_as_a_drill_and_was_none_is_told_anew() {
    let mut world = two();
    world.act("ana", Verb::Resolve { false_positive: false }, "1").unwrap();
    world.new_mails();
    let id = world.store.incidents.values().find(|i| i.number == 1).unwrap().id.clone();
    // As `triage::drills` leaves it when something real joined.
    world.book.update_incident(&id, |i| (i.round, i.next_step) = (i.round + 1, 0));
    world.turn();
    assert_eq!(status(&world, 1), IncidentStatus::Open);
    world.expect_mails(&["ana notice"]);
    assert_eq!(world.store.incidents[&id].resolved_at, None);
}
