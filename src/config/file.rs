//! The configuration as plain and valid data: what the file says, with every default filled in. Each
//! room's parameters are made from it; nothing here can be half set.

use crate::courier::HookKind;
use crate::schema::wall::Hours;
use crate::schema::{Severity, Span};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from; `None` = built-in defaults.
    pub file: Option<PathBuf>,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[[source]]`, in the order of the file.
    pub sources: Vec<Source>,
    /// `[detect]`.
    pub detect: DetectConfig,
    /// `[normalize] grammars`: a folder whose grammars stand beside, or replace, the built-in ones.
    pub grammars: Option<PathBuf>,
    /// `[identity]`.
    pub identity: Option<IdentityConfig>,
    /// `[geo]`.
    pub geo: GeoConfig,
    /// `[mail]` and `[[mail.relay]]`.
    pub mail: MailConfig,
    /// `[[webhook]]`.
    pub webhooks: Vec<WebhookConfig>,
    /// `[[person]]`.
    pub persons: Vec<Person>,
    /// `[[schedule]]`.
    pub schedules: Vec<Schedule>,
    /// `[[policy]]`.
    pub policies: Vec<Policy>,
    /// `[[route]]`; the last one catches all.
    pub routes: Vec<Route>,
    /// `[[drill]]`: a scenario, and how often it must be played at least.
    pub drills: Vec<(String, Span)>,
    /// `[console] listen`.
    pub console: Option<SocketAddr>,
    /// `[metrics] listen`.
    pub metrics: Option<SocketAddr>,
}

/// Where everything is kept, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Folder of gatewatch.db, control.sock, keys/ and mail/.
    pub directory: PathBuf,
    /// Age (by read time) at which payloads are deleted.
    pub retention: Span,
}

/// The encoding of a source's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
    /// ISO 8859-1.
    Latin1,
}

/// One log that is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Unique name.
    pub name: String,
    /// A grammar's name, or `auto`.
    pub format: String,
    /// Absolute globs.
    pub paths: Vec<String>,
    /// For stamps that carry no zone.
    pub timezone: TimeZone,
    /// Its name as written.
    pub timezone_name: String,
    /// Encoding of the bytes.
    pub encoding: Encoding,
    /// How late in event time a line may be.
    pub lateness: Span,
    /// Quiet for so long = silent; `None` = learned.
    pub silent_after: Option<Span>,
    /// Who operates it.
    pub provider: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Whether silence is a degradation.
    pub required: bool,
    /// Line of its `[[source]]` in the file; 0 = built in.
    pub line: usize,
}

/// Which rules run.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectConfig {
    /// Folders or files of rules beside the built-in pack.
    pub rules: Vec<PathBuf>,
    /// Ids of rules that are left out.
    pub disable: Vec<String>,
    /// Whether the built-in pack is loaded.
    pub builtin: bool,
    /// Budget of the statistical detectors.
    pub false_alerts_per_week: f64,
    /// The values of each placeholder of `expand`.
    pub placeholders: BTreeMap<String, Vec<String>>,
}

/// The register of people and rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityConfig {
    /// Folder of people.csv and the others.
    pub directory: PathBuf,
    /// Age at which its files are stale.
    pub stale_after: Span,
}

/// Databases of places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeoConfig {
    /// Country database (MMDB).
    pub country: Option<PathBuf>,
    /// Autonomous system database (MMDB).
    pub asn: Option<PathBuf>,
}

/// How mail goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// Sender's address.
    pub from: String,
    /// Right side of each Message-ID.
    pub domain: String,
    /// Maildir of replies.
    pub reply_maildir: Option<PathBuf>,
    /// Whose Authentication-Results are believed.
    pub reply_authserv: Option<String>,
    /// The address of replies and reports; `None` = the sender's.
    pub reply_address: Option<String>,
    /// Letters per recipient and hour before digests begin.
    pub max_per_recipient_per_hour: u32,
    /// `[mail.canary]`, `[mail.alive]` and `[mail.proof]`.
    pub own: SelfMailConfig,
    /// In order of preference; none = the Maildir `<store.directory>/mail`.
    pub relays: Vec<RelayConfig>,
}

/// How a relay's session is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// STARTTLS, mandatory.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None; only to this machine.
    None,
}

/// One mail relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayConfig {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// Login name.
    pub username: Option<String>,
    /// Login secret, read from its file.
    pub password: Option<Secret>,
    /// Certificates (PEM) that are trusted beside the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// A secret: its text is given out by name only and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }
    /// The text, for the one place that must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

/// A person who can be told, and may act.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Unique id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Addresses in order of preference; at least one.
    pub email: Vec<String>,
    /// Zone in which times are shown to the person.
    pub timezone: TimeZone,
    /// Its name.
    pub timezone_name: String,
    /// Unix account that the person uses at the control socket.
    pub account: Option<String>,
    /// The side that the person is on: the client, a provider.
    pub party: Option<String>,
    /// Persons who may answer for this one.
    pub deputies: Vec<String>,
}

/// Who is on call.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Unique id.
    pub id: String,
    /// Name of the zone in which people read it.
    pub timezone_name: String,
    /// Layers and stand-ins; these never overlap.
    pub roster: crate::escalate::Schedule,
}

/// What starts the clocks of an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockStarts {
    /// The event time of the first evidence.
    Occurred,
    /// The read time of the deciding line.
    Read,
    /// The making of the finding: the default, since an old log read for the first time breaches nothing.
    #[default]
    Detected,
}

/// How an incident is escalated.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Unique id.
    pub id: String,
    /// Somebody's relay has accepted a notice within this.
    pub notify_within: Span,
    /// Somebody has acknowledged within this, from the first accepted notice.
    pub acknowledge_within: Span,
    /// Somebody has ended it within this, from the start of the clocks; `None` = no promise.
    pub resolve_within: Option<Span>,
    /// An acknowledgement without resolution lasts so long; `None` = for ever.
    pub acknowledgement_lasts: Option<Span>,
    /// What starts the clocks.
    pub clock_starts: ClockStarts,
    /// After the last step, the same again in this rhythm; `None` = never.
    pub repeat_every: Option<Span>,
    /// At least one, `after` never falling.
    pub steps: Vec<Step>,
    /// What is owed to others outside.
    pub duties: Vec<crate::escalate::OutsideDuty>,
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Time after the start of the clocks.
    pub after: Span,
    /// Who is told; at least one.
    pub notify: Vec<Recipient>,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// A person's id.
    Person(String),
    /// Whoever is on call by this schedule.
    Schedule(String),
    /// Everybody of a party.
    Party(String),
}

/// Which incidents take which policy; the first that matches wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Severities; empty = all.
    pub severity: Vec<Severity>,
    /// Incident types; empty = all.
    pub incident_type: Vec<String>,
    /// Sources of the deciding event; empty = all.
    pub source: Vec<String>,
    /// Who operates the source; empty = all.
    pub provider: Vec<String>,
    /// Who answers for the source; empty = all.
    pub owner: Vec<String>,
    /// Role of the user; empty = all. Nobody's role is known yet, so that a route with one matches nothing.
    pub role: Vec<String>,
    /// When; `None` = always.
    pub hours: Option<Hours>,
    /// Policy id.
    pub policy: String,
}

impl Route {
    /// Whether it asks for nothing but a severity.
    pub fn is_for_all(&self) -> bool {
        let lists = [&self.incident_type, &self.source, &self.provider, &self.owner, &self.role];
        lists.iter().all(|list| list.is_empty()) && self.hours.is_none()
    }

    /// The sources that it asks for by name, provider and owner; `None` = all, also incidents of no source.
    pub fn sources<'c>(&self, config: &'c Config) -> Option<Vec<&'c str>> {
        if self.source.is_empty() && self.provider.is_empty() && self.owner.is_empty() {
            return None;
        }
        let fits = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|word| word == value))
        };
        let of_route = |source: &&Source| {
            fits(&self.source, Some(&source.name))
                && fits(&self.provider, source.provider.as_deref())
                && fits(&self.owner, source.owner.as_deref())
        };
        Some(config.sources.iter().filter(of_route).map(|source| source.name.as_str()).collect())
    }
}

/// The program's mails about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfMailConfig {
    /// Where the canary goes, and how often.
    pub canary: Option<(String, Span)>,
    /// Where the sign of life goes, and how often.
    pub alive: Option<(String, Span)>,
    /// How often each address of each person is proved.
    pub proof: Option<Span>,
}

/// One webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Unique id.
    pub id: String,
    /// Whose form.
    pub kind: HookKind,
    /// Where to; for Slack its secret.
    pub url: Secret,
    /// The key of the signature, or the routing key.
    pub secret: Option<Secret>,
    /// Certificates (PEM) that are trusted instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
}
