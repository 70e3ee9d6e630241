#!/usr/bin/env python3
"""Every relative link and picture in a Markdown file leads somewhere: check_links.py [ROOT] prints those that do not,
one a line, and exits 1 if there are any. A link to a heading (file.md#heading) needs that heading."""

import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote

SKIPPED = {"build", "node_modules", "dist", "steno-data", "__pycache__"}
TARGET = r"\(\s*<?([^\s()>]+)>?(?:\s+\"[^\"]*\")?\s*\)"
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\](?:\([^)]*\))?)*\]" + TARGET)
IMAGE = re.compile(r"!\[[^\[\]]*\]" + TARGET)  # on its own, or inside a link's text
DEFINITION = re.compile(r"^\s{0,3}\[[^\]^]+\]:\s*<?([^\s>]+)>?")
PICTURE = re.compile(r"<(?:img|source|a)\b[^>]*?\b(?:src|srcset|href)=\"([^\"]+)\"", re.IGNORECASE)
FENCE = re.compile(r"^\s*(```|~~~)")


def prose(path):
    """(line number, text) outside code fences and code spans."""
    fence = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = FENCE.match(line)
        if match and fence in (None, match[1]):
            fence = None if fence else match[1]
        elif not fence:
            yield number, line


def anchors(path):
    """The ids that a renderer gives the headings, and those written as HTML."""
    found, seen = set(), {}
    for _, line in prose(path):
        found.update(re.findall(r"\b(?:id|name)=\"([^\"]+)\"", line))
        heading = re.match(r"^#{1,6}\s+(.*?)\s*#*\s*$", line)
        if heading:
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            found.add(f"{slug}-{count}" if count else slug)
    return found


def markdown_files(root):
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in SKIPPED and not n.startswith("."))
        for file in sorted(files):
            if file.endswith(".md"):
                yield Path(folder, file)


def check(root):
    root = Path(root).resolve()
    broken = []
    for page in markdown_files(root):
        for number, line in prose(page):
            line = re.sub(r"`[^`]*`", lambda code: "`" * len(code[0]), line)
            definition = DEFINITION.match(line)
            targets = {match[1] for kind in (LINK, IMAGE, PICTURE) for match in kind.finditer(line)}
            targets |= {definition[1]} if definition else set()
            for target in sorted(targets):
                if re.match(r"^[a-z][a-z0-9+.-]*:|^//", target, re.IGNORECASE):
                    continue
                where, _, anchor = target.partition("#")
                file = page if not where else (root / where[1:] if where[0] == "/" else page.parent / where)
                file = Path(unquote(str(file)))
                if not file.exists():
                    broken.append(f"{page.relative_to(root)}:{number}: {target}: there is no such file")
                elif root not in (file.resolve(), *file.resolve().parents):
                    broken.append(f"{page.relative_to(root)}:{number}: {target}: leads out of the project")
                elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                    broken.append(f"{page.relative_to(root)}:{number}: {target}: there is no such heading")
    return broken


def main():
    broken = check(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    for line in broken:
        print(line)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
