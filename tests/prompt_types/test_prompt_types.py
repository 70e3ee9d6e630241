"""Prompt types: what is kept of each, its totals and its latest call; each behaviour of the document that they come from."""

import collections
import csv
import decimal
import io
import json
import pathlib
import sys
import threading
import time
import urllib.parse
import uuid
from datetime import datetime, timedelta, timezone

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


@pytest.fixture
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


def chat(server, prompt_type, prompt="when is the meeting?", expect=200, **headers):
    """One call through the gateway; its id."""
    head = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if prompt_type is not None:
        head["x-steno-prompt-type"] = prompt_type
    _, answer, _ = server.request("POST", CHAT, {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]},
                                  head, expect=expect)
    return answer["x-steno-call-id"]


def path_of(prompt_type):
    return f"{TYPES}/{urllib.parse.quote(prompt_type, safe='')}"


def change(server, prompt_type, expect=200, headers=None, query="", **settings):
    return server.request("PATCH", path_of(prompt_type) + query, settings, headers, expect=expect)[2]


def shown(server, prompt_type):
    return server.get(path_of(prompt_type))[2]


def delivered(server, prompt_type, at=None, **more):
    """A call that a program recorded itself; its id."""
    at = at or datetime.now(timezone.utc)
    call = {"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "started_at": at.isoformat().replace("+00:00", "Z"),
            "provider": {"name": "openai"}, "model": {"requested": "gpt-4o-mini"},
            "usage": {"input_tokens": 1000, "output_tokens": 500}, "prompt": {"type": prompt_type},
            "request": {"messages": [{"role": "user", "parts": [{"type": "text", "text": "the question"}]}]},
            "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": "the answer"}]}]}} | more
    server.request("POST", "/api/v1/calls", {"calls": [call]}, {"content-type": "application/json"})
    return call["id"]


def texts(call):
    """Of prompt and answer, with what lists show of them."""
    found = [part.get("text", "") for side in ("request", "response") for message in call.get(side, {}).get("messages", [])
             for part in message.get("parts", [])]
    return found, call.get("preview")


def sealed(server):
    """The data folder's journal files sealed, by a server that has ended; another server on the folder."""
    flags = server.process.args[server.process.args.index("--listen") + 2:]
    server.stop()
    run("journal", "seal", "--data", server.data)
    return Server(server.data, *flags)


def test_a_type_is_there_as_soon_as_a_call_carries_it(server, contract):
    assert server.get(TYPES)[2]["prompt_types"] == []
    call_id = chat(server, "extract_page_metadata", "what is on this page?", x_steno_user="ann")
    listed = contract.check(server.get(TYPES)[2], "GET", TYPES)
    (one,) = listed["prompt_types"]
    assert one["type"] == "extract_page_metadata" and one["revision"] == 0 and one["tracks_full_data"] is True
    assert one["settings"] == {"description": None, "track_full_data": None, "is_active": True, "sample_rate": 1,
                               "text_limit": None, "retention": None, "masking": "credentials", "log_level": "off",
                               "disable_over_budget": False, "disable_failure_rate": None, "disable_window_minutes": 60,
                               "disable_least_calls": 20, "disable_switches": "is_active"}
    one = contract.check(shown(server, "extract_page_metadata"), "GET", TYPES + "/{type}")
    latest = one["latest"]
    assert latest["id"] == call_id and latest["who"]["user_id"] == "ann" and latest["time"]["duration_ms"] > 0
    assert texts(latest)[0][0] == "what is on this page?" and len(texts(latest)[0]) == 2
    assert latest["usage"]["input_tokens"] > 0 and latest["cost"]["total"] == one["totals"]["cost"][0]["total"]


def test_calls_without_a_type_are_as_they_were(server):
    call_id = chat(server, None)
    call = server.call(call_id)
    assert "privacy" not in call or "full_data" not in call["privacy"]
    assert server.get(TYPES)[2]["prompt_types"] == []
    server.get(path_of("nobody"), expect=404)


