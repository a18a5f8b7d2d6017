//! `cargo bench`: how fast the parts are on this machine, each beside something to compare with.

mod store;

fn main() {
    divan::main();
}
