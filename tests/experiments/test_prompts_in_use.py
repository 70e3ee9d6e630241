"""What experiments and other prompts rest on goes only when that is forced, and does not move unseen."""

import datetime
import json
import pathlib
import sys
import urllib.parse
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import run  # noqa: E402

BASE = "/api/v1/experiments"
PROMPT = "/api/v1/prompts/{name}"


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


@pytest.fixture
def name():
    return f"u-{uuid.uuid4().hex[:12]}"


def path(name, below=""):
    return f"/api/v1/prompts/{urllib.parse.quote(name, safe='')}{below}"


def create(server, name, *texts, **first):
    """A prompt with a version of each text."""
    made = server.request("POST", "/api/v1/prompts", {"name": name, "text": texts[0], **first}, expect=201)[2]
    for text in texts[1:]:
        server.request("POST", path(name, "/versions"), {"text": text}, expect=201)
    return made


def experiment(server, name, prompt, start=True, **more):
    definition = {"name": name, "prompt": prompt, "metric": "success_rate", "variants": [{"name": "control"}, {"name": "short", "version": "2"}], **more}
    made = server.request("POST", BASE, definition, expect=201)[2]
    return server.request("POST", f"{BASE}/{name}/start")[2] if start else made


def move(server, name, label, version):
    return server.request("PUT", path(name, f"/labels/{label}"), {"version": version})[2]


def test_what_an_experiment_rests_on_goes_only_if_that_is_forced(server, contract, name):
    create(server, name, "one", "two")
    experiment(server, f"{name}-x", name, start=False)
    for action, state in ((None, "draft"), ("start", "running"), ("pause", "paused")):
        if action:
            server.request("POST", f"{BASE}/{name}-x/{action}")
        for method, body in (("DELETE", None), ("PATCH", {"archived": True})):
            refused = server.request(method, path(name), body, expect=409)[2]
            contract.check(refused, method, PROMPT, 409)
            assert f'the experiment "{name}-x" ({state})' in refused["detail"], refused
            assert "steno experiments conclude" in refused["remedy"] and "force" in refused["remedy"], refused
            assert refused["used_by"] == {"experiments": [{"name": f"{name}-x", "state": state}], "prompts": [], "labels": []}, refused
    assert server.get(path(name))[2]["archived_at"] is None
    # Other changes of the prompt are nobody's loss.
    changed = contract.check(server.request("PATCH", path(name), {"description": "d"})[2], "PATCH", PROMPT)
    assert changed["warnings"] == []
    archived = contract.check(server.request("PATCH", path(name, "?force=true"), {"archived": True})[2], "PATCH", PROMPT)
    assert archived["archived_at"] and archived["warnings"] == [f'the experiment "{name}-x" (paused) has lost the prompt "{name}"']
    assert server.request("PATCH", path(name), {"archived": True})[2]["warnings"] == []  # it was lost before
    removed = contract.check(server.request("DELETE", path(name, "?force=true"))[2], "DELETE", PROMPT)
    assert removed["warnings"] == archived["warnings"]


def test_a_concluded_experiment_holds_nothing(server, name):
    create(server, name, "one", "two")
    experiment(server, f"{name}-x", name)
    server.request("POST", f"{BASE}/{name}-x/conclude")
    server.request("PATCH", path(name), {"archived": True})
    server.request("DELETE", path(name), expect=204)


def test_who_was_slower_is_told_that(server, name):
    tag = create(server, name, "one", "two") and server.get(path(name))[2]["etag"]
    experiment(server, f"{name}-x", name)
    server.request("PATCH", path(name), {"description": "another"})
    for method, body in (("DELETE", None), ("PATCH", {"archived": True})):
        slower = server.request(method, path(name), body, {"If-Match": tag}, expect=412)[2]
        assert "used_by" not in slower, slower


def test_labels_that_stand_on_what_is_removed_are_told_to_programs(server, contract, name):
    create(server, name, "one", "two", labels=["production", "other"])
    refused = contract.check(server.request("DELETE", path(name), expect=409)[2], "DELETE", PROMPT, 409)
    assert refused["used_by"] == {"experiments": [], "prompts": [], "labels": ["other", "production"]}, refused
    experiment(server, f"{name}-x", name)
    refused = server.request("DELETE", path(name), expect=409)[2]
    assert refused["used_by"] == {"experiments": [{"name": f"{name}-x", "state": "running"}], "prompts": [], "labels": ["other", "production"]}, refused
    # What force does not help is not told so.
    server.request("PUT", path(name, "/labels/other"), {"protected": True})
    assert "used_by" not in server.request("PUT", path(name, "/labels/other"), {"version": "2"}, expect=409)[2]


