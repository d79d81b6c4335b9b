//! nginx with password protection.

use crate::gate::Gate;
use crate::machine::{Running, can, free_port, program, wait_for_port};
use crate::nginx;
use serde_json::json;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn started(folder: &Path) -> (Running, u16) {
    let port = free_port();
    fs::create_dir_all(folder.join("www")).unwrap();
    fs::write(folder.join("www/index.html"), "the staff's page\n").unwrap();
    // {PLAIN} is nginx's own spelling; what is tested is not the hash.
    fs::write(folder.join("htpasswd"), "bob:{PLAIN}right-one\n").unwrap();
    nginx::configure(folder, port);
    let output = File::create(folder.join("nginx.out")).unwrap();
    let mut command = Command::new(program("nginx").unwrap());
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    let mut running = Running::start("nginx", command);
    wait_for_port(port, &mut running, &folder.join("nginx.out"));
    (running, port)
}

/// One request with a login in base64; returns the status.
fn get(port: u16, login: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET /report HTTP/1.0\r\nHost: staff\r\nAuthorization: Basic {login}\r\nUser-Agent: e2e\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn twelve_wrong_passwords_at_nginx_are_a_finding() {
    if !can("wrong passwords at nginx", &["nginx"], false) {
        return;
    }
    let mut gate = Gate::new();
    let (_nginx, port) = started(gate.folder.path());
    gate.configure(&[("shop", "nginx", "access.log")], "");
    gate.start();
    // bob:wrong and bob:right-one; the page does not exist, which only the second may learn.
    assert_eq!((0..12).map(|_| get(port, "Ym9iOndyb25n")).collect::<Vec<_>>(), [401; 12]);
    assert_eq!(get(port, "Ym9iOnJpZ2h0LW9uZQ=="), 404);
    gate.wait_for_number("SELECT count(*) FROM events", 13, Duration::from_secs(10));
    gate.wait_for_number(
        "SELECT count(*) FROM findings WHERE rule = 'web-login-brute-force'",
        1,
        Duration::from_secs(10),
    );
    let found = gate.rows(
        "SELECT entity, incident IS NOT NULL AS told FROM findings WHERE rule = 'web-login-brute-force'",
    );
    assert_eq!(found, [json!({"entity": "src_ip=127.0.0.1", "told": 1})]);
    let events = gate.rows("SELECT class, outcome, user, src_ip, http_status, count(*) AS n FROM events GROUP BY 1, 2, 3, 4, 5 ORDER BY 5");
    let of = |status: u16, n: u64| json!({"class": "http", "outcome": "failure", "user": "bob", "src_ip": "127.0.0.1", "http_status": status, "n": n});
    assert_eq!(events, [of(401, 12), of(404, 1)]);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}
