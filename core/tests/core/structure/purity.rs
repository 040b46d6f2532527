//! The core has no clock, no environment and no host: whatever it needs to know is handed in.

use super::{modules, used_of};

/// What the core may use of the standard library: nothing that reaches beyond its own memory.
const STD: &[&str] = &[
    "array",
    "ascii",
    "borrow",
    "char",
    "cmp",
    "collections",
    "convert",
    "error",
    "fmt",
    "hash",
    "iter",
    "marker",
    "mem",
    "num",
    "ops",
    "slice",
    "str",
    "string",
    "sync",
    "vec",
];

#[test]
fn the_core_reaches_no_clock_environment_file_thread_or_network() {
    let mut uses = 0;
    for (place, code) in modules() {
        for krate in ["std", "core", "alloc"] {
            for used in used_of(krate, &code) {
                let is_pure = STD.contains(&used[0].as_str()) || used == ["time", "Duration"];
                assert!(is_pure, "{place:?} uses {krate}::{}", used.join("::"));
                uses += 1;
            }
        }
        for word in ["SystemTime", "Instant", "now_utc", "now_local", "thread_local!"] {
            assert!(!code.contains(word), "{place:?} names {word}");
        }
    }
    assert!(uses > 40, "only {uses} uses were read");
}

#[test]
fn the_core_knows_no_host() {
    for (place, code) in modules() {
        for host in ["proxy_wasm", "junction_webhook_filter", "junction_webhook_native", "libc"] {
            assert!(used_of(host, &code).is_empty(), "{place:?} uses {host}");
        }
    }
}
