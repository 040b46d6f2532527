//! The page on a phone, in the dark, and to who cannot see it.

use serde_json::{Value, json};

use harness::Setup;

use crate::browser::key;
use crate::setting::{LAPTOP, Setting, example, result};

#[test]
fn fits_a_phone_without_scrolling_sideways() {
    let page = Setting::with(Setup::new(), (320, 640));
    let long = "W".repeat(300);
    page.send("msg_phone", &example("labtest.result.ready"));
    page.send(
        &format!("msg_{}", "l".repeat(200)),
        &result(&json!([{"name": long, "unit": long,
        "value": long, "notes": long}])),
    );
    page.forge("msg_forged", &example("order.completed"));
    page.wait_for_rows(2);
    page.browser.wait_for_text("#envoy", "signature_mismatch");
    let fits = "return document.documentElement.scrollWidth <= innerWidth
        && [...document.querySelectorAll('#scroll, #detail')]
            .every((pane) => pane.scrollWidth <= pane.clientWidth)";
    assert_eq!(page.browser.run(fits), true, "the list");
    for id in ["msg_phone", "msg_lll"] {
        page.choose(id);
        assert_eq!(page.browser.run(fits), true, "{id}");
        // One pane at a time.
        assert_eq!(
            page.browser.run("return document.querySelector('.list').offsetParent === null"),
            true
        );
        page.browser.click(".back");
        page.browser.wait("return document.querySelector('.list').offsetParent !== null");
    }
}

#[test]
fn is_dark_where_the_reader_prefers_that_and_legible_in_both() {
    let page = Setting::new();
    page.send("msg_colours", &example("labtest.result.ready"));
    page.choose("msg_colours");
    let ground = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(page.browser.read(ground), "rgb(255, 255, 255)");
    assert_contrast(&page);
    page.browser.prefer_dark();
    assert_eq!(page.browser.read(ground), "rgb(20, 24, 29)");
    assert_contrast(&page);
}

/// Every text has the contrast that WCAG 2.2 asks for (success criterion 1.4.3, 4.5 to 1).
fn assert_contrast(page: &Setting) {
    let poor = page.browser.run("
        const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
        const luminance = (colour) => {
            const [red, green, blue] = colour.map((part) => part / 255)
                .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        };
        const ground = (element) => {
            for (let at = element; at; at = at.parentElement) {
                const colour = parse(getComputedStyle(at).backgroundColor);
                if (colour[3] !== 0) return colour;
            }
            return [255, 255, 255];
        };
        const poor = new Set();
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
            const two = [parse(getComputedStyle(element).color), ground(element)]
                .map((colour) => luminance(colour.slice(0, 3)));
            const ratio = (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
            if (ratio < 4.5) poor.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
        }
        return [...poor];");
    assert_eq!(poor, json!([]));
}

#[test]
fn has_names_and_roles_for_who_cannot_see_it() {
    let page = Setting::with(Setup::new(), LAPTOP);
    page.browser.wait_for_text("#envoy", "Configuration");
    // Nothing is called chosen before anything is.
    assert_heard(&heard(&page), "article", "");
    page.send("msg_heard", &example("labtest.result.ready"));
    page.choose("msg_heard");
    let nodes = heard(&page);
    let has = |role: &str, name: &str| assert_heard(&nodes, role, name);
    has("searchbox", "Search by name, slug or id");
    has("combobox", "Event type");
    has("checkbox", "Critical only");
    has("table", "Webhooks, newest first");
    for title in ["Time", "Event", "Verified by", "Markers", "Reference range", "Notes"] {
        has("columnheader", title);
    }
    has("button", "labtest.result.ready");
    has("article", "The chosen webhook");
    has("group", "What the filter in Envoy did");
    has("heading", "labtest.result.ready");
    has("heading", "9 markers");
    has("image", "100.20. Reference range 13.0 to 17.7");
    // Each control has a name.
    let nameless: Vec<_> = nodes
        .iter()
        .filter(|(role, name)| {
            name.is_empty()
                && ["button", "searchbox", "combobox", "checkbox", "textbox", "link", "image"]
                    .contains(&role.as_str())
        })
        .collect();
    assert_eq!(nameless, Vec::<&(String, String)>::new());
    assert_eq!(page.browser.run("return document.documentElement.lang"), Value::from("en"));
    page.browser.press(&[key::ESCAPE]);
    page.browser.wait_for_text("#detail", "Choose a webhook");
    assert_heard(&heard(&page), "article", "");
}

#[test]
fn says_what_the_filter_did_with_a_line_to_who_cannot_see_its_mark() {
    let page = Setting::new();
    page.send(
        "msg_marks",
        &result(&json!([{"name": "Iron", "value": "< 0.10", "loinc": "6690-2"}])),
    );
    page.choose("msg_marks");
    let nodes = heard(&page);
    let texts: Vec<&str> = nodes
        .iter()
        .filter(|(role, _)| role == "StaticText")
        .map(|(_, name)| name.trim())
        .collect();
    let after = |line: &str| {
        let at = texts.iter().position(|text| *text == line);
        texts[at.unwrap_or_else(|| panic!("{line} in {texts:?}")) - 1]
    };
    assert_eq!(after("\"value\": \"< 0.10\","), "changed:");
    assert_eq!(after("\"loinc\": \"6690-2\""), "the sender's own, kept as it was:");
    assert_eq!(after("\"event_id\": \"msg_marks\","), "added by the filter:");
    // The signs alone say nothing.
    assert!(!texts.iter().any(|text| ["~", "+", "="].contains(text)), "{texts:?}");
    assert_heard(&nodes, "list", "Marks");
    // What is copied is the document.
    let copied = "getSelection().selectAllChildren(document.querySelector('.documents'));
        return getSelection().toString()";
    let copied = page.browser.read(copied);
    assert!(copied.contains("\"event_id\": \"msg_marks\""), "{copied}");
    assert!(!copied.contains("added by") && !copied.contains('~'), "{copied}");
}

/// Role and name of all that a screen reader is told of, in the order of the page.
fn heard(page: &Setting) -> Vec<(String, String)> {
    let tree = page.browser.tools("Accessibility.getFullAXTree", &json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let word =
        |node: &Value, name: &str| node[name]["value"].as_str().unwrap_or_default().to_owned();
    // Chromium gives the nodes by level.
    let mut heard = Vec::new();
    let mut waiting = vec![&nodes[0]];
    while let Some(node) = waiting.pop() {
        if node["ignored"] == false {
            heard.push((word(node, "role"), word(node, "name")));
        }
        let children = node["childIds"].as_array().into_iter().flatten().rev();
        waiting.extend(children.filter_map(|id| nodes.iter().find(|node| node["nodeId"] == *id)));
    }
    heard
}

fn assert_heard(nodes: &[(String, String)], role: &str, name: &str) {
    let found = nodes.iter().any(|(known, named)| known == role && named == name);
    assert!(found, "no {role} named {name}: {nodes:#?}");
}
