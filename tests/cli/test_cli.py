"""Every command, against a running server and on a folder without one, as a user and as a script would use it."""

import csv
import io
import json
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import BINARY, NO_KEYS, Process, Server, Simulator, run  # noqa: E402


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A folder with ten calls, its server stopped."""
    data = tmp_path_factory.mktemp("record")
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        for n in range(10):
            failing = n == 7
            server.request("POST", "/openai/v1/chat/completions", {
                "model": "gpt-4o-mini", "messages": [{"role": "user", "content": f'=question "{n}", \x1b[31mred'}]},
                {"x-steno-session": "cli", "x-steno-tags": "a,b"} | ({"x-sim-status": "500"} if failing else {}),
                expect=500 if failing else 200)
        server.stop()
    return data


def test_list_show_stats_on_a_folder(record):
    listed = json.loads(run("calls", "list", "--data", record, "--json").stdout)["calls"]
    assert len(listed) == 10
    text = run("calls", "list", "--data", record, "-f", "status=failure").stdout
    assert "failure" in text and len(text.splitlines()) == 2
    call_id = next(call["id"] for call in listed if call["status"] == "success")
    shown = run("calls", "show", call_id, "--data", record).stdout
    assert "question" in shown and "gpt-4o-mini" in shown and "\x1b" not in shown
    stats = json.loads(run("stats", "--data", record, "--json", "--by", "status", "--measures", "calls").stdout)
    assert {g["key"]["status"]: g["calls"] for g in stats["groups"]} == {"success": 9, "failure": 1}
    assert "calls" in run("stats", "--data", record).stdout
    explained = run("prices", "explain", call_id, "--data", record).stdout
    assert "total" in explained and "recorded" in explained


def test_exports_are_whole_and_safe(record):
    lines = [json.loads(line) for line in run("calls", "export", "--data", record).stdout.splitlines()]
    assert len(lines) == 10
    success = [call for call in lines if call["status"] == "success"]
    assert all(call["request"]["messages"] and call["response"]["messages"] for call in success)
    assert [call["started_at"] for call in lines] == sorted(call["started_at"] for call in lines)
    rows = list(csv.DictReader(io.StringIO(run("calls", "export", "--data", record, "--format", "csv").stdout)))
    assert len(rows) == 10
    assert {row["id"] for row in rows} == {call["id"] for call in lines}
    assert all(row["preview.prompt"].startswith("'=") for row in rows if row["status"] == "success")
    assert all(row["labels.tags"] == '["a","b"]' for row in rows if row["status"] == "success")


def test_numbers_beyond_64_bits_are_exported_digit_by_digit(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        server.request("POST", "/openai/v1/chat/completions",
                       b'{"model":"gpt-4o-mini","seed":123456789012345678901234567890,'
                       b'"messages":[{"role":"user","content":"hello"}]}', {"content-type": "application/json"}, expect=None)
        exported = run("calls", "export", "--data", data).stdout
        assert "123456789012345678901234567890" in exported and len(exported.splitlines()) == 1
        assert run("calls", "list", "--data", data).stdout.count("gpt-4o-mini") == 1


def test_commands_find_the_server_of_a_folder_in_use(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        server.request("POST", "/anthropic/v1/messages", {
            "model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}]})
        by_data = json.loads(run("calls", "list", "--data", data, "--json").stdout)
        by_server = json.loads(run("calls", "list", "--server", server.url, "--json").stdout)
        assert by_data == by_server and len(by_data["calls"]) == 1
        call_id = by_data["calls"][0]["id"]
        replay = run("replay", call_id, "--data", data, "--set", "temperature=0.5", "--model", "claude-haiku-4-5").stdout
        assert "original" in replay and "claude-haiku-4-5" in replay and "similarity" in replay
        assert run("verify", "--data", data, check=False).returncode == 6
        refused = run("serve", "--data", data, "--listen", "127.0.0.1:0", check=False)
        assert refused.returncode == 6 and "error:" in refused.stderr


def test_verify_and_journal_dump(record, tmp_path):
    assert json.loads(run("verify", "--data", record, "--json").stdout)["intact"]
    head = tmp_path / "head.json"
    head.write_text(run("verify", "--data", record, "--export-head").stdout)
    assert run("verify", "--data", record, "--against", head).returncode == 0
    dumped = [json.loads(line) for line in run("journal", "dump", "--data", record, "--json", "--payloads").stdout.splitlines()]
    assert sum(entry["kind"] == "closing" for entry in dumped) == 10
    assert any("question" in json.dumps(entry.get("call", {})) for entry in dumped)
    assert "closing" in run("journal", "dump", "--data", record).stdout

    segment = next(file for file in sorted(record.glob("journal/*/*.stj")) if file.stat().st_size > 4000)
    original = segment.read_bytes()
    segment.write_bytes(original[:2000] + bytes([original[2000] ^ 1]) + original[2001:])
    try:
        found = run("verify", "--data", record, "--json", check=False)
        assert found.returncode == 11
        damage = [s["damage"] for s in json.loads(found.stdout)["streams"] if "damage" in s]
        assert damage and damage[0]["reason"]
    finally:
        segment.write_bytes(original)


def test_prices(tmp_path):
    listed = json.loads(run("prices", "list", "--provider", "openai", "--model", "gpt-4o-mini", "--json").stdout)
    assert listed and all(price["model"] == "gpt-4o-mini" for price in listed)
    data = tmp_path / "record"
    run("demo", "--data", data, "--calls", "50", "--days", "2")
    house = ("prices", "set", "--data", data, "--provider", "openai", "--model", "house-model")
    assert "own-1" in run(*house, "--input", "1.5", "--output", "2").stdout
    own = json.loads(run("prices", "list", "--data", data, "--model", "house-model", "--json").stdout)
    assert own[0]["input"] == "1.5" and own[0]["version"] == 1
    mistaken = run(*house, "--input", "0.0000001", check=False)
    assert mistaken.returncode == 2 and "error:" in mistaken.stderr
    other = tmp_path / "other.json"
    other.write_text(json.dumps(own))
    assert "as it was" in run("prices", "import", other, "--data", data).stdout
    other.write_text(json.dumps([own[0] | {"input": "1.75"}]))
    assert "in place of own-1: input 1.5" in run("prices", "import", other, "--data", data, "--reason", "dearer").stdout
    assert "replaced by own-2" in run("prices", "history", "--data", data).stdout
    assert "set " in run("prices", "show", "own-1", "--data", data).stdout
    run("prices", "remove", "own-2", "--data", data)
    assert run("prices", "remove", "own-2", "--data", data, check=False).returncode != 0
    assert json.loads(run("prices", "list", "--own", "--data", data, "--json").stdout) == []
    # A file of prices is laid below these.
    file = tmp_path / "prices.json"
    file.write_text(json.dumps([{"provider": "openai", "model": "house-model", "input": "3"}]))
    listed = run("prices", "list", "--model", "house-model", "--json", env={"STENO_PRICING_FILE": str(file)}).stdout
    assert json.loads(listed)[0]["input"] == "3"


def test_config(tmp_path):
    file = tmp_path / "steno.toml"
    file.write_text('[gateway]\nmax_body_bytes = 2048\n[upstreams]\nlocal = "http://127.0.0.1:1"\n')
    shown = {s["name"]: s for s in json.loads(run("--config", file, "config", "show", "--json").stdout)}
    assert shown["gateway.max_body_bytes"]["value"] == "2048" and shown["gateway.max_body_bytes"]["origin"].endswith("steno.toml:2")
    assert "local" in run("--config", file, "config", "show").stdout
    assert run("--config", file, "config", "check").returncode == 0
    for text, says in (("[gateway]\nmax_bdy_bytes = 1\n", "gateway.max_body_bytes"), ("[gateway]\n\nmax_body_bytes = -1\n", ":3"),
                       ("[gateway\n", ":1"), ("[server]\nlisten = \"0.0.0.0:80\"\n", "api_key_file"),
                       ("[upstreams]\napi = \"http://x\"\n", "api"), ("[gateway]\ncapture = \"some\"\n", "full, off")):
        file.write_text(text)
        checked = run("--config", file, "config", "check", check=False)
        assert checked.returncode == 2 and says in checked.stderr, (text, checked.stderr)
    wrong = run("config", "check", check=False, env={"STENO_LOG_LEVEL": "loud"})
    assert wrong.returncode == 2 and "STENO_LOG_LEVEL" in wrong.stderr


def test_errors_say_what_to_try(tmp_path):
    nothing = run("calls", "list", "--data", tmp_path / "none", check=False)
    assert nothing.returncode == 3 and "try:" in nothing.stderr
    unreachable = run("calls", "list", "--server", "http://127.0.0.1:9", check=False)
    assert unreachable.returncode == 8
    assert run("no-such-command", check=False).returncode == 2
    unknown = run("serve", "--data", tmp_path / "d", "--listen", "0.0.0.0:0", check=False)
    assert unknown.returncode == 6 and "--api-key-file" in unknown.stderr


@pytest.mark.parametrize("command", ["serve", "calls", "stats", "limits", "replay", "verify", "journal", "prices", "config", "sim", "demo", "doctor", "sql"])
def test_help_of_every_command(command):
    assert run(command, "--help").stdout.count("\n") > 3


def test_help_is_a_word_too():
    assert run("help").stdout == run("--help").stdout
    assert run("help", "cost").stdout == run("cost", "--help").stdout != run("--help").stdout
    assert run("help", "alerts", "set").stdout == run("alerts", "set", "--help").stdout
    # What is asked about is not done.
    assert run("help", "prices", "remove", "own-2").stdout == run("prices", "remove", "--help").stdout
    assert run("help", "demo", "--data", "here", "--calls", "1").stdout == run("demo", "--help").stdout
    wrong = run("help", "costs", check=False)
    assert wrong.returncode == 2 and wrong.stderr == run("costs", check=False).stderr and "cost" in wrong.stderr
    for command, columns in (("stats", ("average time", "own cost")), ("quality", ("edited by", "prompts whole"))):
        assert all(f"  {column}" in run("help", command).stdout for column in columns)


def test_demo_and_doctor(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        sent = json.loads(run("demo", "--server", server.url, "--minutes", "0.03", "--json").stdout)
        assert sent["sent"] > 0 and sent["unanswered"] == 0
        calls = server.calls()
        assert len(calls) == sent["sent"]
        assert {call["provider"]["name"] for call in calls} == {"openai", "anthropic", "gcp.gemini"}
        # Gemini reports no usage for embeddings: what was not measured is not priced.
        unpriced = [c for c in calls if c["status"] == "success" and "usage" in c and "cost" not in c]
        assert not unpriced, unpriced[0]
        host = server.url.removeprefix("http://")
        found = json.loads(run("doctor", "--data", data, "--json", env={"STENO_SERVER_LISTEN": host}).stdout)
        assert {f["check"]: f["verdict"] for f in found}["server"] == "ok"
        there = json.loads(run("doctor", "--server", server.url, "--json").stdout)
        assert {f["check"]: f["detail"] for f in there}["record"] == f"{len(calls)} calls"
    nobody = run("doctor", "--server", server.url, check=False)
    assert nobody.returncode == 1 and "none answers at " + server.url in nobody.stdout
    with Server(data) as server:
        refused = run("demo", "--server", server.url, "--minutes", "0.01", check=False)
        assert refused.returncode == 6 and "steno sim" in refused.stderr


def test_a_demo_folder(tmp_path):
    data, again = tmp_path / "demo", tmp_path / "again"
    fixed = ["--calls", 600, "--seed", 7, "--days", 30, "--until", "2026-11-01T00:00:00Z", "--json"]
    made = json.loads(run("demo", "--data", data, *fixed).stdout)
    assert made["calls"] == 600 and not made["interrupted"] and made["said"] > 0
    assert made["journal_bytes"] > made["prompt_bytes"] and made["store_bytes"] > 0
    exported = run("calls", "export", "--data", data).stdout
    calls = [json.loads(line) for line in exported.splitlines()]
    assert len(calls) == 600 and len({call["id"] for call in calls}) == 600
    assert all("2026-10-02" <= call["started_at"] <= call["ended_at"] <= "2026-11-01T00:00:00.000000000Z" for call in calls)
    assert sum("feedback" in call or "scores" in call for call in calls) > 10
    assert len(json.loads(run("calls", "list", "--data", data, "-n", 50, "--json").stdout)["calls"]) == 50
    stats = json.loads(run("stats", "--data", data, "--json", "--by", "project", "--kinds", "all", "--measures", "calls,cost").stdout)
    assert sum(group["calls"] for group in stats["groups"]) == 600 and len(stats["groups"]) >= 6
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]

    run("demo", "--data", again, *fixed, env={"STENO_JOURNAL_SEGMENT_BYTES": "65536"})  # segments are sealed beside the recording
    assert run("calls", "export", "--data", again).stdout == exported
    assert json.loads(run("verify", "--data", again, "--json").stdout)["intact"]

    for arguments in (["--data", data, "--calls", 5], ["--calls", 5]):
        refused = run("demo", *arguments, check=False)
        assert refused.returncode in (2, 6) and "error:" in refused.stderr and "new" in refused.stderr
    refused = run("demo", "--data", tmp_path / "other", check=False)
    assert refused.returncode == 6 and "--calls" in refused.stderr
    with Server(data):
        refused = run("demo", "--data", data, "--calls", 5, check=False)
        assert refused.returncode == 6 and "error:" in refused.stderr


def test_an_interrupted_demo_leaves_a_valid_folder(tmp_path):
    data = tmp_path / "demo"
    with Process("demo", "--data", data, "--calls", 5_000_000, "--json") as process:
        process.wait_for(lambda: True if list(data.glob("journal/*/0000000000000001.stj")) else None, "journal")
        segments = lambda: sum(file.stat().st_size for file in data.glob("journal/*/*.stj"))  # noqa: E731
        process.wait_for(lambda: True if segments() > 3_000_000 else None, "calls")
        assert process.stop(signal.SIGINT) == 0
        made = json.loads(process.output())
    assert made["interrupted"] and 0 < made["calls"] < 5_000_000
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
    stats = json.loads(run("stats", "--data", data, "--json", "--by", "status", "--kinds", "all", "--measures", "calls").stdout)
    by_status = {group["key"]["status"]: group["calls"] for group in stats["groups"]}
    assert sum(by_status.values()) - by_status.get("interrupted", 0) == made["calls"]


def test_sealing_and_retention_without_a_server(tmp_path):
    data, head = tmp_path / "demo", tmp_path / "head.json"
    small = {"STENO_JOURNAL_SEGMENT_BYTES": "300000"}
    run("demo", "--data", data, "--calls", 600, "--days", 60, "--until", "2026-11-01T00:00:00Z", env=small)
    head.write_text(run("verify", "--data", data, "--export-head").stdout)
    made = json.loads(run("journal", "seal", "--data", data, "--json").stdout)
    assert made["sealed_segments"] > 2 and made["sealed_bytes_after"] < made["sealed_bytes_before"] / 4
    assert made["removed_segments"] == 0 and "Nothing to seal" in run("journal", "seal", "--data", data).stdout
    compared = run("verify", "--data", data, "--against", head).stdout
    assert "head compared" in compared and "removed" not in compared

    # What retention took is told by whoever takes it and by whoever verifies: the rest alone is no whole record.
    said = run("journal", "seal", "--data", data, env={"STENO_RETENTION_DAYS": "1"}).stdout
    assert "Retention removed" in said
    (stream,) = json.loads(run("verify", "--data", data, "--json").stdout)["streams"]
    assert stream["removed_through"] > 0
    verdict = run("verify", "--data", data, "--against", head)
    assert verdict.returncode == 0 and f"intact, removed up to record {stream['removed_through']}, head compared up to record" in verdict.stdout


def test_a_server_lets_go_of_the_files_that_it_has_sealed(tmp_path):
    big = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello [sim size=20000]"}]}
    with Simulator() as simulator, Server(tmp_path / "record", *simulator.upstreams(),
                                          env={"STENO_JOURNAL_SEGMENT_BYTES": "100000"}) as server:
        ids = []
        for _ in range(30):
            ids.append(server.request("POST", "/openai/v1/chat/completions", big)[1]["x-steno-call-id"])
            server.call(ids[-1])  # reads its journal file, and keeps that open
        plain = lambda: list(tmp_path.glob("record/journal/*/*.stj"))  # noqa: E731
        server.wait_for(lambda: True if len(plain()) == 1 else None, "sealing")
        for call_id in ids:
            assert server.call(call_id)["response"]
        opened = [pathlib.Path(f"/proc/{server.process.pid}/fd/{fd.name}").readlink()
                  for fd in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()]
        gone = [path.name for path in opened if path.name.endswith(".stj (deleted)")]
        assert len(gone) <= 1, gone  # the store's feeder holds one until the next record


def test_a_reader_that_leaves_ends_a_command_quietly(record):
    for command in (["calls", "export"], ["calls", "list", "-n", "300"], ["journal", "dump"]):
        process = subprocess.Popen([BINARY, *command, "--data", str(record)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=NO_KEYS)
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(timeout=60) == 141 and said == b"", (command, said)


def test_every_setting_is_in_the_documentation():
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs/configuration.md").read_text()
    for setting in json.loads(run("config", "show", "--json").stdout):
        default = f"`{setting['default']}`" if setting["default"] else ""
        assert f"| `{setting['name']}` | {default} | `{setting['variable']}` | {setting['help']} |" in page


def test_names_from_before(tmp_path):
    old = {"PERFORMANCE_TRACKING_ENABLED": "false", "PERFORMANCE_LOG_RETENTION_DAYS": "30", "PERFORMANCE_SLOW_CALL_THRESHOLD_MS": "1234",
           "PERFORMANCE_LOG_LEVEL": "WARN", "PERFORMANCE_HIGH_TOKEN_THRESHOLD": "2000", "PERFORMANCE_ENABLE_COST_CALCULATION": "true",
           "PERFORMANCE_TRUNCATE_MESSAGES": "true", "PERFORMANCE_MAX_MESSAGE_LENGTH": "500", "PERFORMANCE_MASK_SENSITIVE_DATA": "true",
           "OPENAI_GPT4O_PRICE_PER_1K_INPUT": "0.005", "OPENAI_GPT4O_PRICE_PER_1K_OUTPUT": "0.015", "OPENAI_EMBEDDING_PRICE_PER_1K": "0.00002"}
    shown = {s["name"]: (s["value"], s["origin"]) for s in json.loads(run("config", "show", "--json", env=old).stdout)}
    assert shown["gateway.capture"] == ("off", "PERFORMANCE_TRACKING_ENABLED")
    assert shown["retention.days"] == ("30", "PERFORMANCE_LOG_RETENTION_DAYS")
    assert shown["statistics.slow_ms"] == ("1234", "PERFORMANCE_SLOW_CALL_THRESHOLD_MS")
    assert shown["log.level"] == ("warning", "PERFORMANCE_LOG_LEVEL")
    assert shown["statistics.high_tokens"] == ("2000", "PERFORMANCE_HIGH_TOKEN_THRESHOLD")
    assert shown["daily_files.max_text"] == ("500", "PERFORMANCE_MAX_MESSAGE_LENGTH")
    for truncate, length, kept in (("false", "500", "0"), ("true", "", "1000"), ("", "0", "0")):
        told = run("config", "show", "--json", env={"PERFORMANCE_TRUNCATE_MESSAGES": truncate, "PERFORMANCE_MAX_MESSAGE_LENGTH": length}).stdout
        assert {s["name"]: s["value"] for s in json.loads(told)}["daily_files.max_text"] == kept
    shown = {s["name"]: s["value"] for s in json.loads(run("config", "show", "--json", env={**old, "STENO_RETENTION_DAYS": "7"}).stdout)}
    assert shown["retention.days"] == "7"
    prices = json.loads(run("prices", "list", "--model", "gpt-4o", "--json", env=old).stdout)
    assert "OPENAI_GPT4O_PRICE_PER_1K_INPUT" in json.dumps(prices)
    with Server(tmp_path / "data", env={**old, "PERFORMANCE_TRACKING_ENABLED": "true"}) as server:
        log = server.output()
        for name in old:
            assert name in log or name.endswith("_OUTPUT"), name
        assert "NOTHING IS MASKED" in log
        period = server.get("/api/v1/statistics?period=today")[2]
        assert "1234" in json.dumps(period)
    for name, value in (("PERFORMANCE_TRACKING_ENABLED", "perhaps"), ("PERFORMANCE_LOG_RETENTION_DAYS", "-1"), ("OPENAI_EMBEDDING_PRICE_PER_1K", "much"),
                        ("OPENAI_GPT4O_PRICE_PER_1K_INPUT", "0.005")):
        wrong = run("config", "check", check=False, env={name: value})
        assert wrong.returncode != 0 and name in wrong.stderr + wrong.stdout
