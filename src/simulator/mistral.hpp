#pragma once

#include "simulator/dice.hpp"
#include "simulator/reply.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

/// Mistral's endpoints: like OpenAI's, but with usage on the last chunk of every stream, thinking in parts
/// and whole tool calls in one chunk, and endpoints of its own. mistral.cpp chooses among them.
namespace steno::simulator {

struct MistralCall {
    boost::json::value body;
    std::string model;
    std::string prompt;
    Knobs knobs;
};

/// Chat, agents and fill-in-the-middle.
Reply answer_mistral_chat(const MistralCall& call, Dice& dice);
Reply answer_mistral_conversation(const MistralCall& call, Dice& dice);

/// The body of the error of that kind.
std::string mistral_error(std::string_view kind, std::string_view model);

}  // namespace steno::simulator
