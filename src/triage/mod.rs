//! Room 4: what becomes of a finding. A silence or an exception covers it, an open incident takes it in, or it opens one.
//! Each verdict carries its reason, and nothing is deleted: a suppressed finding is stored and counted.
//!
//! A finding joins an incident when all of this holds:
//! - the incident is not resolved, and its last evidence is at most `join_span` away in event time (an
//!   incident forgotten open for weeks must not swallow a new attack);
//! - it is about the same entity, or the incident is about one source address that the finding names too
//!   (a success after failures joins the guessing of the same address);
//! - the same people would be told of both: the route gives the same policy, gravity aside.
//!
//! A finding that raises an incident to high or critical gives it the policy of the new severity and one
//! more round from the first step, acknowledged or not: who took a medium incident at night has not said
//! yes to a critical one.

use crate::limits;
use crate::schema::book::id_text;
use crate::schema::wall::Hours;
use crate::schema::{
    Book, Finding, Incident, IncidentStatus, Network, Reading, Severity, Silence, SilenceKind, Span,
    Timestamp, Verdict,
};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;

pub mod drills;
#[cfg(test)]
mod tests;

pub use drills::Drills;

/// Which policy an incident follows; the first route that matches wins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Severities; empty = all.
    pub severity: Vec<Severity>,
    /// Incident type; `None` = all.
    pub incident_type: Option<Arc<str>>,
    /// Source of the deciding event; `None` = all.
    pub source: Option<Arc<str>>,
    /// When the incident is detected; `None` = always.
    pub hours: Option<Hours>,
    /// Policy id.
    pub policy: Arc<str>,
}

/// What Triage needs; already valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// In order; the last catches all.
    pub routes: Vec<Route>,
    /// How far from an incident's last evidence a finding may be and still join it.
    pub join_span: Span,
    /// Incidents that findings may still join; beyond it new entities share one incident per rule.
    pub open_max: usize,
}

impl Default for Params {
    fn default() -> Params {
        let all = Route { policy: "default".into(), ..Route::default() };
        Params { routes: vec![all], join_span: Span::hours(24), open_max: limits::INCIDENTS_OPEN_MAX }
    }
}

/// The room.
#[derive(Clone, Debug)]
pub struct Triage {
    params: Params,
}

/// Where the event stems from that decided a finding.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// Its source.
    pub source: Option<&'a str>,
    /// Its client's address.
    pub address: Option<IpAddr>,
}

impl<'a> From<Option<&'a str>> for Origin<'a> {
    fn from(source: Option<&'a str>) -> Origin<'a> {
        Origin { source, address: None }
    }
}

/// What the routes look at.
#[derive(Clone, Copy)]
struct Traits<'a> {
    severity: Severity,
    incident_type: Option<&'a str>,
    source: Option<&'a str>,
    /// When the incident that they decide about was, or would be, detected.
    at: Timestamp,
}

impl Triage {
    /// The room with its parameters.
    pub fn new(params: Params) -> Triage {
        Triage { params }
    }

