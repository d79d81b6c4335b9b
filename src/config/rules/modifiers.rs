//! The modifiers behind a field's name: what they ask for, and which of them go together
//! (Sigma specification 2.1, appendix "Modifiers").

use crate::config::report::nearest;
use crate::detect::moment::Part;
use crate::detect::pattern::{Compare, Place};

/// Modifiers that are read, as the specification and pySigma spell them.
pub const MODIFIERS: &[&str] = &[
    "contains",
    "startswith",
    "endswith",
    "all",
    "re",
    "i",
    "ignorecase",
    "m",
    "multiline",
    "s",
    "dotall",
    "cidr",
    "gt",
    "gte",
    "lt",
    "lte",
    "neq",
    "exists",
    "cased",
    "fieldref",
    "expand",
    "windash",
    "base64",
    "base64offset",
    "wide",
    "utf16le",
    "utf16be",
    "utf16",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
];

/// What the modifiers of a key ask for.
#[derive(Clone, Debug, Default)]
pub struct Modifiers {
    /// `contains`, `startswith`, `endswith`.
    pub place: Option<Place>,
    /// `all`.
    pub all: bool,
    /// `neq`.
    pub negated: bool,
    /// `cased`.
    pub cased: bool,
    /// `windash`.
    pub windash: bool,
    /// `expand`.
    pub expand: bool,
    /// `re`, `cidr` ... and how the value is read.
    pub reading: Reading,
    /// Flags of `re`: `i`, `m`, `s`.
    pub flags: (bool, bool, bool),
    /// `wide`, `utf16le`, `utf16be`, `utf16`.
    pub encoding: Option<Encoding>,
    /// `base64`, `base64offset`.
    pub base64: Option<Base64>,
    /// `gt`, `gte`, `lt`, `lte`.
    pub compare: Option<Compare>,
}

/// How a value is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Reading {
    /// A text with wildcards.
    #[default]
    Text,
    /// `re`.
    Regex,
    /// `cidr`.
    Cidr,
    /// A number to compare with.
    Number,
    /// `exists`.
    Exists,
    /// `fieldref`.
    Other,
    /// `hour` ...: a part of a moment.
    Part(Part),
}

/// A two-byte encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    /// `wide`, `utf16le`.
    Utf16Le,
    /// `utf16be`.
    Utf16Be,
    /// `utf16`: a byte order mark, then little endian.
    Utf16,
}

/// A base64 modifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Base64 {
    /// `base64`.
    Plain,
    /// `base64offset`.
    Offset,
}

impl Modifiers {
    /// Reads the parts behind the field's name.
    ///
    /// # Errors
    /// In words: an unknown modifier, or two that do not go together.
    pub fn read<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Modifiers, String> {
        let mut m = Modifiers::default();
        for part in parts {
            m.take(part)?;
        }
        m.judge()?;
        Ok(m)
    }

    fn take(&mut self, part: &str) -> Result<(), String> {
        match part {
            "contains" => once(&mut self.place, Place::Anywhere, part),
            "startswith" => once(&mut self.place, Place::Start, part),
            "endswith" => once(&mut self.place, Place::End, part),
            "all" => set(&mut self.all),
            "neq" => set(&mut self.negated),
            "cased" => set(&mut self.cased),
            "windash" => set(&mut self.windash),
            "expand" => set(&mut self.expand),
            "re" => self.read_as(Reading::Regex, part),
            "i" | "ignorecase" => set(&mut self.flags.0),
            "m" | "multiline" => set(&mut self.flags.1),
            "s" | "dotall" => set(&mut self.flags.2),
            "cidr" => self.read_as(Reading::Cidr, part),
            "exists" => self.read_as(Reading::Exists, part),
            "fieldref" => self.read_as(Reading::Other, part),
            "gt" => once(&mut self.compare, Compare::Gt, part),
            "gte" => once(&mut self.compare, Compare::Gte, part),
            "lt" => once(&mut self.compare, Compare::Lt, part),
            "lte" => once(&mut self.compare, Compare::Lte, part),
            "base64" => once(&mut self.base64, Base64::Plain, part),
            "base64offset" => once(&mut self.base64, Base64::Offset, part),
            "wide" | "utf16le" => once(&mut self.encoding, Encoding::Utf16Le, part),
            "utf16be" => once(&mut self.encoding, Encoding::Utf16Be, part),
            "utf16" => once(&mut self.encoding, Encoding::Utf16, part),
            part => match Part::named(part) {
                Some(known) => self.read_as(Reading::Part(known), part),
                None => Err(unknown(part)),
            },
        }
    }

