"""Prompts end to end: versions, labels, rendering and concurrent edits through the API of a real server."""

import concurrent.futures
import http.client
import json
import pathlib
import sys
import urllib.parse
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server, run  # noqa: E402

TEXT = "Answer {{question}} in a {{tone}} tone."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("prompts") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


@pytest.fixture
def name():
    return f"p-{uuid.uuid4().hex[:12]}"


def path(name, below=""):
    return "/api/v1/prompts/" + urllib.parse.quote(name, safe="") + below


def create(server, name, text=TEXT, expect=201, **more):
    return server.request("POST", "/api/v1/prompts", {"name": name, "text": text, **more}, expect=expect)[2]


def add(server, name, text, expect=201, headers=None, **more):
    return server.request("POST", path(name, "/versions"), {"text": text, **more}, headers, expect)[2]


def move(server, name, label, version=None, expect=200, **more):
    body = {**more, **({"version": version} if version else {})}
    return server.request("PUT", path(name, f"/labels/{label}"), body, expect=expect)[2]


def fetch(server, name, query="", headers=None, expect=200):
    return server.get(path(name, "/fetch" + query), expect, headers)


def test_a_prompt_from_its_first_version_to_production_and_back(server, contract, name):
    first = create(server, name, goal="Answers", model="gpt-4o-mini", temperature=0.3, token_limit=500, top_k=40, top_p=0.9,
                   parameters={"stop": ["\n"]}, tools=[{"name": "search"}], response_schema={"type": "object", "properties": {"b": {}, "a": {}}},
                   variables=[{"name": "tone", "default": "friendly"}], labels=["production"], author="ann", notes="the first",
                   description="for customers", tags=["support"])
    contract.check(first, "POST", "/api/v1/prompts", 201)
    assert (first["version"], first["labels"], first["created"]) == ("1", ["production", "latest"], True)
    assert [v["name"] for v in first["undeclared"]] == ["question"]
    assert list(first["response_schema"]["properties"]) == ["b", "a"]  # a schema's order is what a model follows
    second = add(server, name, TEXT + " Be brief.", author="ben")
    contract.check(second, "POST", "/api/v1/prompts/{name}/versions", 201)
    assert second["version"] == "2"
    same = add(server, name, TEXT + " Be brief.", expect=200)
    contract.check(same, "POST", "/api/v1/prompts/{name}/versions", 200)
    assert same["created"] is False and same["version"] == "2"

    assert fetch(server, name)[2]["version"] == "1"
    assert fetch(server, name, "?label=latest")[2]["version"] == "2"
    moved = move(server, name, "production", "latest", by="ann", reason="shorter")
    contract.check(moved, "PUT", "/api/v1/prompts/{name}/labels/{label}")
    assert fetch(server, name, "?label=production")[2]["version"] == "2"
    back = server.request("POST", path(name, "/labels/production/rollback"), {"by": "ben"})[2]
    contract.check(back, "POST", "/api/v1/prompts/{name}/labels/{label}/rollback")
    assert contract.check(fetch(server, name)[2], "GET", "/api/v1/prompts/{name}/fetch")["version"] == "1"
    label = contract.check(server.get(path(name, "/labels/production"))[2], "GET", "/api/v1/prompts/{name}/labels/{label}")
    assert [(m["from"], m["to"], m["by"], m["rollback"]) for m in label["history"]] == [
        ("2", "1", "ben", True), ("1", "2", "ann", False), (None, "1", "ann", False)]

    prompt = contract.check(server.get(path(name))[2], "GET", "/api/v1/prompts/{name}")
    assert [v["version"] for v in prompt["versions"]] == ["2", "1"] and prompt["latest"]["author"] == "ben"
    contract.check(server.get(path(name, "/versions"))[2], "GET", "/api/v1/prompts/{name}/versions")
    contract.check(server.get(path(name, "/labels"))[2], "GET", "/api/v1/prompts/{name}/labels")
    listed = contract.check(server.get(f"/api/v1/prompts?text={name}&tag=support&label=production")[2], "GET", "/api/v1/prompts")
    assert [p["name"] for p in listed["prompts"]] == [name] and listed["total"] == 1
    assert server.get(f"/api/v1/prompts?text={name}&tag=other")[2]["total"] == 0

    diff = contract.check(server.get(path(name, "/diff?from=1"))[2], "GET", "/api/v1/prompts/{name}/diff")
    (text,) = [change for change in diff["texts"] if change["field"] == "text"]
    pieces = [(line["change"], piece["text"]) for hunk in text["hunks"] for line in hunk["lines"] for piece in line["pieces"] if piece["changed"]]
    assert pieces == [("added", " Be brief.")] and {f["field"] for f in diff["fields"]} >= {"model", "temperature"}
    assert server.get(path(name, "/diff?from=1&to=production"))[2]["same"] is True


