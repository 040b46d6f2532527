//! Which requests get to the endpoint's service, and whether the filter sees them.
//!
//! What cannot be told from the files is not guessed: a `safe_regex` that is not read, a rewrite by
//! regular expression, routes that come from a control plane. `docs/tool.md` lists it.

use junction_webhook::{
    config::Config,
    route::{Route, Target},
};

use crate::{
    check::{
        finding::{Findings, Level, Words},
        pattern::Pattern,
        surroundings::{Manager, Routes, Surroundings},
    },
    plugin::{Kind, Site},
    yaml::Node,
};

const PAGE: &str = "docs/tool.md#routes";
const SETTINGS: &str = "docs/envoy.md#settings-of-envoy-that-matter-to-webhooks";

pub(super) fn look<'t>(
    site: &Site<'t>,
    config: &Config,
    surroundings: &Surroundings<'t>,
    findings: &mut Findings<'_>,
) {
    if matches!(site.kind, Kind::Json) {
        return;
    }
    let Some(manager) = surroundings.manager_of(site) else {
        let words = Words {
            field: "routes",
            problem: "listener and routes are not in these files, so they were not looked at"
                .to_owned(),
            remedy: "check the configuration that Envoy runs: its admin port's config_dump",
            page: PAGE,
        };
        return findings.add(Level::Note, site.line, words);
    };
    look_at_order(site, manager, findings);
    look_at_spelling(manager, findings);
    let Some(routes) = surroundings.routes_of(manager) else {
        let words = Words {
            field: "routes",
            problem: "the routes are not in these files, so they were not looked at".to_owned(),
            remedy: "give the file that has them as well",
            page: PAGE,
        };
        return findings.add(Level::Note, manager.node.line, words);
    };
    let guarded = Coverage { site, route: &config.route, routes };
    guarded.look_at_switches(findings);
    let clusters = guarded.look_at_routes(findings);
    look_at_others(manager, &clusters, &config.route, surroundings, findings);
}

/// Where the filter stands among the others, and whether it always runs.
fn look_at_order(site: &Site<'_>, manager: Manager<'_>, findings: &mut Findings<'_>) {
    let Some(position) = manager.position(site) else { return };
    let filters = manager.filters();
    if let Some(filter) = filters.get(position)
        && filter.is_true("disabled")
    {
        let words = Words {
            field: "disabled",
            problem: "is true: the filter sees only requests whose route switches it on".to_owned(),
            remedy: "leave it out",
            page: PAGE,
        };
        findings.add_in(manager.file, Level::Error, filter.line, words);
    }
    let kinds = site.around.iter().filter_map(|node| node.get("@type")?.text());
    if kinds
        .into_iter()
        .any(|kind| kind.contains("ExtensionWithMatcher") || kind.ends_with(".Composite"))
    {
        let words = Words {
            field: "http_filters",
            problem: "the filter is inside a matcher: it sees only requests that this matches"
                .to_owned(),
            remedy: "put it into http_filters itself; it lets other paths through untouched",
            page: PAGE,
        };
        findings.add(Level::Warning, site.line, words);
    }
    for filter in filters.iter().take(position) {
        let kind = filter.field("typed_config").and_then(|typed| typed.get("@type"));
        let kind = kind.and_then(Node::text).unwrap_or_default();
        let problem = if kind.ends_with(".router.v3.Router") {
            "the router is in front of the filter: no request comes to it"
        } else if [".decompressor.", ".grpc_json_transcoder.", ".ext_proc.", ".lua."]
            .iter()
            .any(|part| kind.contains(part))
        {
            "this filter is in front, sees what nobody has verified, and can change the body, whose \
             signature then no longer matches"
        } else {
            continue;
        };
        let words = Words {
            field: "http_filters",
            problem: problem.to_owned(),
            remedy: "put the filter of the webhooks first",
            page: PAGE,
        };
        findings.add_in(manager.file, Level::Warning, filter.line, words);
    }
}

/// Whether Envoy routes by one spelling of a path.
fn look_at_spelling(manager: Manager<'_>, findings: &mut Findings<'_>) {
    let missing: Vec<_> = ["normalize_path", "merge_slashes"]
        .into_iter()
        .filter(|field| !manager.node.is_true(field))
        .collect();
    if missing.is_empty() {
        return;
    }
    let words = Words {
        field: missing.first().copied().unwrap_or_default(),
        problem: format!(
            "{} not true: other spellings of the endpoint are guarded, and get to other routes \
             than it does, with their limits and switches",
            if let [one] = missing[..] {
                format!("{one} is")
            } else {
                format!("{} are", missing.join(" and "))
            }
        ),
        remedy: "set normalize_path: true, merge_slashes: true and \
                 path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD",
        page: PAGE,
    };
    findings.add_in(manager.file, Level::Warning, manager.node.line, words);
}

