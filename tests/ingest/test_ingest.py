"""Calls that programs recorded themselves, delivered to a real server: every form, what is refused and what is not, second
arrivals, kills and full disks."""

import ctypes
import ctypes.util
import gzip
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import delivery  # noqa: E402
from disks import PowerStrip, reason_to_skip  # noqa: E402
from openapi import Contract  # noqa: E402
from steno_process import ROOT, Server, run  # noqa: E402

PATH = "/api/v1/calls"
ROUNDS = int(os.environ.get("STENO_KILL_ROUNDS", "4"))
BEGAN = 1_795_000_000_000_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("record")) as running:
        yield running


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


def zstd(data):
    """By the library itself, which the server needs, too."""
    library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    room = ctypes.create_string_buffer(library.ZSTD_compressBound(ctypes.c_size_t(len(data))))
    size = library.ZSTD_compress(room, ctypes.c_size_t(len(room)), data, ctypes.c_size_t(len(data)), 3)
    return room.raw[:size]


def deliver(server, calls, expect=200, **headers):
    body = {"calls": calls}
    return server.request("POST", PATH, body, {"content-type": "application/json"} | headers, expect=expect)[2]


def send(server, body, content_type, expect=200, **headers):
    return server.request("POST", PATH, body, {"content-type": content_type} | headers, expect=expect)[2]


def chat(**fields):
    return {"id": str(uuid.uuid4()), "kind": "chat", "name": "gpt-4o-mini", "source": "python", "status": "success",
            "started_at": "2026-11-20T10:00:00Z", "ended_at": "2026-11-20T10:00:01.5Z",
            "provider": {"name": "openai"}, "model": {"requested": "gpt-4o-mini"},
            "request": {"messages": [{"role": "user", "parts": [{"type": "text", "text": "When is the meeting?"}]}]},
            "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": "At ten."}]}]},
            "usage": {"input_tokens": 1000, "output_tokens": 100}} | fields


def test_json_is_recorded_whole_priced_and_durable(server, contract):
    call = chat(trace={"session_id": "s-json"}, labels={"tags": ["a"], "attributes": {"n": 3}})
    answer = contract.check(deliver(server, [call]), "POST", PATH)
    assert answer["accepted"] == 1 and answer["rejected"] == [] and answer["made_ids"] == []
    stream, sequence = answer["position"].rsplit("/", 1)
    durable = server.get("/api/v1/status")[2]["journal"]["durable_position"]
    assert durable.startswith(stream) and int(durable.rsplit("/", 1)[1]) >= int(sequence)
    kept = contract.check(server.call(call["id"]), "GET", "/api/v1/calls/{id}")
    assert kept["cost"]["total"] == "0.000210000000" and kept["cost"]["source"] == "catalogue"
    assert kept["time"]["duration_ms"] == 1500
    del kept["cost"], kept["time"]
    kept["started_at"] = call["started_at"]
    kept["ended_at"] = call["ended_at"]
    assert kept == call
    listed = server.calls("&trace.session_id=s-json")
    assert [c["id"] for c in listed] == [call["id"]]
    assert listed[0]["preview"] == {"prompt": "When is the meeting?", "answer": "At ten."}


@pytest.mark.parametrize("sample", ["chat", "function", "everything"])
def test_what_a_server_shows_can_be_delivered_to_another(tmp_path, sample):
    call = json.loads((ROOT / f"tests/data/record-v1/{sample}.json").read_text())
    if sample == "everything":  # the form can say it, but nothing can be used less than not at all, or beyond all reason
        call["usage"]["output_tokens"], call["cost"]["output"] = 1, "1.000000000000"
        call["usage"]["input_tokens"], call["cost"]["other"] = 10**12, "999999999999.999999999999"
    with Server(tmp_path / "one") as one, Server(tmp_path / "two") as two:
        assert deliver(one, [call])["accepted"] == 1
        shown = one.call(call["id"])
        assert deliver(two, [shown])["accepted"] == 1
        assert two.call(call["id"]) == shown
        for key in call:
            if key not in ("cost", "preview", "raw", "started_at", "ended_at", "feedback", "scores"):
                assert shown[key] == call[key], key


