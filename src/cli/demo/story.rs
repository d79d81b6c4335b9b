//! Tells what the daemon does, as it does it: line, event, finding, mail, acknowledgement.

use super::play::Written;
use crate::cli::Failure;
use crate::cli::out::{Out, Tone};
use crate::daemon::Turn;
use crate::schema::{
    Event, Finding, IncidentStatus, Notification, NotificationState, Printable, Reading, Timestamp, Verdict,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What was told so far.
pub struct Story {
    written: Arc<Mutex<Written>>,
    folder: PathBuf,
    begun: Option<Timestamp>,
    /// Number and deciding moment of each incident by id.
    incidents: BTreeMap<Arc<str>, Told>,
    events: u64,
    mails: u64,
}

#[derive(Clone, Default)]
struct Told {
    number: u64,
    written: Option<Timestamp>,
    acknowledged: bool,
}

impl Story {
    /// A story not begun.
    pub fn new(written: Arc<Mutex<Written>>, folder: &Path) -> Story {
        let folder = folder.to_owned();
        Story { written, folder, begun: None, incidents: BTreeMap::new(), events: 0, mails: 0 }
    }

    /// Says what is about to be seen.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn opening(&self, out: &mut Out) -> Result<(), Failure> {
        out.line(out.tone(
            Tone::Strong,
            "gatewatch demo: the real daemon on sample logs that are written as you watch",
        ))?;
        out.line(format!(
            "everything is in {} (logs, state/gatewatch.db, state/mail)",
            self.folder.display()
        ))?;
        out.line("people work, then three attackers come: SSH, VPN, web login. Ctrl-C stops.")?;
        out.line("")?;
        out.flush()
    }

    /// Tells one turn.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn tell(&mut self, out: &mut Out, turn: &Turn, now: &Reading) -> Result<(), Failure> {
        let begun = *self.begun.get_or_insert(now.utc);
        let clock = format!("{:7.3} s", (now.utc - begun).as_seconds());
        self.events += turn.changes.events.len() as u64;
        for incident in &turn.changes.incidents {
            self.incidents.entry(incident.id.clone()).or_default().number = incident.number;
        }
        for finding in turn.changes.findings.iter().filter(|f| told(f)) {
            self.finding(out, &clock, finding, turn, now)?;
        }
        for mail in turn.changes.notifications.iter().filter(|n| n.state == NotificationState::Accepted) {
            self.mail(out, &clock, mail)?;
        }
        for incident in &turn.changes.incidents {
            let told = self.incidents.entry(incident.id.clone()).or_default();
            if incident.status == IncidentStatus::Acknowledged && !told.acknowledged {
                told.acknowledged = true;
                let who = incident.acknowledged_by.as_deref().unwrap_or("somebody");
                let took = since(told.written, now.utc);
                let text = format!(
                    "incident #{} taken by {who} through the control socket{took}; the others are told",
                    incident.number
                );
                out.line(format!("{clock}  {}  {text}", out.tone(Tone::Good, "ack     ")))?;
            }
        }
        out.flush()
    }

    fn finding(
        &mut self,
        out: &mut Out,
        clock: &str,
        finding: &Finding,
        turn: &Turn,
        now: &Reading,
    ) -> Result<(), Failure> {
        let decided = finding.evidence.last();
        let event = turn.changes.events.iter().find(|event| Some(&event.id) == decided);
        let written = event.and_then(|event| {
            let raw = event.raw_text();
            self.written.lock().ok().and_then(|written| written.at.get(&raw).copied())
        });
        let number = finding.incident.as_ref().and_then(|id| {
            let told = self.incidents.entry(id.clone()).or_default();
            told.written = told.written.or(written);
            Some(told.number).filter(|number| *number > 0)
        });
        if let Some(event) = event {
            let line = Printable(&event.raw_text()).cut(90);
            out.line(format!("{clock}  {}  {line}", out.tone(Tone::Dim, "line    ")))?;
            out.line(format!("{clock}  {}  {}", out.tone(Tone::Dim, "event   "), summary(event)))?;
        }
        let word = out.tone(Tone::Bad, "finding ");
        out.line(format!(
            "{clock}  {word}  {} {}: {}",
            finding.severity.name(),
            finding.rule,
            finding.explanation
        ))?;
        let number = number.map_or(String::new(), |number| format!(" incident #{number}"));
        out.line(format!(
            "{clock}  {}  {}{number}{}",
            out.tone(Tone::Dim, "verdict "),
            finding.verdict.name(),
            since(written, now.utc)
        ))
    }

    fn mail(&mut self, out: &mut Out, clock: &str, mail: &Notification) -> Result<(), Failure> {
        self.mails += 1;
        let told = mail.incident.as_ref().and_then(|id| self.incidents.get(id)).cloned().unwrap_or_default();
        let took = mail.accepted_at.map_or(String::new(), |at| since(told.written, at));
        let what = format!(
            "{} of incident #{} to {} accepted by {}",
            mail.kind.name(),
            told.number,
            mail.address,
            mail.relay.as_deref().unwrap_or("?")
        );
        out.line(format!("{clock}  {}  {what}{took}", out.tone(Tone::Strong, "mail    ")))
    }

    /// Says what is left to look at.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn ending(&self, out: &mut Out) -> Result<(), Failure> {
        let lines = self.written.lock().map_or(0, |written| written.lines);
        let counts = format!(
            "{lines} lines written, {} events stored, {} incidents, {} mails",
            self.events,
            self.incidents.len(),
            self.mails
        );
        let state = self.folder.join("state");
        out.line("")?;
        out.line(out.tone(Tone::Strong, &counts))?;
        out.line(format!("read a mail:     ls {}/mail/new", state.display()))?;
        out.line(format!("ask the store:   gatewatch --state {} query \"SELECT number, severity, title, status FROM incidents\"", state.display()))?;
        out.line(format!("see an incident: gatewatch --state {} incident show 1", state.display()))?;
        out.flush()
    }
}

/// Folded findings would tell the same story again.
fn told(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Opened | Verdict::Grouped)
}

/// How long after the deciding line was written.
fn since(written: Option<Timestamp>, now: Timestamp) -> String {
    written.map_or(String::new(), |at| format!(" ({} ms after the line was written)", (now - at).0 / 1_000))
}

fn summary(event: &Event) -> String {
    let mut text =
        format!("#{} {}/{} {}", event.id, event.class.name(), event.activity, event.outcome.name());
    if let Some(user) = &event.user {
        text.push_str(&format!(" user={}", Printable(user)));
    }
    if let Some(address) = event.src_ip {
        text.push_str(&format!(" src_ip={address}"));
    }
    if let Some(status) = event.http_status {
        text.push_str(&format!(" http_status={status}"));
    }
    text
}
