"""The openai package: files and batches. A batch is billed by its results, each of which is a call of its own."""

import json
from decimal import Decimal

import openai
import pytest
from conftest import KEYS, dollars


@pytest.fixture
def client(server, record):
    with openai.OpenAI(
        base_url=server.url + "/openai/v1", api_key=KEYS["openai"], max_retries=0, default_headers=record.headers
    ) as client:
        yield client


def line(number, url, body):
    return json.dumps({"custom_id": f"request-{number}", "method": "POST", "url": url, "body": body})


LINES = [
    line(1, "/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say one"}]}),
    line(2, "/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say two"}]}),
    line(3, "/v1/chat/completions", {"model": "gpt-4o-mini", "messages": []}),
    line(4, "/v1/embeddings", {"model": "text-embedding-3-small", "input": "four"}),
]


def test_a_batch_from_upload_to_results(client, record):
    content = "\n".join(LINES).encode()
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"run": "7"}
    )
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    text = client.files.content(batch.output_file_id).text

    calls = record.calls(8)
    spans = [call for call in calls if not call["provider"].get("batch")]
    upload, create, look, fetch = sorted(spans, key=lambda call: call["started_at"])
    assert upload["name"] == "POST /v1/files" and upload["response"]["id"] == file.id
    assert upload["request"]["parameters"] == {"purpose": "batch"}
    assert upload["request"]["input"][0]["filename"] == "in.jsonl"
    assert upload["request"]["input"][0]["bytes"] == len(content)
    assert create["name"] == "POST /v1/batches" and create["request"]["input"]["metadata"] == {"run": "7"}
    assert look["response"]["output"] == batch.model_dump(exclude_unset=True)
    for span in (upload, create, look, fetch):
        assert span["kind"] == "span" and span["status"] == "success" and "usage" not in span and "cost" not in span
    assert fetch["response"]["output"] == {"batch_results": 4, "failed": 1}

    told = {answer["custom_id"]: answer for answer in map(json.loads, text.splitlines())}
    found = [call for call in calls if call["provider"].get("batch")]
    assert {call["labels"]["attributes"]["batch.custom_id"] for call in found} == set(told)
    total = 0
    for call in found:
        answer = told[call["labels"]["attributes"]["batch.custom_id"]]["response"]
        body = answer["body"]
        assert call["trace"]["parent_id"] == fetch["id"] and call["trace"]["session_id"] == record.session
        assert call["provider"]["name"] == "openai" and call["provider"]["request_id"] == answer["request_id"]
        assert call["provider"]["http_status"] == answer["status_code"]
        if answer["status_code"] != 200:
            assert call["status"] == "failure" and call["error"]["message"] == body["error"]["message"]
            continue
        usage = body["usage"]
        total += usage["total_tokens"]
        assert call["status"] == "success" and call["model"] == {"served": body["model"]} and call["name"] == body["model"]
        assert call["usage"]["billed"] == usage and call["usage"]["input_tokens"] == usage["prompt_tokens"]
        if body["object"] == "list":
            assert call["kind"] == "embedding"
            continue
        choice = body["choices"][0]
        assert call["kind"] == "chat" and call["response"]["id"] == body["id"]
        assert call["response"]["messages"][0]["parts"] == [{"type": "text", "text": choice["message"]["content"]}]
        assert call["response"]["finish_reasons"] == [choice["finish_reason"]]
        took, gave = usage["prompt_tokens"], usage["completion_tokens"]
        assert call["cost"]["total"] == dollars((took, "0.075"), (gave, "0.3"))  # half of the price of a single call
        assert "/batch" in call["cost"]["price_id"]
    assert total == batch.usage.total_tokens

    # Fetched again: another span, and the same results.
    client.files.content(batch.output_file_id)
    again = record.calls(9)
    assert {call["id"] for call in again if call["provider"].get("batch")} == {call["id"] for call in found}
    spent = sum(Decimal(call["cost"]["total"]) for call in again if "cost" in call)
    assert spent == sum(Decimal(call["cost"]["total"]) for call in found if "cost" in call)


def test_other_files_are_left_alone(client, record):
    file = client.files.create(file=("notes.jsonl", b'{"messages":[]}\n'), purpose="fine-tune")
    assert client.files.content(file.id).text == '{"messages":[]}\n'
    client.files.retrieve(file.id)
    client.files.delete(file.id)
    calls = record.calls(4)
    assert [call["name"].split()[0] for call in calls] == ["POST", "GET", "GET", "DELETE"]
    assert all(call["kind"] == "span" and "usage" not in call for call in calls)
    assert [call.get("response", {}).get("id") for call in calls] == [file.id, None, file.id, file.id]


def test_cancel_and_list(client, record):
    file = client.files.create(file=("in.jsonl", LINES[0].encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert list(client.batches.list()) == []
    calls = record.calls(4)
    assert calls[2]["response"]["output"]["status"] == "cancelling" and calls[2]["response"]["id"] == batch.id


def test_missing(client, record):
    with pytest.raises(openai.NotFoundError) as caught:
        client.batches.retrieve("batch_none")
    call = record.call()
    assert call["status"] == "failure" and call["error"]["type"] == "not_found"
    assert call["error"]["http_status"] == caught.value.status_code
