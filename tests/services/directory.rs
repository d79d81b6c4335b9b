//! slapd, Kerberos, Samba and FTP servers.

use crate::acts::{compare, said, start, succeeds, tool, version};
use crate::apart::{self, Rsyslog};
use crate::gate::Gate;
use crate::machine::{Running, can, free_port, has_namespaces, must, wait_for_port};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn slapd_binds_and_refuses() {
    let test = "slapd";
    if !can(test, &["slapd", "ldapwhoami", "rsyslogd", "unshare"], true) || !has_namespaces(test) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let _rsyslog = Rsyslog::start(folder);
    let (here, port) = (folder.display(), free_port());
    fs::create_dir(folder.join("ldap")).unwrap();
    let config = format!(
        "include /etc/ldap/schema/core.schema
pidfile {here}/slapd.pid
loglevel stats
moduleload /usr/lib/ldap/back_mdb.so
database mdb
maxsize 1048576
directory {here}/ldap
suffix dc=example,dc=org
rootdn cn=ana,dc=example,dc=org
rootpw right-one
"
    );
    fs::write(folder.join("slapd.conf"), config).unwrap();
    let mut command = apart::command(folder, "slapd", "slapd.out");
    command
        .args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}/"), "-f"])
        .arg(folder.join("slapd.conf"));
    let mut slapd = Running::start("slapd", command);
    wait_for_port(port, &mut slapd, &folder.join("slapd.out"));
    let bind = |user: &str, password: &str| {
        let url = format!("ldap://127.0.0.1:{port}");
        let name = format!("cn={user},dc=example,dc=org");
        succeeds(tool("ldapwhoami").args(["-x", "-H", &url, "-D", &name, "-w", password]))
    };
    assert!(bind("ana", "right-one"), "{}", said(folder, "slapd"));
    assert!(!bind("ana", "wrong"));
    assert!(!bind("eve", "wrong"));
    // The lines of a connection name its number; name and address stand in others.
    compare(
        &version("slapd", "-VV"),
        "openldap",
        &folder.join("services.log"),
        &[
            "authentication logon success cn=ana,dc=example,dc=org -",
            "authentication logon failure - -",
            "authentication logon failure - -",
            "authentication logoff success cn=ana,dc=example,dc=org -",
        ],
    );
}

/// A realm with one principal; the environment that makes the tools use it.
fn realm(folder: &Path, port: u16) -> Vec<(&'static str, String)> {
    let here = folder.display();
    fs::write(
        folder.join("krb5.conf"),
        format!(
            "[libdefaults]
default_realm = EXAMPLE.ORG
dns_lookup_kdc = false
[realms]
EXAMPLE.ORG = {{
kdc = 127.0.0.1:{port}
}}
"
        ),
    )
    .unwrap();
    fs::write(
        folder.join("kdc.conf"),
        format!(
            "[kdcdefaults]
kdc_ports = {port}
kdc_tcp_ports = {port}
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
EXAMPLE.ORG = {{
database_name = {here}/principal
key_stash_file = {here}/stash
acl_file = {here}/acl
}}
[logging]
kdc = FILE:{here}/kdc.log
"
        ),
    )
    .unwrap();
    vec![
        ("KRB5_CONFIG", format!("{here}/krb5.conf")),
        ("KRB5_KDC_PROFILE", format!("{here}/kdc.conf")),
        ("KRB5CCNAME", format!("FILE:{here}/tickets")),
    ]
}

#[test]
fn the_key_distribution_center_gives_and_refuses() {
    let test = "Kerberos";
    if !can(test, &["krb5kdc", "kdb5_util", "kadmin.local", "kinit", "klist", "sh"], true) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let port = free_port();
    let environment = realm(folder, port);
    let here = |name: &str| {
        let mut command = tool(name);
        command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
        command
    };
    must(here("kdb5_util").args(["create", "-s", "-P", "master-one"]));
    must(here("kadmin.local").args(["-q", "addprinc +requires_preauth -pw right-one ana"]));
    let mut command = here("krb5kdc");
    command.arg("-n");
    let mut kdc = start(folder, "krb5kdc", command);
    wait_for_port(port, &mut kdc, &folder.join("krb5kdc.out"));
    let ask = |user: &str, password: &str| {
        succeeds(here("sh").args(["-c", &format!("echo {password} | kinit {user}")]))
    };
    assert!(ask("ana", "right-one"), "{}", said(folder, "krb5kdc"));
    assert!(!ask("ana", "wrong"));
    assert!(!ask("eve", "wrong"));
    compare(
        &version("klist", "-V"),
        "krb5-kdc",
        &folder.join("kdc.log"),
        &[
            "authentication authentication-ticket success ana@EXAMPLE.ORG 127.0.0.1",
            "authentication logon failure ana@EXAMPLE.ORG 127.0.0.1",
            "authentication logon failure eve@EXAMPLE.ORG 127.0.0.1",
        ],
    );
}

