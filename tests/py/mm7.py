"""Writes an MM7 DeliverReq as an MMSC does: the envelope, and the message as its attachment.

Reads what the message says from stdin, as JSON; prints its content type and its octets in base64, as JSON.
"""

import base64
import email.policy
import json
import sys
from email.mime.application import MIMEApplication
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from xml.sax.saxutils import escape

SCHEMA = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4"


def envelope(said):
    linked = f"<mm7:LinkedID>{escape(said['linked'])}</mm7:LinkedID>" if said["linked"] else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">
  <env:Header>
    <mm7:TransactionID xmlns:mm7="{SCHEMA}" env:mustUnderstand="1">{escape(said["transaction"])}</mm7:TransactionID>
  </env:Header>
  <env:Body>
    <mm7:DeliverReq xmlns:mm7="{SCHEMA}">
      <mm7:MM7Version>6.8.0</mm7:MM7Version>
      <mm7:MMSRelayServerID>mmsc.example</mm7:MMSRelayServerID>
      {linked}
      <mm7:Sender><mm7:Number>{escape(said["sender"])}</mm7:Number></mm7:Sender>
      <mm7:Recipients><mm7:To><mm7:ShortCode>48357</mm7:ShortCode></mm7:To></mm7:Recipients>
      <mm7:TimeStamp>2026-11-23T09:40:00+03:00</mm7:TimeStamp>
      <mm7:Priority>Normal</mm7:Priority>
      <mm7:Subject>{escape(said["subject"])}</mm7:Subject>
      <mm7:Content href="cid:message" allowAdaptations="true"/>
    </mm7:DeliverReq>
  </env:Body>
</env:Envelope>
"""


def message(said):
    inside = MIMEMultipart("related", type="application/smil")
    inside["Content-ID"] = "<message>"
    smil = MIMEApplication(b"<smil><body><par><img src='1.jpg'/></par></body></smil>", "smil")
    inside.attach(smil)
    if said["text"]:
        inside.attach(MIMEText(said["text"], "plain", "utf-8"))
    for number, picture in enumerate(said["pictures"], 1):
        part = MIMEImage(base64.b64decode(picture), "jpeg")
        part["Content-Location"] = f"../../{number}.jpg"
        inside.attach(part)
    whole = MIMEMultipart("related", type="text/xml", start="<envelope>")
    root = MIMEText(envelope(said), "xml", "utf-8")
    root["Content-ID"] = "<envelope>"
    whole.attach(root)
    whole.attach(inside)
    return whole


def main():
    whole = message(json.load(sys.stdin))
    octets = whole.as_bytes(policy=email.policy.HTTP)
    body = octets.split(b"\r\n\r\n", 1)[1]
    kind = " ".join(whole["Content-Type"].split())
    json.dump({"content_type": kind, "body": base64.b64encode(body).decode()}, sys.stdout)


main()
