"""Answers that were cut off before their usage was reported: what arrived is counted, and the record says that it was.
Whatever a provider did report stays as it is."""

import json

import pytest
from conftest import JSON, Gateway
from scripted import DONE, USAGE, Cut, Upstream, completion, delta, in_chunks, question, whole
from steno_process import Server

SSE = "text/event-stream; charset=utf-8"
STREAM = question(stream=True)
WORDS = "All happy families are alike; each unhappy family is unhappy in its own way."
# By tiktoken: 5 tokens "When is the meeting?", 1 "user"; OpenAI adds 3 a message and 3 for the answer.
ASKED = 12
ANSWERED = 16  # of WORDS


class Estimates(Gateway):
    """As the others', with Anthropic's and Ollama's traffic going to the same script."""

    def __init__(self, folder, **settings):
        self.upstream = Upstream()
        flags = [f"--upstream={name}={self.upstream.url}" for name in ("openai", "anthropic", "local")]
        env = {"STENO_GATEWAY_ASK_FOR_USAGE": "off"} | settings
        self.server = Server(folder, *flags, env=env)
        self.sessions = []

    def cut(self, pieces, body=STREAM, upstream="openai", path="/v1/chat/completions", wait_for=None):
        """The call of a stream whose connection the upstream closes after these events."""
        self.upstream.script = in_chunks(pieces, kind=SSE, end=False)
        client, session = self.client(), self.session()
        client.ask("POST", f"/{upstream}{path}", body, [JSON, ("x-steno-session", session)])
        client.answer_head()
        arrived = b""
        with pytest.raises(Cut):
            for piece in client.chunks():
                arrived += piece
        assert arrived == b"".join(pieces)
        return self.recorded(session)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    gateway = Estimates(tmp_path_factory.mktemp("estimates"))
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def generous(tmp_path_factory):
    gateway = Estimates(tmp_path_factory.mktemp("generous"), STENO_GATEWAY_ESTIMATE_USAGE="all")
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    gateway = Estimates(tmp_path_factory.mktemp("strict"), STENO_GATEWAY_ESTIMATE_USAGE="off")
    yield gateway
    gateway.close()


def words(upto=None):
    return [delta(piece) for piece in (WORDS[i : i + 5] for i in range(0, len(WORDS), 5))][:upto]


def test_the_upstream_dies(gateway):
    call = gateway.cut(words())
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    assert call["usage"] == {"input_tokens": ASKED, "output_tokens": ANSWERED, "estimated": True}
    # gpt-4o-mini: 0.15 and 0.60 a million; the price is known, the count is not.
    assert call["cost"]["source"] == "estimated" and call["cost"]["total"] == "0.000011400000"
    assert call["cost"]["price_id"].startswith("openai/gpt-4o-mini")


@pytest.mark.parametrize("after", [1, 7, 15])
def test_the_client_goes(gateway, after):
    pieces = words(after)

    def script(request, wire):
        in_chunks(pieces, kind=SSE, end=False)(request, wire)
        wire.seconds_until_closed()
        return False

    gateway.upstream.script = script
    client, session = gateway.ask(STREAM)
    client.answer_head()
    arrived = b""
    while len(arrived) < len(b"".join(pieces)):
        arrived += client.chunk()
    client.close()
    call = gateway.recorded(session)
    assert call["status"] == "cancelled" and call["usage"]["estimated"] is True
    assert call["usage"]["input_tokens"] == ASKED
    assert 0 < call["usage"]["output_tokens"] <= ANSWERED
    assert abs(call["usage"]["output_tokens"] - ANSWERED * after / 16) <= 2


def test_nothing_arrived(gateway):
    for pieces in ([], [delta("")]):
        call = gateway.cut(pieces)
        assert "usage" not in call and "cost" not in call


def test_a_tool_call(gateway):
    def fragment(**function):
        choice = {"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "call_1", "type": "function"}]}}
        choice["delta"]["tool_calls"][0]["function"] = function
        return delta(choices=[choice])

    call = gateway.cut([fragment(name="get_weather", arguments=""), fragment(arguments='{"city":"Berlin"}')])
    # 2 tokens "get_weather", 5 the arguments, 8 around them (measured; docs/tokens.md)
    assert call["usage"]["estimated"] is True and call["usage"]["output_tokens"] == 15


def test_input_that_is_no_text_is_not_guessed(gateway):
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
    ]
    asked = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": content}]}
    call = gateway.cut(words(), json.dumps(asked).encode())
    assert call["usage"] == {"output_tokens": ANSWERED, "estimated": True}
    assert "cost" not in call  # half a usage has no cost


