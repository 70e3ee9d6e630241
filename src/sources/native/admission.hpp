#pragma once

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "record/call.hpp"

namespace steno::native {

/// Makes of what a program says a call that can be recorded, by the rules of what passes the gateway:
/// - InvalidArgument for fields that are too long or too many, with the field's name; and for a cost that
///   nobody can add up, counts, times and sums below zero or beyond all reason (10^12, or 366 days), and
///   statuses, probabilities and revisions of an experiment that are none.
/// - An error message beyond kMaxErrorMessage is cut, and a stack beyond 64 KiB; privacy.truncated says so.
/// - Credentials in the request's parameters, tools and input, its exact bytes, the output, the metadata and
/// the
///   attributes are masked, and counted in privacy.masked (providers/credentials.hpp), in error messages and
///   the texts of attributes also keys that begin as those of a known service do. The query of an address,
///   and what stands before an '@' in its host, are left out.
/// - Which re-pricing made a cost, and what it was before, is not taken over: only re-pricings here say that.
/// - A call without an id is new: it gets one, and, if it does not say when it began, this moment.
/// - The preview follows from the messages; with privacy.full_data: false it is the one that came along.
Result<void> admit(Call& call, Clock& clock, Random& random);

}  // namespace steno::native
