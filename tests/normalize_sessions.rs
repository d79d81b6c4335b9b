//! Ends of sessions find their openings in the shipped grammars, whichever way the lines are cut into batches.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use gatewatch::config::grammars;
use gatewatch::normalize::grammar::GrammarSet;
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Event, Flags, RawLine, Span, StateRow, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

static SET: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    let specs = grammars::load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    Arc::new(grammars::compile_all(specs).unwrap_or_else(|problems| panic!("{}", problems[0])))
});

fn room(format: &str) -> Normalize {
    let source = SourceParams {
        name: Arc::from("s"),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    Normalize::new(Arc::clone(&SET), vec![source])
}

/// The events of lines. From each line of which `rotations` says so, the lines stand in a new file, and the room is made
/// anew from what it stored.
fn events_over(format: &str, lines: &[&str], rotations: &[bool]) -> Vec<Event> {
    let (mut room, mut events, mut generation) = (room(format), Vec::new(), 1);
    let mut stored: BTreeMap<Box<str>, StateRow> = BTreeMap::new();
    for (n, (line, rotate)) in (1..).zip(lines.iter().zip(rotations.iter().chain(std::iter::repeat(&false))))
    {
        if *rotate {
            room.forget(generation);
            generation += 1;
            stored.extend(room.drain().into_iter().map(|row| (row.key.clone(), row)));
            stored.retain(|_, row| row.body.is_some());
            room = self::room(format);
            room.restore(&stored.values().cloned().collect::<Vec<_>>());
        }
        let raw = RawLine {
            source: Arc::from("s"),
            generation,
            offset: n * 1_000,
            length: line.len() as u64 + 1,
            line: n,
            bytes: line.as_bytes().into(),
            flags: Flags::default(),
            read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap(),
        };
        room.line(raw, events.len() as u64 + 1, &mut events);
    }
    events
}

/// Per line `-` or the line that opened its session.
fn told(format: &str, lines: &[&str]) -> String {
    opened(&events_over(format, lines, &[]))
}

fn opened(events: &[Event]) -> String {
    let told = events.iter().map(|event| event.opened_line.map_or("-".to_owned(), |line| line.to_string()));
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn logins_over_ssh_end_with_their_process() {
    let lines = [
        "Nov 23 09:00:00 web1 sshd[4711]: Accepted publickey for ana from 192.0.2.7 port 50122 ssh2: ED25519 SHA256:abc",
        "Nov 23 09:00:00 web1 sshd[4711]: pam_unix(sshd:session): session opened for user ana(uid=1000) by (uid=0)",
        "Nov 23 09:00:09 web1 sshd[4720]: Accepted password for ana from 192.0.2.7 port 50123 ssh2",
        "Nov 23 09:01:00 web1 sudo: pam_unix(sudo:session): session opened for user root(uid=0) by ana(uid=1000)",
        "Nov 23 09:01:01 web1 CRON[4730]: pam_unix(cron:session): session opened for user ana(uid=1000) by (uid=0)",
        "Nov 23 09:01:02 web1 CRON[4730]: pam_unix(cron:session): session closed for user ana",
        "Nov 23 09:01:03 web1 sudo: pam_unix(sudo:session): session closed for user root",
        "Nov 23 09:02:00 web1 sshd[4741]: Connection closed by authenticating user ana 192.0.2.7 port 50200 [preauth]",
        "Nov 23 09:05:00 web1 sshd[4712]: Received disconnect from 192.0.2.7 port 50122:11: disconnected by user",
        "Nov 23 09:05:00 web1 sshd[4712]: Disconnected from user ana 192.0.2.7 port 50122",
        "Nov 23 09:05:00 web1 sshd[4711]: pam_unix(sshd:session): session closed for user ana",
        "Nov 23 09:06:00 web2 sshd[4720]: pam_unix(sshd:session): session closed for user ana",
        "Nov 23 09:07:00 web1 sshd[4720]: pam_unix(sshd:session): session closed for user ana",
    ];
    assert_eq!(told("linux-auth", &lines), "- - - - - - - - - 1 1 - 3");
}

#[test]
fn windows_logons_end_by_their_id() {
    let line = |id: u32, user: &str, session: &str| {
        format!(
            r#"{{"EventID":{id},"Channel":"Security","Computer":"ws1","TimeCreated":"2026-11-20T08:00:00Z","Keywords":"0x8020000000000000","TargetUserName":"{user}","TargetDomainName":"CORP","TargetLogonId":"{session}","LogonType":3}}"#
        )
    };
    let lines = [
        line(4624, "ana", "0x1a"),
        line(4624, "ana", "0x1b"),
        line(4634, "ana", "0x1a"),
        line(4634, "ana", "0x99"),
        line(4647, "ana", "0x1b"),
        line(4634, "ana", "0x1b"),
    ];
    assert_eq!(told("windows-security", &lines.each_ref().map(String::as_str)), "- - 1 - 2 2");
}

const OPENVPN: [&str; 9] = [
    "2026-11-23 09:00:00 192.0.2.7:50122 TLS: Username/Password authentication succeeded for username 'ana'",
    "2026-11-23 09:00:01 MULTI: primary virtual IP for ana/192.0.2.7:50122: 10.8.0.6",
    "2026-11-23 09:00:01 MULTI: primary virtual IPv6 for ana/192.0.2.7:50122: fd00::6",
    "2026-11-23 09:00:09 MULTI: primary virtual IP for ana/192.0.2.7:50300: 10.8.0.7",
    "2026-11-23 09:00:20 MULTI: primary virtual IP for ben/192.0.2.8:50122: 10.8.0.8",
    "2026-11-23 09:10:00 ana/192.0.2.7:50122 SIGTERM[soft,remote-exit] received, client-instance exiting",
    "2026-11-23 09:11:00 ben/192.0.2.8:50122 SIGUSR1[soft,ping-restart] received, client-instance restarting",
    "2026-11-23 09:12:00 eve/192.0.2.9:50122 SIGUSR1[soft,ping-restart] received, client-instance restarting",
    "2026-11-23 09:13:00 ana/192.0.2.7:50300 SIGTERM[soft,remote-exit] received, client-instance exiting",
];

#[test]
fn tunnels_of_openvpn_end_by_their_connection() {
    assert_eq!(told("openvpn", &OPENVPN), "- - 2 - - 2 5 - 4");
}

#[test]
fn a_session_of_anyconnect_is_one_from_its_start_to_its_counts() {
    let lines = [
        "Nov 23 2026 09:00:00 fw1 : %ASA-6-113039: Group <staff> User <ana> IP <192.0.2.7> AnyConnect parent session started.",
        "Nov 23 2026 09:00:20 fw1 : %ASA-6-722022: Group <staff> User <ana> IP <192.0.2.7> TCP SVC connection established without compression",
        "Nov 23 2026 09:00:20 fw1 : %ASA-4-722051: Group <staff> User <ana> IP <192.0.2.7> IPv4 Address <10.9.0.5> IPv6 address <::> assigned to session",
        "Nov 23 2026 09:00:25 fw1 : %ASA-5-722033: Group <staff> User <ana> IP <192.0.2.7> First UDP SVC connection established for SVC session.",
        "Nov 23 2026 09:01:00 fw1 : %ASA-6-113039: Group <staff> User <ben> IP <192.0.2.7> AnyConnect parent session started.",
        "Nov 23 2026 09:05:00 fw1 : %ASA-5-722032: Group <staff> User <ana> IP <192.0.2.7> New UDP SVC connection replacing old connection.",
        "Nov 23 2026 09:10:00 fw1 : %ASA-5-722037: Group <staff> User <ana> IP <192.0.2.7> SVC closing connection: User Requested.",
        "Nov 23 2026 09:10:00 fw1 : %ASA-6-722023: Group <staff> User <ana> IP <192.0.2.7> TCP SVC connection terminated without compression",
        "Nov 23 2026 09:10:01 fw1 : %ASA-4-113019: Group = staff, Username = ana, IP = 192.0.2.7, Session disconnected. Session Type: SSL, Duration: 0h:10m:01s, Bytes xmt: 1200, Bytes rcv: 3400, Reason: User Requested",
        "Nov 23 2026 09:20:00 fw1 : %ASA-4-113019: Group = staff, Username = eve, IP = 192.0.2.7, Session disconnected. Session Type: SSL, Duration: 0h:10m:01s, Bytes xmt: 1200, Bytes rcv: 3400, Reason: User Requested",
    ];
    assert_eq!(told("cisco-asa", &lines), "- 1 1 1 - 1 1 1 1 -");
}

#[test]
fn a_peer_of_wireguard_is_one_session_while_it_is_heard_of() {
    let shakes = |time: &str, peer: u32, at: &str| {
        format!(
            "Nov 23 {time} gw1 kernel: wireguard: wg0: Receiving handshake initiation from peer {peer} ({at})"
        )
    };
    let lines = [
        shakes("09:00:00", 7, "192.0.2.7:51820"),
        shakes("09:00:10", 8, "192.0.2.7:51821"),
        shakes("09:02:00", 7, "198.51.100.9:51820"),
        "Nov 23 09:02:01 gw1 kernel: wireguard: wg0: Keypair 12 created for peer 7".to_owned(),
        shakes("09:40:00", 7, "192.0.2.7:51820"),
        "Nov 23 09:41:00 gw1 kernel: wireguard: wg0: Zeroing out all keys for peer 8 (192.0.2.7:51821), since we haven't received a new one in 540 seconds".to_owned(),
    ];
    assert_eq!(told("wireguard", &lines.each_ref().map(String::as_str)), "- - 1 1 - 2");
}

#[test]
fn a_gateway_that_names_the_user_alone_is_paired_where_that_is_certain() {
    let lines = [
        r#"09:00:00.000 [http-1] INFO  o.a.g.r.auth - User "ana" successfully authenticated from 192.0.2.7."#,
        r#"09:00:01.000 [http-2] INFO  o.a.g.tunnel - User "ana" connected to connection "4"."#,
        r#"09:00:02.000 [http-3] INFO  o.a.g.tunnel - User "ana" connected to connection "5"."#,
        r#"09:01:00.000 [http-2] INFO  o.a.g.tunnel - User "ana" disconnected from connection "4". Duration: 59000 milliseconds"#,
        r#"09:02:00.000 [http-3] INFO  o.a.g.tunnel - User "ana" disconnected from connection "5". Duration: 118000 milliseconds"#,
        r#"09:03:00.000 [http-1] INFO  o.a.g.r.auth - User "ana" has logged out."#,
    ];
    assert_eq!(told("guacamole", &lines), "- - - 2 3 1");
}

proptest! {
    /// Over rotations and restarts the same events are told, whatever comes between.
    #[test]
    fn rotations_and_restarts_change_no_pair(
        order in Just((0..OPENVPN.len()).collect::<Vec<_>>()).prop_shuffle(),
        rotations in prop::collection::vec(any::<bool>(), 9),
    ) {
        let lines: Vec<&str> = order.iter().map(|n| OPENVPN[*n]).collect();
        let same = |events: Vec<Event>| events.into_iter().map(|event| (event.opened, event.opened_line)).collect::<Vec<_>>();
        prop_assert_eq!(
            same(events_over("openvpn", &lines, &rotations)),
            same(events_over("openvpn", &lines, &[]))
        );
    }
}
