"""The package as its users get it: a wheel, and pip in an environment of its own."""

import base64
import csv
import hashlib
import os
import subprocess
import sys
import zipfile

import pytest
from python_package import BUILD, ROOT

PROGRAM = """
import sys, steno
assert not [name for name in sys.modules if name.split(".")[0] in ("httpx", "urllib3", "aiohttp", "langchain_core", "pydantic")]
steno.instrument()
@steno.ai_call_tracker(provider="openai")
def ask(prompt):
    return "ok"
assert ask("x") == "ok" and steno.flush() and steno.status().delivered == 1, steno.status()
print(steno.__file__)
"""


def make_wheel(folder):
    done = subprocess.run([sys.executable, ROOT / "sdk/python/build_backend.py", folder, BUILD], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


def test_a_wheel(tmp_path):
    wheel, again = make_wheel(tmp_path / "one"), make_wheel(tmp_path / "two")
    assert wheel.name == again.name and wheel.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [record] = [name for name in names if name.endswith("/RECORD")]
        rows = {name: (digest, size) for name, digest, size in csv.reader(archive.read(record).decode().splitlines())}
        assert set(rows) == set(names) and len(names) == len(set(names))
        for name in set(names) - {record}:
            content = archive.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert rows[name] == (f"sha256={digest}", str(len(content)))
    own = {path.relative_to(ROOT / "sdk/python/src").as_posix() for path in (ROOT / "sdk/python/src").rglob("*.py*")
           if "__pycache__" not in path.parts}
    assert own < set(names) and "steno/py.typed" in names
    assert len([name for name in names if name.endswith(".so")]) == 1
    assert len([name for name in names if name.startswith("steno/libsteno_embedded.so.")]) == 1


@pytest.mark.parametrize("what", ["wheel", "sources"])
def test_pip_in_a_fresh_environment(tmp_path, server, what):
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=120)
    python = environment / "bin/python"
    source = [make_wheel(tmp_path)] if what == "wheel" else ["--config-settings", f"build-dir={BUILD}", ROOT / "sdk/python"]
    done = subprocess.run([python, "-m", "pip", "install", "--disable-pip-version-check", "--no-index", *source],
                          capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([python, "-c", PROGRAM], capture_output=True, text=True, timeout=60, cwd=tmp_path,
                         env={**os.environ, "STENO_SERVER": server.url, "STENO_SPOOL": str(tmp_path / "spool")})
    assert ran.returncode == 0 and ran.stdout.startswith(str(environment)), ran.stderr
    ran = subprocess.run([python, "-c", PROGRAM], capture_output=True, text=True, timeout=60, cwd=tmp_path,
                         env={**os.environ, "STENO_DATA": "record"})
    assert ran.returncode == 0 and list((tmp_path / "record/journal").iterdir()), ran.stderr
    for command in (["check"], ["uninstall", "-y", "steno"]):
        subprocess.run([python, "-m", "pip", "--disable-pip-version-check", *command], check=True, capture_output=True, timeout=120)
    assert not list((environment / "lib").glob("python*/site-packages/steno*"))
