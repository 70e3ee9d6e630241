"""Calls that Steno makes itself: what it sends with them, and what it refuses to send."""

import pytest
from conftest import JSON, Gateway
from scripted import completion, question, whole

KEY_FIELDS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
AT_HOME = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m:generateContent",
    "ollama": "/v1/chat/completions",
    "elsewhere": "/v1/chat/completions",
}


def replay(gateway, call, expect=200):
    return gateway.server.request("POST", "/api/v1/replay", {"call_id": call["id"]}, JSON_HEAD, expect=expect)[2]


JSON_HEAD = dict([JSON])


def sent(gateway):
    """The keys that the request which came upstream last was sent with."""
    request = gateway.upstream.seen()
    return {name.lower(): value for name, value in request.fields if name.lower() in KEY_FIELDS}


@pytest.mark.parametrize("name", AT_HOME)
def test_without_a_key_none_is_sent_and_none_recorded(gateway, name):
    call = gateway.exchange(
        whole(completion()), question(), name=name, path=AT_HOME[name], fields=[JSON, ("Authorization", "Bearer sk-mine")]
    )[3]
    assert call["who"]["api_key_id"] and sent(gateway) == {"authorization": "Bearer sk-mine"}
    gateway.sessions.remove(call["trace"]["session_id"])  # it has a second row now
    again = replay(gateway, call)["replay"]
    assert sent(gateway) == {}
    assert "api_key_id" not in again.get("who", {}) and again["replay"]["of"] == call["id"]


def test_the_key_goes_where_the_provider_expects_it(tmp_path):
    keys = {f"{name}_API_KEY": f"sk-of-{name.lower()}" for name in ("OPENAI", "ANTHROPIC", "GEMINI", "AZURE", "ELSEWHERE")}
    gateway = Gateway(tmp_path, env=keys)
    for name, field, value in (
        ("openai", "authorization", "Bearer sk-of-openai"),
        ("anthropic", "x-api-key", "sk-of-anthropic"),
        ("gemini", "x-goog-api-key", "sk-of-gemini"),
        ("elsewhere", "authorization", "Bearer sk-of-elsewhere"),
    ):
        call = gateway.exchange(whole(completion()), question(), name=name, path=AT_HOME[name])[3]
        gateway.upstream.seen()
        gateway.sessions.remove(call["trace"]["session_id"])
        again = replay(gateway, call)["replay"]
        assert sent(gateway) == {field: value}
        assert again["who"]["api_key_id"] and "sk-of" not in str(again)
    gateway.close()


def test_what_certainly_needs_a_key_is_not_sent_without(tmp_path):
    nowhere = ("openai", "anthropic", "bedrock", "house", "azure")
    gateway = Gateway(tmp_path, flags=[f for name in nowhere for f in ("--upstream", f"{name}=http://nowhere.invalid")])
    keyed = [JSON, ("Authorization", "Bearer sk-mine")]
    for name, path, fields, says in (
        ("openai", "/v1/chat/completions", [JSON], "OPENAI_API_KEY"),
        ("azure", "/openai/v1/chat/completions", [JSON], "AZURE_API_KEY"),
        ("anthropic", "/v1/messages", [JSON], "ANTHROPIC_API_KEY"),
        ("bedrock", "/model/m/converse", [JSON], "AWS_ACCESS_KEY_ID"),
        ("house", "/v1/chat/completions", keyed, "HOUSE_API_KEY"),
    ):
        call = gateway.exchange(None, question(), name=name, path=path, fields=fields)[3]
        refused = replay(gateway, call, expect=409)
        assert says in str(refused), refused
    # A host of one's own that took the call without a key is asked again without.
    call = gateway.exchange(None, question(), name="house")[3]
    gateway.sessions.remove(call["trace"]["session_id"])
    again = replay(gateway, call)["replay"]
    assert again["status"] == "failure" and again["error"]["type"] == "connection"
    gateway.close()
