//! Tables as CSV (RFC 4180). Log text is hostile here too: nothing in it is a formula, and nothing is invisible.

use crate::schema::Printable;

/// A text from outside as a cell; one that a spreadsheet would run as a formula gets a leading apostrophe (OWASP, CSV
/// Injection).
pub fn text(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    format!("{}{}", if formula { "'" } else { "" }, Printable(text))
}

/// One line, without its end.
pub fn line(cells: &[String]) -> String {
    let quoted = |cell: &String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    cells.iter().map(quoted).collect::<Vec<_>>().join(",")
}