def test_rendering_tells_what_lacks_and_what_is_too_much(server, contract, name):
    create(server, name, variables=[{"name": "tone", "default": "friendly"}])
    render = path(name, "/render")
    answer = server.request("POST", render, {"variables": {"question": "Why?", "typo": 1}})[2]
    contract.check(answer, "POST", "/api/v1/prompts/{name}/render")
    assert answer["text"] == "Answer Why? in a friendly tone."
    assert (answer["missing"], answer["unused"], answer["used"]) == ([], ["typo"], ["question", "tone"])
    answer = server.request("POST", render)[2]
    assert answer["text"] == "Answer  in a friendly tone." and answer["missing"] == ["question"] and not answer["all_variables_present"]
    refused = server.request("POST", render, {"strict": True}, expect=400)[2]
    assert "question" in refused["detail"]

    tone = name + "/tone"
    create(server, tone, "Be {{mood}}.")
    add(server, name, f"{{{{> {tone}@production}}}} {{{{question}}}}")
    assert "no label" in server.request("POST", render, {"label": "latest"}, expect=404)[2]["detail"]
    move(server, tone, "production", "1")
    answer = server.request("POST", render, {"label": "latest", "variables": {"mood": "kind"}})[2]
    assert answer["text"] == "Be kind. " and answer["missing"] == ["question"]
    add(server, tone, f"{{{{> {name}@latest}}}}")
    move(server, tone, "production", "2")
    circle = server.request("POST", render, {"label": "latest"}, expect=400)[2]
    assert "includes itself" in circle["detail"]


def test_a_draft_is_checked_and_filled_in_and_nothing_is_kept(server, contract, name):
    create(server, name, "Be {{mood}}.")
    draft = {"messages": [{"role": "user", "content": f"{{{{> {name}}}}} {{{{question}}}}"}], "version": "7", "notes": "not yet"}
    answer = server.request("POST", "/api/v1/prompt-rendering", {"draft": draft, "variables": {"mood": "kind", "typo": 1}})[2]
    contract.check(answer, "POST", "/api/v1/prompt-rendering")
    assert answer["messages"] == [{"role": "user", "content": "Be kind. "}] and "name" not in answer
    assert (answer["missing"], answer["unused"], answer["used"]) == (["question"], ["typo"], ["mood"])
    assert server.request("GET", path(name))[2]["version_count"] == 1

    def refused(body, expect=400):
        return server.request("POST", "/api/v1/prompt-rendering", body, expect=expect)[2]["detail"]

    assert "line 2, column 1: {{#a}} is not closed" in refused({"draft": {"text": "a\n{{#a}}"}})
    assert "draft is missing" in refused({"variables": {}})
    assert "draft: an object" in refused({"draft": "Be kind."})
    assert 'no "label"' in refused({"draft": {"text": "a"}, "label": "production"})
    assert 'a prompt has no "txt"' in refused({"draft": {"txt": "a"}})
    assert "nobody" in refused({"draft": {"text": "{{> nobody}}"}}, expect=404)


def test_an_invalid_template_is_refused_with_its_place(server, name):
    refused = create(server, name, "one\n  {{#items}}{{name}}", expect=400)
    assert refused["detail"] == "line 2, column 3: {{#items}} is not closed"
    server.get(path(name), expect=404)  # nothing half done
    refused = server.request("POST", "/api/v1/prompts", {"name": name, "messages": [
        {"role": "system", "content": "ok"}, {"role": "user", "content": "{{a b}}"}]}, expect=400)[2]
    assert refused["detail"].startswith("messages[1]: line 1, column 1")


