"""Settings of prompt types where something is in the way: a damaged database, a disk, another program's configuration."""

import json
import pathlib
import shutil
import sys
import urllib.parse
import uuid
from datetime import datetime, timedelta, timezone

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server, run  # noqa: E402

TYPES = "/api/v1/prompt-types"


def change(server, prompt_type, expect=200, **settings):
    return server.request("PATCH", f"{TYPES}/{urllib.parse.quote(prompt_type, safe='')}", settings, expect=expect)[2]


def delivered(server, prompt_type, at=None, **more):
    """A call that a program recorded itself, as the record has it."""
    at = at or datetime.now(timezone.utc)
    call = {"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "started_at": at.isoformat().replace("+00:00", "Z"),
            "provider": {"name": "openai"}, "model": {"requested": "gpt-4o-mini"}, "prompt": {"type": prompt_type},
            "request": {"messages": [{"role": "user", "parts": [{"type": "text", "text": "the question"}]}]}} | more
    server.request("POST", "/api/v1/calls", {"calls": [call]}, {"content-type": "application/json"})
    return server.call(call["id"])


def withheld_by(server, prompt_type="page"):
    return delivered(server, prompt_type).get("privacy", {}).get("withheld_by")


def health(server):
    return server.get("/api/v1/status")[2]["prompt_types"]


def becomes_healthy(server):
    server.wait_for(lambda: health(server)["healthy"] or None, "settings of prompt types that are in force")


def published(data):
    return json.loads((data / "prompt-types.json").read_text())


def put_in_place(data, control):
    for name in ("control.sqlite-wal", "control.sqlite-shm"):
        (data / name).unlink(missing_ok=True)
    shutil.copy(control, data / "new")
    (data / "new").replace(data / "control.sqlite")


def test_after_the_database_was_lost_what_was_published_is_set_again(tmp_path):
    data = tmp_path / "data"
    with Server(data) as server:
        change(server, "page", track_full_data=False, description="Pages")
        assert withheld_by(server) == "track_full_data"
    for file in data.glob("control.sqlite*"):
        file.unlink()
    with Server(data) as server:
        assert withheld_by(server) == "track_full_data" and health(server) == {"healthy": True}
        assert published(data)["types"]["page"]["track_full_data"] is False
    trail = json.loads(run("prompt-types", "history", "--data", data, "--json").stdout)["changes"]
    assert [(one["type"], one["by"]) for one in trail] == [("page", "steno")]


def test_with_a_damaged_database_what_was_published_last_holds_until_it_is_put_back(tmp_path):
    data = tmp_path / "data"
    with Server(data) as server:
        assert health(server) == {"healthy": True}
        change(server, "page", track_full_data=False, retention="short")
        server.stop()
    shutil.copy(data / "prompt-types.json", tmp_path / "published")
    with Server(data) as server:
        change(server, "page", track_full_data=None, sample_rate=0)
        server.stop()
    shutil.copy(data / "control.sqlite", tmp_path / "good")
    (tmp_path / "damaged").write_bytes(b"no database at all" * 1000)
    shutil.copy(tmp_path / "published", data / "prompt-types.json")
    put_in_place(data, tmp_path / "damaged")
    with Server(data) as server:
        call = delivered(server, "page")
        assert call["privacy"]["withheld_by"] == "track_full_data" and call["privacy"]["retention"] == "short"
        assert "prompt types cannot be read; those that were published last hold" in server.output()
        assert not health(server)["healthy"] and health(server)["last_error"]
        assert server.get(TYPES, expect=None)[0] >= 500
        put_in_place(data, tmp_path / "good")
        becomes_healthy(server)  # nobody has asked for prompt types, or started anything
        assert withheld_by(server) == "sample_rate"
        assert published(data)["types"]["page"]["sample_rate"] == 0
        change(server, "page", is_active=False)
        assert withheld_by(server) == "is_active"
    # Without what was published, too, the log says what that means.
    (data / "prompt-types.json").unlink()
    put_in_place(data, tmp_path / "damaged")
    with Server(data) as server:
        assert withheld_by(server) is None
        assert "texts of types that are to keep none are kept" in server.output()


def test_a_command_on_the_folder_leaves_the_servers_default_to_other_programs(tmp_path):
    data = tmp_path / "data"
    with Server(data, env={"STENO_PROMPT_TYPES_DEFAULT_TRACK_FULL_DATA": "false"}) as server:
        change(server, "page", track_full_data=True)
        server.stop()
    assert published(data)["default_track_full_data"] is False
    run("prompt-types", "set", "image", "--sample", "10%", "--data", data)
    assert published(data)["default_track_full_data"] is False and published(data)["types"]["image"]["sample_rate"] == 0.1
    assert json.loads(run("prompt-types", "list", "--data", data, "--json").stdout)["default_track_full_data"] is False
    run("run", "--data", data, "--", "true")
    assert published(data)["default_track_full_data"] is False
    with Server(data):
        assert published(data)["default_track_full_data"] is True, "a server says what holds"


