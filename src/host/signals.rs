//! Signals, told to a callback from a thread of their own.

use std::io;
use std::sync::mpsc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// A signal that the program obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: drain and end.
    Terminate,
    /// SIGINT: the same, from a terminal.
    Interrupt,
    /// SIGHUP: reload.
    Reload,
}

/// Listens while it lives. The signals stay caught afterwards (tokio gives no way back).
#[derive(Debug)]
pub struct Signals {
    _end: oneshot::Sender<()>,
}

impl Signals {
    /// Starts to listen; from its return on no signal is missed.
    ///
    /// # Errors
    /// The thread or the handlers cannot be made.
    pub fn listen(told: impl Fn(Signal) + Send + 'static) -> io::Result<Signals> {
        let (end, ended) = oneshot::channel();
        let (started, start) = mpsc::channel();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
            match runtime {
                Ok(runtime) => runtime.block_on(forward(told, &started, ended)),
                Err(error) => drop(started.send(Err(error))),
            }
        })?;
        start.recv().unwrap_or_else(|_| Err(io::Error::other("the signal thread ended")))?;
        Ok(Signals { _end: end })
    }
}

async fn forward(
    told: impl Fn(Signal),
    started: &mpsc::Sender<io::Result<()>>,
    mut ended: oneshot::Receiver<()>,
) {
    let streams = || -> io::Result<_> {
        let hangup = signal(SignalKind::hangup())?;
        Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, hangup))
    };
    let (mut terminate, mut interrupt, mut hangup) = match streams() {
        Ok(streams) => streams,
        Err(error) => return drop(started.send(Err(error))),
    };
    if started.send(Ok(())).is_err() {
        return;
    }
    loop {
        let heard = tokio::select! {
            Some(()) = terminate.recv() => Signal::Terminate,
            Some(()) = interrupt.recv() => Signal::Interrupt,
            Some(()) = hangup.recv() => Signal::Reload,
            _ = &mut ended => return,
        };
        told(heard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_signal_reaches_the_callback() {
        let (tell, told) = mpsc::channel();
        let signals = Signals::listen(move |heard| tell.send(heard).unwrap()).unwrap();
        for (sent, heard) in [
            (rustix::process::Signal::HUP, Signal::Reload),
            (rustix::process::Signal::TERM, Signal::Terminate),
        ] {
            rustix::process::kill_process(rustix::process::getpid(), sent).unwrap();
            assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(heard));
        }
        drop(signals);
        assert!(told.recv_timeout(Duration::from_secs(10)).is_err(), "the thread ends with its handle");
    }
}
