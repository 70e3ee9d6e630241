"""The commands of experiments, as people and scripts run them, on a real server and on a folder."""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, run  # noqa: E402


@pytest.fixture(params=["server", "folder"])
def ask(request, tmp_path):
    """The commands, on a server, and on a folder that has none."""
    data = tmp_path / "data"
    with Server(data) as running:
        def at(*place):
            def ask(*args, code=0, stdin=None):
                done = run(*args, *place, check=False, stdin=stdin)
                assert done.returncode == code, done.stdout + done.stderr
                return done

            return ask

        if request.param == "server":
            yield at("--server", running.url)
            return
    yield at("--data", str(data))


def test_an_experiment_on_the_command_line(ask):
    assert "no experiments" in ask("experiments").stdout
    ask("prompts", "create", "answer", "--text", "Answer {{question}}", "--label", "production")
    ask("prompts", "create", "answer", "--text", "Answer {{question}} in one sentence")
    made = ask("experiments", "create", "tone", "--prompt", "answer", "--variant", "control", "--variant", "short,version=2,weight=3", "--variant",
               "mini,model=gpt-5-mini,temperature=0.2", "--metric", "acceptance_rate", "--guard", "cost_per_call,worse_by=20%", "--share", "50%", "--margin", "0.01", "--by", "ann").stdout
    for words in ("tone  draft", "prompt answer (production)", "50 %", "20 % of the control's", "version 2", "model gpt-5-mini, temperature 0.2", "60 %"):
        assert words in made, made
    shown = json.loads(ask("experiments", "show", "tone", "--json").stdout)
    assert shown["variants"][1] == {"name": "short", "weight": 3, "stopped": False, "version": "2"} and shown["share"] == 0.5
    assert shown["guards"] == [{"metric": "cost_per_call", "better": "lower", "worse_by": 0.2, "relative": True}]
    assert "running" in ask("experiments", "start", "tone", "--reason", "ready").stdout
    assert "stopped" in ask("experiments", "stop", "tone", "mini", "--reason", "too many complaints").stdout
    ask("experiments", "set", "tone", "--weight", "control=1", "--weight", "short=1", "--share", "1")
    told = [ask("experiments", "assign", "tone", f"user-{i}").stdout for i in range(3)]
    assert all(("gets short" in one or "gets control" in one) and "as 50 % of those" in one for one in told), told
    assert "tone" in ask("experiments", "list", "--state", "running").stdout
    ask("experiments", "pause", "tone")
    assert "nobody is assigned" in ask("experiments", "assign", "tone", "ann").stdout
    done = ask("experiments", "conclude", "tone", "--winner", "short").stdout
    assert "concluded: short" in done
    history = ask("experiments", "history", "tone").stdout
    for words in ("created", "ready", "too many complaints", "share: 0.5 → 1"):
        assert words in history, history
    assert "concluded" in ask("experiments", "start", "tone", code=6).stderr


def test_definitions_from_files_and_what_is_wrong_with_them(ask, tmp_path):
    file = tmp_path / "mini.json"
    file.write_text(json.dumps({"prompt_type": "support", "metric": "success_rate", "variants": [{"name": "a"}, {"name": "b", "model": "gpt-5-mini", "parameters": {"seed": 1}}]}))
    made = json.loads(ask("experiments", "create", "mini", "--file", file, "--unit", "session", "--start", "--json").stdout)
    assert (made["state"], made["unit"], made["variants"][1]["parameters"]) == ("running", "session", {"seed": 1})
    assert "nothing is to be changed" in ask("experiments", "set", "mini", code=2).stderr
    assert "KEY=VALUE" in ask("experiments", "create", "x", "--variant", "a,b", code=2).stderr
    assert "VARIANT=WEIGHT" in ask("experiments", "set", "mini", "--weight", "a", code=2).stderr
    assert "the weight of" in ask("experiments", "set", "mini", "--weight", "a=-1", code=2).stderr
    assert '--share: "half" is no number above 0' in ask("experiments", "set", "mini", "--share", "half", code=2).stderr
    assert '--share: "nan" is no number above 0' in ask("experiments", "set", "mini", "--share", "nan", code=2).stderr
    assert '--weight: "nan" is no number above 0' in ask("experiments", "set", "mini", "--weight", "b=nan", code=2).stderr
    assert '--every-minutes: "often" is no whole number' in ask("experiments", "set", "mini", "--every-minutes", "often", code=2).stderr
    file.write_text("[]")
    assert "no JSON object" in ask("experiments", "create", "x", "--file", file, code=2).stderr
    assert "stays as it is" in ask("experiments", "set", "mini", "--metric", "acceptance_rate", code=6).stderr
    ask("experiments", "create", "x", "--prompt-type", "other", "--metric", "success_rate", "--variant", "a", "--variant", "b")
    assert "removed" in ask("experiments", "remove", "x").stdout
    assert 'named "x"' in ask("experiments", "show", "x", code=3).stderr


