//! Mutated messages: nothing panics, nothing grows. Seeded, so that a find can be found again.

use std::process::Command;
use std::time::{Duration, Instant};

use super::super::hotline::raw::sdp;
use super::{targets, torture};

/// Set in the process that does the work, so that its memory is its own.
const CHILD: &str = "SHOUJIE_MUTANTS";
/// What the allocator may keep and the corpus take.
const MAY_GROW_KB: u64 = 24 * 1024;
/// In a run by hand.
const SOAK: u64 = 10_000_000;

/// Splitmix64: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

/// What breaks parsers when it stands where it should not.
const TOKENS: [&[u8]; 40] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\r",
    b"\n",
    b"\0",
    b"\x1b[2J",
    b"\"",
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b"=",
    b"%",
    b"%0",
    b"%00",
    b"@",
    b":",
    b"::",
    b"[",
    b"]",
    b"?",
    b"-1",
    b"0",
    b"4294967296",
    b"18446744073709551615",
    b"SIP/2.0",
    b"SIP/2.0/UDP ",
    b"Via: ",
    b"l: ",
    b"Content-Length: ",
    b"CSeq: 1 INVITE",
    b"z9hG4bK",
    b";received=",
    b";rport",
    "\u{202e}".as_bytes(),
    b"\xff\xfe",
    b"m=audio 0 RTP/AVP ",
    b"a=rtpmap:",
];

fn mutate(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut data = corpus[dice.below(corpus.len())].clone();
    // Most often a little: what is torn to pieces is refused at once.
    for _ in 0..=[0, 0, 0, 1, 2, 6][dice.below(6)] {
        let at = dice.below(data.len() + 1);
        let end = (at + 1 + dice.below(16)).min(data.len());
        match dice.below(9) {
            0 if at < data.len() => data[at] ^= 1 << dice.below(8),
            1 if at < data.len() => data[at] = dice.next() as u8,
            2 => {
                data.drain(at..end);
            }
            3 => data.truncate(at),
            4 => {
                let piece = data[at..end].to_vec();
                let times = 1 + dice.below(40);
                let to = dice.below(data.len() + 1);
                data.splice(to..to, piece.repeat(times));
            }
            5 => {
                // The front of one and the back of another.
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len() + 1);
                data.truncate(at);
                data.extend_from_slice(&other[from..]);
            }
            6 => {
                // A line somewhere else, or twice.
                let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
                let line = lines[dice.below(lines.len())].to_vec();
                let to = dice.below(data.len() + 1);
                data.splice(to..to, line);
            }
            _ => {
                let token = TOKENS[dice.below(TOKENS.len())];
                data.splice(
                    at..end.min(at + dice.below(4)).max(at),
                    token.iter().copied(),
                );
            }
        }
    }
    data.truncate(16 * 1024);
    data
}

