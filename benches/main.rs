//! `cargo bench`: how fast the parts are on this machine, each beside something to compare with.

mod dialogs;
mod menus;
mod store;
mod thousand;

fn main() {
    divan::main();
}
