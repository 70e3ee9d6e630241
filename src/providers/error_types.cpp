#include "base/text.hpp"
#include "providers/error_words.hpp"
#include "providers/errors.hpp"
#include "providers/prose.hpp"

#include <algorithm>
#include <cctype>
#include <span>

namespace steno::providers {

namespace {

/// The letters and digits, in lower case.
std::string bare(std::string_view name) {
    std::string letters;
    for (const char c : name.substr(0, 200)) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) letters += c;
    }
    return lower_case(letters);
}

std::optional<ErrorType> look_up(std::span<const ErrorWord> words, const ProviderError& error) {
    for (const std::string* const name : {&error.reason, &error.code, &error.type}) {
        if (name->empty()) continue;
        const std::string letters = bare(*name);
        const auto found = std::ranges::find(words, std::string_view(letters), &ErrorWord::word);
        if (found != words.end()) return found->type;
    }
    return std::nullopt;
}

std::optional<ErrorType> look_in(std::span<const ErrorWord> phrases, std::string_view message) {
    const std::string lower = lower_case(message.substr(0, kLookedAt));
    for (const ErrorWord& phrase : phrases) {
        if (lower.find(phrase.word) != std::string::npos) return phrase.type;
    }
    return std::nullopt;
}

std::optional<ErrorType> from_status(int status) {
    switch (status) {
        case 401:
            return ErrorType::Authentication;
        case 403:
            return ErrorType::Permission;
        case 404:
            return ErrorType::NotFound;
        case 408:
        case 504:
            return ErrorType::Timeout;
        case 429:
            return ErrorType::RateLimit;
        case 499:
            return ErrorType::Cancelled;
        case 503:
        case 529:
            return ErrorType::Overloaded;
        default:
            return status >= 500 ? std::optional(ErrorType::Server) : std::nullopt;
    }
}

}  // namespace

ErrorType classify(std::string_view provider, int http_status, const ProviderError& error) {
    const int status =
        http_status < 400 && error.http_status ? static_cast<int>(*error.http_status) : http_status;
    const Vocabulary own = own_words(provider);
    const Vocabulary shared = shared_words();
    if (!error.categories.empty()) return ErrorType::ContentFilter;
    if (status < 500) {
        if (const auto type = look_in(decisive_phrases(), error.message)) return *type;
    }
    if (const auto type = look_up(own.words, error)) return *type;
    if (const auto type = look_in(own.phrases, error.message)) return *type;
    if (status == 402) return ErrorType::Quota;  // whatever the words: Google's are RESOURCE_EXHAUSTED
    if (const auto type = look_up(shared.words, error)) return *type;
    if (status < 500 && status != 429) {
        if (const auto type = look_in(shared.phrases, error.message)) return *type;
    }
    const auto said = std::ranges::find(own.statuses, std::to_string(status), &ErrorWord::word);
    if (said != own.statuses.end()) return said->type;
    if (const auto type = from_status(status)) return *type;
    if (const auto type = look_up(general_words(), error)) return *type;
    return status >= 400 ? ErrorType::InvalidRequest : ErrorType::Server;
}

bool is_retryable(ErrorType type) {
    switch (type) {
        case ErrorType::RateLimit:
        case ErrorType::Timeout:
        case ErrorType::Connection:
        case ErrorType::Overloaded:
        case ErrorType::Server:
        case ErrorType::MalformedResponse:
            return true;
        default:
            return false;
    }
}

}  // namespace steno::providers
