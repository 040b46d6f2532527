//! Secrets that Envoy delivers: static ones, and by SDS from files, which rotate without a reload;
//! and those that never come, or come empty.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use harness::{Gateway, Host, Request, SECRET, Setup, envoy_release, eventually, root, sign_plain};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample::{RESULT, refusal};
use crate::senders::{Senders, status};

const NEW: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
const ABSENT: &str = "configuration is unusable: svix.secrets[0].sds: the secret by SDS has not \
                      come, or is empty; its path is answered with 500";

/// Whether this host and this Envoy deliver secrets.
fn are_delivered() -> bool {
    Host::under_test() == Host::Native && envoy_release() >= (1, 40)
}

/// Envoy's generic secret of this name.
fn secret(name: &str, value: &str) -> Value {
    json!({"name": name, "generic_secret": {"secret": {"inline_string": value}}})
}

/// The file that Envoy watches for one secret.
struct Delivered<'d> {
    directory: &'d Path,
    name: &'static str,
}

impl Delivered<'_> {
    /// Replaces what the file has: one secret, or none.
    fn write(&self, value: Option<&str>) {
        let kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
        let resources: Vec<_> = value
            .map(|value| {
                let mut resource = secret(self.name, value);
                resource["@type"] = kind.into();
                resource
            })
            .into_iter()
            .collect();
        // Envoy looks when a file is moved into place, and so never reads half of one.
        let partial = self.directory.join(format!("{}.partial", self.name));
        fs::write(&partial, json!({"resources": resources}).to_string()).unwrap();
        fs::rename(partial, self.path()).unwrap();
    }

    fn path(&self) -> String {
        self.directory.join(format!("{}.json", self.name)).to_str().unwrap().to_owned()
    }

    /// The entry of a list of secrets.
    fn entry(&self) -> Value {
        let source = json!({
            "resource_api_version": "V3",
            "path_config_source":
                {"path": self.path(), "watched_directory": {"path": self.directory}},
        });
        json!({"sds": self.name, "config_source": source})
    }
}

/// An Envoy with these secrets of Svix's, and these static ones.
fn setup(secrets: &[Value], statics: &[Value]) -> Setup {
    let mut setup = Setup::new()
        .config(&json!({"svix": {"secrets": secrets}}))
        .without_env("JUNCTION_WEBHOOK_SECRET")
        .without_rate_limit();
    let yaml = setup.yaml();
    // SDS tells who asks.
    yaml["node"] = serde_yaml_ng::to_value(json!({"id": "edge-1", "cluster": "edge"})).unwrap();
    yaml["static_resources"]["secrets"] = serde_yaml_ng::to_value(statics).unwrap();
    setup
}

/// What a guarded request meets while no secret is there.
#[track_caller]
fn assert_closed(gateway: &Gateway) {
    let request = Request::signed(RESULT);
    let answer = gateway.send(&request);
    let expected = refusal("configuration_error", "Webhook verification is not configured");
    assert_eq!((answer.status, answer.json()), (500, expected), "{}", gateway.log());
    assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 0);
    assert_eq!(gateway.counter("junction_webhook_guards_everything", &[]), 0);
    assert_eq!(gateway.send(&Request::new("GET", "/elsewhere")).status, 404, "the stub's own");
}

/// A line of the log, which is there once.
#[track_caller]
fn assert_logged_once(gateway: &Gateway, text: &str) {
    gateway.log_with(text);
    let log = gateway.log_to_here();
    assert_eq!(log.lines().filter(|line| line.contains(text)).count(), 1, "{log}");
}

#[test]
fn where_no_secret_can_be_delivered_sds_is_a_configuration_error_that_says_why() {
    if are_delivered() {
        return;
    }
    let reason = match Host::under_test() {
        Host::Wasm => "needs the native module",
        Host::Native => "needs Envoy 1.40 or later",
    };
    let gateway = setup(&[json!({"sds": "junction"})], &[secret("junction", SECRET)]).start();
    assert_closed(&gateway);
    let line = format!(
        "configuration is unusable: svix.secrets[0].sds: {reason}; its path is answered with 500"
    );
    // Each worker's module says so.
    gateway.log_with(&line);
}

#[test]
fn a_static_secret_verifies_and_one_that_envoy_does_not_know_closes_the_endpoint() {
    if !are_delivered() {
        return;
    }
    let statics = [secret("junction", SECRET)];
    let gateway = setup(&[json!({"sds": "junction"})], &statics).start();
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1, "before any request");
    assert_eq!(status(&gateway, SECRET), 200);
    assert_eq!(status(&gateway, NEW), 401);

    let gateway = setup(&[json!({"sds": "junctoin"})], &statics).start();
    assert_closed(&gateway);
    let line = "configuration is unusable: svix.secrets[0].sds: Envoy has no static secret of this \
                name; its path is answered with 500";
    assert_logged_once(&gateway, line);
}

