//! The plugin's settings for its host: whether heads are held, what a crash does, what it may call.
//!
//! Pages: `docs/envoy.md`, "Attach the filter to a listener of your own" and "Hosts that cannot
//! hold headers".

use crate::{
    check::{
        finding::{Findings, Level, Words},
        surroundings::Manager,
    },
    plugin::{Kind, Site},
    yaml::{Key, Node},
};

const ATTACH: &str = "docs/envoy.md#attach-the-filter-to-a-listener-of-your-own";
const HOLDING: &str = "docs/envoy.md#hosts-that-cannot-hold-headers";

/// What the module calls and what Envoy may call of it; a test holds it against `envoy.yaml`.
pub(super) const CAPABILITIES: [&str; 33] = [
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_memory_allocate",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_tick",
    "proxy_on_done",
    "proxy_on_log",
    "proxy_on_delete",
    "proxy_log",
    "proxy_get_current_time_nanoseconds",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_buffer_bytes",
    "proxy_set_buffer_bytes",
    "proxy_get_header_map_pairs",
    "proxy_set_header_map_pairs",
    "proxy_replace_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_set_property",
    "proxy_send_local_response",
    "proxy_define_metric",
    "proxy_increment_metric",
    "proxy_record_metric",
    "proxy_get_property",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "environ_get",
    "environ_sizes_get",
    "random_get",
    "fd_write",
    "proc_exit",
];
/// Without one of these, requests pass that nobody has looked at.
const VERIFYING: [&str; 3] =
    ["proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers"];
/// What `duplicates` alone needs.
const REMEMBERING: [&str; 2] = ["proxy_get_shared_data", "proxy_set_shared_data"];

/// What of the plugin's configuration its host must fit.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    pub(super) holds_heads: bool,
    pub(super) remembers: bool,
}

/// Looks at the settings; `needs` is none where the configuration is unusable.
pub(super) fn look(
    site: &Site<'_>,
    needs: Option<Needs>,
    manager: Option<Manager<'_>>,
    findings: &mut Findings<'_>,
) {
    let leaves_heads = needs.is_some_and(|needs| !needs.holds_heads);
    let Some(settings) = site.settings else {
        if leaves_heads {
            look_for_buffer(site, None, manager, findings);
        }
        return;
    };
    if site.kind == Kind::DynamicModule {
        return;
    }
    look_at_crashes(site, settings, findings);
    if site.kind == Kind::Wasm {
        look_at_capabilities(site, settings, needs, findings);
    }
    let can_hold = site.kind == Kind::Wasm && settings.is_true("allow_on_headers_stop_iteration");
    if leaves_heads {
        look_for_buffer(site, Some(settings), manager, findings);
    } else if needs.is_some() && !can_hold {
        findings.add(
            Level::Error,
            site.settings_line,
            match site.kind {
                Kind::Wasm => Words {
                    field: "allow_on_headers_stop_iteration",
                    problem: "is not true: guarded requests hang until a timeout".to_owned(),
                    remedy: "set allow_on_headers_stop_iteration: true beside vm_config; before \
                             Envoy 1.35 set hold_headers: false and put Envoy's buffer filter \
                             behind this one",
                    page: HOLDING,
                },
                _ => Words {
                    field: "hold_headers",
                    problem:
                        "must be false: this kind of manifest cannot let the filter hold heads"
                            .to_owned(),
                    remedy: "set hold_headers: false and put Envoy's buffer filter behind this \
                             one, or attach the filter as an EnvoyFilter or EnvoyPatchPolicy",
                    page: HOLDING,
                },
            },
        );
    }
}

fn look_at_crashes(site: &Site<'_>, settings: &Node, findings: &mut Findings<'_>) {
    let kind = site.kind;
    let (field, remedy) = match kind {
        Kind::WasmPlugin => ("failStrategy", "leave failStrategy out"),
        Kind::ExtensionPolicy => ("failOpen", "leave failOpen out"),
        _ => ("failure_policy", "set failure_policy: FAIL_RELOAD"),
    };
    let set = settings.field(field);
    let line = set.map_or(site.settings_line, |set| set.line);
    let policy = set.and_then(Node::text);
    let is_open = settings.is_true("fail_open")
        || matches!(policy, Some("FAIL_OPEN" | "3"))
        || (kind == Kind::ExtensionPolicy && settings.is_true(field));
    if is_open {
        let problem = "fails open: after a crash requests pass unverified".to_owned();
        findings.add(Level::Error, line, Words { field, problem, remedy, page: ATTACH });
    } else if kind == Kind::Wasm && !matches!(policy, Some("FAIL_RELOAD" | "1")) {
        let problem = "is not FAIL_RELOAD: a module that crashed once answers 503 until Envoy is \
                       started again"
            .to_owned();
        findings.add(Level::Warning, line, Words { field, problem, remedy, page: ATTACH });
    }
}

