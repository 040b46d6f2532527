//! Holds normalised events against `schema/junction.event.v1.schema.json`.

use std::sync::LazyLock;

use serde_json::Value;

use crate::schema::Schema;

static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::parse(include_str!("../../../schema/junction.event.v1.schema.json")));

/// Panics with the event and the rules where an event does not satisfy the schema.
pub fn assert_valid(event: &str) {
    if let Err(error) = check(event) {
        panic!("{error}: {event}");
    }
}

/// The rules of the schema that an event breaks, with the places.
pub fn check(event: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(event)
        .unwrap_or_else(|_| serde_json::from_str(&within_f64(event)).unwrap());
    SCHEMA.check(&value).map_err(|error| error.to_string())
}

/// Whether an event satisfies the schema, its numbers as they are held here.
pub fn is_valid(event: &Value) -> bool {
    SCHEMA.is_valid(event)
}

/// The text with a number in place of each that is beyond `f64`, which the validator cannot hold.
fn within_f64(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    let mut rest = json;
    while let Some(character) = rest.chars().next() {
        let number = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let number = rest.split_at(number.unwrap_or(rest.len())).0;
        let is_number = !inside && matches!(character, '0'..='9' | '-');
        let token = if is_number { number } else { &rest[..character.len_utf8()] };
        let is_beyond = is_number && token.parse::<f64>().is_ok_and(f64::is_infinite);
        out.push_str(if is_beyond { "1" } else { token });
        match character {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
        rest = &rest[token.len()..];
    }
    out
}
