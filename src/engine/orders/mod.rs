//! The life of an order after it was taken: days that pass and are moved, what its shopper does about
//! it, the way to her, and what follows.

pub mod desk;
mod hold;
mod life;
mod rows;
mod ship;
pub mod wishes;

pub(super) use life::LifeDue;
