"""Prompt types from the Python SDK: with a server, and where programs write to a data folder themselves."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from python_package import SITE, install  # noqa: E402
from steno_process import Server, run  # noqa: E402

install()

PROGRAM = """
import steno
steno.start({start})
@steno.ai_call_tracker(provider="openai", model="gpt-4o-mini")
def ask(prompt):
    steno.current_call().usage(input_tokens=1000, output_tokens=500)
    return "the answer"
with steno.prompt("page"):
    for n in range(3):
        ask(f"question {{n}}")
assert steno.flush(30), steno.status()
"""


def execute(tmp_path, start):
    (tmp_path / "program.py").write_text(PROGRAM.format(start=start))
    env = {name: value for name, value in os.environ.items() if not name.startswith("STENO_")}
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={**env, "PYTHONPATH": str(SITE), "PYTHONDONTWRITEBYTECODE": "1",
                               "STENO_SPOOL": str(tmp_path / "spool")})
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize("with_server", [True, False])
def test_settings_hold_for_what_python_records(tmp_path, with_server):
    data = tmp_path / "record"
    with Server(data) as server:
        server.request("PATCH", "/api/v1/prompt-types/page", {"track_full_data": False, "retention": "short"})
        if with_server:
            execute(tmp_path, f"server={server.url!r}")
    if not with_server:
        execute(tmp_path, "data_folder='record'")  # keeps to what was set, without a server
    calls = json.loads(run("calls", "list", "--data", data, "--json").stdout)["calls"]
    assert len(calls) == 3
    assert {(call["privacy"]["withheld_by"], call["privacy"]["retention"]) for call in calls} == {("track_full_data", "short")}
    assert not any(call.get("preview") for call in calls)
    one = json.loads(run("prompt-types", "show", "page", "--data", data, "--json").stdout)
    assert one["totals"]["calls"] == 3 and float(one["totals"]["cost"][0]["total"]) == 3 * 0.00045
    assert "question 2" in json.dumps(one["latest"]["request"])


def test_a_program_beside_a_server_hears_of_changes(tmp_path):
    data = tmp_path / "record"
    with Server(data) as server:
        for n, full_data in enumerate([False, True, False]):
            server.request("PATCH", "/api/v1/prompt-types/page", {"track_full_data": full_data})
            execute(tmp_path, "data_folder='record'")
            seen = server.wait_for(lambda: (rows := server.calls()) and len(rows) == 3 * (n + 1) and rows or None, "the calls")
            assert [row.get("privacy", {}).get("full_data") for row in seen[:3]] == [None if full_data else False] * 3
