//! The settings of this crate, read from `[sip]`, `[rtp]` and `[calls]` of config.default.toml.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use call_control::Limits;
use chrono::TimeDelta;
use kernel::Config;
use kernel::problem::{Problem, Result, bad_request};
use serde::Deserialize;

use crate::calls::archive::ArchiveSettings;
use crate::media::MediaConfig;
use crate::sip::SipConfig;
use crate::sip::sources::Network;
use crate::trunk::Srtp;

/// Everything telephony is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Signalling.
    pub sip: SipConfig,
    /// Media.
    pub media: MediaConfig,
    /// Calls.
    pub calls: CallSettings,
    /// Where finished recordings go.
    pub recordings: ArchiveSettings,
}

/// How calls are treated.
#[derive(Debug, Clone)]
pub struct CallSettings {
    /// Code of the queue that the hotline's calls join.
    pub queue: String,
    /// Where trunks are, as far as the choice of our own address goes: the first trunk's, or the listener's.
    pub trunk_ip: IpAddr,
    /// Calls at the same time; the next are refused with 503.
    pub most: usize,
    /// The number shown to whom we call; empty for the first number of the hotline.
    pub caller_id: String,
    /// Time limits.
    pub limits: Limits,
}

#[derive(Deserialize)]
struct Sip {
    listen: String,
    realm: String,
    hotline_numbers: Vec<String>,
    trunks: Vec<String>,
    trunk_hosts: Vec<String>,
    tls_listen: String,
    tls_certificate: String,
    tls_key: String,
    tls_trusted: String,
    phone_srtp: String,
    invites_per_second: u32,
    scanners: Vec<String>,
}

#[derive(Deserialize)]
struct Rtp {
    ports: String,
    bind: String,
    advertise: String,
    prompts: String,
    silence_s: u64,
}

#[derive(Deserialize)]
struct Calls {
    queue: String,
    most: usize,
    caller_id: String,
    device_grace_s: i64,
}

impl Settings {
    /// Reads them; a value that makes no sense is refused with its name.
    pub fn load(config: &Config) -> Result<Self> {
        let sip: Sip = config.section("sip")?;
        let rtp: Rtp = config.section("rtp")?;
        let calls: Calls = config.section("calls")?;
        let tls = if sip.tls_listen.is_empty() {
            None
        } else {
            let listen = parse("sip.tls_listen", &sip.tls_listen)?;
            Some((listen, read(&sip.tls_certificate)?, read(&sip.tls_key)?))
        };
        let trunks: Vec<Network> = sip
            .trunks
            .iter()
            .filter(|trunk| !trunk.trim().is_empty())
            .map(|trunk| {
                trunk
                    .parse::<Network>()
                    .map_err(|error| wrong("sip.trunks", error))
            })
            .collect::<Result<_>>()?;
        let trunk_hosts = sip
            .trunk_hosts
            .iter()
            .filter(|host| !host.trim().is_empty())
            .map(|host| parse("sip.trunk_hosts", host))
            .collect::<Result<_>>()?;
        let phone_srtp = Srtp::parse(sip.phone_srtp.trim())
            .ok_or_else(|| wrong("sip.phone_srtp", "is off, optional or required"))?;
        let tls_trusted = if sip.tls_trusted.is_empty() {
            None
        } else {
            Some(read(&sip.tls_trusted)?)
        };
        let listen: std::net::SocketAddr = parse("sip.listen", &sip.listen)?;
        let bind = optional::<IpAddr>("rtp.bind", &rtp.bind)?;
        let trunk_ip = trunks.first().map_or(listen.ip(), Network::address);
        Ok(Self {
            sip: SipConfig {
                listen,
                tls,
                realm: sip.realm,
                hotline_numbers: sip.hotline_numbers,
                trunks,
                trunk_hosts,
                phone_srtp,
                tls_trusted,
                invites_per_second: sip.invites_per_second.max(1),
                scanners: sip.scanners,
            },
            media: MediaConfig {
                bind: bind.unwrap_or(listen.ip()),
                // Where SIP listens says nothing about where browsers are: they come by the console.
                web_bind: bind.unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
                advertise: optional("rtp.advertise", &rtp.advertise)?,
                ports: ports(&rtp.ports)?,
                prompts_dir: (!rtp.prompts.is_empty()).then(|| PathBuf::from(rtp.prompts)),
                silence_after: Duration::from_secs(rtp.silence_s.max(1)),
                ..MediaConfig::default()
            },
            calls: CallSettings {
                trunk_ip,
                queue: calls.queue,
                most: calls.most,
                caller_id: calls.caller_id,
                limits: Limits {
                    grace: TimeDelta::seconds(calls.device_grace_s.clamp(0, 600)),
                    ..Limits::default()
                },
            },
            recordings: ArchiveSettings::load(config)?,
        })
    }
}

fn wrong(key: &str, error: impl std::fmt::Display) -> Problem {
    bad_request("bad_config", format!("{key}: {error}"))
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(key: &str, text: &str) -> Result<T> {
    text.trim().parse().map_err(|error| wrong(key, error))
}

fn optional<T: std::str::FromStr<Err: std::fmt::Display>>(
    key: &str,
    text: &str,
) -> Result<Option<T>> {
    if text.trim().is_empty() {
        Ok(None)
    } else {
        parse(key, text).map(Some)
    }
}

fn ports(text: &str) -> Result<std::ops::RangeInclusive<u16>> {
    let (first, last) = text
        .split_once('-')
        .ok_or_else(|| wrong("rtp.ports", "is written first-last"))?;
    let (first, last): (u16, u16) = (parse("rtp.ports", first)?, parse("rtp.ports", last)?);
    if first >= 1024 && first < last {
        Ok(first..=last)
    } else {
        Err(wrong(
            "rtp.ports",
            "lies between 1024 and 65535, the first below the last",
        ))
    }
}

fn read(file: &str) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| {
        wrong(
            "sip.tls_certificate, sip.tls_key",
            format!("{file}: {error}"),
        )
    })
}
