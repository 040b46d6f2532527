//! The tool's `explain` on requests that Envoy's own tap filter captured in front of the filter, as
//! `docs/troubleshooting.md` says; each of the causes is found on one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::{
    CONNECTION_MANAGER, Gateway, Host, Request, SECRET, Setup, at, eventually, root, tool,
};
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use tempfile::TempDir;
use test_support::refused::{Refused, causes};

use crate::sample::{RESULT, result_of_length};

/// The variables that the proxy-wasm module sees; a dynamic one sees all.
const VARIABLES: &str =
    "http_filters.1.typed_config.config.vm_config.environment_variables.host_env_keys";
/// Where the page's tap filter has its output.
const OUTPUT: &str = "0.typed_config.common_config.static_config.output_config";

/// A request of the vectors, as it is sent and explained.
struct Case(Refused);

impl Case {
    fn request(&self) -> Request {
        let unsigned = Request::unsigned(self.0.body());
        let headers = self.0.headers.iter();
        headers.fold(unsigned, |request, (name, value)| request.header(name, value))
    }

    /// What the tool tells of its trace.
    fn explain(&self, trace: &Path) -> (Option<i32>, Value) {
        let directory = TempDir::new().unwrap();
        let config = directory.path().join("config.json");
        fs::write(&config, self.0.config.to_string()).unwrap();
        let mut arguments = vec![trace.to_str().unwrap(), "--config", config.to_str().unwrap()];
        arguments.extend(self.0.also_env.iter().flat_map(|name| ["--also-env", name]));
        explain(&arguments, &self.0.environment)
    }
}

/// All of them, those with one configuration together.
fn groups() -> Vec<Vec<Case>> {
    let mut groups: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in Refused::all() {
        let own = case.environment.iter().filter(|(name, _)| *name != "OTHER_SECRET");
        let key = format!("{} {:?}", case.config, own.collect::<Vec<_>>());
        groups.entry(key).or_default().push(Case(case));
    }
    groups.into_values().collect()
}

/// Envoy with the page's tap filter in front of the plugin, and where that writes.
struct Tapped {
    gateway: Gateway,
    directory: TempDir,
}

impl Tapped {
    fn start(setup: Setup) -> Self {
        Self::start_with(setup, page_block("yaml tap"))
    }

    /// Likewise, but that it writes each part of a request as that comes.
    fn start_streaming(setup: Setup) -> Self {
        let mut tap = page_block("yaml tap");
        at(&mut tap, OUTPUT)["streaming"] = true.into();
        Self::start_with(setup, tap)
    }

    fn start_with(mut setup: Setup, mut tap: Yaml) -> Self {
        let directory = TempDir::new().unwrap();
        let prefix = at(&mut tap, &format!("{OUTPUT}.sinks.0.file_per_tap.path_prefix"));
        let file = Path::new(prefix.as_str().unwrap()).file_name().unwrap().to_owned();
        *prefix = directory.path().join(file).to_str().unwrap().into();
        let filters = at(setup.yaml(), &format!("{CONNECTION_MANAGER}.http_filters"));
        let filters = filters.as_sequence_mut().unwrap();
        let plugin =
            filters.iter().position(|filter| filter["name"] == "junction_webhook").unwrap();
        filters.insert(plugin, tap[0].clone());
        Self { gateway: setup.start(), directory }
    }

    /// The trace of a request that has been answered.
    fn trace(&self, request: &Request) -> PathBuf {
        // Envoy may be about to write the rest of it.
        self.file(request, |text| serde_json::from_str::<Value>(text).is_ok())
    }

    /// Likewise, where each part of it is written by itself, the end of the answer last.
    fn streamed_trace(&self, request: &Request) -> PathBuf {
        self.file(request, |text| text.contains("response_body_chunk"))
    }

    fn file(&self, request: &Request, is_whole: impl Fn(&str) -> bool) -> PathBuf {
        eventually("the tap filter's file", || {
            let entries = fs::read_dir(self.directory.path()).unwrap();
            let mut paths = entries.map(|entry| entry.unwrap().path());
            paths.find(|path| {
                let text = fs::read_to_string(path).unwrap_or_default();
                text.contains(&request.query) && is_whole(&text)
            })
        })
    }
}

