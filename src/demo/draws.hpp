#pragma once

#include "base/random.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace steno::demo {

/// All chance of a demo record, from one seed: the same seed gives the same draws. Fast, because every word
/// of every prompt is one: random bits are made in blocks and dealt out sixteen at a time. One thread.
class Draws final : public Random {
  public:
    explicit Draws(std::uint64_t seed) : random_(seed) {}

    void fill(std::span<std::uint8_t> out) override {
        for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(bits16());
    }

    std::uint64_t bits64() {
        if (next_ == block_.size()) refill();
        return block_[next_++];
    }
    std::uint32_t bits16() {
        if (left_ == 0) {
            rest_ = bits64();
            left_ = 4;
        }
        const auto bits = static_cast<std::uint32_t>(rest_ & 0xffff);
        rest_ >>= 16;
        --left_;
        return bits;
    }

    /// 0 … bound - 1, for bounds up to 65536.
    std::uint32_t below(std::size_t bound) {
        return static_cast<std::uint32_t>(bits16() * static_cast<std::uint64_t>(bound) >> 16);
    }
    /// The same, with the first ones more often than the last: half of the draws fall into the first quarter.
    std::uint32_t skewed(std::size_t bound) {
        const std::uint64_t bits = bits16();
        return static_cast<std::uint32_t>(bits * bits * bound >> 32);
    }
    /// 0 … bound - 1, for any bound.
    std::uint64_t below_any(std::uint64_t bound) {
        return static_cast<std::uint64_t>(static_cast<unsigned __int128>(bits64()) * bound >> 64);
    }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below_any(static_cast<std::uint64_t>(high - low) + 1));
    }
    /// 0 ≤ … < 1.
    double unit() { return static_cast<double>(bits64() >> 11) * 0x1p-53; }
    bool chance(double probability) { return unit() < probability; }
    /// Half of the draws are below the median; about 16 % beyond median × e^sigma.
    double lognormal(double median, double sigma) {
        const double radius = std::sqrt(-2.0 * std::log(1.0 - unit()));
        return median * std::exp(sigma * radius * std::cos(6.283185307179586 * unit()));
    }
    /// A rank below `bound`, the n-th about 1/n as often as the first (Zipf).
    std::uint64_t rank(std::uint64_t bound) {
        const auto drawn =
            static_cast<std::uint64_t>(std::exp(unit() * std::log(static_cast<double>(bound) + 1.0)));
        return drawn > bound ? bound - 1 : drawn - 1;
    }

    template <class T, std::size_t N>
    const T& pick(const std::array<T, N>& from) {
        return from[below(N)];
    }
    template <class T>
    const T& pick(std::span<const T> from) {
        return from[below(from.size())];
    }

    void append_hex(std::string& out, std::size_t digits) { append_of(out, digits, "0123456789abcdef", 4); }
    void append_digits(std::string& out, std::size_t digits) {
        for (std::size_t i = 0; i < digits; ++i) out.push_back(static_cast<char>('0' + below(10)));
    }
    /// Letters and digits, as providers make their ids of them.
    void append_id(std::string& out, std::size_t characters) {
        append_of(out, characters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789XY", 6);
    }
    std::string hex(std::size_t digits) {
        std::string out;
        append_hex(out, digits);
        return out;
    }

  private:
    void append_of(std::string& out, std::size_t characters, std::string_view alphabet, unsigned bits) {
        const std::uint64_t mask = (1ULL << bits) - 1;
        while (characters > 0) {
            std::uint64_t word = bits64();
            for (unsigned used = 0; used + bits <= 64 && characters > 0; used += bits, --characters) {
                out.push_back(alphabet[word & mask]);
                word >>= bits;
            }
        }
    }
    void refill() {
        random_.fill({reinterpret_cast<std::uint8_t*>(block_.data()), sizeof block_});
        next_ = 0;
    }

    SeededRandom random_;
    std::array<std::uint64_t, 512> block_{};
    std::size_t next_ = 512;
    std::uint64_t rest_ = 0;
    unsigned left_ = 0;
};

}  // namespace steno::demo
