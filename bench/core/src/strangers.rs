//! What anyone can send without a signature, as hostile as it gets, for `make instructions`.
//!
//! - `strangers paths LENGTH` reads one path of every form in [`forms`], of about that many bytes
//!   each, and prints the forms; under callgrind each call of `read_one` gives a count of its own.
//! - `strangers path FORM LENGTH TIMES` reads that one so often.
//! - `strangers KIND LENGTH TIMES` takes a request of that kind through the filter so often.

#![expect(clippy::print_stdout, reason = "prints forms")]

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bench_core::{sample, work};
use junction_webhook::exchange::Exchange;
use junction_webhook::http::Header;
use junction_webhook::route::Route;

const PATH: &str = "/v1/webhooks/junction";
const NOW: Duration = Duration::from_secs(1_790_000_000);

/// What a path may be made of: every separator, every dot segment, names, and what is almost one.
const PARTS: [&str; 20] = [
    "/", "\\", "%2f", "%5C", ".", "..", "%2e", ".%2e", "/..", "\\..", "%2f..", "%5c%2E.", "/a",
    "\\a", "%2Fa", "a", "%61", "%", "%2", "...",
];

/// What a path may end with: each decides otherwise how long the readings stay apart.
const ENDS: [&str; 4] =
    ["", PATH, "/v1/webhooks/a%2fb\\c/../%2e%2e//../junction", "/x/..\\..%2f..%5C..//%2e%2e/../"];

/// Every part alone and every two of them, again and again, before every end.
fn forms() -> impl Iterator<Item = String> {
    let one = PARTS.iter().map(|part| (*part).to_owned());
    let pairs = |first: &'static str| PARTS.iter().map(move |second| format!("{first}{second}"));
    let bodies = one.chain(PARTS.into_iter().flat_map(pairs));
    bodies.flat_map(|body| ENDS.iter().map(move |end| format!("{body} {end}")))
}

/// The path of a form, about so many bytes long.
fn path(form: &str, length: usize) -> String {
    let (body, end) = form.split_once(' ').unwrap_or((form, ""));
    let room = length.saturating_sub(end.len()).saturating_sub(2);
    // A host in front makes three paths of one.
    let count = room.checked_div(body.len()).unwrap_or_default();
    format!("//{}{end}", body.repeat(count))
}

#[inline(never)]
fn read_one(target: &[u8]) {
    black_box(Route::default().classify(black_box(target)));
}

/// A head that costs its reader something, and the plain one of the same length.
fn head<'h>(kind: &str, filler: &'h [String], text: &'h str) -> Option<Vec<Header<'h>>> {
    let signed = |list: &'h str| {
        vec![
            (":method", b"POST".as_slice()),
            (":path", PATH.as_bytes()),
            ("svix-id", b"msg_1"),
            ("svix-timestamp", b"1790000000"),
            ("svix-signature", list.as_bytes()),
        ]
    };
    let mut headers = signed("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    match kind {
        "unguarded" => {
            headers = vec![(":method", b"GET"), (":path", b"/else"), ("x-text", text.as_bytes())];
        }
        "plain" => headers.push(("x-text", text.as_bytes())),
        "list" => headers = signed(text),
        "names" => headers.extend(filler.iter().map(|name| (name.as_str(), b"1".as_slice()))),
        "disguised" => {
            headers.extend(filler.iter().map(|_| ("x_junction_verdict", b"accept".as_slice())));
        }
        _ => return None,
    }
    Some(headers)
}

fn main() -> Result<(), Box<dyn Error>> {
    const USAGE: &str =
        "usage: strangers paths LENGTH | path FORM LENGTH TIMES | KIND LENGTH TIMES";
    let mut arguments = env::args().skip(1);
    let kind = arguments.next().ok_or(USAGE)?;
    if kind == "paths" {
        let length = arguments.next().ok_or(USAGE)?.parse()?;
        for form in forms() {
            read_one(path(&form, length).as_bytes());
            println!("{form}");
        }
        return Ok(());
    }
    if kind == "path" {
        let form = arguments.next().ok_or(USAGE)?;
        let target = path(&form, arguments.next().ok_or(USAGE)?.parse()?);
        let times: usize = arguments.next().ok_or(USAGE)?.parse()?;
        (0..times).for_each(|_| read_one(target.as_bytes()));
        return Ok(());
    }
    let length: usize = arguments.next().ok_or(USAGE)?.parse()?;
    let times: usize = arguments.next().ok_or(USAGE)?.parse()?;
    let plugin = Arc::new(work::plugin(sample::SECRET));
    // Frames of one byte each, or one of all.
    if let "frames" | "frame" = kind.as_str() {
        let none: [String; 0] = [];
        let headers = head("plain", &none, "").ok_or(USAGE)?;
        for _ in 0..times {
            let mut exchange = Exchange::new(Arc::clone(&plugin), None);
            black_box(exchange.on_head(&headers, false, NOW));
            let first = if kind == "frame" { length } else { 1 };
            for size in first..=length {
                black_box(exchange.on_body(black_box(size)));
            }
        }
        return Ok(());
    }
    let names = length.checked_div("x-12345: 1".len()).unwrap_or_default();
    let filler: Vec<_> = (10_000..).take(names).map(|number| format!("x-{number}")).collect();
    let text = match kind.as_str() {
        "list" => "v1,a ".repeat(length.checked_div("v1,a ".len()).unwrap_or_default()),
        _ => "x".repeat(length),
    };
    let headers = head(&kind, &filler, &text).ok_or(USAGE)?;
    for _ in 0..times {
        black_box(Exchange::new(Arc::clone(&plugin), None).on_head(&headers, false, NOW));
    }
    Ok(())
}
