//! The courier in service, and the ones that a reload retired while letters of theirs are under way.

use crate::courier::Post;
use crate::ports::Courier;
use crate::schema::{AttemptResult, Letter, MailPhase, Receipt, Timestamp};
use std::sync::Arc;

/// Carries letters; or, in a dry run, writes into the log what would go out.
pub struct Couriers {
    current: Option<Post>,
    retired: Vec<Post>,
    said: Vec<Receipt>,
    now: Box<dyn Fn() -> Timestamp + Send>,
}

impl Couriers {
    /// With one courier; `None` = a dry run.
    pub fn new(current: Option<Post>, now: impl Fn() -> Timestamp + Send + 'static) -> Couriers {
        Couriers { current, retired: Vec::new(), said: Vec::new(), now: Box::new(now) }
    }

    /// Another courier takes over; the old one finishes what it holds.
    pub fn replace(&mut self, next: Option<Post>) {
        self.retired.extend(std::mem::replace(&mut self.current, next));
    }

    /// Whether no letter is under way and every receipt was taken.
    pub fn is_idle(&self) -> bool {
        self.said.is_empty() && self.current.iter().chain(&self.retired).all(Post::idle)
    }

    /// A number that stands still only when the courier's threads are stuck.
    pub fn beat(&self) -> u64 {
        self.current.as_ref().map_or(0, Post::beat)
    }
}

impl Courier for Couriers {
    fn free(&self) -> usize {
        self.current.as_ref().map_or(usize::MAX, Courier::free)
    }

    fn send(&mut self, letter: Letter) {
        let Some(post) = &mut self.current else {
            tracing::info!(to = %letter.to, subject = %letter.subject, "dry run: this letter would go out");
            self.said.push(Receipt {
                notification: letter.notification,
                attempt: letter.attempt,
                at: (self.now)(),
                relay: Arc::from("dry-run"),
                phase: MailPhase::Done,
                code: None,
                reply: "written to the log".into(),
                result: AttemptResult::Accepted,
            });
            return;
        };
        post.send(letter);
    }

    fn receipts(&mut self) -> Vec<Receipt> {
        let mut receipts = std::mem::take(&mut self.said);
        for post in self.current.iter_mut().chain(&mut self.retired) {
            receipts.extend(post.receipts());
        }
        self.retired.retain(|post| !post.idle());
        receipts
    }
}
