//! How surprising a number is among those that came before: its conformal rank (Vovk, Gammerman, Shafer: Algorithmic
//! Learning in a Random World, 2005), in nats. Ranks hold where fitted tails mislead: nothing is assumed about the shape.
//!
//! The numbers are kept as counts in buckets of a logarithmic scale, whole numbers all of them, so that the order in
//! which they came leaves no trace and a replay gives the same bytes.

use libm::log;

/// Buckets of each doubling: neighbours differ by 9 %.
const PER_DOUBLING: i32 = 8;
/// The smallest doubling that is told apart, 2^-40; below it everything is zero.
const LOWEST: i32 = -40;
/// The largest, 2^80.
const HIGHEST: i32 = 80;
/// Nats for each e-fold by which a record is broken.
const RECORD_WEIGHT: f64 = 2.0;

/// A broken record adds no more than this: among tiny numbers the first usual one is no wonder.
const RECORD_NATS_MAX: f64 = 6.0;

/// The numbers that came before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranks {
    /// How many there were.
    total: u64,
    /// Of each bucket in use, in order.
    buckets: Vec<(u16, u32)>,
    record: f64,
}

/// The bucket of a number: 0 for nothing.
fn bucket(number: f64) -> u16 {
    let (fraction, exponent) = libm::frexp(number);
    if number.is_nan() || number <= 0.0 || exponent < LOWEST {
        return 0;
    }
    // The fraction is in 0.5..1, so eighths of it beyond a half step evenly; within a doubling that is near enough.
    let part = ((fraction - 0.5) * 2.0 * f64::from(PER_DOUBLING)) as i32;
    let steps = (exponent.min(HIGHEST) - LOWEST) * PER_DOUBLING + part.clamp(0, PER_DOUBLING - 1);
    u16::try_from(steps + 1).unwrap_or(u16::MAX)
}

impl Ranks {
    /// How many numbers it knows.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many of them are at least as large, to within a bucket.
    pub fn at_least(&self, number: f64) -> u64 {
        let bucket = bucket(number);
        let above = self.buckets.iter().rev().take_while(|(own, _)| *own >= bucket);
        above.map(|(_, count)| u64::from(*count)).sum()
    }

    /// The surprise of a number in nats: `ln((t+1) / (1 + those at least as large))`, and more where it breaks the record.
    pub fn surprise(&self, number: f64) -> f64 {
        let rank = log((self.total + 1) as f64 / (1 + self.at_least(number)) as f64);
        let beyond = if self.record > 0.0 && number > self.record { log(number / self.record) } else { 0.0 };
        rank + (RECORD_WEIGHT * beyond).min(RECORD_NATS_MAX)
    }

    /// Learns a number.
    pub fn learn(&mut self, number: f64) {
        let number = if number.is_finite() { number } else { return };
        let bucket = bucket(number);
        match self.buckets.binary_search_by_key(&bucket, |(own, _)| *own) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(1),
            Err(at) => self.buckets.insert(at, (bucket, 1)),
        }
        self.total += 1;
        self.record = self.record.max(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_in_a_thousand_is_seven_nats_and_a_record_is_more() {
        let mut ranks = Ranks::default();
        assert_eq!(ranks.surprise(5.0), 0.0, "the first says nothing");
        (1..=999).for_each(|n| ranks.learn(f64::from(n % 100)));
        assert!((ranks.surprise(99.0) - log(1000.0 / 37.0)).abs() < 1.5);
        let record = ranks.surprise(150.0);
        assert!((record - (log(1000.0) + 2.0 * log(150.0 / 99.0))).abs() < 1e-9, "{record}");
        assert!(ranks.surprise(0.0) < 0.001);
    }

    proptest! {
        #[test]
        fn order_leaves_no_trace(mut numbers in proptest::collection::vec(0.0f64..1e9, 1..200), probe in 0.0f64..1e9) {
            let all = |numbers: &[f64]| {
                let mut ranks = Ranks::default();
                numbers.iter().for_each(|number| ranks.learn(*number));
                ranks
            };
            let before = all(&numbers);
            numbers.reverse();
            prop_assert_eq!(&before, &all(&numbers));
            // Within a bucket, an eighth of a doubling, the rank is that of a full sort.
            let exact = numbers.iter().filter(|n| **n >= probe).count() as u64;
            let (low, high) = (before.at_least(probe * 1.13), before.at_least(probe / 1.13));
            prop_assert!(low <= exact && exact <= high, "{} {} {}", low, exact, high);
        }
    }
}
