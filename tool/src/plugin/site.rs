//! One place of the filter: which host it is for, what that is set to, and the variables it passes.

use crate::{plugin::configuration::Configuration, yaml::Node};

/// The extension that loads a proxy-wasm module.
const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
/// The extension that loads a dynamic module.
const DYNAMIC_MODULE: &str = "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter";
/// What names of the filter have in common: the module's, the plugin's and the variables'.
const OWN_NAMES: [&str; 3] = ["junction_webhook", "junction-webhook", "JUNCTION_WEBHOOK"];

/// Who hands the configuration to the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nobody yet: the configuration stands alone, as JSON.
    Json,
    /// Envoy's `envoy.filters.http.wasm`.
    Wasm,
    /// Envoy's dynamic modules, by whatever manifest.
    DynamicModule,
    /// Istio's `WasmPlugin`.
    WasmPlugin,
    /// A Wasm module in Envoy Gateway's `EnvoyExtensionPolicy`.
    ExtensionPolicy,
}

/// A place of the filter in a file.
pub(crate) struct Site<'t> {
    /// The name of the file.
    pub(crate) file: &'t str,
    /// Where it begins, counted from 1.
    pub(crate) line: usize,
    /// What it is part of and called, outermost first: `listener webhooks, filter
    /// junction_webhook`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) configuration: Configuration<'t>,
    /// The plugin's settings for its host: `PluginConfig` of a Wasm filter, the
    /// `DynamicModuleFilter`, the `spec`, or an item of its `wasm`; `None` where there is no host.
    pub(crate) settings: Option<&'t Node>,
    /// Where they begin.
    pub(crate) settings_line: usize,
    /// What the settings are in, outermost first.
    pub(crate) around: Vec<&'t Node>,
    /// Whether the document that has it is read: of Envoy's own files only the first is.
    pub(crate) is_read: bool,
}

/// How a variable gets to the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing<'t> {
    /// As it is in the host's own environment.
    Own,
    /// With a value that is written down.
    Value(&'t str),
    /// Not at all.
    None,
}

/// Whether a text could have the filter in it.
pub(super) fn may_hold_filter(text: &str) -> bool {
    [WASM, DYNAMIC_MODULE].iter().any(|extension| text.contains(extension))
}

/// Every place of the filter in a document.
pub(super) fn find<'t>(file: &'t str, document: &'t Node) -> Vec<Site<'t>> {
    let mut sites = Vec::new();
    let kind = document.get("kind").and_then(Node::text).unwrap_or_default();
    match (kind, document.get("spec")) {
        ("WasmPlugin", Some(spec)) => sites.extend(Site::wasm_plugin(file, document, spec)),
        ("EnvoyExtensionPolicy", Some(spec)) => {
            for (list, kind) in
                [("wasm", Kind::ExtensionPolicy), ("dynamicModule", Kind::DynamicModule)]
            {
                let items = spec.get(list).map(Node::items).unwrap_or_default();
                let found =
                    items.iter().filter_map(|item| Site::extension(file, document, item, kind));
                sites.extend(found);
            }
        }
        // What `kubectl get` prints.
        ("List", None) => {
            let items = document.get("items").map(Node::items).unwrap_or_default();
            sites.extend(items.iter().flat_map(|item| find(file, item)));
        }
        _ => walk(file, document, &mut Vec::new(), &mut sites),
    }
    sites
}

fn walk<'t>(file: &'t str, node: &'t Node, around: &mut Vec<&'t Node>, sites: &mut Vec<Site<'t>>) {
    if let Some(site) = Site::envoy(file, node, around) {
        sites.push(site);
        return;
    }
    around.push(node);
    for value in node.children() {
        walk(file, value, around, sites);
    }
    around.pop();
}

impl<'t> Site<'t> {
    /// A file that is the configuration itself.
    pub(super) fn bare(file: &'t str, text: &'t str, values: Option<&'t Node>) -> Self {
        Self {
            file,
            line: 1,
            name: "the plugin's configuration".to_owned(),
            kind: Kind::Json,
            configuration: Configuration::of_file(text, values),
            settings: None,
            settings_line: 1,
            around: Vec::new(),
            is_read: true,
        }
    }

