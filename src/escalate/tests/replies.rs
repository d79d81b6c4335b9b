//! Replies and reports as stories: who wrote what to which address, and what came of it.

use super::*;
use crate::schema::tag::tag_in;

const BASE: &str = "gatewatch@example.org";

fn with_replies(policy: Policy) -> World {
    let deputies = BTreeMap::from([(Arc::from("ana"), BTreeSet::from([Arc::from("ben")]))]);
    let replies = Replies { address: BASE.into(), key: TagKey::new([7; 32]), deputies };
    let mut params = params(policy);
    params.persons.extend([person("ben", &["ben@example.org"])]);
    World::new(Params { replies: Some(replies), ..params })
}

impl World {
    /// The tag in the last mail's reply address.
    fn token(&self) -> Option<Tag> {
        let letter = &self.mails.last().unwrap().letter;
        let address = letter.headers.iter().find(|(name, _)| *name == "Reply-To").map(|(_, value)| value)?;
        Tag::parse(tag_in(BASE, address).unwrap())
    }

    fn reply(&self, from: &str, tag: Option<Tag>, line: &str) -> Inbound {
        let wish = match line.split_once(' ').unwrap_or((line, "")) {
            ("ack", note) => Wish::Do(ReplyVerb::Acknowledge, note_of(note)),
            ("resolve", note) => Wish::Do(ReplyVerb::Resolve, note_of(note)),
            ("escalate", note) => Wish::Do(ReplyVerb::Escalate, note_of(note)),
            ("false-positive", note) => Wish::Do(ReplyVerb::FalsePositive, note_of(note)),
            ("", _) => Wish::Nothing,
            _ => Wish::Other(line.into()),
        };
        let content = InboundContent::Reply(Reply {
            tag,
            proof: Ok("dkim=pass (example.org)".into()),
            automatic: None,
            wish,
        });
        let identity = format!("mail-{}", self.store.journal.len());
        Inbound {
            identity: identity.into(),
            message_id: format!("{line}@{from}").into(),
            from: from.into(),
            content,
        }
    }

    fn comes(&mut self, mail: &Inbound) {
        let (now, mut changes) = (self.now(), Changes::default());
        self.room.inbound(&mut self.book, mail, &now, &mut changes);
        self.commit(changes);
        self.turn();
    }

    fn last(&self, kind: &str) -> Option<(String, String)> {
        let entry = self.store.journal.iter().rev().find(|entry| entry.kind == kind)?;
        Some((entry.actor.to_string(), entry.detail.to_string()))
    }

    #[track_caller]
    fn expect_refusal(&self, actor: &str, words: &str) {
        let (by, detail) = self.last("reply-refused").expect("a refusal");
        assert!(by == actor && detail.starts_with(words), "{by}: {detail}");
    }

    fn incident_now(&self) -> &Incident {
        self.store.incidents.values().next().unwrap()
    }

    fn reports(&mut self, notification: u64, fate: Fate) {
        let tag =
            Tag::parse(&Tag::new(TagKind::Bounce, notification, 1).sign(&TagKey::new([7; 32]), "")).unwrap();
        let content = InboundContent::Report(Report { tag, fate, said: "5.1.1".into() });
        let mail = Inbound { identity: "r".into(), message_id: "".into(), from: "".into(), content };
        self.comes(&mail);
    }
}

fn note_of(note: &str) -> Option<Box<str>> {
    (!note.is_empty()).then(|| note.into())
}

#[test]
fn a_reply_acknowledges_once_and_the_others_are_told() {
    let mut world = with_replies(policy());
    world.finds("root", Severity::High);
    let token = world.token();
    world.pass(Span::minutes(10));
    world.expect_mails(&["ana notice", "lead escalation"]);
    world.comes(&world.reply("ana@example.net", token.clone(), "ack on it"));
    let incident = world.incident_now();
    assert_eq!((incident.status, incident.ack_via.as_deref()), (IncidentStatus::Acknowledged, Some("reply")));
    assert_eq!(incident.acknowledged_by.as_deref(), Some("ana"));
    let (actor, detail) = world.last("incident").unwrap();
    assert!(actor == "ana" && detail.ends_with("[reply]; note: on it"), "{detail}");
    world.expect_mails(&["lead acknowledged"]);

    // The same mail again, as a relay repeats it: nothing happens, and nobody is bothered.
    world.comes(&world.reply("ana@example.net", token.clone(), "ack on it"));
    world.expect_refusal("mail", "used: the same mail came again");
    world.expect_silence();
    // Another reply to the same mail: used, and the answer has a fresh token.
    world.crash();
    world.comes(&world.reply("ana@example.net", token, "resolve"));
    world.expect_refusal("ana", "used: another reply");
    world.expect_mails(&["ana answer"]);
    let answer = &world.mails.last().unwrap().letter;
    assert!(
        answer.answers && &*answer.to == "ana@example.net" && answer.text.contains("used: another reply")
    );
    world.comes(&world.reply("ana@example.net", world.token(), "resolve it was me"));
    assert_eq!(world.incident_now().status, IncidentStatus::Resolved);
    world.expect_mails(&["lead resolved"]);
}

