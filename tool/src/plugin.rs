//! Finds the filter in a configuration, wherever an operator keeps it, and reads it as its host
//! would.
//!
//! [`File::read`] takes the plugin's own JSON, and any YAML or JSON that has the filter in it:
//! Envoy's bootstrap, resources and dumps, Istio's `EnvoyFilter` and `WasmPlugin`, Envoy Gateway's
//! `EnvoyPatchPolicy` and `EnvoyExtensionPolicy`, and any of these as a text in another manifest.
//! [`File::sites`] are the places of the filter in it; [`Site::plugin`] is what the filter makes of
//! one, by the core's own code. Never prints, and shows no value of a configuration.
//!
//! ```ignore
//! let file = plugin::File::read(path)?;
//! for site in file.sites() {
//!     match site.plugin() {
//!         Ok(config) => …,
//!         Err(unusable) => …,
//!     }
//! }
//! ```

use std::{cell::RefCell, env, ffi::OsString, fmt, fs, io, io::Read, sync::Arc};

use junction_webhook::{
    config::{Config, Delivery, Draft},
    exchange::Plugin,
};

use crate::yaml::{self, Node, YamlError};

pub(crate) use self::site::{Kind, Passing, Site};

mod configuration;
mod site;

/// The longest file that is read, in bytes: dumps of a large Envoy's configuration have tens of
/// millions.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// A value for a variable that is not set here: a secret in the form of either scheme.
const STAND_IN: &str = "c3RhbmQtaW4tZm9yLWEtc2VjcmV0LW9mLXRoZS1maWx0ZXI=";

/// A file that may have the filter in it.
pub(crate) struct File {
    /// As it was given; `-` is standard input.
    pub(crate) name: String,
    text: String,
    /// The documents in it, those that are texts in others included.
    documents: Vec<Document>,
}

/// One of the documents of a text.
struct Document {
    root: Node,
    /// Whether it is the text's first, which is the only one that Envoy reads of a file.
    is_first: bool,
}

/// Why a file is of no use.
#[derive(Debug)]
pub(crate) struct Unreadable {
    name: String,
    problem: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.problem)
    }
}

impl std::error::Error for Unreadable {}

impl File {
    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    /// [`Unreadable`] where it cannot be read, is neither JSON nor YAML, or has nothing in it.
    pub(crate) fn read(path: &str) -> Result<Self, Unreadable> {
        let unreadable = |problem: String| Unreadable { name: path.to_owned(), problem };
        let bytes =
            read_bytes(path).map_err(|error| unreadable(format!("cannot read: {error}")))?;
        Self::from_bytes(path, bytes)
    }

    /// Takes what was read as a file's name and bytes.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub(crate) fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, Unreadable> {
        let unreadable = |problem: String| Unreadable { name: name.to_owned(), problem };
        let text = String::from_utf8(bytes).map_err(|error| {
            unreadable(format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
        })?;
        let own = Self { name: name.to_owned(), text, documents: Vec::new() };
        if own.text.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(unreadable("is empty".to_owned()));
        }
        match read_documents(&own.text) {
            Ok(documents) => Ok(Self { documents, ..own }),
            // The filter says what is wrong with its own JSON.
            Err(_) if own.is_object() => Ok(own),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// Every place of the filter in it, in the file's order.
    pub(crate) fn sites(&self) -> Vec<Site<'_>> {
        let mut sites: Vec<_> =
            self.documents.iter().flat_map(|document| document.sites(&self.name)).collect();
        if sites.is_empty() && self.is_object() && !self.documents().any(is_something_else) {
            sites.push(Site::bare(&self.name, &self.text, self.documents().next()));
        }
        sites.sort_by_key(|site| site.line);
        sites
    }

    /// The documents in it, for what is said about the filter elsewhere.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Node> {
        self.documents.iter().map(|document| &document.root)
    }

    /// Whether it may be the plugin's own configuration, which is a JSON object.
    fn is_object(&self) -> bool {
        self.text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
    }
}

impl Document {
    /// All of a text's.
    fn all(text: &str, first_line: usize) -> Result<Vec<Self>, YamlError> {
        let roots = yaml::read(text, first_line)?.into_iter().enumerate();
        Ok(roots.map(|(place, root)| Self { root, is_first: place == 0 }).collect())
    }

    /// Every place of the filter in it.
    fn sites<'t>(&'t self, file: &'t str) -> Vec<Site<'t>> {
        let mut sites = site::find(file, &self.root);
        // Manifests of Kubernetes are read one and all.
        let is_read = self.is_first || self.root.get("apiVersion").is_some();
        for site in &mut sites {
            site.is_read = is_read;
        }
        sites
    }
}

/// The defaults, with a secret that nobody knows.
pub(crate) fn defaults() -> Plugin {
    Config::parse(b"{}", |_| Some(STAND_IN))
}

