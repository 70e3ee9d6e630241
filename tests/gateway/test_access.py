"""Who may use the server: this machine's programs without a key, others with one, never a web page from elsewhere."""

import json
import subprocess
import tempfile

import pytest
from conftest import JSON
from scripted import Client, Upstream, completion, field, question, whole
from steno_process import BINARY, NO_KEYS, Server

KEY = "a-key-for-the-tests-0123456789"
CHAT = "/openai/v1/chat/completions"


def status_of(server, target, fields, method="GET", body=b""):
    client = Client(server.url)
    client.ask(method, target, body, fields)
    status, answer, content = client.answer(method)
    client.close()
    return status, answer, content


@pytest.mark.parametrize("target", ["/api/v1/calls", CHAT, "/", "/metrics"])
@pytest.mark.parametrize(
    "fields,allowed",
    [
        ([("Host", "127.0.0.1:1")], True),
        ([("Host", "localhost:8787")], True),
        ([("Host", "LOCALHOST")], True),
        ([("Host", "[::1]:8787")], True),
        ([("Host", "evil.example")], False),
        ([("Host", "evil.example:8787")], False),
        ([("Host", "127.0.0.1.evil.example")], False),
        ([("Host", "localhost.evil.example")], False),
        ([("Host", "")], False),
        ([("Host", "10.0.0.1")], False),
        ([("Origin", "https://evil.example")], False),
        ([("Origin", "null")], False),
        ([("Origin", "http://localhost.evil.example")], False),
        ([("Origin", "http://127.0.0.1:8787")], True),
        ([("Origin", "http://localhost:5173")], True),
    ],
)
def test_names_and_origins(gateway, target, fields, allowed):
    gateway.upstream.script = whole(completion())
    method, body = ("POST", question()) if target == CHAT else ("GET", b"")
    status, answer, content = status_of(gateway.server, target, fields, method, body)
    if allowed:
        assert status in (200, 404 if target == "/" else 200)  # 404: built without the page
        return
    assert status == 403 and field(answer, "content-type") == "application/problem+json"
    assert json.loads(content)["code"] == "permission_denied"
    assert field(answer, "access-control-allow-origin") is None
    assert gateway.upstream.requests.empty()


def test_a_request_without_a_host(gateway):
    client = gateway.client()
    client.send(b"GET /api/v1/calls HTTP/1.1\r\n\r\n")
    assert client.answer("GET")[0] == 400
    client = gateway.client()
    client.send(b"GET /api/v1/calls HTTP/1.0\r\n\r\n")
    assert client.answer("GET")[0] == 403


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "keys").write_text(f"# who may use it\n{KEY}\nanother-key-for-tests-987654321  # the other one\n")
    upstream = Upstream()
    upstream.script = whole(completion())
    with Server(folder / "data", "--upstream", f"openai={upstream.url}", "--api-key-file", folder / "keys") as server:
        yield server, upstream
    upstream.close()


@pytest.mark.parametrize(
    "fields,status",
    [
        ([], 401),
        ([("x-steno-api-key", "wrong-key-wrong-key")], 401),
        ([("Authorization", "Bearer wrong")], 401),
        ([("x-steno-api-key", KEY[:-1])], 401),
        ([("x-steno-api-key", KEY)], 200),
        ([("Authorization", f"Bearer {KEY}")], 200),
        ([("x-steno-api-key", "another-key-for-tests-987654321"), ("Host", "steno.example")], 200),
    ],
)
def test_a_key_for_the_api(guarded, fields, status):
    server, _ = guarded
    got, answer, content = status_of(server, "/api/v1/calls", fields)
    assert got == status
    if status == 401:
        assert field(answer, "www-authenticate") == "Bearer" and json.loads(content)["code"] == "unauthenticated"
        assert KEY not in content.decode()


def test_health_needs_no_key(guarded):
    for target in ("/healthz", "/readyz"):
        assert status_of(guarded[0], target, [])[0] == 200


