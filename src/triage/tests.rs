use super::*;
use crate::schema::FindingKind;

fn at(seconds: i64) -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T09:00:00Z").unwrap() + Span::seconds(seconds)
}

fn now(seconds: i64) -> Reading {
    Reading { utc: at(seconds), boottime: Span::seconds(1_000 + seconds), boot_id: "boot".into() }
}

fn finding(id: &str, group: &[(&str, &str)], severity: Severity, seconds: i64) -> Finding {
    Finding {
        id: id.into(),
        time: at(seconds),
        rule: "rule".into(),
        rule_version: "1".into(),
        title: "Title".into(),
        kind: FindingKind::Threshold,
        severity,
        incident_type: None,
        group: group.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        first_event_at: at(seconds - 60),
        last_event_at: at(seconds),
        observed: 5.0,
        expected: None,
        threshold: Some(5.0),
        score: None,
        explanation: "".into(),
        advice: None,
        evidence: vec![],
        folded: 0,
        verdict: Verdict::Opened,
        reason: "".into(),
        incident: None,
    }
}

fn judge(triage: &Triage, book: &mut Book, finding: Finding) -> (Verdict, String) {
    let time = finding.time;
    let judged = triage.judge(book, finding, Some("gate"), time, &Reading { utc: time, ..now(0) });
    let number = judged.incident.and_then(|id| book.incident(&id).map(|i| i.number));
    (judged.verdict, number.map_or("-".to_owned(), |n| n.to_string()))
}

fn route(severity: &[Severity], source: Option<&str>, policy: &str) -> Route {
    Route {
        severity: severity.to_vec(),
        incident_type: None,
        source: source.map(Into::into),
        hours: None,
        policy: policy.into(),
    }
}

#[test]
fn a_finding_joins_its_entity_and_the_success_joins_the_guessing_of_its_address() {
    let (triage, mut book) = (Triage::new(Params::default()), Book::default());
    let address = [("src_ip", "203.0.113.9")];
    let both = [("src_ip", "203.0.113.9"), ("user", "root")];
    let mut say =
        |id, group: &[_], seconds| judge(&triage, &mut book, finding(id, group, Severity::Medium, seconds));
    assert_eq!(say("a", &address, 0), (Verdict::Opened, "1".into()));
    assert_eq!(say("b", &address, 60), (Verdict::Grouped, "1".into()));
    assert_eq!(say("c", &both, 120), (Verdict::Grouped, "1".into()));
    assert_eq!(say("d", &[("src_ip", "203.0.113.90")], 130), (Verdict::Opened, "2".into()));
    assert_eq!(say("e", &[("user", "root")], 140), (Verdict::Opened, "3".into()));
    let day = 24 * 3_600;
    assert_eq!(say("f", &address, 120 + day), (Verdict::Grouped, "1".into()));
    assert_eq!(say("g", &address, 121 + 2 * day), (Verdict::Opened, "4".into()));
    let incident = book.incident_named("1").unwrap();
    assert_eq!((incident.findings, incident.occurred_at, incident.id.len()), (4, at(-60), 26));
}

#[test]
fn a_resolved_incident_takes_nothing_in() {
    let (triage, mut book) = (Triage::new(Params::default()), Book::default());
    let group = [("user", "root")];
    judge(&triage, &mut book, finding("a", &group, Severity::High, 0));
    let id = book.incident_named("1").unwrap().id.clone();
    book.update_incident(&id, |i| i.status = IncidentStatus::Resolved);
    assert_eq!(
        judge(&triage, &mut book, finding("b", &group, Severity::High, 1)),
        (Verdict::Opened, "2".into())
    );
}

#[test]
fn nobody_is_told_of_what_another_route_owns() {
    let routes = vec![
        route(&[], Some("client-b"), "client-b"),
        route(&[Severity::High, Severity::Critical], None, "critical"),
        route(&[], None, "default"),
    ];
    let (triage, mut book) = (Triage::new(Params { routes, ..Params::default() }), Book::default());
    let root = [("user", "root")];
    let mut say = |id, severity, source| {
        let judged = triage.judge(&mut book, finding(id, &root, severity, 0), Some(source), at(0), &now(0));
        let incident = book.incident(&judged.incident.unwrap()).unwrap();
        (incident.number, incident.policy.to_string(), incident.severity)
    };
    assert_eq!(say("a", Severity::Medium, "gate"), (1, "default".into(), Severity::Medium));
    assert_eq!(say("b", Severity::Medium, "client-b"), (2, "client-b".into(), Severity::Medium));
    assert_eq!(say("c", Severity::Medium, "client-b"), (2, "client-b".into(), Severity::Medium));
    // Graver, and so of the graver policy: the same people but for the gravity.
    assert_eq!(say("d", Severity::High, "gate"), (1, "critical".into(), Severity::High));
    assert_eq!(say("e", Severity::Low, "gate"), (1, "critical".into(), Severity::High));
}

