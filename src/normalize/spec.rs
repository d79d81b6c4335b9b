//! What a grammar file says, as plain valid data: `config::grammars` reads it from TOML,
//! `normalize::grammar` compiles and runs it. Message forms are data; framings are code.

use crate::schema::{Class, Outcome, Timestamp};

/// How the lines of a source are framed before any message form is looked at. Syslog and plain lines hold a
/// message of text, the others are records of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Syslog headers of every kind, also doubled, relayed or missing; the rest is the message.
    Syslog,
    /// One JSON object per line.
    Json,
    /// `key=value` pairs, values perhaps quoted.
    KeyValue,
    /// The whole line is the message.
    Plain,
    /// ArcSight's Common Event Format.
    Cef,
    /// QRadar's Log Event Extended Format.
    Leef,
    /// Cells parted by a delimiter, named by layouts or by the first line of the file.
    Csv,
    /// W3C extended log files: a `#Fields:` line names the fields.
    W3c,
    /// One Windows event as XML.
    Xml,
    /// Records of the Linux audit daemon.
    Audit,
}

impl Framing {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// Whether a line is a message that patterns read, not a record whose fields are tested.
    pub fn is_text(self) -> bool {
        matches!(self, Framing::Syslog | Framing::Plain)
    }
}

/// Where a value goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A column of the event by its contract name (`user`, `src_ip`, `http_status` ...). Besides the columns:
    /// `src` (an address, `[v6]:port`, `address:port` or a name: becomes src_ip + src_port or src_host),
    /// `account` (`DOMAIN\user` is split), `pid` (goes to extra, and keys attempts), `time` (a stamp),
    /// `outcome` and `activity` (by name).
    Column(String),
    /// A key of `extra`.
    Extra(String),
}

impl Target {
    /// Whether grammar files call it so: a column by its name, a key of `extra` as `extra.KEY`.
    pub fn is_named(&self, name: &str) -> bool {
        match self {
            Target::Column(column) => column == name,
            Target::Extra(key) => name.strip_prefix("extra.") == Some(key),
        }
    }
}

/// What a line tells about a login attempt that several lines tell (one failure = one event).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptRole {
    /// It tells a failed attempt and how (`Failed password for ...`): one more attempt, unless it repeats the
    /// telling of a `Hints` line of the same attempt.
    Fails,
    /// It tells that an attempt fails or will fail, and a `Fails` line may follow (`Invalid user`, a PAM
    /// failure): a failure of its own when nothing told it before.
    Hints,
    /// As `Hints`, but no credential was tried yet (`Invalid user`): the `Fails` line that follows is part of it
    /// and proves the guess.
    Announces,
    /// It repeats what `Fails` lines told (`PAM 2 more authentication failures`, `maximum attempts exceeded`):
    /// never a failure when one was told, part of it instead.
    Repeats,
    /// It only belongs to an attempt (`check pass; user unknown`): part of it when there is one, else of class base.
    Belongs,
    /// The connection ended: what follows is another attempt.
    Ends,
    /// It tells that the user was let in (`Accepted password for ...`): the attempt ends, and an `Opens` line
    /// may follow.
    Admits,
    /// It tells what follows from being let in (PAM `session opened`): part of the logon that an `Admits` line
    /// told, else a logon of its own.
    Opens,
}

/// A test on a field of a record that must hold for a message form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Dotted path of the field; or a target that `fields` feeds, then the first of its fields that says
    /// something is tested.
    pub field: String,
    /// It equals one of these (ASCII case ignored, numbers by their text; `*` at the end matches any ending, at
    /// the start any beginning); empty = it exists. An array fulfils it by one member.
    pub one_of: Vec<String>,
    /// The test is turned round.
    pub negated: bool,
}

/// How many cells a CSV line must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

/// What the cells of a CSV line are called; the first layout that fits a line counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutSpec {
    /// Names by position; "" = the cell has none and is `column.N`.
    pub columns: Vec<String>,
    /// By position, counted from 0: the cell is one of these (as in [`Condition`]); none = it is there.
    pub when: Vec<(usize, Vec<String>)>,
    /// How many cells there must be; `None` = any number.
    pub count: Option<Count>,
}

