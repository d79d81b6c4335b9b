//! What a rule's field name means: a column of the event, a spelling of the Elastic Common Schema (ECS)
//! or of Sigma's taxonomy for it, or a key of `extra`.

use crate::schema::{Datum, Event, ShortText};
use std::borrow::Cow;

/// A column of the event, or what is derived from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is the column of its name; schema::Event documents them")]
pub enum Column {
    Class,
    ClassUid,
    Activity,
    ActivityId,
    Outcome,
    StatusId,
    User,
    UserDomain,
    UserUid,
    TargetUser,
    Group,
    Role,
    SrcIp,
    SrcPort,
    SrcHost,
    SrcCountry,
    SrcAsn,
    DstIp,
    DstPort,
    AssignedIp,
    Host,
    App,
    Service,
    Session,
    AuthMethod,
    Mfa,
    LogonType,
    Device,
    UserAgent,
    Action,
    Resource,
    /// `resource` before the question mark.
    UriStem,
    /// `resource` after the question mark.
    UriQuery,
    HttpMethod,
    HttpStatus,
    BytesIn,
    BytesOut,
    StatusDetail,
    Severity,
    Count,
    Flags,
    Raw,
    Source,
    Format,
    Reason,
    /// `true` for the events of VPN gateways, else `false`.
    Vpn,
}

use Column as C;

/// The columns by the names of the view `events`.
const COLUMNS: &[(&str, Column)] = &[
    ("class", C::Class),
    ("class_uid", C::ClassUid),
    ("activity", C::Activity),
    ("activity_id", C::ActivityId),
    ("outcome", C::Outcome),
    ("status_id", C::StatusId),
    ("user", C::User),
    ("user_domain", C::UserDomain),
    ("user_uid", C::UserUid),
    ("target_user", C::TargetUser),
    ("group", C::Group),
    ("role", C::Role),
    ("src_ip", C::SrcIp),
    ("src_port", C::SrcPort),
    ("src_host", C::SrcHost),
    ("src_country", C::SrcCountry),
    ("src_asn", C::SrcAsn),
    ("dst_ip", C::DstIp),
    ("dst_port", C::DstPort),
    ("assigned_ip", C::AssignedIp),
    ("host", C::Host),
    ("app", C::App),
    ("service", C::Service),
    ("session", C::Session),
    ("auth_method", C::AuthMethod),
    ("mfa", C::Mfa),
    ("logon_type", C::LogonType),
    ("device", C::Device),
    ("user_agent", C::UserAgent),
    ("action", C::Action),
    ("resource", C::Resource),
    ("http_method", C::HttpMethod),
    ("http_status", C::HttpStatus),
    ("bytes_in", C::BytesIn),
    ("bytes_out", C::BytesOut),
    ("status_detail", C::StatusDetail),
    ("severity", C::Severity),
    ("count", C::Count),
    ("flags", C::Flags),
    ("raw", C::Raw),
    ("source", C::Source),
    ("format", C::Format),
    ("reason", C::Reason),
    ("vpn", C::Vpn),
];

