//! `junction-webhook check`: reads a configuration as the filter would, and warns of what is
//! dangerous.
//!
//! ```text
//! junction-webhook check envoy.yaml
//! junction-webhook check --json deploy/envoy-xds/*.yaml
//! ```
//!
//! Whether a configuration is usable is for the core to say. What is here is about the host's
//! settings around it, which the filter cannot see.

mod finding;
mod host;
mod pattern;
mod room;
mod route;
mod secret;
mod spelling;
mod surroundings;

use std::io::{self, Write};

use clap::Args;
use junction_webhook::{
    config::{Config, ConfigError},
    signature::SchemeName,
};
use serde::Serialize;

use self::{
    finding::{Finding, Findings, Level, Words},
    host::Needs,
    surroundings::Surroundings,
};
use crate::{
    Verdict,
    output::{self, BAD, DOUBTFUL, FAINT, GOOD, STRONG, plain},
    plugin::{File, Kind, Site},
};

/// Reads a configuration as the filter would, and warns of what is legal and dangerous.
///
/// FILE is the plugin's own JSON, or a YAML or JSON that has the filter in it: Envoy's bootstrap,
/// resources or config_dump, Istio's EnvoyFilter or WasmPlugin, Envoy Gateway's EnvoyPatchPolicy or
/// EnvoyExtensionPolicy. Files that belong together are looked at together.
///
/// Exits 0 where every filter's configuration is usable, 1 where one is not (with --strict: where
/// there is a warning), and 2 where a file cannot be read or no filter is in any of them.
#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "a terminal shows it as it is")]
#[command(after_help = "Examples:
  junction-webhook check envoy.yaml
  junction-webhook check --strict deploy/istio/envoyfilter.yaml
  junction-webhook check --json deploy/envoy-gateway/envoypatchpolicy.yaml")]
pub(crate) struct Arguments {
    /// The files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// Check the values of variables as they are set here; one that is missing is an error, as it
    /// is to the filter
    #[arg(long)]
    env: bool,

    /// Exit 1 for a warning as well
    #[arg(long)]
    strict: bool,

    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'t> {
    passed: bool,
    filters: Vec<Checked<'t>>,
}

/// One place of the filter.
#[derive(Serialize)]
struct Checked<'t> {
    file: &'t str,
    line: usize,
    name: &'t str,
    /// Whether the filter can work with its configuration.
    usable: bool,
    /// The guarded path; `None` where the configuration is unusable.
    path: Option<String>,
    findings: Vec<Finding>,
}

pub(crate) fn run(arguments: &Arguments) -> Verdict {
    let mut files = Vec::new();
    for path in &arguments.files {
        files.push(File::read(path)?);
    }
    let surroundings = Surroundings::of(&files);
    let sites: Vec<_> = files.iter().flat_map(File::sites).collect();
    if sites.is_empty() {
        return Err(format!(
            "no filter of ours in {}; docs/tool.md says what is recognised",
            arguments.files.join(", ")
        )
        .into());
    }
    let filters: Vec<_> =
        sites.iter().map(|site| check(site, &surroundings, arguments.env)).collect();
    let worst = if arguments.strict { Level::Warning } else { Level::Error };
    let passed =
        filters.iter().flat_map(|filter| &filter.findings).all(|finding| finding.level > worst);
    let report = Report { passed, filters };
    if arguments.json {
        output::print_json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(passed)
}

/// Everything that is to be said about one place.
fn check<'t>(site: &'t Site<'t>, surroundings: &Surroundings<'t>, is_strict: bool) -> Checked<'t> {
    let mut findings = Findings::of(site.file);
    let (plugin, unset) =
        if is_strict { (site.plugin(), Vec::new()) } else { site.plugin_with_stand_ins() };
    let config = plugin.as_ref().ok();
    match &plugin {
        Ok(config) => look_at(config, site, &mut findings),
        Err(unusable) => {
            let error = &unusable.error;
            let consequence = unusable.consequence();
            let words = Words {
                field: error.field(),
                problem: format!("{}; {consequence}", error.problem()),
                remedy: remedy_of(site, error),
                page: CONFIGURATION,
            };
            findings.add(Level::Error, site.configuration.line_of(error), words);
        }
    }
    look_at_document(site, &mut findings);
    spelling::look(surroundings, &mut findings);
    let manager = surroundings.manager_of(site);
    let needs = config.map(|config| Needs {
        holds_heads: config.hold_headers,
        remembers: config.duplicates.is_some(),
    });
    host::look(site, needs, manager, &mut findings);
    secret::note_unset(site, &unset, &mut findings);
    // That one is missing is the filter's own error then.
    if config.is_some() {
        secret::look(site, surroundings, &mut findings);
    }
    if let Some(config) = config {
        room::look(site, config, surroundings, &mut findings);
        route::look(site, config, surroundings, &mut findings);
    }
    Checked {
        file: site.file,
        line: site.line,
        name: &site.name,
        usable: config.is_some(),
        path: config.map(|config| config.route.path().to_owned()),
        findings: findings.finish(),
    }
}