#[test]
fn samba_lets_in_and_refuses() {
    let test = "Samba";
    if !can(test, &["smbd", "smbclient", "smbpasswd", "openssl", "unshare"], true) || !has_namespaces(test) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    apart::accounts(folder, &[("ana", "right-one")]);
    let _rsyslog = Rsyslog::start(folder);
    let (here, port) = (folder.display(), free_port());
    fs::create_dir_all(folder.join("smb/share")).unwrap();
    let config = format!(
        "[global]
netbios name = STAFF
workgroup = EXAMPLE
server role = standalone server
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = {port}
disable netbios = yes
load printers = no
disable spoolss = yes
private dir = {here}/smb
lock directory = {here}/smb
state directory = {here}/smb
cache directory = {here}/smb
pid directory = {here}/smb
ncalrpc dir = {here}/smb
log file = {here}/smb.log
log level = 1 auth_audit:3
[share]
path = {here}/smb/share
"
    );
    let conf = folder.join("smb.conf");
    fs::write(&conf, config).unwrap();
    let passwords = "printf 'right-one\\nright-one\\n' | smbpasswd -s -a -c \"$1\" ana";
    must(apart::command(folder, "sh", "smbpasswd.out").args(["-c", passwords, "sh"]).arg(&conf));
    let mut command = apart::command(folder, "smbd", "smbd.out");
    command.args(["-F", "--no-process-group", "-s"]).arg(&conf);
    let mut smbd = Running::start("smbd", command);
    wait_for_port(port, &mut smbd, &folder.join("smbd.out"));
    let visit = |user: &str, password: &str| {
        let mut command = tool("smbclient");
        command.args(["//127.0.0.1/share", "-p", &port.to_string(), "-U", &format!("{user}%{password}")]);
        succeeds(command.args(["-c", "ls", "-s"]).arg(&conf))
    };
    assert!(visit("ana", "right-one"), "{}", said(folder, "smbd"));
    assert!(!visit("ana", "wrong"));
    assert!(!visit("eve", "wrong"));
    compare(
        &version("smbd", "--version"),
        "samba",
        &folder.join("smb.log"),
        &[
            "authentication logon success ana 127.0.0.1",
            "authentication logon failure ana 127.0.0.1",
            "authentication logon failure eve 127.0.0.1",
        ],
    );
}

const PAM: &str =
    "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_unix.so\n";

/// Right, wrong and unknown by curl.
fn visit_ftp(port: u16, said: &dyn Fn() -> String) {
    let visit = |user: &str, password: &str| {
        let mut command: Command = tool("curl");
        command.args(["-s", "-m", "20", "-u", &format!("{user}:{password}")]);
        succeeds(command.arg(format!("ftp://127.0.0.1:{port}/")))
    };
    assert!(visit("ana", "right-one"), "{}", said());
    assert!(!visit("ana", "wrong"));
    assert!(!visit("eve", "wrong"));
}

#[test]
fn proftpd_lets_in_and_refuses() {
    let test = "ProFTPD";
    if !can(test, &["proftpd", "curl", "rsyslogd", "openssl", "unshare"], true) || !has_namespaces(test) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    apart::accounts(folder, &[("ana", "right-one")]);
    fs::create_dir_all(folder.join("etc/pam.d")).unwrap();
    fs::write(folder.join("etc/pam.d/proftpd"), PAM).unwrap();
    let _rsyslog = Rsyslog::start(folder);
    let (here, port) = (folder.display(), free_port());
    let config = format!(
        "ServerName staff
ServerType standalone
Port {port}
SocketBindTight on
DefaultAddress 127.0.0.1
UseIPv6 off
UseReverseDNS off
PidFile {here}/proftpd.pid
ScoreboardFile {here}/proftpd.score
TransferLog none
WtmpLog off
RequireValidShell off
AuthPAM on
AuthPAMConfig proftpd
AuthOrder mod_auth_pam.c* mod_auth_unix.c
User nobody
Group nogroup
"
    );
    fs::write(folder.join("proftpd.conf"), config).unwrap();
    let mut command = apart::command(folder, "proftpd", "proftpd.out");
    command.args(["-n", "-c"]).arg(folder.join("proftpd.conf"));
    let mut proftpd = Running::start("proftpd", command);
    wait_for_port(port, &mut proftpd, &folder.join("proftpd.out"));
    visit_ftp(port, &|| said(folder, "proftpd"));
    // In the foreground it writes what else is in its SystemLog. Of the end it does not say whose it is.
    compare(
        &version("proftpd", "--version-status"),
        "proftpd",
        &folder.join("proftpd.out"),
        &[
            "authentication logon success ana 127.0.0.1",
            "authentication logon failure ana 127.0.0.1",
            "authentication logon failure eve 127.0.0.1",
        ],
    );
}

#[test]
fn vsftpd_lets_in_and_refuses() {
    let test = "vsftpd";
    if !can(test, &["vsftpd", "curl", "rsyslogd", "openssl", "unshare"], true) || !has_namespaces(test) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    apart::accounts(folder, &[("ana", "right-one")]);
    fs::create_dir_all(folder.join("etc/pam.d")).unwrap();
    fs::write(folder.join("etc/pam.d/vsftpd"), PAM).unwrap();
    let _rsyslog = Rsyslog::start(folder);
    let (here, port) = (folder.display(), free_port());
    fs::create_dir(folder.join("empty")).unwrap();
    let config = format!(
        "listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=NO
local_enable=YES
check_shell=NO
pam_service_name=vsftpd
secure_chroot_dir={here}/empty
vsftpd_log_file={here}/vsftpd.log
xferlog_enable=YES
xferlog_std_format=NO
seccomp_sandbox=NO
"
    );
    fs::write(folder.join("vsftpd.conf"), config).unwrap();
    let mut command = apart::command(folder, "vsftpd", "vsftpd.out");
    command.arg(folder.join("vsftpd.conf"));
    let mut vsftpd = Running::start("vsftpd", command);
    wait_for_port(port, &mut vsftpd, &folder.join("vsftpd.out"));
    visit_ftp(port, &|| said(folder, "vsftpd"));
    compare(
        "vsftpd",
        "vsftpd",
        &folder.join("vsftpd.log"),
        &[
            "authentication logon success ana 127.0.0.1",
            "authentication logon failure ana 127.0.0.1",
            "authentication logon failure eve 127.0.0.1",
        ],
    );
    compare(
        "vsftpd through PAM",
        "linux-auth",
        &folder.join("auth.log"),
        &["authentication logon failure ana 127.0.0.1", "authentication logon failure - 127.0.0.1"],
    );
}
