//! A file as a stream of raw lines, for commands that read history: `parse`, `replay`, `test`. Bounded
//! memory whatever the file holds; `.gz` files are read through.

use crate::limits;
use crate::schema::{Flag, Flags, RawLine, Timestamp};
use crate::tail::Encoding;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Reads lines one after the other.
pub struct LineReader {
    reader: Box<dyn BufRead>,
    source: Arc<str>,
    generation: u64,
    offset: u64,
    line: u64,
    read_at: Timestamp,
    encoding: Encoding,
    /// Bytes of the file on disk, and how many of them were taken; `None` for what has no size.
    size: Option<u64>,
    taken: Rc<Cell<u64>>,
}

/// A file that counts what is taken of it, packed or not.
struct Counted {
    file: File,
    taken: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.taken.set(self.taken.get() + n as u64);
        Ok(n)
    }
}

impl LineReader {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// The operating system's.
    pub fn open(
        path: &Path,
        source: Arc<str>,
        generation: u64,
        read_at: Timestamp,
        encoding: Encoding,
    ) -> io::Result<LineReader> {
        let (taken, mut size) = (Rc::new(Cell::new(0)), None);
        let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = File::open(path)?;
            size = file.metadata().ok().filter(|about| about.is_file()).map(|about| about.len());
            let mut file = BufReader::with_capacity(256 * 1024, Counted { file, taken: taken.clone() });
            if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
                Box::new(BufReader::with_capacity(256 * 1024, flate2::bufread::MultiGzDecoder::new(file)))
            } else {
                Box::new(file)
            }
        };
        let mut lines = LineReader::over(reader, source, generation, read_at);
        lines.encoding = encoding.of(lines.reader.fill_buf()?);
        (lines.size, lines.taken) = (size, taken);
        Ok(lines)
    }

    /// Bytes taken of the file as it lies on the disk, and all its bytes; `None` where there is no such size.
    pub fn progress(&self) -> Option<(u64, u64)> {
        self.size.map(|size| (self.taken.get().min(size), size))
    }

    /// Reads lines of UTF-8 out of anything.
    pub fn over(
        reader: Box<dyn BufRead>,
        source: Arc<str>,
        generation: u64,
        read_at: Timestamp,
    ) -> LineReader {
        let (taken, size) = (Rc::default(), None);
        let encoding = Encoding::Bytes;
        LineReader { reader, source, generation, offset: 0, line: 0, read_at, encoding, size, taken }
    }

    /// The next line that is not empty; `None` at the end. The last line needs no terminator here: a history
    /// is complete.
    ///
    /// # Errors
    /// The operating system's, or a damaged compressed file.
    pub fn next_line(&mut self) -> io::Result<Option<RawLine>> {
        loop {
            let mut bytes = Vec::with_capacity(256);
            let mut flags = Flags::default();
            let length = self.read_line(&mut bytes, &mut flags)?;
            if length == 0 {
                return Ok(None);
            }
            let offset = self.offset;
            self.offset += length;
            self.line += 1;
            trim(&mut bytes, &mut flags, self.line == 1);
            if bytes.is_empty() {
                continue;
            }
            return Ok(Some(RawLine {
                source: self.source.clone(),
                generation: self.generation,
                offset,
                length,
                line: self.line,
                bytes: bytes.into_boxed_slice(),
                flags,
                read_at: self.read_at,
            }));
        }
    }

    /// Reads one line with its terminator, as UTF-8 where its encoding is another; the bytes that it has in the file.
    fn read_line(&mut self, bytes: &mut Vec<u8>, flags: &mut Flags) -> io::Result<u64> {
        if self.encoding.is_wide() {
            return self.read_wide(bytes, flags);
        }
        let limit = limits::LINE_BYTES_MAX as u64 + 2;
        self.reader.by_ref().take(limit).read_until(b'\n', bytes)?;
        let mut length = bytes.len() as u64;
        if !bytes.ends_with(b"\n") && length == limit {
            length += self.skip_line()?;
        }
        if self.encoding != Encoding::Bytes {
            *bytes = self.encoding.decode(bytes).0.into_bytes();
        }
        Ok(length)
    }

    /// The same of UTF-16, unit by unit: the byte of a line's end may be half of any other character.
    fn read_wide(&mut self, bytes: &mut Vec<u8>, flags: &mut Flags) -> io::Result<u64> {
        let mut length = 0;
        loop {
            let mut unit = [0; 2];
            let mut n = 0;
            while let Some(room) = unit.get_mut(n..).filter(|room| !room.is_empty()) {
                match self.reader.read(room) {
                    Ok(0) => break,
                    Ok(more) => n += more,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            length += n as u64;
            let ended = n == 2 && self.encoding.read(unit) == u16::from(b'\n');
            if bytes.len() < limits::LINE_BYTES_MAX || ended {
                bytes.extend_from_slice(unit.get(..n).unwrap_or_default());
            } else if n > 0 {
                flags.set(Flag::Truncated);
            }
            if n < 2 || ended {
                break;
            }
        }
        let (text, bad) = self.encoding.decode(bytes);
        if bad {
            flags.set(Flag::BadEncoding);
        }
        *bytes = text.into_bytes();
        Ok(length)
    }

    /// Passes over the rest of an over-long line; returns how many bytes that was.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(skipped);
            }
            let (used, done) = match memchr::memchr(b'\n', chunk) {
                Some(at) => (at + 1, true),
                None => (chunk.len(), false),
            };
            self.reader.consume(used);
            skipped += used as u64;
            if done {
                return Ok(skipped);
            }
        }
    }
}

