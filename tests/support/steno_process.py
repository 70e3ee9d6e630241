"""Real Steno processes for tests: a server on a data folder, and simulated providers, each on a free port."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("STENO_BINARY", str(ROOT / "build/release/steno"))
SANITIZED = "ASAN_SYMBOLIZER_PATH" in os.environ  # ./dev asan, ./dev tsan: memory and time are the sanitizer's
# Nor what a sanitizer's Python has to load (tests/python).
NO_KEYS = {k: v for k, v in os.environ.items()
           if not k.endswith("_API_KEY") and not k.startswith(("STENO_", "AWS_")) and k != "LD_PRELOAD"}


def run(*args, check=True, env=None, stdin=None, timeout=120):
    """A command of the steno binary, to its end."""
    done = subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, timeout=timeout, input=stdin,
                          env={**NO_KEYS, **(env or {})}, cwd=tempfile.gettempdir())
    if check and done.returncode != 0:
        raise AssertionError(f"steno {' '.join(map(str, args))} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
    return done


class Process:
    """A steno command that runs until it is stopped. Its output goes to a file, so that it can never block."""

    def __init__(self, *args, env=None):
        self.log = tempfile.NamedTemporaryFile(prefix="steno-test-", suffix=".log", mode="w+")
        self.process = subprocess.Popen([BINARY, *map(str, args)], stdout=self.log, stderr=subprocess.STDOUT,
                                        env={**NO_KEYS, **(env or {})}, cwd=tempfile.gettempdir())

    def output(self):
        return pathlib.Path(self.log.name).read_text()

    def wait_for(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (value := condition()) is not None:
                return value
            if self.process.poll() is not None:
                raise AssertionError(f"steno ended with {self.process.returncode} before {what}:\n{self.output()}")
            time.sleep(0.02)
        raise AssertionError(f"no {what} within {seconds} s:\n{self.output()}")

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def kill(self):
        """As a power switch for the process: SIGKILL, nothing can be tidied up."""
        self.process.kill()
        self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Under ./dev coverage it writes down what it ran when it ends by itself.
        self.stop(signal.SIGTERM if "LLVM_PROFILE_FILE" in os.environ else signal.SIGKILL)


class Simulator(Process):
    def __init__(self, seed=1, speed=0):
        super().__init__("sim", "--listen", "127.0.0.1:0", "--seed", seed, "--speed", speed, "--created", 1_763_600_000)
        found = self.wait_for(lambda: re.search(r"OpenAI\s+(http://[^/\s]+)/openai", self.output()), "address of the simulator")
        self.url = found.group(1)

    def upstreams(self):
        flags = []
        for name in ("openai", "anthropic", "azure", "gemini", "vertex", "cohere", "bedrock", "mistral", "ollama"):
            flags += ["--upstream", f"{name}={self.url}/{name}"]
        return flags


class Server(Process):
    def __init__(self, data, *flags, env=None, listen="127.0.0.1:0", ready=True):
        self.data = pathlib.Path(data)
        (self.data / "server.json").unlink(missing_ok=True)
        super().__init__("serve", "--data", data, "--listen", listen, *flags, env=env)
        self.url = self.wait_for(self._url, "server.json")
        if ready:  # else it takes calls, and perhaps no questions yet
            self.wait_until_ready()

    def wait_until_ready(self):
        self.wait_for(lambda: self.get("/readyz", expect=None)[0] == 200 or None, "readiness")

    def _url(self):
        try:
            return json.loads((self.data / "server.json").read_text())["url"]
        except (FileNotFoundError, ValueError):
            return None

    def request(self, method, path, body=None, headers=None, expect=200, timeout=60):
        """(status, headers, parsed JSON or bytes). Raises unless the status is the expected one (None: any)."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status, head, content = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, head, content = error.code, error.headers, error.read()
        if expect is not None and status != expect:
            raise AssertionError(f"{method} {path}: {status} {content[:1000]!r}")
        if "json" in (kind := head.get("content-type") or "") and "ndjson" not in kind:
            content = json.loads(content)
        return status, head, content

    def get(self, path, expect=200, headers=None):
        return self.request("GET", path, headers=headers, expect=expect)

    def call(self, call_id):
        return self.get(f"/api/v1/calls/{call_id}")[2]

    def wait_until_fed(self):
        """Until the store has all that was recorded so far: one that is made anew answers before."""

        def fed():
            store = self.get("/api/v1/status")[2]["store"]
            return (store["behind_records"] == 0 and store["history_fed"]) or None

        self.wait_for(fed, "store that has caught up with what was recorded", seconds=300)

    def calls(self, query=""):
        """All calls that fit, through all pages."""
        found, cursor = [], ""
        while True:
            page = self.get(f"/api/v1/calls?limit=1000{query}{cursor}")[2]
            found += page["calls"]
            if not page["next_cursor"]:
                return found
            cursor = "&cursor=" + page["next_cursor"]
