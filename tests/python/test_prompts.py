"""Prompts of a real server's registry in programs: fetched, filled in, said of the calls, and there while the server is not."""

import datetime
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import pytest
import steno
from steno_process import Server, Simulator

NOBODY = "http://127.0.0.1:1"
KEY = "0123456789abcdef"


def create(server, name, version=None, **content):
    path = "/api/v1/prompts" if version is None else f"/api/v1/prompts/{name}/versions"
    server.request("POST", path, {**({"name": name} if version is None else {"version": version}), **content}, expect=201)


def move(server, name, label, version):
    server.request("PUT", f"/api/v1/prompts/{name}/labels/{label}", {"version": version})


@pytest.fixture
def own(tmp_path):
    """A server that can be stopped, with prompts, and recording that goes there."""
    running = Server(tmp_path / "own")
    create(running, "tone", text="Be {{mood}}.", variables=[{"name": "mood", "default": "kind"}])
    create(running, "answer", text="{{> tone}} Answer {{question}}", model="gpt-4o-mini", temperature=0.5, labels=["production"],
           parameters={"seed": 1})
    create(running, "chat", messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{#items}}- {{.}}\n{{/items}}"}])
    steno.start(server=running.url, spool_folder=str(tmp_path / "spool"), interval=0.005)
    yield running
    steno.stop()
    running.__exit__()


def test_a_prompt_is_fetched_and_filled_in(own):
    prompt = steno.get_prompt("answer")
    assert (prompt.name, prompt.version, prompt.labels, prompt.source, prompt.error) == ("answer", "1", ["production", "latest"], "server", "")
    assert (prompt.model, prompt.temperature, prompt.top_k, prompt.parameters, prompt.tools, prompt.response_schema) == (
        "gpt-4o-mini", 0.5, None, {"seed": 1}, [], None)
    assert prompt.template == "{{> tone}} Answer {{question}}" and repr(prompt) == "<steno.Prompt 'answer' 1>"
    filled = prompt.render({"question": 'Why "?'}, extra=1)
    assert (filled.text, filled.missing, filled.unused) == ('Be kind. Answer Why "?', [], ["extra"])
    assert prompt.messages(question="a") == [{"role": "user", "content": "Be kind. Answer a"}]
    assert prompt.render().missing == ["question"]
    assert steno.get_prompt("chat", label="latest").messages(items=["a", 1.50]) == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "- a\n- 1.5\n"}]
    # As the server itself renders it, whatever the values.
    for variables in ({"question": "{{mood}} \ud83d\ude42", "mood": None}, {"question": {"a": [1, None, True]}}, {"mood": ""}):
        there = own.request("POST", "/api/v1/prompts/answer/render", {"variables": variables})[2]
        here = prompt.render(variables)
        assert (here.text, here.missing, here.unused) == (there["text"], there["missing"], there["unused"])
    with pytest.raises(ValueError):
        prompt.render(question=float("nan"))


def test_a_label_that_moved_is_seen(own):
    assert steno.get_prompt("answer").version == "1"
    create(own, "answer", "2", text="Answer {{question}} briefly.")
    move(own, "answer", "production", "2")
    assert steno.get_prompt("answer").version == "1"  # from memory
    assert steno.get_prompt("answer", version="2").version == "2"
    assert steno.get_prompt("answer", max_age=0).version == "2"
    assert steno.get_prompt("answer").version == "2"
    # What it includes, too.
    move(own, "answer", "production", "1")
    create(own, "tone", "2", text="Be brief.")
    assert steno.get_prompt("answer", max_age=0).messages(question="a")[0]["content"] == "Be brief. Answer a"
    # A prompt that could not be rendered any more is not taken.
    own.request("DELETE", "/api/v1/prompts/tone?force=true", expect=200)
    prompt = steno.get_prompt("answer", max_age=0)
    assert "{{> tone}}" in prompt.error and prompt.render(question="a").text == "Be brief. Answer a"


def test_what_is_the_same_is_not_sent_again(own):
    path = "/api/v1/prompts/answer/fetch?included=true"
    tag = own.get(path)[1]["etag"]
    assert own.get(path, expect=304, headers={"If-None-Match": tag})[2] == b""
    create(own, "tone", "2", text="Be brief.")
    status, _, answer = own.get(path, headers={"If-None-Match": tag})
    assert answer["included"] == [{"include": "tone", "text": "Be brief."}]
    assert "included" not in own.get("/api/v1/prompts/answer/fetch")[2]


PROGRAM = """
import sys, steno
try:
    prompt = steno.get_prompt(sys.argv[1] if len(sys.argv) > 1 else "answer", patience=30, FALLBACK)
    print(prompt.source, prompt.version, prompt.render(question="a").text)
    if prompt.error: print(prompt.error)
except steno.PromptError as error:
    print(type(error).__name__, error)
"""


