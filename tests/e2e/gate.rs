//! One gatewatch in one folder: its configuration, its daemon, and what can be asked of it from outside.

use crate::machine::{Running, wait_for};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The program under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_gatewatch");

/// The folder of one test. The daemon ends with it.
pub struct Gate {
    pub folder: tempfile::TempDir,
    daemon: Option<Running>,
    /// The daemon's process, where commands have to run in its mount namespace.
    inside: Option<u32>,
}

impl Gate {
    /// An empty folder that other accounts may pass through, as they pass through /var/lib.
    pub fn new() -> Gate {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new().prefix("gate").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Gate { folder, daemon: None, inside: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub fn store(&self) -> PathBuf {
        self.path("state/gatewatch.db")
    }

    /// Writes a file of the folder and returns its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Adds lines to a file of the folder, as a service does.
    pub fn append(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// A configuration with these sources (name, format, file of the folder), and more sections behind.
    pub fn configure(&self, sources: &[(&str, &str, &str)], more: &str) {
        let mut text = format!("[store]\ndirectory = \"{}\"\n", self.state().display());
        for (name, format, file) in sources {
            let path = self.path(file);
            text += &format!(
                "[[source]]\nname = \"{name}\"\nformat = \"{format}\"\npaths = [\"{}\"]\n",
                path.display()
            );
        }
        self.write("gatewatch.toml", &format!("{text}{more}"));
    }

    /// A command of the program with this folder's configuration.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.inside(BINARY);
        command.arg("--config").arg(self.path("gatewatch.toml")).args(args).stdin(Stdio::null());
        command
    }

    /// A program that sees what the daemon sees.
    pub fn inside(&self, program: &str) -> Command {
        let Some(id) = self.inside else { return Command::new(program) };
        let mut command = Command::new("nsenter");
        command.args(["-t", &id.to_string(), "-m", program]);
        command
    }

    /// From now on, commands run in the daemon's mount namespace, once it has one of its own.
    pub fn enter(&mut self) -> bool {
        let id = self.daemon().id();
        let space = |id: &str| fs::read_link(format!("/proc/{id}/ns/mnt")).ok();
        let apart =
            space(&id.to_string()).is_some_and(|space_of_daemon| Some(space_of_daemon) != space("self"));
        self.inside = apart.then_some(id);
        apart
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The output of a command that must succeed.
    pub fn tell(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "gatewatch {args:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// Starts the daemon and waits until it is ready.
    pub fn start(&mut self) {
        self.start_as(self.command(&["run"]));
        wait_for("the daemon to be ready", Duration::from_secs(20), || {
            self.check_alive();
            self.answers()
        });
    }

    /// Starts a daemon by this command.
    pub fn start_as(&mut self, mut command: Command) {
        let log = OpenOptions::new().create(true).append(true).open(self.path("daemon.log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.daemon = Some(Running::start("gatewatch", command));
    }

    pub fn daemon(&mut self) -> &mut Running {
        self.daemon.as_mut().unwrap()
    }

    pub fn check_alive(&mut self) {
        let ended = self.daemon().ended();
        assert!(ended.is_none(), "the daemon ended with {ended:?}: {}", self.said());
    }

    /// What the daemon wrote to its own log.
    pub fn said(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    /// SIGTERM, and its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let mut daemon = self.daemon.take().unwrap();
        daemon.signal("TERM");
        let code = daemon.wait(Duration::from_secs(12)).and_then(|status| status.code());
        assert!(code.is_some(), "SIGTERM did not end the daemon: {}", self.said());
        code
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        drop(self.daemon.take());
    }

    /// `status --json`, whatever its exit code.
    pub fn status(&self) -> Value {
        let output = self.run(&["status", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Whether a daemon answers at the socket; `status` tells of a store without one, too.
    pub fn answers(&self) -> bool {
        let status = self.status();
        status["clocks"].is_object() && !degraded(&status, "daemon")
    }

    /// Whether `status` names this as degraded.
    pub fn is_degraded(&self, what: &str) -> bool {
        degraded(&self.status(), what)
    }

    /// Rows of a query.
    pub fn rows(&self, sql: &str) -> Vec<Value> {
        objects(&self.tell(&["query", "--format", "jsonl", "--limit", "1000000", sql]))
    }

    /// The number that a query gives; `None` while there is no store.
    pub fn number(&self, sql: &str) -> Option<i64> {
        let output = self.run(&["query", "--format", "jsonl", &format!("SELECT ({sql}) AS n")]);
        objects(&text(&output.stdout)).first()?["n"].as_i64()
    }

    /// Waits until a query gives the number; tells what it gave instead.
    pub fn wait_for_number(&mut self, sql: &str, wanted: i64, most: Duration) {
        let mut got = None;
        let reached = crate::machine::reached(most, || {
            self.check_alive();
            got = self.number(sql);
            got == Some(wanted)
        });
        assert!(reached, "{sql}: {got:?} instead of {wanted}\n{}", self.said());
    }
}

fn degraded(status: &Value, what: &str) -> bool {
    status["degraded"].as_array().is_some_and(|list| list.iter().any(|one| one["what"] == what))
}

/// JSON Lines as values.
pub fn objects(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Header of a mail, unfolded.
pub fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.replace("\r\n", "\n");
    let head = head.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
    let line =
        head.lines().find(|line| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name)))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Every mail of a Maildir, in order of arrival.
pub fn mails(maildir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(maildir.join("new")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    paths.iter().map(|path| text(&fs::read(path).unwrap())).collect()
}
