//! Sample bodies, and markers typed on the command line.

use std::{collections::BTreeMap, fmt, str::FromStr};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

type Object = BTreeMap<String, Box<RawValue>>;

/// The sample webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sample {
    #[value(name = "labtest.result.ready")]
    Ready,
    #[value(name = "labtest.result.critical")]
    Critical,
    #[value(name = "order.completed")]
    Completed,
    #[value(name = "order.cancelled")]
    Cancelled,
}

impl Sample {
    fn text(self) -> &'static str {
        match self {
            Self::Ready => include_str!("../../../examples/payloads/labtest.result.ready.json"),
            Self::Critical => {
                include_str!("../../../examples/payloads/labtest.result.critical.json")
            }
            Self::Completed => include_str!("../../../examples/payloads/order.completed.json"),
            Self::Cancelled => include_str!("../../../examples/payloads/order.cancelled.json"),
        }
    }

    fn has_markers(self) -> bool {
        matches!(self, Self::Ready | Self::Critical)
    }
}

/// One marker as Junction sends it; numbers are kept as their text.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Marker {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slug: Option<&'static str>,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    pub(crate) value: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_range_value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_range_value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interpretation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loinc: Option<&'static str>,
}

/// Why there is no such body or marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadError {
    OrderWithMarkers,
    BrokenSample,
    MarkerWithoutName,
    MarkerWithoutValue,
    BrokenQuotes,
    EmptyUnit,
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OrderWithMarkers => "an order event has no markers",
            Self::BrokenSample => "the sample is not an object with an object `data`",
            Self::MarkerWithoutName => "no name before `=`",
            Self::MarkerWithoutValue => "no value after `=`",
            Self::BrokenQuotes => {
                "the quoted text is not a JSON string, or more follows than `:UNIT`"
            }
            Self::EmptyUnit => "no unit after `:`",
        })
    }
}

impl std::error::Error for PayloadError {}

/// The sample as it is, or with these markers in place of its own.
pub(crate) fn build(sample: Sample, markers: &[Marker]) -> Result<String, PayloadError> {
    if markers.is_empty() {
        return Ok(sample.text().to_owned());
    }
    if !sample.has_markers() {
        return Err(PayloadError::OrderWithMarkers);
    }
    replace_markers(sample.text(), markers).map_err(|_| PayloadError::BrokenSample)
}

fn replace_markers(text: &str, markers: &[Marker]) -> serde_json::Result<String> {
    let mut event: Object = serde_json::from_str(text)?;
    let data = event.get("data").map_or("null", |data| data.get());
    let mut data: Object = serde_json::from_str(data)?;
    let critical = markers.iter().filter(|marker| marker.interpretation == Some("critical"));
    data.insert("marker_count".to_owned(), to_raw_value(&markers.len())?);
    data.insert("critical_marker_count".to_owned(), to_raw_value(&critical.count())?);
    data.insert("markers".to_owned(), to_raw_value(markers)?);
    event.insert("data".to_owned(), to_raw_value(&data)?);
    serde_json::to_string(&event)
}

impl FromStr for Marker {
    type Err = PayloadError;

    fn from_str(text: &str) -> Result<Self, PayloadError> {
        let (name, rest) = text.split_once('=').ok_or(PayloadError::MarkerWithoutValue)?;
        if name.is_empty() {
            return Err(PayloadError::MarkerWithoutName);
        }
        let (value, unit) = if rest.starts_with('"') { quoted(rest)? } else { bare(rest)? };
        if unit == Some("") {
            return Err(PayloadError::EmptyUnit);
        }
        Ok(Self {
            slug: None,
            name: name.to_owned(),
            unit: unit.map(str::to_owned),
            value,
            min_range_value: None,
            max_range_value: None,
            interpretation: None,
            loinc: None,
        })
    }
}

/// A JSON string, kept as typed, and what follows its colon.
fn quoted(rest: &str) -> Result<(Box<RawValue>, Option<&str>), PayloadError> {
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Box<RawValue>>();
    let Some(Ok(value)) = values.next() else {
        return Err(PayloadError::BrokenQuotes);
    };
    match rest.get(values.byte_offset()..) {
        Some("") => Ok((value, None)),
        Some(rest) => match rest.strip_prefix(':') {
            Some(unit) => Ok((value, Some(unit))),
            None => Err(PayloadError::BrokenQuotes),
        },
        None => Err(PayloadError::BrokenQuotes),
    }
}

