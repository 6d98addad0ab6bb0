"""Other people's implementations of what the platforms sign and encrypt: wechatpy for WeChat, cryptography's Ed25519
for QQ, Python's own hmac for OneBot and SMS. Answers each line of JSON by one.
"""

import base64
import hashlib
import hmac
import json
import sys

import xmltodict
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature


def crypto(asked):
    return WeChatCrypto(asked["token"], asked["key"], asked["receiver"])


def wechat_seal(asked):
    sealed = crypto(asked).encrypt_message(asked["message"], asked["nonce"], asked["timestamp"])
    return xmltodict.parse(sealed)["xml"]


def wechat_open(asked):
    body = f"<xml><Encrypt>{asked['encrypt']}</Encrypt></xml>"
    message = crypto(asked).decrypt_message(body, asked["signature"], asked["timestamp"], asked["nonce"])
    return message if isinstance(message, str) else message.decode()


def wechat_check(asked):
    try:
        check_signature(asked["token"], asked["signature"], asked["timestamp"], asked["nonce"])
        return True
    except InvalidSignatureException:
        return False


def ed25519(secret):
    seed = secret
    while len(seed) < 32:
        seed += secret
    return Ed25519PrivateKey.from_private_bytes(seed[:32].encode())


def qq_sign(asked):
    return ed25519(asked["secret"]).sign(asked["message"].encode()).hex()


def qq_verify(asked):
    try:
        ed25519(asked["secret"]).public_key().verify(bytes.fromhex(asked["signature"]), asked["message"].encode())
        return True
    except InvalidSignature:
        return False


def onebot_sign(asked):
    return "sha1=" + hmac.new(asked["secret"].encode(), asked["body"].encode(), hashlib.sha1).hexdigest()


def sms_sign(asked):
    key = base64.b64decode(asked["secret"].removeprefix("whsec_"))
    signed = f"{asked['id']}.{asked['timestamp']}.{asked['body']}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(globals()[asked["do"]](asked), ensure_ascii=False), flush=True)
