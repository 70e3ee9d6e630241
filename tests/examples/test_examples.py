"""The examples, as they stand in examples/, against a real server and simulated providers; each leaves its calls."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import python_package  # noqa: E402
from steno_process import NO_KEYS, SANITIZED, Server, Simulator, run  # noqa: E402


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


@pytest.fixture(scope="module")
def agents(server, simulator, tmp_path_factory):
    """The ids of the requests that the agent has made: its client asks the provider, and the gateway."""
    if not python_package.is_built():
        pytest.skip("the Python package was not built (python3-dev is missing)")
    if SANITIZED:
        pytest.skip("an ordinary Python does not have the sanitizer's runtime; tests/python loads it")
    python_package.install()
    spool = str(tmp_path_factory.mktemp("spool"))
    return [run_example(server, sys.executable, ROOT / "examples/python/agent.py", PYTHONPATH=str(python_package.SITE),
                        STENO_SERVER=server.url, STENO_SPOOL=spool, OPENAI_BASE_URL=base + "/openai/v1").splitlines()[-1]
            for base in (simulator.url, server.url)]


def test_the_agents_tree_in_the_terminal(server, agents):
    for request in agents:
        head, *lines = run("calls", "tree", request, "--server", server.url).stdout.splitlines()
        assert head.split() == ["call", "status", "duration", "tokens", "cost"]
        shown = [line.split("  ")[0].rstrip() for line in lines]
        assert shown[0] == "agent calendar" and "success" in lines[0]
        assert re.fullmatch(r"├─ chat (gpt-4o-mini|ask) ?.*", shown[1]) and "→" in lines[1] and "$" in lines[1]
        assert shown[2] == "├─ function taskOperations create" and "→" not in lines[2]
        assert re.fullmatch(r"└─ chat (gpt-4o-mini|ask) ?.*", shown[3])
        facts = dict(line.split(maxsplit=1) for line in lines[4:] if line)
        assert (facts["request"], facts["functions"]) == (request, "taskOperations")
        assert re.fullmatch(r"calendar \$0\.\d+", facts["agents"])
    told = json.loads(run("calls", "tree", agents[0], "--server", server.url, "--json").stdout)
    assert told == server.get(f"/api/v1/requests/{agents[0]}")[2]


def test_the_agents_tree_on_the_page(server, agents):
    node = os.environ.get("STENO_NODE") or shutil.which("node")
    if not node or not shutil.which("chromium") or not (ROOT / "ui/node_modules/playwright-core").exists():
        pytest.skip("node, chromium or the page's libraries are not installed")
    for request in agents:
        done = subprocess.run([node, ROOT / "tests/examples/page_of_request.mjs", server.url, request], capture_output=True, text=True,
                              timeout=120, env={**os.environ, "STENO_CHROMIUM": shutil.which("chromium")})
        assert done.returncode == 0, done.stderr
        shown = json.loads(done.stdout)
        assert shown["sins"] == [] and [level for level, _ in shown["rows"]] == ["1", "2", "2", "2"]
        for (_, text), name in zip(shown["rows"], ("calendar", "gpt-4o-mini", "taskOperations", "gpt-4o-mini"), strict=True):
            assert name in text


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
