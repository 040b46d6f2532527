//! The published signatures of `tests/data/vectors/signatures.json`, through Envoy.

use serde::Deserialize;
use serde_json::json;

use harness::{Request, Setup};

#[derive(Deserialize)]
struct Vectors {
    svix: Vec<Vector>,
    hmac: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: String,
    id: Option<String>,
    timestamp: Option<String>,
    body: Option<String>,
    body_repeat: Option<(String, usize)>,
    signature: String,
}

impl Vector {
    fn request(&self) -> Request {
        let (part, times) = self.body_repeat.clone().unwrap_or_default();
        let body = self.body.clone().unwrap_or_else(|| part.repeat(times));
        let request = Request::unsigned(body);
        match (&self.id, &self.timestamp) {
            (Some(id), Some(timestamp)) => request
                .header("svix-id", id)
                .header("svix-timestamp", timestamp)
                .header("svix-signature", &self.signature),
            _ => request.header("x-signature", &self.signature),
        }
    }
}

#[test]
fn published_signatures_verify_and_differ_from_forgeries_in_one_bit() {
    let text = include_str!("../data/vectors/signatures.json");
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    let secrets = |vectors: &[Vector]| -> Vec<_> {
        vectors.iter().map(|vector| json!({"inline": vector.secret})).collect()
    };
    // They were signed years ago.
    let config = json!({
        "svix": {"secrets": secrets(&vectors.svix), "tolerance_seconds": 1_000_000_000},
        "hmac": {"secrets": secrets(&vectors.hmac)},
    });
    let gateway = Setup::new().config(&config).start();
    for vector in vectors.svix.iter().chain(&vectors.hmac) {
        // None of the bodies is a lab result: what is verified is refused for that.
        let request = vector.request();
        let answer = gateway.send(&request);
        assert_eq!(answer.status, 400, "{}: {}", vector.name, answer.text());
        let mut forged = vector.request();
        *forged.body.last_mut().unwrap() ^= 1;
        assert_eq!(gateway.send(&forged).status, 401, "{}, forged", vector.name);
    }
}