/// Real messages, beside the torture.
fn real() -> Vec<String> {
    let body = sdp(4000, "sendrecv");
    let request = |method: &str, extra: &str, body: &str| {
        format!(
            "{method} sip:12333@192.0.2.1:5060;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK-1;rport\r\n\
             Max-Forwards: 70\r\nFrom: \"张三\" <sip:+8613800000000@192.0.2.7>;tag=a1\r\nTo: <sip:12333@192.0.2.1>\r\n\
             Call-ID: a1b2@192.0.2.7\r\nCSeq: 20 {method}\r\nContact: <sip:13800000000@192.0.2.7:5060>;+sip.instance=\"<urn:uuid:1>\"\r\n\
             {extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    vec![
        request(
            "INVITE",
            "P-Asserted-Identity: <tel:+8613800000000>\r\nDiversion: \"x\" <sip:110@a>;reason=unconditional\r\n\
             Record-Route: <sip:192.0.2.9;lr>\r\nSupported: timer,100rel\r\nSession-Expires: 1800\r\nContent-Type: application/sdp\r\n",
            &body,
        ),
        request(
            "REGISTER",
            "Authorization: Digest username=\"agent1\", realm=\"shoujie\", nonce=\"1-a-b\", uri=\"sip:192.0.2.1\", \
             response=\"00\", algorithm=MD5, cnonce=\"x\", qop=auth, nc=00000001\r\nExpires: 300\r\nUser-Agent: T46S 66.85\r\n",
            "",
        ),
        request("ACK", "", ""),
        request(
            "INFO",
            "Content-Type: application/dtmf-relay\r\n",
            "Signal=5\r\nDuration=160\r\n",
        ),
        format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK9\r\nFrom: <sip:shoujie@192.0.2.1>;tag=1\r\n\
             To: <sip:agent1@192.0.2.7>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:agent1@192.0.2.7>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    ]
}

fn sip_corpus() -> Vec<Vec<u8>> {
    let torture = std::fs::read_dir(torture::folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    torture
        .filter(|path| path.extension().is_some_and(|kind| kind == "sip"))
        .map(|path| std::fs::read(path).unwrap())
        .chain(real().into_iter().map(String::into_bytes))
        .collect()
}

fn sdp_corpus() -> Vec<Vec<u8>> {
    let browser = "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 8 110 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
        a=ice-ufrag:x\r\na=ice-pwd:yyyyyyyyyyyyyyyyyyyyyy\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n\
        a=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:126 telephone-event/8000\r\n";
    let carrier = "v=0\r\no=Huawei 1 1 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP6 2001:db8::20\r\nt=0 0\r\n\
        m=audio 6000/1 RTP/AVP 8 0 18 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendonly\r\n\
        m=video 0 RTP/AVP 31\r\na=inactive\r\n";
    let secured = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8 101\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw|2^31\r\n\
        a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw\r\n";
    let mut corpus = vec![
        browser.into(),
        carrier.into(),
        secured.into(),
        sdp(9, "sendrecv").into_bytes(),
    ];
    corpus.extend(sip_corpus().into_iter().filter_map(|message| {
        let end = message
            .windows(4)
            .position(|window| window == b"\r\n\r\n")?;
        (message.len() > end + 20).then(|| message[end + 4..].to_vec())
    }));
    corpus
}

fn rtp_corpus() -> Vec<Vec<u8>> {
    let framed = |datagrams: &[Vec<u8>]| {
        let length = |datagram: &Vec<u8>| (datagram.len() as u16).to_be_bytes();
        datagrams
            .iter()
            .flat_map(|datagram| [&length(datagram)[..], datagram.as_slice()].concat())
            .collect::<Vec<u8>>()
    };
    let voice = |n: u8| {
        [
            &[0x80, 8, 0, n, 0, 0, 0, n, 1, 2, 3, 4][..],
            &[0xd5; 160][..],
        ]
        .concat()
    };
    let event = |n: u8| vec![0x80, 0xe5, 0, n, 0, 0, 9, 9, 1, 2, 3, 4, 5, 0x8a, 0, 160];
    let extended = vec![
        0xb1, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 1, 1, 1, 1, 7, 7, 0, 2,
    ];
    let rtcp = vec![0x80, 200, 0, 6, 1, 2, 3, 4];
    let stun = vec![
        0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ];
    vec![
        framed(&(0..8).map(voice).collect::<Vec<_>>()),
        framed(&(0..8).map(event).collect::<Vec<_>>()),
        framed(&[extended, rtcp, stun, voice(200)]),
    ]
}

fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// One third of the inputs for each of SIP, SDP and RTP, until `enough` says so.
fn run(seed: u64, enough: impl Fn(u64) -> bool) -> u64 {
    let corpora = [sip_corpus(), sdp_corpus(), rtp_corpus()];
    for corpus in &corpora {
        assert!(!corpus.is_empty());
    }
    let (mut dice, mut inputs, mut settled) = (Dice(seed), 0, 0);
    while !enough(inputs) {
        for (kind, target) in [targets::sip, targets::sdp_text, targets::rtp_stream]
            .into_iter()
            .enumerate()
        {
            let data = mutate(&mut dice, &corpora[kind]);
            let survived = std::panic::catch_unwind(|| target(&data));
            if survived.is_err() {
                let file = std::env::temp_dir().join(format!("shoujie-mutant-{kind}-{inputs}"));
                std::fs::write(&file, &data).unwrap();
                panic!(
                    "input {inputs} of seed {seed} is in {}: {:?}",
                    file.display(),
                    String::from_utf8_lossy(&data)
                );
            }
            inputs += 1;
        }
        // What the allocator takes at the start is no leak.
        if inputs == 9_999 {
            settled = memory_kb();
        }
    }
    let grown = memory_kb().saturating_sub(settled);
    println!("{inputs} mutated inputs, seed {seed}: no panic; memory grew by {grown} kB");
    assert!(
        settled == 0 || grown < MAY_GROW_KB,
        "memory grew by {grown} kB"
    );
    inputs
}

#[test]
fn mutated_messages_do_not_panic_and_do_not_grow_memory() {
    let soak = std::env::var_os("SHOUJIE_SOAK").is_some();
    if std::env::var_os(CHILD).is_some() {
        let (begun, seed) = (Instant::now(), 12_333);
        let limit = Duration::from_secs(30);
        run(seed, |inputs| {
            if soak {
                inputs >= SOAK
            } else {
                begun.elapsed() >= limit
            }
        });
        println!("in {:?}", begun.elapsed());
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "edge::mutants::mutated_messages_do_not_panic_and_do_not_grow_memory",
        ])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    println!("{out}");
    assert!(
        output.status.success() && out.contains("mutated inputs"),
        "{out}{err}"
    );
}
