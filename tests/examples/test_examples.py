"""The examples, as they stand in examples/, against a real server and simulated providers; each leaves its calls."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from steno_process import NO_KEYS, Server, Simulator  # noqa: E402


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


@pytest.fixture(scope="module")
def server(simulator, tmp_path_factory):
    with Server(tmp_path_factory.mktemp("record"), *simulator.upstreams()) as running:
        yield running


def run_example(server, *command, cwd=None, **more):
    env = {**NO_KEYS, "STENO": server.url, "OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none",
           "OPENAI_BASE_URL": server.url + "/openai/v1", "ANTHROPIC_BASE_URL": server.url + "/anthropic", **more}
    done = subprocess.run(list(map(str, command)), env=env, capture_output=True, text=True, timeout=120, cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    return done.stdout


def recorded(server, session):
    calls = server.calls(f"&trace.session_id={session}")
    assert calls and all(call["status"] == "success" for call in calls)
    assert all(call["labels"]["tags"] == ["example"] and "total" in call["cost"] for call in calls)
    return calls


def test_python(server):
    run_example(server, sys.executable, ROOT / "examples/python/chat.py")
    assert len(recorded(server, "example-python")) == 2


def test_node(server, tmp_path):
    node = os.environ.get("STENO_NODE") or shutil.which("node")
    modules = ROOT / "tests/clients/node_modules"
    if not node or not modules.exists():
        pytest.skip("node or the client libraries are not installed (./dev test installs them)")
    shutil.copy(ROOT / "examples/node/chat.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(modules)
    run_example(server, node, "chat.mjs", cwd=tmp_path)
    assert len(recorded(server, "example-node")) == 2


def test_curl(server):
    shown = json.loads(run_example(server, ROOT / "examples/curl.sh").splitlines()[-1])
    assert shown["id"] == recorded(server, "example-curl")[0]["id"]


def test_cpp(server):
    program = os.environ.get("STENO_EXAMPLE_CPP")
    if not program:
        pytest.skip("the C++ example was not built (libcurl4-openssl-dev is missing)")
    run_example(server, program, "Where is it?")
    assert len(recorded(server, "example-cpp")) == 1


def test_cpp_with_the_sdk_and_libcurl(server, simulator, tmp_path):
    program = os.environ.get("STENO_EXAMPLE_CURL")
    if not program:
        pytest.skip("the C++ example was not built (libcurl4-openssl-dev is missing)")
    shown = run_example(server, program, "Where is it?", STENO_SERVER=server.url, STENO_SPOOL=str(tmp_path / "spool"),
                        OPENAI_BASE_URL=simulator.url + "/openai/v1")
    assert "data: [DONE]" in shown
    (call,) = recorded(server, "example-cpp-curl")
    assert call["source"] == "cpp" and call["time"]["time_to_first_token_ms"] > 0
