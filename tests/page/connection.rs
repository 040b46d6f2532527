//! What a reader is told of a connection that is lost, and that nothing is missed.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::setting::{Setting, example};

#[test]
fn says_that_the_stub_is_gone_and_finds_it_again() {
    let mut page = Setting::new();
    page.send("msg_before", &example("order.completed"));
    page.wait_for_rows(1);
    page.gateway.upstream.kill();
    page.browser.wait_for_text("#connection", "Connection lost, trying again");
    page.wait_for_rows(1);

    page.gateway.upstream.restart();
    page.browser.wait_for_text("#connection", "Live");
    page.send("msg_after", &example("order.completed"));
    page.wait_for_rows(2);
    let rows = page.rows();
    assert!(rows[0].contains("msg_after") && !rows[0].contains("forgotten"), "{rows:?}");
    assert!(rows[1].contains("msg_before") && rows[1].contains("forgotten"), "{rows:?}");
    page.choose("msg_before");
    page.browser.wait_for_text("#detail", "This request is no longer remembered");
}

#[test]
fn misses_nothing_that_came_while_the_connection_was_cut() {
    let page = Setting::new();
    let line = Line::to(page.gateway.upstream.address);
    page.browser.open(&format!("http://{}/", line.address));
    page.browser.wait_for_text("#connection", "Live");
    page.send("msg_before", &example("order.completed"));
    page.wait_for_rows(1);

    line.cut();
    page.browser.wait_for_text("#connection", "Connection lost, trying again");
    for id in ["msg_meanwhile", "msg_before", "msg_last"] {
        page.send(id, &example("order.completed"));
    }
    line.mend();
    page.browser.wait_for_text("#connection", "Live");
    page.wait_for_rows(3);
    let rows = page.rows();
    for (row, id) in rows.iter().zip(["msg_last", "msg_before", "msg_meanwhile"]) {
        assert!(row.contains(id) && !row.contains("forgotten"), "{rows:?}");
    }
    assert!(rows[1].contains("received 2×"), "{rows:?}");
}

#[test]
fn says_that_too_many_pages_are_open_and_takes_the_first_place_that_is_free() {
    let page = Setting::new();
    page.browser.open("about:blank");
    let address = page.gateway.upstream.address;
    let mut readers = Vec::new();
    // The page's own place may not be free at once.
    for _ in 0..1000 {
        let mut reader = TcpStream::connect(address).unwrap();
        write!(reader, "GET /live HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
        let mut status = [0; 12];
        reader.read_exact(&mut status).unwrap();
        if &status == b"HTTP/1.1 200" {
            readers.push(reader);
        }
        if readers.len() == 16 {
            break;
        }
    }
    assert_eq!(readers.len(), 16, "as many as may read at once");
    page.browser.open(&page.url(""));
    page.browser.wait_for_text("#connection", "Too many pages are open, trying again");
    drop(readers);
    page.browser.wait_for_text("#connection", "Live");
}

#[test]
fn shows_as_such_what_the_stub_was_told_to_forget() {
    let page = Setting::new();
    page.send("msg_gone", &example("order.completed"));
    page.wait_for_rows(1);
    let answer = ureq::delete(page.url("requests")).call().unwrap();
    assert_eq!(answer.status(), 204);
    page.browser.wait_for_text("#rows", "forgotten");

    // Who comes later has never seen it, and is told that there was one.
    page.browser.open("about:blank");
    page.browser.open(&page.url(""));
    page.browser.wait_for_text("#end", "1 earlier request no longer remembered");
    page.wait_for_rows(0);
}

/// A line to the stub that can be cut: what is open ends, and nobody answers.
struct Line {
    address: SocketAddr,
    is_cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    fn to(stub: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Self {
            address: listener.local_addr().unwrap(),
            is_cut: Arc::default(),
            open: Arc::default(),
        };
        let (is_cut, open) = (line.is_cut.clone(), line.open.clone());
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(stub) else { continue };
                let copies = [&near, &far].map(|stream| stream.try_clone().unwrap());
                open.lock().unwrap().extend(copies);
                pump(near.try_clone().unwrap(), far.try_clone().unwrap());
                pump(far, near);
            }
        });
        line
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut Read::by_ref(&mut from), &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
