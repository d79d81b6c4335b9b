//! A series of numbers, judged one by one: how unusual is this one for its time of day, for its level, and for the shape
//! that the series had before. It is the statistic behind the baselines, and `gatewatch series score` shows it alone.
//!
//! Four questions are asked of each number, with equal weight, and each answer is ranked among all answers of the same
//! question before ([`Ranks`]): how far is it from what this half hour of the day usually is; have the last few been so
//! on average; did the mean of ten move; and was the series ever in such a state before. The surprises are added. What
//! is no higher than a peak that came shortly before says nothing new and is left out; the peak fades by half in
//! 500 rows. The first 200 rows teach only. Nothing looks ahead, nothing is fitted, and there is one setting for all series.

mod season;
mod shape;

use super::surprise::Ranks;
use libm::{exp, exp2};
use season::Season;
use shape::Shape;
use std::collections::VecDeque;

/// Rows in which a peak fades by half.
const FADE_ROWS: f64 = 500.0;
/// Rows of which the mean is compared with that of as many before.
const SHIFT_ROWS: usize = 10;
/// Weight of the newest residual in the mean of the last few: about six rows.
const RECENT_WEIGHT: f64 = 2.0 / 7.0;
/// Rows that only teach: about four days of half hours, and less than any judgement of such series counts.
const LEARN_ROWS: u64 = 200;
/// Nats at which the score is 1 - 1/e.
const SCALE_NATS: f64 = 20.0;
/// The score from which on it is an alarm, declared once for all series.
pub const ALARM: f64 = 0.54;

/// What is said of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// 0 to 1; 0 where it says nothing new.
    pub score: f64,
    /// Whether the score reaches [`ALARM`].
    pub alarm: bool,
}

/// A series so far.
#[derive(Clone, Debug, Default)]
pub struct Series {
    season: Season,
    recent: f64,
    last: VecDeque<f64>,
    shape: Shape,
    ranks: [Ranks; 4],
    peak: f64,
}

impl Series {
    /// Judges the next number; `half_hour`: that of the day in civil time, 0 to 47.
    pub fn judge(&mut self, half_hour: usize, value: f64) -> Verdict {
        let residual = self.season.residual(half_hour, value);
        self.recent += RECENT_WEIGHT * (residual - self.recent);
        let answers = [residual.abs(), self.recent.abs(), self.shift(value), self.shape.novelty(value)];
        let mut nats = 0.0;
        for (ranks, answer) in self.ranks.iter_mut().zip(answers) {
            nats += ranks.surprise(answer);
            ranks.learn(answer);
        }
        self.season.learn(half_hour, value);
        if self.ranks[0].len() <= LEARN_ROWS {
            return Verdict { score: 0.0, alarm: false };
        }
        let score = if nats > self.peak { 1.0 - exp(-nats / SCALE_NATS) } else { 0.0 };
        self.peak = nats.max(self.peak * exp2(-1.0 / FADE_ROWS));
        Verdict { score, alarm: score >= ALARM }
    }

    /// How far the mean of the last rows is from that of as many before them.
    fn shift(&mut self, value: f64) -> f64 {
        self.last.push_back(value);
        if self.last.len() > 2 * SHIFT_ROWS {
            self.last.pop_front();
        }
        let half = self.last.len() / 2;
        if half == 0 {
            return 0.0;
        }
        let mean = |rows: &mut dyn Iterator<Item = &f64>| rows.sum::<f64>() / half as f64;
        let before = mean(&mut self.last.iter().take(half));
        (mean(&mut self.last.iter().rev().take(half)) - before).abs()
    }
}
