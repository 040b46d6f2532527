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
    /// The path that Junction's documentation uses.
    pub const DEFAULT: &str = "/v1/webhooks/junction";

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
        if !path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte)) {
            return Err(RouteError::ForbiddenCharacter);
        }
        if normal_form(path.as_bytes()) != path.as_bytes() {
            return Err(RouteError::NotNormal);
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The path, in its normal form.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether a request for `target`, the `:path` as received, is a request for this route.
    #[must_use]
    pub fn guards(&self, target: &[u8]) -> bool {
        if target == self.path.as_bytes() {
            return true;
        }
        let path = without_query(target);
        self.is_spelled(path)
            || behind_authority(path).into_iter().flatten().any(|path| self.is_spelled(path))
    }

    /// Whether `path` leads to this route under any reading.
    fn is_spelled(&self, path: &[u8]) -> bool {
        let route = self.path.as_bytes();
        let decoded = percent_decode(path);
        if normal_form(&decoded) == route {
            return true;
        }
        // Only where a segment takes another one away does it matter what counts as a segment.
        decoded.windows(2).any(|pair| pair == b"..")
            && Reading::others().any(|reading| normal_form(&reading.resolve(path)) == route)
    }
}

impl Default for Route {
    /// [`Self::DEFAULT`]
    fn default() -> Self {
        Self { path: Self::DEFAULT.to_owned() }
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

/// The target without query and fragment.
fn without_query(target: &[u8]) -> &[u8] {
    target.split(|byte| b"?#".contains(byte)).next().unwrap_or_default()
}

/// What may follow an authority, where `path` begins as a network-path reference, `//host/path`:
/// an upstream that gives the target to a URL parser routes by that.
///
/// To RFC 3986 (sections 3.2 and 4.2) the authority stands between two slashes and the next one.
/// Browsers' URL parsers skip every leading `/` and `\`, and end it at either
/// (<https://url.spec.whatwg.org/#special-authority-ignore-slashes-state>). An absolute URL needs no
/// such care: Envoy splits it or answers it by itself, as it does every `:path` without a `/` first.
fn behind_authority(path: &[u8]) -> Option<[&[u8]; 2]> {
    let [b'/' | b'\\', b'/' | b'\\', after_two @ ..] = path else {
        return None;
    };
    let mut after_all = after_two;
    while let [b'/' | b'\\', after @ ..] = after_all {
        after_all = after;
    }
    Some([
        after_two.splitn(2, |byte| *byte == b'/').nth(1).unwrap_or_default(),
        after_all.splitn(2, |byte| b"/\\".contains(byte)).nth(1).unwrap_or_default(),
    ])
}

/// One spelling for every decoded path that names the same place: `\` read as `/`, slashes merged,
/// dot segments resolved, trailing slashes dropped.
fn normal_form(decoded: &[u8]) -> Vec<u8> {
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

/// What an upstream takes for a segment when it resolves `..`, where upstreams differ: a `..` that
/// takes a different segment away leads to a different place. [`normal_form`] of the decoded path
/// is one such reading; a target that is the endpoint's under any of them is guarded.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "four questions, each answered by itself")]
struct Reading {
    /// `\` separates segments: so for browsers' URL parsers, not for nginx.
    backslash_separates: bool,
    /// `%2f` separates too: so where a path is decoded first, as in nginx, not in URL parsers.
    escape_separates: bool,
    /// `%2e` is a dot: so where a path is decoded first and in browsers' URL parsers, not for
    /// RFC 3986 to the letter.
    escaped_dot_is_dot: bool,
    /// An empty segment is one that `..` takes away: so in RFC 3986, not where slashes are merged.
    empty_is_segment: bool,
}

impl Reading {
    /// Every one but that of [`normal_form`].
    fn others() -> impl Iterator<Item = Self> {
        (0..15_u8).map(|bits| Self {
            backslash_separates: bits & 1 != 0,
            escape_separates: bits & 2 != 0,
            escaped_dot_is_dot: bits & 4 != 0,
            empty_is_segment: bits & 8 == 0,
        })
    }

    /// Resolves the dot segments of a path as this reading has it, and decodes what is left.
    fn resolve(self, path: &[u8]) -> Vec<u8> {
        let mut segments: Vec<Segment> = Vec::new();
        let mut segment = Segment::default();
        let mut rest = path.strip_prefix(b"/").unwrap_or(path);
        while let Some((&first, after_first)) = rest.split_first() {
            let escape = split_escape(rest);
            let (byte, after) = escape.unwrap_or((first, after_first));
            let is_slash = byte == b'/' || (byte == b'\\' && self.backslash_separates);
            if is_slash && (escape.is_none() || self.escape_separates) {
                self.take(&mut segments, std::mem::take(&mut segment));
            } else {
                segment.has_hidden_dot |=
                    byte == b'.' && escape.is_some() && !self.escaped_dot_is_dot;
                segment.decoded.push(byte);
            }
            rest = after;
        }
        self.take(&mut segments, segment);

        let decoded: Vec<_> = segments.into_iter().map(|segment| segment.decoded).collect();
        decoded.join(&b'/')
    }

    fn take(self, segments: &mut Vec<Segment>, segment: Segment) {
        match segment.decoded.as_slice() {
            b"." if !segment.has_hidden_dot => {}
            b".." if !segment.has_hidden_dot => drop(segments.pop()),
            b"" if !self.empty_is_segment => {}
            _ => segments.push(segment),
        }
    }
}

/// A part of a path between two separators.
#[derive(Default)]
struct Segment {
    decoded: Vec<u8>,
    /// One of its dots is an escape that this reading does not take for a dot.
    has_hidden_dot: bool,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_every_spelling_of_the_path() {
        for target in [
            b"/v1/webhooks/junction".as_slice(),
            b"/v1/webhooks/junction?",
            b"/v1/webhooks/junction?a=b",
            b"/v1/webhooks/junction?/../other",
            b"/v1/webhooks/junction?a#b",
            b"/v1/webhooks/junction#",
            b"/v1/webhooks/junction#a?b",
            b"/v1/webhooks/junction/",
            b"/v1/webhooks/junction///",
            b"/v1/webhooks/junction/?a",
            b"/v1/webhooks/junction/.",
            b"/v1/webhooks/junction/./",
            b"/v1/webhooks/junction/other/..",
            b"/v1/webhooks/junction/other/../",
            b"//v1/webhooks/junction",
            b"/v1//webhooks////junction",
            b"/./v1/./webhooks/./junction",
            b"/../v1/webhooks/junction",
            b"/../../../v1/webhooks/junction",
            b"/v1/../../v1/webhooks/junction",
            b"/v1/other/../webhooks/junction",
            b"/v1/other//../webhooks/junction",
            b"/v1/webhooks/junction/a/b/../..",
            b"/v1/.../../webhooks/junction",
            b"/v1/webhooks\\junction",
            b"\\v1\\webhooks\\junction\\",
            b"/v1/other\\..\\webhooks/junction",
            b"/v1/webhooks/%6aunction",
            b"/v1/webhooks/%6Aunction",
            b"/%76%31/%77%65%62%68%6f%6f%6b%73/%6A%75%6E%63%74%69%6F%6E",
            b"/v1/webhooks%2Fjunction",
            b"/v1/webhooks%2fjunction",
            b"%2Fv1%2Fwebhooks%2Fjunction%2F",
            b"/v1/webhooks%5cjunction",
            b"/v1/webhooks%5Cjunction",
            b"/v1/other/%2e%2e/webhooks/junction",
            b"/v1/other/%2E./webhooks/junction",
            b"/v1/other/.%2e%2fwebhooks/junction",
            b"/v1/%2e/webhooks/junction",
            b"/v1/webhooks/junction%2f%2e",
            b"/v1/%zz/../webhooks/junction",
            b"/v1/\xff\xfe/../webhooks/junction",
            b"v1/webhooks/junction",
            // Endpoints only to an upstream that resolves `..` over what is one segment to it.
            b"/v1/webhooks//../junction",
            b"/v1/webhooks/a\\b/../junction",
            b"/v1/webhooks/a%2fb/../junction",
            b"/v1/webhooks/a%5Cb/../junction",
            b"/v1/webhooks/%2e%2e/../junction",
            b"/v1/webhooks/.%2E/../junction?a",
            b"/v1/webhooks/%2e/../junction",
            b"/v1/webhooks/%5c/../junction/",
            b"/v1/webhooks//\\../junction",
            // Endpoints to an upstream that takes what `//` leads for an authority.
            b"//x/v1/webhooks/junction",
            b"//x/v1/webhooks/junction/?a",
            b"//x:1/v1/webhooks/junction?a#b",
            b"//user@[::1]:1/v1/webhooks/junction",
            b"//%2f/v1/webhooks/junction",
            b"//x/a/../v1/webhooks/junction",
            b"//x//v1/%77ebhooks%2fjunction",
            b"//x/v1/webhooks/a%2fb/../junction",
            b"/\\x/v1/webhooks/junction",
            b"\\/x/v1/webhooks/junction",
            b"\\\\x\\v1\\webhooks\\junction",
            b"///x/v1/webhooks/junction",
            b"//\\/x/v1/webhooks/junction",
            b"//x\\v1/webhooks/junction",
            b"//x\\y/v1/webhooks/junction",
            b"//\\x/v1/webhooks/junction",
        ] {
            assert!(Route::default().guards(target), "{}", target.escape_ascii());
        }
    }

    #[test]
    fn leaves_every_other_target_alone() {
        for target in [
            b"".as_slice(),
            b"/",
            b"*",
            b"?/v1/webhooks/junction",
            b"#/v1/webhooks/junction",
            b"/v1/webhooks",
            b"/v1/webhooks/junctio",
            b"/v1/webhooks/junctions",
            b"/v1/webhooks/junction/other",
            b"/v1/webhooks/junction/..",
            b"/v1/webhooks/junction/%2e%2e",
            b"/v1/webhooks/a/b/../junction",
            b"/v1/webhooks/a%2fb/junction",
            b"/v1/webhooks/../junction",
            b"/v1/webhooks/junction/...",
            b"/v1/webhooks/junction.",
            b"/v1/webhooks/junction;x",
            b"/v1/webhooks/junction;x=1",
            b"/v1/webhooks;x/junction",
            b"/v1/webhooks/..;/webhooks/junction",
            b"/v1/webhooks/JUNCTION",
            b"/V1/webhooks/junction",
            b"/v1/webhooks/%4aunction",
            b"/v1/webhooksjunction",
            b"/v1webhooks/junction",
            b"/v1/webhooks/junction%3Fa=b",
            b"/v1/webhooks/junction%23a",
            b"/v1/webhooks%252Fjunction",
            b"/v1/webhooks/%256aunction",
            b"/v1/other/%252e%252e/webhooks/junction",
            b"/v1/webhooks/junction%",
            b"/v1/webhooks/junction%2",
            b"/v1/webhooks/%6gunction",
            b"/v1/webhooks/%+6aunction",
            b"/v1/webhooks/junction%00",
            b"/v1/webhooks/junction%20",
            b"/v1/webhooks/junction ",
            b"/v1/webhooks/junction\xff",
            b"/v1/webhooks/junction%ff",
            b"/v1/webhooks/j\xc3\xbcnction",
            b"/v1/webhooks\xef\xbc\x8fjunction",
            b"/v1/webhooks%c0%afjunction",
            b"http://example.com/v1/webhooks/junction",
            b"/x/v1/webhooks/junction",
            b"//x",
            b"//x/",
            b"//x/other",
            b"//x/y/v1/webhooks/junction",
            b"//x\\y\\v1/webhooks/junction",
            b"//x?/v1/webhooks/junction",
            b"//x#/v1/webhooks/junction",
            b"/a//x/v1/webhooks/junction",
            b"/.//x/v1/webhooks/junction",
            b"/%2fx/v1/webhooks/junction",
        ] {
            assert!(!Route::default().guards(target), "{}", target.escape_ascii());
        }
    }

    #[test]
    fn guards_the_path_it_was_given() {
        for path in ["/", "/hooks", "/Hooks/a.b/;c~!$&'()*+,=:@", "/..."] {
            let route = Route::new(path).unwrap();
            assert!(route.guards(path.as_bytes()), "{path}");
            assert!(route.guards(format!("/.{path}/?a").as_bytes()), "{path}");
            assert!(!route.guards(format!("{path}x").as_bytes()), "{path}");
        }
    }

    #[test]
    fn refuses_a_path_that_no_target_could_equal() {
        for (path, error) in [
            ("", RouteError::NotAbsolute),
            ("hooks", RouteError::NotAbsolute),
            ("\\hooks", RouteError::NotAbsolute),
            ("/hooks?a", RouteError::ForbiddenCharacter),
            ("/hooks#a", RouteError::ForbiddenCharacter),
            ("/hooks%2fa", RouteError::ForbiddenCharacter),
            ("/hooks\\a", RouteError::ForbiddenCharacter),
            ("/hooks a", RouteError::ForbiddenCharacter),
            ("/hooks\n", RouteError::ForbiddenCharacter),
            ("/hooks\u{7f}", RouteError::ForbiddenCharacter),
            ("/h\u{fc}ks", RouteError::ForbiddenCharacter),
            ("/hooks/", RouteError::NotNormal),
            ("//", RouteError::NotNormal),
            ("//hooks", RouteError::NotNormal),
            ("/a//b", RouteError::NotNormal),
            ("/.", RouteError::NotNormal),
            ("/a/./b", RouteError::NotNormal),
            ("/a/../b", RouteError::NotNormal),
            ("/..", RouteError::NotNormal),
        ] {
            assert_eq!(Route::new(path), Err(error), "{path:?}");
        }
    }

    #[test]
    fn the_default_path_is_a_valid_one() {
        assert_eq!(Route::new("/v1/webhooks/junction"), Ok(Route::default()));
    }
}
