"""A real server between a scripted upstream and raw sockets. When the module is through, every request that was sent
with a session of its own must have left exactly one row."""

import collections
import itertools
import pathlib
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from scripted import Client, Upstream  # noqa: E402
from steno_process import Server, Simulator  # noqa: E402

NUMBERS = itertools.count(1)
JSON = ("Content-Type", "application/json")


SCRIPTED = ("openai", "anthropic", "gemini", "cohere", "mistral", "bedrock", "ollama", "xai", "elsewhere")


class Gateway:
    """A server whose upstreams are all one, and scripted."""

    def __init__(self, folder, env=None, flags=(), tls=None):
        self.upstream = Upstream(tls)
        upstreams = [flag for name in SCRIPTED for flag in ("--upstream", f"{name}={self.upstream.url}")]
        self.server = Server(folder, *upstreams, *flags, env=env)
        self.sessions = []

    def session(self):
        self.sessions.append(f"session-{next(NUMBERS)}")
        return self.sessions[-1]

    def client(self):
        return Client(self.server.url)

    def ask(
        self, body=b"", method="POST", path="/v1/chat/completions", fields=(JSON,), client=None, name="openai", **more
    ):
        """Sends one request to the upstream `name`, with a session of its own: (client, session)."""
        client, session = client or self.client(), self.session()
        client.ask(method, f"/{name}{path}", body, [*fields, ("x-steno-session", session)], **more)
        return client, session

    def exchange(self, script, body=b"", method="POST", **more):
        """One request and its answer: (status, fields, body, the call on the record)."""
        self.upstream.script = script
        client, session = self.ask(body, method, **more)
        status, fields, content = client.answer(method)
        call = self.recorded(session)
        assert ("x-steno-call-id", call["id"]) in fields
        client.close()
        return status, fields, content, call

    def recorded(self, session):
        """The one call of a session, as soon as it has ended."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            rows = self.server.calls(f"&trace.session_id={session}")
            assert len(rows) <= 1, f"{len(rows)} rows: {rows}"
            if rows and rows[0]["status"] != "running":
                return self.server.call(rows[0]["id"])
            time.sleep(0.01)
        raise AssertionError(f"no ended call of {session}: {rows}\n{self.server.output()}")

    def rows(self, sessions):
        """The rows of these sessions, by session, as soon as all that there are have ended."""
        found = collections.defaultdict(list)
        for at in range(0, len(sessions), 100):
            some = sessions[at : at + 100]
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                rows = self.server.calls("&trace.session_id.in=" + ",".join(some))
                if len(rows) >= len(some) and all(row["status"] != "running" for row in rows):
                    break
                time.sleep(0.01)
            for row in rows:
                found[row["trace"]["session_id"]].append(row)
        return found

    def close(self):
        try:
            rows = self.rows(self.sessions)
            assert {session: len(rows[session]) for session in self.sessions} == dict.fromkeys(self.sessions, 1)
            assert not self.upstream.failures, self.upstream.failures
            assert self.server.stop() == 0, self.server.output()
        finally:
            self.server.kill()
            self.upstream.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("gateway"))
    yield gateway
    gateway.close()


@pytest.fixture(autouse=True)
def nothing_left_over(request):
    """Requests that a test did not look at are not the next one's."""
    for name in {"gateway", "small"} & set(request.fixturenames):
        requests = request.getfixturevalue(name).upstream.requests
        while not requests.empty():
            requests.get_nowait()


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as simulator:
        yield simulator
