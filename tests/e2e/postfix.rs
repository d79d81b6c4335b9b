//! A postfix of its own: configuration, queue and mailboxes in the test's folder, a loopback port, local
//! delivery to Maildirs of example.org.

use crate::apart;
use crate::machine::{Running, free_port, program, wait_for_port};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

const MASTER: &str = "
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
";

/// Owner of the mailboxes: an id that no account has.
const BOXES: u32 = 64_300;

pub struct Postfix {
    _running: Running,
    pub port: u16,
    boxes: PathBuf,
}

impl Postfix {
    /// With a mailbox for each of these people at example.org; logs to the folder's rsyslog.
    pub fn start(folder: &Path, people: &[&str]) -> Postfix {
        Postfix::start_with(folder, people, "")
    }

    /// With lines of configuration that win over the usual ones.
    pub fn start_with(folder: &Path, people: &[&str], more: &str) -> Postfix {
        let port = free_port();
        let home = folder.join("postfix");
        for name in ["conf", "queue", "data", "mail"] {
            fs::create_dir_all(home.join(name)).unwrap();
        }
        let (id, group) = owner("postfix");
        chown(home.join("data"), Some(id), Some(group)).unwrap();
        fs::set_permissions(home.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
        chown(home.join("mail"), Some(BOXES), Some(BOXES)).unwrap();
        fs::write(home.join("conf/main.cf"), main_cf(&home, people) + more).unwrap();
        fs::write(home.join("conf/master.cf"), format!("{port} inet n - n - - smtpd{MASTER}")).unwrap();
        // Its `check` makes the queue's folders; the master itself then stays in the foreground.
        let start = format!(
            "{postfix} -c {conf} check && exec {master} -c {conf} -d",
            postfix = program("postfix").unwrap().display(),
            master = daemons().join("master").display(),
            conf = home.join("conf").display()
        );
        let mut command = apart::command(folder, "sh", "postfix.out");
        command.args(["-c", &start]);
        let mut running = Running::start("postfix", command);
        wait_for_port(port, &mut running, &folder.join("postfix.out"));
        Postfix { _running: running, port, boxes: home.join("mail") }
    }

    pub fn mailbox(&self, person: &str) -> PathBuf {
        self.boxes.join(person)
    }
}

fn main_cf(home: &Path, people: &[&str]) -> String {
    let home = home.display();
    let boxes: Vec<String> =
        people.iter().map(|person| format!("{{ {person}@example.org = {person}/ }}")).collect();
    format!(
        "compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_uid_maps = static:{BOXES}
virtual_gid_maps = static:{BOXES}
virtual_minimum_uid = 100
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = error:this relay delivers only to example.org
",
        daemons = daemons().display(),
        boxes = boxes.join(", ")
    )
}

/// Where postfix has its own programs.
fn daemons() -> PathBuf {
    program("qmgr").unwrap().parent().unwrap().to_owned()
}

/// Id and group of an account of the machine.
pub fn owner(account: &str) -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with(&format!("{account}:"))).unwrap();
    let fields: Vec<&str> = line.split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}
