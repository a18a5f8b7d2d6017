#!/usr/bin/env bash
# The demo's whole script, played in a browser: phones, shop, card page, desk; then the shop's weight, looks and
# trade, the desk, and the preview of menus. What the pages looked like is in target/browser* afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bash .ci/steps/10-tools.sh
cargo build --quiet --locked
node tests/browser/village.mjs
node tests/browser/shop.mjs
node tests/browser/desk.mjs
node tests/browser/preview.mjs
