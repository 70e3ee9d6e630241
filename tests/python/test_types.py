"""The package as type checkers and older Pythons see it."""

import ast
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = ROOT / "sdk/python"
OLDEST = (3, 9)  # as in pyproject.toml

PROGRAM = '''
import steno
from typing import AsyncIterator

@steno.ai_call_tracker(provider="openai", tags=["a"])
async def ask(prompt: str, n: int = 1) -> str:
    return prompt

@steno.agent("calendar")
async def agent(day: int) -> AsyncIterator[str]:
    yield "a"

class Client:
    @steno.ai_call_tracker
    def ask(self, prompt: str) -> int:
        return 1

async def main() -> None:
    with steno.session("s", user="ada") as context, steno.call("openai", "gpt") as call:
        call.message("user", "x").usage(input_tokens=1)
        reveal_type(context)
        reveal_type(call)
    reveal_type(await ask("x", n=2))
    reveal_type(Client().ask("x"))
    reveal_type(agent(1))
    await ask(3)
'''


def mypy(*args, cwd=PROJECT):
    done = subprocess.run([sys.executable, "-m", "mypy", "--config-file", str(PROJECT / "pyproject.toml"), "--cache-dir", "/dev/null",
                           *map(str, args)], capture_output=True, text=True, timeout=300, cwd=cwd)
    return done.returncode, done.stdout + done.stderr


def test_the_package_is_strictly_typed():
    code, said = mypy("src/steno")
    assert code == 0, said


def test_decorated_functions_keep_their_types(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    code, said = mypy(program)
    seen = [line.split('"')[1] for line in said.splitlines() if "Revealed type" in line]
    short = [type.replace("builtins.", "").replace("typing.", "") for type in seen]
    assert short == ["steno._core.Context", "steno._calls.call", "str", "int", "AsyncIterator[str]"], said
    errors = [line for line in said.splitlines() if ": error:" in line]
    assert code == 1 and len(errors) == 1 and '"int"; expected "str"' in errors[0], said


def test_nothing_is_newer_than_the_oldest_python():
    sources = sorted((PROJECT / "src").rglob("*.py*"))
    assert len(sources) > 8
    for source in sources:
        ast.parse(source.read_text(), str(source), feature_version=OLDEST)
    # The standard library's parts too.
    vermin = pathlib.Path(sys.executable).parent / "vermin"
    done = subprocess.run([vermin, "--no-tips", "--violations", "-t=%d.%d-" % OLDEST, *sources],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
