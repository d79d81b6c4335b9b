//! Whether a series was ever in such a state before: the distance from the nearest state that is remembered.

use std::collections::VecDeque;

/// Rows whose least and greatest are part of the state.
const ROWS: usize = 12;
/// Weights of the newest row in the two means that are part of the state.
const FAST: f64 = 0.3;
const SLOW: f64 = 0.03;
/// States that are remembered; then the one that was longest not met is replaced.
const STATES_MAX: usize = 256;
/// A state nearer than this part of the range is the same one.
const SAME: f64 = 0.02;

/// Least, greatest, fast mean, slow mean.
type State = [f64; 4];

/// The states so far.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    last: VecDeque<f64>,
    fast: Option<f64>,
    slow: Option<f64>,
    range: Option<(f64, f64)>,
    /// Each with the row at which it was last met.
    states: Vec<(State, u64)>,
    row: u64,
}

fn mean(of: &mut Option<f64>, value: f64, weight: f64) -> f64 {
    let mean = of.map_or(value, |mean| mean + weight * (value - mean));
    *of = Some(mean);
    mean
}

impl Shape {
    /// Takes in a number, and tells how far the state is from the nearest one before, in parts of the range so far.
    pub fn novelty(&mut self, value: f64) -> f64 {
        self.row += 1;
        self.last.push_back(value);
        if self.last.len() > ROWS {
            self.last.pop_front();
        }
        let (low, high) = self.range.map_or((value, value), |(low, high)| (low.min(value), high.max(value)));
        self.range = Some((low, high));
        let least = self.last.iter().copied().fold(value, f64::min);
        let greatest = self.last.iter().copied().fold(value, f64::max);
        let state = [least, greatest, mean(&mut self.fast, value, FAST), mean(&mut self.slow, value, SLOW)];
        let span = (high - low).max(f64::MIN_POSITIVE);
        let distance =
            |other: &State| state.iter().zip(other).map(|(a, b)| (a - b).abs() / span).fold(0.0, f64::max);
        let nearest = self.states.iter_mut().map(|(other, met)| (distance(other), met));
        let Some((distance, met)) = nearest.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            self.states.push((state, self.row));
            return 0.0;
        };
        if distance < SAME {
            *met = self.row;
            return distance;
        }
        if self.states.len() < STATES_MAX {
            self.states.push((state, self.row));
        } else if let Some(oldest) = self.states.iter_mut().min_by_key(|(_, met)| *met) {
            *oldest = (state, self.row);
        }
        distance
    }
}
