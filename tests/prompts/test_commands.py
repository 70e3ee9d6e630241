"""The commands of prompts, as people and scripts run them, on a real server and on a folder."""

import csv
import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios

import openpyxl
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import BINARY, NO_KEYS, Server, run  # noqa: E402

TEXT = "Answer {{question}} in a {{tone}} tone."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("commands") / "data") as running:
        yield running


@pytest.fixture
def prompts(server):
    def ask(*args, code=0, stdin=None):
        done = run("prompts", *args, "--server", server.url, check=False, stdin=stdin)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return ask


def at_a_terminal(*args, typed=""):
    """(exit code, what stood there) of a command that a person runs at a terminal of 80 columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen([BINARY, *map(str, args)], stdin=follower, stdout=follower, stderr=follower, env={**NO_KEYS, "TERM": "dumb"})
    os.close(follower)
    os.write(leader, typed.encode())
    shown = b""
    while True:
        try:
            piece = os.read(leader, 1 << 16)
        except OSError:  # the process has ended
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    return process.wait(timeout=60), re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())  # without our own colours


def test_the_commands(where, tmp_path):
    def prompts(*args, **more):
        return run("prompts", *args, *where, **more)

    assert "no prompts" in prompts("list").stdout
    made = prompts("create", "support/answer", "--text", TEXT, "--model", "gpt-4o-mini", "--goal", "Answers", "--label", "production", "--tag", "a")
    assert made.stdout == "support/answer has version 1 now\n"
    assert "says the same already" in prompts("create", "support/answer", "--text", TEXT, "--model", "gpt-4o-mini", "--goal", "Answers").stdout
    assert prompts("create", "support/answer", "--file", "-", "--notes", "shorter", stdin="Answer {{question}}.\n").stdout == "support/answer has version 2 now\n"
    listed = prompts().stdout
    assert re.search(r"support/answer +2 +2 +production 1 ", listed), listed
    assert json.loads(prompts("list", "--json").stdout)["total"] == 1
    shown = prompts("show", "support/answer").stdout
    assert "production → 1" in shown and "Answer {{question}}." in shown and "shorter" in shown
    assert "in a {{tone}} tone" in prompts("show", "support/answer", "--label", "production").stdout
    assert "production → 2" in prompts("label", "support/answer", "production", "latest", "--by", "ann", "--reason", "shorter").stdout
    assert re.search(r"1 +2 +ann +shorter", prompts("label", "support/answer", "production").stdout)
    assert "production → 1" in prompts("rollback", "support/answer").stdout
    difference = prompts("diff", "support/answer", "1", "2").stdout
    assert "-Answer {{question}}[- in a {{tone}} tone-]." in difference and 'model         "gpt-4o-mini" → –' in difference
    rendered = prompts("render", "support/answer", "--set", "question=Why?", "--set", "n=1")
    assert rendered.stdout == "Answer Why? in a  tone.\n"
    assert "missing, and empty in the text: tone" in rendered.stderr and "not in the prompt: n" in rendered.stderr
    strict = prompts("render", "support/answer", "--strict", check=False)
    assert strict.returncode == 2 and "question, tone" in strict.stderr
    assert "protected" in prompts("label", "support/answer", "production", "--protect").stdout
    refused = prompts("label", "support/answer", "production", "2", check=False)
    assert refused.returncode == 6 and "--force" in refused.stderr
    assert "is archived" in prompts("archive", "support/answer").stdout
    assert "no prompts" in prompts("list").stdout and "support/answer" in prompts("list", "--archived").stdout
    assert prompts("archive", "support/answer", "--undo").stdout == "support/answer is back\n"
    assert prompts("remove", "support/answer", check=False).returncode == 6
    assert "is removed" in prompts("remove", "support/answer", "--force").stdout
    gone = prompts("show", "support/answer", check=False)
    assert gone.returncode == 3 and "there is no prompt" in gone.stderr
    wrong = prompts("create", "x", "--text", "a\n{{#b}}", check=False)
    assert wrong.returncode == 2 and "line 2, column 1: {{#b}} is not closed" in wrong.stderr
    nothing = prompts("create", "x", check=False, stdin="")
    assert nothing.returncode == 2 and "needs its text" in nothing.stderr


def test_a_command_ends_the_same_on_a_server_and_on_a_folder(where):
    run("prompts", "create", "x", "--text", "one", "--version", "1.0", *where)
    for args, code in [(("create", "x", "--text", "two", "--version", "1"), 4), (("create", "x", "--text", "two", "--version", "0.9"), 4), (("show", "y"), 3),
                       (("create", "x", "--text", "{{", "--version", "2"), 2), (("label", "x", "latest", "1"), 2), (("rollback", "x"), 6)]:
        done = run("prompts", *args, *where, check=False)
        assert done.returncode == code, (args, done.stderr)


def test_a_text_reaches_other_programs_as_it_is(server, prompts, tmp_path):
    text = "def f(x):\n\tif x:\n\t\treturn '\U0001f468\u200d\U0001f469'\n  two  spaces \x1b]0;title\x07\u202e"
    file = tmp_path / "code.txt"
    file.write_text(text + "\n")
    prompts("create", "code", "--file", file)
    assert prompts("render", "code").stdout == text + "\n"
    code, shown = at_a_terminal("prompts", "render", "code", "--server", server.url)
    assert code == 0 and "\tif x:" in shown and "\t\treturn" in shown and "\x1b" not in shown and "\u202e" not in shown
    shown = prompts("show", "code").stdout  # what is for people's eyes alone
    assert "\t\treturn" in shown and "\x1b" not in shown
    file.write_text(text.replace("\t\t", "\t") + "\n")
    prompts("create", "code", "--file", file)
    assert "-\t[-\t-]return" in prompts("diff", "code", "1", "2").stdout


def test_a_new_version_keeps_what_is_not_said_anew(prompts):
    def said(version):
        return [(m["role"], m["content"]) for m in json.loads(prompts("show", "kept", "--version", version, "--json").stdout)["messages"]]

    settings = ("--model", "gpt-4o-mini", "--temperature", "0.3", "--goal", "Answers", "--token-limit", "500")
    prompts("create", "kept", "--text", TEXT, *settings, "--author", "ann", "--notes", "the first", "--label", "production")
    assert "version 2" in prompts("create", "kept", "--from", "production", "--text", "Answer {{question}}.").stdout
    two = json.loads(prompts("show", "kept", "--version", "2", "--json").stdout)
    assert (two["model"], two["temperature"], two["goal"], two["token_limit"], two["text"]) == ("gpt-4o-mini", 0.3, "Answers", 500, "Answer {{question}}.")
    assert two["notes"] == "" and two["author"] not in ("ann", "")  # of the version before; who runs this made it
    prompts("create", "kept", "--from", "2", "--text", "Why?", "--system", "Be brief.")
    three = json.loads(prompts("show", "kept", "--version", "3", "--json").stdout)
    assert [m["content"] for m in three["messages"]] == ["Be brief.", "Why?"] and "text" not in three
    prompts("create", "kept", "--from", "3", "--file", "-", stdin="Again.\r\n")
    four = json.loads(prompts("show", "kept", "--json").stdout)["latest"]
    assert four["version"] == "4" and said("4") == [("system", "Be brief."), ("user", "Again.")]
    prompts("create", "kept", "--from", "4", "--text", "Only user")
    assert said("5") == [("system", "Be brief."), ("user", "Only user")]
    prompts("create", "kept", "--from", "latest", "--system", "Be kind.")
    assert said("6") == [("system", "Be kind."), ("user", "Only user")]
    prompts("create", "kept", "--from", "1", "--system", "Be kind.")  # of a text
    assert said("7") == [("system", "Be kind."), ("user", TEXT)]
    assert "has no version 9" in prompts("create", "kept", "--from", "9", code=3).stderr
    assert "which prompt" in prompts("create", "--from", "1", code=2).stderr


def test_messages_that_a_flag_does_not_name_stay(prompts, server):
    chat = [("developer", "D"), ("user", "one"), ("assistant", "two"), ("user", "three")]

    def created(*args, code=0, stdin=None):
        return prompts("create", "chat", *args, code=code, stdin=stdin)

    def said(version):
        return [(m["role"], m["content"]) for m in json.loads(prompts("show", "chat", "--version", version, "--json").stdout)["messages"]]

    server.request("POST", "/api/v1/prompts", {"name": "chat", "messages": [{"role": r, "content": c} for r, c in chat]}, expect=201)
    refused = created("--from", "latest", "--text", "x", code=2).stderr
    assert "several user messages" in refused and "--text" in refused and "--file" in refused
    assert "--file" in created("--from", "latest", "--file", "-", code=2, stdin="x").stderr
    created("--from", "1", "--system", "Be kind.")
    assert said("2") == [("developer", "Be kind."), *chat[1:]]
    server.request("POST", "/api/v1/prompts/chat/versions", {"messages": [{"role": "assistant", "content": "Hi"}]}, expect=201)
    created("--from", "3", "--text", "Why?", "--system", "Be brief.")
    assert said("4") == [("system", "Be brief."), ("assistant", "Hi"), ("user", "Why?")]
    assert "needs its text" in prompts("create", "other", "--system", "x", code=2, stdin="").stderr


def test_who_moved_a_label_is_known(prompts):
    prompts("create", "moved", "--text", "one")
    prompts("label", "moved", "production", "1")
    me = json.loads(prompts("label", "moved", "production", "--json").stdout)["history"][0]["by"]
    assert me == subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert "has no label \"nobody\"" in (refused := prompts("label", "moved", "nobody", code=3).stderr) and "there are: production" in refused
    assert "does not move" in prompts("label", "moved", "latest", code=3).stderr


def test_a_version_and_itself(prompts):
    prompts("create", "itself", "--text", "one", "--label", "production")
    assert "both are version 1: there is nothing to compare" in prompts("diff", "itself", "production", "latest").stdout
    assert json.loads(prompts("diff", "itself", "1", "1", "--json").stdout)["same"] is True


def test_input_has_bounds(prompts, tmp_path):
    assert "25165824" in prompts("create", "long", "--file", "-", stdin="x" * (25 << 20), code=7).stderr
    file = tmp_path / "long.txt"
    file.write_text("x" * (25 << 20))
    assert "25165824" in prompts("create", "long", "--file", file, code=7).stderr
    assert "10485760 at most" in prompts("create", "long", "--file", "-", stdin="x" * ((10 << 20) + 1), code=2).stderr
    prompts("show", "long", code=3)


def test_a_server_that_wants_a_key_or_is_not_there(tmp_path):
    key = tmp_path / "key"
    key.write_text("a-key-of-24-characters-ok")
    with Server(tmp_path / "data", "--api-key-file", key, ready=False) as server:
        run("prompts", "create", "x", "--text", "one", "--server", server.url, "--api-key-file", key)
        other = tmp_path / "other"
        other.write_text("another-key-that-is-wrong")
        for flags in ((), ("--api-key-file", other)):
            for command in (("list",), ("create", "y", "--text", "two"), ("sync", tmp_path, "--check"), ("remove", "x", "--force")):
                refused = run("prompts", *command, "--server", server.url, *flags, check=False)
                assert refused.returncode == 5 and "key" in refused.stderr, command
        assert json.loads(run("prompts", "--json", "--server", server.url, "--api-key-file", key).stdout)["total"] == 1
    folder = tmp_path / "folder"
    away = run("prompts", "sync", folder, "--pull", "--server", server.url, check=False)
    assert away.returncode == 8 and "cannot connect" in away.stderr and away.stdout == "" and not folder.exists()


def test_versions_as_a_table(prompts, tmp_path):
    prompts("create", "table/a", "--text", 'Say "{{what}}",\nplease', "--version", "1.9", "--temperature", "0.7", "--label", "production", "--author", "ann", "--model", "m")
    prompts("create", "table/a", "--text", "Two", "--version", "1.10", "--system", "Be kind.", "--label", "staging", "--label", "canary", "--author", "ann")
    file = tmp_path / "a.csv"
    assert "2 versions" in prompts("export", "--prompt", "table/a", "--output", file).stderr
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(r["name"], r["version"], r["labels"], r["temperature"], r["model"], r["author"]) for r in rows] == [
        ("table/a", "1.9", "production", "0.7", "m", "ann"), ("table/a", "1.10", "canary, staging", "", "", "ann")]
    assert rows[0]["prompt"] == 'Say "{{what}}",\nplease'
    assert json.loads(rows[1]["messages"]) == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Two"}]
    assert prompts("export", "--prompt", "table/a", "--format", "csv").stdout == file.read_text()
    sheet = tmp_path / "a.xlsx"
    prompts("export", "--prompt", "table/a", "--format", "xlsx", "--output", sheet)
    head, *rows = openpyxl.load_workbook(sheet, read_only=True).worksheets[0].iter_rows(values_only=True)
    assert [dict(zip(head, row))["version"] for row in rows] == ["1.9", "1.10"] and dict(zip(head, rows[0]))["temperature"] == 0.7
    whole = json.loads(prompts("export", "--prompt", "table/a", "--format", "json").stdout)
    assert list(whole) == ["table/a"] and list(whole["table/a"]) == ["1.9", "1.10"]
    prompts("create", "table/hidden", "--text", "x")
    prompts("archive", "table/hidden")
    names = {row["name"] for row in csv.DictReader(prompts("export", "--format", "csv").stdout.splitlines())}
    assert {"table/a", "table/hidden"} <= names
    assert "--output FILE.xlsx" in prompts("export", "--format", "xlsx", code=2).stderr
    prompts("export", "--prompt", "nobody", code=3)


def test_texts_that_can_be_read_in_two_ways_are_not_taken_over(prompts, tmp_path):
    file = tmp_path / "prompt_registry.json"
    file.write_text(json.dumps({"two_ways": {"1.0": {"prompt": "Tasks: {task_context}"}}}))
    refused = prompts("import", file, code=2).stderr
    assert "{task_context}" in refused and "--format-strings" in refused and "--templates" in refused
    prompts("show", "two_ways", code=3)
    prompts("import", file, "--templates")
    assert prompts("render", "two_ways").stdout == "Tasks: {task_context}\n"
    file.write_text(json.dumps({"one_way": {"1.0": {"prompt": 'Tasks: {{task_context}} {"a": {}} {{{b}}}'}}}))
    prompts("import", file)
    assert "there are no prompts in the file" in prompts("import", "-", stdin="{}").stdout


def test_a_person_at_a_terminal_is_asked(tmp_path):
    with Server(tmp_path / "data") as server:
        leader, follower = pty.openpty()
        process = subprocess.Popen([BINARY, "prompts", "create", "--server", server.url], stdin=follower, stdout=follower, stderr=follower,
                                   env={**NO_KEYS, "TERM": "dumb"})
        os.close(follower)
        os.write(leader, b"asked\n\nAnswers\ngpt-4o-mini\n0.7\n500\n\n\nAnswer {{question}}\nbriefly.\n.\n")
        assert process.wait(timeout=60) == 0
        os.close(leader)
        made = server.get("/api/v1/prompts/asked/fetch")[2]
        assert (made["version"], made["goal"], made["temperature"], made["token_limit"]) == ("1", "Answers", 0.7, 500)
        assert made["text"] == "Answer {{question}}\nbriefly." and "top_k" not in made


def test_a_person_is_asked_again_and_told_at_once(server, prompts):
    asked = ("prompts", "create", "--server", server.url)
    code, shown = at_a_terminal(*asked, typed="a@b\nagain\none\n1.0\n\nm\nwarm\n200\n0.7\n\n\n\n{{#a}}\n.\nWhy {{a}}?\n.\n")
    assert code == 0, shown
    for told in ("divides a name from a label", '"one" is no version', '"warm" is no number', "temperature: a number from 0 to 100", "line 1, column 1: {{#a}} is not closed"):
        assert told in shown, shown
    made = server.get("/api/v1/prompts/again/fetch")[2]
    assert (made["version"], made["model"], made["temperature"], made["text"]) == ("1.0", "m", 0.7, "Why {{a}}?")
    # What there is already stands in brackets, and stays.
    code, shown = at_a_terminal(*asked, typed="again\n\n\nm2\n\n\n\n\n.\n")
    assert code == 0 and "Model [m]" in shown and "Temperature [0.7]" in shown, shown
    made = server.get("/api/v1/prompts/again/fetch")[2]
    assert (made["version"], made["model"], made["temperature"], made["text"]) == ("1.1", "m2", 0.7, "Why {{a}}?")
    prompts("archive", "again")
    code, shown = at_a_terminal(*asked, typed="again\n")
    assert code == 3 and "is archived" in shown and "Goal" not in shown, shown


def test_tables_fit_a_terminal(server, prompts):
    prompts("create", "support/" + "wide" * 5, "--text", "x", "--model", "anthropic/claude-sonnet-4-5-20250929", "--goal", "Answers " * 20, "--author", "Annemarie Longname-Schmidt",
            "--notes", "shorter, and asks back " * 5, *(flag for label in ("production", "staging", "canary") for flag in ("--label", label)))
    for args in (("list",), ("label", "support/" + "wide" * 5, "production")):
        code, shown = at_a_terminal("prompts", *args, "--server", server.url)
        assert code == 0 and max(len(line) for line in shown.splitlines()) <= 80, shown


def test_numbers_and_files_that_cannot_be_are_refused(prompts, tmp_path):
    for number in ("nan", "inf", "-inf"):
        assert "is no number that a model takes" in prompts("create", "hot", "--text", "x", f"--temperature={number}", code=2).stderr
    assert "--top-p" in prompts("create", "hot", "--text", "x", "--top-p=nan", code=2).stderr
    prompts("show", "hot", code=3)
    file = tmp_path / "prompt_registry.json"
    for content, words in ((b'{"p": {"1": {"prompt": "x", "temperature": NaN}}}', "NaN"), (b"\x89PNG\r\n", "not UTF-8"), (b"{} {}", "more after th")):
        file.write_bytes(content)
        refused = prompts("import", file, code=2).stderr
        assert f"{file} is no JSON" in refused and words in refused
