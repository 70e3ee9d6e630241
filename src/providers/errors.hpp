#pragma once

#include "providers/json_view.hpp"
#include "providers/provider.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// From a provider's words to the record's: one canonical error type for all providers, whether and when
/// trying again helps, and what a person can do about it. What is known of the providers stands in tables:
/// error_words.cpp (words → type), prose.cpp (limits, waits and sizes in messages), services.cpp (consoles,
/// headers). docs/errors.md shows them.
namespace steno::providers {

/// An error as the provider told it.
struct ProviderError {
    std::string type = {};
    std::string code = {};
    std::string message = {};
    std::optional<std::int64_t> http_status = {};  ///< where the error itself names one

    // What else the body told. It decides type, wait and advice; of the record it is no part.
    std::string reason = {};                   ///< a finer word: Google's ErrorInfo, Azure's innererror, …
    std::string limit = {};                    ///< the limit that was hit, as the details name it: a quotaId
    std::string param = {};                    ///< of the request, that is wrong
    std::vector<std::string> categories = {};  ///< what a content filter objected to
    std::optional<std::int64_t> retry_after_ms = {};
    std::optional<std::int64_t> resets_at_ms = {};  ///< milliseconds since 1970
    std::optional<bool> should_retry = {};
};

/// What the head of an error answer says of the error. Nothing for a status below 400: some providers send
/// Retry-After with what succeeded.
struct ErrorHead {
    std::string type;  ///< AWS: "ThrottlingException"
    std::optional<std::int64_t> retry_after_ms;
    std::optional<std::int64_t> date_ms;  ///< the provider's clock, milliseconds since 1970
    std::optional<bool> should_retry;
};
ErrorHead read_error_head(const ResponseView& response);
/// The head says what the body leaves out; its wait goes before the body's.
void amend(ProviderError& error, const ErrorHead& head);

/// The error in a body or stream event that may hold one: `{"error": …}` as object or text, alone or in an
/// array, or
/// `{"type": "error", …}`. With `expected` (the status is an error's, or the event is called one) also the
/// flat forms:
/// `{"message": …}`, `{"detail": …}`, `{"errors": [{"message": …}]}`.
std::optional<ProviderError> find_error(JsonValue root, bool expected);

/// `provider` is its record name: the same word may mean different things (error_words.hpp).
ErrorType classify(std::string_view provider, int http_status, const ProviderError& error);
bool is_retryable(ErrorType type);

/// Status Failure, and call.error in full: type, retryable, wait and advice follow from the error, from what
/// the call holds already (provider.name, model.requested, who.api_key_id, provider.rate_limit, region) and
/// from the tables. `http_status` 200 where the error came in a stream or in a body that began well.
void set_error(Call& call, int http_status, ProviderError error);
/// The same for what we found ourselves: `message` in our words, nothing of the provider's.
void set_error(Call& call, ErrorType type, std::string message);

}  // namespace steno::providers
