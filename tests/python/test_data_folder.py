"""Programs that write their calls to a data folder themselves, without a server, or beside one."""

import json
import os
import subprocess
import sys

import pytest
from python_package import SITE
from steno_process import Server, run

CALLS = """
import steno
{start}
@steno.ai_call_tracker(provider="openai", model="gpt-4o-mini", tags=["local"])
def ask(prompt):
    steno.current_call().usage(input_tokens=1000, output_tokens=500)
    return "yes"

with steno.request("r-1"), steno.agent("calendar"):
    ask("Is it?")
"""


def execute(source, tmp_path, **env):
    (tmp_path / "program.py").write_text(source)
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(SITE), "PYTHONDONTWRITEBYTECODE": "1", **env})
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def listed(data):
    return json.loads(run("calls", "list", "--data", data, "--json").stdout)["calls"]


@pytest.mark.parametrize("start,env", [("", True), ("steno.start(data_folder='record')", False), (
    "import pathlib\nsteno.start(data_folder=pathlib.Path('record'), durable=True)", False)])
def test_without_a_server(tmp_path, start, env):
    out = execute(CALLS.format(start=start) + "print(steno.flush(), steno.status().delivered, steno.status().recording)", tmp_path,
                  **({"STENO_DATA": "record"} if env else {"STENO_SERVER": "http://127.0.0.1:1"}))
    assert out == "True 2 True\n"
    found = {call["kind"]: call for call in listed(tmp_path / "record")}
    assert found["chat"]["source"] == "python" and found["chat"]["labels"]["tags"] == ["local"]
    assert float(found["chat"]["cost"]["total"]) == 0.00045 and found["chat"]["trace"]["parent_id"] == found["agent"]["id"]
    assert json.loads(run("verify", "--data", tmp_path / "record", "--json").stdout)["intact"]


def test_what_the_exit_finds_is_written(tmp_path):
    execute("import steno\nsteno.start(data_folder='record', interval=3600, exit_patience=0)\nsteno.call('openai', 'm').end()", tmp_path)
    assert len(listed(tmp_path / "record")) == 1


def test_what_is_refused_at_the_exit_is_no_call_that_was_written(tmp_path):
    (tmp_path / "program.py").write_text("""
import steno
steno.start(data_folder='record', interval=3600)
steno.call("openai", "m").end()
call = steno.call("openai", "m")
for _ in range(20):
    call.tool_call("id", "name", {"text": "x" * 1_000_000})
call.end()
steno.stop(0)
print(steno.status())
""")
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(SITE)})
    assert "rejected=1, dropped=0" in done.stdout and done.returncode == 0, done
    assert done.stderr.startswith("steno: not delivered: 1 call refused by "), done.stderr
    assert len(listed(tmp_path / "record")) == 1


def test_several_processes_and_a_server(tmp_path):
    data = tmp_path / "record"
    with Server(data) as server:
        out = execute("""
import multiprocessing, os, steno
steno.start(data_folder="record", durable=True)

def work(number):
    steno.call("openai", f"m{number}").end()

if __name__ == "__main__":
    work(0)
    pid = os.fork()
    if pid == 0:
        work(1)
        os._exit(0)
    os.waitpid(pid, 0)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(work, range(2, 50))
        pool.close()
        pool.join()
    print(steno.flush())
""", tmp_path)
        assert out == "True\n"
        server.wait_for(lambda: len(server.calls()) == 50 or None, "50 calls")
        assert {call["model"]["requested"] for call in server.calls()} == {f"m{number}" for number in range(50)}
        assert server.stop() == 0
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
