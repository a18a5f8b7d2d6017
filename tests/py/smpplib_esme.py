"""An application written on smpplib, to hear what the simulated operator says to a client that
nobody here wrote.

    python smpplib_esme.py HOST PORT

Binds as a transceiver with a wrong password, then with the right one; says "bound"; answers a USSD
begin with a menu and the reply with a last screen; answers an SMS by an SMS in two parts for which
it wants receipts; prints what it receives, one JSON object a line; leaves when told "quit" by SMS.
"""

import json
import sys

import smpplib.client
import smpplib.command
import smpplib.consts as consts
import smpplib.exceptions
import smpplib.gsm

# smpplib knows this parameter but does not list it for deliver_sm.
smpplib.command.DeliverSM.params["ussd_service_op"] = smpplib.command.Param(type=int, size=1)


def say(**what):
    print(json.dumps(what), flush=True)


def text_of(pdu):
    return bytes(pdu.short_message or b"").decode("latin-1")


def ussd(client, pdu):
    op, info = pdu.ussd_service_op, pdu.its_session_info
    say(ussd=op, text=text_of(pdu), source=pdu.source_addr.decode(), session=info >> 8, end=info & 1)
    if op == 0x81:
        return
    first = op == 1
    client.send_message(
        service_type="USSD",
        source_addr_ton=0,
        source_addr_npi=1,
        source_addr=pdu.destination_addr.decode(),
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=pdu.source_addr.decode(),
        short_message=b"Karibu\n1. Endelea" if first else b"Asante.",
        ussd_service_op=2 if first else 0x11,
        its_session_info=info if first else info | 1,
    )


def sms(client, pdu):
    text = text_of(pdu)
    if pdu.esm_class & 0x04:
        say(receipt=pdu.receipted_message_id.decode(), state=pdu.message_state, text=text)
        return
    say(sms=text, source=pdu.source_addr.decode(), destination=pdu.destination_addr.decode())
    parts, coding, kind = smpplib.gsm.make_parts("Oda yako imefika. " * 12)
    for part in parts:
        client.send_message(
            source_addr_ton=5,
            source_addr_npi=0,
            source_addr="SOKONI",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=pdu.source_addr.decode(),
            short_message=part,
            data_coding=coding,
            esm_class=kind,
            registered_delivery=1,
        )


def main():
    host, port = sys.argv[1], int(sys.argv[2])

    wrong = smpplib.client.Client(host, port, allow_unknown_opt_params=True)
    wrong.connect()
    try:
        wrong.bind_transceiver(system_id="sokoni", password="wrong")
    except smpplib.exceptions.PDUError as refused:
        say(refused=refused.args[1])
    wrong.disconnect()

    client = smpplib.client.Client(host, port, allow_unknown_opt_params=True)
    client.connect()
    client.bind_transceiver(system_id="sokoni", password="s3cr3t")

    done = []

    def received(pdu):
        if getattr(pdu, "ussd_service_op", None) is not None:
            ussd(client, pdu)
        elif text_of(pdu) == "quit":
            done.append(True)
        else:
            sms(client, pdu)
        return consts.SMPP_ESME_ROK

    client.set_message_received_handler(received)
    client.set_message_sent_handler(lambda pdu: say(taken=pdu.message_id.decode(), status=pdu.status))
    say(bound=True)
    while not done:
        client.read_once()
    client.unbind()
    client.disconnect()
    say(bye=True)


if __name__ == "__main__":
    main()
