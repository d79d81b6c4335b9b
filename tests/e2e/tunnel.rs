//! An OpenVPN gateway and its client in two network namespaces.

use crate::gate::{Gate, header, mails};
use crate::machine::{Running, can, must, program, reached, skip};
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const GATEWAY: &str = "10.99.7.1";
const CLIENT: &str = "10.99.7.2";

/// Two network namespaces with a wire between them; they go with the value.
struct Wire {
    gateway: String,
    client: String,
}

impl Wire {
    fn new() -> Option<Wire> {
        let id = std::process::id();
        let wire = Wire { gateway: format!("gw{id}s"), client: format!("gw{id}c") };
        let (g, c) = (wire.gateway.as_str(), wire.client.as_str());
        for space in [g, c] {
            if !ip(&["netns", "add", space]) {
                return None;
            }
        }
        // Names of devices have at most 15 characters.
        let steps: [&[&str]; 7] = [
            &["link", "add", "wire-g", "netns", g, "type", "veth", "peer", "name", "wire-c", "netns", c],
            &["-n", g, "addr", "add", &format!("{GATEWAY}/24"), "dev", "wire-g"],
            &["-n", c, "addr", "add", &format!("{CLIENT}/24"), "dev", "wire-c"],
            &["-n", g, "link", "set", "lo", "up"],
            &["-n", c, "link", "set", "lo", "up"],
            &["-n", g, "link", "set", "wire-g", "up"],
            &["-n", c, "link", "set", "wire-c", "up"],
        ];
        steps.iter().all(|step| ip(step)).then_some(wire)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.gateway]);
        ip(&["netns", "del", &self.client]);
    }
}

fn ip(args: &[&str]) -> bool {
    Command::new(program("ip").unwrap())
        .args(args)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// OpenVPN in a namespace with a configuration of the folder.
fn openvpn(folder: &Path, space: &str, name: &str) -> Command {
    let mut command = Command::new(program("ip").unwrap());
    command
        .args(["netns", "exec", space])
        .arg(program("openvpn").unwrap())
        .arg("--config")
        .arg(folder.join(format!("{name}.conf")));
    let output = File::create(folder.join(format!("{name}.out"))).unwrap();
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    command
}

fn openssl(folder: &Path, args: &str) {
    must(Command::new("openssl").current_dir(folder).args(args.split(' ')));
}

/// A private authority, the gateway's certificate, a script that knows one password, both configurations.
fn prepare(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=authority"));
    openssl(folder, &format!("req {key} -keyout gate.key -out gate.csr -subj /CN=gate"));
    fs::write(folder.join("use"), "extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature,keyAgreement\n")
        .unwrap();
    openssl(
        folder,
        "x509 -req -in gate.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out gate.crt -extfile use",
    );
    fs::write(folder.join("password.sh"), "[ \"$(sed -n 2p \"$1\")\" = right-one ]\n").unwrap();
    let here = folder.display();
    let gateway = format!(
        "dev tun
proto udp4
local {GATEWAY}
port 1194
topology subnet
server 10.98.7.0 255.255.255.0
ca {here}/ca.crt
cert {here}/gate.crt
key {here}/gate.key
dh none
disable-dco
verify-client-cert none
username-as-common-name
script-security 2
auth-user-pass-verify \"/bin/sh {here}/password.sh\" via-file
keepalive 5 20
log-append {here}/openvpn.log
verb 3
"
    );
    let client = format!(
        "client
dev tun
proto udp4
remote {GATEWAY} 1194
nobind
disable-dco
ca {here}/ca.crt
remote-cert-tls server
auth-user-pass {here}/password
connect-retry-max 1
explicit-exit-notify 1
verb 3
"
    );
    fs::write(folder.join("gateway.conf"), gateway).unwrap();
    fs::write(folder.join("client.conf"), client).unwrap();
}

/// Asks for the tunnel with a password; the process ends by itself when it is refused.
fn connect(folder: &Path, wire: &Wire, password: &str) -> Running {
    fs::write(folder.join("password"), format!("eve\n{password}\n")).unwrap();
    Running::start("openvpn client", openvpn(folder, &wire.client, "client"))
}

#[test]
fn wrong_passwords_at_openvpn_are_told_and_its_tunnel_is_a_session() {
    let test = "wrong passwords at OpenVPN";
    if !can(test, &["openvpn", "openssl", "ip"], true) {
        return;
    }
    if OpenOptions::new().write(true).open("/dev/net/tun").is_err() {
        skip(test, "no /dev/net/tun");
        return;
    }
    let Some(wire) = Wire::new() else {
        skip(test, "no network namespaces here");
        return;
    };
    let mut gate = Gate::new();
    let folder = gate.folder.path().to_owned();
    prepare(&folder);
    let _gateway = Running::start("openvpn gateway", openvpn(&folder, &wire.gateway, "gateway"));
    gate.configure(&[("vpn-gw-1", "openvpn", "openvpn.log")], "");
    gate.start();
    gate.wait_for_number(
        "SELECT count(*) FROM events WHERE raw LIKE '%Initialization Sequence Completed%'",
        1,
        Duration::from_secs(10),
    );
    for _ in 0..6 {
        let mut client = connect(&folder, &wire, "wrong");
        assert!(
            client.wait(Duration::from_secs(10)).is_some(),
            "the client was not refused: {}",
            said(&folder)
        );
    }
    let mut client = connect(&folder, &wire, "right-one");
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
