//! Bytes into bounded lines. Lines end at `\n`; memory stays within one kept line whatever comes in.

use super::wide::Encoding;
use crate::limits::{HOLE_BYTES_MIN, LINE_BYTES_MAX};
use crate::schema::{Flag, Flags, RawLine, Timestamp};
use memchr::{memchr, memchr_iter};
use std::sync::Arc;

/// Where lines go, and how many may still come in this batch.
pub struct Out<'a> {
    /// The batch's lines.
    pub lines: &'a mut Vec<RawLine>,
    /// Holes of NUL bytes that were skipped: from, to.
    pub holes: Vec<(u64, u64)>,
    /// Lines that may still be added.
    pub left: usize,
    /// Source of these lines.
    pub source: Arc<str>,
    /// Generation of these lines.
    pub generation: u64,
    /// Time of this reading.
    pub read_at: Timestamp,
}

/// The place in one file's bytes: complete lines behind it, at most one incomplete line under it.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    /// Start of the first incomplete line: the offset that is committed.
    pub line_start: u64,
    /// Lines before it, empty ones included.
    pub lines: u64,
    /// What a line's end is.
    pub encoding: Encoding,
    partial: Partial,
}

/// What was read of the incomplete line.
#[derive(Clone, Debug, Default)]
struct Partial {
    /// Bytes since `line_start`, NULs included.
    length: u64,
    /// The first of them, without NULs.
    kept: Vec<u8>,
    dropped: bool,
    nul: bool,
    /// NULs at its end so far.
    run: u64,
    /// Holes inside the line, told when the line ends.
    holes: Vec<(u64, u64)>,
}

impl Splitter {
    /// A splitter that goes on at a committed position.
    pub fn at(offset: u64, lines: u64, encoding: Encoding) -> Splitter {
        Splitter { line_start: offset, lines, encoding, partial: Partial::default() }
    }

    /// The next byte to read.
    pub fn next(&self) -> u64 {
        self.line_start + self.partial.length
    }

    /// Bytes of the incomplete line.
    pub fn pending(&self) -> u64 {
        self.partial.length
    }

    /// NULs that were read last, without anything after them.
    pub fn run(&self) -> u64 {
        self.partial.run
    }

    /// Whether the incomplete line is nothing but NULs so far.
    pub fn only_nuls(&self) -> bool {
        self.partial.length > 0 && self.partial.length == self.partial.run
    }

    /// Forgets the incomplete line, so that it is read again from its start.
    pub fn rewind(&mut self) {
        self.partial = Partial::default();
    }

    /// Cuts lines out of `data`, which begins at [`Splitter::next`]. Returns how many bytes were taken:
    /// fewer than all when the batch is full, and then they end with a line, or when half a code unit is left.
    pub fn feed(&mut self, data: &[u8], out: &mut Out<'_>) -> usize {
        if self.next() == 0 {
            self.encoding = self.encoding.of(data);
        } else if self.line_start == 0 && self.partial.length == 1 && !self.encoding.is_wide() {
            // The byte order mark came in two pieces.
            let mark =
                [self.partial.kept.first().copied(), data.first().copied()].map(Option::unwrap_or_default);
            if self.encoding.of(&mark).is_wide() {
                self.encoding = self.encoding.of(&mark);
                self.keep(&mark[1..]);
                return 1 + self.wide(data.get(1..).unwrap_or_default(), out);
            }
        }
        if self.encoding.is_wide() {
            return self.wide(data, out);
        }
        if self.partial.run == 0 && memchr(0, data).is_none() {
            self.text(data, out)
        } else {
            self.mixed(data, out)
        }
    }

    /// Counts `n` NULs that need not be looked at.
    pub fn nuls(&mut self, n: u64) {
        self.partial.length += n;
        self.partial.run += n;
        self.partial.nul |= n > 0;
    }

    /// Emits the incomplete line of a file to which nothing more will come.
    pub fn finish(&mut self, out: &mut Out<'_>) {
        if self.only_nuls() && self.partial.run >= HOLE_BYTES_MIN {
            self.end_run(out);
        }
        if self.partial.length > 0 {
            self.end_line(&[], 0, Some(Flag::Unterminated), out);
        }
    }

    /// Data that holds NULs: alternately runs of them and text.
    fn mixed(&mut self, data: &[u8], out: &mut Out<'_>) -> usize {
        let mut at = 0;
        while at < data.len() && out.left > 0 {
            let rest = data.get(at..).unwrap_or_default();
            let run = rest.iter().take_while(|b| **b == 0).count();
            if run > 0 {
                self.nuls(run as u64);
                at += run;
                continue;
            }
            self.end_run(out);
            let text = rest.get(..memchr(0, rest).unwrap_or(rest.len())).unwrap_or_default();
            let taken = self.text(text, out);
            at += taken;
            if taken < text.len() {
                break;
            }
        }
        at
    }

