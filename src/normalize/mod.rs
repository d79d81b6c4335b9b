//! Room 2, Normalize (pure): makes each line one event, or an unparsed event with a reason.

pub mod attempt;
pub mod spec;
