//! The longest event, and the most memory, that a document of any kind takes for each of its bytes.
//!
//! The bound on `max_body_bytes` rests on it.

use allocation_counter::measure;
use junction_webhook::config::{EVENT_GROWTH_BOUND, MOST_BODY_BYTES};
use junction_webhook::document::{Document, Nulls, Rules, UnknownEvents, read};
use junction_webhook::event::{Envelope, normalise};

/// The address space of a module, which is one of 32 bits.
const MODULE_BYTES: u64 = 1 << 32;
/// One more than a power of two: vectors grow by doubling, so this is when they waste most. Long
/// enough for what a document costs apart from its markers to vanish.
const MARKERS: usize = 513;

const ENVELOPE: Envelope<'_> = Envelope { event_id: "msg_1", verified_by: "svix", sent_at: None };
const RULES: Rules = Rules { unknown_events: UnknownEvents::Reject, nulls: Nulls::Absent };

/// What a document came to, in hundredths of a byte for each of its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    /// The most memory in use at once: body, document and event, and what outgrew its place.
    peak: u64,
    event: u64,
}

/// Does what the exchange does with a verified body; a document that is refused has no event.
fn cost(body: &str) -> Cost {
    let mut event = 0;
    let used = measure(|| {
        let body = body.as_bytes().to_vec();
        match read(&body, RULES) {
            // The guess of the exchange at the event's length.
            Ok(Document::Event(read)) => {
                event = normalise(&read, &ENVELOPE, body.len() * 2 + 1024).len();
            }
            Ok(Document::Unknown { .. }) => {}
            Err(error) => drop(error.to_string()),
        }
    });
    let of = |bytes: u64| bytes * 100 / u64::try_from(body.len()).unwrap();
    Cost { peak: of(used.bytes_max), event: of(u64::try_from(event).unwrap()) }
}