def test_json_lines(server):
    calls = [chat(trace={"session_id": "s-lines"}) for _ in range(3)]
    body = "\n".join([json.dumps(calls[0]), "{this is no JSON", "", json.dumps(calls[1]), json.dumps(calls[2])])
    answer = send(server, body.encode(), "application/x-ndjson")
    assert answer["accepted"] == 3
    assert [r["index"] for r in answer["rejected"]] == [1]
    assert "not valid JSON" in answer["rejected"][0]["detail"]
    assert len(server.calls("&trace.session_id=s-lines")) == 3


def test_the_binary_form(server):
    ids = [uuid.uuid4() for _ in range(3)]
    calls = [delivery.call(i, model="gpt-4o-mini", provider="openai", prompt=f"question {n} ä", answer=f"answer {n}",
                           session="s-binary", tokens=(1000, 100), began=BEGAN + n, ended=BEGAN + n + 5_000_000, tags=["x", "y"])
             for n, i in enumerate(ids)]
    answer = send(server, delivery.delivery(*calls), delivery.TYPE)
    assert answer["accepted"] == 3 and answer["rejected"] == []
    call = server.call(ids[1])
    assert call["kind"] == "chat" and call["source"] == "python" and call["status"] == "success"
    assert call["request"]["messages"] == [{"role": "user", "parts": [{"type": "text", "text": "question 1 ä"}]}]
    assert call["response"]["messages"][0]["parts"][0]["text"] == "answer 1"
    assert call["cost"]["total"] == "0.000210000000"
    assert call["time"]["duration_ms"] == 5
    assert call["labels"]["tags"] == ["x", "y"]
    assert len(server.calls("&trace.session_id=s-binary&text=QUESTION%202")) == 1


def test_one_bad_call_harms_no_other(server, contract):
    good = [chat(trace={"session_id": "s-bad"}) for _ in range(3)]
    calls = [good[0], chat(kind="sonnet"), good[1], chat(project="p" * 201), {"kind": "chat"}, {"id": "7", "kind": "chat"},
             chat(cost={"total": "1.5"}), "nothing", chat(usage={"input_tokens": "many"}), good[2]]
    answer = contract.check(deliver(server, calls), "POST", PATH)
    assert answer["accepted"] == 3
    reasons = {r["index"]: r["detail"] for r in answer["rejected"]}
    assert sorted(reasons) == [1, 3, 4, 5, 6, 7, 8]
    assert reasons[1].startswith("kind: expected one of")
    assert reasons[3] == "project: 201 bytes, at most 200 are taken"
    assert reasons[4] == "status: it is missing"
    assert reasons[5] == "id: expected a UUID"
    assert reasons[6].startswith("cost.currency")
    assert reasons[8].startswith("usage.input_tokens")
    assert len(server.calls("&trace.session_id=s-bad")) == 3
    refused = deliver(server, [calls[1], calls[3]], expect=400)
    assert refused["code"] == "invalid_argument" and [r["index"] for r in refused["rejected"]] == [0, 1]


def test_misspelt_fields_are_told(server):
    answer = deliver(server, [chat(), chat(usage={"input_token": 3}, modle={"requested": "x"})])
    assert answer["accepted"] == 2
    assert answer["ignored"] == [{"index": 1, "fields": ["usage.input_token", "modle"]}]


def test_ids_are_made_and_told(server):
    calls = [chat(), chat(trace={"session_id": "s-made"}), chat()]
    del calls[1]["id"], calls[1]["started_at"], calls[1]["ended_at"]
    answer = deliver(server, calls)
    (made,) = answer["made_ids"]
    assert made["index"] == 1
    call = server.call(made["id"])
    assert call["trace"]["session_id"] == "s-made" and call["started_at"].startswith("20")


def test_costs_that_come_along_are_kept(server):
    call = chat(cost={"total": "0.5", "currency": "EUR", "source": "provider"})
    deliver(server, [call])
    assert server.call(call["id"])["cost"] == {"total": "0.500000000000", "currency": "EUR", "source": "provider"}


