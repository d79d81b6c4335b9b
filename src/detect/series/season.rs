//! What a half hour of the day usually is.

/// Half hours of a day.
const SLOTS: usize = 48;
/// A new number weighs at least so much: what was a month ago fades.
const LEAST_WEIGHT: f64 = 1.0 / 30.0;
/// A number teaches no more than one that is so many usual distances away (Huber 1964).
const DISTANCES_MAX: f64 = 3.0;
/// Numbers of a half hour before it is believed.
const BELIEVED_FROM: u32 = 2;

/// A mean that fades.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    value: f64,
    count: u32,
}

impl Mean {
    fn learn(&mut self, value: f64, least_weight: f64) {
        self.count = self.count.saturating_add(1);
        self.value += (value - self.value) * (1.0 / f64::from(self.count)).max(least_weight);
    }
}

/// The profile of a day.
#[derive(Clone, Debug)]
pub struct Season {
    slots: [Mean; SLOTS],
    all: Mean,
    distance: Mean,
}

impl Default for Season {
    fn default() -> Self {
        Season { slots: [Mean::default(); SLOTS], all: Mean::default(), distance: Mean::default() }
    }
}

impl Season {
    fn usual(&self, half_hour: usize) -> f64 {
        let slot = self.slots[half_hour % SLOTS];
        if slot.count >= BELIEVED_FROM { slot.value } else { self.all.value }
    }

    /// How far a number is from what its half hour usually is.
    pub fn residual(&self, half_hour: usize, value: f64) -> f64 {
        if self.all.count == 0 { 0.0 } else { value - self.usual(half_hour) }
    }

    /// Learns a number; a wild one as if it were a less wild one.
    pub fn learn(&mut self, half_hour: usize, value: f64) {
        let residual = self.residual(half_hour, value);
        let most = self.distance.value * DISTANCES_MAX;
        let held =
            if self.distance.count < 48 { value } else { value - residual + residual.clamp(-most, most) };
        self.distance.learn(residual.abs(), LEAST_WEIGHT / 10.0);
        self.slots[half_hour % SLOTS].learn(held, LEAST_WEIGHT);
        self.all.learn(held, LEAST_WEIGHT / 10.0);
    }
}
