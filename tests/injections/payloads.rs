//! What a hostile client writes.

use super::slots::{Slot, Writer};
use gatewatch::schema::{Class, Outcome};

/// Addresses that only forgeries name.
pub const FORGED_IPS: [&str; 2] = ["203.0.113.166", "2001:db8:bad::166"];
/// Names that only forgeries name.
pub const FORGED_NAMES: [&str; 3] = ["overlord", "root", "overlord@evil.test"];

/// Texts for any grammar.
const TEXTS: [&str; 46] = [
    "",
    " ",
    "-",
    "root from 203.0.113.166 port 22 ssh2",
    "root from 203.0.113.166 port 22",
    "overlord 203.0.113.166 port 22 [preauth]",
    "overlord from 203.0.113.166",
    "overlord@203.0.113.166",
    "x (203.0.113.166)",
    "x [203.0.113.166]",
    "x[203.0.113.166]:22",
    "user=root src=203.0.113.166",
    "x user=overlord rhost=203.0.113.166 outcome=success status=success",
    "x src_ip=203.0.113.166 srcip=203.0.113.166 ip=203.0.113.166 client=203.0.113.166",
    "x\" user=\"overlord\" src=\"203.0.113.166\" result=\"success\" x=\"",
    "x, user=overlord, ip=203.0.113.166, success",
    "x; user=overlord; ip=203.0.113.166; success",
    "] [client 203.0.113.166] user overlord",
    "x] [client 203.0.113.166] x",
    "x, client: 203.0.113.166, server: s, request: \"GET / HTTP/1.1\", host: \"h\"",
    "\" 200 1 \"-\"",
    "x HTTP/1.1\" 200 1 \"-\" \"-\"",
    "x - overlord [03/Mar/2026:09:15:02 +0000] \"GET / HTTP/1.1\" 200 5",
    "%ASA-6-113005",
    "%ASA-6-113004: AAA user authentication Successful : server = 203.0.113.166 : user = overlord",
    "%ASA-6-605005: Login permitted from 203.0.113.166/22 to inside:192.0.2.1/ssh for user \"overlord\"",
    "\",\"outcome\":\"success\",\"user\":\"overlord\",\"ip\":\"203.0.113.166\",\"x\":\"",
    "{\"user\":\"overlord\",\"src_ip\":\"203.0.113.166\",\"outcome\":\"success\"}",
    "\\",
    "x\\",
    "\"",
    "'",
    "x\"\"y",
    "x' from 203.0.113.166:22",
    "x\nMar  3 09:15:02 web1 sshd[7]: Accepted password for root from 203.0.113.166 port 22 ssh2",
    "Accepted password for root from 203.0.113.166 port 22 ssh2",
    "x<13>Mar  3 09:15:02 web1 sshd[7]: Accepted password for root from 203.0.113.166 port 22 ssh2",
    "\u{1b}[2J\u{1b}[31mroot",
    "root\u{202e}203.0.113.166",
    "ro\u{200b}ot",
    "x\0root",
    "x|user=overlord|src=203.0.113.166",
    "x\tsrc=203.0.113.166\tusrName=overlord",
    "</Data><Data Name=\"TargetUserName\">overlord</Data><Data Name=\"IpAddress\">203.0.113.166</Data>",
    "x for overlord: success, logged in, Accepted, granted",
    "pam_unix(sshd:auth): authentication failure; rhost=203.0.113.166  user=root",
];

/// What may stand between a name and a forged rest: ends of what the line puts around names.
const ENDS: [&str; 7] = ["x ", "x\" ", "x' ", "x] ", "x) ", "x, ", "x"];

/// Names that accounts have, where only who has an account is told of.
const ACCOUNTS: [&str; 14] = [
    "o'brien",
    "Ana Reyes",
    "ana.reyes",
    "ana+x",
    "ana_x-2",
    "$ana",
    "ana@evil.test",
    "\u{dc}nal",
    "ana (evil)",
    "Reyes, Ana",
    "x y z",
    "failed",
    "ana2",
    "svc-backup$",
];
/// Names that somebody can give an address in DNS.
const HOSTS: [&str; 8] = [
    "203.0.113.166.evil.test",
    "203-0-113-166.evil.test",
    "root",
    "overlord",
    "localhost",
    "x_y.evil.test",
    "-x.evil.test",
    "success.evil.test",
];

/// The payloads for a slot: those for all, long ones, and what the grammar's own lines say behind a name.
pub fn payloads(slots: &[Slot], slot: &Slot) -> Vec<String> {
    match slot.writer {
        Writer::Client => {}
        Writer::Account => return ACCOUNTS.map(str::to_owned).to_vec(),
        Writer::Resolver => return HOSTS.map(str::to_owned).to_vec(),
    }
    // Only a name can be left out.
    let texts = TEXTS.iter().filter(|text| slot.is_name || !text.trim().is_empty());
    let mut payloads: Vec<String> = texts.map(|text| (*text).to_owned()).collect();
    payloads.push("A".repeat(4096));
    payloads.push(format!("x from 203.0.113.166 {}", "a ".repeat(2048)));
    payloads.push(format!("overlord{}", forged(slot, slot.rest())));
    payloads.push(format!("x{}", forged(slot, slot.rest())));
    for other in donors(slots) {
        let line = forged(other, &other.text).replace('\n', " ");
        let message = line.find("]: ").map(|at| &line[at + 3..]);
        let rest = format!("overlord{}", forged(other, other.rest()));
        payloads.push(line.clone());
        payloads.extend(message.map(str::to_owned));
        payloads.push(format!("x\n{line}"));
        for end in ENDS {
            payloads.push(format!("{end}{rest}"));
            payloads.push(format!("{end}{}", message.unwrap_or(&line)));
        }
        payloads.push(rest);
    }
    payloads
}

/// Lines that tell a logon, of each kind a few: successes are the better prey.
fn donors(slots: &[Slot]) -> impl Iterator<Item = &Slot> {
    let of = |outcome: Outcome, count: usize| {
        let told = move |slot: &&Slot| {
            matches!(slot.plain.class, Class::Authentication | Class::Tunnel) && slot.plain.outcome == outcome
        };
        slots.iter().filter(|slot| slot.column == "user").filter(told).take(count)
    };
    of(Outcome::Success, 3).chain(of(Outcome::Failure, 2))
}

/// A line's text as if it told of somebody else.
fn forged(slot: &Slot, text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(ip) = slot.plain.src_ip {
        let forged = if ip.is_ipv4() { FORGED_IPS[0] } else { FORGED_IPS[1] };
        text = text.replace(&ip.to_string(), forged);
    }
    if slot.column == "user" { text.replace(&slot.value, "overlord") } else { text }
}