def test_bad_input_gets_a_clear_error(server, name):
    create(server, name, version="1.2")
    for body, status, what in [({"text": "x", "version": "1.1"}, 409, "higher version 1.2"), ({"text": "x", "version": "1.2.0"}, 409, "says something else"),
                               ({"text": "x", "version": "one"}, 400, "no version"), ({"text": "x", "labels": ["latest"]}, 400, "nobody moves it"),
                               ({"text": "x", "temperature": "hot"}, 400, "temperature"), ({"text": "x", "version": 1.10}, 400, 'such as "1.10"'), ({"texts": "x"}, 400, "texts"), ([], 400, "no JSON object")]:
        refused = server.request("POST", path(name, "/versions"), body, expect=status)[2]
        assert what in refused["detail"], body
    assert add(server, name, "x", version="1.1", allow_lower=True)["labels"] == []
    move(server, name, "production", "9", expect=404)
    for method, below in [("GET", "/fetch?label=nobody"), ("GET", "/versions/7"), ("GET", "/diff?from=1.2&to=8"), ("GET", "/labels/none"), ("DELETE", "/labels/none")]:
        assert "there are" in server.request(method, path(name, below), expect=404)[2].get("remedy", "there are") or below == "/labels/none"
    assert "nothing is said" in server.request("PATCH", path(name), {}, expect=400)[2]["detail"]
    # And each says what to do.
    version, label = path(name, "/versions"), path(name, "/labels/staging")
    for method, where, body, remedy in [
            ("POST", version, {"text": "x", "messages": [{"role": "user", "content": "x"}]}, "a text beside others is a message"),
            ("POST", version, {"text": "x", "variables": [{"name": "n", "type": "integer", "default": "y"}]}, "another default, or another type"),
            ("POST", version, {"text": "x", "variables": [{"name": "n"}, {"name": "n"}]}, "once is enough"),
            ("POST", version, {"text": "{{a\u00a0b}}"}, "names have no spaces"),
            ("POST", version, {"text": "{{> a\u200b}}"}, "such as coaching_system"),
            ("POST", version, {"text": "x", "labels": ["a", "a"]}, "each once"),
            ("POST", version, {"text": "x", "author": "a\u200b"}, "leave it out"),
            ("PATCH", path(name), {"tags": [""]}, "leave it out"),
            ("PUT", label, {}, '{"version": "2"}'),
            ("GET", path(name, "/fetch?unit=" + "u" * 1001), None, "the id of a user"),
            ("GET", path(name, "/performance?from=2200-01-01&to=2200-02-01"), None, "a beginning in the past"),
            ("GET", path(name, "/trends?period=2200-01"), None, "one that has, such as this-month"),
            ("POST", "/api/v1/prompt-registry", [{"prompt": "x"}], '[{"name": "answer"'),
            ("POST", "/api/v1/prompt-registry", {name: {"1.0": 5}}, '{"answer": {"1.0"'), ("POST", "/api/v1/prompt-registry", {name: [{"prompt": "x"}]}, '{"answer": {"1.0"')]:
        refused = server.request(method, where, body, expect=400)[2]
        assert remedy in refused.get("remedy", ""), (where, body, refused)
    server.get(path(name, "/fetch?label=a&version=1.2"), expect=400)
    server.get(path(name, "/diff"), expect=400)
    refused = server.get(path(name + "x"), expect=404)[2]
    assert name in refused["remedy"]
    for bad in ("", "a@b", "a\nb", "/a", "a/../b", " a", "a" * 201):
        create(server, bad, expect=400)
    for bad, which in [("a\u200b", "U+200B"), ("\u3164", "U+3164"), ("a\ufe0f", "U+FE0F"), ("a\u2800b", "U+2800"), ("a\ue000", "U+E000"), ("a\u0378", "U+0378"), ("a\U000e0041", "U+E0041"), ("a\u200db", "U+200D")]:
        assert create(server, bad, expect=400)["detail"] == f"the name of a prompt has {which}, which nobody sees"
    assert "begins or ends with a space" in create(server, "a\u3000", expect=400)["detail"]


@pytest.mark.parametrize("odd", ["support/refund", "größe 名前 🙂", "👩\u200d🚀 ❤\ufe0f 1\ufe0f\u20e3", "می\u200cخواهم", "名" * 66, "a b", "100%", "..a", "a?b#c&d=e", "%2F", "'; DROP TABLE prompts; --"])
def test_names_of_any_kind(server, odd):
    create(server, odd)
    assert server.get(path(odd))[2]["name"] == odd
    assert fetch(server, odd)[2]["name"] == odd
    server.request("DELETE", path(odd), expect=204)
    server.get(path(odd), expect=404)


