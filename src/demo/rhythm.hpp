#pragma once

#include "demo/models.hpp"

#include <cstdint>
#include <vector>

/// When calls happen: more by day than by night, more on working days, a little more each week; and the hours
/// in which a provider had trouble.
namespace steno::demo {

class Rhythm {
  public:
    /// From `days` before the end to the end.
    Rhythm(std::int64_t end_unix_nanos, double days, std::uint64_t seed);

    [[nodiscard]] std::int64_t begin() const { return begin_; }
    /// The moment by which this part (0 … 1) of all calls has begun. Never decreasing.
    [[nodiscard]] std::int64_t moment(double part) const;
    /// How much of the time is over, 0 … 1.
    [[nodiscard]] double progress(std::int64_t unix_nanos) const;

    /// This long, in nanoseconds; less if otherwise `parts` such steps might not end in time.
    [[nodiscard]] std::int64_t within(std::int64_t now, double seconds, std::int64_t parts) const;

    /// Times of trouble: two outages and a day of tight limits.
    struct Incident {
        std::int64_t from = 0;
        std::int64_t to = 0;
        std::string_view provider;
        ErrorType error = ErrorType::Server;
        double rate = 0;  ///< of the provider's calls that fail because of it
    };
    [[nodiscard]] const std::vector<Incident>& incidents() const { return incidents_; }
    [[nodiscard]] const Incident* incident(std::int64_t unix_nanos, std::string_view provider) const;

  private:
    std::int64_t begin_ = 0;
    std::int64_t end_ = 0;
    std::int64_t step_ = 0;      ///< length of one part of the curve
    std::vector<double> until_;  ///< the part of all calls that has begun by the end of each step
    std::vector<Incident> incidents_;
};

}  // namespace steno::demo
