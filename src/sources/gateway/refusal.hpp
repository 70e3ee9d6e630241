#pragma once

#include "net/http.hpp"
#include "record/call.hpp"
#include "sources/gateway/spending.hpp"

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

/// error.provider_type of a call that a budget did not let pass; error.provider_code is the budget's name.
inline constexpr std::string_view kOverBudget = "steno_budget";

Refusal refuse(std::string_view record_provider, int status, ErrorType type, std::string_view message);

/// status and error of a call that was not made for that.
void set_over_budget(Call& call, const OverBudget& over);
/// The same envelope, and around it the members of a problem document (RFC 9457).
Refusal refuse_over_budget(std::string_view record_provider, const OverBudget& over);

}  // namespace steno::gateway
