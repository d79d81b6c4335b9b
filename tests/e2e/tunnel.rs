//! Wrong passwords at OpenVPN and a tunnel, as the daemon tells them.

use crate::gate::{Gate, header, mails};
use crate::machine::{Running, can, reached};
use crate::openvpn::{self, CLIENT};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

#[test]
fn wrong_passwords_at_openvpn_are_told_and_its_tunnel_is_a_session() {
    let test = "wrong passwords at OpenVPN";
    if !can(test, &["openvpn", "openssl", "ip"], true) {
        return;
    }
    let Some(wire) = openvpn::wire(test) else { return };
    let mut gate = Gate::new();
    let folder = gate.folder.path().to_owned();
    openvpn::prepare(&folder);
    let _gateway = Running::start("openvpn gateway", openvpn::openvpn(&folder, &wire.gateway, "gateway"));
    gate.configure(&[("vpn-gw-1", "openvpn", "openvpn.log")], "");
    gate.start();
    gate.wait_for_number(
        "SELECT count(*) FROM events WHERE raw LIKE '%Initialization Sequence Completed%'",
        1,
        Duration::from_secs(10),
    );
    for _ in 0..6 {
        let mut client = openvpn::connect(&folder, &wire, "wrong");
        assert!(
            client.wait(Duration::from_secs(10)).is_some(),
            "the client was not refused: {}",
            said(&folder)
        );
    }
    let mut client = openvpn::connect(&folder, &wire, "right-one");
    let open = "SELECT count(*) FROM events WHERE class = 'tunnel' AND activity = 'open' AND user = 'eve'";
    gate.wait_for_number(open, 1, Duration::from_secs(10));
    client.signal("TERM");
    assert!(client.wait(Duration::from_secs(10)).is_some());
    gate.wait_for_number(
        "SELECT count(*) FROM vpn_sessions WHERE closed_at IS NOT NULL",
        1,
        Duration::from_secs(15),
    );
    check(&gate);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

fn said(folder: &Path) -> String {
    fs::read_to_string(folder.join("openvpn.log")).unwrap_or_default()
        + &fs::read_to_string(folder.join("client.out")).unwrap_or_default()
}

fn check(gate: &Gate) {
    let logons = gate.rows("SELECT outcome, user, src_ip, count(*) AS n FROM events WHERE class = 'authentication' GROUP BY 1, 2, 3");
    let wanted = [
        // The gateway does not say whose password was wrong.
        json!({"outcome": "failure", "src_ip": CLIENT, "n": 6}),
        json!({"outcome": "success", "user": "eve", "src_ip": CLIENT, "n": 1}),
    ];
    assert_eq!(logons, wanted, "{:#?}", gate.rows("SELECT class, outcome, user, raw FROM events"));
    let sessions = gate.rows(
        "SELECT user, src_ip, assigned_ip, seconds BETWEEN 0 AND 40 AS short, source FROM vpn_sessions",
    );
    assert_eq!(
        sessions,
        [
            json!({"user": "eve", "src_ip": CLIENT, "assigned_ip": "10.98.7.2", "short": 1, "source": "vpn-gw-1"})
        ]
    );
    let found: Vec<_> = gate.rows("SELECT DISTINCT rule, entity FROM findings ORDER BY rule");
    for rule in ["vpn-brute-force-source", "vpn-success-after-failures"] {
        let wanted = json!({"rule": rule, "entity": format!("src_ip={CLIENT}")});
        assert!(found.contains(&wanted), "no {rule} among {found:?}");
    }
    // Without a relay, mail goes to the store's own Maildir.
    let maildir = gate.state().join("mail");
    let told = reached(Duration::from_secs(5), || {
        mails(&maildir).iter().any(|mail| {
            mail.contains(CLIENT) && header(mail, "X-Gatewatch-Kind").as_deref() == Some("notice")
        })
    });
    assert!(told, "no mail about {CLIENT}: {:?}", mails(&maildir));
}
