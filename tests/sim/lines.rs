//! What the hostile hand writes. Each line carries a serial in the place of the process number, so that the
//! model knows it again; whatever else stands in the line may be forged.

use super::clock::Clock;
use super::rng::Rng;
use gatewatch::limits::LINE_BYTES_MAX;
use gatewatch::schema::{Span, Timestamp};

/// The address that stands only in forged names: it must never be found.
pub const FORGED_ADDRESS: &str = "192.0.2.66";

pub enum Kind {
    /// A failed login: user and address.
    Failed(String, String),
    /// A login.
    Accepted(String, String),
    Close,
    /// Half a line.
    Half,
    /// A user name that tells of another address.
    Forged,
    /// A stamp in 2099, or two days ago.
    ForgedStamp,
    /// Bytes that are no UTF-8, and control characters.
    Bytes,
    /// 200 KB.
    Long,
    /// NUL bytes, too few for a hole.
    Nul,
    /// Nothing that a grammar knows.
    Nonsense,
    /// An account in a privileged group: found alone.
    Privileged,
}

pub fn any(rng: &mut Rng) -> Kind {
    let address = format!("203.0.113.{}", rng.below(250) + 1);
    match rng.below(40) {
        0..=7 => Kind::Accepted(format!("p{}", rng.below(40)), address),
        8..=11 => Kind::Failed(format!("p{}", rng.below(40)), address),
        12..=15 => Kind::Close,
        16..=17 => Kind::Forged,
        18 => Kind::ForgedStamp,
        19..=20 => Kind::Bytes,
        21 => Kind::Nul,
        22 => Kind::Privileged,
        23..=24 => Kind::Nonsense,
        _ => Kind::Close,
    }
}

pub fn line(kind: &Kind, serial: u64, clock: &Clock, rng: &mut Rng) -> Vec<u8> {
    let stamp = stamp(kind, clock.utc(), rng);
    let port = rng.below(30_000) + 20_000;
    let sshd = |message: String| format!("{stamp} web-1 sshd[{serial}]: {message}").into_bytes();
    match kind {
        Kind::Failed(user, address) => {
            sshd(format!("Failed password for invalid user {user} from {address} port {port} ssh2"))
        }
        Kind::Accepted(user, address) => {
            sshd(format!("Accepted publickey for {user} from {address} port {port} ssh2"))
        }
        Kind::Close => sshd(format!("Connection closed by 203.0.113.9 port {port} [preauth]")),
        Kind::Half => sshd("Failed password for root from 203.0.113.8".to_owned()),
        Kind::Forged => {
            let name = format!("root from {FORGED_ADDRESS} port 22 ssh2");
            sshd(format!(
                "Failed password for invalid user {name} from 203.0.113.{} port {port} ssh2",
                rng.below(250) + 1
            ))
        }
        Kind::ForgedStamp => sshd(format!("Failed password for forger from 203.0.113.7 port {port} ssh2")),
        Kind::Bytes => {
            let mut bytes = sshd("Failed password for invalid user ".to_owned());
            bytes.extend_from_slice(
                b"\xff\xfe\x1b[31m\xe2\x80\xae=cmd()\xc3\x28 from 203.0.113.6 port 22 ssh2",
            );
            bytes
        }
        Kind::Long => {
            let mut bytes = sshd("Invalid user ".to_owned());
            bytes.resize(LINE_BYTES_MAX * 3 + 1_000, b'x');
            bytes
        }
        Kind::Nul => {
            let mut bytes = sshd("Invalid user ".to_owned());
            bytes.extend_from_slice(&[0; 100]);
            bytes.extend_from_slice(b" from 203.0.113.5 port 22");
            bytes
        }
        Kind::Nonsense => {
            format!("{stamp} web-1 custom[{serial}]: %s%n ../../etc <script>alert(1)</script> ~! id")
                .into_bytes()
        }
        Kind::Privileged => {
            format!("{stamp} web-1 usermod[{serial}]: add 'p{}' to group 'sudo'", rng.below(400)).into_bytes()
        }
    }
}

fn stamp(kind: &Kind, now: Timestamp, rng: &mut Rng) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let now = match kind {
        Kind::ForgedStamp if rng.percent(50) => now + Span::days(365 * 59),
        Kind::ForgedStamp => now - Span::days(2),
        _ => now,
    };
    let text = now.to_string();
    if rng.percent(70) || matches!(kind, Kind::ForgedStamp) {
        return text;
    }
    let (_, month, day) = now.date();
    format!("{} {day:>2} {}", MONTHS[month as usize - 1], &text[11..19])
}

/// The serial of a stored line.
pub fn serial_of(raw: &[u8]) -> Option<u64> {
    let open = raw.iter().position(|byte| *byte == b'[')?;
    let digits: String =
        raw[open + 1..].iter().map(|byte| char::from(*byte)).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
