//! From files that people write to parameters that cannot be wrong. Only this layer knows TOML, YAML
//! and serde shapes; each room owns its own parameter type.

mod alerting;
pub mod check;
pub mod defaults;
mod duties;
pub mod file;
mod given;
mod globs;
pub mod grammars;
pub mod keys;
mod listen;
mod load;
pub mod params;
pub mod replies;
pub mod report;
pub mod rules;
mod schedules;
pub mod schema;
mod sections;
pub mod selfmail;
mod shape;
mod values;
mod walk;
pub mod webhook;

pub use file::Config;
pub use given::Given;
pub use globs::expand;
pub use load::{STANDARD_FILE, grammars_folder, load, read, store_directory};
