//! The dashboard's queries, asked of a real Prometheus that scrapes real Envoys.

use std::{collections::BTreeSet, fs};

use harness::{Gateway, Host, ID, Prometheus, Request, SECRET, Setup, eventually, now, root};
use serde_json::{Value, json};

use crate::{picture, sample::RESULT};

const DASHBOARD: &str = "deploy/observability/grafana/dashboards/junction-webhook.json";

fn dashboard() -> Value {
    let text = fs::read_to_string(root().join(DASHBOARD)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn panels() -> Vec<Value> {
    dashboard()["panels"].as_array().unwrap().clone()
}

/// A panel's query as Grafana sends it, with every instance and these spans of time selected.
fn expanded(target: &Value, rate_interval: &str, range: &str) -> String {
    let query = target["expr"].as_str().unwrap();
    let query = query.replace("$__rate_interval", rate_interval).replace("$__range", range);
    let query = query.replace("$job", ".*").replace("$instance", ".*");
    assert!(!query.contains('$'), "an unknown variable: {query}");
    query
}

/// A request for each reason that a usable configuration has, but for `internal`.
fn refusals() -> [(&'static str, Request); 12] {
    let good = || Request::signed(RESULT);
    let sent = |age: i64| Request::signed_with(SECRET, ID, now().saturating_sub(age), RESULT);
    [
        ("method", good().method("PUT")),
        ("content_encoding", good().header("content-encoding", "gzip")),
        ("content_type", good().set("content-type", "text/plain")),
        ("body_size", Request::unsigned("").header("content-length", "9999999")),
        ("signature_missing", Request::unsigned(RESULT)),
        ("signature_malformed", good().header("svix-id", ID)),
        ("timestamp_malformed", good().set("svix-timestamp", "today")),
        ("timestamp_too_old", sent(1000)),
        ("timestamp_too_new", sent(-1000)),
        ("signature_mismatch", good().set("svix-id", "msg_forged")),
        ("json", Request::signed("no")),
        ("schema", Request::signed("{}")),
    ]
}

#[test]
fn the_dashboard_can_be_imported_into_any_grafana() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
    assert_eq!(dashboard["uid"], "junction-webhook");
    assert_eq!(dashboard.get("id"), None, "a number of one Grafana's own");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables.iter().map(|variable| &variable["name"]).collect();
    assert_eq!(names, ["datasource", "job", "instance"]);
    assert_eq!(variables[0]["type"], "datasource");
    assert_eq!(variables[0]["query"], "prometheus");
}

#[test]
fn no_two_panels_lie_on_each_other() {
    let mut cells = BTreeSet::new();
    for panel in panels() {
        let side = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        let end = |start: &str, length: &str| side(start).checked_add(side(length)).unwrap();
        assert!(end("x", "w") <= 24, "{} is wider than the grid", panel["title"]);
        for (x, y) in
            (side("x")..end("x", "w")).flat_map(|x| (side("y")..end("y", "h")).map(move |y| (x, y)))
        {
            assert!(cells.insert((x, y)), "{} lies on another", panel["title"]);
        }
    }
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
fn every_alert_is_in_the_runbook_and_names_a_section_of_it() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let runbook = read("docs/operations.md");
    let sections: BTreeSet<String> = runbook
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
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(runbook.contains(&format!("`{alert}`")), "{alert}");
    }
}

/// Envoys that enforce, watch and cannot, and the Prometheus that scrapes all three; `None` where
/// Prometheus is not installed.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn watched() -> Option<([Gateway; 3], Prometheus)> {
    let gateways = [
        Setup::new(),
        Setup::new().config(&json!({"mode": "shadow"})),
        Setup::new().config(&json!({"typo": 1})),
    ]
    .map(Setup::start);
    let prometheus = Prometheus::start(&gateways.each_ref().map(|gateway| &gateway.admin));
    if prometheus.is_none() {
        assert!(std::env::var_os("REQUIRE_PROMETHEUS").is_none(), "prometheus is not installed");
        eprintln!("SKIPPED: prometheus is not installed; `make test-observability` gets it");
    }
    Some((gateways, prometheus?))
}

#[test]
fn every_panel_has_data_and_every_refusal_shows() {
    let Some((gateways, prometheus)) = watched() else { return };
    let [enforcing, shadow, broken] = &gateways;
    let traffic = || {
        for (_, request) in refusals() {
            enforcing.send(&request);
        }
        for gateway in &gateways {
            gateway.send(&Request::signed(RESULT));
            gateway.send(&Request::new("GET", "/other"));
        }
        shadow.send(&Request::unsigned(RESULT));
    };
    for panel in panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = expanded(target, "20s", "20s");
            if query.contains("envoy_wasm_") && Host::lacks("a VM that could crash") {
                continue;
            }
            eventually(&query, || {
                traffic();
                let result = prometheus.query(&query);
                let is_number = |series: &Value| series["value"][1] != "NaN";
                (!result.is_empty() && result.iter().all(is_number)).then_some(())
            });
        }
    }

    let shown = |title: &str, label: &str| -> BTreeSet<String> {
        let panels = panels();
        let panel = panels.iter().find(|panel| panel["title"] == title).unwrap();
        let series = prometheus.query(&expanded(&panel["targets"][0], "20s", "20s"));
        let moving = series.into_iter().filter(|series| series["value"][1] != "0");
        moving.map(|series| series["metric"][label].as_str().unwrap().to_owned()).collect()
    };
    let mut reasons: BTreeSet<_> = refusals().iter().map(|(reason, _)| (*reason).into()).collect();
    reasons.insert("configuration".to_owned());
    eventually("all that was sent is shown", || {
        traffic();
        let outcomes = shown("Requests by outcome", "outcome");
        let all = ["forwarded", "rejected", "shadowed", "unguarded"].map(str::to_owned);
        (shown("Refusals by reason", "reason") == reasons && outcomes == all.into()).then_some(())
    });

    // The rules are those that promtool tests: here some of them meet real metrics.
    eventually("the alerts of schema failures and of the unusable configuration", || {
        let schema = r#"ALERTS{alertname="JunctionWebhookSchemaFailures",alertstate="firing"}"#;
        let unusable = r#"ALERTS{alertname="JunctionWebhookConfigurationBroken"}"#;
        let [unusable] = &prometheus.query(unusable)[..] else { return None };
        assert_eq!(unusable["metric"]["instance"], broken.admin.0.to_string());
        (!prometheus.query(schema).is_empty()).then_some(())
    });
}

