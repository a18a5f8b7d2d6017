#!/usr/bin/env bash
# What the tests need beside Rust: a second opinion on our PDUs (tshark), a browser, and SMPP
# clients of others' making: Kannel, and some in JavaScript (tests/node) and Python (tests/python).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

missing=()
needs() { command -v "$1" >/dev/null || missing+=("$2"); }
needs git git
needs cc gcc
needs tshark tshark
needs chromium chromium
needs node nodejs
needs npm npm
needs python3 python3
needs promtool prometheus
needs systemd-analyze systemd
PATH=$PATH:/usr/sbin needs bearerbox kannel
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)

if ((${#missing[@]})); then
    if [[ $(id -u) != 0 ]]; then
        echo "please install first: ${missing[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # Kannel's package would start its services; the tests start their own.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
        { cat "$log" >&2; exit 1; }
    rm -f "$log"
fi

# Both are made anew only when what they are made from has changed.
fresh() { [[ -e $1 && $(cat "$1") == "$(sha256sum <"$2")" ]]; }
stamp() { sha256sum <"$2" >"$1"; }

if ! fresh tests/node/node_modules/.made-from tests/node/package-lock.json; then
    (cd tests/node && npm ci --silent --ignore-scripts --no-audit --no-fund --no-update-notifier)
    stamp tests/node/node_modules/.made-from tests/node/package-lock.json
fi
if ! fresh .venv/.made-from tests/python/requirements.txt; then
    rm -rf .venv
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/python/requirements.txt
    stamp .venv/.made-from tests/python/requirements.txt
fi
