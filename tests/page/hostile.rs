//! Nothing that a sender wrote is ever more than text.

use serde_json::{Value, json};
use ureq::Agent;

use crate::chosen::{explain_command, explained};
use crate::setting::{Setting, example, result};

const MARKUP: [&str; 6] = [
    "<img src=x onerror=\"window.caught=1\">",
    "<script>window.caught=1</script>",
    "\"><svg onload=window.caught=1>",
    "</title></style></textarea></script><script>window.caught=1</script>",
    "javascript:window.caught=1",
    "{{constructor.constructor('window.caught=1')()}}",
];

#[test]
fn a_hostile_event_is_text_wherever_it_is_shown() {
    let page = Setting::new();
    let markers: Vec<Value> = MARKUP
        .iter()
        .map(|markup| {
            json!({"name": markup, "slug": markup, "value": markup, "unit": markup,
            "interpretation": markup, "notes": markup, "timestamp": markup, *markup: markup})
        })
        .collect();
    page.send("msg_<b>hostile", &result(&json!(markers)));
    page.choose("msg_<b>hostile");
    let shown = page.browser.text("#detail");
    for markup in MARKUP {
        // Name, slug, value, unit, word and notes in the table; in the documents a quote is
        // escaped.
        assert!(shown.matches(markup).count() >= 6, "{markup} in {shown}");
    }
    page.browser.click(".actions button");
    page.browser
        .wait("return document.querySelector('.command textarea')?.value.includes('onerror')");
    assert_inert(&page);
}

#[test]
fn no_character_turns_the_digits_round() {
    let page = Setting::new();
    page.send(
        "msg_turned",
        &result(&json!([{"name": "\u{202e}Iron", "value": "\u{2067}123 456"}])),
    );
    page.choose("msg_turned");
    let shown = page.browser.text("#detail");
    assert!(shown.contains("[U+202E]Iron") && shown.contains("[U+2067]123 456"), "{shown}");
    assert!(!shown.contains(['\u{202e}', '\u{2067}']), "{shown}");
}

#[test]
fn a_hostile_request_that_nobody_guards_is_text_too() {
    let page = Setting::new();
    let request = harness::Request::new("POST", "/elsewhere<img/src=x/onerror=caught=1>")
        .header("x-hostile", MARKUP[0])
        .body(MARKUP[1]);
    page.gateway.send(&request);
    page.wait_for_rows(1);
    page.browser.click("#rows button");
    page.browser.wait_for_text("#detail", MARKUP[0]);
    page.browser.wait_for_text("#detail", MARKUP[1]);
    assert_inert(&page);
}

#[test]
fn a_hostile_id_is_one_word_of_the_command_that_explains_the_event() {
    let page = Setting::new();
    for id in ["--json", r#"-x'$(echo${IFS}caught)`id`;"!\<b>&|#"#, "msg_'"] {
        page.send(id, &example("order.completed"));
        page.choose(id);
        let (status, told) = explained(&page);
        assert_eq!(status, 0, "{told}");
        let event: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
        assert_eq!(event["event_id"], id);
    }
}

#[test]
fn an_id_and_a_time_that_no_filter_wrote_are_not_in_the_command() {
    let page = Setting::new();
    page.send("msg_template", &example("order.completed"));
    let event = page.gateway.upstream.requests().remove(0).body.unwrap();
    let sent_at = serde_json::from_str::<Value>(&event).unwrap()["sent_at"].to_string();
    let agent: Agent = Agent::config_builder().proxy(None).build().into();
    // A terminal obeys control characters before a shell sees that they are quoted.
    for (id, time) in [
        (r"msg_control\u0004\n\u001b[201~", r"2026\n\u0004"),
        ("msg_.dotted", "later"),
        ("msg_\u{e4}", ""),
    ] {
        let event = event.replace("msg_template", id).replace(&sent_at, &format!("\"{time}\""));
        let answer = agent.post(page.url("v1/webhooks/junction")).send(event.as_bytes()).unwrap();
        assert_eq!(answer.status(), 200);
        page.choose(id.split('\\').next().unwrap());
        let command = explain_command(&page);
        assert!(!command.contains("--id") && !command.contains("--at"), "{command}");
        assert!(!command.contains(|letter: char| letter.is_control() && letter != '\n'));
        page.browser.wait_for_text(".command", "The tool does not take its id and its signed time");
    }
}

/// No script ran, nothing was loaded, and no violation was even tried.
fn assert_inert(page: &Setting) {
    assert_eq!(page.browser.run("return window.caught ?? null"), Value::Null);
    let elements = "return document.querySelectorAll('#detail :is(img, script, style, iframe, b), \
                    #rows :is(img, script, style, iframe, b), [onerror], [onload]').length";
    assert_eq!(page.browser.run(elements), 0);
    let loaded = "return performance.getEntriesByType('resource')
        .map(({ name }) => new URL(name)).filter(({ host }) => host !== location.host).length";
    assert_eq!(page.browser.run(loaded), 0);
    assert_eq!(page.browser.console(), Vec::<String>::new());
    let paths: Vec<_> =
        page.gateway.upstream.requests().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths.len(), 1, "the page asked for nothing that is recorded: {paths:?}");
}

#[test]
fn the_policy_stops_markup_that_a_mistake_would_let_in() {
    let page = Setting::new();
    let mistake = "try { document.body.innerHTML = '<img src=x onerror=\"window.caught=1\">'; return 'taken'; }
        catch (error) { return error.name; }";
    assert_eq!(page.browser.read(mistake), "TypeError", "Trusted Types refuse it");
    let script = "const script = document.createElement('script');
        try { script.text = 'window.caught=1'; document.body.append(script); } catch { /* refused */ }
        return window.caught ?? null";
    assert_eq!(page.browser.run(script), Value::Null);
}