def test_it_is_there_while_the_server_is_not(own, program, tmp_path):
    env = {"STENO_SERVER": own.url, "STENO_SPOOL": str(tmp_path / "kept")}
    done, _ = program(PROGRAM.replace("FALLBACK", ""), env)
    assert (done.stdout, done.stderr) == ("server 1 Be kind. Answer a\n", "")
    prompt = steno.get_prompt("answer")
    own.kill()
    assert steno.get_prompt("answer", max_age=0).render(question="a").text == "Be kind. Answer a"
    assert "Connection refused" in steno.get_prompt("answer").error and prompt.error == ""
    # The next process, and another server, which is not asked for by the same name.
    done, _ = program(PROGRAM.replace("FALLBACK", ""), env)
    assert done.stdout.startswith("file 1 Be kind. Answer a\ncannot connect to ") and not done.stderr
    done, _ = program(PROGRAM.replace("FALLBACK", ""), {**env, "STENO_SERVER": NOBODY})
    assert done.stdout.startswith("PromptError cannot connect to 127.0.0.1:1: Connection refused; start the server")
    done, _ = program(PROGRAM.replace("FALLBACK", "fallback='Say {{question}}'"), {**env, "STENO_SERVER": NOBODY})
    assert done.stdout.startswith("fallback  Say a\ncannot connect to ") and not done.stderr
    [file] = (tmp_path / "kept/prompts").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600 and json.loads(file.read_text())["name"] == "answer"
    file.write_text(file.read_text()[:100])  # as a power failure may leave it
    done, _ = program(PROGRAM.replace("FALLBACK", ""), env)
    assert done.stdout.startswith("PromptError cannot connect")


def test_recording_may_be_off(own, program):
    done, calls = program(PROGRAM.replace("FALLBACK", ""), {"STENO_SERVER": own.url, "STENO_TRACKING": "off"})
    assert (done.stdout, done.stderr) == ("server 1 Be kind. Answer a\n", "")
    done, _ = program(PROGRAM.replace("FALLBACK", ""), {"STENO_SERVER": "", "STENO_DATA": "record"})
    assert done.stdout.startswith("PromptError prompts come from a server")


def test_one_that_there_is_not(own):
    with pytest.raises(steno.PromptNotFound, match="no prompt named \"answr\"; the nearest is \"answer\""):
        steno.get_prompt("answr")
    with pytest.raises(steno.PromptNotFound, match="no label"):
        steno.get_prompt("answer", label="staging")
    with pytest.raises(steno.PromptError, match="one of them"):
        steno.get_prompt("answer", label="a", version="1")
    prompt = steno.get_prompt("answr", fallback="Say {{question}}")
    assert (prompt.source, prompt.version, prompt.render(question="a").text) == ("fallback", "", "Say a")
    # One that is removed goes on where it is in use, and with a word.
    assert steno.get_prompt("chat").version == "1"
    own.request("DELETE", "/api/v1/prompts/chat?force=true", expect=204)
    assert "404" in steno.get_prompt("chat", max_age=0).error and steno.get_prompt("chat").version == "1"


def test_a_wrong_key(tmp_path, program):
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "key").chmod(0o600)
    with Server(tmp_path / "locked", "--api-key-file", tmp_path / "key") as locked:
        pass_through = {"Authorization": f"Bearer {KEY}"}
        locked.request("POST", "/api/v1/prompts", {"name": "answer", "text": "Say {{question}}"}, headers=pass_through, expect=201)
        for key in ("", "wrong"):
            done, _ = program(PROGRAM.replace("FALLBACK", ""), {"STENO_SERVER": locked.url, "STENO_API_KEY": key, "STENO_TRACKING": "off"})
            assert done.stdout.startswith("PromptError http://") and "STENO_API_KEY" in done.stdout and not done.stderr
        done, _ = program(PROGRAM.replace("FALLBACK", ""), {"STENO_SERVER": locked.url, "STENO_API_KEY": KEY, "STENO_TRACKING": "off"})
        assert done.stdout == "server 1 Say a\n"


def test_calls_made_with_it_carry_it(own):
    prompt = steno.get_prompt("answer")
    with steno.prompt("faq"), prompt.use(question="Why?", mood="brief") as filled:
        with steno.call("openai", "gpt-4o-mini") as call:
            call.message("user", filled.text).output("So.")
    with steno.call("openai", "gpt-4o-mini") as outside:
        outside.output("No.")

    @prompt.use()
    def ask():
        with steno.call("openai", "gpt-4o-mini") as call:
            call.output("?")
            return call.id

    lacking = ask()
    assert steno.flush(30)
    own.wait_until_fed()
    said = own.call(call.id)["prompt"]
    assert said == {"type": "faq", "name": "answer", "version": "1", "variables": {"question": "Why?", "mood": "brief"}, "all_variables_present": True}
    assert own.call(lacking)["prompt"] == {"name": "answer", "version": "1", "missing_variables": ["question"], "all_variables_present": False}
    assert "prompt" not in own.call(outside.id)


