//! Saved questions: what auditors ask of every store (`gatewatch query --list`, `--saved NAME`).

/// One question with its answer in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// What `--saved` takes.
    pub name: &'static str,
    /// The question in words.
    pub question: &'static str,
    /// The query.
    pub sql: &'static str,
}

/// All saved questions, by name.
pub const SAVED: &[Saved] = &[
    Saved {
        name: "admin-changes",
        question: "Which accounts, groups, roles and rights were changed, when, by whom?",
        sql: "SELECT coalesce(time, observed_at) AS time, user, class, activity, target_user, \"group\", role, outcome, host, id \
              FROM admin_changes ORDER BY id DESC",
    },
    Saved {
        name: "blind-spots",
        question: "Which sources have lines that nobody understood, gaps, or nothing new?",
        sql: "SELECT name, format, state, last_read_at, last_event_at, lag_bytes, lines, unparsed, gaps FROM sources \
              ORDER BY gaps > 0 DESC, unparsed > 0 DESC, last_read_at",
    },
    Saved {
        name: "controls",
        question: "Which control is watched by which number of rules, and who answers for them?",
        sql: "SELECT id, rules, enabled, owners, findings FROM controls ORDER BY id",
    },
    Saved {
        name: "failed-logins-by-address",
        question: "Which addresses failed most often to log in, against how many accounts?",
        sql: "SELECT coalesce(src_ip, src_host) AS client, sum(count) AS failures, count(DISTINCT user) AS users, \
              min(coalesce(time, observed_at)) AS first_at, max(coalesce(time, observed_at)) AS last_at \
              FROM failed_logins GROUP BY client ORDER BY failures DESC LIMIT 50",
    },
    Saved {
        name: "gaps",
        question: "Where may lines be missing?",
        sql: "SELECT at, source, path, from_offset, to_offset, bytes, reason FROM gaps ORDER BY at DESC",
    },
    Saved {
        name: "incidents-and-clocks",
        question: "When was each incident due, told and taken?",
        sql: "SELECT number, severity, status, title, entity, occurred_at, notify_due, notified_at, notify_state, ack_due, \
              acknowledged_at, acknowledged_by, ack_state, resolved_at, resolution FROM incidents ORDER BY number DESC",
    },
    Saved {
        name: "new-addresses",
        question: "From which addresses did each user log in, and since when?",
        sql: "SELECT user, src_ip, count(*) AS logins, min(coalesce(time, observed_at)) AS first_at, \
              max(coalesce(time, observed_at)) AS last_at FROM logins WHERE user IS NOT NULL GROUP BY user, src_ip \
              ORDER BY first_at DESC",
    },
    Saved {
        name: "privilege-use",
        question: "Who used somebody else's or administrators' rights, how often?",
        sql: "SELECT user, target_user, host, app, outcome, count(*) AS times, max(coalesce(time, observed_at)) AS last_at \
              FROM privilege_use GROUP BY user, target_user, host, app, outcome ORDER BY times DESC",
    },
    Saved {
        name: "promises-broken",
        question: "Which promises to tell, to take or to resolve, and which duties, were broken, or perhaps broken?",
        sql: "SELECT i.number, i.severity, i.title, c.clock, c.round, c.state, c.due_at, c.ended_at, c.elapsed, i.notified_at, \
              i.acknowledged_at, i.resolved_at FROM clocks c JOIN incidents i ON i.id = c.incident \
              WHERE c.state IN ('breached', 'uncertain') ORDER BY i.number DESC, c.due_at, c.clock",
    },
    Saved {
        name: "rules-idle",
        question: "Which rules are off or never found anything?",
        sql: "SELECT id, title, severity, owner, control, enabled, findings FROM rules WHERE NOT enabled OR findings = 0 ORDER BY id",
    },
    Saved {
        name: "undelivered",
        question: "Which messages did no relay accept, and why?",
        sql: "SELECT id, incident, kind, recipient, address, state, due_at, attempts, relay, relay_reply FROM notifications \
              WHERE state NOT IN ('accepted', 'cancelled') ORDER BY id DESC",
    },
    Saved {
        name: "who-was-connected",
        question: "Who had a VPN tunnel, from where, from when to when?",
        sql: "SELECT user, src_ip, assigned_ip, opened_at, closed_at, seconds, bytes_in, bytes_out, source FROM vpn_sessions \
              ORDER BY opened_at DESC",
    },
];

/// A saved question by its name.
pub fn find(name: &str) -> Option<&'static Saved> {
    SAVED.iter().find(|saved| saved.name == name)
}
