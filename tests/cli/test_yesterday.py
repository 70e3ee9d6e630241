"""What `steno serve` prints of the day before, in the machine's time zone."""

import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server  # noqa: E402

HOUR = datetime.timedelta(hours=1)


def call(name, began, **more):
    return {"kind": "chat", "name": name, "status": "success", "source": "python", "started_at": began.isoformat(),
            "provider": {"name": "openai"}, "model": {"requested": name}, "usage": {"input_tokens": 1000, "output_tokens": 234}, **more}


def test_yesterday(tmp_path):
    now = datetime.datetime.now(datetime.timezone.utc)
    # A zone in which it is about noon, so that no midnight passes under the test.
    ahead = 12 - now.hour
    zone = {"TZ": f"<test>{-ahead:+d}"}
    midnight = (now + ahead * HOUR).replace(hour=0, minute=0, second=0, microsecond=0) - ahead * HOUR
    second = datetime.timedelta(seconds=1)
    with Server(tmp_path / "record", "--yesterday", env=zone) as server:
        server.stop()
        assert "AI calls of" not in server.output()  # nobody has called yet
    with Server(tmp_path / "record", env=zone) as server:
        assert server.request("POST", "/api/v1/calls", {"calls": [
            call("too-early", midnight - 24 * HOUR - second),
            call("gpt-4o-mini", midnight - 24 * HOUR, trace={"agent": "calendar", "function": "taskOperations"}),
            call("gpt-4o-mini", midnight - second, trace={"agent": "calendar"}, status="failure"),
            call("taskOperations", midnight - HOUR, kind="function", trace={"function": "taskOperations"}),
            call("too-late", midnight)]}, {"content-type": "application/json"})[2]["accepted"] == 5
    day = f"AI calls of yesterday, {(midnight + ahead * HOUR - HOUR).date()}"
    for flags, env in ((("--yesterday",), {}), ((), {"STENO_CONSOLE_YESTERDAY": "on"})):
        with Server(tmp_path / "record", *flags, env={**zone, **env}) as server:
            server.wait_for(lambda: "taskOperations" in server.output() or None, "summary")
            server.stop()
        lines = server.output().splitlines()
        said = lines[lines.index(day):]
        told = {line[2:13].strip(): line[13:] for line in said if line.startswith("  ")}
        assert told["AI calls"].split()[:4] == ["2", "50.0", "%", "failed"] and told["functions"].split()[0] == "1"
        assert told["tokens"].split()[:3] == ["2,468", "2,000", "in,"] and "$" in told["cost"]
        text = "\n".join(said)
        assert "gpt-4o-mini" in text and "calendar" in text and "too-" not in text
        assert server.output().count(day) == 1
    with Server(tmp_path / "record", env=zone) as server:
        server.stop()
        assert "AI calls of" not in server.output()
