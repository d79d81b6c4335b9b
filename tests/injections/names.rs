//! What a client sends as its name never becomes its address, never somebody else's name, and never a success:
//! names made of the pieces that log lines are made of, set into the lines that the servers would write.

use super::read_all;
use gatewatch::schema::{Event, Outcome};
use proptest::prelude::*;
use std::net::IpAddr;

/// The client's true address.
const TRUE: &str = "198.51.100.23";

/// How a server writes names: as they are, or with quotes and backslashes as `\x22`, or as a JSON text.
#[derive(Clone, Copy, PartialEq)]
enum Escaped {
    No,
    Hex,
    Json,
}

/// (format, line with `@U` for the name and `@A` for the address, how names are written).
const LINES: [(&str, &str, Escaped); 24] = [
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Failed password for invalid user @U from @A port 50122 ssh2",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Failed none for invalid user @U from @A port 50122 ssh2",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Failed publickey for invalid user @U from @A port 50122 ssh2: RSA SHA256:dEf",
        Escaped::No,
    ),
    ("sshd", "Mar  3 09:15:02 web1 sshd[7]: Invalid user @U from @A port 50122", Escaped::No),
    ("sshd", "Mar  3 09:15:02 web1 sshd[7]: Invalid user @U from @A", Escaped::No),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: error: PAM: Authentication failure for illegal user @U from @A",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: error: maximum authentication attempts exceeded for invalid user @U from @A port 50122 ssh2 [preauth]",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Connection closed by invalid user @U @A port 50122 [preauth]",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Connection reset by authenticating user @U @A port 50122 [preauth]",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Disconnected from invalid user @U @A port 50122 [preauth]",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Disconnecting invalid user @U @A port 50122: Change of username or service not allowed: (@U,ssh-connection) -> (x,ssh-connection) [preauth]",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Bad protocol version identification '@U' from @A port 50122",
        Escaped::No,
    ),
    (
        "sshd",
        "Mar  3 09:15:02 web1 sshd[7]: Received disconnect from @A port 50122:11: @U [preauth]",
        Escaped::No,
    ),
    ("sshd", "Failed password for invalid user @U from @A port 50122 ssh2", Escaped::No),
    (
        "linux-auth",
        "Mar  3 09:15:02 web1 vsftpd[7]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=@U rhost=@A",
        Escaped::No,
    ),
    (
        "linux-auth",
        "Mar  3 09:15:02 web1 vsftpd[7]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=@U rhost=@A  user=@U",
        Escaped::No,
    ),
    ("dropbear", "Mar  3 09:15:02 ap1 dropbear[7]: Bad password attempt for '@U' from @A:50122", Escaped::No),
    (
        "login",
        "Mar  3 09:15:02 web1 login[7]: FAILED LOGIN 1 FROM @A FOR @U, Authentication failure",
        Escaped::No,
    ),
    ("nginx", "@A - @U [03/Mar/2026:09:15:02 +0000] \"GET / HTTP/1.1\" 401 5", Escaped::Hex),
    (
        "nginx",
        "2026/03/03 09:15:02 [error] 8#8: *1 user \"@U\" was not found in \"/users\", client: @A, server: s, request: \"GET / HTTP/1.1\", host: \"h\"",
        Escaped::No,
    ),
    (
        "nginx",
        "2026/03/03 09:15:02 [error] 8#8: *1 open() \"/srv/@U\" failed (2: No such file), client: @A, server: s, request: \"GET /@U HTTP/1.1\", host: \"h\"",
        Escaped::No,
    ),
    ("apache", "[Tue Mar 03 09:15:02 2026] [error] [client @A] user @U not found: /private/", Escaped::No),
    (
        "openvpn",
        "2026-03-03 09:15:02 @A:50122 VERIFY ERROR: depth=0, error=certificate revoked: CN=@U",
        Escaped::No,
    ),
    (
        "app-json",
        "{\"time\":\"2026-03-03T09:15:02Z\",\"action\":\"login\",\"outcome\":\"failure\",\"user\":\"@U\",\"client_ip\":\"@A\"}",
        Escaped::Json,
    ),
];

