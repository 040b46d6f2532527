//! Secrets that Envoy delivers: which host has them, and what of the bootstrap they need.

use super::*;

#[test]
fn a_secret_by_sds_is_for_the_dynamic_module_and_must_be_somewhere() {
    let own = r#"{"svix": {"secrets": [{"sds": "canary"}]}}"#;
    let told = found(&[own]);
    assert_eq!(told, [format!("warning svix.secrets[0].sds | {own}")]);
    let (secrets, delivered) =
        (r#"{"env": "JUNCTION_WEBHOOK_SECRET"},"#, r#"{"sds": "junction-webhook"},"#);
    assert_eq!(
        found(&[&edited(&[(secrets, delivered)])]),
        [format!("error svix.secrets[0].sds | {delivered}")]
    );
    let native = committed("envoy-native.yaml");
    assert_eq!(native.matches(secrets).count(), 1);
    let native = native.replace(secrets, delivered);
    assert_eq!(found(&[&native]), [format!("error svix.secrets[0].sds | {delivered}")]);
    let statics = "static_resources:\n  secrets:\n    - name: junction-webhook\n";
    assert_eq!(found(&[&native.replace("static_resources:\n", statics)]), [""; 0]);
    let source = r#"{"sds": "junction-webhook", "config_source": {"path_config_source": {}}},"#;
    assert_eq!(found(&[&native.replace(delivered, source)]), [""; 0]);
}

#[test]
fn a_secret_by_ads_needs_a_bootstrap_that_says_where_that_is() {
    let env = r#"{"env": "JUNCTION_WEBHOOK_SECRET"},"#;
    let entry = r#"{"sds": "junction", "config_source": {"ads": {}}},"#;
    let native = committed("envoy-native.yaml").replace(env, entry);
    let told = format!("error svix.secrets[0].config_source.ads | {entry}");
    assert_eq!(found(&[&native]), [told.as_str()]);
    // Other parts of it are not where ADS is.
    let dynamic = |rest: &str| format!("{native}\ndynamic_resources:\n  {rest}\n");
    assert_eq!(found(&[&dynamic("lds_config: { ads: {} }")]), [told.as_str()]);
    for said in ["ads_config: { api_type: GRPC }", "adsConfig: { api_type: GRPC }"] {
        assert_eq!(found(&[&dynamic(said)]), [""; 0], "{said}");
    }
    let camel = dynamic("adsConfig: {}").replace("dynamic_resources", "dynamicResources");
    assert_eq!(found(&[&camel]), [""; 0]);
    // No ADS is asked for.
    let null = native.replace(r#"{"ads": {}}"#, r#"{"ads": null, "path_config_source": {}}"#);
    assert_eq!(found(&[&null]), [""; 0]);
}

#[test]
fn where_ads_is_may_be_said_in_another_file_and_is_unknown_without_a_bootstrap() {
    let entry = r#"{"svix": {"secrets": [{"sds": "a", "config_source": {"ads": {}}}]}}"#;
    let filter = format!(
        "name: junction_webhook\ntyped_config:\n  \"@type\": type.googleapis.com/envoy.extensions.filters.http.\
         dynamic_modules.v3.DynamicModuleFilter\n  filter_name: junction_webhook\n  filter_config:\n    \
         \"@type\": type.googleapis.com/google.protobuf.StringValue\n    value: '{entry}'\n"
    );
    assert_eq!(found(&[&filter]), [""; 0]);
    let bootstrap = "node: { id: a }\ndynamic_resources:\n  lds_config: { ads: {} }\n";
    let told = format!("error svix.secrets[0].config_source.ads | value: '{entry}'");
    assert_eq!(found(&[&filter, bootstrap]), [told]);
    let bootstrap = format!("{bootstrap}  ads_config: {{ api_type: GRPC }}\n");
    assert_eq!(found(&[&filter, &bootstrap]), [""; 0]);
}

#[test]
fn what_to_do_about_a_name_by_sds_is_not_what_to_do_about_the_wrong_host() {
    let env = r#"{"env": "JUNCTION_WEBHOOK_SECRET"},"#;
    let remedy = |page: &str, entry: &str| {
        let text = committed(page).replace(env, entry);
        let files = [File::from_bytes("0", text.into_bytes()).unwrap()];
        let surroundings = Surroundings::of(&files);
        let sites = files[0].sites();
        let findings = check(&sites[0], &surroundings, false).findings;
        findings.iter().find(|finding| finding.level == Level::Error).unwrap().remedy.clone()
    };
    let variable = "take it from a variable: secrets by SDS are for the native module";
    assert_eq!(remedy("envoy.yaml", r#"{"sds": "junction"},"#), variable);
    for entry in [r#"{"sds": ""},"#, &format!(r#"{{"sds": "{SVIX}"}},"#)] {
        assert_eq!(
            remedy("envoy-native.yaml", entry),
            "give the name by which Envoy knows the secret"
        );
    }
}
