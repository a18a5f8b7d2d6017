//! Secrets come from a file or from the environment, never from the configuration itself.

use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Neither place is named.
    #[error("{name} is missing: set {name}_file or {name}_env")]
    Nowhere {
        /// The key without its ending.
        name: &'static str,
    },
    /// The file cannot be read.
    #[error("{name}_file: cannot read {file}: {error}")]
    File {
        /// The key without its ending.
        name: &'static str,
        /// The file.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The variable is not set.
    #[error("{name}_env: the environment has no variable {variable}")]
    Variable {
        /// The key without its ending.
        name: &'static str,
        /// The variable.
        variable: String,
    },
    /// Not fit to stand in an address.
    #[error(
        "{name}: it stands in an address; letters, digits, - and _ alone, such as openssl rand -hex 24 makes"
    )]
    Letters {
        /// The key without its ending.
        name: &'static str,
    },
    /// A path that the provider will not post to.
    #[error(
        "{name}: the provider refuses addresses with mpesa, safaricom, exe, cmd, sql or query in them; make another, such as openssl rand -hex 24"
    )]
    Path {
        /// The key without its ending.
        name: &'static str,
    },
    /// Nothing but blanks, or too short to be a secret.
    #[error("{name}: the secret has fewer than {least} characters")]
    Short {
        /// The key without its ending.
        name: &'static str,
        /// How many it needs.
        least: usize,
    },
}

impl SecretError {
    /// Whether the file is only not on this machine.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::File { error, .. } if error.kind() == std::io::ErrorKind::NotFound)
            || matches!(self, Self::Variable { .. })
    }
}

/// Fewer characters than this can be guessed.
const LEAST: usize = 8;

/// The secret from its file, else from its variable; blanks round it do not count.
pub(super) fn load(
    name: &'static str, file: Option<&Path>, variable: Option<&str>,
) -> Result<SecretString, SecretError> {
    let text = match (file, variable) {
        (Some(file), _) => std::fs::read_to_string(file).map_err(|error| SecretError::File {
            name,
            file: file.display().to_string(),
            error,
        })?,
        (None, Some(variable)) => std::env::var(variable)
            .map_err(|_| SecretError::Variable { name, variable: variable.to_owned() })?,
        (None, None) => return Err(SecretError::Nowhere { name }),
    };
    match text.trim() {
        short if short.len() < LEAST => Err(SecretError::Short { name, least: LEAST }),
        secret => Ok(secret.into()),
    }
}

/// The secret part of a callback's path.
pub(super) fn load_path(file: Option<&Path>, variable: Option<&str>) -> Result<SecretString, SecretError> {
    let secret = load("secret_path", file, variable)?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    match secret.expose_secret().bytes().all(fits) {
        true => Ok(secret),
        false => Err(SecretError::Letters { name: "secret_path" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_its_file_without_the_line_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        std::fs::write(&file, "long-enough\n").expect("written");
        assert_eq!(load("api_key", Some(&file), None).expect("read").expose_secret(), "long-enough");
    }

    #[test]
    fn a_missing_or_short_secret_says_what_to_do() {
        let said = |e: SecretError| e.to_string();
        let nowhere = load("api_key", None, None).map(|_| ()).map_err(said);
        assert_eq!(nowhere, Err("api_key is missing: set api_key_file or api_key_env".into()));
        let unset = load("api_key", None, Some("SOKONI_NO_SUCH_KEY")).map(|_| ()).map_err(said);
        assert_eq!(unset, Err("api_key_env: the environment has no variable SOKONI_NO_SUCH_KEY".into()));
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        std::fs::write(&file, "  \n").expect("written");
        assert!(matches!(load("api_key", Some(&file), None), Err(SecretError::Short { .. })));
    }

    #[test]
    fn a_secret_that_cannot_stand_in_an_address_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("path");
        for (text, good) in [("a1B2-c3_d4e5", true), ("with/a/slash", false), ("with a blank", false)] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(load_path(Some(&file), None).is_ok(), good, "{text}");
        }
    }
}
