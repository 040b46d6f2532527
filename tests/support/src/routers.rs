//! How upstreams read a request target: models of common servers and frameworks, by what their
//! documentation and sources say they do, and without a line of the filter's own code.
//!
//! What any of [`GUARDED_FOR`] takes for the endpoint, the filter must guard. What [`BEYOND`] take
//! beside that, the contract leaves alone; `SECURITY.md` says what to do about it.

/// One way to read a target.
pub struct Router {
    pub name: &'static str,
    /// The decoded path that is compared with the route.
    read: fn(&[u8]) -> Vec<u8>,
    ignores_case: bool,
}

impl Router {
    const fn new(name: &'static str, read: fn(&[u8]) -> Vec<u8>) -> Self {
        Self { name, read, ignores_case: false }
    }

    const fn ignoring_case(name: &'static str, read: fn(&[u8]) -> Vec<u8>) -> Self {
        Self { name, read, ignores_case: true }
    }

    /// Whether this router hands a request for `target` to the handler of `path`.
    pub fn takes(&self, target: &[u8], path: &str) -> bool {
        let raw = target.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
        let mut read = (self.read)(raw);
        // All of them can be told to forgive a slash at the end, and many do by default.
        while read.len() > 1 && read.ends_with(b"/") {
            read.pop();
        }
        if self.ignores_case {
            read.eq_ignore_ascii_case(path.as_bytes())
        } else {
            read == path.as_bytes()
        }
    }
}

/// Routers that differ in what the contract's normal form covers.
pub const GUARDED_FOR: [Router; 12] = [
    Router::new("as it stands", <[u8]>::to_vec),
    // WSGI and Rack servers, Go's ServeMux, PHP's front controllers: the decoded path as it is.
    Router::new("decoded", decode),
    // nginx: decodes, merges slashes and resolves dots in one pass; a backslash is a character.
    Router::new("nginx", |raw| join(&resolve(&split(&decode(raw), b"/"), true))),
    Router::new("nginx without merge_slashes", |raw| {
        join(&resolve(&split(&decode(raw), b"/"), false))
    }),
    // `new URL(origin + target).pathname` in Node.js, Deno and Workers: `\` is `/`, `%2e` is a dot,
    // `%2f` is a character; each segment is decoded afterwards.
    Router::new("a browser's URL parser behind an origin", in_browser),
    // `new URL(target, base).pathname`: two or more of `/` and `\` lead to an authority.
    Router::new("a browser's URL parser with a base", |raw| {
        in_browser(behind_authority(raw, b"/\\", true))
    }),
    // RFC 3986 section 5.2.4 to the letter, then decoded: java.net.URI, Python's urllib.
    Router::new("RFC 3986 without an authority", in_rfc_3986),
    // The same for the whole reference: `//` leads to an authority (section 4.2). PHP's parse_url.
    Router::new("RFC 3986", |raw| in_rfc_3986(behind_authority(raw, b"/", false))),
    Router::new("normalised, then decoded", |raw| decode(&join(&resolve(&split(raw, b"/"), true)))),
    // Go's path.Clean over URL.Path; Tomcat but for its path parameters.
    Router::new("decoded, then cleaned", |raw| join(&resolve(&split(&decode(raw), b"/"), true))),
    // Windows file servers and IIS: a decoded backslash separates too.
    Router::new("decoded, then cleaned with backslashes", |raw| {
        join(&resolve(&split(&decode(raw), b"/\\"), true))
    }),
    // Slashes merged and nothing else: Werkzeug, Rails.
    Router::new("decoded and merged", |raw| {
        let decoded = decode(raw);
        join(&split(&decoded, b"/").into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>())
    }),
];

/// Routers that take more for the endpoint than the contract's normal form covers.
pub const BEYOND: [Router; 4] = [
    // Express and ASP.NET Core by default.
    Router::ignoring_case("ignores case", decode),
    // Tomcat, Jetty and so Spring: `;name=value` is taken out of each segment.
    Router::new("drops path parameters", |raw| {
        let parts: Vec<Vec<u8>> = split(raw, b"/")
            .iter()
            .map(|part| decode(part.split(|byte| *byte == b';').next().unwrap_or_default()))
            .collect();
        join(&resolve(&parts, true))
    }),
    // A proxy and the framework behind it that both decode.
    Router::new("decodes twice", |raw| join(&resolve(&split(&decode(&decode(raw)), b"/"), true))),
    // Rails: `(.:format)` at the end of each route.
    Router::new("drops a format", |raw| {
        let decoded = decode(raw);
        let path = decoded.strip_suffix(b".json").unwrap_or(&decoded);
        path.to_vec()
    }),
];

fn in_browser(path: &[u8]) -> Vec<u8> {
    let undotted = replace(&replace(path, b"%2e", b"."), b"%2E", b".");
    decode(&join(&resolve(&split(&undotted, b"/\\"), false)))
}

fn in_rfc_3986(path: &[u8]) -> Vec<u8> {
    decode(&join(&resolve(&split(path, b"/"), false)))
}

/// The path of `//authority/path`; any other one as it is.
fn behind_authority<'a>(target: &'a [u8], separators: &[u8], skips_all: bool) -> &'a [u8] {
    let slashes = target.iter().take_while(|byte| separators.contains(byte)).count();
    if slashes < 2 {
        return target;
    }
    let authority = &target[if skips_all { slashes } else { 2 }..];
    let end = authority.iter().position(|byte| separators.contains(byte));
    &authority[end.unwrap_or(authority.len())..]
}

fn split(path: &[u8], separators: &[u8]) -> Vec<Vec<u8>> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.split(|byte| separators.contains(byte)).map(<[u8]>::to_vec).collect()
}

fn join(segments: &[Vec<u8>]) -> Vec<u8> {
    [b"/".as_slice(), &segments.join(&b'/')].concat()
}

fn resolve(segments: &[Vec<u8>], merges: bool) -> Vec<Vec<u8>> {
    let mut resolved: Vec<Vec<u8>> = Vec::new();
    for segment in segments {
        match segment.as_slice() {
            b"." => {}
            b".." => drop(resolved.pop()),
            b"" if merges => {}
            other => resolved.push(other.to_vec()),
        }
    }
    resolved
}

fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = rest.get(1..3).and_then(|hex| str::from_utf8(hex).ok());
        let hex = hex.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if *first == b'%'
            && let Some(hex) = hex
        {
            decoded.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &rest[3..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    decoded
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.first() {
        if let Some(after) = rest.strip_prefix(from) {
            replaced.extend_from_slice(to);
            rest = after;
        } else {
            replaced.push(*first);
            rest = &rest[1..];
        }
    }
    replaced
}
