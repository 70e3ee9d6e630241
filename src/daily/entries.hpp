#pragma once

#include "record/call.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace steno::daily {

/// Appends a call as an object on one line (docs/daily-files.md): a function as FunctionLogEntry, all else as
/// CallLogEntry. What is not known is null. Texts are cut to `max_text` characters, the last of which is then
/// "…"; 0: they are whole.
void append_entry(std::string& out, const Call& call, std::size_t max_text);

/// The request that the call is of: an AI call that names none is one by itself. Empty: none.
std::string request_of(const Call& call);
/// Its own name of what is one without naming it. Empty: none.
const std::string& agent_of(const Call& call);
const std::string& function_of(const Call& call);
/// Why it failed. Empty: it did not, or nobody says why.
std::string error_of(const CallError& error);

/// Absent where neither is known; of what exceeds 64 bits (calls can say anything) the greatest number.
std::optional<std::int64_t> sum_of_tokens(const std::optional<std::int64_t>& a,
                                          const std::optional<std::int64_t>& b);

/// As programs of a browser write it: "2026-11-20T10:31:07.123Z".
std::string iso_milliseconds(Timestamp moment);

}  // namespace steno::daily
