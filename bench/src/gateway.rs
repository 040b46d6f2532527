//! The ways that are compared: Envoy with one filter each, everything else the same.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use bench_core::sample;
use bench_core::work::CONFIGURATION;
use loopback::free_address;
use loopback::process::Process;
use serde_json::{Value, json};

use crate::process;

/// The longest body that anything here holds, in bytes; normalised events are longer than what
/// was sent.
const BUFFER_BYTES: u32 = 32 << 20;

/// What stands between the load and the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Envoy alone: bodies stream through.
    Envoy,
    /// Envoy's own `buffer` filter: bodies are held until they are complete, as the filter must.
    Buffer,
    /// A Wasm filter that does nothing.
    EmptyWasm,
    /// A Wasm filter that does what the contract leaves no choice about, and nothing else.
    Floor,
    /// The filter, as a Wasm module.
    Wasm,
    /// The filter, as a Wasm module of an earlier build.
    Earlier,
    /// The filter, as the native module.
    Native,
    /// Envoy's `ext_authz` filter, which sends each body to a native service.
    ExtAuthz,
}

impl Way {
    /// Those that a run compares where it is told of no earlier build.
    pub(crate) const ALL: [Self; 7] = [
        Self::Envoy,
        Self::Buffer,
        Self::EmptyWasm,
        Self::Floor,
        Self::Wasm,
        Self::Native,
        Self::ExtAuthz,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Envoy => "Envoy alone",
            Self::Buffer => "`buffer` filter",
            Self::EmptyWasm => "empty Wasm filter",
            Self::Floor => "host calls and HMAC",
            Self::Wasm => "Wasm module",
            Self::Earlier => "earlier Wasm module",
            Self::Native => "native module",
            Self::ExtAuthz => "`ext_authz`",
        }
    }
}

/// Where the built things are.
pub(crate) struct Artefacts {
    pub(crate) envoy: PathBuf,
    pub(crate) wasm: PathBuf,
    /// Compared with `wasm` alone, where it is given.
    pub(crate) earlier: Option<PathBuf>,
    pub(crate) native: PathBuf,
    pub(crate) empty_filter: PathBuf,
    pub(crate) floor_filter: PathBuf,
    pub(crate) ext_authz: PathBuf,
}

/// One running way.
pub(crate) struct Gateway {
    pub(crate) way: Way,
    pub(crate) address: SocketAddr,
    envoy: Process,
    service: Option<Process>,
}

impl Gateway {
    pub(crate) fn start(
        way: Way,
        workers: u32,
        upstream: SocketAddr,
        artefacts: &Artefacts,
        directory: &Path,
    ) -> Result<Self> {
        let address = free_address()?;
        let service_address = free_address()?;
        let service = if way == Way::ExtAuthz {
            let mut command = Command::new(&artefacts.ext_authz);
            command.arg(service_address.to_string());
            Some(process::start("ext-authz", &command, service_address)?)
        } else {
            None
        };
        let filter = match way {
            Way::Envoy => None,
            Way::Buffer => Some(buffer()),
            Way::EmptyWasm => Some(wasm(&artefacts.empty_filter, "")),
            Way::Floor => Some(wasm(&artefacts.floor_filter, "")),
            Way::Wasm => Some(wasm(&artefacts.wasm, CONFIGURATION)),
            Way::Earlier => {
                let earlier = artefacts.earlier.as_ref().context("no earlier module is given")?;
                Some(wasm(earlier, CONFIGURATION))
            }
            Way::Native => Some(native(&artefacts.native)),
            Way::ExtAuthz => Some(ext_authz(service_address)),
        };
        let file = directory.join(format!("{way:?}-{}.json", address.port()));
        let configuration =
            bootstrap(address, filter, &[("upstream", upstream), ("ext_authz", service_address)]);
        fs::write(&file, configuration.to_string())?;
        let mut command = Command::new(&artefacts.envoy);
        command
            .arg("--config-path")
            .arg(&file)
            .args(["--use-dynamic-base-id", "--log-level", "error"])
            .arg("--concurrency")
            .arg(workers.to_string())
            // The native module reads Envoy's own environment.
            .env("JUNCTION_WEBHOOK_SECRET", sample::SECRET);
        let envoy =
            process::start("envoy", &command, address).with_context(|| format!("{way:?}"))?;
        Ok(Self { way, address, envoy, service })
    }

    /// What Envoy and its service have used so far, in nanoseconds.
    pub(crate) fn cpu_nanos(&self) -> Result<u64> {
        let service = self.service.as_ref().map_or(Ok(0), Process::cpu_nanos)?;
        Ok(self.envoy.cpu_nanos()? + service)
    }

    /// The memory that Envoy holds, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        Ok(self.envoy.resident_bytes()?)
    }
}

fn buffer() -> Value {
    json!({
        "name": "buffer",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
            "max_request_bytes": BUFFER_BYTES
        }
    })
}

fn wasm(module: &Path, configuration: &str) -> Value {
    json!({
        "name": "wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "wasm",
                "allow_on_headers_stop_iteration": true,
                "failure_policy": "FAIL_CLOSED",
                "vm_config": {
                    "vm_id": "wasm",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": module}},
                    "environment_variables": {
                        "key_values": {"JUNCTION_WEBHOOK_SECRET": sample::SECRET}
                    }
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": configuration
                }
            }
        }
    })
}

fn native(module: &Path) -> Value {
    json!({
        "name": "native",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.\
                      DynamicModuleFilter",
            "dynamic_module_config": {
                "name": "junction_webhook",
                "module": {"local": {"filename": module}}
            },
            "filter_name": "junction_webhook",
            "filter_config": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": CONFIGURATION
            }
        }
    })
}

fn ext_authz(service: SocketAddr) -> Value {
    json!({
        "name": "ext_authz",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
            "http_service": {
                "server_uri": {
                    "uri": format!("http://{service}"), "cluster": "ext_authz", "timeout": "10s"
                },
                "authorization_response": {
                    "allowed_upstream_headers": {"patterns": [
                        {"exact": "idempotency-key"}, {"prefix": "x-junction-"}
                    ]},
                    "allowed_client_headers": {"patterns": [{"exact": "content-type"}]}
                }
            },
            "allowed_headers": {"patterns": [
                {"exact": "content-type"}, {"exact": "content-encoding"},
                {"prefix": "svix-"}, {"prefix": "webhook-"}
            ]},
            "with_request_body": {"max_request_bytes": BUFFER_BYTES, "allow_partial_message": false}
        }
    })
}

fn bootstrap(listen: SocketAddr, filter: Option<Value>, clusters: &[(&str, SocketAddr)]) -> Value {
    let router = json!({
        "name": "router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
        }
    });
    let filters: Vec<Value> = filter.into_iter().chain([router]).collect();
    let clusters: Vec<Value> =
        clusters.iter().map(|&(name, address)| cluster(name, address)).collect();
    json!({
        "static_resources": {
            "listeners": [{
                "name": "webhooks",
                "address": socket_address(listen),
                "per_connection_buffer_limit_bytes": 2 << 20,
                "filter_chains": [{"filters": [{
                    "name": "http",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.network.\
                                  http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "webhooks",
                        "http_filters": filters,
                        "route_config": {"virtual_hosts": [{
                            "name": "all",
                            "domains": ["*"],
                            "request_body_buffer_limit": BUFFER_BYTES,
                            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]
                        }]}
                    }
                }]}]
            }],
            "clusters": clusters
        }
    })
}

fn cluster(name: &str, address: SocketAddr) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": socket_address(address)}}]}
        ]}
    })
}

fn socket_address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
