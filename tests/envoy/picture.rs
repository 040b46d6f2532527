//! The dashboard as a picture: its panels, on its grid, with what their queries gave.
//!
//! Plain lines and figures, in the order and the units of the dashboard; Grafana draws it finer.

use std::ops::Range;

use plotters::{coord::Shift, prelude::*, style::text_anchor};
use serde_json::Value;
use text_anchor::{HPos, Pos, VPos};

/// Pixels of one cell of Grafana's grid, which has 24 to a row: 912 pixels, about what a page shows
/// without shrinking.
const CELL: (u32, u32) = (38, 27);
const COLUMNS: u32 = 24;
const PAGE: RGBColor = RGBColor(244, 245, 245);
const EDGE: RGBColor = RGBColor(216, 217, 218);
const TEXT: RGBColor = RGBColor(51, 51, 51);
const FIGURE: RGBColor = RGBColor(55, 135, 45);
const COLOURS: [RGBColor; 8] = [
    RGBColor(50, 116, 217),
    RGBColor(224, 165, 38),
    RGBColor(212, 74, 58),
    FIGURE,
    RGBColor(143, 91, 183),
    RGBColor(15, 155, 176),
    RGBColor(193, 92, 23),
    RGBColor(122, 122, 122),
];
/// Plotters writes a text in 1/1.24 of its size: 12 pixels.
const SMALL: u32 = 15;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// One line: what the legend calls it, and its values by Unix time.
type Line = (String, Vec<(f64, f64)>);

/// Draws panels; `ask` gives a target's series, of one moment where the second argument is true.
pub(crate) fn draw(panels: &[Value], ask: impl Fn(&Value, bool) -> Vec<Value>) -> String {
    let rows = panels.iter().map(|panel| side(panel, "y") + side(panel, "h")).max().unwrap();
    let mut svg = String::new();
    let picture =
        SVGBackend::with_string(&mut svg, (COLUMNS * CELL.0, rows * CELL.1)).into_drawing_area();
    picture.fill(&PAGE).unwrap();
    for panel in panels {
        let area = picture.clone().shrink(
            (side(panel, "x") * CELL.0, side(panel, "y") * CELL.1),
            (side(panel, "w") * CELL.0, side(panel, "h") * CELL.1),
        );
        let title = panel["title"].as_str().unwrap();
        if panel["type"] == "row" {
            write(&area, title, (4, 5), &bold(19));
            continue;
        }
        let area = area.margin(3, 3, 3, 3);
        let (width, height) = area.dim_in_pixel();
        let (right, bottom) = (pixels(width) - 1, pixels(height) - 1);
        area.fill(&WHITE).unwrap();
        area.draw(&Rectangle::new([(0, 0), (right, bottom)], EDGE)).unwrap();
        write(&area, title, (8, 6), &bold(16));
        let targets = panel["targets"].as_array().unwrap();
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap();
        if panel["type"] == "stat" {
            let figure = number(&ask(&targets[0], true)[0]["value"][1]);
            let mapped = &panel["fieldConfig"]["defaults"]["mappings"][0]["options"];
            let mapped = mapped[figure.to_string()]["text"].as_str().map(str::to_owned);
            let text = mapped.unwrap_or_else(|| with_unit(figure, unit));
            let look = ("sans-serif", 28).into_font().color(&FIGURE);
            let middle = Pos::new(HPos::Center, VPos::Center);
            write(&area, &text, (pixels(width) / 2, 60), &look.pos(middle));
        } else {
            let lines = targets.iter().flat_map(|target| lines(target, &ask(target, false)));
            plot(&area, &lines.collect::<Vec<_>>(), unit);
        }
    }
    picture.present().unwrap();
    drop(picture);
    svg
}

