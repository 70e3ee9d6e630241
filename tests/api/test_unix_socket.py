"""The server's Unix socket: the same gateway, API and keys as by TCP."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import NO_KEYS, Process, Server, Simulator  # noqa: E402
from steno_process import run as steno  # noqa: E402

BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "by the socket"}]}


def curl(socket, path, *more, host="localhost"):
    done = subprocess.run(["curl", "-sS", "--unix-socket", socket, f"http://{host}{path}", "-w", "\n%{http_code}", *more],
                          capture_output=True, text=True, timeout=60, env=NO_KEYS)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body[:1] in ("{", "[") else body


def test_gateway_and_api(tmp_path):
    socket = tmp_path / "s"
    with Simulator() as simulator, Server(tmp_path / "record", "--socket", socket, *simulator.upstreams()) as server:
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        server.wait_for(lambda: str(socket) in server.output() or None, "word of the socket")
        status, answer = curl(socket, "/openai/v1/chat/completions", "-H", "content-type: application/json", "-d", json.dumps(BODY))
        assert status == 200 and answer["choices"]
        # No browser can come this way, so no name can be forged.
        status, listed = curl(socket, "/api/v1/calls", host="anything")
        assert status == 200 and len(listed["calls"]) == 1
        status, answer = curl(socket, "/api/v1/calls", "-d", json.dumps({"calls": [{"kind": "chat", "name": "m", "status": "success"}]}),
                              "-H", "content-type: application/json", "-H", 'x-steno-attributes: {"of": "all", "n": 1}')
        assert status == 200 and answer["accepted"] == 1
        made = curl(socket, f"/api/v1/calls/{answer['made_ids'][0]['id']}")[1]
        assert made["labels"]["attributes"] == {"of": "all", "n": 1}
        listed = json.loads(steno("calls", "list", "--server", f"unix:{socket}", "--json").stdout)["calls"]
        assert len(listed) == 2
        server.stop()
    assert not socket.exists()


def test_keys_hold_there_too(tmp_path):
    socket, keys = tmp_path / "s", tmp_path / "keys"
    keys.write_text("steno-key-0123456789\n")
    with Server(tmp_path / "record", "--api-key-file", keys, env={"STENO_SERVER_SOCKET": str(socket)}):
        assert curl(socket, "/api/v1/calls")[0] == 401
        assert curl(socket, "/api/v1/calls", "-H", "authorization: Bearer steno-key-0123456789")[0] == 200


def test_a_live_socket_is_refused_and_a_dead_one_replaced(tmp_path):
    socket = tmp_path / "s"
    with Server(tmp_path / "first", "--socket", socket) as first:
        with Process("serve", "--data", tmp_path / "second", "--listen", "127.0.0.1:0", "--socket", socket) as second:
            assert second.process.wait(timeout=60) != 0
            assert "another process listens on" in second.output() and str(socket) in second.output()
        assert curl(socket, "/healthz")[0] == 200
        first.kill()
    assert socket.is_socket()
    with Server(tmp_path / "first", "--socket", socket):
        assert curl(socket, "/healthz")[0] == 200
    (tmp_path / "file").write_text("mine")
    with Process("serve", "--data", tmp_path / "first", "--listen", "127.0.0.1:0", "--socket", tmp_path / "file") as refused:
        assert refused.process.wait(timeout=60) != 0 and "is no socket" in refused.output()
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_others_do_not_get_in(tmp_path):
    socket = tmp_path / "s"
    with Server(tmp_path / "record", "--socket", socket):
        for folder in (tmp_path, *tmp_path.parents):
            if not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o011)
            if folder.name.startswith("pytest-of"):
                break
        probe = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"
        done = subprocess.run([sys.executable, "-c", probe, socket], user=65534, group=65534, capture_output=True, text=True)
        assert "PermissionError" in done.stderr, done.stderr
