"""Sessions over WebSockets: the official clients, and plain WebSockets with everything that the protocol allows."""

import asyncio
import base64
import json
import signal
import socket
import time

import openai
import pytest
import websockets
from conftest import KEYS, Record
from google import genai
from openai import AsyncOpenAI
from steno_process import Server
from websockets.asyncio.client import connect

MODEL = "gpt-realtime"
SECOND = base64.b64encode(bytes(48_000)).decode()  # of audio: 24 kHz, 16 bits
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=server.url + "/openai/v1", api_key=KEYS["openai"], max_retries=0) as client:
        yield client


def user(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def until(connection, kind):
    """All events up to the first of that type."""
    events = []
    for event in connection:
        events.append(event)
        if event.type == kind:
            return events
    raise AssertionError(f"no {kind}: {[event.type for event in events]}")


def split(record, count):
    """The session's row, and its `count` calls in order."""
    calls = record.calls(count + 1)
    session = next(call for call in calls if call["kind"] == "span")
    others = sorted((call for call in calls if call is not session), key=lambda call: call["trace"]["sequence"])
    assert [call["trace"]["sequence"] for call in others] == list(range(1, count + 1))
    for call in others:
        assert call["trace"]["parent_id"] == session["id"] and call["trace"]["session_id"] == record.session
        assert call["source"] == "gateway" and call["provider"]["name"] == session["provider"]["name"]
        assert call["time"]["duration_ms"] <= session["time"]["duration_ms"]
    return session, others


def text_of(call):
    return "".join(part.get("text", "") for m in call["response"]["messages"] for part in m["parts"])


def same_usage(call, usage):
    assert call["usage"]["billed"] == usage.model_dump(exclude_unset=True)
    assert call["usage"]["input_tokens"] == usage.input_tokens and call["usage"]["output_tokens"] == usage.output_tokens
    given, told = usage.input_token_details, call["usage"]
    assert told.get("cache_read_tokens", 0) == given.cached_tokens
    assert told.get("audio_input_tokens", 0) == given.audio_tokens
    assert told.get("audio_output_tokens", 0) == usage.output_token_details.audio_tokens


def test_two_turns_of_text(client, record):
    with client.realtime.connect(model=MODEL, extra_headers=record.headers) as connection:
        connection.session.update(
            session={"type": "realtime", "output_modalities": ["text"], "instructions": "Be short."}
        )
        answers = []
        for prompt in ("Tell me about the tides.", "And about the moon?"):
            connection.conversation.item.create(item=user(prompt))
            connection.response.create()
            events = until(connection, "response.done")
            text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            answers.append((prompt, text, events[-1].response))
    session, calls = split(record, 2)
    assert session["name"] == "realtime gpt-realtime" and session["status"] == "success"
    assert session["provider"]["http_status"] == 101 and session["model"] == {"requested": MODEL, "served": MODEL}
    output = session["response"]["output"]
    assert output["calls"] == 2 and output["close"] == {"by": "client", "code": 1000}
    assert output["settings"]["instructions"] == "Be short." and output["settings"]["output_modalities"] == ["text"]
    for call, (prompt, text, response) in zip(calls, answers, strict=True):
        assert (call["kind"], call["status"], call["response"]["id"]) == ("chat", "success", response.id)
        assert call["model"] == {"requested": MODEL, "served": MODEL}
        assert call["request"]["messages"] == [{"role": "user", "parts": [{"type": "text", "text": prompt}]}]
        assert call["request"]["system"] == "Be short." and call["request"]["stream"] is True
        assert text_of(call) == text == response.output[0].content[0].text
        assert call["response"]["finish_reasons"] == ["completed"]
        assert 0 < call["time"]["time_to_first_token_ms"] <= call["time"]["duration_ms"]
        assert call["provider"]["rate_limit"]["tokens"] == {"limit": 50000, "remaining": 49950, "reset_ms": 250}
        same_usage(call, response.usage)
        assert call["cost"]["currency"] == "USD" and float(call["cost"]["total"]) > 0
    assert calls[1]["usage"]["cache_read_tokens"] > 0


def test_audio_both_ways_and_a_transcript(client, record):
    with client.realtime.connect(model=MODEL, extra_headers=record.headers) as connection:
        connection.session.update(
            session={"type": "realtime", "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}}
        )
        for _ in range(3):
            connection.input_audio_buffer.append(audio=SECOND)
        connection.input_audio_buffer.commit()
        heard = until(connection, "conversation.item.input_audio_transcription.completed")[-1]
        connection.response.create()
        events = until(connection, "response.done")
    pieces = [base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta"]
    spoken = "".join(event.delta for event in events if event.type == "response.output_audio_transcript.delta")
    session, (transcription, call) = split(record, 2)
    assert transcription["kind"] == "transcription" and transcription["status"] == "success"
    assert transcription["model"]["requested"] == "gpt-4o-transcribe" and text_of(transcription) == heard.transcript
    assert transcription["usage"]["billed"] == heard.usage.model_dump(exclude_unset=True)
    assert transcription["usage"]["audio_input_tokens"] == 30
    part = call["request"]["messages"][0]["parts"][0]
    assert part == {"type": "audio", "mime": "audio/pcm", "value": {"bytes": 144000, "seconds": 3}}
    size = sum(map(len, pieces))
    answer = call["response"]["messages"][0]["parts"]
    assert answer == [
        {"type": "audio", "text": spoken, "mime": "audio/pcm", "value": {"bytes": size, "seconds": size / 48000}}
    ]
    assert call["modality"] == {"input": ["text", "audio"], "output": ["audio"]}
    same_usage(call, events[-1].response.usage)
    assert SECOND[:100] not in json.dumps(call)


def test_the_provider_hears_the_end_of_a_speech(client, record):
    with client.realtime.connect(model=MODEL, extra_headers=record.headers) as connection:
        connection.session.update(
            session={
                "type": "realtime",
                "audio": {"input": {"turn_detection": {"type": "server_vad"}, "transcription": {"model": "whisper-1"}}},
            }
        )
        connection.input_audio_buffer.append(audio=SECOND)
        done = until(connection, "response.done")[-1].response
    _, (transcription, call) = split(record, 2)
    assert transcription["usage"]["seconds"] == 1 and "input_tokens" not in transcription["usage"]
    assert call["response"]["id"] == done.id and call["status"] == "success"
    assert call["request"]["messages"][0]["parts"][0]["value"] == {"bytes": 48000, "seconds": 1}


def test_a_tool_call_and_its_result(client, record):
    with client.realtime.connect(model=MODEL, extra_headers=record.headers) as connection:
        connection.session.update(session={"type": "realtime", "output_modalities": ["text"], "tools": [WEATHER]})
        connection.conversation.item.create(item=user("How is the weather in Oslo?"))
        connection.response.create()
        asked = until(connection, "response.done")[-1].response.output[0]
        connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": asked.call_id, "output": '{"celsius": 4}'}
        )
        connection.response.create()
        until(connection, "response.done")
    _, (first, second) = split(record, 2)
    (tool,) = first["response"]["tool_calls"]
    assert (tool["id"], tool["name"], tool["arguments"]) == (asked.call_id, "get_weather", json.loads(asked.arguments))
    assert first["request"]["tools"][0]["name"] == "get_weather"
    assert second["request"]["messages"] == [
        {"role": "tool", "parts": [{"type": "tool_result", "id": asked.call_id, "text": '{"celsius": 4}'}]}
    ]


@pytest.mark.parametrize(
    ("knobs", "status", "error"),
    [
        ("finish=length", "partial", None),
        ("stream-error-after=1 error=server", "failure", "server"),
        ("stream-error-after=1 error=rate_limit", "failure", "rate_limit"),
        ("error=content_filter", "failure", "content_filter"),
        ("error=quota", "failure", "quota"),
    ],
)
def test_responses_that_do_not_complete(client, record, knobs, status, error):
    with client.realtime.connect(model=MODEL, extra_headers=record.headers) as connection:
        connection.conversation.item.create(item=user(f"Speak. [sim {knobs}]"))
        connection.response.create(event_id="mine", response={"output_modalities": ["text"]})
        refused = error and "after" not in knobs
        event = until(connection, "error" if refused else "response.done")[-1]
        # The session goes on.
        connection.conversation.item.create(item=user("Again."))
        connection.response.create(response={"output_modalities": ["text"]})
        until(connection, "response.done")
    session, (call, after) = split(record, 2)
    assert (call["status"], call.get("error", {}).get("type")) == (status, error)
    if refused:
        assert call["error"]["message"] == event.error.message and session["response"]["output"]["errors"] == 1
        assert call["error"]["advice"]
    else:
        same_usage(call, event.response.usage)
    assert after["status"] == session["status"] == "success"


def test_a_response_that_the_client_cancels(client, record):
    with client.realtime.connect(model=MODEL, extra_headers=record.headers) as connection:
        connection.conversation.item.create(item=user("Speak. [sim size=4000 chunk-delay-ms=5]"))
        connection.response.create(response={"output_modalities": ["text"]})
        until(connection, "response.output_text.delta")
        connection.response.cancel()
        done = until(connection, "response.done")[-1].response
    _, (call,) = split(record, 1)
    assert done.status == "cancelled" and call["status"] == "cancelled" and call["error"]["type"] == "cancelled"
    assert call["response"]["finish_reasons"] == ["client_cancelled"]
    assert text_of(call) == done.output[0].content[0].text
    same_usage(call, done.usage)


def test_async_client_and_parallel_sessions(server):
    """Fifty at once; each has its own row and its own calls."""

    async def hold(client, number):
        record = Record(server)
        patient = {"open_timeout": 60}
        async with client.realtime.connect(
            model=MODEL, extra_headers=record.headers, websocket_connection_options=patient
        ) as connection:
            answers = []
            for _ in range(3):
                await connection.conversation.item.create(item=user(f"Say {number}. [sim echo=1]"))
                await connection.response.create(response={"output_modalities": ["text"]})
                async for event in connection:
                    if event.type == "response.done":
                        answers.append(event.response)
                        break
        return record, answers

    async def main():
        async with AsyncOpenAI(base_url=server.url + "/openai/v1", api_key=KEYS["openai"]) as client:
            return await asyncio.gather(*(hold(client, number) for number in range(50)))

    for number, (record, answers) in enumerate(asyncio.run(main())):
        _, calls = split(record, 3)
        assert [text_of(call) for call in calls] == [f"Say {number}."] * 3
        assert [call["response"]["id"] for call in calls] == [answer.id for answer in answers]


def test_responses_over_a_web_socket(client, record):
    texts = []
    with client.responses.connect(extra_headers=record.headers) as connection:
        for prompt in ("Tell me about rivers.", "About lakes. [sim error=rate_limit]", "About seas."):
            connection.response.create(model="gpt-4o-mini", input=prompt, max_output_tokens=50)
            for event in connection:
                if event.type in ("response.completed", "response.incomplete", "error"):
                    texts.append(event)
                    break
    session, (first, failed, last) = split(record, 3)
    assert session["status"] == "success" and session["name"] == "responses session"
    assert first["response"]["id"] == texts[0].response.id and first["status"] in ("success", "partial")
    assert first["usage"]["billed"] == texts[0].response.usage.model_dump(exclude_unset=True)
    assert first["request"]["parameters"]["max_output_tokens"] == 50
    assert first["request"]["messages"][0]["parts"][0]["text"] == "Tell me about rivers."
    assert (failed["status"], failed["error"]["type"]) == ("failure", "rate_limit")
    assert last["response"]["id"] == texts[2].response.id and float(last["cost"]["total"]) > 0


# Plain WebSockets.


def address(server, path=f"/openai/v1/realtime?model={MODEL}"):
    return "ws" + server.url.removeprefix("http") + path


def headers(record, **more):
    return {**record.headers, "Authorization": "Bearer " + KEYS["openai"], **more}


def event(kind, **more):
    return json.dumps({"type": kind, **more})


async def answer(socket, kind="response.done"):
    while True:
        message = json.loads(await socket.recv())
        if message["type"] == kind:
            return message


async def ask(socket, prompt):
    await socket.send(event("conversation.item.create", item=user(prompt)))
    await socket.send(event("response.create", response={"output_modalities": ["text"]}))


def test_subprotocols_pass_and_their_key_is_not_kept(server, record):
    async def main():
        offered = ["realtime", "openai-insecure-api-key." + KEYS["openai"]]
        async with connect(address(server), subprotocols=offered, additional_headers=record.headers) as socket:
            assert socket.subprotocol == "realtime"
            assert socket.response.headers["x-steno-call-id"]
            assert "Sec-WebSocket-Extensions" not in socket.response.headers
            await ask(socket, "Hello.")
            await answer(socket)
        return socket.response.headers["x-steno-call-id"]

    session_id = asyncio.run(main())
    session, _ = split(record, 1)
    assert session["id"] == session_id  # and the fixture of the server looks for the key everywhere


def test_large_and_fragmented_messages_pings_and_binary(server, record):
    text = "x" * 3_000_000

    async def main():
        async with connect(address(server), additional_headers=headers(record), max_size=None) as socket:
            pong = await socket.ping(b"are you there")
            await asyncio.wait_for(pong, 20)
            # A message in many frames, a ping in between, and one in a single binary frame.
            whole = event("conversation.item.create", item=user(f"[sim echo=1 split=1000]{text}"))
            pieces = [whole[at : at + 50_000] for at in range(0, len(whole), 50_000)]
            await socket.send(pieces)
            await socket.send(event("response.create", response={"output_modalities": ["text"]}).encode())
            done = await answer(socket)
            assert done["response"]["output"][0]["content"][0]["text"] == text

    asyncio.run(main())
    session, (call,) = split(record, 1)
    assert text_of(call) == text and call["request"]["messages"][0]["parts"][0]["text"].endswith(text)
    assert session["response"]["output"]["client"]["bytes"] > len(text)


def test_a_client_that_reads_slowly_gets_all(server, record):
    async def main():
        async with connect(address(server), additional_headers=headers(record), max_size=None, max_queue=1) as socket:
            await ask(socket, "[sim size=4000000 chunks=200]")
            await asyncio.sleep(0.5)
            return await answer(socket)

    done = asyncio.run(main())
    _, (call,) = split(record, 1)
    assert len(text_of(call)) == 4_000_000 and text_of(call) == done["response"]["output"][0]["content"][0]["text"]


def raw(server, record):
    """A socket after the handshake, and the frame of a text."""
    host, port = server.url.removeprefix("http://").split(":")
    sock = socket.create_connection((host, int(port)), timeout=30)
    fields = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers(record)}
    head = f"GET /openai/v1/realtime?model={MODEL} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    sock.sendall(head.encode() + b"\r\n")
    reply = b""
    while b"\r\n\r\n" not in reply:
        reply += sock.recv(1)
    assert reply.startswith(b"HTTP/1.1 101") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in reply  # RFC 6455, section 1.3
    return sock


def frame(text, first=0x81):
    data = text if isinstance(text, bytes) else text.encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    mask = b"\x01\x02\x03\x04"
    return bytes([first]) + size + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


def read_until(sock, word):
    seen = b""
    while word not in seen:
        piece = sock.recv(65536)
        assert piece, seen[-200:]
        seen += piece
    return seen


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
def test_a_client_that_goes_in_the_middle_of_a_response(server, record, how):
    sock = raw(server, record)
    for message in (event("conversation.item.create", item=user("[sim size=100000 chunk-delay-ms=2]Go on.")),
                    event("response.create", response={"output_modalities": ["text"]})):
        for byte in frame(message):  # cut everywhere
            sock.sendall(bytes([byte]))
    read_until(sock, b"response.output_text.delta")
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    if how == "half-close":
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    sock.close()
    session, (call,) = split(record, 1)
    assert (session["status"], call["status"], call["error"]["type"]) == ("cancelled", "cancelled", "cancelled")
    assert text_of(call) and "usage" not in call


def test_a_close_frame_in_the_middle_of_a_response(server, record):
    async def main():
        async with connect(address(server), additional_headers=headers(record)) as socket:
            await ask(socket, "[sim size=100000 chunk-delay-ms=2]Go on.")
            await answer(socket, "response.output_text.delta")
            await socket.close(1000, "enough")

    asyncio.run(main())
    session, (call,) = split(record, 1)
    assert session["status"] == "success"
    assert session["response"]["output"]["close"] == {"by": "client", "code": 1000, "reason": "enough"}
    assert (call["status"], call["error"]["type"]) == ("cancelled", "cancelled") and text_of(call)


def test_a_provider_that_cuts_in_the_middle_of_a_response(server, record):
    async def main():
        async with connect(address(server), additional_headers=headers(record)) as socket:
            await ask(socket, "[sim cut-after=5]Go on.")
            with pytest.raises(websockets.ConnectionClosedError):
                await answer(socket)

    asyncio.run(main())
    session, (call,) = split(record, 1)
    assert (session["status"], session["error"]["type"]) == ("failure", "connection")
    assert (call["status"], call["error"]["type"]) == ("partial", "connection") and text_of(call)


def test_nonsense_passes_and_the_row_says_so(server, record):
    async def main():
        async with connect(address(server), additional_headers=headers(record)) as socket:
            await socket.send("this is no JSON")
            assert (await answer(socket, "error"))["error"]["code"] == "invalid_json"
            await socket.send(event("conversation.item.create", item=user("[sim malformed=json]Hello.")))
            await socket.send(event("response.create"))
            while (message := await socket.recv()) != '{"type":"response.cre':
                pass
            await answer(socket)

    asyncio.run(main())
    session, (call,) = split(record, 1)
    assert (session["status"], session["error"]["type"]) == ("failure", "malformed_response")
    assert call["status"] == "success"


def test_frames_that_are_none_pass_too(server, record):
    sock = raw(server, record)
    read_until(sock, b"session.created")
    sock.sendall(frame("compressed?", first=0xC1))
    sock.sendall(frame(b"\x03\xe8", first=0x88))
    while sock.recv(65536):
        pass
    sock.close()
    session, _ = split(record, 0)
    assert session["response"]["output"]["client"]["bytes"] == len(frame("compressed?")) + len(frame(b"\x03\xe8"))


def test_a_refused_session(server, record):
    async def main():
        fields = headers(record, **{"x-sim-error": "auth"})
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(address(server), additional_headers=fields)
        return refused.value.response

    response = asyncio.run(main())
    assert response.status_code == 401 and b"invalid_api_key" in response.body
    session, _ = split(record, 0)
    assert (session["status"], session["error"]["type"], session["provider"]["http_status"]) == (
        "failure", "authentication", 401)
    assert session["id"] == response.headers["x-steno-call-id"]


def test_an_upstream_that_is_not_there(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Server(tmp_path, "--upstream", f"openai={nowhere}") as server:

            async def main():
                with pytest.raises(websockets.InvalidStatus) as refused:
                    await connect(address(server))
                return refused.value.response

            response = asyncio.run(main())
            assert response.status_code == 502 and response.headers["x-steno-error"] == "connection"
            call = server.call(response.headers["x-steno-call-id"])
            assert (call["status"], call["error"]["type"]) == ("failure", "connection")


def test_what_is_open_when_steno_dies_or_stops(tmp_path, server):
    sim = next(url for url in server.process.args if str(url).startswith("openai="))

    async def begin(steno):
        socket = await connect(address(steno))
        await ask(socket, "Once.")
        await answer(socket)
        await ask(socket, "[sim silent=1]Never.")
        await answer(socket, "rate_limits.updated")
        return socket

    async def main():
        steno = Server(tmp_path, "--upstream", sim)
        socket = await begin(steno)
        steno.kill()
        with pytest.raises(websockets.ConnectionClosedError):
            await socket.recv()
        steno = Server(tmp_path, "--upstream", sim)
        socket = await begin(steno)
        started = time.monotonic()
        assert steno.stop(signal.SIGTERM) == 0
        assert time.monotonic() - started < 30
        await socket.close()
        with Server(tmp_path, "--upstream", sim) as steno:
            rows = steno.calls()
            assert sorted((row["kind"], row["status"]) for row in rows) == [
                ("chat", "interrupted"), ("chat", "interrupted"), ("chat", "success"), ("chat", "success"),
                ("span", "interrupted"), ("span", "interrupted")]

    asyncio.run(main())


# Gemini's Live API.

LIVE = "gemini-live-2.5-flash-preview"


def live(server, record):
    """The package insists on wss://, and Steno speaks plain HTTP to programs on its own machine."""
    client = genai.Client(
        api_key=KEYS["gemini"], http_options={"base_url": server.url + "/gemini", "headers": record.headers}
    )
    client._api_client._websocket_base_url = lambda *_: "ws" + server.url.removeprefix("http") + "/gemini"
    client._api_client._websocket_ssl_ctx = {}
    return client


def turn(text):
    return {"role": "user", "parts": [{"text": text}]}


async def rest_of_turn(session):
    return [message async for message in session.receive()]


def test_live_text_and_tools(server, record):
    tool = {"name": "get_weather", "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}}
    config = {"response_modalities": ["TEXT"], "system_instruction": "Be short.", "tools": [{"function_declarations": [tool]}]}

    async def main():
        async with live(server, record).aio.live.connect(model=LIVE, config=config) as session:
            await session.send_client_content(turns=turn("Tell me about tides. [sim tools=none]"), turn_complete=True)
            first = await rest_of_turn(session)
            await session.send_client_content(turns=turn("How is the weather?"), turn_complete=True)
            async for message in session.receive():
                if message.tool_call:
                    asked = message
                    break
            call = asked.tool_call.function_calls[0]
            await session.send_tool_response(
                function_responses={"id": call.id, "name": call.name, "response": {"celsius": 4}}
            )
            return first, asked, await rest_of_turn(session)

    first, asked, last = asyncio.run(main())
    session, calls = split(record, 3)
    assert session["name"] == "live " + LIVE and session["status"] == "success"
    assert session["provider"]["name"] == "gcp.gemini"
    for call, messages in ((calls[0], first), (calls[2], last)):
        assert (call["kind"], call["status"]) == ("chat", "success")
        assert call["model"] == {"requested": LIVE, "served": LIVE} and call["request"]["system"] == "Be short."
        assert text_of(call) == "".join(message.text or "" for message in messages)
        usage = messages[-1].usage_metadata
        assert call["usage"]["input_tokens"] == usage.prompt_token_count
        assert call["usage"]["output_tokens"] == usage.response_token_count
        assert call["response"]["finish_reasons"] == ["turn_complete"]
        assert 0 < call["time"]["time_to_first_token_ms"] <= call["time"]["duration_ms"]
    (tool_call,) = calls[1]["response"]["tool_calls"]
    given = asked.tool_call.function_calls[0]
    assert (tool_call["id"], tool_call["name"], tool_call["arguments"]) == (given.id, given.name, given.args)
    assert calls[1]["usage"]["output_tokens"] == asked.usage_metadata.response_token_count
    assert calls[1]["status"] == "success" and calls[1]["request"]["tools"]
    assert calls[2]["request"]["messages"][0]["parts"][0]["type"] == "tool_result"


def test_live_audio_and_an_interruption(server, record):
    config = {
        "response_modalities": ["AUDIO"],
        "output_audio_transcription": {},
        "input_audio_transcription": {},
        "realtime_input_config": {"automatic_activity_detection": {"disabled": True}},
    }

    async def main():
        async with live(server, record).aio.live.connect(model=LIVE, config=config) as session:
            await session.send_realtime_input(activity_start={})
            for _ in range(4):
                await session.send_realtime_input(audio={"data": bytes(16_000), "mime_type": "audio/pcm;rate=16000"})
            await session.send_realtime_input(activity_end={})
            first = await rest_of_turn(session)
            await session.send_client_content(turns=turn("[sim size=9000 chunk-delay-ms=5]"), turn_complete=True)
            async for message in session.receive():
                if message.data:
                    break
            await session.send_client_content(turns=turn("Stop. [sim text=Yes.]"), turn_complete=True)
            return first, await rest_of_turn(session), await rest_of_turn(session)

    first, second, third = asyncio.run(main())
    _, (heard, interrupted, after) = split(record, 3)
    part = heard["request"]["messages"][0]["parts"][0]
    assert part["value"] == {"bytes": 64000, "seconds": 2} and part["mime"] == "audio/pcm;rate=16000"
    assert part["text"] == "This is what was said."
    size = sum(len(message.data or b"") for message in first)
    said = "".join(
        message.server_content.output_transcription.text
        for message in first
        if message.server_content and message.server_content.output_transcription
    )
    assert heard["response"]["messages"][0]["parts"] == [
        {"type": "audio", "text": said, "mime": "audio/pcm;rate=24000", "value": {"bytes": size, "seconds": size / 48000}}
    ]
    usage = first[-1].usage_metadata
    assert heard["usage"]["audio_input_tokens"] == 64 and heard["usage"]["output_tokens"] == usage.response_token_count
    assert heard["usage"]["audio_output_tokens"] == usage.response_token_count
    assert any(message.server_content.interrupted for message in second if message.server_content)
    assert (interrupted["status"], interrupted["response"]["finish_reasons"]) == ("cancelled", ["interrupted"])
    assert interrupted["usage"]["output_tokens"] == second[-1].usage_metadata.response_token_count
    assert after["status"] == "success" and text_of(after) == "Yes."


def test_live_errors_come_as_a_close(server, record):
    async def main():
        async with live(server, record).aio.live.connect(model=LIVE, config={"response_modalities": ["TEXT"]}) as session:
            await session.send_client_content(turns=turn("[sim error=quota]"), turn_complete=True)
            with pytest.raises(Exception, match="quota"):
                await rest_of_turn(session)

    asyncio.run(main())
    session, (call,) = split(record, 1)
    assert session["status"] == call["status"] == "failure" and "exceeded your current quota" in call["error"]["message"]
    assert call["error"]["message"] == session["error"]["message"]
