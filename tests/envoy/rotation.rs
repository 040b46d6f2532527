//! The secret rotates without a restart, as `docs/envoy.md` says: no good request is refused while
//! it does, and the old secret is refused once it is removed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::json;
use serde_yaml_ng::Value;
use tempfile::TempDir;

use crate::{
    harness::{Gateway, Request, SECRET as OLD, Setup, eventually, now},
    sample::RESULT,
};

const PAGE: &str = include_str!("../../docs/envoy.md");
const NEW: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
const SENDERS: usize = 4;

#[test]
#[allow(clippy::print_stdout, reason = "`make rotate-demo` shows it")]
fn the_secret_rotates_under_load_without_a_refusal() {
    let directory = TempDir::new().unwrap();
    let (setup, file) = filter_from_file(directory.path());
    file.write(&[OLD]);
    let gateway = setup.without_rate_limit().start();
    eventually("the first file is in force", || (status(&gateway, OLD) == 200).then_some(()));
    assert_eq!(status(&gateway, NEW), 401, "the new secret is not known yet");

    let (signs_new, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    let sent = AtomicUsize::new(0);
    let refused = Mutex::new(Vec::new());
    let wait_for_traffic = || {
        let mark = sent.load(Ordering::SeqCst).saturating_add(25 * SENDERS);
        eventually("the senders go on", || (sent.load(Ordering::SeqCst) > mark).then_some(()));
    };
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let secret = if signs_new.load(Ordering::SeqCst) { NEW } else { OLD };
                    let status = status(&gateway, secret);
                    if status != 200 {
                        refused.lock().unwrap().push(status);
                    }
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        wait_for_traffic();
        file.write(&[OLD, NEW]);
        eventually("both secrets are accepted", || (status(&gateway, NEW) == 200).then_some(()));
        wait_for_traffic();
        signs_new.store(true, Ordering::SeqCst);
        wait_for_traffic();
        file.write(&[NEW]);
        eventually("the old secret is refused", || (status(&gateway, OLD) == 401).then_some(()));
        wait_for_traffic();
        is_over.store(true, Ordering::SeqCst);
    });
    let sent = sent.load(Ordering::SeqCst);
    assert_eq!(*refused.lock().unwrap(), [0_u16; 0], "of {sent} good requests");
    assert_eq!(gateway.wasm_reloads(), 0);
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
    println!("rotation: {sent} good requests, none refused; the old secret is refused");
}

fn status(gateway: &Gateway, secret: &str) -> u16 {
    gateway.send(&Request::signed_with(secret, "msg_1", now(), RESULT)).status
}

/// The file that Envoy takes the filter from.
struct FilterFile {
    path: PathBuf,
    resource: Value,
}

impl FilterFile {
    fn write(&self, secrets: &[&str]) {
        let secrets: Vec<_> = secrets.iter().map(|secret| json!({"inline": secret})).collect();
        let mut file = self.resource.clone();
        let config = &mut file["resources"][0]["typed_config"]["config"];
        let text = json!({"svix": {"secrets": secrets}}).to_string();
        config["configuration"]["value"] = text.into();
        let partial = self.path.with_extension("partial");
        fs::write(&partial, serde_yaml_ng::to_string(&file).unwrap()).unwrap();
        fs::rename(partial, &self.path).unwrap();
    }
}

/// The committed Envoy with block [2] moved into a file, by the two examples of the page.
fn filter_from_file(directory: &Path) -> (Setup, FilterFile) {
    let path = directory.join("filter.yaml");
    let mut discovery = example("http_filter");
    let source = &mut discovery["config_discovery"]["config_source"]["path_config_source"];
    source["path"] = path.to_str().unwrap().into();
    source["watched_directory"]["path"] = directory.to_str().unwrap().into();

    let mut setup = Setup::new();
    let manager = &mut setup.yaml()["static_resources"]["listeners"][0]["filter_chains"][0];
    let filter = &mut manager["filters"][0]["typed_config"]["http_filters"][1];
    let mut resource = example("filter_file");
    resource["resources"][0]["typed_config"] = filter["typed_config"].clone();
    *filter = discovery;
    (setup, FilterFile { path, resource })
}

fn example(name: &str) -> Value {
    let block = PAGE.split(&format!("```yaml {name}\n")).nth(1).unwrap();
    serde_yaml_ng::from_str(block.split("```").next().unwrap()).unwrap()
}
