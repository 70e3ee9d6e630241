"""The Python package as pip installs it, from what the build has compiled, in a folder of the build."""

import fcntl
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STENO_BUILD", ROOT / "build/release"))
SITE = BUILD / "python-site"


def is_built():
    return any((BUILD / "src/python").glob("_core.*"))


def newest(folder):
    return max((path.stat().st_mtime for path in folder.rglob("*") if path.is_file()), default=0)


def install():
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "python-site.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = max(map(newest, (ROOT / "sdk/python", BUILD / "src/python", BUILD / "src/embedded")))
        done = SITE / "installed"
        if done.is_file() and done.stat().st_mtime > sources:
            return
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation",
                        "--disable-pip-version-check", "--upgrade", "--config-settings", f"build-dir={BUILD}",
                        "--target", str(SITE), str(ROOT / "sdk/python")], check=True,
                       env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"})
        done.touch()