#[test]
fn a_source_that_envoy_does_not_take_closes_the_endpoint_and_does_no_harm() {
    if !are_delivered() {
        return;
    }
    let directory = TempDir::new().unwrap();
    let nowhere = Delivered { directory: &directory.path().join("nowhere"), name: "junction" };
    let missing = Delivered { directory: directory.path(), name: "junction" };
    for entry in [
        nowhere.entry(),
        missing.entry(),
        json!({"sds": "junction", "config_source": {}}),
        json!({"sds": "junction", "config_source": {"ads": {"typo": 1}}}),
    ] {
        let gateway = setup(&[entry], &[]).start();
        assert_closed(&gateway);
        let line = "configuration is unusable: svix.secrets[0].sds: Envoy refuses its \
                    config_source, and says why in its log; its path is answered with 500";
        assert_logged_once(&gateway, line);
        let own = "failed to subscribe to the generic secret 'junction': ";
        assert_logged_once(&gateway, own);
    }
}

#[test]
fn a_secret_from_a_file_that_comes_late_is_taken_without_a_reload() {
    if !are_delivered() {
        return;
    }
    let directory = TempDir::new().unwrap();
    let file = Delivered { directory: directory.path(), name: "junction" };
    file.write(None);
    let gateway = setup(&[file.entry()], &[]).start();
    assert_closed(&gateway);
    assert_closed(&gateway);
    assert_logged_once(&gateway, ABSENT);

    for value in ["", " \n"] {
        let updates = updates(&gateway, "junction");
        file.write(Some(value));
        eventually("Envoy has taken it", || {
            (self::updates(&gateway, "junction") > updates).then_some(())
        });
        assert_closed(&gateway);
    }
    assert_logged_once(&gateway, ABSENT);

    file.write(Some(&format!("{SECRET}\n")));
    eventually("it is accepted", || (status(&gateway, SECRET) == 200).then_some(()));
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
    assert_logged_once(&gateway, "svix.secrets[0].sds: the secret by SDS has come");
    assert_eq!(status(&gateway, NEW), 401);

    file.write(Some("whsec_n0t-base64!"));
    eventually("it is no secret any more", || (status(&gateway, SECRET) == 500).then_some(()));
    assert_closed(&gateway);
    assert!(!gateway.log_to_here().contains("n0t-base64"), "no value in the log");
    assert_eq!(reloads(&gateway), 0);
}

/// What a webhook of Svix's meets while Svix has no secret, and one of a plain HMAC beside it.
#[track_caller]
fn assert_svix_alone_is_closed(gateway: &Gateway) {
    let svix = Request::signed(RESULT);
    let answer = gateway.send(&svix);
    let expected = refusal("configuration_error", "Webhook verification is not configured");
    assert_eq!((answer.status, answer.json()), (500, expected), "{}", gateway.log());
    assert_eq!(gateway.saw(&svix), [], "the upstream saw nothing");
    let both = svix.clone().header("x-signature", &sign_plain("plain", RESULT));
    assert_eq!(gateway.send(&both).status, 500, "no weaker scheme decides in its place");
    assert_eq!(gateway.saw(&both), [], "the upstream saw nothing");
    let plain = Request::unsigned(RESULT).header("x-signature", &sign_plain("plain", RESULT));
    assert_eq!(gateway.send(&plain).status, 200);
    assert_eq!(gateway.forwarded(&plain).header("x-junction-verified-by"), ["hmac"]);
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 0);
    assert_eq!(gateway.counter("junction_webhook_guards_everything", &[]), 0);
}

#[test]
fn svix_without_its_only_secret_shows_in_gauge_counter_and_log_although_an_hmac_verifies() {
    if !are_delivered() {
        return;
    }
    let directory = TempDir::new().unwrap();
    let file = Delivered { directory: directory.path(), name: "junction" };
    file.write(None);
    let config = json!({"svix": {"secrets": [file.entry()]},
        "hmac": {"secrets": [{"inline": "plain"}]}});
    let gateway = setup(&[], &[]).config(&config).start();
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 0, "before any request");
    assert_svix_alone_is_closed(&gateway);
    let line = "svix.secrets[0].sds: the secret by SDS has not come, or is empty; svix has no \
                usable secret, so its webhooks fail with reason=configuration; hmac goes on \
                verifying";
    assert_logged_once(&gateway, line);
    let refused = [("outcome", "rejected"), ("reason", "configuration")];
    assert_eq!(gateway.counter("junction_webhook_requests_total", &refused), 2);

    file.write(Some(SECRET));
    eventually("it is accepted", || (status(&gateway, SECRET) == 200).then_some(()));
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
    assert_logged_once(&gateway, "svix.secrets[0].sds: the secret by SDS has come");
    assert_eq!(status(&gateway, NEW), 401);

    file.write(Some(""));
    eventually("it is gone", || (status(&gateway, SECRET) == 500).then_some(()));
    assert_svix_alone_is_closed(&gateway);
    assert_eq!(gateway.log().matches(line).count(), 2, "{}", gateway.log());

    file.write(Some(SECRET));
    eventually("it is back", || (status(&gateway, SECRET) == 200).then_some(()));
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
    assert_eq!(reloads(&gateway), 0);
}