/// One message form.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageSpec {
    /// Name inside the grammar, unique.
    pub name: String,
    /// Text that every such message contains; picks the form before the pattern runs. `^` at its start means
    /// that the message begins with the rest of it.
    pub literal: String,
    /// Regex on the message (byte regex without Unicode classes, anchored by its author). Capture names are
    /// targets: a column's name, else a key of `extra`; `__2` at a name's end is cut, so that two branches can
    /// feed one target. Empty for forms of records without `field`.
    pub pattern: String,
    /// For forms of records: the fields whose text the pattern reads, the first that it fits; none = the pattern, if
    /// there is one, reads messages of text.
    pub field: Vec<String>,
    /// All must hold; for forms of records.
    pub when: Vec<Condition>,
    /// Fields that feed targets in this form; the grammar's of the same target do not count here.
    pub fields: Vec<(Target, Vec<String>)>,
    /// Class of the event.
    pub class: Class,
    /// Activity caption; "" where only the class is known.
    pub activity: &'static str,
    /// Outcome.
    pub outcome: Outcome,
    /// Constant values; a capture wins over them.
    pub set: Vec<(Target, String)>,
    /// Captured words translated: (target, [(word, replacement)]), e.g. outcome by a status word; ASCII case
    /// ignored, `*` stands for any other word.
    pub map: Vec<(Target, Vec<(String, String)>)>,
    /// What it tells about a login attempt.
    pub attempt: Option<AttemptRole>,
}

/// A sample line with what it must become; part of the grammar file, run by tests and `gatewatch test`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The read time, by which stamps without a year are resolved.
    pub now: Timestamp,
    /// Lines in order, as in the file.
    pub lines: Vec<String>,
    /// For each expected event: its columns as text by name (`line` picks the line, left out: the
    /// first event is of line 1, the second of line 2 ...); a column given as "" must be absent.
    pub events: Vec<Vec<(String, String)>>,
}

/// One grammar.
#[derive(Clone, Debug, PartialEq)]
pub struct GrammarSpec {
    /// File it came from, for messages.
    pub file: String,
    /// `sshd`, `openvpn` ...
    pub name: String,
    /// The family that it belongs to (`linux-auth`): a source of the family, or of one of its members, reads all
    /// members, routed by program.
    pub family: Option<String>,
    /// Further families whose sources read it too; it reads nothing of theirs.
    pub guest_of: Vec<String>,
    /// One line for `gatewatch formats`.
    pub description: String,
    /// Counts up when the meaning of lines changes.
    pub version: u32,
    /// Whether it is one of the fallbacks.
    pub fallback: bool,
    /// Framings, each once. Forms with a pattern read the messages of text, the others the records.
    pub framings: Vec<Framing>,
    /// Beginnings of keys that records may put in front, without the dot: with `data` the field `data.user` is
    /// also known as `user`. A bare key wins, then the earlier root.
    pub roots: Vec<String>,
    /// What parts the cells of CSV lines.
    pub delimiter: u8,
    /// Names of the cells of CSV lines; none = the first line of the file has them.
    pub layouts: Vec<LayoutSpec>,
    /// Programs (syslog tags, without pid) that it claims; `*` at the end matches any ending.
    pub programs: Vec<String>,
    /// Sigma logsource names: (product, service, category), each optional.
    pub logsource: (Option<String>, Option<String>, Option<String>),
    /// Constant values of every event.
    pub set: Vec<(Target, String)>,
    /// Words translated, for every form and for `fields`; a form's own map of the same target wins. The word
    /// `*` stands for any other.
    pub map: Vec<(Target, Vec<(String, String)>)>,
    /// Fields that feed targets, in order of preference: dotted paths (ASCII case ignored), `list.0.name` picks
    /// one of an array, `date+time` joins two by a blank. In a grammar of syslog and plain messages alone the fields
    /// are the `key=value` pairs found in them; where records are read too they feed records only.
    pub fields: Vec<(Target, Vec<String>)>,
    /// Message forms; the first that fits wins.
    pub messages: Vec<MessageSpec>,
    /// Sample lines.
    pub samples: Vec<Sample>,
}

impl GrammarSpec {
    /// The families whose sources read it, its own first.
    pub fn families(&self) -> impl Iterator<Item = &str> {
        self.family.iter().chain(&self.guest_of).map(String::as_str)
    }

    /// Whether some of its lines are records of fields.
    pub fn reads_records(&self) -> bool {
        self.framings.iter().any(|framing| !framing.is_text())
    }
}

impl MessageSpec {
    /// Whether it is a form of records.
    pub fn is_of_records(&self) -> bool {
        self.pattern.is_empty() || !self.field.is_empty()
    }
}
