//! What `docker compose` starts agrees with the rest of the project; `make test-docker` runs it for
//! real.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{root, yaml};
use serde_json::Value as Json;
use serde_yaml_ng::Value;

#[test]
fn the_container_runs_envoy_yaml_but_for_two_addresses_and_how_one_is_looked_up() {
    let script = root().join("deploy/docker/container-config.sh");
    let written = Command::new(script).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    let derived: Value = serde_yaml_ng::from_slice(&written.stdout).unwrap();

    let mut differences = Vec::new();
    compare("", &yaml("envoy.yaml"), &derived, &mut differences);
    let listener = "/static_resources/listeners/0/address/socket_address/address";
    let cluster = "/static_resources/clusters/0";
    let endpoint = "load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
    assert_eq!(
        differences,
        [
            format!("{listener}: 127.0.0.1 became 0.0.0.0"),
            format!("{cluster}/type: STATIC became STRICT_DNS"),
            format!("{cluster}/{endpoint}/address: 127.0.0.1 became upstream-mock"),
        ]
    );
}

#[test]
fn the_images_are_of_the_versions_that_everything_else_is_tested_with() {
    let compose = read("compose.yaml");
    let dockerfile = read("deploy/docker/Dockerfile");

    let versions = read("versions.toml");
    let pinned = |image: &str| between(&versions, &format!("\n{image} = \""), "\"").to_owned();

    let toolchain = read("rust-toolchain.toml");
    let rust = format!("rust:{}-slim-bookworm", between(&toolchain, "channel = \"", "\""));
    assert_eq!(between(&compose, "${RUST_IMAGE:-", "}"), rust);
    assert_eq!(pinned("rust"), rust);
    assert_eq!(between(&dockerfile, "ARG RUST_IMAGE=", "\n"), rust);

    let (minor, _patch) = between(&versions, "\nenvoy = \"", "\"").rsplit_once('.').unwrap();
    let envoy = format!("envoyproxy/envoy:v{minor}-latest");
    assert_eq!(between(&compose, "${ENVOY_IMAGE:-", "}"), envoy);
    assert_eq!(between(&dockerfile, "ARG ENVOY_IMAGE=", "\n"), envoy);
    let (_, images) = versions.split_once("[images]").unwrap();
    assert_eq!(between(images, "\nenvoy = \"", "\""), envoy);

    assert_eq!(between(&compose, "${PROMETHEUS_IMAGE:-", "}"), pinned("prometheus"));
    assert_eq!(between(&compose, "${GRAFANA_IMAGE:-", "}"), pinned("grafana"));
}

#[test]
fn compose_publishes_on_loopback_only_and_never_the_admin_port() {
    let mut published: Vec<_> = services()
        .iter()
        .flat_map(|(_, service)| service["ports"].as_sequence().cloned().unwrap_or_default())
        .map(|port| port.as_str().unwrap().to_owned())
        .collect();
    published.sort_unstable();
    assert_eq!(
        published,
        [
            "127.0.0.1:10000:10000",
            "127.0.0.1:3000:3000",
            "127.0.0.1:9000:9000",
            "127.0.0.1:9090:9090"
        ]
    );
}

#[test]
fn every_container_that_stays_has_a_health_check_and_no_capabilities() {
    for (name, service) in services() {
        let stays = !service.as_mapping().unwrap().contains_key("profiles");
        assert_eq!(!service["healthcheck"]["test"].is_null(), stays, "{name}");
        assert_eq!(service["cap_drop"], list(&["ALL"]), "{name}");
        assert_eq!(service["security_opt"], list(&["no-new-privileges:true"]), "{name}");
        // Grafana writes beside its own program.
        assert_eq!(service["read_only"].as_bool() == Some(true), name != "grafana", "{name}");
    }
}

