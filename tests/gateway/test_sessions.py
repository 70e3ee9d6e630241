"""WebSockets between a real client and a real server of another make: whatever they say, also what no provider says."""

import asyncio
import hashlib
import json
import os
import random
import signal

import pytest
import websockets
from certificates import certificate
from steno_process import Server
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve


def run(folder, handler, client, *flags, path="/v1/realtime?model=m", tls=None, env=None, look=True):
    """A server of Steno in front of `handler`; `client` talks through it. All its calls, and what the upstream saw."""
    seen = []

    async def note(connection):
        seen.append(connection.request)
        await handler(connection)

    async def main():
        async with serve(note, "127.0.0.1", 0, ssl=tls, max_size=None) as upstream:
            port = upstream.sockets[0].getsockname()[1]
            url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
            steno = await asyncio.to_thread(Server, folder, "--upstream", f"openai={url}", *flags, env=env)
            try:
                address = "ws" + steno.url.removeprefix("http") + "/openai" + path
                await client(address)
                return await asyncio.to_thread(ended, steno) if look else []
            finally:
                await asyncio.to_thread(steno.stop)

    return asyncio.run(main()), seen


def ended(steno):
    for _ in range(3000):
        rows = steno.calls()
        if rows and all(row["status"] != "running" for row in rows):
            return [steno.call(row["id"]) for row in rows]
        asyncio.run(asyncio.sleep(0.01))
    raise AssertionError(rows)


async def echo(connection):
    async for message in connection:
        await connection.send(message)


def event(kind, **more):
    return json.dumps({"type": kind, **more})


def test_any_bytes_at_any_path_over_tls(tmp_path):
    context, file = certificate(tmp_path, "localhost")
    noise = random.Random(1)
    messages = [noise.randbytes(size) for size in (0, 1, 125, 126, 65535, 65536, 1_000_000, 8_000_000)]
    headers = {"Authorization": "Bearer sk-SECRET", "x-steno-user": "anna", "X-Mine": "kept"}

    async def client(address):
        async with connect(address, additional_headers=headers, max_size=None) as socket:
            for message in messages:
                await socket.send(message)
                assert await socket.recv() == message
            sending = asyncio.create_task(socket.send(messages[-1]))
            assert hashlib.sha256(await socket.recv()).digest() == hashlib.sha256(messages[-1]).digest()
            await sending

    (call,), (request,) = run(
        tmp_path / "data", echo, client, path="/any/path?token=SECRET", tls=context,
        env={"STENO_GATEWAY_CA_FILE": str(file)},
    )
    assert (call["kind"], call["name"], call["status"]) == ("span", "GET /any/path", "success")
    assert call["who"]["user_id"] == "anna" and call["provider"]["http_status"] == 101
    output = call["response"]["output"]
    assert output["client"]["messages"] == output["provider"]["messages"] == len(messages) + 1
    assert output["close"] == {"by": "client", "code": 1000} and "SECRET" not in json.dumps(call)
    assert request.path == "/any/path?token=SECRET" and request.headers["X-Mine"] == "kept"
    assert request.headers["Authorization"] == "Bearer sk-SECRET" and "x-steno-user" not in request.headers
    assert "Sec-WebSocket-Extensions" not in request.headers and request.headers["Host"].startswith("localhost:")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        (1000, "success", None),
        (1001, "success", None),
        (1008, "failure", "invalid_request"),
        (1011, "failure", "server"),
        (1013, "failure", "overloaded"),
        (4000, "failure", "connection"),
    ],
)
def test_an_upstream_that_closes(tmp_path, code, status, error):
    async def upstream(connection):
        await connection.recv()
        await connection.send(event("response.created", response={"id": "r"}))
        await connection.close(code, "that is all")

    async def client(address):
        async with connect(address) as socket:
            await socket.send(event("response.create"))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await socket.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, "that is all")

    calls, _ = run(tmp_path, upstream, client)
    session = next(call for call in calls if call["kind"] == "span")
    (response,) = [call for call in calls if call is not session]
    assert (session["status"], session.get("error", {}).get("type")) == (status, error)
    assert session["response"]["output"]["close"] == {"by": "provider", "code": code, "reason": "that is all"}
    assert (response["status"], response["error"]["type"]) == ("failure", error or "connection")
    assert f"code {code}" in response["error"]["message"] and "that is all" in response["error"]["message"]


