#pragma once

#include "tokens/splitter.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// Tokens as the models count them: the byte-pair encodings of OpenAI, with their own rank tables, token for
/// token as tiktoken makes them. What looks like a special token ("<|endoftext|>") is text like any other.
namespace steno::tokens {

/// The encodings that are built in, by the names that OpenAI gives them.
enum class Encoding : std::uint8_t {
    Cl100k,  ///< cl100k_base: gpt-4, gpt-3.5, davinci-002, text-embedding-3
    O200k,   ///< o200k_base: gpt-4o, gpt-4.1, gpt-5, o1 and later
};

/// A rank table, ready to be looked up in: 3 MB for o200k_base, half of that for cl100k_base. Immutable; any
/// thread.
class Encoder {
  public:
    /// The encoder of that encoding; it is made at the first use, which takes some 10 ms, and stays.
    static const Encoder& of(Encoding encoding);

    /// The ranks of the tokens that make up the text. Time grows with n log n at most, also for one long
    /// word; memory with the longest piece.
    [[nodiscard]] std::vector<std::uint32_t> encode(std::string_view text) const;
    /// How many they are.
    [[nodiscard]] std::size_t count(std::string_view text) const;

  private:
    Encoder(Rule rule, std::string_view packed);
    [[nodiscard]] std::optional<std::uint32_t> rank(std::string_view token) const;
    class Merger;
    template <class Sink>
    void each_token(std::string_view text, Sink sink) const;

    Rule rule_;
    std::string_view packed_;  ///< tokens in the order of their ranks, a byte of length before each
    std::vector<std::uint32_t> offsets_;  ///< by rank: where the token's length stands in `packed_`
    /// Open addressing, linear probing: hash << 32 | rank + 1, 0 where free.
    std::vector<std::uint64_t> slots_;
    std::size_t longest_ = 0;  ///< bytes
};

}  // namespace steno::tokens
