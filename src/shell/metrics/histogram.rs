//! Counts by upper bounds, from any thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bounds of durations in seconds: a commit takes a millisecond on a good disk and seconds on a bad day.
pub const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Bounds of the lines of one turn, up to `limits::BATCH_LINES_MAX`.
pub const LINES: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 2048.0, 4096.0];

/// A histogram. Adding never blocks.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    /// In millionths, so that a sum of whole numbers stays one.
    sum_micros: AtomicU64,
}

impl Histogram {
    /// An empty one over rising bounds.
    pub fn new(bounds: &'static [f64]) -> Histogram {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, counts, sum_micros: AtomicU64::new(0) }
    }

    /// Adds one value, given in millionths.
    pub fn add_micros(&self, micros: u64) {
        let value = micros as f64 / 1e6;
        let at = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Bounds, counts of each (not summed up), and the sum of all values.
    pub fn read(&self) -> (&'static [f64], Vec<u64>, f64) {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        (self.bounds, counts, self.sum_micros.load(Ordering::Relaxed) as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_below_it() {
        let histogram = Histogram::new(&LINES);
        for lines in [1, 2, 4, 5_000, 0] {
            histogram.add_micros(lines * 1_000_000);
        }
        let (bounds, counts, sum) = histogram.read();
        assert_eq!((bounds.len(), counts, sum), (8, vec![2, 2, 0, 0, 0, 0, 0, 0, 1], 5_007.0));
    }
}
