"""`steno live` on a real terminal: what a person sees, at which sizes, and that the terminal is as it was afterwards."""

import datetime
import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import BINARY, Server


def deliver(server, *names, status="success", agent="planner"):
    now = datetime.datetime.now(datetime.timezone.utc)
    calls = [{"kind": "chat", "status": status, "name": name, "model": {"requested": f"model-of-{name}"}, "trace": {"agent": agent, "request_id": name},
              "started_at": (now - datetime.timedelta(seconds=3)).isoformat(), "ended_at": now.isoformat(), "time": {"duration_ms": 1500},
              "usage": {"input_tokens": 100, "output_tokens": 20}, "cost": {"total": "0.5", "currency": "USD"}} for name in names]
    server.request("POST", "/api/v1/calls", {"calls": calls}, {"Content-Type": "application/json"})


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "data") as server:
        deliver(server, "alpha", "beta")
        deliver(server, "gamma", status="failure", agent="tricky")
        yield server


class Terminal:
    """A program on a pseudo terminal, and the screen that its output makes."""

    def __init__(self, *arguments, width=80, height=24, term="xterm-256color"):
        self.master, self.slave = pty.openpty()
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.ByteStream(self.screen)
        self.size(width, height)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        environment = {**os.environ, "TERM": term, "LC_ALL": "C.UTF-8"}
        environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen([BINARY, "live", "--interval", "0.2", *map(str, arguments)], stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE,
                                        env=environment, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def size(self, width, height):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read(self):
        if select.select([self.master], [], [], 0.1)[0]:
            data = os.read(self.master, 65536)
            self.output += data
            self.stream.feed(data)

    def text(self):
        return "\n".join(self.screen.display)

    def until(self, test, what):
        deadline = time.monotonic() + 60
        while not test():
            assert time.monotonic() < deadline, f"{what}; on the screen:\n{self.text()}"
            self.read()

    def shows(self, *words):
        self.until(lambda: all(word in self.text() for word in words), f"{words} did not come")

    def press(self, keys):
        os.write(self.master, keys)

    def resize(self, width, height):
        self.size(width, height)
        self.screen.resize(height, width)
        os.killpg(self.process.pid, signal.SIGWINCH)

    def end(self):
        """Its exit code, once the terminal was held against what it was before."""
        self.until(lambda: self.process.poll() is not None, "it did not end")
        while select.select([self.master], [], [], 0.2)[0]:
            self.read()
        assert termios.tcgetattr(self.slave) == self.before, "the terminal is not as it was"
        assert self.output.count(b"\033[?1049h") == self.output.count(b"\033[?1049l") and b"\033[?25h" in self.output
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)


def test_shows_what_goes_on_and_what_comes(server):
    with Terminal("--server", server.url) as terminal:
        terminal.shows("steno live", "last 5 min", "3 AI calls in 3 requests", "1 failed (33.3 %)", "calls/s", "$1.50 today", "by model", "by agent", "planner", "tricky",
                       "model-of-alpha", "model-of-gamma", "95 % within 1500 ms", "calls/min", "the latest calls", "q quit")
        deliver(server, "delta")
        terminal.shows("4 AI calls in 4 requests", "model-of-delta", "$2.00 today")
        assert all(len(line) == 80 for line in terminal.screen.display) and terminal.screen.display[23].startswith("q quit")
        terminal.press(b"q")
        assert terminal.end() == 0


def test_pauses_filters_scrolls_and_goes_on(server):
    with Terminal("--server", server.url, "-f", "trace.agent.exists=true") as terminal:
        terminal.shows("3 AI calls in 3 requests")
        terminal.press(b" ")
        terminal.shows("PAUSED")
        deliver(server, "epsilon")
        terminal.press(b" ")
        terminal.until(lambda: "PAUSED" not in terminal.text(), "it stays paused")
        terminal.shows("model-of-epsilon")
        terminal.press(b"f")
        terminal.shows("the latest failures")
        terminal.press(b"f")
        terminal.shows("the latest calls")
        listed = lambda: [line for line in terminal.screen.display if "1500 ms" in line and "within" not in line]
        terminal.until(lambda: len(listed()) == 4, "not all are listed")
        terminal.press(b"\033[B")
        terminal.until(lambda: len(listed()) == 3, "it did not scroll")
        terminal.press(b"\033[A")
        terminal.until(lambda: len(listed()) == 4, "it did not scroll back")
        terminal.press(b"+")
        terminal.shows("last 6 min")
        terminal.press(b"q")
        assert terminal.end() == 0


