"""The cases of cost that are known to go wrong in gateways (group C; the number in a test's name is the case's in
docs/gateway-cases.md), on the whole: what a provider answers through a real gateway, and what the record then says it
cost. The arithmetic by itself is tested in src/pricing."""

import json

import pytest
from conftest import JSON, Gateway
from scripted import Client, Cut, completion, in_chunks, question, whole
from steno_process import run


SSE = "text/event-stream"
PRICES = [
    {"provider": "openai", "model": "our-alias", "same_as": "gpt-4o-mini"},
    {"provider": "openai", "model": "house-model", "input": "1", "output": "2", "from": "2020-01-01"},
]


class Priced(Gateway):
    """With prices of its own."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.prices = folder / "prices.json"
        self.prices.write_text(json.dumps(PRICES))
        super().__init__(folder / "data", env={"STENO_PRICING_FILE": str(self.prices)})

    def cost(self, script, path, body=b"{}", method="POST"):
        """The recorded call of one exchange, by the path below the server."""
        self.upstream.script = script
        session = self.session()
        client = Client(self.server.url)
        client.ask(method, path, body if method == "POST" else b"", [JSON, ("x-steno-session", session)])
        status, fields = client.answer_head()
        assert status == 200
        try:
            client.answer_body(status, fields, method)
        except Cut:
            pass  # a case too
        client.close()
        return self.recorded(session)


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    gateway = Priced(tmp_path_factory.mktemp("priced"))
    yield gateway
    gateway.close()


def chat(**usage):
    return whole(completion(model="gpt-5.4-2026-03-05", usage=usage))


def test_case_27_cached_reads_are_a_part_of_openais_prompt(priced):
    call = priced.cost(
        chat(prompt_tokens=10000, completion_tokens=500, prompt_tokens_details={"cached_tokens": 8000}),
        "/openai/v1/chat/completions",
        question(model="gpt-5.4"),
    )
    assert call["cost"]["input"] == "0.005000000000"  # 2 000 at 2.50
    assert call["cost"]["cache"] == "0.002000000000"  # 8 000 at 0.25
    assert call["cost"]["total"] == "0.014500000000"


def test_case_27_cached_reads_come_besides_anthropics_input(priced):
    usage = {"input_tokens": 2000, "cache_read_input_tokens": 8000, "output_tokens": 100}
    call = priced.cost(whole(message(usage)), "/anthropic/v1/messages", question(model="claude-sonnet-4-6"))
    assert call["usage"]["input_tokens"] == 10000
    assert call["cost"]["total"] == "0.009900000000"  # 2 000 x 3 + 8 000 x 0.30 + 100 x 15


def message(usage, **more):
    return json.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-6",
            "content": [{"type": "text", "text": "At ten."}],
            "stop_reason": "end_turn",
            "usage": usage,
        }
        | more
    ).encode()


def events(*data):
    return [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in data]


def started(usage):
    empty = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "content": []}
    return {"type": "message_start", "message": empty | {"stop_reason": None, "usage": usage}}


TEXT = (
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "At ten."}},
    {"type": "content_block_stop", "index": 0},
)


def test_case_28_streamed_cache_writes_cost_by_duration_and_once(priced):
    usage = {
        "input_tokens": 1000,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 30000,
        "cache_creation": {"ephemeral_5m_input_tokens": 10000, "ephemeral_1h_input_tokens": 20000},
        "output_tokens": 1,
    }
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}
    pieces = events(started(usage), *TEXT, end, {"type": "message_stop"})
    call = priced.cost(
        in_chunks(pieces, kind=SSE), "/anthropic/v1/messages", question(model="claude-sonnet-4-6", stream=True)
    )
    assert call["usage"]["input_tokens"] == 31000
    assert call["cost"]["cache"] == "0.157500000000"  # 10 000 x 3.75 + 20 000 x 6
    assert call["cost"]["total"] == "0.162000000000"  # + 1 000 x 3 + 100 x 15


def test_case_29_the_placeholder_of_one_output_token_is_never_priced(priced):
    pieces = events(started({"input_tokens": 1000, "output_tokens": 1}), *TEXT)
    call = priced.cost(
        in_chunks(pieces, kind=SSE, end=False), "/anthropic/v1/messages", question(model="claude-sonnet-4-6", stream=True)
    )
    assert call["status"] == "partial"
    assert call["usage"].get("estimated") or "output_tokens" not in call["usage"]
    assert call["usage"].get("estimated") or "total" not in call.get("cost", {})


def test_case_30_a_mistaken_unit_is_refused_and_locks_nobody_out(priced, tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps([{"provider": "openai", "model": "m", "input": "0.0000025"}]))
    refused = run("prices", "import", wrong, "--server", priced.server.url, check=False)
    assert refused.returncode == 2 and "looks like a price per token" in refused.stderr and '"2.5"' in refused.stderr
    assert priced.server.get("/api/v1/prices?own=true")[2] == {"prices": []}
    call = priced.cost(
        whole(completion(model="nobody-has-a-price-for-this")), "/openai/v1/chat/completions", question(model="x")
    )
    assert call["status"] == "success" and "total" not in call.get("cost", {})


def test_case_31_an_alias_costs_what_its_model_costs(priced):
    call = priced.cost(whole(completion(model="our-alias")), "/openai/v1/chat/completions", question(model="our-alias"))
    assert call["cost"]["total"] == "0.000008250000"
    assert call["cost"]["price_id"].startswith("openai/gpt-4o-mini@")


def test_case_32_the_tier_that_answered_is_the_one_that_is_priced(priced):
    usage = {
        "prompt_tokens": 10000,
        "completion_tokens": 1000,
        "completion_tokens_details": {"reasoning_tokens": 900},
    }
    for tier, total in (("default", "0.040"), ("flex", "0.020"), ("priority", "0.080"), ("scale", None)):
        answer = completion(model="gpt-5.4", usage=usage, service_tier=tier)
        call = priced.cost(
            whole(answer), "/openai/v1/chat/completions", question(model="gpt-5.4", service_tier="auto")
        )
        assert call.get("cost", {}).get("total", "")[:5] == (total or ""), tier


def test_case_32_audio_tokens_have_their_own_price(priced):
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 1000,
        "prompt_tokens_details": {"audio_tokens": 900, "text_tokens": 100, "cached_tokens": 0},
        "completion_tokens_details": {"audio_tokens": 800, "text_tokens": 200},
    }
    call = priced.cost(
        whole(completion(model="gpt-audio", usage=usage)), "/openai/v1/chat/completions", question(model="gpt-audio")
    )
    assert call["cost"]["total"] == "0.082250000000"  # 100 x 2.50 + 900 x 32 + 200 x 10 + 800 x 64


def test_case_33_a_stored_answer_is_not_billed_again(priced):
    stored = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": "gpt-4o-mini",
        "output": [],
        "usage": {"input_tokens": 31, "output_tokens": 6, "total_tokens": 37},
    }
    call = priced.cost(whole(json.dumps(stored).encode()), "/openai/v1/responses/resp_1", method="GET")
    assert call.get("cost", {}).get("total", "0.000000000000") == "0.000000000000"
    explained = priced.server.get(f"/api/v1/prices/explain/{call['id']}")[2]
    assert explained["lines"] == []


def test_explain_says_price_rule_and_source(priced):
    call = priced.cost(whole(completion()), "/openai/v1/chat/completions", question())
    explained = priced.server.get(f"/api/v1/prices/explain/{call['id']}")[2]
    assert explained["price_id"] == call["cost"]["price_id"] == explained["recorded_price_id"]
    assert explained["rule"] == "the model that answered" and explained["price"]["source"].startswith("catalogue")
    assert explained["total"] == explained["recorded_total"] == call["cost"]["total"]
    text = run("prices", "explain", call["id"], "--server", priced.server.url).stdout
    for shown in ("input tokens", "output tokens", "0.15", explained["price_id"], "the model that answered", "catalogue as of"):
        assert shown in text, text


def test_list_shows_tiers_bands_and_dates():
    text = run("prices", "list", "--provider", "openai", "--model", "gpt-5.6-luna").stdout
    for shown in ("standard", "batch", "272,000", "2026-07-30", "further notice", "ever", "us|eu"):
        assert shown in text, text
