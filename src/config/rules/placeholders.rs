//! Placeholders of `expand`: `%Servers%` becomes each of the values that the configuration gives it.

use crate::config::report::nearest;
use std::collections::BTreeMap;

/// The values of each placeholder, by its name without the signs.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// Texts that one value may become: a few long lists in one value multiply.
const TEXTS_MAX: usize = 10_000;

/// The texts that a value with placeholders becomes. `\%` is a plain sign.
///
/// # Errors
/// In words: a placeholder without values, or too many texts.
pub fn fill(text: &str, known: &Placeholders) -> Result<Vec<String>, String> {
    each(text, known, |value| value.to_owned())
}

/// The same for a regular expression: values are texts in it, their wildcards are wildcards.
///
/// # Errors
/// In words: a placeholder without values, or too many texts.
pub fn fill_expression(text: &str, known: &Placeholders) -> Result<Vec<String>, String> {
    each(text, known, |value| regex::escape(value).replace(r"\*", ".*").replace(r"\?", "."))
}

fn each(text: &str, known: &Placeholders, spell: fn(&str) -> String) -> Result<Vec<String>, String> {
    let mut texts = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, behind) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
        let escaped = before.strip_suffix('\\');
        texts.iter_mut().for_each(|text| text.push_str(escaped.unwrap_or(before)));
        let name = behind.split('%').next().filter(|name| name.len() < behind.len() && is_name(name));
        let Some(name) = name.filter(|_| escaped.is_none()) else {
            texts.iter_mut().for_each(|text| text.push('%'));
            rest = behind;
            continue;
        };
        let values =
            known.get(name).filter(|values| !values.is_empty()).ok_or_else(|| missing(name, known))?;
        if texts.len().saturating_mul(values.len()) > TEXTS_MAX {
            return Err(format!("the placeholders of this value make more than {TEXTS_MAX} texts of it"));
        }
        let with = |text: &String| -> Vec<String> {
            values.iter().map(|value| format!("{text}{}", spell(value))).collect()
        };
        texts = texts.iter().flat_map(with).collect();
        rest = behind.get(name.len() + 1..).unwrap_or_default();
    }
    texts.iter_mut().for_each(|text| text.push_str(rest));
    Ok(texts)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c))
}

fn missing(name: &str, known: &Placeholders) -> String {
    let hint = nearest(name, known.keys().map(String::as_str))
        .map_or(String::new(), |near| format!("; did you mean `%{near}%`?"));
    format!(
        "the placeholder `%{name}%` has no values: give them as `[[detect.placeholder]]` with `name = \"{name}\"` \
         and `values = [...]`{hint}"
    )
}
