#pragma once

#include "base/error.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

/// A version of a prompt as people number them: "3", "v3", "1.2", "2.1.0", "2.0.0-rc.1", "20260105103000". In
/// the order of Semantic Versioning 2.0.0 (section 11), where a part that is not said is 0: 1.9 < 1.10,
/// 1.0 = 1.0.0 = v1, 2.0-rc.1 < 2.0.
class VersionNumber {
  public:
    static constexpr std::size_t kMaxText = 64;    ///< bytes
    static constexpr std::size_t kMaxDigits = 18;  ///< of each number: moments are versions, too

    /// InvalidArgument says what it takes.
    static Result<VersionNumber> parse(std::string_view text);
    /// "1".
    static VersionNumber first();

    /// As it was written.
    [[nodiscard]] const std::string& text() const { return text_; }
    /// The same for all that are equal: "1.0.0".
    [[nodiscard]] std::string canonical() const;
    /// What comes after it where nobody says another: "4" after "3", "1.10" after "1.9", "2.2.0" after
    /// "2.1.0", and "2.0.0" after "2.0.0-rc.1". OutOfRange: there is none.
    [[nodiscard]] Result<VersionNumber> next() const;

    friend std::strong_ordering operator<=>(const VersionNumber& a, const VersionNumber& b);
    friend bool operator==(const VersionNumber& a, const VersionNumber& b) { return (a <=> b) == 0; }

  private:
    VersionNumber() = default;

    std::string text_;
    std::array<std::uint64_t, 3> parts_ = {};
    std::size_t said_ = 0;  ///< how many of the parts
    std::vector<std::string> pre_release_;
};

}  // namespace steno::prompts