fn look_at_capabilities(
    site: &Site<'_>,
    settings: &Node,
    needs: Option<Needs>,
    findings: &mut Findings<'_>,
) {
    let field = "capability_restriction_config";
    let places = [settings.field("vm_config"), Some(settings)];
    let restriction = places.into_iter().flatten().find_map(|place| place.field(field));
    let allowed =
        restriction.and_then(|restriction| restriction.field_entry("allowed_capabilities"));
    let remedy = "take the block of envoy.yaml whole";
    let Some((Key { line, .. }, allowed)) = allowed.filter(|(_, all)| !all.entries().is_empty())
    else {
        let problem = "is not there: the module may call whatever Envoy offers".to_owned();
        let words = Words { field, problem, remedy, page: ATTACH };
        return findings.add(Level::Warning, site.settings_line, words);
    };
    let lacks = |name: &&str| allowed.get(name).is_none();
    let list = |names: &[&str]| names.join(", ");
    let verifying: Vec<_> = VERIFYING.into_iter().filter(lacks).collect();
    if !verifying.is_empty() {
        let problem = format!("lacks {}: webhooks pass unverified", list(&verifying));
        findings.add(Level::Error, *line, Words { field, problem, remedy, page: ATTACH });
    }
    let is_needed = |name: &&str| {
        !VERIFYING.contains(name)
            && (!REMEMBERING.contains(name) || needs.is_some_and(|needs| needs.remembers))
    };
    let others: Vec<_> = CAPABILITIES.into_iter().filter(is_needed).filter(lacks).collect();
    if !others.is_empty() {
        let problem = format!("lacks {}, which the module calls or waits for", list(&others));
        findings.add(Level::Warning, *line, Words { field, problem, remedy, page: ATTACH });
    }
}

/// With `hold_headers: false`, another filter must hold the head back.
fn look_for_buffer(
    site: &Site<'_>,
    settings: Option<&Node>,
    manager: Option<Manager<'_>>,
    findings: &mut Findings<'_>,
) {
    let line = site.configuration.line_of_field("hold_headers");
    let field = "hold_headers";
    let remedy = "put envoy.filters.http.buffer right behind this filter, or leave hold_headers \
                  out where allow_on_headers_stop_iteration can be set";
    let place = manager.and_then(|manager| Some((manager.filters(), manager.position(site)?)));
    let Some((filters, position)) = place else {
        let problem = "is false: whether Envoy's buffer filter is behind this one cannot be seen \
                       here, and without it every webhook is answered 500"
            .to_owned();
        return findings.add(Level::Warning, line, Words { field, problem, remedy, page: HOLDING });
    };
    let behind = filters.iter().skip(position).skip(1);
    if !behind.into_iter().any(is_buffer) {
        let is_in_front = filters.iter().take(position).any(is_buffer);
        let problem = if is_in_front {
            "is false, and Envoy's buffer filter is in front of this one, where it holds nothing \
             back: every webhook is answered 500"
        } else {
            "is false, and Envoy's buffer filter is not behind this one: every webhook is \
             answered 500"
        };
        let words = Words { field, problem: problem.to_owned(), remedy, page: HOLDING };
        findings.add(Level::Error, line, words);
    }
    if settings.is_some_and(|settings| settings.is_true("allow_on_headers_stop_iteration")) {
        let problem = "is false although the host can hold heads, which costs headers of the \
                       forwarded request"
            .to_owned();
        let remedy = "leave hold_headers out";
        findings.add(Level::Note, line, Words { field, problem, remedy, page: HOLDING });
    }
}

/// Whether a filter is Envoy's own that holds a request until all of it is there.
pub(super) fn is_buffer(filter: &Node) -> bool {
    let kind = filter.field("typed_config").and_then(|typed| typed.get("@type"));
    kind.and_then(Node::text).is_some_and(|kind| kind.ends_with(".buffer.v3.Buffer"))
}
