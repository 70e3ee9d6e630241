#pragma once

#include "base/random.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace steno::simulator {

/// Draws for one answer. The same seed gives the same draws, whatever the machine.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t bound) { return random_.next_u64() % bound; }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        if (high <= low) return low;
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }
    std::string_view pick(std::span<const std::string_view> words) { return words[below(words.size())]; }
    /// Letters and digits, as providers make their ids of them.
    std::string id(std::size_t length) {
        constexpr std::string_view kAlphabet =
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        std::string text(length, '0');
        for (char& c : text) c = kAlphabet[below(kAlphabet.size())];
        return text;
    }
    std::string hex(std::size_t length) {
        std::string text(length, '0');
        for (char& c : text) c = "0123456789abcdef"[below(16)];
        return text;
    }

  private:
    SeededRandom random_;
};

}  // namespace steno::simulator
