//! Globs of sources, as far as the check needs them: are they well formed, which existing files do they
//! name. Following files is the tail's own work.

use std::fs;
use std::path::{Path, PathBuf};

/// Files looked at per glob; the check must end on any machine.
const FILES_MAX: usize = 10_000;

/// Whether a glob can be meant.
pub(super) fn judge(glob: &str) -> Result<(), &'static str> {
    if glob.contains("://") {
        return Err("is an address; gatewatch reads files");
    }
    for part in glob.split('/') {
        if part == ".." {
            return Err("\"..\" hides which files are meant; write the path out");
        }
        if part.contains("**") && part != "**" {
            return Err("\"**\" stands for folders of any depth and must be alone between slashes");
        }
        let mut rest = part;
        while let Some(open) = rest.find('[') {
            let Some(close) = rest[open + 1..].find(']') else { return Err("a \"[\" without its \"]\"") };
            if close == 0 {
                return Err("\"[]\" names no character");
            }
            rest = &rest[open + 1 + close + 1..];
        }
    }
    Ok(())
}

/// The existing regular files that an absolute glob names, in order.
pub fn expand(glob: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in glob.split('/').filter(|part| !part.is_empty()) {
        if part == "**" {
            found = found.iter().flat_map(|folder| below(folder)).take(FILES_MAX).collect();
        } else if part.contains(['*', '?', '[']) {
            found = found.iter().flat_map(|folder| children(folder, part)).take(FILES_MAX).collect();
        } else {
            found = found.into_iter().map(|folder| folder.join(part)).filter(|path| path.exists()).collect();
        }
    }
    found.retain(|path| path.is_file());
    found.sort();
    found
}

/// A folder and all folders below it, hidden ones and links left out.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_path_buf()];
    let mut at = 0;
    while let Some(folder) = found.get(at).filter(|_| found.len() < FILES_MAX).cloned() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let visible = |entry: &fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
        let folders =
            entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && visible(entry));
        found.extend(folders.map(|entry| entry.path()));
        at += 1;
    }
    found
}

fn children(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.take(FILES_MAX).flatten();
    names
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| matches(pattern, name)))
        .map(|e| e.path())
        .collect()
}

/// Whether a whole path falls under a glob, part by part.
pub(super) fn covers(glob: &str, path: &Path) -> bool {
    let parts: Vec<&str> = glob.split('/').collect();
    let names: Vec<&str> = path.to_str().unwrap_or_default().split('/').collect();
    // `fits[n]`: whether the parts so far fit the first n names.
    let mut fits: Vec<bool> = std::iter::once(true).chain(names.iter().map(|_| false)).collect();
    for part in parts {
        let mut next = vec![false; fits.len()];
        for at in 0..fits.len() {
            next[at] = match part {
                "**" => fits[at] || at > 0 && next[at - 1],
                part => at > 0 && fits[at - 1] && matches(part, names[at - 1]),
            };
        }
        fits = next;
    }
    fits.last().copied().unwrap_or(false)
}

/// Whether a name matches one part of a glob: `*`, `?`, `[a-z]`, `[!a-z]`; a leading dot is matched only
/// by a dot. Goes back at most to the last star, so it is quadratic at worst.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            back = Some((p, n));
            p += 1;
        } else if let Some(next) = one(&pattern, p, name[n]) {
            p = next;
            n += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            p = star + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Matches one character; the place after it in the pattern.
fn one(pattern: &[char], p: usize, c: char) -> Option<usize> {
    match pattern.get(p)? {
        '?' => Some(p + 1),
        '[' => {
            let close = p + 1 + pattern[p + 1..].iter().position(|c| *c == ']')?;
            let class = &pattern[p + 1..close];
            let (not, class) = match class.split_first() {
                Some(('!' | '^', rest)) => (true, rest),
                _ => (false, class),
            };
            let mut inside = false;
            let mut at = 0;
            while let Some(low) = class.get(at) {
                let range = (class.get(at + 1) == Some(&'-')).then(|| class.get(at + 2)).flatten();
                inside |= range.map_or(*low == c, |high| (*low..=*high).contains(&c));
                at += if range.is_some() { 3 } else { 1 };
            }
            (inside != not).then_some(close + 1)
        }
        literal => (*literal == c).then_some(p + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_a_shell_does() {
        let yes = [
            ("*.log", "a.log"),
            ("a*b*c", "aXbYbZc"),
            ("[a-c]?", "bz"),
            ("[!a]x", "bx"),
            (".*", ".a"),
            ("*", "é"),
        ];
        for (glob, name) in yes {
            assert!(matches(glob, name), "{glob} {name}");
        }
        for (glob, name) in [("*.log", "a.log.1"), ("*", ".hidden"), ("[a-c]", "d"), ("?", ""), ("a*b", "a")]
        {
            assert!(!matches(glob, name), "{glob} {name}");
        }
        assert!(covers("/var/*/x.log", Path::new("/var/log/x.log")));
        assert!(!covers("/var/*/x.log", Path::new("/var/log/y/x.log")));
        assert!(
            covers("/var/**/x.log", Path::new("/var/log/y/x.log"))
                && covers("/var/**/x", Path::new("/var/x"))
        );
    }

    #[test]
    fn a_glob_names_the_existing_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.log", "a.log", "c.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("d.log")).unwrap();
        let found = expand(&format!("{}/*.log", folder.path().display()));
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.log", "b.log"]);
        assert!(
            judge("/var/log/[a.log").is_err()
                && judge("/var/a**/x").is_err()
                && judge("/var/**/x").is_ok()
                && judge("/var/log/[ab]*.log").is_ok()
        );
    }
}
