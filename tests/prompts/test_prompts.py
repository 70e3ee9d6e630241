"""Prompts end to end: versions, labels, rendering and concurrent edits through the API of a real server, and the commands."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import urllib.parse
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import BINARY, NO_KEYS, Server, run  # noqa: E402

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
                               ({"text": "x", "temperature": "hot"}, 400, "temperature"), ({"texts": "x"}, 400, "texts"), ([], 400, "no JSON object")]:
        refused = server.request("POST", path(name, "/versions"), body, expect=status)[2]
        assert what in refused["detail"], body
    assert add(server, name, "x", version="1.1", allow_lower=True)["labels"] == []
    move(server, name, "production", "9", expect=404)
    for method, below in [("GET", "/fetch?label=nobody"), ("GET", "/versions/7"), ("GET", "/diff?from=1.2&to=8"), ("GET", "/labels/none"), ("DELETE", "/labels/none")]:
        assert "there are" in server.request(method, path(name, below), expect=404)[2].get("remedy", "there are") or below == "/labels/none"
    server.get(path(name, "/fetch?label=a&version=1.2"), expect=400)
    server.get(path(name, "/diff"), expect=400)
    refused = server.get(path(name + "x"), expect=404)[2]
    assert name in refused["remedy"]
    for bad in ("", "a@b", "a\nb", "/a", "a/../b", " a", "a" * 201):
        create(server, bad, expect=400)


@pytest.mark.parametrize("odd", ["support/refund", "größe 名前 🙂", "a b", "100%", "..a", "a?b#c&d=e", "%2F", "'; DROP TABLE prompts; --"])
def test_names_of_any_kind(server, odd):
    create(server, odd)
    assert server.get(path(odd))[2]["name"] == odd
    assert fetch(server, odd)[2]["name"] == odd
    server.request("DELETE", path(odd), expect=204)
    server.get(path(odd), expect=404)


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


@pytest.fixture(params=["server", "folder"])
def where(request, tmp_path):
    """The commands, on a server, and on a folder that has none."""
    data = tmp_path / "data"
    with Server(data) as running:
        if request.param == "server":
            yield ("--server", running.url)
            return
    yield ("--data", data)


def test_the_commands(where, tmp_path):
    def prompts(*args, **more):
        return run("prompts", *args, *where, **more)

    assert "no prompts" in prompts("list").stdout
    made = prompts("create", "support/answer", "--text", TEXT, "--model", "gpt-4o-mini", "--goal", "Answers", "--label", "production", "--tag", "a")
    assert made.stdout == "support/answer has version 1 now\n"
    assert "says the same already" in prompts("create", "support/answer", "--text", TEXT, "--model", "gpt-4o-mini", "--goal", "Answers").stdout
    assert prompts("create", "support/answer", "--file", "-", "--notes", "shorter", stdin="Answer {{question}}.\n").stdout == "support/answer has version 2 now\n"
    listed = prompts().stdout
    assert re.search(r"support/answer +2 +2 +production 1 ", listed), listed
    assert json.loads(prompts("list", "--json").stdout)["total"] == 1
    shown = prompts("show", "support/answer").stdout
    assert "production → 1" in shown and "Answer {{question}}." in shown and "shorter" in shown
    assert "in a {{tone}} tone" in prompts("show", "support/answer", "--label", "production").stdout
    assert "production → 2" in prompts("label", "support/answer", "production", "latest", "--by", "ann", "--reason", "shorter").stdout
    assert re.search(r"1 +2 +ann +shorter", prompts("label", "support/answer", "production").stdout)
    assert "production → 1" in prompts("rollback", "support/answer").stdout
    difference = prompts("diff", "support/answer", "1", "2").stdout
    assert "-Answer {{question}}[- in a {{tone}} tone-]." in difference and 'model         "gpt-4o-mini" → –' in difference
    rendered = prompts("render", "support/answer", "--set", "question=Why?", "--set", "n=1")
    assert rendered.stdout == "Answer Why? in a  tone.\n"
    assert "missing, and empty in the text: tone" in rendered.stderr and "not in the prompt: n" in rendered.stderr
    strict = prompts("render", "support/answer", "--strict", check=False)
    assert strict.returncode == 2 and "question, tone" in strict.stderr
    assert "protected" in prompts("label", "support/answer", "production", "--protect").stdout
    refused = prompts("label", "support/answer", "production", "2", check=False)
    assert refused.returncode == 6 and "--force" in refused.stderr
    assert "is archived" in prompts("archive", "support/answer").stdout
    assert "no prompts" in prompts("list").stdout and "support/answer" in prompts("list", "--archived").stdout
    assert prompts("archive", "support/answer", "--undo").stdout == "support/answer is back\n"
    assert prompts("remove", "support/answer", check=False).returncode == 6
    assert "is removed" in prompts("remove", "support/answer", "--force").stdout
    gone = prompts("show", "support/answer", check=False)
    assert gone.returncode == 3 and "there is no prompt" in gone.stderr
    wrong = prompts("create", "x", "--text", "a\n{{#b}}", check=False)
    assert wrong.returncode == 2 and "line 2, column 1: {{#b}} is not closed" in wrong.stderr
    nothing = prompts("create", "x", check=False, stdin="")
    assert nothing.returncode == 2 and "needs its text" in nothing.stderr


def test_files_and_prompts_are_kept_the_same(where, tmp_path):
    folder = tmp_path / "prompts"

    def prompts(*args, code=0):
        done = run("prompts", *args, *where, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    prompts("create", "support/answer", "--text", TEXT, "--system", "Be {{mood}}.\n\n", "--temperature", "0.3")
    prompts("create", "plain", "--text", "Just this.")
    assert prompts("sync", folder, "--check", code=3)  == ""  # there is no such folder
    prompts("sync", folder, "--pull")
    assert sorted(str(f.relative_to(folder)) for f in folder.rglob("*.prompt")) == ["plain.prompt", "support/answer.prompt"]
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"
    plain = folder / "plain.prompt"
    assert plain.read_text() == '+++\nname = "plain"\nversion = "1"\n+++\nJust this.\n'

    # Edited as people do, with a comment, and a new file without name and version.
    plain.write_text('+++\n# ours\nname = "plain"\nversion = "1"\n+++\nJust that.\n')
    (folder / "new").mkdir()
    (folder / "new" / "one.prompt").write_text("+++\n+++\nHello {{who}}\n")
    assert re.findall(r"(edited|only a file) +(\S+)", prompts("sync", folder, "--check", code=6)) == [("edited", "plain"), ("only a file", "new/one")]
    assert "edited" in prompts("sync", folder, "--pull", code=6) and "Just that." in plain.read_text()  # not overwritten
    assert re.findall(r"(created|new version) +(\S+)", prompts("sync", folder)) == [("created", "new/one"), ("new version", "plain")]
    assert plain.read_text() == '+++\n# ours\nname = "plain"\nversion = "2"\n+++\nJust that.\n'
    assert (folder / "new/one.prompt").read_text() == '+++\nversion = "1"\n+++\nHello {{who}}\n'
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"

    # One that is merely behind is never pushed as if it were new.
    prompts("create", "plain", "--text", "Something newer.")
    assert re.findall(r"behind +plain", prompts("sync", folder, code=6))
    assert "Something newer." in prompts("show", "plain")
    plain.write_text(plain.read_text().replace("that", "other"))
    for way in ("--push", "--pull", "--check"):
        assert re.findall(r"both changed +plain", prompts("sync", folder, way, code=6))
    prompts("sync", folder, "--push", "--force")
    assert "Just other." in prompts("show", "plain") and 'version = "4"' in plain.read_text()

    (folder / "broken.prompt").write_text('+++\nversion = "1"\n+++\n{{#a}}')
    broken = run("prompts", "sync", folder, *where, check=False)
    assert broken.returncode == 2 and "broken.prompt: line 1, column 1" in broken.stderr
    (folder / "broken.prompt").write_text('+++\nname = "plain"\n+++\nx')
    assert "are both the prompt" in run("prompts", "sync", folder, *where, check=False).stderr


def test_a_person_at_a_terminal_is_asked(tmp_path):
    with Server(tmp_path / "data") as server:
        leader, follower = pty.openpty()
        process = subprocess.Popen([BINARY, "prompts", "create", "--server", server.url], stdin=follower, stdout=follower, stderr=follower,
                                   env={**NO_KEYS, "TERM": "dumb"})
        os.close(follower)
        os.write(leader, b"asked\n\nAnswers\ngpt-4o-mini\n0.7\n500\n\n\nAnswer {{question}}\nbriefly.\n.\n")
        assert process.wait(timeout=60) == 0
        os.close(leader)
        made = fetch(server, "asked")[2]
        assert (made["version"], made["goal"], made["temperature"], made["token_limit"]) == ("1", "Answers", 0.7, 500)
        assert made["text"] == "Answer {{question}}\nbriefly." and "top_k" not in made