def test_so_do_those_through_the_gateway(tmp_path):
    httpx = pytest.importorskip("httpx")
    with Simulator() as simulator, Server(tmp_path / "record", *simulator.upstreams()) as server:
        create(server, "answer", text="Answer {{question}}")
        steno.start(server=server.url, spool_folder=str(tmp_path / "spool"))
        steno.instrument()
        try:
            with steno.get_prompt("answer").use(question="Why?") as filled:
                answer = httpx.post(f"{server.url}/openai/v1/chat/completions", headers={"Authorization": "Bearer any"},
                                    json={"model": "gpt-4o-mini", "messages": filled.messages})
            assert answer.status_code == 200
            said = server.call(answer.headers["x-steno-call-id"])["prompt"]
            assert {**said, "missing_variables": []} == {"name": "answer", "version": "1", "variables": {"question": "Why?"}, "missing_variables": [],
                                                        "all_variables_present": True}
        finally:
            steno.uninstrument()
            steno.stop()


def test_executions_are_logged_and_summed_up(own):
    metrics = steno.PerformanceMetrics(execution_time_ms=1200, token_count=150, success=True, quality_score=8.5, user_feedback="good")
    steno.log_execution("answer", "1", "The answer", metrics, {"question": "Why?"}, model="gpt-4o-mini", provider="openai")
    steno.log_execution("answer", "1", metrics=steno.PerformanceMetrics(success=False))
    steno.log_execution("answer", "2", "Another", steno.PerformanceMetrics(execution_time_ms=800.5))
    assert steno.flush(30)
    own.wait_until_fed()
    summary = steno.get_performance_summary("answer", days=7)
    assert summary["success_rate"] == pytest.approx(2 / 3) and summary["figures"]["calls"] == 3
    assert [(row["key"]["prompt.version"], row["figures"]["calls"]) for row in summary["versions"]] == [("1", 2), ("2", 1)]
    first = steno.get_performance_summary("answer", "2")
    assert first["duration_ms"]["average"] == 800.5 and first["output_chars"]["average"] == 7 and first["score"]["average"] is None
    [call] = [call for call in own.calls("&prompt.version=1&status=success")]
    call = own.call(call["id"])
    assert datetime.datetime.fromisoformat(call["ended_at"]) - datetime.datetime.fromisoformat(call["started_at"]) == datetime.timedelta(milliseconds=1200)
    assert call["time"]["duration_ms"] == 1200 and call["usage"]["output_tokens"] == 150
    assert call["scores"]["quality"] == {"value": 8.5, "min": 1, "max": 10, "source": "human"}
    assert call["feedback"] == {"comment": "good"} and call["prompt"]["variables"] == {"question": "Why?"}
    with pytest.raises(steno.PromptNotFound):
        steno.get_performance_summary("nobody")


def test_threads_share_it(own):
    prompts = []
    start = threading.Barrier(8)

    def fetch(name):
        start.wait()
        for _ in range(200):
            prompts.append(steno.get_prompt(name, max_age=0 if _ % 50 == 0 else 60).version)

    threads = [threading.Thread(target=fetch, args=(name,)) for name in ("answer", "chat") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert prompts == ["1"] * 1600


def test_a_child_has_what_its_parent_fetched(own):
    assert steno.get_prompt("answer").version == "1"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = f"{steno.get_prompt('answer').version} {steno.get_prompt('answer', max_age=0).version} {steno.get_prompt('chat').version}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(reader, 100) == b"1 1 1"
    os.close(reader)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(version_of, ["answer", "chat"] * 4) == ["1"] * 8
    assert steno.get_prompt("answer", max_age=0).version == "1"


def version_of(name):
    return steno.get_prompt(name, max_age=0).version


@pytest.mark.parametrize("asking", ["steno.get_prompt('answer', patience=3600)", "steno.get_performance_summary('answer')"])
def test_ctrl_c_is_heard_while_a_server_does_not_answer(tmp_path, asking):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        program = subprocess.Popen([sys.executable, "-c", f"import steno; {asking}"], stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "PYTHONPATH": str(pathlib.Path(steno.__file__).parents[1]), "STENO_SERVER": url, "STENO_TRACKING": "off", "STENO_SPOOL": str(tmp_path / "spool")})
        silent.settimeout(60)
        asked, _ = silent.accept()
        with asked:
            assert asked.recv(10) == b"GET /api/v"
            program.send_signal(signal.SIGINT)
            assert "KeyboardInterrupt" in program.communicate(timeout=20)[1]  # one waits for an hour, the other for 30 s
