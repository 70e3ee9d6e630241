#pragma once

#include "record/call.hpp"
#include "steno/call.hpp"

namespace steno::client {

/// Takes over what a provider's parser has read of an exchange (a Call from src/providers, with its preview
/// filled), as if it had been said of the scope, over what was said before. Identity, times, context and
/// labels are the scope's own; so is the name, if the facts have none. Texts are cut, and left out, by the
/// scope's level.
void add_facts(CallScope& scope, Call facts) noexcept;

}  // namespace steno::client