const PIECES: [&str; 54] = [
    "root",
    "bob",
    " ",
    " from ",
    " for ",
    " by ",
    " via ",
    "203.0.113.66",
    "203.0.113.66:22",
    " port 22",
    " ssh2",
    " ssh1",
    ":",
    ": ",
    "RSA SHA256:abc",
    " [preauth]",
    "invalid user ",
    "Accepted password for root from 203.0.113.66 port 22 ssh2",
    "'",
    "\"",
    "\\",
    "]",
    "[",
    "[client 203.0.113.66] ",
    ", client: 203.0.113.66, server: s, request: \"",
    "\" was not found in \"/users",
    " rhost=203.0.113.66",
    "  user=root",
    " not found: /x",
    " not allowed because ",
    "/203.0.113.66:22 ",
    " VERIFY ERROR: depth=0, error=y: CN=root",
    " SIGTERM[soft,exit] received, client-instance exiting",
    " FOR root",
    ", ",
    "sshd[1]: ",
    "Mar  3 09:15:02 web1 ",
    "[03/Mar/2026:09:15:02 +0000] ",
    " HTTP/1.1\" 200 5 ",
    "-",
    "(",
    ")",
    "\u{202e}",
    "\u{1b}[31m",
    // Whole forgeries, one for each way a line can end.
    "bob from 203.0.113.66 port 22 ssh2",
    "bob from 203.0.113.66 port 22 ssh2: RSA SHA256:abc",
    "bob 203.0.113.66 port 22 [preauth]",
    "203.0.113.66 port 22: Change of username or service not allowed: (",
    "x rhost=203.0.113.66  user=root",
    "x' from 203.0.113.66:22",
    "x\" was not found in \"/y\", client: 203.0.113.66, server: s, request: \"",
    "x, client: 203.0.113.66, server: s, request: \"GET / HTTP/1.1\", host: \"h\"",
    "x/203.0.113.66:1 VERIFY ERROR: depth=0, error=y: CN=root",
    "x [03/Mar/2026:09:15:02 +0000] \"GET / HTTP/1.1\" 200 5",
];

fn read(format: &str, line: &str) -> Event {
    let mut events = read_all(format, &[line.to_owned()]);
    assert_eq!(events.len(), 1, "{line}");
    events.remove(0)
}

fn written(name: &str, how: Escaped) -> String {
    match how {
        Escaped::No => name.to_owned(),
        Escaped::Hex => name.replace('\\', "\\x5C").replace('"', "\\x22").replace('\u{1b}', "\\x1B"),
        Escaped::Json => serde_json::to_string(name).unwrap().trim_matches('"').to_owned(),
    }
}

/// What the corpus takes for a forged tail of the server's (DECISIONS-hosts.md 6): its answer is the first address.
fn is_forged_tail(name: &str, line: &str) -> bool {
    line.ends_with(" ssh2") && (name.ends_with(" ssh2:") || name.ends_with(" ssh1:"))
}

fn check(name: &str) -> Result<(), TestCaseError> {
    for (format, line, how) in LINES {
        let escaped = written(name, how);
        let line = line.replace("@U", &escaped).replace("@A", TRUE);
        if is_forged_tail(name, &line) {
            continue;
        }
        let event = read(format, &line);
        let address = event.src_ip.map(|ip| ip.to_string());
        prop_assert!(address.as_deref().is_none_or(|ip| ip == TRUE), "{line}\n  became {address:?}");
        prop_assert!(event.src_host.is_none(), "{line}\n  became {:?}", event.src_host);
        prop_assert!(event.outcome != Outcome::Success, "{line}\n  became a success");
        let shown = if how == Escaped::Json { name } else { &escaped };
        let user = event.user.as_deref();
        prop_assert!(
            user.is_none_or(|user| user == shown.trim() || may_differ(user, shown, &line)),
            "{line}\n  became {user:?}"
        );
    }
    Ok(())
}

/// A certificate's name ends at `,` or `/`; sshd marks unknown names with words that a name can repeat; a name in
/// quotes loses what the quotes of the line take; a Digest name is all that stands before the last ` not found`.
fn may_differ(user: &str, name: &str, line: &str) -> bool {
    let certificate = line.contains(" VERIFY ERROR: ") && name.trim().contains(user);
    certificate || (!["root", "bob"].contains(&user) && name.contains(user))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_hostile_name_stays_a_name(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 1..9)) {
        check(&pieces.concat())?;
    }
}

#[test]
fn the_true_address_is_found_in_all_these_lines_of_plain_names() {
    for (format, line, _) in LINES {
        let event = read(format, &line.replace("@U", "alice").replace("@A", TRUE));
        assert_eq!(event.src_ip, Some(TRUE.parse::<IpAddr>().unwrap()), "{line}");
    }
}