    /// A filter of Envoy's, where `node` is its `typed_config`.
    fn envoy(file: &'t str, node: &'t Node, around: &[&'t Node]) -> Option<Self> {
        let (kind, settings_line, settings, configuration) = match unwrapped(node)? {
            (WASM, filter) => {
                let (key, settings) = filter.field_entry("config")?;
                (Kind::Wasm, key.line, settings, settings.field("configuration"))
            }
            (DYNAMIC_MODULE, filter) => {
                (Kind::DynamicModule, filter.line, filter, filter.field("filter_config"))
            }
            _ => return None,
        };
        let holder = around.last().copied();
        let name = holder.and_then(|holder| holder.field("name")).and_then(Node::text);
        let configuration = Configuration::of_any(configuration, settings_line);
        let mut names = name.into_iter().chain(names_in(settings));
        if !names.any(is_own_name) && !configuration.is_own() {
            return None;
        }
        let name = name.or_else(|| settings.field("name").and_then(Node::text));
        let mut path: Vec<_> = around.iter().filter_map(|node| title(node)).collect();
        path.push(format!("filter {}", name.unwrap_or("without a name")));
        Some(Self {
            file,
            line: holder
                .and_then(|holder| holder.entry("name"))
                .map_or(node.line, |(key, _)| key.line),
            name: path.join(", "),
            kind,
            configuration,
            settings: Some(settings),
            settings_line,
            around: around.iter().copied().chain([node]).collect(),
            is_read: true,
        })
    }

    fn wasm_plugin(file: &'t str, document: &'t Node, spec: &'t Node) -> Option<Self> {
        let names = ["url", "pluginName"].map(|key| spec.get(key).and_then(Node::text));
        let configuration = Configuration::of_values(spec.get("pluginConfig"), spec.line);
        let is_own = names.into_iter().flatten().any(is_own_name) || configuration.is_own();
        is_own.then(|| Self {
            file,
            line: document.line,
            name: title(document).unwrap_or_default(),
            kind: Kind::WasmPlugin,
            configuration,
            settings: Some(spec),
            settings_line: spec.line,
            around: vec![document],
            is_read: true,
        })
    }

    fn extension(file: &'t str, document: &'t Node, item: &'t Node, kind: Kind) -> Option<Self> {
        let names = ["name", "rootID", "filterName", "code.image.url", "code.http.url"];
        let names = names.map(|path| item.at(path).and_then(Node::text));
        let configuration = Configuration::of_values(item.get("config"), item.line);
        let is_own = names.into_iter().flatten().any(is_own_name) || configuration.is_own();
        is_own.then(|| Self {
            file,
            line: item.line,
            name: title(document).unwrap_or_default(),
            kind,
            configuration,
            settings: Some(item),
            settings_line: item.line,
            around: vec![document],
            is_read: true,
        })
    }

    /// What Envoy calls the filter: by this name routes switch it off, and listeners look for it.
    pub(crate) fn filter_name(&self) -> Option<&'t str> {
        let holder = self.around.iter().rev().find(|node| node.field("typed_config").is_some())?;
        holder.field("name").and_then(Node::text)
    }

    /// How a variable gets to the filter here.
    pub(crate) fn passing(&self, name: &str) -> Passing<'t> {
        let Some(settings) = self.settings else { return Passing::Own };
        let lists = |path: &str| {
            let names = settings.at(path).map(Node::items).unwrap_or_default();
            names.iter().any(|own| own.text() == Some(name))
        };
        match self.kind {
            Kind::Json | Kind::DynamicModule => Passing::Own,
            Kind::Wasm => {
                let values = settings.at("vm_config.environment_variables.key_values");
                match values.and_then(|values| values.get(name)).and_then(Node::text) {
                    Some(text) => Passing::Value(text),
                    None if lists("vm_config.environment_variables.host_env_keys") => Passing::Own,
                    None => Passing::None,
                }
            }
            Kind::ExtensionPolicy if lists("env.hostKeys") => Passing::Own,
            Kind::ExtensionPolicy => Passing::None,
            Kind::WasmPlugin => {
                let listed = settings.at("vmConfig.env").map(Node::items).unwrap_or_default();
                let named = |item: &&Node| item.get("name").and_then(Node::text) == Some(name);
                let Some(item) = listed.iter().find(named) else { return Passing::None };
                if item.get("valueFrom").and_then(Node::text) == Some("HOST") {
                    return Passing::Own;
                }
                item.get("value").and_then(Node::text).map_or(Passing::None, Passing::Value)
            }
        }
    }
}

/// A message with its type, out of the `TypedStruct` that it may be wrapped in.
fn unwrapped(node: &Node) -> Option<(&str, &Node)> {
    let kind = message_name(node.get("@type")?.text()?);
    if kind.ends_with(".TypedStruct") {
        let inner = node.field("type_url")?.text()?;
        return Some((message_name(inner), node.field("value")?));
    }
    Some((kind, node))
}

/// `type.googleapis.com/x.Y` without what is before the name.
pub(super) fn message_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn is_own_name(name: &str) -> bool {
    OWN_NAMES.iter().any(|own| name.contains(own))
}

/// Every name that the settings of a filter give: its own, the module's and the variables'.
fn names_in(settings: &Node) -> Vec<&str> {
    let paths = [
        "name",
        "root_id",
        "filter_name",
        "vm_config.vm_id",
        "vm_config.code.local.filename",
        "vm_config.code.remote.http_uri.uri",
        "dynamic_module_config.name",
        "dynamic_module_config.module.local.filename",
    ];
    let variables = settings.at("vm_config.environment_variables.host_env_keys");
    let variables = variables.map(Node::items).unwrap_or_default().iter().filter_map(Node::text);
    paths.iter().filter_map(|path| settings.at(path)?.text()).chain(variables).collect()
}

/// What a message or manifest calls itself, where that tells a reader something.
fn title(node: &Node) -> Option<String> {
    if let (Some(kind), Some(metadata)) = (node.get("kind"), node.get("metadata")) {
        let name = metadata.get("name").and_then(Node::text).unwrap_or("without a name");
        let namespace = metadata.get("namespace").and_then(Node::text);
        let namespace = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
        return Some(format!("{} {namespace}{name}", kind.text()?));
    }
    let is_listener = node.field("filter_chains").is_some() || node.field("address").is_some();
    let name = node.field("name").and_then(Node::text).filter(|_| is_listener)?;
    Some(format!("listener {name}"))
}
