"""Mixed load through a gateway, noting what was answered and when: streams and whole answers of several providers,
calls that fail, feedback on calls that ended."""

import http.client
import json
import threading
import time
import urllib.parse

PROMPT = "a short word, please"
KINDS = ("chat", "stream", "anthropic", "embedding", "error", "feedback")


def _exchange(kind):
    """(path, body, is the answer's end a text)"""
    messages = [{"role": "user", "content": PROMPT}]
    if kind == "stream":
        return "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": messages, "stream": True,
                                               "stream_options": {"include_usage": True}}, b"data: [DONE]"
    if kind == "anthropic":
        return "/anthropic/v1/messages", {"model": "claude-3-5-haiku-20241022", "max_tokens": 50,
                                          "messages": messages, "stream": True}, b'{"type":"message_stop"}'
    if kind == "embedding":
        return "/openai/v1/embeddings", {"model": "text-embedding-3-small", "input": PROMPT}, None
    if kind == "error":
        return "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": "no list"}, None
    return "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": messages}, None


class Load(threading.Thread):
    """One client after another call. `answered`: call id -> when its answer had arrived whole (monotonic seconds);
    `ok`: those of them with status 200; `said`: call id -> when feedback on it was acknowledged."""

    def __init__(self, url, stop, number, pause=0.0):
        super().__init__(daemon=True)
        self.host = urllib.parse.urlsplit(url).netloc
        self.stop_event, self.number, self.pause = stop, number, pause
        self.begun, self.answered, self.ok, self.said = set(), {}, set(), {}
        self.last_ok, self.failures = None, 0

    def run(self):
        turn = self.number
        connection = None
        while not self.stop_event.is_set():
            kind = KINDS[turn % len(KINDS)]
            turn += 1
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(self.host, timeout=60)
                if kind == "feedback":
                    self._say(connection)
                else:
                    self._call(connection, kind)
            except (OSError, http.client.HTTPException):
                self.failures += 1
                connection.close()
                connection = None
                if self.stop_event.is_set():
                    return
                time.sleep(0.005)
            if self.pause:
                time.sleep(self.pause)

    def _call(self, connection, kind):
        path, body, last = _exchange(kind)
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json", "x-sim-chunks": "20",
                                                            "x-api-key": "k", "anthropic-version": "2023-06-01"})
        answer = connection.getresponse()
        call_id = answer.headers["x-steno-call-id"]
        if call_id:
            self.begun.add(call_id)
        content = answer.read()  # raises IncompleteRead when it was cut
        if not call_id or (last and answer.status == 200 and last not in content[-400:]):
            return
        self.answered[call_id] = time.monotonic()
        if answer.status == 200:
            self.ok.add(call_id)
            self.last_ok = call_id

    def _say(self, connection):
        call_id = self.last_ok
        if call_id is None:
            return
        connection.request("POST", f"/api/v1/calls/{call_id}/feedback", json.dumps({"verdict": "accepted"}),
                           {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status // 100 == 2:
            self.said[call_id] = time.monotonic()


class LoadGroup:
    """Several of them, started together."""

    def __init__(self, url, clients=8, pause=0.0):
        self.stop_event = threading.Event()
        self.clients = [Load(url, self.stop_event, n, pause) for n in range(clients)]
        for client in self.clients:
            client.start()

    def answered(self):
        """call id -> when, of all clients; a copy."""
        return {i: at for client in self.clients for i, at in list(client.answered.items())}

    def ok(self):
        return {i for client in self.clients for i in list(client.ok)}

    def said(self):
        return {i: at for client in self.clients for i, at in list(client.said.items())}

    def begun(self):
        return {i for client in self.clients for i in list(client.begun)}

    def wait_for(self, answers, seconds=120):
        deadline = time.monotonic() + seconds
        while len(self.answered()) < answers:
            if time.monotonic() > deadline:
                raise AssertionError(f"only {len(self.answered())} of {answers} answers within {seconds} s")
            time.sleep(0.002)

    def stop(self):
        self.stop_event.set()
        for client in self.clients:
            client.join(timeout=90)
