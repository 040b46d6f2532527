//! Which of the two hosts the tests run: `FILTER_HOST=native` loads the native module in place of
//! the proxy-wasm one. All tests are for both, but for those that say what only one of them has.

use std::sync::LazyLock;

use super::MODULE;

/// A host of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The proxy-wasm module.
    Wasm,
    /// The native module.
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

    /// Whether this host remembers no repeats on this Envoy, which before 1.40 does not tell a
    /// dynamic module where a request goes.
    pub fn cannot_remember() -> bool {
        Self::under_test() == Self::Native && super::envoy_release() < (1, 40)
    }

    /// Whether a series of this host is there only after its first use on this Envoy, which lets no
    /// dynamic module before 1.39 change a metric while it is configured.
    pub fn counts_late() -> bool {
        Self::under_test() == Self::Native && super::envoy_release() < (1, 39)
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

    /// Its module, as `make build` or `make build-native` builds it and the committed configuration
    /// names it.
    pub fn module(self) -> &'static str {
        match self {
            Self::Wasm => MODULE,
            Self::Native => "target/release/libjunction_webhook.so",
        }
    }

    /// Where the files under `deploy/` expect its module.
    pub fn deployed_module(self) -> &'static str {
        match self {
            Self::Wasm => "/var/lib/junction/junction_webhook_filter.wasm",
            Self::Native => "/var/lib/junction/libjunction_webhook.so",
        }
    }

    /// The committed configuration with this host.
    pub fn envoy_yaml(self) -> &'static str {
        match self {
            Self::Wasm => "envoy.yaml",
            Self::Native => "envoy-native.yaml",
        }
    }
}
