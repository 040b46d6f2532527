//! `junction-webhook explain`: what the filter makes of a captured request, and why.
//!
//! ```text
//! junction-webhook explain --config envoy.yaml request.http
//! junction-webhook explain --config envoy.yaml --at 2026-11-28T12:00:00Z tap.json --json
//! ```
//!
//! The verdict is the core's. What is shown beside it, and the search for what makes a signature
//! match, is this command's own. No secret and no computed signature is ever shown; what a body
//! says only with `--show-body`.

mod advice;
mod capture;
mod cause;
mod clock;
mod facts;
mod judgement;
mod report;
mod secrets;
mod text;

use std::{collections::BTreeMap, env, error::Error, ffi::OsString, sync::Arc, time::Duration};

use clap::Args;
use junction_webhook::{
    config::{Config, Mode},
    exchange::Plugin,
    reject::Reason,
};

use self::{
    capture::{Capture, Format},
    cause::{Schemes, Search},
    clock::{Clock, parse_at},
    judgement::Judgement,
    secrets::Secret,
};
use crate::{
    output,
    plugin::{self, Site},
};

/// The configuration where none is given, which stands for all defaults.
const DEFAULT_CONFIGURATION: &[u8] = b"{}";

/// Explains what the filter makes of a captured request.
///
/// Prints each check in the filter's order, passed, failed or not reached, with what it compared,
/// then the verdict and the answer. Where no signature matches it looks for the common causes and
/// names the one that makes it match. Prints no secret and no computed signature ever, and what the
/// body says only with --show-body.
///
/// Exits 0 where the request is forwarded or acknowledged, 1 where it is refused or not guarded,
/// and 2 where that cannot be told, as where a capture has not all of the body.
#[derive(Args)]
#[command(after_help = "Examples:
  junction-webhook explain --config envoy.yaml --at 2024-11-15T21:12:06Z examples/captures/accepted.http
  junction-webhook explain --json --at 1731705126 examples/captures/accepted.http
  cat examples/captures/accepted.http | junction-webhook explain --show-body --at 1731705126 -")]
pub(crate) struct Arguments {
    /// The captured request; - is standard input. Instead of it: --header, with --body or
    /// --body-file
    #[arg(value_name = "CAPTURE", required_unless_present = "header")]
    capture: Option<String>,

    /// How it is kept; else that is told from its beginning
    #[arg(long, value_enum, requires = "capture")]
    format: Option<Format>,

    /// Which of several requests in it, counted from 0; else the last
    #[arg(long, value_name = "N", requires = "capture")]
    index: Option<usize>,

    /// A header of the request, as NAME: VALUE; again for each
    #[arg(long, value_name = "NAME: VALUE", value_parser = parse_header)]
    #[arg(conflicts_with = "capture")]
    header: Vec<(String, String)>,

    /// The body
    #[arg(long, value_name = "TEXT", requires = "header")]
    body: Option<String>,

    /// A file with the body, taken byte for byte; - is standard input
    #[arg(long, value_name = "FILE", requires = "header", conflicts_with = "body")]
    body_file: Option<String>,

    /// The method
    #[arg(long, default_value = "POST", requires = "header")]
    method: String,

    /// The path; else the one that is guarded
    #[arg(long, requires = "header")]
    path: Option<String>,

    /// The plugin's configuration as JSON, or a configuration of Envoy, Istio or Envoy Gateway with
    /// the plugin in it; else all defaults
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// Which of several plugins in it, counted from 0; else the one that guards the request's path
    #[arg(long, value_name = "N", requires = "config")]
    plugin: Option<usize>,

    /// Another variable of this command's environment with a secret, to see whether the request was
    /// signed with that one; again for each
    #[arg(long, value_name = "NAME")]
    also_env: Vec<String>,

    /// A secret that Envoy delivers by SDS to the native module, and the variable of this
    /// command's environment with its value; again for each
    #[arg(long, value_name = "SECRET=VARIABLE", requires = "config", value_parser = parse_sds)]
    sds: Vec<(String, String)>,

