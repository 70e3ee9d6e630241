#include "providers/error_words.hpp"

#include <array>

namespace steno::providers {

namespace {

// Shared by all providers.

constexpr std::array kWords{
    ErrorWord{"authenticationerror", ErrorType::Authentication},
    ErrorWord{"invalidapikey", ErrorType::Authentication},
    ErrorWord{"apikeyinvalid", ErrorType::Authentication},
    ErrorWord{"invalidauthentication", ErrorType::Authentication},
    ErrorWord{"invalidauthenticationerror", ErrorType::Authentication},
    ErrorWord{"incorrectapikeyerror", ErrorType::Authentication},
    ErrorWord{"unauthenticated", ErrorType::Authentication},
    ErrorWord{"unauthorized", ErrorType::Authentication},
    ErrorWord{"accesstokenexpired", ErrorType::Authentication},
    ErrorWord{"unrecognizedclientexception", ErrorType::Authentication},
    ErrorWord{"invalidsignatureexception", ErrorType::Authentication},
    ErrorWord{"incompletesignatureexception", ErrorType::Authentication},
    ErrorWord{"missingauthenticationtokenexception", ErrorType::Authentication},
    ErrorWord{"expiredtokenexception", ErrorType::Authentication},
    ErrorWord{"permissionerror", ErrorType::Permission},
    ErrorWord{"permissiondenied", ErrorType::Permission},
    ErrorWord{"permissiondeniederror", ErrorType::Permission},
    ErrorWord{"iampermissiondenied", ErrorType::Permission},
    ErrorWord{"servicedisabled", ErrorType::Permission},
    ErrorWord{"apikeyserviceblocked", ErrorType::Permission},
    ErrorWord{"accesstokenscopeinsufficient", ErrorType::Permission},
    ErrorWord{"consumersuspended", ErrorType::Permission},
    ErrorWord{"forbidden", ErrorType::Permission},
    ErrorWord{"accessdeniedexception", ErrorType::Permission},
    ErrorWord{"unsupportedcountryregionterritory", ErrorType::Permission},
    ErrorWord{"thecallerdoesnothavepermissiontoexecutethespecifiedoperation", ErrorType::Permission},
    ErrorWord{"insufficientquota", ErrorType::Quota},
    ErrorWord{"creditbalanceexhausted", ErrorType::Quota},
    ErrorWord{"organizationusagelimitexceeded", ErrorType::Quota},
    ErrorWord{"organizationspendlimitexceeded", ErrorType::Quota},
    ErrorWord{"projectspendlimitexceeded", ErrorType::Quota},
    ErrorWord{"enforcedspendlimitreached", ErrorType::Quota},
    ErrorWord{"exceededcurrentquotaerror", ErrorType::Quota},
    ErrorWord{"usagelimitreached", ErrorType::Quota},
    ErrorWord{"paymentrequired", ErrorType::Quota},
    ErrorWord{"notenoughbalance", ErrorType::Quota},
    ErrorWord{"billingerror", ErrorType::Quota},
    ErrorWord{"billingdisabled", ErrorType::Quota},
    ErrorWord{"billinghardlimitreached", ErrorType::Quota},
    ErrorWord{"billingnotactive", ErrorType::Quota},
    ErrorWord{"insufficientbalance", ErrorType::Quota},
    ErrorWord{"insufficientcredits", ErrorType::Quota},
    ErrorWord{"creditlimit", ErrorType::Quota},
    ErrorWord{"quotaexceeded", ErrorType::Quota},
    ErrorWord{"servicequotaexceededexception", ErrorType::Quota},
    ErrorWord{"ratelimiterror", ErrorType::RateLimit},
    ErrorWord{"ratelimitexceeded", ErrorType::RateLimit},
    ErrorWord{"ratelimitreached", ErrorType::RateLimit},
    ErrorWord{"ratelimitreachederror", ErrorType::RateLimit},
    ErrorWord{"ratelimited", ErrorType::RateLimit},
    ErrorWord{"modelratelimit", ErrorType::RateLimit},
    ErrorWord{"requestratelimitexceeded", ErrorType::RateLimit},
    ErrorWord{"requestlimitexceeded", ErrorType::RateLimit},
    ErrorWord{"resourceexhausted", ErrorType::RateLimit},
    ErrorWord{"someresourcehasbeenexhausted", ErrorType::RateLimit},
    ErrorWord{"toomanyrequests", ErrorType::RateLimit},
    ErrorWord{"throttlingexception", ErrorType::RateLimit},
    ErrorWord{"contextlengthexceeded", ErrorType::ContextLength},
    ErrorWord{"modelcontextwindowexceeded", ErrorType::ContextLength},
    ErrorWord{"contentfilter", ErrorType::ContentFilter},
    ErrorWord{"contentpolicyviolation", ErrorType::ContentFilter},
    ErrorWord{"responsibleaipolicyviolation", ErrorType::ContentFilter},
    ErrorWord{"moderationblocked", ErrorType::ContentFilter},
    ErrorWord{"modelnotfound", ErrorType::NotFound},
    ErrorWord{"invalidmodel", ErrorType::NotFound},
    ErrorWord{"modeldecommissioned", ErrorType::NotFound},
    ErrorWord{"modelnotavailable", ErrorType::NotFound},
    ErrorWord{"notfounderror", ErrorType::NotFound},
    ErrorWord{"notfound", ErrorType::NotFound},
    ErrorWord{"somerequestedentitywasnotfound", ErrorType::NotFound},
    ErrorWord{"resourcenotfoundexception", ErrorType::NotFound},
    ErrorWord{"resourcenotfounderror", ErrorType::NotFound},
    ErrorWord{"resourcedoesnotexist", ErrorType::NotFound},
    ErrorWord{"deploymentnotfound", ErrorType::NotFound},
    ErrorWord{"unknownmodel", ErrorType::NotFound},
    ErrorWord{"overloadederror", ErrorType::Overloaded},
    ErrorWord{"modeloverloaded", ErrorType::Overloaded},
    ErrorWord{"engineoverloaded", ErrorType::Overloaded},
    ErrorWord{"engineoverloadederror", ErrorType::Overloaded},
    ErrorWord{"serverisoverloaded", ErrorType::Overloaded},
    ErrorWord{"servicetiercapacityexceeded", ErrorType::Overloaded},
    ErrorWord{"capacityexceeded", ErrorType::Overloaded},
    ErrorWord{"nocapacity", ErrorType::Overloaded},
    ErrorWord{"modelnotreadyexception", ErrorType::Overloaded},
    ErrorWord{"serviceunavailableexception", ErrorType::Overloaded},
    ErrorWord{"unavailable", ErrorType::Overloaded},
    ErrorWord{"serviceunavailable", ErrorType::Overloaded},
    ErrorWord{"serviceunavailableerror", ErrorType::Overloaded},
    ErrorWord{"temporarilyunavailable", ErrorType::Overloaded},
    ErrorWord{"timeouterror", ErrorType::Timeout},
    ErrorWord{"deadlineexceeded", ErrorType::Timeout},
    ErrorWord{"modeltimeoutexception", ErrorType::Timeout},
    ErrorWord{"cancelled", ErrorType::Cancelled},
};

constexpr std::array kGeneralWords{
    ErrorWord{"invalidrequesterror", ErrorType::InvalidRequest},
    ErrorWord{"invalidargument", ErrorType::InvalidRequest},
    ErrorWord{"failedprecondition", ErrorType::InvalidRequest},
    ErrorWord{"requesttoolarge", ErrorType::InvalidRequest},
    ErrorWord{"validationexception", ErrorType::InvalidRequest},
    ErrorWord{"badrequesterror", ErrorType::InvalidRequest},
    ErrorWord{"servererror", ErrorType::Server},
    ErrorWord{"apierror", ErrorType::Server},
    ErrorWord{"internal", ErrorType::Server},
    ErrorWord{"internalservererror", ErrorType::Server},
    ErrorWord{"internalserverexception", ErrorType::Server},
    ErrorWord{"modelerrorexception", ErrorType::Server},
    ErrorWord{"modelstreamerrorexception", ErrorType::Server},
    ErrorWord{"slowdown", ErrorType::RateLimit},
};

constexpr std::array kDecisivePhrases{
    ErrorWord{"credit balance is too low", ErrorType::Quota},
    ErrorWord{"insufficient balance", ErrorType::Quota},
    ErrorWord{"insufficient credits", ErrorType::Quota},
    ErrorWord{"requires more credits", ErrorType::Quota},
    ErrorWord{"credit limit exceeded", ErrorType::Quota},
    ErrorWord{"used all available credits", ErrorType::Quota},
    ErrorWord{"run out of credits", ErrorType::Quota},
    ErrorWord{"doesn't have any credits", ErrorType::Quota},
    ErrorWord{"exceeded your monthly included credits", ErrorType::Quota},
    ErrorWord{"specified api usage limits", ErrorType::Quota},
    ErrorWord{"specified workspace api usage limits", ErrorType::Quota},
    ErrorWord{"reached your api usage limits", ErrorType::Quota},
    ErrorWord{"out of call volume quota", ErrorType::Quota},
    ErrorWord{", limit: 0", ErrorType::Quota},
};

/// What is told in prose alone.
constexpr std::array kPhrases{
    ErrorWord{"maximum context length", ErrorType::ContextLength},
    ErrorWord{"prompt is too long", ErrorType::ContextLength},
    ErrorWord{"exceed context limit", ErrorType::ContextLength},
    ErrorWord{"context window", ErrorType::ContextLength},
    ErrorWord{"exceeds the maximum number of tokens", ErrorType::ContextLength},
    ErrorWord{"exceed the maximum number of tokens", ErrorType::ContextLength},
    ErrorWord{"input token count", ErrorType::ContextLength},
    ErrorWord{"maximum prompt length", ErrorType::ContextLength},
    ErrorWord{"too large for model with", ErrorType::ContextLength},
    ErrorWord{"too many tokens", ErrorType::ContextLength},
    ErrorWord{"too many input tokens", ErrorType::ContextLength},
    ErrorWord{"input is too long", ErrorType::ContextLength},
    ErrorWord{"exceeds the context length", ErrorType::ContextLength},
    ErrorWord{"`inputs` tokens + `max_new_tokens`", ErrorType::ContextLength},
    ErrorWord{"reduce the length of the messages", ErrorType::ContextLength},
    ErrorWord{"exceeded model token limit", ErrorType::ContextLength},
    ErrorWord{"input token length too long", ErrorType::ContextLength},
    ErrorWord{"api key not valid", ErrorType::Authentication},
    ErrorWord{"incorrect api key", ErrorType::Authentication},
    ErrorWord{"invalid api key", ErrorType::Authentication},
    ErrorWord{"security token included in the request", ErrorType::Authentication},
    ErrorWord{"user location is not supported", ErrorType::Permission},
    ErrorWord{"organization has been disabled", ErrorType::Permission},
    ErrorWord{"content management policy", ErrorType::ContentFilter},
    ErrorWord{"content filtering policy", ErrorType::ContentFilter},
    ErrorWord{"rejected as a result of our safety system", ErrorType::ContentFilter},
    ErrorWord{"content exists risk", ErrorType::ContentFilter},
    ErrorWord{"content violates usage guidelines", ErrorType::ContentFilter},
    ErrorWord{"model identifier is invalid", ErrorType::NotFound},
    ErrorWord{"model not exist", ErrorType::NotFound},
    ErrorWord{"model not found", ErrorType::NotFound},
    ErrorWord{"invalid model", ErrorType::NotFound},
    ErrorWord{"is not a valid model", ErrorType::NotFound},
};

// Vocabularies of their own.

/// developers.cloudflare.com/workers-ai/platform/errors; 4006 is what a used-up daily allocation is answered
/// with, 5021 a request longer than the context window, in public bug reports.
constexpr std::array kCloudflareWords{
    ErrorWord{"5007", ErrorType::NotFound},      ErrorWord{"3042", ErrorType::NotFound},
    ErrorWord{"5018", ErrorType::Permission},    ErrorWord{"5016", ErrorType::Permission},
    ErrorWord{"3023", ErrorType::Permission},    ErrorWord{"3041", ErrorType::Permission},
    ErrorWord{"3036", ErrorType::Quota},         ErrorWord{"4006", ErrorType::Quota},
    ErrorWord{"3040", ErrorType::Overloaded},    ErrorWord{"3007", ErrorType::Timeout},
    ErrorWord{"3008", ErrorType::Timeout},       ErrorWord{"3006", ErrorType::InvalidRequest},
    ErrorWord{"5021", ErrorType::ContextLength},
};

/// docs.z.ai/api-reference/api-code. 1113 comes with status 429; so does 1308, the end of a plan's five
/// hours, whose message gives a moment without its time zone: no wait is read from it.
constexpr std::array kZaiWords{
    ErrorWord{"1000", ErrorType::Authentication}, ErrorWord{"1001", ErrorType::Authentication},
    ErrorWord{"1002", ErrorType::Authentication}, ErrorWord{"1003", ErrorType::Authentication},
    ErrorWord{"1004", ErrorType::Authentication}, ErrorWord{"1110", ErrorType::Permission},
    ErrorWord{"1111", ErrorType::Permission},     ErrorWord{"1112", ErrorType::Permission},
    ErrorWord{"1113", ErrorType::Quota},          ErrorWord{"1121", ErrorType::Permission},
    ErrorWord{"1211", ErrorType::NotFound},       ErrorWord{"1220", ErrorType::Permission},
    ErrorWord{"1221", ErrorType::NotFound},       ErrorWord{"1222", ErrorType::NotFound},
    ErrorWord{"1301", ErrorType::ContentFilter},  ErrorWord{"1302", ErrorType::RateLimit},
    ErrorWord{"1303", ErrorType::RateLimit},      ErrorWord{"1261", ErrorType::ContextLength},
    ErrorWord{"1305", ErrorType::Overloaded},     ErrorWord{"1308", ErrorType::Quota},
};

/// ai.google.dev/gemini-api/docs/troubleshooting: the daily quota of the Interactions API, which is full
/// again at midnight, is a limit like the others of Google's; elsewhere "quota exceeded" is a matter of
/// money.
constexpr std::array kGoogleWords{
    ErrorWord{"quotaexceeded", ErrorType::RateLimit},
};

/// openrouter.ai/docs/api/reference/limits: a 402 that passes by itself, and 403 that are about money.
constexpr std::array kOpenRouterWords{
    ErrorWord{"inflightbudgetexhausted", ErrorType::RateLimit},
    ErrorWord{"openrouterguardrailbudget", ErrorType::Quota},
    ErrorWord{"openrouterworkspacebudget", ErrorType::Quota},
    ErrorWord{"openrouterkeylimit", ErrorType::Quota},
};

/// learn.microsoft.com, Manage Azure OpenAI quota: a 429 that says so is about Azure's capacity, not about
/// the customer's limit.
constexpr std::array kAzurePhrases{
    ErrorWord{"experiencing high demand", ErrorType::Overloaded},
    ErrorWord{"temporarily unable to process your request", ErrorType::Overloaded},
};

/// github.com/cohere-ai/cohere-python, errors/invalid_token_error.py
constexpr std::array kCohereStatuses{ErrorWord{"498", ErrorType::Authentication}};
/// console.groq.com/docs/errors: the flex tier is full
constexpr std::array kGroqStatuses{ErrorWord{"498", ErrorType::Overloaded}};
/// docs.together.ai/docs/error-codes: input and max_tokens together exceed the context
constexpr std::array kTogetherStatuses{ErrorWord{"403", ErrorType::ContextLength}};
/// docs.snowflake.com/developer-guide/snowflake-rest-api/reference/cortex-inference: a timeout on their side
constexpr std::array kSnowflakeStatuses{ErrorWord{"503", ErrorType::Timeout}};

struct Own {
    std::string_view providers;  ///< a record name; with '.' at its end the beginning of several
    Vocabulary vocabulary;
};

constexpr std::array kOwn{
    Own{"azure.", {.phrases = kAzurePhrases}},
    Own{"gcp.", {.words = kGoogleWords}},
    Own{"cohere", {.statuses = kCohereStatuses}},
    Own{"groq", {.statuses = kGroqStatuses}},
    Own{"together_ai", {.statuses = kTogetherStatuses}},
    Own{"openrouter", {.words = kOpenRouterWords}},
    Own{"cloudflare", {.words = kCloudflareWords}},
    Own{"snowflake", {.statuses = kSnowflakeStatuses}},
    Own{"zai", {.words = kZaiWords}},
};

}  // namespace

Vocabulary own_words(std::string_view record_name) {
    for (const Own& own : kOwn) {
        const bool family = own.providers.ends_with('.');
        if (family ? record_name.starts_with(own.providers) : record_name == own.providers)
            return own.vocabulary;
    }
    return {};
}

Vocabulary shared_words() {
    return {.words = kWords, .phrases = kPhrases};
}

std::span<const ErrorWord> general_words() {
    return kGeneralWords;
}

std::span<const ErrorWord> decisive_phrases() {
    return kDecisivePhrases;
}

}  // namespace steno::providers