@pytest.mark.parametrize("width, height", [(200, 60), (80, 24), (40, 10), (20, 5), (3, 2)])
def test_fits_any_terminal(server, width, height):
    with Terminal("--server", server.url, width=width, height=height) as terminal:
        terminal.until(lambda: terminal.text().strip(), "nothing is shown")
        if width >= 40:
            terminal.shows("calls/s")
        terminal.press(b"q")
        assert terminal.end() == 0


def test_follows_the_size_of_its_terminal(server):
    with Terminal("--server", server.url) as terminal:
        terminal.shows("q quit")
        terminal.resize(120, 40)
        terminal.until(lambda: terminal.screen.display[39].startswith("q quit"), "it did not grow")
        terminal.resize(60, 12)
        terminal.until(lambda: terminal.screen.display[11].startswith("q quit"), "it did not shrink")
        terminal.press(b"q")
        assert terminal.end() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_leaves_the_terminal_as_it_was_when_it_is_ended(server, number):
    with Terminal("--server", server.url) as terminal:
        terminal.shows("q quit")
        terminal.process.send_signal(number)
        assert terminal.end() == -number


def test_what_was_recorded_cannot_steer_the_terminal(server):
    deliver(server, "evil\033[2J\033]0;owned\007")
    with Terminal("--server", server.url) as terminal:
        terminal.shows("model-of-evil·[2J", "q quit")
        assert b"owned\007" not in terminal.output and terminal.screen.title != "owned"
        terminal.press(b"q")
        assert terminal.end() == 0


def test_says_when_the_server_is_gone_and_goes_on_looking(server):
    with Terminal("--server", server.url) as terminal:
        terminal.shows("q quit")
        server.stop()
        terminal.shows("asking http", "steno live", "3 AI calls")
        terminal.press(b"q")
        assert terminal.end() == 0


def test_lines_in_a_pipe_and_objects_for_programs(server):
    plain = subprocess.run([BINARY, "live", "--server", server.url, "--count", "2", "--interval", "0.1"], capture_output=True, text=True, timeout=60)
    assert plain.returncode == 0 and len(plain.stdout.splitlines()) == 2 and "\033" not in plain.stdout
    assert "1 failed" in plain.stdout and "$1.50 today" in plain.stdout
    told = subprocess.run([BINARY, "live", "--server", server.url, "--count", "2", "--interval", "0.1", "--json"], capture_output=True, text=True, timeout=60)
    assert [json.loads(line)["ai_calls"]["calls"] for line in told.stdout.splitlines()] == [3, 3]
    gone = subprocess.run([BINARY, "live", "--server", "http://127.0.0.1:9", "--count", "1"], capture_output=True, text=True, timeout=60)
    assert gone.returncode != 0 and gone.stderr.startswith("error: ")


def test_a_dumb_terminal_gets_lines(server):
    with Terminal("--server", server.url, "--count", "1", term="dumb") as terminal:
        terminal.until(lambda: terminal.process.poll() is not None, "it did not end")
        while select.select([terminal.master], [], [], 0.2)[0]:
            terminal.read()
        assert terminal.process.returncode == 0 and b"\033" not in terminal.output and b"calls/s" in terminal.output


def test_looks_into_a_folder_that_no_server_has(server):
    server.stop()
    with Terminal("--data", server.data) as terminal:
        terminal.shows("3 AI calls in 3 requests", str(server.data)[:20], "model-of-beta")
        terminal.press(b"q")
        assert terminal.end() == 0
