#!/usr/bin/env bash
# Clippy has nothing to say; where cargo-deny is installed, licences and sources are as agreed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo clippy --quiet --locked --all-targets -- -D warnings
if command -v cargo-deny >/dev/null; then
    cargo deny --log-level error --config .ci/deny.toml check bans licenses sources
fi
