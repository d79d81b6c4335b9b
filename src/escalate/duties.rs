//! Duties to others outside (an authority, a client, an insurer): owed so long after something happened, in hours or
//! in working time. The end is reckoned once, in the calendar of whoever is owed, when the duty begins.

use crate::schema::{Incident, Severity, Span, Timestamp};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Days that are looked at for working time: ten years.
const DAYS_MAX: u32 = 3_660;

/// What starts a duty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trigger {
    /// What the policy's `clock_starts` says.
    #[default]
    Start,
    /// Event time of the first evidence.
    Occurred,
    /// When the deciding line was read.
    Read,
    /// When the finding was made.
    Detected,
    /// When a person took the incident.
    Acknowledged,
    /// When a person ended it.
    Resolved,
}

/// How long there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Every hour counts.
    Span(Span),
    /// Working hours alone count.
    BusinessHours(u32),
    /// Until the end of work on the n-th working day after the day of the trigger, which does not count.
    BusinessDays(u32),
}

/// When whoever is owed works.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// Their zone.
    pub zone: TimeZone,
    /// Monday first.
    pub days: [bool; 7],
    /// Work begins.
    pub from: Time,
    /// Work ends.
    pub to: Time,
    /// Days without work.
    pub holidays: Vec<Date>,
}

/// One duty.
#[derive(Clone, Debug, PartialEq)]
pub struct Duty {
    /// Its id.
    pub id: Arc<str>,
    /// From when.
    pub trigger: Trigger,
    /// How long.
    pub within: Within,
    /// Of whoever is owed.
    pub calendar: Calendar,
    /// Whoever is owed.
    pub audience: Arc<str>,
    /// Types of incident; empty = all.
    pub incident_types: Vec<Arc<str>>,
    /// Severities; empty = all.
    pub severities: Vec<Severity>,
}

impl Duty {
    /// Whether an incident starts it.
    pub fn is_about(&self, incident: &Incident) -> bool {
        let of_type = |wanted: &Arc<str>| incident.incident_type.as_ref() == Some(wanted);
        (self.incident_types.is_empty() || self.incident_types.iter().any(of_type))
            && (self.severities.is_empty() || self.severities.contains(&incident.severity))
    }

    /// When it ends, begun at `start`.
    pub fn due(&self, start: Timestamp) -> Timestamp {
        match self.within {
            Within::Span(span) => start + span,
            Within::BusinessDays(days) => {
                self.calendar.end_of_day(start, days).unwrap_or(start + Span::days(1))
            }
            Within::BusinessHours(hours) => {
                let span = Span::hours(i64::from(hours));
                self.calendar.after(start, span).unwrap_or(start + span)
            }
        }
    }
}

/// The number of a duty among an incident's clocks: stable however the configuration is ordered.
pub fn number(id: &str) -> u32 {
    let hash = Sha256::digest(id);
    hash.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

impl Calendar {
    /// The day of a moment, and the days after it.
    fn days_from(&self, start: Timestamp) -> impl Iterator<Item = Date> {
        let moment = jiff::Timestamp::from_microsecond(start.0).unwrap_or_default();
        let first = self.zone.to_datetime(moment).date();
        std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(DAYS_MAX as usize)
    }

    fn is_working(&self, day: Date) -> bool {
        let weekday = day.weekday().to_monday_zero_offset();
        let works = usize::try_from(weekday).ok().and_then(|at| self.days.get(at)).copied().unwrap_or(false);
        works && !self.holidays.contains(&day)
    }

    fn moment(&self, day: Date, time: Time) -> Option<Timestamp> {
        // The first of two; past a gap by its length.
        let moment = self.zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok()?;
        Some(Timestamp(moment.as_microsecond()))
    }

    /// The end of work on the n-th working day after the day of `start`.
    fn end_of_day(&self, start: Timestamp, n: u32) -> Option<Timestamp> {
        let later = self.days_from(start).skip(1).filter(|day| self.is_working(*day));
        let day = later.take(n.max(1) as usize).last()?;
        self.moment(day, self.to)
    }

    /// The moment at which so much working time has passed.
    fn after(&self, start: Timestamp, span: Span) -> Option<Timestamp> {
        let mut left = span;
        for day in self.days_from(start).filter(|day| self.is_working(*day)) {
            let (from, to) = (self.moment(day, self.from)?.max(start), self.moment(day, self.to)?);
            let worked = Span((to - from).0.max(0));
            if worked >= left {
                return Some(from + left);
            }
            left = Span(left.0 - worked.0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn duty(within: Within) -> Duty {
        Duty {
            id: "authority".into(),
            trigger: Trigger::Detected,
            within,
            calendar: Calendar {
                zone: TimeZone::get("Europe/Berlin").unwrap(),
                days: [true, true, true, true, true, false, false],
                from: time(9, 0, 0, 0),
                to: time(17, 0, 0, 0),
                holidays: vec![date(2026, 12, 25)],
            },
            audience: "the data protection authority".into(),
            incident_types: vec![],
            severities: vec![],
        }
    }

    #[track_caller]
    fn check(within: Within, start: &str, due: &str) {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        assert_eq!(duty(within).due(at(start)).to_string(), at(due).to_string());
    }

    #[test]
    fn every_hour_counts() {
        check(Within::Span(Span::hours(72)), "2026-10-24T10:00:00Z", "2026-10-27T10:00:00Z");
    }

    #[test]
    fn working_days_end_with_work_and_leave_out_weekends_holidays_and_the_first_day() {
        // Thursday; Friday is a holiday, then a weekend: Monday to Wednesday.
        check(Within::BusinessDays(3), "2026-12-24T10:00:00Z", "2026-12-30T16:00:00Z");
        // Friday before summer time ends: Monday's 17:00 is an hour later in UTC.
        check(Within::BusinessDays(1), "2026-10-23T10:00:00Z", "2026-10-26T16:00:00Z");
    }

    #[test]
    fn working_hours_count_while_there_is_work() {
        // Friday 16:00 to 17:00, then three hours of Monday.
        check(Within::BusinessHours(4), "2026-11-20T15:00:00Z", "2026-11-23T11:00:00Z");
        // Before work, at night.
        check(Within::BusinessHours(1), "2026-11-24T02:00:00Z", "2026-11-24T09:00:00Z");
        // Exactly the whole day.
        check(Within::BusinessHours(8), "2026-11-24T08:00:00Z", "2026-11-24T16:00:00Z");
    }
}
