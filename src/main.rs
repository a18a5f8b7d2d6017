//! The `sokoni` command: everything it does is in the library.

fn main() -> std::process::ExitCode {
    sokoni::cli::main()
}
