//! Escalation as stories: what happens, who gets a mail, what is silent.

use super::*;

#[test]
fn somebody_is_told_until_somebody_answers() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::High);
    world.expect_mails(&["ana notice"]);
    world.expect_clock(ClockKind::Notify, ClockState::Met);

    world.pass(Span::minutes(9));
    world.expect_silence();
    world.pass(Span::minutes(1));
    world.expect_mails(&["lead escalation"]);

    let answer = world.act("ana", Verb::Acknowledge, "1").unwrap();
    assert_eq!(
        answer,
        "incident 1 is yours for 4 h, until 2026-11-23T13:10:00.000Z; then it is open again; lead will be told so"
    );
    world.expect_mails(&["lead acknowledged"]);
    world.expect_clock(ClockKind::Acknowledge, ClockState::Met);

    world.pass(Span(Span::hours(4).0 - Span::seconds(1).0));
    world.expect_silence();
    world.pass(Span::seconds(1));
    world.expect_mails(&["ana repeat"]);
    world.pass(Span::minutes(10));
    world.expect_mails(&["lead repeat"]);

    world.act("lead", Verb::Resolve { false_positive: false }, "#1").unwrap();
    world.expect_mails(&["ana resolved"]);
    world.pass(Span::hours(30));
    world.expect_silence();
    assert_eq!(world.store.incidents.values().next().unwrap().status, IncidentStatus::Closed);
    assert_eq!(world.book.incidents().count(), 0);
    assert_eq!(world.book.notifications().count(), 0);
}

/// Lines, mail one, thirty minutes, mail two, a reply, silence.
#[test]
fn a_reply_by_mail_ends_what_thirty_minutes_of_silence_began() {
    let patient = Policy {
        steps: vec![step(Span::ZERO, "ana"), step(Span::minutes(30), "lead")],
        acknowledge_within: None,
        repeat_every: None,
        ..policy()
    };
    let mut world = World::new(params(patient));
    world.finds("root", Severity::High);
    world.expect_mails(&["ana notice"]);

    world.pass(Span(Span::minutes(30).0 - Span::seconds(1).0));
    world.expect_silence();
    world.pass(Span::seconds(1));
    world.expect_mails(&["lead escalation"]);

    world.replies("lead", Verb::Acknowledge, "1").unwrap();
    world.expect_mails(&["ana acknowledged"]);
    let incident = world.store.incidents.values().next().unwrap();
    assert_eq!(
        (incident.acknowledged_by.as_deref(), incident.ack_via.as_deref()),
        (Some("lead"), Some("reply"))
    );

    world.pass(Span(Span::hours(4).0 - Span::seconds(1).0));
    world.expect_silence();
}

#[test]
fn an_unanswered_incident_is_repeated_for_everyone_told_so_far() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::High);
    world.pass(Span::minutes(39));
    world.expect_mails(&["ana notice", "lead escalation"]);
    world.expect_clock(ClockKind::Acknowledge, ClockState::Breached);
    world.pass(Span::minutes(1));
    world.expect_mails(&["ana repeat", "lead repeat"]);
    world.pass(Span::minutes(30));
    world.expect_mails(&["ana repeat", "lead repeat"]);
    let ids: BTreeSet<&Arc<str>> = world.store.notifications.values().map(|n| &n.message_id).collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn a_late_acknowledgement_starts_the_next_step_at_once() {
    let late = Policy {
        acknowledge_within: Some(Span::minutes(5)),
        steps: vec![step(Span::ZERO, "ana"), step(Span::hours(1), "lead")],
        repeat_every: None,
        ..policy()
    };
    let mut world = World::new(params(late));
    world.finds("root", Severity::High);
    world.expect_mails(&["ana notice"]);
    world.pass(Span::seconds(299));
    world.expect_silence();
    world.pass(Span::seconds(1));
    world.expect_mails(&["lead escalation"]);
    world.expect_clock(ClockKind::Acknowledge, ClockState::Breached);
    world.pass(Span::hours(2));
    world.expect_silence();
}

#[test]
fn nothing_is_lost_when_the_relay_is_down_and_the_program_is_killed() {
    let mut world = World::new(params(policy()));
    world.relay = Relay::Defers;
    world.finds("root", Severity::High);
    world.pass(Span::minutes(8));
    world.crash();
    world.pass(Span::minutes(24));
    world.expect_silence();
    world.expect_clock(ClockKind::Notify, ClockState::Breached);
    assert_eq!(world.store.journal.iter().filter(|e| e.kind == "emergency").count(), 1);
    world.relay = Relay::Accepts;
    world.pass(Span::minutes(3));
    world.expect_mails(&["ana fallback", "ana notice", "lead escalation"]);
    world.expect_clock(ClockKind::Notify, ClockState::Breached);
}

