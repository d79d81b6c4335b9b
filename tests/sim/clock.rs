//! The virtual machine's clocks. `truth` is the time that really passes; UTC may be set, drift and jump,
//! the boot clock starts anew at each boot and stands still while a virtual machine is paused.

use gatewatch::schema::{Reading, Span, Timestamp};
use std::collections::BTreeMap;

/// 2040-03-10T12:00:00Z: after the birth of every real file of the test, so that a file's birth never
/// tells anything about when it was seen.
const START: i64 = 2_215_080_000_000_000;

pub struct Clock {
    truth: i64,
    skew: i64,
    booted: i64,
    boot: u32,
    drift_ppm: i64,
    /// Truth at every reading that the daemon was given.
    given: BTreeMap<(String, i64), i64>,
    /// UTC went back and no turn was committed since: what passes in a reboot now, nobody could know.
    pub back_step: bool,
    /// A reboot or pause that no commit has followed: a back-step now would hide it.
    pub blind: bool,
}

impl Clock {
    pub fn new(drift_ppm: i64) -> Clock {
        let booted = -Span::seconds(5_000).0;
        Clock {
            truth: 0,
            skew: 0,
            booted,
            boot: 1,
            drift_ppm,
            given: BTreeMap::new(),
            back_step: false,
            blind: false,
        }
    }

    pub fn truth(&self) -> i64 {
        self.truth
    }

    pub fn utc(&self) -> Timestamp {
        Timestamp(START + self.truth + self.skew)
    }

    /// The clocks now; no two readings are equal.
    pub fn read(&mut self) -> Reading {
        self.advance(Span(1_500));
        let boot_id = format!("boot-{}", self.boot).into();
        Reading { utc: self.utc(), boottime: Span(self.truth - self.booted), boot_id }
    }

    /// Remembers when it truly was that the daemon was given this reading.
    pub fn note(&mut self, reading: &Reading) {
        self.given.insert((reading.boot_id.to_string(), reading.boottime.0), self.truth);
    }

    /// The truth at a reading, where the daemon was given exactly this one.
    pub fn truth_at(&self, reading: &Reading) -> Option<i64> {
        self.given.get(&(reading.boot_id.to_string(), reading.boottime.0)).copied()
    }

    pub fn advance(&mut self, by: Span) {
        self.truth += by.0;
        self.skew += by.0 * self.drift_ppm / 1_000_000;
    }

    /// Somebody sets UTC; refused where nobody could know afterwards how much time passed.
    pub fn step(&mut self, by: Span) {
        if by.0 < 0 && self.blind {
            return;
        }
        self.back_step |= by.0 < 0;
        self.skew += by.0;
    }

    /// The virtual machine stands still: only UTC jumps.
    pub fn pause(&mut self, by: Span) {
        self.advance(by);
        if !self.back_step {
            self.booted += by.0;
            self.blind = true;
        }
    }

    /// Off for a while; after a back-step that no commit followed, only off and on without a new boot.
    pub fn reboot(&mut self, off: Span) {
        self.advance(off);
        if !self.back_step {
            self.boot += 1;
            self.booted = self.truth;
            self.blind = true;
        }
    }

    pub fn committed(&mut self) {
        (self.back_step, self.blind) = (false, false);
    }
}
