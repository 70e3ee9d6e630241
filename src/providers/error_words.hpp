#pragma once

#include "record/call.hpp"

#include <span>
#include <string_view>

/// What providers call their errors, and which of the record's types that is. One table is shared by all of
/// them; where a provider means something else by a word, or has words that mean nothing elsewhere (numbers),
/// it has a vocabulary of its own, which is asked first.
namespace steno::providers {

struct ErrorWord {
    /// What stands in `type`, `code`, `status` or `reason`, lower case, letters and digits only:
    /// "resourceexhausted". In a vocabulary of statuses the HTTP status; in one of phrases a part of the
    /// message, lower case.
    std::string_view word;
    ErrorType type;
};

struct Vocabulary {
    std::span<const ErrorWord> words = {};
    std::span<const ErrorWord> phrases = {};
    std::span<const ErrorWord> statuses = {};  ///< asked where the words leave it open
};

/// The words of the provider of this record name ("zai"), or of its family ("gcp.", "azure."). Empty where
/// the provider speaks as the others do.
Vocabulary own_words(std::string_view record_name);

/// What every provider means.
Vocabulary shared_words();
/// Words that come with every status, which then says more: "invalid_request_error", "api_error".
std::span<const ErrorWord> general_words();
/// Prose that is right where the words beside it are not: an empty account under "permission denied".
std::span<const ErrorWord> decisive_phrases();

}  // namespace steno::providers
