"""A chat call and a streamed one through Steno, with OpenAI's own client. Only the base URL is different.

    pip install openai
    OPENAI_BASE_URL=http://127.0.0.1:8787/openai/v1 OPENAI_API_KEY=… python chat.py
"""

from openai import OpenAI

client = OpenAI(default_headers={"x-steno-session": "example-python", "x-steno-tags": "example"})

answer = client.chat.completions.create(
    model="gpt-4o-mini", messages=[{"role": "user", "content": "When is the meeting?"}])
print(answer.choices[0].message.content)

stream = client.chat.completions.create(
    model="gpt-4o-mini", stream=True, stream_options={"include_usage": True},
    messages=[{"role": "user", "content": "And where?"}])
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="")
print()
