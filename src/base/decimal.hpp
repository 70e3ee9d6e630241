#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steno {

/// An exact decimal with twelve places after the point: money. Range ±9.2e25, beyond every sum of costs.
/// Addition and subtraction are exact; overflow is not reachable from prices and token counts within their
/// bounds.
class Decimal {
  public:
    static constexpr int kPlaces = 12;
    static constexpr __int128 kOne = 1'000'000'000'000;

    constexpr Decimal() = default;
    /// `units` are 1e-12 of the currency.
    static constexpr Decimal from_units(__int128 units) {
        Decimal d;
        d.units_ = units;
        return d;
    }
    /// "-12.5", "0.000004650000", "1e-6". At most twelve places (trailing zeros beyond are allowed), at most
    /// 1e15 in magnitude; anything else is nullopt. Never rounds.
    static std::optional<Decimal> parse(std::string_view text) noexcept;

    /// Always twelve places: "0.000004650000". The form of the record.
    [[nodiscard]] std::string to_string() const;
    /// Without trailing zeros: "2.5", "0".
    [[nodiscard]] std::string to_short_string() const;
    /// For charts and ratios only, never for sums.
    [[nodiscard]] double to_double() const;
    [[nodiscard]] constexpr __int128 units() const { return units_; }

    /// The cost of `count` things at this price for each `per` of them (tokens at dollars per million).
    /// Rounded half to even at the twelfth place, once.
    [[nodiscard]] Decimal times(std::int64_t count, std::int64_t per) const;

    Decimal& operator+=(Decimal other) {
        units_ += other.units_;
        return *this;
    }
    Decimal& operator-=(Decimal other) {
        units_ -= other.units_;
        return *this;
    }
    friend Decimal operator+(Decimal a, Decimal b) { return from_units(a.units_ + b.units_); }
    friend Decimal operator-(Decimal a, Decimal b) { return from_units(a.units_ - b.units_); }
    friend constexpr auto operator<=>(Decimal a, Decimal b) = default;

  private:
    __int128 units_ = 0;
};

}  // namespace steno
