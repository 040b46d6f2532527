//! Any signature headers: no panic, nothing verifies, none takes memory out of proportion, and what
//! is claimed is fit for a log.
//!
//! An input is lines of `name: value`; the last line is the body.
#![no_main]

use std::time::Duration;

use junction_webhook::signature::{Secret, Verifier, hmac, svix};
use libfuzzer_sys::fuzz_target;
use test_support::{OwnedHeader, borrowed};

const NOW: Duration = Duration::from_secs(1_614_265_330);
const TOLERANCE: Duration = Duration::from_mins(5);

fn verifiers() -> [Verifier; 3] {
    // Keys that no input can know.
    let svix = |on: bool| {
        let secrets = if on {
            vec![Secret::svix("whsec_YSBrZXkgdGhhdCBubyBpbnB1dCBrbm93cw==")]
        } else {
            vec![]
        };
        svix::Scheme::new(secrets.into_iter().collect::<Result<_, _>>().unwrap(), TOLERANCE)
    };
    let hmac = |on: bool| {
        let secrets =
            if on { vec![Secret::plain("a secret"), Secret::plain("another")] } else { vec![] };
        let names = ["x-junction-signature", "x-webhook-signature", "x-signature"];
        let names = names.map(str::to_owned);
        let secrets = secrets.into_iter().collect::<Result<_, _>>().unwrap();
        hmac::Scheme::new(secrets, &names, TOLERANCE).unwrap()
    };
    [(true, true), (true, false), (false, true)]
        .map(|(first, second)| Verifier::new(svix(first), hmac(second)).unwrap())
}

fuzz_target!(|input: &[u8]| {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let body = lines.pop().unwrap_or_default();
    let headers: Vec<OwnedHeader> = lines
        .iter()
        .filter_map(|line| {
            let at = line.windows(2).position(|pair| pair == b": ")?;
            let name = String::from_utf8(line.get(..at)?.to_ascii_lowercase()).ok()?;
            Some((name, line.get(at + 2..)?.to_vec()))
        })
        .collect();
    let length = input.len() as u64;
    for verifier in verifiers() {
        let headers = borrowed(&headers);
        let used = allocation_counter::measure(|| drop(verifier.begin(&headers, NOW)));
        assert!(used.bytes_total <= 4 * length + 4096, "{used:?} for {length} bytes");
        assert!(used.count_total <= 32, "{used:?} for {length} bytes");
        if let Some(id) = verifier.claimed_id(&headers) {
            assert!(id.len() <= 256 && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?}");
        }
        if let Ok(mut pending) = verifier.begin(&headers, NOW) {
            pending.update(body);
            assert!(pending.finish().is_err(), "verified without the secret");
        }
    }
});
