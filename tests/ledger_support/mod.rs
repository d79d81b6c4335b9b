//! Sample changes for the tests of the ledger.
#![allow(dead_code, reason = "each test binary uses a part")]

use gatewatch::schema::*;
use std::sync::Arc;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp(1_790_000_000_000_000 + seconds * 1_000_000 + 123_456)
}

pub fn reading() -> Reading {
    Reading { utc: at(0), boottime: Span::seconds(77), boot_id: "boot-1".into() }
}

pub fn arc(text: &str) -> Arc<str> {
    text.into()
}

/// A failed login; everything about it follows from its id.
pub fn event(id: u64) -> Event {
    Event {
        id,
        source: arc("gw-1"),
        format: arc("sshd"),
        parser: 3,
        generation: 1,
        offset: id * 100,
        length: 100,
        line: id,
        lines: 1,
        time: Some(at(id as i64)),
        counted_at: at(id as i64),
        observed_at: at(id as i64 + 1),
        time_text: Some("Nov 24 06:00:00".into()),
        class: Class::Authentication,
        activity: "logon",
        outcome: Outcome::Failure,
        user: Some(format!("user{}", id % 7).into()),
        src_ip: Some("2001:db8::1".parse().unwrap()),
        src_port: Some(22),
        mfa: Some(false),
        count: 1,
        raw: format!("Nov 24 06:00:00 gw-1 sshd[{id}]: Failed password for user{}", id % 7)
            .into_bytes()
            .into(),
        extra: vec![
            ("pid".into(), Datum::Int(id as i64)),
            ("tags".into(), Datum::List(vec![Datum::Text("a\"b".into())])),
        ],
        ..Event::default()
    }
}

pub fn generation(id: u64) -> Generation {
    Generation {
        id,
        source: arc("gw-1"),
        path: arc("/var/log/auth.log"),
        device: u64::MAX - 3,
        inode: 1 << 63,
        head_length: 1024,
        head_hash: [7; 32],
        format: arc(""),
        finished: false,
        seen_at: at(0),
    }
}

pub fn position(generation: u64, offset: u64) -> Position {
    Position {
        generation,
        offset,
        lines: offset / 100,
        tail_hash: [9; 32],
        markers: vec![(5, [1; 32]), (u64::MAX, [2; 32])],
        watermark: Some(at(3)),
    }
}

pub fn finding(id: &str, severity: Severity, incident: Option<&str>, evidence: Vec<u64>) -> Finding {
    Finding {
        id: arc(id),
        time: at(5),
        rule: arc("auth-brute-force-source"),
        rule_version: arc("0123456789ab"),
        title: arc("Guessing at a login"),
        kind: FindingKind::FirstSeen,
        severity,
        incident_type: Some(arc("account-compromise")),
        group: vec![(arc("src_ip"), "2001:db8::1".into()), (arc("user"), "user1".into())],
        first_event_at: at(1),
        last_event_at: at(5),
        observed: 5.0,
        expected: Some(0.5),
        threshold: None,
        score: None,
        explanation: "5 failures".into(),
        advice: Some(arc("Call the user")),
        evidence,
        folded: 0,
        verdict: Verdict::BelowBudget,
        reason: "why".into(),
        incident: incident.map(arc),
    }
}

pub fn incident(id: &str, number: u64, status: IncidentStatus) -> Incident {
    Incident {
        id: arc(id),
        number,
        title: arc("Guessing at a login"),
        severity: Severity::High,
        status,
        entity: arc("src_ip=2001:db8::1"),
        incident_type: None,
        policy: arc("critical"),
        opened_at: at(6),
        occurred_at: at(1),
        read_at: at(6),
        detected_at: at(6),
        started: reading(),
        next_step: 1,
        round: 2,
        notified_at: None,
        acknowledged_at: Some(at(9)),
        acknowledged_by: Some(arc("ana")),
        ack_via: Some(arc("cli")),
        resolved_at: Some(at(10)),
        resolution: Some(Resolution::FalsePositive),
        findings: 2,
        assignee: None,
        last_event_at: at(5),
        drill: Some(arc("drill-1")),
        merged_into: None,
    }
}

