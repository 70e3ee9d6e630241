#pragma once

#include "base/error.hpp"
#include "net/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steno::simulator {

/// How a request wants to be answered: request headers `x-sim-KEY: value`, or `[sim KEY=value KEY=value]` in
/// the last user message, which wins. The table of keys is in docs/simulator.md.
struct Knobs {
    std::optional<std::int64_t> status;              ///< answer with this HTTP status and a fitting error
    std::optional<std::int64_t> retry_after;         ///< seconds
    std::optional<std::int64_t> limit_requests;      ///< so many are allowed …
    std::optional<std::int64_t> remaining_requests;  ///< … of which so many are left before this one
    std::optional<std::int64_t> limit_tokens;
    std::optional<std::int64_t> remaining_tokens;
    std::optional<std::int64_t> reset_ms;            ///< until the limits are full again
    std::optional<std::int64_t> stream_error_after;  ///< events, then an error event, then the end
    std::optional<std::int64_t> cut_after;           ///< events, then the connection breaks
    std::optional<std::int64_t> cut_after_bytes;
    std::optional<std::int64_t> delay_ms;
    std::optional<std::int64_t> chunk_delay_ms;
    std::optional<std::int64_t> chunks;
    std::optional<std::int64_t> tokens;
    std::optional<std::int64_t> cached;
    std::optional<std::int64_t> cache_write;
    std::optional<std::int64_t> cache_write_1h;
    std::optional<std::int64_t> reasoning;
    std::optional<std::int64_t> split;
    std::optional<std::int64_t> size;
    std::optional<std::string> text;
    std::string error;
    std::string malformed;
    std::string tool;
    std::string tools;
    std::string finish;
    std::string usage;
    std::string encoding;
    bool echo = false;
    bool silent = false;
    bool crlf = false;
    bool instant = false;
};

/// InvalidArgument names the key, and what it takes: a misspelt knob must not pass for a good answer.
Result<void> set_knob(Knobs& knobs, std::string_view key, std::string_view value);
Result<void> set_from_headers(Knobs& knobs, const net::Headers& headers);
/// Takes every `[sim …]` out of the text and sets its knobs. Values are percent-decoded.
Result<void> take_from_text(Knobs& knobs, std::string& text);
/// Both, the text last, since it wins.
Result<void> set_knobs(Knobs& knobs, const net::Headers& headers, std::string& text);

}  // namespace steno::simulator
