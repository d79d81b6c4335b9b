//! Lines of every framing through the whole room. The first line of an input names the format that reads the others
//! (any other text picks one), so that an input means the same when grammars are added.

use super::room::{Script, check};
use gatewatch::config::grammars::{compile_all, framing_name, load};
use gatewatch::normalize::GrammarSet;
use std::sync::{Arc, LazyLock};

/// The shipped grammars, compiled.
pub static SET: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    let specs = load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    Arc::new(compile_all(specs).unwrap_or_else(|problems| panic!("{}", problems[0])))
});

/// Formats whose lines tell logins, sessions and repeats in several lines.
const TOLD_IN_SEVERAL: &[&str] = &[
    "linux-auth",
    "sshd",
    "pam",
    "sudo",
    "openvpn",
    "strongswan",
    "ocserv",
    "wireguard",
    "cisco-asa",
    "fortigate",
    "globalprotect",
    "softether",
    "vsftpd",
    "dovecot",
    "auditd",
    "windows-security",
    "freeradius",
    "guacamole",
];
/// Formats whose lines stand in wrappers of containers and of the journal.
const WRAPPED: &[&str] =
    &["sshd", "linux-auth", "nginx", "json", "syslog", "keycloak", "vault", "postgresql", "auto"];

/// The formats that a target's lines are read as.
pub fn formats(target: &str) -> Vec<String> {
    let named = |names: &[&str]| {
        let known = names.iter().filter(|name| **name == "auto" || SET.has(name));
        known.map(|name| (*name).to_owned()).collect()
    };
    let framing = match target {
        "auto" => return vec!["auto".to_owned()],
        "sessions" => return named(TOLD_IN_SEVERAL),
        "wrapped" => return named(WRAPPED),
        "grammar" => {
            let families = SET.families().map(|(name, _)| name).filter(|name| SET.get(name).is_none());
            return SET.names().chain(families).map(str::to_owned).collect();
        }
        "kv" => "key-value",
        name => name,
    };
    let reads = |name: &&str| {
        let spec = SET.get(name).map(|grammar| grammar.spec());
        spec.is_some_and(|spec| spec.framings.iter().any(|known| framing_name(*known) == framing))
    };
    SET.names().filter(reads).map(str::to_owned).collect()
}

/// Feeds an input of a target.
pub fn feed(target: &'static str, data: &[u8]) {
    static FORMATS: LazyLock<Vec<(&str, Vec<String>)>> =
        LazyLock::new(|| super::TARGETS.iter().map(|target| (target.name, formats(target.name))).collect());
    let formats = FORMATS.iter().find(|(name, _)| *name == target).map_or(&[][..], |(_, formats)| formats);
    let (first, rest) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let sum: usize = first.iter().map(|byte| usize::from(*byte)).sum();
    let named = formats.iter().find(|format| format.as_bytes() == first);
    let Some(format) = named.or(formats.get(sum % formats.len().max(1))) else { return };
    check(&SET, format, &Script::of(rest));
}
