#pragma once

#include "base/json_writer.hpp"
#include "simulator/dice.hpp"
#include "simulator/reply.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// Cohere's endpoints; cohere.cpp chooses among them.
namespace steno::simulator {

struct CohereCall {
    boost::json::value body;
    std::string model;
    std::string prompt;  ///< of the last user message, knobs taken out
    bool v2 = false;
    bool events = false;  ///< v1: the client would rather have server-sent events than lines
    Knobs knobs;
};

Reply answer_cohere_chat(const CohereCall& call, Dice& dice);
Reply answer_cohere_generate(const CohereCall& call, Dice& dice);

/// An id as Cohere writes them, a UUID.
std::string cohere_id(Dice& dice);
/// What is billed, and what the model read and wrote besides, as a member `billed_units` and `tokens` of the
/// object at hand.
struct CohereUnits {
    std::int64_t input = 0;
    std::int64_t output = 0;
    std::int64_t cached = 0;
};
void write_cohere_units(JsonWriter& json, const CohereUnits& units);
/// v1's `meta`.
void write_cohere_meta(JsonWriter& json, std::string_view version, const CohereUnits& units);

}  // namespace steno::simulator
