//! What Envoy's statistics say of the filter, for the line on top of the page: a refusal never
//! arrives here, so only Envoy can tell of it.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    str::FromStr,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{sync::Mutex, task::spawn_blocking};
use ureq::Agent;

/// How long Envoy may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most that is read of an answer; the filter's own counters are under 8 KiB.
const MAX_ANSWER_BYTES: u64 = 256 * 1024;

/// How long an answer holds, so that many open pages ask no more often than one.
const SHELF_LIFE: Duration = Duration::from_secs(1);

/// The counters and gauges that are shown, in whichever host's metrics. Percent-encoded as RFC 3986
/// wants it: `^(wasm|dynamicmodules)custom\.junction_webhook_`, and right after it
/// `(requests_total|config_ok|guards_everything|shadow)`.
const QUERY: &str = "/stats?filter=%5E(wasm%7Cdynamicmodules)custom%5C.junction_webhook_\
                     (requests_total%7Cconfig_ok%7Cguards_everything%7Cshadow)";

/// Where Envoy's admin interface is: on this machine's loopback alone, since whoever reaches it can
/// stop Envoy, and since the stub asks whatever it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvoyAdmin(SocketAddr);

impl FromStr for EnvoyAdmin {
    type Err = EnvoyAdminError;

    fn from_str(text: &str) -> Result<Self, EnvoyAdminError> {
        let address = text.strip_prefix("http://").ok_or(EnvoyAdminError)?;
        let address = address.strip_suffix('/').unwrap_or(address);
        let address = match address.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => address.to_owned(),
        };
        let address: SocketAddr = address.parse().map_err(|_| EnvoyAdminError)?;
        if address.ip().is_loopback() { Ok(Self(address)) } else { Err(EnvoyAdminError) }
    }
}

/// The text names no admin interface on a loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvoyAdminError;

impl fmt::Display for EnvoyAdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not http:// and a loopback address with a port, such as http://127.0.0.1:9901")
    }
}

impl std::error::Error for EnvoyAdminError {}

/// What the filter has counted since Envoy started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counters {
    /// None where Envoy has no such filter.
    config_ok: Option<bool>,
    guards_everything: bool,
    shadow: bool,
    forwarded: u64,
    acknowledged: u64,
    shadowed: u64,
    rejected: u64,
    /// How many were refused for each reason, those alone that there were.
    reasons: BTreeMap<String, u64>,
}

impl Counters {
    /// Reads lines of `/stats`, such as
    /// `wasmcustom.junction_webhook_requests_total.outcome.rejected.reason.json: 1`.
    fn read(text: &str) -> Self {
        let mut counters = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(": ") else {
                continue;
            };
            let Ok(value) = value.trim().parse::<u64>() else {
                continue;
            };
            let words: Vec<&str> = name.split('.').skip(1).collect();
            match words.as_slice() {
                ["junction_webhook_config_ok"] => counters.config_ok = Some(value == 1),
                ["junction_webhook_guards_everything"] => counters.guards_everything = value == 1,
                ["junction_webhook_shadow"] => counters.shadow = value == 1,
                ["junction_webhook_requests_total", "outcome", outcome, "reason", reason] => {
                    counters.count(outcome, reason, value);
                }
                _ => {}
            }
        }
        counters
    }

    fn count(&mut self, outcome: &str, reason: &str, value: u64) {
        let sum = match outcome {
            "forwarded" => &mut self.forwarded,
            "acknowledged" => &mut self.acknowledged,
            "shadowed" => &mut self.shadowed,
            "rejected" => &mut self.rejected,
            _ => return,
        };
        *sum = sum.saturating_add(value);
        if outcome == "rejected" && value > 0 {
            let known = self.reasons.entry(reason.to_owned()).or_default();
            *known = known.saturating_add(value);
        }
    }
}

/// What Envoy said, or why it could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    Counters(Counters),
    Error(String),
}

/// Envoy's admin interface, asked at most once a second.
pub(crate) struct Statistics {
    admin: EnvoyAdmin,
    agent: Agent,
    last: Mutex<Option<(Instant, Said)>>,
}

impl Statistics {
    pub(crate) fn new(admin: EnvoyAdmin) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .proxy(None)
            .build()
            .new_agent();
        Self { admin, agent, last: Mutex::new(None) }
    }

    pub(crate) async fn ask(&self) -> Said {
        let mut last = self.last.lock().await;
        if let Some((when, said)) = &*last
            && when.elapsed() < SHELF_LIFE
        {
            return said.clone();
        }
        let (admin, agent) = (self.admin, self.agent.clone());
        let said = match spawn_blocking(move || fetch(admin, &agent)).await {
            Ok(Ok(text)) => Said::Counters(Counters::read(&text)),
            Ok(Err(error)) => Said::Error(error),
            Err(error) => Said::Error(error.to_string()),
        };
        *last = Some((Instant::now(), said.clone()));
        said
    }
}

fn fetch(admin: EnvoyAdmin, agent: &Agent) -> Result<String, String> {
    let told = |error: ureq::Error| error.to_string();
    let mut answer = agent.get(format!("http://{}{QUERY}", admin.0)).call().map_err(told)?;
    // A redirection, above all, which is not followed: it could lead anywhere.
    if answer.status() != 200 {
        return Err(format!("it answers {}", answer.status()));
    }
    answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string().map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_counters_of_either_host() {
        for prefix in ["wasmcustom", "dynamicmodulescustom"] {
            let text = format!(
                "{prefix}.junction_webhook_config_ok: 1\n\
                 {prefix}.junction_webhook_shadow: 0\n\
                 {prefix}.junction_webhook_requests_total.outcome.forwarded.reason.none: 3\n\
                 {prefix}.junction_webhook_requests_total.outcome.acknowledged.reason.repeat: 2\n\
                 {prefix}.junction_webhook_requests_total.outcome.acknowledged.reason.none: 1\n\
                 {prefix}.junction_webhook_requests_total.outcome.rejected.reason.json: 0\n\
                 {prefix}.junction_webhook_requests_total.outcome.rejected.reason.schema: 4\n\
                 {prefix}.junction_webhook_requests_total.outcome.unguarded.reason.none: 9\n\
                 {prefix}.junction_webhook_body_bytes: No recorded values\n"
            );
            let expected = Counters {
                config_ok: Some(true),
                forwarded: 3,
                acknowledged: 3,
                rejected: 4,
                reasons: BTreeMap::from([("schema".to_owned(), 4)]),
                ..Counters::default()
            };
            assert_eq!(Counters::read(&text), expected);
        }
        assert_eq!(Counters::read("").config_ok, None);
    }

    #[test]
    fn takes_an_admin_interface_on_a_loopback_alone() {
        for (text, address) in [
            ("http://127.0.0.1:9901", "127.0.0.1:9901"),
            ("http://127.0.0.1:9901/", "127.0.0.1:9901"),
            ("http://localhost:9901", "127.0.0.1:9901"),
            ("http://[::1]:9901", "[::1]:9901"),
        ] {
            assert_eq!(text.parse(), Ok(EnvoyAdmin(address.parse().unwrap())), "{text}");
        }
        for text in [
            "127.0.0.1:9901",
            "https://127.0.0.1:9901",
            "http://127.0.0.1",
            "http://10.0.0.1:9901",
            "http://0.0.0.0:9901",
            "http://envoy:9901",
            "http://127.0.0.1:9901/quitquitquit",
            "http://a@127.0.0.1:9901",
        ] {
            assert_eq!(text.parse::<EnvoyAdmin>(), Err(EnvoyAdminError), "{text}");
        }
    }
}