def test_without_full_data_texts_go_when_the_file_is_sealed_but_the_latest_stays(server):
    change(server, "page", track_full_data=False)
    first, last = chat(server, "page", "the first question"), chat(server, "page", "the last question")
    kept = chat(server, "image", "another kind")
    (row,) = server.calls(f"&id={first}")
    assert row.get("preview") is None and row["privacy"] == {"full_data": False, "withheld_by": "track_full_data"}
    assert row["usage"]["input_tokens"] > 0 and row["cost"]["total"]
    with sealed(server) as second:
        assert texts(second.call(first)) == ([], None)
        assert texts(second.call(last))[0][0] == "the last question"
        assert texts(second.call(kept))[0][0] == "another kind"
        one = shown(second, "page")
        assert one["latest"]["id"] == last and texts(one["latest"])[0][0] == "the last question"
        assert one["totals"]["calls"] == 2
        newest = chat(second, "page", "the newest question")
        with sealed(second) as third:
            assert shown(third, "page")["latest"]["id"] == newest
            assert texts(third.call(last)) == ([], None), "another is the latest"
            assert texts(shown(third, "page")["latest"])[0][0] == "the newest question"


def test_the_callers_own_word_wins(server):
    change(server, "page", track_full_data=False)
    wanted = chat(server, "page", "keep this", x_steno_store_full_data="true")
    change(server, "page", track_full_data=True)
    refused = chat(server, "page", "never keep this", x_steno_store_full_data="false")
    assert server.call(refused)["privacy"] == {"full_data": False}
    with sealed(server) as server:
        assert texts(server.call(wanted))[0][0] == "keep this"
        assert texts(server.call(refused))[0] == [], "not even as the latest"
        assert shown(server, "page")["latest"]["id"] == refused


def test_one_line_of_configuration_gives_the_documents_default(tmp_path, simulator):
    flags = simulator.upstreams()
    env = {"STENO_PROMPT_TYPES_DEFAULT_TRACK_FULL_DATA": "false"}
    with Server(tmp_path / "data", *flags, env=env) as server:
        assert server.get(TYPES)[2]["default_track_full_data"] is False
        call = server.call(chat(server, "page"))
        assert call["privacy"]["full_data"] is False
        assert "privacy" not in (untyped := server.call(chat(server, None))) or "full_data" not in untyped["privacy"]
        change(server, "page", track_full_data=True)
        assert "full_data" not in server.call(chat(server, "page")).get("privacy", {})


def test_latest_calls_need_not_be_kept(tmp_path, simulator):
    env = {"STENO_PROMPT_TYPES_KEEP_LATEST": "false"}
    with Server(tmp_path / "data", *simulator.upstreams(), env=env) as server:
        change(server, "page", track_full_data=False)
        call_id = chat(server, "page")
    run("journal", "seal", "--data", tmp_path / "data", env=env)
    with Server(tmp_path / "data", env=env) as server:
        one = shown(server, "page")
        assert one["latest"]["id"] == call_id and texts(one["latest"])[0] == []


def test_what_is_not_active_counts_and_is_not_listed(server, contract):
    active = chat(server, "page", "before")
    change(server, "page", is_active=False)
    silent = chat(server, "page", "the silent one", x_steno_session="s-1")
    failed = chat(server, "page", expect=500, x_sim_status="500")
    assert [call["id"] for call in server.calls()] == [active]
    assert {call["id"] for call in server.calls("&unlisted=true")} == {active, silent, failed}
    assert {call["id"] for call in server.calls("&privacy.listed=false")} == {silent, failed}
    assert server.calls("&text=silent") == []
    assert server.get("/api/v1/failures")[2]["calls"] == []
    exported = run("calls", "export", "--server", server.url, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in exported] == [active]
    for form in ("csv", "jsonl"):
        for flags, count in (([], 1), (["--unlisted"], 3), (["-f", "privacy.listed=false"], 2)):
            out = run("calls", "export", "--server", server.url, "--format", form, *flags).stdout
            assert len(out.splitlines()) - (form == "csv") == count
    assert len(json.loads(run("calls", "list", "--server", server.url, "--unlisted", "--json").stdout)["calls"]) == 3
    # What it cost, and how often it failed, is nowhere left out.
    groups = server.get("/api/v1/aggregate?group_by=prompt.type&measures=calls,errors,cost")[2]["groups"]
    one = contract.check(shown(server, "page"), "GET", TYPES + "/{type}")
    assert groups[0]["calls"] == 3 == one["totals"]["calls"] and groups[0]["errors"] == 1 == one["totals"]["failures"]
    assert groups[0]["cost"]["total"] == one["totals"]["cost"][0]["total"]
    spent = sum(decimal.Decimal(server.call(call)["cost"]["total"]) for call in (active, silent))
    assert decimal.Decimal(one["totals"]["cost"][0]["total"]) == spent
    assert one["latest"]["id"] == failed
    with sealed(server) as server:
        call = server.call(silent)
        assert call["privacy"]["withheld_by"] == "is_active" and texts(call) == ([], None)
        assert call["usage"]["input_tokens"] > 0
        assert [one["id"] for one in server.calls()] == [active]
        server.stop()
        exported = run("calls", "export", "--data", server.data, "--format", "csv").stdout
        assert len(exported.splitlines()) == 2, "without a server likewise"


