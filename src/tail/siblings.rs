//! The names that rotators give: `NAME.1`, `NAME-20261124`, `NAME.2.gz`, `STEM-2026-11-24.log` and their like.

/// How old a file is among its siblings; the order is oldest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// It has no name any more: deleted or moved out of sight; by generation.
    Departed(u64),
    /// Dated: the digits of the date.
    Dated(Vec<u8>),
    /// Numbered: the highest number is the oldest.
    Numbered(std::cmp::Reverse<u64>),
    /// The file that is written.
    Live,
}

/// How a rotated file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// In a way that is not read.
    Unreadable,
}

/// One way to read a name as that of a rotated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The name of the file that was rotated.
    pub base: Vec<u8>,
    /// Its age among the siblings.
    pub age: Age,
}

/// What a name says about packing, and the name without it.
pub fn packing(name: &[u8]) -> (Packing, &[u8]) {
    let packed = [
        (&b".gz"[..], Packing::Gzip),
        (b".xz", Packing::Unreadable),
        (b".bz2", Packing::Unreadable),
        (b".zst", Packing::Unreadable),
        (b".lz4", Packing::Unreadable),
        (b".Z", Packing::Unreadable),
    ];
    let found = packed.into_iter().find_map(|(end, kind)| name.strip_suffix(end).map(|stem| (kind, stem)));
    found.filter(|(_, stem)| !stem.is_empty()).unwrap_or((Packing::Plain, name))
}

/// Every way to read a name (without packing) as that of a rotated file, likeliest first.
pub fn rotated(name: &[u8]) -> Vec<Rotated> {
    let mut ways = Vec::new();
    suffixes(name, b"", &mut ways);
    // The date or number may stand before the extension: STEM-20261124.log, STEM.1.log.
    if let Some(dot) = name.iter().rposition(|b| *b == b'.').filter(|dot| *dot > 0) {
        let (stem, extension) = name.split_at(dot);
        if !extension.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
            suffixes(stem, extension, &mut ways);
        }
    }
    ways
}

fn suffixes(stem: &[u8], extension: &[u8], ways: &mut Vec<Rotated>) {
    for end in [&b".old"[..], b"~"] {
        if let Some(base) = stem.strip_suffix(end).filter(|base| !base.is_empty()) {
            ways.push(Rotated { base: [base, extension].concat(), age: Age::Numbered(std::cmp::Reverse(0)) });
        }
    }
    for at in 1..stem.len() {
        let (base, rest) = stem.split_at(at);
        let Some((separator @ (b'.' | b'-' | b'_'), suffix)) = rest.split_first() else { continue };
        // `worker-2.log` is written beside `worker.log`; only a dot makes a small number a rotation.
        if let Some(age) = age(suffix).filter(|age| *separator == b'.' || matches!(age, Age::Dated(_))) {
            ways.push(Rotated { base: [base, extension].concat(), age });
        }
    }
}

/// Digits with at most date punctuation between them; six digits and more are a date.
fn age(suffix: &[u8]) -> Option<Age> {
    let ends_well = suffix.first()?.is_ascii_digit() && suffix.last()?.is_ascii_digit();
    let date_like =
        suffix.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b':' | b'T'));
    if !ends_well || !date_like || suffix.len() > 32 {
        return None;
    }
    let digits: Vec<u8> = suffix.iter().copied().filter(u8::is_ascii_digit).collect();
    if digits.len() >= 6 {
        return Some(Age::Dated(digits));
    }
    let number = std::str::from_utf8(suffix).ok()?.parse().ok()?;
    Some(Age::Numbered(std::cmp::Reverse(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotators_names_lead_to_the_base() {
        let names = [
            "app.log.1",
            "app.log-20261124",
            "app.log.2026-11-24",
            "app.log_20261124",
            "app-20261124.log",
            "app.1.log",
            "app-2026-11-24.log",
            "app.log.old",
            "app.log-20261124-1700000000",
            "app.log.12",
        ];
        for name in names {
            let ways = rotated(name.as_bytes());
            assert!(ways.iter().any(|way| way.base == b"app.log"), "{name}: {ways:?}");
        }
        for name in ["app.log", "app.log.conf", "app.log.", ".1", "app.log-x1", "app-2.log"] {
            assert!(rotated(name.as_bytes()).iter().all(|way| way.base != b"app.log"), "{name}");
        }
        assert_eq!(packing(b"app.log.1.gz"), (Packing::Gzip, &b"app.log.1"[..]));
        assert_eq!(packing(b".gz").0, Packing::Plain);
    }

    #[test]
    fn the_oldest_comes_first() {
        let age = |name: &str| rotated(name.as_bytes()).remove(0).age;
        let mut ages =
            vec![Age::Live, age("a.1"), age("a.10"), age("a-20261124"), age("a-20260101"), Age::Departed(3)];
        ages.sort();
        assert_eq!(
            ages,
            [Age::Departed(3), age("a-20260101"), age("a-20261124"), age("a.10"), age("a.1"), Age::Live]
        );
    }
}
