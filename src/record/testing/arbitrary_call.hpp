#pragma once

#include "record/fields.hpp"
#include "record/members.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

/// Calls with anything in any field, for property tests. Derived from `describe`: a new field is covered at
/// once.
namespace steno::testing {

struct Arbitrary {
    std::uint64_t seed = 0;
    double density = 0.5;    ///< how likely a field is present, 0 … 1
    bool any_bytes = false;  ///< texts that are not UTF-8 too, which only the binary form keeps
};

class CallMaker {
  public:
    explicit CallMaker(const Arbitrary& what) : what_(what), random_(what.seed) {}

    Call call() {
        Call made;
        fill(made);
        return made;
    }

    template <members::Group G>
    void fill(G& group) {
        describe(group, [this](std::uint32_t, const char*, auto& member, Place) {
            if (std::bernoulli_distribution(what_.density)(random_)) this->fill_member(member);
        });
    }

  private:
    std::uint64_t below(std::uint64_t end) { return random_() % end; }

    template <class T>
    void fill_member(T& value) {
        if constexpr (members::Group<T>) {
            fill(value);
        } else if constexpr (members::Optional<T>) {
            fill_member(value.emplace());
        } else if constexpr (members::List<T>) {
            for (std::uint64_t n = below(4); n > 0; --n) fill_member(value.emplace_back());
        } else if constexpr (members::Map<T>) {
            for (std::uint64_t n = below(4); n > 0; --n) fill_member(value[text()]);
        } else if constexpr (members::Enum<T>) {
            value = static_cast<T>(below(members::names_of<T>().size()));
        } else if constexpr (std::same_as<T, std::string>) {
            value = text();
        } else if constexpr (std::same_as<T, Json>) {
            value.text = json();
        } else if constexpr (std::same_as<T, std::int64_t>) {
            value = integer();
        } else if constexpr (std::same_as<T, double>) {
            value = number();
        } else if constexpr (std::same_as<T, bool>) {
            value = below(2) == 1;
        } else if constexpr (std::same_as<T, Duration>) {
            value.nanos = integer();
        } else if constexpr (std::same_as<T, Decimal>) {
            // Up to 1e27 units, a thousand million millions: the limit of the text form.
            const __int128 units =
                static_cast<__int128>(integer()) * static_cast<std::int64_t>(below(100'000'000));
            value = Decimal::from_units(below(2) == 0 ? units : units % 10'000'000);
        } else if constexpr (std::same_as<T, Timestamp>) {
            value.unix_nanos =
                86'400'000'000'000 + static_cast<std::int64_t>(below(9'000'000'000'000'000'000));
            value.offset_minutes = static_cast<std::int16_t>(static_cast<int>(below(2879)) - 1439);
        } else if constexpr (std::same_as<T, Uuid>) {
            for (auto& byte : value.bytes) byte = static_cast<std::uint8_t>(below(256));
        } else {
            static_assert(std::same_as<T, AttributeValue>);
            switch (below(3)) {
                case 0:
                    value = text();
                    break;
                case 1:
                    value = number();
                    break;
                default:
                    value = below(2) == 1;
            }
        }
    }

    std::int64_t integer() { return static_cast<std::int64_t>(random_()) >> below(64); }

    double number() {
        const auto any = std::bit_cast<double>(random_());
        return below(2) == 0 && std::isfinite(any) ? any : static_cast<double>(integer()) / 8;
    }

    std::string text() {
        static constexpr std::string_view kPieces[] = {
            "a",    "user", " ",  "\"", "\\",     "\n",   "\t",
            "\x01", "é",    "中", "😀", "\u2028", "data", std::string_view("\0", 1)};
        std::string made;
        const std::uint64_t length = below(8) == 0 ? below(300) : below(12);
        for (std::uint64_t i = 0; i < length; ++i) {
            if (what_.any_bytes && below(3) == 0) {
                made.push_back(static_cast<char>(below(256)));
            } else {
                made += kPieces[below(std::size(kPieces))];
            }
        }
        return made;
    }

    std::string json() {
        static constexpr std::string_view kValues[] = {"null",
                                                       "true",
                                                       "0",
                                                       "-0.10",
                                                       "123456789012345678901234567890",
                                                       "1e400",
                                                       "\"\"",
                                                       R"("é \ud83d\ude00 \n")",
                                                       "[]",
                                                       "{}",
                                                       R"([1,2.50,{"a":[]}])",
                                                       R"({"b":{"c":null},"a":"x"})"};
        return std::string(kValues[below(std::size(kValues))]);
    }

    Arbitrary what_;
    std::mt19937_64 random_;
};

inline Call arbitrary_call(const Arbitrary& what) {
    return CallMaker(what).call();
}

}  // namespace steno::testing