/// The fields of a marker, each with the short forms that the writer treats in its own way.
const SLOTS: [&[&str]; 9] = [
    &[
        r#""name":"a""#,
        r#""name":"-""#,
        r#""name":" ""#,
        r#""name":"\u0000""#,
        r#""name":"\n""#,
        r#""name":"ABC""#,
        r#""name":"a b""#,
        r#""name":"é""#,
    ],
    &[
        "",
        r#""value":1"#,
        r#""value":"<1""#,
        r#""value":"1-2""#,
        r#""value":"a""#,
        r#""value":-1"#,
        r#""value":"\u0000""#,
        r#""value":".5""#,
        r#""value":null"#,
        r#""value":"""#,
        r#""value":"≤.5""#,
    ],
    &["", r#""result":1"#, r#""result":"1""#, r#""result":".5-1""#, r#""result":"<.5""#],
    &["", r#""type":"x""#, r#""type":"""#],
    &["", r#""min_range_value":1"#, r#""min_range_value":0,"max_range_value":0"#],
    &["", r#""unit":"%""#, r#""unit":"U""#, r#""unit":" %""#, r#""unit":"10E3/uL""#],
    &["", r#""interpretation":"N""#, r#""interpretation":"critical""#, r#""interpretation":"?""#],
    &["", r#""timestamp":"0001-01-01T00:00:00Z""#, r#""timestamp":"x""#],
    &[
        "",
        r#""notes":"""#,
        r#""notes":"\t""#,
        r#""slug":"""#,
        r#""slug":"a""#,
        r#""":1"#,
        r#""":{}"#,
        r#""":0,"a":0"#,
        r#""":0,"a":0,"b":0,"c":0,"d":0"#,
    ],
];

fn lab_result(choice: &[usize; SLOTS.len()]) -> String {
    let fields = SLOTS.iter().zip(choice).map(|(forms, &form)| forms[form]);
    let fields: Vec<_> = fields.filter(|field| !field.is_empty()).collect();
    let markers = vec![format!("{{{}}}", fields.join(",")); MARKERS].join(",");
    format!(r#"{{"event_type":"labtest.result.ready","data":{{"markers":[{markers}]}}}}"#)
}

/// Changes one field at a time for the better, from every start, until none is left.
fn climb(start: [usize; SLOTS.len()], measure: fn(Cost) -> u64) -> (u64, String) {
    let mut best = (measure(cost(&lab_result(&start))), start);
    loop {
        let before = best;
        for slot in 0..SLOTS.len() {
            for form in 0..SLOTS[slot].len() {
                let mut next = best.1;
                next[slot] = form;
                best = best.max((measure(cost(&lab_result(&next))), next));
            }
        }
        if best == before {
            return (best.0, lab_result(&best.1)[..200].to_owned());
        }
    }
}

#[test]
fn the_longest_allowed_body_of_the_worst_document_fits_in_a_quarter_of_the_modules_memory() {
    let full = [0, 2, 3, 1, 2, 4, 2, 1, 8];
    let worst = [[0; SLOTS.len()], full].map(|start| climb(start, |cost| cost.peak));
    let worst = worst.into_iter().max().unwrap();
    let longest = u64::from(MOST_BODY_BYTES);
    // The module's pointers are half as long as those that were counted here.
    assert!(longest * worst.0 / 100 <= MODULE_BYTES / 4, "{worst:?}");
    // A bound that is far too low would be as wrong.
    assert!(longest * worst.0 / 100 > MODULE_BYTES / 16, "{worst:?}");
    let longest_event = climb(full, |cost| cost.event);
    let bound = u64::from(EVENT_GROWTH_BOUND) * 100;
    assert!((1_500..bound).contains(&longest_event.0), "{longest_event:?}");
    test_support::figures::record(
        "30-expansion",
        "The worst documents for their length, found by a search over the forms of every field",
        &format!(
            "an event of {}.{:02} bytes and a peak of {}.{:02} bytes of memory for each byte",
            longest_event.0 / 100,
            longest_event.0 % 100,
            worst.0 / 100,
            worst.0 % 100
        ),
    );
}

/// Everything else that grows with a document.
#[test]
fn no_other_document_takes_more_memory_than_one_of_markers() {
    let most = climb([0; SLOTS.len()], |cost| cost.peak).0;
    let fields = |value: &str| {
        let all = (0..2049).map(|number| format!(r#""{number:x}":{value}"#));
        all.collect::<Vec<_>>().join(",")
    };
    let result =
        |fields: &str| format!(r#"{{"event_type":"labtest.result.ready","data":{{{fields}}}}}"#);
    for body in [
        result(&fields("0")),
        result(&fields("{}")),
        result(&format!(r#""x":[{}]"#, vec!["0"; 2049].join(","))),
        result(&format!(r#""x":{}{}"#, "[".repeat(60), "]".repeat(60))),
        result(&format!(r#""status":"{}""#, "\\u0000".repeat(2049))),
        result(&format!(r#""status":"{}""#, "\\n".repeat(2049))),
        result(&format!(r#""markers":[{}]"#, vec!["0"; 2049].join(","))),
        result(&format!(r#""markers":[{}]"#, vec!["{}"; 2049].join(","))),
        result(&format!(r#""markers":[{{"name":"a",{}}}]"#, fields("0"))),
        result(&vec![r#""x":0"#; 2049].join(",")),
        format!(r#"{{"event_type":"labtest.result.ready","data":{{}},{}}}"#, fields("0")),
        format!(r#"{{"event_type":"other","data":{{{}}}}}"#, fields("0")),
        format!(
            r#"{{"event_type":"order.completed","data":{{"order_id":"1","status":"1",{}}}}}"#,
            fields("0")
        ),
        format!("[{}]", vec!["0"; 2049].join(",")),
        "\"".repeat(2049),
        "{".repeat(2049),
    ] {
        let cost = cost(&body);
        assert!(cost.peak <= most, "{cost:?}: {}", &body[..60]);
    }
}
