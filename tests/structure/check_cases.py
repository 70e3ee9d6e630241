#!/usr/bin/env python3
"""Every test that docs/gateway-cases.md names exists: check_cases.py [ROOT] prints those that do not, one a line, and exits 1
if there are any. `file::name` is a function of a Python test, `Suite.Name` a GoogleTest."""

import re
import sys
from pathlib import Path

SHORT = {"cases": "test_cases"}


def missing(root):
    page = (root / "docs/gateway-cases.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)(::)(\w+)`", page) + re.findall(r"`(?:\w+/)?([A-Z]\w*)(\.)([A-Z]\w+)`", page)
    python = {path.stem: path.read_text(encoding="utf-8") for path in (root / "tests").glob("*/test_*.py")}
    native = "\n".join(path.read_text(encoding="utf-8") for path in (root / "src").rglob("*.cpp"))
    for place, mark, name in named:
        if mark == "::":
            if f"def {name}(" not in python.get(SHORT.get(place, place), ""):
                yield f"{place}::{name}"
        elif not re.search(rf"\(\s*{place}\w*,\s*{name}\b", native):
            yield f"{place}.{name}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    wrong = list(missing(root))
    for name in wrong:
        print(f"docs/gateway-cases.md names a test that does not exist: {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
