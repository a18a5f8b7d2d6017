//! One file per subcommand. May import everything.

pub mod bench;
pub mod dial;
pub mod store;
