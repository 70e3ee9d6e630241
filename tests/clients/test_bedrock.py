"""boto3's bedrock-runtime: signed requests, event streams. The signature is checked with botocore's own signer."""

import http.server
import json
import threading

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest
from conftest import PRICES, assert_call
from steno_process import Server

NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "anthropic.claude-haiku-4-5-20251001-v1:0"
LLAMA = "meta.llama3-8b-instruct-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
PRICES.update(
    {NOVA: ("0.06", "0", "0.24"), CLAUDE: ("1", "0.1", "5"), LLAMA: ("0.3", "0", "0.6"), TITAN: ("0.02", "0", "0")}
)
PROMPT = "Tell me about the tides of the North Sea."
KEY = {"aws_access_key_id": "AKIASECRETCLIENT", "aws_secret_access_key": "SECRETclientwJalrXUtnFEMI"}
GATEWAYS = {
    "AWS_ACCESS_KEY_ID": "AKIASECRETGATEWAY",
    "AWS_SECRET_ACCESS_KEY": "SECRETgatewaywJalrXUtnFEMI",
    "AWS_SESSION_TOKEN": "SECRETgatewaysessiontoken",
}
WEATHER = {
    "toolSpec": {
        "name": "get_weather",
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city", "days"],
            }
        },
    }
}
CLOCK = {
    "toolSpec": {
        "name": "get_time",
        "inputSchema": {"json": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}},
    }
}


def connect(server, headers=None, region="us-east-1", **settings):
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=60)
    client = boto3.client(
        "bedrock-runtime", region_name=region, endpoint_url=server.url + "/bedrock", config=config, **(settings or KEY)
    )

    def add(params, **_):
        params["headers"].update(headers or {})

    client.meta.events.register("before-call.bedrock-runtime", add)
    return client


@pytest.fixture
def client(server, record):
    return connect(server, record.headers)


def messages(text=PROMPT):
    return [{"role": "user", "content": [{"text": text}]}]


def totals(usage):
    """(all input, cache included; all output)"""
    return (
        usage["inputTokens"] + usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0),
        usage["outputTokens"],
    )


def known(**more):
    return {"provider": "aws.bedrock", "served": "", **more}


def claude(text=PROMPT, **more):
    return json.dumps(
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 300,
            "messages": [{"role": "user", "content": text}],
            **more,
        }
    )


def chunks(answer):
    return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]


def test_nothing_but_the_base_url(server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url + "/bedrock")
    client = boto3.client("bedrock-runtime", region_name="us-east-1", **KEY)
    answer = client.converse(modelId=NOVA, messages=messages())
    call = server.call(answer["ResponseMetadata"]["HTTPHeaders"]["x-steno-call-id"])
    text = answer["output"]["message"]["content"][0]["text"]
    assert_call(call, **known(requested=NOVA), prompt=PROMPT, answer=text, usage=totals(answer["usage"]))
    assert call["provider"]["request_id"] == answer["ResponseMetadata"]["RequestId"]


def test_converse(client, record):
    answer = client.converse(
        modelId=NOVA,
        messages=messages(),
        system=[{"text": "Be brief."}],
        inferenceConfig={"maxTokens": 200, "temperature": 0.5},
    )
    call = record.call()
    text = answer["output"]["message"]["content"][0]["text"]
    assert_call(call, **known(requested=NOVA), prompt=PROMPT, answer=text, usage=totals(answer["usage"]))
    assert call["request"]["system"] == "Be brief."
    assert call["request"]["parameters"] == {"inferenceConfig": {"maxTokens": 200, "temperature": 0.5}}
    assert call["response"]["finish_reasons"] == [answer["stopReason"]]
    assert call["time"]["phases"]["provider_processing"] == answer["metrics"]["latencyMs"]


def test_converse_stream(client, record):
    answer = client.converse_stream(modelId=NOVA, messages=messages())
    events = list(answer["stream"])
    text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
    usage = events[-1]["metadata"]["usage"]
    call = record.call()
    assert_call(call, **known(requested=NOVA), stream=True, prompt=PROMPT, answer=text, usage=totals(usage))
    assert call["response"]["chunks"] == len(events)
    assert call["response"]["finish_reasons"] == ["end_turn"]


