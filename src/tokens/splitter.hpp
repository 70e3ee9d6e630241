#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace steno::tokens {

/// Which rule cuts a text before its pieces are encoded. The rules are tiktoken's (`pat_str` of
/// cl100k_base and o200k_base in its file openai_public.py, version 0.14), read by hand: in linear time, and
/// without a regular expression.
enum class Rule : std::uint8_t { Cl100k, O200k };

/// Cuts a text into the pieces of which none shares a token with another: words with the blank before them,
/// up to three digits, runs of punctuation, of blanks. The pieces follow each other without a gap. Bytes that
/// are not UTF-8 count as punctuation, each by itself.
class Splitter {
  public:
    /// `text` must outlive the splitter.
    Splitter(Rule rule, std::string_view text) : rule_(rule), text_(text) {}

    /// The next piece; empty at the text's end.
    std::string_view next();

  private:
    struct Char;
    [[nodiscard]] Char at(std::size_t place) const;
    template <class Accepts>
    [[nodiscard]] std::size_t skip(std::size_t place, Accepts accepts) const;

    [[nodiscard]] std::size_t end_of_piece(std::size_t begin) const;
    [[nodiscard]] std::size_t word_cl100k(std::size_t begin) const;
    [[nodiscard]] std::size_t word_o200k(std::size_t begin) const;
    [[nodiscard]] std::size_t capitals_then_small(std::size_t begin) const;
    [[nodiscard]] std::size_t capitals(std::size_t begin) const;
    [[nodiscard]] std::size_t contraction(std::size_t begin) const;
    [[nodiscard]] std::size_t digits(std::size_t begin) const;
    [[nodiscard]] std::size_t punctuation(std::size_t begin) const;
    [[nodiscard]] std::size_t blanks(std::size_t begin) const;

    Rule rule_;
    std::string_view text_;
    std::size_t place_ = 0;
};

}  // namespace steno::tokens