impl Site<'_> {
    /// What the filter makes of its configuration, with the variables of this process.
    pub(crate) fn plugin(&self) -> Plugin {
        self.plugin_with(|name| self.variable(name))
    }

    /// What the filter makes of its configuration, with these variables.
    pub(crate) fn plugin_with(&self, variable: impl Fn(&str) -> Option<Vec<u8>>) -> Plugin {
        let text = &self.configuration.text;
        match self.kind {
            // Envoy alone knows the secrets that it delivers.
            Kind::DynamicModule => Draft::parse(text, variable)
                .and_then(Draft::holding_heads)
                .and_then(|draft| draft.with_stand_in(STAND_IN)),
            // It may be for either host.
            Kind::Json => {
                Draft::parse(text, variable).and_then(|draft| draft.with_stand_in(STAND_IN))
            }
            Kind::Wasm | Kind::WasmPlugin | Kind::ExtensionPolicy => Config::parse(text, variable),
        }
    }

    /// What the filter makes of its configuration, with these variables, and these values of the
    /// secrets that Envoy delivers, by their names.
    pub(crate) fn plugin_with_secrets<'v>(
        &self,
        variable: impl Fn(&str) -> Option<Vec<u8>>,
        delivered: impl Fn(&str) -> Option<&'v [u8]>,
    ) -> Arc<Plugin> {
        if self.kind != Kind::DynamicModule {
            return Arc::new(self.plugin_with(variable));
        }
        let draft = Draft::parse(&self.configuration.text, variable);
        let draft = match draft.and_then(Draft::holding_heads) {
            Ok(draft) => draft,
            Err(unusable) => return Arc::new(Err(unusable)),
        };
        let names: Vec<_> = draft.subscriptions().iter().map(|own| own.name.clone()).collect();
        let mut delivery = Delivery::new(draft);
        delivery.update(|place| delivered(names.get(place)?));
        Arc::clone(delivery.plugin())
    }

    /// What the filter would make of its configuration with every secret that is not set here, and
    /// the names of those variables.
    pub(crate) fn plugin_with_stand_ins(&self) -> (Plugin, Vec<String>) {
        let unset = RefCell::new(Vec::new());
        let plugin = self.plugin_with(|name| {
            let value = self.variable(name).filter(|value| !value.is_empty());
            if value.is_some() || self.passing(name) != Passing::Own {
                return value;
            }
            unset.borrow_mut().push(name.to_owned());
            Some(STAND_IN.into())
        });
        (plugin, unset.into_inner())
    }

    /// What the filter sees as the value of a variable, where that is this process's.
    pub(crate) fn variable(&self, name: &str) -> Option<Vec<u8>> {
        match self.passing(name) {
            Passing::Own => env::var_os(name).map(OsString::into_encoded_bytes),
            Passing::Value(text) => Some(text.into()),
            Passing::None => None,
        }
    }
}

/// Whether a filter in a list of Envoy's is ours.
pub(crate) fn is_filter(filter: &Node) -> bool {
    !site::find("", filter).is_empty()
}

/// Reads a file, or standard input for `-`, but none that is endless.
pub(crate) fn read_bytes(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == "-" {
        io::stdin().take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    } else {
        fs::File::open(path)?.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE_BYTES) {
        Ok(bytes)
    } else {
        Err(io::Error::other(format!("longer than {MAX_FILE_BYTES} bytes")))
    }
}

/// The documents of a text, and of the texts in it that are Envoy's configuration in their turn.
fn read_documents(text: &str) -> Result<Vec<Document>, YamlError> {
    let mut documents = Document::all(text, 1)?;
    let mut inner = Vec::new();
    for document in &documents {
        read_inner(&document.root, &mut inner)?;
    }
    documents.append(&mut inner);
    Ok(documents)
}

/// So is a bootstrap in a `ConfigMap`, or in an `EnvoyProxy`. One level: nobody has more.
fn read_inner(node: &Node, inner: &mut Vec<Document>) -> Result<(), YamlError> {
    for value in node.children() {
        read_inner(value, inner)?;
    }
    let Some(scalar) = node.scalar() else { return Ok(()) };
    if scalar.text.lines().count() > 1 && site::may_hold_filter(&scalar.text) {
        inner.extend(Document::all(&scalar.text, scalar.first_line.unwrap_or(node.line))?);
    }
    Ok(())
}

/// Whether a document is of another kind than the plugin's configuration.
fn is_something_else(document: &Node) -> bool {
    [
        "admin",
        "apiVersion",
        "bootstrap",
        "configs",
        "dynamic_resources",
        "dynamicResources",
        "filter_chains",
        "filterChains",
        "http_filters",
        "httpFilters",
        "items",
        "kind",
        "node",
        "resources",
        "static_resources",
        "staticResources",
        "typed_config",
        "typedConfig",
        "version_info",
        "versionInfo",
        "@type",
    ]
    .iter()
    .any(|key| document.get(key).is_some())
}

#[cfg(test)]
mod tests;
