//! What a line demands of the voice's secrecy (SRTP, RFC 4568), laid upon the descriptions that go over
//! it. The media side can both; here nothing passes that the line forbids. Pure.

use crate::trunk::Srtp;

/// Lines that carry a key.
fn is_key(line: &str) -> bool {
    line.trim_start()
        .to_ascii_lowercase()
        .starts_with("a=crypto:")
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

fn without_keys(text: &str) -> String {
    lines(text).filter(|line| !is_key(line)).collect()
}

/// The words of an audio line that has a port: media, port, protocol, formats.
fn audio_protocol(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("m=audio ")?;
    let mut words = rest.split_ascii_whitespace();
    let port = words.next()?;
    (port.split('/').next()? != "0").then(|| words.next())?
}

/// Our offer as this line may see it.
pub(super) fn our_offer(sdp: String, srtp: Srtp) -> String {
    match srtp {
        Srtp::Off => without_keys(&sdp),
        // RTP/AVP with a key: who cannot read it answers without (RFC 8643).
        Srtp::Optional => sdp,
        Srtp::Required => lines(&sdp)
            .map(|line| match audio_protocol(line) {
                Some("RTP/AVP") => line.replacen("RTP/AVP", "RTP/SAVP", 1),
                _ => line.to_owned(),
            })
            .collect(),
    }
}

/// What the far end describes, an offer or an answer, as the media side may see it. `Err` is the SIP
/// status of the refusal; nobody is downgraded in silence.
pub(super) fn theirs(sdp: &[u8], srtp: Srtp) -> Result<Vec<u8>, u16> {
    if sdp.is_empty() {
        return Ok(Vec::new());
    }
    let text = String::from_utf8_lossy(sdp);
    match srtp {
        Srtp::Off => Ok(without_keys(&text).into_bytes()),
        Srtp::Optional => Ok(sdp.to_vec()),
        Srtp::Required => {
            let secured = keeps_its_voice_secret(&text);
            if secured { Ok(sdp.to_vec()) } else { Err(488) }
        }
    }
}

/// Every audio stream that is used has a key in its own section.
fn keeps_its_voice_secret(text: &str) -> bool {
    let mut secured = true;
    let mut open = false;
    let mut any = false;
    for line in text.lines() {
        if line.starts_with("m=") {
            secured &= !open;
            open = audio_protocol(line).is_some();
            any |= open;
        } else if is_key(line) {
            open = false;
        }
    }
    any && secured && !open
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "v=0\r\nc=IN IP4 10.0.0.9\r\nm=audio 4000 RTP/AVP 8 101\r\na=sendrecv\r\n";
    const KEY: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n";

    #[test]
    fn a_line_without_secrecy_sees_no_key_of_ours_and_we_none_of_its() {
        let offer = format!("{PLAIN}{KEY}");
        assert_eq!(our_offer(offer.clone(), Srtp::Off), PLAIN);
        assert_eq!(
            theirs(offer.as_bytes(), Srtp::Off).unwrap(),
            PLAIN.as_bytes()
        );
        assert_eq!(our_offer(offer.clone(), Srtp::Optional), offer);
        assert_eq!(
            theirs(offer.as_bytes(), Srtp::Optional).unwrap(),
            offer.as_bytes()
        );
    }

    #[test]
    fn what_is_required_is_not_talked_down() {
        let offer = our_offer(format!("{PLAIN}{KEY}"), Srtp::Required);
        assert!(offer.contains("m=audio 4000 RTP/SAVP 8 101\r\n"), "{offer}");
        assert!(theirs(offer.as_bytes(), Srtp::Required).is_ok());
        for talked_down in [
            PLAIN.to_owned(),
            PLAIN.replace("AVP", "SAVP"),
            // A key of another stream, or of the session, is not the voice's.
            format!("{KEY}{PLAIN}"),
            format!("{PLAIN}m=video 5000 RTP/SAVP 31\r\n{KEY}"),
            format!("{PLAIN}{KEY}m=audio 6000 RTP/AVP 8\r\n"),
            PLAIN.replace("4000", "0"),
            "nonsense".to_owned(),
        ] {
            assert_eq!(
                theirs(talked_down.as_bytes(), Srtp::Required),
                Err(488),
                "{talked_down}"
            );
        }
        assert_eq!(theirs(b"", Srtp::Required), Ok(Vec::new()));
    }
}
