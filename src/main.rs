//! The `sokoni` command.

fn main() {}
