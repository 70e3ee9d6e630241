#pragma once

#include "net/http.hpp"
#include "simulator/dice.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Lively calls such as real programs make, for `steno demo`: support chats whose history grows, agents that
/// call tools and each other, extraction, retrieval, and now and then a failure.
namespace steno::simulator {

/// One POST to a provider, with the `x-steno-…` headers that place it on the record.
struct DemoRequest {
    std::string provider;  ///< "openai", "anthropic", "gemini": the first name in the gateway's path
    std::string target;    ///< below it, query included: "/v1/chat/completions"
    net::Headers headers;
    std::string body;
    /// The request of the same story whose recorded id (the answer's `x-steno-call-id`) belongs in
    /// `x-steno-parent`.
    std::optional<std::size_t> parent;
};

/// Requests that belong together, to be sent one after another.
using DemoStory = std::vector<DemoRequest>;

/// Draws one story after another; the same seed tells the same stories. Used by one thread.
class DemoTraffic {
  public:
    explicit DemoTraffic(std::uint64_t seed) : dice_(seed) {}
    DemoStory next();

  private:
    Dice dice_;
    std::uint64_t told_ = 0;
};

}  // namespace steno::simulator