    /// When the request came, as RFC 3339 or in seconds since 1970; else what the capture says
    #[arg(long, value_name = "TIME", value_parser = parse_at)]
    at: Option<Duration>,

    /// How far to look for the cause of a signature that does not match, in bytes to hash or to
    /// write; what that leaves out is said
    #[arg(long, value_name = "BYTES", default_value_t = cause::MOST_UNITS)]
    effort: usize,

    /// Show what the body says: the event, and the names and values in it
    #[arg(long)]
    show_body: bool,

    /// Print one JSON document, for scripts
    #[arg(long)]
    json: bool,
}

/// All that is known of one request.
struct Explanation<'e> {
    capture: &'e Capture,
    clock: &'e Clock,
    plugin: &'e Plugin,
    /// What the plugin's configuration is called.
    plugin_name: &'e str,
    /// The line of its file where what is wrong with it is.
    line: Option<usize>,
    judgement: &'e Judgement,
    /// What enforce mode would make of it, where the mode is another.
    enforced: Option<&'e Judgement>,
    /// Only where it could say anything.
    search: Option<&'e Search>,
    /// What the secrets that were tried are called, each once.
    secrets: &'e [String],
    shows_body: bool,
}

/// Explains the request that the arguments name, and answers whether it is accepted.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let file = match &arguments.config {
        Some(path) => plugin::File::read(path)?,
        None => plugin::File::from_bytes("the defaults", DEFAULT_CONFIGURATION.to_vec())?,
    };
    let sites = file.sites();
    let mut capture = match &arguments.capture {
        Some(path) => capture::read(&read_file(path)?, arguments.format, arguments.index)?,
        None => given(arguments, &sites)?,
    };
    let (place, site) = choose(&sites, arguments.plugin, &capture, &file.name)?;
    let delivered = arguments.sds.iter().map(|(name, value)| Ok((name.clone(), variable(value)?)));
    let delivered = delivered.collect::<Result<BTreeMap<_, _>, String>>()?;
    for name in
        secrets::delivered_names(site).into_iter().filter(|name| !delivered.contains_key(name))
    {
        let name = output::plain(&name);
        capture.notes.push(format!(
            "Envoy delivers the secret {name} by SDS: --sds {name}=VARIABLE says what it is"
        ));
    }
    let (plugin, mut secrets) = secrets::read(site, &delivered);
    for (_, other) in sites.iter().enumerate().filter(|(other, _)| *other != place) {
        add_others(&mut secrets, secrets::read(other, &delivered).1, &other.name);
    }
    let named = arguments.also_env.iter().map(|name| Ok((name, variable(name)?)));
    let named = named.collect::<Result<Vec<_>, String>>()?;
    let named = named.into_iter().map(|(name, text)| Secret::other(name.clone(), text)).collect();
    add_others(&mut secrets, named, "");

    let clock = Clock::of(&capture, arguments.at);
    let judgement = Judgement::of(&plugin, &capture, clock.now);
    if judgement.reason() == Some(Reason::Path) {
        capture.notes.push(
            "Envoy resolves the .. before the filter where normalize_path is true, as in \
             envoy.yaml: then the filter judges the path that comes of it"
                .to_owned(),
        );
    }
    let enforced = in_enforce_mode(&plugin)
        .map(|plugin| Judgement::of(&Arc::new(plugin), &capture, clock.now));
    let schemes = Schemes::of(&plugin, &secrets);
    let search = advice::wants_search(&judgement, &capture)
        .then(|| cause::search(&capture, &schemes, &secrets, arguments.effort));
    let mut secret_names: Vec<_> =
        secrets.iter().map(|secret| text::shown(secret.name.as_bytes())).collect();
    secret_names.dedup();
    let explanation = Explanation {
        capture: &capture,
        clock: &clock,
        plugin: &plugin,
        plugin_name: &format!("{}, {}", file.name, site.name),
        line: plugin
            .as_ref()
            .as_ref()
            .err()
            .map(|unusable| site.configuration.line_of(&unusable.error)),
        judgement: &judgement,
        enforced: enforced.as_ref(),
        search: search.as_ref(),
        secrets: &secret_names,
        shows_body: arguments.show_body,
    };
    report::print(&explanation, arguments.json)?;
    match &judgement {
        Judgement::Undecided => {
            Err(capture.missing.unwrap_or_else(|| "no verdict".to_owned()).into())
        }
        Judgement::Unguarded => Ok(false),
        Judgement::Decided { report, .. } => Ok(report.verdict.reason().is_none()),
    }
}

