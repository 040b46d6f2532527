//! A real Prometheus that scrapes an Envoy.

use std::{fmt::Write as _, fs, net::SocketAddr, process::Command};

use loopback::process::Process;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Admin, eventually, locate::root, process};

/// A running Prometheus with the committed alert rules.
pub struct Prometheus {
    address: SocketAddr,
    _process: Process,
    _directory: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes every second; `None` where Prometheus is not installed.
    pub fn start(envoys: &[&Admin]) -> Option<Self> {
        Command::new("prometheus").arg("--version").output().ok()?;
        let directory = TempDir::new().unwrap();
        // The committed configuration, but for its pace and its targets.
        let committed = root().join("deploy/observability/prometheus");
        let config = fs::read_to_string(committed.join("prometheus.yml")).unwrap();
        let config = config.replace("interval: 15s", "interval: 1s");
        fs::write(directory.path().join("prometheus.yml"), config).unwrap();
        fs::copy(committed.join("rules.yml"), directory.path().join("rules.yml")).unwrap();
        let mut targets = "- targets:\n".to_owned();
        for envoy in envoys {
            writeln!(targets, "    - \"{}\"", envoy.0).unwrap();
        }
        fs::write(directory.path().join("targets.yml"), targets).unwrap();
        let mut command = process::command("prometheus");
        command.current_dir(directory.path()).args([
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--web.listen-address=127.0.0.1:0",
        ]);
        let process = Process::start(&command).unwrap();
        let address: SocketAddr = process::line(process.stderr(), "Prometheus's address", |line| {
            let (_, address) = line.split_once("msg=\"Listening on\" address=")?;
            address.split(' ').next()?.parse().ok()
        });
        eventually("Prometheus is ready", || {
            ureq::get(format!("http://{address}/-/ready")).call().ok()
        });
        Some(Self { address, _process: process, _directory: directory })
    }

    /// The result of an instant query.
    pub fn query(&self, query: &str) -> Vec<Value> {
        self.ask("query", &[("query", query)])
    }

    /// The result of a query at each step between two Unix times, all in seconds.
    pub fn query_range(&self, query: &str, (start, end): (i64, i64), step: i64) -> Vec<Value> {
        let [start, end, step] = [start, end, step].map(|seconds| seconds.to_string());
        let range = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
        self.ask("query_range", &range)
    }

    fn ask(&self, question: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
        let url = format!("http://{}/api/v1/{question}", self.address);
        let answer = ureq::get(url).query_pairs(parameters.iter().copied()).call();
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["status"], "success", "{parameters:?}: {answer}");
        answer["data"]["result"].as_array().unwrap().clone()
    }
}
