//! A ladder as a capture file that any SIP tool reads: classic pcap with raw IP (`LINKTYPE_RAW`), each message one UDP
//! datagram between the real addresses, whatever transport it came by.

use std::net::{IpAddr, Ipv6Addr};

use super::Message;

/// `LINKTYPE_RAW`: IPv4 or IPv6 without a link layer.
const RAW: u32 = 101;
const UDP: u8 = 17;

/// The file.
pub(super) fn write(messages: &[Message]) -> Vec<u8> {
    let mut file = Vec::with_capacity(messages.iter().map(|one| one.text.len() + 80).sum());
    // Magic for microseconds, version 2.4, no zone, no accuracy, whole packets.
    file.extend_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes());
    file.extend_from_slice(&4_u16.to_le_bytes());
    file.extend_from_slice(&[0; 8]);
    file.extend_from_slice(&65_535_u32.to_le_bytes());
    file.extend_from_slice(&RAW.to_le_bytes());
    for message in messages {
        let packet = packet(message);
        let length = packet.len() as u32;
        file.extend_from_slice(&(message.at.timestamp() as u32).to_le_bytes());
        file.extend_from_slice(&message.at.timestamp_subsec_micros().to_le_bytes());
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(&packet);
    }
    file
}

fn packet(message: &Message) -> Vec<u8> {
    let sound = message.text.as_bytes();
    let length = (8 + sound.len()) as u16;
    let mut udp = Vec::with_capacity(length.into());
    udp.extend_from_slice(&message.from.port().to_be_bytes());
    udp.extend_from_slice(&message.to.port().to_be_bytes());
    udp.extend_from_slice(&length.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    udp.extend_from_slice(sound);
    let (mut packet, addresses) = match (message.from.ip(), message.to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut header = vec![0x45, 0];
            header.extend_from_slice(&(20 + length).to_be_bytes());
            // No id; do not fragment.
            header.extend_from_slice(&[0, 0, 0x40, 0, 64, UDP, 0, 0]);
            let addresses = [from.octets(), to.octets()].concat();
            header.extend_from_slice(&addresses);
            let sum = checksum([&header[..]]);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            (header, addresses)
        }
        (from, to) => {
            let mut header = vec![0x60, 0, 0, 0];
            header.extend_from_slice(&length.to_be_bytes());
            header.extend_from_slice(&[UDP, 64]);
            let addresses = [wide(from).octets(), wide(to).octets()].concat();
            header.extend_from_slice(&addresses);
            (header, addresses)
        }
    };
    let pseudo = [0, UDP, (length >> 8) as u8, length as u8];
    let sum = match checksum([&addresses[..], &pseudo, &udp]) {
        // Zero would say that there is none.
        0 => u16::MAX,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum.to_be_bytes());
    packet.append(&mut udp);
    packet
}

fn wide(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// The internet checksum (RFC 1071) of parts of which only the last may be of odd length.
fn checksum<const N: usize>(parts: [&[u8]; N]) -> u16 {
    let mut sum = 0_u32;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        let word = [pair[0], pair.get(1).copied().unwrap_or_default()];
        sum += u32::from(u16::from_be_bytes(word));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(from: &str, to: &str, text: &str) -> Message {
        Message {
            at: "2026-11-26T08:00:01.250Z".parse().unwrap(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            incoming: true,
            transport: "UDP".to_owned(),
            dialog: "a".to_owned(),
            order: 0,
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_file_is_as_the_format_says_and_its_checksums_hold() {
        let texts = [
            "INVITE sip:12333@192.0.2.1 SIP/2.0\r\n\r\n",
            "SIP/2.0 200 OK\r\n\r\n…",
        ];
        let file = write(&[
            message("192.0.2.9:5062", "192.0.2.1:5060", texts[0]),
            message("[2001:db8::1]:5060", "[2001:db8::9]:5062", texts[1]),
        ]);
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        assert_eq!((word(0), word(16), word(20)), (0xa1b2_c3d4, 65_535, 101));
        assert_eq!((word(24), word(28)), (1_795_680_001, 250_000));
        let length = word(32) as usize;
        let first = &file[40..40 + length];
        assert_eq!(first[0], 0x45);
        assert_eq!(
            usize::from(u16::from_be_bytes([first[2], first[3]])),
            length
        );
        assert_eq!(checksum([&first[..20]]), 0, "the IP header's sum holds");
        assert_eq!(
            (&first[12..16], &first[16..20]),
            (&[192, 0, 2, 9][..], &[192, 0, 2, 1][..])
        );
        assert_eq!(u16::from_be_bytes([first[20], first[21]]), 5062);
        assert_eq!(&first[28..], texts[0].as_bytes());
        let sum =
            |addresses: &[u8], udp: &[u8]| checksum([addresses, &[0, UDP, udp[4], udp[5]], udp]);
        assert_eq!(sum(&first[12..20], &first[20..]), 0);
        let second = &file[40 + length + 16..];
        assert_eq!(second[0] >> 4, 6);
        assert_eq!(
            usize::from(u16::from_be_bytes([second[4], second[5]])),
            second.len() - 40
        );
        assert_eq!(sum(&second[8..40], &second[40..]), 0);
        assert_eq!(&second[48..], texts[1].as_bytes());
    }
}