def test_cache_writes_and_reads(client, record):
    answer = client.converse(modelId=CLAUDE, messages=messages(PROMPT + " [sim cached=3 cache-write=4 cache-write-1h=2]"))
    call = record.call()
    usage = answer["usage"]
    assert (usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"]) == (3, 6)
    assert_call(
        call,
        **known(requested=CLAUDE),
        usage=totals(usage),
        cached=3,
        written=[(4, "1.25"), (2, "2")],
    )
    assert call["usage"]["cache_write_tokens"] == {"5m": 4, "1h": 2}
    assert call["usage"]["billed"] == usage | {"cacheReadInputTokenCount": 3, "cacheWriteInputTokenCount": 6}


@pytest.mark.parametrize("streams", [False, True])
def test_parallel_tools(client, record, streams):
    ask = {"modelId": NOVA, "messages": messages("Weather? [sim tools=parallel]"), "toolConfig": {"tools": [WEATHER, CLOCK]}}
    if streams:
        seen, inputs = {}, {}
        for event in client.converse_stream(**ask)["stream"]:
            if "contentBlockStart" in event:
                seen[event["contentBlockStart"]["contentBlockIndex"]] = event["contentBlockStart"]["start"]["toolUse"]
            delta = event.get("contentBlockDelta")
            if delta and "toolUse" in delta["delta"]:
                index = delta["contentBlockIndex"]
                inputs[index] = inputs.get(index, "") + delta["delta"]["toolUse"]["input"]
        tools = [(seen[i]["toolUseId"], seen[i]["name"], json.loads(inputs[i])) for i in seen]
    else:
        content = client.converse(**ask)["output"]["message"]["content"]
        tools = [(b["toolUse"]["toolUseId"], b["toolUse"]["name"], b["toolUse"]["input"]) for b in content if "toolUse" in b]
    assert len(tools) == 2
    call = record.call()
    assert_call(call, **known(requested=NOVA), stream=streams, tools=tools)
    assert [tool["toolSpec"]["name"] for tool in call["request"]["tools"]] == ["get_weather", "get_time"]


def test_claude_by_invoke_model(client, record):
    answer = client.invoke_model(modelId=CLAUDE, body=claude())
    message = json.loads(answer["body"].read())
    usage = (message["usage"]["input_tokens"], message["usage"]["output_tokens"])
    call = record.call()
    assert_call(
        call,
        **known(requested=CLAUDE) | {"served": message["model"]},
        prompt=PROMPT,
        answer=message["content"][0]["text"],
        usage=usage,
    )
    assert call["response"]["id"] == message["id"]
    assert call["provider"]["api_version"] == "bedrock-2023-05-31"


def test_claude_by_invoke_model_streamed(client, record):
    events = chunks(client.invoke_model_with_response_stream(modelId=CLAUDE, body=claude()))
    text = "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
    metrics = events[-1]["amazon-bedrock-invocationMetrics"]
    call = record.call()
    assert_call(
        call,
        **known(requested=CLAUDE) | {"served": events[0]["message"]["model"]},
        stream=True,
        prompt=PROMPT,
        answer=text,
        usage=(metrics["inputTokenCount"], metrics["outputTokenCount"]),
    )
    assert call["time"]["phases"]["provider_processing"] == metrics["invocationLatency"]


@pytest.mark.parametrize("streams", [False, True])
def test_llama(client, record, streams):
    body = json.dumps({"prompt": PROMPT, "max_gen_len": 400})
    if streams:
        parts = chunks(client.invoke_model_with_response_stream(modelId=LLAMA, body=body))
    else:
        parts = [json.loads(client.invoke_model(modelId=LLAMA, body=body)["body"].read())]
    assert_call(
        record.call(),
        **known(requested=LLAMA),
        kind="completion",
        stream=streams,
        prompt=PROMPT,
        answer="".join(part["generation"] for part in parts),
        usage=(parts[0]["prompt_token_count"], parts[-1]["generation_token_count"]),
    )


@pytest.mark.parametrize("streams", [False, True])
def test_nova_by_invoke_model(client, record, streams):
    body = json.dumps({"schemaVersion": "messages-v1", "messages": messages()})
    if streams:
        events = chunks(client.invoke_model_with_response_stream(modelId=NOVA, body=body))
        text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
        usage = events[-1]["metadata"]["usage"]
    else:
        answer = json.loads(client.invoke_model(modelId=NOVA, body=body)["body"].read())
        text, usage = answer["output"]["message"]["content"][0]["text"], answer["usage"]
    assert_call(
        record.call(), **known(requested=NOVA), stream=streams, prompt=PROMPT, answer=text, usage=totals(usage)
    )


def test_embedding(client, record):
    body = json.dumps({"inputText": PROMPT, "dimensions": 256})
    answer = json.loads(client.invoke_model(modelId=TITAN, body=body)["body"].read())
    call = record.call()
    assert_call(call, **known(requested=TITAN), kind="embedding", usage=(answer["inputTextTokenCount"], 0))
    assert call["response"]["output"] == {"count": 1, "dimensions": len(answer["embedding"])}


def test_an_arn_is_the_model(client, record):
    arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    client.converse(modelId=arn, messages=messages())
    call = record.call()
    assert call["model"]["requested"] == arn
    assert call["provider"]["region"] == "eu-west-1"


@pytest.mark.parametrize(
    "knobs, code, status",
    [
        ("error=rate_limit", "ThrottlingException", 429),
        ("error=permission", "AccessDeniedException", 403),
        ("error=context_length", "ValidationException", 400),
        ("error=server", "InternalServerException", 500),
    ],
)
def test_errors(client, record, knobs, code, status):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        client.converse(modelId=NOVA, messages=messages(f"No. [sim {knobs}]"))
    assert raised.value.response["Error"]["Code"] == code
    call = record.call()
    assert call["status"] == "failure" and call["error"]["http_status"] == status
    assert call["error"]["provider_type"] == code
    assert call["error"]["message"] == raised.value.response["Error"]["Message"]
    assert "cost" not in call


def test_an_exception_within_a_stream(client, record):
    stream = client.converse_stream(modelId=NOVA, messages=messages("Go on. [sim stream-error-after=4 error=rate_limit]"))
    with pytest.raises(botocore.exceptions.EventStreamError) as raised:
        list(stream["stream"])
    assert raised.value.response["Error"]["Code"] == "throttlingException"
    call = record.call()
    assert call["status"] == "failure" and call["error"]["provider_type"] == "throttlingException"
    assert call["error"]["type"] == "rate_limit" and call["provider"]["http_status"] == 200
    assert "output_tokens" not in call.get("usage", {})


def test_a_damaged_message(client, record):
    with pytest.raises(Exception, match="[Cc]hecksum"):
        list(client.converse_stream(modelId=NOVA, messages=messages("Hm. [sim malformed=sse]"))["stream"])
    call = record.call()
    assert call["error"]["type"] in ("malformed_response", "cancelled")


def test_a_stream_that_is_cut(client, record):
    with pytest.raises(Exception):
        list(client.converse_stream(modelId=NOVA, messages=messages("Hm. [sim cut-after=6]"))["stream"])
    call = record.call()
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    assert "output_tokens" not in call.get("usage", {}) or call["usage"]["estimated"]


class Upstream(http.server.ThreadingHTTPServer):
    """Keeps what it is sent, and answers like Converse."""

    def __init__(self):
        outer = self
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.seen.append((self.path, self.headers, body))
                answer = json.dumps(
                    {
                        "output": {"message": {"role": "assistant", "content": [{"text": "ok"}]}},
                        "stopReason": "end_turn",
                        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
                        "metrics": {"latencyMs": 1},
                    }
                ).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def upstream():
    with Upstream() as upstream:
        yield upstream
        upstream.shutdown()


def expected_authorization(upstream, secret, region):
    """What botocore's own signer makes of the request that came."""
    path, headers, body = upstream.seen[-1]
    given = headers["authorization"]
    names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=upstream.url + path, data=body, headers={name: headers[name] for name in names if name != "host"}
    )
    request.context["timestamp"] = headers["x-amz-date"]
    key_id = given.split("Credential=")[1].split("/")[0]
    auth = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key_id, secret), "bedrock", region)
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return f"AWS4-HMAC-SHA256 Credential={key_id}/{headers['x-amz-date'][:8]}/{region}/bedrock/aws4_request, SignedHeaders={';'.join(names)}, Signature={signature}"


