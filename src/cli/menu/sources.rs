//! Which files are meant by the paths on the command line.

use super::not_found;
use crate::menu::{builtin, syntax, tree::Head};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The files that are meant: those named, those of `menus/`, or those compiled in.
///
/// # Errors
/// A path that cannot be read, with its name; a folder without a `.menu` file.
pub fn sources(paths: &[PathBuf]) -> io::Result<Vec<(String, String)>> {
    let standard = Path::new("menus");
    let mut files = Vec::new();
    match paths {
        [] if standard.is_dir() => files.extend(menu_files(standard)?),
        [] => return Ok(builtin::sources()),
        paths => {
            for path in paths {
                if path.is_dir() { files.extend(menu_files(path)?) } else { files.push(path.clone()) }
            }
        }
    }
    let mut sources = files.iter().map(|path| read(path)).collect::<io::Result<Vec<_>>>()?;
    let is_catalogue = |(name, text): &(String, String)| {
        syntax::parse(name, text).0.blocks.iter().any(|block| matches!(block.head, Head::Messages))
    };
    // A tree by itself names SMS that stand in the file beside it.
    if !sources.iter().any(is_catalogue)
        && let Some(beside) = files.first().map(|file| file.with_file_name("messages.menu"))
        && beside.is_file()
    {
        sources.push(read(&beside)?);
    }
    Ok(sources)
}

fn read(path: &Path) -> io::Result<(String, String)> {
    let text = fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok((path.display().to_string(), text))
}

/// The `.menu` files of a folder, sorted.
fn menu_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "menu") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(not_found(format!("{} holds no .menu file", folder.display())));
    }
    Ok(files)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        engine::vocabulary::vocabulary,
        menu::{
            check::{Limits, check},
            report,
        },
    };

    /// A folder that holds these files.
    pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    #[test]
    fn the_menus_compiled_in_are_sound_with_what_this_release_offers() {
        let sources = builtin::sources();
        let checked = check(&sources, &vocabulary(), &Limits::default());
        assert!(checked.problems.is_empty(), "{}", report::to_text(&checked.problems, &sources, false));
        assert_eq!(checked.graphs.len(), 3);
    }

    #[test]
    fn every_menu_file_of_the_product_is_compiled_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("menus");
        let files = menu_files(&folder).expect("a folder of menus").len();
        assert_eq!(files, builtin::sources().len());
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let error = sources(&[PathBuf::from("/nowhere/a.menu")]).expect_err("not there");
        assert!(error.to_string().contains("/nowhere/a.menu"));
    }
}