def test_a_label_that_an_experiment_rests_on(server, contract, name):
    create(server, name, "one", "two", labels=["production", "other"])
    experiment(server, f"{name}-x", name)
    refused = server.request("DELETE", path(name, "/labels/production"), expect=409)[2]
    assert f'the experiment "{name}-x" (running) rests on it' in refused["detail"] and f'the label "production" of "{name}"' in refused["detail"]
    assert refused["used_by"] == {"experiments": [{"name": f"{name}-x", "state": "running"}], "prompts": [], "labels": []}, refused
    assert server.request("DELETE", path(name, "/labels/other"))[2]["warnings"] == []
    told = contract.check(server.request("DELETE", path(name, "/labels/production?force=true"))[2], "DELETE", PROMPT + "/labels/{label}")["warnings"]
    assert len(told) == 2 and "has lost the label" in told[0] and "is version 2 from now on, where it was 1" in told[1], told


def test_what_other_prompts_include(server, contract, name):
    inner, outer = name, f"outer/{name}"
    create(server, inner, "in", labels=["staging"])
    create(server, outer, "{{> %s}} and" % inner)
    for method, body in (("DELETE", None), ("PATCH", {"archived": True})):
        refused = server.request(method, path(inner), body, expect=409)[2]
        assert f'version 1 of "{outer}" includes it' in refused["detail"] and "take the includes out" in refused["remedy"], refused
        assert refused["used_by"] == {"experiments": [], "prompts": [{"name": outer, "version": "1"}], "labels": ["staging"] if method == "DELETE" else []}, refused
    server.request("DELETE", path(inner, "/labels/staging"))  # it is not included by this label
    # A version that nobody gets any more does not count; one that an experiment names does.
    server.request("POST", path(outer, "/versions"), {"text": "alone"}, expect=201)
    server.request("POST", path(outer, "/versions"), {"text": "alone as well"}, expect=201)
    experiment(server, f"{name}-x", outer, variants=[{"name": "a", "version": "1"}, {"name": "b", "version": "2"}])
    assert f'version 1 of "{outer}" includes it' in server.request("DELETE", path(inner), expect=409)[2]["detail"]
    server.request("POST", f"{BASE}/{name}-x/conclude")
    server.request("DELETE", path(inner), expect=204)


def test_what_is_included_by_label_or_version(server, name):
    inner, outer = name, f"outer/{name}"
    create(server, inner, "in", labels=["staging"])
    create(server, outer, "{{> %s@staging}}" % inner, labels=["production"])
    refused = server.request("DELETE", path(inner, "/labels/staging"), expect=409)[2]
    assert f'version 1 of "{outer}" includes it' in refused["detail"]
    told = server.request("DELETE", path(inner, "?force=true"))[2]["warnings"]
    assert told == [f'version 1 of "{outer}" includes the prompt "{inner}", and cannot be filled in any more']
    create(server, inner, "in")
    server.request("POST", path(outer, "/versions"), {"text": "{{> %s@1}}" % inner, "labels": ["production"]}, expect=201)
    server.request("PATCH", path(inner), {"archived": True})  # by its number it can be had all the same
    server.request("POST", path(outer, "/render"))


def test_a_label_that_moves_under_an_experiment(server, contract, name):
    create(server, name, "one", "two", "three", labels=["production"])
    experiment(server, f"{name}-x", name)
    told = contract.check(move(server, name, "production", "3"), "PUT", PROMPT + "/labels/{label}")["warnings"]
    assert told == [f'the experiment "{name}-x" (running): "control" names no version, and is version 3 from now on, where it was 1: its result is of both']
    assert move(server, name, "production", "3")["warnings"] == [] and move(server, name, "staging", "1")["warnings"] == []
    assert "is version 1 from now on" in server.request("POST", path(name, "/labels/production/rollback"))[2]["warnings"][0]
    added = server.request("POST", path(name, "/versions"), {"text": "four", "labels": ["production"]}, expect=201)[2]
    assert "is version 4 from now on" in contract.check(added, "POST", PROMPT + "/versions", 201)["warnings"][0]
    server.request("POST", f"{BASE}/{name}-x/conclude")
    assert move(server, name, "production", "1")["warnings"] == []


