//! Networks in CIDR notation: the addresses from which something is accepted.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// Some networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Those that are written so: `203.0.113.0/24`, `2001:db8::/32`, or a single address; each once, in order.
    ///
    /// # Errors
    /// The first text that isn't one. With bits beyond its prefix it isn't, either: whoever writes `10.1.2.3/8` means
    /// something else.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, T> {
        let mut networks = Vec::new();
        for text in texts {
            networks.push(network(text.as_ref()).ok_or(text)?);
        }
        networks.sort_unstable();
        networks.dedup();
        Ok(Self(networks))
    }

    /// Whether the address lies in one of them. One of IPv4 is the same when it is written as one of IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As they are written.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(IpNet::to_string)
    }
}

fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse().ok()?,
    };
    if network != network.trunc() {
        return None;
    }
    // Addresses of IPv4 are looked up as such.
    match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 && v6.addr().to_ipv4_mapped().is_some() => {
            Ipv4Net::new(v6.addr().to_ipv4_mapped()?, v6.prefix_len() - 96).ok().map(IpNet::V4)
        }
        network => Some(network),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn networks_are_written_in_cidr() {
        for (text, expected) in [
            ("203.0.113.0/24", "203.0.113.0/24"),
            (" 203.0.113.7 ", "203.0.113.7/32"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ] {
            let networks = Networks::parse([text]).unwrap();
            assert_eq!(networks.iter().collect::<Vec<_>>(), [expected], "{text}");
        }
        for text in
            ["", "10.0.0.0/33", "10.1.2.3/8", "10.0.0/8", "10.0.0.0/", "a", "::1/129", "010.0.0.1", "[::1]"]
        {
            assert_eq!(Networks::parse(["10.0.0.0/8", text]), Err(text), "{text}");
        }
        assert_eq!(Networks::parse(["10.0.0.0/8", "10.0.0.0/8"]).unwrap().len(), 1);
    }

    #[test]
    fn an_address_lies_in_a_network_however_it_is_written() {
        let networks = Networks::parse(["10.0.0.0/8", "2001:db8::/32"]).unwrap();
        for (address, expected) in [
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("::10.1.2.3", false),
        ] {
            assert_eq!(networks.contains(address.parse().unwrap()), expected, "{address}");
        }
        assert!(!Networks::default().contains("::1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn an_address_lies_in_every_network_around_it(bits in any::<u32>(), prefix in 0..=32_u8) {
            let address = std::net::Ipv4Addr::from_bits(bits);
            let around = Ipv4Net::new(address, prefix).unwrap().trunc().to_string();
            prop_assert!(Networks::parse([around]).unwrap().contains(address.into()));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}|[0-9a-f.:/]{0,40}") {
            if let Ok(networks) = Networks::parse([&text]) {
                let written: Vec<_> = networks.iter().collect();
                prop_assert_eq!(Networks::parse(written), Ok(networks));
            }
        }
    }
}
