"""What breaks other gateways, by the numbers of docs/gateway-cases.md: through the whole program, byte by byte. Cases that
have a file of their own stand there."""

import json

import pytest
from conftest import JSON
from scripted import DONE, USAGE, completion, delta, in_chunks, question, whole

STREAM = "text/event-stream"
CLAUDE = {"path": "/v1/messages", "name": "anthropic"}


def sse(data, event=None):
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def typed(*events):
    """Events whose name is their type, as of Anthropic and of Responses."""
    return [sse(event, event["type"]) for event in events]


def tool(index, call_id=None, name=None, arguments="", finish=None):
    function = ({"name": name} if name else {}) | {"arguments": arguments}
    call = {"index": index, "function": function} | ({"id": call_id, "type": "function"} if call_id else {})
    return sse({"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": finish}]})


def tools_of(call):
    return [(tool["id"], tool["name"], tool["arguments"]) for tool in call["response"]["tool_calls"]]


def text_of(call):
    return "".join(part["text"] for part in call["response"]["messages"][0]["parts"] if part["type"] == "text")


def relayed(gateway, pieces, body=None, kind=STREAM, **more):
    """The call of an answer that reached the client byte for byte."""
    body = question(stream=True) if body is None else body
    _, _, content, call = gateway.exchange(in_chunks(pieces, kind=kind), body, **more)
    assert content == b"".join(pieces)
    return call


@pytest.mark.parametrize("done", [[DONE], []])
def test_case_1_usage_after_the_finish_reason(gateway, done):
    call = relayed(gateway, [delta("At ten."), delta(finish="stop"), USAGE, *done])
    assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == (31, 6)
    assert call["status"] == "success" and call["response"]["finish_reasons"] == ["stop"]


def test_case_2_null_usage_and_reported_zeros(gateway):
    zeros = {"prompt_tokens": 31, "completion_tokens": 0, "total_tokens": 31, "prompt_tokens_details": {"cached_tokens": 0}}
    pieces = [delta("At", usage=None), delta(usage=None), delta(finish="stop", usage=zeros), DONE]
    usage = relayed(gateway, pieces)["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_tokens"]) == (31, 0, 0)
    assert "estimated" not in usage


def test_case_3_usage_inside_response_completed(gateway):
    usage = {"input_tokens": 31, "output_tokens": 6, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 37}
    answer = {"id": "resp_1", "model": "gpt-5-mini-2025-08-07", "status": "in_progress", "output": []}
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "At ten."}]}
    pieces = typed(
        {"type": "response.created", "response": answer},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "At ten."},
        {"type": "response.completed", "response": answer | {"status": "completed", "output": [message], "usage": usage}},
    )
    body = json.dumps({"model": "gpt-5-mini", "input": "When?", "stream": True}).encode()
    call = relayed(gateway, pieces, body, path="/v1/responses")
    assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"], call["usage"]["reasoning_tokens"]) == (31, 6, 2)
    assert call["response"]["id"] == "resp_1" and text_of(call) == "At ten."


def anthropic(*middle, start=None, end=None):
    usage = {"input_tokens": 31, "output_tokens": 1} if start is None else start
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": []}
    return typed(
        {"type": "message_start", "message": message | {"usage": usage}},
        *middle,
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": end or {"output_tokens": 6}},
        {"type": "message_stop"},
    )


def claude_says(text):
    return (
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
    )


def claude_is_asked(**more):
    message = {"role": "user", "content": "When?"}
    return json.dumps({"model": "claude-haiku-4-5", "max_tokens": 9, "stream": True, "messages": [message]} | more).encode()


def test_case_4_anthropic_input_from_the_start_and_output_from_the_end(gateway):
    call = relayed(gateway, anthropic(*claude_says("At ten.")), claude_is_asked(), **CLAUDE)
    assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == (31, 6)
    assert call["cost"]["total"] == "0.000061000000"


def test_case_6_the_last_event_without_a_blank_line(gateway):
    call = relayed(gateway, [delta("At ten."), delta(finish="stop"), USAGE.rstrip(b"\n")])
    assert call["usage"]["output_tokens"] == 6 and call["status"] == "success"


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_case_7_split_at_every_byte(gateway, line_end):
    events = b": comment\n\n" + delta("Ümläut 😀") + delta(finish="stop") + USAGE.replace(b', "choices"', b',\ndata: "choices"') + DONE
    answer = events.replace(b"\n", line_end)
    expected = None
    for at in range(0, len(answer), 7):
        call = relayed(gateway, [piece for piece in (answer[:at], answer[at : at + 1], answer[at + 1 :]) if piece])
        facts = (text_of(call), call["usage"]["output_tokens"], call["status"])
        assert facts == (expected or ("Ümläut 😀", 6, "success")), at
    call = relayed(gateway, [answer[at : at + 1] for at in range(len(answer))])
    assert text_of(call) == "Ümläut 😀"


