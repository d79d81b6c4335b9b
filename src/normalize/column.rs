//! The columns that a grammar can fill, by their contract names, and how text becomes a value of each.

use super::stamp::{self, Stamp};
use super::value::{self, Address};
use crate::limits::{FIELD_BYTES_MAX, FIELDS_MAX, KEY_BYTES_MAX};
use crate::schema::{Class, Datum, Event, Flag, Outcome, ShortText};
use std::borrow::Cow;

pub use super::show::{EVENT_COLUMNS, column_text};

/// Where a value goes; see [`super::spec::Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the event's columns, section 4 of the contract")]
pub enum Column {
    Account,
    Action,
    Activity,
    App,
    AssignedIp,
    AuthMethod,
    BytesIn,
    BytesOut,
    Class,
    Count,
    Device,
    Dst,
    DstIp,
    DstPort,
    Group,
    Host,
    HttpMethod,
    HttpStatus,
    LogonType,
    Mfa,
    Outcome,
    Pid,
    Resource,
    Role,
    Service,
    Session,
    Severity,
    Src,
    SrcAsn,
    SrcCountry,
    SrcHost,
    SrcIp,
    SrcPort,
    StatusDetail,
    TargetUser,
    Time,
    User,
    UserAgent,
    UserDomain,
    UserUid,
}

/// Columns by name.
const COLUMNS: [(&str, Column); 40] = [
    ("account", Column::Account),
    ("action", Column::Action),
    ("activity", Column::Activity),
    ("app", Column::App),
    ("assigned_ip", Column::AssignedIp),
    ("auth_method", Column::AuthMethod),
    ("bytes_in", Column::BytesIn),
    ("bytes_out", Column::BytesOut),
    ("class", Column::Class),
    ("count", Column::Count),
    ("device", Column::Device),
    ("dst", Column::Dst),
    ("dst_ip", Column::DstIp),
    ("dst_port", Column::DstPort),
    ("group", Column::Group),
    ("host", Column::Host),
    ("http_method", Column::HttpMethod),
    ("http_status", Column::HttpStatus),
    ("logon_type", Column::LogonType),
    ("mfa", Column::Mfa),
    ("outcome", Column::Outcome),
    ("pid", Column::Pid),
    ("resource", Column::Resource),
    ("role", Column::Role),
    ("service", Column::Service),
    ("session", Column::Session),
    ("severity", Column::Severity),
    ("src", Column::Src),
    ("src_asn", Column::SrcAsn),
    ("src_country", Column::SrcCountry),
    ("src_host", Column::SrcHost),
    ("src_ip", Column::SrcIp),
    ("src_port", Column::SrcPort),
    ("status_detail", Column::StatusDetail),
    ("target_user", Column::TargetUser),
    ("time", Column::Time),
    ("user", Column::User),
    ("user_agent", Column::UserAgent),
    ("user_domain", Column::UserDomain),
    ("user_uid", Column::UserUid),
];

impl Column {
    /// The column of a name.
    pub fn from_name(name: &str) -> Option<Column> {
        COLUMNS.iter().find(|(n, _)| *n == name).map(|(_, column)| *column)
    }
    /// The contract's name.
    pub fn name(self) -> &'static str {
        COLUMNS.iter().find(|(_, column)| *column == self).map_or("", |(name, _)| name)
    }
    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        COLUMNS.iter().map(|(name, _)| *name)
    }
}

/// Where on the line a stamp stood; of two without a zone the later one here counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A relay's header.
    Relay,
    /// The header of the machine that wrote the line.
    Header,
    /// The message itself.
    Message,
}

/// An event in the making.
#[derive(Debug)]
pub struct Draft<'a> {
    /// What is known so far; it stands where it stays, because an event is large.
    pub event: &'a mut Event,
    /// The stamp to take, as read and as written.
    pub stamp: Option<(Stamp, Cow<'a, str>, Option<Place>)>,
    /// Activity by name; it waits until the class is known.
    pub activity: Option<ShortText>,
    /// Outcome by name.
    pub outcome: Option<Outcome>,
    /// Class by name.
    pub class: Option<Class>,
    /// Values that do not fit their column are kept elsewhere already.
    pub drop_misfits: bool,
}

