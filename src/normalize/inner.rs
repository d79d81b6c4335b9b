//! A line that a collector wrapped, taken out of its wrapper.

use super::stamp::Stamp;
use super::syslog::Header;
use crate::schema::{Datum, ShortText};
use std::borrow::Cow;

/// A line that was wrapped.
#[derive(Debug, Default)]
pub struct Inner<'a> {
    /// The line.
    pub text: Cow<'a, str>,
    /// The header that it lost, which the wrapper has in fields of its own.
    pub header: Option<Header<'a>>,
    /// When the wrapper took it.
    pub stamp: Option<(Stamp, &'a str)>,
    /// What else the wrapper says.
    pub extra: Vec<(ShortText, Datum)>,
}
