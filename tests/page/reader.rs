//! What a reader sees come in the list, and how to find something in it.

use harness::Setup;
use serde_json::json;

use crate::browser::key;
use crate::setting::{LAPTOP, Setting, example, result};

#[test]
fn shows_each_webhook_as_it_comes_newest_first() {
    let page = Setting::new();
    page.browser.wait_for_text("#end", "Nothing has arrived since the stub started");
    page.send("msg_one", &example("labtest.result.ready"));
    page.wait_for_rows(1);
    page.send("msg_two", &example("order.completed"));
    page.wait_for_rows(2);
    page.browser.wait_for_text("#envoy", "Forwarded\n2");

    let rows = page.rows();
    let seen = |row: &str, text: &str| assert!(row.contains(text), "{text} in {row:?}");
    for text in ["order.completed", "msg_two", "svix"] {
        seen(&rows[0], text);
    }
    assert!(!rows[0].contains("Critical") && !rows[0].contains("marker"), "{rows:?}");
    for text in ["labtest.result.ready", "msg_one", "svix", "9 markers", "Critical 1"] {
        seen(&rows[1], text);
    }
    page.browser.wait_for_text("#news", "New: order.completed");
}

#[test]
fn tells_of_a_forgery_of_which_nothing_arrives() {
    let page = Setting::new();
    page.browser.wait_for_text("#envoy", "Refused\n0");
    page.forge("msg_forged", &example("labtest.result.ready"));
    page.browser.wait_for_text("#envoy", "Refused\n1 signature_mismatch 1");
    page.browser.wait_for_text("#news", "Refused: signature_mismatch");
    assert_eq!(page.rows(), Vec::<String>::new());
    assert_eq!(page.gateway.upstream.requests().len(), 0);
    page.browser.wait_for_text("#envoy", "Configuration\nok");
    page.browser.wait_for_text("#envoy", "Forwarded\n0");
}

#[test]
fn tells_that_the_configuration_is_unusable() {
    let page = Setting::with(Setup::new().config(&json!({"mode": "lenient"})), LAPTOP);
    page.browser.wait_for_text("#envoy", "Configuration\nunusable");
}

#[test]
fn a_repeat_is_one_event_received_twice() {
    let page = Setting::new();
    page.send("msg_again", &example("order.completed"));
    page.send("msg_other", &example("order.cancelled"));
    page.wait_for_rows(2);
    assert!(page.rows()[0].contains("msg_other"), "{:?}", page.rows());

    page.send("msg_again", &example("order.completed"));
    page.browser.wait_for_text("#rows", "received 2×");
    page.wait_for_rows(2);
    assert!(page.rows()[0].contains("msg_again"), "it came last: {:?}", page.rows());
    page.choose("msg_again");
    assert!(page.browser.text("#detail").contains("One event, received twice"));
    assert_eq!(page.browser.run("return document.querySelectorAll('.deliveries li').length"), 2);
}

#[test]
fn a_result_that_is_too_large_to_lay_out_is_critical_in_the_list_all_the_same() {
    let page = Setting::new();
    // The sender calls the result critical, and no marker.
    let bulk = vec!["0"; 250_000].join(",");
    page.send(
        "msg_large",
        &format!(
            r#"{{"event_type": "labtest.result.ready", "bulk": [{bulk}],
            "data": {{"interpretation": "critical", "markers": [{{"name": "Iron", "value": 1}}]}}}}"#
        ),
    );
    page.wait_for_rows(1);
    page.browser.wait_for_text("#rows", "1 marker");
    assert!(page.rows()[0].contains("Critical"), "{:?}", page.rows());
    page.browser.click("#critical");
    page.browser.wait_for_text("#count", "1 of 1 shown");
    page.choose("msg_large");
    page.browser.wait_for_text("#detail", "too many to lay out");
    assert_eq!(page.browser.text("#detail .title .critical"), "Critical");
    // Nothing that can be given to the tool can be made of it.
    let actions =
        "return [...document.querySelectorAll('.actions button')].map((one) => one.innerText)";
    assert_eq!(page.browser.run(actions), json!(["Copy as curl"]));
}

#[test]
fn a_later_delivery_does_not_hide_that_an_earlier_one_was_critical() {
    let page = Setting::new();
    page.send("msg_twice", &example("labtest.result.ready"));
    page.send("msg_twice", &result(&json!([{"name": "Iron", "value": 1}])));
    page.browser.wait_for_text("#rows", "received 2×");
    assert!(page.rows()[0].contains("Critical 1"), "{:?}", page.rows());
    page.browser.click("#critical");
    page.browser.wait_for_text("#count", "1 of 1 shown");
    page.choose("msg_twice");
    let deliveries = "return [...document.querySelectorAll('.deliveries button')]
        .map((one) => one.innerText.endsWith('answered 200, critical'))";
    assert_eq!(page.browser.run(deliveries), json!([true, false]));
}

