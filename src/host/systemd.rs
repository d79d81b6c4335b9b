//! The service manager's notification socket (sd_notify(3)), by hand: it is one datagram per message.

use super::clock::monotonic;
use crate::schema::Printable;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Characters of a status line.
const STATUS_CHARS_MAX: usize = 200;

/// Tells the service manager how we are. Without one (started by hand) every call does nothing.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    ///
    /// # Errors
    /// There is a `NOTIFY_SOCKET`, but it is not an address.
    pub fn from_environment() -> io::Result<Notifier> {
        let get = |name: &str| std::env::var_os(name);
        Notifier::new(get("NOTIFY_SOCKET"), get("WATCHDOG_USEC"), get("WATCHDOG_PID"))
    }

    /// The same from given values.
    ///
    /// # Errors
    /// See [`Notifier::from_environment`].
    pub fn new(
        socket: Option<OsString>,
        usec: Option<OsString>,
        pid: Option<OsString>,
    ) -> io::Result<Notifier> {
        let number = |text: Option<OsString>| text.and_then(|t| t.to_str()?.parse::<u64>().ok());
        let for_us = pid.is_none() || number(pid) == Some(u64::from(std::process::id()));
        let watchdog =
            number(usec).filter(|usec| for_us && *usec > 0).map(|usec| Duration::from_micros(usec / 2));
        let socket = socket.filter(|path| !path.is_empty()).map(|path| open(&path)).transpose()?;
        Ok(Notifier { socket, watchdog })
    }

    /// The store is open; the program does its work.
    pub fn ready(&self) {
        self.say("READY=1");
    }
    /// A reload begins; [`Notifier::ready`] ends it.
    pub fn reloading(&self) {
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic().0));
    }
    /// The end begins.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }
    /// One line for `systemctl status`.
    pub fn status(&self, text: &str) {
        self.say(&format!("STATUS={}", Printable(text).cut(STATUS_CHARS_MAX)));
    }
    /// Every part has progressed since the last call.
    pub fn watchdog(&self) {
        self.say("WATCHDOG=1");
    }
    /// How often [`Notifier::watchdog`] is due: half of what the service manager waits. `None`: it does not wait.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Never blocks: a service manager that does not read must not stop us.
    fn say(&self, message: &str) {
        let Some((socket, address)) = &self.socket else { return };
        if let Err(error) = socket.send_to_addr(message.as_bytes(), address) {
            tracing::debug!(%error, "the service manager does not listen");
        }
    }
}

fn open(path: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(path),
    };
    let named = |e: io::Error| io::Error::new(e.kind(), format!("NOTIFY_SOCKET {}: {e}", path.display()));
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address.map_err(named)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<OsString> {
        Some(text.into())
    }

    #[test]
    fn messages_arrive_at_a_path_and_at_an_abstract_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("notify");
        let name = format!("gatewatch-test-{}", std::process::id());
        let by_path = UnixDatagram::bind(&path).unwrap();
        let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        for (receiver, given) in [(by_path, path.to_str().unwrap().to_owned()), (by_name, format!("@{name}"))]
        {
            let notifier = Notifier::new(text(&given), None, None).unwrap();
            let heard = |say: fn(&Notifier)| {
                say(&notifier);
                let mut space = [0; 512];
                let length = receiver.recv(&mut space).unwrap();
                String::from_utf8(space[..length].to_vec()).unwrap()
            };
            assert_eq!(heard(Notifier::ready), "READY=1");
            assert_eq!(heard(|n| n.status("a\nREADY=1")), "STATUS=a\\nREADY=1");
            assert!(heard(Notifier::reloading).starts_with("RELOADING=1\nMONOTONIC_USEC="));
            assert_eq!(heard(Notifier::watchdog), "WATCHDOG=1");
            assert_eq!(heard(Notifier::stopping), "STOPPING=1");
        }
    }

    #[test]
    fn the_watchdog_is_due_at_half_its_time_and_only_for_us() {
        let interval = |usec, pid| Notifier::new(None, usec, pid).unwrap().watchdog_interval();
        let me = std::process::id().to_string();
        assert_eq!(interval(text("30000000"), None), Some(Duration::from_secs(15)));
        assert_eq!(interval(text("1000000"), text(&me)), Some(Duration::from_millis(500)));
        assert_eq!(interval(text("1000000"), text("1")), None);
        assert_eq!(interval(text("0"), None), None);
        assert_eq!(interval(text("often"), None), None);
    }

    #[test]
    fn without_a_listener_nothing_happens() {
        Notifier::default().ready();
        Notifier::new(text("/nonexistent/notify"), None, None).unwrap().ready();
        assert!(Notifier::new(text(&"x".repeat(200)), None, None).is_err());
    }
}
