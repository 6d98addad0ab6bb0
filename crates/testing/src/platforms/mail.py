"""A mail server that takes mails (aiosmtpd), for people who sign in: plain, with STARTTLS, and with TLS from the start.

mail.py FOLDER NAME PASSWORD: prints the three ports, writes each mail it took as a line of FOLDER/sent.jsonl. Nobody lives
at nobody@, the box of later@ is full for now. Ends with its standard input.
"""

import base64
import json
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

folder, name, password = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]


class Mail:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}> nobody of this name"
        if address.startswith("later@"):
            return f"452 4.2.2 <{address}> its box is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with open(folder / "sent.jsonl", "a", encoding="utf-8") as lines:
            raw = base64.b64encode(envelope.content).decode()
            secure = server.transport.get_extra_info("ssl_object") is not None
            lines.write(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "raw": raw, "tls": secure}) + "\n")
        return "250 taken"


def known(server, session, envelope, mechanism, data):
    fine = data.login.decode() == name and data.password.decode() == password
    return AuthResult(success=fine, handled=False)


def context():
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return made


common = {"hostname": "127.0.0.1", "authenticator": known, "auth_required": True}
ports = []
for more in (
    {"auth_require_tls": False},
    {"auth_require_tls": True, "require_starttls": True, "tls_context": context()},
    {"auth_require_tls": False, "ssl_context": context()},
):
    # aiosmtpd looks whether it is there by connecting to the port it was told, so it has to be told one.
    controller = Controller(Mail(), port=int(sys.argv[4 + len(ports)]), **common, **more)
    controller.start()
    ports.append(controller.port)
print(*ports, flush=True)
sys.stdin.read()
