//! Which paths a route of Envoy's takes, as far as a path alone decides.
//!
//! Follows `RouteMatch` of Envoy's API (`envoy.config.route.v3`).

use regex::Regex;

use crate::yaml::Node;

/// A route's match.
pub(super) struct Pattern<'t> {
    kind: Kind<'t>,
    pub(super) is_case_sensitive: bool,
    /// Whether headers, query or a share decide as well, so that a path alone does not.
    pub(super) is_conditional: bool,
}

enum Kind<'t> {
    Prefix(&'t str),
    /// A prefix that ends where a segment does.
    Segments(&'t str),
    Exact(&'t str),
    Regex(Regex),
    /// Of a kind that is not read here.
    Other,
}

impl<'t> Pattern<'t> {
    pub(super) fn of(route: &'t Node) -> Self {
        let Some(matched) = route.field("match") else {
            return Self { kind: Kind::Other, is_case_sensitive: true, is_conditional: false };
        };
        let text = |field| matched.field(field).and_then(Node::text);
        let kind = if let Some(prefix) = text("prefix") {
            Kind::Prefix(prefix)
        } else if let Some(prefix) = text("path_separated_prefix") {
            Kind::Segments(prefix)
        } else if let Some(path) = text("path") {
            Kind::Exact(path)
        } else {
            let regex = matched.at("safe_regex.regex").and_then(Node::text);
            // All of the path must match; what RE2 takes and this library does not is not read.
            let regex = regex.and_then(|regex| Regex::new(&format!("^(?:{regex})$")).ok());
            regex.map_or(Kind::Other, Kind::Regex)
        };
        let conditions = [
            "headers",
            "query_parameters",
            "cookies",
            "runtime_fraction",
            "grpc",
            "tls_context",
            "dynamic_metadata",
            "filter_state",
        ];
        Self {
            kind,
            is_case_sensitive: matched.field("case_sensitive").and_then(Node::as_bool)
                != Some(false),
            is_conditional: conditions.iter().any(|field| matched.field(field).is_some()),
        }
    }

    /// Whether it takes a path; `None` where that cannot be told.
    pub(super) fn takes(&self, path: &str) -> Option<bool> {
        let is_prefix = |prefix: &str| {
            path.get(..prefix.len()).is_some_and(|start| self.is_same(start, prefix))
        };
        match &self.kind {
            Kind::Prefix(prefix) => Some(is_prefix(prefix)),
            Kind::Segments(prefix) => {
                let rest = path.get(prefix.len()..).unwrap_or_default();
                Some(is_prefix(prefix) && (rest.is_empty() || rest.starts_with('/')))
            }
            Kind::Exact(exact) => Some(self.is_same(path, exact)),
            Kind::Regex(regex) => Some(regex.is_match(path)),
            Kind::Other => None,
        }
    }

    /// Whether it is for some paths, and not for everything.
    pub(super) fn is_own(&self) -> bool {
        self.takes("/") == Some(false) && self.takes("/another/path") == Some(false)
    }

    /// What a rewrite of the matched part replaces; `None` where the whole path is matched.
    pub(super) const fn prefix(&self) -> Option<&'t str> {
        match self.kind {
            Kind::Prefix(prefix) | Kind::Segments(prefix) => Some(prefix),
            Kind::Exact(_) | Kind::Regex(_) | Kind::Other => None,
        }
    }

    pub(super) const fn exact(&self) -> Option<&'t str> {
        match self.kind {
            Kind::Exact(path) => Some(path),
            _ => None,
        }
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        if self.is_case_sensitive { one == other } else { one.eq_ignore_ascii_case(other) }
    }
}
