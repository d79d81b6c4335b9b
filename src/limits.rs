//! Every maximum of the program, with its unit and the reason for its size. Nothing grows past these.

use crate::schema::Span;

/// Bytes kept of one line; the rest is counted and skipped. Longer than any log format's usual line,
/// short enough that a batch of them fits in memory.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes kept of one field; a longer one is cut and the event flagged `truncated`.
pub const FIELD_BYTES_MAX: usize = 4 * 1024;
/// Bytes kept of a key of `extra`; a longer one is cut and the event flagged `truncated`. Each field repeats its
/// whole path, so that this bounds the memory of a record.
pub const KEY_BYTES_MAX: usize = 1_024;
/// Nesting of JSON that is followed.
pub const JSON_DEPTH_MAX: usize = 64;
/// Fields of one record; a line with more is cut there and flagged.
pub const FIELDS_MAX: usize = 1_024;
/// Lines of one batch: one commit of so many rows takes about 30 ms.
pub const BATCH_LINES_MAX: usize = 4_096;
/// Bytes of one batch, so that long lines do not make a batch long.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that identify a file by its head.
pub const HEAD_BYTES: u64 = 1_024;
/// Bytes before the position that prove it is the same file.
pub const TAIL_MARKER_BYTES: u64 = 256;
/// Older markers kept per file, one every `MARKER_EVERY_BYTES`.
pub const MARKERS_MAX: usize = 16;
/// Distance of the older markers.
pub const MARKER_EVERY_BYTES: u64 = 64 * 1024;
/// Files held open at once; beyond it the ones longest quiet are closed and opened again when they grow.
pub const OPEN_FILES_MAX: usize = 512;
/// Deleted files that are held open to be read to their end.
pub const DELETED_FILES_MAX: usize = 64;
/// How long a deleted file is held open.
pub const DELETED_AGE_MAX: Span = Span::minutes(10);
/// A rotated-away file's last line without terminator is stored after so long.
pub const UNTERMINATED_AFTER: Span = Span::seconds(5);
/// A run of NUL bytes from so many on is a hole, with a gap row; a shorter one is part of its line.
pub const HOLE_BYTES_MIN: u64 = 512;
/// Files that are followed, and file generations that are remembered; further files are refused by name.
pub const FILES_MAX: usize = 65_536;
/// Directories below a `**` that are looked into.
pub const GLOB_DEPTH_MAX: usize = 32;
/// Time between two full looks at every glob and file.
pub const SCAN_EVERY: Span = Span::seconds(1);
/// Plain bytes read out of one compressed file.
pub const GZIP_PLAIN_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// Plain bytes per compressed byte; gzip itself reaches about 1,032.
pub const GZIP_RATIO_MAX: u64 = 200;
/// A stamp so far after the read time is flagged and moves no watermark.
pub const FUTURE_SKEW_MAX: Span = Span::minutes(2);
/// How late a line may be in event time unless its source says otherwise.
pub const LATENESS_DEFAULT: Span = Span::minutes(2);
/// Lines of one login attempt that stand so close together are one attempt.
pub const ATTEMPT_SPAN: Span = Span::seconds(15);
/// Attempts remembered per source for that.
pub const ATTEMPTS_MAX: usize = 512;
/// Opening lines of one VPN session stand so close together: a client downloads and checks itself between its login
/// and its tunnel.
pub const SESSION_OPENING_SPAN: Span = Span::seconds(60);
/// A peer whose handshakes are no further apart has one session: WireGuard forgets all keys after three times
/// its REJECT_AFTER_TIME of 180 s (drivers/net/wireguard/messages.h).
pub const SESSION_PEER_SPAN: Span = Span::seconds(540);
/// Further lines about the end of a session follow its first one within this.
pub const SESSION_ENDING_SPAN: Span = Span::minutes(2);
/// Sessions remembered per source to find what a closing line closes, about 350 bytes each; then the one that was
/// longest not heard of is forgotten. A large VPN gateway carries some 10,000.
pub const SESSIONS_MAX: usize = 16_384;
/// Sessions remembered of all sources; then one of the source that has most is forgotten.
pub const SESSIONS_TOTAL_MAX: usize = 65_536;
/// Sessions per source that are over and remembered for further lines about their end.
pub const SESSIONS_ENDED_MAX: usize = 256;
/// Window keys per rule, about 150 bytes each. Past it, keys that were heard of once give way to new ones, and that is
/// itself a finding.
pub const WINDOW_KEYS_MAX: usize = 250_000;
/// Window keys of all rules together. Past it, each rule has the share that follows, so that a flood of forged names,
/// which meets several rules at once, costs about 50 MB.
pub const WINDOW_KEYS_TOTAL_MAX: usize = 300_000;
/// Window keys that each rule may have whatever the others have.
pub const WINDOW_KEYS_SHARE: usize = 100_000;
/// Window keys that gave way and are known again when they come back, per rule; about 16 bytes each. At a thousand forged
/// names a second that is the flood of the last eight minutes.
pub const WINDOW_KEYS_KNOWN_MAX: usize = 524_288;
/// Events remembered per rule, about 16 bytes each. Past it the oldest are forgotten, and that is itself a finding.
pub const WINDOW_EVENTS_RULE_MAX: usize = 1_000_000;
/// Bytes of a window key; a longer one is kept by its beginning and its hash.
pub const WINDOW_KEY_BYTES_MAX: usize = 512;
/// Events remembered per window key.
pub const WINDOW_EVENTS_MAX: usize = 1_024;
/// Longest window of a rule.
pub const WINDOW_SPAN_MAX: Span = Span::days(31);
/// Evidence kept per finding.
pub const EVIDENCE_MAX: usize = 100;
/// Compiled size of one pattern in bytes: operators' patterns must not eat the memory.
pub const REGEX_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Text lines of a mail: one screen and a half.
pub const MAIL_LINES_MAX: usize = 80;
/// Rules that a start or a reload names one by one in the journal; the store's `rule_versions` has them all.
pub const RULES_TOLD_MAX: usize = 256;
/// Bytes of a mail's body.
pub const MAIL_BYTES_MAX: usize = 64 * 1024;
/// Characters of a subject.
pub const SUBJECT_CHARS_MAX: usize = 120;
/// Message ids in `References`: the first one of the thread and the latest.
pub const REFERENCES_MAX: usize = 20;
/// Bytes kept of a relay's reply.
pub const REPLY_BYTES_MAX: usize = 512;
/// SMTP time until the body begins.
pub const SMTP_UNTIL_BODY_MAX: Span = Span::seconds(60);
/// SMTP time after the body began, for the relay's answer to the final dot.
pub const SMTP_AFTER_BODY_MAX: Span = Span::seconds(180);
/// SMTP time for one command.
pub const SMTP_COMMAND_MAX: Span = Span::seconds(15);
/// SMTP sessions side by side.
pub const SMTP_SESSIONS_MAX: usize = 8;
/// A notification is tried for so long.
pub const NOTIFICATION_AGE_MAX: Span = Span::days(5);
/// Per cent of the time to notify after which, with no notice accepted, the journal cries and a file is dropped.
pub const EMERGENCY_PERCENT: i64 = 70;
/// Files that wait in the drop folder; more mean that nobody takes them.
pub const DROPS_MAX: usize = 1_000;
/// Incidents that findings may still join. Past it, findings of new entities share one incident per rule:
/// a flood is one alert, and ten thousand incidents with clocks and mails take about 30 MB.
pub const INCIDENTS_OPEN_MAX: usize = 10_000;
/// A reply to an alert is acted on so long after the alert was decided.
pub const REPLY_TOKEN_LASTS: Span = Span::days(7);
/// Answers to replies that were not acted on, per person and hour: more are a loop, not a person.
pub const REPLY_ANSWERS_MAX: u32 = 20;
/// A control request.
pub const CONTROL_BYTES_MAX: usize = 64 * 1024;
/// Time of one query.
pub const QUERY_SECONDS_MAX: u64 = 30;
/// The shell looks at deadlines at least so often.
pub const LOOK_EVERY: Span = Span::millis(500);
/// The WAL is degraded above so many bytes.
pub const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Lines that one file may hold back until their record is complete: a pretty-printed JSON record of an audit log
/// has some hundred.
pub const HELD_LINES_MAX: usize = 4_096;
/// Bytes that one file may hold back; four times the longest line.
pub const HELD_BYTES_MAX: usize = 256 * 1024;
/// Bytes that all files together may hold back.
pub const HELD_BYTES_TOTAL_MAX: usize = 16 * 1024 * 1024;
/// Lines are held back no longer than this after they were read, whatever may follow.
pub const HELD_AGE_MAX: Span = Span::seconds(60);
/// An audit event is complete when the file shows a record that is so much later: auparse(3) waits as long.
pub const AUDIT_SPAN: Span = Span::seconds(2);
/// An audit event is complete after so many further lines of the file.
pub const AUDIT_LINES_MAX: u64 = 1_000;
/// Records of an audit event are held back no longer than this after they were read. The kernel writes them within
/// milliseconds; a quiet machine may write nothing for minutes, and an alert must not wait for that.
pub const AUDIT_AGE_MAX: Span = Span::seconds(5);
/// Audit events of one file that may be incomplete at a time.
pub const AUDIT_OPEN_MAX: usize = 64;
/// Plain members that an object may have beside its array of records, to be taken for their wrapper.
pub const WRAPPER_MEMBERS_MAX: usize = 8;
/// Machines of one file whose last message is remembered, for `last message repeated`.
pub const REPEAT_HOSTS_MAX: usize = 8;
/// Bytes that the plain members of a wrapper may take in all its records together: each record repeats them. What
/// does not fit is left out, and the events are flagged `truncated`.
pub const WRAPPER_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a message that is remembered for that; a longer one is not.
pub const REPEAT_BYTES_MAX: usize = 1_024;
