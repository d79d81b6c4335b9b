use super::*;
use crate::limits::SESSIONS_ENDED_MAX;
use proptest::prelude::*;

/// A line of host `gw` that says this; an address by its last octet.
#[derive(Clone, Debug, Default)]
struct Says {
    second: i64,
    what: &'static str,
    user: &'static str,
    client: u8,
    port: u16,
    inner: u8,
    session: &'static str,
    pid: i64,
    device: &'static str,
    form: usize,
}

fn event(says: &Says, id: u64) -> Event {
    let text = |text: &str| (!text.is_empty()).then(|| text.into());
    let ip = |net: u8, octet: u8| (octet > 0).then(|| [10, net, 0, octet].into());
    let (class, activity) = says.what.split_once('/').unwrap();
    let class = Class::from_name(class).unwrap();
    Event {
        id,
        line: id,
        source: "gateway".into(),
        format: "house".into(),
        host: Some("gw".into()),
        app: Some("gated".into()),
        class,
        activity: class.activity(activity).unwrap_or(""),
        outcome: Outcome::Success,
        counted_at: Timestamp(says.second * 1_000_000),
        user: text(says.user),
        src_ip: ip(1, says.client),
        src_port: (says.port > 0).then_some(says.port),
        assigned_ip: ip(2, says.inner),
        session: text(says.session),
        device: text(says.device),
        extra: (says.pid > 0)
            .then(|| ("pid".into(), crate::schema::Datum::Int(says.pid)))
            .into_iter()
            .collect(),
        ..Event::default()
    }
}

/// Per line `.` or the line that opened its session.
fn tell(sessions: &mut Sessions, lines: &[Says], first: u64) -> String {
    let mut told = Vec::new();
    for (says, id) in lines.iter().zip(first..) {
        let opened = sessions.link(&event(says, id), says.form);
        assert!(opened.is_none_or(|opened| opened.event == opened.line && opened.event < id));
        told.push(opened.map_or(".".to_owned(), |opened| opened.line.to_string()));
    }
    told.join(" ")
}

fn told(lines: &[Says]) -> String {
    tell(&mut Sessions::default(), lines, 1)
}

const OPEN: Says = Says {
    second: 0,
    what: "tunnel/open",
    user: "ana",
    client: 7,
    port: 0,
    inner: 0,
    session: "",
    pid: 0,
    device: "",
    form: 1,
};
const CLOSE: Says = Says { second: 100, what: "tunnel/close", form: 2, ..OPEN };
const LOGON: Says = Says { what: "authentication/logon", form: 3, ..OPEN };
const LOGOFF: Says = Says { what: "authentication/logoff", client: 0, form: 4, ..CLOSE };

#[test]
fn a_close_finds_its_open_by_the_most_certain_name() {
    assert_eq!(told(&[OPEN, CLOSE]), ". 1");
    let two = [Says { session: "a", ..OPEN }, Says { session: "b", client: 8, ..OPEN }];
    let close = |session, client| Says { session, client, ..CLOSE };
    assert_eq!(told(&[two[0].clone(), two[1].clone(), close("b", 8), close("a", 9)]), ". . 2 1");
    assert_eq!(told(&[two[0].clone(), close("c", 7)]), ". .");
    // The inner address tells two of one user apart, whichever way they came.
    let inner = |inner, client| Says { inner, client, ..OPEN };
    let close = |inner| Says { inner, client: 0, ..CLOSE };
    assert_eq!(told(&[inner(1, 7), inner(2, 8), close(1), close(2)]), ". . 1 2");
    // Another user, another client, nothing known: no session.
    for other in [Says { user: "ben", ..CLOSE }, Says { client: 8, ..CLOSE }, LOGOFF] {
        assert_eq!(told(&[OPEN, other]), ". .");
    }
    assert_eq!(told(&[CLOSE, OPEN]), ". .");
    // By hours before it opened, as in a file that is read out of turn.
    assert_eq!(told(&[Says { second: 9_000, ..OPEN }, CLOSE]), ". .");
}

#[test]
fn lines_that_open_one_session_are_one_session() {
    let address = Says { second: 5, inner: 3, form: 5, ..OPEN };
    let counts = Says { second: 50, what: "tunnel/", form: 6, ..OPEN };
    let by_inner = Says { client: 0, inner: 3, ..CLOSE };
    assert_eq!(told(&[OPEN, address.clone(), counts, by_inner]), ". 1 1 1");
    // A minute later it is another one: the first has no end.
    let later = Says { second: 70, ..OPEN };
    assert_eq!(told(&[OPEN, later.clone(), CLOSE, CLOSE]), ". . 2 2");
    // Renewed, not closed; a renewal after an end says that it was none.
    let renew = Says { second: 110, what: "tunnel/renew", form: 7, ..OPEN };
    let end = Says { second: 9_000, ..CLOSE };
    assert_eq!(told(&[OPEN, renew.clone(), end.clone()]), ". 1 1");
    assert_eq!(told(&[OPEN, CLOSE, renew, end.clone()]), ". 1 1 1");
    assert_eq!(told(&[OPEN, CLOSE, end]), ". 1 .");
}

