//! WeChat's signature and the envelope of its safe mode (domain C.1): AES-256-CBC, the vector is the key's first
//! 16 bytes, padded to blocks of 32.

use aes::Aes256;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use sha1::{Digest as _, Sha1};

/// 43 symbols hold 258 bits: the last one may carry two that belong to no byte, and there is no `=`.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the padding fills up to.
const BLOCK: usize = 32;
/// Random bytes and the length before the message.
const HEAD: usize = 20;

/// SHA-1 in hex over the sorted parts.
pub fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// A key and whom it speaks for: the appid, or the company's id.
#[derive(Clone)]
pub struct Envelope {
    key: [u8; 32],
    receiver: String,
}

/// Why an envelope is not opened. Never told to the caller in detail: who may ask what is wrong with the padding can
/// read the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Not Base64, or not a number of blocks.
    Garbled,
    /// Another key, or a broken message.
    Key,
    /// It is for somebody else.
    Receiver,
}

impl Envelope {
    /// With an `EncodingAESKey` of 43 symbols; `None` when it is none.
    pub fn new(encoding_aes_key: &str, receiver: &str) -> Option<Self> {
        let key = LENIENT.decode(encoding_aes_key.trim()).ok()?;
        Some(Self {
            key: key.try_into().ok()?,
            receiver: receiver.to_owned(),
        })
    }

    /// The key.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// What is in it.
    pub fn open(&self, encrypted: &str) -> Result<Vec<u8>, Closed> {
        let mut bytes = general_purpose::STANDARD
            .decode(encrypted.trim())
            .map_err(|_| Closed::Garbled)?;
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&self.key, &self.key[..16])
            .map_err(|_| Closed::Key)?;
        let plain = cipher
            .decrypt_padded_mut::<NoPadding>(&mut bytes)
            .map_err(|_| Closed::Garbled)?;
        let pad = usize::from(*plain.last().ok_or(Closed::Garbled)?);
        if pad == 0 || pad > BLOCK || plain.len() < HEAD + pad {
            return Err(Closed::Key);
        }
        let (plain, padding) = plain.split_at(plain.len() - pad);
        if padding.iter().any(|byte| usize::from(*byte) != pad) {
            return Err(Closed::Key);
        }
        let (head, rest) = plain.split_at_checked(HEAD).ok_or(Closed::Key)?;
        let length = [head[16], head[17], head[18], head[19]];
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| Closed::Key)?;
        let (message, receiver) = rest.split_at_checked(length).ok_or(Closed::Key)?;
        if receiver != self.receiver.as_bytes() {
            return Err(Closed::Receiver);
        }
        Ok(message.to_vec())
    }

    /// Puts `message` in; `random` is never used twice.
    pub fn seal(&self, message: &[u8], random: [u8; 16]) -> String {
        let mut bytes = random.to_vec();
        bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bytes.extend_from_slice(message);
        bytes.extend_from_slice(self.receiver.as_bytes());
        let pad = BLOCK - bytes.len() % BLOCK;
        bytes.resize(bytes.len() + pad, pad as u8);
        let length = bytes.len();
        let sealed = cbc::Encryptor::<Aes256>::new_from_slices(&self.key, &self.key[..16])
            .ok()
            .and_then(|cipher| {
                cipher
                    .encrypt_padded_mut::<NoPadding>(&mut bytes, length)
                    .ok()
            });
        sealed
            .map(|sealed| general_purpose::STANDARD.encode(sealed))
            .unwrap_or_default()
    }
}
