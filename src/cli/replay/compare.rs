//! Two histories side by side: what both found, and what only one did.
//!
//! Findings are the same when they have one id, or the same rule and entity with overlapping evidence: a rule with
//! another threshold or window decides at another moment, and still tells of the same thing.

use crate::cli::Failure;
use crate::cli::out::{Out, Tone};
use crate::ledger::stored::FoundRow;
use crate::schema::{Finding, Printable};
use serde_json::json;
use std::collections::BTreeMap;

/// How many findings of each side are shown to people; programs get all.
const SHOWN: usize = 20;

/// What two sides have in common, and what not, in order of time.
#[derive(Debug, Default)]
pub struct Comparison {
    /// By rule: found by both, by A alone, by B alone.
    pub rules: BTreeMap<String, [u64; 3]>,
    /// Only A found it.
    pub only_a: Vec<FoundRow>,
    /// Only B found it.
    pub only_b: Vec<FoundRow>,
}

/// A finding of a replay as one that is compared.
pub fn row(finding: &Finding) -> FoundRow {
    FoundRow {
        id: finding.id.to_string(),
        rule: finding.rule.to_string(),
        entity: finding.entity(),
        time: finding.time,
        first: finding.first_event_at,
        last: finding.last_event_at,
        explanation: finding.explanation.to_string(),
    }
}

/// Compares; each finding has at most one partner.
pub fn compare(a: Vec<FoundRow>, b: Vec<FoundRow>) -> Comparison {
    let mut comparison = Comparison::default();
    let mut waiting: BTreeMap<(String, String), Vec<FoundRow>> = BTreeMap::new();
    for found in b {
        waiting.entry((found.rule.clone(), found.entity.clone())).or_default().push(found);
    }
    for found in a {
        let of_kin = waiting.get_mut(&(found.rule.clone(), found.entity.clone()));
        let partner = of_kin.and_then(|kin| {
            let same = kin.iter().position(|other| plain(&other.id) == plain(&found.id));
            let meets = |other: &FoundRow| other.first <= found.last && found.first <= other.last;
            let at = same.or_else(|| kin.iter().position(meets))?;
            Some(kin.remove(at))
        });
        let side = usize::from(partner.is_none());
        comparison.rules.entry(found.rule.clone()).or_default()[side] += 1;
        if partner.is_none() {
            comparison.only_a.push(found);
        }
    }
    comparison.only_b = waiting.into_values().flatten().collect();
    comparison.only_b.sort_by(|x, y| (x.time, &x.id).cmp(&(y.time, &y.id)));
    for found in &comparison.only_b {
        comparison.rules.entry(found.rule.clone()).or_default()[2] += 1;
    }
    comparison
}

/// The id without the number that the store gives to a second finding of one slot.
fn plain(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

impl Comparison {
    /// Whether the sides differ.
    pub fn differs(&self) -> bool {
        !self.only_a.is_empty() || !self.only_b.is_empty()
    }

    fn sums(&self) -> [u64; 3] {
        self.rules.values().fold([0; 3], |sum, of| [sum[0] + of[0], sum[1] + of[1], sum[2] + of[2]])
    }

    /// Prints; `a` and `b` name the sides.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn print(&self, out: &mut Out, a: &str, b: &str) -> Result<(), Failure> {
        if out.json { self.print_json(out, a, b) } else { self.print_text(out, a, b) }
    }

    fn print_json(&self, out: &mut Out, a: &str, b: &str) -> Result<(), Failure> {
        let sides = [("a", &self.only_a), ("b", &self.only_b)];
        for (side, found) in sides.iter().flat_map(|(side, list)| list.iter().map(move |f| (side, f))) {
            out.object(&json!({
                "only": side, "id": found.id, "rule": found.rule, "entity": found.entity,
                "time": found.time.to_string(), "first_event_at": found.first.to_string(),
                "last_event_at": found.last.to_string(), "explanation": found.explanation,
            }))?;
        }
        let count = |of: [u64; 3]| json!({"both": of[0], "only_a": of[1], "only_b": of[2]});
        let rules: serde_json::Map<_, _> =
            self.rules.iter().map(|(rule, of)| (rule.clone(), count(*of))).collect();
        let mut summary = count(self.sums());
        (summary["a"], summary["b"], summary["rules"]) = (json!(a), json!(b), json!(rules));
        out.object(&json!({ "summary": summary }))
    }

    fn print_text(&self, out: &mut Out, a: &str, b: &str) -> Result<(), Failure> {
        out.line(format!("A: {}\nB: {}\n", Printable(a), Printable(b)))?;
        let cells =
            |name: String, of: [u64; 3]| vec![name, of[0].to_string(), of[1].to_string(), of[2].to_string()];
        let mut rows: Vec<Vec<String>> =
            self.rules.iter().map(|(rule, of)| cells(Printable(rule).cut(80), *of)).collect();
        rows.push(cells("(all)".to_owned(), self.sums()));
        out.table(&["RULE", "BOTH", "ONLY A", "ONLY B"], &rows)?;
        for (side, list) in [("only A", &self.only_a), ("only B", &self.only_b)] {
            if list.is_empty() {
                continue;
            }
            out.line("")?;
            out.line(out.tone(Tone::Strong, side))?;
            for found in list.iter().take(SHOWN) {
                let (rule, text) = (Printable(&found.rule).cut(80), Printable(&found.explanation).cut(160));
                out.line(format!("  {} {rule}: {text}", found.time))?;
            }
            if list.len() > SHOWN {
                out.line(
                    out.tone(Tone::Dim, &format!("  and {} more (--json prints all)", list.len() - SHOWN)),
                )?;
            }
        }
        if !self.differs() {
            out.line(out.tone(Tone::Good, "no difference"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Timestamp;

    fn found(id: &str, rule: &str, first: i64, last: i64) -> FoundRow {
        FoundRow {
            id: id.into(),
            rule: rule.into(),
            entity: "user=ana".into(),
            time: Timestamp(last),
            first: Timestamp(first),
            last: Timestamp(last),
            explanation: String::new(),
        }
    }

    #[test]
    fn findings_meet_by_id_or_by_overlapping_evidence_once_each() {
        let a = vec![
            found("1", "r", 0, 5),
            found("2", "r", 10, 15),
            found("3", "r", 90, 95),
            found("9", "q", 0, 1),
        ];
        let b = vec![
            found("1-2", "r", 500, 505),
            found("8", "r", 15, 20),
            found("7", "r", 12, 13),
            found("6", "p", 0, 1),
        ];
        let comparison = compare(a, b);
        let ids = |list: &[FoundRow]| list.iter().map(|f| f.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&comparison.only_a), ["3", "9"]);
        assert_eq!(ids(&comparison.only_b), ["6", "7"], "8 was taken first, and 7 finds no partner");
        assert_eq!(comparison.rules["r"], [2, 1, 1]);
        assert_eq!(comparison.sums(), [2, 2, 2]);
        assert!(comparison.differs() && !compare(Vec::new(), Vec::new()).differs());
    }
}
