//! Unix accounts, read from `/etc/passwd`. Accounts of a directory service are not in that file: a person
//! of such an account is named by its number (`account = "1234"`), which [`owns`] accepts too.

use std::io::{self, Read};
use std::path::Path;

/// The file of accounts.
pub const PASSWD: &str = "/etc/passwd";
/// Bytes of it that are read: thousands of accounts.
const PASSWD_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The account name of a user id; the first entry counts, as for the system.
///
/// # Errors
/// The file cannot be read.
pub fn name(passwd: &Path, uid: u32) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    std::fs::File::open(passwd)?.take(PASSWD_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(entries(&text).find(|(_, id)| *id == uid).map(|(name, _)| name.to_owned()))
}

/// Whether an account, written as name or number, is the one of this user id and name.
pub fn owns(account: &str, uid: u32, name: Option<&str>) -> bool {
    name == Some(account) || account.parse() == Ok(uid)
}

/// Name and user id of each well-formed line (passwd(5)).
fn entries(text: &str) -> impl Iterator<Item = (&str, u32)> {
    text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with(['#', '+', '-']))?;
        let uid = fields.nth(1)?.parse().ok()?;
        Some((name, uid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_nonsense_is_skipped() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("passwd");
        let text = "root:x:0:0::/root:/bin/sh\n#ben:x:7:7::/:\n+nis\nana:x:1000:1000:Ana:/home/ana:/bin/sh\nx:y\ntoo:x:1000::\n";
        std::fs::write(&path, text).unwrap();
        assert_eq!(name(&path, 1000).unwrap().as_deref(), Some("ana"));
        assert_eq!(name(&path, 0).unwrap().as_deref(), Some("root"));
        assert_eq!(name(&path, 7).unwrap(), None);
        assert!(
            owns("ana", 1000, Some("ana")) && owns("1000", 1000, None) && !owns("ben", 1000, Some("ana"))
        );
        assert!(name(&home.path().join("none"), 0).is_err());
    }
}