def test_a_budget_counts_what_is_not_listed(server):
    change(server, "page", is_active=False)
    server.request("PUT", "/api/v1/budgets/page-month", {"limit": "50", "scope": {"prompt_type": "page"}})
    call = server.call(chat(server, "page"))
    budget = server.get("/api/v1/budgets/page-month")[2]
    assert decimal.Decimal(budget["spent"]) == decimal.Decimal(call["cost"]["total"])
    assert shown(server, "page")["budgets"] == ["page-month"]


def test_sampling_keeps_a_share_of_the_texts_and_all_of_the_figures(server):
    change(server, "page", sample_rate=0.25)
    ids = [delivered(server, "page") for _ in range(200)]
    rows = {call["id"]: call for call in server.calls()}
    assert set(rows) == set(ids)
    kept = [call for call in rows.values() if call.get("preview")]
    assert 20 <= len(kept) <= 80  # binomial: more than five standard deviations on either side
    assert all(call["privacy"]["withheld_by"] == "sample_rate" for call in rows.values() if call not in kept)
    one = shown(server, "page")
    assert one["totals"]["calls"] == 200 and one["totals"]["cost"][0]["calls"] == 200
    assert decimal.Decimal(one["totals"]["cost"][0]["total"]) == 200 * decimal.Decimal("0.00045")
    assert decimal.Decimal(one["totals"]["cost"][0]["average"]) == decimal.Decimal("0.00045")
    # The same call decides the same, whoever delivers it again.
    before = rows[ids[0]].get("privacy")
    delivered(server, "page", id=ids[0], started_at=rows[ids[0]]["started_at"])
    (again,) = server.calls(f"&id={ids[0]}")
    assert again.get("privacy") == before


def test_texts_are_cut_with_length_and_digest(server):
    import hashlib
    prompt = "ä" * 500
    change(server, "page", text_limit=100)
    call = server.call(chat(server, "page", prompt))
    assert texts(call)[0][0] == "ä" * 50
    assert call["privacy"]["truncated"]["request.messages"] == {
        "bytes": 1000, "sha256": hashlib.sha256(prompt.encode()).hexdigest()}
    assert "raw" not in call or "request" not in call["raw"]
    assert call["usage"]["input_tokens"] > 0
    again = server.call(delivered(server, "page", request={"messages": [{"role": "user", "parts": [
        {"type": "text", "text": "x" * 101}]}]}))
    assert texts(again)[0][0] == "x" * 100 and again["privacy"]["truncated"]["request.messages"]["bytes"] == 101


def test_the_retention_class_of_calls_that_name_none(server):
    change(server, "page", retention="short")
    assert server.call(chat(server, "page"))["privacy"]["retention"] == "short"
    assert server.call(chat(server, "page", x_steno_retention="legal"))["privacy"]["retention"] == "legal"
    assert server.call(delivered(server, "page"))["privacy"]["retention"] == "short"


