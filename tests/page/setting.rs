//! An Envoy with the filter, the stub behind it, and a browser that shows the stub's page.

use std::fs;

use harness::{Answer, Gateway, Request, SECRET, Setup, now, root};
use serde_json::{Value, json};

use crate::browser::Browser;

/// A laptop's window, in CSS pixels.
pub(crate) const LAPTOP: (u32, u32) = (1440, 900);

pub(crate) struct Setting {
    pub(crate) gateway: Gateway,
    pub(crate) browser: Browser,
}

impl Setting {
    /// The committed configuration, and a browser that shows the page.
    pub(crate) fn new() -> Self {
        Self::with(Setup::new(), LAPTOP)
    }

    pub(crate) fn with(setup: Setup, (width, height): (u32, u32)) -> Self {
        let mut gateway = setup.start();
        restart(&mut gateway, &[]);
        let browser = Browser::start(width, height);
        let setting = Self { gateway, browser };
        setting.browser.open(&setting.url(""));
        setting.browser.wait_for_text("#connection", "Live");
        setting
    }

    /// The stub's address with a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.gateway.upstream.address)
    }

    /// Sends a document as Junction would, under this id; it must be accepted.
    pub(crate) fn send(&self, id: &str, document: &str) {
        let request = Request::signed_with(SECRET, id, now(), document);
        assert_eq!(self.gateway.send(&request).status, 200);
    }

    /// Sends a document whose signature is another one's; it must be refused.
    pub(crate) fn forge(&self, id: &str, document: &str) -> Answer {
        let request = Request::signed_with(SECRET, id, now(), document);
        let answer = self.gateway.send(&request.body(format!("{document} ")));
        assert_eq!(answer.status, 401);
        answer
    }

    /// The texts of the rows in the list, from top to bottom.
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = self.browser.run(
            "return [...document.querySelectorAll('#rows tr')]
                 .sort((one, other) => one.ariaRowIndex - other.ariaRowIndex)
                 .map((row) => row.innerText)",
        );
        rows.as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the list has so many rows.
    pub(crate) fn wait_for_rows(&self, count: usize) {
        self.browser
            .wait(&format!("return document.querySelectorAll('#rows tr').length === {count}"));
    }

    /// Chooses the row with this event id.
    pub(crate) fn choose(&self, id: &str) {
        let id = Value::from(id);
        self.browser.wait(&format!(
            "const row = [...document.querySelectorAll('#rows tr')]
                 .find((row) => row.innerText.includes({id}));
             row?.querySelector('button').click();
             return row !== undefined"
        ));
        self.browser
            .wait(&format!("return document.querySelector('#detail').innerText.includes({id})"));
    }
}

/// Starts the stub anew, now that Envoy's admin interface has an address, with arguments beside
/// that.
pub(crate) fn restart(gateway: &mut Gateway, arguments: &[&str]) {
    let admin = format!("http://{}", gateway.admin.0);
    gateway.upstream.kill();
    gateway.upstream.restart_with(&[&["--envoy-admin", admin.as_str()], arguments].concat());
}

/// One of the documents in `examples/payloads`.
pub(crate) fn example(name: &str) -> String {
    fs::read_to_string(root().join(format!("examples/payloads/{name}.json"))).unwrap()
}

/// A lab result with these markers.
pub(crate) fn result(markers: &Value) -> String {
    json!({"event_type": "labtest.result.ready", "data": {"markers": markers}}).to_string()
}
