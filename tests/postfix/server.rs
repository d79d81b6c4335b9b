//! A Postfix of its own, that can be stopped, killed and started again: configuration, queue and mailboxes in the test's
//! folder, one loopback port with STARTTLS, Maildirs of example.org, its log in a file of the folder.

use crate::machine::{Running, free_port, program, wait_for, wait_for_port};
use crate::relay_tls::Identity;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const MASTER: &str = "
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
gone unix - n n - - virtual -o virtual_mailbox_maps=inline:{nobody@example.org=nobody/}
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

/// Owner of the mailboxes: an id that no account has.
const BOXES: u32 = 64_300;

pub struct Postfix {
    running: Option<Running>,
    folder: PathBuf,
    pub port: u16,
}

impl Postfix {
    /// Writes its configuration, with these lines behind the usual ones, and starts it.
    pub fn start(folder: &Path, identity: &Identity, more: &str) -> Postfix {
        let port = free_port();
        let home = folder.join("postfix");
        for name in ["conf", "queue", "data", "mail"] {
            fs::create_dir_all(home.join(name)).unwrap();
        }
        let (id, group) = owner("postfix");
        chown(home.join("data"), Some(id), Some(group)).unwrap();
        fs::set_permissions(home.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
        chown(home.join("mail"), Some(BOXES), Some(BOXES)).unwrap();
        fs::write(home.join("conf/main.cf"), main_cf(folder, identity) + more).unwrap();
        fs::write(home.join("conf/master.cf"), format!("127.0.0.1:{port} inet n - n - - smtpd{MASTER}"))
            .unwrap();
        let mut postfix = Postfix { running: None, folder: folder.to_owned(), port };
        postfix.resume();
        postfix
    }

    /// Starts it (again). Its `check` makes the queue's folders; the master then stays in the foreground.
    pub fn resume(&mut self) {
        let conf = self.folder.join("postfix/conf");
        let start = format!(
            "{postfix} -c {conf} check && exec {master} -c {conf} -d",
            postfix = program("postfix").unwrap().display(),
            master = daemons().join("master").display(),
            conf = conf.display()
        );
        let output =
            fs::File::options().create(true).append(true).open(self.folder.join("postfix.out")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", &start]).stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let mut running = Running::start("postfix", command);
        wait_for_port(self.port, &mut running, &self.folder.join("postfix.out"));
        self.running = Some(running);
    }

    /// Ends it at once, sessions and all: the master and the group of its children, by their ids.
    pub fn kill(&mut self) {
        drop(self.running.take());
        let port = self.port;
        wait_for("the port to close", Duration::from_secs(10), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
        });
    }

    /// Reads its configuration again.
    pub fn reload(&mut self, change: impl FnOnce(String) -> String) {
        let path = self.folder.join("postfix/conf/main.cf");
        let text = change(fs::read_to_string(&path).unwrap());
        fs::write(&path, text).unwrap();
        self.kill();
        self.resume();
    }

    pub fn mailbox(&self, name: &str) -> PathBuf {
        self.folder.join("postfix/mail").join(name)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("postfix.log")).unwrap_or_default()
    }
}

fn main_cf(folder: &Path, identity: &Identity) -> String {
    format!(
        "compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = {daemons}
maillog_file = {folder}/postfix.log
maillog_file_prefixes = /
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
recipient_delimiter = +
virtual_mailbox_domains = example.org example.net
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ {{ ana@example.org = ana/ }}, {{ ana@example.net = ana.net/ }}, {{ lead@example.org = lead/ }}, {{ gatewatch@example.org = replies/ }} }}
virtual_uid_maps = static:{BOXES}
virtual_gid_maps = static:{BOXES}
virtual_minimum_uid = 100
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_session_cache_database =
smtp_tls_session_cache_database =
default_transport = error:this relay delivers only to example.org
",
        home = folder.join("postfix").display(),
        folder = folder.display(),
        daemons = daemons().display(),
        certificate = identity.certificate.display(),
        key = identity.key.display(),
    )
}

/// Where postfix has its own programs.
fn daemons() -> PathBuf {
    program("qmgr").unwrap().parent().unwrap().to_owned()
}

fn owner(account: &str) -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with(&format!("{account}:"))).unwrap();
    let fields: Vec<&str> = line.split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}
