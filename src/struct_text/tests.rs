//! A `Struct` is read like its JSON, and nothing else is taken for one.

use junction_webhook::config::{Config, Guarded, Mode, Unusable};
use prost_types::ListValue;

use super::*;

fn parse(configuration: &[u8]) -> Result<Config, Unusable> {
    let secret = |name: &str| {
        ["JUNCTION_WEBHOOK_SECRET", "OTHER"]
            .contains(&name)
            .then_some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    };
    Config::parse(&json_text(configuration), secret)
}

#[test]
fn a_text_that_reads_as_an_empty_struct_is_not_one() {
    // Each is a run of fields that protobuf would pass over.
    for text in ["PLACEHOLDER", "hi", "0x"] {
        assert!(Struct::decode(text.as_bytes()).unwrap().fields.is_empty(), "{text}");
        let unusable = parse(text.as_bytes()).unwrap_err();
        assert!(unusable.error.to_string().starts_with("configuration: "), "{unusable}");
        assert_eq!(unusable.guarded, Guarded::Everything, "{text}");
    }
}

#[test]
fn a_struct_with_a_byte_too_many_or_too_few_guards_everything() {
    let path = prost_types::Value { kind: Some(Kind::StringValue("/hooks".to_owned())) };
    let whole = Struct { fields: [("path".to_owned(), path)].into() }.encode_to_vec();
    assert!(parse(&whole).is_ok());
    let extra: Vec<u8> = [whole.as_slice(), b"\0"].concat();
    for broken in [&whole[..whole.len() - 1], &whole[1..], &extra] {
        assert_eq!(parse(broken).unwrap_err().guarded, Guarded::Everything, "{broken:?}");
    }
}

#[test]
fn a_protobuf_struct_is_read_like_its_json() {
    let value = |kind| prost_types::Value { kind: Some(kind) };
    let fields = |fields: Vec<(&str, Kind)>| Struct {
        fields: fields.into_iter().map(|(key, kind)| (key.to_owned(), value(kind))).collect(),
    };
    let secret = fields(vec![
        ("env", Kind::StringValue("OTHER".to_owned())),
        ("optional", Kind::BoolValue(true)),
    ]);
    let secrets = ListValue { values: vec![value(Kind::StructValue(secret))] };
    let svix = fields(vec![
        ("secrets", Kind::ListValue(secrets)),
        ("tolerance_seconds", Kind::NumberValue(60.0)),
    ]);
    let whole = fields(vec![
        ("mode", Kind::StringValue("shadow".to_owned())),
        ("svix", Kind::StructValue(svix)),
    ]);
    let config = parse(&whole.encode_to_vec()).unwrap();
    assert_eq!(config.mode, Mode::Shadow);

    for (field, kind) in [
        ("max_body_bytes", Kind::NumberValue(1.5)),
        ("max_body_bytes", Kind::NumberValue(f64::NAN)),
        ("path", Kind::NullValue(5)),
        ("modes", Kind::BoolValue(true)),
    ] {
        let error = parse(&fields(vec![(field, kind)]).encode_to_vec());
        let error = error.unwrap_err().error.to_string();
        assert!(error.starts_with(field), "{error}");
    }
}