/// Other spellings, lower case. A key of `extra` with the written name goes before the columns; of several
/// columns the first that the event has counts.
const ALIASES: &[(&str, &[Column])] = &[
    // Elastic Common Schema.
    ("message", &[C::Raw]),
    ("event.original", &[C::Raw]),
    ("event.action", &[C::Action]),
    ("event.outcome", &[C::Outcome]),
    ("event.category", &[C::Class]),
    ("event.type", &[C::Activity]),
    ("event.reason", &[C::StatusDetail]),
    ("event.dataset", &[C::Format]),
    ("user.name", &[C::User]),
    ("user.id", &[C::UserUid]),
    ("user.domain", &[C::UserDomain]),
    ("user.target.name", &[C::TargetUser]),
    ("group.name", &[C::Group]),
    ("source.ip", &[C::SrcIp]),
    ("source.address", &[C::SrcIp, C::SrcHost]),
    ("source.port", &[C::SrcPort]),
    ("source.domain", &[C::SrcHost]),
    ("client.ip", &[C::SrcIp]),
    ("source.geo.country_iso_code", &[C::SrcCountry]),
    ("source.as.number", &[C::SrcAsn]),
    ("destination.ip", &[C::DstIp]),
    ("destination.port", &[C::DstPort]),
    ("host.name", &[C::Host]),
    ("host.hostname", &[C::Host]),
    ("process.name", &[C::App]),
    ("process.command_line", &[C::Resource]),
    ("service.name", &[C::Service]),
    ("http.request.method", &[C::HttpMethod]),
    ("http.response.status_code", &[C::HttpStatus]),
    ("url.original", &[C::Resource]),
    ("url.path", &[C::UriStem]),
    ("url.query", &[C::UriQuery]),
    ("user_agent.original", &[C::UserAgent]),
    // Sigma's taxonomy: web server and proxy.
    ("c-ip", &[C::SrcIp]),
    ("cs-username", &[C::User]),
    ("cs-method", &[C::HttpMethod]),
    ("cs-uri", &[C::Resource]),
    ("c-uri", &[C::Resource]),
    ("cs-uri-stem", &[C::UriStem]),
    ("cs-uri-query", &[C::UriQuery]),
    ("c-uri-query", &[C::UriQuery]),
    ("sc-status", &[C::HttpStatus]),
    ("cs-user-agent", &[C::UserAgent]),
    ("c-useragent", &[C::UserAgent]),
    ("sc-bytes", &[C::BytesOut]),
    ("cs-bytes", &[C::BytesIn]),
    ("s-ip", &[C::DstIp]),
    ("s-port", &[C::DstPort]),
    // Windows: who is the actor depends on the event, see reference DECISIONS: the target of an account
    // change is `target_user`, of a logon `user`.
    ("eventid", &[C::Action]),
    ("targetusername", &[C::TargetUser, C::User]),
    ("subjectusername", &[C::User]),
    ("accountname", &[C::User]),
    ("targetdomainname", &[C::UserDomain]),
    ("ipaddress", &[C::SrcIp]),
    ("ipport", &[C::SrcPort]),
    ("workstationname", &[C::SrcHost]),
    ("computer", &[C::Host]),
    ("computername", &[C::Host]),
    ("logontype", &[C::LogonType]),
    ("status", &[C::StatusDetail]),
    ("groupname", &[C::Group]),
    ("membername", &[C::TargetUser]),
    ("commandline", &[C::Resource]),
    ("image", &[C::App]),
    // Linux.
    ("acct", &[C::User]),
    ("auid", &[C::UserUid]),
    ("addr", &[C::SrcIp]),
    ("res", &[C::Outcome]),
    ("terminal", &[C::Device]),
    // Cloud and identity services.
    ("eventname", &[C::Action]),
    ("eventsource", &[C::Service]),
    ("eventtype", &[C::Action]),
    ("operationname", &[C::Action]),
    ("operation", &[C::Action]),
    ("useridentity.arn", &[C::UserUid]),
    ("useridentity.username", &[C::User]),
    ("userprincipalname", &[C::User]),
    ("sourceipaddress", &[C::SrcIp]),
    ("ipaddr", &[C::SrcIp]),
    ("errorcode", &[C::StatusDetail]),
    ("useragent", &[C::UserAgent]),
    ("outcome.result", &[C::Outcome]),
    ("actor.alternateid", &[C::User]),
    ("actor", &[C::User]),
    ("verb", &[C::Action]),
    ("srcip", &[C::SrcIp]),
    ("dstip", &[C::DstIp]),
    ("remip", &[C::SrcIp]),
    ("srcuser", &[C::User]),
    ("dstuser", &[C::TargetUser]),
    ("username", &[C::User]),
    ("cfgpath", &[C::Resource]),
];

/// A compiled field name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As the rule writes it.
    pub name: Box<str>,
    columns: &'static [Column],
    /// The name of a column: an absent one stays absent, whatever `extra` holds.
    is_column: bool,
}

/// A value of a field, with its lower-case form.
#[derive(Clone, Debug)]
pub struct Text<'e> {
    /// As the event has it.
    pub text: Cow<'e, str>,
    lower: Option<Box<str>>,
}

