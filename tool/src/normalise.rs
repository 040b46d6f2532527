//! `junction-webhook normalise`: a document to the event that the upstream would get.
//!
//! ```text
//! junction-webhook normalise --explain examples/payloads/labtest.result.ready.json
//! ```
//!
//! Reads and writes by the core's own code; nothing is signed or verified.

mod explanation;

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::{self, Read, Write},
};

use clap::{Args, ValueEnum};
use junction_webhook::{
    config::Config,
    document::{self, Data, Document, Nulls, UnknownEvents},
    event::{Envelope, normalise, time},
    reject::{Answer, Reason, Rejection},
    signature::SchemeName,
};
use serde::Serialize;
use serde_json::value::RawValue;

use self::explanation::{Explanation, Row};
use crate::{
    Verdict,
    output::{self, BAD, FAINT, GOOD, STRONG, plain},
    plugin,
};

/// Turns a document into the event that your service would get, junction.event.v1.
///
/// Exits 0 where the filter would forward or acknowledge the document, 1 where it would refuse it,
/// whose answer is then printed, and 2 where something cannot be read.
#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "a terminal shows it as it is")]
#[command(after_help = "Examples:
  junction-webhook normalise examples/payloads/labtest.result.ready.json
  junction-webhook normalise --explain examples/payloads/labtest.result.critical.json
  junction-webhook normalise --id msg_1 --at 2026-11-24T00:15:00Z examples/payloads/order.completed.json
  junction-webhook normalise --json --config envoy.yaml --nulls absent examples/payloads/order.cancelled.json")]
pub(crate) struct Arguments {
    /// The document, as Junction sends it; - is standard input
    #[arg(value_name = "FILE")]
    file: String,

    /// The event's id, as svix-id gives it
    #[arg(long, default_value = "msg_example")]
    id: String,

    /// When it was signed: seconds since 1970, or a time such as 2026-11-24T00:15:00Z; without it
    /// sent_at is null
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Take switches and bounds from the plugin's configuration in this file, which may be any that
    /// check takes
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// What becomes of an event of another type, in place of the configuration's
    #[arg(long, value_enum, value_name = "WHAT")]
    unknown_events: Option<Unknown>,

    /// How null is taken where the field may be left out, in place of the configuration's
    #[arg(long, value_enum, value_name = "HOW")]
    nulls: Option<Null>,

    /// Show of each marker what was sent, what it became, and by which rule
    #[arg(long)]
    explain: bool,

    /// Print JSON about the outcome, for scripts, and not the event alone
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Unknown {
    Reject,
    Acknowledge,
    Forward,
}

#[derive(Clone, Copy, ValueEnum)]
enum Null {
    Reject,
    Absent,
}

/// What becomes of the document, and what `--json` prints.
#[derive(Serialize)]
struct Report<'d> {
    /// Whether the filter would not refuse it.
    passed: bool,
    outcome: &'static str,
    /// The filter's own answer, where it gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation<'d>>,
}

pub(crate) fn run(arguments: &Arguments) -> Verdict {
    let config = read_config(arguments)?;
    // The core knows which ids there are.
    let headers = [("svix-id", arguments.id.as_bytes())];
    let defaults = plugin::defaults().map_err(|unusable| unusable.to_string())?;
    if defaults.verifier.claimed_id(&headers).is_none() {
        return Err("--id: must be 1 to 256 visible ASCII characters without a dot".into());
    }
    let sent_at = arguments.at.as_deref().map(read_time).transpose()?;
    let body = read_body(&arguments.file)?;
    let envelope = Envelope {
        event_id: &arguments.id,
        verified_by: SchemeName::Svix.as_str(),
        sent_at: sent_at.as_deref().and_then(time::to_utc),
    };
    let report = judge(&body, &config, &envelope, arguments.explain)?;
    if arguments.json {
        output::print_json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(report.passed)
}

fn read_config(arguments: &Arguments) -> Result<Config, Box<dyn Error>> {
    let plugin = match &arguments.config {
        None => plugin::defaults(),
        Some(path) => {
            let file = plugin::File::read(path)?;
            let sites = file.sites();
            let [site] = &sites[..] else {
                return Err(format!("{path}: {} filters in it, not one", sites.len()).into());
            };
            site.plugin_with_stand_ins().0
        }
    };
    let mut config = plugin.map_err(|unusable| unusable.to_string())?;
    if let Some(unknown) = arguments.unknown_events {
        config.rules.unknown_events = match unknown {
            Unknown::Reject => UnknownEvents::Reject,
            Unknown::Acknowledge => UnknownEvents::Acknowledge,
            Unknown::Forward => UnknownEvents::Forward,
        };
    }
    if let Some(nulls) = arguments.nulls {
        config.rules.nulls = match nulls {
            Null::Reject => Nulls::Reject,
            Null::Absent => Nulls::Absent,
        };
    }
    Ok(config)
}

/// A time in UTC, from seconds since 1970 or RFC 3339.
fn read_time(text: &str) -> Result<String, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| time::from_unix(seconds, None));
    let read = seconds.or_else(|| time::to_utc(text)).map(|time| time.to_string());
    read.ok_or("--at: must be seconds since 1970, or a time such as 2026-11-24T00:15:00Z")
}

