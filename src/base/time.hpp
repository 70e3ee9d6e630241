#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steno {

/// A moment: nanoseconds since 1970-01-01T00:00:00Z, and the offset from UTC that its source's clock showed.
/// Compared and sorted by the moment alone.
struct Timestamp {
    std::int64_t unix_nanos = 0;
    std::int16_t offset_minutes = 0;  ///< -1439 … 1439

    /// RFC 3339, with up to nine digits of a second; "Z" or an offset. Years 1970 … 2261.
    static std::optional<Timestamp> parse(std::string_view text) noexcept;
    /// RFC 3339 with nine digits and the offset ("Z" when it is 0).
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const Timestamp& a, const Timestamp& b) { return a.unix_nanos == b.unix_nanos; }
    friend auto operator<=>(const Timestamp& a, const Timestamp& b) { return a.unix_nanos <=> b.unix_nanos; }
};

/// Where time comes from. Injected, so that tests need not wait. Implementations are safe from any thread.
class Clock {
  public:
    virtual ~Clock() = default;
    /// Wall-clock time with the machine's current UTC offset.
    virtual Timestamp now() = 0;
    /// Nanoseconds on a clock that never goes back; only differences mean something.
    virtual std::int64_t steady_nanos() = 0;
};

Clock& system_clock();

class ManualClock final : public Clock {
  public:
    explicit ManualClock(std::int64_t unix_nanos = 1'700'000'000'000'000'000) : nanos_(unix_nanos) {}
    Timestamp now() override { return {nanos_, 0}; }
    std::int64_t steady_nanos() override { return nanos_; }
    void advance(std::int64_t nanos) { nanos_ += nanos; }

  private:
    std::int64_t nanos_;
};

}  // namespace steno
