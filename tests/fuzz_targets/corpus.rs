//! The kept corpus: one text file for each target, one input a line, escaped as in a Rust byte string. So it can be read,
//! searched and compared, and some thousand small inputs do not become some thousand files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the inputs of a target are kept.
pub fn path(folder: &Path, target: &str) -> PathBuf {
    folder.join(format!("{target}.txt"))
}

/// The inputs of a target; none where there is no file.
pub fn load(folder: &Path, target: &str) -> io::Result<Vec<Vec<u8>>> {
    let path = path(folder, target);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path)?;
    let wrong = |at: usize| io::Error::other(format!("{}:{}: not escaped bytes", path.display(), at + 1));
    text.lines().enumerate().map(|(at, line)| unescape(line).ok_or_else(|| wrong(at))).collect()
}

/// Bytes of a kept file, so that all of them stay within 1.5 MB.
const FILE_BYTES_MAX: usize = 68_000;

/// Keeps inputs, the short ones first, as many as the file may hold.
pub fn save(folder: &Path, target: &str, mut inputs: Vec<Vec<u8>>) -> io::Result<()> {
    inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    inputs.dedup();
    let mut text = String::new();
    for line in inputs.iter().map(|input| escape(input)) {
        if text.len() + line.len() >= FILE_BYTES_MAX {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    fs::create_dir_all(folder)?;
    fs::write(path(folder, target), text)
}

/// Bytes as text: what can be read stays as it is.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                c if c.is_control() || c.is_whitespace() && c != ' ' => {
                    let mut utf8 = [0; 4];
                    c.encode_utf8(&mut utf8)
                        .bytes()
                        .for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
                }
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

/// The other way round.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        bytes.extend(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let used = match escape.as_bytes().first()? {
            b'\\' => (b'\\', 1),
            b'n' => (b'\n', 1),
            b'x' => (u8::from_str_radix(escape.get(1..3)?, 16).ok()?, 3),
            _ => return None,
        };
        bytes.push(used.0);
        rest = &escape[used.1..];
    }
    bytes.extend(rest.as_bytes());
    Some(bytes)
}
