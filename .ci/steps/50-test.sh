#!/usr/bin/env bash
# Every test, the examples in the documentation first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo test --quiet --locked --doc
if command -v cargo-nextest >/dev/null; then
    cargo nextest run --cargo-quiet --locked --config-file .ci/nextest.toml
else
    cargo test --quiet --locked --lib --bins --tests
fi
