//! The guard of outgoing requests (CWE-918): an address that somebody typed may not make this server call
//! itself, its neighbours or the cloud's metadata service.
//!
//! [`checked`] looks at the address as it is written; [`resolved`] at what its name stands for now, and [`client`]
//! connects to nothing else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::ClientBuilder;
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::problem::{Problem, Result, invalid, unavailable};

/// The URL, if it may be called: `https` with a public host and no sign-in in it. With `allow_private`, for a
/// peer of one's own network, also `http` and private addresses; never link-local ones (169.254.169.254).
pub fn checked(url: &str, allow_private: bool) -> Result<Url> {
    let url = Url::parse(url.trim()).map_err(|error| refused(&error.to_string()))?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err(refused("https is needed")),
        _ => return Err(refused("only http and https are called")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it may hold no name and no password"));
    }
    match url.host() {
        None => Err(refused("it names no host")),
        // The parser has turned `0x7f.1` and `2130706433` into addresses already.
        Some(Host::Ipv4(ip)) => allowed(ip.into(), allow_private).map(|()| url),
        Some(Host::Ipv6(ip)) => allowed(ip.into(), allow_private).map(|()| url),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let local = name == "localhost" || name.ends_with(".localhost");
            if local && !allow_private {
                return Err(refused("it is this machine"));
            }
            Ok(url)
        }
    }
}

/// A client for the host of a checked URL. It connects to the very addresses that were looked at, whatever the name
/// stands for a moment later, by no proxy, and follows no redirect; how long it waits is the caller's to say.
///
/// # Errors
/// 422 `url_not_allowed` where the host may not be called, 503 `host_unknown` where nobody knows it.
pub async fn client(url: &Url, allow_private: bool) -> Result<ClientBuilder> {
    let addresses = resolved(url, allow_private).await?;
    let host = url.host_str().unwrap_or_default();
    Ok(reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .resolve_to_addrs(host, &addresses))
}

/// What a checked URL's host stands for now; refused when any of it may not be called.
pub async fn resolved(url: &Url, allow_private: bool) -> Result<Vec<SocketAddr>> {
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses: Vec<SocketAddr> = match url.host() {
        None => return Err(refused("it names no host")),
        Some(Host::Ipv4(ip)) => vec![(ip, port).into()],
        Some(Host::Ipv6(ip)) => vec![(ip, port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| unavailable("host_unknown", format!("{name}: {error}")))?
            .collect(),
    };
    for address in &addresses {
        allowed(address.ip(), allow_private)?;
    }
    if addresses.is_empty() {
        return Err(unavailable("host_unknown", "the host has no address"));
    }
    Ok(addresses)
}

fn refused(why: &str) -> Problem {
    invalid(
        "url",
        "url_not_allowed",
        format!("this address is not called: {why}"),
    )
}

fn allowed(ip: IpAddr, allow_private: bool) -> Result<()> {
    match reach(ip) {
        Reach::Public => Ok(()),
        Reach::Private if allow_private => Ok(()),
        Reach::Private => Err(refused("it is not a public address")),
        Reach::Nobody => Err(refused("it is nobody's address")),
    }
}

/// Who can be meant by an address (IANA special-purpose registries, RFC 6890).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Public,
    /// This machine or its own network.
    Private,
    /// Link-local, multicast, reserved: no peer of ours lives there.
    Nobody,
}

fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => reach_v4(ip),
        IpAddr::V6(ip) => reach_v6(ip),
    }
}

fn reach_v4(ip: Ipv4Addr) -> Reach {
    let [a, b, c, _] = ip.octets();
    if ip.is_loopback() || ip.is_private() || (a == 100 && (64..128).contains(&b)) {
        return Reach::Private;
    }
    let nobody = a == 0
        || ip.is_link_local()
        || a >= 224
        || ip.is_documentation()
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (b == 18 || b == 19));
    if nobody { Reach::Nobody } else { Reach::Public }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    let part = ip.segments();
    let inner = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    if ip.is_loopback() || part[0] & 0xfe00 == 0xfc00 {
        return Reach::Private;
    }
    match part {
        // An IPv4 address in IPv6 clothes: mapped, NAT64 (RFC 6052), 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inner(high, low)
        }
        [0x2002, high, low, ..] => inner(high, low),
        [0x2001, 0xdb8 | 0, ..] => Reach::Nobody,
        // Global unicast is 2000::/3; nothing else is given to anybody.
        [first, ..] if first & 0xe000 == 0x2000 => Reach::Public,
        _ => Reach::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_called_and_a_private_one_is_not() {
        for url in ["https://sms.example.com/send", "https://8.8.8.8/x"] {
            assert!(checked(url, false).is_ok(), "{url}");
        }
        let own = [
            "http://sms.example.com/send",
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://0x7f.1/x",
            "https://2130706433/x",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.1.1/",
            "https://100.64.0.1/",
            "https://[::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::127.0.0.1]/",
            "https://[2002:7f00:1::]/",
        ];
        for url in own {
            assert!(checked(url, false).is_err(), "{url}");
            assert!(checked(url, true).is_ok(), "{url} of one's own network");
        }
    }

    #[test]
    fn what_is_nobodys_is_never_called() {
        let urls = [
            "http://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/",
            "https://[::]/",
            "https://0.0.0.0/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::ffff:169.254.169.254]/",
            "ftp://sms.example.com/",
            "file:///etc/passwd",
            "https://user:word@sms.example.com/",
            "not a url",
            "",
        ];
        for url in urls {
            let problem = checked(url, true).unwrap_err();
            assert_eq!(problem.code, "url_not_allowed", "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_stands_for_this_machine_is_found_out() {
        let url = Url::parse("https://localhost:8443/").unwrap();
        assert!(resolved(&url, false).await.is_err());
        assert!(
            resolved(&url, true)
                .await
                .unwrap()
                .iter()
                .all(|at| at.port() == 8443)
        );
    }
}
