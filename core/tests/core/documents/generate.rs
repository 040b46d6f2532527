//! Generates documents: most are valid, and every place sometimes holds something else.
//!
//! A document is kept as a tree of spellings, so that it can be written as the sender would and as
//! a parser that reads numbers into `f64` can read it.

use proptest::prelude::*;
use proptest::sample::select;

/// A JSON value with the spelling of its parts.
#[derive(Clone, Debug)]
pub(crate) enum Json {
    /// A string or literal, as it is spelled.
    Plain(&'static str),
    /// A number as it is spelled, and one of the same type, sign and integrality within `f64`.
    Number(&'static str, &'static str),
    Array(Vec<Json>),
    /// Keys as they are spelled, with quotes.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The text that is sent, with `space` between tokens.
    pub(crate) fn text(&self, space: &str) -> String {
        self.write(space, |sent, _| sent)
    }

    /// The text with numbers that fit into `f64`.
    pub(crate) fn stand_in(&self) -> String {
        self.write("", |_, stand_in| stand_in)
    }

    /// Whether any object has a key twice, however it is spelled.
    pub(crate) fn has_duplicate(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Number(..) => false,
            Self::Array(items) => items.iter().any(Self::has_duplicate),
            Self::Object(fields) => {
                let mut keys: Vec<String> =
                    fields.iter().map(|(key, _)| serde_json::from_str(key).unwrap()).collect();
                keys.sort();
                keys.windows(2).any(|pair| pair[0] == pair[1])
                    || fields.iter().any(|(_, value)| value.has_duplicate())
            }
        }
    }

    fn write(&self, space: &str, number: fn(&'static str, &'static str) -> &'static str) -> String {
        match self {
            Self::Plain(text) => (*text).to_owned(),
            Self::Number(sent, stand_in) => number(sent, stand_in).to_owned(),
            Self::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| item.write(space, number)).collect();
                format!("[{space}{}{space}]", items.join(&format!("{space},{space}")))
            }
            Self::Object(fields) => {
                let field = |(key, value): &(String, Self)| {
                    format!("{key}{space}:{space}{}", value.write(space, number))
                };
                let fields: Vec<_> = fields.iter().map(field).collect();
                format!("{{{space}{}{space}}}", fields.join(&format!("{space},{space}")))
            }
        }
    }
}

/// A document, and the white space between its tokens.
pub(crate) fn document() -> impl Strategy<Value = (Json, &'static str)> {
    let order = object(vec![
        required("order_id", filled()),
        required("status", filled()),
        optional("cancellation_reason", nullable(text())),
        optional("markers", anything()),
    ]);
    let data = prop_oneof![4 => lab_result(), 2 => order, 1 => anything()];
    let event_type = select(vec![
        r#""labtest.result.ready""#,
        r#""labtest.result.critical""#,
        r#""order.completed""#,
        r#""order.canc\u0065lled""#,
        r#""labtest.order.updated""#,
        r#""order.\u0075pdated""#,
        r#""a \\\" b""#,
        r#""a\\\"b""#,
    ]);
    let event = object(vec![
        required("event_type", event_type.prop_map(Json::Plain).boxed()),
        required("data", data.boxed()),
        optional("user_id", text()),
        optional("client_user_id", text()),
        optional("team_id", text()),
    ]);
    let whole = prop_oneof![40 => event, 1 => anything()];
    (whole, select(vec!["", " ", "\n\t", "\r\n  "]))
}

fn lab_result() -> BoxedStrategy<Json> {
    let markers = prop::collection::vec(prop_oneof![30 => marker(), 1 => anything()], 0..4);
    object(vec![
        optional("order_id", text()),
        optional("sample_id", text()),
        optional("status", text()),
        optional("interpretation", nullable(text())),
        optional("collected_at", perhaps_empty(time())),
        optional("reported_at", time()),
        optional("marker_count", nullable(count())),
        optional("critical_marker_count", count()),
        optional("markers", perhaps_null(markers.prop_map(Json::Array).boxed())),
        optional("cancellation_reason", anything()),
    ])
}

