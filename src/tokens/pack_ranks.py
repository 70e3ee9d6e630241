#!/usr/bin/env python3
"""pack_ranks.py RANKS.js OUT: the rank table of an encoding, from js-tiktoken's form to the one that is built in.

The module holds "bpe_ranks": lines of "! FIRST_RANK TOKEN TOKEN …", each token in base64. What is written: the tokens in
the order of their ranks, which must be 0, 1, 2, …, each as one byte of length and its bytes.
"""

import base64
import json
import re
import sys


def main(source, out):
    with open(source, encoding="ascii") as file:
        table = json.loads(re.search(r'"bpe_ranks":("(?:[^"\\]|\\.)*")', file.read())[1])
    packed = bytearray()
    count = 0
    for line in filter(None, table.split("\n")):
        _, first, *tokens = line.split(" ")
        if int(first) != count:
            sys.exit(f"{source}: rank {count} is missing")
        for token in map(base64.b64decode, tokens):
            if not 0 < len(token) < 256:
                sys.exit(f"{source}: rank {count} has {len(token)} bytes")
            packed.append(len(token))
            packed += token
            count += 1
    with open(out, "wb") as file:
        file.write(packed)


main(*sys.argv[1:])
