#!/usr/bin/env bash
# Every test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf "${CARGO_TARGET_DIR:-target}/tmp/said"
if command -v cargo-nextest >/dev/null; then
    cargo nextest run --cargo-quiet --locked --config-file .ci/nextest.toml
else
    cargo test --quiet --locked --lib --bins --tests
fi
