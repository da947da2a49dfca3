//! What must not be reached is not reached, by name or by number; judged by servers that would answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use gatewright_egress::address::AddressKind;
use gatewright_egress::{Client, Destination, EgressError, Options, Policy, Refusal, Request};

use crate::server::{Names, Server, client, client_with, ok, options, policy};

fn kind_of(error: &EgressError) -> Option<AddressKind> {
    match error {
        EgressError::Refused(Refusal::Address { kind, .. }) => Some(*kind),
        _ => None,
    }
}

#[tokio::test]
async fn a_server_on_loopback_is_reached_in_no_spelling() {
    let server = Server::start("127.0.0.1", |_| ok("inside")).await;
    let port = server.address.port();
    let everywhere = Policy {
        plain_http: true,
        ..Policy::default()
    };
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ] {
        let error = client()
            .send(Request::get(format!("http://{host}:{port}/")), &everywhere)
            .await;
        assert_eq!(
            error.as_ref().err().and_then(kind_of),
            Some(AddressKind::Loopback),
            "{host}: {error:?}"
        );
    }
    for host in ["0.0.0.0", "0", "[::]"] {
        let error = client()
            .send(Request::get(format!("http://{host}:{port}/")), &everywhere)
            .await;
        assert_eq!(
            error.as_ref().err().and_then(kind_of),
            Some(AddressKind::Unspecified),
            "{host}: {error:?}"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_is_judged_by_where_it_leads() {
    let table = [
        ("10.1.2.3", AddressKind::Private),
        ("169.254.169.254", AddressKind::Metadata),
        ("fd00:ec2::254", AddressKind::Metadata),
        ("100.64.0.1", AddressKind::Shared),
        ("::ffff:10.0.0.1", AddressKind::Private),
        ("224.0.0.1", AddressKind::Multicast),
        ("2002:7f00:1::", AddressKind::Tunnel),
        ("fe80::1", AddressKind::LinkLocal),
    ];
    for (address, kind) in table {
        let client = client_with(Names::one("inner.example", &[&[address]]));
        let error = client
            .send(Request::get("https://inner.example/"), &Policy::default())
            .await
            .unwrap_err();
        assert_eq!(kind_of(&error), Some(kind), "{address}");
        assert!(
            !error.to_string().contains(address),
            "an answer does not map the network: {error}"
        );
    }
}

#[tokio::test]
async fn a_name_that_answers_differently_the_second_time_gains_nothing() {
    let good = Server::start("127.0.0.2", |_| {
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\ngood".into()
    })
    .await;
    let port = good.address.port();
    let inner = Server::start_at(SocketAddr::new("127.0.0.1".parse().unwrap(), port), |_| ok("inner")).await;
    let names = Names::one("rebind.example", &[&["127.0.0.2"], &["127.0.0.1"]]);
    let client = client_with(Arc::clone(&names) as _);
    let policy = policy(&["127.0.0.2"]);
    let url = format!("http://rebind.example:{port}/");
    let first = client.send(Request::get(&url), &policy).await.unwrap();
    assert_eq!(
        (&first.body[..], names.asked.load(Ordering::SeqCst)),
        (&b"good"[..], 1),
        "looked up once, connected to that"
    );
    let second = client.send(Request::get(&url), &policy).await.unwrap_err();
    assert_eq!(kind_of(&second), Some(AddressKind::Loopback));
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn of_a_name_with_several_addresses_only_allowed_ones_are_tried() {
    let outer = Server::start("127.0.0.2", |_| ok("outer")).await;
    let port = outer.address.port();
    let inner = Server::start_at(SocketAddr::new("127.0.0.1".parse().unwrap(), port), |_| ok("inner")).await;
    let client = client_with(Names::one("both.example", &[&["127.0.0.1", "127.0.0.2"]]));
    let answer = client
        .send(
            Request::get(format!("http://both.example:{port}/")),
            &policy(&["127.0.0.2"]),
        )
        .await;
    assert_eq!(&answer.unwrap().body[..], b"outer");
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn a_tenants_allow_list_opens_what_it_names_and_no_more() {
    let server = Server::start("127.0.0.1", |_| ok("inside")).await;
    let port = server.address.port();
    let names = Names::one("hook.corp.example", &[&["127.0.0.1"]]);
    names.also("corp.example", &[&["127.0.0.1"]]);
    names.also("notcorp.example", &[&["127.0.0.1"]]);
    names.also("meta.corp.example", &[&["169.254.169.254"]]);
    let client = client_with(names);
    let reach = async |host: &str, opened: &[&str]| {
        let request = Request::get(format!("http://{host}:{port}/"));
        let policy = Policy {
            plain_http: true,
            ..policy(opened)
        };
        client.send(request, &policy).await.map(|answer| answer.body)
    };
    assert!(reach("hook.corp.example", &["hook.corp.example"]).await.is_ok());
    assert!(reach("HOOK.corp.example.", &["hook.corp.example"]).await.is_ok());
    assert!(reach("hook.corp.example", &["*.corp.example"]).await.is_ok());
    assert!(reach("hook.corp.example", &["127.0.0.0/8"]).await.is_ok());
    assert!(reach("127.0.0.1", &["127.0.0.1"]).await.is_ok());
    for (host, opened) in [
        ("corp.example", "*.corp.example"),
        ("notcorp.example", "*.corp.example"),
        ("notcorp.example", "corp.example"),
        ("127.0.0.1", "hook.corp.example"),
        ("hook.corp.example", "10.0.0.0/8"),
        ("hook.corp.example", "127.0.0.2"),
    ] {
        let error = reach(host, &[opened]).await.unwrap_err();
        assert_eq!(kind_of(&error), Some(AddressKind::Loopback), "{host} by {opened}");
    }
    for opened in ["*.corp.example", "meta.corp.example", "169.254.0.0/16"] {
        let error = reach("meta.corp.example", &[opened]).await.unwrap_err();
        assert_eq!(
            kind_of(&error),
            Some(AddressKind::Metadata),
            "a metadata service is opened by its own address only"
        );
    }
}

#[tokio::test]
async fn gatewright_does_not_ask_itself_whatever_is_opened() {
    let server = Server::start("0.0.0.0", |_| ok("ourselves")).await;
    let port = server.address.port();
    let client = Client::new(Options {
        own_listeners: vec![server.address],
        ..options()
    });
    for host in ["127.0.0.1", "127.0.0.9", "localhost"] {
        let error = client
            .send(
                Request::get(format!("http://{host}:{port}/")),
                &policy(&["127.0.0.0/8"]),
            )
            .await;
        assert!(
            matches!(error, Err(EgressError::Refused(Refusal::Ourselves(_)))),
            "{host}: {error:?}"
        );
    }
    assert!(server.seen().is_empty(), "not a byte was sent");
}

#[tokio::test]
async fn plain_http_and_ports_are_the_policys_choice() {
    let client = client_with(Names::one("public.example", &[&["93.184.215.14"]]));
    let error = client
        .send(Request::get("http://public.example/"), &Policy::default())
        .await
        .unwrap_err();
    assert_eq!(error, EgressError::Refused(Refusal::PlainHttp));
    let ports = Policy {
        ports: Some(vec![443..=443, 8443..=8444]),
        ..Policy::default()
    };
    let error = client
        .send(Request::get("https://public.example:22/"), &ports)
        .await
        .unwrap_err();
    assert_eq!(error, EgressError::Refused(Refusal::Port(22)));
}

#[tokio::test]
async fn a_resting_connection_is_judged_like_a_new_one() {
    let server = Server::start("127.0.0.1", |_| ok("inside")).await;
    let client = client();
    let everywhere = Policy {
        plain_http: true,
        ..Policy::default()
    };
    assert!(
        client
            .send(Request::get(server.url("/")), &policy(&["127.0.0.1"]))
            .await
            .is_ok()
    );
    let error = client
        .send(Request::get(server.url("/")), &everywhere)
        .await
        .unwrap_err();
    assert_eq!(
        kind_of(&error),
        Some(AddressKind::Loopback),
        "another tenant has no part in it"
    );
    assert_eq!(server.seen().len(), 1);
}

/// What a tenant's list says, within what the installation opens and delegates.
#[tokio::test]
async fn a_tenants_list_narrows_and_opens_only_what_is_delegated() {
    let server = Server::start("127.0.0.1", |_| ok("inside")).await;
    let port = server.address.port();
    let names = Names::one("inner.example", &[&["127.0.0.1"]]);
    names.also("metadata.example", &[&["169.254.169.254"]]);
    let client = client_with(names);
    let listed = |opened: &[&str], delegated: &[&str], only: &[&str]| Policy {
        delegated: policy(delegated).opened,
        only: Some(only.iter().map(|line| line.parse().unwrap()).collect()),
        ..policy(opened)
    };
    let ask = async |url: String, policy: Policy| match client.send(Request::get(url), &policy).await {
        Ok(_) => "reached",
        Err(EgressError::Refused(Refusal::NotListed(_))) => "not listed",
        Err(EgressError::Refused(Refusal::Address { .. })) => "address",
        Err(EgressError::Refused(Refusal::PlainHttp)) => "plain http",
        Err(error) => panic!("{error:?}"),
    };
    let (by_number, by_name) = (server.url("/"), format!("http://inner.example:{port}/"));
    let right = format!("127.0.0.1:{port}");
    let wrong = format!("127.0.0.1:{}", port.wrapping_add(1).max(1));
    let named = format!("inner.example:{port}");
    for (url, opened, delegated, only, expected) in [
        (
            &by_number,
            &["127.0.0.1"][..],
            &[][..],
            &[right.as_str()][..],
            "reached",
        ),
        (&by_number, &["127.0.0.1"], &[], &[wrong.as_str()], "not listed"),
        (&by_number, &["127.0.0.1"], &[], &["inner.example"], "not listed"),
        (&by_number, &["127.0.0.1"], &[], &[], "not listed"),
        (&by_name, &["127.0.0.1"], &[], &[named.as_str()], "reached"),
        (&by_name, &["127.0.0.1"], &[], &["127.0.0.0/8"], "reached"),
        (&by_name, &["127.0.0.1"], &[], &["10.0.0.0/8"], "not listed"),
        // A list alone opens nothing.
        (&by_number, &[], &[], &["127.0.0.1"], "plain http"),
        (&by_name, &[], &[], &["inner.example"], "plain http"),
        // What is delegated is open to whoever lists it.
        (&by_number, &[], &["127.0.0.0/8"], &["127.0.0.1"], "reached"),
        (&by_name, &[], &["127.0.0.0/8"], &["*.example"], "reached"),
        (&by_name, &[], &["*.example"], &["*.example"], "reached"),
        (&by_number, &[], &["*.example"], &["127.0.0.1"], "plain http"),
        (&by_number, &[], &["10.0.0.0/8"], &["127.0.0.1"], "address"),
        (&by_number, &[], &["127.0.0.0/8"], &["10.0.0.0/8"], "not listed"),
    ] {
        let answer = ask(url.clone(), listed(opened, delegated, only)).await;
        assert_eq!(answer, expected, "{url} {opened:?} {delegated:?} {only:?}");
    }
    let unlisted = Policy {
        delegated: policy(&["127.0.0.0/8"]).opened,
        ..Policy::default()
    };
    assert_eq!(
        ask(by_number.clone(), unlisted).await,
        "plain http",
        "delegated is not opened"
    );
    for url in ["https://169.254.169.254/", "https://metadata.example/"] {
        let everything = ["169.254.169.254", "*.example"];
        let answer = ask(url.to_owned(), listed(&[], &everything, &everything)).await;
        assert_eq!(answer, "address", "no tenant reaches a metadata service: {url}");
    }
}

#[test]
fn a_line_of_a_tenants_list_that_could_never_open_anything_is_refused() {
    let policy = Policy {
        delegated: policy(&["10.1.0.0/16", "169.254.169.254"]).opened,
        ..policy(&["127.0.0.1"])
    };
    let judge = |line: &str| policy.judge_line(&line.parse::<Destination>().unwrap()).is_ok();
    for fine in [
        "example.com",
        "*.local:80",
        "192.0.3.0/24",
        "10.1.2.0/24:443",
        "127.0.0.1:1",
        "0.0.0.0/0",
        "[2600::1]:443",
    ] {
        assert!(judge(fine), "{fine}");
    }
    for refused in [
        "10.0.0.0/8",
        "10.2.0.0/16",
        "127.0.0.2",
        "169.254.169.254",
        "::1",
        "[fd00::1]:443",
        "::ffff:10.2.0.1",
    ] {
        assert!(!judge(refused), "{refused}");
    }
    for unreadable in [
        "",
        ":80",
        "example.com:",
        "example.com:99999",
        "a:b:c",
        "*.:80",
        "http://example.com",
    ] {
        assert!(unreadable.parse::<Destination>().is_err(), "{unreadable}");
    }
}
