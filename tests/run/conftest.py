"""Programs under `steno run`, with the simulator in the place of the providers' hosts: only what Steno relays is led
there, by --upstream. The programs themselves believe that they talk to api.openai.com."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import BINARY, NO_KEYS, ROOT, Simulator  # noqa: E402
from steno_process import run as steno  # noqa: E402

# What the machine that tests may have set is not the tests' business.
CLEAN = {k: v for k, v in NO_KEYS.items() if "proxy" not in k.lower() and not k.endswith(("_BASE_URL", "_CA_BUNDLE"))
         and k not in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CO_API_URL", "OLLAMA_HOST", "NODE_OPTIONS")}
KEYS = {"OPENAI_API_KEY": "sk-SECRETopenai0123456789", "ANTHROPIC_API_KEY": "sk-ant-SECRETanthropic0123456789"}


class Runner:
    def __init__(self, folder, simulator):
        self.data = folder / "record"
        self.summary_file = folder / "summary.json"
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        self.simulator = simulator

    def command(self, *command, flags=()):
        return [BINARY, "run", "--data", self.data, "--json", self.summary_file, *self.simulator.upstreams(), *flags, "--",
                *map(str, command)]

    def environment(self, env=None):
        return {**CLEAN, **KEYS, "TMPDIR": str(self.tmp), **(env or {})}

    def __call__(self, *command, flags=(), env=None, stdin=None, check=True):
        done = subprocess.run(self.command(*command, flags=flags), capture_output=True, text=True, timeout=120,
                              env=self.environment(env), input=stdin)
        if check:
            assert done.returncode == 0, done.stderr + done.stdout
        return done

    def summary(self):
        return json.loads(self.summary_file.read_text())

    def calls(self):
        """Oldest first, whole."""
        rows = json.loads(steno("calls", "list", "--data", self.data, "--json").stdout)["calls"]
        return [json.loads(steno("calls", "show", row["id"], "--data", self.data, "--json").stdout)
                for row in reversed(rows)]

    def nothing_is_left(self):
        assert list(self.tmp.iterdir()) == []
        for path in self.data.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert b"SECRET" not in content, path
                # The journal has one of its own, to sign with.
                assert b"PRIVATE KEY" not in content or path.name == "journal.key", path


@pytest.fixture(scope="session")
def simulator():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def run(tmp_path, simulator):
    return Runner(tmp_path, simulator)


def node():
    """STENO_NODE, the project's Node, or the machine's."""
    if "STENO_NODE" in os.environ:
        return os.environ["STENO_NODE"]
    own = ROOT / ".deps/node/bin/node"
    return str(own) if os.access(own, os.X_OK) else "node"
