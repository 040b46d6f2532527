//! What is around the filter in the files that were given: connection managers, listeners, routes.
//!
//! Finds, and judges nothing. Files that belong together are looked at together, since a filter may
//! be in one and its listener in another.

use crate::{
    check::spelling::{self, Double},
    plugin::{File, Site},
    yaml::Node,
};

/// A connection manager and where it is.
#[derive(Clone, Copy)]
pub(crate) struct Manager<'t> {
    pub(crate) file: &'t str,
    pub(crate) node: &'t Node,
    pub(crate) listener: Option<&'t Node>,
}

/// Routes and where they are.
#[derive(Clone, Copy)]
pub(crate) struct Routes<'t> {
    pub(crate) file: &'t str,
    pub(crate) node: &'t Node,
}

/// A bound that another tool puts into Envoy's configuration.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'t> {
    pub(crate) file: &'t str,
    pub(crate) line: usize,
    /// As that tool calls it.
    pub(crate) field: &'static str,
    pub(crate) bytes: u64,
}

/// All of the files.
pub(crate) struct Surroundings<'t> {
    managers: Vec<Manager<'t>>,
    routes: Vec<Routes<'t>>,
    bounds: Vec<Bound<'t>>,
    doubles: Vec<Double<'t>>,
    /// Where one is among the files.
    bootstrap: Option<Bootstrap<'t>>,
}

/// What Envoy is started with, as far as secrets need it.
#[derive(Default)]
pub(crate) struct Bootstrap<'t> {
    /// The names of its own secrets.
    pub(crate) secrets: Vec<&'t str>,
    /// Whether it says where ADS is.
    pub(crate) has_ads: bool,
}

/// What Envoy calls the most that a filter may hold back of a request.
pub(crate) const BUFFER_LIMIT: &str = "request_body_buffer_limit";

impl<'t> Surroundings<'t> {
    pub(crate) fn of(files: &'t [File]) -> Self {
        let mut all = Self {
            managers: Vec::new(),
            routes: Vec::new(),
            bounds: Vec::new(),
            doubles: Vec::new(),
            bootstrap: None,
        };
        for file in files {
            for document in file.documents() {
                all.collect(&file.name, document, None);
                all.doubles.extend(spelling::doubles(&file.name, document));
            }
        }
        all
    }

    fn collect(&mut self, file: &'t str, node: &'t Node, listener: Option<&'t Node>) {
        let listener = node.field("filter_chains").map_or(listener, |_| Some(node));
        if node.field("http_filters").is_some_and(|filters| !filters.items().is_empty()) {
            self.managers.push(Manager { file, node, listener });
        }
        if node.field("virtual_hosts").is_some() {
            self.routes.push(Routes { file, node });
        }
        // Istio's patches are values to be merged, Envoy Gateway's are JSON patches, and its
        // ClientTrafficPolicy has fields of its own.
        let value = node.get("patch").and_then(|patch| patch.get("value"));
        let merged = value.and_then(|value| value.field(BUFFER_LIMIT));
        let path = node.get("path").and_then(Node::text);
        let added = path.filter(|path| path.ends_with(&format!("/{BUFFER_LIMIT}")));
        let added = added.and_then(|_| node.get("value"));
        let patched = merged.or(added).map(|value| (BUFFER_LIMIT, value, value.as_u64()));
        let limit = node.get("connection").and_then(|connection| connection.get("bufferLimit"));
        let window = node.get("http2").and_then(|http2| http2.get("initialStreamWindowSize"));
        let policy = [("bufferLimit", limit), ("initialStreamWindowSize", window)];
        let policy = policy.into_iter().filter_map(|(field, value)| {
            value.map(|value| (field, value, value.text().and_then(bytes_of)))
        });
        self.bounds.extend(patched.into_iter().chain(policy).filter_map(
            |(field, value, bytes)| Some(Bound { file, line: value.line, field, bytes: bytes? }),
        ));
        if let Some(statics) = node.field("static_resources") {
            let secrets = statics.field("secrets").map(Node::items).unwrap_or_default();
            let names = secrets.iter().filter_map(|secret| secret.field("name")?.text());
            self.bootstrap.get_or_insert_default().secrets.extend(names);
        }
        if let Some(dynamic) = node.field("dynamic_resources") {
            let bootstrap = self.bootstrap.get_or_insert_default();
            bootstrap.has_ads |= dynamic.field("ads_config").is_some();
        }
        for child in node.children() {
            self.collect(file, child, listener);
        }
    }

    pub(crate) fn managers(&self) -> &[Manager<'t>] {
        &self.managers
    }

    pub(crate) const fn bootstrap(&self) -> Option<&Bootstrap<'t>> {
        self.bootstrap.as_ref()
    }

    pub(crate) fn bounds(&self) -> &[Bound<'t>] {
        &self.bounds
    }

    pub(super) fn doubles(&self) -> &[Double<'t>] {
        &self.doubles
    }

    /// The connection manager that runs the filter: the one around it, or the one that looks for an
    /// extension of its name elsewhere.
    pub(crate) fn manager_of(&self, site: &Site<'t>) -> Option<Manager<'t>> {
        let around = site.around.iter().rev();
        let own = around.copied().find_map(|node| {
            self.managers.iter().find(|manager| std::ptr::eq(manager.node, node)).copied()
        });
        own.or_else(|| {
            let name = site.filter_name()?;
            self.managers.iter().copied().find(|manager| {
                manager.filters().iter().any(|filter| {
                    filter.field("config_discovery").is_some()
                        && filter.field("name").and_then(Node::text) == Some(name)
                })
            })
        })
    }

    /// The routes of a connection manager, its own or those of a file that it names.
    pub(crate) fn routes_of(&self, manager: Manager<'t>) -> Option<Routes<'t>> {
        if let Some(node) = manager.node.field("route_config") {
            return Some(Routes { file: manager.file, node });
        }
        let name = manager.node.at("rds.route_config_name").and_then(Node::text)?;
        let named =
            |routes: &&Routes<'_>| routes.node.field("name").and_then(Node::text) == Some(name);
        self.routes.iter().find(named).copied()
    }
}

/// A quantity of Kubernetes: `32Mi`.
fn bytes_of(quantity: &str) -> Option<u64> {
    let units: [(&str, u64); 6] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
    ];
    let unit = units.iter().find_map(|(unit, bytes)| Some((quantity.strip_suffix(unit)?, *bytes)));
    let (number, bytes) = unit.unwrap_or((quantity, 1));
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

impl<'t> Manager<'t> {
    pub(crate) fn filters(&self) -> &'t [Node] {
        self.node.field("http_filters").map(Node::items).unwrap_or_default()
    }

    /// The place of a filter among the others.
    pub(crate) fn position(&self, site: &Site<'_>) -> Option<usize> {
        self.filters().iter().position(|filter| {
            let is_around = site.around.iter().any(|node| std::ptr::eq(*node, filter));
            let is_named = filter.field("config_discovery").is_some()
                && filter.field("name").and_then(Node::text) == site.filter_name();
            is_around || is_named
        })
    }

    /// What a reader knows it by.
    pub(crate) fn title(&self) -> String {
        let name = |node: &'t Node, field| node.field(field).and_then(Node::text);
        match self.listener.and_then(|listener| name(listener, "name")) {
            Some(listener) => format!("listener {listener}"),
            None => match name(self.node, "stat_prefix") {
                Some(prefix) => format!("connection manager {prefix}"),
                None => "a connection manager".to_owned(),
            },
        }
    }
}
