//! UTF-16: lines end at the code unit of `\n`, not at its byte, and leave here as UTF-8.

/// How a source's bytes are cut into lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// At the byte `\n`: UTF-8, Latin-1 and everything else that keeps ASCII.
    #[default]
    Bytes,
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
        if self == Encoding::Bytes { 1 } else { 2 }
    }

    /// The code unit of two bytes.
    pub fn read(self, pair: [u8; 2]) -> u16 {
        if self == Encoding::Utf16Be { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    }

    /// The text of a line, and whether it was not valid.
    pub fn decode(self, bytes: &[u8]) -> (String, bool) {
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