#[test]
fn deputies_may_and_others_may_not() {
    let mut world = with_replies(policy());
    world.finds("root", Severity::High);
    let token = world.token();
    world.new_mails();
    world.comes(&world.reply("lead@example.org", token.clone(), "ack"));
    world.expect_refusal("lead", "wrong-sender");
    world.expect_mails(&["lead answer"]);
    world.comes(&world.reply("eve@example.org", token.clone(), "ack"));
    world.expect_refusal("mail", "wrong-sender");
    world.expect_silence();
    assert_eq!(world.incident_now().status, IncidentStatus::Open);
    world.comes(&world.reply("Ben@Example.org", token, "false-positive our scanner"));
    assert_eq!(world.incident_now().resolution, Some(Resolution::FalsePositive));
}

#[test]
fn what_does_not_act_says_why_and_only_where_it_is_safe() {
    let mut world = with_replies(policy());
    world.finds("root", Severity::High);
    let token = world.token();
    world.new_mails();
    let mut unproven = world.reply("ana@example.org", token.clone(), "ack");
    if let InboundContent::Reply(reply) = &mut unproven.content {
        reply.proof = Err("no Authentication-Results".into());
    }
    world.comes(&unproven);
    world.expect_refusal("mail", "not-authenticated: no Auth");
    let mut vacation = world.reply("ana@example.org", token.clone(), "ack");
    if let InboundContent::Reply(reply) = &mut vacation.content {
        reply.automatic = Some("Auto-Submitted says so".into());
    }
    world.comes(&vacation);
    world.expect_refusal("mail", "automatic");
    world.expect_silence();
    let stranger = Tag::parse(&Tag::new(TagKind::Reply, 1, 0).sign(&TagKey::new([8; 32]), "<x@y>"));
    for (tag, line, reason) in [
        (None, "ack", "no-token"),
        (stranger, "ack", "bad-token"),
        (token.clone(), "thanks", "unknown-verb: it begins with \"thanks\""),
        (token.clone(), "", "unknown-verb: it has no line"),
        (token.clone(), "false-positive", "no-reason"),
    ] {
        world.comes(&world.reply("ana@example.org", tag, line));
        world.expect_refusal("ana", reason);
        world.expect_mails(&["ana answer"]);
        assert_eq!(world.incident_now().status, IncidentStatus::Open, "{reason}");
    }
    world.act("lead", Verb::Resolve { false_positive: false }, "1").unwrap();
    world.new_mails();
    world.comes(&world.reply("ana@example.org", token.clone(), "ack"));
    world.expect_refusal("ana", "impossible: incident 1 is resolved");
    world.expect_mails(&["ana answer"]);
    // A token is good for a week.
    world.act("lead", Verb::Reopen, "1").unwrap();
    world.time.0 += Span::days(8).0;
    world.turn();
    world.new_mails();
    world.comes(&world.reply("ana@example.org", token, "ack"));
    world.expect_refusal("ana", "expired");
}

#[test]
fn two_programs_cannot_talk_for_long() {
    let mut world = with_replies(policy());
    world.finds("root", Severity::High);
    let token = world.token();
    world.new_mails();
    for n in 0..100 {
        world.comes(&world.reply("ana@example.org", token.clone(), &format!("thanks {n}")));
    }
    assert_eq!(world.new_mails().len(), limits_of_answers());
    assert_eq!(world.store.journal.iter().filter(|entry| entry.kind == "reply-refused").count(), 100);
}

fn limits_of_answers() -> usize {
    crate::limits::REPLY_ANSWERS_MAX as usize
}

