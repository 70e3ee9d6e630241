"""Every way in which a call can end leaves exactly one row, and that row says how it ended."""

import gzip
import json
import socket
import time

import pytest
from conftest import JSON, Gateway
from scripted import (
    DONE,
    USAGE,
    Client,
    Cut,
    Upstream,
    chunk,
    completion,
    delta,
    field,
    head,
    in_chunks,
    question,
    whole,
)
from steno_process import Server

SSE = "text/event-stream; charset=utf-8"
STREAM = question(stream=True, stream_options={"include_usage": True})


def said(call):
    return "".join(part["text"] for message in call["response"].get("messages", []) for part in message["parts"])


def error_of(content):
    return json.loads(content)["error"]


# An answer that arrives whole.


def assert_success(call):
    assert call["status"] == "success" and "error" not in call
    assert call["provider"]["http_status"] == 200
    assert call["model"] == {"requested": "gpt-4o-mini", "served": "gpt-4o-mini-2024-07-18"}
    assert call["request"]["messages"] == [
        {"role": "user", "parts": [{"type": "text", "text": "When is the meeting?"}]}
    ]
    assert call["response"]["messages"] == [
        {"role": "assistant", "parts": [{"type": "text", "text": "At ten o'clock."}]}
    ]
    assert call["response"]["finish_reasons"] == ["stop"]
    assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == (31, 6)
    assert call["cost"]["total"] == "0.000008250000"  # 31 * 0.15 / 10^6 + 6 * 0.60 / 10^6


def test_success_with_content_length(gateway):
    status, fields, body, call = gateway.exchange(whole(completion()), question())
    assert (status, body) == (200, completion())
    assert field(fields, "content-length") == str(len(completion()))
    assert_success(call)


def test_success_in_chunks(gateway):
    content = completion()
    pieces = [content[:1], content[1:60], content[60:]]
    status, _, body, call = gateway.exchange(in_chunks(pieces), question())
    assert (status, body) == (200, content)
    assert_success(call)


def test_success_as_a_stream(gateway):
    events = [delta(""), delta("At ten"), delta(" o'clock."), delta(finish="stop"), USAGE, DONE]
    status, fields, body, call = gateway.exchange(in_chunks(events, kind=SSE), STREAM)
    assert (status, body) == (200, b"".join(events))
    assert field(fields, "content-type") == SSE
    assert_success(call)
    assert call["request"]["stream"] is True and call["response"]["chunks"] == 5
    assert 0 < call["time"]["time_to_first_token_ms"] <= call["time"]["duration_ms"]


def test_success_ended_by_closing_as_http_1_0_does(gateway):
    def script(_, wire):
        wire.send(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + completion())
        return False

    status, _, body, call = gateway.exchange(script, question())
    assert (status, body) == (200, completion())
    assert_success(call)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body(gateway, status):
    def script(_, wire):
        wire.send(head(status, [("ETag", '"1"')]))
        return True

    got, fields, body, call = gateway.exchange(script, method="GET", path="/v1/models")
    assert (got, body) == (status, b"") and field(fields, "etag") == '"1"'
    assert call["status"] == "success" and call["provider"]["http_status"] == status


def test_head(gateway):
    def script(request, wire):
        assert request.method == "HEAD"
        wire.send(head(200, [("Content-Length", 12345), ("ETag", '"1"')]))
        return True

    status, fields, _, call = gateway.exchange(script, method="HEAD", path="/v1/models")
    assert status == 200 and call["status"] == "success"
    assert field(fields, "content-length") == "12345"


# An answer that says no.


def test_an_error_of_the_provider(gateway):
    content = json.dumps(
        {
            "error": {
                "message": "Rate limit reached for gpt-4o-mini",
                "type": "requests",
                "param": None,
                "code": "rate_limit_exceeded",
            }
        }
    ).encode()
    script = whole(content, [("Retry-After", "7"), ("x-request-id", "req_42")], status=429)
    status, fields, body, call = gateway.exchange(script, question())
    assert (status, body, field(fields, "retry-after")) == (429, content, "7")
    assert field(fields, "x-steno-error") is None  # the provider refused, not we
    assert call["status"] == "failure"
    error = call["error"]
    assert error["type"] == "rate_limit" and error["message"] == "Rate limit reached for gpt-4o-mini"
    assert (error["provider_type"], error["provider_code"], error["http_status"]) == (
        "requests",
        "rate_limit_exceeded",
        429,
    )
    assert error["retryable"] is True
    assert call["provider"]["request_id"] == "req_42" and call["provider"]["http_status"] == 429
    assert "cost" not in call and "input_tokens" not in call.get("usage", {})


