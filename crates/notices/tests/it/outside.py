"""The world outside: a mail server (aiosmtpd) and an SMS gateway that checks signatures (Standard Webhooks).

outside.py FOLDER SECRET: prints the two ports, writes each message it took as a line of FOLDER/mail.jsonl or
FOLDER/sms.jsonl, and refuses everything while FOLDER/refuse exists. Ends with its standard input.
"""

import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import threading

from aiosmtpd.controller import Controller

folder, secret = pathlib.Path(sys.argv[1]), sys.argv[2]
refuse = folder / "refuse"


def take(name, message):
    with open(folder / name, "a", encoding="utf-8") as lines:
        lines.write(json.dumps(message, ensure_ascii=False) + "\n")


class Mail:
    async def handle_DATA(self, server, session, envelope):
        if refuse.exists():
            return f"451 4.3.0 <{envelope.rcpt_tos[0]}> come back later"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        take("mail.jsonl", {
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "id": mail["message-id"],
            "subject": mail["subject"], "date": mail["date"], "body": mail.get_content(),
        })
        return "250 taken"


class Gateway(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), body])
        mac = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
        genuine = hmac.compare_digest("v1," + base64.b64encode(mac).decode(), self.headers["webhook-signature"])
        if not genuine:
            status = 401
        elif refuse.exists():
            status = 503
        else:
            status = 202
            take("sms.jsonl", {"header_id": self.headers["webhook-id"], **json.loads(body)})
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class AnyPort(Controller):
    """Port 0 asks the system; the controller's own probe cannot know the answer."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


mail = AnyPort(Mail(), hostname="127.0.0.1", port=0)
mail.start()
gateway = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=gateway.serve_forever, daemon=True).start()
print(mail.port, gateway.server_address[1], flush=True)
sys.stdin.read()
