//! Whether a Maildir can do its work, for those who ask before something went wrong.

use crate::schema::{Span, Timestamp};
use rustix::fs::Access;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Names that are counted.
const NAMES_MAX: usize = 10_000;
/// A mail that lies in `new` for so long is read by nobody.
const WAITED_MAX: Span = Span::minutes(2);

/// What is to be said of a Maildir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is not there; the daemon makes it where it may.
    Missing,
    /// Something is wrong: what, and what to do.
    Wrong(String),
    /// It is there, and so many mails came so far; the second number still waits.
    Good(usize, usize),
}

/// Looks at a Maildir of replies. `owner` is the user id of the daemon, where it is known.
pub fn condition(directory: &Path, owner: Option<u32>, now: Timestamp) -> Condition {
    let shown = directory.display();
    let mut counts = [0, 0];
    for (part, count) in ["new", "cur"].iter().zip(&mut counts) {
        let path = directory.join(part);
        let data = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !directory.exists() => {
                return Condition::Missing;
            }
            Err(error) => return Condition::Wrong(format!("{}: {error}", path.display())),
            Ok(data) => data,
        };
        if let Some(why) = open_to_others(&path, &data).or_else(|| closed_to_us(&path, &data, owner)) {
            return Condition::Wrong(why);
        }
        match fs::read_dir(&path) {
            Ok(entries) => *count = entries.take(NAMES_MAX).count(),
            Err(error) => return Condition::Wrong(format!("{}: {error}", path.display())),
        }
    }
    let [waiting, read] = counts;
    match waits_too_long(&directory.join("new"), now) {
        true => Condition::Wrong(format!(
            "{shown}: a mail waits in new since more than two minutes: does the daemon run?"
        )),
        false => Condition::Good(waiting + read, waiting),
    }
}

/// Whoever may write here writes what only the mail server may say of a sender.
fn open_to_others(path: &Path, data: &fs::Metadata) -> Option<String> {
    let mode = data.permissions().mode() & 0o7777;
    let open = mode & 0o002 != 0;
    open.then(|| {
        format!(
            "{}: everybody may write it (mode {mode:04o}), and with it what the mail server says of a sender; chmod o-w",
            path.display()
        )
    })
}

fn closed_to_us(path: &Path, data: &fs::Metadata, owner: Option<u32>) -> Option<String> {
    let shown = path.display();
    let stranger = owner.filter(|owner| *owner != 0 && *owner != data.uid());
    if let Some(owner) = stranger.filter(|_| data.permissions().mode() & 0o020 == 0) {
        return Some(format!(
            "{shown}: belongs to the user id {}, not to the daemon's ({owner}), who must move mails from new to cur; chown it",
            data.uid()
        ));
    }
    let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    let denied = rustix::fs::access(path, wanted).err();
    denied.map(|error| format!("{shown}: {error}: the daemon must read it and move mails from new to cur"))
}

fn waits_too_long(new: &Path, now: Timestamp) -> bool {
    let Ok(entries) = fs::read_dir(new) else { return false };
    entries.take(NAMES_MAX).flatten().any(|entry| {
        let changed = entry.metadata().map(|data| Timestamp(data.mtime().saturating_mul(1_000_000)));
        changed.is_ok_and(|at| now - at > WAITED_MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maildir_is_missing_wrong_or_good() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("replies");
        let now = Timestamp(fs::metadata(home.path()).unwrap().mtime() * 1_000_000);
        assert_eq!(condition(&path, None, now), Condition::Missing);
        fs::create_dir_all(path.join("new")).unwrap();
        let wrong = |owner| match condition(&path, owner, now) {
            Condition::Wrong(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(wrong(None).contains("cur"));
        fs::create_dir(path.join("cur")).unwrap();
        assert_eq!(condition(&path, None, now), Condition::Good(0, 0));
        fs::write(path.join("cur/1"), "x").unwrap();
        fs::write(path.join("new/2"), "x").unwrap();
        assert_eq!(condition(&path, None, now), Condition::Good(2, 1));
        let own = fs::metadata(&path).unwrap().uid();
        assert!(wrong(Some(own + 4_711)).contains("not to the daemon's"));
        let later = condition(&path, None, now + Span::minutes(5));
        assert!(matches!(later, Condition::Wrong(why) if why.contains("does the daemon run")));
        fs::set_permissions(path.join("new"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(wrong(None).contains("everybody may write it (mode 0777)"));
    }
}
