//! Those fields of Envoy Gateway's kinds that the manifests use, after its API reference:
//! <https://gateway.envoyproxy.io/v1.9/api/extension_types/>.
#![expect(dead_code, reason = "only which fields there are")]

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{EnvVar, Volume, VolumeMount},
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct EnvoyPatchPolicy {
    metadata: ObjectMeta,
    spec: PatchSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatchSpec {
    r#type: PatchType,
    json_patches: Vec<Patch>,
    target_ref: TargetRef,
}

#[derive(Deserialize)]
enum PatchType {
    #[serde(rename = "JSONPatch")]
    JsonPatch,
}

#[derive(Deserialize)]
struct Patch {
    r#type: ResourceType,
    name: String,
    operation: Operation,
}

#[derive(Deserialize)]
enum ResourceType {
    #[serde(rename = "type.googleapis.com/envoy.config.listener.v3.Listener")]
    Listener,
    #[serde(rename = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration")]
    RouteConfiguration,
}

#[derive(Deserialize)]
struct Operation {
    op: OperationType,
    path: String,
    value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum OperationType {
    Add,
    Replace,
}

#[derive(Deserialize)]
struct TargetRef {
    group: String,
    kind: String,
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct ClientTrafficPolicy {
    metadata: ObjectMeta,
    spec: ClientTraffic,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientTraffic {
    target_refs: Vec<TargetRef>,
    headers: Headers,
    connection: Option<Connection>,
    http2: Option<Http2>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    buffer_limit: Quantity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http2 {
    initial_stream_window_size: Quantity,
    initial_connection_window_size: Quantity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Headers {
    early_request_headers: HeaderFilter,
}

#[derive(Deserialize)]
struct HeaderFilter {
    remove: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct EnvoyExtensionPolicy {
    metadata: ObjectMeta,
    spec: Extensions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    target_refs: Vec<TargetRef>,
    dynamic_module: Vec<DynamicModule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DynamicModule {
    name: String,
    filter_name: String,
    config: Value,
}

#[derive(Deserialize)]
pub(crate) struct EnvoyProxy {
    metadata: ObjectMeta,
    spec: Proxy,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proxy {
    provider: Provider,
    #[serde(default)]
    dynamic_modules: Vec<AllowedModule>,
    bootstrap: Bootstrap,
    telemetry: Telemetry,
}

#[derive(Deserialize)]
struct AllowedModule {
    name: String,
    source: ModuleSource,
}

#[derive(Deserialize)]
struct ModuleSource {
    r#type: SourceType,
    local: LocalSource,
}

#[derive(Deserialize)]
enum SourceType {
    Local,
}

#[derive(Deserialize)]
struct LocalSource {
    path: String,
}

#[derive(Deserialize)]
struct Provider {
    r#type: ProviderType,
    kubernetes: KubernetesProvider,
}

#[derive(Deserialize)]
enum ProviderType {
    Kubernetes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KubernetesProvider {
    envoy_deployment: ProxyDeployment,
}

#[derive(Deserialize)]
struct ProxyDeployment {
    container: Container,
    pod: Pod,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    env: Vec<EnvVar>,
    volume_mounts: Vec<VolumeMount>,
}

#[derive(Deserialize)]
struct Pod {
    volumes: Vec<Volume>,
}

#[derive(Deserialize)]
struct Bootstrap {
    r#type: BootstrapType,
    value: String,
}

#[derive(Deserialize)]
enum BootstrapType {
    Merge,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Telemetry {
    access_log: AccessLog,
}

#[derive(Deserialize)]
struct AccessLog {
    settings: Vec<Setting>,
}

#[derive(Deserialize)]
struct Setting {
    format: Format,
    sinks: Vec<Sink>,
}

#[derive(Deserialize)]
struct Format {
    r#type: FormatType,
    json: BTreeMap<String, String>,
}

#[derive(Deserialize)]
enum FormatType {
    #[serde(rename = "JSON")]
    Json,
}

#[derive(Deserialize)]
struct Sink {
    r#type: SinkType,
    file: FileSink,
}

#[derive(Deserialize)]
enum SinkType {
    File,
}

#[derive(Deserialize)]
struct FileSink {
    path: String,
}