#[test]
fn a_bounce_goes_to_the_next_address_and_then_to_the_next_step() {
    let mut world = with_replies(policy());
    world.finds("root", Severity::High);
    world.expect_mails(&["ana notice"]);
    let envelope = world.mails[0].letter.envelope.clone().unwrap();
    assert!(envelope.sender.starts_with("gatewatch+b1-1-") && envelope.sender.contains(&*envelope.id));
    world.reports(1, Fate::Delayed);
    world.expect_silence();
    world.reports(1, Fate::Failed);
    assert_eq!(world.store.notifications[&1].state, NotificationState::Refused);
    world.expect_mails(&["ana fallback"]);
    assert_eq!(&*world.mails[1].letter.to, "ana@example.net");
    world.reports(1, Fate::Failed);
    world.expect_silence();
    world.reports(2, Fate::Failed);
    world.expect_mails(&["lead escalation"]);
    world.reports(3, Fate::Relayed);
    world.reports(3, Fate::Delivered);
    world.reports(3, Fate::Relayed);
    assert_eq!(world.store.notifications[&3].delivery_level.as_deref(), Some("D3"));
    // A tag of nobody does nothing.
    let forged = Tag::parse(&Tag::new(TagKind::Bounce, 3, 1).sign(&TagKey::new([9; 32]), "")).unwrap();
    let content = InboundContent::Report(Report { tag: forged, fate: Fate::Failed, said: "".into() });
    world.comes(&Inbound { identity: "x".into(), message_id: "".into(), from: "".into(), content });
    assert_eq!(world.store.notifications[&3].state, NotificationState::Accepted);
    assert!(world.last("report-refused").is_some());
}

#[test]
fn a_report_finds_a_lost_answer_again() {
    let mut world = with_replies(policy());
    world.relay = Relay::CutsAfterDot;
    world.finds("root", Severity::High);
    assert_eq!(world.store.notifications[&1].state, NotificationState::Uncertain);
    world.reports(1, Fate::Delivered);
    assert_eq!(world.store.notifications[&1].state, NotificationState::Accepted);
    world.expect_clock(ClockKind::Notify, ClockState::Met);
    world.new_mails();
    world.relay = Relay::Accepts;
    world.pass(Span::minutes(9));
    world.expect_silence();
}

#[test]
fn without_a_maildir_nothing_invites_a_reply() {
    let mut world = World::new(params(policy()));
    world.finds("root", Severity::High);
    let letter = &world.mails[0].letter;
    assert!(
        world.token().is_none() && letter.envelope.is_none() && !letter.text.contains("Reply to this mail")
    );
    let mail = world.reply("ana@example.org", None, "ack");
    world.comes(&mail);
    assert_eq!(world.incident_now().status, IncidentStatus::Open);
}

#[test]
fn a_digest_that_bounces_is_told_elsewhere() {
    let mut world = with_replies(Policy { repeat_every: None, ..policy() });
    let mut params = world.room.params.clone();
    params.max_per_recipient_per_hour = 1;
    world.room = Escalate::new(params);
    for user in ["first", "second", "third"] {
        world.finds(user, Severity::Medium);
    }
    world.pass(Span::minutes(5));
    let digest = || NotificationKind::Digest;
    world.pass(Span::hours(1));
    let row = world.store.notifications.values().find(|n| n.kind == digest() && &*n.recipient == "ana");
    let id = row.expect("a digest").id;
    let members: Vec<u64> =
        world.store.notifications.values().filter(|n| n.digest == Some(id)).map(|n| n.id).collect();
    assert!(!members.is_empty());
    world.reports(id, Fate::Failed);
    for member in &members {
        assert_eq!(world.store.notifications[member].state, NotificationState::Refused);
    }
    world.pass(Span::hours(2));
    let elsewhere = world
        .store
        .notifications
        .values()
        .filter(|n| &*n.address == "ana@example.net" && n.kind != NotificationKind::Digest);
    let elsewhere = elsewhere.count();
    assert_eq!(elsewhere, members.len(), "each is told at the second address");
}

#[test]
fn a_channel_hears_that_its_person_answered() {
    let mut world = with_replies(policy());
    let mut params = world.room.params.clone();
    params.persons.extend([person("ana", &["ana@example.org", "webhook:pd"])]);
    world.room = Escalate::new(params);
    world.finds("root", Severity::High);
    world.reports(1, Fate::Failed);
    world.expect_mails(&["ana notice", "ana fallback"]);
    world.act("ana", Verb::Acknowledge, "1").unwrap();
    world.expect_mails(&["ana acknowledged"]);
    assert_eq!(&*world.mails.last().unwrap().letter.to, "webhook:pd");
}
