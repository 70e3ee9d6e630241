#pragma once

#include "providers/json_view.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// From a provider's words to the record's: one canonical error type for all providers, whether trying again
/// helps, and what a person can do about it.
namespace steno::providers {

/// An error as the provider told it.
struct ProviderError {
    std::string type;
    std::string code;
    std::string message;
    std::optional<std::int64_t> http_status;  ///< where the error itself names one
};

/// The error in a body or stream event that may hold one: `{"error": …}` as object or text, alone or in an
/// array, or
/// `{"type": "error", …}`. With `expected` (the status is an error's, or the event is called one) also the
/// flat forms:
/// `{"message": …}`, `{"detail": …}`.
std::optional<ProviderError> find_error(JsonValue root, bool expected);

ErrorType classify(int http_status, const ProviderError& error);
bool is_retryable(ErrorType type);
std::string_view advice_for(ErrorType type);

/// Status Failure, and call.error in full. `http_status` 200 where the error came in a stream or in a body
/// that began well.
void set_error(Call& call, int http_status, ProviderError error);
/// The same for what we found ourselves: `message` in our words, nothing of the provider's.
void set_error(Call& call, ErrorType type, std::string message);

}  // namespace steno::providers
