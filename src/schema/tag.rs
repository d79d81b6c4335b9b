//! Signed tags: by them a mail that comes back tells which notification it belongs to, and nobody else can write one.
//!
//! A tag is a few lower-case words, `r3f-0-` and 26 letters: what it is for, the notification's id and a number in base
//! 36, and 130 bits of an HMAC-SHA256 over both; for a reply also over the notification's Message-ID, which is computed
//! from incident, step, recipient and kind: a tag of another incident under the same number does not fit. A bounce tag
//! must still be read when its row is forgotten, so it is bound to the number alone: a store that is made anew needs a
//! new key as well. A tag is made of what survives relays that change the case of local parts, and short enough for a sub-address
//! (`gatewatch+TAG@example.org`: RFC 5321 allows 64 bytes before the `@`).

use super::book::id_text;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// Letters of the check code: 130 bits.
const CODE_LETTERS: usize = 26;
/// Bytes of the longest tag: its letter, two numbers of 13 and 7 digits, two hyphens, the code.
pub const TAG_BYTES_MAX: usize = 1 + 13 + 1 + 7 + 1 + CODE_LETTERS;

/// What a tag lets its bearer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagKind {
    /// Act on the incident of a notification by a reply (`Reply-To`).
    Reply,
    /// Report what became of a message: the envelope's sender, and ENVID of RFC 3461. The number is the attempt's.
    Bounce,
}

impl TagKind {
    fn letter(self) -> char {
        match self {
            TagKind::Reply => 'r',
            TagKind::Bounce => 'b',
        }
    }
}

/// The key of the check codes. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct TagKey([u8; 64]);

impl TagKey {
    /// Over 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> TagKey {
        // HMAC fills a short key up with zeros to the hash's block (RFC 2104 section 2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&bytes);
        TagKey(block)
    }

    fn mac(&self, tag: &Tag, message_id: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        mac.update(b"gatewatch tag 1\n");
        mac.update(tag.head().as_bytes());
        mac.update(b"\n");
        mac.update(message_id.as_bytes());
        mac
    }
}

impl PartialEq for TagKey {
    fn eq(&self, other: &TagKey) -> bool {
        let mac = |key: &TagKey| Hmac::<Sha256>::new(&key.0.into()).finalize();
        mac(self) == mac(other)
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagKey(..)")
    }
}

/// A tag as read or to be written. Reading proves nothing: ask [`Tag::is_genuine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// What it is for.
    pub kind: TagKind,
    /// The notification's id.
    pub notification: u64,
    /// The attempt of a bounce tag; 0 in others.
    pub number: u32,
    /// The check code as read; empty in one that is to be written.
    code: String,
}

impl Tag {
    /// One that is to be written.
    pub fn new(kind: TagKind, notification: u64, number: u32) -> Tag {
        Tag { kind, notification, number, code: String::new() }
    }

    /// Its text, with the check code.
    pub fn sign(&self, key: &TagKey, message_id: &str) -> String {
        let code = id_text(&key.mac(self, message_id).finalize().into_bytes());
        format!("{}-{code}", self.head())
    }

    /// Reads a tag's text, in any case; `None` where it is none.
    pub fn parse(text: &str) -> Option<Tag> {
        if text.len() > TAG_BYTES_MAX || !text.is_ascii() {
            return None;
        }
        let text = text.to_ascii_lowercase();
        let kind = [TagKind::Reply, TagKind::Bounce].into_iter().find(|k| text.starts_with(k.letter()))?;
        let mut parts = text.get(1..)?.split('-');
        let (notification, number, code) = (parts.next()?, parts.next()?, parts.next()?);
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if parts.next().is_some() || !plain(notification) || !plain(number) || !plain(code) {
            return None;
        }
        let tag = Tag {
            kind,
            notification: u64::from_str_radix(notification, 36).ok()?,
            number: u32::from_str_radix(number, 36).ok()?,
            code: code.to_owned(),
        };
        (tag.code.len() == CODE_LETTERS && text.starts_with(&tag.head())).then_some(tag)
    }

    /// Whether this key wrote it for the message of this id. Takes the same time wherever it differs.
    pub fn is_genuine(&self, key: &TagKey, message_id: &str) -> bool {
        let wanted = id_text(&key.mac(self, message_id).finalize().into_bytes());
        // Not the texts but their MACs are compared, in constant time.
        let mac = |code: &str| key.mac(self, code).finalize();
        mac(&wanted) == mac(&self.code)
    }

    fn head(&self) -> String {
        format!("{}{}-{}", self.kind.letter(), Base36(self.notification), Base36(u64::from(self.number)))
    }
}

