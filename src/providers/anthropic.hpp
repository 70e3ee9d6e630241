#pragma once

#include "providers/json_edits.hpp"
#include "providers/json_view.hpp"
#include "providers/provider.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace steno::providers {

/// Anthropic's Messages, and its old Completions; count_tokens, which is a span with the number as its
/// output; and the results of batches, each of which is a call of its own. Everything else (models, files,
/// the batches themselves) is generic.
const Provider& anthropic_provider();

// What follows is between anthropic*.cpp and the hosts that serve Anthropic's models in its own language.

/// A body of Messages: kind, request.messages, .system, .tools, .parameters, modality.input.
void read_anthropic_messages(JsonValue body, Call& call);
/// A body of the old Completions: the same.
void read_anthropic_completion(JsonValue body, Call& call);
/// A body of Messages, edited.
Result<void> edit_anthropic_messages(JsonValue body, const RequestEdit& edit, JsonEdits& edits);
/// For the answers to both, streamed or not.
std::unique_ptr<ResponseReader> make_anthropic_reader(const RequestView& request,
                                                      const ResponseView& response);
/// For the results of a batch, one a line (`{"custom_id", "result": {"type", "message" | "error"}}`).
std::unique_ptr<ResponseReader> make_anthropic_batch_reader(const RequestView& request,
                                                            const ResponseView& response,
                                                            std::string_view batch_id);

}  // namespace steno::providers
