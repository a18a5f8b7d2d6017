//! The language of `menus/*.menu`: parsed with every fault reported, checked, and frozen into a
//! graph that [`crate::dialog`] walks.
//!
//! Pure. May import `types` and `gsm`.

pub mod against;
pub mod builtin;
pub mod check;
pub mod draw;
pub mod face;
pub mod fmt;
pub mod graph;
pub mod layout;
pub mod lines;
pub mod report;
pub mod rules;
pub mod syntax;
pub mod template;
pub mod tree;
pub mod value;
pub mod vocabulary;
