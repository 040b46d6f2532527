//! The dashboard as a picture: its panels, on its grid, with what their queries gave.
//!
//! Plain lines and figures, in the order and the units of the dashboard; Grafana draws it finer.

use std::fmt::Write as _;

use serde_json::Value;

/// Pixels of one cell of Grafana's grid.
const CELL: (f64, f64) = (50.0, 27.0);
const COLOURS: [&str; 8] =
    ["#3274d9", "#e0a526", "#d44a3a", "#37872d", "#8f5bb7", "#0f9bb0", "#c15c17", "#7a7a7a"];

/// One line: what the legend calls it, and its values by Unix time.
type Line = (String, Vec<(f64, f64)>);

/// Draws all panels; `ask` gives a target's series, of one moment where the second argument is true.
pub(crate) fn draw(panels: &[Value], ask: impl Fn(&Value, bool) -> Vec<Value>) -> String {
    let height = panels.iter().map(|panel| Frame::of(panel).bottom()).fold(0.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 {height}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#333\">\n\
         <rect width=\"1200\" height=\"{height}\" fill=\"#f4f5f5\"/>\n"
    );
    for panel in panels {
        let frame = Frame::of(panel);
        let title = escape(panel["title"].as_str().unwrap());
        if panel["type"] == "row" {
            frame.text(&mut svg, (4.0, 18.0), "font-size=\"14\" font-weight=\"bold\"", &title);
            continue;
        }
        frame.outline(&mut svg);
        frame.text(&mut svg, (8.0, 16.0), "font-weight=\"bold\"", &title);
        let targets = panel["targets"].as_array().unwrap();
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap();
        if panel["type"] == "stat" {
            let series = ask(&targets[0], true);
            let figure = number(&series[0]["value"][1]);
            let mapped = &panel["fieldConfig"]["defaults"]["mappings"][0]["options"];
            let mapped = mapped[figure.to_string()]["text"].as_str().map(str::to_owned);
            let text = mapped.unwrap_or_else(|| with_unit(figure, unit));
            frame.text(&mut svg, (frame.width / 2.0, 68.0), STAT, &text);
        } else {
            let lines = targets.iter().flat_map(|target| lines(target, &ask(target, false)));
            frame.plot(&mut svg, &lines.collect::<Vec<_>>(), unit);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

const STAT: &str = "font-size=\"30\" text-anchor=\"middle\" fill=\"#37872d\"";

/// A panel's place in the picture.
struct Frame {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Frame {
    fn of(panel: &Value) -> Self {
        let side = |name: &str| panel["gridPos"][name].as_f64().unwrap();
        Self {
            x: side("x") * CELL.0,
            y: side("y") * CELL.1,
            width: side("w") * CELL.0,
            height: side("h") * CELL.1,
        }
    }

    fn bottom(&self) -> f64 {
        self.y + self.height
    }

    fn outline(&self, svg: &mut String) {
        let (x, y, width, height) =
            (self.x + 3.0, self.y + 3.0, self.width - 6.0, self.height - 6.0);
        let look = "fill=\"#fff\" stroke=\"#d8d9da\" rx=\"2\"";
        writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {look}/>")
            .unwrap();
    }

    fn text(&self, svg: &mut String, (x, y): (f64, f64), look: &str, text: &str) {
        let (x, y) = (self.x + x, self.y + y);
        writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {look}>{text}</text>").unwrap();
    }

    fn plot(&self, svg: &mut String, lines: &[Line], unit: &str) {
        let points = || lines.iter().flat_map(|(_, points)| points);
        let (left, right) = (self.x + 62.0, self.x + self.width - 24.0);
        let (top, bottom) = (self.y + 28.0, self.bottom() - 50.0);
        let start = points().map(|point| point.0).fold(f64::MAX, f64::min);
        let end = points().map(|point| point.0).fold(start + 1.0, f64::max);
        let highest = round_up(points().map(|point| point.1).fold(0.0, f64::max));
        let across = |time: f64| left + (right - left) * (time - start) / (end - start);
        let up = |value: f64| bottom - (bottom - top) * value / highest;

        for share in [0.0, 0.5, 1.0] {
            let (value, y) = (highest * share, up(highest * share));
            writeln!(svg, "<path d=\"M{left:.0} {y:.1}H{right:.0}\" stroke=\"#e4e5e6\"/>").unwrap();
            let place = (56.0, y - self.y + 4.0);
            self.text(svg, place, "text-anchor=\"end\" fill=\"#777\"", &with_unit(value, unit));
            let seconds = (end - start) * share;
            let place = (across(start + seconds) - self.x, bottom - self.y + 14.0);
            let look = "text-anchor=\"middle\" fill=\"#777\"";
            self.text(svg, place, look, &format!("{seconds:.0} s"));
        }
        let mut legend = (12.0, self.height - 21.0);
        for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            let mut path = String::new();
            for (index, (time, value)) in points.iter().enumerate() {
                let command = if index == 0 { 'M' } else { 'L' };
                write!(path, "{command}{:.0} {:.1}", across(*time), up(*value)).unwrap();
            }
            writeln!(
                svg,
                "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"1.5\" fill=\"none\"/>"
            )
            .unwrap();
            let name_width = f64::from(u32::try_from(name.len()).unwrap()) * 6.1 + 22.0;
            if legend.0 + name_width > self.width {
                legend = (12.0, legend.1 + 13.0);
            }
            let name = escape(name);
            let dot = format!("<tspan fill=\"{colour}\">■</tspan> {name}");
            self.text(svg, legend, "font-size=\"10\"", &dot);
            legend.0 += name_width;
        }
    }
}

/// The series that a target's query gave, without those that never rose above zero where others did.
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

/// The next of 1, 2, 5, 10, … that is not below.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10.0_f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * power >= value);
    step.unwrap_or(10.0) * power
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
