//! Which requests are guarded: the configured path, and every other spelling of it.
//!
//! Owns the normal form of a request target (RFC 3986 section 6.2.2, widened by what upstreams are
//! known to forgive). A spelling that an upstream would route to the endpoint and this module would
//! not recognise is a way past the filter, so it errs towards guarding. Never rewrites a path: the
//! request goes on as it was received. Anyone can send any path, so reading one takes time in
//! proportion to its length and no memory.
//! Specification: `docs/contract.md`, section 1.

use std::error::Error;
use std::fmt;

use self::spelling::{Stroll, Walk, Way, segments};

mod spelling;

/// The path of the guarded endpoint, known to be its own normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    path: String,
}

/// What a request's target is to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It leads to the route under some reading.
    Guarded,
    /// It leads elsewhere under every reading.
    Unguarded,
    /// It has a `..` segment and is longer than [`MAX_DOTTED_BYTES`], so nobody looked where it
    /// leads.
    TooLong,
}

/// The longest path with a `..` segment that is read, in bytes, once decoded and without query.
///
/// Such a path leads to different places for different upstreams, and reading it costs some ten
/// times what another as long does. Browsers and servers alike begin to refuse URLs at a few
/// kilobytes (RFC 9110 section 4.1 asks for 8000 octets at the least, and none that is real has
/// dot segments: user agents resolve them before they send, RFC 3986 section 5.2.4).
pub const MAX_DOTTED_BYTES: usize = 4096;

impl Route {
    /// The path that Junction's documentation uses.
    pub const DEFAULT: &str = "/v1/webhooks/junction";

    /// Checks a configured path; a slash at its end is dropped.
    ///
    /// # Errors
    ///
    /// A path that is not its own normal form would equal no normalised target, and leave the
    /// endpoint unguarded without a sign; [`RouteError`] says which rule it broke.
    pub fn new(path: &str) -> Result<Self, RouteError> {
        let Some(inner) = path.strip_prefix('/') else {
            return Err(RouteError::NotAbsolute);
        };
        if !path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte)) {
            return Err(RouteError::ForbiddenCharacter);
        }
        if path.contains(['*', '{', '}']) {
            return Err(RouteError::Pattern);
        }
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        if path != "/" && inner.split('/').any(|name| ["", ".", ".."].contains(&name)) {
            return Err(RouteError::NotNormal);
        }
        Ok(Self { path: format!("/{inner}") })
    }

    /// The path, in its normal form.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What `target`, the `:path` as received, is to this route.
    #[must_use]
    pub fn classify(&self, target: &[u8]) -> Target {
        if target == self.path.as_bytes() {
            return Target::Guarded;
        }
        let path = without_query(target);
        // Decoding makes nothing longer, and without dot segments there is one reading alone.
        let is_spelled = if path.len() <= MAX_DOTTED_BYTES {
            self.is_spelled::<Walk>(path)
        } else {
            match dotted_length(path) {
                Some(length) if length > MAX_DOTTED_BYTES => return Target::TooLong,
                Some(_) => self.is_spelled::<Walk>(path),
                None => self.is_spelled::<Stroll>(path),
            }
        };
        if is_spelled { Target::Guarded } else { Target::Unguarded }
    }

    /// Whether `path`, or what may follow an authority in it, leads to this route.
    fn is_spelled<'r, W: Way<'r>>(&'r self, path: &[u8]) -> bool {
        let starts = starts_behind_authority(path);
        // Nothing after the authority is the root.
        if self.path == "/" && starts.contains(&Some(path.len())) {
            return true;
        }
        let mut walk = W::to(&self.path);
        for segment in segments(path) {
            if starts.contains(&Some(segment.start)) && walk.clone().ends_with(&segment) {
                return true;
            }
            if segment.start == 0 {
                return walk.ends_with(&segment);
            }
            walk.take(&segment);
            if walk.is_lost() {
                return false;
            }
        }
        false
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
    /// It holds `*`, `{` or `}`, as patterns do; it would be taken to the letter.
    Pattern,
    /// It holds an empty, `.` or `..` segment.
    NotNormal,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "path must start with a slash",
            Self::ForbiddenCharacter => "path must be visible ascii without ?, #, % and \\",
            Self::Pattern => "path is one path and no pattern: it must be without *, { and }",
            Self::NotNormal => "path must have no empty or dot segment",
        })
    }
}

impl Error for RouteError {}

/// The target without query and fragment.
fn without_query(target: &[u8]) -> &[u8] {
    let end = target.iter().position(|byte| matches!(byte, b'?' | b'#'));
    end.and_then(|end| target.get(..end)).unwrap_or(target)
}

/// How long a path is once decoded, in bytes, if it has a `..` segment.
fn dotted_length(path: &[u8]) -> Option<usize> {
    let mut is_dotted = false;
    let mut length: usize = 0;
    for segment in segments(path) {
        is_dotted |= segment.is_parent();
        length = length.saturating_add(segment.length).saturating_add(1);
    }
    // One separator fewer than there are segments.
    is_dotted.then(|| length.saturating_sub(1))
}

/// Where what may follow an authority begins, where `path` begins as a network-path reference,
/// `//host/path`: an upstream that gives the target to a URL parser routes by that.
///
/// To RFC 3986 (sections 3.2 and 4.2) the authority stands between two slashes and the next one.
/// Browsers' URL parsers skip every leading `/` and `\`, and end it at either
/// (<https://url.spec.whatwg.org/#special-authority-ignore-slashes-state>). An absolute URL needs
/// no such care: Envoy splits it or answers it by itself, as it does every `:path` without a `/`
/// first.
fn starts_behind_authority(path: &[u8]) -> [Option<usize>; 2] {
    let [b'/' | b'\\', b'/' | b'\\', after_two @ ..] = path else {
        return [None, None];
    };
    let mut after_all = after_two;
    while let [b'/' | b'\\', after @ ..] = after_all {
        after_all = after;
    }
    let start = |after: &[u8], ends: &[u8]| {
        let follows = after.splitn(2, |byte| ends.contains(byte)).nth(1).unwrap_or_default();
        path.len().checked_sub(follows.len())
    };
    [start(after_two, b"/"), start(after_all, b"/\\")]
}

#[cfg(test)]
mod tests;
