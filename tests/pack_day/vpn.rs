//! Two VPN gateways: people at home, travellers whose address changes, passwords mistyped, tunnels that break.

use super::day::{Day, HOUR, Log, MINUTE, plain};
use super::town::{Person, Site, Town};

pub fn write(day: &mut Day, town: &Town) {
    for person in town.people.iter().filter(|person| person.outside()) {
        let ends = person.begins + person.lasts;
        let (mut at, mut stop) = (person.begins - day.between(2 * MINUTE, 6 * MINUTE), 0);
        while at < ends {
            let left = if person.site == Site::Roaming {
                at + day.between(HOUR, 4 * HOUR)
            } else {
                at + day.between(3 * HOUR, 11 * HOUR)
            };
            let left = left.min(ends + 10 * MINUTE);
            let from = if person.site == Site::Roaming { person.on_the_way(stop) } else { person.public() };
            let slips = if stop == 0 { person.slips(&mut day.rng) } else { u64::from(day.chance(40)) };
            if person.on_fortigate() {
                fortigate(day, (at, left), person, &from, slips);
            } else {
                openvpn(day, (at, left), person, &from, slips);
            }
            stop += 1;
            at = left + day.between(20_000, 30 * MINUTE);
        }
    }
}

fn openvpn(day: &mut Day, (mut at, left): (i64, i64), person: &Person, from: &str, slips: u64) {
    let (name, pool) = (&person.name, person.pool());
    for _ in 0..slips {
        let peer = peer(from, day.port());
        day.put(
            at,
            Log::OpenVpn,
            format!(
                "{} {peer} TLS Auth Error: Auth Username/Password verification failed for peer",
                plain(at)
            ),
        );
        at += day.between(10_000, 50_000);
    }
    let peer = peer(from, day.port());
    let stamp = plain(at);
    for line in [
        format!("{stamp} {peer} VERIFY OK: depth=0, CN={name}"),
        format!("{stamp} {peer} TLS: Username/Password authentication succeeded for username '{name}'"),
        format!("{stamp} {peer} [{name}] Peer Connection Initiated with [AF_INET]{peer}"),
        format!("{stamp} {name}/{peer} MULTI: Learn: {pool} -> {name}/{peer}"),
    ] {
        day.put(at, Log::OpenVpn, line);
    }
    // Keys are negotiated again each hour, and the password of the session is checked again.
    let mut again = at + HOUR;
    while again < left {
        day.put(
            again,
            Log::OpenVpn,
            format!(
                "{} {name}/{peer} TLS: Username/Password authentication succeeded for username '{name}'",
                plain(again)
            ),
        );
        again += HOUR;
    }
    day.put(
        left,
        Log::OpenVpn,
        format!("{} {name}/{peer} SIGTERM[soft,remote-exit] received, client-instance exiting", plain(left)),
    );
}

fn peer(from: &str, port: u64) -> String {
    if from.contains(':') { format!("[{from}]:{port}") } else { format!("{from}:{port}") }
}

fn fortigate(day: &mut Day, (mut at, left): (i64, i64), person: &Person, from: &str, slips: u64) {
    let line = |day: &mut Day, at: i64, id: &str, level: &str, rest: String| {
        let (date, time) =
            plain(at).split_once(' ').map(|(d, t)| (d.to_owned(), t.to_owned())).unwrap_or_default();
        day.put(at, Log::FortiGate, format!(
            r#"date={date} time={time} devname="fw-1" devid="FGT1" tz="+0000" logid="{id}" type="event" subtype="vpn" level="{level}" vd="root" {rest}"#
        ));
    };
    let name = &person.name;
    for _ in 0..slips {
        line(
            day,
            at,
            "0101039426",
            "alert",
            format!(
                r#"logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" tunnelid=0 remip={from} user="{name}" group="N/A" reason="sslvpn_login_permission_denied" msg="SSL user failed to logged in""#
            ),
        );
        at += day.between(10_000, 50_000);
    }
    let tunnel = day.next();
    line(
        day,
        at,
        "0101039424",
        "information",
        format!(
            r#"logdesc="SSL VPN tunnel up" action="tunnel-up" tunneltype="ssl-web" tunnelid={tunnel} remip={from} user="{name}" group="staff" reason="login successfully" msg="SSL tunnel established""#
        ),
    );
    line(
        day,
        at + 2_000,
        "0101039424",
        "information",
        format!(
            r#"logdesc="SSL VPN tunnel up" action="tunnel-up" tunneltype="ssl-tunnel" tunnelid={tunnel} remip={from} tunnelip={} user="{name}" group="staff" reason="tunnel established" msg="SSL tunnel established""#,
            person.pool()
        ),
    );
    line(
        day,
        left,
        "0101039425",
        "information",
        format!(
            r#"logdesc="SSL VPN tunnel down" action="tunnel-down" tunneltype="ssl-tunnel" tunnelid={tunnel} remip={from} tunnelip={} user="{name}" group="staff" duration={} sentbyte=120334 rcvdbyte=340221 reason="User requested""#,
            person.pool(),
            (left - at) / 1_000
        ),
    );
}