def test_an_error_page_that_is_no_json(gateway):
    page = b"<html><h1>502 Bad Gateway</h1><p>nginx</p></html>"
    status, _, body, call = gateway.exchange(whole(page, status=502, kind="text/html"), question())
    assert (status, body) == (502, page)
    assert call["status"] == "failure" and call["error"]["http_status"] == 502
    assert "Bad Gateway" in call["error"]["message"]


def test_an_error_event_inside_a_stream(gateway):
    events = [
        delta("At ten"),
        b'data: {"error":{"message":"Overloaded","type":"server_error","code":"model_overloaded"}}\n\n',
    ]
    status, _, body, call = gateway.exchange(in_chunks(events, kind=SSE), STREAM)
    assert (status, body) == (200, b"".join(events))
    assert call["status"] == "failure" and call["provider"]["http_status"] == 200
    assert call["error"]["type"] == "overloaded" and call["error"]["message"] == "Overloaded"
    assert said(call) == "At ten"
    assert "cost" not in call


# An answer that breaks.


def test_cut_inside_a_chunked_stream(gateway):
    events = [delta("At ten"), delta(" o'c")]
    gateway.upstream.script = in_chunks(events, kind=SSE, end=False)
    client, session = gateway.ask(STREAM)
    status, _ = client.answer_head()
    assert status == 200
    arrived = b""
    with pytest.raises(Cut):  # no end is made up for the client
        for piece in client.chunks():
            arrived += piece
    assert arrived == b"".join(events)
    call = gateway.recorded(session)
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    assert said(call) == "At ten o'c" and call["cost"]["source"] == "estimated"


def test_cut_before_the_announced_length(gateway):
    content = completion()

    def script(_, wire):
        wire.send(head(200, [JSON, ("Content-Length", len(content))]) + content[:-20])
        return False

    gateway.upstream.script = script
    client, session = gateway.ask(question())
    status, fields = client.answer_head()
    assert (status, field(fields, "content-length")) == (200, str(len(content)))
    with pytest.raises(Cut):
        client.answer_body(status, fields)
    call = gateway.recorded(session)
    assert call["status"] == "failure" and call["error"]["type"] == "connection"


@pytest.mark.parametrize("end", ["close", "reset"])
def test_cut_before_the_head(gateway, end):
    def script(_, wire):
        getattr(wire, end)()
        return False

    status, fields, body, call = gateway.exchange(script, question())
    assert status == 502 and field(fields, "x-steno-error") == "connection"
    assert "Steno gateway" in error_of(body)["message"]  # says who refuses
    assert call["status"] == "failure" and call["error"]["type"] == "connection" and call["error"]["retryable"] is True
    assert "http_status" not in call["provider"]


def test_cut_inside_the_head(gateway):
    def script(_, wire):
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
        return False

    status, _, _, call = gateway.exchange(script, question())
    assert status == 502
    assert call["status"] == "failure" and call["error"]["type"] == "connection"


def test_an_answer_that_is_no_http(gateway):
    def script(_, wire):
        wire.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n")
        return False

    status, _, _, call = gateway.exchange(script, question())
    assert status == 502
    assert call["status"] == "failure" and call["error"]["type"] == "connection"


def test_a_stream_that_ends_early_without_a_cut(gateway):
    status, _, body, call = gateway.exchange(in_chunks([delta("At ten")], kind=SSE), STREAM)
    assert (status, body) == (200, delta("At ten"))
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    assert said(call) == "At ten"


def test_a_stream_without_done_is_whole_if_it_says_so(gateway):
    events = [delta("At ten"), delta(finish="stop"), USAGE]
    _, _, _, call = gateway.exchange(in_chunks(events, kind=SSE), STREAM)
    assert call["status"] == "success" and call["usage"]["output_tokens"] == 6


def test_malformed_json_in_an_answer(gateway):
    content = completion()[:-9]
    status, _, body, call = gateway.exchange(whole(content), question())
    assert (status, body) == (200, content)  # not ours to mend
    assert call["status"] == "failure" and call["error"]["type"] == "malformed_response"


def test_malformed_event_in_a_stream(gateway):
    events = [delta("At ten"), b'data: {"choices":[{"del\n\n', delta(" o'clock."), delta(finish="stop"), DONE]
    status, _, body, call = gateway.exchange(in_chunks(events, kind=SSE), STREAM)
    assert (status, body) == (200, b"".join(events))
    assert call["status"] == "failure" and call["error"]["type"] == "malformed_response"
    assert said(call) == "At ten o'clock."


