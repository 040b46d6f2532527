// Runs the phases, compiled to Wasm, in V8: `node phases.mjs MODULE ARGUMENTS...`. `make phases` does.
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
