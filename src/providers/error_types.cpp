#include "base/text.hpp"
#include "providers/errors.hpp"
#include "providers/prose.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace steno::providers {

namespace {

struct Word {
    std::string_view word;
    ErrorType type;
};

/// What providers put in `type`, `code`, `status` and `reason`, in lower case and without what stands between
/// the letters: "RESOURCE_EXHAUSTED", "ThrottlingException". General words ("invalid_request_error",
/// "api_error") are in the second table: they come with every status, which then says more.
constexpr std::array kWords{
    Word{"authenticationerror", ErrorType::Authentication},
    Word{"invalidapikey", ErrorType::Authentication},
    Word{"apikeyinvalid", ErrorType::Authentication},
    Word{"invalidauthentication", ErrorType::Authentication},
    Word{"unauthenticated", ErrorType::Authentication},
    Word{"unauthorized", ErrorType::Authentication},
    Word{"accesstokenexpired", ErrorType::Authentication},
    Word{"unrecognizedclientexception", ErrorType::Authentication},
    Word{"invalidsignatureexception", ErrorType::Authentication},
    Word{"incompletesignatureexception", ErrorType::Authentication},
    Word{"missingauthenticationtokenexception", ErrorType::Authentication},
    Word{"expiredtokenexception", ErrorType::Authentication},
    Word{"permissionerror", ErrorType::Permission},
    Word{"permissiondenied", ErrorType::Permission},
    Word{"iampermissiondenied", ErrorType::Permission},
    Word{"servicedisabled", ErrorType::Permission},
    Word{"apikeyserviceblocked", ErrorType::Permission},
    Word{"accesstokenscopeinsufficient", ErrorType::Permission},
    Word{"consumersuspended", ErrorType::Permission},
    Word{"forbidden", ErrorType::Permission},
    Word{"accessdeniedexception", ErrorType::Permission},
    Word{"unsupportedcountryregionterritory", ErrorType::Permission},
    Word{"thecallerdoesnothavepermissiontoexecutethespecifiedoperation", ErrorType::Permission},
    Word{"insufficientquota", ErrorType::Quota},
    Word{"billingerror", ErrorType::Quota},
    Word{"billingdisabled", ErrorType::Quota},
    Word{"billinghardlimitreached", ErrorType::Quota},
    Word{"billingnotactive", ErrorType::Quota},
    Word{"insufficientbalance", ErrorType::Quota},
    Word{"insufficientcredits", ErrorType::Quota},
    Word{"creditlimit", ErrorType::Quota},
    Word{"quotaexceeded", ErrorType::Quota},
    Word{"servicequotaexceededexception", ErrorType::Quota},
    Word{"ratelimiterror", ErrorType::RateLimit},
    Word{"ratelimitexceeded", ErrorType::RateLimit},
    Word{"ratelimitreached", ErrorType::RateLimit},
    Word{"ratelimited", ErrorType::RateLimit},
    Word{"modelratelimit", ErrorType::RateLimit},
    Word{"requestratelimitexceeded", ErrorType::RateLimit},
    Word{"resourceexhausted", ErrorType::RateLimit},
    Word{"someresourcehasbeenexhausted", ErrorType::RateLimit},
    Word{"toomanyrequests", ErrorType::RateLimit},
    Word{"throttlingexception", ErrorType::RateLimit},
    Word{"contextlengthexceeded", ErrorType::ContextLength},
    Word{"modelcontextwindowexceeded", ErrorType::ContextLength},
    Word{"contentfilter", ErrorType::ContentFilter},
    Word{"contentpolicyviolation", ErrorType::ContentFilter},
    Word{"responsibleaipolicyviolation", ErrorType::ContentFilter},
    Word{"moderationblocked", ErrorType::ContentFilter},
    Word{"modelnotfound", ErrorType::NotFound},
    Word{"invalidmodel", ErrorType::NotFound},
    Word{"modeldecommissioned", ErrorType::NotFound},
    Word{"modelnotavailable", ErrorType::NotFound},
    Word{"notfounderror", ErrorType::NotFound},
    Word{"notfound", ErrorType::NotFound},
    Word{"somerequestedentitywasnotfound", ErrorType::NotFound},
    Word{"resourcenotfoundexception", ErrorType::NotFound},
    Word{"deploymentnotfound", ErrorType::NotFound},
    Word{"unknownmodel", ErrorType::NotFound},
    Word{"overloadederror", ErrorType::Overloaded},
    Word{"modeloverloaded", ErrorType::Overloaded},
    Word{"engineoverloaded", ErrorType::Overloaded},
    Word{"slowdown", ErrorType::Overloaded},
    Word{"servicetiercapacityexceeded", ErrorType::Overloaded},
    Word{"capacityexceeded", ErrorType::Overloaded},
    Word{"nocapacity", ErrorType::Overloaded},
    Word{"modelnotreadyexception", ErrorType::Overloaded},
    Word{"serviceunavailableexception", ErrorType::Overloaded},
    Word{"unavailable", ErrorType::Overloaded},
    Word{"serviceunavailable", ErrorType::Overloaded},
    Word{"timeouterror", ErrorType::Timeout},
    Word{"deadlineexceeded", ErrorType::Timeout},
    Word{"modeltimeoutexception", ErrorType::Timeout},
    Word{"cancelled", ErrorType::Cancelled},
};

constexpr std::array kGeneralWords{
    Word{"invalidrequesterror", ErrorType::InvalidRequest},
    Word{"invalidargument", ErrorType::InvalidRequest},
    Word{"failedprecondition", ErrorType::InvalidRequest},
    Word{"requesttoolarge", ErrorType::InvalidRequest},
    Word{"validationexception", ErrorType::InvalidRequest},
    Word{"badrequesterror", ErrorType::InvalidRequest},
    Word{"servererror", ErrorType::Server},
    Word{"apierror", ErrorType::Server},
    Word{"internal", ErrorType::Server},
    Word{"internalservererror", ErrorType::Server},
    Word{"internalserverexception", ErrorType::Server},
    Word{"modelerrorexception", ErrorType::Server},
    Word{"modelstreamerrorexception", ErrorType::Server},
};

/// Prose that is right where the words beside it are not: an empty account under "permission denied", a free
/// tier that does not have the model under "resource exhausted".
constexpr std::array kDecisivePhrases{
    Word{"credit balance is too low", ErrorType::Quota},
    Word{"insufficient balance", ErrorType::Quota},
    Word{"insufficient credits", ErrorType::Quota},
    Word{"requires more credits", ErrorType::Quota},
    Word{"credit limit exceeded", ErrorType::Quota},
    Word{"used all available credits", ErrorType::Quota},
    Word{"run out of credits", ErrorType::Quota},
    Word{"doesn't have any credits", ErrorType::Quota},
    Word{"exceeded your monthly included credits", ErrorType::Quota},
    Word{"specified api usage limits", ErrorType::Quota},
    Word{"out of call volume quota", ErrorType::Quota},
    Word{", limit: 0", ErrorType::Quota},
};

/// What is told in prose alone. Asked only where the words and a status of 4xx leave it open.
constexpr std::array kPhrases{
    Word{"maximum context length", ErrorType::ContextLength},
    Word{"prompt is too long", ErrorType::ContextLength},
    Word{"exceed context limit", ErrorType::ContextLength},
    Word{"context window", ErrorType::ContextLength},
    Word{"exceeds the maximum number of tokens", ErrorType::ContextLength},
    Word{"exceed the maximum number of tokens", ErrorType::ContextLength},
    Word{"input token count", ErrorType::ContextLength},
    Word{"maximum prompt length", ErrorType::ContextLength},
    Word{"too large for model with", ErrorType::ContextLength},
    Word{"too many tokens", ErrorType::ContextLength},
    Word{"too many input tokens", ErrorType::ContextLength},
    Word{"input is too long", ErrorType::ContextLength},
    Word{"exceeds the context length", ErrorType::ContextLength},
    Word{"`inputs` tokens + `max_new_tokens`", ErrorType::ContextLength},
    Word{"reduce the length of the messages", ErrorType::ContextLength},
    Word{"api key not valid", ErrorType::Authentication},
    Word{"incorrect api key", ErrorType::Authentication},
    Word{"invalid api key", ErrorType::Authentication},
    Word{"security token included in the request", ErrorType::Authentication},
    Word{"user location is not supported", ErrorType::Permission},
    Word{"organization has been disabled", ErrorType::Permission},
    Word{"content management policy", ErrorType::ContentFilter},
    Word{"content filtering policy", ErrorType::ContentFilter},
    Word{"rejected as a result of our safety system", ErrorType::ContentFilter},
    Word{"content exists risk", ErrorType::ContentFilter},
    Word{"content violates usage guidelines", ErrorType::ContentFilter},
    Word{"model identifier is invalid", ErrorType::NotFound},
    Word{"model not exist", ErrorType::NotFound},
    Word{"model not found", ErrorType::NotFound},
    Word{"invalid model", ErrorType::NotFound},
    Word{"is not a valid model", ErrorType::NotFound},
};

/// The letters and digits, in lower case.
std::string bare(std::string_view name) {
    std::string letters;
    for (const char c : name.substr(0, 200)) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) letters += c;
    }
    return lower_case(letters);
}

