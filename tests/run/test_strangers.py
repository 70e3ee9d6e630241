"""Whom the run serves: its user and its program; nobody else on the machine."""

import json
import os
import pwd
import shlex
import socket
import subprocess
import sys

import pytest

from conftest import KEYS

ROOT_ALONE = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
NOBODY = pwd.getpwnam("nobody").pw_uid
STRANGER = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
JSON = ["-H", "content-type: application/json", "-d"]
BODY = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
CALLS = json.dumps({"calls": [{"kind": "chat", "name": "forged", "status": "success"}]})


@pytest.fixture
def front(run):
    """A run that goes on until the test has ended: its URL."""
    process = subprocess.Popen(run.command("sh", "-c", "echo $STENO_RUN; cat"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=run.environment())
    yield process.stdout.readline().strip()
    process.communicate(timeout=60)
    assert process.returncode == 0


def curl(*words, **user):
    """The status of the answer and that of CONNECT."""
    done = subprocess.run(["curl", "-s", "-m", "30", "-w", "%{http_code} %{http_connect}", "-o", "/dev/null", *words], text=True,
                          capture_output=True, cwd="/", env={"PATH": os.environ["PATH"]}, **user)
    return done.stdout


def requests(front):
    return {"a call": [f"{front}/openai/v1/chat/completions", *JSON, BODY],
            "a delivery": [f"{front}/api/v1/calls", *JSON, CALLS],
            "a tunnel": ["-x", front, "https://other.example/"],
            "a provider's host": ["-x", front, "-k", "https://api.openai.com/v1/chat/completions", *JSON, BODY],
            "plain HTTP": ["-x", front, "http://other.example/"]}


@ROOT_ALONE
def test_other_users_are_refused(run, front):
    for what, words in requests(front).items():
        for more in ([], ["--interface", "127.0.0.2"]):
            assert "403" in curl(*words, *more, **STRANGER), what
    assert run.calls() == []
    assert curl(*requests(front)["a call"]) == curl(*requests(front)["a delivery"]) == "200 000"
    assert len(run.calls()) == 2


@ROOT_ALONE
def test_the_same_port_at_another_address(front):
    """It is another connection."""
    with socket.create_connection(("127.0.0.1", int(front.rsplit(":", 1)[1]))) as own:
        at = ["--interface", "127.0.0.2", "--local-port", str(own.getsockname()[1])]
        assert curl(*requests(front)["a call"], *at, **STRANGER) == "403 000"


@ROOT_ALONE
def test_who_has_gone_is_nobody(run, front):
    """The table of connections says 0 for the owner of one that was closed: that is not root."""
    host, port = front.removeprefix("http://").split(":")
    head = (f"POST /api/v1/calls HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(CALLS)}\r\n\r\n")
    program = f"""
import socket
for _ in range(50):
    s = socket.create_connection(({host!r}, {port}))
    s.sendall({(head + CALLS).encode()!r})
    s.close()
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd="/", **STRANGER)
    assert curl(*requests(front)["a delivery"], **STRANGER) == "403 000"
    assert run.calls() == []


@ROOT_ALONE
def test_a_program_that_goes_on_as_another_user(run):
    ask = shlex.join(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *JSON, BODY])
    script = f"{ask} $OPENAI_BASE_URL/chat/completions; {ask} -k https://api.openai.com/v1/chat/completions"
    program = f"""
import os
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
os.execvp("sh", ["sh", "-c", {script!r}])
"""
    assert run(sys.executable, "-c", program).stdout == "200200"
    assert run.summary()["total"]["calls"] == 2


def test_a_socket_of_ipv6(run):
    """As Java has it: the connection is one of IPv4, the socket is not."""
    try:
        socket.socket(socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    head = ("POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {KEYS['OPENAI_API_KEY']}\r\nContent-Length: {len(BODY)}\r\n\r\n")
    program = f"""
import os, socket
front = os.environ["STENO_RUN"].removeprefix("http://")
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.connect(("::ffff:127.0.0.1", int(front.split(":")[1])))
s.sendall({head!r}.format(front).encode() + {BODY.encode()!r})
print(s.recv(65536).split()[1].decode())
"""
    assert run(sys.executable, "-c", program).stdout == "200\n"
