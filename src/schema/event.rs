//! A line as read, and the one normalized event that it becomes.

use super::kind::{Class, Outcome};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// A value of a line. Most are short and stand in the event itself (up to 23 bytes), so that an event is made and
/// given back without a memory block for each of its columns.
pub type ShortText = smol_str::SmolStr;

/// One line as Tail cut it out of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLine {
    /// Name of the source (configuration) that owns the file.
    pub source: Arc<str>,
    /// The file generation that the line stands in (`generations.id`); a replay counts its files from 1.
    pub generation: u64,
    /// First byte of the line in the (decompressed) file.
    pub offset: u64,
    /// True length in bytes, terminator included, also when the line was cut.
    pub length: u64,
    /// Number of the line in its file, 1-based, lines end at `\n`; an empty line counts.
    pub line: u64,
    /// At most `limits::LINE_BYTES_MAX` bytes, without terminator.
    pub bytes: Box<[u8]>,
    /// Doubts that Tail has: `truncated`, `unterminated`.
    pub flags: Flags,
    /// When the line was read.
    pub read_at: Timestamp,
}

/// A doubt about an event; the names are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Flag {
    /// The stamp has no year; the latest year not after the read time was taken.
    YearAssumed,
    /// The stamp has no zone; the source's zone was taken.
    ZoneAssumed,
    /// The line has no stamp.
    TimeMissing,
    /// The stamp is more than 2 minutes after the read time.
    TimeFuture,
    /// The stamp is older than the file's watermark by more than the source's lateness.
    TimeLate,
    /// The line was longer than is kept.
    Truncated,
    /// The file was rotated away before the line got its terminator.
    Unterminated,
    /// The bytes were not valid in the source's encoding.
    BadEncoding,
    /// The line held NUL bytes.
    Nul,
    /// A JSON key stood twice; the first counts.
    DuplicateKey,
    /// A name mixes scripts, as look-alike names do.
    MixedScript,
    /// Read by a fallback, not by a grammar of its format.
    Guessed,
}

const FLAGS: [(Flag, &str); 12] = [
    (Flag::YearAssumed, "year-assumed"),
    (Flag::ZoneAssumed, "zone-assumed"),
    (Flag::TimeMissing, "time-missing"),
    (Flag::TimeFuture, "time-future"),
    (Flag::TimeLate, "time-late"),
    (Flag::Truncated, "truncated"),
    (Flag::Unterminated, "unterminated"),
    (Flag::BadEncoding, "bad-encoding"),
    (Flag::Nul, "nul"),
    (Flag::DuplicateKey, "duplicate-key"),
    (Flag::MixedScript, "mixed-script"),
    (Flag::Guessed, "guessed"),
];

/// A set of [`Flag`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(pub u32);

impl Flags {
    /// Adds a flag.
    pub fn set(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u8;
    }
    /// Whether the flag is in the set.
    pub fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u8) != 0
    }
    /// Whether nothing is doubted.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// The names of the flags that are set, in the order of the enum.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        FLAGS.iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| *name)
    }
    /// Both sets together.
    pub fn union(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// A value of `extra`. Nested objects are flattened to dotted keys (`userIdentity.arn`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Datum {
    /// true or false.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text; numbers too large for the above stay text.
    Text(ShortText),
    /// An array; a condition holds for it when it holds for one member.
    List(Vec<Datum>),
}

