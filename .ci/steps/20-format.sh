#!/usr/bin/env bash
# The source is as rustfmt writes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo fmt --all --check