def test_credentials_are_masked(server, tmp_path):
    secret = "sk-live-0123456789abcdef"
    raw = json.dumps({"model": "m", "messages": [], "tools": [{"type": "mcp", "authorization": secret}]})
    call = chat(raw={"request": raw}, labels={"metadata": {"api_key": secret, "kept": 1}, "attributes": {"api_key": secret, "note": f"key={secret}", "n": 1}},
                request={"parameters": {"headers": {"x": secret}}, "tools": [{"server": {"access_token": secret}}],
                         "input": {"password": secret, "q": "milk"}}, response={"output": {"client_secret": secret}},
                error={"type": "authentication", "message": f"Incorrect API key provided: {secret}.", "stack": f'at f("{secret}")'},
                provider={"name": "openai", "endpoint": {"host": f"user:{secret}@api.openai.com", "path": f"/v1?key={secret}"}})
    deliver(server, [call])
    kept = server.call(call["id"])
    assert secret not in json.dumps(kept)
    assert kept["privacy"]["masked"] == {"credential": 10}
    assert kept["error"]["message"] == "Incorrect API key provided: ***" and kept["error"]["stack"] == 'at f("***")'
    assert kept["labels"]["attributes"] == {"api_key": "***", "note": "key=***", "n": 1}
    assert kept["request"]["input"] == {"password": "***", "q": "milk"}
    assert kept["provider"]["endpoint"] == {"host": "api.openai.com", "path": "/v1"}
    assert kept["labels"]["metadata"] == {"api_key": "***", "kept": 1}
    assert all(secret.encode() not in file.read_bytes() for file in server.data.glob("journal/*/*.stj"))


def shared(**attributes):
    return {"x-steno-attributes": json.dumps(attributes)}


def test_attributes_of_all_calls(server):
    """They are under the rules that hold for a call's own."""
    secret = "sk-live-0123456789abcdef"
    own, other = chat(labels={"attributes": {"a": "mine"}}), chat()
    assert deliver(server, [own, other], **shared(a="all", api_key=secret, note=f"key={secret}", n=1, yes=True))["accepted"] == 2
    rest = {"api_key": "***", "note": "key=***", "n": 1, "yes": True}
    assert server.call(own["id"])["labels"]["attributes"] == {"a": "mine", **rest}
    kept = server.call(other["id"])
    assert kept["labels"]["attributes"] == {"a": "all", **rest} and kept["privacy"]["masked"] == {"credential": 2}
    assert all(secret.encode() not in file.read_bytes() for file in server.data.glob("journal/*/*.stj"))


@pytest.mark.parametrize("said", [
    {"x-steno-attributes": "no json"}, shared(deep={}), shared(**{"n" * 201: 1}), shared(a="x" * 4097),
    shared(**{f"a{i}": i for i in range(17)})])
def test_attributes_of_all_calls_that_do_not_fit(server, said):
    call = chat()
    deliver(server, [call], expect=400, **said)
    server.get(f"/api/v1/calls/{call['id']}", expect=404)


def test_attributes_of_all_calls_are_bounded_once_they_are_with_each(server):
    full, more = chat(labels={"attributes": {f"a{i}": i for i in range(100)}}), chat()
    (rejected,) = deliver(server, [full, more], **shared(one_more=1))["rejected"]
    assert rejected["id"] == full["id"] and "101 entries" in rejected["detail"]
    assert server.call(more["id"])["labels"]["attributes"] == {"one_more": 1}
    assert deliver(server, [full], **shared(a5="said already"))["accepted"] == 1
    many = [{"kind": "chat", "status": "success"}] * 2000
    answer = deliver(server, many, expect=413, **shared(**{f"a{i}": "x" * 4000 for i in range(10)}))
    assert "nothing of it was recorded" in json.dumps(answer)