std::optional<ErrorType> look_up(std::span<const Word> words, const ProviderError& error) {
    for (const std::string* const name : {&error.reason, &error.code, &error.type}) {
        if (name->empty()) continue;
        const std::string letters = bare(*name);
        const auto found = std::ranges::find(words, std::string_view(letters), &Word::word);
        if (found != words.end()) return found->type;
    }
    return std::nullopt;
}

std::optional<ErrorType> look_in(std::span<const Word> phrases, std::string_view message) {
    const std::string lower = lower_case(message.substr(0, kLookedAt));
    for (const Word& phrase : phrases) {
        if (lower.find(phrase.word) != std::string::npos) return phrase.type;
    }
    return std::nullopt;
}

std::optional<ErrorType> from_status(int status) {
    switch (status) {
        case 401:
            return ErrorType::Authentication;
        case 402:
            return ErrorType::Quota;
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
        case 498:  // Groq: the flex tier is full
        case 503:
        case 529:
            return ErrorType::Overloaded;
        default:
            return status >= 500 ? std::optional(ErrorType::Server) : std::nullopt;
    }
}

}  // namespace

ErrorType classify(int http_status, const ProviderError& error) {
    const int status =
        http_status < 400 && error.http_status ? static_cast<int>(*error.http_status) : http_status;
    if (!error.categories.empty()) return ErrorType::ContentFilter;
    if (status < 500) {
        if (const auto type = look_in(kDecisivePhrases, error.message)) return *type;
    }
    if (const auto type = look_up(kWords, error)) return *type;
    if (status < 500 && status != 429) {
        if (const auto type = look_in(kPhrases, error.message)) return *type;
    }
    if (const auto type = from_status(status)) return *type;
    if (const auto type = look_up(kGeneralWords, error)) return *type;
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