def test_a_type_that_is_told_at_the_end_is_obeyed(server):
    change(server, "page", track_full_data=False)
    call_id = str(uuid.uuid4())
    at = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    begun = {"id": call_id, "kind": "chat", "status": "running", "started_at": at, "project": "p",
             "request": {"messages": [{"role": "user", "parts": [{"type": "text", "text": "the secret question"}]}]}}
    server.request("POST", "/api/v1/calls", {"calls": [begun]}, {"content-type": "application/json"})
    server.request("POST", "/api/v1/calls", {"calls": [
        {"id": call_id, "kind": "chat", "status": "success", "project": "p", "started_at": at, "prompt": {"type": "page"},
         "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": "the secret answer"}]}]}}]},
        {"content-type": "application/json"})
    (row,) = server.calls(f"&id={call_id}")
    assert row.get("preview") is None and row["privacy"]["withheld_by"] == "track_full_data"
    delivered(server, "page")  # the latest
    with sealed(server) as server:
        assert texts(server.call(call_id)) == ([], None)


def test_a_change_holds_for_the_next_call_however_many_run(server):
    stop = threading.Event()
    failures = []

    def load():
        while not stop.is_set():
            try:
                chat(server, "busy")
            except AssertionError as error:
                failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for n in range(20):
            change(server, "page", track_full_data=n % 2 == 0)
            full_data = server.call(chat(server, "page")).get("privacy", {}).get("full_data")
            assert full_data is (False if n % 2 else None)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_lists_are_searched_filtered_and_ordered(server):
    for n, name in enumerate(["page_title", "page_body", "image"]):
        for _ in range(n + 1):
            chat(server, name)
    change(server, "image", description="Alt texts", is_active=False)
    change(server, "unused", description="not called yet", track_full_data=False)

    def names(query=""):
        return [one["type"] for one in server.get(f"{TYPES}?{query}")[2]["prompt_types"]]

    assert names() == ["image", "page_body", "page_title", "unused"]
    assert names("order=-type") == ["unused", "page_title", "page_body", "image"]
    assert names("search=PAGE") == ["page_body", "page_title"] and names("search=alt") == ["image"]
    assert names("is_active=false") == ["image"] and names("track_full_data=false") == ["image", "unused"]
    assert names("order=-calls") == ["image", "page_body", "page_title", "unused"]
    assert names("order=-cost")[0] == "image" and names("order=-cost")[-1] == "unused"
    assert names("order=last_called_at")[0] == "unused"
    tomorrow = (datetime.now(timezone.utc) + timedelta(days=1)).date().isoformat()
    assert names(f"created_from={tomorrow}") == [] and len(names(f"created_to={tomorrow}")) == 4
    assert server.get(f"{TYPES}?limit=2")[2]["count"] == 4 and len(names("limit=2")) == 2
    for wrong in ("order=colour", "is_active=perhaps", "limit=0", "colour=red"):
        assert wrong.split("=")[0] in server.get(f"{TYPES}?{wrong}", expect=400)[2]["detail"]


def test_of_two_who_edit_at_once_one_is_told(server):
    _, head, _ = server.request("PATCH", path_of("page"), {"sample_rate": 0.5})
    assert head["etag"] == server.get(path_of("page"))[1]["etag"]
    assert change(server, "page", headers={"If-Match": head["etag"]}, sample_rate=0.25)["settings"]["sample_rate"] == 0.25
    lost = change(server, "page", expect=412, headers={"If-Match": head["etag"]}, sample_rate=0.1)
    assert "changed meanwhile" in lost["detail"] and lost["code"] == "precondition_failed"
    assert shown(server, "page")["settings"]["sample_rate"] == 0.25
    change(server, "page", expect=400, headers={"If-Match": "yesterday's"}, sample_rate=0.1)
    server.request("DELETE", path_of("page"), headers={"If-Match": head["etag"]}, expect=412)


def test_every_change_is_in_the_trail(server, contract):
    change(server, "page", query="?by=ann&reason=too+many", track_full_data=False)
    change(server, "page", track_full_data=False)  # changes nothing
    server.request("DELETE", path_of("page") + "?by=bob", expect=204)
    trail = contract.check(server.get("/api/v1/prompt-type-changes")[2], "GET", "/api/v1/prompt-type-changes")["changes"]
    assert [(one["by"], one["reason"]) for one in trail] == [("bob", None), ("ann", "too many")]
    assert trail[0]["after"] is None and trail[0]["before"]["track_full_data"] is False
    assert trail[1]["before"]["track_full_data"] is None and trail[1]["after"]["track_full_data"] is False
    told = run("prompt-types", "history", "--server", server.url).stdout
    assert "track_full_data: null → false" in told and "too many" in told and "ann" in told


