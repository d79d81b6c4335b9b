//! `demo`: the real daemon on sample logs that are written live. Three attackers come, among ordinary
//! traffic; the story of each is told as it happens, with the milliseconds between its steps.

mod play;
mod story;

use super::args::{DemoArgs, Global};
use super::out::Out;
use super::{Done, Failure, exit};
use crate::desk;
use crate::schema::Span;
use crate::shell::{Options, Service};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Marks a folder that a demo made and a later demo may empty.
const MARK: &str = ".gatewatch-demo";

/// Runs the demo until Ctrl-C, or for a time.
///
/// # Errors
/// A [`Failure`]: a folder that is not a demo's (2), anything of the daemon (3, 4, 5).
pub fn run(global: &Global, args: &DemoArgs, out: &mut Out) -> Done {
    let span = match args.span.as_deref() {
        Some(text) => Some(
            Span::parse(text)
                .ok_or_else(|| Failure::usage(format!("--for {text}: write it like 30s or 5m")))?,
        ),
        None => None,
    };
    let folder = global.state.clone().unwrap_or_else(|| PathBuf::from("gatewatch-demo"));
    let folder = prepare(&folder)?;
    let config = folder.join("gatewatch.toml");
    let options = Options { config: Some(config), state: Some(folder.join("state")), dry_run: false };
    let mut service = Service::open(options).map_err(super::run::failure)?;
    service.obey_signals().map_err(super::run::failure)?;
    let written = Arc::new(Mutex::new(play::Written::default()));
    let stage = play::Stage {
        logs: folder.join("logs"),
        socket: folder.join("state/control.sock"),
        written: written.clone(),
        span,
        stopper: service.stopper(),
    };
    let mut story = story::Story::new(written, &folder);
    story.opening(out)?;
    let player = std::thread::spawn(move || play::perform(&stage));
    let mut told = Ok(());
    let served = service.serve(&mut |turn, now| {
        if told.is_ok() {
            told = story.tell(out, turn, now);
        }
    });
    let performed = player.join().map_err(|_| Failure::runtime("the demo's writer broke off"))?;
    served.map_err(super::run::failure)?;
    service.close().map_err(super::run::failure)?;
    told?;
    performed.map_err(|error| Failure::runtime(format!("cannot write the sample logs: {error}")))?;
    story.ending(out)?;
    Ok(exit::OK)
}

/// A fresh folder with a configuration and empty logs. Only a demo's own folder is emptied.
fn prepare(folder: &Path) -> Result<PathBuf, Failure> {
    let trouble =
        |error: std::io::Error| Failure::runtime(format!("cannot prepare {}: {error}", folder.display()));
    let used = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if used && !folder.join(MARK).exists() {
        let what = "is not empty and no demo's folder; give another one with --state DIR";
        return Err(Failure::usage(format!("{} {what}", folder.display())));
    }
    if used {
        let socket = folder.join("state/control.sock");
        if desk::call(&socket, &desk::Ask::Ping).is_ok() {
            return Err(Failure::runtime(format!(
                "another demo runs in {}; stop it, or give --state DIR",
                folder.display()
            )));
        }
        fs::remove_dir_all(folder).map_err(trouble)?;
    }
    fs::create_dir_all(folder.join("logs")).map_err(trouble)?;
    let folder = folder.canonicalize().map_err(trouble)?;
    fs::write(folder.join(MARK), "A later `gatewatch demo` may empty this folder.\n").map_err(trouble)?;
    for name in ["auth.log", "openvpn.log", "access.log"] {
        fs::write(folder.join("logs").join(name), "").map_err(trouble)?;
    }
    fs::write(folder.join("gatewatch.toml"), config(&folder)).map_err(trouble)?;
    Ok(folder)
}

/// The demo's configuration: built-in rules, short deadlines so that an escalation can be watched.
fn config(folder: &Path) -> String {
    let logs = folder.join("logs");
    let logs = logs.display();
    format!(
        r#"# Written by `gatewatch demo`. No relay: mail goes to the Maildir state/mail.
[store]
directory = "{}"

[[source]]
name = "gate"
format = "linux-auth"
paths = ["{logs}/auth.log"]

[[source]]
name = "vpn"
format = "openvpn"
paths = ["{logs}/openvpn.log"]

[[source]]
name = "shop"
format = "nginx"
paths = ["{logs}/access.log"]

[mail]
from = "gatewatch@demo.invalid"
domain = "demo.invalid"

[[person]]
id = "ana"
name = "Ana Reyes (on call)"
email = ["ana@demo.invalid"]

[[person]]
id = "lead"
name = "Team lead"
email = ["lead@demo.invalid"]

[[policy]]
id = "demo"
notify_within = "30m"
acknowledge_within = "15m"
[[policy.step]]
after = "0s"
notify = ["person:ana"]
[[policy.step]]
after = "8s"
notify = ["person:lead"]

[[route]]
policy = "demo"
"#,
        folder.join("state").display()
    )
}