def test_case_15_role_only_and_empty_deltas_pass(gateway):
    role = sse({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})
    call = relayed(gateway, [role, delta(""), delta("At"), delta(""), delta(finish="stop"), USAGE, DONE])
    assert call["response"]["chunks"] == 6 and text_of(call) == "At"


def test_case_18_a_stream_of_a_hundred_thousand_chunks(gateway):
    words = [delta(f"{number} ") for number in range(1000)]
    pieces = [b"".join(words)] * 100 + [delta(finish="stop"), USAGE, DONE]
    call = relayed(gateway, pieces)
    assert call["response"]["chunks"] == 100_002 and call["usage"]["output_tokens"] == 6
    assert text_of(call) == "".join(f"{number} " for number in range(1000)) * 100


def test_case_21_interleaved_tool_calls_by_index(gateway):
    pieces = [
        tool(0, "call_a", "weather"), tool(1, "call_b", "time"),
        tool(0, arguments='{"city": "'), tool(1, arguments='{"zone"'), tool(0, arguments='Kyoto"}'), tool(1, arguments=': "JST"}'),
        delta(finish="tool_calls"), USAGE, DONE,
    ]  # fmt: skip
    call = relayed(gateway, pieces)
    assert tools_of(call) == [("call_a", "weather", {"city": "Kyoto"}), ("call_b", "time", {"zone": "JST"})]


def test_case_22_index_0_used_again(gateway):
    pieces = [tool(0, "call_a", "weather", '{"city":"Kyoto"}'), tool(0, "call_b", "weather", '{"city":"Oslo"}'), USAGE, DONE]
    assert [name for _, name, _ in tools_of(relayed(gateway, pieces))] == ["weather", "weather"]


def test_case_23_and_24_a_whole_call_in_one_delta_and_no_text(gateway):
    call = relayed(gateway, [tool(0, "call_a", "weather", '{"city":"Kyoto"}', "tool_calls"), USAGE, DONE])
    assert tools_of(call) == [("call_a", "weather", {"city": "Kyoto"})]
    assert float(call["cost"]["total"]) > 0 and call["time"]["time_to_first_token_ms"] >= 0


def test_case_25_text_tool_call_and_finish_in_one_frame(gateway):
    function = {"name": "weather", "arguments": "{}"}
    both = {"content": "Looking.", "tool_calls": [{"index": 0, "id": "call_a", "type": "function", "function": function}]}
    choice = {"index": 0, "delta": both, "finish_reason": "tool_calls"}
    call = relayed(gateway, [sse({"model": "gpt-4o-mini", "choices": [choice]}), USAGE, DONE])
    assert (text_of(call), tools_of(call)) == ("Looking.", [("call_a", "weather", {})])
    assert call["response"]["finish_reasons"] == ["tool_calls"]


