"""Installs the package with pip, from what the build has compiled, into a folder of the build; and a server for the tests."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from python_package import SITE, install  # noqa: E402

for name in [name for name in os.environ if name.startswith(("STENO_T", "STENO_S", "STENO_D")) or name.endswith("_API_KEY")]:
    del os.environ[name]
# What Python says from 3.12 on wherever os.fork() is called beside a thread (docs/python.md).
os.environ["PYTHONWARNINGS"] = "ignore:This process:DeprecationWarning"
install()
sys.path.insert(0, str(SITE))

import steno  # noqa: E402
from steno_process import Server  # noqa: E402


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("record")) as running:
        yield running


@pytest.fixture
def recorded(server, tmp_path):
    """Recording is on; `recorded()` gives the calls of this test, with their payloads, in the order in which they began."""
    project = tmp_path.name
    steno.start(server=server.url, project=project, spool_folder=str(tmp_path / "spool"), interval=0.005)

    def calls(payloads=True):
        assert steno.flush(30), steno.status()
        server.wait_until_fed()
        found = server.calls(f"&project={project}")
        if not payloads:
            return found
        found = [server.call(call["id"]) for call in found]
        return sorted(found, key=lambda call: (call["started_at"], call["trace"].get("sequence", 0) if call.get("trace") else 0))

    yield calls
    steno.stop()


@pytest.fixture
def program(server, tmp_path):
    """Runs a program of a user's: (its result, its calls)."""

    def run(source, env=None, prefix=(), **more):
        path = tmp_path / "program.py"
        path.write_text(source)
        project = tmp_path.name
        done = subprocess.run([*prefix, sys.executable, path], capture_output=True, text=True, timeout=120, cwd=tmp_path, env={
            **os.environ, "PYTHONPATH": str(SITE), "STENO_SERVER": server.url, "STENO_PROJECT": project,
            "STENO_SPOOL": str(tmp_path / "spool"), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}, **more)
        server.wait_until_fed()
        calls = [server.call(call["id"]) for call in server.calls(f"&project={project}")]
        return done, calls

    return run
