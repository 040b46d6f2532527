//! By which rule each field of a lab result became what it is.
//!
//! Holds the document and its event side by side, both as JSON texts, and names the rule of
//! `docs/normalised-event.md` that tells them apart. It decides nothing: what a field became is
//! read from the event that the core wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const MARKERS: &str = "docs/normalised-event.md#markers";
const RESULT: &str = "docs/normalised-event.md#lab-result";
const VALUES: &str = "docs/normalised-event.md#values";
const UNITS: &str = "docs/normalised-event.md#units";
const INTERPRETATION: &str = "docs/normalised-event.md#interpretation";
const TIMES: &str = "docs/normalised-event.md#times";
const BACK: &str = "docs/normalised-event.md#raw-extra-and-the-way-back";

const AS_SENT: &str = "as sent";

/// What became of a lab result; other events are passed on as they are.
#[derive(Default, Serialize)]
pub(super) struct Explanation<'d> {
    pub(super) tables: Vec<Table<'d>>,
}

/// One object of the document.
#[derive(Serialize)]
pub(super) struct Table<'d> {
    /// A JSON Pointer.
    pub(super) place: String,
    /// A marker's name, as sent.
    pub(super) name: String,
    pub(super) rows: Vec<Row<'d>>,
}

/// One field.
#[derive(Serialize)]
pub(super) struct Row<'d> {
    /// As the event calls it.
    pub(super) field: &'static str,
    /// The sender's own token; `None` where there is none.
    pub(super) sent: Option<&'d RawValue>,
    /// The event's; `None` where that is null.
    pub(super) became: Option<Box<RawValue>>,
    pub(super) rule: &'static str,
    pub(super) section: &'static str,
}

/// The JSON of a value, where there is one.
type Token<'t> = Option<&'t str>;

/// Names a rule by what was sent and what that became.
type Rule = fn(Token<'_>, Token<'_>) -> &'static str;

type Fields<'d> = BTreeMap<String, &'d RawValue>;

/// Explains the event of a lab result by the body that it was made of.
pub(super) fn explain<'d>(body: &'d [u8], event: &[u8]) -> serde_json::Result<Explanation<'d>> {
    let sent: Fields<'d> = serde_json::from_slice(body)?;
    let became: Fields<'_> = serde_json::from_slice(event)?;
    let data = |fields: &Fields<'d>| fields.get("data").copied();
    let mut tables = Vec::new();
    if let (Some(sent), Some(became)) = (data(&sent), became.get("data")) {
        let sent: Fields<'d> = serde_json::from_str(sent.get())?;
        let became: Fields<'_> = serde_json::from_str(became.get())?;
        tables.push(explain_result(&sent, &became));
        tables.extend(explain_markers(&sent, &became)?);
    }
    Ok(Explanation { tables })
}

fn explain_result<'d>(sent: &Fields<'d>, became: &Fields<'_>) -> Table<'d> {
    let object = Object { sent, became };
    let mut rows = Vec::new();
    for field in ["collected_at", "reported_at"] {
        object.add(&mut rows, field, field, time_rule, TIMES);
    }
    for field in ["marker_count", "critical_marker_count"] {
        rows.push(object.row(field, field, count_rule, RESULT));
    }
    object.add_extra(&mut rows);
    Table { place: "/data".to_owned(), name: String::new(), rows }
}

fn explain_markers<'d>(
    sent: &Fields<'d>,
    became: &Fields<'_>,
) -> serde_json::Result<Vec<Table<'d>>> {
    let list = |markers: Option<&&'d RawValue>| -> serde_json::Result<Vec<&'d RawValue>> {
        markers.map_or(Ok(Vec::new()), |markers| {
            Ok(serde_json::from_str::<Option<_>>(markers.get())?.unwrap_or_default())
        })
    };
    let sent = list(sent.get("markers"))?;
    let became: Vec<&RawValue> = match became.get("markers") {
        Some(markers) => serde_json::from_str(markers.get())?,
        None => Vec::new(),
    };
    sent.into_iter()
        .zip(became)
        .enumerate()
        .map(|(index, (sent, became))| explain_marker(index, sent, became))
        .collect()
}