def test_several_are_changed_at_once_or_none(server, contract):
    for name in ("page_title", "page_body", "image"):
        chat(server, name)

    def bulk(expect=200, **body):
        return server.request("PATCH", TYPES, body, expect=expect)[2]

    changed = contract.check(bulk(search="page", set={"track_full_data": False}), "PATCH", TYPES)
    assert [one["type"] for one in changed["prompt_types"]] == ["page_body", "page_title"]
    assert bulk(types=["image", "new"], set={"is_active": False})["count"] == 2
    assert bulk(all=True, set={"retention": "short"})["count"] == 4
    bulk(expect=400, types=["image", "a\tb"], set={"is_active": True})
    assert shown(server, "image")["settings"]["is_active"] is False
    for wrong in ({"set": {}}, {"types": ["a"]}, {"types": ["a"], "all": True, "set": {}}, {"colour": 1}):
        assert bulk(expect=400, **wrong)["remedy"]


@pytest.mark.parametrize("name", ["a/b?c=d&e", "Überschrift 見出し", "x" * 150, "50% & more", "."])
def test_names_of_all_kinds(server, name):
    delivered(server, name)
    change(server, name, track_full_data=False)
    assert shown(server, name)["totals"]["calls"] == 1 and shown(server, name)["type"] == name
    assert run("prompt-types", "show", name, "--server", server.url, "--json").returncode == 0


def test_bad_settings_are_refused_and_change_nothing(server):
    for wrong in ({"sample_rate": 2}, {"sample_rate": "10%"}, {"text_limit": -5}, {"is_active": 1}, {"budget": 5}, {"retention": 7}):
        answer = change(server, "page", expect=400, **wrong)
        assert next(iter(wrong)) in answer["detail"]
    server.request("PATCH", path_of("page"), b"[]", expect=400)
    server.request("PATCH", path_of("x" * 201), {"is_active": True}, expect=400)
    for name, which in [("page\u200b", "U+200B"), ("\u3164", "U+3164"), ("page\U000e0020", "U+E0020")]:
        assert which in server.request("PATCH", path_of(name), {"is_active": True}, expect=400)[2]["detail"]
    assert server.get(TYPES)[2]["prompt_types"] == []


@pytest.fixture
def old(tmp_path):
    """A folder with calls of long ago, delivered by two servers, and some of today: (folder, what they come to by type)."""
    data = tmp_path / "data"
    totals = collections.defaultdict(lambda: [0, 0, decimal.Decimal(0)])
    last = {}
    for days in (100, 90, 0):
        with Server(data) as server:
            for n in range(30):
                name = "page" if n % 3 else "image"
                if days == 0 and name == "image":
                    continue
                status = "failure" if n % 7 == 0 else "success"
                cost = {} if n % 5 == 0 else {"cost": {"total": f"0.0{n}", "currency": "USD"}}
                at = datetime.now(timezone.utc) - timedelta(days=days, seconds=60 - n)
                extra = {"usage": {}} if not cost else {}
                last[name] = delivered(server, name, at, status=status, who={"user_id": f"u-{n}"}, **cost, **extra)
                totals[name][0] += 1
                totals[name][1] += status == "failure"
                totals[name][2] += decimal.Decimal(cost["cost"]["total"]) if cost else 0
    return data, totals, last


def expect_totals(server, totals):
    listed = {one["type"]: one["totals"] for one in server.get(TYPES)[2]["prompt_types"]}
    assert set(listed) == set(totals)
    for name, (calls, failures, cost) in totals.items():
        assert (listed[name]["calls"], listed[name]["failures"]) == (calls, failures)
        (money,) = listed[name]["cost"]
        assert decimal.Decimal(money["total"]) == cost


