//! `junction-webhook send`: signs and sends sample webhooks, for whoever tries the filter by hand.
//!
//! ```text
//! junction-webhook send --marker Hemoglobin=14.20:g/dL --marker 'Estradiol="<5.0":pg/mL'
//! junction-webhook send --event order.completed --tamper signature --expect 401
//! ```
//!
//! Bodies go out as text, so that every number's digits arrive as they were typed.

mod catalogue;
mod payload;
mod signing;

use std::{
    error::Error,
    fs,
    io::{self, Read, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::{Args, value_parser};
use serde::Deserialize;
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

use self::{
    payload::{Marker, Sample},
    signing::{Message, Scheme, Signer, Tamper},
};
use crate::Verdict;

/// How long one answer may take; an unanswered webhook is an error and no reason to wait on.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Signs and sends sample Junction webhooks, and prints the status and body of each answer.
///
/// Exits 0 when every webhook was answered (with --expect: as expected), 1 when one was not
/// answered as expected, and 2 when something could not be built, signed or sent.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Where to send
    #[arg(long, default_value = "http://127.0.0.1:10000/v1/webhooks/junction")]
    url: String,

    /// Which sample to send
    #[arg(long, value_enum, default_value_t = Sample::Ready)]
    event: Sample,

    /// A marker in place of the sample's, for instance Hemoglobin=14.20:g/dL; the value is a number
    /// as typed, null, or text; text that holds a colon goes in double quotes, as ANA="1:80"
    #[arg(long = "marker", value_name = "NAME=VALUE[:UNIT]")]
    chosen: Vec<Marker>,

    /// So many generated markers in place of the sample's
    #[arg(long = "markers", value_name = "N", default_value_t = 0)]
    generated: usize,

    /// Send this file instead of a sample, byte for byte; - is standard input
    #[arg(long, value_name = "PATH", conflicts_with_all = ["event", "chosen", "generated"])]
    file: Option<String>,

    /// How many webhooks to send, one after the other
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    count: u32,

    /// The id of every webhook, so that --count sends repeats; else each gets an id of its own
    #[arg(long)]
    id: Option<String>,

    /// How to sign: the Svix headers, the Standard Webhooks ones, an HMAC of the body alone, or one
    /// of the body with a timestamp
    #[arg(long, value_enum, default_value_t = Scheme::Svix)]
    scheme: Scheme,

    /// The header that carries a plain HMAC
    #[arg(long, default_value = "x-junction-signature")]
    header: String,

    /// The signing secret
    #[arg(long, env = "JUNCTION_WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,

    /// Sign as of so many seconds ago; negative is ahead of now
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    age: i64,

    /// Change this after signing
    #[arg(long, value_enum)]
    tamper: Option<Tamper>,

    /// The status that every answer must have; in shadow mode, where everything goes on, the
    /// verdict that upstream-mock tells of must be the one that this status stands for
    #[arg(long, value_name = "STATUS")]
    expect: Option<u16>,
}

/// Sends what the arguments ask for, and answers whether every status was as expected.
pub(crate) fn run(arguments: &Arguments) -> Verdict {
    let secret = arguments.secret.as_deref().filter(|secret| !secret.is_empty());
    let secret = secret.ok_or("no secret: set JUNCTION_WEBHOOK_SECRET or give --secret")?;
    let signer = Signer::new(arguments.scheme, secret, &arguments.header)?;
    let body = read_body(arguments)?;
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(ANSWER_TIMEOUT))
        // A proxy meant for the internet cannot reach a listener on this machine.
        .proxy(None)
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .new_agent();

    let start = now()?;
    let mut as_expected = true;
    for turn in 0..arguments.count {
        let id =
            arguments.id.clone().unwrap_or_else(|| format!("msg_{:x}_{turn}", start.as_nanos()));
        let timestamp = i64::try_from(now()?.as_secs())?.saturating_sub(arguments.age);
        let message = Message { id: &id, timestamp, body: &body };
        let (status, answer) = send(&agent, arguments, &signer, &message)?;
        let mut stdout = io::stdout();
        writeln!(stdout, "{status} {}", answer.trim_end())?;
        let verdict = ShadowVerdict::read(&answer);
        if let Some(verdict) = &verdict {
            writeln!(stdout, "In shadow mode: the original went on; verdict: {}", verdict.0)?;
        }
        as_expected &= arguments.expect.is_none_or(|expected| match &verdict {
            Some(verdict) => verdict.stands_for(expected),
            None => expected == status,
        });
    }
    Ok(as_expected)
}

/// What the filter wrote into `x-junction-verdict`, as `upstream-mock` hands it on.
struct ShadowVerdict(String);

impl ShadowVerdict {
    fn read(answer: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Answer {
            shadow_verdict: String,
        }
        let answer: Answer = serde_json::from_str(answer).ok()?;
        Some(Self(answer.shadow_verdict))
    }

    /// Whether enforce mode would have answered so: accepted is what the upstream answers 2xx.
    fn stands_for(&self, status: u16) -> bool {
        (self.0 == "accept") == (200..300).contains(&status)
    }
}

fn read_body(arguments: &Arguments) -> Result<Vec<u8>, Box<dyn Error>> {
    match arguments.file.as_deref() {
        Some("-") => {
            let mut body = Vec::new();
            io::stdin().read_to_end(&mut body)?;
            Ok(body)
        }
        Some(path) => fs::read(path).map_err(|error| format!("cannot read {path}: {error}").into()),
        None => {
            let mut markers = arguments.chosen.clone();
            markers.extend(catalogue::markers(arguments.generated, arguments.event));
            Ok(payload::build(arguments.event, &markers)?.into_bytes())
        }
    }
}

fn send(
    agent: &Agent,
    arguments: &Arguments,
    signer: &Signer,
    message: &Message<'_>,
) -> Result<(u16, String), Box<dyn Error>> {
    let mut request = agent.post(&arguments.url).header("content-type", "application/json");
    for (name, value) in signer.headers(message, arguments.tamper)? {
        request = request.header(name, value);
    }
    let mut body = message.body.to_vec();
    if arguments.tamper == Some(Tamper::Body) {
        // Still the same JSON, and no longer the same bytes.
        body.push(b' ');
    }
    let mut response = request.send(body).map_err(|error| explain(&arguments.url, &error))?;
    let answer = response.body_mut().read_to_string()?;
    Ok((response.status().as_u16(), answer))
}

fn explain(url: &str, error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {
            format!("nothing listens at {url}: connection refused; is Envoy running?")
        }
        _ => format!("cannot send to {url}: {error}"),
    }
}

fn now() -> Result<Duration, Box<dyn Error>> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_verdict_of_shadow_mode_for_the_status_of_enforce_mode() {
        let verdict = |answer| ShadowVerdict::read(answer).map(|verdict| verdict.0);
        let reject = r#"{"received":true,"shadow_verdict":"reject;signature_mismatch"}"#;
        assert_eq!(verdict(reject).as_deref(), Some("reject;signature_mismatch"));
        assert_eq!(verdict(r#"{"received":true,"ingested_count":9}"#), None);
        assert_eq!(verdict("upstream connect error"), None);

        let stands_for =
            |verdict: &str, status| ShadowVerdict(verdict.to_owned()).stands_for(status);
        assert!(stands_for("accept", 200) && !stands_for("accept", 401));
        assert!(stands_for("reject;json", 400) && !stands_for("reject;json", 200));
    }
}
