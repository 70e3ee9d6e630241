"""Waits, limits and keys: what a provider asked for, what is left, and which key it was (cases 43, 55, 56)."""

import json
import re
import time

import pytest
from conftest import JSON, Gateway
from scripted import completion, question, whole
from steno_process import Server, Simulator, run

KEY = "sk-proj-SECRETofnobody0123456789"
BEARER = ("Authorization", f"Bearer {KEY}")
LIMITED = json.dumps({"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}})
NOW = ("Date", "Fri, 20 Nov 2026 10:00:00 GMT")


@pytest.mark.parametrize(
    "fields,wait",
    [
        ([("Retry-After", "7")], 7000),
        ([("retry-after", "0")], 0),
        ([("Retry-After", "Fri, 20 Nov 2026 10:00:30 GMT"), NOW], 30_000),
        ([("Retry-After", "Fri, 20 Nov 2026 09:00:00 GMT"), NOW], 0),
        ([("retry-after-ms", "120"), ("retry-after", "1")], 120),
        ([("Retry-After", "99999999999")], None),
        ([("Retry-After", "-5")], None),
        ([("Retry-After", "soon")], None),
        ([], None),
    ],
)
def test_case_43_the_wait_that_was_asked_for(gateway, fields, wait):
    """On the record as the provider meant it, beyond a year not at all; and passed on to the client as it came."""
    status, answer, _, call = gateway.exchange(whole(LIMITED.encode(), status=429, fields=fields), question())
    assert status == 429 and call["error"]["type"] == "rate_limit" and call["error"]["retryable"] is True
    assert call["error"].get("retry_after_ms") == wait
    for name, value in fields:
        assert (name, value) in answer


def test_case_43_a_wait_on_a_success_is_no_error(gateway):
    call = gateway.exchange(whole(completion(), fields=[("retry-after", "59")]), question())[3]
    assert call["status"] == "success" and "error" not in call


def test_case_55_an_error_that_echoes_the_prompt_is_capped(gateway):
    prompt = "é" * 3_000_000
    body = json.dumps({"error": {"message": f"bad prompt: {prompt}", "type": prompt, "code": prompt, "param": prompt}},
                      ensure_ascii=False).encode()
    _, _, passed, call = gateway.exchange(whole(body, status=400), question())
    assert passed == body
    for name in ("message", "provider_type", "provider_code"):
        assert len(call["error"][name].encode()) <= 4096
    assert len(call["error"]["advice"]) <= 1000
    assert len(json.dumps(call["error"])) < 40_000


def test_case_56_a_key_is_known_by_a_name_that_tells_nothing(tmp_path):
    """The same key, the same name, however it is sent and after a restart; in errors' advice too; never the key."""
    gateway = Gateway(tmp_path)
    refused = whole(json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode(), status=401)
    silent = whole(b'{"error":{"message":"Incorrect API key provided"}}', status=401)
    names = {}
    for way, path, fields in (
        ("bearer", "", [BEARER]),
        ("again", "", [("authorization", f"bearer {KEY}")]),
        ("x-api-key", "", [("x-api-key", KEY)]),
        ("api-key", "", [("Api-Key", KEY)]),
        ("google", "", [("x-goog-api-key", KEY)]),
        ("query", f"?alt=sse&key={KEY}", []),
        ("another", "", [("Authorization", f"Bearer {KEY}x")]),
        ("none", "", []),
    ):
        script = silent if way in ("another", "none") else refused  # a provider repeats what it was sent
        call = gateway.exchange(script, question(), path="/v1/chat/completions" + path, fields=[JSON, *fields])[3]
        names[way] = call.get("who", {}).get("api_key_id")
        assert "SECRET" not in json.dumps(call)
        if names[way]:
            assert names[way] in call["error"]["advice"]
    same = {names[way] for way in ("bearer", "again", "x-api-key", "api-key", "google", "query")}
    assert len(same) == 1 and re.fullmatch(r"sk-proj:[0-9a-f]{12}", names["bearer"])
    assert names["another"] not in same and names["none"] is None
    # Filters and groups.
    found = gateway.server.calls(f"&who.api_key_id={names['bearer']}")
    assert len(found) == 6
    groups = gateway.server.get("/api/v1/aggregate?group_by=who.api_key_id&measures=calls")[2]["groups"]
    assert {g["key"]["who.api_key_id"]: g["calls"] for g in groups} == {names["bearer"]: 6, names["another"]: 1, None: 1}
    gateway.close()
    shown = run("stats", "--data", tmp_path, "--by", "who.api_key_id", "--measures", "calls").stdout
    assert names["bearer"] in shown and "SECRET" not in shown + gateway.server.output()
    secret = tmp_path / "keys" / "api-keys.key"
    assert secret.stat().st_mode & 0o777 == 0o600
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert b"SECRET" not in file.read_bytes(), file
        assert file == secret or secret.read_bytes().strip() not in file.read_bytes(), file
    again = Gateway(tmp_path)
    call = again.exchange(refused, question(), fields=[JSON, BEARER])[3]
    assert call["who"]["api_key_id"] == names["bearer"]
    again.close()
    # Another folder has another secret: names cannot be compared or tried elsewhere.
    other = Gateway(tmp_path / "other")
    assert other.exchange(refused, question(), fields=[JSON, BEARER])[3]["who"]["api_key_id"] != names["bearer"]
    other.close()


def test_case_56_signatures_and_tokens_have_lasting_names(gateway):
    def name(value):
        call = gateway.exchange(whole(completion()), question(), fields=[JSON, ("Authorization", value)])[3]
        return call["who"]["api_key_id"]

    def signed(key, signature):
        return (f"AWS4-HMAC-SHA256 Credential={key}/20261120/eu-west-1/bedrock/aws4_request, "
                f"SignedHeaders=host;x-amz-date, Signature={signature}")

    assert name(signed("AKIAEXAMPLE1", "aa" * 32)) == name(signed("AKIAEXAMPLE1", "bb" * 32))
    assert name(signed("AKIAEXAMPLE1", "aa" * 32)) != name(signed("AKIAEXAMPLE2", "aa" * 32))
    assert name(signed("AKIAEXAMPLE1", "aa" * 32)).startswith("AKIA:")
    # {"iss":"https://login","sub":"app-1","exp":1} and the same an hour later
    first = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2xvZ2luIiwic3ViIjoiYXBwLTEiLCJleHAiOjF9.x"
    later = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2xvZ2luIiwic3ViIjoiYXBwLTEiLCJleHAiOjJ9.y"
    assert name(f"Bearer {first}") == name(f"Bearer {later}") and name(f"Bearer {first}").startswith("jwt:")
    assert name("Bearer ya29.a0AfH6SMBx") == "ya29"


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    with Simulator() as simulator:
        data = tmp_path_factory.mktemp("limits")
        flags = [*simulator.upstreams(), "--upstream", f"mistral={simulator.url}/mistral"]
        with Server(data, *flags) as server:
            yield server, data, flags


OPENAI = ("/openai/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]})
MISTRAL = ("/mistral/v1/chat/completions", {"model": "mistral-small", "messages": [{"role": "user", "content": "hi"}]})
ANTHROPIC = ("/anthropic/v1/messages",
             {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
GEMINI = ("/gemini/v1beta/models/gemini-2.5-flash:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]})


def ask(server, call, key, remaining, reset_ms=60_000, limit=3, expect=200):
    path, body = call
    header = "x-goog-api-key" if "gemini" in path else "authorization"
    server.request("POST", path, body, {
        "content-type": "application/json", header: key if "gemini" in path else f"Bearer {key}",
        "x-sim-limit-requests": str(limit), "x-sim-remaining-requests": str(remaining),
        "x-sim-reset-ms": str(reset_ms)}, expect=expect)


def state(server, model, key):
    found = server.get(f"/api/v1/limits?model={model}&api_key_id={key}")[2]["limits"]
    assert len(found) == 1, found
    return found[0]


def key_name(server, model):
    return server.calls(f"&model.requested={model}")[0]["who"]["api_key_id"]


@pytest.mark.parametrize("call,window", [(OPENAI, "requests"), (ANTHROPIC, "requests"), (MISTRAL, "requests_minute")])
def test_limits_count_down_until_a_call_is_refused(limited, call, window):
    server, data, _ = limited
    model = call[1]["model"]
    for left in (3, 2, 1):
        ask(server, call, "sk-one-0123456789", left)
        now = state(server, model, key_name(server, model))
        told = {w["name"]: w for w in now["windows"]}[window]
        assert (told["limit"], told["remaining"]) == (3, left - 1)
        assert now["exhausted"] is (left == 1)
    ask(server, call, "sk-one-0123456789", 0, expect=429)
    now = state(server, model, key_name(server, model))
    assert now["exhausted"] is True and 0 < now["available_in_ms"] <= 61_000
    assert now["last_refused"]["type"] == "rate_limit" and now["last_refused"]["retry_after_ms"] == 60_000
    assert now["api_key_id"] in now["last_refused"]["advice"]
    # Another key of the same model is another matter.
    ask(server, call, "sk-two-0123456789", 3)
    states = server.get(f"/api/v1/limits?model={model}")[2]["limits"]
    assert [s["exhausted"] for s in states] == [True, False]
    text = run("limits", "--data", data, "--model", model).stdout
    assert "exhausted, in" in text and "░░░░░░░░░░   0 %" in text and now["api_key_id"] in text
    only = json.loads(run("limits", "--data", data, "--model", model, "--exhausted", "--json").stdout)
    assert [s["api_key_id"] for s in only["limits"]] == [now["api_key_id"]] and only["total"] == 1
    metrics = server.get("/metrics")[2].decode()
    labels = f'key="{now["api_key_id"]}",model="{model}"'
    assert re.search(rf'steno_rate_limit_remaining{{.*{labels},kind="{window}"}} 0', metrics)
    assert re.search(rf"steno_rate_limit_exhausted{{.*{labels}}} 1", metrics)


def test_a_refusal_counts_without_headers_and_a_success_ends_it(limited):
    server, _, _ = limited
    ask(server, GEMINI, "AIzaSECRET0123456789", 0, reset_ms=40_000, expect=429)
    key = key_name(server, "gemini-2.5-flash")
    now = state(server, "gemini-2.5-flash", key)
    assert key.startswith("AIza:") and now["windows"] == [] and now["exhausted"] is True
    assert now["last_refused"]["retry_after_ms"] == 40_000 and 0 < now["available_in_ms"] <= 40_000
    ask(server, GEMINI, "AIzaSECRET0123456789", 3)
    assert state(server, "gemini-2.5-flash", key)["exhausted"] is False


def test_a_limit_is_over_when_its_reset_has_come(limited):
    server, _, _ = limited
    call = (OPENAI[0], {**OPENAI[1], "model": "gpt-4o-mini"})
    ask(server, call, "sk-one-0123456789", 0, reset_ms=1, expect=429)
    key = key_name(server, "gpt-4o-mini")
    deadline = time.monotonic() + 30
    while state(server, "gpt-4o-mini", key)["exhausted"]:
        assert time.monotonic() < deadline
    (window,) = [w for w in state(server, "gpt-4o-mini", key)["windows"] if w["name"] == "requests"]
    assert window["resets_in_ms"] == 0 and window["limit"] == 3 and "remaining" not in window, "nobody has said since"
    text = run("limits", "--data", server.data, "--model", "gpt-4o-mini").stdout
    assert window["told_remaining"] == 0 and window["told_at"]
    assert "0 of 3" in text and "full again" in text and " ago" in text and "%" not in text
    metrics = server.get("/metrics")[2].decode()
    assert re.search('steno_rate_limit{.*model="gpt-4o-mini",kind="requests"} 3', metrics)
    assert not re.search('steno_rate_limit_remaining{.*model="gpt-4o-mini",kind="requests"}', metrics)


def test_limits_are_remembered_over_a_restart(tmp_path):
    with Simulator() as simulator:
        with Server(tmp_path, *simulator.upstreams()) as server:
            ask(server, OPENAI, "sk-one-0123456789", 2, reset_ms=3_600_000)
            ask(server, ANTHROPIC, "sk-one-0123456789", 0, reset_ms=3_600_000, expect=429)
            before = server.get("/api/v1/limits")[2]
            server.stop()
        folder = json.loads(run("limits", "--data", tmp_path, "--json").stdout)
        with Server(tmp_path, *simulator.upstreams()) as server:
            after = server.get("/api/v1/limits")[2]

    def lasting(answer):
        for one in answer["limits"]:
            for name in ("available_in_ms", "last_seen"):
                one.pop(name, None)
            one.get("last_refused", {}).pop("at", None)
            for window in one["windows"]:
                window.pop("resets_in_ms", None)
                window.pop("resets_at", None)
                window.pop("told_at", None)
                if window["name"] != "requests":  # these are full again in a moment, and then nobody knows
                    window.pop("remaining", None)
        return answer

    assert before["total"] == 2 and [s["exhausted"] for s in before["limits"]] == [True, False]
    assert lasting(before) == lasting(folder) == lasting(after)