impl<'a> Draft<'a> {
    /// Of what is known already.
    pub fn of(event: &'a mut Event) -> Draft<'a> {
        Draft { event, stamp: None, activity: None, outcome: None, class: None, drop_misfits: false }
    }

    /// Offers a stamp: one with a zone beats one without, then the one nearer to the message wins.
    pub fn offer_stamp(&mut self, stamp: Stamp, text: Cow<'a, str>, place: Place) {
        let rank = |stamp: &Stamp, place: Option<Place>| (stamp.has_zone(), place);
        if self.stamp.as_ref().is_none_or(|(old, _, at)| rank(&stamp, Some(place)) > rank(old, *at)) {
            self.stamp = Some((stamp, text, Some(place)));
        }
    }

    /// Adds a field to `extra`.
    pub fn extra(&mut self, key: &str, value: Datum) {
        self.extra_owned(key.into(), value);
    }

    /// [`Draft::extra`] with a key that is owned already.
    pub fn extra_owned(&mut self, mut key: ShortText, mut value: Datum) {
        if self.event.extra.len() >= FIELDS_MAX {
            self.event.flags.set(Flag::Truncated);
            return;
        }
        if key.len() > KEY_BYTES_MAX {
            self.event.flags.set(Flag::Truncated);
            key = value::head(&key, KEY_BYTES_MAX).into();
        }
        self.cut_datum(&mut value);
        if self.event.extra.is_empty() {
            // Most lines of text have one or two such fields; room for four is twice as dear to give back.
            self.event.extra.reserve_exact(2);
        }
        self.event.extra.push((key, value));
    }

    fn cut_datum(&mut self, value: &mut Datum) {
        match value {
            Datum::Text(text) if text.len() > FIELD_BYTES_MAX => *text = self.cut(text),
            Datum::List(members) => members.iter_mut().for_each(|member| self.cut_datum(member)),
            _ => {}
        }
    }

    fn cut(&mut self, text: &str) -> ShortText {
        let kept = value::head(text, FIELD_BYTES_MAX);
        if kept.len() < text.len() {
            self.event.flags.set(Flag::Truncated);
        }
        kept.into()
    }

    /// Fills a column unless it is filled. A value that cannot be of this column goes to `extra` under the
    /// column's name, so that nothing is lost; false then.
    pub fn put(&mut self, column: Column, text: &str) -> bool {
        let text = trimmed(text);
        if text.is_empty() || text == "-" {
            return true;
        }
        match column {
            Column::Time => return self.put_time(Cow::Owned(text.to_owned())),
            Column::Pid => {
                if self.event.extra("pid").is_none() {
                    let pid = text.parse().map_or_else(|_| Datum::Text(text.into()), Datum::Int);
                    self.extra("pid", pid);
                }
                return true;
            }
            Column::User | Column::TargetUser | Column::Account | Column::Group | Column::Role => {
                self.put_identity(column, text);
                return true;
            }
            Column::Src | Column::SrcIp | Column::SrcHost | Column::Dst | Column::DstIp => {
                return self.put_address(column, text);
            }
            _ => {}
        }
        if let Some(place) = self.text_place(column) {
            if place.is_none() && !value::is_null(text) {
                let kept = value::head(text, FIELD_BYTES_MAX);
                *place = Some(kept.into());
                if kept.len() < text.len() {
                    self.event.flags.set(Flag::Truncated);
                }
            }
            return true;
        }
        let fits = self.put_number(column, text).is_some() || self.put_word(column, text).is_some();
        if !fits {
            self.misfit(column, text);
        }
        fits
    }

    fn misfit(&mut self, column: Column, text: &str) {
        if !self.drop_misfits {
            let kept = self.cut(text);
            // Not under the name of a column that only names fill.
            let key = if column == Column::SrcHost { "src_host_claimed" } else { column.name() };
            self.extra(key, Datum::Text(kept));
        }
    }

    /// Whether the column has a value.
    pub fn is_filled(&mut self, column: Column) -> bool {
        if let Some(place) = self.text_place(column) {
            return place.is_some();
        }
        let event = &*self.event;
        match column {
            Column::Account | Column::User => event.user.is_some(),
            Column::Activity => self.activity.is_some(),
            Column::AssignedIp => event.assigned_ip.is_some(),
            Column::BytesIn => event.bytes_in.is_some(),
            Column::BytesOut => event.bytes_out.is_some(),
            Column::Class => self.class.is_some(),
            Column::Dst | Column::DstIp => event.dst_ip.is_some(),
            Column::DstPort => event.dst_port.is_some(),
            Column::Group => event.group.is_some(),
            Column::HttpStatus => event.http_status.is_some(),
            Column::Mfa => event.mfa.is_some(),
            Column::Outcome => self.outcome.is_some(),
            Column::Pid => event.extra("pid").is_some(),
            Column::Role => event.role.is_some(),
            Column::Src => event.src_ip.is_some() || event.src_host.is_some(),
            Column::SrcIp => event.src_ip.is_some(),
            Column::SrcHost => event.src_host.is_some(),
            Column::SrcAsn => event.src_asn.is_some(),
            Column::SrcPort => event.src_port.is_some(),
            Column::TargetUser => event.target_user.is_some(),
            Column::Time => matches!(self.stamp, Some((_, _, Some(Place::Message)))),
            _ => false,
        }
    }

    /// Offers a stamp that stands in the message.
    pub fn put_time(&mut self, text: Cow<'a, str>) -> bool {
        match stamp::read_whole(&text) {
            Some(stamp) => self.offer_stamp(stamp, text, Place::Message),
            None => {
                self.misfit(Column::Time, &text);
                return false;
            }
        }
        true
    }

    fn put_identity(&mut self, column: Column, text: &str) {
        if value::is_null(text) {
            return;
        }
        if value::mixes_scripts(text) {
            self.event.flags.set(Flag::MixedScript);
        }
        let (domain, name) = match column {
            Column::Account => value::split_domain(text),
            _ => (None, text),
        };
        let kept = self.cut(name);
        let event = &mut *self.event;
        let place = match column {
            Column::TargetUser => &mut event.target_user,
            Column::Group => &mut event.group,
            Column::Role => &mut event.role,
            _ => &mut event.user,
        };
        if place.is_none() {
            *place = Some(kept);
            if let Some(domain) = domain.filter(|_| event.user_domain.is_none()) {
                event.user_domain = Some(domain.into());
            }
        }
    }

    /// What a client calls itself may look like an address: `src_host` takes names only, `src_ip` and `dst_ip`
    /// addresses only, `src` both.
    fn put_address(&mut self, column: Column, text: &str) -> bool {
        let event = &mut *self.event;
        let client = matches!(column, Column::Src | Column::SrcIp);
        match value::address(text) {
            Address::Ip(ip, port) if column != Column::SrcHost => {
                let (place, place_port) = if client {
                    (&mut event.src_ip, &mut event.src_port)
                } else {
                    (&mut event.dst_ip, &mut event.dst_port)
                };
                *place = place.or(Some(ip));
                *place_port = place_port.or(port);
            }
            Address::Name(name, port) if matches!(column, Column::Src | Column::SrcHost) => {
                if event.src_host.is_none() {
                    event.src_host = Some(name.into());
                }
                event.src_port = event.src_port.or(port);
            }
            Address::Nothing => {}
            Address::Ip(..) | Address::Name(..) | Address::Other => {
                self.misfit(column, text);
                return false;
            }
        }
        true
    }

    fn text_place(&mut self, column: Column) -> Option<&mut Option<ShortText>> {
        let event = &mut *self.event;
        Some(match column {
            Column::Action => &mut event.action,
            Column::App => &mut event.app,
            Column::AuthMethod => &mut event.auth_method,
            Column::Device => &mut event.device,
            Column::Host => &mut event.host,
            Column::HttpMethod => &mut event.http_method,
            Column::LogonType => &mut event.logon_type,
            Column::Resource => &mut event.resource,
            Column::Service => &mut event.service,
            Column::Session => &mut event.session,
            Column::Severity => &mut event.severity,
            Column::SrcCountry => &mut event.src_country,
            Column::StatusDetail => &mut event.status_detail,
            Column::UserAgent => &mut event.user_agent,
            Column::UserDomain => &mut event.user_domain,
            Column::UserUid => &mut event.user_uid,
            _ => return None,
        })
    }

    fn put_number(&mut self, column: Column, text: &str) -> Option<()> {
        let event = &mut *self.event;
        match column {
            Column::BytesIn => event.bytes_in = event.bytes_in.or(Some(text.parse().ok()?)),
            Column::BytesOut => event.bytes_out = event.bytes_out.or(Some(text.parse().ok()?)),
            Column::DstPort => event.dst_port = event.dst_port.or(Some(text.parse().ok()?)),
            Column::HttpStatus => event.http_status = event.http_status.or(Some(status(text)?)),
            Column::SrcAsn => {
                let digits = text.strip_prefix("AS").unwrap_or(text);
                event.src_asn = event.src_asn.or(Some(digits.parse().ok()?));
            }
            Column::SrcPort => event.src_port = event.src_port.or(Some(text.parse().ok()?)),
            Column::Count => event.count = text.parse().ok().filter(|n| *n > 0)?,
            Column::AssignedIp => match value::address(text) {
                Address::Ip(ip, _) => event.assigned_ip = event.assigned_ip.or(Some(ip)),
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    fn put_word(&mut self, column: Column, text: &str) -> Option<()> {
        match column {
            Column::Mfa => self.event.mfa = self.event.mfa.or(Some(value::truth(text)?)),
            Column::Class => self.class = self.class.or(Some(Class::from_name(text)?)),
            Column::Outcome => self.outcome = self.outcome.or(Some(Outcome::from_name(text)?)),
            Column::Activity => {
                self.activity.get_or_insert_with(|| text.into());
            }
            _ => return None,
        }
        Some(())
    }
}

/// Without white space around it; nearly never is any there.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// A status of three digits (RFC 9110 section 15); nginx writes 000 where there was none.
fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (100..1000).contains(status))
}
