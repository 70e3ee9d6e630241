"""steno prompts sync: prompts and files of a folder, as people, git and strangers leave them."""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import sqlite3
import sys
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, run  # noqa: E402

TEXT = "Answer {{question}} in a {{tone}} tone."


@pytest.fixture
def prompts(tmp_path):
    with Server(tmp_path / "data") as server:

        def ask(*args, code=0):
            done = run("prompts", *args, "--server", server.url, check=False)
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout + done.stderr

        ask.server = server.url
        yield ask


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "prompts"
    made.mkdir()
    return made


def version_of(prompts, name):
    return json.loads(prompts("show", name, "--json"))["latest"]["version"]


def test_files_and_prompts_are_kept_the_same(where, tmp_path):
    folder = tmp_path / "prompts"

    def prompts(*args, code=0):
        done = run("prompts", *args, *where, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    prompts("create", "support/answer", "--text", TEXT, "--system", "Be {{mood}}.\n\n", "--temperature", "0.3")
    prompts("create", "plain", "--text", "Just this.")
    assert prompts("sync", folder, "--check", code=3)  == ""  # there is no such folder
    prompts("sync", folder, "--pull")
    assert sorted(str(f.relative_to(folder)) for f in folder.rglob("*.prompt")) == ["plain.prompt", "support/answer.prompt"]
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"
    plain = folder / "plain.prompt"
    assert plain.read_text() == '+++\nname = "plain"\nversion = "1"\n+++\nJust this.\n'

    # Edited as people do, with a comment, and a new file without name and version.
    plain.write_text('+++\n# ours\nname = "plain"\nversion = "1"\n+++\nJust that.\n')
    (folder / "new").mkdir()
    (folder / "new" / "one.prompt").write_text("+++\n+++\nHello {{who}}\n")
    assert re.findall(r"(edited|only a file) +(\S+)", prompts("sync", folder, "--check", code=6)) == [("only a file", "new/one"), ("edited", "plain")]
    assert "edited" in prompts("sync", folder, "--pull", code=6) and "Just that." in plain.read_text()  # not overwritten
    assert re.findall(r"(created|new version) +(\S+)", prompts("sync", folder)) == [("created", "new/one"), ("new version", "plain")]
    assert plain.read_text() == '+++\n# ours\nname = "plain"\nversion = "2"\n+++\nJust that.\n'
    assert (folder / "new/one.prompt").read_text() == '+++\nversion = "1"\n+++\nHello {{who}}\n'
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"

    # One that is merely behind is never pushed as if it were new.
    prompts("create", "plain", "--text", "Something newer.")
    assert re.findall(r"behind +plain", prompts("sync", folder, code=6))
    assert "Something newer." in prompts("show", "plain")
    plain.write_text(plain.read_text().replace("that", "other"))
    for way in ("--push", "--pull", "--check"):
        assert re.findall(r"both changed +plain", prompts("sync", folder, way, code=6))
    prompts("sync", folder, "--push", "--force")
    assert "Just other." in prompts("show", "plain") and 'version = "4"' in plain.read_text()

    (folder / "broken.prompt").write_text('+++\nversion = "1"\n+++\n{{#a}}')
    broken = run("prompts", "sync", folder, *where, check=False)
    assert broken.returncode == 2 and "broken.prompt: line 1, column 1" in broken.stderr
    (folder / "broken.prompt").write_text('+++\nname = "plain"\n+++\nx')
    assert "are both the prompt" in run("prompts", "sync", folder, *where, check=False).stderr



def test_a_file_of_another_prompt_is_never_written_over(prompts, folder):
    prompts("create", "first", "--text", "first")
    prompts("create", "First", "--text", "in capitals")  # not another file, on some file systems
    mine = folder / "first.prompt"
    mine.write_text('+++\nname = "mine"\n+++\nnowhere else\n')
    assert "only a file" in prompts("sync", folder, "--pull", code=6)
    assert "nowhere else" in mine.read_text()
    assert len({path.name.lower() for path in folder.iterdir()}) == 3
    prompts("sync", folder)
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"
    assert prompts("sync", folder, "--pull") == "files and prompts say the same\n"


def test_nothing_outside_the_folder_is_read_or_written(prompts, folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    prompts("create", "support/answer", "--text", "one")
    prompts("create", ".git/refs/heads/main", "--text", "two")
    (folder / "support").symlink_to(outside)
    assert "is a link" in prompts("sync", folder, "--pull", code=6) and list(outside.iterdir()) == []
    (folder / "support").unlink()
    (folder / "support").mkdir()
    target = outside / "target"
    target.write_text("not ours")
    (folder / "support" / "answer.prompt").symlink_to(target)
    for way in ("--pull", "--push", "--check"):
        assert "is a link" in prompts("sync", folder, way, code=6)
    (folder / "support" / "answer.prompt").unlink()
    (folder / "support" / "answer.prompt.tmp").symlink_to(target)
    (folder / ".git").mkdir()
    (folder / ".git" / "x.prompt").write_text("no prompt at all")
    prompts("sync", folder, "--pull")
    assert target.read_text() == "not ours" and not (folder / ".git" / "refs").exists()
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"
    for name in ("../evil", "/evil", "a/../../evil", "a//b"):
        (folder / "evil.prompt").write_text(f'+++\nname = "{name}"\n+++\nx\n')
        assert "evil.prompt: the name of a prompt" in prompts("sync", folder, code=2)


def test_any_name_has_a_file(prompts, folder):
    names = ["größe 名前 🙂", "100%", "%2F", "a:b|c?d*e<f>\"g\\h", ".hidden", "a/.b/c", "dots.", "x.prompt/y", "x", "ü" * 100, "ü" * 99 + "v", ":" * 200, ":" * 199 + "?", "שלום עולם", "A", "a"]
    for name in names:
        prompts("create", name, "--text", "Hi {{x}}")
    prompts("sync", folder, "--pull")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == len(names) and all(path.suffix == ".prompt" and not path.name.startswith(".") for path in files)
    assert not any(set(str(path.relative_to(folder))) & set('<>:"|?*\\') for path in files)
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"


def test_a_name_of_before_its_rules_goes_on(tmp_path):
    """Nobody can be called so any more; what is, keeps its versions, files and settings."""
    data, folder, odd = tmp_path / "data", tmp_path / "prompts", "名" * 99 + "\u3164"
    with Server(data) as server:
        server.request("POST", "/api/v1/prompts", {"name": "plain", "text": "one"}, expect=201)
        server.request("PATCH", "/api/v1/prompt-types/plain", {"track_full_data": False})
    with contextlib.closing(sqlite3.connect(data / "control.sqlite")) as control:
        control.execute("UPDATE prompts SET name = ?", [odd])
        control.execute("UPDATE prompt_types SET type = ?", [odd])
        control.commit()
    with Server(data) as server:
        run("prompts", "sync", folder, "--pull", "--server", server.url)
        (file,) = folder.glob("*.prompt")
        file.write_text(file.read_text().replace("one", "two"))
        assert "new version" in run("prompts", "sync", folder, "--server", server.url).stdout
        assert run("prompts", "sync", folder, "--check", "--server", server.url).stdout == "files and prompts say the same\n"
        of_type = f"/api/v1/prompt-types/{urllib.parse.quote(odd)}"
        assert server.request("PATCH", of_type, {"track_full_data": True})[2]["settings"]["track_full_data"] is True
        server.request("DELETE", of_type, expect=None)
        server.request("PATCH", of_type, {"track_full_data": True}, expect=400)
        (folder / "new.prompt").write_text(f'+++\nname = "x{odd}"\n+++\nx')
        refused = run("prompts", "sync", folder, "--server", server.url, check=False)
        assert refused.returncode == 2 and "new.prompt: the name of a prompt has more than 200 bytes" in refused.stderr


def test_lines_as_windows_ends_them(prompts, folder):
    prompts("create", "plain", "--text", "one\ntwo")
    prompts("sync", folder, "--pull")
    file = folder / "plain.prompt"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"
    file.write_bytes(file.read_bytes().replace(b"two", b"three"))
    assert "new version" in prompts("sync", folder)
    assert file.read_bytes() == b'\xef\xbb\xbf+++\r\nname = "plain"\r\nversion = "2"\r\n+++\r\none\r\nthree\r\n'
    assert json.loads(prompts("show", "plain", "--version", "2", "--json"))["text"] == "one\nthree"
    prompts("create", "plain", "--file", file)  # says the same
    assert version_of(prompts, "plain") == "2"


def test_the_version_is_written_where_it_stands_and_nowhere_else(prompts, folder):
    file = folder / "odd.prompt"
    head = '+++\n# a comment\ngoal = """\nversion = "9"\n"""\nmodel="m"   # kept\n+++\n'
    file.write_text(head + "one\nversion = \"5\"\n")
    prompts("sync", folder)
    goal = json.loads(prompts("show", "odd", "--version", "latest", "--json"))["goal"]
    assert goal == 'version = "9"\n' and prompts("sync", folder, "--check") == "files and prompts say the same\n"
    assert file.read_text().endswith('one\nversion = "5"\n')


def test_a_description_and_tags_are_kept_the_same_too(prompts, folder):
    prompts("create", "plain", "--text", "one", "--description", "for all", "--tag", "a")
    prompts("sync", folder, "--pull")
    file = folder / "plain.prompt"
    file.write_text(file.read_text().replace("for all", "for some").replace('["a"]', '["a", "b"]'))
    assert "description   plain" in prompts("sync", folder, "--check", code=6)
    assert "description   plain" in prompts("sync", folder, "--pull", code=6) and "for some" in file.read_text()
    assert "described     plain" in prompts("sync", folder)
    plain = json.loads(prompts("show", "plain", "--json"))
    assert (plain["description"], plain["tags"], plain["version_count"]) == ("for some", ["a", "b"], 1)
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n"


def test_who_and_why_are_of_one_version_alone(prompts, folder):
    prompts("create", "plain", "--text", "one", "--notes", "the first", "--author", "ann")
    prompts("sync", folder, "--pull")
    file = folder / "plain.prompt"
    file.write_text(file.read_text().replace("one", "two"))
    prompts("sync", folder)
    latest = json.loads(prompts("show", "plain", "--json"))["latest"]
    assert latest["version"] == "2" and latest["notes"] == "" and latest["author"] != "ann"


def test_an_archived_prompt_does_not_hold_up_the_others(prompts, folder):
    prompts("create", "hidden", "--text", "one")
    prompts("archive", "hidden")
    (folder / "hidden.prompt").write_text("+++\n+++\ntwo\n")
    (folder / "new.prompt").write_text("+++\n+++\nthree\n")
    assert re.findall(r"(\w+) +(\w+)\n", prompts("sync", folder, code=6)) == [("created", "new"), ("archived", "hidden")]
    assert "three" in prompts("render", "new")


def test_an_older_text_can_be_pushed_again(prompts, folder):
    """As git revert leaves it."""
    prompts("create", "plain", "--text", "one")
    prompts("sync", folder, "--pull")
    file = folder / "plain.prompt"
    first = file.read_text()
    file.write_text(first.replace("one", "two"))
    prompts("sync", folder)
    file.write_text(first)
    assert "behind" in prompts("sync", folder, code=6)
    assert "new version" in prompts("sync", folder, "--push", "--force")
    assert version_of(prompts, "plain") == "3" and prompts("render", "plain") == "one\n" and 'version = "3"' in file.read_text()


def test_what_was_interrupted_is_gone_on_with(prompts, folder):
    prompts("create", "plain", "--text", "one")
    prompts("sync", folder, "--pull")
    file = folder / "plain.prompt"
    file.write_text(file.read_text().replace("one", "two"))
    prompts("create", "plain", "--text", "two")  # pushed, and the file was not written any more
    assert prompts("sync", folder, "--check") == "files and prompts say the same\n" and 'version = "1"' in file.read_text()
    prompts("sync", folder)
    assert 'version = "2"' in file.read_text()
    file.write_text(file.read_text().replace('version = "2"', 'version = "1"'))
    prompts("create", "plain", "--text", "three")
    assert "behind" in prompts("sync", folder, code=6)
    prompts("sync", folder, "--pull")
    assert "three" in file.read_text()


def test_of_two_who_push_at_once_one_is_told(prompts, folder, tmp_path):
    names = [f"p{i}" for i in range(20)]
    for name in names:
        prompts("create", name, "--text", "one")
    other = tmp_path / "other"
    for each in (folder, other):
        prompts("sync", each, "--pull")
        for name in names:
            file = each / f"{name}.prompt"
            file.write_text(file.read_text().replace("one", f"of {each.name}"))

    def push(each):
        return run("prompts", "sync", each, "--json", "--server", prompts.server, check=False)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = [json.loads(each.stdout) for each in pool.map(push, (folder, other))]
    pushed = [set(each["new_versions"]) for each in done]
    assert pushed[0] | pushed[1] == set(names) and not pushed[0] & pushed[1]
    assert [set(each["conflicts"]) for each in done] == [pushed[1], pushed[0]]
    assert all(version_of(prompts, name) == "2" for name in names)


def test_what_a_program_is_told(prompts, folder):
    prompts("create", "elsewhere", "--text", "one")
    (folder / "new.prompt").write_text("+++\n+++\ntwo\n")
    told = json.loads(prompts("sync", folder, "--check", "--json", code=6))
    assert set(told) == {"created", "new_versions", "described", "written", "only_files", "no_files", "edited", "descriptions", "behind", "conflicts", "archived", "warnings"}
    assert told["only_files"] == ["new"] and told["no_files"] == ["elsewhere"] and told["written"] == []
    prompts("sync", folder)
    assert prompts("sync", folder) == "1 prompt has no file here: --check says which, --pull writes them\n"


def test_files_have_the_rights_that_people_give_them(prompts, folder):
    prompts("create", "a/plain", "--text", "one")
    prompts("sync", folder, "--pull")
    file = folder / "a" / "plain.prompt"
    new = folder / "as_others"
    new.touch()
    assert file.stat().st_mode == new.stat().st_mode
    file.chmod(0o640)
    file.write_text(file.read_text().replace("one", "two"))
    prompts("sync", folder)
    assert file.stat().st_mode & 0o777 == 0o640
