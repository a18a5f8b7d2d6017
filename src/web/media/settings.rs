//! `[media]`: whose messages with pictures are taken.

use crate::wire::address::{Network, networks};
use secrecy::SecretString;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Fewer characters than this can be guessed.
const LEAST: usize = 16;

/// `[media]`: photographs that come as messages. Without its tables there is no door.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaSettings {
    /// The most MiB of one message with all that is in it.
    pub max_mib: u32,
    /// The most messages of one phone in an hour.
    pub an_hour: u32,
    /// An operator's MMSC that delivers by MM7.
    pub mm7: Option<Mm7>,
    /// A gate that posts forms.
    pub form: Option<Form>,
}

/// `[media.mm7]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mm7 {
    /// A file with the part of our address that only the operator knows.
    pub secret_path_file: PathBuf,
    /// Networks that it calls from; at least one.
    pub allow: Vec<String>,
    /// Its name there, where it brings one (HTTP Basic).
    #[serde(default)]
    pub user: String,
    /// A file with its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// `[media.form]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// A file with the secret that its bodies are signed under.
    pub secret_file: PathBuf,
    /// A file with the secret of before, while it changes.
    #[serde(default)]
    pub secret_old_file: Option<PathBuf>,
    /// Networks that it calls from; empty: from anywhere.
    #[serde(default)]
    pub allow: Vec<String>,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self { max_mib: 12, an_hour: 20, mm7: None, form: None }
    }
}

/// The doors, their secrets read.
pub struct Doors {
    pub(super) most_octets: usize,
    pub(super) an_hour: u32,
    pub(super) mm7: Option<Mm7Door>,
    pub(super) form: Option<FormDoor>,
}

/// The MMSC's.
pub(super) struct Mm7Door {
    pub(super) path: SecretString,
    pub(super) allow: Vec<Network>,
    pub(super) login: Option<(String, SecretString)>,
}

/// The form's.
pub(super) struct FormDoor {
    pub(super) secrets: Vec<SecretString>,
    pub(super) allow: Vec<Network>,
}

impl MediaSettings {
    /// Every path that is named, to be found from the folder of the configuration.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let mm7 = self.mm7.iter_mut();
        let mm7 =
            mm7.flat_map(|door| std::iter::once(&mut door.secret_path_file).chain(&mut door.password_file));
        let form = self.form.iter_mut();
        mm7.chain(
            form.flat_map(|door| std::iter::once(&mut door.secret_file).chain(&mut door.secret_old_file)),
        )
    }

    /// Whether it can be lived with; what to do otherwise.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=64).contains(&self.max_mib) || !(1..=1_000).contains(&self.an_hour) {
            return Err("max_mib from 1 to 64, an_hour 1 to 1000".to_owned());
        }
        if let Some(door) = &self.mm7 {
            if door.allow.is_empty() {
                return Err("mm7: allow names no network; name those that the MMSC calls from".to_owned());
            }
            networks(&door.allow).map_err(|why| format!("mm7: allow: {why}"))?;
            if door.user.is_empty() != door.password_file.is_none() {
                return Err("mm7: user and password_file go together".to_owned());
            }
        }
        if let Some(door) = &self.form {
            networks(&door.allow).map_err(|why| format!("form: allow: {why}"))?;
        }
        Ok(())
    }

    /// The doors, with their secrets.
    ///
    /// # Errors
    /// A secret that cannot be read, is too short, or cannot stand in an address.
    pub fn doors(&self) -> Result<Doors, String> {
        self.check()?;
        let mm7 = |door: &Mm7| -> Result<Mm7Door, String> {
            let path = secret(&door.secret_path_file)?;
            if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
                let file = door.secret_path_file.display();
                return Err(format!("{file}: it stands in an address; openssl rand -hex 24 makes another"));
            }
            let password = door.password_file.as_deref().map(secret).transpose()?;
            Ok(Mm7Door {
                path: path.into(),
                allow: networks(&door.allow).map_err(|why| why.to_string())?,
                login: password.map(|password| (door.user.clone(), password.into())),
            })
        };
        let form = |door: &Form| -> Result<FormDoor, String> {
            let secrets = [Some(&door.secret_file), door.secret_old_file.as_ref()].into_iter().flatten();
            let secrets = secrets.map(|file| Ok(secret(file)?.into())).collect::<Result<_, String>>()?;
            Ok(FormDoor { secrets, allow: networks(&door.allow).map_err(|why| why.to_string())? })
        };
        Ok(Doors {
            most_octets: self.max_mib as usize * 1024 * 1024,
            an_hour: self.an_hour,
            mm7: self.mm7.as_ref().map(mm7).transpose()?,
            form: self.form.as_ref().map(form).transpose()?,
        })
    }
}

/// A secret of a file.
fn secret(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?;
    match text.trim() {
        short if short.len() < LEAST => Err(format!("{}: fewer than {LEAST} characters", file.display())),
        secret => Ok(secret.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> MediaSettings {
        toml::from_str(text).expect("settings")
    }

    #[test]
    fn an_mmsc_without_a_network_or_with_half_a_login_is_refused() {
        assert_eq!(settings("").check(), Ok(()));
        let none = settings("[mm7]\nsecret_path_file = \"p\"\nallow = []");
        assert!(none.check().expect_err("refused").contains("names no network"));
        let half = settings("[mm7]\nsecret_path_file = \"p\"\nallow = [\"10.0.0.0/8\"]\nuser = \"mmsc\"");
        assert!(half.check().expect_err("refused").contains("go together"));
        let odd = settings("[form]\nsecret_file = \"p\"\nallow = [\"everywhere\"]");
        assert!(odd.check().expect_err("refused").contains("is no network"));
    }

    #[test]
    fn a_secret_that_is_short_or_not_there_opens_no_door() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("path");
        let mut with = settings("[mm7]\nsecret_path_file = \"path\"\nallow = [\"10.0.0.0/8\"]");
        with.paths().for_each(|path| *path = folder.path().join(&*path));
        assert!(with.doors().is_err(), "not there");
        std::fs::write(&file, "short\n").expect("written");
        assert!(with.doors().is_err(), "too short");
        std::fs::write(&file, "with/a/slash/and/long\n").expect("written");
        assert!(with.doors().is_err(), "no part of an address");
        std::fs::write(&file, "0123456789abcdef0123\n").expect("written");
        assert!(with.doors().is_ok_and(|doors| doors.mm7.is_some() && doors.form.is_none()));
    }
}