/// A number in base 36, lower case.
struct Base36(u64);

impl fmt::Display for Base36 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 36 {
            Base36(self.0 / 36).fmt(f)?;
        }
        let digit = char::from_digit(u32::try_from(self.0 % 36).unwrap_or(0), 36);
        write!(f, "{}", digit.unwrap_or('0'))
    }
}

/// The address with a tag in it: `gatewatch+TAG@example.org` of `gatewatch@example.org`. An address that has a
/// sub-address already keeps it out: the tag stands behind the first `+`.
pub fn tagged(address: &str, tag: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let local = local.split_once('+').map_or(local, |(before, _)| before);
    format!("{local}+{tag}@{domain}")
}

/// The tag in an address that [`tagged`] made of this one; `None` for any other address. Case does not matter.
pub fn tag_in<'a>(address: &str, found: &'a str) -> Option<&'a str> {
    let (local, domain) = address.rsplit_once('@')?;
    let local = local.split_once('+').map_or(local, |(before, _)| before);
    let (found_local, found_domain) = found.rsplit_once('@')?;
    let (found_local, tag) = found_local.split_once('+')?;
    let same = found_local.eq_ignore_ascii_case(local) && found_domain.eq_ignore_ascii_case(domain);
    same.then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "<abc@gatewatch.example.org>";

    fn key() -> TagKey {
        TagKey::new([7; 32])
    }

    #[test]
    fn a_tag_survives_other_cases_and_nothing_else() {
        let text = Tag::new(TagKind::Bounce, 123_456, 3).sign(&key(), ID);
        assert!(text.starts_with("b2n9c-3-") && text.len() == 8 + 26, "{text}");
        let read = Tag::parse(&text.to_uppercase()).unwrap();
        assert_eq!((read.kind, read.notification, read.number), (TagKind::Bounce, 123_456, 3));
        assert!(read.is_genuine(&key(), ID));
        assert!(!read.is_genuine(&key(), "<other@gatewatch.example.org>"));
        assert!(!read.is_genuine(&TagKey::new([8; 32]), ID));
        for wrong in [
            text.replacen('b', "r", 1),
            text.replace("2n9c", "2n9d"),
            text.replace("-3-", "-4-"),
            format!("{}{}", &text[..text.len() - 1], if text.ends_with('a') { 'b' } else { 'a' }),
        ] {
            assert!(!Tag::parse(&wrong).unwrap().is_genuine(&key(), ID), "{wrong}");
        }
        for none in
            ["", "b", "r1-0", "r1-0-", "r1-0-short", "r01-0-", "x1-0-aaaaaaaaaaaaaaaaaaaaaaaaaa", "rü-0-a"]
        {
            assert_eq!(Tag::parse(none), None, "{none}");
        }
        // Another spelling of the same number is another text: it is none of ours.
        assert_eq!(Tag::parse(&text.replace("b2n9c", "b02n9c")), None);
        assert_eq!(format!("{:?}", key()), "TagKey(..)");
    }

    #[test]
    fn an_address_carries_its_tag() {
        let longest = Tag::new(TagKind::Reply, u64::MAX, u32::MAX).sign(&key(), ID);
        assert_eq!(longest.len(), TAG_BYTES_MAX);
        assert_eq!(tagged("gatewatch@example.org", "r1"), "gatewatch+r1@example.org");
        assert_eq!(tagged("gate+watch@example.org", "r1"), "gate+r1@example.org");
        assert_eq!(tag_in("gatewatch@example.org", "GateWatch+r1@EXAMPLE.org"), Some("r1"));
        assert_eq!(tag_in("gatewatch@example.org", "gatewatch@example.org"), None);
        assert_eq!(tag_in("gatewatch@example.org", "gatewatch+r1@example.com"), None);
        assert_eq!(tag_in("gatewatch@example.org", "ana+r1@example.org"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(notification: u64, number: u32, reply: bool) {
            let kind = if reply { TagKind::Reply } else { TagKind::Bounce };
            let text = Tag::new(kind, notification, number).sign(&key(), ID);
            let read = Tag::parse(&text).unwrap();
            prop_assert_eq!((read.kind, read.notification, read.number), (kind, notification, number));
            prop_assert!(read.is_genuine(&key(), ID));
        }

        #[test]
        fn any_text_is_read_or_not(text in ".{0,80}") {
            prop_assert!(Tag::parse(&text).is_none_or(|tag| !tag.is_genuine(&key(), ID)));
            let _ = tag_in("a@b", &text);
        }
    }
}
