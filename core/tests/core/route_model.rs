//! The guard as it was before it read every path at once: each way to read a target, one after the
//! other, to the letter of its description. It is slow, and the model that the guard is held to.

/// Whether `target`, a `:path` as received, leads to `route` under any reading.
pub(crate) fn guards(route: &str, target: &[u8]) -> bool {
    let path = without_query(target);
    is_spelled(route, path)
        || behind_authority(path).into_iter().flatten().any(|path| is_spelled(route, path))
}

/// Whether the path of `target` has a `..` between two of anything that some upstream takes for a
/// separator, and how long the path is once decoded.
pub(crate) fn dotted_length(target: &[u8]) -> Option<usize> {
    let decoded = percent_decode(without_query(target));
    let mut segments = decoded.split(|byte| b"/\\".contains(byte));
    segments.any(|segment| segment == b"..").then_some(decoded.len())
}

/// Whether `path` leads to the route under any reading.
fn is_spelled(route: &str, path: &[u8]) -> bool {
    let route = route.as_bytes();
    let decoded = percent_decode(path);
    if normal_form(&decoded) == route {
        return true;
    }
    // Only where a segment takes another one away does it matter what counts as a segment.
    decoded.windows(2).any(|pair| pair == b"..")
        && Resolution::others().any(|reading| normal_form(&reading.resolve(path)) == route)
}

/// The target without query and fragment.
fn without_query(target: &[u8]) -> &[u8] {
    target.split(|byte| b"?#".contains(byte)).next().unwrap_or_default()
}

/// What may follow an authority, where `path` begins as a network-path reference, `//host/path`:
/// an upstream that gives the target to a URL parser routes by that.
///
/// To RFC 3986 (sections 3.2 and 4.2) the authority stands between two slashes and the next one.
/// Browsers' URL parsers skip every leading `/` and `\`, and end it at either
/// (<https://url.spec.whatwg.org/#special-authority-ignore-slashes-state>). An absolute URL needs
/// no such care: Envoy splits it or answers it by itself, as it does every `:path` without a `/`
/// first.
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
#[expect(clippy::struct_excessive_bools, reason = "four questions, each answered by itself")]
struct Resolution {
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

impl Resolution {
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
