//! `schema`, `completions` and `man`: generated from the tables that the program itself goes by, so they cannot be
//! stale.

use super::args::{Cli, CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
use super::out::Out;
use super::{Done, Failure, exit};
use crate::config;
use clap::CommandFactory;
use std::fs;
use std::path::Path;

/// Prints a JSON Schema.
///
/// # Errors
/// A [`Failure`] when stdout cannot be written.
pub fn schema(args: &SchemaArgs, out: &mut Out) -> Done {
    let schema = match args.what {
        SchemaOf::Config => config::schema::schema(),
        SchemaOf::Grammar => config::grammars::schema(),
        SchemaOf::Rule => config::rules::schema(),
    };
    out.line(format!("{schema:#}"))?;
    Ok(exit::OK)
}

/// Prints completions for one shell.
///
/// # Errors
/// A [`Failure`] when stdout cannot be written.
pub fn completions(args: &CompletionsArgs, out: &mut Out) -> Done {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gatewatch", &mut bytes);
    out.bytes(&bytes)?;
    Ok(exit::OK)
}

/// Writes `gatewatch.1` and one page per command.
///
/// # Errors
/// A [`Failure`] when a page cannot be written.
pub fn man(args: &ManArgs, out: &mut Out) -> Done {
    fs::create_dir_all(&args.folder)
        .map_err(|error| Failure::runtime(format!("cannot make {}: {error}", args.folder.display())))?;
    let mut command = Cli::command();
    command.build();
    page(&command, "gatewatch", &args.folder)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        page(sub, &format!("gatewatch-{}", sub.get_name()), &args.folder)?;
    }
    out.remark(&format!("man pages are in {}", args.folder.display()));
    Ok(exit::OK)
}

fn page(command: &clap::Command, name: &str, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.1"));
    let mut bytes = Vec::new();
    let page = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
    page.render(&mut bytes)
        .and_then(|()| fs::write(&path, &bytes))
        .map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))
}