pub fn clock(incident: &str, kind: ClockKind, round: u32) -> Clock {
    Clock {
        incident: arc(incident),
        kind,
        round,
        state: ClockState::Uncertain,
        allowed: Span::minutes(30),
        armed: reading(),
        elapsed_lo: Span::seconds(1),
        elapsed_hi: Span::seconds(2),
        ticked: reading(),
        due_at: at(1800 + i64::from(round)),
        ended_at: None,
        name: None,
    }
}

pub fn notification(id: u64, incident: Option<&str>, state: NotificationState) -> Notification {
    Notification {
        id,
        incident: incident.map(arc),
        step: 0,
        round: 0,
        recipient: arc("ana"),
        address: arc("ana@example.org"),
        kind: NotificationKind::Notice,
        message_id: arc(&format!("<{id}@gatewatch.example.org>")),
        state,
        created_at: at(6),
        due_at: at(7),
        accepted_at: None,
        delivery_level: None,
        relay: Some(arc("smtp.example.org:587")),
        relay_reply: Some("250 ok".into()),
        attempts: 1,
        may_repeat: true,
        date: Some(at(7)),
        digest: Some(9),
        answered_at: Some(at(9)),
        answered_by: Some("1@example.org".into()),
        words: Some("used".into()),
    }
}

pub fn attempt(notification: u64, n: u32) -> Attempt {
    Attempt {
        notification,
        n,
        at: at(8),
        relay: arc("smtp.example.org:587"),
        phase: MailPhase::Body,
        reply: "timeout".into(),
        result: AttemptResult::Uncertain,
    }
}

pub fn silence(id: &str, ends: i64) -> Silence {
    Silence {
        id: arc(id),
        owner: arc("ana"),
        reason: arc("maintenance"),
        entity: Some(arc("user=backup")),
        starts_at: at(-100),
        ends_at: at(ends),
        matches: 4,
        ..Silence::default()
    }
}

/// Something of everything.
pub fn everything() -> Changes {
    Changes {
        generations: vec![generation(1), Generation { id: 2, finished: true, ..generation(2) }],
        positions: vec![position(1, 900)],
        gaps: vec![Gap {
            source: arc("gw-1"),
            generation: 1,
            path: arc("/var/log/auth.log"),
            at: at(4),
            from_offset: 10,
            to_offset: None,
            bytes: None,
            reason: GapReason::RolledBack,
        }],
        events: (1..=8).map(event).collect(),
        states: vec![
            StateRow { room: "detect", key: "w/1".into(), body: Some(vec![0, 255, 3].into()) },
            StateRow { room: "triage", key: "g".into(), body: Some(Vec::new().into()) },
        ],
        findings: vec![
            finding("f1", Severity::Low, Some("inc1"), vec![1]),
            finding("f2", Severity::High, Some("inc1"), (1..=8).collect()),
        ],
        incidents: vec![
            incident("inc1", 1, IncidentStatus::Open),
            incident("inc2", 2, IncidentStatus::Closed),
            incident("inc3", 3, IncidentStatus::Resolved),
            incident("inc4", 4, IncidentStatus::Resolved),
        ],
        clocks: vec![
            clock("inc1", ClockKind::Acknowledge, 1),
            clock("inc1", ClockKind::Notify, 0),
            clock("inc2", ClockKind::Notify, 0),
        ],
        notifications: vec![
            notification(1, Some("inc1"), NotificationState::Accepted),
            notification(2, Some("inc1"), NotificationState::Sending),
            notification(3, Some("inc3"), NotificationState::Pending),
            notification(4, Some("inc4"), NotificationState::Accepted),
            notification(5, None, NotificationState::Refused),
        ],
        attempts: vec![attempt(1, 1), attempt(2, 1)],
        silences: vec![silence("S1", -5), silence("S10", 500)],
        journal: vec![JournalEntry {
            at: at(9),
            kind: "incident",
            actor: arc("ana"),
            subject: arc("inc1"),
            detail: "acknowledged".into(),
        }],
        rules: vec![RuleRow {
            id: arc("auth-brute-force-source"),
            version: arc("0123456789ab"),
            title: arc("Guessing"),
            kind: "threshold",
            severity: "high",
            owner: Some(arc("soc")),
            control: Some(arc("C9")),
            enabled: true,
            text: arc("title: Guessing"),
            loaded_at: at(9),
        }],
        ..Changes::default()
    }
}