/// The routes of the connection manager that runs the filter.
struct Coverage<'c, 't> {
    site: &'c Site<'t>,
    route: &'c Route,
    routes: Routes<'t>,
}

impl<'t> Coverage<'_, 't> {
    fn hosts(&self) -> &'t [Node] {
        self.routes.node.field("virtual_hosts").map(Node::items).unwrap_or_default()
    }

    fn add(&self, findings: &mut Findings<'_>, level: Level, line: usize, words: Words<'_>) {
        findings.add_in(self.routes.file, level, line, words);
    }

    /// Whether routes, a virtual host or a route switch the filter off.
    fn switched_off(&self, node: &'t Node) -> Option<usize> {
        let own = node.field("typed_per_filter_config")?.get(self.site.filter_name()?)?;
        own.is_true("disabled").then_some(own.line)
    }

    /// Where the filter is switched off for more than one route.
    fn look_at_switches(&self, findings: &mut Findings<'_>) {
        for node in [self.routes.node].into_iter().chain(self.hosts()) {
            if let Some(line) = self.switched_off(node) {
                let words = Words {
                    field: "typed_per_filter_config",
                    problem: "switches the filter off for all routes below".to_owned(),
                    remedy: "take it out: the filter lets other paths through untouched",
                    page: PAGE,
                };
                self.add(findings, Level::Error, line, words);
            }
        }
    }

    /// Looks at each route, and gives the clusters that the endpoint goes to.
    fn look_at_routes(&self, findings: &mut Findings<'_>) -> Vec<&'t str> {
        let path = self.route.path();
        let mut clusters = Vec::new();
        let mut is_routed = false;
        for host in self.hosts() {
            let routes = host.field("routes").map(Node::items).unwrap_or_default();
            let mut is_taken = false;
            for route in routes {
                let pattern = Pattern::of(route);
                let takes = pattern.takes(path);
                is_routed |= takes != Some(false);
                if takes != Some(false)
                    && let Some(line) = self.switched_off(route)
                {
                    let words = Words {
                        field: "typed_per_filter_config",
                        problem: "switches the filter off where the endpoint, or another spelling \
                                  of it, can get to"
                            .to_owned(),
                        remedy: "take it out: the filter lets other paths through untouched",
                        page: PAGE,
                    };
                    self.add(findings, Level::Error, line, words);
                }
                if takes == Some(true) && !is_taken {
                    is_taken = !pattern.is_conditional;
                    clusters.extend(clusters_of(route));
                    self.look_at_endpoint(route, &pattern, findings);
                }
                self.look_at_rewrite(route, &pattern, findings);
            }
        }
        if is_routed {
            self.look_at_other_endpoint(findings);
        } else {
            let words = Words {
                field: "path",
                problem: format!("{path} is guarded, and no route takes it"),
                remedy: "give path the endpoint that your routes have",
                page: PAGE,
            };
            let line = self.site.configuration.line_of_field("path");
            findings.add(Level::Warning, line, words);
        }
        clusters.sort_unstable();
        clusters.dedup();
        clusters
    }

    /// Looks for a route of Junction's usual endpoint where another path is guarded that has none
    /// of its own: the path is then misspelt, and its requests get through by a route for
    /// everything.
    fn look_at_other_endpoint(&self, findings: &mut Findings<'_>) {
        let routes = self
            .hosts()
            .iter()
            .flat_map(|host| host.field("routes").map(Node::items).unwrap_or_default());
        let own = |path: &str| {
            routes.clone().find(|route| {
                let pattern = Pattern::of(route);
                pattern.is_own() && pattern.takes(path) == Some(true)
            })
        };
        if self.route.classify(Route::DEFAULT.as_bytes()) == Target::Guarded
            || own(self.route.path()).is_some()
        {
            return;
        }
        if let Some(route) = own(Route::DEFAULT) {
            let words = Words {
                field: "path",
                problem: format!(
                    "{} is guarded and has no route of its own, and {} has one (line {}) and is \
                     not guarded",
                    self.route.path(),
                    Route::DEFAULT,
                    route.line
                ),
                remedy: "give path the endpoint that your routes have",
                page: PAGE,
            };
            let line = self.site.configuration.line_of_field("path");
            findings.add(Level::Warning, line, words);
        }
    }

    /// Looks at the route that takes the endpoint.
    fn look_at_endpoint(
        &self,
        route: &'t Node,
        pattern: &Pattern<'_>,
        findings: &mut Findings<'_>,
    ) {
        let path = self.route.path();
        let answer = ["redirect", "direct_response"]
            .into_iter()
            .find_map(|field| route.field(field).map(|node| (field, node.line)));
        if let Some((field, line)) = answer {
            let words = Words {
                field,
                problem: "answers the endpoint: no event gets to a service".to_owned(),
                remedy: "route the endpoint to your service's cluster",
                page: PAGE,
            };
            self.add(findings, Level::Warning, line, words);
        }
        if let Some(policy) = route.at("route.internal_redirect_policy") {
            let words = Words {
                field: "internal_redirect_policy",
                problem:
                    "a request that your service redirects to the endpoint is refused with 401"
                        .to_owned(),
                remedy: "leave it out on the endpoint's route",
                page: SETTINGS,
            };
            self.add(findings, Level::Warning, policy.line, words);
        }
        if !pattern.is_case_sensitive {
            let words = Words {
                field: "case_sensitive",
                problem:
                    "is false: the endpoint in capitals gets to the service, and is not guarded"
                        .to_owned(),
                remedy: "leave it out",
                page: PAGE,
            };
            self.add(findings, Level::Warning, route.line, words);
        }
        let below = format!("{path}/below");
        let is_parent = pattern
            .prefix()
            .is_some_and(|prefix| self.route.classify(prefix.as_bytes()) != Target::Guarded);
        if pattern.is_own() && !is_parent && pattern.takes(&below) == Some(true) {
            let words = Words {
                field: "match",
                problem: format!("takes what is below {path} as well, which is not guarded"),
                remedy: "match the endpoint alone, as envoy.yaml does by safe_regex",
                page: PAGE,
            };
            self.add(findings, Level::Warning, route.line, words);
        }
    }

    /// Looks for a rewrite that makes the endpoint of a path that is not guarded.
    fn look_at_rewrite(&self, route: &'t Node, pattern: &Pattern<'_>, findings: &mut Findings<'_>) {
        let path = self.route.path();
        let Some(rewrite) = route.at("route.prefix_rewrite") else { return };
        let Some(replacement) = rewrite.text() else { return };
        let replaced = match (pattern.prefix(), pattern.exact()) {
            (Some(prefix), _) => {
                path.strip_prefix(replacement).map(|rest| format!("{prefix}{rest}"))
            }
            (None, Some(exact)) => (replacement == path).then(|| exact.to_owned()),
            (None, None) => None,
        };
        let unguarded =
            replaced.filter(|path| self.route.classify(path.as_bytes()) == Target::Unguarded);
        if let Some(unguarded) = unguarded {
            let words = Words {
                field: "prefix_rewrite",
                problem: format!(
                    "makes {path} of {unguarded}, which is not guarded: the service gets requests \
                     that nobody has verified"
                ),
                remedy: "guard the path that comes in, or do not rewrite to the endpoint",
                page: PAGE,
            };
            self.add(findings, Level::Warning, rewrite.line, words);
        }
    }
}

