//! Whether Envoy has room for what the filter holds back: the body, and then the event in its
//! place.
//!
//! Page: `docs/envoy.md`, block [4].

use junction_webhook::config::{Config, EVENT_GROWTH_BOUND};

use crate::{
    check::{
        finding::{Findings, Level, Words},
        host::is_buffer,
        pattern::Pattern,
        surroundings::{BUFFER_LIMIT, Bound, Manager, Routes, Surroundings},
    },
    plugin::{Kind, Site},
    yaml::Node,
};

#[cfg(test)]
mod tests;

const PAGE: &str = "docs/envoy.md#attach-the-filter-to-a-listener-of-your-own";
const CONNECTION_LIMIT: &str = "per_connection_buffer_limit_bytes";
const WINDOW: &str = "initial_stream_window_size";
/// Envoy's own default of `per_connection_buffer_limit_bytes`.
const DEFAULT_CONNECTION_BYTES: u64 = 1024 * 1024;

pub(super) fn look<'t>(
    site: &Site<'t>,
    config: &Config,
    surroundings: &Surroundings<'t>,
    findings: &mut Findings<'_>,
) {
    if site.kind == Kind::Json {
        return;
    }
    let body = u64::try_from(config.max_body_bytes).unwrap_or(u64::MAX);
    let event = longest_event(body);
    let room = recommended(body);
    let manager = surroundings.manager_of(site);
    let mut rooms = Vec::new();
    let routes = manager.and_then(|manager| surroundings.routes_of(manager));
    if let Some((manager, routes)) = manager.zip(routes) {
        rooms.extend(rooms_of(manager, routes, config.route.path()));
        let position = manager.position(site).unwrap_or_default();
        if !config.hold_headers {
            let buffers =
                manager.filters().iter().skip(position).filter(|filter| is_buffer(filter));
            let field = "max_request_bytes";
            let limits = buffers.filter_map(|buffer| buffer.at("typed_config.max_request_bytes"));
            rooms.extend(limits.filter_map(|limit| {
                let (file, line) = (manager.file, limit.line);
                Some(Bound { file, line, field, bytes: limit.as_u64()? })
            }));
        }
    } else {
        rooms.extend(surroundings.bounds().iter().copied());
        if rooms.is_empty() {
            let words = Words {
                field: BUFFER_LIMIT,
                problem: "is not in these files, so it was not looked at".to_owned(),
                remedy: &remedy_of(BUFFER_LIMIT, room),
                page: PAGE,
            };
            findings.add(Level::Note, site.line, words);
        }
    }
    for Bound { file, line, field, bytes } in rooms {
        let remedy = remedy_of(field, room);
        if bytes <= body {
            let problem = format!(
                "{bytes} is not above max_body_bytes, {body}: Envoy refuses long bodies by itself"
            );
            let words = Words { field, problem, remedy: &remedy, page: PAGE };
            findings.add_in(file, Level::Warning, line, words);
        } else if bytes < event {
            let problem = format!(
                "{bytes} may be too little for the event of a body of max_body_bytes, {body}: it \
                 can be {EVENT_GROWTH_BOUND} times as long, and is then refused with 413"
            );
            let words = Words { field, problem, remedy: &remedy, page: PAGE };
            findings.add_in(file, Level::Warning, line, words);
        }
    }
}

/// The most bytes that the event of a body may have.
fn longest_event(body: u64) -> u64 {
    body.saturating_mul(EVENT_GROWTH_BOUND.into())
}

/// The bytes of room to give for bodies of this length: the longest event's, and up to a power of
/// two, so that it reads as one. That of the default `max_body_bytes` is what every configuration
/// of this repository has, 32 MiB.
fn recommended(body: u64) -> u64 {
    longest_event(body).checked_next_power_of_two().unwrap_or(u64::MAX)
}

/// What to do where a bound is too low, or may be.
fn remedy_of(field: &str, room: u64) -> String {
    let (field, place) = match field {
        BUFFER_LIMIT | CONNECTION_LIMIT | WINDOW => (BUFFER_LIMIT, " on the virtual host"),
        _ => (field, ""),
    };
    format!("set {field}: {room} or more{place}, or a lower max_body_bytes")
}

/// The bounds on every route that takes the endpoint.
fn rooms_of<'t>(manager: Manager<'t>, routes: Routes<'t>, path: &str) -> Vec<Bound<'t>> {
    let hosts = routes.node.field("virtual_hosts").map(Node::items).unwrap_or_default();
    let mut rooms: Vec<Bound<'t>> = Vec::new();
    for host in hosts {
        let all = host.field("routes").map(Node::items).unwrap_or_default();
        let taking = all.iter().filter(|route| Pattern::of(route).takes(path) == Some(true));
        for route in taking {
            let limit = [route, host].into_iter().find_map(|node| node.field(BUFFER_LIMIT));
            let room = match limit {
                Some(limit) => limit.as_u64().map(|bytes| Bound {
                    file: routes.file,
                    line: limit.line,
                    field: BUFFER_LIMIT,
                    bytes,
                }),
                None => Some(room_of_connection(manager)),
            };
            let is_new = |room: &Bound<'_>| {
                !rooms.iter().any(|own| (own.file, own.line) == (room.file, room.line))
            };
            rooms.extend(room.filter(is_new));
        }
    }
    rooms
}

/// What a connection's bounds leave to a filter, where nothing else is set.
fn room_of_connection(manager: Manager<'_>) -> Bound<'_> {
    let limit = manager.listener.and_then(|listener| listener.field(CONNECTION_LIMIT));
    let own = Bound {
        file: manager.file,
        line: limit.map_or(manager.node.line, |limit| limit.line),
        field: CONNECTION_LIMIT,
        bytes: limit.and_then(Node::as_u64).unwrap_or(DEFAULT_CONNECTION_BYTES),
    };
    let window = manager.node.at("http2_protocol_options.initial_stream_window_size");
    match window.and_then(|window| Some((window.line, window.as_u64()?))) {
        Some((line, bytes)) if bytes < own.bytes => Bound { line, field: WINDOW, bytes, ..own },
        _ => own,
    }
}
