//! One bell for the main loop: files, receipts, requests and signals ring it, the loop waits for it or
//! for the next deadline. Rings while nobody waits are kept as one.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Rings the bell; cheap to clone, never blocks.
#[derive(Clone)]
pub struct Bell(SyncSender<()>);

/// Waits for the bell.
pub struct Waiter(Receiver<()>);

/// A bell and its waiter.
pub fn bell() -> (Bell, Waiter) {
    let (sender, receiver) = sync_channel(1);
    (Bell(sender), Waiter(receiver))
}

impl Bell {
    /// Wakes the loop.
    pub fn ring(&self) {
        // A full channel means that the loop is woken already; a closed one that it has ended.
        let _ = self.0.try_send(());
    }
}

impl Waiter {
    /// Waits at most so long. The time-out stands still in suspend, which is why callers wait in small steps
    /// and read the clocks after each.
    pub fn wait(&self, at_most: Duration) {
        let _ = self.0.recv_timeout(at_most);
    }

    /// Waits so long whatever rings; a ring is kept for the next wait.
    #[expect(clippy::disallowed_methods, reason = "the shell is the one place that waits")]
    pub fn rest(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_kept_as_one() {
        let (bell, waiter) = bell();
        bell.ring();
        bell.ring();
        waiter.wait(Duration::from_secs(5));
        waiter.wait(Duration::from_millis(1));
    }
}
