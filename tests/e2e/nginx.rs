//! A private nginx that asks for a password.

use std::fs;
use std::path::Path;

/// Writes its configuration: `www` behind the passwords of `htpasswd`, all in one folder.
pub fn configure(folder: &Path, port: u16) {
    let here = folder.display();
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
        .collect();
    let config = format!(
        "daemon off;
master_process off;
pid {here}/nginx.pid;
error_log {here}/error.log;
events {{ worker_connections 64; }}
http {{
{folders}
access_log {here}/access.log combined;
server {{
listen 127.0.0.1:{port};
root {here}/www;
location / {{ auth_basic staff; auth_basic_user_file {here}/htpasswd; }}
}}
}}
"
    );
    fs::write(folder.join("nginx.conf"), config).unwrap();
}
