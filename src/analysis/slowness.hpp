#pragma once

#include "record/call.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Why a call took as long as it did, as far as its own record tells.
namespace steno::analysis {

/// The columns that slowness reads ("time", "usage.output_tokens", …), for CallQuery::fields.
std::vector<std::string> slowness_fields();

/// One line for people, the greatest part of the time first: "2 retries took 4.1 s of 6.0 s", "6.1 s until
/// the first token (3,120 input tokens)", "a long answer: 4,012 tokens at 41/s", "queued 2.0 s", "ended by a
/// timeout". Never empty.
std::string slowness(const Call& call);

}  // namespace steno::analysis
