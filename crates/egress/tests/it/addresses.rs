//! What an address is, in every way to write it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gatewright_egress::address::AddressKind::{self, *};
use gatewright_egress::address::{canonical, kind};
use gatewright_egress::{EgressError, Opened, Refusal, Target};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

#[test]
fn every_special_network_is_known_from_its_first_to_its_last_address() {
    let table: &[(&str, &str, AddressKind)] = &[
        ("0.0.0.0", "0.255.255.255", Unspecified),
        ("1.0.0.0", "9.255.255.255", Public),
        ("10.0.0.0", "10.255.255.255", Private),
        ("11.0.0.0", "100.63.255.255", Public),
        ("100.64.0.0", "100.127.255.255", Shared),
        ("100.128.0.0", "126.255.255.255", Public),
        ("127.0.0.0", "127.255.255.255", Loopback),
        ("128.0.0.0", "169.253.255.255", Public),
        ("169.254.0.0", "169.254.255.255", LinkLocal),
        ("172.15.255.255", "172.15.255.255", Public),
        ("172.16.0.0", "172.31.255.255", Private),
        ("172.32.0.0", "172.32.0.0", Public),
        ("192.0.0.0", "192.0.0.255", Reserved),
        ("192.0.1.0", "192.0.1.255", Public),
        ("192.0.2.0", "192.0.2.255", Documentation),
        ("192.88.99.0", "192.88.99.255", Tunnel),
        ("192.168.0.0", "192.168.255.255", Private),
        ("198.18.0.0", "198.19.255.255", Benchmarking),
        ("198.51.100.0", "198.51.100.255", Documentation),
        ("203.0.113.0", "203.0.113.255", Documentation),
        ("223.255.255.255", "223.255.255.255", Public),
        ("224.0.0.0", "239.255.255.255", Multicast),
        ("240.0.0.0", "255.255.255.254", Reserved),
        ("255.255.255.255", "255.255.255.255", Broadcast),
        ("169.254.169.254", "169.254.169.254", Metadata),
        ("169.254.170.2", "169.254.170.2", Metadata),
        ("100.100.100.200", "100.100.100.200", Metadata),
        ("168.63.129.16", "168.63.129.16", Metadata),
        ("::", "::", Unspecified),
        ("::1", "::1", Loopback),
        ("::2", "::ffff:ffff", Tunnel),
        ("::ffff:0:7f00:1", "::ffff:0:7f00:1", Tunnel),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Tunnel),
        ("100::", "100::ffff:ffff:ffff:ffff", Reserved),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Tunnel),
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Benchmarking),
        ("2001:10::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
        ("2001:200::", "2001:200::", Public),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Tunnel),
        ("2606:4700::1111", "2606:4700::1111", Public),
        ("2a00:1450::5efe", "2a00:1450::5efe", Public),
        ("2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:a00:1", Tunnel),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
        ("5f00::", "5f00::", Reserved),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UniqueLocal),
        ("fd00:ec2::254", "fd00:ec2::254", Metadata),
        ("fd20:ce::254", "fd20:ce::254", Metadata),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LinkLocal),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Multicast),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", Loopback),
        ("::ffff:169.254.169.254", "::ffff:a9fe:a9fe", Metadata),
        ("::ffff:8.8.8.8", "::ffff:8.8.8.8", Public),
        ("64:ff9b::10.0.0.1", "64:ff9b::10.0.0.1", Private),
        ("64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe", Metadata),
        ("64:ff9b::8.8.8.8", "64:ff9b::8.8.8.8", Public),
    ];
    for (first, last, expected) in table {
        for text in [first, last] {
            assert_eq!(kind(text.parse().unwrap()), *expected, "{text}");
        }
    }
}

#[test]
fn an_address_is_the_same_in_every_spelling_of_a_url() {
    for loopback in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://%31%32%37.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://１２７。０。０。１/",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
        "ht\ttp://127.0.0.\n1/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "https://127.0.0.1:65535/a?b#c",
    ] {
        let target = Target::parse(loopback, 8192).unwrap_or_else(|error| panic!("{loopback:?}: {error}"));
        assert_eq!(target.address().map(kind), Some(Loopback), "{loopback:?}");
    }
}

#[test]
fn a_url_that_could_mean_two_things_is_none() {
    for text in [
        "",
        "/",
        "example.com",
        "http://",
        "http:///",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "http://0x100000000/",
        "http://[::1/",
        "http://[::1%25lo]/",
        "http://[127.0.0.1]/",
        "http://exa mple.com/",
        "http://a..b/",
        "http://./",
        "http://example.com:65536/",
        "http://example.com:0/",
        "http://a%00b/",
        "http://a%2fb/",
    ] {
        let result = Target::parse(text, 8192);
        assert!(
            matches!(result, Err(EgressError::InvalidUrl(_))),
            "{text:?}: {result:?}"
        );
    }
    for (text, refusal) in [
        ("file:///etc/passwd", Refusal::Scheme),
        ("gopher://example.com/", Refusal::Scheme),
        ("ftp://example.com/", Refusal::Scheme),
        ("javascript:alert(1)", Refusal::Scheme),
        ("data:text/plain,a", Refusal::Scheme),
        ("http://user@example.com/", Refusal::UserInfo),
        ("http://:password@example.com/", Refusal::UserInfo),
        ("http://example.com@127.0.0.1/", Refusal::UserInfo),
    ] {
        assert_eq!(Target::parse(text, 8192), Err(EgressError::Refused(refusal)), "{text}");
    }
    let long = format!("http://example.com/{}", "a".repeat(8192));
    assert!(matches!(Target::parse(&long, 8192), Err(EgressError::InvalidUrl(_))));
    assert_eq!(
        Target::parse("https://Example.COM.:443/#x", 8192).unwrap().as_str(),
        "https://example.com/"
    );
}

#[test]
fn an_allow_list_is_read_strictly() {
    for (text, shown) in [
        ("idp.corp.example", "idp.corp.example"),
        ("IDP.Corp.Example.", "idp.corp.example"),
        ("*.corp.example", "*.corp.example"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("::1", "::1/128"),
        ("[fd00::]/8", "fd00::/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ] {
        assert_eq!(
            text.parse::<Opened>().map(|opened| opened.to_string()),
            Ok(shown.to_owned()),
            "{text}"
        );
    }
    for text in [
        "",
        "*",
        "*.",
        ".",
        "a..b",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "host/8",
        "a.*.b",
        "http://a",
        "a:80",
        "127.1",
    ] {
        assert!(text.parse::<Opened>().is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_not_public_stays_so_inside_of_ipv6(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        let mapped = IpAddr::V6(v4.to_ipv6_mapped());
        let translated = IpAddr::V6(Ipv6Addr::from_bits(0x0064_ff9b << 96 | u128::from(bits)));
        prop_assert_eq!(kind(mapped), kind(IpAddr::V4(v4)));
        prop_assert_eq!(kind(translated), kind(IpAddr::V4(v4)));
        prop_assert_eq!(canonical(mapped), IpAddr::V4(v4));
        for hidden in [u128::from(bits), 0x2002_u128 << 112 | u128::from(bits) << 80, 0x2001_u128 << 112 | u128::from(!bits)] {
            prop_assert!(kind(IpAddr::V6(Ipv6Addr::from_bits(hidden))) != Public);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        let _ = Target::parse(&text, 8192);
        let _ = text.parse::<Opened>();
    }
}
