//! Menus on paper and on a wall: the map of a tree.
//!
//! Pure: a graph goes in, a document comes out.

pub mod map;
