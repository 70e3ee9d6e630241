#pragma once

#include "record/call.hpp"

#include <span>
#include <string>
#include <string_view>

/// The one JSON form of a call: API, exports, imports. Absent fields are left out.
namespace steno {

struct JsonFields {
    /// Dotted paths ("usage.input_tokens", "request"); empty: everything. `id` is always there.
    std::span<const std::string> only{};
    bool payload = true;   ///< with the payload fields (messages, raw, …)
    bool preview = false;  ///< with `preview`: only lists show it
};

/// Appends the object. raw.request and raw.response are written as text where they are UTF-8, else as
/// {"base64": "…"}.
void append_json(std::string& out, const Call& call, const JsonFields& fields = {});
std::string to_json(const Call& call, const JsonFields& fields = {});
void append_json(std::string& out, const Feedback& feedback);
void append_json(std::string& out, const Score& score);

/// Reads what to_json wrote, and what people write by hand. InvalidArgument names the path of the first value
/// that does not fit. Unknown keys are ignored. `id` may be absent (nil).
/// For what strangers send: record/bounded.hpp.
Result<Call> call_from_json(std::string_view text);
Result<Feedback> feedback_from_json(std::string_view text);
/// Also gives `name`, which is required.
Result<std::pair<std::string, Score>> score_from_json(std::string_view text);

}  // namespace steno
