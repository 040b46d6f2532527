//! Turns a `google.protobuf.Struct` into the JSON text that it stands for.
//!
//! Envoy hands a `StringValue` on as text, and a `Struct` in protobuf's binary form (seen on 1.40,
//! although its documentation promises JSON).

use std::borrow::Cow;

use prost_types::Struct;
use prost_types::value::Kind;
use serde_json::{Map, Number, Value};

use prost::Message as _;

/// The configuration's JSON text; bytes that are neither JSON nor a `Struct` come back as they are.
pub(crate) fn json_text(configuration: &[u8]) -> Cow<'_, [u8]> {
    // JSON first: a text may start with a line feed, which is also how a binary `Struct` starts.
    if serde_json::from_slice::<Value>(configuration).is_ok() {
        return Cow::Borrowed(configuration);
    }
    match Struct::decode(configuration) {
        // Decoding passes over what it does not know, which may be all of a text.
        Ok(decoded) if decoded.encoded_len() == configuration.len() => {
            Cow::Owned(object(decoded).to_string().into_bytes())
        }
        _ => Cow::Borrowed(configuration),
    }
}

fn object(decoded: Struct) -> Value {
    let fields = decoded.fields.into_iter().map(|(key, value)| (key, json(value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn json(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(number)) => json_number(number),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        Some(Kind::StructValue(fields)) => object(fields),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json).collect(),
    }
}

/// A number, which a `Struct` can only hold as a double: a whole one is written as an integer.
fn json_number(number: f64) -> Value {
    // The shortest decimal that gives this double; `{:.0}` of a whole one has no fraction.
    let text = if number.fract() == 0.0 { format!("{number:.0}") } else { number.to_string() };
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests;
