//! The reply Maildir in service: mails go to the driver, and are filed when what they did is committed.

use super::wake::Bell;
use super::{Options, ServiceError};
use crate::config::file::Config;
use crate::config::replies;
use crate::daemon::Turn;
use crate::desk::reply::{MailRoom, Params};
use crate::schema::Inbound;
use crate::tail::Watch;
use std::path::PathBuf;
use std::sync::Arc;

/// The room where mails are read, if the configuration wants replies.
pub struct Inbox {
    room: Option<MailRoom>,
    /// What the room was opened with.
    opened: Option<(PathBuf, Params)>,
    /// Shortens the wait; without it the room looks every two seconds.
    watch: Option<Watch>,
}

impl Inbox {
    /// Opens the Maildir of a configuration; in a dry run none.
    ///
    /// # Errors
    /// [`ServiceError::Host`] when there is no thread to be had.
    pub fn open(config: &Config, options: &Options, bell: &Bell) -> Result<Inbox, ServiceError> {
        let mut inbox = Inbox { room: None, opened: None, watch: None };
        inbox.reopen(config, options, bell)?;
        Ok(inbox)
    }

    /// The same after a reload: mails in hand are read again where anything changed.
    ///
    /// # Errors
    /// As [`Inbox::open`].
    pub fn reopen(&mut self, config: &Config, options: &Options, bell: &Bell) -> Result<(), ServiceError> {
        let wanted =
            config.mail.reply_maildir.clone().zip(replies::reading(config)).filter(|_| !options.dry_run);
        if wanted == self.opened {
            return Ok(());
        }
        (self.room, self.watch) = (None, None);
        if let Some((directory, params)) = &wanted {
            let bell = bell.clone();
            let room = MailRoom::open(directory, params.clone(), move || bell.ring());
            self.room =
                Some(room.map_err(|error| ServiceError::Host(format!("the reply Maildir: {error}")))?);
        }
        self.opened = wanted;
        Ok(())
    }

    /// Mails that were read since the last call.
    pub fn mails(&self) -> Vec<Inbound> {
        self.room.as_ref().map(MailRoom::mails).unwrap_or_default()
    }

    /// Files the mails of a committed turn. Returns those that need not be remembered any more.
    pub fn file(&self, turn: &Turn) -> Vec<Arc<str>> {
        // Also without any: what could not be moved before is tried again.
        self.room.as_ref().map(|room| room.file(&turn.taken)).unwrap_or_default()
    }

    /// What keeps replies from being read. Also begins to watch the folder once it is there.
    pub fn look(&mut self) -> Option<String> {
        let room = self.room.as_ref()?;
        let arrivals = room.arrivals();
        match &mut self.watch {
            // It notices a folder that was removed and made again.
            Some(watch) => drop(watch.update(&[arrivals])),
            None if arrivals.is_dir() => self.watch = Watch::start(&[arrivals], room.poker()).ok(),
            None => {}
        }
        room.trouble()
    }
}
