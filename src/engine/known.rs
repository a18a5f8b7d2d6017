//! Dialogs as they were kept last, so that the next key need not have them spelled out again.
//!
//! Every turn still asks the store for the row: a dialog that is known here counts only if the row
//! has the very version it was kept as. Another machine, or whoever changed the row, is seen so.

use super::turn::DialogRow;
use crate::store::places::Places;
use crate::types::Msisdn;

/// How many dialogs are known, at most.
const PLACES: usize = 4096;

/// Dialogs of which this process kept the latest state, each with the version it has there.
pub(super) struct Known(Places<Msisdn, (u64, Box<DialogRow>)>);

impl Default for Known {
    fn default() -> Self {
        Self(Places::new(PLACES))
    }
}

impl Known {
    /// The dialog of this subscriber, if it was kept as this version. It is forgotten here.
    pub fn take(&self, phone: Msisdn, version: u64) -> Option<DialogRow> {
        let taken = self.0.of(&phone).take_if(|(whose, (kept, _))| (*whose, *kept) == (phone, version));
        taken.map(|(_, (_, row))| *row)
    }

    /// Notes what was kept, and as which version.
    pub fn note(&self, phone: Msisdn, version: u64, row: DialogRow) {
        debug_assert_eq!(
            crate::store::codec::decode(&crate::store::codec::encode(&row)).as_ref(),
            Ok(&row),
            "a dialog that is remembered is the dialog that would be read"
        );
        *self.0.of(&phone) = Some((phone, (version, Box::new(row))));
    }
}