    fn read_as(&mut self, reading: Reading, part: &str) -> Result<(), String> {
        if self.reading != Reading::Text && self.reading != reading {
            return Err(format!("`{part}` does not go with another modifier that says what a value is"));
        }
        self.reading = reading;
        Ok(())
    }

    fn judge(&mut self) -> Result<(), String> {
        if self.flags != (false, false, false) && self.reading != Reading::Regex {
            return Err("`i`, `m` and `s` are flags of `re` only".into());
        }
        if self.compare.is_some() {
            match self.reading {
                Reading::Text => self.reading = Reading::Number,
                Reading::Part(_) => {}
                _ => {
                    return Err("`gt`, `gte`, `lt` and `lte` compare numbers and parts of a time only".into());
                }
            }
        }
        let text = self.reading == Reading::Text;
        if !text && (self.windash || self.base64.is_some() || self.encoding.is_some()) {
            return Err("`windash`, `base64`, `base64offset` and the two-byte encodings change texts; \
                        a value that is read as something else has none"
                .into());
        }
        if self.expand && !matches!(self.reading, Reading::Text | Reading::Regex) {
            return Err("`expand` fills in texts and expressions only".into());
        }
        let placed = matches!(self.reading, Reading::Text | Reading::Regex | Reading::Other);
        if self.place.is_some() && !placed {
            return Err("`contains`, `startswith` and `endswith` are for texts".into());
        }
        if self.cased && !matches!(self.reading, Reading::Text | Reading::Other | Reading::Regex) {
            return Err("`cased` is for texts".into());
        }
        if self.negated && self.reading == Reading::Exists {
            return Err("`neq` does not go with `exists`; write `exists: false`".into());
        }
        Ok(())
    }
}

fn set(flag: &mut bool) -> Result<(), String> {
    *flag = true;
    Ok(())
}

fn once<T: PartialEq>(slot: &mut Option<T>, value: T, part: &str) -> Result<(), String> {
    if slot.as_ref().is_some_and(|known| *known != value) {
        return Err(format!("`{part}` contradicts another modifier of its kind"));
    }
    *slot = Some(value);
    Ok(())
}

fn unknown(modifier: &str) -> String {
    let hint = nearest(modifier, MODIFIERS.iter().copied());
    let hint = hint.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    format!("the modifier `{modifier}` is not supported{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_go_together_says_why() {
        let wrong = |text: &str| Modifiers::read(text.split('|')).unwrap_err();
        assert!(wrong("contain").contains("did you mean `contains`"));
        for text in [
            "re|cidr",
            "contains|startswith",
            "gt|lt",
            "i",
            "cidr|windash",
            "base64|base64offset",
            "hour|day",
        ] {
            assert!(!wrong(text).is_empty());
        }
        let flags = ["i", "ignorecase", "m", "multiline", "s", "dotall"];
        for text in MODIFIERS {
            assert_eq!(Modifiers::read([*text].into_iter()).is_ok(), !flags.contains(text), "{text}");
        }
        assert!(Modifiers::read("re|i|m|s|all".split('|')).is_ok());
        assert!(Modifiers::read("hour|gte".split('|')).is_ok());
        assert!(Modifiers::read("fieldref|endswith|neq".split('|')).is_ok());
    }
}
