//! The README's pictures, drawn from real webhooks: `make page-pictures`.

use harness::{Setup, root};

use crate::setting::{Setting, example};

#[test]
#[ignore = "it writes the pictures: `make page-pictures`"]
fn draws_the_pages_pictures() {
    let page = Setting::with(Setup::new(), (1280, 800));
    for (id, name) in [
        ("msg_2b3s8fK0q1", "order.completed"),
        ("msg_2b3s8fK0q2", "labtest.result.critical"),
        ("msg_2b3s8fK0q3", "order.cancelled"),
        ("msg_2b3s8fK0q3", "order.cancelled"),
        ("msg_2b3s8fK0q4", "labtest.result.ready"),
    ] {
        page.send(id, &example(name));
    }
    page.forge("msg_2b3s8fK0q5", &example("labtest.result.ready"));
    page.wait_for_rows(4);
    page.browser.wait_for_text("#envoy", "signature_mismatch 1");
    page.choose("msg_2b3s8fK0q4");
    let draw = |name: &str| page.browser.draw(&root().join("docs/images").join(name));
    draw("page.png");
    page.browser.run("document.querySelector('.legend').scrollIntoView()");
    draw("page-documents.png");
    page.browser.prefer_dark();
    page.browser.run("document.querySelector('#detail').scrollTop = 0");
    draw("page-dark.png");
    page.browser.resize(390, 844, 1);
    page.browser.run("document.querySelector('.markers').scrollIntoView()");
    draw("page-phone.png");
}
