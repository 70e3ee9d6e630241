#pragma once

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "record/call.hpp"

namespace steno::native {

/// Makes of what a program says a call that can be recorded, by the rules of what passes the gateway:
/// - InvalidArgument for fields that are too long or too many, with the field's name; and for a cost that
///   nobody can add up, counts, times and sums below zero, and statuses that are none.
/// - An error message beyond kMaxErrorMessage is cut, and privacy.truncated says so.
/// - Credentials in the request's parameters and tools, its exact bytes and the metadata are masked, and
///   counted in privacy.masked (providers/credentials.hpp). The query of an address, and what stands before
///   an
///   '@' in its host, are left out.
/// - A call without an id is new: it gets one, and, if it does not say when it began, this moment.
/// - The preview follows from the messages.
Result<void> admit(Call& call, Clock& clock, Random& random);

}  // namespace steno::native