fn parse_sds(text: &str) -> Result<(String, String), String> {
    let (name, variable) = text.split_once('=').ok_or("a secret is SECRET=VARIABLE")?;
    Ok((name.to_owned(), variable.to_owned()))
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is NAME: VALUE")?;
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn read_file(path: &str) -> Result<Vec<u8>, String> {
    plugin::read_bytes(path).map_err(|error| format!("cannot read {path}: {error}"))
}

/// The request that the options spell.
fn given(arguments: &Arguments, sites: &[Site<'_>]) -> Result<Capture, String> {
    let guarded = || {
        let plugins = sites.iter().map(Site::plugin);
        let mut paths = plugins.filter_map(|plugin| Some(plugin.ok()?.route.path().to_owned()));
        paths.next()
    };
    let path = arguments.path.clone().or_else(guarded);
    let path = path.unwrap_or_else(|| junction_webhook::route::Route::DEFAULT.to_owned());
    let mut capture = Capture::new("--header and --body", &arguments.method, &path);
    for (name, value) in &arguments.header {
        capture.push(name, value.as_bytes());
    }
    capture::edge::note_head(&mut capture);
    capture.body = match (&arguments.body, &arguments.body_file) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(path)) => read_file(path)?,
        (None, None) => Vec::new(),
    };
    Ok(capture)
}

/// The plugin that is asked for, or that guards the request, or the first.
fn choose<'s, 't>(
    sites: &'s [Site<'t>],
    index: Option<usize>,
    capture: &Capture,
    file: &str,
) -> Result<(usize, &'s Site<'t>), String> {
    let count = sites.len();
    let target = capture.value(":path").unwrap_or_default();
    let guards = |site: &Site<'_>| match site.plugin() {
        Ok(config) => config.route.classify(target) != junction_webhook::route::Target::Unguarded,
        Err(unusable) => unusable.guarded.covers(target),
    };
    let index = index.or_else(|| sites.iter().position(guards)).unwrap_or_default();
    let found = sites.get(index).map(|site| (index, site));
    found.ok_or_else(|| match count {
        0 => format!("{file}: no Junction webhook filter in it"),
        _ => format!("{file}: --plugin goes up to {}", count.saturating_sub(1)),
    })
}

/// The plugin in enforce mode, where it is in shadow mode.
fn in_enforce_mode(plugin: &Plugin) -> Option<Plugin> {
    let config = plugin.as_ref().ok().filter(|config| config.mode == Mode::Shadow)?;
    Some(Ok(Config { mode: Mode::Enforce, ..config.clone() }))
}

fn variable(name: &str) -> Result<Vec<u8>, String> {
    let text = env::var_os(name).map(OsString::into_encoded_bytes).unwrap_or_default();
    if text.is_empty() {
        return Err(format!("{name}: there is no such variable, or it is empty"));
    }
    Ok(text)
}

/// Adds the secrets of other endpoints, but none that is this one's own.
fn add_others(secrets: &mut Vec<Secret>, others: Vec<Secret>, place: &str) {
    for other in others {
        if secrets.iter().any(|known| known.text == other.text) {
            continue;
        }
        let name = if place.is_empty() { other.name } else { format!("{} of {place}", other.name) };
        secrets.push(Secret::other(name, other.text));
    }
}