#[test]
fn a_silence_suppresses_what_it_names_while_it_lasts_and_counts() {
    let silence = Silence {
        id: "S1".into(),
        owner: "ana".into(),
        reason: "penetration test".into(),
        rule: Some("rule".into()),
        entity: Some("src_ip=203.0.113.9".into()),
        source: Some("gate".into()),
        starts_at: at(0),
        ends_at: at(100),
        ..Silence::default()
    };
    let (triage, mut book) = (Triage::new(Params::default()), Book::default());
    book.put_silence(silence);
    let mut say = |id, address: &str, source, seconds: i64| {
        let group = [("user", "bob"), ("src_ip", address)];
        let judged =
            triage.judge(&mut book, finding(id, &group, Severity::High, 0), source, at(0), &now(seconds));
        (judged.verdict, judged.reason.to_string())
    };
    let (verdict, reason) = say("a", "203.0.113.9", Some("gate"), 99);
    assert_eq!(verdict, Verdict::Suppressed);
    assert_eq!(reason, "silence S1 of ana until 2026-11-23T09:01:40.000Z: penetration test");
    assert_eq!(say("b", "203.0.113.8", Some("gate"), 99).0, Verdict::Opened);
    assert_eq!(say("c", "203.0.113.9", Some("other"), 99).0, Verdict::Opened);
    assert_eq!(say("d", "203.0.113.9", None, 99).0, Verdict::Grouped);
    assert_eq!(say("e", "203.0.113.9", Some("gate"), 100).0, Verdict::Grouped);
    assert_eq!(book.silence("S1").unwrap().matches, 1);
}

#[test]
fn an_exception_goes_before_a_silence_and_covers_a_network() {
    let silence = Silence {
        id: "S1".into(),
        rule: Some("rule".into()),
        starts_at: at(0),
        ends_at: at(100),
        ..Silence::default()
    };
    let exception = Silence {
        id: "E2".into(),
        kind: SilenceKind::Exception,
        owner: "ana".into(),
        reason: "the scanner".into(),
        ticket: Some("CHG-7".into()),
        network: Some("203.0.113.0/24".into()),
        ..silence.clone()
    };
    let (triage, mut book) = (Triage::new(Params::default()), Book::default());
    book.put_silence(silence);
    book.put_silence(exception);
    let mut say = |id: &str, group: &[(&str, &str)], client: Option<&str>| {
        let origin = Origin { source: None, address: client.map(|text| text.parse().unwrap()) };
        let judged = triage.judge(&mut book, finding(id, group, Severity::High, 0), origin, at(0), &now(50));
        (judged.verdict, judged.reason.to_string())
    };
    let (verdict, reason) = say("a", &[("src_ip", "203.0.113.9")], None);
    assert_eq!(verdict, Verdict::Excepted);
    assert_eq!(reason, "exception E2 of ana (CHG-7) until 2026-11-23T09:01:40.000Z: the scanner");
    // The group says whose address it is; only where it names none, the deciding event does.
    assert_eq!(say("b", &[("src_ip", "198.51.100.7")], Some("203.0.113.9")).0, Verdict::Suppressed);
    assert_eq!(say("c", &[("user", "bob")], Some("203.0.113.9")).0, Verdict::Excepted);
    assert_eq!(say("d", &[("user", "bob")], None).0, Verdict::Suppressed, "nobody knows the address");
    assert_eq!((book.silence("E2").unwrap().matches, book.silence("S1").unwrap().matches), (2, 2));
    assert_eq!(book.incidents().count(), 0);
}

#[test]
fn a_flood_is_one_incident_per_rule() {
    let (triage, mut book) = (Triage::new(Params { open_max: 3, ..Params::default() }), Book::default());
    let verdicts: Vec<(Verdict, String)> = (0..10)
        .map(|n| {
            let user = format!("user{n}");
            judge(&triage, &mut book, finding(&user, &[("user", &user)], Severity::Medium, n))
        })
        .collect();
    assert_eq!(verdicts[3], (Verdict::Opened, "4".into()));
    assert!(verdicts[4..].iter().all(|v| *v == (Verdict::Grouped, "4".into())), "{verdicts:?}");
    assert_eq!(&*book.incident_named("4").unwrap().entity, "flood=rule");
    assert_eq!(book.unsettled(), 4);
}

#[test]
fn a_route_of_working_hours_holds_by_the_time_of_detection() {
    use crate::schema::wall::Hours;
    use jiff::civil::time;
    // The minute from 09:00 on, UTC, where `at` begins to count.
    let hours = Hours {
        zone: jiff::tz::TimeZone::UTC,
        days: [true; 7],
        from: time(9, 0, 0, 0),
        to: time(9, 1, 0, 0),
    };
    let routes = vec![Route { hours: Some(hours), ..route(&[], None, "office") }, route(&[], None, "night")];
    let triage = Triage::new(Params { routes, ..Params::default() });
    let mut book = Book::default();
    let judged = |book: &mut Book, id: &str, user: &str, seconds: i64| {
        let found = finding(id, &[("user", user)], Severity::High, seconds);
        let judged = triage.judge(book, found, None, at(seconds), &now(seconds));
        book.incident(judged.incident.as_deref().unwrap()).unwrap().policy.to_string()
    };
    assert_eq!(judged(&mut book, "a", "root", 59), "office");
    assert_eq!(judged(&mut book, "b", "admin", 60), "night");
    // What goes on over the end of the hours stays one incident, with those who were told.
    assert_eq!(judged(&mut book, "c", "root", 61), "office");
    assert_eq!(book.unsettled(), 2);
}
