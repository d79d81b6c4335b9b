//! Single values: addresses, identities, words. Nothing is invented: what is not an address is no address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// An address in canonical form, perhaps with a port.
    Ip(IpAddr, Option<u16>),
    /// A host's name, perhaps with a port.
    Name(&'a str, Option<u16>),
    /// A word for "none".
    Nothing,
    /// Anything else, for example an address with leading zeros, which programs read differently.
    Other,
}

/// Reads an address in any of its spellings: `1.2.3.4`, `1.2.3.4:56`, `1.2.3.4#56`, `v6`, `v6%zone`, `[v6]`,
/// `[v6]:56`, `::ffff:1.2.3.4`, `name[ip]`, `name (ip)`, `name/ip:56` (Java), one behind its transport
/// (`tcp4-server:`, OpenVPN's `[AF_INET]`), or a host's name. The unspecified addresses are none.
pub fn address(text: &str) -> Address<'_> {
    match spelled(text) {
        Address::Ip(ip, _) if ip.is_unspecified() => Address::Nothing,
        address => address,
    }
}

fn spelled(text: &str) -> Address<'_> {
    let text = text.trim();
    if text.starts_with(|c: char| c.is_ascii_digit())
        && let Some(ip) = ip_of(text)
    {
        return Address::Ip(ip, None);
    }
    if is_null(text) || NOWHERE.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Address::Nothing;
    }
    let text = without_transport(text);
    if let Some(address) = behind_name(text) {
        return address;
    }
    if let Some(rest) = text.strip_prefix("[AF_INET6]") {
        // OpenVPN writes a v6 address without brackets, so that the last colon parts the port.
        return match rest.rsplit_once(':').map(|(ip, port)| (ip_of(ip), port.parse().ok())) {
            Some((Some(ip), Some(port))) => Address::Ip(ip, Some(port)),
            _ => ip_of(rest).map_or(Address::Other, |ip| Address::Ip(ip, None)),
        };
    }
    let text = text.strip_prefix("[AF_INET]").unwrap_or(text);
    if let Some(ip) = ip_of(text) {
        return Address::Ip(ip, None);
    }
    let (head, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((head, "")) => (head, None),
        Some((head, port)) => match port.strip_prefix(':').and_then(|port| port.parse().ok()) {
            Some(port) => (head, Some(port)),
            None => return Address::Other,
        },
        None => match text.rsplit_once([':', '#']).map(|(head, port)| (head, port.parse().ok())) {
            Some((head, Some(port))) => (head, Some(port)),
            _ => (text, None),
        },
    };
    match ip_of(head) {
        Some(ip) => Address::Ip(ip, port),
        None if is_host_name(head) => Address::Name(head, port),
        None => Address::Other,
    }
}

/// Words for no address, besides those for no value: `LOCAL` is Windows' for its own console.
const NOWHERE: [&str; 4] = ["unix:", "local", "unknown", "none"];

/// Words of a transport in front of an address.
const TRANSPORTS: [&str; 12] = [
    "tcp4-server:",
    "tcp6-server:",
    "tcp-server:",
    "tcp4:",
    "tcp6:",
    "tcp:",
    "udp4:",
    "udp6:",
    "udp:",
    "ipv4:",
    "ipv6:",
    "ssl:",
];

fn without_transport(text: &str) -> &str {
    let known = |word: &&str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    // An address may begin with the hexadecimal digits of no such word, so that nothing of it is lost.
    TRANSPORTS.iter().find(|word| known(word)).and_then(|word| text.get(word.len()..)).unwrap_or(text)
}

/// `name[ip]`, `name [ip]`, `name (ip)`, `name/ip:port`, `/ip:port`: the name is what somebody's DNS says, the address
/// is what the program saw.
fn behind_name(text: &str) -> Option<Address<'_>> {
    let (name, ip) = match text.as_bytes().last()? {
        b']' => text.strip_suffix(']')?.rsplit_once('[').filter(|(name, _)| !name.is_empty())?,
        b')' => text.strip_suffix(')')?.rsplit_once('(')?,
        _ => {
            let (name, behind) = text.rsplit_once('/')?;
            let ip = match behind.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
                Some((ip, port)) => (ip_of(ip)?, Some(port.parse().ok()?)),
                None => with_port(behind)?,
            };
            // Behind an address a mask may stand.
            return (name.is_empty() || is_host_name(name)).then_some(Address::Ip(ip.0, ip.1));
        }
    };
    let ip = ip_of(ip)?;
    let name = name.trim_end();
    (is_host_name(name) || ip_of(name).is_some()).then_some(Address::Ip(ip, None))
}

