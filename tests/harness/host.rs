//! Which of the two hosts the tests run: `FILTER_HOST=native` loads the dynamic module in place of the
//! proxy-wasm one. All tests are for both, but for those that say what only one of them has.

use std::sync::LazyLock;

use serde_json::json;
use serde_yaml_ng::Value;

use super::setup::{CONNECTION_MANAGER, at};

/// A host of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The proxy-wasm module.
    Wasm,
    /// The dynamic module.
    Native,
}

static HOST: LazyLock<Host> = LazyLock::new(|| match std::env::var("FILTER_HOST").as_deref() {
    Ok("native") => Host::Native,
    Ok("wasm") | Err(_) => Host::Wasm,
    Ok(other) => panic!("FILTER_HOST={other} is neither native nor wasm"),
});

impl Host {
    /// The one that this run is for.
    pub fn under_test() -> Self {
        *HOST
    }

    /// Whether a test has nothing to see here: it is about `what` only proxy-wasm has.
    pub fn lacks(what: &str) -> bool {
        assert!(!what.is_empty());
        Self::under_test() == Self::Native
    }

    /// Where the filter's own configuration stands in its `typed_config`.
    pub fn configuration(self) -> &'static str {
        match self {
            Self::Wasm => "http_filters.1.typed_config.config.configuration",
            Self::Native => "http_filters.1.typed_config.filter_config",
        }
    }

    /// What Envoy puts before the names of the filter's metrics in Prometheus.
    pub fn metric_prefix(self) -> &'static str {
        match self {
            Self::Wasm => "",
            Self::Native => "envoy_dynamicmodulescustom_",
        }
    }

    /// Makes of the committed configuration one for this host.
    pub(super) fn put_into(self, yaml: &mut Value) {
        if self == Self::Wasm {
            return;
        }
        let buckets = at(yaml, "stats_config.histogram_bucket_settings");
        for setting in buckets.as_sequence_mut().unwrap() {
            let name = at(setting, "match.exact");
            *name = name.as_str().unwrap().replace("wasmcustom.", "dynamicmodulescustom.").into();
        }
        let manager = at(yaml, CONNECTION_MANAGER);
        let configuration = at(manager, Self::Wasm.configuration()).clone();
        let mut filter = json!({
            "@type": "type.googleapis.com/\
                      envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {
                "name": "junction_webhook",
                "module": {"local": {"filename": super::locate::NATIVE_MODULE}},
            },
            "filter_name": "junction_webhook",
        });
        filter["filter_config"] = serde_json::to_value(configuration).unwrap();
        *at(manager, "http_filters.1.typed_config") = serde_yaml_ng::to_value(filter).unwrap();
        let format = at(manager, "access_log.0.typed_config.log_format.json_format");
        for value in format.as_mapping_mut().unwrap().values_mut() {
            let text = value.as_str().unwrap().replace("(wasm.", "(");
            *value = text.into();
        }
    }
}
