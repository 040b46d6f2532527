#!/usr/bin/env bash
# Cargo's runner of test programs: has each test tell its time. The harness has called that unstable for years, and
# takes it from a stable toolchain only so.
RUSTC_BOOTSTRAP=1 exec "$@" -Z unstable-options --report-time
