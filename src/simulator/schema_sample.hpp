#pragma once

#include "simulator/dice.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace steno::simulator {

/// A JSON text that fits the schema (JSON Schema as tools and structured outputs use it, Gemini's upper-case
/// types too), with plausible values by the properties' names. Bounded in depth and width whatever the schema
/// says.
std::string sample_of_schema(Dice& dice, const boost::json::value& schema, std::string_view prompt);

}  // namespace steno::simulator