/// A number as typed, null, or else text; and what follows the first colon.
fn bare(rest: &str) -> Result<(Box<RawValue>, Option<&str>), PayloadError> {
    let (value, unit) = match rest.split_once(':') {
        Some((value, unit)) => (value, Some(unit)),
        None => (rest, None),
    };
    if value.is_empty() {
        return Err(PayloadError::MarkerWithoutValue);
    }
    let number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let literal = if number || value == "null" {
        RawValue::from_string(value.to_owned()).ok().filter(|literal| literal.get() == value)
    } else {
        None
    };
    // What only begins like a number, as 1-10 or 05 do, is text.
    let value = match literal {
        Some(literal) => literal,
        None => to_raw_value(value).map_err(|_| PayloadError::MarkerWithoutValue)?,
    };
    Ok((value, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_markers_as_typed() {
        let cases = [
            ("Iron=100.20", r#"{"name":"Iron","value":100.20}"#),
            ("Iron=100.20:ug/dL", r#"{"name":"Iron","unit":"ug/dL","value":100.20}"#),
            ("Iron=-1e400", r#"{"name":"Iron","value":-1e400}"#),
            ("Iron=null", r#"{"name":"Iron","value":null}"#),
            ("Iron=<5.0:ug/dL", r#"{"name":"Iron","unit":"ug/dL","value":"<5.0"}"#),
            (r#"Iron="100.20":ug/dL"#, r#"{"name":"Iron","unit":"ug/dL","value":"100.20"}"#),
            (r#"ANA="1:80""#, r#"{"name":"ANA","value":"1:80"}"#),
            ("HIV 1+2=POS", r#"{"name":"HIV 1+2","value":"POS"}"#),
            ("Cells=1-10:/[HPF]", r#"{"name":"Cells","unit":"/[HPF]","value":"1-10"}"#),
            ("Odd=05", r#"{"name":"Odd","value":"05"}"#),
            ("Odd=1 ", r#"{"name":"Odd","value":"1 "}"#),
            (r#"Odd="""#, r#"{"name":"Odd","value":""}"#),
            ("Odd=a=b:c:d", r#"{"name":"Odd","unit":"c:d","value":"a=b"}"#),
        ];
        for (text, expected) in cases {
            let marker: Marker = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&marker).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_markers_that_are_none() {
        let cases = [
            ("Iron", PayloadError::MarkerWithoutValue),
            ("Iron=", PayloadError::MarkerWithoutValue),
            ("Iron=:ug/dL", PayloadError::MarkerWithoutValue),
            ("=1", PayloadError::MarkerWithoutName),
            ("Iron=1:", PayloadError::EmptyUnit),
            (r#"Iron="1"#, PayloadError::BrokenQuotes),
            (r#"Iron="1"ug/dL"#, PayloadError::BrokenQuotes),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Marker>().unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn puts_markers_in_place_of_the_samples_and_counts_them() {
        let mut critical: Marker = "Iron=1.0".parse().unwrap();
        critical.interpretation = Some("critical");
        let markers = [critical, "Lead=2.00".parse().unwrap()];
        let body = build(Sample::Critical, &markers).unwrap();
        let event: Object = serde_json::from_str(&body).unwrap();
        let data: Object = serde_json::from_str(event["data"].get()).unwrap();
        let markers = concat!(
            r#"[{"name":"Iron","value":1.0,"interpretation":"critical"},"#,
            r#"{"name":"Lead","value":2.00}]"#
        );
        assert_eq!(data["markers"].get(), markers);
        assert_eq!(data["marker_count"].get(), "2");
        assert_eq!(data["critical_marker_count"].get(), "1");
        assert_eq!(data["sample_id"].get(), r#""W4123LKB3VTL""#);
        assert_eq!(event["event_type"].get(), r#""labtest.result.critical""#);
    }

    #[test]
    fn gives_an_order_no_markers() {
        let marker = "Iron=1.0".parse().unwrap();
        assert_eq!(build(Sample::Completed, &[marker]), Err(PayloadError::OrderWithMarkers));
        let sample = include_str!("../../../examples/payloads/order.completed.json");
        assert_eq!(build(Sample::Completed, &[]), Ok(sample.to_owned()));
    }
}
