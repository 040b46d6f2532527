//! Processor time over body size, as SVG.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::gateway::Way;
use crate::measure::{Plan, Row};
use crate::report;

const COLOURS: [RGBColor; 8] = [
    RGBColor(120, 120, 120),
    RGBColor(60, 130, 200),
    RGBColor(150, 100, 190),
    RGBColor(230, 150, 170),
    RGBColor(200, 40, 40),
    RGBColor(20, 60, 140),
    RGBColor(220, 150, 30),
    RGBColor(40, 150, 90),
];

/// The rows that a plan's load gave, which the caption names.
pub(crate) fn accepted(plan: &Plan, rows: &[Row]) -> Result<String> {
    let mut svg = String::new();
    draw(plan, rows, &mut svg).map_err(|error| anyhow!("{error}"))?;
    Ok(svg)
}

fn draw(plan: &Plan, rows: &[Row], svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, (900, 560)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for way in Way::ALL {
        let point = |row: &Row| (row.body_bytes as f64, row.of(way).cpu_micros);
        curves.push((way.name().replace('`', ""), rows.iter().map(point).collect()));
    }
    let point = |row: &Row| (row.body_bytes as f64, row.core.cpu_micros);
    curves.push(("core, native, without Envoy".to_owned(), rows.iter().map(point).collect()));
    let all = || curves.iter().flat_map(|(_, points)| points);
    let bytes = all().map(|point| point.0).fold((f64::MAX, 0.0_f64), extend);
    let micros = all().map(|point| point.1).fold((f64::MAX, 0.0_f64), extend);

    let title = format!("CPU time of an accepted request, {}", report::load_name(plan));
    let load = format!(
        "{} connections, each with one request at a time; one worker; all processes but the load generator",
        plan.connections
    );
    let dark = RGBColor(51, 51, 51);
    let center = Pos::new(HPos::Center, VPos::Top);
    let text = |size: u32| ("sans-serif", size).into_font().color(&dark).pos(center);
    root.draw_text(&title, &text(24), (450, 10))?;
    root.draw_text(&load, &text(16), (450, 40))?;
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .margin_top(66)
        .x_label_area_size(52)
        .y_label_area_size(72)
        .build_cartesian_2d(
            (bytes.0 * 0.8..bytes.1 * 1.2).log_scale(),
            (micros.0 * 0.8..micros.1 * 1.2).log_scale(),
        )?;
    chart
        .configure_mesh()
        .label_style(("sans-serif", 15))
        .x_desc("body, bytes")
        .y_desc("µs")
        .x_label_formatter(&|bytes| format!("{bytes:.0}"))
        .y_label_formatter(&|micros| format!("{micros:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for ((name, points), colour) in curves.into_iter().zip(COLOURS) {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(points, style).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 16))
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    root.present()?;
    Ok(())
}

fn extend((low, high): (f64, f64), figure: f64) -> (f64, f64) {
    (low.min(figure), high.max(figure))
}
