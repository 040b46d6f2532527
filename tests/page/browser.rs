//! A Chromium without a window, driven through `WebDriver` (<https://www.w3.org/TR/webdriver2/>).

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use loopback::process::Process;
use serde_json::{Value, json};
use ureq::Agent;

/// How long anything that should happen at once may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// The most that is read of an answer: a picture in base64.
const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// The keys that have no character of their own (`WebDriver`, "keyboard actions").
pub(crate) mod key {
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const ESCAPE: &str = "\u{e00c}";
    pub(crate) const TAB: &str = "\u{e004}";
    pub(crate) const END: &str = "\u{e010}";
    pub(crate) const HOME: &str = "\u{e011}";
    pub(crate) const UP: &str = "\u{e013}";
    pub(crate) const DOWN: &str = "\u{e015}";
}

/// A browser with one tab.
pub(crate) struct Browser {
    session: String,
    agent: Agent,
    _driver: Process,
}

impl Browser {
    /// Starts one whose window is so large, in CSS pixels.
    pub(crate) fn start(width: u32, height: u32) -> Self {
        let driver = Process::start(Command::new("chromedriver").arg("--port=0")).unwrap();
        let port = driver.stdout().find_within(DEADLINE, |line| {
            line.strip_prefix("ChromeDriver was started successfully on port ")?
                .trim_end_matches('.')
                .parse::<u16>()
                .ok()
        });
        let port = port.unwrap_or_else(|| {
            panic!(
                "no chromedriver: run `make test-page`, or install Debian's chromium-driver; {}",
                driver.stderr().text()
            )
        });
        let config = Agent::config_builder()
            .timeout_global(Some(DEADLINE))
            .http_status_as_error(false)
            .proxy(None);
        let agent = config.build().new_agent();
        let service = format!("http://127.0.0.1:{port}");
        // As root, as in a container, Chromium has no sandbox; the pages are the project's own.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
        ];
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let opened = send(&agent, &format!("{service}/session"), Some(&capabilities));
        let id = opened["sessionId"].as_str().unwrap();
        let browser = Self { session: format!("{service}/session/{id}"), agent, _driver: driver };
        browser.resize(width, height, 1);
        browser
    }

    /// Lets the window be so large, in CSS pixels, each of so many of the screen's.
    pub(crate) fn resize(&self, width: u32, height: u32, scale: u32) {
        self.tools(
            "Emulation.setDeviceMetricsOverride",
            &json!({
                "width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600,
            }),
        );
    }

    /// Lets the reader prefer a dark page.
    pub(crate) fn prefer_dark(&self) {
        let features = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
        self.tools("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Opens an address.
    pub(crate) fn open(&self, url: &str) {
        self.command("url", &json!({"url": url}));
    }

    /// What a function's body returns in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Likewise, where that is a text.
    pub(crate) fn read(&self, script: &str) -> String {
        self.run(script).as_str().unwrap().to_owned()
    }

    /// All that a reader sees of the first element with this selector; nothing where there is none.
    pub(crate) fn text(&self, selector: &str) -> String {
        let selector = Value::from(selector);
        self.read(&format!("return document.querySelector({selector})?.innerText ?? ''"))
    }

    /// Clicks with the mouse on the first element with this selector, scrolled into view.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.command("element", &json!({"using": "css selector", "value": selector}));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.command(&format!("element/{id}/click"), &json!({}));
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(crate) fn press(&self, keys: &[&str]) {
        let presses: Vec<Value> = keys
            .iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})))
            .collect();
        let source = json!({"type": "key", "id": "keyboard", "actions": presses});
        self.command("actions", &json!({"actions": [source]}));
    }

    /// Waits until a function's body returns true in the page.
    pub(crate) fn wait(&self, script: &str) {
        let start = Instant::now();
        while self.run(script) != true {
            assert!(start.elapsed() < DEADLINE, "timed out: {script}\n{}", self.text("body"));
            // Only how often is asked; the answer decides.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the first element with this selector says this somewhere.
    pub(crate) fn wait_for_text(&self, selector: &str, text: &str) {
        let (selector, text) = (Value::from(selector), Value::from(text));
        self.wait(&format!(
            "return (document.querySelector({selector})?.innerText ?? '').includes({text})"
        ));
    }

    /// What the page wrote to its console, violations of its policy included, since the last call.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.command("se/log", &json!({"type": "browser"}));
        let message = |entry: &Value| entry["message"].as_str().unwrap().to_owned();
        entries.as_array().unwrap().iter().map(message).collect()
    }

    /// Writes what is seen to a PNG file.
    pub(crate) fn draw(&self, file: &Path) {
        let picture = send(&self.agent, &format!("{}/screenshot", self.session), None);
        let bytes = BASE64_STANDARD.decode(picture.as_str().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    /// Asks Chromium's developer tools.
    pub(crate) fn tools(&self, name: &str, parameters: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({"cmd": name, "params": parameters}))
    }

    fn command(&self, name: &str, parameters: &Value) -> Value {
        send(&self.agent, &format!("{}/{name}", self.session), Some(parameters))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium too; where that fails, it ends with its driver.
        let _ = self.agent.delete(&self.session).call();
    }
}

fn send(agent: &Agent, url: &str, body: Option<&Value>) -> Value {
    let answer = match body {
        Some(body) => agent
            .post(url)
            .header("content-type", "application/json")
            .send(body.to_string().as_bytes()),
        None => agent.get(url).call(),
    };
    let mut answer = answer.unwrap();
    let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string().unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(answer.status().is_success(), "{url}: {text}");
    value["value"].clone()
}
