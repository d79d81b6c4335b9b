//! Moments as people read them: UTC, and the recipient's wall clock beside it.

use crate::schema::Timestamp;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `2026-11-23 09:00:01 UTC (17:00:01 Asia/Manila)`; the date of the zone where it is another.
pub(super) fn both(at: Timestamp, zone: &TimeZone) -> String {
    let utc = wall(at, &TimeZone::UTC);
    let Some(name) = zone.iana_name().filter(|name| *name != "UTC") else {
        return format!("{} UTC", spelled(utc));
    };
    let local = wall(at, zone);
    let beside = if local.date() == utc.date() { clock(local) } else { spelled(local) };
    format!("{} UTC ({beside} {name})", spelled(utc))
}

fn wall(at: Timestamp, zone: &TimeZone) -> DateTime {
    let epoch = jiff::Timestamp::UNIX_EPOCH;
    // Out of jiff's range (years beyond 9999) there is no wall clock; the epoch is plainly no event time.
    zone.to_datetime(epoch.checked_add(SignedDuration::from_micros(at.0)).unwrap_or(epoch))
}

fn spelled(at: DateTime) -> String {
    format!("{:04}-{:02}-{:02} {}", at.year(), at.month(), at.day(), clock(at))
}

fn clock(at: DateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_date_is_shown() {
        let at = Timestamp::parse_rfc3339("2026-11-23T20:00:01.9Z").unwrap();
        let manila = TimeZone::get("Asia/Manila").unwrap();
        assert_eq!(both(at, &manila), "2026-11-23 20:00:01 UTC (2026-11-24 04:00:01 Asia/Manila)");
        assert_eq!(both(at, &TimeZone::UTC), "2026-11-23 20:00:01 UTC");
        assert_eq!(both(Timestamp(i64::MAX), &TimeZone::UTC), "1970-01-01 00:00:00 UTC");
    }
}
