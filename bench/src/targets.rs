//! The targets that the filter is held to, each a ratio or a difference within one run.

use std::fmt::Write as _;

use crate::gateway::Way;
use crate::measure::{Plan, Row};
use crate::report::load_name;

/// What the native module may cost: for bodies up to so many bytes, which share of the `ext_authz`
/// way's processor time at full load, which one at a time, and which share of its p99.
const NATIVE_OF_EXT_AUTHZ: [(usize, f64, f64, f64); 5] = [
    (1_000, 0.55, 0.60, 0.8),
    (5_000, 0.50, 0.60, 0.8),
    (13_000, 0.62, 0.60, 1.0),
    (70_000, 0.65, 0.58, 1.0),
    (300_000, 0.75, 0.62, 1.0),
];

/// What the native module may add beside the core, as a share of what the `buffer` filter costs,
/// for the shortest bodies.
const BESIDE_CORE: (usize, f64) = (1_000, 0.15);

/// What the Wasm module may cost over the `buffer` filter: so much for each request, in µs, …
const OVER_BUFFER_REQUEST: f64 = 22.0;
/// … and so much for each byte of body.
const OVER_BUFFER_BYTE: f64 = 0.0045;

/// Up to which body size the Wasm module may cost which share of the `ext_authz` way.
const OF_EXT_AUTHZ: [(usize, f64); 2] = [(13_000, 0.7), (70_000, 0.85)];

pub(crate) fn native(plan: &Plan, rows: &[Row]) -> String {
    let mut text = format!("\n## Targets of the native module, {}\n\n", load_name(plan));
    text.push_str(
        "Beside the core: what it costs over `buffer` and the core in a loop, as a share of `buffer`.\n\n\
         | body bytes | CPU of `buffer` | beside the core | at most | CPU of `ext_authz` | at most | \
         p99 of `ext_authz` | below | |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    for row in rows {
        let [native, ext_authz, buffer] =
            [Way::Native, Way::ExtAuthz, Way::Buffer].map(|way| row.of(way));
        let beside = (over_buffer(row, Way::Native) - row.core.cpu_micros) / buffer.cpu_micros;
        let share = native.cpu_micros / ext_authz.cpu_micros;
        let p99 = native.p99_micros / ext_authz.p99_micros;
        let (most_bytes, most_beside) = BESIDE_CORE;
        let beside_bound = (row.body_bytes <= most_bytes).then_some(most_beside);
        let bounds = NATIVE_OF_EXT_AUTHZ.into_iter().find(|(bytes, ..)| row.body_bytes <= *bytes);
        let bounds =
            bounds.map(|(_, full, one, p99)| (if plan.connections == 1 { one } else { full }, p99));
        let is_met = beside_bound.is_none_or(|bound| beside <= bound)
            && bounds.is_none_or(|(most, below)| share <= most && p99 < below);
        let _ = writeln!(
            text,
            "| {} | {:.2} | {beside:.2} | {} | {share:.2} | {} | {p99:.2} | {} | {} |",
            row.body_bytes,
            native.cpu_micros / buffer.cpu_micros,
            shown(beside_bound),
            shown(bounds.map(|(most, _)| most)),
            shown(bounds.map(|(_, below)| below)),
            if is_met { "met" } else { "missed" },
        );
    }
    text
}

fn shown(bound: Option<f64>) -> String {
    bound.map_or_else(String::new, |bound| bound.to_string())
}

pub(crate) fn wasm(plan: &Plan, rows: &[Row]) -> String {
    let mut text = format!("\n## Targets of the Wasm module, {}\n\n", load_name(plan));
    text.push_str(
        "In brackets what the host calls and the HMAC alone come to.\n\n\
         | body bytes | CPU over `buffer`, µs | at most | CPU of `ext_authz` | at most | \
         p99 of `ext_authz` | at most | |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    for row in rows {
        let ext_authz = row.of(Way::ExtAuthz);
        let figures = |way| {
            let cell = row.of(way);
            let share = cell.cpu_micros / ext_authz.cpu_micros;
            (over_buffer(row, way), share, cell.p99_micros / ext_authz.p99_micros)
        };
        let (over, share, p99) = figures(Way::Wasm);
        let (floor_over, floor_share, floor_p99) = figures(Way::Floor);
        let over_bound = OVER_BUFFER_REQUEST + OVER_BUFFER_BYTE * row.body_bytes as f64;
        let share_bound = OF_EXT_AUTHZ.into_iter().find(|(bytes, _)| row.body_bytes <= *bytes);
        let share_bound = share_bound.map(|(_, bound)| bound);
        let is_met =
            over <= over_bound && share_bound.is_none_or(|bound| share <= bound && p99 < 1.0);
        let _ = writeln!(
            text,
            "| {} | {over:.1} ({floor_over:.1}) | {over_bound:.1} | {share:.2} ({floor_share:.2}) \
             | {} | {p99:.2} ({floor_p99:.2}) | {} | {} |",
            row.body_bytes,
            shown(share_bound),
            shown(share_bound.map(|_| 1.0)),
            if is_met { "met" } else { "missed" },
        );
    }
    for way in [Way::Wasm, Way::Floor] {
        if let Some((request, byte)) = line_through(rows, way) {
            let _ = writeln!(
                text,
                "\nA line through what costs over `buffer`, {}: {request:.1} µs a request and \
                 {:.2} ns a byte.",
                way.name(),
                byte * 1000.0
            );
        }
    }
    text
}

/// What a way costs more than Envoy's `buffer` filter, in µs of processor time.
fn over_buffer(row: &Row, way: Way) -> f64 {
    row.of(way).cpu_micros - row.of(Way::Buffer).cpu_micros
}

/// Least squares of a way's cost over `buffer`, each point weighed by its inverse, so that
/// the long bodies do not decide alone.
fn line_through(rows: &[Row], way: Way) -> Option<(f64, f64)> {
    let points = rows.iter().map(|row| {
        let over = over_buffer(row, way);
        (row.body_bytes as f64, over, 1.0 / over.max(1.0).powi(2))
    });
    let (mut w, mut wx, mut wy, mut wxx, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (x, y, weight) in points {
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    let determinant = w * wxx - wx * wx;
    (rows.len() > 1 && determinant != 0.0).then(|| {
        let slope = (w * wxy - wx * wy) / determinant;
        ((wy - slope * wx) / w, slope)
    })
}
