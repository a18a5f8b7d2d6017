//! One file per subcommand. May import everything.
