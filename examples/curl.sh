#!/bin/sh
# One call through Steno with curl, and the record of it, by the id in the answer's head.
#   STENO=http://127.0.0.1:8787 OPENAI_API_KEY=… ./curl.sh
set -eu
steno=${STENO:-http://127.0.0.1:8787}
id=$(curl -sS -D - -o /dev/stderr "$steno/openai/v1/chat/completions" \
  -H "Authorization: Bearer ${OPENAI_API_KEY:-none}" -H "Content-Type: application/json" \
  -H "x-steno-session: example-curl" -H "x-steno-tags: example" \
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "When is the meeting?"}]}' |
  tr -d '\r' | sed -n 's/^x-steno-call-id: //Ip')
echo >&2
curl -sS "$steno/api/v1/calls/$id"
echo
