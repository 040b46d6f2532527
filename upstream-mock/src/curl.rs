//! A request as a command for a shell, which sends the same head and body again.

use std::fmt::Write;

use crate::recorder::Recorded;

/// What curl writes by itself.
const LEFT_OUT: [&str; 3] = ["host", "content-length", "transfer-encoding"];

/// The command; `authority` is where the stub was reached.
///
/// Everything that a sender wrote is in single quotes, in which a POSIX shell reads nothing.
pub(crate) fn command(request: &Recorded, authority: &str) -> String {
    let seen = &request.seen;
    let url = quote(&format!("http://{authority}{}", seen.path));
    let mut command = format!("curl --globoff --request {} {url}", quote(&seen.method));
    for (name, value) in &seen.headers {
        if !LEFT_OUT.contains(&name.as_str()) {
            // A header without a value needs the semicolon; with a colon alone curl drops it.
            let header =
                if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
            // Writing to a string cannot fail.
            let _ = write!(command, " \\\n  --header {}", quote(&header));
        }
    }
    match (&seen.body, &seen.body_base64) {
        (Some(body), _) if body.is_empty() => command,
        // No argument can hold a zero byte.
        (Some(body), _) if !body.contains('\0') => {
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
