//! Who works here, as their file said it last. The file is written by a command beside the service, so what
//! that changed is told by the service, as soon as it reads it: in the journal, with who wrote it.

use super::proof::{digest, hex};
use super::{Door, No, Who, expect};
use crate::store::batch::Batch;
use crate::store::{Key, StoreError, codec, keys};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the file says of somebody; of what opens something, only that it is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    roles: Vec<String>,
    key: Option<String>,
    invitation: Option<String>,
}

impl Standing {
    /// By her roles, and the hashes of her key and her invitation.
    pub fn new(roles: Vec<String>, key: Option<[u8; 32]>, invitation: Option<[u8; 32]>) -> Self {
        let sign = |hash: [u8; 32]| hex(&digest(&[b"roll", &hash])[..8]);
        Self { roles, key: key.map(sign), invitation: invitation.map(sign) }
    }
}

/// Everybody by name.
pub type Roll = BTreeMap<String, Standing>;

fn place() -> Key {
    keys::desk(b'r', &[])
}

/// What is different, in words.
fn changes(before: &Roll, after: &Roll) -> Vec<String> {
    let mut told = Vec::new();
    for (name, now) in after {
        let roles = now.roles.join(", ");
        match before.get(name) {
            None => told.push(format!("adds {name} as {roles}")),
            Some(was) => {
                if was.roles != now.roles {
                    told.push(format!("makes {name} {roles}"));
                }
                if was.invitation != now.invitation {
                    told.push(format!("invites {name} anew"));
                }
                if was.key != now.key {
                    told.push(format!("gives {name} another key"));
                }
            }
        }
    }
    told.extend(
        before.keys().filter(|name| !after.contains_key(*name)).map(|name| format!("removes {name}")),
    );
    told
}

impl Door {
    /// Keeps what the file of people says, and tells the journal what is new in it. `by`: who wrote it, as
    /// the file says.
    ///
    /// # Errors
    /// What the store says.
    pub async fn call_roll(&self, after: &Roll, by: &str) -> Result<(), No> {
        let key = place();
        let row = self.row(&key).await?;
        let before = row.as_ref().map(|row| codec::decode_row::<Roll>(&key, row)).transpose()?;
        let told = changes(&before.unwrap_or_default(), after);
        if told.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.put(key, expect(row.as_ref()), codec::encode(after));
        let written =
            if by.is_empty() { "its file".to_owned() } else { format!("its file, written by {by}") };
        self.told(&mut batch, &Who::new(Who::PROGRAM).at(&written), &told.join("; "))?;
        match self.store.commit(batch).await {
            // Another request has read the same.
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }
}
