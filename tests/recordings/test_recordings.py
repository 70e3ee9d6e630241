"""Recorded real traffic, replayed through the real gateway: an upstream answers with the recorded bytes, cut anywhere; the
client must get them unchanged, and the record must say what `expect` says, and what the parser alone says of the same
bytes. STENO_RECORDINGS names the folder of open.jsonl (optional data)."""

import base64
import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import urllib.parse

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("support", "gateway")]
from scripted import Client, Upstream, chunk, field, head  # noqa: E402
from steno_process import Server  # noqa: E402

NEARBY = pathlib.Path(__file__).resolve().parents[3] / "shared" / "recordings"
RECORDINGS = pathlib.Path(os.environ.get("STENO_RECORDINGS", NEARBY)) / "open.jsonl"

# The provider of a recording, and the upstream that its clients are given.
UPSTREAMS = {
    "openai": "openai",
    "azure.ai.openai": "azure",
    "anthropic": "anthropic",
    "aws.bedrock": "bedrock",
    "gcp.gemini": "gemini",
    "gcp.vertex_ai": "vertex",
    "cohere": "cohere",
    "mistral_ai": "mistral",
    "deepseek": "deepseek",
    "groq": "groq",
    "ollama": "ollama",
    "together_ai": "together",
    "voyageai": "voyage",
    "writer": "writer",
    "openai_compatible": "elsewhere",
}
# Of the recorded request: what the client of this test writes itself.
OWN = {"host", "content-length", "connection", "transfer-encoding", "accept-encoding"}
READ_EXCHANGE = os.environ.get(
    "STENO_READ_EXCHANGE", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/tests/recordings/read_exchange")
)
# What the bytes tell, wherever they are read; the rest of a call is when, where and by whom.
OF_THE_BYTES = ("kind", "name", "status", "model", "request", "response", "modality", "usage", "error", "client_retry")
ONE_BY_ONE = 3000  # bytes of the longest answer that is also sent byte by byte


def body_of(message):
    if message.get("body_b64") is not None:
        return base64.b64decode(message["body_b64"])
    return (message.get("body") or "").encode()


def in_pieces(recording, body, cuts):
    """A script that sends the recorded answer in pieces: an HTTP chunk for each."""
    answer = recording["response"]
    fields = [(name, value) for name, value in answer["headers"].items() if name not in OWN]

    def script(_, wire):
        if answer["status"] == 204:
            wire.send(head(204, fields))
            return True
        wire.send(head(answer["status"], [*fields, ("Transfer-Encoding", "chunked")]))
        for begin, end in zip([0, *cuts], [*cuts, len(body)]):
            if end > begin:
                wire.send(chunk(body[begin:end]))
        wire.send(b"0\r\n\r\n")
        return True

    return script


def ways_to_cut(recording, body):
    dice = random.Random(recording["id"])
    yield []
    for pieces in (3, 40):
        yield sorted(dice.randrange(len(body) + 1) for _ in range(pieces))
    if recording["stream"] and len(body) <= ONE_BY_ONE:
        yield list(range(1, len(body)))


def arguments(value):
    return json.loads(value) if isinstance(value, str) and value.strip() else value or {}


def facts(call):
    """What `expect` tells, taken from a call of ours."""
    usage, error, response = call.get("usage", {}), call.get("error", {}), call.get("response", {})
    writes = usage.get("cache_write_tokens")
    parts = [part for message in response.get("messages", []) for part in message.get("parts", [])]
    return {
        "model_requested": call.get("model", {}).get("requested"),
        "model_served": call.get("model", {}).get("served"),
        "response_id": response.get("id"),
        "status": call["provider"].get("http_status"),
        "error_type": error.get("provider_type") or error.get("provider_code"),
        "error_message": error.get("message"),
        "finish_reasons": response.get("finish_reasons", []),
        "usage.input_tokens": usage.get("input_tokens"),
        "usage.output_tokens": usage.get("output_tokens"),
        "usage.cache_read_tokens": usage.get("cache_read_tokens"),
        "usage.cache_write_tokens": sum(writes.values()) if writes else None,
        "usage.reasoning_tokens": usage.get("reasoning_tokens"),
        "text": "".join(part.get("text", "") for part in parts if part["type"] == "text") or None,
        "tool_calls": [
            {"name": tool["name"], "arguments": arguments(tool["arguments"])} for tool in response.get("tool_calls", [])
        ],
    }


