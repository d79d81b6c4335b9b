//! Sample log lines for `demo` and `bench`: made up, in the exact shape of the real programs.
//! Addresses are from the documentation ranges of RFC 5737.

use crate::schema::Timestamp;

/// The source types that samples exist for.
pub const KINDS: [&str; 5] = ["sshd", "openvpn", "nginx", "fortigate", "json"];
/// Those that the measurement of ingest stores.
pub const STORED_KINDS: [&str; 3] = ["sshd", "openvpn", "nginx"];

/// RFC 3164 stamp in UTC: `Nov 23 09:00:00`.
pub fn syslog_stamp(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, month, day) = at.date();
    let month = MONTHS[(month as usize + 11) % 12];
    format!("{month} {day:2} {}", clock(at))
}

/// OpenVPN's stamp: `2026-11-23 09:00:00`.
pub fn openvpn_stamp(at: Timestamp) -> String {
    let (year, month, day) = at.date();
    format!("{year:04}-{month:02}-{day:02} {}", clock(at))
}

/// The stamp of access logs: `23/Nov/2026:09:00:00 +0000`.
pub fn access_stamp(at: Timestamp) -> String {
    let syslog = syslog_stamp(at);
    let (year, _, day) = at.date();
    format!("{day:02}/{}/{year:04}:{} +0000", &syslog[..3], clock(at))
}

fn clock(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000_000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// One of ten thousand people of the sample organisation.
pub fn person(n: u64) -> String {
    const NAMES: [&str; 10] = ["ana", "ben", "chi", "dev", "eva", "fay", "gus", "hal", "ida", "jon"];
    format!("{}{:03}", NAMES[(n % 10) as usize], n / 10 % 1_000)
}

/// A quiet client address, different for each person.
pub fn address(n: u64) -> String {
    format!("10.{}.{}.{}", n / 65_536 % 250, n / 256 % 250, n % 250 + 1)
}

/// Line `n` of an ordinary day of one source type.
pub fn ordinary(kind: &str, n: u64, at: Timestamp) -> String {
    let (who, from, port) = (person(n * 7919), address(n * 7919 % 10_000), 40_000 + n % 20_000);
    match kind {
        "openvpn" => openvpn(n, at, &who, &from, port),
        "nginx" => nginx(n, at, &who, &from),
        "fortigate" => fortigate(n, at, &who, &from),
        "json" => json(n, at, &who, &from),
        _ => sshd(n, at, &who, &from, port),
    }
}

/// A session of the samples lasts so many times ten lines.
const SESSION_TENS: u64 = 300;

fn sshd(n: u64, at: Timestamp, who: &str, from: &str, port: u64) -> String {
    let head = |n: u64| format!("{} gate sshd[{}]: ", syslog_stamp(at), 1_000 + n % 30_000);
    match n % 10 {
        0 => format!("{}Failed password for {who} from {from} port {port} ssh2", head(n)),
        // Most sessions end some time after their login, told by the process that serves them.
        1..=3 => {
            let opened = (n + 5).saturating_sub(10 * SESSION_TENS);
            let who = person(opened * 7919);
            format!("{}pam_unix(sshd:session): session closed for user {who}", head(opened))
        }
        4 => format!("{}Connection closed by {from} port {port} [preauth]", head(n)),
        _ => format!(
            "{}Accepted publickey for {who} from {from} port {port} ssh2: ED25519 SHA256:{n:043x}",
            head(n)
        ),
    }
}

fn openvpn(n: u64, at: Timestamp, who: &str, from: &str, port: u64) -> String {
    let (head, peer) = (openvpn_stamp(at), format!("{from}:{port}"));
    match n % 5 {
        0 => format!("{head} {peer} TLS: Initial packet from [AF_INET]{peer}, sid={n:08x} 00000000"),
        1 => format!("{head} {peer} VERIFY OK: depth=0, CN={who}"),
        2 => format!("{head} {peer} TLS: Username/Password authentication succeeded for username '{who}'"),
        3 => format!("{head} {peer} [{who}] Peer Connection Initiated with [AF_INET]{peer}"),
        _ => format!(
            "{head} {who}/{peer} MULTI: primary virtual IP for {who}/{peer}: 10.8.{}.{}",
            n / 250 % 250,
            n % 250
        ),
    }
}

fn nginx(n: u64, at: Timestamp, who: &str, from: &str) -> String {
    let status = [200, 200, 200, 304, 404][(n % 5) as usize];
    format!(
        "{from} - {who} [{}] \"GET /app/page/{} HTTP/1.1\" {status} {} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
        access_stamp(at),
        n % 1_000,
        500 + n % 9_000
    )
}

fn fortigate(n: u64, at: Timestamp, who: &str, from: &str) -> String {
    let stamp = openvpn_stamp(at);
    let (date, time) = stamp.split_once(' ').unwrap_or((&stamp, ""));
    let (action, status) =
        if n.is_multiple_of(10) { ("ssl-login-fail", "error") } else { ("tunnel-up", "success") };
    format!(
        "date={date} time={time} devname=\"fgt-edge-1\" devid=\"FG100F0000000001\" eventtime={}000 tz=\"+0000\" \
         logid=\"0101039424\" type=\"event\" subtype=\"vpn\" level=\"information\" vd=\"root\" logdesc=\"SSL VPN event\" \
         action=\"{action}\" tunneltype=\"ssl-tunnel\" tunnelid={} remip={from} tunnelip=10.212.{}.{} user=\"{who}\" \
         group=\"staff-vpn\" dst_host=\"N/A\" reason=\"{status}\" msg=\"SSL tunnel event of the portal\"",
        at.0,
        100_000 + n,
        n / 250 % 250,
        n % 250
    )
}

/// About 600 bytes, nested as audit logs are.
fn json(n: u64, at: Timestamp, who: &str, from: &str) -> String {
    let outcome = if n.is_multiple_of(10) { "failure" } else { "success" };
    format!(
        "{{\"time\":\"{at}\",\"id\":\"{n:032x}\",\"version\":\"1.4.2\",\"tenant\":{{\"id\":\"t-{:06}\",\"region\":\"eu-central\"}},\
         \"actor\":{{\"id\":\"u-{n:012}\",\"name\":\"{who}\",\"email\":\"{who}@example.org\",\"roles\":[\"reader\",\"editor\"]}},\
         \"client\":{{\"ip\":\"{from}\",\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\",\"language\":\"en-GB\"}},\
         \"action\":\"login\",\"outcome\":\"{outcome}\",\"session\":{{\"id\":\"s-{n:016x}\",\"mfa\":true}},\"request\":{{\"id\":\"{n:024x}\",\
         \"path\":\"/api/v2/session\",\"latency_ms\":{}}},\"labels\":{{\"cluster\":\"blue\",\"zone\":\"b\",\"shard\":{}}}}}",
        n % 1_000,
        n % 250,
        n % 16
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_those_of_the_programs() {
        let at = Timestamp::parse_rfc3339("2026-11-03T09:05:07.5Z").unwrap();
        assert_eq!(syslog_stamp(at), "Nov  3 09:05:07");
        assert_eq!(openvpn_stamp(at), "2026-11-03 09:05:07");
        assert_eq!(access_stamp(at), "03/Nov/2026:09:05:07 +0000");
    }
}
