"""The binary form of delivered calls, written from docs/formats/delivery.md and docs/formats/record.md: a second reading of
these pages, which shares nothing with the program."""

import struct
import uuid

TYPE = "application/vnd.steno.calls.v1"
HEADER, REQUEST, RESPONSE = 1, 2, 4
KINDS = ["span", "chat", "completion", "embedding", "vision", "transcription", "speech", "image", "video", "moderation",
         "rerank", "intent", "function", "agent", "retrieval", "evaluation"]
SOURCES = ["gateway", "run", "cpp", "python", "otlp", "import"]
STATUSES = ["running", "success", "failure", "partial", "cancelled", "interrupted"]


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint(2 * value if value >= 0 else -2 * value - 1)


def sized(data):
    return varint(len(data)) + data


def field(number, data):
    return varint(number << 3 | 2) + sized(data)


def text(number, value):
    return field(number, value.encode()) if value else b""


def group(number, *fields):
    inner = b"".join(fields)
    return field(number, inner) if inner else b""


def name(number, names, value):
    return varint(number << 3) + varint(names.index(value))


def integer(number, value):
    return b"" if value is None else varint(number << 3) + zigzag(value)


def moment(number, nanos, offset_minutes=0):
    return field(number, struct.pack("<q", nanos) + zigzag(offset_minutes))


def message(role, words):
    return sized(text(1, role) + field(3, sized(name(1, ["text"], "text") + text(2, words))))


def part(which, fields):
    return bytes([1, which]) + fields if fields else b""


def call(call_id=None, kind="chat", source="python", status="success", began=None, ended=None, project="", model="",
         provider="", prompt="", answer="", session="", tokens=(None, None), tags=(), header=b"", request=b"", response=b""):
    """One call as its three parts, each behind its length, all behind theirs."""
    head = b"" if call_id is None else field(1, uuid.UUID(str(call_id)).bytes)
    head += name(2, KINDS, kind) + text(3, model) + name(4, SOURCES, source) + name(5, STATUSES, status)
    head += b"" if began is None else moment(6, began)
    head += b"" if ended is None else moment(7, ended)
    head += text(8, project) + group(13, text(1, session)) + group(15, text(1, provider)) + group(16, text(1, model))
    head += group(21, integer(1, tokens[0]), integer(2, tokens[1]))
    head += group(27, field(1, b"".join(sized(tag.encode()) for tag in tags)) if tags else b"") + header
    asked = group(17, field(1, message("user", prompt)) if prompt else b"") + request
    answered = group(18, field(1, message("assistant", answer)) if answer else b"") + response
    return sized(sized(part(HEADER, head)) + sized(part(REQUEST, asked)) + sized(part(RESPONSE, answered)))


def delivery(*calls):
    return b"STNC" + bytes([1, 0, 0, 0]) + b"".join(calls)
