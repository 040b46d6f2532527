//! Which requests are guarded: the configured path, and every other spelling of it.
//!
//! Owns the normal form of a request target (RFC 3986 section 6.2.2, widened by what upstreams are
//! known to forgive). A spelling that an upstream would route to the endpoint and this module would
//! not recognise is a way past the filter, so it errs towards guarding. Never rewrites a path: the
//! request goes on as it was received.

use std::error::Error;
use std::fmt;

/// The path of the guarded endpoint, known to be its own normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    path: String,
}

impl Route {
    /// Checks a configured path.
    ///
    /// # Errors
    ///
    /// A path that is not its own normal form would equal no normalised target, and leave the
    /// endpoint unguarded without a sign; [`RouteError`] says which rule it broke.
    pub fn new(path: &str) -> Result<Self, RouteError> {
        if !path.starts_with('/') {
            return Err(RouteError::NotAbsolute);
        }
        if !path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte))
        {
            return Err(RouteError::ForbiddenCharacter);
        }
        if normal_form(path.as_bytes()) != path.as_bytes() {
            return Err(RouteError::NotNormal);
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Whether a request for `target`, the `:path` as received, is a request for this route.
    #[must_use]
    pub fn guards(&self, target: &[u8]) -> bool {
        let path = self.path.as_bytes();
        target == path || normal_form(target) == path
    }
}

impl Default for Route {
    /// The path that Junction's documentation uses: `/v1/webhooks/junction`.
    fn default() -> Self {
        Self {
            path: "/v1/webhooks/junction".to_owned(),
        }
    }
}

/// Why a configured path cannot be guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteError {
    /// It does not start with a slash.
    NotAbsolute,
    /// It holds `?`, `#`, `%`, `\` or something other than visible ASCII.
    ForbiddenCharacter,
    /// It holds an empty, `.` or `..` segment, or ends with a slash.
    NotNormal,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "path must start with a slash",
            Self::ForbiddenCharacter => "path must be visible ascii without ?, #, % and \\",
            Self::NotNormal => "path must have no empty or dot segment and no slash at its end",
        })
    }
}

impl Error for RouteError {}

/// One spelling for every target that names the same path: query and fragment dropped, escapes
/// decoded once, `\` read as `/`, slashes merged, dot segments resolved, trailing slashes dropped.
fn normal_form(target: &[u8]) -> Vec<u8> {
    let path = target
        .split(|byte| b"?#".contains(byte))
        .next()
        .unwrap_or_default();
    let decoded = percent_decode(path);

    let mut segments = Vec::new();
    for segment in decoded.split(|byte| b"/\\".contains(byte)) {
        match segment {
            b"" | b"." => {}
            // Above the root is the root (RFC 3986 section 5.2.4).
            b".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }

    let mut normal = b"/".to_vec();
    normal.extend(segments.join(&b'/'));
    normal
}

/// Decodes every `%hh` once; what is not a valid escape stays as it is.
fn percent_decode(mut rest: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((&first, after_first)) = rest.split_first() {
        let (byte, after) = split_escape(rest).unwrap_or((first, after_first));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

/// The byte that an escape at the start of `text` stands for, and what follows the escape.
fn split_escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = (digit(high)? << 4) | digit(low)?;
    Some((u8::try_from(byte).ok()?, after))
}