/// Draws `docs/images/dashboard*.svg` from a scrape of three minutes, where `make
/// dashboard-picture` asks for it.
#[test]
fn draws_the_dashboard() {
    const SECONDS: i64 = 180;
    if std::env::var_os("DRAW_DASHBOARD").is_none() {
        return;
    }
    let gateway = Setup::new().patch("stats_flush_interval", "1s").start();
    let prometheus = Prometheus::start(&[&gateway.admin]).expect("prometheus is installed");
    let start = now();
    let mut second = 0;
    while second < SECONDS {
        send_as_senders_do(&gateway, second);
        // Paces the picture's traffic; nothing is asserted on.
        std::thread::sleep(std::time::Duration::from_millis(100));
        second = now().saturating_sub(start);
    }
    let range = (start.saturating_add(10), now());
    let draw = |name: &str, panels: &[Value]| {
        let svg = picture::draw(panels, |target, at_end| {
            let query = expanded(target, "15s", "180s");
            if at_end { prometheus.query(&query) } else { prometheus.query_range(&query, range, 4) }
        });
        fs::write(root().join("docs/images").join(name), svg).unwrap();
    };
    fs::create_dir_all(root().join("docs/images")).unwrap();
    draw("dashboard.svg", &crop());
    draw("dashboard-whole.svg", &panels());
}

/// What README shows: the figures and the first of the dashboard's sections.
fn crop() -> Vec<Value> {
    let panels = panels();
    let is_section = |panel: &&Value| panel["type"] == "row";
    let second = panels.iter().filter(is_section).nth(1).unwrap()["gridPos"]["y"].clone();
    let above = |panel: &Value| panel["gridPos"]["y"].as_u64() < second.as_u64();
    panels.into_iter().filter(above).collect()
}

#[test]
fn the_picture_has_the_title_of_every_panel_and_the_name_of_every_line() {
    let series = |name: &str, high: f64| {
        let points: Vec<_> = (0..45)
            .map(|step| json!([1000 + 4 * step, (high * f64::from(step % 9)).to_string()]))
            .collect();
        let metric = json!({"outcome": name, "reason": name, "event_type": name, "instance": name,
            "envoy_response_code_class": "2"});
        json!({"metric": metric, "value": [1000, high.to_string()], "values": points})
    };
    let ask =
        |_: &Value, _: bool| vec![series("<forwarded>", 1.0), series("a second & long one", 7.0)];
    let svg = picture::draw(&panels(), ask);
    for panel in panels() {
        let title = panel["title"].as_str().unwrap().replace('\'', "&apos;");
        assert!(svg.contains(&format!("\n{title}\n")), "{title}");
    }
    for name in ["&lt;forwarded&gt;", "a second &amp; long one", "p50", "2xx"] {
        assert!(svg.contains(&format!("\n{name}\n")), "{name}");
    }
}

/// Good traffic of many sizes; forgeries for a while, and later a change of the sender's schema.
fn send_as_senders_do(gateway: &Gateway, second: i64) {
    for round in 0..3_usize {
        let markers: Vec<_> = (0..[1, 20, 80][round])
            .map(|number| json!({"name": format!("Marker {number}"), "value": 1.5}))
            .collect();
        let kind = ["labtest.result.critical", "labtest.result.ready"][round.min(1)];
        let body = json!({"event_type": kind, "data": {"markers": markers}}).to_string();
        let age = second.checked_rem(7).unwrap();
        let sent_at = now().saturating_sub(age);
        gateway.send(&Request::signed_with(SECRET, ID, sent_at, body));
    }
    let order =
        r#"{"event_type":"order.completed","data":{"order_id":"o-1","status":"completed"}}"#;
    gateway.send(&Request::signed(order));
    if second % 3 == 0 {
        gateway.send(&Request::new("GET", "/other"));
    }
    if (50..90).contains(&second) {
        gateway.send(&Request::signed(RESULT).set("svix-id", "msg_forged"));
        gateway.send(&Request::signed_with(SECRET, ID, now().saturating_sub(900), RESULT));
    }
    if (80..100).contains(&second) {
        gateway.send(&Request::unsigned(RESULT));
    }
    if second > 120 {
        gateway.send(&Request::signed(r#"{"event_type":"labtest.result.ready","data":[]}"#));
    }
}