#[test]
fn one_end_may_be_told_in_several_lines_and_two_sessions_in_the_same_words() {
    let close = |form, session| Says { form, session, ..CLOSE };
    assert_eq!(told(&[OPEN, close(2, ""), close(8, ""), close(2, "")]), ". 1 1 1");
    let (a, b) = (Says { session: "a", ..OPEN }, Says { session: "b", ..OPEN });
    assert_eq!(told(&[a, b, close(2, ""), close(8, ""), close(2, "")]), ". . 2 2 1");
    // What opens again takes the place of what had ended.
    let again = Says { second: 101, ..OPEN };
    assert_eq!(told(&[OPEN, CLOSE, again, Says { second: 102, ..CLOSE }]), ". 1 . 3");
}

#[test]
fn a_peer_without_end_is_one_session_while_its_handshakes_follow() {
    let peer = |second, client| Says { second, client, user: "", device: "7", ..OPEN };
    assert_eq!(told(&[peer(0, 7), peer(120, 7), peer(240, 8), peer(800, 8)]), ". 1 1 .");
    // Another peer behind the same address.
    assert_eq!(told(&[peer(0, 7), Says { device: "8", ..peer(1, 7) }]), ". .");
    // Between sites nobody is named.
    let site = |says: Says| Says { user: "", ..says };
    assert_eq!(told(&[site(OPEN), site(CLOSE)]), ". 1");
}

#[test]
fn a_login_ends_with_its_process_or_its_connection() {
    let on = |pid, port| Says { pid, port, ..LOGON };
    let off = |pid| Says { pid, ..LOGOFF };
    assert_eq!(told(&[on(10, 5000), on(11, 5001), off(10), off(11)]), ". . 1 2");
    // sshd's child tells the end of the connection first, its parent the end of the session.
    let gone = Says { what: "session/close", pid: 12, port: 5000, client: 7, form: 9, ..LOGOFF };
    assert_eq!(told(&[on(10, 5000), gone.clone(), off(10)]), ". 1 1");
    // A connection that never logged in, of the same client.
    assert_eq!(told(&[on(10, 5000), Says { port: 5001, pid: 13, ..gone }]), ". .");
    // One process serves many: names tell them apart.
    let ben = |says: Says| Says { user: "ben", ..says };
    assert_eq!(told(&[on(10, 0), ben(on(10, 0)), off(10), ben(off(10))]), ". . 1 2");
    // An end with an id is of no login without it.
    assert_eq!(told(&[LOGON, Says { session: "a", client: 7, ..LOGOFF }]), ". .");
    // The pid is given to another one.
    assert_eq!(told(&[on(10, 5000), Says { second: 60, ..on(10, 5001) }, off(10)]), ". . 2");
    // One login told twice: by the id of its session, or in two forms of one process.
    let twice = |form| Says { form, second: 2, ..on(10, 0) };
    assert_eq!(told(&[on(10, 0), twice(8), off(10)]), ". 1 1");
    assert_eq!(told(&[on(10, 0), twice(3), off(10)]), ". . 2");
}

#[test]
fn the_user_alone_names_a_session_only_where_it_has_one() {
    let bare = |says: Says| Says { client: 0, ..says };
    assert_eq!(told(&[LOGON, LOGOFF]), ". 1");
    assert_eq!(told(&[LOGON, Says { client: 8, ..LOGON }, LOGOFF]), ". . .");
    // Nothing but the user is ever told: the newest login takes the place of the one before.
    assert_eq!(told(&[bare(LOGON), bare(LOGON), LOGOFF, LOGOFF]), ". . 2 .");
    // The end of a connection is no word of its user's session.
    assert_eq!(told(&[LOGON, Says { what: "session/close", ..LOGOFF }]), ". .");
}

#[test]
fn refusals_and_jobs_open_and_close_nothing() {
    let mut sessions = Sessions::default();
    let mut refused = event(&LOGON, 1);
    refused.outcome = Outcome::Failure;
    let mut job = event(&LOGON, 2);
    job.logon_type = Some("batch".into());
    assert!(sessions.link(&refused, 1).is_none() && sessions.link(&job, 1).is_none());
    assert!(sessions.drain().is_empty());
    assert_eq!(tell(&mut sessions, &[LOGON], 3), ".");
    let mut job = event(&LOGOFF, 4);
    job.logon_type = Some("batch".into());
    assert!(sessions.link(&job, 1).is_none());
}

/// Forgets everything but its rows.
fn restart(sessions: &mut Sessions, rows: &mut BTreeMap<u64, Vec<u8>>) {
    for (id, body) in sessions.drain() {
        match body {
            Some(body) => drop(rows.insert(id, body)),
            None => assert!(rows.remove(&id).is_some(), "a row is deleted that is not there"),
        }
    }
    *sessions = Sessions::default();
    rows.iter().for_each(|(id, body)| sessions.restore(*id, body));
}

