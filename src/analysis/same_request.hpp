#pragma once

#include "base/hash.hpp"
#include "record/call.hpp"

#include <optional>

namespace steno::analysis {

/// What tells requests apart: calls have the same digest if a model (or function) was asked the same thing
/// with the same settings: kind, model asked for, function, messages, system prompt, tools, parameters,
/// input. Absent: what the call was given was not kept.
std::optional<Sha256> request_digest(const Call& call);

}  // namespace steno::analysis
