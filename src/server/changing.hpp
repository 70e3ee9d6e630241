#pragma once

#include "control/author.hpp"
#include "control/condition.hpp"
#include "server/api.hpp"

#include <string>

/// What requests that change something have in common: who asks and why, and on which condition (ETag and
/// If-Match, RFC 9110, section 13).
namespace steno::server {

/// `by` and `reason` of the query.
control::Author author_of(const ApiRequest& request);

/// Of If-Match. By a weak tag nothing is changed: it does not say that all is the same (section 13.1.1).
control::Condition condition_of(const ApiRequest& request);

/// With its tag; without its body for the one who has it already (If-None-Match).
ApiAnswer tagged(ApiAnswer answer, const std::string& tag, const ApiRequest& request);

/// Why nothing was changed: a condition that does not hold is a 412.
Result<ApiAnswer> not_done(const Error& error, const control::Condition& condition);

/// 204.
ApiAnswer nothing();

}  // namespace steno::server
