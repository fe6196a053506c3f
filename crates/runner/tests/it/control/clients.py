"""Clients that others have written, against a run: python-osc and websocket-client.

clients.py OSC_PORT WEBSOCKET_URL
"""

import json
import math
import sys
import time

import websocket
from pythonosc import osc_bundle_builder, osc_message_builder, udp_client

PATIENCE = 20


def message(address, *values):
    builder = osc_message_builder.OscMessageBuilder(address=address)
    for value in values:
        builder.add_arg(value)
    return builder.build()


class Web:
    def __init__(self, url):
        # Programs need not say which page they are from; browsers do.
        self.socket = websocket.create_connection(url, timeout=PATIENCE, suppress_origin=True)
        self.number = 0
        assert self.next()["event"] == "welcome"

    def next(self):
        return json.loads(self.socket.recv())

    def ask(self, what, **keys):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "do": what, **keys}))
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                assert answer["ok"], answer
                return answer["result"]

    def event(self, name, holds):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            told = self.next()
            if told.get("event") == name and holds(told):
                return told
        raise AssertionError(f"no event {name} in time")

    def changed(self, value):
        self.event("changed", lambda told: told["values"].get("trim.gain") == value)

    def hears(self, amplitude):
        level = 20 * math.log10(amplitude / math.sqrt(2))
        near = lambda value: value is not None and abs(value - level) < 0.05
        self.event("readings", lambda told: near(told["values"]["level.rms"][0]))


def answer(osc, address):
    """What is answered to a question by OSC."""
    osc.send_message(address, [])
    for told in osc.get_messages(timeout=PATIENCE):
        if told.address == address:
            return told.params
    raise AssertionError(f"{address} was not answered")


def main():
    port, url = int(sys.argv[1]), sys.argv[2]
    osc = udp_client.SimpleUDPClient("127.0.0.1", port)
    web = Web(url)
    web.ask("subscribe", readings="level", rate=30, changes=True)
    web.hears(0.5)

    osc.send_message("/trim/gain", 0.25)
    web.changed(0.25)
    web.hears(0.25)
    assert answer(osc, "/trim/gain") == [0.25]

    osc.send_message("/tr*/gain", ["-12 dB", 0.05])
    web.changed("-12 dB")
    web.hears(10 ** (-12 / 20))

    bundle = osc_bundle_builder.OscBundleBuilder(time.time() + 0.2)
    bundle.add_content(message("/trim/gain", 0.125))
    osc.send(bundle.build())
    web.changed(0.125)
    web.hears(0.125)

    assert web.ask("set", values={"trim.gain": 0.75}) == {"values": {"trim.gain": 0.75}}
    assert answer(osc, "/trim/gain") == [0.75]
    web.hears(0.75)

    for wrong in (f"ws://127.0.0.1:{url.split(':')[2].split('/')[0]}/?token=wrong", None):
        try:
            origin = {"suppress_origin": True} if wrong else {"origin": "http://evil.example"}
            websocket.create_connection(wrong or url, timeout=PATIENCE, **origin)
        except websocket.WebSocketBadStatusException as refused:
            assert refused.status_code == (401 if wrong else 403), refused
        else:
            raise AssertionError("let in")
    print("python-osc and websocket-client agree")


main()
