//! `sokoni menu json`: the parsed files for other tools.

use super::{CLEAN, FAULTS, sources::sources};
use crate::menu::{report, syntax};
use clap::Args;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// What the parsed files look like.
const SCHEMA: &str = include_str!("../../../docs/menu.schema.json");

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
        return out.write_all(SCHEMA.as_bytes()).map(|()| CLEAN);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::tree::File;
    use schemars::{
        Schema,
        generate::SchemaSettings,
        transform::{RecursiveTransform, Transform},
    };
    use std::{collections::BTreeMap, fs};

    /// The schema as it follows from the types. No object may have a member that is not described, so
    /// that whoever reads files by it notices what is new.
    fn derived() -> Schema {
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

    #[test]
    fn the_published_schema_is_what_the_types_say() {
        let derived = serde_json::to_string_pretty(&derived()).expect("JSON") + "\n";
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/target/menu.schema.json");
        if derived != SCHEMA {
            fs::write(place, &derived).expect("written");
        }
        assert!(derived == SCHEMA, "cp {place} docs/menu.schema.json");
    }
}
