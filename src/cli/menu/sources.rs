//! Which files are meant by the paths on the command line.

use super::not_found;
use crate::{menu::builtin, types::Lang};
use std::{
    collections::BTreeSet,
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
                if path.is_dir() {
                    files.extend(menu_files(path)?)
                } else {
                    files.extend(with_overlays(path)?)
                }
            }
        }
    }
    let mut sources = files.iter().map(|path| read(path)).collect::<io::Result<Vec<_>>>()?;
    if let Some((path, _)) = files.iter().zip(&sources).find(|(path, (_, text))| !is_menu(path, text)) {
        let sentence = format!(
            "{}: this is not a menu; a file of menus ends in .menu and begins with `menu NAME` or `messages`",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, sentence));
    }
    let is_catalogue = |(_, text): &(String, String)| {
        text.lines().any(|line| line.split([' ', '\t']).next() == Some("messages"))
    };
    // A tree by itself names SMS that stand in the file beside it.
    if !sources.iter().any(is_catalogue)
        && let Some(beside) = files.first().map(|file| file.with_file_name("messages.menu"))
        && beside.is_file()
    {
        let beside = with_overlays(&beside)?.into_iter().map(|path| read(&path));
        sources.extend(beside.collect::<io::Result<Vec<_>>>()?);
    }
    let mut seen = BTreeSet::new();
    sources.retain(|(name, _)| seen.insert(name.clone()));
    Ok(sources)
}

/// Whether a file may be meant as a menu: by its name, or by a head of menus, messages or overlays.
fn is_menu(path: &Path, text: &str) -> bool {
    let mut words = text.lines().filter_map(|line| line.split([' ', '\t']).next());
    path.extension().is_some_and(|extension| extension == "menu")
        || tree_of(path).is_some_and(|tree| tree.is_file())
        || words.any(|word| matches!(word, "menu" | "messages" | "overlay"))
}

/// The name and the text of a file.
///
/// # Errors
/// It cannot be read, with its name.
pub fn read(path: &Path) -> io::Result<(String, String)> {
    let text = fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok((path.display().to_string(), text))
}

/// The tree that this file is an overlay of, by its name: `artisan.menu` of `artisan.am`.
fn tree_of(path: &Path) -> Option<PathBuf> {
    let lang = path.extension()?.to_str()?;
    lang.parse::<Lang>().is_ok().then(|| path.with_extension("menu"))
}

/// A tree and its overlays beside it; an overlay and its tree.
fn with_overlays(path: &Path) -> io::Result<Vec<PathBuf>> {
    let tree = tree_of(path).filter(|tree| tree.is_file()).unwrap_or_else(|| path.to_owned());
    let mut files = vec![tree.clone(), path.to_owned()];
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let beside = path.with_file_name(entry?.file_name());
            if tree_of(&beside).is_some_and(|of| of == tree) {
                files.push(beside);
            }
        }
    }
    files[1..].sort();
    files.dedup();
    Ok(files)
}

/// The trees of a folder, the messages, and the overlays of all, sorted by name.
///
/// # Errors
/// A folder that cannot be read, or holds no `.menu` file.
pub fn menu_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let is_tree = |path: &Path| path.extension().is_some_and(|extension| extension == "menu");
    let wanted = |path: &PathBuf| is_tree(path) || tree_of(path).is_some_and(|tree| entries.contains(&tree));
    let mut files: Vec<PathBuf> = entries.iter().filter(|path| wanted(path)).cloned().collect();
    files.sort();
    if !files.iter().any(|path| is_tree(path)) {
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
        assert_eq!(checked.graphs.len(), 7);
    }

    #[test]
    fn every_menu_file_of_the_product_is_compiled_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("menus");
        let files = menu_files(&folder).expect("a folder of menus").len();
        assert_eq!(files, builtin::sources().len());
    }

    #[test]
    fn overlays_are_read_with_their_tree_and_a_stray_file_is_not() {
        let names = ["small.menu", "small.am", "small.om", "messages.menu", "notes.md", "other.am"];
        let folder =
            folder(&names.map(|name| (name, if name == "messages.menu" { "messages\n" } else { "# \n" })));
        let read = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| folder.path().join(path)).collect();
            let sources = sources(&paths).expect("read");
            let short = |name: String| name.rsplit('/').next().expect("a name").to_owned();
            sources.into_iter().map(|(name, _)| short(name)).collect::<Vec<_>>()
        };
        assert_eq!(read(&[""]), ["messages.menu", "small.am", "small.menu", "small.om"]);
        assert_eq!(read(&["small.menu"]), ["small.menu", "small.am", "small.om", "messages.menu"]);
        assert_eq!(read(&["small.om"]), ["small.menu", "small.am", "small.om", "messages.menu"]);
        assert_eq!(
            read(&["small.am", "small.menu"]),
            ["small.menu", "small.am", "small.om", "messages.menu"]
        );
    }

    #[test]
    fn a_file_of_prose_is_told_to_be_none_in_one_sentence() {
        let folder = folder(&[("README.md", "# Sokoni\n\nIt has menus.\n"), ("odd.txt", "menu odd\n")]);
        let error = sources(&[folder.path().join("README.md")]).expect_err("prose");
        assert!(error.to_string().ends_with("begins with `menu NAME` or `messages`"), "{error}");
        assert!(sources(&[folder.path().join("odd.txt")]).is_ok(), "a menu by another name");
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let error = sources(&[PathBuf::from("/nowhere/a.menu")]).expect_err("not there");
        assert!(error.to_string().contains("/nowhere/a.menu"));
    }
}