/// Looks for connection managers without the filter that send the endpoint to the same service.
fn look_at_others<'t>(
    guarded: Manager<'t>,
    clusters: &[&str],
    endpoint: &Route,
    surroundings: &Surroundings<'t>,
    findings: &mut Findings<'_>,
) {
    let others = surroundings
        .managers()
        .iter()
        .filter(|manager| !std::ptr::eq(manager.node, guarded.node) && !runs_filter(**manager));
    for manager in others {
        let Some(routes) = surroundings.routes_of(*manager) else { continue };
        let hosts = routes.node.field("virtual_hosts").map(Node::items).unwrap_or_default();
        let all =
            hosts.iter().flat_map(|host| host.field("routes").map(Node::items).unwrap_or_default());
        let leading = all.into_iter().find(|route| {
            Pattern::of(route).takes(endpoint.path()) == Some(true)
                && clusters_of(route).iter().any(|cluster| clusters.contains(cluster))
        });
        if let Some(route) = leading {
            let words = Words {
                field: "http_filters",
                problem: format!(
                    "{} sends {} to the same service, and has no filter",
                    manager.title(),
                    endpoint.path()
                ),
                remedy: "put the filter there as well, or take the route away",
                page: PAGE,
            };
            findings.add_in(routes.file, Level::Warning, route.line, words);
        }
    }
}

/// Whether one of the filters is ours, or one that comes from elsewhere under our name.
fn runs_filter(manager: Manager<'_>) -> bool {
    manager.filters().iter().any(|filter| {
        crate::plugin::is_filter(filter)
            || filter.field("config_discovery").is_some()
                && filter
                    .field("name")
                    .and_then(Node::text)
                    .is_some_and(|name| name.contains("junction"))
    })
}

/// The clusters that a route names.
fn clusters_of(route: &Node) -> Vec<&str> {
    let weighted =
        route.at("route.weighted_clusters.clusters").map(Node::items).unwrap_or_default();
    let one = route.at("route.cluster").and_then(Node::text);
    one.into_iter()
        .chain(weighted.iter().filter_map(|cluster| cluster.field("name")?.text()))
        .collect()
}