@pytest.mark.parametrize("odd", ["a\u200b\u3164", " a\u3000", "\u2800", "a\nb", "名" * 66])
def test_calls_are_recorded_whatever_prompts_they_name(server, odd):
    call = {"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "started_at": "2026-11-20T10:00:00Z", "prompt": {"name": odd, "type": odd, "version": "1"}}
    taken = server.request("POST", "/api/v1/calls", {"calls": [call]}, {"content-type": "application/json"})[2]
    assert taken["rejected"] == [] and taken["ignored"] == []
    server.wait_until_fed()
    assert server.get(f"/api/v1/calls/{call['id']}")[2]["prompt"] == call["prompt"]
    assert server.get(f"/api/v1/prompt-types/{urllib.parse.quote(odd)}")[2]["totals"]["calls"] == 1
    told = server.get(path(odd, "/performance?from=2026-11-01&to=2026-11-30"))[2]
    assert [row["figures"]["calls"] for row in told["groups"]] == [1]


def test_ten_megabytes(server, name):
    large = "x" * (10 << 20)
    create(server, name, large)
    assert fetch(server, name)[2]["text"] == large
    assert server.request("POST", path(name, "/render"))[2]["text"] == large
    assert "10485760" in add(server, name, large + "x", expect=400)["detail"]


def test_a_template_cannot_run_away(server, name):
    create(server, name, "{{#a}}" * 12 + "{{/a}}" * 12)
    refused = server.request("POST", path(name, "/render"), {"variables": {"a": list(range(20))}}, expect=413)[2]
    assert "steps" in refused["detail"]


def test_fetching_again_costs_nothing_until_it_changes(server, name):
    create(server, name)
    _, headers, _ = fetch(server, name)
    tag = headers["etag"]
    status, headers, body = fetch(server, name, headers={"If-None-Match": tag}, expect=304)
    assert headers["etag"] == tag and body == b""
    fetch(server, name, headers={"If-None-Match": f'"other", {tag}'}, expect=304)
    move(server, name, "production", "1")
    assert fetch(server, name, headers={"If-None-Match": tag})[1]["etag"] != tag
    # The connection goes on behind an answer without a body.
    host = urllib.parse.urlsplit(server.url).netloc
    connection = http.client.HTTPConnection(host)
    for _ in range(3):
        connection.request("GET", path(name, "/fetch"), headers={"If-None-Match": fetch(server, name)[1]["etag"]})
        answer = connection.getresponse()
        assert answer.status == 304 and answer.read() == b""


def test_what_is_known_is_not_sent_again(server, name):
    create(server, name, labels=["production"])
    for below in ("", "/versions", "/labels", "/labels/production", "/fetch"):
        _, headers, body = server.get(path(name, below))
        tag = headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            status, headers, body = server.get(path(name, below), 304, {"If-None-Match": known})
            assert headers["etag"] == tag and body == b""
        server.get(path(name, below), 200, {"If-None-Match": '"other"'})
        move(server, name, "production", "1", protected=below == "")  # a change, of the prompt at least
        if below == "":
            server.get(path(name, below), 200, {"If-None-Match": tag})
    assert fetch(server, name)[1]["cache-control"] == "private, no-cache"  # or nobody could keep it
    assert server.get(path(name))[1]["cache-control"] == "no-store"
    host = urllib.parse.urlsplit(server.url).netloc
    connection = http.client.HTTPConnection(host)
    connection.request("HEAD", path(name, "/fetch"))
    answer = connection.getresponse()
    assert answer.status == 200 and answer.getheader("etag") == fetch(server, name)[1]["etag"] and answer.read() == b""
    # A header can be said in several lines.
    connection.putrequest("GET", path(name, "/fetch"))
    connection.putheader("If-None-Match", '"other"')
    connection.putheader("If-None-Match", fetch(server, name)[1]["etag"])
    connection.endheaders()
    assert connection.getresponse().status == 304


def test_a_weak_tag_changes_nothing(server, name):
    create(server, name)
    tag = server.get(path(name))[1]["etag"]
    for weak in (f"W/{tag}", f'W/{tag}, "other"', ""):
        server.request("PATCH", path(name), {"description": "x"}, {"If-Match": weak}, expect=412)
    server.request("PATCH", path(name), {"description": "x"}, {"If-Match": f'"other", {tag}'})


def test_of_two_who_edit_one_wins_and_the_other_is_told(server, name):
    create(server, name)
    _, headers, prompt = server.get(path(name))
    assert headers["etag"] == prompt["etag"]
    mine = {"If-Match": headers["etag"]}
    add(server, name, "mine", headers=mine)
    refused = add(server, name, "theirs", headers=mine, expect=412)
    assert refused["code"] == "precondition_failed" and "read it again" in refused["remedy"]
    for method, below, body in [("PATCH", "", {"description": "x"}), ("DELETE", "", None), ("PUT", "/labels/a", {"version": "1"}),
                                ("POST", "/labels/a/rollback", {}), ("DELETE", "/labels/a", None)]:
        server.request(method, path(name, below), body, mine, expect=412)
    fresh = server.get(path(name))[1]["etag"]
    changed = server.request("PATCH", path(name), {"description": "x"}, {"If-Match": fresh})
    assert changed[2]["description"] == "x" and changed[1]["etag"] != fresh

    tag = changed[1]["etag"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda i: server.request("POST", path(name, "/versions"), {"text": f"t{i}"}, {"If-Match": tag}, expect=None)[0], range(8)))
        assert sorted(statuses) == [201] + [412] * 7
        statuses = list(pool.map(lambda i: server.request("POST", path(name, "/versions"), {"text": f"n{i}", "version": "50"}, expect=None)[0], range(8)))
        assert sorted(statuses) == [201] + [409] * 7
        statuses = list(pool.map(lambda i: server.request("POST", path(name, "/versions"), {"text": f"u{i}"}, expect=None)[0], range(8)))
        assert statuses == [201] * 8
    assert len({v["version"] for v in server.get(path(name, "/versions"))[2]["versions"]}) == 2 + 1 + 1 + 8


