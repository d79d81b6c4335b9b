//! A private view of the machine for services that know only fixed places: /dev/log, /etc/passwd and PAM
//! are files of the test's folder, in a mount namespace that ends with the service.

use crate::machine::{Running, must, program, wait_for};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Mounts and becomes the service. `$1` is the folder. A device folder of its own has `log` as a link to
/// the private rsyslog's socket; accounts and PAM lie over the machine's where the folder has them.
const SETUP: &str = r#"
set -eu
here=$1; shift
mkdir -p "$here/dev"
mount -t tmpfs -o mode=755 tmpfs "$here/dev"
for node in null zero full random urandom tty; do
    touch "$here/dev/$node"
    mount --bind "/dev/$node" "$here/dev/$node"
done
mkdir "$here/dev/pts" "$here/dev/shm"
mount --bind /dev/pts "$here/dev/pts"
ln -s pts/ptmx "$here/dev/ptmx"
ln -s /proc/self/fd "$here/dev/fd"
ln -s "$here/log.sock" "$here/dev/log"
mount --bind "$here/dev" /dev
for file in passwd shadow group sudoers; do
    [ ! -e "$here/etc/$file" ] || mount --bind "$here/etc/$file" "/etc/$file"
done
if [ -d "$here/etc/pam.d" ]; then
    mkdir "$here/dev/pam.d"
    cp -p /etc/pam.d/* "$here/dev/pam.d"
    cp -p "$here/etc/pam.d"/* "$here/dev/pam.d"
    mount --bind "$here/dev/pam.d" /etc/pam.d
fi
exec "$@"
"#;

/// A command that runs in the folder's view of the machine, its output in a file of the folder.
pub fn command(folder: &Path, program_name: &str, output: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c", SETUP, "setup"]).arg(folder);
    command.arg(program(program_name).unwrap());
    let file = File::create(folder.join(output)).unwrap();
    command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    command
}

/// An rsyslog of its own that writes `auth.log`, `mail.log` and `services.log` of the folder in the traditional format.
pub struct Rsyslog {
    _running: Running,
    pub mail_log: PathBuf,
}

impl Rsyslog {
    pub fn start(folder: &Path) -> Rsyslog {
        let here = folder.display();
        let config = format!(
            r#"module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{here}/log.sock" CreatePath="on")
global(workDirectory="{here}")
module(load="builtin:omfile" Template="RSYSLOG_TraditionalFileFormat")
auth,authpriv.* action(type="omfile" file="{here}/auth.log")
mail.* action(type="omfile" file="{here}/mail.log")
daemon,ftp,local0,local4.* action(type="omfile" file="{here}/services.log")
"#
        );
        fs::write(folder.join("rsyslog.conf"), config).unwrap();
        let mut command = Command::new(program("rsyslogd").unwrap());
        command.args(["-n", "-f"]).arg(folder.join("rsyslog.conf")).arg("-i").arg(folder.join("rsyslog.pid"));
        let output = File::create(folder.join("rsyslog.out")).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let running = Running::start("rsyslogd", command);
        let socket = folder.join("log.sock");
        wait_for("rsyslog's socket", Duration::from_secs(10), || socket.exists());
        Rsyslog { _running: running, mail_log: folder.join("mail.log") }
    }
}

/// Accounts that exist in the folder's view alone: the machine's, and these with their passwords.
pub fn accounts(folder: &Path, new: &[(&str, &str)]) {
    let etc = folder.join("etc");
    fs::create_dir_all(&etc).unwrap();
    let read = |name: &str| fs::read_to_string(Path::new("/etc").join(name)).unwrap();
    let (mut passwd, mut shadow, mut group) = (read("passwd"), read("shadow"), read("group"));
    for (number, (user, password)) in new.iter().enumerate() {
        let id = 64_200 + number;
        let hash = must(Command::new("openssl").args(["passwd", "-6", password]));
        passwd += &format!("{user}:x:{id}:{id}::/tmp:/bin/sh\n");
        group += &format!("{user}:x:{id}:\n");
        shadow += &format!("{user}:{}:20000:0:99999:7:::\n", hash.trim());
    }
    for (name, text) in [("passwd", passwd), ("shadow", shadow), ("group", group)] {
        fs::write(etc.join(name), text).unwrap();
    }
}
