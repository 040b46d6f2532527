//! Where secrets come from: in the file, or out of a variable that the filter must see.

use serde_json::Value as Json;

use crate::{
    check::{
        finding::{Findings, Level, Words},
        surroundings::{Bootstrap, Surroundings},
    },
    plugin::{Kind, Passing, Site},
};

const DELIVERED: &str = "docs/native.md#secrets-by-sds";
const CONFIGURATION: &str = "docs/contract.md#7-configuration";
const ATTACH: &str = "docs/envoy.md#attach-the-filter-to-a-listener-of-your-own";

/// A variable that the filter asked for and that is not set here.
pub(super) fn note_unset(site: &Site<'_>, names: &[String], findings: &mut Findings<'_>) {
    if names.is_empty() {
        return;
    }
    let words = Words {
        field: "secrets",
        problem: format!(
            "{}: not set here, so the value was not looked at",
            names.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ")
        ),
        remedy: "set it and add --env to have it checked",
        page: CONFIGURATION,
    };
    findings.add(Level::Note, site.line, words);
}

/// Looks at each secret of both schemes, as far as the configuration is JSON.
pub(super) fn look(site: &Site<'_>, surroundings: &Surroundings<'_>, findings: &mut Findings<'_>) {
    let Ok(config) = serde_json::from_slice::<Json>(&site.configuration.text) else { return };
    for scheme in ["svix", "hmac"] {
        let secrets = config.get(scheme).and_then(|scheme| scheme.get("secrets"));
        let Some(secrets) = secrets.and_then(Json::as_array) else {
            // The defaults.
            if scheme == "svix" {
                for name in ["JUNCTION_WEBHOOK_SECRET", "JUNCTION_WEBHOOK_SECRET_PREVIOUS"] {
                    // Nobody asked for the second one.
                    look_at_variable(site, scheme, name, Level::Note, findings);
                }
            }
            continue;
        };
        for (index, secret) in secrets.iter().enumerate() {
            let field = format!("{scheme}.secrets[{index}]");
            if secret.get("inline").is_some_and(Json::is_string) {
                let words = Words {
                    field: &field,
                    problem: "is inline: whoever reads this file, or Envoy's config_dump, can sign"
                        .to_owned(),
                    remedy: "take it from a variable, or let nobody but Envoy's user read the \
                             file and reach the admin port",
                    page: "docs/envoy.md#from-files-that-envoy-watches",
                };
                findings.add(Level::Warning, site.configuration.line_of_field(&field), words);
            }
            if let Some(name) = secret.get("env").and_then(Json::as_str) {
                look_at_variable(site, &field, name, Level::Warning, findings);
            }
            if let Some(name) = secret.get("sds").and_then(Json::as_str) {
                let source = match secret.get("config_source") {
                    None => Source::Static(name),
                    Some(source) if source.get("ads").is_some_and(|ads| !ads.is_null()) => {
                        Source::Ads
                    }
                    Some(_) => Source::Other,
                };
                look_at_delivered(site, &field, source, surroundings.bootstrap(), findings);
            }
        }
    }
}

/// Where Envoy gets a secret by SDS from.
#[derive(Clone, Copy)]
enum Source<'s> {
    /// The bootstrap has one of this name.
    Static(&'s str),
    /// The stream that the bootstrap says where it is.
    Ads,
    Other,
}

/// A secret by SDS, as far as the bootstrap tells whether it can come.
fn look_at_delivered(
    site: &Site<'_>,
    field: &str,
    source: Source<'_>,
    bootstrap: Option<&Bootstrap<'_>>,
    findings: &mut Findings<'_>,
) {
    let sds = format!("{field}.sds");
    let ads = format!("{field}.config_source.ads");
    let (level, field, problem, remedy) = match (site.kind, source, bootstrap) {
        (Kind::Json, ..) => (
            Level::Warning,
            sds,
            "needs the native module: the Wasm module answers 500",
            "use env with the Wasm module",
        ),
        (Kind::DynamicModule, Source::Static(name), Some(bootstrap))
            if !bootstrap.secrets.contains(&name) =>
        {
            (
                Level::Error,
                sds,
                "static_resources.secrets has no secret of this name: every webhook is answered 500",
                "add it there, or say by config_source where Envoy gets it",
            )
        }
        (Kind::DynamicModule, Source::Ads, Some(Bootstrap { has_ads: false, .. })) => (
            Level::Error,
            ads,
            "the bootstrap has no dynamic_resources.ads_config: Envoy aborts as it starts, or \
             refuses the listener where that comes by xDS",
            "say there where ADS is, or take path_config_source or api_config_source",
        ),
        _ => (
            Level::Note,
            sds,
            "comes from Envoy, so the value was not looked at",
            "see that junction_webhook_config_ok is 1",
        ),
    };
    let line = site.configuration.line_of_field(&field);
    let words = Words { field: &field, problem: problem.to_owned(), remedy, page: DELIVERED };
    findings.add(level, line, words);
}

fn look_at_variable(
    site: &Site<'_>,
    field: &str,
    name: &str,
    unused: Level,
    findings: &mut Findings<'_>,
) {
    let line = site.configuration.line_of_field(field);
    let list = match site.kind {
        Kind::Wasm => "vm_config.environment_variables.host_env_keys",
        Kind::WasmPlugin => "vmConfig.env",
        Kind::ExtensionPolicy => "env.hostKeys",
        Kind::Json | Kind::DynamicModule => return,
    };
    let passing = site.passing(name);
    let name = shown(name);
    let (level, problem, remedy) = match passing {
        Passing::Own => return,
        Passing::Value(_) => (
            Level::Warning,
            format!("{name} is given its value in {list}: whoever reads this file can sign"),
            "take it from the host's own environment".to_owned(),
        ),
        Passing::None => (
            unused,
            format!("{name} is not passed to the module, so this secret is never used"),
            format!("list it in {list}"),
        ),
    };
    findings.add(level, line, Words { field, problem, remedy: &remedy, page: ATTACH });
}

/// A variable's name. Anything else is not shown: somebody may have put the secret in its place.
pub(super) fn shown(name: &str) -> &str {
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.bytes().all(is_name) { name } else { "a variable" }
}
