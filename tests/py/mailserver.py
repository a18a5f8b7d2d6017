"""A mail server of another making (aiosmtpd): tells its port, then each letter, as JSON on a line.

Whoever is called "never" has no mailbox here, and the first letter to "later" has to come again.
"""

import asyncio
import email
import email.policy
import json

from aiosmtpd.smtp import SMTP


class Mailbox:
    seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "never":
            return "550 5.1.1 no such mailbox"
        if name == "later" and address not in self.seen:
            self.seen.add(address)
            return "451 4.7.1 come again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({"letter": {
            "sender": envelope.mail_from,
            "rcpt": envelope.rcpt_tos,
            "from": str(message["From"]),
            "to": str(message["To"]),
            "subject": str(message["Subject"]),
            "id": str(message["Message-ID"]),
            "date": str(message["Date"]),
            "defects": [str(defect) for defect in message.defects],
            "text": message.get_content(),
        }}), flush=True)
        return "250 2.0.0 taken"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Mailbox(), enable_SMTPUTF8=True), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main())
