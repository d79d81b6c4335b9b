//! Incidents that were joined to others.

use super::{Book, is_unsettled};
use crate::schema::{Clock, ClockKind, Incident, IncidentStatus};

impl Book {
    /// Whether nothing can happen to the incident any more: closed; or merged, and the one that it was joined to is
    /// gone, and no duty is left.
    pub(super) fn is_over(&self, id: &str) -> bool {
        let gone = |i: &Incident| match i.status {
            IncidentStatus::Closed => true,
            IncidentStatus::Merged => {
                let duty = |c: &Clock| c.kind == ClockKind::Duty && c.ended_at.is_none();
                self.host_of(i).is_none_or(|host| host.status == IncidentStatus::Closed)
                    && !self.clocks_of(id).iter().any(duty)
            }
            _ => false,
        };
        self.incidents.get(id).is_some_and(gone) && self.notifications_of(id).all(|n| n.state.is_final())
    }

    /// The incident that a merged one was joined to.
    fn host_of(&self, merged: &Incident) -> Option<&Incident> {
        self.incidents.get(merged.merged_into.as_ref()?)
    }

    /// The open incidents to which those of an entity were joined, by id.
    pub fn hosts_of(&self, entity: &str) -> impl Iterator<Item = &Incident> {
        let merged = self.merged.get(entity).into_iter().flatten().filter_map(|id| self.incidents.get(id));
        merged.filter_map(|merged| self.host_of(merged)).filter(|host| is_unsettled(host.status))
    }

    /// The incidents that were joined to this one, by id.
    pub fn joined_to<'b>(&'b self, host: &'b str) -> impl Iterator<Item = &'b Incident> {
        let merged = self.merged.values().flatten().filter_map(|id| self.incidents.get(id));
        merged.filter(move |merged| merged.merged_into.as_deref() == Some(host))
    }
}
