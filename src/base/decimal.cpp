#include "base/decimal.hpp"

#include <charconv>

namespace steno {

namespace {
constexpr __int128 kLimit = Decimal::kOne * 1'000'000'000'000'000;

/// The value's digits, with zeros before them up to so many: places of at most 64 bits each.
void append_digits(std::string& text, std::uint64_t value, int at_least) {
    char digits[20];
    char* first = digits + sizeof digits;
    for (; value != 0 || at_least > 0; value /= 10, --at_least)
        *--first = static_cast<char>('0' + value % 10);
    text.append(first, digits + sizeof digits);
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
    constexpr auto kHalf = static_cast<std::uint64_t>(kOne);
    const unsigned __int128 whole = magnitude / kHalf;  // up to 1.7e26
    std::string text;
    text.reserve(28);
    if (negative) text += '-';
    const auto high = static_cast<std::uint64_t>(whole / kHalf);
    if (high != 0) append_digits(text, high, 1);
    append_digits(text, static_cast<std::uint64_t>(whole % kHalf), high != 0 ? kPlaces : 1);
    text += '.';
    append_digits(text, static_cast<std::uint64_t>(magnitude % kHalf), kPlaces);
    return text;
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