#[test]
fn a_cut_after_the_dot_goes_again_with_the_same_id_and_says_so() {
    let mut world = World::new(params(policy()));
    world.relay = Relay::CutsAfterDot;
    world.finds("root", Severity::High);
    world.relay = Relay::Accepts;
    world.pass(Span::seconds(5));
    let [first, second] = &world.mails[..] else { panic!("{:?}", world.mails) };
    assert_eq!(first.letter.message_id, second.letter.message_id);
    assert_eq!(first.letter.date, second.letter.date);
    assert!(!first.letter.headers.iter().any(|(name, _)| *name == "X-Gatewatch-Attempt"));
    assert!(second.letter.headers.contains(&("X-Gatewatch-Attempt", "2".to_owned())));
    assert!(second.letter.text.contains("This may repeat an earlier message"));
    let results: Vec<&str> = world.store.attempts.values().map(|a| a.result.name()).collect();
    assert_eq!(results, ["uncertain", "accepted"]);
}

#[test]
fn a_program_killed_while_sending_finds_the_row_and_sends_it_again() {
    let mut world = World::new(params(policy()));
    world.relay = Relay::Hangs;
    world.finds("root", Severity::High);
    world.relay = Relay::Accepts;
    world.crash();
    assert_eq!(world.store.attempts[&(1, 1)].result, AttemptResult::Uncertain);
    assert_eq!(world.store.notifications[&1].state, NotificationState::Uncertain);
    world.turn();
    world.expect_mails(&["ana notice"]);
    assert!(world.mails[0].letter.may_repeat);
}

#[test]
fn a_refused_address_is_replaced_by_the_second_one() {
    let mut world = World::new(params(policy()));
    world.relay = Relay::RefusesRecipient;
    world.finds("root", Severity::High);
    // Both of Ana's addresses, then the lead at once, then nobody is left.
    let states: Vec<String> = world
        .store
        .notifications
        .values()
        .map(|n| format!("{} {} {}", n.address, n.kind.name(), n.state.name()))
        .collect();
    assert_eq!(states, ["ana@example.org notice refused", "ana@example.net fallback refused"]);
    world.relay = Relay::Accepts;
    world.pass(Span::millis(500));
    world.expect_mails(&["lead escalation"]);
}

#[test]
fn when_nobody_could_be_told_everybody_is_told_again() {
    let mut world = World::new(params(Policy { repeat_every: None, ..policy() }));
    world.relay = Relay::RefusesRecipient;
    world.finds("root", Severity::High);
    world.pass(Span::minutes(12));
    world.expect_silence();
    world.relay = Relay::Accepts;
    world.pass(Span::minutes(5));
    world.expect_mails(&["ana repeat", "lead repeat"]);
    world.pass(Span::hours(1));
    world.expect_silence();
}

#[test]
fn refused_content_is_told_once_more_in_plain_words() {
    let mut world = World::new(params(policy()));
    world.relay = Relay::RefusesContent;
    world.finds("<script>root", Severity::High);
    world.expect_mails(&["ana fallback"]);
    let letter = &world.mails[0].letter;
    assert_eq!(&*letter.to, "ana@example.org");
    assert!(letter.text.contains("gatewatch incident ack 1") && !letter.text.contains("script"));
}

#[test]
fn a_clock_set_back_or_forward_loses_no_step_and_doubles_none() {
    for error in [Span::hours(-1), Span::hours(1)] {
        let mut world = World::new(params(policy()));
        world.finds("root", Severity::High);
        world.pass(Span::minutes(5));
        world.utc_error = error;
        world.pass(Span::minutes(5));
        world.utc_error = Span::ZERO;
        world.pass(Span::minutes(5));
        let mut mails = world.new_mails();
        mails.retain(|mail| !mail.ends_with("repeat"));
        assert_eq!(mails, ["ana notice", "lead escalation"], "{error:?}");
        let states: Vec<ClockState> =
            world.store.clocks.values().filter(|c| c.kind == ClockKind::Notify).map(|c| c.state).collect();
        assert_eq!(states, [ClockState::Met]);
    }
}

#[test]
fn a_paused_machine_is_in_doubt_not_in_breach() {
    let mut world = World::new(params(policy()));
    world.relay = Relay::Defers;
    world.finds("root", Severity::High);
    world.utc_error = Span::hours(1); // the boot clock stood still, or UTC was set: nobody can tell
    world.pass(Span::seconds(1));
    world.expect_clock(ClockKind::Notify, ClockState::Uncertain);
    world.pass(Span::minutes(30));
    world.expect_clock(ClockKind::Notify, ClockState::Breached);
}

#[test]
fn a_reboot_goes_on_by_what_was_written_down() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::High);
    world.pass(Span::minutes(4));
    world.new_mails();
    (world.boots, world.booted_at) = (2, Span(world.time.0 + Span::minutes(2).0));
    world.time.0 += Span::minutes(3).0;
    world.crash();
    world.pass(Span::seconds(178));
    world.expect_silence();
    world.pass(Span::seconds(3));
    world.expect_mails(&["lead escalation"]);
}

