//! Who asks: the address of a caller, behind proxies or not, and lists of networks.

use axum::http::HeaderMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::LazyLock;

/// A network in CIDR notation (RFC 4632, RFC 4291): `196.201.214.0/24`, `2001:db8::/32`, or one
/// address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    /// How many of the 128 bits count; IPv4 addresses stand behind `::ffff:0:0/96`.
    bits: u32,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; write one as 196.201.214.0/24, 2001:db8::/32, or a single address")]
pub struct NoNetwork(String);

fn wide(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

const fn mask(bits: u32) -> u128 {
    match 128 - bits {
        128 => 0,
        shift => u128::MAX << shift,
    }
}

impl Network {
    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        wide(address) & mask(self.bits) == self.base
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let wrong = || NoNetwork(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let (most, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = length.unwrap_or(most);
        if length > most {
            return Err(wrong());
        }
        let bits = before + length;
        Ok(Self { base: wide(address) & mask(bits), bits })
    }
}

/// Reads a list.
///
/// # Errors
/// The first entry that is no network.
pub fn networks(list: &[String]) -> Result<Vec<Network>, NoNetwork> {
    list.iter().map(|entry| entry.parse()).collect()
}

/// What is no address of the public network, or leads back out of it (the registries of RFC 6890): of IPv4,
/// and of that part of IPv6 from which public addresses are given.
const SPECIAL: [&str; 20] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "3ffe::/16",
];

/// Whether an address is one of the public network. An IPv4 address behind IPv6 counts as itself.
pub fn is_public(address: IpAddr) -> bool {
    static NETWORKS: LazyLock<Vec<Network>> =
        LazyLock::new(|| SPECIAL.iter().filter_map(|network| network.parse().ok()).collect());
    let address = address.to_canonical();
    let given = match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => v6.segments()[0] & 0xE000 == 0x2000,
    };
    given && !NETWORKS.iter().any(|network| network.contains(address))
}

/// Who asks: the other end of the connection, or whom it names in `X-Forwarded-For` when it is one
/// of our proxies. What stands left of the first address that is no proxy of ours is hearsay.
pub fn caller(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &[Network]) -> Option<IpAddr> {
    let mut caller = peer?;
    let named = headers.get_all("x-forwarded-for").iter().flat_map(|value| {
        let text = value.to_str().unwrap_or("?");
        text.split(',').map(str::trim).collect::<Vec<_>>()
    });
    let mut named: Vec<&str> = named.collect();
    while proxies.iter().any(|proxy| proxy.contains(caller)) {
        let Some(entry) = named.pop() else { break };
        caller =
            entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?;
    }
    Some(caller)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn net(text: &str) -> Network {
        text.parse().expect("a network")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn behind(peer: &str, forwarded: &[&'static str]) -> Option<IpAddr> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        caller(Some(ip(peer)), &headers, &[net("10.0.0.0/8"), net("fd00::/8")])
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let safaricom = net("196.201.214.0/24");
        assert!(safaricom.contains(ip("196.201.214.7")) && !safaricom.contains(ip("196.201.215.7")));
        assert!(safaricom.contains(ip("::ffff:196.201.214.7")), "IPv4 over an IPv6 socket");
        assert!(
            net("2001:db8::/32").contains(ip("2001:db8:1::1")) && !net("2001:db8::/32").contains(ip("::1"))
        );
        assert!(net("192.0.2.9").contains(ip("192.0.2.9")) && !net("192.0.2.9").contains(ip("192.0.2.8")));
        assert!(net("0.0.0.0/0").contains(ip("8.8.8.8")) && !net("0.0.0.0/0").contains(ip("2001::1")));
        assert!(net("::/0").contains(ip("8.8.8.8")));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "somewhere", "10.0.0.0/33", "10.0.0.0/x", "::/129", "10.0.0/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_our_own_proxies_are_believed() {
        assert_eq!(behind("192.0.2.1", &["198.51.100.7"]), Some(ip("192.0.2.1")), "no proxy of ours");
        assert_eq!(behind("10.0.0.1", &["198.51.100.7"]), Some(ip("198.51.100.7")));
        assert_eq!(behind("10.0.0.1", &["203.0.113.9, 198.51.100.7"]), Some(ip("198.51.100.7")));
        assert_eq!(behind("10.0.0.1", &["198.51.100.7", "10.0.0.2"]), Some(ip("198.51.100.7")));
        assert_eq!(behind("10.0.0.1", &["198.51.100.7:4711"]), Some(ip("198.51.100.7")));
        assert_eq!(behind("fd00::1", &["[2001:db8::5]:99"]), Some(ip("2001:db8::5")));
        assert_eq!(behind("10.0.0.1", &[]), Some(ip("10.0.0.1")));
        assert_eq!(behind("10.0.0.1", &["unknown"]), None, "a proxy that does not know is no witness");
    }

    #[test]
    fn only_addresses_of_the_public_network_are_public() {
        assert_eq!(
            SPECIAL.iter().filter(|network| network.parse::<Network>().is_ok()).count(),
            SPECIAL.len()
        );
        let public = |text: &str| is_public(text.parse().expect("an address"));
        for yes in ["8.8.8.8", "196.201.214.200", "172.32.0.1", "2a00:1450:4001::1", "::ffff:8.8.8.8"] {
            assert!(public(yes), "{yes}");
        }
        for no in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001:db8::1",
            "2001:0:1::1",
            "::127.0.0.1",
        ] {
            assert!(!public(no), "{no}");
        }
    }
}
