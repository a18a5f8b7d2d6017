//! One file per subcommand. May import everything.

pub mod bench;
pub mod dial;
pub mod menu;
pub mod menu_try;
pub mod store;