def test_totals_and_the_latest_call_outlive_retention(old):
    data, totals, last = old
    with Server(data) as server:
        expect_totals(server, totals)
    done = json.loads(run("journal", "seal", "--data", data, "--json", env={"STENO_RETENTION_DAYS": "30"}).stdout)
    assert done["removed_segments"] > 0
    with Server(data) as server:
        assert len(server.calls()) == 20
        expect_totals(server, totals)
        one = shown(server, "image")
        assert one["totals"]["removed_calls"] == one["totals"]["calls"] == 20
        assert one["latest"]["id"] == last["image"] and texts(one["latest"])[0] == ["the question", "the answer"]
        assert one["latest"]["who"]["user_id"] == "u-27"
        server.get(f"/api/v1/calls/{last['image']}", expect=404)
        assert shown(server, "page")["latest"]["id"] == last["page"]
        newest = delivered(server, "image", status="success", cost={"total": "1", "currency": "USD"})
        assert shown(server, "image")["latest"]["id"] == newest
    # A store that is fed anew adds up to the same.
    for file in (data / "store").iterdir():
        if file.name.startswith("calls.duckdb"):
            file.unlink()
    totals["image"][0] += 1
    totals["image"][2] += 1
    with Server(data) as server:
        server.wait_until_fed()
        expect_totals(server, totals)


def test_totals_are_exact_however_often_the_server_is_killed(old):
    data, totals, _ = old
    env = {"STENO_RETENTION_DAYS": "30"}
    for n in range(12):
        server = Server(data, env=env, ready=False)
        time.sleep(0.05 * n)  # into what a server does at its start, retention included, at another moment each time
        server.kill()
    run("journal", "seal", "--data", data, env=env)
    with Server(data) as server:
        server.wait_until_fed()
        assert len(server.calls()) == 20, "what is old is gone"
        expect_totals(server, totals)


def test_of_a_removed_latest_call_texts_are_kept_as_the_rules_say(old):
    data, totals, last = old
    run("journal", "seal", "--data", data, env={"STENO_RETENTION_DAYS": "30"})
    with Server(data) as server:
        assert texts(shown(server, "image")["latest"])[0] == ["the question", "the answer"]
    run("journal", "seal", "--data", data, env={"STENO_RETENTION_DAYS": "30", "STENO_RETENTION_PAYLOAD_DAYS": "60"})
    assert b"the question" not in (data / "control.sqlite").read_bytes()
    with Server(data) as server:
        one = shown(server, "image")
        assert one["latest"]["id"] == last["image"] and texts(one["latest"])[0] == []
        assert one["latest"]["who"]["user_id"] == "u-27"
        expect_totals(server, totals)


def test_without_keeping_the_latest_a_removed_one_leaves_its_figures(old):
    data, totals, last = old
    run("journal", "seal", "--data", data, env={"STENO_RETENTION_DAYS": "30", "STENO_PROMPT_TYPES_KEEP_LATEST": "false"})
    with Server(data) as server:
        one = shown(server, "image")
        assert one["latest"]["id"] == last["image"] and texts(one["latest"])[0] == []
        expect_totals(server, totals)


def test_a_call_that_is_delivered_twice_keeps_its_texts_as_the_latest(server):
    change(server, "page", track_full_data=False)
    at = datetime.now(timezone.utc)
    call_id = delivered(server, "page", at)
    delivered(server, "page", at, id=call_id)
    assert server.call(call_id)["privacy"]["withheld_by"] == "track_full_data"
    with sealed(server) as server:
        assert texts(shown(server, "page")["latest"])[0] == ["the question", "the answer"]


def test_calls_without_a_beginning_are_not_the_latest(server):
    change(server, "page", track_full_data=False)
    undated = [delivered(server, "page", started_at=None) for _ in range(3)]
    dated = delivered(server, "page", datetime.now(timezone.utc) - timedelta(days=3))
    future = delivered(server, "page", datetime(2099, 1, 1, tzinfo=timezone.utc))
    assert shown(server, "page")["latest"]["id"] == dated
    assert max(delivered(server, "undated", started_at=None) for _ in range(20)) == shown(server, "undated")["latest"]["id"]
    same = [delivered(server, "same", datetime(2026, 1, 1, tzinfo=timezone.utc)) for _ in range(20)]
    assert max(same) == shown(server, "same")["latest"]["id"]
    with sealed(server) as server:
        for call_id in (*undated, future):
            assert texts(server.call(call_id)) == ([], None)
        assert texts(shown(server, "page")["latest"])[0] == ["the question", "the answer"]
        server.stop()
        again = json.loads(run("journal", "seal", "--data", server.data, "--json").stdout)
        assert again["redacted_segments"] == 0, "nothing is compressed once more"


