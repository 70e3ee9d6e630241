#pragma once

#include "pricing/catalogue.hpp"

namespace steno::pricing {

/// Fills lines, total or missing of an explanation whose price is set, for what `call` used.
///
/// Input tokens are taken apart into cache reads, cache writes, audio and the rest, output tokens into audio
/// and the rest; each part is priced once, so that the lines' amounts add up to the total. What cannot be
/// told apart, or has no price, leaves the total absent.
void sum_up(Explanation& explanation, const Call& call);

}  // namespace steno::pricing
