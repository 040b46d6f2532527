#!/usr/bin/env bash
# Prints envoy.yaml with the dynamic module in the place of the Wasm module, its configuration as it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

awk '
    /^ *- name: junction_webhook$/ {
        indent = substr($0, 1, index($0, "-") - 1)
        print
        print indent "  typed_config:"
        print indent "    \"@type\": type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"
        print indent "    dynamic_module_config:"
        print indent "      name: junction_webhook"
        print indent "      module: { local: { filename: target/release/libjunction_webhook.so } }"
        print indent "    filter_name: junction_webhook"
        place = "wasm"
        next
    }
    place == "wasm" && /^ *configuration:$/ {
        depth = index($0, "c") - length(indent) - 5
        print indent "    filter_config:"
        place = "configuration"
        next
    }
    /^ *- name: envoy.filters.http.router$/ { place = "" }
    place == "wasm" { next }
    place == "configuration" { $0 = substr($0, depth + 1) }
    { gsub(/\(wasm\./, "("); gsub(/wasmcustom\./, "dynamicmodulescustom."); print }
' envoy.yaml
