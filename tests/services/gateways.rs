//! OpenVPN and FreeRADIUS.

use crate::acts::{compare, compare_some, said, start, succeeds, tool, version};
use crate::gate::Gate;
use crate::machine::{Running, can, must, reached, wait_for};
use crate::openvpn::{self, CLIENT};
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn openvpn_lets_in_refuses_and_ends() {
    let test = "OpenVPN";
    if !can(test, &["openvpn", "openssl", "ip"], true) {
        return;
    }
    let Some(wire) = openvpn::wire(test) else { return };
    let gate = Gate::new();
    let folder = gate.folder.path();
    openvpn::prepare(folder);
    let _gateway = Running::start("openvpn gateway", openvpn::openvpn(folder, &wire.gateway, "gateway"));
    let log = || fs::read_to_string(folder.join("openvpn.log")).unwrap_or_default();
    wait_for("the gateway", Duration::from_secs(10), || log().contains("Initialization Sequence Completed"));
    for _ in 0..2 {
        let mut refused = openvpn::connect(folder, &wire, "wrong");
        assert!(refused.wait(Duration::from_secs(10)).is_some(), "not refused: {}", log());
    }
    let mut client = openvpn::connect(folder, &wire, "right-one");
    assert!(reached(Duration::from_secs(10), || log().contains("MULTI: primary virtual IP")), "{}", log());
    client.signal("TERM");
    assert!(client.wait(Duration::from_secs(10)).is_some());
    // The gateway does not say whose password was wrong.
    let refused = format!("authentication logon failure - {CLIENT}");
    let wanted = [
        &refused,
        &refused,
        &format!("authentication logon success eve {CLIENT}"),
        &format!("tunnel open success eve {CLIENT}"),
        &format!("tunnel close unknown eve {CLIENT}"),
    ];
    compare(
        &version("openvpn", "--version"),
        "openvpn",
        &folder.join("openvpn.log"),
        &wanted.map(String::as_str),
    );
}

fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The packaged configuration with two users, other ports and logs in the folder.
fn radius(folder: &Path, ports: (u16, u16)) {
    let here = folder.display();
    must(Command::new("cp").args(["-rL", "/etc/freeradius/3.0"]).arg(folder.join("raddb")));
    let edit = |name: &str, change: &dyn Fn(String) -> String| {
        let path = folder.join("raddb").join(name);
        let text = change(fs::read_to_string(&path).unwrap());
        fs::write(&path, text).unwrap();
    };
    edit("radiusd.conf", &|text| {
        text.replace("logdir = /var/log/freeradius", &format!("logdir = {here}/logs"))
            .replace("run_dir = ${localstatedir}/run/${name}", &format!("run_dir = {here}/run"))
            .replace("\tauth = no", "\tauth = yes")
            .replace("\tuser = freerad", "")
            .replace("\tgroup = freerad", "")
    });
    edit("mods-config/files/authorize", &|text| format!("ana Cleartext-Password := \"right-one\"\n{text}"));
    fs::remove_file(folder.join("raddb/mods-enabled/eap")).unwrap();
    must(
        Command::new("cp")
            .arg("/etc/freeradius/3.0/mods-available/linelog")
            .arg(folder.join("raddb/mods-enabled")),
    );
    fs::remove_dir_all(folder.join("raddb/sites-enabled")).unwrap();
    fs::create_dir(folder.join("raddb/sites-enabled")).unwrap();
    let site = format!(
        "server default {{
listen {{
type = auth
ipaddr = 127.0.0.1
port = {}
}}
listen {{
type = acct
ipaddr = 127.0.0.1
port = {}
}}
authorize {{
files
pap
}}
authenticate {{
Auth-Type PAP {{
pap
}}
}}
accounting {{
log_accounting
ok
}}
}}
",
        ports.0, ports.1
    );
    fs::write(folder.join("raddb/sites-enabled/default"), site).unwrap();
    for name in ["logs", "run"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
}

/// Sends one packet to the server; whether it was answered with consent.
fn radclient(folder: &Path, port: u16, kind: &str, attributes: &str) -> bool {
    let file = folder.join("packet");
    fs::write(&file, attributes).unwrap();
    succeeds(tool("radclient").args(["-q", "-r", "1", "-t", "3", "-f"]).arg(file).args([
        &format!("127.0.0.1:{port}"),
        kind,
        "testing123",
    ]))
}

#[test]
fn freeradius_accepts_and_refuses() {
    let test = "FreeRADIUS";
    if !can(test, &["freeradius", "radclient"], true) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let (auth, acct) = (free_udp_port(), free_udp_port());
    radius(folder, (auth, acct));
    let mut command = tool("freeradius");
    command.arg("-f").arg("-d").arg(folder.join("raddb")).stderr(Stdio::null());
    let _radius = start(folder, "freeradius", command);
    let log = folder.join("logs/radius.log");
    let text = || fs::read_to_string(&log).unwrap_or_default();
    assert!(
        reached(Duration::from_secs(15), || text().contains("Ready to process requests")),
        "{}{}",
        said(folder, "freeradius"),
        text()
    );
    let from = |number: u8| format!("Calling-Station-Id = \"192.0.2.{number}\"\nNAS-Port = {number}\n");
    let login = |user: &str, password: &str, number: u8| {
        let packet = format!("User-Name = \"{user}\"\nUser-Password = \"{password}\"\n{}", from(number));
        radclient(folder, auth, "auth", &packet)
    };
    assert!(login("ana", "right-one", 1));
    assert!(!login("ana", "wrong", 2));
    assert!(!login("eve", "wrong", 3));
    for kind in ["Start", "Stop"] {
        let packet = format!(
            "User-Name = \"ana\"\nAcct-Status-Type = {kind}\nAcct-Session-Id = \"81\"\nNAS-IP-Address = 127.0.0.1\nCalled-Station-Id = \"gw1\"\nFramed-IP-Address = 10.98.7.2\n{}",
            from(1)
        );
        assert!(radclient(folder, acct, "acct", &packet), "accounting {kind}");
    }
    compare(
        &version("freeradius", "-v"),
        "freeradius",
        &log,
        &[
            "authentication logon success ana 192.0.2.1",
            "authentication logon failure ana 192.0.2.2",
            "authentication logon failure eve 192.0.2.3",
        ],
    );
    // As it is shipped, these lines have no stamp.
    compare_some(
        "freeradius linelog",
        "freeradius",
        &folder.join("logs/linelog-accounting"),
        &|_| true,
        &["tunnel open success ana 192.0.2.1", "tunnel close success ana 192.0.2.1"],
    );
}
