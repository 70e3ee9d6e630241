"""steno/curl.hpp in a user's program, against real sockets: what it records, and that the program notices nothing."""

import json
import os
import socket
import subprocess
import sys

import pytest
from test_cpp import BUILD, ROOT, cmake, environment

sys.path.insert(0, str(ROOT / "tests/support"))
from steno_process import BINARY, Server, Simulator  # noqa: E402
from steno_process import run as steno  # noqa: E402

KEY = "sk-SECRET0123456789abcdef"
PROMPT = "Tell me about the tides of the North Sea."
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": PROMPT}]}
STREAM = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
MESSAGES = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": PROMPT}], "stream": True}
#: what depends on who records, where and when
OWN = ("id", "source", "started_at", "ended_at", "time", "raw", "who", "project", "release")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    cmake("--install", BUILD, "--component", "sdk", "--prefix", folder / "prefix")
    cmake("-G", "Ninja", "-S", ROOT / "tests/sdk/program", "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}",
          f"-DCMAKE_CXX_COMPILER={os.environ.get('STENO_CXX', 'clang++-19')}",
          f"-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror {os.environ.get('STENO_CXX_FLAGS', '')}")
    cmake("--build", folder / "build", "--target", "with_curl")
    return folder / "build/with_curl"


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


@pytest.fixture(scope="module")
def server(simulator, tmp_path_factory):
    with Server(tmp_path_factory.mktemp("record"), *simulator.upstreams()) as running:
        yield running


class User:
    """Runs the program; `calls()` gives what this test has recorded."""

    def __init__(self, program, server, spool):
        self.program, self.server, self.spool = program, server, spool
        self.known = {call["id"] for call in server.calls()}

    def run(self, url, body, *flags, how="easy", provider="openai", base=None, to=None, env=None, sim=()):
        given = ["--url", url, "--body", body if isinstance(body, str) else json.dumps(body), "--how", how,
                 "--provider", provider, "--base-url", base or "", "--header", "content-type: application/json",
                 "--header", f"authorization: Bearer {KEY}", "--header", f"x-api-key: {KEY}"]
        for knob in sim:
            given += ["--header", f"x-sim-{knob}"]
        done = subprocess.run([self.program, *given, *flags], capture_output=True, text=True, timeout=120,
                              env={**environment(to or self.server.url, self.spool), **(env or {})})
        told = [line for line in done.stderr.splitlines() if not (to and line.startswith("steno: not delivered: "))]
        assert done.returncode == 0 and not told, done.stderr
        code, status = done.stdout.split("\n", 1)[0].split()
        return int(code), int(status), done.stdout.split("\n", 1)[1]

    def calls(self):
        self.server.wait_for(lambda: self.server.get("/api/v1/status")[2]["store"]["behind_records"] == 0 or None, "store")
        found = [self.server.call(call["id"]) for call in self.server.calls() if call["id"] not in self.known]
        assert KEY not in json.dumps(found)
        return found

    def only(self):
        (call,) = self.calls()
        return call


@pytest.fixture
def user(program, server, tmp_path):
    return User(program, server, tmp_path / "spool")


def essence(call):
    call = {name: value for name, value in call.items() if name not in OWN}
    call["provider"].pop("endpoint")
    call.get("error", {}).pop("advice", None)  # the gateway's names the key
    return call


def answer_of(call):
    return "".join(part.get("text", "") for part in call["response"]["messages"][0]["parts"])


