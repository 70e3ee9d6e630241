#!/usr/bin/env python3
"""Holds the tree to its shape: check_arrows.py [ROOT] prints one line for each violation and exits 1 if there are any.

  table     src/arrows.txt names a folder only below those that it may use, so the arrows cannot form a cycle
  arrow     a file in src/<x> includes only what x's row allows; a *_test.cpp any folder that stands above its own
  path      own headers are included by their full path ("journal/writer.hpp")
  asio      Boost.Asio and Boost.Beast stay inside src/net, and out of what its headers show to others (but for
            <boost/asio/awaitable.hpp>), and out of all else but the test of the SDK's adapter for it
  unbuilt   every .cpp of src/, tests/, bench/ and fuzz/ is in the CMakeLists.txt of its folder or one above
  length    sources have at most 800 lines, headers 400
  readme    each folder of src/ says what it is in a README.md of at most 30 lines
  public    include/steno needs the standard library and itself, nothing else, but for the adapters: each is named after
            the one library that it is for. In src/ it counts as part of client, but for kinds.hpp, which is record's
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ADAPTERS = {"asio.hpp": "boost/asio/", "curl.hpp": "curl/"}  # in include/steno
ADAPTERS_TEST = "client/asio_test.cpp"
PUBLIC_OF = {"steno/kinds.hpp": "record"}  # else: client
HEAVY = re.compile(r"^boost/(asio|beast)(/|\.hpp$)")
STANDARD = re.compile(r"^[a-z0-9_]+$")
MAX_SOURCE_LINES, MAX_HEADER_LINES, MAX_README_LINES = 800, 400, 30


def read_lines(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def files_under(folder, *suffixes):
    return sorted(p for p in folder.rglob("*") if p.suffix in suffixes and "node_modules" not in p.parts)


def includes(path):
    """(line number, is quoted, included path) of each #include."""
    for number, line in enumerate(read_lines(path), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == '"', match[2]


class Tree:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self.src = self.root / "src"
        self.violations = []
        self.allowed = {}  # folder -> folders it may include, in the table's order

    def report(self, path, line, what):
        self.violations.append(f"{path.relative_to(self.root)}:{line}: {what}")

    def folders(self):
        return sorted(p for p in self.src.iterdir() if p.is_dir())

    def read_table(self):
        table = self.src / "arrows.txt"
        for number, line in enumerate(read_lines(table), 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = re.fullmatch(r"([a-z_]+):((?: [a-z_]+)*)", line)
            if not match:
                self.report(table, number, f"not 'folder: folder folder ...': {line}")
                continue
            folder, uses = match[1], match[2].split()
            if folder in self.allowed:
                self.report(table, number, f"{folder} has two rows")
            for used in uses:
                if used not in self.allowed:
                    self.report(table, number, f"{folder} names {used}, which does not stand above it")
            self.allowed[folder] = uses
        for folder in self.folders():
            if folder.name not in self.allowed:
                self.report(table, 1, f"src/{folder.name} has no row")

    def may_include(self, path, owner, used):
        if used == owner or used in self.allowed[owner]:
            return True
        order = list(self.allowed)
        if used not in order:
            return False
        return path.name.endswith("_test.cpp") and order.index(used) < order.index(owner)

    def check_includes(self):
        for path in files_under(self.src, ".hpp", ".cpp", ".h"):
            owner = path.relative_to(self.src).parts[0] if path.parent != self.src else None
            for number, quoted, included in includes(path):
                if HEAVY.match(included) and owner != "net" and path != self.src / ADAPTERS_TEST:
                    self.report(path, number, f"<{included}> outside src/net; use what net's headers offer")
                used = included.split("/")[0] if "/" in included else None
                if quoted and used == "steno":
                    used = PUBLIC_OF.get(included, "client")
                    if owner in self.allowed and not self.may_include(path, owner, used):
                        self.report(path, number, f"{owner} may not include {included}, which is {used}'s (src/arrows.txt)")
                elif quoted and used not in self.allowed:
                    self.report(path, number, f'"{included}": include by full path, "<folder>/{Path(included).name}"')
                elif used in self.allowed and owner in self.allowed and not self.may_include(path, owner, used):
                    self.report(path, number, f"{owner} may not include {used} (src/arrows.txt)")

    def check_net_headers(self):
        shown = {}  # header of src/net that is seen from outside -> who shows it
        waiting = []
        for path in files_under(self.src, ".hpp", ".cpp", ".h"):
            if (self.src / "net") not in path.parents:
                waiting += [(i, path) for _, _, i in includes(path) if i.startswith("net/")]
        while waiting:
            included, by = waiting.pop()
            header = self.src / included
            if header in shown or not header.is_file():
                continue
            shown[header] = by
            for number, _, deeper in includes(header):
                if HEAVY.match(deeper) and deeper != "boost/asio/awaitable.hpp":
                    self.report(header, number, f"<{deeper}> in a header that {by.relative_to(self.root)} includes")
                if deeper.startswith("net/"):
                    waiting.append((deeper, by))

    def check_built(self):
        everywhere = "\n".join("\n".join(read_lines(p)) for p in self.src.rglob("CMakeLists.txt"))
        for name in ("src", "tests", "bench", "fuzz"):
            for path in files_under(self.root / name, ".cpp"):
                folder = path.parent
                if "${CMAKE_SOURCE_DIR}/" + path.relative_to(self.root).as_posix() in everywhere:
                    continue
                while True:
                    lists = folder / "CMakeLists.txt"
                    if lists.is_file():
                        text = "\n".join(line.split("#")[0] for line in read_lines(lists))
                        spelling = re.escape(path.relative_to(folder).as_posix())
                        if re.search(rf'(^|[\s("/]){spelling}($|[\s)"])', text):
                            break
                    if folder == self.root:
                        self.report(path, 1, "no CMakeLists.txt names this file, so it is never built")
                        break
                    folder = folder.parent

    def check_lengths(self):
        for name in ("src", "include"):
            for path in files_under(self.root / name, ".hpp", ".h", ".cpp"):
                limit = MAX_SOURCE_LINES if path.suffix == ".cpp" else MAX_HEADER_LINES
                length = len(read_lines(path))
                if length > limit:
                    self.report(path, limit, f"{length} lines, more than {limit}; split it by purpose")

    def check_readmes(self):
        for folder in self.folders():
            readme = folder / "README.md"
            if not readme.is_file():
                self.report(folder, 1, "has no README.md that says what it is for and what it promises")
            elif len(read_lines(readme)) > MAX_README_LINES:
                self.report(readme, MAX_README_LINES, f"longer than {MAX_README_LINES} lines")

    def check_public_headers(self):
        for path in files_under(self.root / "include", ".hpp", ".h"):
            adapted = ADAPTERS.get(path.name, "steno/")
            for number, _, included in includes(path):
                if not STANDARD.match(included) and not included.startswith(("steno/", adapted)):
                    self.report(path, number, f"a public header may not include {included}")

    def check(self):
        self.read_table()
        self.check_includes()
        self.check_net_headers()
        self.check_built()
        self.check_lengths()
        self.check_readmes()
        self.check_public_headers()
        return self.violations


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    violations = Tree(root).check()
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
