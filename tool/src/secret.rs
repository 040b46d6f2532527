//! `junction-webhook secret`: a signing secret out of the operating system's random source.

use std::io::{self, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::{Args, ValueEnum, value_parser};

use crate::Verdict;

/// Makes a signing secret, for a test endpoint or for a sender of your own.
///
/// Junction's own secret comes from its dashboard. The secret goes to standard output and nowhere
/// else.
#[derive(Args)]
#[command(after_help = "Examples:
  junction-webhook secret
  junction-webhook secret --scheme hmac --bytes 24")]
pub(crate) struct Arguments {
    /// For which signature: svix is whsec_ and base64, hmac is a text of hex digits
    #[arg(long, value_enum, default_value_t = Scheme::Svix)]
    scheme: Scheme,

    /// How many random bytes; Standard Webhooks asks for 24 to 64, and Svix makes 24
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = value_parser!(u8).range(24..=64))]
    bytes: u8,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scheme {
    Svix,
    Hmac,
}

pub(crate) fn run(arguments: &Arguments) -> Verdict {
    let mut bytes = vec![0; arguments.bytes.into()];
    getrandom::fill(&mut bytes)
        .map_err(|error| format!("the operating system gives no random bytes: {error}"))?;
    writeln!(io::stdout(), "{}", spell(arguments.scheme, &bytes))?;
    Ok(true)
}

fn spell(scheme: Scheme, bytes: &[u8]) -> String {
    match scheme {
        Scheme::Svix => format!("whsec_{}", STANDARD.encode(bytes)),
        Scheme::Hmac => base16ct::lower::encode_string(bytes),
    }
}

#[cfg(test)]
mod tests {
    use junction_webhook::signature::Secret;

    use super::*;

    #[test]
    fn a_secret_of_either_scheme_is_one_to_the_filter() {
        for length in [24, 25, 32, 64] {
            let bytes = vec![0xff; length];
            let svix = spell(Scheme::Svix, &bytes);
            assert!(svix.starts_with("whsec_////"), "{svix}");
            assert!(Secret::svix(&svix).is_ok(), "{length}");
            let plain = spell(Scheme::Hmac, &bytes);
            assert_eq!(plain, "ff".repeat(length));
            assert!(Secret::plain(&plain).is_ok(), "{length}");
        }
    }
}
