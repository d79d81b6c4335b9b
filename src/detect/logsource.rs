//! Which events a rule sees: Sigma's `logsource` against the grammar, class, activity and program of an event.
//! Routing is correctness, not speed alone: without it a rule made of negations fires on every line.
//! This file is the one table; a name that stands nowhere in it matches the grammar of that name only.

use crate::schema::{Class, Datum, Event};

/// Sigma's `logsource`, lower case with hyphens for underscores.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Logsource {
    /// What kind of thing is logged: `authentication`, `vpn`, `webserver`, `process-creation` ...
    pub category: Option<Box<str>>,
    /// Whose log: `linux`, `windows`, `openvpn`, `aws` ...
    pub product: Option<Box<str>>,
    /// Which log of it: `sshd`, `security`, `cloudtrail` ...
    pub service: Option<Box<str>>,
}

/// What routing sees of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facet<'a> {
    /// Name of the grammar.
    pub format: &'a str,
    /// Class.
    pub class: Class,
    /// Activity.
    pub activity: &'a str,
    /// The program, if it is one that a service is named after, else "".
    pub app: &'static str,
    /// What the grammar itself says it is.
    pub declared: Option<&'a Logsource>,
}

/// Formats that are VPN gateways or remote-access services.
const VPN: &[&str] = &[
    "openvpn",
    "openvpn-as",
    "wireguard",
    "strongswan",
    "libreswan",
    "ocserv",
    "cisco-asa",
    "cisco-ftd",
    "cisco-pix",
    "anyconnect",
    "fortigate",
    "fortiauthenticator",
    "globalprotect",
    "pan-os",
    "panos",
    "paloalto",
    "pulse-secure",
    "ivanti",
    "sonicwall",
    "checkpoint",
    "check-point",
    "citrix-netscaler",
    "netscaler",
    "citrix-adc",
    "f5-bigip",
    "sophos",
    "sophos-xg",
    "sophos-utm",
    "watchguard",
    "barracuda",
    "pfsense",
    "opnsense",
    "mikrotik",
    "vyos",
    "softether",
    "pptpd",
    "xl2tpd",
    "pppd",
    "tailscale",
    "headscale",
    "twingate",
    "zerotier",
    "netbird",
    "zscaler-zpa",
    "windows-rras",
    "windows-nps",
    "meraki",
    "unifi",
    "juniper-srx",
    "aruba-via",
    "cato",
];

/// (product, its formats); `x*` means all that start so. A format is a product of its own name, too.
const PRODUCTS: &[(&str, &[&str])] = &[
    (
        "linux",
        &[
            "linux*",
            "sshd",
            "sudo",
            "su",
            "pam",
            "cron",
            "login",
            "logind",
            "systemd*",
            "shadow",
            "useradd",
            "userdel",
            "usermod",
            "groupadd",
            "groupdel",
            "groupmod",
            "gpasswd",
            "passwd",
            "chage",
            "chpasswd",
            "polkit",
            "pkexec",
            "doas",
            "auditd",
            "auditbeat",
            "vsftpd",
            "guacamole",
            "dropbear",
            "xrdp",
            "gdm",
            "journald",
            "dovecot",
            "mixed-daemons",
            "auth",
            "syslog",
        ],
    ),
    ("windows", &["windows*", "sysmon", "winlogbeat", "evtx"]),
    ("macos", &["macos*"]),
    ("aws", &["cloudtrail", "aws*"]),
    ("azure", &["entra*", "azure*"]),
    ("m365", &["o365", "m365*"]),
    ("gcp", &["gcp*", "google-workspace"]),
    ("google-workspace", &["google-workspace"]),
    ("github", &["github*"]),
    ("kubernetes", &["kubernetes*", "gcp-k8s"]),
    ("cisco", &["cisco*", "duo", "meraki", "anyconnect"]),
    ("fortinet", &["forti*"]),
    ("fortios", &["fortigate"]),
    ("paloalto", &["pan-os", "panos", "globalprotect", "paloalto*"]),
    ("juniper", &["pulse-secure", "juniper*"]),
    ("f5", &["f5*"]),
    ("vmware", &["vmware*", "esxi", "vcenter"]),
    ("apache", &["apache*"]),
    ("nginx", &["nginx*"]),
    ("openssh", &["sshd"]),
    ("sql", &["postgresql", "mysql", "mariadb", "mssql"]),
];

