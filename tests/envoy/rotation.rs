//! The secret rotates without a restart, as `docs/envoy.md` says, with the files of
//! `deploy/envoy-xds`: no good request is refused while it does, and the old secret is refused once
//! it is removed.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use harness::{Gateway, Host, Request, SECRET as OLD, eventually, now};
use tempfile::TempDir;

use crate::{sample::RESULT, xds};

const NEW: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
const SENDERS: usize = 4;

#[test]
#[allow(clippy::print_stdout, reason = "`make rotate-demo` shows it")]
fn the_secret_rotates_under_load_without_a_refusal() {
    if Host::lacks("xDS files") {
        return;
    }
    let directory = TempDir::new().unwrap();
    let gateway = xds::start(directory.path(), &[OLD]);
    let write = |secrets: &[&str]| xds::write_filter(directory.path(), secrets);
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
        write(&[OLD, NEW]);
        eventually("both secrets are accepted", || (status(&gateway, NEW) == 200).then_some(()));
        wait_for_traffic();
        signs_new.store(true, Ordering::SeqCst);
        wait_for_traffic();
        write(&[NEW]);
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