#[test]
fn a_flood_forgets_sessions_of_its_own_source_only() {
    let mut sessions = Sessions::default();
    let of = |source: &str, id: u64| {
        let session = Box::leak(id.to_string().into_boxed_str());
        Event { source: source.into(), ..event(&Says { session, ..OPEN }, id) }
    };
    assert!(sessions.link(&of("quiet", 1), 1).is_none());
    let flood = SESSIONS_MAX as u64 + 10;
    for id in 2..flood + 2 {
        sessions.link(&of("flood", id), 1);
    }
    assert_eq!(
        (sessions.owners.len(), sessions.lanes[sessions.sources["flood"]].len()),
        (SESSIONS_MAX + 1, SESSIONS_MAX)
    );
    // Only pages that are there were written, and none of what was gone by then.
    let pages = sessions.drain();
    assert!(pages.len() <= SESSIONS_MAX / 16 + 3 && pages.iter().all(|(_, body)| body.is_some()));
    let close = |source: &str, of_id: u64| {
        let mut close = of(source, of_id);
        (close.id, close.activity) = (flood + 100, "close");
        close
    };
    assert!(sessions.link(&close("flood", 2), 2).is_none(), "the oldest is forgotten");
    assert!(sessions.link(&close("flood", flood), 2).is_some());
    assert!(sessions.link(&close("quiet", 1), 2).is_some());
    assert!(sessions.link(&of("flood", flood + 200), 1).is_none());
    assert!(
        sessions.drain().iter().any(|(page, body)| *page == 0 && body.is_some()),
        "a forgotten one leaves its page"
    );
    // Those that are over are not kept for long.
    for id in flood + 300..flood + 300 + 2 * SESSIONS_ENDED_MAX as u64 {
        sessions.link(&of("short", id), 1);
        let mut close = of("short", id);
        (close.id, close.activity) = (id + 10_000, "close");
        assert!(sessions.link(&close, 2).is_some());
    }
    assert_eq!(sessions.lanes[sessions.sources["short"]].len(), SESSIONS_ENDED_MAX);
}

fn anything() -> impl Strategy<Value = Says> {
    const WHATS: [&str; 8] = [
        "tunnel/open",
        "tunnel/close",
        "tunnel/renew",
        "tunnel/",
        "authentication/logon",
        "authentication/logoff",
        "session/close",
        "session/reconnect",
    ];
    let names = (prop::sample::select(&WHATS[..]), prop::sample::select(&["ana", "ben", ""][..]));
    let numbers = (0..3_u8, 0..3_u16, 0..3_u8, 0..3_i64, 0..4_usize, 0..90_i64);
    let ids = (prop::sample::select(&["", "s", "t"][..]), prop::sample::select(&["", "", "7"][..]));
    (names, numbers, ids).prop_map(
        |((what, user), (client, port, inner, pid, form, second), (session, device))| Says {
            second,
            what,
            user,
            client,
            port,
            inner,
            session,
            pid,
            device,
            form,
        },
    )
}

proptest! {
    #[test]
    fn restarts_change_nothing(lines in prop::collection::vec((anything(), any::<bool>()), 1..60)) {
        let mut second = 0;
        let told: Vec<Says> = lines.iter().map(|(says, _)| {
            second += says.second;
            Says { second, ..says.clone() }
        }).collect();
        let straight = tell(&mut Sessions::default(), &told, 1);
        let (mut sessions, mut rows, mut restarted) = (Sessions::default(), BTreeMap::new(), Vec::new());
        for ((says, id), (_, again)) in told.iter().zip(1..).zip(&lines) {
            if *again {
                restart(&mut sessions, &mut rows);
            }
            restarted.push(tell(&mut sessions, std::slice::from_ref(says), id));
        }
        prop_assert_eq!(restarted.join(" "), straight);
    }

    #[test]
    fn every_link_is_to_an_open_of_its_kind(lines in prop::collection::vec(anything(), 1..60)) {
        let told = told(&lines);
        for (says, opened) in lines.iter().zip(told.split(' ')) {
            let Ok(opened) = opened.parse::<usize>() else { continue };
            let open = &lines[opened - 1];
            let opens = |what: &str| ["tunnel/open", "authentication/logon", "session/reconnect"].contains(&what);
            prop_assert!(opens(open.what));
            prop_assert_eq!(says.what.starts_with("tunnel"), open.what.starts_with("tunnel"));
            prop_assert!(says.user.is_empty() || open.user.is_empty() || says.user == open.user);
        }
    }

    #[test]
    fn garbage_is_no_session(body in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut sessions = Sessions::default();
        sessions.restore(1, &body);
        prop_assert_eq!(sessions.owners.len(), 0);
    }
}
