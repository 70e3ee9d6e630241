"""Cut at every byte: an upstream that ends after any number of bytes of its answer, and a client that goes away after
any number, leave one row each, and nobody takes half an answer for a whole one."""

import random
import threading
import time

import pytest
from scripted import DONE, Cut, Wire, chunk, head, question

SSE = "text/event-stream"
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":31,"completion_tokens":6}}\n\n'
EVENTS = [
    b'data: {"choices":[{"delta":{"content":"ten"}}]}\n\n',
    'data: {"choices":[{"delta":{"content":"ö"},"finish_reason":"stop"}]}\n\n'.encode(),
    USAGE,
    DONE,
]
WHOLE = (
    b'{"choices":[{"message":{"content":"ten"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":31,"completion_tokens":6}}'
)
ANSWERS = {
    "chunked stream": head(200, [("Content-Type", SSE), ("Transfer-Encoding", "chunked")])
    + b"".join(chunk(event) for event in EVENTS)
    + b"0\r\n\r\n",
    "with a length": head(200, [("Content-Type", "application/json"), ("Content-Length", len(WHOLE))]) + WHOLE,
    "stream ended by closing": head(200, [("Content-Type", SSE), ("Connection", "close")]) + b"".join(EVENTS),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_upstream_that_ends_anywhere(gateway, kind):
    answer = ANSWERS[kind]
    cuts = {}
    for size in range(0, len(answer)):

        def script(_, wire, size=size):
            wire.send(answer[:size])
            return False

        gateway.upstream.script = script
        client, session = gateway.ask(question(stream=kind != "with a length"))
        try:
            status, _, body = client.answer()
        except Cut:
            status, body = "cut", b""
        client.close()
        cuts[session] = (size, status, body)
    rows = gateway.rows(list(cuts))
    for session, (size, status, body) in cuts.items():
        [call] = rows[session]
        if kind == "stream ended by closing" and status == 200:
            # HTTP cannot tell this end from a cut; the stream itself can, once it has said that it is through.
            assert answer[:size].endswith(body)
            through = b"".join(EVENTS[:2]).rstrip() in body
            assert (call["status"] == "success") == through, (size, call["status"])
            continue
        if kind == "chunked stream" and DONE in answer[:size]:
            # All of the stream was there and passed on; only the framing behind it was cut.
            assert status == "cut" and call["status"] == "success"
            continue
        assert status in ("cut", 502), (size, status)  # never a whole answer
        assert call["status"] in ("partial", "failure"), (size, call["status"])
        assert call["error"]["type"] in ("connection", "malformed_response"), (size, call["error"])
        if USAGE.rstrip() not in answer[:size]:
            assert call.get("cost", {"source": "estimated"})["source"] == "estimated", size


@pytest.mark.parametrize("kind", ["chunked stream", "with a length"])
def test_a_client_that_goes_anywhere(gateway, kind):
    answer, dice = ANSWERS[kind], random.Random(kind)
    gone, held = threading.Event(), False

    def script(_, wire):
        at, waits = 0, held
        while at < len(answer):  # in pieces, so that the client goes in the middle of some
            if waits and at > len(answer) // 2:  # or at any rate before the end
                gone.wait(10)
                time.sleep(0.02)
                waits = False
            size = dice.randrange(1, 200)
            wire.send(answer[at : at + size])
            at += size
        return True

    gateway.upstream.script = script
    cuts = {}
    for number in range(150):
        gone.clear()
        held = number % 3 == 0
        client, session = gateway.ask(question(stream=kind == "chunked stream"))
        wanted = dice.randrange(0, len(answer) // 3 if held else len(answer))
        if wanted:
            client.exactly(wanted)
        dice.choice([Wire.close, Wire.reset, Wire.half_close])(client)
        gone.set()
        cuts[session] = (client, wanted)
    seen = set()
    rows = gateway.rows(list(cuts))
    for session, (client, wanted) in cuts.items():
        [call] = rows[session]
        assert call["status"] in ("success", "cancelled"), (wanted, call)
        assert (call["status"] == "cancelled") == (call.get("error", {}).get("type") == "cancelled")
        seen.add(call["status"])
        client.close()
    assert seen == {"success", "cancelled"}
