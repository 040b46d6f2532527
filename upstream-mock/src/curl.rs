//! A request as a command for a shell, which sends the same head and body again.

use std::fmt::Write;

use crate::recorder::Recorded;

/// What curl writes by itself.
const LEFT_OUT: [&str; 3] = ["host", "content-length", "transfer-encoding"];

/// What curl adds by itself where it is not told otherwise.
const ADDED: [&str; 3] = ["accept", "content-type", "user-agent"];

/// The longest body that is an argument; Linux takes 128 KiB, some of which quotes need.
const MAX_ARGUMENT_BYTES: usize = 16 * 1024;

/// The command; `authority` is where the stub was reached.
///
/// Everything that a sender wrote is in single quotes, in which a POSIX shell reads nothing. A
/// terminal reads before the shell does: of control characters, where the command is pasted, one
/// ends the quoted text and another erases it. So a body that has any but line feeds is in base64.
pub(crate) fn command(request: &Recorded, authority: &str) -> String {
    let seen = &request.seen;
    let method = quote(&seen.method);
    let mut command = if seen.path.starts_with('/') {
        let url = quote(&format!("http://{authority}{}", seen.path));
        format!("curl --globoff --path-as-is --request {method} {url}")
    } else {
        // `*`, a whole URL, or what CONNECT has: behind the authority it could make another of it.
        let (target, url) = (quote(&seen.path), quote(&format!("http://{authority}/")));
        format!("curl --request-target {target} --request {method} {url}")
    };
    for (name, value) in &seen.headers {
        if !LEFT_OUT.contains(&name.as_str()) {
            // A header without a value needs the semicolon; with a colon alone curl drops it.
            let header =
                if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
            // Writing to a string cannot fail.
            let _ = write!(command, " \\\n  --header {}", quote(&header));
        }
    }
    for name in ADDED {
        if !seen.headers.iter().any(|(own, _)| own == name) {
            let _ = write!(command, " \\\n  --header '{name}:'");
        }
    }
    let is_typed = |text: &str| !text.chars().any(|letter| letter.is_control() && letter != '\n');
    match (&seen.body, &seen.body_base64) {
        (Some(body), _) if body.is_empty() => command,
        (Some(body), _) if body.len() <= MAX_ARGUMENT_BYTES && is_typed(body) => {
            format!("{command} \\\n  --data-raw {}", quote(body))
        }
        (Some(body), _) => piped(&base64(body.as_bytes()), &command),
        (None, Some(encoded)) => piped(encoded, &command),
        (None, None) => command,
    }
}

fn piped(encoded: &str, command: &str) -> String {
    format!("printf %s {encoded} | base64 -d | {command} \\\n  --data-binary @-")
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
