#!/usr/bin/env bash
# Prints what each part of the core costs: natively, and as Wasm in node's V8, the engine that Envoy has too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --release --locked --package bench-core --bin phases
cargo build --release --locked --package bench-core --bin phases --target wasm32-wasip1

printf '## Native\n\n'
target/release/phases
if ! command -v node >/dev/null; then
    printf '\nSKIPPED: node is not installed, so nothing was measured in V8\n' >&2
    exit 0
fi
printf '\n## In V8 (node %s)\n\n' "$(node --version)"
node --no-warnings --input-type=module - target/wasm32-wasip1/release/phases.wasm "$@" <<'JS'
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [file, ...args] = process.argv.slice(2);
const wasi = new WASI({ version: "preview1", args: [file, ...args] });
const module = await WebAssembly.compile(await readFile(file));
// The filter's entry points come with the library; nothing here calls them or what they import.
const host = Object.fromEntries(
  WebAssembly.Module.imports(module).filter((own) => own.module === "env").map((own) => [own.name, () => { throw new Error(own.name); }]),
);
const instance = await WebAssembly.instantiate(module, { ...wasi.getImportObject(), env: host });
const { memory, _start } = instance.exports;
wasi.start({ exports: { memory, _start } });
JS
