#pragma once

#include "net/http.hpp"
#include "record/call.hpp"

#include <string>
#include <string_view>

namespace steno::gateway {

/// An answer that the gateway gives itself, in the envelope that the provider's client library reads, so that
/// a program sees our words and not a parse error. `x-steno-error` names the cause, and tells it from a
/// provider's refusal.
struct Refusal {
    net::ResponseHead head;
    std::string body;
};

Refusal refuse(std::string_view record_provider, int status, ErrorType type, std::string_view message);

}  // namespace steno::gateway
