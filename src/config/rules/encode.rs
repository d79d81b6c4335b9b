//! Texts as bytes, and bytes as base64: the encoding modifiers of Sigma.

use super::modifiers::Encoding;

/// A text in an encoding; as it is, UTF-8.
pub fn bytes(text: &str, encoding: Option<Encoding>) -> Vec<u8> {
    match encoding {
        None => text.as_bytes().to_vec(),
        Some(Encoding::Utf16Le) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Some(Encoding::Utf16Be) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Some(Encoding::Utf16) => {
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }
    }
}

/// RFC 4648, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for sextet in 0..4 {
            let index = (bits >> (18 - 6 * sextet) & 63) as usize;
            out.push(if sextet > chunk.len() { '=' } else { char::from(ALPHABET[index]) });
        }
    }
    out
}

/// The part of the encoded text that is the same wherever the text begins in a group of three bytes, whatever stands
/// before and behind it.
pub fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let part = |offset: usize| {
        let padded: Vec<u8> = std::iter::repeat_n(b' ', offset).chain(bytes.iter().copied()).collect();
        let text = base64(&padded);
        let start = [0, 2, 3][offset];
        let cut = [0, 3, 2][padded.len() % 3];
        text.get(start..text.len().saturating_sub(cut)).unwrap_or_default().to_owned()
    };
    (0..3).map(part).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_text_is_found_at_any_offset() {
        for before in ["", "x", "xy", "xyz"] {
            for behind in ["", "1", "22"] {
                let whole = base64(format!("{before}secret word{behind}").as_bytes());
                let parts = base64_offsets(b"secret word");
                assert!(parts.iter().any(|part| whole.contains(part)), "{before} {behind}");
            }
        }
    }

    #[test]
    fn two_byte_encodings() {
        assert_eq!(bytes("cmd", Some(Encoding::Utf16Le)), b"c\0m\0d\0");
        assert_eq!(bytes("cmd", Some(Encoding::Utf16Be)), b"\0c\0m\0d");
        assert_eq!(bytes("cmd", Some(Encoding::Utf16)), b"\xff\xfec\0m\0d\0");
    }
}
