//! What the behaviours share.

pub mod clock;
pub mod front;
pub mod listen;
pub mod node_smsc;
pub mod people;
pub mod serve;