/// `ip`, `ip:port` or `ip#port`.
fn with_port(text: &str) -> Option<(IpAddr, Option<u16>)> {
    ip_of(text).map(|ip| (ip, None)).or_else(|| {
        let (ip, port) = text.rsplit_once([':', '#'])?;
        Some((ip_of(ip)?, Some(port.parse().ok()?)))
    })
}

/// An address without port: mapped v4 folded, zone cut, leading zeros refused (`inet_aton` reads them as octal).
fn ip_of(text: &str) -> Option<IpAddr> {
    let first = *text.as_bytes().first()?;
    if !first.is_ascii_hexdigit() && first != b':' {
        return None;
    }
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Some(IpAddr::V4(v4));
    }
    if !text.contains(':') {
        return None;
    }
    let bare = text.split_once('%').map_or(text, |(bare, _)| bare);
    let v6: Ipv6Addr = bare.parse().ok()?;
    Some(v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4))
}

/// Letters, digits, dots, hyphens and underscores with at least one letter (RFC 1123 section 2.1 and practice).
fn is_host_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=253).contains(&text.len())
        && text.bytes().all(fits)
        && text.bytes().any(|b| b.is_ascii_alphabetic())
        && !text.starts_with(['.', '-'])
}

/// Whether a text is one of the words that programs write where they have no value; such a word must never
/// become a person that events are counted for.
pub fn is_null(text: &str) -> bool {
    const NULLS: [&str; 30] = [
        "-",
        "--",
        "?",
        "N/A",
        "n/a",
        "null",
        "NULL",
        "(null)",
        "<null>",
        "nil",
        "None",
        "undefined",
        "UNKNOWN",
        "(unknown)",
        "<unknown>",
        "(invalid user)",
        "<invalid username>",
        "Not Available",
        "Not available",
        "not available",
        "Null",
        "<NULL>",
        "[null]",
        "(none)",
        "<none>",
        "NONE",
        "(nil)",
        "<nil>",
        "(UNKNOWN)",
        "<UNKNOWN>",
    ];
    // Their first bytes, so that most texts are told at once.
    let begins = |byte: &u8| matches!(byte, b'-' | b'?' | b'N' | b'n' | b'u' | b'U' | b'(' | b'<' | b'[');
    text.as_bytes().first().is_none_or(begins)
        && (text.is_empty() || (text.len() <= 18 && NULLS.contains(&text)))
}

/// yes or no.
pub fn truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match () {
        () if is(["true", "yes", "1", "on"]) => Some(true),
        () if is(["false", "no", "0", "off"]) => Some(false),
        () => None,
    }
}

/// `DOMAIN\user` as domain and user; the backslash may be doubled, as in JSON text that was escaped twice.
pub fn split_domain(text: &str) -> (Option<&str>, &str) {
    let Some((domain, name)) = text.split_once('\\') else { return (None, text) };
    let name = name.strip_prefix('\\').unwrap_or(name);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if domain.is_empty() || name.is_empty() || name.contains('\\') || !domain.bytes().all(plain) {
        return (None, text);
    }
    (Some(domain), name)
}

/// Whether letters of scripts that look alike stand in one name (Latin with Cyrillic, Greek, Armenian or
/// Cherokee; Unicode Technical Standard 39, section 5.1).
pub fn mixes_scripts(name: &str) -> bool {
    if name.is_ascii() {
        return false;
    }
    let mut seen = 0_u8;
    for c in name.chars() {
        seen |= match c {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => 1,
            '\u{400}'..='\u{52f}' => 2,
            '\u{370}'..='\u{3ff}' => 4,
            '\u{531}'..='\u{58a}' => 8,
            '\u{13a0}'..='\u{13ff}' => 16,
            _ => 0,
        };
    }
    seen.count_ones() > 1
}

