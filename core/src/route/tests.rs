//! Spellings of the path, targets that are none, paths that cannot be guarded, and the bound.

use super::*;

fn guards(route: &Route, target: &[u8]) -> bool {
    route.classify(target) == Target::Guarded
}

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
        assert!(guards(&Route::default(), target), "{}", target.escape_ascii());
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
        assert!(!guards(&Route::default(), target), "{}", target.escape_ascii());
    }
}

#[test]
fn guards_the_path_it_was_given() {
    for path in ["/", "/hooks", "/Hooks/a.b/;c~!$&'()+,=:@", "/..."] {
        let route = Route::new(path).unwrap();
        assert!(guards(&route, path.as_bytes()), "{path}");
        assert!(guards(&route, format!("/.{path}/?a").as_bytes()), "{path}");
        assert!(!guards(&route, format!("{path}x").as_bytes()), "{path}");
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
        ("/hooks//", RouteError::NotNormal),
        ("/hooks/*", RouteError::Pattern),
        ("/hooks/{id}", RouteError::Pattern),
        ("/hooks/{", RouteError::Pattern),
        ("/hooks/}", RouteError::Pattern),
        ("//", RouteError::NotNormal),
        ("/./", RouteError::NotNormal),
        ("/../", RouteError::NotNormal),
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

#[test]
fn a_slash_at_the_end_of_a_path_is_dropped() {
    assert_eq!(Route::new("/hooks/").unwrap(), Route::new("/hooks").unwrap());
    assert_eq!(Route::new("/v1/webhooks/junction/"), Ok(Route::default()));
    assert_eq!(Route::new("/").unwrap().path(), "/");
}

#[test]
fn a_path_with_dot_segments_is_read_up_to_a_bound_and_no_further() {
    let route = Route::default();
    // The query does not count, nor do the digits of an escape.
    for (dots, extra, query) in [("..", 0, ""), ("%2e%2E", 4, ""), ("..", 0, "?a/../b")] {
        for end in ["", "/../v1/webhooks/junction"] {
            let fill = MAX_DOTTED_BYTES - "//../".len() - end.len();
            let spelled = |fill: usize| format!("/{}/{dots}/{end}{query}", "a".repeat(fill));
            let longest = spelled(fill);
            assert_eq!(longest.len(), MAX_DOTTED_BYTES + extra + query.len());
            let expected = if end.is_empty() { Target::Unguarded } else { Target::Guarded };
            assert_eq!(route.classify(longest.as_bytes()), expected, "{dots} {end}");
            let longer = spelled(fill + 1);
            assert_eq!(route.classify(longer.as_bytes()), Target::TooLong, "{dots} {end}");
        }
    }
}

#[test]
fn a_path_without_a_dot_segment_is_read_however_long_it_is() {
    let route = Route::default();
    let slashes = "/".repeat(60_000);
    let guarded = format!("{slashes}v1/./webhooks{slashes}%6aunction{slashes}");
    assert_eq!(route.classify(guarded.as_bytes()), Target::Guarded);
    // Two dots that are no segment, in every place that one may stand.
    for part in ["/a..", "/..a", "/...", "/a..b", "/%2e%2e%2e", "/..;", "/. ."] {
        let other = part.repeat(20_000);
        assert_eq!(route.classify(other.as_bytes()), Target::Unguarded, "{part}");
    }
    let query = format!("/v1/webhooks/junction?{}", "/..".repeat(20_000));
    assert_eq!(route.classify(query.as_bytes()), Target::Guarded);
}

#[test]
fn a_segment_of_two_dots_counts_between_any_two_separators() {
    let long = "a".repeat(MAX_DOTTED_BYTES);
    for dotted in [
        format!("/../{long}"),
        format!("/{long}/.."),
        format!("/{long}\\..\\a"),
        format!("/{long}%2f..%2fa"),
        format!("/{long}%5c.%2e%5Ca"),
        format!("/{long}%2F%2e.?a"),
        format!("..{}{long}", '/'),
    ] {
        assert_eq!(Route::default().classify(dotted.as_bytes()), Target::TooLong, "{dotted}");
    }
}