@pytest.mark.parametrize("durability", ["normal", "strict"])
def test_a_record_is_written_before_the_client_has_the_answer(tmp_path, durability):
    """Steno is killed in the moment in which the last event has arrived."""

    async def upstream(connection):
        for number in range(5):
            await connection.recv()
            await connection.send(event("response.created", response={"id": f"r{number}"}))
            done = {"id": f"r{number}", "status": "completed", "output": []}
            await connection.send(event("response.done", response=done))
        await connection.wait_closed()

    async def client(address):
        async with connect(address) as socket:
            for _ in range(5):
                await socket.send(event("response.create"))
                while json.loads(await socket.recv())["type"] != "response.done":
                    pass
            os.kill(json.loads((tmp_path / "server.json").read_text())["pid"], signal.SIGKILL)
            with pytest.raises(websockets.ConnectionClosedError):
                await socket.recv()

    run(tmp_path, upstream, client, env={"STENO_GATEWAY_DURABILITY": durability}, look=False)
    with Server(tmp_path) as steno:
        calls = ended(steno)
    assert sorted((call["kind"], call["status"]) for call in calls) == [("chat", "success")] * 5 + [
        ("span", "interrupted")
    ]


def test_relayed_without_a_record(tmp_path):
    async def client(address):
        async with connect(address) as socket:
            await socket.send("as it is")
            assert await socket.recv() == "as it is"
            assert "x-steno-call-id" not in socket.response.headers

    off = {"STENO_GATEWAY_CAPTURE": "off"}

    async def main():
        async with serve(echo, "127.0.0.1", 0) as upstream:
            url = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}"
            steno = await asyncio.to_thread(Server, tmp_path, "--upstream", f"openai={url}", env=off)
            try:
                await client("ws" + steno.url.removeprefix("http") + "/openai/v1/realtime")
                assert steno.calls() == []
            finally:
                await asyncio.to_thread(steno.stop)

    asyncio.run(main())


def test_a_key_in_a_reason_for_closing(tmp_path):
    key = "sk-proj-SECRET0123456789abcdef"

    async def upstream(connection):
        await connection.close(1008, f"Incorrect API key provided: {key}")

    async def client(address):
        async with connect(address, subprotocols=["realtime", f"openai-insecure-api-key.{key}"]) as socket:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.recv()
            assert key in closed.value.rcvd.reason

    (session,), _ = run(tmp_path, upstream, client)
    assert session["status"] == "failure" and session["who"]["api_key_id"].startswith("sk-proj:")
    assert session["response"]["output"]["close"]["reason"] == "Incorrect API key provided: ***"
    assert session["error"]["message"].endswith("(code 1008): Incorrect API key provided: ***")
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert b"SECRET" not in file.read_bytes(), file


def test_responses_that_were_left_out_are_counted(tmp_path):
    async def upstream(connection):
        for number in range(300):
            await connection.send(event("response.created", response={"id": f"r{number}"}))
        for number in (0, 0, 299):  # an end that is told twice, and one of a response that was left out
            await connection.send(event("response.done", response={"id": f"r{number}", "status": "completed"}))

    async def client(address):
        async with connect(address) as socket:
            async for _ in socket:
                pass

    calls, _ = run(tmp_path, upstream, client)
    session = next(call for call in calls if call["kind"] == "span")
    assert session["response"]["output"]["calls"] == 257 and session["response"]["output"]["calls_left_out"] == 43
    ended = [call["response"]["id"] for call in calls if call is not session and call["status"] == "success"]
    assert sorted(ended) == ["r0", "r299"]