    /// UTF-16: the same, by code units.
    fn wide(&mut self, data: &[u8], out: &mut Out<'_>) -> usize {
        let (pairs, _) = data.as_chunks::<2>();
        let mut at = 0;
        while at < pairs.len() && out.left > 0 {
            let rest = pairs.get(at..).unwrap_or_default();
            let units = rest.iter().map(|pair| self.encoding.read(*pair));
            let nuls = units.clone().take_while(|unit| *unit == 0).count();
            if nuls > 0 {
                self.nuls(2 * nuls as u64);
                at += nuls;
                continue;
            }
            let length = units.clone().take_while(|unit| *unit != 0 && *unit != u16::from(b'\n')).count();
            let ended = units.clone().nth(length) == Some(u16::from(b'\n'));
            self.end_run(out);
            let text = data.get(2 * at..2 * (at + length)).unwrap_or_default();
            at += length;
            if ended {
                self.end_line(text, 2, None, out);
                at += 1;
            } else {
                self.keep(text);
            }
        }
        2 * at
    }

    /// Something other than a NUL follows a run of them: long runs are holes, short ones belong to the line.
    fn end_run(&mut self, out: &mut Out<'_>) {
        let run = std::mem::take(&mut self.partial.run);
        if run < HOLE_BYTES_MIN {
            return;
        }
        let end = self.next();
        if self.partial.length == run {
            out.holes.push((self.line_start, end));
            self.line_start = end;
            self.partial = Partial::default();
        } else {
            self.partial.holes.push((end - run, end));
        }
    }

    fn text(&mut self, data: &[u8], out: &mut Out<'_>) -> usize {
        let mut start = 0;
        for at in memchr_iter(b'\n', data) {
            if out.left == 0 {
                return start;
            }
            let line = data.get(start..at).unwrap_or_default();
            self.end_line(line, 1, None, out);
            start = at + 1;
        }
        if out.left == 0 {
            return start;
        }
        self.keep(data.get(start..).unwrap_or_default());
        data.len()
    }

    fn keep(&mut self, bytes: &[u8]) {
        let partial = &mut self.partial;
        let room = (LINE_BYTES_MAX + 1).saturating_sub(partial.kept.len());
        partial.kept.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        partial.dropped |= bytes.len() > room;
        partial.length += bytes.len() as u64;
    }

    fn decode(&self, bytes: &[u8], flags: &mut Flags) -> String {
        let mut kept = bytes;
        if bytes.len() > LINE_BYTES_MAX {
            kept = self.encoding.whole(bytes.get(..LINE_BYTES_MAX).unwrap_or_default());
            flags.set(Flag::Truncated);
        }
        let (text, bad) = self.encoding.decode(kept);
        if bad {
            flags.set(Flag::BadEncoding);
        }
        text
    }

    /// The line is the incomplete one plus `last`; `terminator` bytes follow it.
    fn end_line(&mut self, last: &[u8], terminator: u64, flag: Option<Flag>, out: &mut Out<'_>) {
        let mut flags = Flags::default();
        if let Some(flag) = flag {
            flags.set(flag);
        }
        let kept;
        let mut bytes = last;
        let mut length = last.len() as u64 + terminator;
        if self.partial.length > 0 {
            self.keep(last);
            let partial = std::mem::take(&mut self.partial);
            length = partial.length + terminator;
            if partial.nul {
                flags.set(Flag::Nul);
            }
            if partial.dropped {
                flags.set(Flag::Truncated);
            }
            out.holes.extend(partial.holes);
            kept = partial.kept;
            bytes = &kept;
        }
        let text;
        if self.encoding != Encoding::Bytes {
            text = self.decode(bytes, &mut flags);
            bytes = text.as_bytes();
        }
        if !flags.has(Flag::Truncated) {
            bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        }
        if self.line_start == 0 {
            bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        }
        if bytes.len() > LINE_BYTES_MAX {
            bytes = bytes.get(..cut(bytes)).unwrap_or_default();
            flags.set(Flag::Truncated);
        }
        let offset = self.line_start;
        self.lines += 1;
        self.line_start += length;
        if bytes.is_empty() && !flags.has(Flag::Nul) {
            return; // An empty line is counted, and is no event.
        }
        out.left = out.left.saturating_sub(1);
        out.lines.push(RawLine {
            source: Arc::clone(&out.source),
            generation: out.generation,
            offset,
            length,
            line: self.lines,
            bytes: bytes.into(),
            flags,
            read_at: out.read_at,
        });
    }
}