/// The values of a field: mostly one.
#[derive(Clone, Debug)]
pub enum Values<'e> {
    /// One.
    One(Text<'e>),
    /// Several, or none.
    Many(Vec<Text<'e>>),
}

impl<'e> Values<'e> {
    /// All of them.
    pub fn as_slice(&self) -> &[Text<'e>] {
        match self {
            Values::One(text) => std::slice::from_ref(text),
            Values::Many(texts) => texts,
        }
    }
}

impl<'e> Text<'e> {
    /// Wraps a value.
    pub fn new(text: Cow<'e, str>) -> Text<'e> {
        let lower = if text.is_ascii() {
            let plain = !text.bytes().any(|b| b.is_ascii_uppercase());
            (!plain).then(|| text.to_ascii_lowercase().into_boxed_str())
        } else {
            Some(text.to_lowercase().into_boxed_str())
        };
        Text { text, lower }
    }
    /// The value in lower case.
    pub fn lower(&self) -> &str {
        self.lower.as_deref().unwrap_or(&self.text)
    }
}

impl Field {
    /// What a name means. Any name means something: a key of `extra` at least.
    pub fn named(name: &str) -> Field {
        let lower = name.to_ascii_lowercase();
        let key = name.strip_prefix("extra.").unwrap_or(name);
        if let Some((_, column)) = COLUMNS.iter().find(|(n, _)| *n == name) {
            return Field { name: key.into(), columns: std::slice::from_ref(column), is_column: true };
        }
        let alias = ALIASES.iter().find(|(n, _)| *n == lower);
        Field { name: key.into(), columns: alias.map_or(&[], |(_, columns)| columns), is_column: false }
    }

    /// Whether the name is in the tables; another one can only be a key of `extra`.
    pub fn is_known(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Whether it is the column `vpn`, which is not of the event but of its grammar.
    pub fn is_vpn(&self) -> bool {
        matches!(self.columns, [C::Vpn])
    }

    /// The names that people may have meant.
    pub fn known_names() -> impl Iterator<Item = &'static str> {
        COLUMNS.iter().map(|(n, _)| *n).chain(ALIASES.iter().map(|(n, _)| *n))
    }

    /// Whether the name is one of a column, so that no key of `extra` counts.
    pub fn is_column(&self) -> bool {
        self.is_column
    }

    /// The values that an event has for it; none when absent.
    pub fn values<'e>(&self, event: &'e Event) -> Values<'e> {
        let at = if self.is_column { None } else { self.extra(event) };
        self.values_at(event, at)
    }

    /// The same where the position of its key in `extra` is known.
    pub fn values_at<'e>(&self, event: &'e Event, at: Option<usize>) -> Values<'e> {
        match at.and_then(|at| event.extra.get(at)) {
            Some((_, Datum::Text(text))) => Values::One(Text::new(Cow::Borrowed(text))),
            Some((_, datum)) => {
                let mut texts = Vec::new();
                push_datum(datum, &mut texts);
                Values::Many(texts)
            }
            None => {
                let column = self.columns.iter().find_map(|column| column_text(event, *column));
                column.map_or_else(|| Values::Many(Vec::new()), |text| Values::One(Text::new(text)))
            }
        }
    }

    /// Whether a key of `extra` is like its name: the whole key or its last dotted part, in any case.
    pub fn is_like(&self, key: &str) -> bool {
        key.eq_ignore_ascii_case(&self.name) || last_part(key).eq_ignore_ascii_case(&self.name)
    }

    /// The position of its key in `extra`: as written, else the first that is like it.
    fn extra(&self, event: &Event) -> Option<usize> {
        let exact = event.extra.iter().position(|(key, _)| key.as_str() == &*self.name);
        exact.or_else(|| event.extra.iter().position(|(key, _)| self.is_like(key)))
    }
}

/// `CommandLine` of `EventData.CommandLine`.
pub fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn push_datum<'e>(datum: &'e Datum, out: &mut Vec<Text<'e>>) {
    match datum {
        Datum::Bool(b) => out.push(Text::new(Cow::Borrowed(if *b { "true" } else { "false" }))),
        Datum::Int(n) => out.push(Text::new(Cow::Owned(n.to_string()))),
        Datum::Float(n) => out.push(Text::new(Cow::Owned(n.to_string()))),
        Datum::Text(text) => out.push(Text::new(Cow::Borrowed(text))),
        Datum::List(list) => list.iter().for_each(|member| push_datum(member, out)),
    }
}

