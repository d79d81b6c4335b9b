//! What the shipped configuration says of keys without effect.

use super::shipped;
use gatewatch::config::keys;
use std::fs;

/// Nobody is told that a key has no effect when it has, nor finds out by himself that it has none.
#[test]
fn the_shipped_file_says_of_each_key_whether_it_is_built() {
    let text = fs::read_to_string(shipped("gatewatch.toml")).unwrap();
    let (mut section, mut of_section, mut comment) = (String::new(), false, false);
    let mut unbuilt: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start_matches('#').trim();
        let key = bare
            .split_once(" = ")
            .map(|(key, _)| key)
            .filter(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        if bare.starts_with('[') && bare.ends_with(']') {
            section = bare.trim_matches(['[', ']']).to_owned();
            (of_section, comment) = (comment, false);
        } else if let Some(key) = key {
            if comment || of_section {
                unbuilt.push((section.clone(), key.to_owned()));
            }
            comment = false;
        } else if line.trim().is_empty() {
            comment = false;
        } else {
            comment |= bare.contains("Not built yet: checked, without effect");
        }
    }
    unbuilt.sort();
    let mut wanted: Vec<_> =
        keys::NOT_BUILT.iter().map(|(s, k)| ((*s).to_owned(), (*k).to_owned())).collect();
    wanted.sort();
    assert_eq!(unbuilt, wanted);
}
