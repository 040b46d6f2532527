//! Ten thousand requests: the list has the rows in sight alone, and nothing that one waits for.

use harness::{Request, SECRET, Setup, now, root};
use serde_json::json;
use std::{fmt::Write as _, io::Write as _};
use ureq::Agent;

use crate::setting::{LAPTOP, Setting, restart};

/// As many as the stub remembers.
const REQUESTS: usize = 10_000;

/// How many frames are measured.
const FRAMES: usize = 300;

#[test]
fn has_the_rows_in_sight_alone_of_ten_thousand() {
    let mut page = Setting::with(Setup::new(), LAPTOP);
    // One event through Envoy, and then as many like it as the stub remembers.
    let sample = root().join("examples/payloads/labtest.result.ready.json");
    let document = std::fs::read(sample).unwrap();
    let sent = Request::signed_with(SECRET, "msg_template", now(), document);
    assert_eq!(page.gateway.send(&sent).status, 200);
    let event = page.gateway.upstream.requests()[0].body.clone().unwrap();
    page.wait_for_rows(1);
    // It fails to store them, which would take the most of the time; they are listed all the same.
    restart(&mut page.gateway, &["--fail-rate", "1"]);
    page.browser.wait_for_text("#rows", "forgotten");
    let agent: Agent =
        Agent::config_builder().proxy(None).http_status_as_error(false).build().into();
    let url = page.url("v1/webhooks/junction");
    for number in 0..=REQUESTS {
        let event = event.replace("msg_template", &format!("msg_{number:05}"));
        assert_eq!(agent.post(&url).send(event.as_bytes()).unwrap().status(), 503);
    }
    page.browser.wait_for_text("#count", "10,002 shown");
    page.browser.wait_for_text("#rows", "msg_10000");
    // The first one is forgotten by the stub, and still known here.
    page.browser.wait("document.querySelector('#scroll').scrollTop = 1e9; return true");
    page.browser.wait(
        "const row = [...document.querySelectorAll('#rows tr')]
             .find((row) => row.innerText.includes('msg_00000'));
         return row?.innerText.includes('forgotten') ?? false",
    );

    let most = page
        .browser
        .run(
            "window.most = 0; const scroll = document.querySelector('#scroll');
        new MutationObserver(() => {
            window.most = Math.max(window.most, document.querySelectorAll('#rows tr').length);
        }).observe(document.querySelector('#rows'), { childList: true });
        return document.querySelectorAll('#rows tr').length",
        )
        .as_u64()
        .unwrap();
    assert!(most < 60, "{most} rows are in the document");

    let scrolled = measure(
        &page,
        &format!(
            "
        const scroll = document.querySelector('#scroll');
        scroll.scrollTop = 0;
        const frame = (left) => {{
            scroll.scrollTop += 1500;
            if (left === 0) window.isDone = true;
            else requestAnimationFrame(() => frame(left - 1));
        }};
        frame({FRAMES});"
        ),
    );
    let searched = measure(
        &page,
        &format!(
            "
        const field = document.querySelector('#search');
        const frame = (left) => {{
            field.value = `msg_0${{left}}`;
            field.dispatchEvent(new Event('input'));
            if (left === 0) window.isDone = true;
            else requestAnimationFrame(() => frame(left - 1));
        }};
        frame({FRAMES});"
        ),
    );
    let most = page.browser.run("return window.most").as_u64().unwrap();
    assert!(most < 60, "{most} rows were in the document");
    page.browser.run(
        "document.querySelector('#search').value = '';
        document.querySelector('#search').dispatchEvent(new Event('input'))",
    );

    let mut told = String::from("\nmilliseconds a frame, of 10,002 rows\n");
    for (what, times) in [("one scrolled by", scrolled), ("one of a search", searched)] {
        writeln!(
            told,
            "{what}: script {:.2}, style and layout {:.2}, all {:.2}",
            times[0], times[1], times[2]
        )
        .unwrap();
    }
    // Not by `println`, which cargo keeps to itself.
    std::io::stderr().write_all(told.as_bytes()).unwrap();
}

/// What each frame takes of the page's thread: script, style and layout, all; in milliseconds.
fn measure(page: &Setting, script: &str) -> [f64; 3] {
    page.browser.tools("Performance.enable", &json!({"timeDomain": "threadTicks"}));
    let read = || -> [f64; 3] {
        let metrics = page.browser.tools("Performance.getMetrics", &json!({}));
        let value = |name: &str| {
            let metrics = metrics["metrics"].as_array().unwrap();
            metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
        };
        [
            value("ScriptDuration"),
            value("LayoutDuration") + value("RecalcStyleDuration"),
            value("TaskDuration"),
        ]
    };
    let before = read();
    page.browser.run(&format!("window.isDone = false; {script}"));
    page.browser.wait("return window.isDone");
    let after = read();
    let frames = u32::try_from(FRAMES).unwrap();
    let each = |at: usize| (after[at] - before[at]) * 1000.0 / f64::from(frames);
    [each(0), each(1), each(2)]
}
