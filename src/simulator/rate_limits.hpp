#pragma once

#include "simulator/reply.hpp"

#include <string_view>

/// Rate limits without memory: a request brings along how many it may still make (the knobs limit-requests,
/// remaining-requests, limit-tokens, remaining-tokens, reset-ms), and the answer says in the provider's own
/// headers how many there are after it. With none left the answer is the provider's 429.
namespace steno::simulator {

/// Nothing is left for this request.
bool used_up(const Knobs& knobs);
/// The request again as one that asks for that 429.
net::Headers asking_for_refusal(const net::Headers& headers, const Knobs& knobs);
/// Sets the headers that the knobs speak of, in the manner of the provider of that name in the path, in the
/// place of the usual ones. Nothing without such a knob.
void set_limit_headers(Reply& reply, std::string_view provider);

}  // namespace steno::simulator
