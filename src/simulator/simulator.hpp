#pragma once

#include "base/error.hpp"
#include "net/http.hpp"
#include "net/loops.hpp"

#include <cstdint>
#include <memory>
#include <optional>

/// AI providers that are not there: OpenAI, Anthropic and Gemini in their real wire formats, so that clients,
/// the gateway and benchmarks can be tried without keys, money or a network. See docs/simulator.md.
namespace steno::simulator {

struct SimulatorOptions {
    std::uint64_t seed = 1;
    double speed =
        1.0;  ///< factor on the delays that a real provider would have; 0: none (delays by knobs stay)
    /// When OpenAI's answers say they were made, in seconds since 1970; absent: now.
    std::optional<std::int64_t> created = 1'763'600'000;
};

/// Serves `/openai/…`, `/anthropic/…` and `/gemini/…`; any other first name answers like OpenAI, and without
/// a name the path decides. Keeps no state between requests: an answer is a function of seed, path and body
/// (and knobs), its timing too. Used from one thread; serves on the loops given, which must outlive it.
class Simulator {
  public:
    Simulator(net::Loops& loops, SimulatorOptions options);
    ~Simulator();  ///< stops
    Simulator(const Simulator&) = delete;
    Simulator& operator=(const Simulator&) = delete;

    /// Port 0 takes a free one. Unavailable when the address is taken.
    Result<void> listen(const net::Endpoint& endpoint);
    [[nodiscard]] std::uint16_t port() const;
    /// Cuts what is running. Blocking, not from a loop. Idempotent.
    void stop();

    /// What became of the requests so far; for tests of what stands in front. Any thread.
    struct Counts {
        std::uint64_t requests = 0;
        std::uint64_t answered = 0;     ///< to the end
        std::uint64_t client_gone = 0;  ///< before the end
        std::uint64_t cut = 0;          ///< by a knob
    };
    [[nodiscard]] Counts counts() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace steno::simulator
