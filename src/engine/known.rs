//! Dialogs as they were kept last, so that the next key need not have them spelled out again.
//!
//! Every turn still asks the store for the row: a dialog that is known here counts only if the row
//! has the very version it was kept as. Another machine, or whoever changed the row, is seen so.

use super::turn::DialogRow;
use crate::types::Msisdn;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, PoisonError};

/// How many dialogs are known, at most; subscribers who share a place take turns.
const PLACES: usize = 4096;

type Place = Mutex<Option<(Msisdn, u64, Box<DialogRow>)>>;

/// Dialogs of which this process kept the latest state.
pub(super) struct Known(Box<[Place]>);

impl Default for Known {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Place::default()).collect())
    }
}

impl Known {
    /// The dialog of this subscriber, if it was kept as this version. It is forgotten here.
    pub fn take(&self, phone: Msisdn, version: u64) -> Option<DialogRow> {
        let mut place = self.place(phone).lock().unwrap_or_else(PoisonError::into_inner);
        let (_, _, row) = place.take_if(|(whose, kept, _)| (*whose, *kept) == (phone, version))?;
        Some(*row)
    }

    /// Notes what was kept, and as which version.
    pub fn note(&self, phone: Msisdn, version: u64, row: DialogRow) {
        debug_assert_eq!(
            crate::store::codec::decode(&crate::store::codec::encode(&row)).as_ref(),
            Ok(&row),
            "a dialog that is remembered is the dialog that would be read"
        );
        *self.place(phone).lock().unwrap_or_else(PoisonError::into_inner) =
            Some((phone, version, Box::new(row)));
    }

    fn place(&self, phone: Msisdn) -> &Place {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(phone);
        &self.0[usize::try_from(hash).unwrap_or(usize::MAX) % PLACES]
    }
}
