//! An OpenVPN gateway and its client in two network namespaces.

use crate::machine::{Running, must, program, skip};
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};

/// The gateway's address on the wire.
const GATEWAY: &str = "10.99.7.1";
/// The client's address on the wire.
pub const CLIENT: &str = "10.99.7.2";

/// Two network namespaces with a wire between them; they go with the value.
pub struct Wire {
    pub gateway: String,
    pub client: String,
}

impl Wire {
    pub fn new() -> Option<Wire> {
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
pub fn openvpn(folder: &Path, space: &str, name: &str) -> Command {
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
pub fn prepare(folder: &Path) {
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
pub fn connect(folder: &Path, wire: &Wire, password: &str) -> Running {
    fs::write(folder.join("password"), format!("eve\n{password}\n")).unwrap();
    Running::start("openvpn client", openvpn(folder, &wire.client, "client"))
}

/// The namespaces of a test, or why there are none.
pub fn wire(test: &str) -> Option<Wire> {
    if OpenOptions::new().write(true).open("/dev/net/tun").is_err() {
        skip(test, "no /dev/net/tun");
        return None;
    }
    let wire = Wire::new();
    if wire.is_none() {
        skip(test, "no network namespaces here");
    }
    wire
}
