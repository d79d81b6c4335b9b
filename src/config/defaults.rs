//! The configuration without a file: the logs that this machine has, a store in the current folder,
//! mail into the Maildir beside it, and the account that runs the program as the one person.

use super::alerting::{ACKNOWLEDGE_WITHIN_DEFAULT, LETTERS_DEFAULT, NOTIFY_WITHIN_DEFAULT};
use super::file::{
    ClockStarts, Config, DetectConfig, Encoding, GeoConfig, MailConfig, Person, Policy, Recipient, Route,
    SelfMailConfig, Source, Step, StoreConfig,
};
use super::given::Given;
use super::globs;
use super::sections::{FALSE_ALERTS_DEFAULT, RETENTION_DEFAULT, STATE_DEFAULT};
use super::values::judge_host;
use crate::limits::LATENESS_DEFAULT;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The built-in policy's id.
const POLICY: &str = "default";

/// Logs looked for: source, format, globs. The first is followed even before it exists.
const LOGS: &[(&str, &str, &[&str])] = &[
    ("auth", "linux-auth", &["/var/log/auth.log", "/var/log/secure"]),
    ("audit", "auditd", &["/var/log/audit/audit.log"]),
    ("nginx", "nginx", &["/var/log/nginx/*access*.log"]),
    ("apache", "apache", &["/var/log/apache2/*access*.log", "/var/log/httpd/*access*log"]),
    (
        "openvpn",
        "openvpn",
        &["/var/log/openvpn.log", "/var/log/openvpn/openvpn.log", "/var/log/openvpn/server*.log"],
    ),
    ("postgresql", "postgresql", &["/var/log/postgresql/*.log"]),
    ("vsftpd", "vsftpd", &["/var/log/vsftpd.log"]),
    ("proftpd", "proftpd", &["/var/log/proftpd/proftpd.log"]),
    ("caddy", "caddy", &["/var/log/caddy/*access*.log"]),
];

/// The built-in configuration.
pub fn defaults(given: &Given<'_>) -> Config {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    defaults_in(Path::new("/"), &name, given)
}

/// The same for a machine of that name whose files stand under `root`.
pub fn defaults_in(root: &Path, name: &str, given: &Given<'_>) -> Config {
    let host = host_name(name);
    let persons = vec![account(root, &host)];
    let policies = vec![policy(&persons)];
    Config {
        file: None,
        store: StoreConfig {
            directory: given.state.map_or_else(|| PathBuf::from(STATE_DEFAULT), Path::to_path_buf),
            retention: RETENTION_DEFAULT,
        },
        sources: sources(root, given.formats),
        detect: DetectConfig {
            rules: Vec::new(),
            disable: Vec::new(),
            builtin: true,
            false_alerts_per_week: FALSE_ALERTS_DEFAULT,
            placeholders: BTreeMap::new(),
        },
        grammars: None,
        identity: None,
        geo: GeoConfig::default(),
        mail: MailConfig {
            from: format!("gatewatch@{host}"),
            domain: host,
            reply_maildir: None,
            reply_authserv: None,
            reply_address: None,
            max_per_recipient_per_hour: LETTERS_DEFAULT,
            own: SelfMailConfig::default(),
            relays: Vec::new(),
        },
        webhooks: Vec::new(),
        schedules: Vec::new(),
        routes: routes(&policies),
        policies,
        persons,
        drills: Vec::new(),
        console: None,
        metrics: None,
    }
}

/// The policy without a `[[policy]]`: everybody at once, inside the contract's half hour.
pub(super) fn policy(persons: &[Person]) -> Policy {
    Policy {
        id: POLICY.to_owned(),
        notify_within: NOTIFY_WITHIN_DEFAULT,
        acknowledge_within: ACKNOWLEDGE_WITHIN_DEFAULT,
        resolve_within: None,
        acknowledgement_lasts: None,
        clock_starts: ClockStarts::default(),
        repeat_every: None,
        steps: vec![Step {
            after: crate::schema::Span::ZERO,
            notify: persons.iter().map(|person| Recipient::Person(person.id.clone())).collect(),
        }],
        duties: Vec::new(),
    }
}

/// The routes without a `[[route]]`: everything to the policy `default`, else to the only one there is.
pub(super) fn routes(policies: &[Policy]) -> Vec<Route> {
    let default = policies.iter().find(|policy| policy.id == POLICY);
    let only = if let [only] = policies { Some(only) } else { None };
    let all = |policy: &Policy| Route {
        severity: Vec::new(),
        incident_type: Vec::new(),
        source: Vec::new(),
        provider: Vec::new(),
        owner: Vec::new(),
        role: Vec::new(),
        hours: None,
        policy: policy.id.clone(),
    };
    default.or(only).map(all).into_iter().collect()
}

fn sources(root: &Path, formats: &[&str]) -> Vec<Source> {
    let zone_name = machine_zone(root);
    let timezone = TimeZone::get(&zone_name).unwrap_or(TimeZone::UTC);
    let mut sources = Vec::new();
    for (at, (name, format, globs)) in LOGS.iter().enumerate() {
        let paths: Vec<String> = globs.iter().map(|glob| rooted(root, glob)).collect();
        let found = at == 0 || paths.iter().any(|glob| !globs::expand(glob).is_empty());
        if !found || !formats.contains(format) {
            continue;
        }
        sources.push(Source {
            name: (*name).to_owned(),
            format: (*format).to_owned(),
            paths,
            timezone: timezone.clone(),
            timezone_name: zone_name.clone(),
            encoding: Encoding::Utf8,
            lateness: LATENESS_DEFAULT,
            silent_after: None,
            provider: None,
            owner: None,
            required: false,
            line: 0,
        });
    }
    sources
}

fn rooted(root: &Path, path: &str) -> String {
    root.join(path.trim_start_matches('/')).display().to_string()
}

/// The account that runs the program, as the one person.
fn account(root: &Path, host: &str) -> Person {
    let uid = rustix::process::getuid().as_raw();
    let list = fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
    let mut accounts = list.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let own = accounts.find(|fields| fields.get(2).is_some_and(|field| field.parse() == Ok(uid)));
    let name = own
        .as_ref()
        .and_then(|fields| fields.first())
        .map_or_else(|| format!("uid-{uid}"), |name| (*name).to_owned());
    let zone_name = machine_zone(root);
    Person {
        email: vec![format!("{name}@{host}")],
        timezone: TimeZone::get(&zone_name).unwrap_or(TimeZone::UTC),
        timezone_name: zone_name,
        account: Some(name.clone()),
        party: None,
        deputies: Vec::new(),
        name: name.clone(),
        id: name,
    }
}

/// The machine's name as the right side of addresses that never leave it.
fn host_name(name: &str) -> String {
    if judge_host(name).is_ok() { name.to_owned() } else { "localhost".to_owned() }
}

/// The zone in which this machine's own programs write their stamps; UTC where it cannot be told.
fn machine_zone(root: &Path) -> String {
    let link = fs::read_link(root.join("etc/localtime")).ok();
    let linked = link.as_deref().and_then(Path::to_str).and_then(|path| path.split_once("zoneinfo/"));
    let written = fs::read_to_string(root.join("etc/timezone")).unwrap_or_default();
    let name = linked.map_or(written.trim(), |(_, name)| name);
    if !name.is_empty() && TimeZone::get(name).is_ok() { name.to_owned() } else { "UTC".to_owned() }
}