def test_a_key_for_the_gateway_leaves_the_providers_alone(guarded):
    server, upstream = guarded
    provider = ("Authorization", "Bearer sk-of-the-provider")
    for fields in (
        [JSON],
        [JSON, provider],
        [JSON, ("Authorization", f"Bearer {KEY}")],
        [JSON, ("x-steno-api-key", "wrong")],
    ):
        assert status_of(server, CHAT, fields, "POST", question())[0] == 401
    assert upstream.requests.empty()
    status, answer, _ = status_of(server, CHAT, [JSON, provider, ("x-steno-api-key", KEY)], "POST", question())
    assert status == 200 and field(answer, "x-steno-warning") is None
    request = upstream.seen()
    assert request["authorization"] == provider[1] and request["x-steno-api-key"] is None
    assert not any(KEY in value for _, value in request.fields)


def test_beyond_loopback_only_with_a_key(tmp_path):
    done = subprocess.run(
        [BINARY, "serve", "--data", tmp_path, "--listen", "0.0.0.0:0"],
        capture_output=True,
        text=True,
        timeout=60,
        env=NO_KEYS,
        cwd=tempfile.gettempdir(),
    )
    assert done.returncode != 0 and "--api-key-file" in done.stderr


@pytest.mark.parametrize("content", ["", "# none\n", "short\n"])
def test_a_key_file_that_is_no_protection_is_refused(tmp_path, content):
    (tmp_path / "keys").write_text(content)
    done = subprocess.run(
        [BINARY, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--api-key-file", tmp_path / "keys"],
        capture_output=True,
        text=True,
        timeout=60,
        env=NO_KEYS,
        cwd=tempfile.gettempdir(),
    )
    assert done.returncode != 0 and "key" in done.stderr


def test_an_openai_compatible_host_by_configuration(tmp_path):
    upstream = Upstream()
    upstream.script = whole(completion(model="llama-3.3-70b"))
    with Server(
        tmp_path, "--upstream", f"my-models={upstream.url}/inference", env={"STENO_UPSTREAM_LOCAL": upstream.url}
    ) as server:
        for name, target in (("my-models", "/inference/v1/chat/completions"), ("local", "/v1/chat/completions")):
            status, answer, body = status_of(server, f"/{name}/v1/chat/completions", [JSON], "POST", question())
            assert (status, body) == (200, completion(model="llama-3.3-70b"))
            assert upstream.seen().target == target
            call = server.call(field(answer, "x-steno-call-id"))
            assert call["status"] == "success" and call["provider"]["name"] == name and call["kind"] == "chat"
            assert call["provider"]["endpoint"] == {"method": "POST", "host": upstream.host, "path": target}
            assert call["model"] == {"requested": "gpt-4o-mini", "served": "llama-3.3-70b"}
            assert call["response"]["messages"][0]["parts"][0]["text"] == "At ten o'clock."
            assert call["usage"]["input_tokens"] == 31 and "cost" not in call  # unknown is unknown, not 0
    upstream.close()


def test_a_known_provider_under_its_own_name_elsewhere(tmp_path):
    upstream = Upstream()
    upstream.script = whole(completion(model="llama-3.3-70b-versatile", x_groq={"id": "req_1"}))
    with Server(tmp_path, "--upstream", f"groq={upstream.url}") as server:
        _, answer, _ = status_of(
            server, "/groq/v1/chat/completions", [JSON], "POST", question(model="llama-3.3-70b-versatile")
        )
        assert server.call(field(answer, "x-steno-call-id"))["provider"]["name"] == "groq"
    upstream.close()


@pytest.mark.parametrize(
    "flag",
    ["nonsense", "=http://127.0.0.1:1", "a b=http://127.0.0.1:1", "api=http://127.0.0.1:1", "x=ftp://127.0.0.1", "x="],
)
def test_an_upstream_that_cannot_be(tmp_path, flag):
    done = subprocess.run(
        [BINARY, "serve", "--data", tmp_path, "--listen", "127.0.0.1:0", "--upstream", flag],
        capture_output=True,
        text=True,
        timeout=60,
        env=NO_KEYS,
        cwd=tempfile.gettempdir(),
    )
    assert done.returncode != 0 and "upstream" in done.stderr
