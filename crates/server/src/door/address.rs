//! Whose address a request comes from: the peer's, or where the peer is a proxy of this installation, whoever that proxy
//! says. Addresses live as long as a connection does, in memory, and are counted by a keyed hash only.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;

/// Where proxies put the addresses that a request came through, the nearest last. No standard, but what they all speak.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies of an installation, whose word on addresses counts.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Range>);

/// Addresses that begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    first: IpAddr,
    bits: u8,
}

impl Proxies {
    /// Reads addresses and ranges (`10.0.0.0/8`), separated by commas; `None` where one of them is neither.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(Range::parse)
            .collect::<Option<_>>()
            .map(Self)
    }

    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(address))
    }

    /// Who asks: the peer, unless it is one of ours; then the last address on the way that is not. What a stranger wrote
    /// into the header stands before that and is never looked at, so that none of it can spoil what a proxy added. Where
    /// a hop cannot be read, the way ends.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.contain(client) {
            return client;
        }
        let nearest_first = headers.get_all(FORWARDED_FOR).iter().rev();
        // Bytes: a header holds what is no text as well (RFC 9110, section 5.5).
        for hop in nearest_first.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b',')) {
            let Some(address) = std::str::from_utf8(hop).ok().and_then(|hop| address(hop.trim())) else {
                return client;
            };
            client = address;
            if !self.contain(client) {
                return client;
            }
        }
        client
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first.parse::<IpAddr>().ok()?, Some(bits.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        // A mapped range would never be met: addresses are compared in their plain form.
        (bits <= most && first.to_canonical() == first).then_some(Self { first, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let differs = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => u128::from(first.to_bits() ^ address.to_bits()) << 96,
            (IpAddr::V6(first), IpAddr::V6(address)) => first.to_bits() ^ address.to_bits(),
            _ => return false,
        };
        differs.leading_zeros() >= u32::from(self.bits)
    }
}

/// An address as proxies write it: alone, in brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

/// What is counted as one: an IPv4 address, or the /64 of an IPv6 address, which one household or machine has for itself.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => first_bits(address, 64),
        address @ IpAddr::V4(_) => address,
    }
}

/// The network around an address, which one customer can have for themselves: the /48 of an IPv6 address (RFC 6177). With
/// IPv4 an address is what one has, and many share it as it is.
pub(super) fn network(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        IpAddr::V6(address) => Some(first_bits(address, 48)),
        IpAddr::V4(_) => None,
    }
}

fn first_bits(address: Ipv6Addr, bits: u32) -> IpAddr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits))).into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(trusted: &str, peer: &str, headers: &[&str]) -> String {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Proxies::parse(trusted).unwrap().client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_they_were_named() {
        assert_eq!(client("", "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn what_a_stranger_wrote_before_the_proxy_is_never_reached() {
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["203.0.113.9", "198.51.100.7"]), "198.51.100.7", "two headers");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["10.9.9.9, 198.51.100.7, 10.2.2.2"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["10.9.9.9, 10.2.2.2"]), "10.9.9.9", "all are ours");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.7, unknown, 10.2.2.2"]), "10.2.2.2", "the way ends");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.7, \u{e4}"]), "10.1.2.3");
    }

    #[test]
    fn what_cannot_be_read_spoils_nothing_that_a_proxy_added() {
        for headers in
            [&["\u{e4}, 198.51.100.7"][..], &["\u{e4},", "198.51.100.7"], &[",\u{e4},,198.51.100.7, 10.2.2.2"]]
        {
            assert_eq!(client("10.0.0.0/8", "10.1.2.3", headers), "198.51.100.7", "{headers:?}");
        }
        let mut map = HeaderMap::new();
        map.append(FORWARDED_FOR, HeaderValue::from_bytes(b"\xff\xfe, 198.51.100.7").unwrap());
        let proxies = Proxies::parse("10.0.0.0/8").unwrap();
        let client = proxies.client("10.1.2.3".parse().unwrap(), &map);
        assert_eq!(client.to_string(), "198.51.100.7", "no text at all");
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (written, meant) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(client("::1, 10.0.0.1", "::1", &[written]), meant);
            assert_eq!(client("::1, 10.0.0.1", "::ffff:10.0.0.1", &[written]), meant, "a mapped peer");
        }
    }

    #[test]
    fn ranges_hold_what_begins_alike_and_no_more() {
        let within = |range: &str, address: &str| Proxies::parse(range).unwrap().contain(address.parse().unwrap());
        assert!(within("10.0.0.0/9", "10.127.255.255") && !within("10.0.0.0/9", "10.128.0.0"));
        assert!(within("0.0.0.0/0", "203.0.113.9") && !within("0.0.0.0/0", "2001:db8::1"));
        assert!(within("2001:db8::/33", "2001:db8:7fff::1") && !within("2001:db8::/33", "2001:db8:8000::1"));
        assert!(within("192.0.2.1", "192.0.2.1") && !within("192.0.2.1", "192.0.2.2"));
        for wrong in
            ["proxy", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "10.0.0.1 10.0.0.2", "::ffff:10.0.0.0/104"]
        {
            assert!(Proxies::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_household_is_one_and_its_neighbours_are_others() {
        let same = |one: &str, other: &str| counted(one.parse().unwrap()) == counted(other.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9") && !same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1") && !same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn a_network_has_many_households_where_there_are_addresses_to_spare() {
        let network = |address: &str| network(address.parse().unwrap()).map(|network| network.to_string());
        assert_eq!(network("2001:db8:1:2::1").as_deref(), Some("2001:db8:1::"));
        assert_eq!(network("2001:db8:1:ffff::9"), network("2001:db8:1:2::1"));
        assert_ne!(network("2001:db8:2:2::1"), network("2001:db8:1:2::1"));
        assert_eq!((network("192.0.2.1"), network("::ffff:192.0.2.1")), (None, None));
    }
}