def test_a_coding_that_is_not_what_it_says(gateway):
    content = completion()
    status, fields, body, call = gateway.exchange(whole(content, [("Content-Encoding", "gzip")]), question())
    assert (status, body, field(fields, "content-encoding")) == (200, content, "gzip")
    assert call["status"] == "failure" and call["error"]["type"] == "malformed_response"


# A request that is odd.


def test_a_coding_that_breaks_off(gateway):
    stream = b"".join([delta("At ten"), delta(" o'clock."), delta(finish="stop"), USAGE])
    for plain, kind, body in ((completion(), "application/json", question()), (stream + DONE, SSE, STREAM)):
        packed = gzip.compress(plain)
        # The trailer is cut off, half of it, and half of the content.
        for size in (len(packed) - 8, len(packed) - 1, len(packed) // 2):
            script = in_chunks([packed[:size]], [("Content-Encoding", "gzip")], kind=kind)
            status, fields, content, call = gateway.exchange(script, body)
            assert (status, content, field(fields, "content-encoding")) == (200, packed[:size], "gzip")
            if kind == SSE and size > len(packed) // 2:  # it was over before the coding was
                assert (call["status"], call["usage"]["output_tokens"]) == ("success", 6)
                continue
            assert (call["status"], call["error"]["type"]) == ("failure", "malformed_response")
            assert "breaks off" in call["error"]["message"]
            if size > len(packed) // 2:  # what could be read is there
                assert (call["usage"]["output_tokens"], said(call)) == (6, "At ten o'clock.")
            else:
                assert call.get("usage", {"estimated": True})["estimated"]


def test_malformed_json_in_a_request_is_forwarded_and_kept(gateway):
    sent = b'{"model":"gpt-4o-mini","messages":[{"role":'
    content = json.dumps(
        {
            "error": {
                "message": "We could not parse the JSON body of your request.",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }
        }
    ).encode()
    status, _, body, call = gateway.exchange(whole(content, status=400), sent)
    assert gateway.upstream.seen().body == sent
    assert (status, body) == (400, content)
    assert call["status"] == "failure" and call["error"]["type"] == "invalid_request"
    assert gateway.server.get(f"/api/v1/calls/{call['id']}/raw?part=request")[2] == sent


def test_a_path_that_no_provider_has_is_relayed_and_recorded(gateway):
    status, _, body, call = gateway.exchange(
        whole(b"\x00\x01\xff", kind="application/octet-stream"), b"\xfe\xfd", path="/v1/something/new?x=1"
    )
    request = gateway.upstream.seen()
    assert (request.target, request.body) == ("/v1/something/new?x=1", b"\xfe\xfd")
    assert (status, body) == (200, b"\x00\x01\xff")
    assert (
        call["kind"] == "span"
        and call["status"] == "success"
        and call["provider"]["endpoint"]["path"] == "/v1/something/new"
    )


def test_unknown_paths_are_a_problem_and_no_call(gateway):
    before = len(gateway.server.calls())
    for method, path in (
        ("POST", "/nowhere/v1/chat/completions"),
        ("POST", "/v1/chat/completions"),
        ("DELETE", "/api/v2/calls"),
    ):
        client = gateway.client()
        client.ask(method, path, b"{}", [JSON])
        status, fields, body = client.answer(method)
        assert status == 404 and field(fields, "content-type") == "application/problem+json"
        problem = json.loads(body)
        assert problem["status"] == 404 and "openai" in problem["remedy"]
        client.close()
    assert len(gateway.server.calls()) == before
    assert gateway.upstream.requests.empty()


# A client that goes away.


def test_client_gone_before_the_answer(gateway):
    waited = []

    def script(_, wire):
        waited.append(wire.seconds_until_closed())
        return False

    gateway.upstream.script = script
    client, session = gateway.ask(question())
    gateway.upstream.seen()
    client.close()
    call = gateway.recorded(session)
    assert call["status"] == "cancelled" and call["error"]["type"] == "cancelled"
    wait_for(waited)
    print(f"upstream closed after {waited[0] * 1000:.1f} ms")
    assert waited[0] < 2


@pytest.mark.parametrize("end", ["close", "reset"])
def test_client_gone_inside_a_stream(gateway, end):
    waited = []

    def script(_, wire):
        wire.send(head(200, [("Content-Type", SSE), ("Transfer-Encoding", "chunked")]) + chunk(delta("At ten")))
        waited.append(wire.seconds_until_closed())
        return False

    gateway.upstream.script = script
    client, session = gateway.ask(STREAM)
    client.answer_head()
    assert client.chunk() == delta("At ten")
    getattr(client, end)()
    call = gateway.recorded(session)
    assert call["status"] == "cancelled" and call["error"]["type"] == "cancelled"
    assert said(call) == "At ten" and call["cost"]["source"] == "estimated"
    wait_for(waited)
    print(f"upstream closed after {waited[0] * 1000:.1f} ms")
    assert waited[0] < 2


def test_client_gone_inside_its_own_request(gateway):
    client, session = gateway.client(), gateway.session()
    client.send(
        (
            f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {client.host}\r\nContent-Length: 1000\r\n"
            f"Content-Type: application/json\r\nx-steno-session: {session}\r\n\r\n"
        ).encode()
        + b'{"model":"gpt-'
    )
    client.close()
    call = gateway.recorded(session)
    assert call["status"] == "cancelled" and call["error"]["type"] == "cancelled"
    assert gateway.upstream.requests.empty()  # nothing left for the provider


def wait_for(found):
    deadline = time.monotonic() + 30
    while not found and time.monotonic() < deadline:
        time.sleep(0.005)
    assert found


# A gateway that gives up.


def test_connect_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = "http://127.0.0.1:%d" % taken.getsockname()[1]
    with Server(
        tmp_path,
        "--upstream",
        f"openai={closed}",
        "--upstream",
        f"anthropic={closed}",
        "--upstream",
        f"gemini={closed}",
    ) as server:
        for path, shape in (
            ("/openai/v1/chat/completions", ("message", "type", "code")),
            ("/anthropic/v1/messages", ("message", "type", "code")),
            ("/gemini/v1beta/models/gemini-2.5-flash:generateContent", ("code", "message", "status")),
        ):
            client = Client(server.url)
            client.ask("POST", path, question(), [JSON])
            status, fields, body = client.answer()
            assert status == 502 and field(fields, "x-steno-error") == "connection"
            assert tuple(error_of(body)) == shape  # the envelope that the provider's client reads
            call = server.call(field(fields, "x-steno-call-id"))
            assert (
                call["status"] == "failure"
                and call["error"]["type"] == "connection"
                and call["error"]["retryable"] is True
            )
        assert len(server.calls()) == 3


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    yield from gateway_with(tmp_path_factory, STENO_GATEWAY_FIRST_BYTE_TIMEOUT_MS="200")


@pytest.fixture(scope="module")
def restless(tmp_path_factory):
    yield from gateway_with(tmp_path_factory, STENO_GATEWAY_IDLE_TIMEOUT_MS="200")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    yield from gateway_with(tmp_path_factory, STENO_GATEWAY_MAX_BODY_BYTES="100000")


def gateway_with(tmp_path_factory, **settings):
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), env=settings)
    yield gateway
    gateway.close()