def event(type_, **data):
    return b"event: %s\ndata: %s\n\n" % (type_.encode(), json.dumps({"type": type_} | data).encode())


def test_what_anthropic_reports_at_the_start_stays(gateway):
    start = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 25, "cache_read_input_tokens": 100, "output_tokens": 1},
    }
    pieces = [
        event("message_start", message=start),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": WORDS}),
    ]
    asked = {"model": "claude-sonnet-4-5", "max_tokens": 100, "stream": True}
    asked["messages"] = [{"role": "user", "content": "How does it begin?"}]
    call = gateway.cut(pieces, json.dumps(asked).encode(), "anthropic", "/v1/messages")
    usage = call["usage"]
    assert (usage["input_tokens"], usage["cache_read_tokens"], usage["estimated"]) == (125, 100, True)
    assert usage["billed"]["output_tokens"] == 1  # a placeholder, kept as it came and not believed
    assert usage["output_tokens"] == pytest.approx(ANSWERED * 1.18, abs=2)
    assert call["cost"]["source"] == "estimated"
    # The same without the text: the start alone says nothing of the output.
    call = gateway.cut(pieces[:2], json.dumps(asked).encode(), "anthropic", "/v1/messages")
    assert "output_tokens" not in call["usage"] and "estimated" not in call["usage"] and "cost" not in call


def test_reported_usage_is_never_touched(gateway, generous):
    for server in (gateway, generous):
        status, _, _, call = server.exchange(in_chunks([*words(), delta(finish="stop"), USAGE, DONE], kind=SSE), STREAM)
        assert status == 200 and (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == (31, 6)
        assert "estimated" not in call["usage"] and call["cost"]["source"] == "catalogue"
        call = server.cut([*words(), USAGE])  # reported, and then cut
        assert (call["usage"]["output_tokens"], call["cost"]["source"]) == (6, "catalogue")
        assert "estimated" not in call["usage"]


def test_zeros_that_were_reported_stay_zeros(generous):
    zeros = USAGE.replace(b"31", b"0").replace(b": 6", b": 0").replace(b"37", b"0")
    for call in (generous.cut([*words(), zeros]), generous.exchange(in_chunks([*words(), zeros, DONE], kind=SSE), STREAM)[3]):
        assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == (0, 0)
        assert "estimated" not in call["usage"]
    call = generous.exchange(whole(completion("", 0, 0)), question())[3]
    assert call["usage"]["output_tokens"] == 0 and "estimated" not in call["usage"]


def test_a_whole_answer_without_usage_is_counted_only_if_one_asks_for_it(gateway, generous):
    stream = in_chunks([*words(), delta(finish="stop"), DONE], kind=SSE)
    call = gateway.exchange(stream, STREAM)[3]
    assert call["status"] == "success" and "usage" not in call and "cost" not in call
    call = generous.exchange(stream, STREAM)[3]
    assert call["status"] == "success"
    assert call["usage"] == {"input_tokens": ASKED, "output_tokens": ANSWERED, "estimated": True}


def test_the_setting_turns_it_off(strict):
    call = strict.cut(words())
    assert call["status"] == "partial" and "usage" not in call and "cost" not in call


def test_a_long_answer_is_counted_in_part(gateway):
    piece = WORDS + " "
    count = 4000  # 300 KB, of which 128 KiB are counted
    call = gateway.cut([delta(piece * 100)] * (count // 100))
    assert call["usage"]["output_tokens"] == pytest.approx(ANSWERED * count, rel=0.01)


def test_sums_say_how_much_of_them_is_estimated(gateway):
    before = gateway.server.get("/api/v1/aggregate?measures=cost")[2]["groups"][0]["cost"]
    gateway.cut(words())
    gateway.exchange(whole(completion()), question())
    after = gateway.server.get("/api/v1/aggregate?measures=cost")[2]["groups"][0]["cost"]
    assert after["estimated_calls"] == before["estimated_calls"] + 1
    assert after["unpriced_calls"] == before["unpriced_calls"]
