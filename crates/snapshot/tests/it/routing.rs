//! Which route a request means.

use gatewright_snapshot::template::{Segment, Template};
use gatewright_types::ProblemCode;
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Just;

use crate::setup::{compile, route, target};

#[test]
fn literals_go_before_parameters_and_those_before_wildcards() {
    let snapshot = compile(vec![
        route("GET", "/a/{x}/c", "/param/{x}"),
        route("GET", "/a/b/d", "/literal"),
        route("GET", "/a/{*rest}", "/wild/{*rest}"),
        route("GET", "/a/b/{y}", "/second/{y}"),
    ]);
    for (path, expected) in [
        ("/a/b/d", "/base/literal"),
        ("/a/b/c", "/base/second/c"),
        ("/a/z/c", "/base/param/z"),
        ("/a/z/d?q=%2e", "/base/wild/z/d?q=%2e"),
        ("/a/b", "/base/wild/b"),
    ] {
        assert_eq!(target(&snapshot, "GET", path).as_deref(), Ok(expected), "{path}");
    }
    for path in ["/a", "/a/", "/b"] {
        assert_eq!(
            target(&snapshot, "GET", path).unwrap_err().code,
            ProblemCode::NoRoute,
            "{path}"
        );
    }
}

#[test]
fn any_yields_on_the_same_template_only() {
    let snapshot = compile(vec![
        route("ANY", "/x/{a}", "/any"),
        route("POST", "/x/{b}", "/post"),
        route("ANY", "/x/special", "/special"),
        route("GET", "/only", "/get"),
        route("ANY", "/only/{z}", "/z"),
    ]);
    let code = |method, path| target(&snapshot, method, path).map_err(|refusal| (refusal.code, refusal.allow));
    assert_eq!(code("POST", "/x/1").as_deref(), Ok("/base/post"));
    assert_eq!(code("PUT", "/x/1").as_deref(), Ok("/base/any"));
    assert_eq!(
        code("POST", "/x/special").as_deref(),
        Ok("/base/special"),
        "the nearer template goes first"
    );
    assert_eq!(code("QUERY", "/x/1").as_deref(), Ok("/base/any"));
    assert_eq!(code("HEAD", "/only").as_deref(), Ok("/base/get"));
    assert_eq!(
        code("PUT", "/only"),
        Err((ProblemCode::MethodNotAllowed, Some("GET, HEAD".to_owned())))
    );
    assert_eq!(
        code("TRACE", "/x/1"),
        Err((ProblemCode::MethodNotAllowed, Some("GET, POST, HEAD".to_owned())))
    );
    assert_eq!(code("TRACE", "/nowhere"), Err((ProblemCode::NoRoute, None)));
}

#[test]
fn an_explicit_head_route_goes_before_get() {
    let snapshot = compile(vec![
        route("GET", "/x", "/get"),
        route("HEAD", "/x", "/head"),
        route("ANY", "/x", "/any"),
    ]);
    assert_eq!(target(&snapshot, "HEAD", "/x").as_deref(), Ok("/base/head"));
    assert_eq!(target(&snapshot, "GET", "/x").as_deref(), Ok("/base/get"));
}

#[test]
fn an_encoded_slash_separates_nothing() {
    let snapshot = compile(vec![route("GET", "/f/{name}", "/g/{name}")]);
    assert_eq!(target(&snapshot, "GET", "/f/a%2fb%7E").as_deref(), Ok("/base/g/a%2Fb~"));
    assert_eq!(target(&snapshot, "GET", "/%66/x").as_deref(), Ok("/base/g/x"));
    assert_eq!(
        target(&snapshot, "GET", "/f/x/").unwrap_err().code,
        ProblemCode::NoRoute,
        "a slash at the end counts"
    );
    assert_eq!(
        target(&snapshot, "OPTIONS", "*").unwrap_err().code,
        ProblemCode::NoRoute
    );
}

/// The order in which templates are tried, told in the plainest way.
fn reference<'t>(templates: &'t [Template], path: &str) -> Option<&'t Template> {
    let parts: Vec<&str> = path[1..].split('/').collect();
    let fits = |template: &&Template| {
        let segments = template.segments();
        segments
            .iter()
            .enumerate()
            .all(|(at, segment)| match (segment, parts.get(at)) {
                (Segment::Literal(text), Some(part)) => text == part,
                (Segment::Parameter(_), Some(part)) => !part.is_empty(),
                (Segment::Wildcard(_), Some(_)) => !parts[at..].join("/").is_empty(),
                (_, None) => false,
            })
            && (parts.len() == segments.len() || matches!(segments.last(), Some(Segment::Wildcard(_))))
    };
    let rank = |template: &&Template| -> Vec<u8> {
        let kind = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Wildcard(_) => 2,
        };
        template.segments().iter().map(kind).collect()
    };
    templates.iter().filter(fits).min_by_key(rank)
}

fn template() -> impl Strategy<Value = String> {
    let segment = prop_oneof![3 => Just("a"), 3 => Just("b"), 1 => Just("ab"), 3 => Just("{p}")];
    let end = prop_oneof![Just(""), Just("/"), Just("/{*rest}")];
    (vec(segment, 1..5), end).prop_map(|(segments, end)| {
        let named = segments
            .iter()
            .enumerate()
            .map(|(at, segment)| segment.replace('p', &format!("p{at}")));
        format!("/{}{end}", named.collect::<Vec<_>>().join("/"))
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(2_000))]

    #[test]
    fn the_router_agrees_with_the_plainest_reference(
        texts in vec(template(), 1..12),
        paths in vec("/(a|b|ab|c)(/(a|b|ab|c)){0,4}/?", 1..12),
    ) {
        let mut routes = Vec::new();
        let mut templates: Vec<Template> = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let candidate = route("GET", text, &format!("/{}", routes.len()));
            let mut tried = routes.clone();
            tried.push(candidate);
            // Only two of one shape conflict; in these templates names follow from places.
            let is_new = texts[..at].iter().all(|earlier| earlier != text);
            let judged = gatewright_snapshot::judge_gateway(&crate::setup::gateway("acme", tried.clone()));
            prop_assert_eq!(judged.is_ok(), is_new, "{} in {:?}", text, texts);
            if is_new {
                routes = tried;
                templates.push(Template::parse(text).unwrap());
            }
        }
        let snapshot = compile(routes);
        for path in &paths {
            let found = target(&snapshot, "GET", path).ok();
            let expected = reference(&templates, path)
                .and_then(|template| templates.iter().position(|other| other == template))
                .map(|at| format!("/base/{at}"));
            prop_assert_eq!(found, expected, "{} among {:?}", path, texts);
        }
    }

    #[test]
    fn no_target_makes_it_panic_and_every_rendered_one_is_a_uri(path in "/(a|%[0-9A-Fa-f]{2}|[!-~]|\\.|/){0,20}") {
        let snapshot = compile(vec![route("GET", "/{a}/{*b}", "/x/{*b}"), route("GET", "/{a}", "/y/{a}")]);
        if path.parse::<http::Uri>().is_ok_and(|uri| uri.authority().is_none())
            && let Ok(text) = target(&snapshot, "GET", &path)
        {
            let uri: http::Uri = text.parse().unwrap();
            prop_assert_eq!(uri.to_string(), text);
        }
    }
}
