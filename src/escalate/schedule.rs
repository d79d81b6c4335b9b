//! Who is on call: members take turns, each from one handoff to the next, in the schedule's own zone.
//!
//! A handoff is a wall-clock time, so a week with a clock change is an hour longer or shorter, and the turn
//! still changes at nine. Where a handoff's wall time happens twice, the first one counts; where it does
//! not happen at all, the turn changes as much later as the clock was put forward: the one shift ends where
//! the next begins, without a hole.

use crate::schema::{Span, Timestamp};
use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// A period in which somebody stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who.
    pub person: Arc<str>,
}

/// One rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Zone of the handoffs.
    pub zone: TimeZone,
    /// Person ids in order of their turns; at least one.
    pub members: Vec<Arc<str>>,
    /// A turn in whole days (`1w` = 7); at least 1.
    pub turn_days: u32,
    /// Wall time of the first handoff: the first member's turn begins.
    pub first: DateTime,
    /// Stand-ins; the first that covers the moment wins.
    pub overrides: Vec<Override>,
}

impl Schedule {
    /// The person on call; `None` before the first handoff and without members.
    pub fn on_call(&self, at: Timestamp) -> Option<&Arc<str>> {
        let stand_in = self.overrides.iter().find(|o| o.from <= at && at < o.to);
        if let Some(stand_in) = stand_in {
            return Some(&stand_in.person);
        }
        let turn = self.turn(at)?;
        let index = usize::try_from(turn).ok()?.checked_rem(self.members.len())?;
        self.members.get(index)
    }

    /// When the present turn ends.
    pub fn turn_ends(&self, at: Timestamp) -> Option<Timestamp> {
        self.handoff(self.turn(at)? + 1)
    }

    /// Number of the turn that holds the moment, the first being 0.
    fn turn(&self, at: Timestamp) -> Option<i64> {
        let first = self.handoff(0)?;
        if at < first {
            return None;
        }
        // A guess by days of 24 hours is off by one turn at most, whatever the zone does.
        let turn_micros = Span::days(i64::from(self.turn_days.max(1))).0;
        let guess = (at - first).0 / turn_micros;
        let near = [guess + 1, guess, guess - 1].into_iter().filter(|turn| *turn >= 0);
        near.into_iter().find(|turn| self.handoff(*turn).is_some_and(|start| start <= at))
    }

    /// The moment at which a turn begins.
    fn handoff(&self, turn: i64) -> Option<Timestamp> {
        let days = turn.checked_mul(i64::from(self.turn_days.max(1)))?;
        let wall = self.first.checked_add(days.days()).ok()?;
        // jiff's "compatible": the first of two, and past a gap by its length (RFC 5545 3.3.5 says the same).
        let moment = self.zone.to_ambiguous_timestamp(wall).compatible().ok()?;
        Some(Timestamp(moment.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn berlin() -> Schedule {
        Schedule {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            members: vec!["ana".into(), "ben".into()],
            turn_days: 7,
            first: date(2026, 1, 5).at(9, 0, 0, 0),
            overrides: vec![Override {
                from: at("2026-12-24T08:00:00Z"),
                to: at("2026-12-27T08:00:00Z"),
                person: "ben".into(),
            }],
        }
    }

    #[test]
    fn turns_change_at_nine_local_time_in_summer_and_winter() {
        let schedule = berlin();
        let who = |text| schedule.on_call(at(text)).map(|p| p.to_string());
        assert_eq!(who("2026-01-05T07:59:59Z"), None);
        assert_eq!(who("2026-01-05T08:00:00Z").as_deref(), Some("ana"));
        assert_eq!(who("2026-01-12T07:59:59Z").as_deref(), Some("ana"));
        assert_eq!(who("2026-01-12T08:00:00Z").as_deref(), Some("ben"));
        assert_eq!(who("2026-03-30T06:59:59Z").as_deref(), Some("ben")); // 08:59:59 summer time
        assert_eq!(who("2026-03-30T07:00:00Z").as_deref(), Some("ana"));
        assert_eq!(who("2026-12-25T00:00:00Z").as_deref(), Some("ben"));
        assert_eq!(schedule.turn_ends(at("2026-03-29T12:00:00Z")), Some(at("2026-03-30T07:00:00Z")));
    }

    #[test]
    fn somebody_is_on_call_at_every_moment_in_every_odd_zone() {
        for zone in
            ["Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Antarctica/Troll", "Pacific/Apia"]
        {
            let first = date(2011, 12, 1).at(0, 0, 0, 0);
            let schedule = Schedule {
                zone: TimeZone::get(zone).unwrap(),
                turn_days: 1,
                first,
                overrides: vec![],
                ..berlin()
            };
            let start = schedule.handoff(0).unwrap();
            for half_hours in 0..48 * 400 {
                let moment = start + Span::minutes(30 * half_hours);
                assert!(schedule.on_call(moment).is_some(), "{zone} {moment}");
            }
        }
    }
}
