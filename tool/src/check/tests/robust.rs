//! Whatever the file holds: a clear answer, and no secret in it.

use proptest::{prelude::*, sample::Index};

use super::{super::*, committed};

/// Reads bytes as a file and does all that is done with one.
fn look_at(bytes: Vec<u8>) {
    let Ok(file) = File::from_bytes("file", bytes) else { return };
    let files = [file];
    let surroundings = Surroundings::of(&files);
    for site in files[0].sites() {
        let is_usable = site.plugin_with_stand_ins().0.is_ok();
        let checked = check(&site, &surroundings, false);
        assert_eq!(checked.usable, is_usable);
        // What is not usable is never passed over.
        assert!(is_usable || checked.findings.iter().any(|found| found.level == Level::Error));
    }
}

#[test]
fn nothing_that_is_said_holds_a_secret() {
    let wasm = |variables: &str, configuration: &str| {
        format!(
            "name: junction_webhook\ntyped_config:\n  \"@type\": type.googleapis.com/\
             envoy.extensions.filters.http.wasm.v3.Wasm\n  config:\n    vm_config: {{ \
             environment_variables: {variables} }}\n    configuration:\n      \
             \"@type\": type.googleapis.com/google.protobuf.StringValue\n      value: '{configuration}'\n"
        )
    };
    for text in [
        wasm("{ key_values: { JUNCTION_WEBHOOK_SECRET: whsec_canary } }", "{}"),
        wasm(
            "{ key_values: { JUNCTION_WEBHOOK_SECRET: canary } }",
            r#"{"hmac":{"secrets":[{"env":"JUNCTION_WEBHOOK_SECRET"}]},"svix":{"secrets":[]}}"#,
        ),
        wasm("{}", r#"{"svix":{"secrets":[{"inline":"whsec_canary"}]}}"#),
        wasm("{}", r#"{"hmac":{"secrets":[{"inline":"canary"}]},"svix":{"secrets":[]}}"#),
        wasm("{}", r#"{"svix":{"secrets":["whsec_canary"]}}"#),
        wasm("{}", r#"{"whsec_canary=":1}"#),
        wasm("{}", r#"{"mode":"canary"}"#),
        wasm("{}", "whsec_canary"),
        wasm(
            "{ host_env_keys: [whsec_canary] }",
            r#"{"svix":{"secrets":[{"env":"whsec_canary"}]}}"#,
        ),
        wasm(
            "{}",
            r#"{"hmac":{"secrets":[{"inline":"x"}, {"env":"whsec_canary","optional":true}]},"svix":{"secrets":[]}}"#,
        ),
        r#"{"svix":{"secrets":[{"env":"whsec_canary"}]}}"#.to_owned(),
        r#"{"svix":"#.to_owned() + "whsec_canary}",
    ] {
        let Ok(file) = File::from_bytes("file", text.clone().into_bytes()) else {
            panic!("{text}")
        };
        let files = [file];
        let surroundings = Surroundings::of(&files);
        let sites = files[0].sites();
        let filters: Vec<_> = sites.iter().map(|site| check(site, &surroundings, false)).collect();
        assert_eq!(filters.len(), 1, "{text}");
        assert!(!filters[0].findings.is_empty(), "{text}");
        let said = serde_json::to_string(&Report { passed: true, filters }).unwrap();
        assert!(!said.contains("canary"), "{said}");
    }
    let broken = File::from_bytes("file", b"a: whsec_canary: [".to_vec()).err().unwrap();
    assert!(!broken.to_string().contains("canary"), "{broken}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn arbitrary_bytes_have_a_clear_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        look_at(bytes);
    }

    #[test]
    fn arbitrary_text_of_what_yaml_and_json_are_made_of_has_a_clear_answer(
        text in "([-\\[\\]{}:,\"'|>&*!?#%@~ \n\t]|a|svix|config|typed_config|1|\\\\u){0,60}"
    ) {
        look_at(text.into_bytes());
    }

    #[test]
    fn a_committed_configuration_that_is_damaged_has_a_clear_answer(
        which in 0..3_usize,
        cuts in prop::collection::vec((any::<Index>(), 0..40_usize, "[-\\[{}:,\"' \na0]{0,3}"), 1..4),
    ) {
        let path = ["envoy.yaml", "deploy/istio/envoyfilter.yaml", "deploy/envoy-xds/filter.yaml"][which];
        let mut text: Vec<char> = committed(path).chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len());
            let end = text.len().min(at.saturating_add(length));
            text.splice(at..end, put.chars());
        }
        look_at(text.into_iter().collect::<String>().into_bytes());
    }
}
