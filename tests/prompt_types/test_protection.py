"""What a prompt type does by itself: it is switched off over a budget or when too much fails, it masks, it is logged."""

import json
import pathlib
import sys
import uuid
from datetime import datetime, timezone

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server, Simulator, run  # noqa: E402

CHAT = "/openai/v1/chat/completions"
TYPES = "/api/v1/prompt-types"


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


@pytest.fixture
def server(tmp_path, simulator):
    with Server(tmp_path / "data", *simulator.upstreams()) as running:
        yield running


def chat(server, prompt_type, prompt="when is the meeting?"):
    _, answer, _ = server.request("POST", CHAT, {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]},
                                  {"content-type": "application/json", "x-steno-prompt-type": prompt_type})
    return server.call(answer["x-steno-call-id"])


def delivered(server, prompt_type, status):
    call = {"id": str(uuid.uuid4()), "kind": "chat", "status": status, "model": {"requested": "gpt-4o-mini"},
            "started_at": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"), "prompt": {"type": prompt_type}}
    server.request("POST", "/api/v1/calls", {"calls": [call]}, {"content-type": "application/json"})


def change(server, prompt_type, **settings):
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    return contract.check(server.request("PATCH", f"{TYPES}/{prompt_type}", settings)[2], "PATCH", TYPES + "/{type}")


def shown(server, prompt_type):
    return server.get(f"{TYPES}/{prompt_type}")[2]


def trail(server, prompt_type):
    return server.get(f"/api/v1/prompt-type-changes?type={prompt_type}")[2]["changes"]


def goes_off(server, prompt_type, setting):
    server.wait_for(lambda: shown(server, prompt_type)["settings"][setting] is False or None, f"{setting} of {prompt_type} goes off", 90)


def test_over_budget_a_type_is_switched_off_once(server):
    change(server, "dear", disable_over_budget=True)
    change(server, "other")
    server.request("PUT", "/api/v1/budgets/dear-month", {"limit": "0.000001", "scope": {"prompt_type": "dear"}})
    chat(server, "dear")
    goes_off(server, "dear", "is_active")
    last = trail(server, "dear")[0]
    assert last["by"] == "steno" and last["reason"].startswith("the budget dear-month is used up: ") and last["before"]["is_active"] is True
    assert "prompt type dear: is_active is off from now on: the budget dear-month is used up" in server.output()
    assert chat(server, "dear")["privacy"]["withheld_by"] == "is_active", "calls go on, and are counted"
    out = run("prompt-types", "show", "dear", "--server", server.url).stdout
    assert "goes off     is_active: when its budget is used up" in out and "not active" in out
    # Who switches it on again has the last word; another type that fails meanwhile shows that it was looked at.
    change(server, "dear", is_active=True)
    change(server, "other", disable_failure_rate=0.5, disable_least_calls=2, disable_switches="track_full_data")
    for _ in range(3):
        delivered(server, "other", "failure")
    server.wait_until_fed()
    goes_off(server, "other", "track_full_data")
    assert shown(server, "other")["settings"]["is_active"] is True
    assert trail(server, "other")[0]["reason"].startswith("3 of 3 calls since ")
    assert shown(server, "dear")["settings"]["is_active"] is True


def test_strict_masking_leaves_no_address_in_the_folder(server):
    run("prompt-types", "set", "support", "--masking", "strict", "--server", server.url)
    call = chat(server, "support", "I am anna.schmidt@example.org, +49 170 1234567, card 4111 1111 1111 1111")
    assert call["request"]["messages"][0]["parts"][0]["text"] == "I am [email], [phone], card [card]"
    assert call["privacy"]["masked"] == {"card": 1, "email": 1, "phone": 1} and "raw" not in call
    assert call["privacy"]["truncated"]["raw.request"]["bytes"] > 100
    server.wait_until_fed()
    assert server.calls()[0]["preview"]["prompt"] == "I am [email], [phone], card [card]"
    assert "masked         1 card, 1 email, 1 phone" in run("calls", "show", call["id"], "--server", server.url).stdout
    server.stop()
    for file in pathlib.Path(server.data).rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"anna.schmidt" not in content and b"4111 1111" not in content, file


def test_a_call_is_logged_as_its_type_says(server):
    for level in ("metrics-only", "summary", "detailed"):
        change(server, level, log_level=level)
    change(server, "unkept", log_level="detailed", track_full_data=False)
    calls = {kind: chat(server, kind, f"what of\n{kind}?") for kind in ("metrics-only", "summary", "detailed", "unkept", "other")}

    def lines():
        found = {kind: [line for line in server.output().splitlines() if f"call {call['id']} " in line] for kind, call in calls.items()}
        return found if all(found[kind] for kind in found if kind != "other") else None

    found = server.wait_for(lines, "lines of the log")
    assert found["other"] == []
    assert all(len(found[kind]) == 1 and " success gpt-4o-mini " in found[kind][0] for kind in calls if kind != "other")
    assert "prompt" not in found["metrics-only"][0] and "prompt" not in found["unkept"][0]
    assert r'prompt "what of\nsummary?" answer "' in found["summary"][0]
    assert r'prompt "user: what of\ndetailed?" answer "assistant: ' in found["detailed"][0]


def test_what_was_cut_is_said(server):
    change(server, "long", text_limit=10)
    call = chat(server, "long", "a prompt that is longer than ten bytes")
    out = run("calls", "show", call["id"], "--server", server.url).stdout
    assert "request.messages (of 38 bytes)" in out
    change(server, "unkept", track_full_data=False)
    out = run("calls", "show", chat(server, "unkept")["id"], "--server", server.url).stdout
    assert "of the latest call of its prompt type they stay" in out


def test_wrong_settings_say_what_is_right(server):
    done = run("prompt-types", "set", "page", "--disable-failure-rate", "150%", "--server", server.url, check=False)
    assert done.returncode != 0 and "is no share" in done.stderr
    problem = server.request("PATCH", f"{TYPES}/page", {"masking": "none"}, expect=400)[2]
    assert problem["detail"] == "masking: credentials, strict"
    answer = json.loads(run("prompt-types", "set", "page", "--disable-failure-rate", "20%", "--disable-window", "5", "--disable-calls", "100",
                            "--disable-switches", "track_full_data", "--log-level", "summary", "--server", server.url, "--json").stdout)["settings"]
    assert (answer["disable_failure_rate"], answer["disable_window_minutes"], answer["disable_least_calls"], answer["disable_switches"],
            answer["log_level"]) == (0.2, 5, 100, "track_full_data", "summary")
