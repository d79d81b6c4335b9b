//! The kernel's hints that something happened. They only wake: what happened is found by looking, so a lost
//! hint costs a second and no line.

use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Why the kernel does not give hints; the tail then looks once a second.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// The limit of watches or of instances is reached.
    #[error("the kernel's limit of file watches is reached ({0}): new lines are found once a second")]
    Limit(String),
    /// Something else.
    #[error("files cannot be watched ({0}): new lines are found once a second")]
    Other(String),
}

/// One watcher for all directories, none of them recursive.
pub struct Watch {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    /// Calls `wake` when something happens in one of the directories, also when hints were lost.
    ///
    /// # Errors
    /// [`WatchError`]; nothing is watched then.
    pub fn start(directories: &[PathBuf], wake: impl Fn() + Send + 'static) -> Result<Watch, WatchError> {
        let handler = move |event: notify::Result<Event>| {
            // Our own reading is an access, and must not wake us.
            if !matches!(event, Ok(Event { kind: EventKind::Access(_), .. })) {
                wake();
            }
        };
        let watcher = notify::recommended_watcher(handler).map_err(|error| WatchError::from(&error))?;
        let mut watch = Watch { watcher, watched: BTreeSet::new() };
        watch.update(directories)?;
        Ok(watch)
    }

    /// Watches these directories, and only them. A directory that is gone is no error.
    ///
    /// # Errors
    /// The first [`WatchError`]; the other directories are watched as far as possible.
    pub fn update(&mut self, directories: &[PathBuf]) -> Result<(), WatchError> {
        let wanted: BTreeSet<PathBuf> = directories.iter().cloned().collect();
        for gone in self.watched.difference(&wanted) {
            // It may have been deleted, and its watch with it.
            drop(self.watcher.unwatch(gone));
        }
        self.watched.retain(|directory| wanted.contains(directory));
        let mut first = Ok(());
        for directory in wanted {
            if self.watched.contains(&directory) {
                continue;
            }
            match self.watcher.watch(&directory, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.watched.insert(directory)),
                Err(_) if !exists(&directory) => {}
                Err(error) => first = first.and(Err(WatchError::from(&error))),
            }
        }
        first
    }
}

fn exists(directory: &Path) -> bool {
    directory.try_exists().unwrap_or(false)
}

impl From<&notify::Error> for WatchError {
    fn from(error: &notify::Error) -> WatchError {
        let limit = match &error.kind {
            ErrorKind::MaxFilesWatch => true,
            // EMFILE: the user's limit of instances; ENFILE; ENOSPC: the limit of watches.
            ErrorKind::Io(error) => matches!(error.raw_os_error(), Some(23 | 24 | 28)),
            _ => false,
        };
        if limit { WatchError::Limit(error.to_string()) } else { WatchError::Other(error.to_string()) }
    }
}