def test_protected_archived_removed(server, name):
    create(server, name)
    add(server, name, "two")
    move(server, name, "production", "1", protected=True)
    assert "is protected" in move(server, name, "production", "2", expect=409)["detail"]
    assert move(server, name, "production", "2", force=True)["labels"][0]["protected"] is True
    assert "production" in server.request("DELETE", path(name), expect=409)[2]["detail"]
    server.request("PATCH", path(name), {"archived": True})
    assert server.get(f"/api/v1/prompts?text={name}")[2]["total"] == 0
    assert server.get(f"/api/v1/prompts?text={name}&archived=true")[2]["total"] == 1
    assert "archived" in fetch(server, name, expect=404)[2]["detail"]
    assert fetch(server, name, "?version=2")[2]["text"] == "two"
    server.request("PATCH", path(name), {"archived": False})
    assert fetch(server, name)[2]["text"] == "two"
    server.request("DELETE", path(name, "/labels/production?force=true&by=ann"))
    server.request("DELETE", path(name), expect=204)
    server.get(path(name), expect=404)


def test_a_label_that_was_taken_away_has_its_history(server, contract, name):
    create(server, name)
    move(server, name, "mine", "1", by="ann")
    assert server.request("DELETE", path(name, "/labels/mine?by=ben"))[2]["labels"] == []
    label = contract.check(server.get(path(name, "/labels/mine"))[2], "GET", "/api/v1/prompts/{name}/labels/{label}")
    assert (label["version"], [(m["by"], m["from"], m["to"]) for m in label["history"]]) == (None, [("ben", "1", None), ("ann", None, "1")])
    server.get(path(name, "/labels/never"), expect=404)


def test_kill_9_keeps_what_was_answered(tmp_path):
    data = tmp_path / "data"
    server = Server(data)
    for i in range(20):
        create(server, f"p{i}", labels=["production"])
    server.kill()
    with Server(data) as server:
        assert server.get("/api/v1/prompts")[2]["total"] == 20
        assert all(fetch(server, f"p{i}", "?label=production")[2]["text"] == TEXT for i in range(20))


