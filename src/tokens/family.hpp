#pragma once

#include "tokens/encoder.hpp"

#include <cstdint>
#include <string_view>

namespace steno::tokens {

/// How the tokens of a family of models follow from a text: counted by an encoding, times a factor where the
/// family's own tokenizer is not built in, plus what the chat format adds around it. The figures are
/// measured; docs/tokens.md has them with their errors and where they are from.
struct Family {
    std::string_view name;  ///< as docs/tokens.md lists it
    Encoding encoding = Encoding::O200k;
    double factor = 1;             ///< 1 where the encoding is the family's own
    double per_answer = 0;         ///< tokens of an answer that are no part of its text
    double per_tool_call = 8;      ///< around the name and the arguments of each call in an answer …
    double per_parallel_call = 0;  ///< … and once more if there are several
    double per_message = 4;        ///< of the request, its role included
    double per_request = 0;
    double tools_factor = 0.6;  ///< tools are shown to a model in a shorter form than the JSON of the request
    double per_tools = 0;       ///< once, if the request has tools: instructions how to call them
};

/// By the name of the model alone, as it was asked for or as it answered: hosts and prefixes before it
/// ("us.anthropic.", "meta-llama/") do not matter. A model that is not known is "other".
const Family& family_of(std::string_view model);

/// Adds up the tokens of texts. The first kMaxCounted bytes are counted, what comes after them is taken to
/// have as many tokens a byte: counting may not hold up those who wait (so many bytes take 20 ms, and 80 if
/// they are one random word).
class TokenCount {
  public:
    static constexpr std::size_t kMaxCounted = 128 << 10;

    explicit TokenCount(const Family& family) : family_(family) {}
    void add(std::string_view text);
    /// Tokens that come from no text.
    void add_framing(double tokens) { framing_ += tokens; }
    [[nodiscard]] std::int64_t total() const;

  private:
    const Family& family_;
    std::size_t counted_bytes_ = 0;
    std::size_t tokens_ = 0;
    std::size_t further_bytes_ = 0;
    double framing_ = 0;
};

}  // namespace steno::tokens
