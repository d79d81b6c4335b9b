//! Delivery into a Maildir: write in `tmp`, make durable, link into `new`. The durable link is the acceptance.

use super::CourierError;
use super::session::Trip;
use super::verdict::{Outcome, Trouble, judge};
use crate::schema::{AttemptResult, MailPhase, Timestamp};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The ending of our file names, by which left-overs of a killed run are known.
const ENDING: &str = "gatewatch";
/// Names tried before a delivery gives up; each is taken only if another process chose the same.
const NAMES_MAX: u32 = 16;

/// An open Maildir.
pub(super) struct Maildir {
    directory: PathBuf,
    count: AtomicU64,
}

impl Maildir {
    /// Opens a Maildir, makes it where it is missing, and clears what a killed run left in `tmp`.
    ///
    /// # Errors
    /// [`CourierError::Maildir`].
    pub fn open(directory: &Path) -> Result<Maildir, CourierError> {
        let failed = |path: PathBuf| move |source| CourierError::Maildir { path, source };
        for part in ["tmp", "new", "cur"] {
            let path = directory.join(part);
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed(path.clone()))?;
        }
        let tmp = directory.join("tmp");
        for entry in fs::read_dir(&tmp).map_err(failed(tmp.clone()))?.flatten() {
            if entry.file_name().to_string_lossy().ends_with(ENDING) {
                fs::remove_file(entry.path()).ok();
            }
        }
        Ok(Maildir { directory: directory.to_owned(), count: AtomicU64::new(0) })
    }

    /// Delivers one mail.
    pub fn deliver(&self, mime: &[u8], now: Timestamp, trip: &Trip) -> Outcome {
        trip.reach(MailPhase::Data);
        match self.write(mime, now, trip) {
            Ok(name) => Outcome {
                phase: MailPhase::Done,
                code: None,
                reply: format!("written as new/{name}").into(),
                result: AttemptResult::Accepted,
            },
            Err(error) => {
                judge(trip.phase(), Trouble::silent(format!("maildir {}: {error}", self.directory.display())))
            }
        }
    }

    fn write(&self, mime: &[u8], now: Timestamp, trip: &Trip) -> io::Result<String> {
        for _ in 0..NAMES_MAX {
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            let (seconds, micros) = (now.0.div_euclid(1_000_000), now.0.rem_euclid(1_000_000));
            let name = format!("{seconds}.M{micros}P{}Q{count}.{ENDING}", std::process::id());
            let draft = self.directory.join("tmp").join(&name);
            let result = write_durably(&draft, mime).and_then(|()| {
                // From here a cut leaves the mail in place without our knowing.
                trip.reach(MailPhase::Body);
                fs::hard_link(&draft, self.directory.join("new").join(&name))
                    .inspect_err(|_| trip.reach(MailPhase::Data))
            });
            fs::remove_file(&draft).ok();
            match result {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            File::open(self.directory.join("new"))?.sync_all()?;
            return Ok(name);
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "every name is taken"))
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_mail_is_whole_private_and_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/mail");
        let maildir = Maildir::open(&path).unwrap();
        // Another run with the same clock and process id has delivered under the first name.
        let taken = format!("1.M5P{}Q0.{ENDING}", std::process::id());
        fs::write(path.join("new").join(&taken), "first").unwrap();
        let outcome = maildir.deliver(b"second\r\n", Timestamp(1_000_005), &Trip::new());
        assert_eq!(
            (outcome.result, outcome.phase, outcome.code),
            (AttemptResult::Accepted, MailPhase::Done, None)
        );
        assert_eq!(fs::read(path.join("new").join(&taken)).unwrap(), b"first");
        let name = outcome.reply.strip_prefix("written as new/").unwrap();
        let file = path.join("new").join(name);
        assert_eq!(fs::read(&file).unwrap(), b"second\r\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_written_is_deferred_and_leftovers_go() {
        let home = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(home.path()).unwrap();
        fs::write(home.path().join("tmp/1.M1P1Q1.gatewatch"), "half").unwrap();
        fs::write(home.path().join("tmp/foreign"), "other").unwrap();
        Maildir::open(home.path()).unwrap();
        assert!(
            !home.path().join("tmp/1.M1P1Q1.gatewatch").exists() && home.path().join("tmp/foreign").exists()
        );
        fs::remove_dir(home.path().join("new")).unwrap();
        let outcome = maildir.deliver(b"x", Timestamp(0), &Trip::new());
        assert_eq!((outcome.result, outcome.phase), (AttemptResult::Deferred, MailPhase::Data));
        assert!(outcome.reply.contains("No such file"), "{}", outcome.reply);
    }
}