/// (service, formats that are it, programs that are it).
const SERVICES: &[(&str, &[&str], &[&str])] = &[
    ("sshd", &["sshd"], &["sshd"]),
    ("sudo", &["sudo"], &["sudo"]),
    ("su", &["su"], &["su"]),
    ("cron", &["cron"], &["cron", "crond"]),
    (
        "auth",
        &[
            "sshd",
            "sudo",
            "su",
            "pam",
            "login",
            "logind",
            "shadow",
            "useradd",
            "userdel",
            "usermod",
            "groupadd",
            "groupdel",
            "gpasswd",
            "passwd",
            "polkit",
            "doas",
            "linux-auth",
            "systemd-logind",
        ],
        &["sshd", "sudo", "su", "login", "useradd", "usermod", "passwd", "polkitd"],
    ),
    ("auditd", &["auditd", "auditbeat"], &["auditd"]),
    ("syslog", &["syslog", "linux*", "journald", "mixed-daemons"], &[]),
    ("guacamole", &["guacamole"], &["guacd"]),
    ("vsftpd", &["vsftpd"], &["vsftpd"]),
    ("clamav", &["clamav"], &["clamd", "freshclam"]),
    ("security", &["windows-security"], &[]),
    ("system", &["windows-system", "windows-other"], &[]),
    ("application", &["windows-application", "windows-other"], &[]),
    ("powershell", &["windows-powershell"], &[]),
    ("powershell-classic", &["windows-powershell"], &[]),
    ("sysmon", &["sysmon"], &[]),
    ("windefend", &["windows-defender", "windows-other"], &[]),
    ("terminalservices-localsessionmanager", &["windows-terminalservices", "windows-other"], &[]),
    ("ntlm", &["windows-ntlm"], &[]),
    ("cloudtrail", &["cloudtrail"], &[]),
    ("signinlogs", &["entra-signin"], &[]),
    ("auditlogs", &["entra-audit"], &[]),
    ("activitylogs", &["azure-activity"], &[]),
    ("gcp.audit", &["gcp-audit", "gcp-k8s"], &[]),
    ("google-workspace.admin", &["google-workspace"], &[]),
    ("google-workspace.login", &["google-workspace"], &[]),
    ("okta", &["okta"], &[]),
    ("onelogin.events", &["onelogin"], &[]),
    ("duo", &["duo"], &[]),
    ("aaa", &["cisco-ios", "cisco-asa", "cisco-ftd"], &[]),
    (
        "audit",
        &["github-audit", "kubernetes-audit", "gcp-k8s", "o365", "bitbucket-audit", "slack-audit"],
        &[],
    ),
    ("threat-management", &["o365"], &[]),
    ("event", &["fortigate"], &[]),
    ("nginx", &["nginx*"], &["nginx"]),
    ("apache", &["apache*"], &["httpd", "apache2"]),
];

