#pragma once

#include "base/decimal.hpp"
#include "pricing/catalogue.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace steno::budgets {

/// What a call may cost, before it is made.
struct UpperCost {
    Decimal amount;
    std::string currency;
};

/// How the input's tokens are counted.
enum class Count : std::uint8_t {
    Least,  ///< one for every eight bytes: fewer than nearly any text has. Nanoseconds.
    Quick,  ///< one for every two bytes of text: more than nearly any text has. Nanoseconds.
    Exact,  ///< by the tokenizer, and a tenth more, where the text is not too long for that; else as Quick
};

/// Estimates upwards what calls may cost: all of their input at the full price, and as much output as they
/// allow (max_tokens and its like), or kUsualOutput tokens where they say nothing (kUsualImage for each
/// image). Searches and other tools of the provider are not in it. Remembers what models cost for a minute.
/// Any thread.
class UpperCosts {
  public:
    static constexpr std::int64_t kUsualOutput = 4096;
    static constexpr std::int64_t kUsualImage = 8192;      ///< output tokens, where images are billed by them
    static constexpr std::int64_t kTokensOfImage = 2000;   ///< of each image in a request
    static constexpr std::int64_t kTokensOfFile = 10'000;  ///< of each document, audio or video
    static constexpr std::size_t kExactBytes = 4u
                                               << 10;  ///< of text; beyond, Exact would hold up an event loop

    /// Nothing: no price is known, or what the call uses cannot be known before (an hour of audio).
    std::optional<UpperCost> of(const Call& call, const std::shared_ptr<const pricing::Catalogue>& prices,
                                Count count);

  private:
    /// What a model costs per million tokens.
    struct Rates {
        bool known = false;
        std::string currency;
        std::optional<Decimal> input, media, output;  ///< the dearest way to bill it; media: images, files
        std::optional<Decimal> per_image;             ///< each
        std::int64_t most_output = kUsualOutput;
        std::int64_t known_at = 0;  ///< steady nanoseconds
    };
    Rates rates_of(const Call& call, const std::shared_ptr<const pricing::Catalogue>& prices,
                   std::int64_t tokens);

    static constexpr std::size_t kMaxRates = 1000;
    static constexpr std::size_t kMaxKeyText = 1000;
    std::mutex mutex_;
    std::shared_ptr<const pricing::Catalogue> of_;  ///< whose rates they are
    std::map<std::string, Rates, std::less<>> rates_;
};

}  // namespace steno::budgets