fn explain_marker<'d>(
    index: usize,
    sent: &'d RawValue,
    became: &RawValue,
) -> serde_json::Result<Table<'d>> {
    let sent: Fields<'d> = serde_json::from_str(sent.get())?;
    let mut became: BTreeMap<String, &RawValue> = serde_json::from_str(became.get())?;
    // What is nested in the event stands beside the rest in the document.
    for (object, fields) in [
        ("reference_range", &[("low", "low"), ("high", "high")][..]),
        ("interpretation", &[("code", "code")][..]),
    ] {
        let nested: Fields<'_> = match became.get(object) {
            Some(nested) => serde_json::from_str(nested.get())?,
            None => Fields::new(),
        };
        for (own, name) in fields {
            became.extend(nested.get(*own).map(|value| ((*name).to_owned(), *value)));
        }
    }
    let name = sent.get("name").map_or("", |name| name.get());
    let name = serde_json::from_str(name).unwrap_or_default();
    let object = Object { sent: &sent, became: &became };
    let mut rows = Vec::new();
    object.add(&mut rows, "name", "name", name_rule, MARKERS);
    object.add(&mut rows, "slug", "slug", slug_rule, MARKERS);
    rows.push(object.value_row());
    object.add(&mut rows, "unit", "unit", name_rule, MARKERS);
    object.add(&mut rows, "ucum", "unit", ucum_rule, UNITS);
    object.add(&mut rows, "reference_range.low", "min_range_value", as_sent, MARKERS);
    object.add(&mut rows, "reference_range.high", "max_range_value", as_sent, MARKERS);
    rows.push(object.row("interpretation.code", "interpretation", code_rule, INTERPRETATION));
    object.add(&mut rows, "observed_at", "timestamp", time_rule, TIMES);
    object.add(&mut rows, "notes", "notes", as_sent, MARKERS);
    object.add_extra(&mut rows);
    Ok(Table { place: format!("/data/markers/{index}"), name, rows })
}

/// One object, as sent and as it became.
struct Object<'o, 'd> {
    sent: &'o Fields<'d>,
    became: &'o BTreeMap<String, &'o RawValue>,
}

impl<'d> Object<'_, 'd> {
    /// The sender's value of a field; null counts as absent.
    fn sent(&self, field: &str) -> Option<&'d RawValue> {
        self.sent.get(field).copied().filter(|value| value.get() != "null")
    }

    /// The event's value of a field, by the last part of its name there; null counts as
    /// absent.
    fn became(&self, field: &str) -> Option<&RawValue> {
        let name = field.rsplit('.').next().unwrap_or(field);
        self.became.get(name).copied().filter(|value| value.get() != "null")
    }

    fn row(&self, field: &'static str, source: &str, rule: Rule, section: &'static str) -> Row<'d> {
        let (sent, became) = (self.sent(source), self.became(field));
        let rule = rule(sent.map(RawValue::get), became.map(RawValue::get));
        Row { field, sent, became: became.map(ToOwned::to_owned), rule, section }
    }

    /// Adds the row of a field, unless there is nothing on either side.
    fn add(
        &self,
        rows: &mut Vec<Row<'d>>,
        field: &'static str,
        source: &str,
        rule: Rule,
        section: &'static str,
    ) {
        let row = self.row(field, source, rule, section);
        if row.sent.is_some() || row.became.is_some() {
            rows.push(row);
        }
    }

    fn add_extra(&self, rows: &mut Vec<Row<'d>>) {
        if let Some(extra) = self.became("extra") {
            rows.push(Row {
                field: "extra",
                sent: None,
                became: Some(extra.to_owned()),
                rule: "fields that the schema does not name, as sent",
                section: BACK,
            });
        }
    }

    fn value_row(&self) -> Row<'d> {
        let is_kept = self.became("raw").and_then(|raw| {
            let raw: Fields<'_> = serde_json::from_str(raw.get()).ok()?;
            raw.contains_key("value").then_some(())
        });
        let value = self.sent("value");
        let became = self.became("value");
        let kind = became.and_then(|value| serde_json::from_str(value.get()).ok());
        let Kind { kind } = kind.unwrap_or_default();
        let said_nothing = ["type", "result"].iter().all(|field| self.sent(field).is_none());
        let (rule, is_result) = match is_kept {
            None if value.is_none() => ("no value was sent, and no usable result", false),
            None if kind == "text" => ("a text that is not plainly a number stays text", false),
            None if said_nothing && value.is_some_and(|value| is_minus_one(value.get())) => {
                ("-1 with neither type nor result may stand for no number: it stays", false)
            }
            None => (AS_SENT, false),
            Some(()) => self.value_rule(value, &kind),
        };
        let sent = if is_result { self.sent("result") } else { value };
        Row { field: "value", sent, became: became.map(ToOwned::to_owned), rule, section: VALUES }
    }

    /// The rule of a value that the event no longer carries as it was, and whether it was read from
    /// `result`.
    fn value_rule(&self, value: Option<&RawValue>, kind: &str) -> (&'static str, bool) {
        let said = |field| {
            self.sent(field).and_then(|said| serde_json::from_str::<String>(said.get()).ok())
        };
        let result = self.sent("result").filter(|result| {
            // A blank text says nothing.
            said("result")
                .map_or(result.get().parse::<f64>().is_ok(), |text| !text.trim().is_empty())
        });
        let is_of_other_type = said("type").is_some_and(|kind| kind != "numeric");
        let is_text = value.is_some_and(|value| value.get().starts_with('"'));
        match (value, result) {
            (None, Some(_)) => ("no value was sent, so result is read", true),
            (_, Some(_)) if is_of_other_type => ("type is not numeric, so result is read", true),
            (_, None) if is_of_other_type && kind == "absent" => {
                ("type is not numeric and there is no result: a -1 stands for no number", false)
            }
            (Some(_), Some(_)) if !is_text => {
                if value.is_some_and(|value| is_minus_one(value.get())) && said("type").is_none() {
                    ("-1 without a type may stand for no number, so result is read", true)
                } else {
                    ("result is the same number, so its digits are taken", true)
                }
            }
            _ if kind == "range" => ("a text of two plain decimals is a range", false),
            _ => ("a text that is a plain decimal, with or without a comparator", false),
        }
    }
}