/// One normalized event: the row of the view `events`. An absent value is `None`, never "".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// Store id, rising in storing order; 0 until the pipeline gives one.
    pub id: u64,
    /// Source name.
    pub source: Arc<str>,
    /// The grammar that read it; a family names the member.
    pub format: Arc<str>,
    /// The grammar's version.
    pub parser: u32,
    /// Where it stands: generation, offset, length (true, with terminator), line number.
    pub generation: u64,
    /// First byte of the line.
    pub offset: u64,
    /// Length of the line in bytes.
    pub length: u64,
    /// 1-based line number in the file as read.
    pub line: u64,
    /// How many lines it was made of.
    pub lines: u32,
    /// Their numbers, where they do not follow one upon the other; else empty.
    pub line_list: Box<[u64]>,
    /// The event (its `id`) whose telling this line repeats; such an event is of class `base`.
    pub part_of: Option<u64>,
    /// Line number of that event, for output without a store.
    pub part_of_line: Option<u64>,
    /// The event (its `id`) that opened the session which this line closes or tells more of.
    pub opened: Option<u64>,
    /// Line number of that event, for output without a store.
    pub opened_line: Option<u64>,
    /// What the line claims; `None` where it has no stamp.
    pub time: Option<Timestamp>,
    /// The time that windows move by: `time` where it can be trusted, else the watermark or read time.
    pub counted_at: Timestamp,
    /// When the line was read.
    pub observed_at: Timestamp,
    /// The stamp as written.
    pub time_text: Option<ShortText>,
    /// OCSF class.
    pub class: Class,
    /// OCSF activity caption in lower case with hyphens; "" when the class alone is known.
    pub activity: &'static str,
    /// Granted, refused, or not said.
    pub outcome: Outcome,
    /// The actor, case as written.
    pub user: Option<ShortText>,
    /// `DOMAIN` of `DOMAIN\user`.
    pub user_domain: Option<ShortText>,
    /// Number or id of the user.
    pub user_uid: Option<ShortText>,
    /// The one acted on.
    pub target_user: Option<ShortText>,
    /// The group acted on.
    pub group: Option<ShortText>,
    /// The role or right acted on.
    pub role: Option<ShortText>,
    /// The client's public address; mapped v4 is folded, no zone.
    pub src_ip: Option<IpAddr>,
    /// The client's port.
    pub src_port: Option<u16>,
    /// The client's name where the line gives one; never an address.
    pub src_host: Option<ShortText>,
    /// Country of `src_ip` (ISO 3166-1 alpha-2).
    pub src_country: Option<ShortText>,
    /// Autonomous system number of `src_ip`.
    pub src_asn: Option<u32>,
    /// The server's address.
    pub dst_ip: Option<IpAddr>,
    /// The server's port.
    pub dst_port: Option<u16>,
    /// The tunnel's inner address.
    pub assigned_ip: Option<IpAddr>,
    /// The machine that wrote the line.
    pub host: Option<ShortText>,
    /// The program that wrote it.
    pub app: Option<ShortText>,
    /// The service that was entered (PAM service, site, instance).
    pub service: Option<ShortText>,
    /// What joins the lines of one session.
    pub session: Option<ShortText>,
    /// `password`, `publickey`, `certificate` ...
    pub auth_method: Option<ShortText>,
    /// Whether a second factor was used; `None` = not said.
    pub mfa: Option<bool>,
    /// OCSF logon type caption in lower case (`interactive`, `network`, `batch`, `remote-interactive`).
    pub logon_type: Option<ShortText>,
    /// Client device.
    pub device: Option<ShortText>,
    /// Client program.
    pub user_agent: Option<ShortText>,
    /// The source's own word for what happened.
    pub action: Option<ShortText>,
    /// What was acted on: path, command, object.
    pub resource: Option<ShortText>,
    /// HTTP method.
    pub http_method: Option<ShortText>,
    /// HTTP status.
    pub http_status: Option<u16>,
    /// Bytes from the client.
    pub bytes_in: Option<u64>,
    /// Bytes to the client.
    pub bytes_out: Option<u64>,
    /// The source's reason for the outcome.
    pub status_detail: Option<ShortText>,
    /// The source's own severity word.
    pub severity: Option<ShortText>,
    /// Occurrences that the line stands for; 1 normally.
    pub count: u32,
    /// Doubts.
    pub flags: Flags,
    /// The line as read, without terminator.
    pub raw: Box<[u8]>,
    /// Every other field of the source, keys flattened, in the order of the line.
    pub extra: Vec<(ShortText, Datum)>,
    /// Why an `unparsed` event was not understood.
    pub reason: Option<ShortText>,
}

impl Event {
    /// The raw line as text: invalid bytes shown as U+FFFD, NULs left out.
    pub fn raw_text(&self) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        if text.contains('\0') { text.replace('\0', "") } else { text.into_owned() }
    }
    /// A field of `extra`.
    pub fn extra(&self, key: &str) -> Option<&Datum> {
        self.extra.iter().find(|(k, _)| &**k == key).map(|(_, value)| value)
    }
}