def expected(recording):
    expect = dict(recording["expect"])
    usage = expect.pop("usage")
    expect |= {f"usage.{name}": count for name, count in usage.items()}
    expect["text"] = expect["text"] or None
    unchecked = {*expect.pop("unchecked"), "n_input_messages"}
    unchecked |= {f"usage.{name}" for name in usage if "usage" in unchecked}
    return {name: value for name, value in expect.items() if name not in unchecked}


class Parser:
    """The providers' parsers without a gateway."""

    def __init__(self):
        self.process = subprocess.Popen([READ_EXCHANGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, recording, url):
        where = {"upstream": UPSTREAMS[recording["provider"]], "path": url.path, "query": url.query}
        self.process.stdin.write(json.dumps(where | {half: recording[half] for half in ("request", "response")}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.communicate()
        assert self.process.returncode == 0


def of_the_bytes(call):
    facts = {name: call[name] for name in OF_THE_BYTES if name in call}
    provider = {name: value for name, value in call["provider"].items() if name != "endpoint"}
    usage = {name: value for name, value in call.get("usage", {}).items() if name != "asked"}  # by the gateway
    # Advice names the key by its fingerprint, which is the gateway's secret.
    error = {name: value for name, value in call.get("error", {}).items() if name != "advice"}
    return facts | {"provider": provider, "usage": usage, "error": error}


@pytest.fixture(scope="module")
def recordings():
    if not RECORDINGS.exists():
        pytest.skip(f"no recordings at {RECORDINGS} (set STENO_RECORDINGS)")
    with RECORDINGS.open() as lines:
        return [json.loads(line) for line in lines]


def test_the_record_says_what_happened(recordings, tmp_path):
    upstream, parser = Upstream(), Parser()
    names = sorted(set(UPSTREAMS.values()))
    flags = [flag for name in names for flag in ("--upstream", f"{name}={upstream.url}")]
    # What the clients of AWS had signed cannot be valid here: the gateway signs anew.
    credentials = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    wrong, good, total = collections.defaultdict(list), collections.Counter(), collections.Counter()
    with Server(tmp_path, *flags, env=credentials) as server:
        client = Client(server.url)
        for recording in recordings:
            request, body = recording["request"], body_of(recording["response"])
            url = urllib.parse.urlsplit(request["url"])
            target = f"/{UPSTREAMS[recording['provider']]}{url.path}" + (f"?{url.query}" if url.query else "")
            fields = [(name, value) for name, value in request["headers"].items() if name not in OWN]
            problems = wrong[recording["id"]]
            alone = of_the_bytes(parser.read(recording, url))
            for cuts in ways_to_cut(recording, body):
                upstream.script = in_pieces(recording, body, cuts)
                client.ask(request["method"], target, body_of(request), fields)
                status, answer_fields, answer = client.answer()
                if (status, answer) != (recording["response"]["status"], body):
                    problems.append(f"the client got {status} and {answer[:300]!r}")
                call = server.call(field(answer_fields, "x-steno-call-id"))
                ours = facts(call)
                for name, value in expected(recording).items():
                    if ours[name] != value:
                        problems.append(f"{name}: {ours[name]!r} instead of {value!r} (cut at {cuts[:9]})")
                relayed = of_the_bytes(call)
                for name in relayed.keys() | alone.keys():
                    if relayed.get(name) != alone.get(name):
                        problems.append(f"{name}: {relayed.get(name)!r}, by the parser alone {alone.get(name)!r}")
            kind = f"{recording['provider']} {recording['endpoint']}"
            total[kind] += 1
            good[kind] += not problems
    upstream.close()
    parser.close()
    for kind in sorted(total):
        print(f"{kind:<40} {good[kind]:>3} of {total[kind]:>3}")
    told = [f"{name}: {problem}" for name, problems in wrong.items() for problem in dict.fromkeys(problems)]
    assert not told, f"{sum(good.values())} of {sum(total.values())} match\n" + "\n".join(told[:80])
    assert not upstream.failures