/// The head of a text, at most so many bytes, whole characters.
pub fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str, port: Option<u16>) -> Address<'_> {
        Address::Ip(text.parse().unwrap(), port)
    }

    #[test]
    fn b7_addresses_in_every_spelling() {
        for (text, expected) in [
            ("192.0.2.7", ip("192.0.2.7", None)),
            ("192.0.2.7:5022", ip("192.0.2.7", Some(5022))),
            ("[2001:db8::7]:5022", ip("2001:db8::7", Some(5022))),
            ("[2001:db8::7]", ip("2001:db8::7", None)),
            ("2001:db8::7", ip("2001:db8::7", None)),
            ("fe80::1%eth0", ip("fe80::1", None)),
            ("[fe80::1%eth0]:22", ip("fe80::1", Some(22))),
            ("::ffff:192.0.2.7", ip("192.0.2.7", None)),
            ("[AF_INET]192.0.2.7:1194", ip("192.0.2.7", Some(1194))),
            ("[AF_INET6]::ffff:192.0.2.7:1194", ip("192.0.2.7", Some(1194))),
            ("::FFFF:192.0.2.7", ip("192.0.2.7", None)),
            ("::ffff:192.0.2.7:22", ip("192.0.2.7", Some(22))),
            ("[::ffff:192.0.2.7]:22", ip("192.0.2.7", Some(22))),
            ("2001:DB8:0:0:0:0:0:7", ip("2001:db8::7", None)),
            ("192.0.2.7#53", ip("192.0.2.7", Some(53))),
            ("2001:db8::7#53", ip("2001:db8::7", Some(53))),
            ("host.example.org[192.0.2.7]", ip("192.0.2.7", None)),
            ("host.example.org [2001:db8::7]", ip("2001:db8::7", None)),
            ("unknown[192.0.2.7]", ip("192.0.2.7", None)),
            ("198.51.100.9[192.0.2.7]", ip("192.0.2.7", None)),
            ("host.example.org (192.0.2.7)", ip("192.0.2.7", None)),
            ("a[198.51.100.9] b [192.0.2.7]", Address::Other),
            ("/192.0.2.7:5022", ip("192.0.2.7", Some(5022))),
            ("host.example.org/192.0.2.7", ip("192.0.2.7", None)),
            ("/[2001:db8::7]:5022", ip("2001:db8::7", Some(5022))),
            ("192.0.2.0/24", Address::Other),
            ("192.0.2.0/255.255.255.0", Address::Other),
            ("a/b/192.0.2.7", Address::Other),
            ("tcp4-server:[AF_INET]192.0.2.7:1194", ip("192.0.2.7", Some(1194))),
            ("udp4:192.0.2.7:1194", ip("192.0.2.7", Some(1194))),
            ("udp6:[2001:db8::7]:1194", ip("2001:db8::7", Some(1194))),
            ("0.0.0.0", Address::Nothing),
            ("[::]:0", Address::Nothing),
            ("LOCAL", Address::Nothing),
            ("Unknown", Address::Nothing),
            ("192.0.2.7, 198.51.100.9", Address::Other),
            ("gw.example.org", Address::Name("gw.example.org", None)),
            ("gw.example.org:443", Address::Name("gw.example.org", Some(443))),
            ("cafe", Address::Name("cafe", None)),
            ("192.0.002.7", Address::Other),
            ("010.1.2.3", Address::Other),
            ("1.2.3", Address::Other),
            ("1.2.3.4.5", Address::Other),
            ("192.0.2.7:99999", Address::Other),
            ("a b", Address::Other),
            ("-", Address::Nothing),
            ("(null)", Address::Nothing),
        ] {
            assert_eq!(address(text), expected, "{text}");
        }
    }

    #[test]
    fn b6_words_for_nobody_are_nobody_and_names_are_names() {
        for word in
            ["", "-", "N/A", "null", "(null)", "(unknown)", "Not Available", "<nil>", "(none)", "NONE"]
        {
            assert!(is_null(word), "{word}");
        }
        for name in ["unknown", "none of us", "*****", "anonymous", "Nil", "S-1-5-18", "john.doe"] {
            assert!(!is_null(name), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "(tcp4-server:|\\[AF_INET6?\\]|/)?[0-9a-f:.\\[\\]()/# %\u{e9}]{0,24}") {
            match address(&text) {
                // Nothing is invented: an address in its own spelling is itself.
                Address::Ip(ip, _) => {
                    let spelled = ip.to_string();
                    proptest::prop_assert_eq!(address(&spelled), Address::Ip(ip, None));
                }
                Address::Name(name, _) => proptest::prop_assert!(text.contains(name)),
                Address::Nothing | Address::Other => {}
            }
        }
    }

    #[test]
    fn domains_scripts_and_nulls() {
        assert_eq!(split_domain(r"CORP\ana"), (Some("CORP"), "ana"));
        assert_eq!(split_domain(r"CORP\\ana"), (Some("CORP"), "ana"));
        assert_eq!(split_domain(r"a\b\c"), (None, r"a\b\c"));
        assert_eq!(split_domain("ana@CORP"), (None, "ana@CORP"));
        assert!(mixes_scripts("r\u{43e}ot"));
        assert!(!mixes_scripts("\u{430}\u{43d}\u{430}"));
        assert!(!mixes_scripts("j\u{f6}rg"));
        assert!(is_null("<unknown>") && is_null("") && !is_null("root") && !is_null("unknown"));
        assert_eq!(head("a\u{e9}", 2), "a");
    }
}
