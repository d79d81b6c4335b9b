//! `last message repeated N times`: what syslog daemons write instead of a message that comes again (syslogd(8)). The
//! last message of each machine in a file is remembered as it was written, so that the line can be read as what it
//! stands for.

use super::stamp::Stamp;
use super::syslog;
use crate::limits::{REPEAT_BYTES_MAX, REPEAT_HOSTS_MAX};
use serde::{Deserialize, Serialize};

/// The last messages of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct LastMessages(Vec<LastMessage>);

/// The last message of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastMessage {
    host: String,
    /// The line's number.
    pub(super) line: u64,
    /// The whole line; empty where it is too long to be remembered.
    pub(super) text: String,
}

/// What a line says that tells a repetition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeat<'a> {
    /// How often.
    pub(super) count: u32,
    /// The machine whose message it was; `None` where the line does not say.
    host: Option<&'a str>,
    /// When it was told.
    pub(super) stamp: Option<(Stamp, &'a str)>,
}

impl<'a> Repeat<'a> {
    /// Reads a line; `None` when it tells no repetition. The words must be the whole message of the daemon itself: a
    /// program's message has its tag before it.
    pub(super) fn read(line: &'a str) -> Option<Repeat<'a>> {
        // Nearly every line is told from one at its last byte.
        if matches!(line.as_bytes(), [.., last] if last.is_ascii_graphic() && !matches!(last, b's' | b'e' | b'-'))
        {
            return None;
        }
        let end = line.trim_end().trim_end_matches(" ---");
        if !(end.ends_with(" times") || end.ends_with(" time")) {
            return None;
        }
        let header = syslog::read(line);
        let own = header.program.is_none_or(|program| matches!(program, "syslogd" | "last"));
        let count = [header.after_stamp, header.after_host, header.message].into_iter().find_map(count);
        let host = header.host.filter(|host| !matches!(*host, "---" | "last"));
        Some(Repeat { count: count.filter(|_| own)?, host, stamp: header.stamp })
    }
}

fn count(message: &str) -> Option<u32> {
    let message = message.trim_start_matches([':', ' ']);
    let bare = message.strip_prefix("--- ").and_then(|rest| rest.trim_end().strip_suffix(" ---"));
    let rest = bare.unwrap_or(message.trim_end()).strip_prefix("last message repeated ")?;
    let number = rest.strip_suffix(" times").or_else(|| rest.strip_suffix(" time"))?;
    number.parse().ok().filter(|count| *count > 0)
}

impl LastMessages {
    /// Whether nothing is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The message that a line repeats.
    pub(super) fn of(&self, repeat: &Repeat<'_>) -> Option<&LastMessage> {
        let last = match repeat.host {
            // Some forms do not tell the host.
            Some(host) => {
                let of = |host: &str| self.0.iter().find(|last| last.host == host);
                of(host).or_else(|| of(""))
            }
            None => self.0.iter().max_by_key(|last| last.line),
        };
        last.filter(|last| !last.text.is_empty())
    }

    /// Remembers the message of a machine.
    pub(super) fn remember(&mut self, host: &str, line: u64, text: &str) {
        let text = if text.len() <= REPEAT_BYTES_MAX { text } else { "" };
        if let Some(last) = self.0.iter_mut().find(|last| last.host == host) {
            last.line = line;
            last.text.clear();
            last.text.push_str(text);
            return;
        }
        if host.len() > REPEAT_BYTES_MAX {
            return;
        }
        if self.0.len() >= REPEAT_HOSTS_MAX
            && let Some((at, _)) = self.0.iter().enumerate().min_by_key(|(_, last)| last.line)
        {
            self.0.remove(at);
        }
        self.0.push(LastMessage { host: host.to_owned(), line, text: text.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<(u32, Option<&str>)> {
        Repeat::read(line).map(|repeat| (repeat.count, repeat.host))
    }

    #[test]
    fn only_the_daemons_own_words_repeat() {
        for (line, expected) in [
            ("Nov 23 09:00:00 gw last message repeated 5 times", Some((5, Some("gw")))),
            ("Nov 23 09:00:00: --- last message repeated 1 time ---", Some((1, None))),
            ("<46>Nov 23 09:00:00 gw last message repeated 2 times", Some((2, Some("gw")))),
            ("Nov 23 09:00:00 gw syslogd: last message repeated 3 times", Some((3, Some("gw")))),
            ("Nov 23 09:00:00 gw sshd[7]: last message repeated 3 times", None),
            ("Nov 23 09:00:00 gw sshd[7]: Invalid user last message repeated 3 times", None),
            ("Nov 23 09:00:00 gw last message repeated 0 times", None),
            ("Nov 23 09:00:00 gw last message repeated -1 times", None),
            ("Nov 23 09:00:00 gw it took three times", None),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }

    #[test]
    fn the_machines_that_were_silent_longest_are_forgotten() {
        let mut last = LastMessages::default();
        for line in 1..100 {
            last.remember(&format!("h{line}"), line, "text");
        }
        assert_eq!(last.0.len(), REPEAT_HOSTS_MAX);
        last.remember("h99", 100, &"x".repeat(REPEAT_BYTES_MAX + 1));
        let of = |host| last.of(&Repeat { count: 1, host, stamp: None }).map(|last| last.line);
        assert_eq!((of(Some("h98")), of(Some("h1")), of(Some("h99"))), (Some(98), None, None));
    }
}
