//! Menus on paper and on a wall: the map of a tree, and the ways to get something done.
//!
//! Pure: a graph goes in, a document comes out.

pub mod jobs;
pub mod map;