def test_first_byte_time_out(impatient):
    def script(_, wire):
        wire.seconds_until_closed()
        return False

    status, fields, body, call = impatient.exchange(script, question())
    assert status == 504 and field(fields, "x-steno-error") == "timeout"
    assert "did not begin to answer" in error_of(body)["message"]
    assert call["status"] == "failure" and call["error"]["type"] == "timeout"


def test_idle_time_out(restless):
    def script(_, wire):
        wire.send(head(200, [("Content-Type", SSE), ("Transfer-Encoding", "chunked")]) + chunk(delta("At ten")))
        wire.seconds_until_closed()
        return False

    restless.upstream.script = script
    client, session = restless.ask(STREAM)
    client.answer_head()
    assert client.chunk() == delta("At ten")
    with pytest.raises(Cut):
        client.chunk()
    call = restless.recorded(session)
    assert call["status"] == "partial" and call["error"]["type"] == "timeout" and said(call) == "At ten"


def test_idle_time_out_before_the_body(restless):
    def script(_, wire):
        wire.send(head(200, [JSON, ("Content-Length", 100)]))
        wire.seconds_until_closed()
        return False

    status, fields, _, call = restless.exchange(script, question())
    assert status == 504 and field(fields, "x-steno-error") == "timeout"
    assert call["status"] == "failure" and call["error"]["type"] == "timeout"


