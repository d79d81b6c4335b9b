//! Path patterns: `*` and `?` within a name, `[a-z]` and `[!a-z]`, `**` for any depth. Everything else is literal.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// One component of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A name as it stands.
    Literal(Vec<u8>),
    /// A name by pattern.
    Wild(Vec<u8>),
    /// Any number of directories.
    AnyDepth,
}

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// The part without wildcards: where the search begins, and what symlinks must stay below.
    pub fixed: PathBuf,
    /// Directories below it.
    pub steps: Vec<Step>,
    /// The file's name.
    pub name: Step,
}

impl Glob {
    /// Reads a pattern; a relative one begins at the working directory. `None` without a file name.
    pub fn parse(text: &str) -> Option<Glob> {
        let path = std::path::absolute(text).ok()?;
        let mut steps: Vec<Step> = Vec::new();
        let mut fixed = PathBuf::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => steps.push(step(name.as_bytes())),
                other => fixed.push(other),
            }
        }
        let name = match steps.pop()? {
            Step::AnyDepth => {
                steps.push(Step::AnyDepth);
                Step::Wild(b"*".to_vec())
            }
            name => name,
        };
        let literal = steps.iter().take_while(|s| matches!(s, Step::Literal(_))).count();
        for step in steps.drain(..literal) {
            if let Step::Literal(name) = step {
                fixed.push(Path::new(std::ffi::OsStr::from_bytes(&name)));
            }
        }
        Some(Glob { fixed, steps, name })
    }
}

impl Step {
    /// Whether a name fits; `AnyDepth` fits every directory that is not hidden.
    pub fn fits(&self, name: &[u8]) -> bool {
        match self {
            Step::Literal(literal) => literal == name,
            Step::Wild(pattern) => {
                let hidden = name.first() == Some(&b'.') && pattern.first() != Some(&b'.');
                !hidden && wild(pattern, name)
            }
            Step::AnyDepth => name.first() != Some(&b'.'),
        }
    }
}

fn step(name: &[u8]) -> Step {
    if name == b"**" {
        Step::AnyDepth
    } else if name.iter().any(|b| matches!(b, b'*' | b'?' | b'[')) {
        Step::Wild(name.to_vec())
    } else {
        Step::Literal(name.to_vec())
    }
}

/// Linear in practice: on a mismatch only the last `*` takes one byte more.
fn wild(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let fitted = match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(b'?') => Some(p + 1),
            Some(b'[') => set(pattern, p, name.get(n).copied().unwrap_or(0)),
            Some(literal) => (name.get(n) == Some(literal)).then_some(p + 1),
            None => None,
        };
        match (fitted, star) {
            (Some(next), _) => (p, n) = (next, n + 1),
            (None, Some((at, from))) => {
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|b| *b == b'*')
}

/// Whether the set that begins at `at` holds `byte`: the index after the set. A `[` without end is literal.
fn set(pattern: &[u8], at: usize, byte: u8) -> Option<usize> {
    let negated = matches!(pattern.get(at + 1), Some(b'!' | b'^'));
    let first = at + 1 + usize::from(negated);
    let end = (first + 1..pattern.len()).find(|i| pattern.get(*i) == Some(&b']'));
    let Some(end) = end else { return (byte == b'[').then_some(at + 1) };
    let members = pattern.get(first..end).unwrap_or_default();
    let (mut i, mut found) = (0, false);
    while let Some(low) = members.get(i) {
        match (members.get(i + 1), members.get(i + 2)) {
            (Some(b'-'), Some(high)) => {
                found |= (low..=high).contains(&&byte);
                i += 3;
            }
            _ => {
                found |= *low == byte;
                i += 1;
            }
        }
    }
    (found != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_patterns() {
        let fits = |pattern: &str, name: &str| step(pattern.as_bytes()).fits(name.as_bytes());
        for (pattern, name) in [
            ("*.log", "a.log"),
            ("*", "x"),
            ("a*b*c", "aXbYbc"),
            ("?.log", "a.log"),
            ("[a-c]x", "bx"),
            ("[!a]x", "bx"),
            ("a[", "a["),
            ("**", "dir"),
            ("[]]x", "]x"),
            (".*", ".hidden"),
            ("app.log", "app.log"),
            ("*.log*", "a.log.1"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.log", "a.txt"),
            ("*", ".hidden"),
            ("?", "ab"),
            ("[a-c]", "d"),
            ("a*b", "acbd"),
            ("[!a]", "a"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert!(!fits(&"*a".repeat(40), &"a".repeat(39)));
    }

    #[test]
    fn the_fixed_part_ends_before_the_first_wildcard() {
        let glob = Glob::parse("/var/log/*/x/*.log").unwrap();
        assert_eq!(glob.fixed, Path::new("/var/log"));
        assert_eq!(glob.steps, [Step::Wild(b"*".to_vec()), Step::Literal(b"x".to_vec())]);
        assert_eq!(Glob::parse("/var/log/app.log").unwrap().fixed, Path::new("/var/log"));
        assert_eq!(Glob::parse("/srv/**").unwrap().name, Step::Wild(b"*".to_vec()));
        assert_eq!(Glob::parse("/"), None);
    }
}