fn read_body(path: &str) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| format!("{path}: cannot read: {error}");
    if path == "-" {
        let mut body = Vec::new();
        io::stdin().read_to_end(&mut body).map_err(unreadable)?;
        return Ok(body);
    }
    fs::read(path).map_err(unreadable)
}

/// What the filter does with a verified body.
fn judge<'d>(
    body: &'d [u8],
    config: &Config,
    envelope: &Envelope<'_>,
    is_explained: bool,
) -> Result<Report<'d>, Box<dyn Error>> {
    if body.len() > config.max_body_bytes {
        return Ok(answered(&Rejection::from(Reason::BodySize).answer(), false)?);
    }
    let read = match document::read(body, config.rules) {
        Err(error) => return Ok(answered(&Rejection::from(error).answer(), false)?),
        Ok(Document::Unknown { event_type }) => {
            return Ok(answered(&Answer::ignored(event_type.as_str()), true)?);
        }
        Ok(Document::Event(read)) => read,
    };
    let event = normalise(&read, envelope, body.len());
    let explanation = match read.data {
        Data::LabResult(_) if is_explained => Some(explanation::explain(body, &event)?),
        // Nothing in another event's data is normalised.
        _ => is_explained.then(Explanation::default),
    };
    Ok(Report {
        passed: true,
        outcome: "forwarded",
        status: None,
        answer: None,
        event: Some(RawValue::from_string(String::from_utf8(event)?)?),
        explanation,
    })
}

/// What the filter answers by itself.
fn answered<'d>(answer: &Answer, passed: bool) -> serde_json::Result<Report<'d>> {
    Ok(Report {
        passed,
        outcome: if passed { "acknowledged" } else { "rejected" },
        status: Some(answer.status),
        answer: Some(RawValue::from_string(answer.body.clone())?),
        event: None,
        explanation: None,
    })
}

fn print(report: &Report<'_>) -> io::Result<()> {
    let mut out = output::standard();
    if let Some((status, answer)) = report.status.zip(report.answer.as_deref()) {
        let style = if report.passed { GOOD } else { BAD };
        writeln!(out, "{style}{status}{style:#} {}", output::json_text(answer.get()))?;
    }
    if let Some(event) = &report.event {
        // As your service gets it, to the byte.
        writeln!(out, "{}", output::json_text(event.get()))?;
    }
    let Some(explanation) = &report.explanation else { return Ok(()) };
    for table in &explanation.tables {
        write!(out, "\n{STRONG}{}", table.place)?;
        if !table.name.is_empty() {
            write!(out, " {}", plain(&table.name))?;
        }
        writeln!(out, "{STRONG:#}")?;
        let cells: Vec<_> = table.rows.iter().map(cells).collect();
        let width = |of: fn(&[String; 3]) -> &String| {
            let widths = cells.iter().map(|row| of(row).chars().count());
            widths.max().unwrap_or(0).min(MAX_WIDTH)
        };
        let [field_width, sent_width, became_width] =
            [width(|[field, ..]| field), width(|[_, sent, _]| sent), width(|[.., became]| became)];
        for ([field, sent, became], row) in cells.iter().zip(&table.rows) {
            writeln!(
                out,
                "  {field:field_width$}  {sent:sent_width$}  {became:became_width$}  {} {FAINT}({}){FAINT:#}",
                row.rule, row.section
            )?;
        }
    }
    Ok(())
}

/// How wide a column is at most where others stand behind it, in characters.
const MAX_WIDTH: usize = 40;

/// Field, what was sent and what it became, as a reader sees them.
fn cells(row: &Row<'_>) -> [String; 3] {
    let shown =
        |value: Option<&RawValue>| value.map_or_else(|| "-".to_owned(), |value| plain(value.get()));
    let value = row.became.as_deref().filter(|_| row.field == "value");
    let became = value.and_then(in_words).unwrap_or_else(|| shown(row.became.as_deref()));
    [row.field.to_owned(), shown(row.sent), became]
}

/// A `value` without the names of its members: `quantity < 5.0`.
fn in_words(value: &RawValue) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
    let kind: String = serde_json::from_str(members.get("kind")?.get()).ok()?;
    let mut words = vec![kind];
    for name in ["comparator", "number", "low", "high", "text"] {
        let member = members.get(name).filter(|member| member.get() != "null");
        words.extend(member.map(|member| {
            let text = member.get();
            plain(if name == "comparator" { text.trim_matches('"') } else { text })
        }));
    }
    Some(words.join(" "))
}

#[cfg(test)]
mod tests;
