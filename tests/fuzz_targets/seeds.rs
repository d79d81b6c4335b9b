//! First inputs, made of the sample lines, grammars and rules that are shipped.

use super::lines::formats;
use gatewatch::config::grammars;
use gatewatch::normalize::spec::GrammarSpec;
use gatewatch::normalize::{syslog, value};
use std::fs;
use std::path::Path;

/// Inputs of a target. `root` is the folder of the package.
pub fn seeds(target: &str, root: &Path) -> Vec<Vec<u8>> {
    let specs = grammars::load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    match target {
        "grammar-file" => texts(&root.join("config/grammars"), "toml"),
        "rule-file" => texts(&root.join("rules"), "yml"),
        "config-file" => {
            texts(&root.join("config"), "toml").into_iter().filter(|text| is_config(text)).collect()
        }
        "pattern" => patterns(&specs),
        "encoding" => lines(&specs).step_by(40).flat_map(encoded).collect(),
        "stamp" => lines(&specs).filter_map(stamp).collect(),
        "value" => lines(&specs).flat_map(words).collect(),
        "reply" => super::mails::seeds(),
        "auto" => samples(&specs, |_| Some("auto".to_owned())),
        "wrapped" => wrapped(&specs),
        target => {
            let formats = formats(target);
            samples(&specs, |spec| {
                let mut names = std::iter::once(spec.name.as_str()).chain(spec.families());
                names.find(|name| formats.iter().any(|format| format == name)).map(str::to_owned)
            })
        }
    }
}

fn lines(specs: &[GrammarSpec]) -> impl Iterator<Item = &str> {
    specs.iter().flat_map(|spec| &spec.samples).flat_map(|sample| &sample.lines).map(String::as_str)
}

/// Each sample whole, behind the name of the format.
fn samples(specs: &[GrammarSpec], format: impl Fn(&GrammarSpec) -> Option<String>) -> Vec<Vec<u8>> {
    let named = specs.iter().filter_map(|spec| Some((format(spec)?, spec)));
    let inputs = named.flat_map(|(format, spec)| {
        let input = move |lines: &[String]| format!("{format}\n{}\n", lines.join("\n")).into_bytes();
        // A sample may hold some hundred lines; a few at a time are searched faster.
        spec.samples.iter().flat_map(|sample| sample.lines.chunks(12)).map(input).collect::<Vec<_>>()
    });
    inputs.collect()
}

/// The texts of a folder's files; long ones are cut at blank lines.
fn texts(folder: &Path, ending: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(texts(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.extend(fs::read(&path).into_iter().map(|text| shortened(&text)));
        }
    }
    found.sort();
    found
}

/// The head of a file, up to a blank line.
fn shortened(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let head = value::head(&text, 4_000);
    let end = if head.len() < text.len() { head.rfind("\n\n").unwrap_or(head.len()) } else { head.len() };
    head.as_bytes()[..end].to_vec()
}

fn is_config(text: &[u8]) -> bool {
    !text.windows(9).any(|part| part == b"framing =")
}

/// Each shipped pattern with a sample line of its grammar that it finds something in.
fn patterns(specs: &[GrammarSpec]) -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for spec in specs {
        let lines: Vec<&str> = spec.samples.iter().flat_map(|s| &s.lines).map(String::as_str).collect();
        for message in spec.messages.iter().filter(|message| !message.pattern.is_empty()) {
            let literal = message.literal.trim_start_matches('^');
            let line = lines.iter().find(|line| line.contains(literal)).copied().unwrap_or("");
            let message_of_it = syslog::read(line).message;
            inputs.push(format!("{}\n{message_of_it}", message.pattern).into_bytes());
        }
    }
    inputs
}

/// A line in all encodings, with the byte that names the encoding and one for the size of pieces.
fn encoded(line: &str) -> Vec<Vec<u8>> {
    let text = format!("{}\r\né{}\n", value::head(line, 120), value::head(line, 40));
    let wide = |of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
    let latin = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    let kinds = [text.clone().into_bytes(), latin, wide(u16::to_le_bytes), wide(u16::to_be_bytes)];
    (0_u8..).zip(kinds).map(|(kind, bytes)| [vec![kind, 7 + kind * 16], bytes].concat()).collect()
}

/// A line's stamp, with a little behind it.
fn stamp(line: &str) -> Option<Vec<u8>> {
    let at = line
        .char_indices()
        .map(|(at, _)| at)
        .take(40)
        .find(|at| gatewatch::normalize::stamp::read(line.get(*at..).unwrap_or("")).is_some())?;
    Some(value::head(line.get(at..)?, 40).as_bytes().to_vec())
}

fn words(line: &str) -> impl Iterator<Item = Vec<u8>> {
    let parts = line.split([' ', '"', ',', '=', '(', ')']);
    parts
        .filter(|word| word.contains(['.', ':', '\\', '@']))
        .map(|word| value::head(word, 80).as_bytes().to_vec())
}

/// Sample lines in the wrappers of Docker, of a container runtime, and of the journal.
fn wrapped(specs: &[GrammarSpec]) -> Vec<Vec<u8>> {
    let formats = formats("wrapped");
    let mut inputs = Vec::new();
    for spec in specs.iter().filter(|spec| formats.contains(&spec.name)) {
        for lines in spec.samples.iter().flat_map(|sample| sample.lines.chunks(4)) {
            let each = |wrap: &dyn Fn(&str) -> String| {
                let lines: Vec<String> = lines.iter().map(|line| wrap(line)).collect();
                format!("{}\n{}\n", spec.name, lines.join("\n")).into_bytes()
            };
            inputs.push(each(&|line| {
                let log = quote(&format!("{line}\n"));
                format!("{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"2026-11-23T08:00:00.5Z\"}}")
            }));
            inputs.push(each(&|line| format!("2026-11-23T08:00:00.123456789Z stderr F {line}")));
            inputs.push(each(&|line| {
                let message = quote(syslog::read(line).message);
                format!(
                    "{{\"__REALTIME_TIMESTAMP\":\"1795420800000000\",\"_HOSTNAME\":\"gate\",\"SYSLOG_IDENTIFIER\":\"{}\",\"_PID\":\"71\",\"MESSAGE\":{message}}}",
                    spec.name
                )
            }));
        }
    }
    inputs
}

/// A JSON string of a text.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