@pytest.mark.parametrize("model", [NOVA, "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0"])
def test_the_gateway_signs_with_its_own_credentials(tmp_path, upstream, model):
    with Server(tmp_path, "--upstream", f"bedrock={upstream.url}", env=GATEWAYS | {"AWS_REGION": "eu-central-1"}) as server:
        connect(server, region="us-west-2").converse(modelId=model, messages=messages())
        headers = upstream.seen[-1][1]
        assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIASECRETGATEWAY/")
        assert headers["x-amz-security-token"] == GATEWAYS["AWS_SESSION_TOKEN"]
        assert headers["host"] == upstream.url[7:]
        signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        assert {"host", "x-amz-date", "x-amz-security-token", "content-type"} <= set(signed)
        secret = GATEWAYS["AWS_SECRET_ACCESS_KEY"]
        assert headers["authorization"] == expected_authorization(upstream, secret, "eu-central-1")
        [call] = [server.call(row["id"]) for row in server.calls()]
        assert call["status"] == "success" and "SECRET" not in json.dumps(call)
        assert server.stop() == 0
        assert "SECRET" not in server.output()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"SECRET" not in path.read_bytes(), path


def test_credentials_from_a_file_are_read_anew(tmp_path, upstream):
    file = tmp_path / "credentials"
    profile = "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key=x\n# a comment\n[team]\n"
    file.write_text(profile + "aws_access_key_id = AKIAONE\naws_secret_access_key = one\n")
    env = {"STENO_AWS_CREDENTIALS_FILE": str(file), "STENO_AWS_PROFILE": "team", "STENO_AWS_REGION": "eu-west-3"}
    with Server(tmp_path / "data", "--upstream", f"bedrock={upstream.url}", env=env) as server:
        client = connect(server)
        client.converse(modelId=NOVA, messages=messages())
        given = upstream.seen[-1][1]["authorization"]
        assert "AKIAONE" in given and given == expected_authorization(upstream, "one", "eu-west-3")
        file.write_text(profile + "aws_access_key_id = AKIATWO\naws_secret_access_key = two\n")
        client.converse(modelId=NOVA, messages=messages())
        assert upstream.seen[-1][1]["authorization"] == expected_authorization(upstream, "two", "eu-west-3")


def test_a_bearer_key_passes(tmp_path, upstream):
    with Server(tmp_path, "--upstream", f"bedrock={upstream.url}", env=GATEWAYS) as server:
        # not by boto3: it sends no bearer key where there is no TLS
        bearer = {"authorization": "Bearer ABSKSECRETbearer0123456789"}
        server.request("POST", f"/bedrock/model/{NOVA}/converse", {"messages": messages()}, bearer)
        assert upstream.seen[-1][1]["authorization"] == bearer["authorization"]
        assert upstream.seen[-1][1]["x-amz-date"] is None


def test_without_credentials_a_signature_cannot_pass(tmp_path):
    flag = "bedrock=https://bedrock-runtime.eu-central-1.amazonaws.com"
    with Server(tmp_path, "--upstream", flag) as server:
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            connect(server).converse(modelId=NOVA, messages=messages())
        error = raised.value.response
        assert error["Error"]["Code"] == "StenoGatewayError" and "AWS_ACCESS_KEY_ID" in error["Error"]["Message"]
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
        [call] = [server.call(row["id"]) for row in server.calls()]
        assert call["error"]["type"] == "authentication"
