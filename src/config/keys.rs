//! Every section and key of the configuration, listed once: the reader refuses others, offers the
//! nearest of these, and a test finds each of them in the shipped `config/gatewatch.toml`.

/// Section (`""` = the top) and its keys.
pub const SECTIONS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "store",
            "source",
            "normalize",
            "detect",
            "identity",
            "geo",
            "mail",
            "webhook",
            "person",
            "schedule",
            "policy",
            "route",
            "drill",
            "console",
            "metrics",
        ],
    ),
    ("store", &["directory", "retention"]),
    (
        "source",
        &[
            "name",
            "format",
            "paths",
            "timezone",
            "encoding",
            "lateness",
            "silent_after",
            "provider",
            "owner",
            "required",
        ],
    ),
    ("normalize", &["grammars"]),
    ("detect", &["rules", "disable", "builtin", "false_alerts_per_week", "placeholder"]),
    ("detect.placeholder", &["name", "values"]),
    ("identity", &["directory", "stale_after"]),
    ("geo", &["country", "asn"]),
    (
        "mail",
        &[
            "from",
            "domain",
            "reply_maildir",
            "reply_authserv",
            "reply_address",
            "max_per_recipient_per_hour",
            "relay",
            "canary",
            "alive",
            "proof",
        ],
    ),
    ("mail.canary", &["to", "every"]),
    ("mail.alive", &["to", "every"]),
    ("mail.proof", &["every"]),
    ("mail.relay", &["host", "port", "tls", "username", "password_file", "credential", "ca_file"]),
    ("webhook", &["id", "kind", "url", "secret_file", "credential", "ca_file"]),
    ("person", &["id", "name", "email", "timezone", "account", "party", "deputies"]),
    (
        "schedule",
        &["id", "timezone", "members", "every", "handoff", "start", "days", "hours", "layer", "override"],
    ),
    ("schedule.layer", &["name", "timezone", "members", "every", "handoff", "start", "days", "hours"]),
    ("schedule.override", &["from", "to", "person"]),
    (
        "policy",
        &[
            "id",
            "notify_within",
            "acknowledge_within",
            "resolve_within",
            "acknowledgement_lasts",
            "clock_starts",
            "repeat_every",
            "step",
            "duty",
        ],
    ),
    ("policy.step", &["after", "notify"]),
    (
        "policy.duty",
        &[
            "id",
            "trigger",
            "within",
            "audience",
            "incident_type",
            "severity",
            "timezone",
            "working_days",
            "working_hours",
            "holidays",
        ],
    ),
    (
        "route",
        &[
            "severity",
            "incident_type",
            "source",
            "provider",
            "owner",
            "role",
            "days",
            "hours",
            "timezone",
            "policy",
        ],
    ),
    ("drill", &["scenario", "every"]),
    ("console", &["listen"]),
    ("metrics", &["listen"]),
];

/// Keys that are read and checked, but have no effect yet: whoever sets one is told so. A key leaves
/// this list in the same change that builds its effect.
pub const NOT_BUILT: &[(&str, &str)] = &[
    ("store", "retention"),
    ("detect", "false_alerts_per_week"),
    ("identity", "directory"),
    ("identity", "stale_after"),
    ("geo", "country"),
    ("geo", "asn"),
    ("console", "listen"),
];

/// The keys of a section; empty for an unknown one.
pub fn of(section: &str) -> &'static [&'static str] {
    SECTIONS.iter().find(|(name, _)| *name == section).map_or(&[], |(_, keys)| keys)
}

/// Words that people try for a secret in the file itself.
pub const SECRET_WORDS: &[&str] = &["password", "passwd", "pass", "secret", "token"];

/// Lists of words for keys whose values are words.
pub const ENCODINGS: &[&str] = &["utf-8", "utf-16le", "utf-16be", "latin-1"];
/// `mail.relay.tls`.
pub const TLS: &[&str] = &["starttls", "implicit", "none"];
/// `policy.clock_starts`.
pub const CLOCK_STARTS: &[&str] = &["occurred", "read", "detected"];
/// `policy.duty.trigger`; `start` = what the policy's `clock_starts` says.
pub const TRIGGERS: &[&str] = &["start", "occurred", "read", "detected", "acknowledged", "resolved"];
/// `route.severity`.
pub const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];
