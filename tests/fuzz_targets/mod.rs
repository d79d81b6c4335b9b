//! What the fuzzers run, and what the replay of their corpus runs (`tests/fuzz_corpus.rs`): one function for each
//! framing, for each reader that splits or joins, and for the files that people write. A target takes any bytes; it
//! fails by a panic.

pub mod corpus;
mod files;
mod lines;
pub mod mails;
mod readers;
mod room;
pub mod seeds;

/// One target.
pub struct Target {
    /// Its name on the command line, and of its corpus.
    pub name: &'static str,
    /// What it runs.
    pub run: fn(&[u8]),
    /// Longest input in bytes that a fuzzer makes: as short as the shape allows, since a search through longer ones
    /// is slower.
    pub bytes_max: usize,
}

const fn target(name: &'static str, bytes_max: usize, run: fn(&[u8])) -> Target {
    Target { name, run, bytes_max }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    target("syslog", 2_048, |data| {
        readers::syslog(data);
        lines::feed("syslog", data);
    }),
    target("json", 4_096, |data| {
        readers::json(data);
        lines::feed("json", data);
    }),
    target("kv", 2_048, |data| {
        readers::pairs(data);
        lines::feed("kv", data);
    }),
    target("csv", 2_048, |data| lines::feed("csv", data)),
    target("cef", 2_048, |data| lines::feed("cef", data)),
    target("leef", 2_048, |data| lines::feed("leef", data)),
    target("audit", 4_096, |data| lines::feed("audit", data)),
    target("xml", 4_096, |data| lines::feed("xml", data)),
    target("w3c", 2_048, |data| lines::feed("w3c", data)),
    target("plain", 2_048, |data| lines::feed("plain", data)),
    target("wrapped", 4_096, |data| lines::feed("wrapped", data)),
    target("auto", 8_192, |data| lines::feed("auto", data)),
    target("sessions", 8_192, |data| lines::feed("sessions", data)),
    target("grammar", 4_096, |data| lines::feed("grammar", data)),
    target("pattern", 512, readers::pattern),
    target("encoding", 1_024, readers::encoding),
    target("stamp", 128, readers::stamp),
    target("value", 256, readers::value),
    target("reply", 2_048, mails::reply),
    target("grammar-file", 4_096, files::grammar),
    target("config-file", 4_096, files::config),
    target("rule-file", 4_096, files::rules),
];

/// A target by name.
pub fn by_name(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
