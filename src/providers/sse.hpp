#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace steno::providers {

/// One server-sent event. The views hold during the call that hands it over.
struct SseEvent {
    std::string_view name;  ///< of its `event:` field; "" if it had none
    std::string_view data;  ///< its `data:` fields, joined by line feeds
};

/// Reads server-sent events (the WHATWG format) from bytes cut anywhere: lines end in LF, CR or CRLF, a byte
/// order mark and comments are skipped, `id:` and `retry:` mean nothing here. Unlike a browser it also gives
/// the last event when the stream ends without a blank line. Work and memory are linear in the bytes fed; an
/// event beyond the limit is left out and counted.
class SseParser {
  public:
    using Sink = std::function<void(const SseEvent&)>;
    static constexpr std::size_t kDefaultMaxEvent = 64 << 20;

    explicit SseParser(std::size_t max_event_bytes = kDefaultMaxEvent) : max_event_(max_event_bytes) {}

    void feed(std::string_view bytes, const Sink& sink);
    /// The end of the stream: gives an event that no blank line closed.
    void finish(const Sink& sink);

    /// Events that were left out because they were too big.
    [[nodiscard]] std::size_t oversized() const { return oversized_; }

  private:
    void line(std::string_view text, const Sink& sink);
    void dispatch(const Sink& sink);
    void keep(std::string_view bytes);
    void end_of_kept_line(const Sink& sink);

    std::size_t max_event_;
    std::string line_;  ///< a line whose end has not come yet
    std::string name_;
    std::string data_;
    bool has_data_ = false;
    bool too_big_ = false;       ///< the event at hand
    bool line_too_big_ = false;  ///< the line at hand
    bool after_cr_ = false;      ///< a line feed that comes next belongs to the line end just seen
    bool first_line_ = true;     ///< may begin with a byte order mark
    std::size_t oversized_ = 0;
};

}  // namespace steno::providers
