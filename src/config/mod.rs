//! From files that people write to parameters that cannot be wrong. Only this layer knows TOML, YAML
//! and serde shapes; each room owns its own parameter type.

pub mod grammars;
pub mod report;
pub mod rules;
