"""The openai package: images, speech, transcriptions, moderations."""

import io

import openai
import pytest
from conftest import KEYS, assert_failure, dollars

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
PROMPT = "A lighthouse in the fog"


@pytest.fixture
def client(server, record):
    with openai.OpenAI(
        base_url=server.url + "/openai/v1", api_key=KEYS["openai"], max_retries=0, default_headers=record.headers
    ) as client:
        yield client


def check(call, kind, model, status="success"):
    assert (call["kind"], call["status"], call["provider"]["name"]) == (kind, status, "openai")
    assert call["model"]["requested"] == model and call["name"] == model


def images_of(call):
    return [part["url"] for part in call["response"]["messages"][0]["parts"] if part["type"] == "image"]


def same_tokens(call, usage):
    assert call["usage"]["billed"] == usage.model_dump(exclude_unset=True)
    assert call["usage"]["input_tokens"] == usage.input_tokens
    assert call["usage"]["output_tokens"] == usage.output_tokens == call["usage"]["image_output_tokens"]
    assert call["usage"]["image_input_tokens"] == usage.input_tokens_details.image_tokens
    assert "images" not in call["usage"]


def test_images_by_tokens(client, record):
    answer = client.images.generate(model="gpt-image-1", prompt=PROMPT, quality="low")
    call = record.call()
    check(call, "image", "gpt-image-1")
    same_tokens(call, answer.usage)
    assert images_of(call) == [f"data:image/png;base64,{answer.data[0].b64_json}"]
    assert call["request"]["messages"][0]["parts"] == [{"type": "text", "text": PROMPT}]
    assert call["request"]["parameters"] == {"quality": "low"} and call["modality"]["output"] == ["image"]


def test_images_by_number(client, record):
    answer = client.images.generate(model="dall-e-3", prompt=PROMPT, n=2)
    call = record.call()
    check(call, "image", "dall-e-3")
    assert call["usage"] == {"images": 2} and images_of(call) == [image.url for image in answer.data]


def test_images_stream(client, record):
    events = list(client.images.generate(model="gpt-image-1", prompt=PROMPT, stream=True, partial_images=2))
    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    call = record.call()
    check(call, "image", "gpt-image-1")
    same_tokens(call, events[-1].usage)
    assert call["request"]["stream"] is True and call["response"]["chunks"] == 3
    assert len(images_of(call)) == 1 and call["time"]["time_to_first_token_ms"] > 0


def test_image_edit(client, record):
    files = [("one.png", PNG, "image/png"), ("two.png", PNG, "image/png")]
    answer = client.images.edit(model="gpt-image-1", prompt=PROMPT, image=files, n=1)
    call = record.call()
    check(call, "image", "gpt-image-1")
    same_tokens(call, answer.usage)
    assert call["usage"]["image_input_tokens"] == 2 * 323
    assert [part.get("name") for part in call["request"]["messages"][0]["parts"]] == [None, "one.png", "two.png"]
    assert call["request"]["parameters"] == {"n": "1"} and call["modality"]["input"] == ["text", "image"]


def test_image_variation(client, record):
    answer = client.images.create_variation(model="dall-e-2", image=("a.png", PNG, "image/png"))
    call = record.call()
    check(call, "image", "dall-e-2")
    assert call["usage"] == {"images": 1} and images_of(call) == [answer.data[0].url]


def test_a_refused_image(client, record):
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(model="gpt-image-1", prompt="[sim error=content_filter]")
    assert_failure(record.call(), "content_filter", caught.value.status_code)


def test_speech(client, record):
    text = "Grüße von der See."
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input=text)
    sound = answer.read()
    call = record.call()
    check(call, "speech", "tts-1")
    assert call["usage"] == {"characters": len(text)}
    assert call["cost"]["total"] == dollars((len(text), "15"))
    assert call["response"]["output"] == {"bytes": len(sound)} and call["modality"]["output"] == ["audio"]
    assert call["response"]["messages"][0]["parts"] == [{"type": "audio", "mime": "audio/mpeg"}]
    assert call["request"]["parameters"] == {"voice": "alloy"}


