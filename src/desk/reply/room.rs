//! The reply Maildir on a thread of its own: new mails are read and handed over, and after the commit of what they did
//! moved from `new` to `cur`. A kill between the two finds the mail in `new` again, and its identity in the store.
//!
//! Many mails, large ones and odd ones cost this thread its time, and nobody else: at most [`WAITING_MAX`] are in hand.

use super::{MAIL_BYTES_MAX, Params, read};
use crate::schema::inbound::{Inbound, InboundContent};
use rustix::fs::{Mode, OFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Mails in hand: read, and not yet filed.
const WAITING_MAX: usize = 64;
/// Names of one look; what is behind them waits for the next.
const NAMES_MAX: usize = 10_000;
/// Time between two looks when nothing wakes us.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The open Maildir. Dropped, its thread ends.
pub struct MailRoom {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    params: Params,
    wake: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    ready: Vec<Inbound>,
    /// By file name: the identity of each mail in hand.
    in_hand: BTreeMap<OsString, Arc<str>>,
    /// Identities whose effect is committed, and which are not moved yet.
    done: BTreeSet<Arc<str>>,
    poked: bool,
    ended: bool,
    unreadable: Option<String>,
    unmovable: Option<String>,
}

impl MailRoom {
    /// Begins to look. `wake` is called when mails were read, from the room's thread. A Maildir that is missing is made
    /// if it can be; whatever is wrong with it is told by [`MailRoom::trouble`], and tried again.
    ///
    /// # Errors
    /// The operating system's, when there is no thread to be had.
    pub fn open(
        directory: &Path,
        params: Params,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<MailRoom> {
        let inner = Arc::new(Inner {
            directory: directory.to_owned(),
            params,
            wake: Box::new(wake),
            state: Mutex::default(),
            bell: Condvar::new(),
        });
        let own = Arc::clone(&inner);
        std::thread::Builder::new().name("mailroom".into()).spawn(move || own.work())?;
        Ok(MailRoom { inner })
    }

    /// The folder in which mails arrive.
    pub fn arrivals(&self) -> PathBuf {
        self.inner.directory.join("new")
    }

    /// Looks at once: something happened in the folder.
    pub fn poker(&self) -> impl Fn() + Send + 'static {
        let inner = Arc::clone(&self.inner);
        move || inner.poke()
    }

    /// Mails that were read since the last call.
    pub fn mails(&self) -> Vec<Inbound> {
        std::mem::take(&mut self.inner.state().ready)
    }

    /// Files mails whose effect is committed under `cur`, as seen. Returns those that were moved (or are gone): nobody
    /// needs to remember them any more. The others stay in hand and are tried at the next call.
    pub fn file(&self, done: &[Arc<str>]) -> Vec<Arc<str>> {
        let mut state = self.inner.state();
        state.done.extend(done.iter().cloned());
        if state.done.is_empty() {
            return Vec::new();
        }
        let names: Vec<(OsString, Arc<str>)> = state
            .in_hand
            .iter()
            .filter(|(_, identity)| state.done.contains(*identity))
            .map(|(name, identity)| (name.clone(), identity.clone()))
            .collect();
        // What is done and not in hand was filed before.
        state.done = names.iter().map(|(_, identity)| identity.clone()).collect();
        let (mut filed, mut wrong) = (Vec::new(), None);
        for (name, identity) in names {
            match self.inner.move_to_cur(&name) {
                Ok(()) => {
                    state.in_hand.remove(&name);
                    state.done.remove(&identity);
                    filed.push(identity);
                }
                Err(error) => {
                    wrong = Some(format!(
                        "{}: mails cannot be moved to cur: {error}",
                        self.inner.directory.display()
                    ))
                }
            }
        }
        if wrong.is_some() || !filed.is_empty() {
            state.unmovable = wrong;
        }
        drop(state);
        if !filed.is_empty() {
            self.inner.poke();
        }
        filed
    }

    /// What keeps replies from being read; `None` = nothing.
    pub fn trouble(&self) -> Option<String> {
        let state = self.inner.state();
        state.unreadable.clone().or_else(|| state.unmovable.clone())
    }
}

impl Drop for MailRoom {
    fn drop(&mut self) {
        self.inner.state().ended = true;
        self.inner.bell.notify_all();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poke(&self) {
        self.state().poked = true;
        self.bell.notify_all();
    }

    fn work(&self) {
        loop {
            let wrong = self.look().err().map(|error| format!("{}: {error}", self.directory.display()));
            let mut state = self.state();
            state.unreadable = wrong;
            let idle = |state: &mut State| !state.ended && !state.poked;
            let waited = self.bell.wait_timeout_while(state, LOOK_EVERY, idle);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.poked = false;
            if state.ended {
                return;
            }
        }
    }

    /// Reads new mails, the oldest names first.
    fn look(&self) -> io::Result<()> {
        let arrivals = self.directory.join("new");
        let entries = match fs::read_dir(&arrivals) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(&self.directory)?;
                fs::read_dir(&arrivals)?
            }
            entries => entries?,
        };
        let mut names: Vec<OsString> = Vec::new();
        {
            let state = self.state();
            for entry in entries.take(NAMES_MAX) {
                let name = entry?.file_name();
                if !name.as_bytes().starts_with(b".") && !state.in_hand.contains_key(&name) {
                    names.push(name);
                }
            }
        }
        names.sort();
        let (mut woken, mut first) = (false, Ok(()));
        for name in names {
            if self.state().in_hand.len() >= WAITING_MAX {
                break;
            }
            match self.take_in(&arrivals, &name) {
                Ok(()) => woken = true,
                // One that another program took away meanwhile is none.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let shown = crate::schema::Printable(&name.to_string_lossy()).cut(80);
                    first = first.and(Err(io::Error::new(error.kind(), format!("new/{shown}: {error}"))));
                }
            }
        }
        if woken {
            (self.wake)();
        }
        first
    }

    fn take_in(&self, arrivals: &Path, name: &OsString) -> io::Result<()> {
        let bytes = contents(&arrivals.join(name))?;
        let text = name.to_string_lossy();
        let stem = text.split(':').next().unwrap_or_default();
        let inbound =
            catch_unwind(AssertUnwindSafe(|| read(&bytes, stem, &self.params))).unwrap_or_else(|_| {
                tracing::error!("a mail in {} made the reader of replies fail", self.directory.display());
                let unread = read(b"", stem, &self.params);
                Inbound { content: InboundContent::Malformed("its reader failed".into()), ..unread }
            });
        let mut state = self.state();
        state.in_hand.insert(name.clone(), inbound.identity.clone());
        state.ready.push(inbound);
        Ok(())
    }

    fn move_to_cur(&self, name: &OsString) -> io::Result<()> {
        let mut seen = name.clone();
        if !name.as_bytes().contains(&b':') {
            seen.push(":2,S");
        }
        let (from, to) = (self.directory.join("new").join(name), self.directory.join("cur").join(seen));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => Ok(()),
            result => result,
        }
    }
}

