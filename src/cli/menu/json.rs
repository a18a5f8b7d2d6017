//! `sokoni menu json`: the parsed files for other tools.

use super::{CLEAN, FAULTS, sources::sources};
use crate::menu::{report, syntax, tree::File};
use clap::Args;
use schemars::{
    Schema,
    generate::SchemaSettings,
    transform::{RecursiveTransform, Transform},
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

/// Print the parsed files for other tools
#[derive(Debug, Args)]
pub struct JsonArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in.
    pub paths: Vec<PathBuf>,
    /// Print a JSON Schema (2020-12) of what this command prints, in its stead.
    #[arg(long, conflicts_with = "paths")]
    pub schema: bool,
}

/// Runs it: 0 when every file could be read whole, 1 when a part of one was not understood.
///
/// # Errors
/// A file that cannot be read; output that cannot be written.
pub fn run(args: &JsonArgs, out: &mut impl Write) -> io::Result<u8> {
    if args.schema {
        serde_json::to_writer_pretty(&mut *out, &schema()).map_err(io::Error::from)?;
        return writeln!(out).map(|()| CLEAN);
    }
    let sources = sources(&args.paths)?;
    let mut problems = Vec::new();
    let mut files = serde_json::Map::new();
    for (name, text) in &sources {
        let (file, found) = syntax::parse(name, text);
        files.insert(name.clone(), serde_json::to_value(file).map_err(io::Error::other)?);
        problems.extend(found);
    }
    eprint!("{}", report::to_text(&problems, &sources, false));
    serde_json::to_writer_pretty(&mut *out, &files).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(if problems.is_empty() { CLEAN } else { FAULTS })
}

/// What the parsed files look like. No object may have a member that is not described, so that
/// whoever reads them by this schema notices what is new.
fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<BTreeMap<String, File>>();
    RecursiveTransform(closed).transform(&mut schema);
    schema.insert("title".to_owned(), "Menus of Sokoni, as `sokoni menu json` prints them".into());
    let description = "Files by their names. Places are octets from the beginning of the file.";
    schema.insert("description".to_owned(), description.into());
    schema
}

fn closed(schema: &mut Schema) {
    if schema.get("properties").is_some() {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_the_one_that_is_printed() {
        let mut printed = Vec::new();
        run(&JsonArgs { paths: Vec::new(), schema: true }, &mut printed).expect("printed");
        let published = include_str!("../../../docs/menu.schema.json");
        let same = String::from_utf8_lossy(&printed) == published;
        assert!(same, "cargo run -- menu json --schema > docs/menu.schema.json");
    }
}