/// Where a line that is too long is cut: not within a character, which would then look like a wrong one.
fn cut(bytes: &[u8]) -> usize {
    let starts = |at: &usize| bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    (LINE_BYTES_MAX - 3..=LINE_BYTES_MAX).rev().find(starts).unwrap_or(LINE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn out(lines: &mut Vec<RawLine>, left: usize) -> Out<'_> {
        Out { lines, holes: Vec::new(), left, source: "s".into(), generation: 1, read_at: Timestamp(0) }
    }

    fn cut(pieces: &[&[u8]]) -> (Vec<RawLine>, Vec<(u64, u64)>, Splitter) {
        let (mut lines, mut splitter) = (Vec::new(), Splitter::default());
        let mut out = out(&mut lines, usize::MAX);
        for piece in pieces {
            assert_eq!(splitter.feed(piece, &mut out), piece.len());
        }
        let holes = std::mem::take(&mut out.holes);
        (lines, holes, splitter)
    }

    #[test]
    fn carriage_returns_and_the_byte_order_mark_are_no_text_and_empty_lines_are_counted() {
        let (lines, _, splitter) = cut(&[b"\xEF\xBB\xBFone\r", b"\n\r\n\ntwo\rtwo\nrest"]);
        let told: Vec<_> = lines.iter().map(|l| (&*l.bytes, l.offset, l.length, l.line)).collect();
        assert_eq!(told, [(&b"one"[..], 0, 8, 1), (&b"two\rtwo"[..], 11, 8, 4)]);
        assert_eq!((splitter.line_start, splitter.next(), splitter.lines), (19, 23, 4));
    }

    #[test]
    fn a_huge_line_is_cut_with_its_true_length_and_the_next_is_whole() {
        let block = vec![b'a'; 100_000];
        let mut pieces: Vec<&[u8]> = vec![&block; 1_000];
        pieces.push(b"\nnext\n");
        let (lines, _, splitter) = cut(&pieces);
        assert_eq!((lines[0].bytes.len(), lines[0].length), (LINE_BYTES_MAX, 100_000_001));
        assert!(lines[0].flags.has(Flag::Truncated) && lines[1].flags.is_empty());
        assert_eq!((&*lines[1].bytes, lines[1].offset), (&b"next"[..], 100_000_001));
        assert!(splitter.partial.kept.capacity() < 4 * LINE_BYTES_MAX);
        let exact = [vec![b'x'; LINE_BYTES_MAX], b"\r\n".to_vec()].concat();
        assert!(cut(&[&exact]).0[0].flags.is_empty());
    }

    #[test]
    fn nuls_are_left_out_and_flagged_and_holes_are_counted() {
        let hole = vec![0; 10_000];
        let (lines, holes, _) = cut(&[b"a\0b\n", &hole, b"after\nmid", &hole, b"dle\n\0\0\n"]);
        let told: Vec<_> = lines.iter().map(|l| (&*l.bytes, l.offset, l.flags.has(Flag::Nul))).collect();
        assert_eq!(
            told,
            [
                (&b"ab"[..], 0, true),
                (b"after", 10_004, false),
                (b"middle", 10_010, true),
                (b"", 20_017, true)
            ]
        );
        assert_eq!(holes, [(4, 10_004), (10_013, 20_013)]);
    }

    #[test]
    fn a_cut_line_ends_with_a_whole_character() {
        let long = [b"a".repeat(LINE_BYTES_MAX - 1), "é\n".into()].concat();
        assert!(cut(&[&long]).0[0].bytes.ends_with(b"aa"));
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let keys = wide(&format!("\u{FEFF}{}\n", "\u{1F511}".repeat(LINE_BYTES_MAX)));
        let signs = wide(&format!("\u{FEFF}{}\n", "\u{20AC}".repeat(LINE_BYTES_MAX)));
        for bytes in [keys, signs] {
            let line = &cut(&[&bytes]).0[0];
            assert!(std::str::from_utf8(&line.bytes).is_ok_and(|text| text.len() > LINE_BYTES_MAX - 8));
            assert_eq!(line.flags.names().collect::<Vec<_>>(), ["truncated"]);
        }
    }

    #[test]
    fn an_unfinished_line_is_told_only_at_the_end_of_its_file() {
        let (mut lines, _, mut splitter) = cut(&[b"whole\nha", b"lf"]);
        assert_eq!(lines.len(), 1);
        splitter.finish(&mut out(&mut lines, 1));
        assert_eq!((&*lines[1].bytes, lines[1].length, splitter.line_start), (&b"half"[..], 4, 10));
        assert!(lines[1].flags.has(Flag::Unterminated));
    }

    #[test]
    fn utf_16_is_cut_by_code_units_and_told_as_utf_8() {
        // U+010A and U+0A01 hold the byte of a line's end.
        let text = "\u{FEFF}Ċ user\r\n\nਁ\u{1F511}\nrest";
        for big in [false, true] {
            let encode = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let mut bytes: Vec<u8> = text.encode_utf16().flat_map(encode).collect();
            bytes.splice(bytes.len() - 8..bytes.len() - 8, encode(0xD800)); // A lone surrogate.
            let (mut lines, mut splitter, mut held) = (Vec::new(), Splitter::default(), Vec::new());
            for byte in &bytes {
                held.push(*byte);
                let taken = splitter.feed(&held, &mut out(&mut lines, 9));
                held.drain(..taken);
            }
            assert_eq!(std::str::from_utf8(&lines[0].bytes), Ok("Ċ user"));
            assert_eq!(std::str::from_utf8(&lines[1].bytes), Ok("ਁ\u{1F511}"));
            assert_eq!((lines[0].length, lines[1].offset, lines[1].line), (18, 20, 3));
            splitter.finish(&mut out(&mut lines, 9));
            assert_eq!(std::str::from_utf8(&lines[2].bytes), Ok("\u{FFFD}rest"));
            assert!(lines[2].flags.has(Flag::BadEncoding) && splitter.line_start == bytes.len() as u64);
        }
    }

    /// Cuts bytes as they come in: what was not taken is given again, with more.
    fn torn(bytes: &[u8], cuts: &[usize], batch: usize, encoding: Encoding) -> (Vec<RawLine>, Splitter) {
        let (mut lines, mut splitter) = (Vec::new(), Splitter::at(0, 0, encoding));
        let (mut at, mut seen, mut turn) = (0, 0, 0);
        while at < bytes.len() - bytes.len() % 2 {
            seen = bytes.len().min(seen.max(at) + cuts[turn % cuts.len()]);
            at += splitter.feed(&bytes[at..seen], &mut out(&mut lines, batch));
            turn += 1;
        }
        (lines, splitter)
    }

    proptest! {
        /// The same of UTF-16, whose units are torn too; and each line is what the standard library decodes.
        #[test]
        fn tearing_code_units_changes_nothing(units in proptest::collection::vec(prop_oneof![Just(10u16), Just(0u16), Just(0x0A0A), Just(0xD83D), Just(0xDD11), any::<u16>()], 1..300),
                                              cuts in proptest::collection::vec(1usize..50, 1..40), batch in 1usize..5, big in any::<bool>(), half in any::<bool>()) {
            let (encoding, encode): (_, fn(u16) -> [u8; 2]) =
                if big { (Encoding::Utf16Be, u16::to_be_bytes) } else { (Encoding::Utf16Le, u16::to_le_bytes) };
            let mut bytes: Vec<u8> = units.iter().flat_map(|unit| encode(*unit)).collect();
            bytes.extend(half.then_some(7));
            let turned = [0xFEFF, 0xFFFE].contains(&units[0]); // A mark says the encoding itself.
            prop_assume!(!turned);
            let (whole, end) = torn(&bytes, &[usize::MAX / 2], usize::MAX, encoding);
            let (lines, splitter) = torn(&bytes, &cuts, batch, encoding);
            let parts: Vec<&[u16]> = units.split(|unit| *unit == 10).collect();
            for line in &whole {
                prop_assert!(line.offset % 2 == 0 && line.length % 2 == 0);
                let part: Vec<u16> = parts[line.line as usize - 1].iter().copied().filter(|unit| *unit != 0).collect();
                let text = String::from_utf16_lossy(&part);
                prop_assert_eq!(String::from_utf8_lossy(&line.bytes), text.strip_suffix('\r').unwrap_or(&text));
                prop_assert_eq!(line.flags.has(Flag::BadEncoding), String::from_utf16(&part).is_err());
            }
            prop_assert_eq!(lines, whole);
            prop_assert_eq!((splitter.line_start, splitter.lines, splitter.next()), (end.line_start, end.lines, 2 * units.len() as u64));
        }

        /// However the bytes are torn and however small the batches are, the lines are the same.
        #[test]
        fn tearing_changes_nothing(text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(0u8), Just(b'\r'), 1..=0xFDu8], 0..400),
                                   cuts in proptest::collection::vec(1usize..50, 1..40), batch in 1usize..5) {
            let (whole, _, end) = cut(&[&text]);
            let (mut lines, mut splitter, mut at, mut turn) = (Vec::new(), Splitter::default(), 0, 0);
            while at < text.len() {
                let to = text.len().min(at + cuts[turn % cuts.len()]);
                let taken = splitter.feed(&text[at..to], &mut out(&mut lines, batch));
                at += taken;
                turn += 1;
                prop_assert_eq!(splitter.next(), at as u64);
            }
            prop_assert_eq!(lines, whole);
            prop_assert_eq!((splitter.line_start, splitter.lines), (end.line_start, end.lines));
        }
    }
}
