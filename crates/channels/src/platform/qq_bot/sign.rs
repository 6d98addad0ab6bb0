//! QQ's signatures: Ed25519 over the raw bytes, with a key made of the bot's secret (domain C.3a).

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// The seed of the key: the secret, repeated and cut to 32 bytes.
fn key(secret: &str) -> Option<Ed25519KeyPair> {
    if secret.is_empty() {
        return None;
    }
    let seed: Vec<u8> = secret.bytes().cycle().take(32).collect();
    Ed25519KeyPair::from_seed_unchecked(&seed).ok()
}

/// The public key, in hex; empty for an empty secret.
pub fn public_key(secret: &str) -> String {
    let key = key(secret);
    key.map_or_else(String::new, |key| hex::encode(key.public_key().as_ref()))
}

/// The signature of `message`, in hex; empty for an empty secret.
pub fn sign(secret: &str, message: &[u8]) -> String {
    let key = key(secret);
    key.map_or_else(String::new, |key| hex::encode(key.sign(message).as_ref()))
}

/// Whether `signature` is that of `timestamp` and the body as it came; JSON that is written anew has another one.
pub fn verify(secret: &str, timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Ok(signature) = hex::decode(signature) else {
        return false;
    };
    // RFC 8032 §5.1.7: a number below the group's order has these bits clear.
    if signature.len() != 64 || signature[63] & 0b1110_0000 != 0 {
        return false;
    }
    let message = [timestamp.as_bytes(), body].concat();
    key(secret).is_some_and(|key| {
        UnparsedPublicKey::new(&ED25519, key.public_key())
            .verify(&message, &signature)
            .is_ok()
    })
}