def test_the_last_output_comes_from_the_record(server, contract, name):
    create(server, name, version="1.0")
    shown = contract.check(server.get(path(name, "/versions/1.0?last_call=true"))[2], "GET", "/api/v1/prompts/{name}/versions/{version}")
    assert shown["last_call"] is None
    calls = [{"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "started_at": f"2026-11-20T10:0{i}:00Z",
              "provider": {"name": "openai"}, "model": {"requested": "gpt-4o-mini"}, "prompt": {"name": name, "version": version},
              "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": f"answer {i}\n\nsecond line"}]}]}} for i, version in enumerate(["1.0", "1.0", "2.0"])]
    server.request("POST", "/api/v1/calls", {"calls": calls}, {"content-type": "application/json"})
    server.wait_until_fed()
    shown = server.get(path(name, "/versions/1.0?last_call=true"))[2]
    assert shown["last_call"]["id"] == calls[1]["id"]
    assert shown["last_call"]["preview"]["answer"].startswith("answer 1")
    assert "answer 1\n\nsecond line\n" in run("prompts", "show", name, "--version", "1.0", "--server", server.url).stdout


DOCUMENT = {"coaching_system": {
    version: {"name": "coaching_system", "version": version, "goal": "Coach", "model": "llama3.1:8b", "temperature": 0.7, "token_limit": 500,
              "top_k": 40, "top_p": 0.9, "prompt": f"Tasks: {{task_context}} {version}", "output": None, "created_at": "2026-01-05T10:00:00.250000"}
    for version in ("1.0", "1.1")}, "classify": [{"name": "classify", "version": "1", "goal": "", "model": "m", "prompt": '{{"label": "{text}"}}'}]}


def test_a_prompt_registry_json_is_taken_over_and_given_back(tmp_path):
    with Server(tmp_path / "data") as server:
        contract = Contract(server.get("/api/v1/openapi.json")[2])
        file = tmp_path / "prompt_registry.json"
        file.write_text(json.dumps(DOCUMENT))
        done = run("prompts", "import", file, "--format-strings", "--server", server.url)
        assert "2 prompts and 3 versions are new" in done.stdout
        again = server.request("POST", "/api/v1/prompt-registry?format_strings=true", DOCUMENT)[2]
        assert contract.check(again, "POST", "/api/v1/prompt-registry") == {"prompts": 0, "versions": 0, "known_versions": 3, "left_out": []}
        latest = fetch(server, "coaching_system")[2]
        assert (latest["version"], latest["text"], latest["created_at"]) == ("1.1", "Tasks: {{task_context}} 1.1", "2026-01-05T10:00:00.250000000Z")
        rendered = server.request("POST", path("classify", "/render"), {"variables": {"text": "T"}})[2]
        assert rendered["text"] == '{"label": "T"}'
        other = {"new": {"1": {"prompt": "x"}}, "coaching_system": {"1.0": {"prompt": "another"}}}
        assert "1.0 already" in server.request("POST", "/api/v1/prompt-registry", other, expect=409)[2]["detail"]
        server.get(path("new"), expect=404)  # all of it or nothing
        exported = contract.check(server.get("/api/v1/prompt-registry?prompt=coaching_system")[2], "GET", "/api/v1/prompt-registry")
        assert list(exported["coaching_system"]) == ["1.0", "1.1"]
        for version, said in exported["coaching_system"].items():
            was = DOCUMENT["coaching_system"][version]
            assert {k: said[k] for k in was if k not in ("prompt", "created_at")} == {k: v for k, v in was.items() if k not in ("prompt", "created_at")}
        with Server(tmp_path / "other") as fresh:
            taken = fresh.request("POST", "/api/v1/prompt-registry", server.get("/api/v1/prompt-registry")[2])[2]
            assert (taken["prompts"], taken["versions"]) == (2, 3)
            assert fresh.get("/api/v1/prompt-registry")[2] == server.get("/api/v1/prompt-registry")[2]


def test_includes_that_do_not_work_are_told_at_once(server, contract, name):
    made = contract.check(create(server, name, "{{> %s}}" % name, labels=["production"]), "POST", "/api/v1/prompts", 201)
    assert len(made["warnings"]) == 1 and "includes itself" in made["warnings"][0], made["warnings"]
    two = contract.check(add(server, name, "{{> nosuch-%s}}" % name), "POST", "/api/v1/prompts/{name}/versions", 201)
    assert len(two["warnings"]) == 1 and f'there is no prompt named "nosuch-{name}"' in two["warnings"][0], two["warnings"]
    assert "cannot be filled in" in move(server, name, "production", "2")["warnings"][0]
    assert add(server, name, "whole")["warnings"] == [] and move(server, name, "production", "3")["warnings"] == []
    told = run("prompts", "create", name, "--text", "{{> %s}}" % name, "--label", "production", "--server", server.url)
    assert "has version 4 now" in told.stdout and "warning: version 4 of" in told.stderr
