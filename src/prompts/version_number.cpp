#include "prompts/version_number.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace steno::prompts {

namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Without a leading zero, as 1.01 and 1.1 would be two names of one version.
bool is_part(std::string_view text) {
    return is_number(text) && text.size() <= VersionNumber::kMaxDigits &&
           (text.size() == 1 || text.front() != '0');
}

bool is_identifier(std::string_view text) {
    if (is_number(text)) return is_part(text);
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
}

std::uint64_t number_of(std::string_view digits) {
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// The pieces between dots, empty ones too.
std::vector<std::string_view> pieces_of(std::string_view text) {
    std::vector<std::string_view> pieces;
    for (;;) {
        const std::size_t dot = text.find('.');
        pieces.push_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return pieces;
        text.remove_prefix(dot + 1);
    }
}

/// Numbers by size and before words; words by their bytes.
std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
    const bool number = is_number(a);
    if (number != is_number(b)) return number ? std::strong_ordering::less : std::strong_ordering::greater;
    return number ? number_of(a) <=> number_of(b) : a <=> b;
}

}  // namespace

Result<VersionNumber> VersionNumber::parse(std::string_view text) {
    const auto none = [&] {
        return fail(
            Code::InvalidArgument, fmt::format("\"{}\" is no version", text.substr(0, kMaxText)),
            fmt::format("one to three numbers such as 3, v3, 1.2 or 2.1.0, of at most {} digits each, and "
                        "-rc.1 behind it before a release",
                        kMaxDigits));
    };
    if (text.size() > kMaxText) return none();
    VersionNumber version;
    version.text_ = text;
    if (text.starts_with('v')) text.remove_prefix(1);
    const std::size_t dash = text.find('-');
    const auto parts = pieces_of(text.substr(0, dash));
    if (parts.size() > version.parts_.size() || !std::ranges::all_of(parts, is_part)) return none();
    version.said_ = parts.size();
    std::ranges::transform(parts, version.parts_.begin(), number_of);
    if (dash != std::string_view::npos) {
        const auto identifiers = pieces_of(text.substr(dash + 1));
        if (!std::ranges::all_of(identifiers, is_identifier)) return none();
        version.pre_release_.assign(identifiers.begin(), identifiers.end());
    }
    return version;
}

VersionNumber VersionNumber::first() {
    VersionNumber version;
    version.text_ = "1";
    version.parts_[0] = 1;
    version.said_ = 1;
    return version;
}

std::string VersionNumber::canonical() const {
    const std::string release = fmt::format("{}", fmt::join(parts_, "."));
    return pre_release_.empty() ? release : fmt::format("{}-{}", release, fmt::join(pre_release_, "."));
}

Result<VersionNumber> VersionNumber::next() const {
    auto parts = parts_;
    // The second of two or three: 1.2 and 2.1.0 go on as 1.3 and 2.2.0.
    const std::size_t place = said_ == 1 ? 0 : 1;
    if (pre_release_.empty()) {
        ++parts[place];
        for (std::size_t i = place + 1; i < parts.size(); ++i) parts[i] = 0;
    }
    auto version =
        parse(fmt::format("{}{}", text_.starts_with('v') ? "v" : "",
                          fmt::join(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(said_), ".")));
    if (!version)
        return fail(Code::OutOfRange, "there is no version after " + text_, "say which the new one is");
    return version;
}

std::strong_ordering operator<=>(const VersionNumber& a, const VersionNumber& b) {
    if (const auto order = a.parts_ <=> b.parts_; order != 0) return order;
    if (a.pre_release_.empty() || b.pre_release_.empty())
        return a.pre_release_.empty() <=> b.pre_release_.empty();
    return std::lexicographical_compare_three_way(a.pre_release_.begin(), a.pre_release_.end(),
                                                  b.pre_release_.begin(), b.pre_release_.end(),
                                                  compare_identifiers);
}

}  // namespace steno::prompts