#[test]
fn shows_what_nobody_verified_with_its_verdict() {
    let page = Setting::with(
        Setup::new().config(&json!({"mode": "shadow",
        "svix": {"secrets": [{"env": "JUNCTION_WEBHOOK_SECRET"}]}})),
        LAPTOP,
    );
    let forged = harness::Request::signed(example("order.completed")).body("{\"a\": 1.0}");
    assert_eq!(page.gateway.send(&forged).status, 200);
    page.wait_for_rows(1);
    page.browser.wait_for_text("#rows", "reject;signature_mismatch");
    assert!(page.rows()[0].contains("nothing (shadow)"), "{:?}", page.rows());
    page.browser.click("#rows button");
    page.browser.wait_for_text("#detail", "Not verified");
    assert!(page.browser.text(".documents").contains("\"a\": 1.0"));
    page.browser.wait_for_text("#envoy", "Shadowed\n1");
}

#[test]
fn finds_by_name_slug_and_id_and_filters_by_type_and_criticality() {
    let page = Setting::new();
    page.send(
        "msg_mild",
        &result(&json!([{"name": "Ferritin", "slug": "iron-store", "value": 1}])),
    );
    page.send(
        "msg_bad",
        &result(&json!([{"name": "Potassium", "value": 1,
        "interpretation": "critical"}])),
    );
    page.send("msg_order", &example("order.completed"));
    page.wait_for_rows(3);
    let search = |text: &str, found: &[&str]| {
        page.browser.run(
            "const field = document.querySelector('#search');
             field.focus(); field.select()",
        );
        page.browser.press(&["\u{e003}"]);
        let keys: Vec<String> = text.chars().map(String::from).collect();
        page.browser.press(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        let expected = if text.is_empty() {
            "3 shown".to_owned()
        } else {
            format!("{} of 3 shown", found.len())
        };
        page.browser.wait_for_text("#count", &expected);
        let rows = page.rows();
        assert_eq!(rows.len(), found.len(), "{text}: {rows:?}");
        for (row, id) in rows.iter().zip(found) {
            assert!(row.contains(id), "{text}: {row}");
        }
    };
    search("ferrit", &["msg_mild"]);
    search("IRON-store", &["msg_mild"]);
    search("msg_", &["msg_order", "msg_bad", "msg_mild"]);
    search("of no one", &[]);
    page.browser.wait_for_text("#end", "Nothing that has arrived matches");
    search("", &["msg_order", "msg_bad", "msg_mild"]);

    page.browser.click("#critical");
    page.browser.wait_for_text("#count", "1 of 3 shown");
    assert!(page.rows()[0].contains("msg_bad"));
    page.browser.click("#critical");
    page.browser.run(
        "const type = document.querySelector('#type');
         type.value = 'order.completed'; type.dispatchEvent(new Event('input'))",
    );
    page.browser.wait_for_text("#count", "1 of 3 shown");
    assert!(page.rows()[0].contains("msg_order"));
}

#[test]
fn is_read_by_keyboard_alone() {
    let page = Setting::new();
    for number in 0..40 {
        page.send(&format!("msg_{number:02}"), &example("order.completed"));
    }
    page.browser.wait_for_text("#count", "40 shown");
    let focused = "return document.activeElement.closest('tr')?.innerText ?? ''";
    let at = |id: &str| {
        page.browser.wait(&format!(
            "return (document.activeElement.closest('tr')?.innerText ?? '').includes('{id}')"
        ));
    };

    // No single character does anything: who dictates would set it off (WCAG 2.2, 2.1.4).
    page.browser.press(&["/", "?", "s", "j", "k"]);
    assert_eq!(page.browser.read("return document.activeElement.tagName"), "BODY");
    // First comes the way past the top.
    page.browser.press(&[key::TAB, key::TAB]);
    page.browser.wait("return document.activeElement.id === 'search'");
    page.browser.press(&["m", "s", "g", key::DOWN]);
    at("msg_39");
    page.browser.press(&[key::DOWN]);
    at("msg_38");
    page.browser.press(&[key::END]);
    at("msg_00");
    page.browser.press(&[key::UP]);
    at("msg_01");
    let in_sight = "const row = document.activeElement.getBoundingClientRect();
        const list = document.querySelector('#scroll').getBoundingClientRect();
        return row.top >= list.top && row.bottom <= list.bottom";
    assert_eq!(page.browser.run(in_sight), true);

    page.browser.press(&[key::ENTER]);
    page.browser.wait("return document.activeElement.tagName === 'H2'");
    assert!(page.browser.text("#detail").contains("msg_01"));
    page.browser.press(&[key::TAB]);
    assert_eq!(page.browser.read("return document.activeElement.innerText"), "Copy as curl");
    page.browser.press(&[key::ESCAPE]);
    at("msg_01");
    assert!(page.browser.text("#detail").contains("Choose a webhook"));
    page.browser.press(&[key::HOME]);
    at("msg_39");

    // What comes meanwhile takes the place from nobody.
    page.send("msg_40", &example("order.completed"));
    page.browser.wait_for_text("#count", "41 shown");
    assert!(page.browser.read(focused).contains("msg_39"));

    // Nor does who scrolls away.
    page.browser.run("document.querySelector('#scroll').scrollTop = 1e6");
    page.browser.wait_for_text("#rows", "msg_00");
    page.browser.press(&[key::DOWN]);
    at("msg_38");
}
