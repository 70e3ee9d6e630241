#pragma once

#include "providers/answer_reader.hpp"
#include "providers/provider.hpp"

#include <memory>

/// Cohere's API (docs.cohere.com/reference): chat v1 and v2, generate, embed v1 and v2, rerank v1 and v2, and
/// under /compatibility the endpoints that speak OpenAI's language. Other endpoints are recorded as spans.
namespace steno::providers {

const Provider& cohere_provider();

/// The units that are billed, from v2's `usage` and v1's `meta`; the whole object goes to `billed`. Cohere
/// bills fewer tokens than its models read: `tokens` counts its own instructions too, and so does
/// `cached_tokens`, which may therefore exceed the billed input and is no part of it. Both are found in
/// `billed`.
void read_cohere_usage(JsonValue usage, Usage& out);

// What follows is between cohere*.cpp.

/// v2 has `messages`; v1 has `message` and what came before it in `chat_history`.
void read_cohere_chat_request(JsonValue body, Call& call);
/// Answers of chat v2, chat v1 and generate: whole, as server-sent events, and (v1) as JSON lines.
std::unique_ptr<ResponseReader> make_cohere_chat_reader(const RequestView& request,
                                                        const ResponseView& response);

}  // namespace steno::providers
