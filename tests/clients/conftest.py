"""The official Python clients, pointed at a real server in front of simulated providers: nothing but the base URL (and
a key that opens nothing) is changed. What the client saw and what the record says must be the same."""

import collections
import itertools
import json
import pathlib
import subprocess
import sys
import time
from decimal import Decimal

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, Simulator, run  # noqa: E402

KEYS = {
    "openai": "sk-proj-SECRETopenai0123456789abcdef",
    "anthropic": "sk-ant-SECRETanthropic0123456789abcdef",
    "vertex": "ya29.SECRETvertex0123456789abcdef",
    "gemini": "AIzaSECRETgemini0123456789abcdef",
    "cohere": "co-SECRETcohere0123456789abcdef",
    "mistral": "SECRETmistral0123456789abcdef",
}

# Dollars for a million tokens: input, cached input, output.
PRICES = {
    "gpt-4o-mini": ("0.15", "0.075", "0.6"),
    "prod-gpt-4o-mini": ("0.165", "0.075", "0.66"),  # Azure's own price, by deployment
    "prod-text-embedding-3-small": ("0.02", "0", "0"),
    "gpt-5-mini": ("0.25", "0.025", "2"),
    "text-embedding-3-small": ("0.02", "0", "0"),
    "claude-haiku-4-5": ("1", "0.1", "5"),
    "claude-haiku-4-5@20251001": ("1.1", "0.11", "5.5"),  # of a region on Vertex AI: a tenth more
    "claude-sonnet-4-5": ("3", "0.3", "15"),
    "gemini-2.5-flash": ("0.3", "0.03", "2.5"),
    "gemini-embedding-001": ("0.15", "0", "0"),
    "google/gemini-2.5-flash": ("0.3", "0.03", "2.5"),
    "text-embedding-005": ("0.1", "0", "0"),
    "gemini-2.5-pro": ("1.25", "0.125", "10"),
    "command-a-03-2025": ("2.5", "0", "10"),
    "command-r7b-12-2024": ("0.0375", "0", "0.15"),
    "embed-v4.0": ("0.12", "0", "0"),
    "mistral-medium-2508": ("0.4", "0", "2"),
    "magistral-medium-2509": ("2", "0", "5"),
    "codestral-2508": ("0.3", "0.03", "0.9"),
    "mistral-embed": ("0.1", "0", "0.1"),
}
NUMBERS = itertools.count(1)

# What is asked, and tools in the shape that OpenAI, Cohere and Mistral share.
PROMPT = "Tell me about the tides of the North Sea."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "get_time",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    },
}


def dollars(*lines):
    """Exactly: the sum of tokens times dollars per million, with the record's twelve places."""
    return f"{sum((Decimal(count) * Decimal(price) / 1_000_000 for count, price in lines), Decimal(0)):.12f}"


class Record:
    """What the server has of one test: its calls bear a session of their own."""

    expected = {}  # calls by session, as looked at; held against the whole record at the end

    def __init__(self, server):
        self.server = server
        self.session = f"session-{next(NUMBERS)}"
        self.headers = {"x-steno-session": self.session}

    def calls(self, count):
        """All calls of this test, oldest first, as soon as so many have ended."""
        self.expected[self.session] = count
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            rows = self.server.calls(f"&trace.session_id={self.session}")
            assert len(rows) <= count, [row["name"] for row in rows]
            if len(rows) == count and all(row["status"] != "running" for row in rows):
                return [self.server.call(row["id"]) for row in reversed(rows)]
            time.sleep(0.01)
        raise AssertionError(f"{len(rows)} of {count} calls: {rows}")

    def call(self):
        return self.calls(1)[0]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """At the end no key may stand anywhere: not in a file of the data folder, not in an answer, not in the log."""
    folder = tmp_path_factory.mktemp("clients")
    with Simulator() as simulator:
        server = Server(folder, *simulator.upstreams(), env={"STENO_LOG_LEVEL": "debug"})
        try:
            yield server
            whole = run("calls", "export", "--server", server.url, "--format", "jsonl").stdout
            rows = server.calls()
            by_session = collections.Counter(row.get("trace", {}).get("session_id") for row in rows)
            assert {session: by_session[session] for session in Record.expected} == Record.expected
            assert len(whole.splitlines()) == len(rows) > 0
            whole += json.dumps([server.call(row["id"]) for row in rows]) + server.get("/metrics")[2].decode()
            assert server.stop() == 0, server.output()
            texts = {"answers": whole.encode(), "log": server.output().encode()}
            texts |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
            assert len(texts) > 3
            for place, content in texts.items():
                assert b"SECRET" not in content, f"a key stands in {place}"
            dumped = subprocess.run(
                [str(server.process.args[0]), "journal", "dump", "--data", str(folder), "--json"], capture_output=True
            )
            assert dumped.returncode == 0 and b"SECRET" not in dumped.stdout + dumped.stderr
        finally:
            server.kill()


@pytest.fixture
def record(server):
    return Record(server)


def assert_call(
    call,
    *,
    provider,
    requested,
    served=None,
    kind="chat",
    status="success",
    stream=False,
    prompt=None,
    answer=None,
    usage=None,
    fresh=None,
    cached=0,
    written=(),
    tools=(),
):
    """What every call must have. `usage`: (input with cache, output with reasoning). The cost is worked out anew.
    `served`: the model that answered, if it is not the one that was asked for; "" if the answer names none."""
    names = {"requested": requested} | ({} if served == "" else {"served": served or requested})
    assert call["source"] == "gateway" and call["kind"] == kind and call["status"] == status
    assert call["provider"]["name"] == provider and call["provider"]["http_status"] == 200
    assert call["model"] == names
    assert call["request"].get("stream", False) is stream
    assert ("chunks" in call["response"]) is stream
    assert 0 < call["time"].get("time_to_first_token_ms", call["time"]["duration_ms"]) <= call["time"]["duration_ms"]
    assert ("time_to_first_token_ms" in call["time"]) is stream
    assert "error" not in call
    if prompt is not None:
        assert call["request"]["messages"][-1] == {"role": "user", "parts": [{"type": "text", "text": prompt}]}
    if answer is not None:
        parts = [
            part for message in call["response"]["messages"] for part in message["parts"] if part["type"] == "text"
        ]
        assert "".join(part["text"] for part in parts) == answer
        assert call["response"].get("output_chars", 0) == len(answer)
    if usage is not None:
        took, gave = usage
        assert call["usage"]["input_tokens"] == took and call["usage"].get("output_tokens", 0) == gave
        price = PRICES[requested]
        cost = call["cost"]
        assert (cost["currency"], cost["source"]) == ("USD", "catalogue")
        writes = [(count, figure) for count, figure in written if count]
        fresh = took - cached - sum(count for count, _ in writes)
        assert cost["total"] == dollars((fresh, price[0]), (cached, price[1]), *writes, (gave, price[2]))
        assert cost["input"] == dollars((fresh, price[0]))
        if gave:
            assert cost["output"] == dollars((gave, price[2]))
        if cached or writes:
            assert cost["cache"] == dollars((cached, price[1]), *writes)
    assert [
        (tool.get("id"), tool["name"], tool["arguments"]) for tool in call["response"].get("tool_calls", [])
    ] == list(tools)


def assert_failure(call, type, http_status, *, status="failure"):
    assert call["status"] == status and call["error"]["type"] == type
    assert call["error"]["http_status"] == call["provider"]["http_status"] == http_status
    assert call["error"]["message"] and "cost" not in call