fn marker() -> BoxedStrategy<Json> {
    let value = prop_oneof![3 => number(), 3 => value_text(), 1 => Just(Json::Plain("null"))];
    object(vec![
        required("name", filled()),
        optional("slug", perhaps_empty(filled())),
        optional("unit", perhaps_empty(unit())),
        optional("value", value.boxed()),
        optional("min_range_value", nullable(number())),
        optional("max_range_value", nullable(number())),
        optional("interpretation", nullable(word())),
        optional("timestamp", time()),
        optional("notes", text()),
        optional("type", plain(&[r#""numeric""#, r#""coded_value""#, r#""comment""#, "null", "5"])),
        optional("result", prop_oneof![4 => value_text(), 1 => number(), 1 => anything()].boxed()),
        optional("is_above_max_range", flag()),
        optional("is_below_min_range", flag()),
    ])
}

type Field = BoxedStrategy<Option<(String, Json)>>;

/// A field that is nearly always there and of its kind.
fn required(name: &'static str, value: BoxedStrategy<Json>) -> Field {
    field(name, value, 60)
}

/// A field that is there as often as not.
fn optional(name: &'static str, value: BoxedStrategy<Json>) -> Field {
    field(name, value, 1)
}

fn field(name: &'static str, value: BoxedStrategy<Json>, weight: u32) -> Field {
    let value = prop_oneof![80 => value, 1 => anything()];
    let there = (key(name), value).prop_map(Some);
    prop_oneof![weight => there, 1 => Just(None)].boxed()
}

/// The fields in any order, with unknown ones among them.
fn object(fields: Vec<Field>) -> BoxedStrategy<Json> {
    let extra_key =
        select(vec!["loinc", "created_at", "raw", "extra", "a", "", "caf\u{e9}", "name"]);
    let extra_value = prop_oneof![2 => text(), 1 => number(), 1 => anything()];
    let extra = (extra_key.prop_flat_map(key), extra_value);
    let twice = prop::collection::vec(extra.clone(), 0..4);
    let extra =
        prop_oneof![3 => Just(Vec::new()), 3 => extra.prop_map(|one| vec![one]), 1 => twice];
    (fields, extra)
        .prop_map(|(fields, extra)| {
            fields.into_iter().flatten().chain(extra).collect::<Vec<(String, Json)>>()
        })
        .prop_shuffle()
        .prop_map(Json::Object)
        .boxed()
}

/// A key, now and then spelled with an escape.
fn key(name: &'static str) -> impl Strategy<Value = String> + Clone {
    prop_oneof![20 => Just(false), 1 => Just(true)].prop_map(move |escaped| {
        match name.chars().next().filter(|_| escaped) {
            Some(first) => {
                let rest = &name[first.len_utf8()..];
                format!("\"\\u{:04x}{rest}\"", u32::from(first))
            }
            None => format!("\"{name}\""),
        }
    })
}

/// A value of any type.
fn anything() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        plain(&["null", "true", "false", r#""""#, r#""x""#]),
        number(),
        Just(Json::Array(Vec::new())),
        Just(Json::Object(Vec::new())),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let key = select(vec![r#""a""#, r#""b""#, r#""name""#, r#""\u0061""#]);
        let field = (key.prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Json::Array),
            prop::collection::vec(field, 0..3).prop_map(Json::Object),
        ]
    })
    .boxed()
}

fn nullable(value: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    prop_oneof![4 => value, 1 => Just(Json::Plain("null"))].boxed()
}

/// Null now and then, where the schema has none.
fn perhaps_null(value: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    prop_oneof![20 => value, 1 => Just(Json::Plain("null"))].boxed()
}

/// An empty text now and then, where the schema wants a character.
fn perhaps_empty(value: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    prop_oneof![20 => value, 1 => plain(&[r#""""#])].boxed()
}

fn flag() -> BoxedStrategy<Json> {
    plain(&["true", "false", "null"])
}

fn plain(spellings: &[&'static str]) -> BoxedStrategy<Json> {
    select(spellings.to_vec()).prop_map(Json::Plain).boxed()
}

fn filled() -> BoxedStrategy<Json> {
    plain(&[
        r#""Sodium""#,
        r#"" Galleri  Cancer\tSignal ""#,
        r#""Caf\u00e9 (Total)""#,
        r#""β-hCG""#,
        r#"" ""#,
        r#""***""#,
        r#""\ud83d\ude00""#,
        r#""a\"b\\c\/""#,
        r#""\u0000""#,
    ])
}

fn text() -> BoxedStrategy<Json> {
    prop_oneof![4 => filled(), 1 => plain(&[r#""""#])].boxed()
}

fn unit() -> BoxedStrategy<Json> {
    plain(&[
        r#""mg/dL""#,
        r#"" mmol/L ""#,
        r#""\u00b5g/dL""#,
        r#""μg/dL""#,
        r#""furlong""#,
        r#""\t""#,
    ])
}

fn word() -> BoxedStrategy<Json> {
    plain(&[
        r#""normal""#,
        r#""Abnormal""#,
        r#""CRITICAL""#,
        r#""not_detected""#,
        r#""Non-Reactive""#,
        r#""HH""#,
        r#""a""#,
        r#""strange""#,
        r#""""#,
        r#""high""#,
        r#""Critical, high""#,
        r#""below lower panic limits""#,
    ])
}

fn time() -> BoxedStrategy<Json> {
    plain(&[
        r#""2024-10-31T09:08:00+00:00""#,
        r#""2024-11-02T17:31:09.123456-05:00""#,
        r#""2024-02-29T23:59:60Z""#,
        r#""2023-12-31T23:30:00-01:00""#,
        r#""2024-10-31T09:08:00Z""#,
        r#""2024-10-31""#,
        r#""soon""#,
        r#""2024-10-31t09:08:00.000z""#,
        r#""2024-10-31T09:08:00\u005a""#,
        r#""2024-10-31 09:08:00+0000""#,
        r#""2024-10-31T09:08:00-0530""#,
    ])
}

fn value_text() -> BoxedStrategy<Json> {
    plain(&[
        r#""<5.0""#,
        r#""≥ 3""#,
        r#""=< 0.10""#,
        r#"" 5 ""#,
        r#""+2.0""#,
        r#""-1""#,
        r#""1-10""#,
        r#""-5.0 - +2.0""#,
        r#""10-1""#,
        r#""1:80""#,
        r#""1,000""#,
        r#""1e5""#,
        r#""007""#,
        r#""NOT_DETECTED""#,
        r#""""#,
        r#""100.20""#,
        r#""100.2""#,
        r#""<.5""#,
        r#"".5-1""#,
        r#""> OR = 60""#,
        r#""-1.0""#,
        r#""\u0035""#,
        r#""< 0.10\n""#,
    ])
}

fn count() -> BoxedStrategy<Json> {
    const COUNTS: [(&str, &str); 10] = [
        ("0", "0"),
        ("1", "1"),
        ("2", "2"),
        ("-0", "0"),
        ("1.0", "1"),
        ("1e2", "100"),
        ("20e-1", "2"),
        ("1E+400", "100"),
        ("150e-1", "15"),
        ("123456789012345678901234567890", "7"),
    ];
    let other = number();
    prop_oneof![20 => select(COUNTS.to_vec()).prop_map(|(sent, other)| Json::Number(sent, other)), 1 => other].boxed()
}

fn number() -> BoxedStrategy<Json> {
    const NUMBERS: [(&str, &str); 19] = [
        ("0", "0"),
        ("-0", "-0"),
        ("-0.0", "-0.0"),
        ("1", "1"),
        ("-1", "-1"),
        ("-1.0", "-1.0"),
        ("-10e-1", "-10e-1"),
        ("1.0", "1.0"),
        ("1e2", "1e2"),
        ("150e-2", "150e-2"),
        ("150e-1", "150e-1"),
        ("100.20", "100.20"),
        ("100.2", "100.2"),
        ("0.10", "0.10"),
        ("1E+400", "100"),
        ("-1e400", "-100"),
        ("1e-400", "0.5"),
        ("-1e-400", "-0.5"),
        ("123456789012345678901234567890.10", "1.5"),
    ];
    select(NUMBERS.to_vec()).prop_map(|(sent, other)| Json::Number(sent, other)).boxed()
}
