#!/usr/bin/env bash
# Screens and SMS that people may read were said by a test of the step before, or are said by a
# conversation that is kept beside the menus: every one of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-target}
# The tests have built it.
"$target/debug/sokoni" menu texts --reached "$target/tmp/said"