def test_whole_trees_arrive_in_any_order(server):
    root, tool, inner = (str(uuid.uuid4()) for _ in range(3))
    tree = [chat(id=inner, trace={"request_id": "r-tree", "parent_id": tool, "sequence": 3}),
            {"id": tool, "kind": "function", "name": "search", "source": "cpp", "status": "failure",
             "error": {"type": "timeout", "message": "no answer in 10 s"}, "started_at": "2026-11-20T10:00:00Z",
             "request": {"input": {"q": "milk"}}, "response": {"output": [1, 2]},
             "trace": {"request_id": "r-tree", "parent_id": root, "sequence": 2, "function": "search"}},
            {"id": root, "kind": "agent", "name": "shopper", "source": "cpp", "status": "success",
             "started_at": "2026-11-20T09:59:59Z", "trace": {"request_id": "r-tree", "sequence": 1, "agent": "shopper"}}]
    assert deliver(server, tree)["accepted"] == 3
    request = server.get("/api/v1/requests/r-tree")[2]
    (top,) = request["tree"]
    assert top["call"]["id"] == root
    assert top["children"][0]["call"]["id"] == tool and top["children"][0]["children"][0]["call"]["id"] == inner
    assert request["summary"]["functions"] == ["search"] and request["summary"]["calls"] == 3
    assert server.call(tool)["request"]["input"] == {"q": "milk"}


def test_the_same_again_is_one_row_and_other_content_amends(server):
    call = chat(trace={"session_id": "s-twice"}, labels={"attributes": {"a": "1", "b": "2"}})
    deliver(server, [call])
    first = server.call(call["id"])
    deliver(server, [call])
    deliver(server, [call, call])
    assert len(server.calls("&trace.session_id=s-twice")) == 1
    assert server.call(call["id"]) == first
    amendment = {"id": call["id"], "kind": "chat", "status": "partial", "source": "python",
                 "labels": {"attributes": {"b": "3"}}, "who": {"user_id": "u-1"}}
    deliver(server, [amendment])
    (row,) = server.calls("&trace.session_id=s-twice")
    amended = server.call(call["id"])
    assert row["status"] == amended["status"] == "partial"
    assert amended["labels"]["attributes"] == {"a": "1", "b": "3"} and amended["who"]["user_id"] == "u-1"
    assert amended["request"] == call["request"] and amended["response"] == call["response"]
    assert amended["started_at"] == first["started_at"] and amended["cost"] == first["cost"]
    better = [{"role": "assistant", "parts": [{"type": "text", "text": "At eleven."}]}]
    deliver(server, [amendment | {"response": {"messages": better}}])
    amended = server.call(call["id"])
    assert amended["request"] == call["request"] and amended["response"]["messages"] == better
    deliver(server, [amendment])
    assert server.call(call["id"]) == amended
    elsewhere = chat(id=call["id"], project="other", trace={"session_id": "s-twice"})
    deliver(server, [elsewhere])
    assert len(server.calls("&trace.session_id=s-twice")) == 2, "another project, another call"


def test_begun_and_later_ended(server):
    begun = chat(status="running", trace={"session_id": "s-begun"})
    for key in ("ended_at", "response", "usage"):
        del begun[key]
    assert deliver(server, [begun])["accepted"] == 1
    assert server.call(begun["id"])["status"] == "running"
    assert server.calls("&trace.session_id=s-begun") == []
    deliver(server, [begun])
    ended = {"id": begun["id"], "kind": "chat", "source": "python", "status": "success",
             "ended_at": "2026-11-20T10:00:03Z",
             "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": "Now."}]}]},
             "usage": {"input_tokens": 10, "output_tokens": 2}}
    deliver(server, [ended])
    call = server.call(begun["id"])
    assert call["status"] == "success" and call["request"] == begun["request"]
    assert call["response"]["messages"][0]["parts"][0]["text"] == "Now."
    (row,) = server.calls("&trace.session_id=s-begun")
    assert row["time"]["duration_ms"] == 3000 and row["cost"]["total"] == "0.000002700000"
    assert row["preview"] == {"prompt": "When is the meeting?", "answer": "Now."} and row["model"] == begun["model"]
    assert server.get("/api/v1/status")[2]["calls_running"] == 0
    # A beginning behind its end has nothing to add, and is told so.
    again = deliver(server, [begun, chat()])
    assert server.call(begun["id"])["status"] == "success"
    assert again["late"] == [0] and again["accepted"] == 2
    # Both in one delivery are one record.
    both = [dict(begun, id=str(uuid.uuid4()), trace={"session_id": "s-both"})]
    both.append(dict(ended, id=both[0]["id"], trace={"session_id": "s-both"}))
    assert deliver(server, both)["accepted"] == 2
    assert server.call(both[0]["id"])["request"] == begun["request"]
    assert len(server.calls("&trace.session_id=s-both")) == 1