/// Lines over seconds, with their names below.
fn plot(panel: &Area, lines: &[Line], unit: &str) {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let start = points().map(|point| point.0).fold(f64::MAX, f64::min);
    let end = points().map(|point| point.0).fold(start + 1.0, f64::max);
    // The highest line stays below the upper edge.
    let highest = points().map(|point| point.1).fold(0.0, f64::max) * 1.05;
    let values: Range<f64> = 0.0..if highest > 0.0 { highest } else { 1.0 };

    let (_, height) = panel.dim_in_pixel();
    let rows = legend(panel, lines, pixels(height));
    let (panel, _) = panel.split_vertically(height - 18 * rows - 4);
    let mut chart = ChartBuilder::on(&panel)
        .margin_top(30)
        .margin_right(16)
        .x_label_area_size(22)
        .y_label_area_size(68)
        .build_cartesian_2d(0.0..end - start, values)
        .unwrap();
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(EDGE)
        .axis_style(EDGE)
        .label_style(("sans-serif", SMALL).into_font().color(&TEXT))
        .x_labels(5)
        .y_labels(4)
        .x_label_formatter(&|seconds| format!("{seconds:.0} s"))
        .y_label_formatter(&|value| with_unit(*value, unit))
        .draw()
        .unwrap();
    for ((_, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let points = points.iter().map(|(time, value)| (time - start, *value));
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2))).unwrap();
    }
}

/// Writes the names of the lines at the bottom, and answers how many rows they take.
fn legend(panel: &Area, lines: &[Line], height: i32) -> u32 {
    let look = ("sans-serif", SMALL).into_font().color(&TEXT);
    let width = pixels(panel.dim_in_pixel().0);
    let (mut left, mut row) = (10, 0);
    let places: Vec<_> = lines
        .iter()
        .map(|(name, _)| {
            let taken = pixels(panel.estimate_text_size(name, &look).unwrap().0) + 28;
            if left > 10 && left + taken > width {
                (left, row) = (10, row + 1);
            }
            left += taken;
            (left - taken, row)
        })
        .collect();
    let rows = row + 1;
    for (((name, _), colour), (left, row)) in lines.iter().zip(COLOURS.iter().cycle()).zip(places) {
        let top = height - 18 * (rows - row) - 2;
        let mark = [(left, top + 2), (left + 10, top + 12)];
        panel.draw(&Rectangle::new(mark, colour.filled())).unwrap();
        write(panel, name, (left + 15, top + 1), &look);
    }
    u32::try_from(rows).unwrap()
}

fn write(area: &Area, text: &str, place: (i32, i32), look: &TextStyle) {
    area.draw_text(text, look, place).unwrap();
}

fn bold(size: u32) -> TextStyle<'static> {
    ("sans-serif", size, FontStyle::Bold).into_font().color(&TEXT)
}

fn side(panel: &Value, name: &str) -> u32 {
    u32::try_from(panel["gridPos"][name].as_u64().unwrap()).unwrap()
}

fn pixels(length: u32) -> i32 {
    i32::try_from(length).unwrap()
}

/// The series that a target's query gave, without those that never rose above zero where others
/// did.
fn lines(target: &Value, series: &[Value]) -> Vec<Line> {
    let line = |series: &Value| {
        let mut name = target["legendFormat"].as_str().unwrap().to_owned();
        for (label, value) in series["metric"].as_object().unwrap() {
            name = name.replace(&format!("{{{{{label}}}}}"), value.as_str().unwrap());
        }
        let points = series["values"].as_array().unwrap().iter();
        let points = points.map(|point| (point[0].as_f64().unwrap(), number(&point[1])));
        (name, points.filter(|point| point.1.is_finite()).collect())
    };
    let lines: Vec<Line> = series.iter().map(line).collect();
    let moves = |line: &Line| line.1.iter().any(|point| point.1 > 0.0);
    let any = lines.iter().any(moves);
    lines.into_iter().filter(|line| !any || moves(line)).collect()
}

fn number(text: &Value) -> f64 {
    text.as_str().unwrap().parse().unwrap()
}

/// A figure as Grafana writes it in that unit, roughly.
fn with_unit(value: f64, unit: &str) -> String {
    let short = |value: f64| {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match unit {
        "reqps" => format!("{} req/s", short(value)),
        "cps" => format!("{} /s", short(value)),
        "percentunit" => format!("{:.1} %", value * 100.0),
        "bytes" if value >= 1024.0 => format!("{} KiB", short(value / 1024.0)),
        "bytes" => format!("{} B", short(value)),
        "µs" if value >= 1000.0 => format!("{} ms", short(value / 1000.0)),
        "s" | "ms" | "µs" => format!("{} {unit}", short(value)),
        "none" | "short" if value >= 100.0 => format!("{value:.0}"),
        "none" | "short" => short(value),
        other => panic!("no such unit yet: {other}"),
    }
}