const LOOKED_AT: &str = "docs/tool.md#what-is-looked-at";
const CONFIGURATION: &str = "docs/contract.md#7-configuration";

/// Whether Envoy reads the document at all.
fn look_at_document(site: &Site<'_>, findings: &mut Findings<'_>) {
    if !site.is_read {
        let words = Words {
            field: "---",
            problem: "the filter is not in the file's first document, and Envoy reads no other"
                .to_owned(),
            remedy: "put it into the first, or into a file of its own",
            page: LOOKED_AT,
        };
        findings.add(Level::Warning, site.line, words);
    }
}

/// What the filter itself warns of, and a scheme that cannot stop a replay.
fn look_at(config: &Config, site: &Site<'_>, findings: &mut Findings<'_>) {
    for warning in config.warnings() {
        // Each begins with its field.
        let (field, problem) = warning.split_once(' ').unwrap_or(("configuration", warning));
        let words = Words {
            field,
            problem: problem.to_owned(),
            remedy: match field {
                "mode" => "leave mode out once the verdicts are what you expect",
                _ => "see that it is the endpoint that you gave to Junction",
            },
            page: CONFIGURATION,
        };
        findings.add(Level::Warning, site.configuration.line_of_field(field), words);
    }
    if !config.verifier.is_on(SchemeName::Svix) {
        let words = Words {
            field: "hmac.secrets",
            problem: "plain HMAC alone: a signature of a body without a time stops no replay"
                .to_owned(),
            remedy: "use svix.secrets, or refuse repeats of an event_id",
            page: "docs/contract.md#3-signatures",
        };
        findings.add(Level::Warning, site.configuration.line_of_field("hmac.secrets"), words);
    }
}

/// What to do about an unusable field.
fn remedy_of(site: &Site<'_>, error: &ConfigError) -> &'static str {
    if site.configuration.is_foreign {
        return "give the configuration as a google.protobuf.StringValue or Struct";
    }
    let is_variable = error.problem().contains("environment variable");
    match (error.field(), site.kind) {
        (field, _) if field.strip_suffix(".sds").is_some() => {
            if error.problem().contains("native module") {
                "take it from a variable: secrets by SDS are for the native module"
            } else {
                "give the name by which Envoy knows the secret"
            }
        }
        ("configuration", _) => "give a JSON object with the fields of the page",
        (field, Kind::Wasm) if field.contains("secrets[") && is_variable => {
            "set the variable for Envoy, and list it in \
             vm_config.environment_variables.host_env_keys: the module sees no other"
        }
        (field, Kind::WasmPlugin) if field.contains("secrets[") && is_variable => {
            "set the variable for the proxy, and list it in vmConfig.env with valueFrom: HOST"
        }
        (field, Kind::ExtensionPolicy) if field.contains("secrets[") && is_variable => {
            "set the variable for the proxy, and list it in env.hostKeys"
        }
        (field, _) if field.contains("secrets[") => {
            "give the endpoint's signing secret as Junction shows it, without quotes"
        }
        _ => "see the page for what the field may be",
    }
}

fn print(report: &Report<'_>) -> io::Result<()> {
    let mut out = output::standard();
    for filter in &report.filters {
        let Checked { file, line, name, .. } = filter;
        writeln!(out, "{STRONG}{}:{line}: {}{STRONG:#}", plain(file), plain(name))?;
        if let Some(path) = &filter.path {
            writeln!(out, "  guards {path}")?;
        }
        for finding in &filter.findings {
            let style = match finding.level {
                Level::Error => BAD,
                Level::Warning => DOUBTFUL,
                Level::Note => FAINT,
            };
            let Finding { level, file, line, field, problem, remedy, page } = finding;
            writeln!(
                out,
                "  {style}{}{style:#} {}:{line}: {}: {}",
                level.as_str(),
                plain(file),
                plain(field),
                plain(problem)
            )?;
            writeln!(out, "    {remedy} {FAINT}({page}){FAINT:#}")?;
        }
    }
    let count = |level| {
        let all = report.filters.iter().flat_map(|filter| &filter.findings);
        all.filter(|finding| finding.level == level).count()
    };
    let (style, verdict) = if report.passed { (GOOD, "passed") } else { (BAD, "failed") };
    writeln!(
        out,
        "{style}{verdict}{style:#}: {}, {}, {}",
        counted(report.filters.len(), "filter"),
        counted(count(Level::Error), "error"),
        counted(count(Level::Warning), "warning")
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests;