def test_a_beginning_survives_a_restart_and_its_end_amends(tmp_path):
    begun = chat(status="running")
    for key in ("ended_at", "response", "usage"):
        del begun[key]
    with Server(tmp_path / "data") as server:
        deliver(server, [begun])
        server.kill()
    with Server(tmp_path / "data") as server:
        assert server.call(begun["id"])["status"] == "interrupted"
        ended = chat(id=begun["id"])
        del ended["request"]
        deliver(server, [ended])
        call = server.call(begun["id"])
        assert call["status"] == "success" and call["response"] == ended["response"] and call["request"] == begun["request"]
        assert len(server.calls()) == 1


def halves(**fields):
    whole = chat(**fields)
    begun = {key: value for key, value in whole.items() if key not in ("ended_at", "response", "usage")} | {"status": "running"}
    return begun, {key: value for key, value in whole.items() if key != "request"}


def test_a_beginning_that_arrives_behind_its_end_adds_nothing(tmp_path):
    begun, ended = halves(trace={"session_id": "s-late"})
    with Server(tmp_path / "data") as server:
        deliver(server, [ended])
        assert len(server.calls()) == 1, "the store has it"
        assert deliver(server, [begun])["late"] == [0]
        whole = server.call(begun["id"])
        assert whole["status"] == "success" and whole["response"] == ended["response"]
        assert server.get("/api/v1/status")[2]["calls_running"] == 0
        server.kill()
    with Server(tmp_path / "data") as server:
        assert server.call(begun["id"]) == whole
        server.stop()


def test_a_beginning_behind_its_end_and_a_restart_hides_no_answer(tmp_path):
    begun, ended = halves()
    with Server(tmp_path / "data") as server:
        deliver(server, [ended])
        server.stop()
    with Server(tmp_path / "data") as server:
        deliver(server, [begun])
        assert server.call(begun["id"])["response"] == ended["response"]
        server.kill()
    with Server(tmp_path / "data") as server:
        whole = server.call(begun["id"])
        assert whole["status"] == "success" and whole["response"] == ended["response"]
        assert whole["request"] == begun["request"], "the end had none"
        assert len(server.calls()) == 1
        server.stop()


def test_halves_in_one_delivery(server):
    begun, ended = halves(trace={"session_id": "s-halves"})
    answer = deliver(server, [ended, begun, dict(ended, labels={"tags": ["late"]})])
    assert answer["late"] == [1] and answer["accepted"] == 3
    call = server.call(begun["id"])
    assert call["status"] == "success" and call["labels"]["tags"] == ["late"] and "request" not in call
    begun, ended = halves(trace={"session_id": "s-halves"})
    deliver(server, [begun])
    amendment = {"id": begun["id"], "kind": "chat", "status": "partial", "source": "python"}
    deliver(server, [ended, amendment])
    call = server.call(begun["id"])
    assert call["status"] == "partial" and call["request"] == begun["request"] and call["response"] == ended["response"]
    assert server.get("/api/v1/status")[2]["calls_running"] == 0


def test_a_delivery_that_cannot_fit_is_told_so_and_not_to_come_again(tmp_path):
    with Server(tmp_path / "data", env={"STENO_GATEWAY_BODY_MEMORY_MB": "1"}) as server:
        def packed(count):
            return gzip.compress(json.dumps({"calls": [chat(request={"input": "x" * 1000}) for _ in range(count)]}).encode())
        refused = send(server, packed(2000), "application/json", expect=413, **{"content-encoding": "gzip"})
        assert "gateway.body_memory_mb" in refused["remedy"] and "fewer" in refused["remedy"]
        assert send(server, packed(300), "application/json", **{"content-encoding": "gzip"})["accepted"] == 300
        server.stop()


def test_lists_that_cost_nothing_to_send_are_bounded(server):
    hollow = b'{"id":"%s","kind":"chat","status":"success","request":{"messages":[{"parts":[%s]}]}}'
    body = hollow % (str(uuid.uuid4()).encode(), b",".join([b"{}"] * 200_000))
    answer = send(server, body + b"\n" + json.dumps(chat()).encode(), "application/x-ndjson")
    assert answer["accepted"] == 1 and "100000 entries" in answer["rejected"][0]["detail"]


