//! Who may look: the page and the lists show patients' data, to this machine's browser and no
//! other.
//!
//! A page of a stranger's can have its own name resolve to 127.0.0.1 and then read whatever answers
//! there (DNS rebinding). The browser still names the stranger in `host`, so what is shown is shown
//! only under a name that no stranger can have. And a proxy in front of the stub, such as the Envoy
//! whose upstream it is, passes on what others ask, so what came through one is no look from here.

use std::net::IpAddr;

use axum::http::{HeaderMap, header::HOST, uri::Authority};

/// What proxies add: Envoy the second and third, others one or another (RFC 7239, RFC 9110).
const PROXY_HEADERS: [&str; 5] =
    ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "via"];

/// Whether a request came through a proxy.
pub(crate) fn is_proxied(headers: &HeaderMap) -> bool {
    PROXY_HEADERS.iter().any(|name| headers.contains_key(*name))
}

/// Whether a request names this machine: by an address, which nobody can rebind, or as `localhost`
/// (RFC 6761, section 6.3).
pub(crate) fn names_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    // A name before an @ is no part of a host that a browser sends.
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host().to_ascii_lowercase();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
    // A URL's host may have `$(…)` or `;` in it, and the page writes its address into commands.
    let is_plain =
        |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    bare.parse::<IpAddr>().is_ok()
        || host == "localhost"
        || (host.ends_with(".localhost") && is_plain(&host))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with_host(host: &str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).unwrap())])
    }

    #[test]
    fn knows_this_machine_by_address_and_as_localhost() {
        for host in [
            "127.0.0.1:9000",
            "127.0.0.1",
            "10.0.0.7:9000",
            "[::1]:9000",
            "localhost:9000",
            "LocalHost",
            "stub.localhost:9000",
        ] {
            assert!(names_this_machine(&with_host(host)), "{host}");
        }
    }

    #[test]
    fn knows_no_name_that_a_stranger_can_have() {
        for host in [
            "rebound.example:9000",
            "localhost.example",
            "notlocalhost",
            "127.0.0.1.example",
            "127.0.0.1@rebound.example",
            "upstream",
            "1",
            "",
            "local host",
            "$(id).localhost",
            ";id;.localhost",
            "a&b.localhost",
            "a'b.localhost",
        ] {
            assert!(!names_this_machine(&with_host(host)), "{host}");
        }
        assert!(!names_this_machine(&HeaderMap::new()));
        let mut twice = with_host("localhost");
        twice.append(HOST, HeaderValue::from_static("localhost"));
        assert!(!names_this_machine(&twice));
    }

    #[test]
    fn knows_a_proxy_by_any_of_its_headers() {
        assert!(!is_proxied(&with_host("localhost")));
        for name in PROXY_HEADERS {
            let mut headers = with_host("localhost");
            headers.insert(name, HeaderValue::from_static("1"));
            assert!(is_proxied(&headers), "{name}");
        }
    }
}