@pytest.mark.parametrize(
    "name, path, provider, url",
    [
        ("azure", "/openai/deployments/d/chat/completions?api-version=1", "azure.ai.openai", "RESOURCE.openai.azure.com"),
        ("databricks", "/serving-endpoints/chat/completions", "databricks", "WORKSPACE.cloud.databricks.com"),
        ("snowflake", "/api/v2/cortex/v1/chat/completions", "snowflake", "ACCOUNT.snowflakecomputing.com"),
    ],
)
def test_an_upstream_without_a_url_is_told_in_the_providers_envelope_and_recorded(gateway, name, path, provider, url):
    status, fields, body, call = gateway.exchange(None, question(), name=name, path=path)
    assert status == 404 and field(fields, "x-steno-error") == "not_found"
    error = error_of(body)
    assert error["code"] == "not_found"
    for setting in (f"--upstream {name}=https://{url}", f"upstreams.{name}", f"STENO_UPSTREAM_{name.upper()}"):
        assert setting in error["message"] and setting in call["error"]["advice"]
    assert call["status"] == "failure" and call["kind"] == "chat" and call["provider"]["name"] == provider
    assert call["error"]["type"] == "not_found" and call["error"]["retryable"] is False
    assert call["error"]["message"] == f"the upstream {name} has no URL"
    assert "host" not in call["provider"]["endpoint"] and "http_status" not in call["provider"]
    assert gateway.upstream.requests.empty()


def test_a_web_socket_to_an_upstream_without_a_url_is_refused_and_recorded(gateway):
    upgrade = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    status, fields, _, call = gateway.exchange(
        None, method="GET", name="azure", path="/openai/realtime?deployment=d", fields=upgrade
    )
    assert status == 404 and field(fields, "x-steno-error") == "not_found"
    assert call["status"] == "failure" and call["error"]["type"] == "not_found"


def test_an_answer_that_has_nothing_of_its_endpoint_is_malformed(gateway):
    for path, name in (("/v1/chat/completions", "openai"), ("/v1/messages", "anthropic"), ("/v2/chat", "cohere")):
        status, _, body, call = gateway.exchange(whole(b"{}"), question(), path=path, name=name)
        assert (status, body) == (200, b"{}")
        assert call["status"] == "failure" and call["error"]["type"] == "malformed_response"
        assert call["provider"]["http_status"] == 200


def test_body_too_large(small):
    status, fields, body, call = small.exchange(None, b"x" * 100_001)
    assert status == 413 and field(fields, "x-steno-error") == "invalid_request"
    assert "gateway.max_body_bytes" in error_of(body)["message"] and "gateway.max_body_bytes" in call["error"]["advice"]
    assert call["status"] == "failure" and call["error"]["type"] == "invalid_request"
    assert small.upstream.requests.empty()


def test_body_too_large_in_chunks(small):
    client, session = small.client(), small.session()
    client.send(
        f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {client.host}\r\nTransfer-Encoding: chunked\r\n"
        f"x-steno-session: {session}\r\n\r\n".encode()
    )
    client.send(chunk(b"x" * 60_000) + chunk(b"x" * 60_000))
    assert client.answer()[0] == 413
    assert small.recorded(session)["error"]["type"] == "invalid_request"


def test_the_largest_body_passes(small):
    sent = b"x" * 100_000
    status, _, _, _ = small.exchange(whole(b"{}"), sent)
    assert status == 200 and small.upstream.seen().body == sent


def test_broken_chunks_from_the_client(gateway):
    client, session = gateway.client(), gateway.session()
    client.send(
        f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {client.host}\r\nTransfer-Encoding: chunked\r\n"
        f"x-steno-session: {session}\r\n\r\nnonsense\r\n".encode()
    )
    assert client.answer()[0] == 400
    assert gateway.recorded(session)["error"]["type"] == "invalid_request"
    assert gateway.upstream.requests.empty()


def test_an_upstream_that_closes_between_requests_is_asked_anew(gateway):
    """A kept connection that the upstream has closed meanwhile is no failure of the next call."""

    def script(_, wire):
        wire.send(head(200, [JSON, ("Content-Length", 2)]) + b"{}")
        return False  # closes although it did not say so

    for _ in range(20):
        assert gateway.exchange(script, question())[0] == 200


def test_upstream_name_without_a_path(tmp_path):
    upstream = Upstream()
    upstream.script = whole(b"{}")
    with Server(tmp_path, "--upstream", f"openai={upstream.url}/base/path/") as server:
        for target, expected in (
            ("/openai/v1/models?a=b", "/base/path/v1/models?a=b"),
            ("/openai", "/base/path/"),
            ("/openai?a=b", "/base/path/?a=b"),
            ("/openai/a%2Fb//c", "/base/path/a%2Fb//c"),
        ):
            client = Client(server.url)
            client.ask("GET", target)
            assert client.answer("GET")[0] == 200
            assert upstream.seen().target == expected
    upstream.close()
