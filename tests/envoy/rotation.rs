//! The secret rotates without a restart, as `docs/envoy.md` says, with the files of
//! `deploy/envoy-xds`: no good request is refused while it does, and the old secret is refused once
//! it is removed.

use harness::{Host, SECRET as OLD, eventually};
use tempfile::TempDir;

use crate::senders::{Senders, status};
use crate::xds;

const NEW: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";

#[test]
#[expect(clippy::print_stdout, reason = "`make rotate-demo` shows it")]
fn the_secret_rotates_under_load_without_a_refusal() {
    if Host::lacks("xDS files") {
        return;
    }
    let directory = TempDir::new().unwrap();
    let gateway = xds::start(directory.path(), &[OLD]);
    let write = |secrets: &[&str]| xds::write_filter(directory.path(), secrets);
    eventually("the first file is in force", || (status(&gateway, OLD) == 200).then_some(()));
    assert_eq!(status(&gateway, NEW), 401, "the new secret is not known yet");

    let sent = Senders::during(&gateway, [OLD, NEW], |senders| {
        write(&[OLD, NEW]);
        eventually("both secrets are accepted", || (status(&gateway, NEW) == 200).then_some(()));
        senders.go_on();
        senders.sign_with_new();
        write(&[NEW]);
        eventually("the old secret is refused", || (status(&gateway, OLD) == 401).then_some(()));
    });
    assert_eq!(gateway.wasm_reloads(), 0);
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
    println!("rotation: {sent} good requests, none refused; the old secret is refused");
}