/// A block of the page by what stands behind its fence.
fn page_block(name: &str) -> Yaml {
    let page = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let start = format!("```{name}\n");
    let (_, block) = page.split_once(&start).unwrap();
    serde_yaml_ng::from_str(block.split_once("```").unwrap().0).unwrap()
}

fn explain(arguments: &[&str], environment: &BTreeMap<String, String>) -> (Option<i32>, Value) {
    let mut command = Command::new(tool());
    command.args(["explain", "--json"]).args(arguments);
    command.env_remove("JUNCTION_WEBHOOK_SECRET").envs(environment);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let told = serde_json::from_slice(&stdout);
    let told = told.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&stderr)));
    (status.code(), told)
}

/// The verdict is the filter's own, and so are status and answer.
#[test]
fn the_tool_says_of_a_request_that_envoy_captured_what_the_filter_said() {
    for cases in groups() {
        let Case(first) = &cases[0];
        let mut setup = Setup::new().config(&first.config).without_rate_limit();
        if Host::under_test() == Host::Wasm {
            let path = format!("{CONNECTION_MANAGER}.{VARIABLES}");
            let variables = at(setup.yaml(), &path).as_sequence_mut().unwrap();
            variables.push("PLAIN_SECRET".into());
        }
        for (name, value) in &first.environment {
            setup = setup.env(name, value);
        }
        let tapped = Tapped::start(setup);
        for case in &cases {
            let request = case.request();
            let (answer, line) = tapped.gateway.send_logged(&request);
            assert!([401, 500].contains(&answer.status), "{}: {}", case.0.name, answer.text());
            assert!(tapped.gateway.saw(&request).is_empty(), "{}", case.0.name);
            let (code, told) = case.explain(&tapped.trace(&request));
            assert_eq!(code, Some(1), "{}", case.0.name);
            assert_eq!(told["verdict"]["reason"], line["reason"], "{}", case.0.name);
            assert_eq!(told["verdict"]["reason"], case.0.reason.as_str(), "{}", case.0.name);
            assert_eq!(told["answer"]["status"], answer.status, "{}", case.0.name);
            assert_eq!(told["answer"]["body"], answer.text(), "{}", case.0.name);
            // Of what the head alone decides, Envoy reads no body.
            if case.0.reason == "signature_mismatch" {
                assert_eq!(causes(&told), case.0.causes(), "{}: {told:#}", case.0.name);
            } else {
                let missing = told["notes"][0].as_str().unwrap();
                assert!(missing.starts_with("the tap trace has 0 of the body's"), "{missing}");
            }
        }
    }
}

/// In shadow mode the whole of every request goes on, by the tap filter and to the stub.
#[test]
fn the_tool_finds_each_cause_on_a_request_that_envoy_captured() {
    let setup = Setup::new().config(&json!({"mode": "shadow"})).without_rate_limit();
    let tapped = Tapped::start(setup);
    for case in groups().into_iter().flatten() {
        let request = case.request();
        let answer = tapped.gateway.send(&request);
        assert_eq!(answer.status, 200, "{}: {}", case.0.name, answer.text());
        let (code, told) = case.explain(&tapped.trace(&request));
        assert_eq!(causes(&told), case.0.causes(), "{}: {told:#}", case.0.name);
        assert_eq!(told["verdict"]["reason"], case.0.reason.as_str(), "{}", case.0.name);
        assert_eq!(code, Some(1), "{}", case.0.name);
    }
}

