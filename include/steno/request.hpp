#pragma once

#include "steno/context.hpp"
#include "steno/tracking.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace steno {

/// One request of the program's users: as a ContextScope with Context::with_request, and at its end the
/// summary of it, if that is wanted (TrackingOptions::print_summary). Not to be moved; of the thread that
/// made it.
///
///     steno::Request request;                     // or with the id that it has elsewhere
///     steno::Agent agent("calendar");
class Request {
  public:
    explicit Request(std::string_view id = {}) noexcept;
    Request(std::string_view id, const Context& context) noexcept;
    Request(Request&&) = delete;
    ~Request();

    /// For other threads and coroutines. Calls of theirs that end after the request are not in its summary.
    [[nodiscard]] const Context& context() const noexcept { return context_; }
    /// Empty while recording is off.
    [[nodiscard]] std::string id() const noexcept { return context_.request(); }
    void end() noexcept;

  private:
    Context context_;
    std::optional<ContextScope> scope_;
};

}  // namespace steno
