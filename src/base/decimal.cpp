#include "base/decimal.hpp"

#include <charconv>

namespace steno {

namespace {
constexpr __int128 kLimit = Decimal::kOne * 1'000'000'000'000'000;

std::string digits_of(unsigned __int128 value) {
    std::string text;
    do {
        text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
        value /= 10;
    } while (value != 0);
    return text;
}
}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) noexcept {
    bool negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    int exponent = 0;
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view digits = text.substr(e + 1);
        if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        if (error != std::errc() || end != digits.data() + digits.size() || exponent < -40 || exponent > 20) {
            return std::nullopt;
        }
        text = text.substr(0, e);
    }
    if (text.size() > 60) return std::nullopt;
    __int128 value = 0;  // the digits as one integer
    int places = 0;
    bool point = false;
    bool any = false;
    for (const char c : text) {
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') return std::nullopt;
        any = true;
        if (value > kLimit) {
            if (c != '0' || !point) return std::nullopt;
            continue;  // a trailing zero changes nothing
        }
        value = value * 10 + (c - '0');
        if (point) ++places;
    }
    if (!any) return std::nullopt;
    int shift = kPlaces + exponent - places;
    for (; shift > 0 && value != 0; --shift) {
        value *= 10;
        if (value > kLimit) return std::nullopt;
    }
    for (; shift < 0 && value != 0; ++shift) {
        if (value % 10 != 0) return std::nullopt;
        value /= 10;
    }
    if (value > kLimit) return std::nullopt;
    return from_units(negative ? -value : value);
}

std::string Decimal::to_string() const {
    const bool negative = units_ < 0;
    const unsigned __int128 magnitude =
        negative ? -static_cast<unsigned __int128>(units_) : static_cast<unsigned __int128>(units_);
    std::string fraction = digits_of(magnitude % static_cast<unsigned __int128>(kOne));
    fraction.insert(0, static_cast<std::size_t>(kPlaces) - fraction.size(), '0');
    return (negative ? "-" : "") + digits_of(magnitude / static_cast<unsigned __int128>(kOne)) + "." +
           fraction;
}

std::string Decimal::to_short_string() const {
    std::string text = to_string();
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

double Decimal::to_double() const {
    return static_cast<double>(units_) / static_cast<double>(kOne);
}

Decimal Decimal::times(std::int64_t count, std::int64_t per) const {
    const __int128 product = units_ * count;
    __int128 quotient = product / per;
    const __int128 rest = product % per;
    const __int128 twice = (rest < 0 ? -rest : rest) * 2;
    if (twice > per || (twice == per && quotient % 2 != 0)) quotient += product < 0 ? -1 : 1;
    return from_units(quotient);
}

}  // namespace steno