def test_speech_as_it_comes(client, record):
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="Hello", response_format="wav"
    ) as answer:
        size = sum(len(piece) for piece in answer.iter_bytes())
    call = record.call()
    assert call["response"]["output"] == {"bytes": size} and call["time"]["time_to_first_token_ms"] > 0


def test_speech_events(client, record):
    answer = client.audio.speech.create(
        model="gpt-4o-mini-tts", voice="alloy", input="Hello there", stream_format="sse", instructions="Whisper."
    )
    assert b"speech.audio.done" in answer.read()
    call = record.call()
    check(call, "speech", "gpt-4o-mini-tts")
    assert call["request"]["system"] == "Whisper." and call["request"]["stream"] is True
    assert call["usage"]["output_tokens"] == call["usage"]["billed"]["output_tokens"] > 0
    assert "characters" not in call["usage"]


def sound():
    return ("speech.wav", io.BytesIO(b"RIFF" + b"\0" * 40_000), "audio/wav")


def test_transcription_by_time(client, record):
    answer = client.audio.transcriptions.create(model="whisper-1", file=sound(), language="en")
    call = record.call()
    check(call, "transcription", "whisper-1")
    assert call["usage"]["seconds"] == answer.usage.seconds == 3
    assert call["response"]["messages"][0]["parts"] == [{"type": "text", "text": answer.text}]
    assert call["request"]["messages"][0]["parts"] == [{"type": "audio", "name": "speech.wav", "mime": "audio/wav"}]
    assert call["request"]["parameters"] == {"language": "en"}
    assert call["cost"]["total"] == "0.000300000000"  # 0.006 dollars a minute


def test_transcription_by_tokens(client, record):
    answer = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound())
    call = record.call()
    check(call, "transcription", "gpt-4o-transcribe")
    assert call["usage"]["billed"] == answer.usage.model_dump(exclude_unset=True)
    assert call["usage"]["input_tokens"] == answer.usage.input_tokens
    assert call["usage"]["audio_input_tokens"] == answer.usage.input_token_details.audio_tokens
    assert "seconds" not in call["usage"]


@pytest.mark.parametrize("form", ["text", "srt", "vtt"])
def test_transcription_as_text(client, record, form):
    text = client.audio.transcriptions.create(model="whisper-1", file=sound(), response_format=form)
    call = record.call()
    check(call, "transcription", "whisper-1")
    assert call["response"]["messages"][0]["parts"] == [{"type": "text", "text": text}]
    assert "usage" not in call and "cost" not in call


def test_verbose_transcription(client, record):
    answer = client.audio.transcriptions.create(
        model="whisper-1", file=sound(), response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    call = record.call()
    assert call["usage"]["seconds"] == answer.usage.seconds
    assert call["request"]["parameters"]["timestamp_granularities"] == ["word", "segment"]


def test_transcription_stream(client, record):
    events = list(client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=sound(), stream=True))
    text = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    call = record.call()
    check(call, "transcription", "gpt-4o-mini-transcribe")
    assert call["response"]["messages"][0]["parts"] == [{"type": "text", "text": text}]
    assert call["request"]["stream"] is True and call["response"]["chunks"] == len(events)
    assert call["usage"]["output_tokens"] == events[-1].usage.output_tokens


def test_translation(client, record):
    answer = client.audio.translations.create(model="whisper-1", file=sound())
    call = record.call()
    check(call, "transcription", "whisper-1")
    assert call["response"]["messages"][0]["parts"][0]["text"] == answer.text


def test_moderation(client, record):
    answer = client.moderations.create(input=["I like you", "I will kill you, stupid"])
    call = record.call()
    assert (call["kind"], call["status"]) == ("moderation", "success")
    assert call["model"]["served"] == answer.model and call["response"]["id"] == answer.id
    output = call["response"]["output"]
    assert output["flagged"] is True and output["categories"] == ["harassment", "violence"]
    assert [result["flagged"] for result in output["results"]] == [result.flagged for result in answer.results]
    assert call["request"]["input"] == ["I like you", "I will kill you, stupid"] and "usage" not in call
