//! What finds the prompts of loans again: by their own names, by their provider's, and those that wait.

use crate::market::loan::Prompt;
use crate::store::{Key, keys};
use crate::types::{LoanId, PromptId};
use std::collections::BTreeMap;

/// The loan that a prompt pays back.
pub fn loan_of_prompt(id: PromptId) -> Key {
    keys::index("prompt", &[id.as_bytes()], b"")
}

/// The prompt that a provider calls so: a name of its stands for one prompt, for good.
pub fn prompt_called(via: &str, checkout: &str) -> Key {
    keys::index("prompt_checkout", &[via.as_bytes(), checkout.as_bytes()], b"")
}

/// The prompt that was paid under a receipt of a provider.
pub fn prompt_paid_under(via: &str, receipt: &str) -> Key {
    keys::index("prompt_receipt", &[via.as_bytes(), receipt.as_bytes()], b"")
}

/// Prompts of which somebody has to ask or decide something, by the moment they were asked for.
pub fn open_prompts() -> Key {
    keys::index_prefix("prompt_open", &[])
}

/// What finds a prompt again.
pub(super) fn of_prompt(prompt: &Prompt, loan: LoanId) -> BTreeMap<Key, Vec<u8>> {
    let mut found = BTreeMap::from([(loan_of_prompt(prompt.id), loan.as_bytes().to_vec())]);
    let id = prompt.id.as_bytes();
    if let Some(checkout) = &prompt.checkout {
        found.insert(prompt_called(&prompt.via, checkout), id.to_vec());
    }
    if let Some(receipt) = prompt.receipt() {
        found.insert(prompt_paid_under(&prompt.via, receipt), id.to_vec());
    }
    if !prompt.is_settled() {
        found.insert(keys::index("prompt_open", &[&keys::moment(prompt.asked)], id), Vec::new());
    }
    found
}