def test_an_export_has_all_types(server):
    calls = [{"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "prompt": {"type": f"made-of-{n}"}} for n in range(1100)]
    server.request("POST", "/api/v1/calls", {"calls": calls}, {"content-type": "application/json"})
    server.wait_until_fed()
    at = ["--server", server.url]
    out = run("prompt-types", "export", *at, "--format", "csv", "--output", "-")
    assert len(out.stdout.splitlines()) == 1101 and out.stderr == ""
    out = run("prompt-types", "export", *at, "--format", "csv", "--output", "-", "--limit", "5")
    assert len(out.stdout.splitlines()) == 6 and "1,095 more" in out.stderr
    assert "… and 100 more" in run("prompt-types", "list", *at).stdout


def test_where_nothing_is_sealed_the_log_says_what_stays(tmp_path):
    env = {"STENO_JOURNAL_SEAL": "off"}
    with Server(tmp_path / "data", env=env) as server:
        change(server, "page", track_full_data=False)
        delivered(server, "page")
        server.wait_until_fed()
    with Server(tmp_path / "data", env=env) as server:
        server.wait_for(lambda: "of 1 calls that are not to keep them prompts and answers stay" in server.output(), "the warning")


def test_the_command_line_as_a_person_uses_it(server, tmp_path):
    for n in range(3):
        chat(server, "extract_page_metadata", f"page {n}", x_steno_user="ann")
    chat(server, "embed_chunk")
    at = ["--server", server.url]
    out = run("prompt-types", "list", *at, "--order", "-cost").stdout
    assert out.index("extract_page_metadata") < out.index("embed_chunk") and "texts kept" in out
    out = run("prompt-types", "set", "embed_chunk", *at, "--sample", "1%", "--retention", "short", "--description",
              "Pieces for the index", "--reason", "too many").stdout
    assert "1 %" in out and "short" in out and "Pieces for the index" in out
    assert "texts kept   the latest" in run("prompt-types", "set", "extract_page_metadata", *at, "--full-data", "off").stdout
    out = run("prompt-types", "show", "extract_page_metadata", *at).stdout
    assert "page 2" in out and "3, 0 failed" in out and "steno stats -f prompt.type=extract_page_metadata" in out
    assert json.loads(run("prompt-types", "show", "embed_chunk", *at, "--json").stdout)["settings"]["sample_rate"] == 0.01
    assert "figures" in run("prompt-types", "bulk", "--search", "embed", *at, "--inactive").stdout
    exported = list(csv.DictReader(io.StringIO(run("prompt-types", "export", *at, "--format", "csv", "--output", "-").stdout)))
    assert [row["type"] for row in exported] == ["embed_chunk", "extract_page_metadata"]
    assert exported[1]["calls"] == "3" and exported[0]["is_active"] == "false" and exported[0]["retention"] == "short"
    run("prompt-types", "export", *at, "--output", tmp_path / "types.xlsx")
    assert (tmp_path / "types.xlsx").stat().st_size > 1000
    assert "follows the defaults" in run("prompt-types", "set", "embed_chunk", *at, "--reset").stdout
    for wrong in (["set", "x"], ["set", "x", "--sample", "11"], ["set", "x", "--text-limit", "much"], ["bulk", "--inactive"],
                  ["show", "nobody"], ["set", "x", "--reset", "--active"]):
        done = run("prompt-types", *wrong, *at, check=False)
        assert done.returncode != 0 and done.stderr
    # Without a server, on the folder.
    server.stop()
    run("prompt-types", "set", "embed_chunk", "--data", server.data, "--full-data", "off")
    assert "embed_chunk" in run("prompt-types", "list", "--data", server.data, "--full-data-is", "off").stdout
