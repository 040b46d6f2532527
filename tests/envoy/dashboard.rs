//! The dashboard's queries, asked of a real Prometheus that scrapes a real Envoy.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::{
    harness::{Prometheus, Request, SECRET, Setup, eventually, now, root},
    sample::RESULT,
};

const DASHBOARD: &str = "deploy/observability/grafana/dashboards/junction-webhook.json";

fn panels() -> Vec<Value> {
    let text = fs::read_to_string(root().join(DASHBOARD)).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    dashboard["panels"].as_array().unwrap().clone()
}

#[test]
fn every_panel_is_whole() {
    let mut ids = BTreeSet::new();
    for panel in panels() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "one id each: {}", panel["id"]);
        if panel["type"] == "row" {
            continue;
        }
        let title = panel["title"].as_str().unwrap();
        assert!(panel["description"].is_string(), "{title} has a description");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title} has a unit");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        assert_ne!(panel["targets"].as_array().unwrap().len(), 0, "{title}");
    }
}

#[test]
fn every_alert_names_a_section_of_the_runbook() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let sections: BTreeSet<String> = read("docs/operations.md")
        .lines()
        .filter_map(|line| {
            line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
        })
        .map(|title| title.to_lowercase().replace(' ', "-").replace(['`', '.'], ""))
        .collect();
    let rules = read("deploy/observability/prometheus/rules.yml");
    let named: Vec<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook: docs/operations.md#"))
        .collect();
    assert_eq!(named.len(), rules.matches("- alert: ").count());
    for section in named {
        assert!(sections.contains(section), "{section} in {sections:?}");
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn every_panel_has_data() {
    let gateway = Setup::new().start();
    let Some(prometheus) = Prometheus::start(&gateway.admin) else {
        assert!(std::env::var_os("CI").is_none(), "prometheus is not installed");
        eprintln!("SKIPPED: prometheus is not installed; `make test-observability` installs it");
        return;
    };
    let traffic = || {
        for request in [
            Request::signed(RESULT),
            Request::signed("{}"),
            Request::signed("no"),
            Request::unsigned(RESULT),
            Request::signed_with(SECRET, "msg_old", now().saturating_sub(1000), RESULT),
            Request::new("GET", "/other"),
        ] {
            gateway.send(&request);
        }
    };
    for panel in panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"]
                .as_str()
                .unwrap()
                .replace("$job", ".*")
                .replace("$instance", ".*")
                .replace("$__rate_interval", "20s")
                .replace("$__range", "20s");
            assert!(!query.contains('$'), "an unknown variable: {query}");
            eventually(&query, || {
                traffic();
                let result = prometheus.query(&query);
                let is_number = |series: &Value| series["value"][1] != "NaN";
                (!result.is_empty() && result.iter().all(is_number)).then_some(())
            });
        }
    }
    // The rules are those that promtool tests: here one of them fires on real metrics.
    eventually("the alert of schema failures", || {
        let alert = r#"ALERTS{alertname="JunctionWebhookSchemaFailures",alertstate="firing"}"#;
        (!prometheus.query(alert).is_empty()).then_some(())
    });
    assert!(
        prometheus.query(r#"ALERTS{alertname="JunctionWebhookConfigurationBroken"}"#).is_empty()
    );
}