#[test]
fn graver_news_wake_the_one_who_took_the_lesser() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::Medium);
    world.act("ana", Verb::Acknowledge, "1").unwrap();
    let same = world.finds("root", Severity::Medium);
    assert_eq!(same.verdict, Verdict::Grouped);
    world.expect_mails(&["ana notice"]);
    let graver = world.finds("root", Severity::Critical);
    assert_eq!(
        &*graver.reason,
        "incident 1 is about the same entity; it is critical now and starts anew from the first step"
    );
    world.expect_mails(&["ana notice"]);
    world.pass(Span::minutes(10));
    world.expect_mails(&["lead escalation"]);
    assert!(world.mails.last().unwrap().letter.subject.starts_with("[gatewatch] CRITICAL #1: "));
}

#[test]
fn who_may_not_act_is_refused_and_journalled() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::High);
    assert!(matches!(world.act("mallory", Verb::Acknowledge, "1"), Err(ActRefused::NotAllowed(_))));
    assert!(matches!(world.act("ana", Verb::Acknowledge, "7"), Err(ActRefused::NoSuchIncident(_))));
    assert!(matches!(
        world.act("ana", Verb::Reopen, "1"),
        Err(ActRefused::Impossible { status: "open", .. })
    ));
    let refused: Vec<&JournalEntry> = world.store.journal.iter().filter(|e| e.kind == "refused").collect();
    assert_eq!(refused.len(), 3);
    assert_eq!(&*refused[0].actor, "mallory");
    assert_eq!(world.store.incidents.values().next().unwrap().status, IncidentStatus::Open);
}

#[test]
fn a_second_acknowledgement_changes_nothing_and_ones_own_renews() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::High);
    world.act("ana", Verb::Acknowledge, "1").unwrap();
    let answer = world.act("lead", Verb::Acknowledge, "1").unwrap();
    assert_eq!(
        answer,
        "incident 1 was already acknowledged by ana at 2026-11-23T09:00:00.000Z: nothing was changed"
    );
    world.pass(Span::hours(3));
    world.act("ana", Verb::Acknowledge, "1").unwrap();
    world.pass(Span::hours(3));
    world.expect_mails(&["ana notice"]);
    world.act("ana", Verb::Escalate, "1").unwrap();
    world.expect_mails(&["lead escalation"]);
}

#[test]
fn a_year_old_log_is_told_in_order_and_breached_once() {
    let mut world = World::new(params(Policy { clock_starts: ClockStart::Occurred, ..policy() }));
    let (now, mut changes) = (world.now(), Changes::default());
    let old = finding("old", "root", Severity::High, now.utc - Span::days(365));
    world.triage.judge(&mut world.book, old, None, now.utc, &now);
    world.room.look(&mut world.book, &now, &mut changes);
    world.commit(changes);
    world.pass(Span::minutes(5));
    world.expect_mails(&["ana notice", "lead escalation"]);
    let breaches =
        world.store.journal.iter().filter(|e| e.kind == "clock" && e.detail.contains("notify")).count();
    assert_eq!(breaches, 1);
}

#[test]
fn the_next_look_is_known_with_its_reason() {
    let mut world = World::new(params(policy()));
    assert_eq!(world.room.next_wake(&world.book, &world.now()), None);
    world.finds("root", Severity::High);
    world.pass(Span::seconds(595));
    let now = world.now();
    assert_eq!(world.room.next_wake(&world.book, &now), Some((now.utc + Span::seconds(5), WakeReason::Step)));
}

#[test]
fn a_test_mail_goes_to_the_address_asked_for() {
    let mut world = World::new(params(policy()));
    world.act("ana", Verb::MailTest("probe@example.org".into()), "-").unwrap();
    world.expect_mails(&["ana test"]);
    assert_eq!(&*world.mails[0].letter.to, "probe@example.org");
    let bad = world.act("ana", Verb::MailTest("a@b\r\nBcc: x@y".into()), "-");
    assert_eq!(bad, Err(ActRefused::BadAddress("a@b\\r\\nBcc: x@y".into())));
    assert_eq!(world.book.notifications().count(), 0);
}

#[test]
fn who_is_on_call_when_the_mail_goes_out_is_told() {
    let schedule = Schedule::of_one(Layer {
        name: "rotation".into(),
        zone: TimeZone::UTC,
        members: vec!["ana".into(), "ben".into()],
        turn_days: 1,
        first: jiff::civil::date(2026, 11, 22).at(9, 5, 0, 0),
        hours: None,
    });
    let on_call = Step { after: Span::ZERO, notify: vec![Recipient::Schedule("soc".into())] };
    let mut params = params(Policy { steps: vec![on_call], ..policy() });
    params.persons.extend([person("ben", &["ben@example.org"])]);
    params.schedules.insert("soc".into(), schedule);
    let mut world = World::new(params);
    world.finds("root", Severity::High);
    world.expect_mails(&["ana notice"]);
    world.relay = Relay::Defers;
    world.finds("admin", Severity::High);
    world.pass(Span::minutes(6)); // the turn changed at 09:05
    world.relay = Relay::Accepts;
    world.pass(Span::minutes(3));
    let mails = world.new_mails();
    assert!(
        mails.contains(&"ben notice".to_owned()) && mails.contains(&"ana notice".to_owned()),
        "{mails:?}"
    );
    world.pass(Span::minutes(23)); // the first one is repeated for whoever has the turn
    assert!(world.new_mails().iter().all(|mail| mail == "ben repeat"));
}
