"""Upstreams over HTTPS: trusted, kept alive, and refused when nobody vouches for them."""

import json

import pytest
from certificates import certificate
from conftest import Gateway
from scripted import DONE, USAGE, completion, delta, field, in_chunks, question, whole


def test_a_trusted_upstream(tmp_path):
    context, file = certificate(tmp_path, "localhost")
    gateway = Gateway(tmp_path / "data", env={"STENO_GATEWAY_CA_FILE": str(file)}, tls=context)
    events = [delta("At ten"), delta(" o'clock."), delta(finish="stop"), USAGE, DONE]
    client = gateway.client()
    sessions = []
    for _ in range(10):
        for script, content in (
            (whole(completion()), completion()),
            (in_chunks(events, kind="text/event-stream"), b"".join(events)),
        ):
            gateway.upstream.script = script
            _, session = gateway.ask(question(stream=content != completion()), client=client)
            assert client.answer()[2] == content
            assert gateway.upstream.seen()["host"] == gateway.upstream.host
            sessions.append(session)
    assert gateway.upstream.connections == 1  # one handshake serves them all
    for session in sessions:
        assert gateway.recorded(session)["status"] == "success"
    back = bytes(range(256)) * 20_000
    assert gateway.exchange(whole(back), back)[2] == back and gateway.upstream.seen().body == back
    gateway.close()


@pytest.mark.parametrize("why", ["unknown", "another name"])
def test_an_upstream_that_nobody_vouches_for(tmp_path, why):
    """No request, and with it no key, goes to who cannot show that it is who it should be."""
    context, file = certificate(tmp_path, "localhost" if why == "unknown" else "other.example")
    settings = {} if why == "unknown" else {"STENO_GATEWAY_CA_FILE": str(file)}
    gateway = Gateway(tmp_path / "data", env=settings, tls=context)
    status, fields, body, call = gateway.exchange(whole(completion()), question())
    assert status == 502 and field(fields, "x-steno-error") == "connection"
    assert "TLS" in json.loads(body)["error"]["message"]
    assert call["status"] == "failure" and call["error"]["type"] == "connection"
    assert gateway.upstream.requests.empty()
    gateway.close()