fn column_text(e: &Event, column: Column) -> Option<Cow<'_, str>> {
    fn text(value: &Option<ShortText>) -> Option<Cow<'_, str>> {
        value.as_deref().map(Cow::Borrowed)
    }
    fn number<'e>(value: Option<impl ToString>) -> Option<Cow<'e, str>> {
        value.map(|n| Cow::Owned(n.to_string()))
    }
    match column {
        C::Class => Some(Cow::Borrowed(e.class.name())),
        C::ClassUid => number(Some(e.class.uid(e.activity))),
        C::Activity => (!e.activity.is_empty()).then_some(Cow::Borrowed(e.activity)),
        C::ActivityId => number(Some(e.class.activity_id(e.activity))),
        C::Outcome => Some(Cow::Borrowed(e.outcome.name())),
        C::StatusId => number(Some(e.outcome.status_id())),
        C::User => text(&e.user),
        C::UserDomain => text(&e.user_domain),
        C::UserUid => text(&e.user_uid),
        C::TargetUser => text(&e.target_user),
        C::Group => text(&e.group),
        C::Role => text(&e.role),
        C::SrcIp => number(e.src_ip),
        C::SrcPort => number(e.src_port),
        C::SrcHost => text(&e.src_host),
        C::SrcCountry => text(&e.src_country),
        C::SrcAsn => number(e.src_asn),
        C::DstIp => number(e.dst_ip),
        C::DstPort => number(e.dst_port),
        C::AssignedIp => number(e.assigned_ip),
        C::Host => text(&e.host),
        C::App => text(&e.app),
        C::Service => text(&e.service),
        C::Session => text(&e.session),
        C::AuthMethod => text(&e.auth_method),
        C::Mfa => number(e.mfa),
        C::LogonType => text(&e.logon_type),
        C::Device => text(&e.device),
        C::UserAgent => text(&e.user_agent),
        C::Action => text(&e.action),
        C::Resource => text(&e.resource),
        C::UriStem => {
            e.resource.as_deref().map(|r| Cow::Borrowed(r.split_once('?').map_or(r, |(stem, _)| stem)))
        }
        C::UriQuery => e.resource.as_deref()?.split_once('?').map(|(_, query)| Cow::Borrowed(query)),
        C::HttpMethod => text(&e.http_method),
        C::HttpStatus => number(e.http_status),
        C::BytesIn => number(e.bytes_in),
        C::BytesOut => number(e.bytes_out),
        C::StatusDetail => text(&e.status_detail),
        C::Severity => text(&e.severity),
        C::Count => number(Some(e.count)),
        C::Flags => Some(Cow::Owned(e.flags.names().collect::<Vec<_>>().join(","))),
        C::Raw => Some(String::from_utf8_lossy(&e.raw)),
        C::Source => Some(Cow::Borrowed(&e.source)),
        C::Format => Some(Cow::Borrowed(&e.format)),
        C::Reason => text(&e.reason),
        // Known to the room alone: see `Field::is_vpn`.
        C::Vpn => None,
    }
}

/// Whether a value stands for "nobody" or "not said". Such a value never forms a group.
pub fn is_null_like(value: &str) -> bool {
    const NOBODY: [&str; 9] =
        ["", "-", "?", "null", "(null)", "n/a", "(unknown)", "<unknown>", "(invalid user)"];
    NOBODY.iter().any(|nobody| value.eq_ignore_ascii_case(nobody))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_column_an_alias_or_a_key_of_extra() {
        let list = Datum::List(vec![Datum::Text("a".into()), Datum::Int(7)]);
        let event = Event {
            user: Some("Ana".into()),
            src_ip: "192.0.2.7".parse().ok(),
            resource: Some("/login?next=/".into()),
            extra: vec![
                ("Event.Data.Kind".into(), list),
                ("TargetUserName".into(), Datum::Text("Bo".into())),
            ],
            ..Event::default()
        };
        let first =
            |name: &str| Field::named(name).values(&event).as_slice().first().map(|t| t.text.to_string());
        assert_eq!(first("user").as_deref(), Some("Ana"));
        assert_eq!(first("source.ip").as_deref(), Some("192.0.2.7"));
        assert_eq!(first("cs-uri-stem").as_deref(), Some("/login"));
        assert_eq!(
            first("TargetUserName").as_deref(),
            Some("Bo"),
            "the source's own field goes before its column"
        );
        assert_eq!(Field::named("kind").values(&event).as_slice().len(), 2);
        assert_eq!(first("target_user"), None);
        assert!(!Field::named("no_such").is_known());
    }
}
