//! What the list remembers, forgets and shares.

use axum::http::Request;

use super::*;

fn head(path: &str) -> Parts {
    Request::builder().uri(path).body(()).unwrap().into_parts().0
}

fn paths(recorder: &Recorder) -> Vec<String> {
    recorder.list().into_iter().map(|seen| seen.path).collect()
}

#[test]
fn forgets_the_oldest_past_the_number_of_requests() {
    let recorder = Recorder::default();
    for index in 0..MAX_REQUESTS {
        recorder.open(&head(&format!("/{index}")));
    }
    assert_eq!(paths(&recorder).len(), MAX_REQUESTS);
    assert_eq!(paths(&recorder)[0], "/0");

    recorder.open(&head("/last"));
    assert_eq!(paths(&recorder).len(), MAX_REQUESTS);
    assert_eq!(paths(&recorder)[0], "/1");
    assert_eq!(paths(&recorder)[MAX_REQUESTS - 1], "/last");
}

#[test]
fn forgets_the_oldest_past_the_number_of_bytes() {
    let recorder = Recorder::default();
    let half = vec![b'a'; MAX_REMEMBERED_BYTES / 2 - 2];
    let first = recorder.open(&head("/1"));
    recorder.append(first, &half);
    let second = recorder.open(&head("/2"));
    recorder.append(second, &half);
    assert_eq!(paths(&recorder), ["/1", "/2"], "exactly full");

    recorder.append(second, b"a");
    assert_eq!(paths(&recorder), ["/2"]);
    recorder.complete(first);
    assert!(!recorder.list()[0].complete, "a forgotten request's ticket names no other");
}

#[test]
fn shares_what_it_holds_with_whoever_looks() {
    let recorder = Recorder::default();
    let ticket = recorder.open(&head("/one"));
    recorder.append(ticket, b"body");
    recorder.complete(ticket);
    let changes = recorder.changes(None, 1, 1);
    let snapshots = [&changes.requests[0], &recorder.look(changes.requests[0].id).unwrap()];
    let requests = recorder.lock();
    for snapshot in snapshots {
        assert!(Arc::ptr_eq(&snapshot.body, &requests.entries[0].body));
        assert!(Arc::ptr_eq(&snapshot.head, &requests.entries[0].head));
    }
    assert_eq!(*snapshots[0].body, b"body");
}

#[test]
fn tells_of_a_body_that_is_coming_without_holding_it() {
    let recorder = Recorder::default();
    let ticket = recorder.open(&head("/one"));
    recorder.append(ticket, b"bo");
    let changes = recorder.changes(None, 1, 1);
    assert!(!changes.requests[0].complete && changes.requests[0].body.is_empty());
    assert_eq!(Arc::strong_count(&recorder.lock().entries[0].body), 1, "so nothing copies it");
    let looked = recorder.look(changes.requests[0].id).unwrap();
    recorder.append(ticket, b"dy");
    assert_eq!((&**looked.body, &**recorder.lock().entries[0].body), (&b"bo"[..], &b"body"[..]));
}

#[test]
fn finds_what_is_new_among_all_it_remembers_and_forgets_it_with_the_request() {
    let recorder = Recorder::default();
    let first = recorder.open(&head("/0"));
    for index in 1..=MAX_REQUESTS {
        recorder.open(&head(&format!("/{index}")));
    }
    recorder.complete(first);
    let all = recorder.changes(None, usize::MAX, usize::MAX);
    assert_eq!((all.requests.len(), all.first, all.more), (MAX_REQUESTS, 1, false));
    assert_eq!(recorder.lock().by_change.len(), MAX_REQUESTS, "one change a request");
    recorder.complete(Ticket(5));
    recorder.answer(Ticket(5), StatusCode::OK);
    let news = recorder.changes(Some(all.version), 1, 1);
    let numbers: Vec<u64> = news.requests.iter().map(|request| request.id.number).collect();
    assert_eq!((numbers, news.more), (vec![5], false));
    recorder.clear();
    assert!(recorder.lock().by_change.is_empty());
}

#[test]
fn does_not_take_up_a_body_again_after_it_was_cleared() {
    let recorder = Recorder::default();
    let before = recorder.open(&head("/before"));
    recorder.clear();
    let after = recorder.open(&head("/after"));
    recorder.append(before, b"late");
    recorder.append(after, b"body");
    recorder.complete(before);

    let seen = recorder.list();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, "/after");
    assert_eq!(seen[0].body.as_deref(), Some("body"));
    assert!(!seen[0].complete);
}
