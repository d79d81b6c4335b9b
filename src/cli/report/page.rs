//! Pages of reports: HTML without scripts or anything from elsewhere, charts as inline SVG, tables as CSV. Log text is
//! hostile: it reaches a page only through [`escape`], and a table only through [`csv_line`].

use crate::cli::{Failure, csv};
use crate::schema::Printable;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Text as a page may hold it: nothing in it is markup, and nothing is invisible.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in Printable(text).text().chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// One line of a CSV file.
pub fn csv_line(cells: &[String]) -> String {
    csv::line(&cells.iter().map(|cell| csv::text(cell)).collect::<Vec<_>>()) + "\r\n"
}

/// A page with a head, ready for its body.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body>\n<h1>{title}</h1>\n{body}\n</body></html>\n",
        title = escape(title)
    )
}

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;color:#1b2430;max-width:72rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:1.8rem 0 .5rem}p{margin:.4rem 0;max-width:60rem}\
table{border-collapse:collapse;width:100%;font-size:.86rem}th{text-align:left;background:#eef1f5}\
th,td{padding:.3rem .55rem;border-bottom:1px solid #d9dee6;vertical-align:top}td{overflow-wrap:break-word}td.n{font-variant-numeric:tabular-nums}\
.good{color:#11663a}.bad{color:#a3191b;font-weight:600}.doubt{color:#8a5a00;font-weight:600}.dim{color:#667}\
svg{display:block;margin:.6rem 0}svg text{font:11px system-ui,sans-serif;fill:#445}\
.tiles{display:flex;flex-wrap:wrap;gap:.7rem;margin:.8rem 0}.tile{border:1px solid #d9dee6;border-radius:6px;padding:.5rem .9rem;min-width:7rem}\
.tile b{display:block;font-size:1.35rem}";

/// A table; cells are escaped here, a cell's class stands before a `\u{1f}`.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut html = String::from("<table>");
    if head.iter().any(|cell| !cell.is_empty()) {
        let cells: String = head.iter().map(|cell| format!("<th>{}</th>", escape(cell))).collect();
        let _ = write!(html, "<thead><tr>{cells}</tr></thead>");
    }
    html.push_str("<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            match cell.split_once('\u{1f}') {
                Some((class, text)) => {
                    let _ = write!(html, "<td class=\"{}\">{}</td>", escape(class), escape(text));
                }
                None => {
                    let _ = write!(html, "<td>{}</td>", escape(cell));
                }
            }
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody></table>\n"
}

/// A cell of a class; a separator inside a text that somebody else chose cannot make one.
pub fn classed(class: &str, text: &str) -> String {
    format!("{class}\u{1f}{}", plain(text))
}

/// Text as a cell without class.
pub fn plain(text: &str) -> String {
    text.replace('\u{1f}', " ")
}

/// A bar of a chart.
pub struct Bar {
    /// What stands before it.
    pub label: String,
    /// Its length.
    pub value: f64,
    /// What stands behind it.
    pub told: String,
    /// Its colour.
    pub color: &'static str,
}

/// Horizontal bars; a line marks `limit`.
pub fn bars(title: &str, bars: &[Bar], limit: Option<(f64, &str)>) -> String {
    let longest =
        bars.iter().map(|bar| bar.value).chain(limit.map(|(at, _)| at)).fold(0.0, f64::max).max(1e-9);
    let (left, width, step) = (170.0, 520.0, 22.0);
    let height = bars.len() as f64 * step + 34.0;
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"{}\" width=\"860\" height=\"{height}\" viewBox=\"0 0 860 {height}\">",
        escape(title)
    );
    for (at, bar) in bars.iter().enumerate() {
        let y = at as f64 * step + 6.0;
        let length = (bar.value / longest * width).max(1.0);
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><rect x=\"{left}\" y=\"{y}\" width=\"{length:.1}\" height=\"14\" \
             fill=\"{}\"/><text x=\"{:.1}\" y=\"{}\">{}</text>",
            left - 8.0,
            y + 11.0,
            escape(&bar.label),
            bar.color,
            left + length + 6.0,
            y + 11.0,
            escape(&bar.told)
        );
    }
    if let Some((limit, told)) = limit {
        let x = left + limit / longest * width;
        let _ = write!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{0}\" stroke=\"#a3191b\" stroke-dasharray=\"4 3\"/>\
             <text x=\"{x:.1}\" y=\"{1}\" text-anchor=\"middle\">{2}</text>",
            height - 22.0,
            height - 8.0,
            escape(told)
        );
    }
    format!("<h2>{}</h2>\n{svg}</svg>\n", escape(title))
}

/// Writes the files of a report and their manifest.
///
/// # Errors
/// A [`Failure`] when the folder cannot be written.
pub fn write(
    folder: &Path,
    name: &str,
    files: &[(String, String)],
    about: serde_json::Value,
) -> Result<(), Failure> {
    let failed =
        |path: &Path, error: std::io::Error| Failure::runtime(format!("{}: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut listed = Vec::new();
    for (file, text) in files {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|error| failed(&path, error))?;
        let hash = crate::triage::drills::hex(&Sha256::digest(text));
        listed.push(serde_json::json!({"file": file, "bytes": text.len(), "sha256": hash}));
    }
    let manifest = serde_json::json!({
        "report": name, "about": about, "files": listed, "program": format!("gatewatch {}", env!("CARGO_PKG_VERSION")),
        "signed": false,
        "note": "This manifest is not signed: signing is not built yet. The hashes show a change of the files, not who made them.",
    });
    let path = folder.join(format!("{name}.manifest.json"));
    let text = serde_json::to_string_pretty(&manifest).map_err(Failure::runtime)? + "\n";
    fs::write(&path, text).map_err(|error| failed(&path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_text() {
        let evil = "<script>alert('x')</script>\u{202e}\"&\u{1f}bad";
        let html = table(&["a"], &[vec![plain(evil)]])
            + &bars("t", &[Bar { label: evil.into(), value: 1.0, told: evil.into(), color: "#000" }], None);
        assert!(
            !html.contains("<script") && !html.contains('\u{202e}') && html.contains("&lt;script&gt;"),
            "{html}"
        );
        assert!(!html.contains("class=\"&lt;"), "a separator in hostile text makes no class: {html}");
        assert_eq!(
            csv_line(&["=1+1".into(), "a,\"b\"".into(), "\u{1b}[31m\r\n".into()]),
            "'=1+1,\"a,\"\"b\"\"\",\\x1b[31m\\r\\n\r\n"
        );
    }
}
