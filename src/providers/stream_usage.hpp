#pragma once

#include "providers/json_view.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// OpenAI's language reports the usage of a streamed completion only when `stream_options.include_usage` asks
/// for it, in one more chunk before "[DONE]" (API reference, Chat Completions, "stream_options"). Clients
/// rarely ask. So the gateway asks in their place, and takes the extra chunk out again.
namespace steno::providers {

/// The body of a streamed completion, asking for its usage; every other byte as it came. nullopt if it asks
/// already, is not to be streamed, or is no JSON object.
std::optional<std::string> asking_for_usage(std::string_view body);

/// Passes server-sent events on as they come, byte for byte, without the chunk that has usage and no choices.
/// An event is held back until it is whole, which is when a client could use it; one beyond kMaxHeld is
/// passed on as it comes.
class UsageChunkFilter {
  public:
    static constexpr std::size_t kMaxHeld = 1 << 20;

    /// Appends to `out` what may go on.
    void feed(std::string_view bytes, std::string& out);
    /// The end of the body: whatever is held back is judged as it is.
    void finish(std::string& out);

  private:
    void keep(std::string_view bytes, std::string& out);
    void let_pass(std::string& out);
    void end_event(std::string& out);
    bool is_usage_chunk();

    std::string held_;
    JsonDocument document_;
    std::size_t line_bytes_ = 0;  ///< of the line at hand, without its end
    bool after_cr_ = false;
    bool event_ended_ = false;  ///< by a CR; an LF that comes next belongs to it
    bool passing_ = false;      ///< the event at hand is too big, or brings text
};

}  // namespace steno::providers
