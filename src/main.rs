//! The `sokoni` command: everything it does is in the library.

/// A turn allocates some hundred small things and frees them on another thread; the system's allocator took a
/// quarter of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    sokoni::cli::main()
}