def test_several_variants_without_a_version_are_told_as_several(server, name):
    create(server, name, "one", "two", labels=["production"])
    experiment(server, f"{name}-x", name, variants=[{"name": "control"}, {"name": "cool", "temperature": 0.1}])
    told = move(server, name, "production", "2")["warnings"]
    assert told == [f'the experiment "{name}-x" (running): "control", "cool" name no version, and are version 2 from now on, where they were 1: its result is of both']


def test_a_variant_without_a_version_is_the_latest_where_production_stands_nowhere(server, name):
    create(server, name, "one", "two")
    experiment(server, f"{name}-x", name, variants=[{"name": "control", "weight": 1e9}, {"name": "short", "version": "1", "weight": 1e-9}])
    fetched = server.get(path(name, "/fetch?unit=ann"))[2]
    assert (fetched["experiment"]["variant"], fetched["version"]) == ("control", "2")
    # A new version is another control then.
    assert "is version 3 from now on" in server.request("POST", path(name, "/versions"), {"text": "three"}, expect=201)[2]["warnings"][0]
    assert "no label \"beta\"" in server.request("POST", BASE, {"name": f"{name}-y", "prompt": name, "label": "beta", "metric": "success_rate", "variants": [{"name": "a"}, {"name": "b"}]}, expect=404)[2]["detail"]


def test_a_result_of_several_versions_says_so(server, contract, name):
    create(server, name, "one", "two", "three", labels=["production"])
    made = experiment(server, f"{name}-x", name)
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()

    def deliver(*calls):
        body = [{"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "started_at": now,
                 "prompt": {"name": name, "version": version, "experiment": {"id": made["id"], "variant": variant, "unit": unit, "probability": 0.5}}} for unit, variant, version in calls]
        answer = server.request("POST", "/api/v1/calls", {"calls": body}, {"Content-Type": "application/json"})[2]
        assert answer["rejected"] == [] and answer["ignored"] == []
        server.wait_until_fed()
        return contract.check(server.get(f"{BASE}/{name}-x/result")[2], "GET", BASE + "/{name}/result")["warnings"]

    assert not any("versions" in warning for warning in deliver(("ann", "control", "1"), ("ben", "control", "1"), ("cat", "short", "2")))
    told = [warning for warning in deliver(("dan", "control", "3")) if "versions" in warning]
    assert told == [f'the calls of control are of several versions of "{name}" (calls): 1 (2), 3 (1): what is told of it is of all of them']
    assert "several versions" in run("experiments", "result", f"{name}-x", "--server", server.url).stdout


def test_a_folder_that_is_synced_says_what_its_labels_move(server, name, tmp_path):
    create(server, name, "one", "two", labels=["production"])
    experiment(server, f"{name}-x", name)
    file = tmp_path / "one.prompt"

    def sync(text, *args):
        file.write_text(f'+++\nname = "{name}"\nversion = "2"\nlabels = ["production"]\n+++\n{text}')
        return run("prompts", "sync", tmp_path, "--push", "--force", *args, "--server", server.url)

    told = f'{name}: the experiment "{name}-x" (running): "control" names no version, and is version 3 from now on, where it was 1: its result is of both'
    done = sync("three")
    assert f"new version   {name}" in done.stdout and done.stderr == f"warning: {told}\n", done
    done = sync("four", "--json")
    assert json.loads(done.stdout)["warnings"] == [told.replace("is version 3", "is version 4").replace("was 1", "was 3")] and done.stderr == ""
    assert json.loads(run("prompts", "sync", tmp_path, "--push", "--json", "--server", server.url).stdout)["warnings"] == []


def test_the_commands_say_it(server, name):
    def prompts(*args, code=0):
        done = run("prompts", *args, "--server", server.url, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    create(server, name, "one", "two", labels=["production"])
    experiment(server, f"{name}-x", name)
    assert "warning: the experiment" in prompts("label", name, "production", "2").stderr
    assert "warning: the experiment" in prompts("rollback", name).stderr
    assert "is in use" in prompts("archive", name, code=6).stderr and "is in use" in prompts("remove", name, code=6).stderr
    assert "is in use" in prompts("label", name, "production", "--remove", code=6).stderr
    done = prompts("archive", name, "--force")
    assert "is archived" in done.stdout and "warning: the experiment" in done.stderr
    prompts("archive", name, "--undo")
    done = prompts("remove", name, "--force", "--json")
    assert "has lost the prompt" in json.loads(done.stdout)["warnings"][0]
