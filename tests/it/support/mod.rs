//! What the behaviours share.

pub mod clock;
pub mod front;
pub mod listen;