/// (category, its formats or none for any, its classes or none for any, its activities or none for any).
type CategoryRow = (&'static str, &'static [&'static str], &'static [Class], &'static [&'static str]);
const CATEGORIES: &[CategoryRow] = &[
    ("vpn", VPN, &[], &[]),
    ("webserver", &[], &[Class::Http], &[]),
    ("proxy", &["squid", "zscaler", "bluecoat", "proxy*"], &[], &[]),
    (
        "firewall",
        &["fortigate", "cisco-asa", "cisco-ftd", "pan-os", "windows-firewall", "pfsense", "opnsense"],
        &[Class::Network],
        &[],
    ),
    ("process-creation", &[], &[Class::Process], &["launch"]),
    ("process-termination", &[], &[Class::Process], &["terminate"]),
    ("network-connection", &["sysmon", "auditd"], &[Class::Network], &[]),
    ("file-event", &[], &[Class::File], &["create", "update", "upload"]),
    ("file-change", &[], &[Class::File], &["update"]),
    ("file-access", &[], &[Class::File], &["read"]),
    ("file-delete", &[], &[Class::File], &["delete"]),
    ("registry-event", &[], &[Class::Registry], &[]),
    ("registry-set", &[], &[Class::Registry], &["update"]),
    ("registry-add", &[], &[Class::Registry], &["create"]),
    ("registry-delete", &[], &[Class::Registry], &["delete"]),
    ("database", &[], &[Class::Datastore], &[]),
    ("ps-script", &["windows-powershell"], &[], &[]),
    ("ps-module", &["windows-powershell"], &[], &[]),
    ("ps-classic-start", &["windows-powershell"], &[], &[]),
];

/// The names of this table: products, services and categories, classes among these. A grammar's name is one, too.
pub fn known_names() -> impl Iterator<Item = &'static str> {
    let (products, services) = (PRODUCTS.iter().map(|row| row.0), SERVICES.iter().map(|row| row.0));
    products.chain(services).chain(CATEGORIES.iter().map(|row| row.0)).chain(Class::all().map(Class::name))
}

impl Logsource {
    /// A name as rules write it, in the spelling of this table.
    pub fn spelled(name: &str) -> Box<str> {
        name.trim().to_ascii_lowercase().replace('_', "-").into_boxed_str()
    }
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.category.is_none() && self.product.is_none() && self.service.is_none()
    }
    /// Whether an event is one of those that the rule sees: all that is said has to hold.
    pub fn sees(&self, facet: &Facet<'_>) -> bool {
        self.category.as_deref().is_none_or(|name| in_category(name, facet))
            && self.product.as_deref().is_none_or(|name| in_product(name, facet))
            && self.service.as_deref().is_none_or(|name| in_service(name, facet))
    }
    /// Whether some event of a format can be seen.
    pub fn can_see(&self, format: &str, declared: Option<&Logsource>) -> bool {
        let base = Facet { format, class: Class::Base, activity: "", app: "", declared };
        let apps =
            || std::iter::once("").chain(SERVICES.iter().flat_map(|(_, _, apps)| apps.iter().copied()));
        let activities = |class: Class| class.activities().map(move |activity| (class, activity));
        let kinds = || Class::all().flat_map(|class| std::iter::once((class, "")).chain(activities(class)));
        self.product.as_deref().is_none_or(|name| in_product(name, &base))
            && self
                .service
                .as_deref()
                .is_none_or(|name| apps().any(|app| in_service(name, &Facet { app, ..base })))
            && self.category.as_deref().is_none_or(|name| {
                kinds().any(|(class, activity)| in_category(name, &Facet { class, activity, ..base }))
            })
    }
}

impl<'e> Facet<'e> {
    /// What routing sees of an event whose grammar declares to be `declared`.
    pub fn of(event: &'e Event, declared: Option<&'e Logsource>) -> Facet<'e> {
        let known = |app: &str| {
            let mut apps = SERVICES.iter().flat_map(|(_, _, apps)| apps.iter().copied());
            apps.find(|name| name.eq_ignore_ascii_case(app)).unwrap_or("")
        };
        let app = event.app.as_deref().map_or("", known);
        let (class, activity) = if proves_a_guess(event) {
            (Class::Authentication, "logon")
        } else {
            (event.class, event.activity)
        };
        Facet { format: &event.format, class, activity, app, declared }
    }
}

/// A line that is part of an announced attempt and is the first to refuse a credential: authentication rules
/// see it, since the announcing event could not say so.
fn proves_a_guess(event: &Event) -> bool {
    event.part_of.is_some()
        && matches!(event.extra("credential"), Some(Datum::Text(text)) if &**text == "refused")
}

