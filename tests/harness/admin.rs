//! Envoy's admin interface: readiness, the listener's address, metrics.

use std::net::SocketAddr;

use crate::{Answer, Host, Request, Wire};

/// The admin interface of one Envoy.
pub struct Admin(pub SocketAddr);

impl Admin {
    pub(crate) fn is_ready(&self) -> bool {
        self.get("/ready").status == 200
    }

    pub(crate) fn listener(&self) -> SocketAddr {
        self.listener_named("webhooks")
    }

    /// Where a listener listens.
    pub fn listener_named(&self, name: &str) -> SocketAddr {
        let listeners = self.get("/listeners?format=json").json();
        let listeners = listeners["listener_statuses"].as_array().unwrap();
        let listener = listeners.iter().find(|listener| listener["name"] == name).unwrap();
        let address = &listener["local_address"]["socket_address"];
        let text = format!("{}:{}", address["address"].as_str().unwrap(), address["port_value"]);
        text.parse().unwrap()
    }

    /// `/stats/prometheus`.
    pub fn prometheus(&self) -> String {
        self.get("/stats/prometheus").text()
    }

    /// The value of the series with exactly these labels; `None` where there is no such series.
    pub fn series(&self, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let prefix = Host::under_test().metric_prefix();
        let series = format!("{prefix}{name}{{{}}} ", labels.join(","));
        self.prometheus().lines().find_map(|line| line.strip_prefix(&series)?.parse().ok())
    }

    /// One of Envoy's own statistics.
    pub fn stat(&self, name: &str) -> Option<u64> {
        let stats = self.get(&format!("/stats?filter=^{name}$")).text();
        stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
    }

    /// Whatever the interface answers to a GET.
    pub fn get(&self, target: &str) -> Answer {
        let mut wire = Wire::connect(self.0);
        let mut request = Request::new("GET", target);
        if let Some((path, query)) = target.split_once('?') {
            request = request.path(path);
            query.clone_into(&mut request.query);
        }
        wire.send(&request);
        wire.answer()
    }
}