    /// Decides about one finding: gives it back with verdict, reason and incident, and opens or changes
    /// that incident in the book. `origin` and `read_at` are those of the deciding event.
    pub fn judge<'a>(
        &self,
        book: &mut Book,
        mut finding: Finding,
        origin: impl Into<Origin<'a>>,
        read_at: Timestamp,
        now: &Reading,
    ) -> Finding {
        let origin = origin.into();
        let source = origin.source;
        // An exception says more than a silence: the finding is allowed, not merely unwanted at the moment.
        let covering = book.silences().filter(|s| covers(s, &finding, origin, now.utc));
        let silence = covering.max_by_key(|s| (s.kind, std::cmp::Reverse(&s.id))).cloned();
        if let Some(silence) = silence {
            return cover(book, finding, &silence);
        }
        let kin = Traits {
            severity: finding.severity,
            incident_type: finding.incident_type.as_deref(),
            source,
            at: now.utc,
        };
        match self.host_of(book, &finding, kin) {
            Some((id, reason)) => {
                let note = self.join(book, &id, &finding, kin, read_at);
                finding.verdict = Verdict::Grouped;
                finding.reason = format!("{reason}{note}").into();
                finding.incident = Some(id);
            }
            None => {
                let crowded = book.unsettled() >= self.params.open_max;
                let incident = self.open(book, &finding, kin, crowded, read_at, now);
                finding.verdict = Verdict::Opened;
                finding.reason = if crowded {
                    format!(
                        "more than {} incidents are open: further ones of this rule join here",
                        self.params.open_max
                    )
                } else {
                    format!("no open incident about {}", incident.entity)
                }
                .into();
                finding.incident = Some(incident.id);
            }
        }
        finding
    }

    /// The incident that takes the finding in, and why.
    fn host_of(&self, book: &Book, finding: &Finding, kin: Traits) -> Option<(Arc<str>, String)> {
        let fits = |incident: &&Incident| {
            let apart = (finding.last_event_at - incident.last_event_at).0.abs();
            let same_people =
                self.policy(Traits { severity: incident.severity, at: incident.detected_at, ..kin })
                    == incident.policy;
            apart <= self.params.join_span.0 && same_people
        };
        let entity = finding.entity();
        if let Some(incident) = book.unsettled_of(&entity).find(fits) {
            return Some((
                incident.id.clone(),
                format!("incident {} is about the same entity", incident.number),
            ));
        }
        if let Some(incident) = book.hosts_of(&entity).find(fits) {
            return Some((
                incident.id.clone(),
                format!("the incident about this entity was joined to incident {}", incident.number),
            ));
        }
        let address = finding.group.iter().find(|(key, _)| &**key == "src_ip");
        let by_address =
            address.and_then(|(key, value)| book.unsettled_of(&format!("{key}={value}")).find(fits));
        if let Some(incident) = by_address {
            return Some((
                incident.id.clone(),
                format!("incident {} is about the same source address", incident.number),
            ));
        }
        if book.unsettled() < self.params.open_max {
            return None;
        }
        let flood = book.unsettled_of(&flood_entity(finding)).find(fits)?;
        let why = format!(
            "more than {} incidents are open; incident {} gathers this rule",
            self.params.open_max, flood.number
        );
        Some((flood.id.clone(), why))
    }

    /// Takes the finding in; the answer says what changed, as the tail of the reason.
    fn join(&self, book: &mut Book, id: &str, finding: &Finding, kin: Traits, read_at: Timestamp) -> String {
        let Some(before) = book.incident(id).map(|i| (i.severity, i.status, i.policy.clone())) else {
            return String::new();
        };
        let graver = finding.severity > before.0;
        let raised = graver && finding.severity >= Severity::High;
        let policy = if graver { self.policy(kin) } else { before.2 };
        book.update_incident(id, |incident| {
            incident.findings += 1;
            incident.occurred_at = incident.occurred_at.min(finding.first_event_at);
            incident.last_event_at = incident.last_event_at.max(finding.last_event_at);
            if graver {
                incident.severity = finding.severity;
                incident.title = finding.title.clone();
                incident.incident_type = finding.incident_type.clone().or(incident.incident_type.take());
                incident.read_at = read_at;
                incident.policy = policy;
            }
            // A round ahead of the ladder, at step 0, is what Escalate reads as "start anew". Before its
            // first look there is nothing to start anew.
            if raised && incident.status != IncidentStatus::New {
                incident.round += 1;
                incident.next_step = 0;
            }
        });
        match (graver, raised && before.1 != IncidentStatus::New) {
            (false, _) => String::new(),
            (true, false) => format!("; it is {} now", finding.severity.name()),
            (true, true) => {
                format!("; it is {} now and starts anew from the first step", finding.severity.name())
            }
        }
    }

    fn open(
        &self,
        book: &mut Book,
        finding: &Finding,
        kin: Traits,
        crowded: bool,
        read_at: Timestamp,
        now: &Reading,
    ) -> Incident {
        // With the number: where a clock was set back, or a log of long ago comes in, the same finding may be
        // made again after its incident is over, and must not take that one's place (nor its Message-IDs).
        let number = book.number_incident();
        let incident = Incident {
            id: id_text(&Sha256::digest(format!("incident\n{}\n{number}", finding.id))).into(),
            number,
            title: finding.title.clone(),
            severity: finding.severity,
            status: IncidentStatus::New,
            entity: if crowded { flood_entity(finding) } else { finding.entity() }.into(),
            incident_type: finding.incident_type.clone(),
            policy: self.policy(kin),
            opened_at: read_at,
            occurred_at: finding.first_event_at,
            read_at,
            detected_at: now.utc,
            started: now.clone(),
            next_step: 0,
            round: 0,
            notified_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            ack_via: None,
            resolved_at: None,
            resolution: None,
            findings: 1,
            assignee: None,
            last_event_at: finding.last_event_at,
            drill: None,
            merged_into: None,
        };
        book.put_incident(incident.clone());
        incident
    }

    fn policy(&self, kin: Traits) -> Arc<str> {
        let matches = |route: &&Route| {
            (route.severity.is_empty() || route.severity.contains(&kin.severity))
                && route.incident_type.as_deref().is_none_or(|wanted| kin.incident_type == Some(wanted))
                && route.source.as_deref().is_none_or(|wanted| kin.source == Some(wanted))
                && route.hours.as_ref().is_none_or(|hours| hours.covers(kin.at))
        };
        self.params.routes.iter().find(matches).map_or_else(|| "default".into(), |route| route.policy.clone())
    }
}

/// The entity of the incident that gathers a rule's findings in a flood.
fn flood_entity(finding: &Finding) -> String {
    format!("flood={}", finding.rule)
}

/// The finding as a silence or an exception leaves it: stored and counted, telling nobody.
fn cover(book: &mut Book, mut finding: Finding, silence: &Silence) -> Finding {
    let Silence { id, owner, reason, ends_at, .. } = silence;
    book.update_silence(id, |s| s.matches += 1);
    finding.verdict = match silence.kind {
        SilenceKind::Exception => Verdict::Excepted,
        SilenceKind::Silence => Verdict::Suppressed,
    };
    let ticket = silence.ticket.as_ref().map_or(String::new(), |ticket| format!(" ({ticket})"));
    finding.reason =
        format!("{} {id} of {owner}{ticket} until {ends_at}: {reason}", silence.kind.name()).into();
    finding
}

/// Whether a silence or an exception covers a finding.
fn covers(silence: &Silence, finding: &Finding, origin: Origin<'_>, now: Timestamp) -> bool {
    let in_network = |text: &str| {
        let grouped = finding.group.iter().find(|(key, _)| &**key == "src_ip");
        let address = grouped.and_then(|(_, value)| value.parse().ok()).or(origin.address);
        Network::parse(text).zip(address).is_some_and(|(network, address)| network.contains(address))
    };
    let in_group = |pair: &str| {
        finding.group.iter().any(|(key, value)| pair.split_once('=') == Some((&**key, &**value)))
    };
    silence.starts_at <= now
        && now < silence.ends_at
        && silence.rule.as_ref().is_none_or(|rule| *rule == finding.rule)
        && silence.entity.as_deref().is_none_or(in_group)
        && silence.source.as_deref().is_none_or(|wanted| origin.source == Some(wanted))
        && silence.network.as_deref().is_none_or(in_network)
}
