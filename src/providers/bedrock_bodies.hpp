#pragma once

#include "providers/answer_reader.hpp"
#include "providers/provider.hpp"

#include <memory>

/// Between bedrock*.cpp: the bodies of Bedrock that no other provider has.
namespace steno::providers {

/// Converse, and Nova's own body, which has its shape: the same blocks without `type`.
void read_converse_request(JsonValue body, Call& call);
/// Their answers; in a stream the events of ConverseStream, or Nova's, each within an object under its name.
std::unique_ptr<ResponseReader> make_converse_reader(const RequestView& request,
                                                     const ResponseView& response);

/// The bodies that have no messages: prompts, texts to embed, tasks. False if it is none of them.
bool read_prompt_request(JsonValue body, Call& call);
/// Their answers, told apart by what stands in them.
std::unique_ptr<ResponseReader> make_prompt_reader(const RequestView& request, const ResponseView& response);

}  // namespace steno::providers
