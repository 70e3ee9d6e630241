#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace steno::providers {

/// Cuts newline-delimited JSON that arrives in pieces (application/x-ndjson, JSON Lines) into its lines, each
/// as soon as it is whole. LF and CRLF; blank lines are left out.
class LineStream {
  public:
    using Sink = std::function<void(std::string_view line)>;
    static constexpr std::size_t kDefaultMaxLine = 64 << 20;

    explicit LineStream(std::size_t max_line_bytes = kDefaultMaxLine) : max_line_(max_line_bytes) {}

    /// The line given to `sink` is valid until it returns.
    void feed(std::string_view bytes, const Sink& sink);
    /// The end of the body: what has no newline behind it is a line too.
    void finish(const Sink& sink);

    /// Lines that were left out because they were too big.
    [[nodiscard]] std::size_t oversized() const { return oversized_; }

  private:
    void end_line(std::string_view line, const Sink& sink);

    std::size_t max_line_;
    std::string begun_;
    bool too_big_ = false;
    std::size_t oversized_ = 0;
};

}  // namespace steno::providers
