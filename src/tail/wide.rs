//! Encodings other than UTF-8: their lines leave here as UTF-8. UTF-16 lines end at the code unit of `\n`, not
//! at its byte.

/// How a source's bytes are cut into lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// At the byte `\n`: UTF-8, and everything else that keeps ASCII.
    #[default]
    Bytes,
    /// ISO 8859-1: each byte is a character.
    Latin1,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
}

impl Encoding {
    /// What a file is whose source says `self` and which begins with `opening`: a byte order mark wins.
    pub fn of(self, opening: &[u8]) -> Encoding {
        match opening {
            [0xFF, 0xFE, ..] => Encoding::Utf16Le,
            [0xFE, 0xFF, ..] => Encoding::Utf16Be,
            _ => self,
        }
    }

    /// Bytes of one code unit.
    pub fn unit(self) -> u64 {
        if self.is_wide() { 2 } else { 1 }
    }

    /// Whether a code unit has two bytes.
    pub fn is_wide(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }

    /// The code unit of two bytes.
    pub fn read(self, pair: [u8; 2]) -> u16 {
        if self == Encoding::Utf16Be { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    }

    /// How many lines end in data that begin with a whole code unit.
    pub fn line_ends(self, data: &[u8]) -> usize {
        if !self.is_wide() {
            return memchr::memchr_iter(b'\n', data).count();
        }
        let (pairs, _) = data.as_chunks::<2>();
        pairs.iter().filter(|pair| self.read(**pair) == u16::from(b'\n')).count()
    }

    /// Bytes of a line that was cut, without half a pair of surrogates at their end.
    pub fn whole(self, bytes: &[u8]) -> &[u8] {
        match bytes.split_last_chunk::<2>() {
            Some((before, last)) if self.is_wide() && (0xD800..0xDC00).contains(&self.read(*last)) => before,
            _ => bytes,
        }
    }

    /// The text of a line, and whether it was not valid.
    pub fn decode(self, bytes: &[u8]) -> (String, bool) {
        if !self.is_wide() {
            return (bytes.iter().map(|byte| char::from(*byte)).collect(), false);
        }
        let (pairs, odd) = bytes.as_chunks::<2>();
        let mut bad = !odd.is_empty();
        let units = pairs.iter().map(|pair| self.read(*pair));
        let text = char::decode_utf16(units).map(|unit| {
            bad |= unit.is_err();
            unit.unwrap_or(char::REPLACEMENT_CHARACTER)
        });
        let text = text.collect();
        (text, bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_leaves_as_utf_8() {
        assert_eq!(Encoding::Latin1.decode(b"Andr\xe9"), ("André".to_owned(), false));
        assert_eq!((Encoding::Latin1.unit(), Encoding::Utf16Be.unit()), (1, 2));
    }
}