def test_case_26_parallel_tool_results_keep_their_pairing(gateway):
    results = [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": f"{n} degrees"} for n in (2, 1)]
    calls = [{"type": "tool_use", "id": f"toolu_{n}", "name": "weather", "input": {"n": n}} for n in (1, 2)]
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    call = relayed(gateway, anthropic(*claude_says("Mild.")), claude_is_asked(messages=messages), **CLAUDE)
    asked = [(part["type"], part["id"]) for message in call["request"]["messages"][1:] for part in message["parts"]]
    assert asked == [("tool_call", "toolu_1"), ("tool_call", "toolu_2"), ("tool_result", "toolu_2"), ("tool_result", "toolu_1")]


def test_case_29_the_placeholder_of_a_cut_stream_is_not_priced(gateway):
    pieces = anthropic(*claude_says("At ten."))[:3]
    _, client_saw, call = cut(gateway, pieces, claude_is_asked(), **CLAUDE)
    assert client_saw == b"".join(pieces)
    usage = call.get("usage", {})
    assert usage.get("output_tokens") != 1 or usage["estimated"]
    assert call["status"] == "partial"


def cut(gateway, pieces, body, **more):
    """(status, what came, the call) of an answer whose upstream dies."""
    gateway.upstream.script = in_chunks(pieces, kind=STREAM, end=False)
    client, session = gateway.ask(body, **more)
    status, _ = client.answer_head()
    came = b""
    try:
        for piece in client.chunks():
            came += piece
        raise AssertionError("the cut did not reach the client")
    except Exception as error:  # noqa: BLE001
        if isinstance(error, AssertionError):
            raise
    client.close()
    return status, came, gateway.recorded(session)


def test_case_12_an_upstream_that_dies_gives_no_done_and_no_made_up_cost(gateway):
    _, came, call = cut(gateway, [delta("At "), delta("ten")], question(stream=True))
    assert came == delta("At ") + delta("ten") and b"[DONE]" not in came
    assert call["status"] == "partial" and call["error"]["type"] == "connection" and text_of(call) == "At ten"
    usage = call.get("usage", {})
    assert "output_tokens" not in usage or usage["estimated"] is True


def test_case_58_bodies_from_32_kb_to_40_mb(gateway):
    for size in (32_769, 1 << 20, 10 << 20, 40 << 20):
        answer = completion(text="x" * size)
        _, _, content, call = gateway.exchange(whole(answer), question())
        assert content == answer and call["usage"]["output_tokens"] == 6
        assert call["response"]["output_chars"] == size or "response.messages" in call["privacy"]["truncated"]


def test_case_69_unknown_fields_survive_both_ways(gateway):
    body = question(new_field={"deep": [1, None, "1e400"]}, top_k=7)
    answer = completion(another_field={"nested": ["é", 12345678901234567890]})
    _, _, content, call = gateway.exchange(whole(answer), body)
    assert gateway.upstream.seen().body == body and content == answer
    assert call["request"]["parameters"]["new_field"] == {"deep": [1, None, "1e400"]}
    assert call["request"]["parameters"]["top_k"] == 7 and json.loads(call["raw"]["request"])["top_k"] == 7


def test_case_70_who_refused(gateway):
    refused = b'{"error":{"message":"no","type":"server_error"}}'
    _, fields, _, call = gateway.exchange(whole(refused, status=503), question())
    assert not [name for name, _ in fields if name.lower() == "x-steno-error"] and call["error"]["provider_type"]
    gateway.upstream.script = lambda request, wire: False  # dies without an answer
    client, session = gateway.ask(question())
    status, fields, body = client.answer()
    assert status == 502 and [value for name, value in fields if name.lower() == "x-steno-error"]
    assert json.loads(body)["error"]["message"]
    call = gateway.recorded(session)
    assert "provider_type" not in call["error"] and call["error"]["type"] == "connection"
    client.close()


def test_json_is_not_guessed_from_a_header(gateway):
    """69 again: a content type that is wrong changes nothing for the client."""
    answer = completion()
    _, _, content, call = gateway.exchange(whole(answer, kind="text/plain"), question(), fields=(JSON,))
    assert content == answer and call["usage"]["output_tokens"] == 6


KEY = "sk-proj-SECRETSECRET123456"
AS_KEY = [("Authorization", f"Bearer {KEY}")]


def test_case_56_a_key_repeated_in_the_results_of_a_batch(gateway):
    echo = {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error"}
    lines = [
        {"id": "batch_req_1", "custom_id": "a", "response": {"status_code": 401, "body": {"error": echo}}, "error": None},
        {"id": "batch_req_2", "custom_id": "b", "response": None, "error": {"code": "expired", "message": f"bad key {KEY}"}},
    ]
    answer = "".join(json.dumps(line) + "\n" for line in lines).encode()
    gateway.upstream.script = whole(answer, kind="application/octet-stream")
    client, _ = gateway.ask(method="GET", path="/v1/files/file-1/content", fields=AS_KEY)
    _, fields, content = client.answer("GET")
    gateway.sessions.pop()  # three rows, not one
    assert content == answer
    parent = dict(fields)["x-steno-call-id"]
    rows = [gateway.server.call(row["id"]) for row in gateway.server.calls(f"&trace.parent_id={parent}")]
    assert len(rows) == 2 and KEY not in json.dumps(rows) and "***" in rows[0]["error"]["message"]
    client.close()


def test_case_56_credentials_in_a_stored_object(gateway):
    tool = {"type": "mcp", "server_url": "https://example.org", "authorization": "SECRETtoken0123456789"}
    answer = json.dumps({"id": "resp_1", "object": "response", "tools": [tool], "error": {"message": f"key {KEY}"}}).encode()
    _, _, content, call = gateway.exchange(whole(answer), method="GET", path="/v1/responses/resp_1", fields=AS_KEY)
    assert content == answer
    assert KEY not in json.dumps(call) and "SECRETtoken" not in json.dumps(call)