def test_a_variants_json_keeps_its_commas_and_what_is_no_json_is_told(ask):
    wanted = {"temperature": 0.2, "stop": ["a,b", "}\""]}
    made = json.loads(ask("experiments", "create", "json", "--prompt-type", "faq", "--metric", "success_rate", "--variant", "a", "--variant",
                          f"b, parameters={json.dumps(wanted)} , weight=2,model=m", "--json").stdout)
    assert made["variants"][1] == {"name": "b", "weight": 2, "stopped": False, "model": "m", "parameters": wanted}
    for damaged in ('b,parameters={"temperature":0.2,"top_p":1', 'b,parameters={"a":1}x,weight=2', "b,parameters={temperature:1}"):
        told = ask("experiments", "create", "x", "--prompt-type", "faq", "--metric", "success_rate", "--variant", "a", "--variant", damaged, code=2).stderr
        assert "--variant: parameters is no JSON" in told and "in single quotes" in told, told


def test_what_cannot_be_started_at_once_is_not_made_either(ask):
    definition = ["--prompt-type", "faq", "--metric", "success_rate", "--variant", "a", "--variant", "b"]
    ask("experiments", "create", "first", *definition, "--start")
    told = ask("experiments", "create", "second", *definition, "--start", code=4).stderr
    assert '"first" runs for the prompt type "faq" already; second was not made' in told and "without --start" in told, told
    assert 'named "second"' in ask("experiments", "show", "second", code=3).stderr
    ask("experiments", "create", "second", *definition)
    ask("experiments", "pause", "first")
    assert "running" in ask("experiments", "start", "second").stdout


def test_errors_speak_of_flags_where_flags_said_it_and_of_members_where_a_file_did(ask, tmp_path):
    definition = ["--prompt-type", "faq", "--variant", "a", "--variant", "b"]

    def refused(*args):
        return ask("experiments", "create", "x", *args, code=2).stderr

    assert "a --prompt-type" in refused("--metric", "success_rate", "--variant", "a", "--variant", "b")
    assert "--every-minutes: from" in refused(*definition, "--metric", "success_rate", "--every-minutes", "1")
    assert "--better: higher or lower" in refused(*definition, "--metric", "score.tone")
    assert "--guard: worse_by" in refused(*definition, "--metric", "success_rate", "--guard", "success_rate,worse_by=2")
    assert '--prompt "NAME"' in refused("--prompt-type", "faq", "--metric", "success_rate", "--variant", "a", "--variant", "b,version=2")
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"name": "other", "prompt_type": "faq", "metric": "success_rate", "share": 2, "variants": [{"name": "a"}, {"name": "b"}]}))
    assert 'is of an experiment named "other", and "x" is to be made' in refused("--file", file)
    file.write_text(file.read_text().replace('"other"', '"x"'))
    assert "error: share: a number" in refused("--file", file)
    assert "--share: a number" in refused("--file", file, "--share", "3")
    ask("experiments", "create", "x", "--file", file, "--share", "1", "--start")
    told = ask("experiments", "set", "x", "--metric", "acceptance_rate", code=6).stderr
    assert "--share, --weight, --guard, --rule and --every-minutes may change" in told, told
