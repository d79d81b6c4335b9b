//! What the tests take from the machine: programs, free ports, waiting, and children that end with their test.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Where services have their programs, besides PATH.
const PLACES: [&str; 8] = [
    "/usr/sbin",
    "/sbin",
    "/usr/bin",
    "/bin",
    "/usr/local/sbin",
    "/usr/lib/postfix/sbin",
    "/usr/libexec/postfix",
    "/usr/lib/postgresql/15/bin",
];

/// The program's path.
pub fn program(name: &str) -> Option<PathBuf> {
    let listed = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&listed).chain(PLACES.iter().map(PathBuf::from)).collect::<Vec<_>>();
    places.into_iter().map(|place| place.join(name)).find(|path| path.is_file())
}

/// Whether the test can run; says visibly why not.
pub fn can(test: &str, programs: &[&str], root: bool) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| program(name).is_none()).collect();
    if !missing.is_empty() {
        return skip(test, &format!("not installed: {}", missing.join(" ")));
    }
    if root && !is_root() {
        return skip(test, "needs root");
    }
    true
}

/// Says that a test did not run, and why.
pub fn skip(test: &str, why: &str) -> bool {
    eprintln!("SKIPPED: {test}: {why}");
    false
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a mount namespace of one's own is to be had.
pub fn has_namespaces(test: &str) -> bool {
    let tried = Command::new("unshare")
        .args(["-m", "--propagation", "private", "true"])
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success()) || skip(test, "no mount namespaces here")
}

/// A TCP port of loopback that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A child with its own process group; group and child end with the value.
pub struct Running {
    name: String,
    child: Child,
}

impl Running {
    pub fn start(name: &str, mut command: Command) -> Running {
        command.process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Running { name: name.to_owned(), child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: &str) {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        let signal = match signal {
            "TERM" => rustix::process::Signal::TERM,
            "HUP" => rustix::process::Signal::HUP,
            other => panic!("unknown signal {other}"),
        };
        rustix::process::kill_process(id, signal).unwrap();
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub fn wait(&mut self, most: Duration) -> Option<ExitStatus> {
        let mut ended = None;
        reached(most, || {
            ended = self.ended();
            ended.is_some()
        });
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let group = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(group) = group {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = self.child.wait();
        }
        if thread::panicking() {
            eprintln!("{} is ended", self.name);
        }
    }
}

/// Whether something became true in time.
pub fn reached(most: Duration, mut what: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + most;
    loop {
        if what() {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for something that must become true.
pub fn wait_for(what: &str, most: Duration, check: impl FnMut() -> bool) {
    assert!(reached(most, check), "waited {most:?} in vain for {what}");
}

/// Waits until a service answers on a port.
pub fn wait_for_port(port: u16, service: &mut Running, log: &Path) {
    let answers = reached(Duration::from_secs(15), || {
        TcpStream::connect(("127.0.0.1", port)).is_ok() || service.ended().is_some()
    });
    let text = std::fs::read_to_string(log).unwrap_or_default();
    assert!(answers && service.ended().is_none(), "{} does not listen: {text}", service.name);
}

/// Runs a command that must succeed.
pub fn must(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
