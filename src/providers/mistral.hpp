#pragma once

#include "providers/openai.hpp"
#include "providers/provider.hpp"

#include <memory>

/// Mistral's API (docs.mistral.ai/api): OpenAI's language, and beside it fill-in-the-middle, agents,
/// conversations, OCR, and transcriptions with events of its own.
namespace steno::providers {

const Provider& mistral_provider();

// What follows is between mistral*.cpp.

/// Conversations: `inputs` is a text or a list of entries (messages, function results and calls).
void read_conversation_request(JsonValue body, Call& call);
/// The answer's `outputs`, or its events: message.output.delta, function.call.delta, tool.execution.*,
/// agent.handoff.*, conversation.response.{started,done,error}.
MakeReader make_conversation_reader;

}  // namespace steno::providers
