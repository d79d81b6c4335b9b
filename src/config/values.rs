//! Values with a meaning of their own: names, paths, zones, addresses, secrets.

use super::file::Secret;
use super::given::Given;
use super::walk::{Found, Section, unknown_word};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Bytes of a password file; longer ones are some other file.
const SECRET_BYTES_MAX: u64 = 4 * 1024;
/// Bytes of a file of certificates.
const PEM_BYTES_MAX: u64 = 1024 * 1024;
/// Characters of a name or id: they stand in subjects and tables.
const NAME_CHARS_MAX: usize = 64;

impl Section<'_> {
    /// A unique name: no blanks, and none of the characters that separate names elsewhere.
    pub fn name(&self, key: &'static str, taken: &mut BTreeSet<String>) -> String {
        let Some(found) = self.text(key) else {
            if self.value(key).is_none() {
                self.missing(key, "it is how people and other sections name it");
            }
            return String::new();
        };
        let Found { value: name, at } = found;
        if name.chars().count() > NAME_CHARS_MAX
            || name.chars().any(|c| c.is_whitespace() || "=,:;\"'".contains(c))
        {
            let rule = format!("at most {NAME_CHARS_MAX} characters, without blanks, quotes and = , : ;");
            self.page.error(at, format!("{key}: \"{name}\" is no name: {rule}"));
        }
        if !taken.insert(name.clone()) {
            self.page.error(at, format!("{key}: a second [[{}]] \"{name}\"; names are unique", self.name));
        }
        name
    }

    /// A path, taken from the folder of the configuration file where it is relative.
    pub fn path(&self, key: &'static str, folder: &Path) -> Option<PathBuf> {
        self.text(key).map(|text| folder.join(text.value))
    }

    /// A path of something that must be there.
    pub fn present(&self, key: &str, found: &Found<String>, folder: &Path) -> PathBuf {
        let path = folder.join(&found.value);
        if let Err(error) = fs::metadata(&path) {
            self.page.error(found.at, format!("{key}: cannot read {}: {}", path.display(), reason(&error)));
        }
        path
    }

    /// A time zone of the IANA database, with its name.
    pub fn zone(&self, key: &'static str) -> Option<(TimeZone, String)> {
        let text = self.text(key)?;
        if let Ok(zone) = TimeZone::get(&text.value) {
            return Some((zone, text.value));
        }
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let words = unknown_word(key, &text.value, &names);
        self.page.error(
            text.at,
            format!("{words}; a name of the IANA time zone database such as \"Europe/Berlin\""),
        );
        None
    }

    /// A socket address to listen on.
    pub fn socket(&self, key: &'static str) -> Option<std::net::SocketAddr> {
        let text = self.text(key)?;
        let parsed = text.value.parse().ok();
        if parsed.is_none() {
            let wanted = "an address and a port, such as \"127.0.0.1:9590\" or \"[::1]:9590\"";
            self.page.error(text.at, format!("{key}: \"{}\" is not {wanted}", text.value));
        }
        parsed
    }

    /// Notes a text that is no mail address.
    pub fn judge_address(&self, key: &str, found: &Found<String>) {
        if let Err(why) = judge_address(&found.value) {
            self.page.error(found.at, format!("{key}: \"{}\" is no mail address: {why}", found.value));
        }
    }

    /// The secret of a file that nobody else may read.
    pub fn secret(&self, key: &'static str, folder: &Path) -> Option<Secret> {
        let text = self.text(key)?;
        let path = folder.join(&text.value);
        let shown = path.display();
        match fs::metadata(&path) {
            Ok(data) if data.permissions().mode() & 0o077 != 0 => {
                let mode = data.permissions().mode() & 0o7777;
                let cure = format!("others may read it (mode {mode:04o}); chmod 0600 {shown}");
                self.page.error(text.at, format!("{key}: {shown}: {cure}"));
                None
            }
            Ok(_) => self.take_secret(key, text.at, &path),
            Err(error) => {
                self.page.error(text.at, format!("{key}: cannot read {shown}: {}", reason(&error)));
                None
            }
        }
    }

    /// The secret of a systemd credential.
    pub fn credential(&self, key: &'static str, given: &Given<'_>) -> Option<Secret> {
        let text = self.text(key)?;
        if text.value.contains('/') || text.value.starts_with('.') {
            self.page
                .error(text.at, format!("{key}: \"{}\" is a path; give the credential's name", text.value));
            return None;
        }
        match given.credentials {
            Some(folder) => self.take_secret(key, text.at, &folder.join(&text.value)),
            None => {
                let why = "systemd hands it over, and this was not started by a unit with LoadCredential=";
                if given.starting {
                    self.page.error(text.at, format!("{key}: {why}"));
                } else {
                    self.page.warn(text.at, format!("{key}: not checked: {why}"));
                }
                None
            }
        }
    }

    fn take_secret(&self, key: &str, at: usize, path: &Path) -> Option<Secret> {
        let problem = match read_bounded(path, SECRET_BYTES_MAX).map(String::from_utf8) {
            Ok(Ok(text)) => match text.trim_end_matches(['\r', '\n']) {
                "" => "is empty".to_owned(),
                secret if secret.contains(['\r', '\n', '\0']) => "holds more than one line".to_owned(),
                secret => return Some(Secret::new(secret.to_owned())),
            },
            Ok(Err(_)) => "is not UTF-8 text".to_owned(),
            Err(why) => why,
        };
        self.page.error(at, format!("{key}: {} {problem}", path.display()));
        None
    }

    /// The certificates of a PEM file.
    pub fn certificates(&self, key: &'static str, folder: &Path) -> Option<Vec<u8>> {
        let text = self.text(key)?;
        let path = folder.join(&text.value);
        let problem = match read_bounded(&path, PEM_BYTES_MAX) {
            Ok(pem) if memchr::memmem::find(&pem, b"-----BEGIN CERTIFICATE-----").is_some() => {
                return Some(pem);
            }
            Ok(_) => "holds no PEM certificate".to_owned(),
            Err(why) => why,
        };
        self.page.error(text.at, format!("{key}: {} {problem}", path.display()));
        None
    }
}

/// A whole file of at most so many bytes.
fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {}", reason(&error)))?;
    let mut bytes = Vec::new();
    file.take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {}", reason(&error)))?;
    if bytes.len() as u64 > max {
        return Err(format!("is longer than {max} bytes"));
    }
    Ok(bytes)
}

/// What the system said, in words without its number.
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Whether a text is an address that every relay takes: one `@`, RFC 5321's lengths and plain
/// characters, and a domain of names or one in brackets.
pub(super) fn judge_address(text: &str) -> Result<(), &'static str> {
    let Some((local, domain)) = text.rsplit_once('@') else { return Err("it has no @") };
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.is_empty() || local.len() > 64 {
        return Err("the part before @ has 1 to 64 characters");
    }
    if !local.chars().all(plain) || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err("the part before @ holds a character that relays refuse");
    }
    judge_host(domain)
}

/// Whether a text is a host's name or address.
pub(super) fn judge_host(text: &str) -> Result<(), &'static str> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    if text.is_empty() || text.len() > 253 {
        return Err("a host name has 1 to 253 characters");
    }
    let label = |label: &str| {
        let plain = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        plain && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    if text.strip_suffix('.').unwrap_or(text).split('.').all(label) {
        return Ok(());
    }
    Err("a host name is made of letters, digits and hyphens between dots (other scripts as xn--...)")
}

/// Whether connections to a host never leave this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
