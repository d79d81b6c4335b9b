//! Values of audit records: which are encoded, which say nothing, what numbers mean.

use super::Pair;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Keys whose value auditd writes in hexadecimal where it holds blanks, quotes or other bytes (`audit_encode_nv_string`
/// and `audit_log_untrustedstring`).
const ENCODED: [&str; 13] = [
    "acct",
    "cmd",
    "comm",
    "cwd",
    "data",
    "dir",
    "exe",
    "grp",
    "key",
    "name",
    "new_group",
    "path",
    "proctitle",
];

/// Whether a bare value of this key is text in hexadecimal.
pub fn is_encoded(kind: &str, key: &str) -> bool {
    let argument = || {
        let rest = key.strip_prefix('a').unwrap_or("");
        rest.starts_with(|c: char| c.is_ascii_digit()) && !key.ends_with("_len")
    };
    ENCODED.contains(&key) || (kind == "EXECVE" && argument())
}

/// The text of a value in hexadecimal (capitals, an even number of digits), NULs as blanks; as written where it is
/// not that.
pub fn decoded(text: &str) -> Cow<'_, str> {
    let Some(bytes) = from_hex(text) else { return Cow::Borrowed(text) };
    let shown = String::from_utf8_lossy(&bytes);
    Cow::Owned(shown.trim_end_matches('\0').replace('\0', " "))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Whether a value says that there is none; 4294967295 is -1 of an unsigned id.
pub fn is_unset(pair: &Pair<'_>) -> bool {
    let words = ["", "?", "(null)", "(none)", "unset", "none"];
    let number = !pair.is_quoted && (pair.text == "4294967295" || (pair.text == "-1" && pair.key != "exit"));
    number || words.get(..if pair.is_quoted { 5 } else { 4 }).is_some_and(|words| words.contains(&pair.text))
}

/// What a socket's address says (`struct sockaddr` of the machine, in hexadecimal; family in little endian).
pub fn socket_address(hex: &str) -> Vec<(&'static str, String)> {
    let upper = hex.to_ascii_uppercase();
    let Some(bytes) = from_hex(&upper) else { return Vec::new() };
    match bytes.as_slice() {
        // AF_INET: port and address in network order.
        [2, 0, high, low, a, b, c, d, ..] => {
            let ip = Ipv4Addr::new(*a, *b, *c, *d);
            vec![("saddr.ip", ip.to_string()), ("saddr.port", port(*high, *low))]
        }
        // AF_INET6: port, flow information, address.
        [10, 0, high, low, _, _, _, _, rest @ ..] => match rest.first_chunk::<16>() {
            Some(octets) => {
                vec![("saddr.ip", Ipv6Addr::from(*octets).to_string()), ("saddr.port", port(*high, *low))]
            }
            None => Vec::new(),
        },
        // AF_UNIX: a path up to NUL; an abstract name begins with NUL, shown as `@`.
        [1, 0, rest @ ..] if !rest.is_empty() => {
            let (mark, name) = rest.strip_prefix(&[0]).map_or(("", rest), |name| ("@", name));
            let name = name.split(|b| *b == 0).next().unwrap_or(&[]);
            if name.is_empty() {
                return Vec::new();
            }
            vec![("saddr.path", format!("{mark}{}", String::from_utf8_lossy(name)))]
        }
        _ => Vec::new(),
    }
}

fn port(high: u8, low: u8) -> String {
    u16::from_be_bytes([high, low]).to_string()
}

/// The name of a type that is written as its number, as the kernel does (`linux/audit.h`, `audit-records.h`).
pub fn type_name(kind: &str) -> &str {
    let Ok(number) = kind.parse::<u16>() else { return kind };
    TYPES.iter().find(|(known, _)| *known == number).map_or(kind, |(_, name)| name)
}

const TYPES: [(u16, &str); 61] = [
    (1006, "LOGIN"),
    (1100, "USER_AUTH"),
    (1101, "USER_ACCT"),
    (1102, "USER_MGMT"),
    (1103, "CRED_ACQ"),
    (1104, "CRED_DISP"),
    (1105, "USER_START"),
    (1106, "USER_END"),
    (1107, "USER_AVC"),
    (1108, "USER_CHAUTHTOK"),
    (1109, "USER_ERR"),
    (1110, "CRED_REFR"),
    (1111, "USYS_CONFIG"),
    (1112, "USER_LOGIN"),
    (1113, "USER_LOGOUT"),
    (1114, "ADD_USER"),
    (1115, "DEL_USER"),
    (1116, "ADD_GROUP"),
    (1117, "DEL_GROUP"),
    (1123, "USER_CMD"),
    (1124, "USER_TTY"),
    (1125, "CHUSER_ID"),
    (1126, "GRP_AUTH"),
    (1127, "SYSTEM_BOOT"),
    (1128, "SYSTEM_SHUTDOWN"),
    (1129, "SYSTEM_RUNLEVEL"),
    (1130, "SERVICE_START"),
    (1131, "SERVICE_STOP"),
    (1132, "GRP_MGMT"),
    (1133, "GRP_CHAUTHTOK"),
    (1135, "ACCT_LOCK"),
    (1136, "ACCT_UNLOCK"),
    (1137, "USER_DEVICE"),
    (1200, "DAEMON_START"),
    (1201, "DAEMON_END"),
    (1202, "DAEMON_ABORT"),
    (1203, "DAEMON_CONFIG"),
    (1205, "DAEMON_ROTATE"),
    (1300, "SYSCALL"),
    (1302, "PATH"),
    (1305, "CONFIG_CHANGE"),
    (1306, "SOCKADDR"),
    (1307, "CWD"),
    (1309, "EXECVE"),
    (1320, "EOE"),
    (1326, "SECCOMP"),
    (1327, "PROCTITLE"),
    (1400, "AVC"),
    (1403, "MAC_POLICY_LOAD"),
    (1404, "MAC_STATUS"),
    (1700, "ANOM_PROMISCUOUS"),
    (1701, "ANOM_ABEND"),
    (2100, "ANOM_LOGIN_FAILURES"),
    (2101, "ANOM_LOGIN_TIME"),
    (2102, "ANOM_LOGIN_SESSIONS"),
    (2103, "ANOM_LOGIN_ACCT"),
    (2104, "ANOM_LOGIN_LOCATION"),
    (2300, "USER_ROLE_CHANGE"),
    (2301, "ROLE_ASSIGN"),
    (2302, "ROLE_REMOVE"),
    (2312, "ROLE_MODIFY"),
];
