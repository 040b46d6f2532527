#!/usr/bin/env bash
# Prints envoy.yaml for an Envoy before 1.40, which knows capability_restriction_config beside vm_config, not in it: the
# block stands last in vm_config, so two columns to the left is its older place. Shell, since its users have an older Envoy
# and a shell, and need not build anything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

awk '
    { indent = match($0, /[^ ]/) }
    moving && indent <= from { moving = 0 }
    /^ *capability_restriction_config:$/ { moving = 1; from = indent; moved++ }
    { print moving ? substr($0, 3) : $0 }
    END { exit moved != 1 }
' envoy.yaml