#[derive(Default, Deserialize)]
struct Kind {
    kind: String,
}

fn is_minus_one(token: &str) -> bool {
    // Digits do not matter to what is shown: -1, -1.0, -1e0.
    token.parse().is_ok_and(|number: f64| (number + 1.0).abs() < f64::EPSILON)
}

fn as_sent(_: Token<'_>, _: Token<'_>) -> &'static str {
    AS_SENT
}

fn count_rule(sent: Token<'_>, became: Token<'_>) -> &'static str {
    if sent == became { "counted, and as sent" } else { "counted from the markers" }
}

fn name_rule(sent: Token<'_>, became: Token<'_>) -> &'static str {
    if sent == became { AS_SENT } else { "trimmed; white space in a name is folded" }
}

fn slug_rule(sent: Token<'_>, became: Token<'_>) -> &'static str {
    if sent == became { AS_SENT } else { "made of the name" }
}

fn ucum_rule(_: Token<'_>, became: Token<'_>) -> &'static str {
    match became {
        Some(_) => "looked up in data/units.tsv",
        None => "a spelling that is unknown, or means several units",
    }
}

fn code_rule(word: Token<'_>, code: Token<'_>) -> &'static str {
    // What does not matter to the core does not matter to what is said of it.
    let is_letter = |letter: &char| letter.is_ascii_alphabetic();
    let word = word.map(|word| word.chars().filter(is_letter).collect::<String>().to_lowercase());
    match (word.as_deref(), code.map(|code| code.trim_matches('"'))) {
        (None, _) => "no flag was sent, and none is derived",
        (Some(_), None) => "a word that has no code",
        (Some("abnormal"), Some("H" | "L")) | (Some("critical"), Some("HH" | "LL")) => {
            "the value provably lies on that side of its range"
        }
        (Some("abnormal"), Some("A")) | (Some("critical"), Some("AA")) => {
            "nothing proves a side of the range"
        }
        _ => "the code of this word",
    }
}

fn time_rule(sent: Token<'_>, became: Token<'_>) -> &'static str {
    match became {
        _ if sent == became => AS_SENT,
        Some(_) => "the same instant in UTC",
        None => "no time with an offset: null, and as sent in raw",
    }
}
