#pragma once

#include "record/call.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Why a call took as long as it did, as far as its own record tells.
namespace steno::analysis {

/// The columns that slowness reads ("time", "usage.output_tokens", …), for CallQuery::fields.
std::vector<std::string> slowness_fields();

/// One line for people, about the greatest part of the time that the record tells: "2 failed attempts before
/// took 4.1 s", "6.1 s until the first token (3120 tokens in)", "an answer of 4012 tokens at 41/s",
/// "queued 2.0 s", "ended by a timeout". Where no part is told, how much went in and out. Never empty.
std::string slowness(const Call& call);

}  // namespace steno::analysis
