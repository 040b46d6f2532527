//! What `--probe` says of a stub that is well, and of what is no stub.

use std::{
    io::Write,
    net::TcpListener,
    process::{Command, Output},
    thread,
};

use crate::running::start;

fn probe(address: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_upstream-mock")).args(["--probe", address]).output().unwrap()
}

#[test]
fn a_stub_that_answers_is_well() {
    let stub = start(&[]);
    let said = probe(&stub.address);
    assert_eq!((said.status.code(), said.stdout, said.stderr), (Some(0), vec![], vec![]));
}

#[test]
fn an_address_where_nothing_listens_is_not_well() {
    let mut stub = start(&[]);
    stub.kill();
    let said = probe(&stub.address);
    assert_eq!(said.status.code(), Some(1));
    let told = String::from_utf8(said.stderr).unwrap();
    assert!(told.starts_with("upstream-mock: Connection refused"), "{told}");
}

#[test]
fn a_server_that_answers_otherwise_is_not_well() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
        connection
    });
    let said = probe(&address);
    server.join().unwrap();
    assert_eq!(said.status.code(), Some(1));
    let told = String::from_utf8(said.stderr).unwrap();
    assert_eq!(told, format!("upstream-mock: {address}/healthz is no 200\n"));
}
