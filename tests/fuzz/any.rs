//! The fuzz target: one program, built once, for the body that `SOKONI_FUZZ` names.

#![no_main]

mod bodies;

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static BODY: LazyLock<bodies::Body> =
    LazyLock::new(|| bodies::body(&std::env::var("SOKONI_FUZZ").expect("SOKONI_FUZZ names a body")));

fuzz_target!(|octets: &[u8]| BODY(octets));
