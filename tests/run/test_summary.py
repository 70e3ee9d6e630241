"""The lines at the end of a run: what they say works as printed, and what nobody knows is no number."""

import http.client
import http.server
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import threading

import pytest

from conftest import KEYS
from steno_process import BINARY, Server
from steno_process import run as steno

PYTHON = sys.executable
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
ASK = ["curl", "-sS", "https://api.openai.com/v1/chat/completions", "-H", "content-type: application/json", "-H",
       f"authorization: Bearer {KEYS['OPENAI_API_KEY']}", "-d", json.dumps(CHAT)]


def closing_command(run, text, folder):
    """The last line of the summary, typed into a shell in the folder where the run was: what it prints."""
    command = text.splitlines()[-1].split(": ", 1)[1]
    assert command.startswith("steno calls list "), text
    path = f"{pathlib.Path(BINARY).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**run.environment(), "PATH": path})
    assert done.returncode == 0, (command, done.stderr)
    return command, done.stdout


@pytest.mark.parametrize("name", [None, "record", "a folder's $name"])
def test_the_closing_command_finds_the_folder(run, simulator, tmp_path, name):
    flags = ["--data", name] if name else []
    done = subprocess.run([BINARY, "run", *flags, *simulator.upstreams(), "--", *ASK], cwd=tmp_path, capture_output=True,
                          text=True, timeout=120, env=run.environment())
    assert done.returncode == 0, done.stderr
    command, listed = closing_command(run, done.stderr, tmp_path)
    assert len(listed.splitlines()) == 2 and "gpt-4o-mini" in listed
    assert ("--data" in command) == bool(name)


def test_the_closing_command_finds_the_server(run, simulator, tmp_path):
    (tmp_path / "a key").write_text("steno-key-0123456789\n")
    with Server(run.data, *simulator.upstreams(), "--api-key-file", tmp_path / "a key") as server:
        done = subprocess.run([BINARY, "run", "--server", server.url, "--api-key-file", tmp_path / "a key", "--", *ASK],
                              cwd=tmp_path, capture_output=True, text=True, timeout=120, env=run.environment())
        assert done.returncode == 0, done.stderr
        command, listed = closing_command(run, done.stderr, tmp_path)
        assert f"--server {server.url} --api-key-file " in command and len(listed.splitlines()) == 2


