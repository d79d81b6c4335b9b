//! The page of `/metrics`: every family, its help and its samples. `packaging/` refers to these names.

use super::super::parts::Running;
use super::super::status::Troubles;
use super::Meters;
use crate::console::{Family, Kind};
use crate::schema::{ClockKind, ClockState, IncidentStatus, NotificationState, Reading};

impl Meters {
    /// The whole page.
    pub fn page(&self, daemon: &Running, troubles: &Troubles, now: &Reading) -> String {
        let mut page = String::with_capacity(8 * 1024);
        self.program(&mut page, troubles);
        self.sources(&mut page, now);
        self.store(&mut page, troubles);
        self.detection(&mut page, daemon);
        self.incidents(&mut page, daemon, now);
        self.mail(&mut page, daemon);
        page
    }

    fn program(&self, page: &mut String, troubles: &Troubles) {
        Family::new(page, "gatewatch_build_info", Kind::Gauge, "The program; always 1.")
            .count(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        Family::new(page, "gatewatch_start_time_seconds", Kind::Gauge, "When the daemon started, Unix time.")
            .sample(&[], self.started_at);
        let mut degraded = Family::new(
            page,
            "gatewatch_degraded",
            Kind::Gauge,
            "1 for each thing that is degraded, as `status` names it.",
        );
        for what in troubles.names() {
            degraded.count(&[("what", what)], 1);
        }
        let (bounds, counts, sum) = self.turns.read();
        Family::new(
            page,
            "gatewatch_turn_seconds",
            Kind::Histogram,
            "Time of one turn of the main loop: reading, judging, and waiting for commits.",
        )
        .histogram(bounds, &counts, sum);
    }

    fn sources(&self, page: &mut String, now: &Reading) {
        type Value = fn(&super::SourceMeter) -> u64;
        let families: [(&'static str, &'static str, Kind, Value); 4] = [
            ("gatewatch_lines_read_total", "Lines that became events.", Kind::Counter, |m| m.lines),
            ("gatewatch_bytes_read_total", "Bytes of these lines.", Kind::Counter, |m| m.bytes),
            ("gatewatch_unparsed_total", "Events that no grammar understood.", Kind::Counter, |m| m.unparsed),
            ("gatewatch_lag_bytes", "Bytes of files that are not stored yet.", Kind::Gauge, |m| m.lag_bytes),
        ];
        for (name, help, kind, value) in families {
            let mut family = Family::new(page, name, kind, help);
            for meter in &self.sources {
                family.count(&[("source", &meter.name)], value(meter));
            }
        }
        let mut lag = Family::new(
            page,
            "gatewatch_lag_seconds",
            Kind::Gauge,
            "Time since the source was last read to its end.",
        );
        for meter in &self.sources {
            let since = meter.caught_up.map_or(0, |at| now.boottime.0.saturating_sub(at.0).max(0));
            let behind = if meter.lag_bytes == 0 { 0.0 } else { since as f64 / 1e6 };
            lag.sample(&[("source", &meter.name)], behind);
        }
        let mut events = Family::new(
            page,
            "gatewatch_events_total",
            Kind::Counter,
            "Events by what the line says came of it.",
        );
        for meter in &self.sources {
            for (outcome, count) in ["unknown", "success", "failure"].iter().zip(meter.outcomes) {
                events.count(&[("source", &meter.name), ("outcome", outcome)], count);
            }
        }
        let mut gaps =
            Family::new(page, "gatewatch_gaps_total", Kind::Counter, "Places where lines may be missing.");
        for ((source, reason), count) in &self.gaps {
            gaps.count(&[("source", source), ("reason", reason)], *count);
        }
    }

    fn store(&self, page: &mut String, troubles: &Troubles) {
        let health = troubles.health();
        Family::new(page, "gatewatch_store_events", Kind::Gauge, "Events ever stored.")
            .count(&[], health.events);
        Family::new(page, "gatewatch_wal_bytes", Kind::Gauge, "Size of the write-ahead log.")
            .count(&[], health.wal_bytes);
        Family::new(
            page,
            "gatewatch_disk_free_bytes",
            Kind::Gauge,
            "Bytes that may still be written to the store's disk.",
        )
        .count(&[], health.free_bytes);
        Family::new(
            page,
            "gatewatch_commit_stalls_total",
            Kind::Counter,
            "Turns whose changes the store did not take.",
        )
        .count(&[], self.stalls);
        let (bounds, counts, sum) = self.commits.read();
        Family::new(
            page,
            "gatewatch_commit_seconds",
            Kind::Histogram,
            "Time of one commit, its disk flush included.",
        )
        .histogram(bounds, &counts, sum);
        let (bounds, counts, sum) = self.batches.read();
        Family::new(page, "gatewatch_batch_events", Kind::Histogram, "Events of one commit that has any.")
            .histogram(bounds, &counts, sum);
    }

    fn detection(&self, page: &mut String, daemon: &Running) {
        let (entries, evicted) = daemon.pipeline.window_entries();
        Family::new(page, "gatewatch_state_entries", Kind::Gauge, "Groups that rules remember.")
            .count(&[], entries);
        Family::new(
            page,
            "gatewatch_state_evictions_total",
            Kind::Counter,
            "Groups and events that full rules let go of, since their store was made.",
        )
        .count(&[], evicted);
        let mut findings = Family::new(
            page,
            "gatewatch_findings_total",
            Kind::Counter,
            "Findings by rule, and what triage made of them.",
        );
        for ((rule, verdict), count) in &self.findings {
            findings.count(&[("rule", rule), ("verdict", verdict)], *count);
        }
    }

    fn incidents(&self, page: &mut String, daemon: &Running, now: &Reading) {
        let mut opened = Family::new(
            page,
            "gatewatch_incidents_opened_total",
            Kind::Counter,
            "Incidents by the severity with which they began.",
        );
        for (severity, count) in &self.opened {
            opened.count(&[("severity", severity)], *count);
        }
        let book = daemon.pipeline.book();
        let mut incidents =
            Family::new(page, "gatewatch_incidents", Kind::Gauge, "Incidents that are not over.");
        use IncidentStatus::{Acknowledged, New, Open, Resolved};
        for status in [New, Open, Acknowledged, Resolved] {
            let count = book.incidents().filter(|incident| incident.status == status).count();
            incidents.count(&[("status", status.name())], count as u64);
        }
        let mut left = Family::new(
            page,
            "gatewatch_deadline_seconds",
            Kind::Gauge,
            "Seconds left to the nearest running deadline, by promise; below zero it has passed. Absent where none runs.",
        );
        let running = book.incidents().flat_map(|incident| book.clocks_of(&incident.id));
        let mut nearest: std::collections::BTreeMap<&'static str, i64> = std::collections::BTreeMap::new();
        for clock in running.filter(|clock| clock.state == ClockState::Running && clock.ended_at.is_none()) {
            if !matches!(clock.kind, ClockKind::Ladder | ClockKind::Hold) {
                let due = nearest.entry(clock.kind.name()).or_insert(i64::MAX);
                *due = (*due).min(clock.due_at.0);
            }
        }
        for (clock, due) in nearest {
            left.sample(&[("clock", clock)], due.saturating_sub(now.utc.0) as f64 / 1e6);
        }
        let mut ended = Family::new(
            page,
            "gatewatch_promises_total",
            Kind::Counter,
            "Promises of incidents by what became of them: met, breached, waived, uncertain.",
        );
        for ((clock, state), count) in &self.clocks_ended {
            ended.count(&[("clock", clock), ("state", state)], *count);
        }
    }

    fn mail(&self, page: &mut String, daemon: &Running) {
        let book = daemon.pipeline.book();
        let mut owed =
            Family::new(page, "gatewatch_notifications", Kind::Gauge, "Notifications that are owed.");
        use NotificationState::{Pending, Sending, Uncertain};
        for state in [Pending, Sending, Uncertain] {
            let count = book.unfinished().filter(|row| row.state == state).count();
            owed.count(&[("state", state.name())], count as u64);
        }
        let mut ended = Family::new(
            page,
            "gatewatch_notifications_total",
            Kind::Counter,
            "Notifications that are over, by kind and how.",
        );
        for ((kind, state), count) in &self.ended {
            ended.count(&[("kind", kind), ("state", state)], *count);
        }
        let mut attempts = Family::new(
            page,
            "gatewatch_mail_attempts_total",
            Kind::Counter,
            "Tries to deliver, by their result.",
        );
        for result in ["accepted", "deferred", "refused", "uncertain"] {
            attempts.count(&[("result", result)], self.attempts.get(result).copied().unwrap_or(0));
        }
    }
}
