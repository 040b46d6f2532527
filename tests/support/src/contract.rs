//! Holds normalised events against `schema/junction.event.v1.schema.json`.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../../../schema/junction.event.v1.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
});

/// Panics with the event and the rule where an event does not satisfy the schema.
pub fn assert_valid(event: &str) {
    if let Err(error) = check(event) {
        panic!("{error}: {event}");
    }
}

/// The first rule of the schema that an event breaks, with the place.
pub fn check(event: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(&within_f64(event)).unwrap();
    SCHEMA.validate(&value).map_err(|error| format!("{error} at {}", error.instance_path()))
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