def test_what_others_cannot_be_told_is_in_force_here_and_told_later(tmp_path):
    data = tmp_path / "data"
    (data / "prompt-types.json").mkdir(parents=True)  # where the file is to be
    with Server(data) as server:
        contract = Contract(server.get("/api/v1/openapi.json")[2])
        answer = contract.check(change(server, "page", track_full_data=False), "PATCH", TYPES + "/{type}")
        (warning,) = answer["warnings"]
        assert "not yet for programs that write to the folder themselves" in warning
        assert withheld_by(server) == "track_full_data"
        assert server.get(TYPES)[2]["count"] == 1 and not health(server)["healthy"]
        contract.check(server.get("/api/v1/status")[2], "GET", "/api/v1/status")
        done = run("prompt-types", "set", "page", "--description", "reads pages", "--server", server.url)
        assert "warning: " in done.stderr and "reads pages" in done.stdout
        (data / "prompt-types.json").rmdir()
        becomes_healthy(server)
        assert published(data)["types"]["page"]["track_full_data"] is False
        assert "description" not in published(data)["types"]["page"] or not published(data)["types"]["page"]["description"]
        assert change(server, "page", sample_rate=0.5)["warnings"] == []


def test_a_retention_class_without_a_rule_is_warned_of(tmp_path):
    with Server(tmp_path / "data", env={"STENO_RETENTION_CLASSES": "short=7,legal=0"}) as server:
        contract = Contract(server.get("/api/v1/openapi.json")[2])
        assert change(server, "page", retention="short")["warnings"] == []
        (warning,) = change(server, "page", retention="shrt")["warnings"]
        assert '"shrt"' in warning and "legal, short" in warning
        bulk = {"types": ["page", "image"], "set": {"retention": "shrt"}}
        answer = contract.check(server.request("PATCH", TYPES, bulk)[2], "PATCH", TYPES)
        assert answer["warnings"] == [warning], "once, however many types there are"
        assert "shrt" in run("prompt-types", "set", "page", "--retention", "shrt", "--server", server.url).stderr


def test_whatever_name_calls_carry_can_be_shown(tmp_path):
    with Server(tmp_path / "data") as server:
        delivered(server, "a\tb")
        assert [one["type"] for one in server.get(TYPES)[2]["prompt_types"]] == ["a\tb"]
        assert server.get(f"{TYPES}/a%09b")[2]["totals"]["calls"] == 1
        assert "the question" in run("prompt-types", "show", "a\tb", "--server", server.url).stdout
        change(server, "a\tb", expect=400, is_active=False)
        server.get(f"{TYPES}/b%09a", expect=404)


def test_all_are_all_those_too_whose_calls_retention_has_removed(tmp_path):
    data = tmp_path / "data"
    with Server(data) as server:
        delivered(server, "old", datetime.now(timezone.utc) - timedelta(days=100))
        server.stop()
    run("journal", "seal", "--data", data, env={"STENO_RETENTION_DAYS": "30"})
    with Server(data) as server:
        delivered(server, "new")
        change(server, "set", description="of things that are OLD")
        changed = server.request("PATCH", TYPES, {"all": True, "set": {"is_active": False}})[2]
        assert [one["type"] for one in changed["prompt_types"]] == ["new", "old", "set"]
        changed = server.request("PATCH", TYPES, {"search": "old", "set": {"is_active": True}})[2]
        assert [one["type"] for one in changed["prompt_types"]] == ["old", "set"]


@pytest.mark.parametrize("withheld", [True, False])
def test_of_what_is_withheld_a_quoted_prompt_in_an_error_goes_too(tmp_path, withheld):
    message = "cannot answer: " + "the question " * 200
    with Server(tmp_path / "data") as server:
        change(server, "page", track_full_data=not withheld)
        call = delivered(server, "page", status="failure", error={"type": "invalid_request", "message": message})
        if withheld:
            assert call["error"]["message"] == message[:200]
            assert call["privacy"]["truncated"]["error.message"]["bytes"] == len(message)
        else:
            assert call["error"]["message"] == message and "truncated" not in call.get("privacy", {})


def test_settings_hold_for_runs_that_carry_the_type(tmp_path):
    with Server(tmp_path / "data") as server:
        change(server, "page", track_full_data=False)
        assert delivered(server, "page", kind="function")["privacy"]["withheld_by"] == "track_full_data"
        assert server.get(TYPES)[2]["prompt_types"][0]["totals"]["calls"] == 0
