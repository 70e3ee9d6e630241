#pragma once

#include "record/call.hpp"

#include <cstdint>
#include <optional>

/// What a call whose usage nobody reported may have used: counted from what was sent and what arrived, by the
/// tokenizer of the model's family or the nearest that there is (tokens/family.hpp). How far off that is:
/// docs/tokens.md.
namespace steno::gateway {

/// Whether calls of the kind are answered by text (or tool calls), billed by its tokens.
bool makes_text(Kind kind) noexcept;

/// Output tokens of what arrived: text, reasoning that was shown, tool calls. Nothing where nothing arrived,
/// where the answer is no text (audio, embeddings), or where the kind of call has no such tokens.
std::optional<std::int64_t> tokens_of_answer(const Call& call);

/// Input tokens of the request. Nothing where part of the input is not text, or stays with the provider (a
/// conversation that is continued).
std::optional<std::int64_t> tokens_of_request(const Call& call);

/// For a call that has ended. Writes usage.output_tokens if it is absent and something arrived, and
/// usage.input_tokens if the provider reported nothing at all (usage.billed is absent); sets usage.estimated
/// if it wrote. A count that was reported, a zero too, is never touched.
void estimate_usage(Call& call);

}  // namespace steno::gateway