/// The first bytes of a regular file. Links are not followed, and nothing that is no file can hold us up.
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAIL_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes the Maildir for the daemon's own user.
fn make(directory: &Path) -> io::Result<()> {
    for part in ["tmp", "cur", "new"] {
        DirBuilder::new().recursive(true).mode(0o700).create(directory.join(part))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(directory: &Path) -> MailRoom {
        let params = Params { address: "g@example.org".into(), authority: "mx.example.org".into() };
        MailRoom::open(directory, params, || {}).unwrap()
    }

    fn wait<T>(what: impl Fn() -> Option<T>) -> T {
        for _ in 0..500 {
            if let Some(found) = what() {
                return found;
            }
            #[expect(clippy::disallowed_methods, reason = "a test waits for a thread")]
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nothing came in five seconds");
    }

    #[test]
    fn a_mail_is_handed_over_once_and_filed_after_its_commit() {
        let home = tempfile::tempdir().unwrap();
        let maildir = home.path().join("mail");
        let room = room(&maildir);
        wait(|| maildir.join("new").exists().then_some(()));
        fs::write(maildir.join("new/2.b.host"), "From: ana@example.org\n\nack\n").unwrap();
        fs::write(maildir.join("new/1.a.host"), b"\0\xff\n").unwrap();
        fs::write(maildir.join("new/.hidden"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", maildir.join("new/3.link")).unwrap();
        (room.poker())();
        let mut mails = Vec::new();
        wait(|| (mails.len() + room.inner.state().ready.len() >= 2).then_some(()));
        mails.extend(room.mails());
        assert_eq!(mails.iter().map(|mail| &*mail.from).collect::<Vec<_>>(), ["", "ana@example.org"]);
        wait(|| room.trouble().filter(|why| why.contains("3.link")));
        (room.poker())();
        let done: Vec<Arc<str>> = mails.iter().map(|mail| mail.identity.clone()).collect();
        assert_eq!(room.file(&done).len(), 2);
        assert!(maildir.join("cur/2.b.host:2,S").exists() && !maildir.join("new/2.b.host").exists());
        assert!(room.mails().is_empty() && room.file(&done).is_empty());
    }

    #[test]
    fn a_mail_that_could_not_be_moved_is_moved_when_it_can() {
        let home = tempfile::tempdir().unwrap();
        let maildir = home.path().join("mail");
        let room = room(&maildir);
        wait(|| maildir.join("new").exists().then_some(()));
        fs::write(maildir.join("new/1.a.host"), "From: ana@example.org\n\nack\n").unwrap();
        (room.poker())();
        let mails = wait(|| Some(room.mails()).filter(|mails| !mails.is_empty()));
        // No folder: nothing can be moved there, whoever we are.
        fs::remove_dir(maildir.join("cur")).unwrap();
        fs::write(maildir.join("cur"), "").unwrap();
        assert!(room.file(&[mails[0].identity.clone()]).is_empty());
        assert!(room.trouble().unwrap().contains("cannot be moved"));
        fs::remove_file(maildir.join("cur")).unwrap();
        fs::create_dir(maildir.join("cur")).unwrap();
        assert_eq!(room.file(&[]), [mails[0].identity.clone()]);
        assert!(maildir.join("cur/1.a.host:2,S").exists() && room.trouble().is_none());
    }
}
