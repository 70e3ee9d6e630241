"""What docs/run.md says to try works as printed; only the port is another."""

import re
import socket
import subprocess
import pathlib

from conftest import CLEAN
from steno_process import BINARY, ROOT


def test_the_example(tmp_path):
    page = (ROOT / "docs/run.md").read_text()
    block = next(b for b in re.findall(r"```sh\n(.*?)```", page, re.S) if b.startswith("steno sim"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sim, rest = block.replace("9100", str(port)).split("&\n", 1)
    until_there = f"until curl -s -o /dev/null http://127.0.0.1:{port}/; do sleep 0.1; done\n"
    done = subprocess.run(["bash", "-c", f"set -e\n{sim}>/dev/null &\ntrap 'kill %1' EXIT\n{until_there}{rest}"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60,
                          env={**CLEAN, "PATH": f"{pathlib.Path(BINARY).parent}:{CLEAN['PATH']}"})
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("steno: 1 AI call, 0 failed"), done.stderr
    assert '"choices"' in done.stdout and "gpt-4o-mini" in done.stdout.splitlines()[-1]
