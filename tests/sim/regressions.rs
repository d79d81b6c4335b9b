//! Seeds and histories that found a defect. Each says what happened, why, and what holds now.
