//! How much time has passed on a clock: an interval, because the machine's clocks may lie.
//!
//! Within one boot at least the boot clock's difference passed, and at most the larger of the boot clock's
//! and UTC's. Across boots at least what was written down before, and at most that plus UTC's difference.
//! Who must be told is told by the upper bound (early is safe); a promise is called broken only by the
//! lower one. UTC going back adds nothing and takes nothing away, so it postpones nothing.

use crate::schema::{Clock, Reading, Span};

/// A clock's elapsed time is written down at least so often while it runs.
pub const TICK_EVERY: Span = Span::seconds(10);
/// UTC and boot clock this far apart since the last tick mean that UTC was set (or the machine was paused).
const STEP_MIN: Span = Span::seconds(2);
/// Bounds closer than this are no doubt: they are the skew of two reads and of a slewed clock.
pub const DOUBT_MIN: Span = Span::seconds(1);

/// Elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// So much passed for certain.
    pub lo: Span,
    /// More than this cannot have passed.
    pub hi: Span,
}

impl Elapsed {
    /// Whether the bounds are far enough apart to matter.
    pub fn is_doubtful(self) -> bool {
        self.hi.0.saturating_sub(self.lo.0) > DOUBT_MIN.0
    }

    /// How long until a promise of `allowed` has to be judged: by the lower bound, or, in doubt, by the upper.
    pub fn until_judged(self, allowed: Span) -> Span {
        let counted = if self.is_doubtful() { self.hi } else { self.lo };
        Span(allowed.0.saturating_sub(counted.0))
    }
}

/// Differences since the last tick: of the boot clock (`None` across boots) and of UTC, never negative.
fn since(clock: &Clock, now: &Reading) -> (Option<i64>, i64) {
    let boot = now.boottime.0.saturating_sub(clock.ticked.boottime.0);
    let same = now.boot_id == clock.ticked.boot_id;
    (same.then_some(boot.max(0)), (now.utc - clock.ticked.utc).0.max(0))
}

/// How much time has passed on the clock.
pub fn elapsed(clock: &Clock, now: &Reading) -> Elapsed {
    let (boot, utc) = since(clock, now);
    let lo = clock.elapsed_lo.0.saturating_add(boot.unwrap_or(0));
    let hi = clock.elapsed_hi.0.saturating_add(utc.max(boot.unwrap_or(0)));
    Elapsed { lo: Span(lo), hi: Span(hi.max(lo)) }
}

/// Whether the clock's row should be brought up to date: every ten seconds, at a step of UTC, in a new boot.
pub fn wants_tick(clock: &Clock, now: &Reading) -> bool {
    let apart = (now.utc - clock.ticked.utc)
        .0
        .saturating_sub((now.boottime.0).saturating_sub(clock.ticked.boottime.0));
    match since(clock, now).0 {
        None => true,
        Some(boot) => boot >= TICK_EVERY.0 || apart.abs() > STEP_MIN.0,
    }
}

/// Brings the clock's row up to date.
pub fn tick(clock: &mut Clock, now: &Reading) {
    let Elapsed { lo, hi } = elapsed(clock, now);
    (clock.elapsed_lo, clock.elapsed_hi, clock.ticked) = (lo, hi, now.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ClockKind, ClockState, Timestamp};

    fn at(boot: &str, boottime_s: i64, utc_s: i64) -> Reading {
        Reading {
            utc: Timestamp(utc_s * 1_000_000),
            boottime: Span::seconds(boottime_s),
            boot_id: boot.into(),
        }
    }

    fn armed(now: Reading) -> Clock {
        Clock {
            incident: "i".into(),
            kind: ClockKind::Ladder,
            round: 0,
            state: ClockState::Running,
            allowed: Span::minutes(10),
            due_at: now.utc + Span::minutes(10),
            elapsed_lo: Span::ZERO,
            elapsed_hi: Span::ZERO,
            ticked: now.clone(),
            armed: now,
            ended_at: None,
            name: None,
        }
    }

    #[track_caller]
    fn check(clock: &Clock, now: &Reading, lo: i64, hi: i64) {
        assert_eq!(elapsed(clock, now), Elapsed { lo: Span::seconds(lo), hi: Span::seconds(hi) });
    }

    #[test]
    fn bounds_follow_both_clocks() {
        let clock = armed(at("a", 100, 1_000));
        check(&clock, &at("a", 160, 1_060), 60, 60);
        check(&clock, &at("a", 160, 4_660), 60, 3_660); // UTC forward, or a paused machine
        check(&clock, &at("a", 160, 10), 60, 60); // UTC back
        check(&clock, &at("b", 5, 1_300), 0, 300); // a reboot before any tick
        check(&clock, &at("b", 5, 10), 0, 0);
    }

    #[test]
    fn a_back_step_after_a_forward_step_takes_nothing_away() {
        let mut clock = armed(at("a", 100, 1_000));
        let jumped = at("a", 101, 4_601);
        assert!(wants_tick(&clock, &jumped));
        tick(&mut clock, &jumped);
        check(&clock, &at("a", 102, 1_002), 2, 3_602);
        assert!(!wants_tick(&clock, &at("a", 105, 4_605)));
        assert!(wants_tick(&clock, &at("a", 111, 4_611)));
    }
}