#[test]
fn a_secret_that_never_comes_closes_the_endpoint_once_envoy_stops_waiting_for_it() {
    if !are_delivered() {
        return;
    }
    for cluster in ["nobody", "upstream"] {
        let source = json!({"resource_api_version": "V3", "initial_fetch_timeout": "0.2s",
            "api_config_source": {"api_type": "GRPC", "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": cluster}}]}});
        let gateway = setup(&[json!({"sds": "junction", "config_source": source})], &[]).start();
        assert_closed(&gateway);
        assert_closed(&gateway);
        assert_logged_once(&gateway, ABSENT);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "its counters are of interest")]
fn a_secret_from_a_file_rotates_under_load_without_a_refusal_and_without_a_reload() {
    if !are_delivered() {
        return;
    }
    let directory = TempDir::new().unwrap();
    let file = |name| Delivered { directory: directory.path(), name };
    let (current, previous) = (file("current"), file("previous"));
    current.write(Some(SECRET));
    previous.write(Some(""));
    let gateway = setup(&[current.entry(), previous.entry()], &[]).workers(2).start();
    eventually("it is known before any request", || {
        (gateway.counter("junction_webhook_config_ok", &[]) == 1).then_some(())
    });
    assert_eq!((status(&gateway, SECRET), status(&gateway, NEW)), (200, 401));

    let replace = |file: &Delivered<'_>, value| {
        let before = updates(&gateway, file.name);
        file.write(Some(value));
        eventually("Envoy takes it", || (updates(&gateway, file.name) > before).then_some(()));
    };
    let sent = Senders::during(&gateway, [SECRET, NEW], |senders| {
        // In this order on each worker as well: Envoy tells them of one after the other.
        replace(&previous, SECRET);
        replace(&current, NEW);
        let is_known = || (0..20).all(|_| status(&gateway, NEW) == 200);
        eventually("all workers know the new one", || is_known().then_some(()));
        senders.go_on();
        senders.sign_with_new();
        replace(&previous, "");
        eventually("the old one is refused", || (status(&gateway, SECRET) == 401).then_some(()));
    });
    assert_eq!(reloads(&gateway), 0);
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
    let forwarded = [("outcome", "forwarded"), ("reason", "none")];
    println!(
        "rotation by SDS: {sent} good requests, none refused, {} forwarded; updates of the secrets \
         {} and {}; listeners replaced 0",
        gateway.counter("junction_webhook_requests_total", &forwarded),
        updates(&gateway, "current"),
        updates(&gateway, "previous"),
    );
}

/// What `docs/native.md` has in a block of this name, with the files in this directory.
fn shown(block: &str, directory: &Path) -> String {
    let page = fs::read_to_string(root().join("docs/native.md")).unwrap();
    let (_, after) = page.split_once(&format!("```{block}\n")).unwrap();
    let text = after.split_once("```").unwrap().0;
    text.replace("/etc/envoy/secrets", directory.to_str().unwrap())
}

#[test]
fn the_example_of_the_page_verifies_and_rotates() {
    if !are_delivered() {
        return;
    }
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(format!("{name}.yaml"));
    let text = shown("yaml secret", directory.path());
    assert_eq!(text.matches(SECRET).count(), 1);
    fs::write(path("junction-current"), &text).unwrap();
    let text = text.replace("junction-current", "junction-previous").replace(SECRET, "\"\"");
    fs::write(path("junction-previous"), text).unwrap();
    // The mode that a new file has from nobody's umask.
    for name in ["junction-current", "junction-previous"] {
        fs::set_permissions(path(name), Permissions::from_mode(0o604)).unwrap();
    }
    let gateway = setup(&[], &[]).config_text(&shown("json secrets", directory.path())).start();
    assert_eq!((status(&gateway, SECRET), status(&gateway, NEW)), (200, 401));

    let place = shown("sh place", directory.path());
    let rotate = shown("sh rotate", directory.path());
    let accepted = [[200, 401], [200, 200], [401, 200]];
    assert_eq!(rotate.lines().count(), accepted.len(), "{rotate}");
    for (command, accepted) in rotate.lines().zip(accepted) {
        let name = command.split(' ').nth(1).unwrap();
        let before = updates(&gateway, name);
        let output = Command::new("bash")
            .args(["-c", &format!("set -eu; {place}{command}")])
            .env("OLD_SECRET", SECRET)
            .env("NEW_SECRET", NEW)
            .output()
            .unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
        assert_eq!(fs::metadata(path(name)).unwrap().permissions().mode() & 0o777, 0o604);
        eventually(command, || (updates(&gateway, name) > before).then_some(()));
        eventually(command, || {
            ([SECRET, NEW].map(|secret| status(&gateway, secret)) == accepted).then_some(())
        });
    }
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 2, "nothing is left beside them");
    assert_eq!(reloads(&gateway), 0);
}

fn updates(gateway: &Gateway, name: &str) -> u64 {
    gateway.admin.stat(&format!("sds.{name}.update_success")).unwrap_or_default()
}

/// How often a listener was replaced.
fn reloads(gateway: &Gateway) -> u64 {
    let count = |name: &str| gateway.admin.stat(&format!("listener_manager.{name}")).unwrap();
    count("listener_modified") + count("listener_in_place_updated")
}
