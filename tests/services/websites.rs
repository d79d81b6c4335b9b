//! nginx, Apache, Caddy and HAProxy with password protection.

use crate::acts::{compare, start, tool, version};
use crate::apart::Rsyslog;
use crate::gate::Gate;
use crate::machine::{Running, can, free_port, must, wait_for_port};
use crate::nginx;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// ana:right-one, ana:wrong and eve:wrong as a browser sends them.
const RIGHT: &str = "YW5hOnJpZ2h0LW9uZQ==";
const WRONG: &str = "YW5hOndyb25n";
const NOBODY: &str = "ZXZlOndyb25n";

/// One request with a login in base64; the status.
fn get(port: u16, login: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let login = if login.is_empty() { String::new() } else { format!("Authorization: Basic {login}\r\n") };
    write!(stream, "GET / HTTP/1.1\r\nHost: staff\r\nConnection: close\r\n{login}User-Agent: probe\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

/// Right, wrong, unknown and without a login.
fn visit(port: u16) {
    assert_eq!([RIGHT, WRONG, NOBODY, ""].map(|login| get(port, login)), [200, 401, 401, 401]);
}

/// A page, and a file of passwords with ana's.
fn prepare(folder: &Path) {
    fs::create_dir_all(folder.join("www")).unwrap();
    fs::write(folder.join("www/index.html"), "the staff's page\n").unwrap();
    let hash = must(tool("openssl").args(["passwd", "-apr1", "right-one"]));
    fs::write(folder.join("htpasswd"), format!("ana:{}\n", hash.trim())).unwrap();
}

fn listens(folder: &Path, name: &str, mut running: Running, port: u16) -> Running {
    wait_for_port(port, &mut running, &folder.join(format!("{name}.out")));
    running
}

#[test]
fn nginx_serves_and_refuses() {
    let test = "nginx";
    if !can(test, &["nginx", "openssl"], false) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    prepare(folder);
    let port = free_port();
    nginx::configure(folder, port);
    let mut command = tool("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    let _nginx = listens(folder, "nginx", start(folder, "nginx", command), port);
    visit(port);
    let service = version("nginx", "-v");
    compare(
        &service,
        "nginx",
        &folder.join("access.log"),
        &[
            "http 200 success ana 127.0.0.1",
            "http 401 failure ana 127.0.0.1",
            "http 401 failure eve 127.0.0.1",
            "http 401 failure - 127.0.0.1",
        ],
    );
    compare(
        &service,
        "nginx",
        &folder.join("error.log"),
        &["authentication logon failure ana 127.0.0.1", "authentication logon failure eve 127.0.0.1"],
    );
}

#[test]
fn apache_serves_and_refuses() {
    let test = "Apache";
    if !can(test, &["apache2", "openssl"], true) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    prepare(folder);
    let (here, port) = (folder.display(), free_port());
    let modules: String =
        ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "dir"]
            .iter()
            .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
            .collect();
    let config = format!(
        "ServerRoot {here}
ServerName staff
PidFile {here}/apache.pid
DefaultRuntimeDir {here}
Listen 127.0.0.1:{port}
{modules}
User www-data
Group www-data
ErrorLog {here}/error.log
LogFormat \"%h %l %u %t \\\"%r\\\" %>s %O \\\"%{{Referer}}i\\\" \\\"%{{User-Agent}}i\\\"\" combined
CustomLog {here}/access.log combined
DocumentRoot {here}/www
DirectoryIndex index.html
<Directory {here}/www>
AuthType Basic
AuthName staff
AuthUserFile {here}/htpasswd
Require valid-user
</Directory>
"
    )
    .replace("%O", "%B");
    fs::write(folder.join("apache.conf"), config).unwrap();
    let mut command = tool("apache2");
    command.arg("-f").arg(folder.join("apache.conf")).arg("-DFOREGROUND");
    let _apache = listens(folder, "apache", start(folder, "apache", command), port);
    visit(port);
    let service = version("apache2", "-v");
    // Only a probe of the port may stand beside the visits, and it sends nothing.
    compare(
        &service,
        "apache",
        &folder.join("access.log"),
        &[
            "http 200 success ana 127.0.0.1",
            "http 401 failure ana 127.0.0.1",
            "http 401 failure eve 127.0.0.1",
            "http 401 failure - 127.0.0.1",
        ],
    );
    compare(
        &service,
        "apache",
        &folder.join("error.log"),
        &["authentication logon failure ana 127.0.0.1", "authentication logon failure eve 127.0.0.1"],
    );
}

#[test]
fn caddy_serves_and_refuses() {
    let test = "Caddy";
    if !can(test, &["caddy"], false) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let (here, port) = (folder.display(), free_port());
    let hash = must(tool("caddy").args(["hash-password", "--plaintext", "right-one"]));
    let config = format!(
        "{{
admin off
auto_https off
storage file_system {here}/data
}}
http://:{port} {{
bind 127.0.0.1
log {{
output file {here}/access.log
}}
basicauth {{
ana {}
}}
respond \"the staff's page\"
}}
",
        hash.trim()
    );
    fs::write(folder.join("Caddyfile"), config).unwrap();
    let mut command = tool("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    let _caddy = listens(folder, "caddy", start(folder, "caddy", command), port);
    visit(port);
    let service = format!("Caddy {}", version("caddy", "version"));
    // It names a user only after the right password.
    compare(
        &service,
        "caddy",
        &folder.join("access.log"),
        &[
            "http 200 success ana 127.0.0.1",
            "http 401 failure - 127.0.0.1",
            "http 401 failure - 127.0.0.1",
            "http 401 failure - 127.0.0.1",
        ],
    );
}

#[test]
fn haproxy_serves_and_refuses() {
    let test = "HAProxy";
    if !can(test, &["haproxy", "rsyslogd"], true) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let _rsyslog = Rsyslog::start(folder);
    let (here, port) = (folder.display(), free_port());
    let config = format!(
        "global
log {here}/log.sock local0
defaults
mode http
log global
option httplog
timeout client 5s
timeout server 5s
timeout connect 5s
userlist staff
user ana insecure-password right-one
frontend staff
bind 127.0.0.1:{port}
option dontlognull
http-request auth realm staff unless {{ http_auth(staff) }}
http-request return status 200
"
    );
    fs::write(folder.join("haproxy.cfg"), config).unwrap();
    let mut command = tool("haproxy");
    command.args(["-db", "-f"]).arg(folder.join("haproxy.cfg"));
    let _haproxy = listens(folder, "haproxy", start(folder, "haproxy", command), port);
    visit(port);
    // The log has no names.
    compare(
        &version("haproxy", "-v"),
        "haproxy",
        &folder.join("services.log"),
        &[
            "http 200 success - 127.0.0.1",
            "http 401 failure - 127.0.0.1",
            "http 401 failure - 127.0.0.1",
            "http 401 failure - 127.0.0.1",
        ],
    );
}
