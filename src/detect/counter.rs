//! What a window holds, counted as it slides: entries come in at one end and leave at the other, and the result is
//! that of counting anew. Sums are whole millionths, so that no order of adding makes another result.

use super::entry::{Entry, Kept, Text};
use super::rule::Counting;

/// Above it a number counts as this much; a sum of a million of them still fits.
const AMOUNT_MAX: f64 = 1e24;
/// Parts of one that sums are kept in.
const PARTS: f64 = 1e6;

/// A window in numbers; `K` is how different texts are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter<K> {
    /// Occurrences.
    events: u64,
    /// Occurrences that have a number.
    amounts: u64,
    /// Sum of the numbers, in millionths.
    sum: i128,
    /// Different texts and how often each stands there, in order; only where they are counted.
    texts: Vec<(K, u32)>,
    /// Different numbers and how often each stands there, in order; only where their middle is asked for.
    numbers: Vec<(f64, u64)>,
}

impl<K> Default for Counter<K> {
    fn default() -> Self {
        Counter { events: 0, amounts: 0, sum: 0, texts: Vec::new(), numbers: Vec::new() }
    }
}

fn parts(amount: f64) -> i128 {
    (amount.clamp(-AMOUNT_MAX, AMOUNT_MAX) * PARTS).round() as i128
}

impl<'a, K: Kept<'a>> Counter<K> {
    /// An entry comes in.
    pub fn add(&mut self, entry: &Entry<'a>, counting: &Counting) {
        let count = u64::from(entry.count);
        self.events += count;
        if let Some(amount) = entry.amount {
            self.amounts += count;
            self.sum += parts(amount) * i128::from(count);
            if let Counting::Percentile(_) = counting {
                match self.numbers.binary_search_by(|(known, _)| known.total_cmp(&amount)) {
                    Ok(at) => self.numbers[at].1 += count,
                    Err(at) => self.numbers.insert(at, (amount, count)),
                }
            }
        }
        if let (Counting::Values, Some(text)) = (counting, entry.text) {
            match self.find(&text) {
                Ok(at) => self.texts[at].1 += 1,
                Err(at) => self.texts.insert(at, (K::of(text), 1)),
            }
        }
    }

    /// An entry leaves.
    pub fn remove(&mut self, entry: &Entry<'_>, counting: &Counting) {
        let count = u64::from(entry.count);
        self.events = self.events.saturating_sub(count);
        if let Some(amount) = entry.amount {
            self.amounts = self.amounts.saturating_sub(count);
            self.sum -= parts(amount) * i128::from(count);
            if let Counting::Percentile(_) = counting
                && let Ok(at) = self.numbers.binary_search_by(|(known, _)| known.total_cmp(&amount))
            {
                self.numbers[at].1 = self.numbers[at].1.saturating_sub(count);
                if self.numbers[at].1 == 0 {
                    self.numbers.remove(at);
                }
            }
        }
        if let (Counting::Values, Some(text)) = (counting, entry.text)
            && let Ok(at) = self.find(&text)
        {
            self.texts[at].1 -= 1;
            if self.texts[at].1 == 0 {
                self.texts.remove(at);
            }
        }
    }

    fn find(&self, text: &Text<'_>) -> Result<usize, usize> {
        self.texts.binary_search_by(|(known, _)| known.order(text))
    }

    /// What is compared with the limits; `None` where there is nothing to say, such as the average of no number.
    pub fn result(&self, counting: &Counting) -> Option<f64> {
        match counting {
            Counting::Values => Some(self.texts.len() as f64),
            Counting::Sum => (self.amounts > 0).then_some(self.sum as f64 / PARTS),
            Counting::Average => (self.amounts > 0).then(|| self.sum as f64 / PARTS / self.amounts as f64),
            Counting::Percentile(percent) => self.percentile(*percent),
            _ => Some(self.events as f64),
        }
    }

    /// The number below which so many hundredths lie, between two neighbours in proportion.
    fn percentile(&self, percent: f64) -> Option<f64> {
        let last = self.amounts.checked_sub(1)?;
        let rank = percent / 100.0 * last as f64;
        let below = rank.floor();
        let at = |rank: f64| {
            let mut passed = 0;
            self.numbers.iter().find_map(|(number, times)| {
                passed += times;
                (passed as f64 > rank).then_some(*number)
            })
        };
        let (low, high) = (at(below)?, at(rank.ceil())?);
        Some(low + (high - low) * (rank - below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Timestamp;

    fn entry(amount: f64, count: u32) -> Entry<'static> {
        Entry {
            at: Timestamp(0),
            id: 0,
            count,
            nth: 0,
            stream: 0,
            text: None,
            amount: Some(amount),
            also: None,
            heard: false,
        }
    }

    #[test]
    fn sums_averages_and_percentiles() {
        let result = |counting: Counting, amounts: &[f64]| {
            let mut counter = Counter::<Text<'_>>::default();
            amounts.iter().for_each(|amount| counter.add(&entry(*amount, 1), &counting));
            counter.result(&counting)
        };
        assert_eq!(result(Counting::Sum, &[0.1, 0.2]), Some(0.3), "no dust of binary fractions");
        assert_eq!(result(Counting::Average, &[1.0, 2.0, 6.0]), Some(3.0));
        assert_eq!(result(Counting::Average, &[]), None);
        assert_eq!(result(Counting::Percentile(50.0), &[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(result(Counting::Percentile(50.0), &[1.0, 2.0]), Some(1.5));
        assert_eq!(result(Counting::Percentile(100.0), &[1.0, 7.0, 2.0]), Some(7.0));
        assert!(result(Counting::Sum, &[f64::MAX; 9]).unwrap() > 8e24, "too large is still large");
    }

    #[test]
    fn what_left_is_not_counted() {
        for counting in [Counting::Sum, Counting::Average, Counting::Percentile(90.0), Counting::Events] {
            let (mut slid, mut anew) = (Counter::<Text<'_>>::default(), Counter::<Text<'_>>::default());
            for n in 0..50u32 {
                slid.add(&entry(f64::from(n % 7) / 3.0, 1 + n % 2), &counting);
            }
            for n in 0..45u32 {
                slid.remove(&entry(f64::from(n % 7) / 3.0, 1 + n % 2), &counting);
            }
            (45..50u32).for_each(|n| anew.add(&entry(f64::from(n % 7) / 3.0, 1 + n % 2), &counting));
            assert_eq!(slid, anew, "{counting:?}");
        }
    }
}