@pytest.fixture
def silent_provider():
    """It answers, and says nothing of tokens."""
    class Provider(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            answer = json.dumps({"id": "x", "object": "chat.completion", "model": "gpt-4o-mini", "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_nobody_told_is_not_nought(run, silent_provider):
    ask = shlex.join([*ASK, "-H", "x-steno-request: r-1"])
    done = run("sh", "-c", ask, flags=["--upstream", f"openai={silent_provider}"])
    first, model = done.stderr.splitlines()[:2]
    assert "1 AI call, 0 failed · – tokens in, – out, not told of 1 call · 1 unpriced · " in first
    assert " – → – " in " ".join(model.split()) and "1 unpriced" in model
    summary = run.summary()
    assert summary["calls_without_tokens"] == 1 and summary["total"]["input_tokens"] is None
    (call,) = run.calls()
    assert "input_tokens" not in call.get("usage", {})

    stats = steno("stats", "--data", run.data, "--measures", "calls,input_tokens,output_tokens,cost").stdout.splitlines()[3]
    assert stats.split()[2:] == ["1", "–", "–", "1", "unpriced"], stats
    tree = steno("calls", "tree", "r-1", "--data", run.data).stdout
    row = next(line for line in tree.splitlines() if "chat" in line)
    assert row.split()[-2:] == ["–", "–"], tree
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in tree.splitlines() if line.startswith("  ")}
    assert lines["tokens"] == "– → –, not told of 1 call" and lines["cost"] == "1 unpriced"

    # Beside one of which they are known, the sum is of that one, and says so.
    with Server(run.data) as server:
        server.request("POST", "/api/v1/calls", {"calls": [
            {"kind": "chat", "name": "m", "status": "success", "trace": {"request_id": "r-1"}, "model": {"requested": "m"},
             "usage": {"input_tokens": 5, "output_tokens": 7}}]}, {"content-type": "application/json"})
        server.stop()
    tree = steno("calls", "tree", "r-1", "--data", run.data).stdout
    assert "5 → 7, not told of 1 call" in tree


def test_a_server_that_goes_is_named(run, simulator):
    """To who delivers or asks: it is the Steno server that is not there, and no provider."""
    with Server(run.data, *simulator.upstreams()) as server:
        process = subprocess.Popen(
            [BINARY, "run", "--server", server.url, "--quiet", "--", "sh", "-c",
             "echo up; read go; curl -sS -H 'content-type: application/json' -d '{\"calls\": []}' $STENO_SERVER/api/v1/calls;"
             "curl -sS -d '{}' $OPENAI_BASE_URL/chat/completions"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=run.environment())
        assert process.stdout.readline() == "up\n"
        server.stop()
        said, _ = process.communicate("go\n", timeout=60)
    assert process.returncode == 0
    lines = said.splitlines()
    assert len(lines) == 2 and "upstream" not in said
    assert all(line.startswith(f"steno run: the Steno server at {server.url} did not answer: cannot connect") for line in lines)


REFUSES = """
import os, socket, ssl
front = os.environ["https_proxy"].removeprefix("http://").split(":")
s = socket.create_connection((front[0], int(front[1])))
s.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\\r\\nHost: api.openai.com:443\\r\\n\\r\\n")
s.recv(4096)
context = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
try: context.wrap_socket(s, server_hostname="api.openai.com")
except ssl.SSLCertVerificationError: print("refused")
"""


def test_one_that_refuses_is_left_alone_and_the_others_recorded(run):
    """Whose trust is another is a matter of the program, not of the host."""
    script = run.tmp.parent / "pinned.py"
    script.write_text(REFUSES)
    done = run("sh", "-c", f"{PYTHON} {script}; {shlex.join(ASK)}")
    assert "refused" in done.stdout and '"choices"' in done.stdout
    assert run.summary()["total"]["calls"] == 1
    text = run.summary()["not_recorded"]["api.openai.com"]
    assert text.startswith("1 connection of python") and "pinned.py: the program did not accept" in text
    assert f"not recorded: api.openai.com: {text}" in done.stderr


def test_a_program_that_is_named_shows_neither_its_code_nor_escapes(run):
    """Its arguments may hold keys; the name of its script may hold anything."""
    script = run.tmp.parent / "a\x1b[31m\nsteno: forged.py"
    script.write_text(REFUSES)
    code = f"-c{REFUSES}key = {KEYS['OPENAI_API_KEY']!r}"
    done = run("sh", "-c", f"{shlex.join([PYTHON, code])}; {shlex.join([PYTHON, str(script)])}")
    assert done.stdout.count("refused") == 2
    text = run.summary()["not_recorded"]["api.openai.com"]
    assert "SECRET" not in text + done.stderr and "import" not in text, text
    assert script.name in text and text.startswith("1 connection of python"), text
    assert "\x1b" not in done.stderr and "steno: forged" in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("steno: forged")]


def test_the_server_of_a_run_is_on_a_socket_for_its_user(run):
    """Nobody else on the machine can ask it, and it is gone with the run."""
    process = subprocess.Popen(run.command("sh", "-c", "echo up; cat"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=run.environment())
    assert process.stdout.readline() == "up\n"
    url = json.loads((run.data / "server.json").read_text())["url"]
    path = pathlib.Path(url.removeprefix("unix:"))
    assert url.startswith("unix:/") and path.is_socket() and path.stat().st_mode & 0o777 == 0o600
    assert steno("calls", "list", "--data", run.data).returncode == 0
    if os.geteuid() == 0:
        ask = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r})"
        assert subprocess.run([PYTHON, "-c", ask], cwd="/").returncode == 0
        stranger = subprocess.run([PYTHON, "-c", ask], cwd="/", capture_output=True, text=True, user=65534, group=65534,
                                  extra_groups=[])
        assert "PermissionError" in stranger.stderr
    process.communicate(timeout=60)
    assert process.returncode == 0 and not path.exists()
    run.nothing_is_left()


def test_a_long_tmpdir_is_no_harm(run):
    """The path of a socket has 107 characters at most."""
    folder = run.tmp / ("d" * 100)
    folder.mkdir()
    done = run(*ASK, env={"TMPDIR": str(folder)})
    assert "1 AI call" in done.stderr and list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a socket away")
def test_who_asks_is_found_out_once_for_a_connection(run):
    """The owner of a socket is looked up with its first request; that it is another's then changes nothing."""
    process = subprocess.Popen(run.command("sh", "-c", "echo $STENO_RUN; cat"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=run.environment())
    host, port = process.stdout.readline().strip().removeprefix("http://").split(":")

    def ask(connection):
        body = json.dumps(CHAT)
        connection.sendall((f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\n"
                            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer.status

    with socket.create_connection((host, int(port))) as first, socket.create_connection((host, int(port))) as second:
        assert ask(first) == 200
        os.fchown(first.fileno(), 65534, 65534)
        os.fchown(second.fileno(), 65534, 65534)
        assert (ask(first), ask(second)) == (200, 403)
    process.communicate(timeout=60)