/// Grafana itself runs in no test: this is what can be known of it without.
#[test]
fn grafana_finds_its_dashboard_and_the_prometheus_that_compose_starts() {
    let provisioning = "deploy/observability/grafana/provisioning";
    let compose = yaml("compose.yaml");
    let grafana = &compose["services"]["grafana"];

    // The directories that compose mounts are those that Grafana and the provider look into.
    let provider =
        &yaml(&format!("{provisioning}/dashboards/junction-webhook.yaml"))["providers"][0];
    let dashboards = provider["options"]["path"].as_str().unwrap();
    assert_eq!(
        grafana["volumes"],
        list(&[
            "./deploy/observability/grafana/provisioning:/etc/grafana/provisioning:ro",
            &format!("./deploy/observability/grafana/dashboards:{dashboards}:ro"),
        ])
    );
    let home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].as_str();
    assert_eq!(home, Some(format!("{dashboards}/junction-webhook.json").as_str()));

    // The one source is where compose's Prometheus listens, and as often as that one scrapes.
    let sources = &yaml(&format!("{provisioning}/datasources/prometheus.yaml"))["datasources"];
    let [source] = sources.as_sequence().unwrap().as_slice() else {
        panic!("{sources:?}");
    };
    assert_eq!(source["url"], "http://prometheus:9090");
    assert!(compose["services"]["prometheus"].is_mapping());
    assert_eq!(source["isDefault"], Value::from(true));
    let scrapes = yaml("deploy/observability/prometheus/prometheus.yml");
    assert_eq!(source["jsonData"]["timeInterval"], scrapes["global"]["scrape_interval"]);

    // Every panel and variable asks the source that the dashboard's variable names: the default one
    // of this type.
    let dashboard = "deploy/observability/grafana/dashboards/junction-webhook.json";
    let dashboard: Json = serde_json::from_str(&read(dashboard)).unwrap();
    let variable = &dashboard["templating"]["list"][0];
    assert_eq!(
        (&variable["name"], &variable["type"]),
        (&"datasource".into(), &"datasource".into())
    );
    assert_eq!(variable["query"].as_str(), source["type"].as_str());
    assert_eq!(variable["current"], serde_json::json!({}));
    let mut asked = Vec::new();
    sources_of(&dashboard, &mut asked);
    assert!(asked.len() > 20, "{asked:?}");
    let known = ["${datasource}", source["uid"].as_str().unwrap()];
    assert!(asked.iter().all(|uid| known.contains(&uid.as_str())), "{asked:?}");
}

/// The uid of every source that a part of a dashboard names.
fn sources_of(part: &Json, found: &mut Vec<String>) {
    match part {
        Json::Object(fields) => {
            if let Some(uid) = fields.get("datasource").and_then(|source| source["uid"].as_str()) {
                found.push(uid.to_owned());
            }
            fields.values().for_each(|field| sources_of(field, found));
        }
        Json::Array(items) => items.iter().for_each(|item| sources_of(item, found)),
        _ => {}
    }
}

/// Every place where two documents differ, with both scalars; a place that only one has fails.
fn compare(place: &str, one: &Value, other: &Value, differences: &mut Vec<String>) {
    match (one, other) {
        (Value::Mapping(one), Value::Mapping(other)) => {
            assert!(one.keys().eq(other.keys()), "{place}: other keys");
            for ((key, one), other) in one.iter().zip(other.values()) {
                compare(&format!("{place}/{}", key.as_str().unwrap()), one, other, differences);
            }
        }
        (Value::Sequence(one), Value::Sequence(other)) => {
            assert_eq!(one.len(), other.len(), "{place}: another length");
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{place}/{index}"), one, other, differences);
            }
        }
        (Value::String(one), Value::String(other)) if one != other => {
            differences.push(format!("{place}: {one} became {other}"));
        }
        _ => assert_eq!(one, other, "{place}"),
    }
}

fn services() -> Vec<(String, Value)> {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_mapping().unwrap().clone();
    services.into_iter().map(|(name, it)| (name.as_str().unwrap().to_owned(), it)).collect()
}

fn list(items: &[&str]) -> Value {
    Value::Sequence(items.iter().copied().map(Value::from).collect())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} after {before}")).0
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_engine_gets_every_file_that_the_images_programs_include() {
    let sent = read(".dockerignore");
    let sent: Vec<_> = sent.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let mut included = 0;
    for package in ["core/src", "src", "tool/src", "upstream-mock/src"] {
        for source in sources(&root().join(package)) {
            let text = fs::read_to_string(&source).unwrap();
            for (_, rest) in text.match_indices("include_str!(\"").map(|(at, _)| text.split_at(at))
            {
                let named = between(rest, "include_str!(\"", "\")");
                let file = source.parent().unwrap().join(named).canonicalize().unwrap();
                let file = file.strip_prefix(root().canonicalize().unwrap()).unwrap().to_owned();
                assert!(sent.iter().any(|path| file.starts_with(path)), "{}", file.display());
                included += 1;
            }
        }
    }
    assert!(included >= 5, "{included}");
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}
