//! The other engine: `rsigma-eval`.

use anyhow::Result;
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::{LogSource, SigmaCollection};
use serde_json::Value;
use std::collections::BTreeSet;

/// Their engine over these rules.
pub fn engine(collection: &SigmaCollection) -> Result<Engine> {
    let mut engine = Engine::new();
    engine.add_collection(collection)?;
    Ok(engine)
}

/// The ids of the rules that they find.
pub fn matching(engine: &Engine, event: &Value) -> BTreeSet<String> {
    let found = engine.evaluate(&JsonEvent::borrow(event));
    found.into_iter().map(|result| result.header.rule_id.unwrap_or(result.header.rule_title)).collect()
}

/// A log source for their routing.
pub fn logsource(category: &str, product: &str, service: &str) -> LogSource {
    let part = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    LogSource {
        category: part(category),
        product: part(product),
        service: part(service),
        ..LogSource::default()
    }
}
