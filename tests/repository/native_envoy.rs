//! `envoy-native.yaml` is `envoy.yaml` but for the blocks that tell the two hosts apart.

use std::mem::take;

use harness::{CONNECTION_MANAGER, Host, at, yaml};
use serde_yaml_ng::Value;

const VERDICT: [&str; 4] = ["verdict", "reason", "event_id", "event_type"];

/// What a file has in the blocks [1] to [3].
struct Blocks {
    stats_config: Value,
    filter: Value,
    log: [Value; 4],
}

/// Takes the blocks out of a configuration.
fn cut(whole: &mut Value) -> Blocks {
    let stats_config = take(at(whole, "stats_config"));
    let manager = at(whole, CONNECTION_MANAGER);
    let filter = take(at(manager, "http_filters.1.typed_config"));
    let fields = at(manager, "access_log.0.typed_config.log_format.json_format");
    Blocks { stats_config, filter, log: VERDICT.map(|field| take(at(fields, field))) }
}

#[test]
fn the_two_configurations_differ_in_the_hosts_blocks_alone() {
    let [mut wasm, mut native] = [Host::Wasm, Host::Native].map(|host| yaml(host.envoy_yaml()));
    let ours = cut(&mut wasm);
    let theirs = cut(&mut native);
    assert_eq!(wasm, native);

    let names = |value: &Value| serde_yaml_ng::to_string(value).unwrap();
    let buckets = names(&ours.stats_config["histogram_bucket_settings"]);
    assert_eq!(buckets.matches("wasmcustom.").count(), 3);
    assert_eq!(
        buckets.replace("wasmcustom.", "dynamicmodulescustom."),
        names(&theirs.stats_config["histogram_bucket_settings"])
    );
    assert_eq!(theirs.stats_config.as_mapping().unwrap().len(), 1, "labels are labels");

    assert_eq!(theirs.filter["filter_config"], ours.filter["config"]["configuration"]);
    for (own, other) in ours.log.iter().zip(&theirs.log) {
        assert_eq!(own.as_str().unwrap().replacen("(wasm.", "(", 1), other.as_str().unwrap());
    }
}