/// Whether a format is a VPN gateway's.
pub fn is_vpn(format: &str, declared: Option<&Logsource>) -> bool {
    VPN.contains(&format) || declared.is_some_and(|declared| declared.category.as_deref() == Some("vpn"))
}

fn listed(list: &[&str], name: &str) -> bool {
    list.iter().any(|entry| match entry.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *entry == name,
    })
}

fn in_category(name: &str, facet: &Facet<'_>) -> bool {
    let declared = facet.declared.and_then(|declared| declared.category.as_deref());
    if facet.class.name() == name || declared == Some(name) || name == "application" {
        return true;
    }
    CATEGORIES.iter().filter(|row| row.0 == name).any(|(_, formats, classes, activities)| {
        (formats.is_empty() || listed(formats, facet.format))
            && (classes.is_empty() || classes.contains(&facet.class))
            && (activities.is_empty() || activities.contains(&facet.activity))
    })
}

fn in_product(name: &str, facet: &Facet<'_>) -> bool {
    let declared = facet.declared.and_then(|declared| declared.product.as_deref());
    let row = |(product, formats): &(&str, &[&str])| *product == name && listed(formats, facet.format);
    name == facet.format || declared == Some(name) || PRODUCTS.iter().any(row)
}

fn in_service(name: &str, facet: &Facet<'_>) -> bool {
    let declared = facet.declared.and_then(|declared| declared.service.as_deref());
    let row = |(service, formats, apps): &(&str, &[&str], &[&str])| {
        *service == name
            && (listed(formats, facet.format) || (!facet.app.is_empty() && apps.contains(&facet.app)))
    };
    name == facet.format || declared == Some(name) || SERVICES.iter().any(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(category: &str, product: &str, service: &str) -> Logsource {
        let part = |name: &str| (!name.is_empty()).then(|| Logsource::spelled(name));
        Logsource { category: part(category), product: part(product), service: part(service) }
    }

    #[test]
    fn routing_is_strict() {
        let failed = Facet {
            format: "sshd",
            class: Class::Authentication,
            activity: "logon",
            app: "sshd",
            declared: None,
        };
        assert!(source("authentication", "", "").sees(&failed));
        assert!(source("", "linux", "sshd").sees(&failed));
        assert!(source("", "linux", "auth").sees(&failed));
        assert!(!source("", "linux", "sudo").sees(&failed));
        assert!(!source("vpn", "", "").sees(&failed));
        assert!(!source("", "windows", "").sees(&failed));
        assert!(!source("", "zeek", "rdp").sees(&failed), "an unknown product matches nothing");
        let tunnel =
            Facet { format: "openvpn", class: Class::Tunnel, activity: "open", app: "", declared: None };
        assert!(source("vpn", "", "").sees(&tunnel) && source("", "openvpn", "").sees(&tunnel));
        let page = Facet { format: "nginx", class: Class::Http, activity: "get", app: "", declared: None };
        assert!(source("webserver", "", "").sees(&page) && source("", "", "nginx").sees(&page));
        assert!(!source("process_creation", "", "").sees(&page));
    }

    #[test]
    fn a_grammar_may_say_what_it_is() {
        let declared = source("vpn", "doorman_suite", "");
        let base = Facet { format: "doorman", class: Class::Base, activity: "", app: "", declared: None };
        let own = Facet { declared: Some(&declared), ..base };
        for rule in [source("vpn", "", ""), source("", "doorman_suite", "")] {
            assert!(rule.sees(&own) && !rule.sees(&base));
        }
        assert!(is_vpn("doorman", Some(&declared)) && !is_vpn("doorman", None));
    }

    #[test]
    fn what_a_format_can_produce() {
        assert!(source("process_creation", "windows", "").can_see("windows-security", None));
        assert!(!source("process_creation", "windows", "").can_see("sshd", None));
        assert!(source("", "aws", "cloudtrail").can_see("cloudtrail", None));
        assert!(
            source("", "linux", "cron").can_see("linux-auth", None),
            "a family holds what its programs say"
        );
    }
}
