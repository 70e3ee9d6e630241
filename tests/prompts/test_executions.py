"""What became of each use of a prompt, from a program that kept it in a prompt_performance.json, and back."""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, run  # noqa: E402


def execution(n, **metrics):
    return {"prompt_name": "coach", "prompt_version": "1.0" if n % 2 else "1.1", "timestamp": f"2026-01-05T10:00:00.{n:06}", "input_data": {"user_input": f"Help {n}"},
            "output": f"Answer {n}", "metrics": {"execution_time_ms": 1000 + n, "token_count": n, "output_length": 10 * n, "success": n % 5 != 0,
                                                 "quality_score": n % 10 + 0.5, "user_feedback": f"said {n}", "error_message": None if n % 5 else "timeout", **metrics}}


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "data") as running:
        yield running


def count(server):
    return server.get("/api/v1/aggregate?measures=calls")[2]["groups"][0]["calls"]


@pytest.fixture
def prompts(server):
    def ask(*args, code=0):
        done = run("prompts", *args, "--server", server.url, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return ask


def test_executions_become_calls_once_and_come_back(server, prompts, tmp_path):
    file = tmp_path / "prompt_performance.json"
    all_of_them = [execution(n) for n in range(1, 1201)]  # three deliveries
    file.write_text(json.dumps(all_of_them))
    for _ in range(2):
        assert "1200 executions on the record" in prompts("import", file).stdout
        server.wait_for(lambda: count(server) == 1200 or None, "the executions")
    back = json.loads(prompts("export", "--executions").stdout)
    assert len(back) == 1200
    for before, after in zip(all_of_them, sorted(back, key=lambda one: one["timestamp"])):
        assert after.pop("model") is None and after["timestamp"] == before["timestamp"] + "000Z"
        assert {**after, "timestamp": before["timestamp"]} == before
    lines = prompts("export", "--executions", "--prompt", "coach", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["metrics"] for line in lines] == [one["metrics"] for one in back]
    assert json.loads(prompts("export", "--executions", "--prompt", "nobody").stdout) == []
    metrics = json.loads(prompts("export", "--metrics").stdout)
    for version, members in (("1.0", all_of_them[0::2]), ("1.1", all_of_them[1::2])):
        found, measured = metrics["coach"][version], [one["metrics"] for one in members]
        assert found["total_executions"] == 600 and found["success_rate"] == sum(m["success"] for m in measured) / 600
        for mine, theirs in (("avg_execution_time_ms", "execution_time_ms"), ("avg_token_count", "token_count"),
                             ("avg_output_length", "output_length"), ("avg_quality_score", "quality_score")):
            assert found[mine] == pytest.approx(sum(m[theirs] for m in measured) / 600)
    told = json.loads(prompts("performance", "coach", "--from", "2026-01-01", "--json").stdout)
    assert {row["key"]["prompt.version"]: row["figures"]["calls"] for row in told["groups"]} == {"1.0": 600, "1.1": 600}


def test_what_is_no_such_file_is_told_apart(server, prompts, tmp_path):
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"coach": {"1.0": {"total_executions": 3, "success_rate": 1.0}}}))
    assert "prompt_performance.json" in prompts("import", file, code=2).stderr
    file.write_text(json.dumps([execution(1), execution(2, execution_time_ms=-5)]))
    refused = prompts("import", file, code=2).stderr
    assert "execution 2" in refused and "execution_time_ms" in refused and count(server) == 0
    file.write_text(json.dumps([{**execution(1), "mood": "fine"}]))
    assert "left out: mood" in prompts("import", file).stdout
    assert json.loads(prompts("import", file, "--json").stdout) == {"executions": 1, "left_out": ["mood"]}
    assert "steno calls export" in prompts("export", "--executions", "--format", "csv", code=2).stderr
    prompts("export", "--metrics", "--format", "csv", code=2)
    prompts("export", "--days", "3", code=2)