@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity"])
def test_compressed_bodies(server, coding):
    body = json.dumps({"calls": [chat(trace={"session_id": "s-" + coding}) for _ in range(50)]}).encode()
    packed = {"gzip": gzip.compress, "zstd": zstd, "identity": bytes}[coding](body)
    assert send(server, packed, "application/json", **{"content-encoding": coding})["accepted"] == 50
    assert len(server.calls("&trace.session_id=s-" + coding)) == 50
    if coding != "identity":
        cut = send(server, packed[:-20], "application/json", expect=400, **{"content-encoding": coding})
        assert "cut off" in cut["detail"] or "is not" in cut["detail"], cut


def test_bombs_and_bodies_beyond_bounds(server):
    bomb = gzip.compress(b"[" + b" " * (80 << 20))
    assert send(server, bomb, "application/json", expect=413, **{"content-encoding": "gzip"})["code"] == "resource_exhausted"
    bomb = zstd(delivery.delivery() + bytes(80 << 20))
    assert send(server, bomb, delivery.TYPE, expect=413, **{"content-encoding": "zstd"})["code"] == "resource_exhausted"
    assert send(server, b"x", "application/json", expect=415, **{"content-encoding": "compress"})["remedy"]
    assert send(server, b"x", "text/csv", expect=415)["remedy"]
    many = b"\n".join([b'{"kind":"span","status":"success"}'] * 10_001)
    assert "10000 calls" in send(server, many, "application/x-ndjson", expect=413)["detail"]
    deep = b'{"calls":[{"kind":"span","status":"success","labels":{"metadata":' + b"[" * 600 + b"]" * 600 + b"}}]}"
    assert "deep" in send(server, deep, "application/json", expect=400)["detail"]
    for broken in (b"", b"{}", b"[]", b'{"calls":[', b'{"calls":{}}', b'{"calls":[]} x', b"\xff"):
        assert send(server, broken, "application/json", expect=400)["remedy"], broken
    assert send(server, b'{"calls":[]}', "application/json")["position"] is None
    large = chat(request={"input": "x" * (17 << 20)})
    answer = deliver(server, [large, chat()])
    assert answer["accepted"] == 1 and "at most 16777216" in answer["rejected"][0]["detail"]
    connection = http.client.HTTPConnection(urllib.parse.urlparse(server.url).netloc)
    connection.putrequest("POST", PATH)
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(65 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_binary_deliveries_that_are_broken(server):
    good = delivery.call(uuid.uuid4(), prompt="a", answer="b", session="s-broken")
    whole = delivery.delivery(good, good)
    for end in range(len(whole)):
        expect = 200 if end in (8, 8 + len(good)) else 400
        send(server, whole[:end], delivery.TYPE, expect=expect)
    assert send(server, b"STNC\x02\0\0\0", delivery.TYPE, expect=415)["detail"].startswith("the delivery has format version 2")
    newer = delivery.call(uuid.uuid4(), header=delivery.text(200, "of a newer version"), session="s-newer")
    bad_json = delivery.call(uuid.uuid4(), request=delivery.group(17, delivery.text(4, '{"a":')))
    no_parts = delivery.sized(b"\x05ab")
    swapped = delivery.sized(delivery.sized(delivery.part(2, b"")) + delivery.sized(b"\x01\x01") + delivery.sized(b""))
    answer = send(server, delivery.delivery(newer, bad_json, no_parts, swapped, good), delivery.TYPE)
    assert answer["accepted"] == 2
    assert {r["index"]: r["detail"] for r in answer["rejected"]}[1] == "request.parameters: not valid JSON"
    assert [r["index"] for r in answer["rejected"]] == [1, 2, 3]
    assert len(server.calls("&trace.session_id=s-newer")) == 1


def test_half_a_body_and_gone(server):
    body = json.dumps({"calls": [chat(trace={"session_id": "s-half"})]}).encode()
    for end in (0, 1, len(body) // 2, len(body) - 1):
        connection = http.client.HTTPConnection(urllib.parse.urlparse(server.url).netloc)
        connection.putrequest("POST", PATH)
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", str(len(body)))
        connection.endheaders()
        connection.send(body[:end])
        connection.close()
    assert server.calls("&trace.session_id=s-half") == []


def test_who_may_deliver(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("k-1-of-enough-characters\n")
    with Server(tmp_path / "data", "--api-key-file", keys, env={}) as server:
        deliver(server, [chat()], expect=401)
        assert deliver(server, [chat()], authorization="Bearer k-1-of-enough-characters")["accepted"] == 1
        server.stop()


def test_pages_of_elsewhere_may_not_deliver(server):
    deliver(server, [chat()], expect=403, origin="http://evil.example")
    deliver(server, [chat()], expect=403, host="evil.example")


def test_calls_that_are_not_to_be_kept(server):
    call = chat(privacy={"full_data": False}, trace={"session_id": "s-private"})
    deliver(server, [call])
    begun, ended = halves(trace={"session_id": "s-private"})
    deliver(server, [begun | {"privacy": {"full_data": False}}])
    deliver(server, [ended])
    deliver(server, [ended])
    own = chat(privacy={"full_data": False}, trace={"session_id": "s-private-own"}, preview={"prompt": "in short"})
    deliver(server, [own])
    rows = server.calls("&trace.session_id=s-private")
    assert [row.get("preview", {}) for row in rows] == [{}, {}]
    (row,) = server.calls("&trace.session_id=s-private-own")
    assert row["preview"] == {"prompt": "in short"}, "what the sender itself shows"


def test_a_gateways_call_can_be_amended_by_its_id(tmp_path):
    from steno_process import Simulator
    with Simulator() as simulator, Server(tmp_path / "data", *simulator.upstreams()) as server:
        _, head, _ = server.request("POST", "/openai/v1/chat/completions", {
            "model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]})
        call_id = head["x-steno-call-id"]
        before = server.call(call_id)
        deliver(server, [{"id": call_id, "kind": "chat", "status": "success", "source": "gateway",
                          "trace": {"session_id": "s-1"}, "labels": {"tags": ["late"]}}])
        after = server.call(call_id)
        assert after["trace"]["session_id"] == "s-1" and after["labels"]["tags"] == ["late"]
        assert after["request"] == before["request"] and after["response"] == before["response"]
        assert after["cost"] == before["cost"] and len(server.calls()) == 1
        server.stop()


def test_the_manuals_example_works_as_printed(server):
    block = (ROOT / "docs/ingest.md").read_text().split("```sh\n")[1].split("```")[0]
    block = block.replace("http://127.0.0.1:8787", server.url)
    answer = json.loads(subprocess.run(["bash", "-c", block], capture_output=True, text=True, check=True, timeout=60).stdout)
    assert answer["accepted"] == 2 and answer["rejected"] == [] and answer["ignored"] == []
    tree = server.get("/api/v1/requests/r-1")[2]["tree"]
    assert tree[0]["call"]["model"]["requested"] == "gpt-4o-mini"
    assert tree[0]["children"][0]["call"]["name"] == "taskOperations"


class Deliverer(threading.Thread):
    """Sends batches, one after the other, and remembers what was acknowledged; what was not is sent again."""

    def __init__(self, server_url, name):
        super().__init__(daemon=True)
        self.url, self.label = server_url, name
        self.acknowledged, self.sent, self.stopping = [], set(), False
        self.waiting, self.failure = [], None

    def run(self):
        try:
            self.deliver()
        except BaseException as failure:  # told by whoever joins it: nobody looks into a thread
            self.failure = failure
            raise

    def end(self):
        self.stopping = True
        self.join()
        if self.failure is not None:
            raise self.failure

    def deliver(self):
        shuffled = random.Random(self.label)
        while not self.stopping:
            if not self.waiting:
                for _ in range(shuffled.randrange(1, 40)):
                    call_id = uuid.uuid4()
                    self.waiting.append((call_id, delivery.call(call_id, prompt=f"prompt of {call_id}", began=BEGAN,
                                                                answer="x" * shuffled.randrange(2000), session=self.label)))
            try:
                connection = http.client.HTTPConnection(urllib.parse.urlparse(self.url()).netloc, timeout=60)
                self.sent |= {str(i) for i, _ in self.waiting}
                connection.request("POST", PATH, delivery.delivery(*(c for _, c in self.waiting)), {"content-type": delivery.TYPE})
                answer = connection.getresponse()
                body = json.loads(answer.read())
                connection.close()
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)
                continue
            if answer.status == 200:
                assert body["accepted"] == len(self.waiting), body
                self.acknowledged += [str(i) for i, _ in self.waiting]
                self.waiting = []
            else:
                assert answer.status in (503, 507) and answer.getheader("retry-after"), (answer.status, body)
                time.sleep(0.05)


def check(server, deliverers):
    server.wait_until_fed()
    calls = server.calls()
    ids = [call["id"] for call in calls]
    assert len(ids) == len(set(ids)), "a call is on the record twice"
    acknowledged = {i for d in deliverers for i in d.acknowledged}
    assert acknowledged <= set(ids), f"{len(acknowledged - set(ids))} acknowledged calls are missing"
    assert set(ids) <= {i for d in deliverers for i in d.sent}
    for call_id in random.Random(1).sample(sorted(acknowledged), min(20, len(acknowledged))):
        assert server.call(call_id)["request"]["messages"][0]["parts"][0]["text"] == f"prompt of {call_id}"
    return len(acknowledged)


def test_nothing_acknowledged_is_lost_or_doubled_by_kills(tmp_path):
    data, current = tmp_path / "data", {}
    deliverers = [Deliverer(lambda: current["url"], f"d-{n}") for n in range(4)]
    for round_number in range(ROUNDS + 1):
        with Server(data) as server:
            current["url"] = server.url
            before = sum(len(d.acknowledged) for d in deliverers)
            if round_number == 0:
                for deliverer in deliverers:
                    deliverer.start()
            deadline = time.monotonic() + 60
            while sum(len(d.acknowledged) for d in deliverers) < before + 400:
                assert time.monotonic() < deadline and all(d.is_alive() for d in deliverers)
                time.sleep(0.01)
            if round_number < ROUNDS:
                server.kill()
                continue
            for deliverer in deliverers:
                deliverer.end()
            count = check(server, deliverers)
            server.stop()
    report = json.loads(run("verify", "--data", data, "--json").stdout)
    assert report["intact"], report
    for file in (data / "store").iterdir():
        file.unlink()
    with Server(data) as server:
        assert check(server, deliverers) == count
        server.stop()
    print(f"\n{ROUNDS} kills: {count} calls acknowledged, each of them there once")


def test_a_full_disk_acknowledges_nothing(tmp_path):
    if reason := reason_to_skip():
        pytest.skip(reason)
    strip = PowerStrip()
    try:
        disk = strip.mount(strip.new_disk(megabytes=200))
        with Server(disk.folder / "data") as server:
            deliverers = [Deliverer(lambda: server.url, f"f-{n}") for n in range(3)]
            for deliverer in deliverers:
                deliverer.start()
            deadline = time.monotonic() + 60
            while sum(len(d.acknowledged) for d in deliverers) < 500:
                assert time.monotonic() < deadline and all(d.is_alive() for d in deliverers)
                time.sleep(0.01)
            for size in ("1M", "4k"):
                subprocess.run(["dd", "if=/dev/zero", f"of={disk.folder}/filler{size}", f"bs={size}"], stderr=subprocess.DEVNULL)
            refused = server.request("POST", PATH, {"calls": [chat(request={"input": "x" * (1 << 20)})]},
                                     {"content-type": "application/json"}, expect=None)
            assert refused[0] in (503, 507) and refused[1]["retry-after"] and refused[2]["detail"], refused
            for size in ("1M", "4k"):
                (disk.folder / f"filler{size}").unlink()
            before = sum(len(d.acknowledged) for d in deliverers)
            deadline = time.monotonic() + 60
            while sum(len(d.acknowledged) for d in deliverers) < before + 200:
                assert time.monotonic() < deadline and all(d.is_alive() for d in deliverers)
                time.sleep(0.05)
            for deliverer in deliverers:
                deliverer.end()
            check(server, deliverers)
            server.stop()
        assert json.loads(run("verify", "--data", disk.folder / "data", "--json").stdout)["intact"]
        disk.close()
    finally:
        strip.close()
