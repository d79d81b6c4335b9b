//! `formats`: the grammars, as a table, as JSON, or as the page `config/grammars/SOURCES.md`.

use super::args::{FormatsArgs, Global};
use super::out::Out;
use super::{Done, Failure, exit, setup};
use crate::config::grammars;
use crate::normalize::spec::GrammarSpec;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Lists the grammars.
///
/// # Errors
/// A [`Failure`] when a configured grammar is wrong.
pub fn run(global: &Global, args: &FormatsArgs, out: &mut Out) -> Done {
    let folder = crate::config::grammars_folder(global.config.as_deref());
    let specs = grammars::load(folder.as_deref()).map_err(|problems| setup::config_failure(&problems))?;
    if args.markdown {
        page(&specs, out)?;
    } else if out.json {
        specs.iter().try_for_each(|spec| out.object(&row(spec)))?;
    } else {
        let cells = |spec: &GrammarSpec| {
            let fallback = if spec.fallback { "yes" } else { "" };
            vec![spec.name.clone(), families(spec), fallback.to_owned(), spec.description.clone()]
        };
        let rows: Vec<_> = specs.iter().map(cells).collect();
        out.table(&["NAME", "FAMILY", "FALLBACK", "DESCRIPTION"], &rows)?;
    }
    Ok(exit::OK)
}

fn row(spec: &GrammarSpec) -> serde_json::Value {
    let mut row = json!({"name": spec.name, "description": spec.description, "fallback": spec.fallback});
    if let Some(family) = &spec.family {
        row["family"] = json!(family);
        row["families"] = json!(spec.families().collect::<Vec<_>>());
    }
    row
}

fn families(spec: &GrammarSpec) -> String {
    spec.families().collect::<Vec<_>>().join(", ")
}

/// One table for each folder that the files lie in.
fn page(specs: &[GrammarSpec], out: &mut Out) -> Result<(), Failure> {
    let mut folders: BTreeMap<String, Vec<&GrammarSpec>> = BTreeMap::new();
    for spec in specs {
        let folder = Path::new(&spec.file).parent().and_then(Path::file_name);
        folders.entry(folder.unwrap_or_default().to_string_lossy().into_owned()).or_default().push(spec);
    }
    out.line("# Sources that gatewatch reads\n")?;
    out.line("Written by `gatewatch formats --markdown` from the grammar files; do not edit. A source type that is not")?;
    out.line(format!(
        "here takes one file: [README.md](README.md). {} grammars, {} message forms, {} samples.",
        specs.len(),
        specs.iter().map(|spec| spec.messages.len()).sum::<usize>(),
        specs.iter().map(|spec| spec.samples.len()).sum::<usize>(),
    ))?;
    for (folder, specs) in &folders {
        out.line(format!("\n## {folder}\n"))?;
        out.line("| format | family | framings | what it reads | forms | samples |")?;
        out.line("|---|---|---|---|--:|--:|")?;
        for spec in specs {
            let framings: Vec<_> =
                spec.framings.iter().map(|framing| grammars::framing_name(*framing)).collect();
            out.line(format!(
                "| `{}` | {} | {} | {} | {} | {} |",
                spec.name,
                families(spec),
                framings.join(", "),
                spec.description.replace('|', "\\|"),
                spec.messages.len(),
                spec.samples.len()
            ))?;
        }
    }
    Ok(())
}