/// Takes off what is not text of the line: terminator, byte order mark, NULs, what is too much.
fn trim(bytes: &mut Vec<u8>, flags: &mut Flags, first: bool) {
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    if bytes.ends_with(b"\r") {
        bytes.pop();
    }
    if first && bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.drain(..3);
    }
    if memchr::memchr(0, bytes).is_some() {
        bytes.retain(|byte| *byte != 0);
        flags.set(Flag::Nul);
    }
    if bytes.len() > limits::LINE_BYTES_MAX {
        let starts = |at: &usize| bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
        let at = (limits::LINE_BYTES_MAX - 3..=limits::LINE_BYTES_MAX).rev().find(starts);
        bytes.truncate(at.unwrap_or(limits::LINE_BYTES_MAX));
        flags.set(Flag::Truncated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: Vec<u8>) -> Vec<RawLine> {
        let mut reader = LineReader::over(Box::new(io::Cursor::new(input)), Arc::from("s"), 1, Timestamp(0));
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            lines.push(line);
        }
        lines
    }

    #[test]
    fn empty_lines_count_and_the_last_line_needs_no_terminator() {
        let got = lines(b"\xef\xbb\xbfone\r\n\n\ntwo".to_vec());
        let short: Vec<(u64, &[u8])> = got.iter().map(|line| (line.line, &*line.bytes)).collect();
        assert_eq!(short, vec![(1, b"one".as_slice()), (4, b"two".as_slice())]);
        assert_eq!(got[1].offset, 10);
    }

    #[test]
    fn other_encodings_leave_as_utf_8_and_a_byte_order_mark_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let read = |bytes: &[u8], encoding| {
            std::fs::write(&path, bytes).unwrap();
            let mut reader = LineReader::open(&path, Arc::from("s"), 1, Timestamp(0), encoding).unwrap();
            let lines = std::iter::from_fn(|| reader.next_line().unwrap());
            lines
                .map(|line| (String::from_utf8(line.bytes.into()).unwrap(), line.line, line.length))
                .collect::<Vec<_>>()
        };
        let big: Vec<u8> = "\u{FEFF}Ċ user\r\n\nਁ".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&big, Encoding::Bytes), [("Ċ user".to_owned(), 1, 18), ("ਁ".to_owned(), 3, 2)]);
        assert_eq!(read(&big[2..], Encoding::Utf16Be)[0].0, "Ċ user");
        assert_eq!(read(b"Andr\xe9\n", Encoding::Latin1), [("André".to_owned(), 1, 6)]);
    }

    #[test]
    fn an_over_long_line_is_cut_and_the_next_is_whole() {
        let mut input = vec![b'x'; 200_000];
        input.extend_from_slice(b"\nnext\n");
        let got = lines(input);
        assert_eq!((got[0].bytes.len(), got[0].length), (limits::LINE_BYTES_MAX, 200_001));
        assert!(got[0].flags.has(Flag::Truncated));
        assert_eq!(&*got[1].bytes, b"next");
    }
}
