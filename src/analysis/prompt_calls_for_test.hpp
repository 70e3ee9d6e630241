#pragma once

#include "base/random.hpp"
#include "calendar/zone.hpp"
#include "record/call.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

/// Executions of prompts, to be counted one by one.
namespace steno::analysis {

inline constexpr std::int64_t kBegin = 1'787'961'600'000'000'000;  ///< 2026-08-29, midnight

class PromptCalls {
  public:
    explicit PromptCalls(std::uint64_t seed) : random_(seed), ids_(seed) {}

    std::vector<Call> calls;

    /// A chat of this prompt and version that succeeded at this day and hour, took a second and cost a cent.
    Call& add(std::string prompt, std::string version, double day) {
        Call& call = calls.emplace_back();
        call.id = Uuid::random(ids_);
        call.kind = Kind::Chat;
        call.status = Status::Success;
        call.started_at = Timestamp{kBegin + static_cast<std::int64_t>(day * 24) * calendar::kHour, 0};
        call.prompt.name = std::move(prompt);
        call.prompt.version = std::move(version);
        call.model.requested = "small";
        call.time.duration = Duration{1'000'000'000};
        return call;
    }
    bool one_in(std::uint64_t n) { return random_() % n == 0; }
    std::int64_t below(std::int64_t n) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
    }
    double unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
    /// Around 1, as times are.
    double skewed() { return std::exp(0.5 * (unit() + unit() + unit() + unit() - 2) / 0.577); }

  private:
    std::mt19937_64 random_;
    SeededRandom ids_;
};

}  // namespace steno::analysis
