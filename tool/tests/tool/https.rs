//! `junction-webhook send` over https: it trusts whom the machine trusts, and nobody else.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    sync::Arc,
    thread,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\nconnection: close\r\n\r\n{\"received\":true}";

/// Answers one request; the head of what came, or nothing where the handshake failed.
fn serve(key: &CertifiedKey<rcgen::KeyPair>) -> (String, thread::JoinHandle<Option<String>>) {
    let certificate = key.cert.der().clone();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let (connection, _) = listener.accept().unwrap();
        let tls = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(tls, connection));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        stream.get_mut().write_all(ANSWER).unwrap();
        stream.get_mut().conn.send_close_notify();
        stream.get_mut().flush().unwrap();
        Some(head)
    });
    (url, server)
}

fn send(url: &str, authorities: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_junction-webhook"))
        .args(["send", "--url", url, "--secret", "whsec_AAAA"])
        .env("SSL_CERT_FILE", authorities)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap()
}

#[test]
fn sends_over_https_to_whom_the_machine_trusts() {
    let directory = tempfile::tempdir().unwrap();
    let key = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let trusted = directory.path().join("trusted.pem");
    fs::write(&trusted, key.cert.pem()).unwrap();
    let (url, server) = serve(&key);
    let Output { status, stdout, stderr } = send(&url, &trusted);
    let told = String::from_utf8(stderr).unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "200 {\"received\":true}\n", "{told}");
    assert_eq!(status.code(), Some(0));
    assert!(server.join().unwrap().unwrap().starts_with("POST /hook HTTP/1.1\r\n"));
}

#[test]
fn sends_nothing_to_one_whose_certificate_nobody_vouches_for() {
    let directory = tempfile::tempdir().unwrap();
    let another = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let trusted = directory.path().join("trusted.pem");
    fs::write(&trusted, another.cert.pem()).unwrap();
    let (url, server) = serve(&generate_simple_self_signed(["localhost".to_owned()]).unwrap());
    let Output { status, stdout, stderr } = send(&url, &trusted);
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    let told = String::from_utf8(stderr).unwrap();
    assert!(told.starts_with(&format!("junction-webhook: cannot send to {url}: ")), "{told}");
    assert_eq!(status.code(), Some(2));
    assert_eq!(server.join().unwrap(), None);
}