#[test]
fn the_tool_explains_an_accepted_request_the_longest_and_one_that_is_too_long() {
    let secret = BTreeMap::from([("JUNCTION_WEBHOOK_SECRET".to_owned(), SECRET.to_owned())]);
    let envoy = root().join("envoy.yaml");
    let with_config = |trace: &str| explain(&[trace, "--config", envoy.to_str().unwrap()], &secret);
    let tapped = Tapped::start_streaming(Setup::new());
    let request = Request::signed(RESULT);
    assert_eq!(tapped.gateway.send(&request).status, 200);
    let event = tapped.gateway.forwarded(&request);
    let trace = tapped.streamed_trace(&request);
    let arguments = [trace.to_str().unwrap(), "--config", envoy.to_str().unwrap(), "--show-body"];
    let (code, told) = explain(&arguments, &secret);
    assert_eq!(code, Some(0), "{told:#}");
    assert_eq!(told["verdict"]["outcome"], "forwarded");
    // The event is the very one that the upstream got.
    assert_eq!(told["forwarded"]["event"], event.json());

    let tapped = Tapped::start(Setup::new());
    let long = Request::signed(result_of_length(1024 * 1024 + 2));
    assert_eq!(tapped.gateway.send(&long).status, 413);
    let (code, told) = with_config(tapped.trace(&long).to_str().unwrap());
    assert_eq!(
        (code, told["verdict"]["reason"].as_str()),
        (Some(1), Some("body_size")),
        "{told:#}"
    );
    assert_eq!(told["clock"]["source"], "the tap trace's headers_received_time");

    // As long as the filter takes one: the trace has all of it.
    let body = result_of_length(1024 * 1024 - 1);
    let longest = Request::signed(&body).body(format!("{body}\n"));
    assert_eq!(tapped.gateway.send(&longest).status, 401);
    let (code, told) = with_config(tapped.trace(&longest).to_str().unwrap());
    assert_eq!((code, &told["causes"]), (Some(1), &json!(["body_line_end_added"])), "{told:#}");
}

#[test]
fn the_tool_explains_what_the_stub_saw_in_shadow_mode() {
    let gateway = Setup::new().config(&json!({"mode": "shadow"})).start();
    let request = Request::signed("{}\n").body("{}");
    assert_eq!(gateway.send(&request).status, 200);
    let seen = gateway.upstream.saw(&request);
    assert_eq!(seen[0].header("x-junction-verdict"), ["reject;signature_mismatch"]);
    let directory = TempDir::new().unwrap();
    let list = directory.path().join("requests.json");
    fs::write(&list, gateway.upstream.requests_text()).unwrap();
    let secret = BTreeMap::from([("JUNCTION_WEBHOOK_SECRET".to_owned(), SECRET.to_owned())]);
    let (code, told) = explain(&[list.to_str().unwrap()], &secret);
    assert_eq!(told["causes"], json!(["body_line_end_removed"]), "{told:#}");
    assert_eq!(code, Some(1));
}

/// Every command of the page, as a reader runs it, while Envoy refuses and the stub remembers.
#[test]
fn the_commands_of_the_troubleshooting_page_explain_what_they_say() {
    let tapped = Tapped::start(Setup::new().config(&json!({"mode": "shadow"})));
    let Tapped { gateway, directory } = &tapped;
    let request = Request::signed("{}\n").body("{}");
    assert_eq!(gateway.send(&request).status, 200);
    tapped.trace(&request);

    let page = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let commands: Vec<_> = blocks.flat_map(str::lines).collect();
    let explained = (Some(1), "verdict  rejected, reason signature_mismatch");
    let counted =
        "junction_webhook_requests_total{outcome=\"shadowed\",reason=\"signature_mismatch\"} 1";
    let expected = [(Some(0), counted), explained, explained, (Some(0), "")];
    assert_eq!(commands.len(), expected.len(), "{commands:#?}");
    let path =
        format!("{}:{}", root().join("target/release").display(), std::env::var("PATH").unwrap());
    for (command, (code, line)) in commands.iter().zip(expected) {
        let command = command
            .replace("127.0.0.1:9901", &gateway.admin.0.to_string())
            .replace("127.0.0.1:9000", &gateway.upstream.address.to_string())
            .replace("/var/lib/junction/tap", directory.path().to_str().unwrap());
        let Output { status, stdout, stderr } = Command::new("bash")
            .args(["-c", &format!("set -o pipefail; {command}")])
            .current_dir(root())
            .env("PATH", &path)
            .env("JUNCTION_WEBHOOK_SECRET", SECRET)
            .output()
            .unwrap();
        let told = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), code, "{command}: {told}");
        assert!(told.contains(line), "{command}: {told}");
    }
}