EXCHANGES = {
    "chat": ("openai", "/v1/chat/completions", CHAT, ()),
    "stream": ("openai", "/v1/chat/completions", STREAM, ()),
    "tool": ("openai", "/v1/chat/completions", {**STREAM, "tools": [{"type": "function", "function": {
        "name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}]}, ()),
    "responses": ("openai", "/v1/responses", {"model": "gpt-4o-mini", "input": PROMPT, "stream": True}, ()),
    "embedding": ("openai", "/v1/embeddings", {"model": "text-embedding-3-small", "input": PROMPT}, ()),
    "messages": ("anthropic", "/v1/messages", MESSAGES, ()),
    "gzip": ("openai", "/v1/chat/completions", STREAM, ("encoding: gzip",)),
    "limited": ("openai", "/v1/chat/completions", CHAT, ("error: rate_limit", "limit-requests: 10", "remaining-requests: 0")),
    "error in the stream": ("anthropic", "/v1/messages", MESSAGES, ("stream-error-after: 3", "error: overloaded")),
    "pieces": ("openai", "/v1/chat/completions", STREAM, ("split: 1",)),
    "too long": ("openai", "/v1/chat/completions", CHAT, ("finish: length",)),
}


@pytest.mark.parametrize("name, how", [*((name, "easy") for name in EXCHANGES), ("gzip", "multi"), ("gzip", "debug"), ("gzip", "silent")])
def test_it_is_what_the_gateway_records(user, simulator, name, how):
    provider, path, body, sim = EXCHANGES[name]
    base = f"{simulator.url}/{provider}"
    flags = ("--decode", "1") if name == "gzip" else ()
    plain = user.run(base + path, body, *flags, how="plain", provider=provider, base=base, sim=sim)
    assert not user.calls()
    recorded = user.run(base + path, body, *flags, how=how, provider=provider, base=base, sim=sim)
    assert recorded == plain  # the program saw the same
    call = user.only()
    assert call["source"] == "cpp" and call["provider"]["endpoint"]["path"] == f"/{provider}{path}"
    if name in ("stream", "messages", "gzip", "pieces"):
        assert call["time"]["time_to_first_token_ms"] > 0 and answer_of(call)
    user.known.add(call["id"])
    user.run(f"{user.server.url}/{provider}{path}", body, *flags, how="plain", sim=sim)
    by_gateway = user.only()
    assert by_gateway["source"] == "gateway"
    assert essence(call) == essence(by_gateway)


def test_what_is_uploaded_in_chunks_is_read(user, simulator):
    base = simulator.url + "/openai"
    user.run(base + "/v1/chat/completions", CHAT, "--upload", "1", base=base)
    call = user.only()
    assert call["request"]["messages"][0]["parts"][0]["text"] == PROMPT and call["status"] == "success"


def test_a_large_request_waits_for_100_continue(user, simulator, tmp_path):
    base, text = simulator.url + "/openai", PROMPT + 2_000_000 * "x"
    (tmp_path / "body").write_text(json.dumps({**CHAT, "messages": [{"role": "user", "content": text}]}))
    user.run(base + "/v1/chat/completions", f"@{tmp_path}/body", "--header", "Expect: 100-continue", base=base)
    assert user.only()["request"]["messages"][0]["parts"][0]["text"] == text


def test_each_transfer_of_a_handle_is_a_call(user, simulator):
    base = simulator.url + "/openai"
    user.run(base + "/v1/chat/completions", CHAT, "--times", "3", base=base)
    assert [call["status"] for call in user.calls()] == 3 * ["success"]


def failed(user, url, base, *flags, body=CHAT, how="easy", sim=(), provider="openai"):
    plain = user.run(url, body, *flags, how="plain", base=base, sim=sim, provider=provider)
    recorded = user.run(url, body, *flags, how=how, base=base, sim=sim, provider=provider)
    assert recorded == plain
    return recorded[0], user.only()


@pytest.mark.parametrize("how", ["easy", "multi"])
def test_a_timeout(user, simulator, how):
    base = simulator.url + "/openai"
    code, call = failed(user, base + "/v1/chat/completions", base, "--timeout", "300", how=how, sim=("silent: 1",))
    assert code == 28 and call["status"] == "failure" and call["error"]["type"] == "timeout"
    assert call["model"]["requested"] == "gpt-4o-mini" and call["time"]["duration_ms"] > 290  # libcurl's clock is not ours


def test_nobody_is_there(user):
    with socket.socket() as taken:  # bound, and not listened to
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        body = json.dumps(CHAT)
        code, call = failed(user, base + "/v1/chat/completions", base, "--request-body", body, body=body)
    assert code == 7 and call["status"] == "failure" and call["error"]["type"] == "connection"
    assert call["model"]["requested"] == "gpt-4o-mini" and "connect" in call["error"]["message"].lower()


def test_the_connection_breaks(user, simulator):
    base = simulator.url + "/openai"
    _, call = failed(user, base + "/v1/chat/completions", base, body=STREAM, sim=("cut-after: 3",))
    assert call["status"] == "partial" and call["error"]["type"] == "connection" and "input_tokens" not in call.get("usage", {})


def test_the_program_reads_no_further(user, simulator):
    base = simulator.url + "/openai"
    code, call = failed(user, base + "/v1/chat/completions", base, "--stop-after", "400", body=STREAM,
                        sim=("size: 1000000",))
    assert code == 23 and call["status"] == "cancelled" and "input_tokens" not in call.get("usage", {})


def test_fail_on_error(user, simulator):
    base = simulator.url + "/openai"
    code, call = failed(user, base + "/v1/chat/completions", base, "--fail-on-error", "1", sim=("status: 401",))
    assert code == 22 and call["provider"]["http_status"] == 401 and call["error"]["type"] == "authentication"


def test_what_goes_through_the_gateway_is_recorded_once(user):
    for provider in ("", "openai"):
        base = user.server.url + "/openai" if provider else ""
        user.run(f"{user.server.url}/openai/v1/chat/completions", CHAT, provider=provider, base=base)
        call = user.only()
        assert call["source"] == "gateway"
        user.known.add(call["id"])


def test_under_steno_run_each_call_is_recorded_once(user, program, simulator, tmp_path):
    def ask(url, *flags):
        script = f'exec "$@" --url {url} --provider openai --base-url "${{OPENAI_BASE_URL%/v1}}"'
        subprocess.run([BINARY, "run", "--data", tmp_path / "run", *simulator.upstreams(), "--", "sh", "-c", script, "sh",
                        program, "--body", json.dumps(CHAT), *flags],
                       env={**environment(user.server.url, user.spool), "OPENAI_API_KEY": KEY}, check=True, timeout=120)

    ask('"$OPENAI_BASE_URL/chat/completions"')
    ask('"$OPENAI_BASE_URL/chat/completions"', "--header", "x-sim-silent: 1", "--timeout", "300")
    assert not user.calls()
    listed = json.loads(steno("calls", "list", "--data", tmp_path / "run", "--json").stdout)["calls"]
    assert sorted(call["status"] for call in listed) == ["cancelled", "success"]


def test_http_2(user):
    """Heads in frames, and no chunks."""
    script = """
        const server = require('node:http2').createServer((request, response) => {
          request.resume().on('end', () => {
            response.writeHead(200, {'content-type': 'application/json', 'x-request-id': 'req_2'})
            response.end(JSON.stringify({id: 'c', model: 'm', choices: [{index: 0, message: {role: 'assistant', content: 'hi'},
              finish_reason: 'stop'}], usage: {prompt_tokens: 3, completion_tokens: 1, total_tokens: 4}}))
          })
        }).listen(0, '127.0.0.1', () => console.log(server.address().port))"""
    node = os.environ.get("STENO_NODE", str(ROOT / ".deps/node/bin/node"))
    with subprocess.Popen([node, "-e", script], stdout=subprocess.PIPE, text=True) as server:
        try:
            base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            plain = user.run(base + "/v1/chat/completions", CHAT, "--http2", "1", how="plain", base=base)
            assert user.run(base + "/v1/chat/completions", CHAT, "--http2", "1", base=base) == plain
        finally:
            server.kill()
    call = user.only()
    assert call["status"] == "success" and call["provider"]["request_id"] == "req_2" and answer_of(call) == "hi"
    assert call["usage"]["input_tokens"] == 3 and call["request"]["messages"][0]["parts"][0]["text"] == PROMPT


def test_others_leave_nothing(user, simulator):
    assert user.run(simulator.url + "/openai/v1/chat/completions", CHAT, provider="")[1] == 200
    assert user.run(simulator.url + "/openai/v1/models", "", base=simulator.url + "/openai")[0] == 0
    assert not user.calls()


def test_switched_off_nothing_changes(user, simulator):
    base = simulator.url + "/openai"
    plain = user.run(base + "/v1/chat/completions", STREAM, how="plain", base=base)
    assert user.run(base + "/v1/chat/completions", STREAM, base=base, env={"STENO_TRACKING": "off"}) == plain
    assert not user.calls() and not user.spool.exists()


def test_without_a_server_nothing_changes(user, simulator):
    base = simulator.url + "/openai"
    plain = user.run(base + "/v1/chat/completions", STREAM, how="plain", base=base)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert user.run(base + "/v1/chat/completions", STREAM, "--flush", "0", base=base, to=away) == plain
    assert list(user.spool.iterdir())  # it waits there for a server
    user.run(base + "/v1/models", "", base=base)  # whoever uses the folder next delivers it
    assert user.only()["source"] == "cpp"
