//! Rule files in folders.

use crate::config::report::{Grade, Problem};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders inside folders that are followed.
const DEPTH_MAX: usize = 16;
/// Bytes of a rule file that are read.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Adds the rule files of a path, a folder's in the order of their names: path and text.
pub fn collect(path: &Path, depth: usize, files: &mut Vec<(String, Arc<str>)>, problems: &mut Vec<Problem>) {
    let shown = path.display().to_string();
    let mut fail = |message: String| problems.push(Problem::file(Grade::Error, &shown, message));
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) => return fail(format!("cannot be read: {error}")),
    };
    if about.is_dir() {
        if depth >= DEPTH_MAX {
            return fail(format!("folders are nested more than {DEPTH_MAX} deep"));
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return fail(format!("cannot be read: {error}")),
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        let rules = |p: &Path| p.is_dir() || p.extension().is_some_and(|e| e == "yml" || e == "yaml");
        paths.into_iter().filter(|p| rules(p)).for_each(|p| collect(&p, depth + 1, files, problems));
    } else if about.len() > FILE_BYTES_MAX {
        fail(format!("larger than {FILE_BYTES_MAX} bytes"));
    } else {
        match fs::read_to_string(path) {
            Ok(text) => files.push((shown, text.into())),
            Err(error) => fail(format!("cannot be read: {error}")),
        }
    }
}
