#pragma once

#include "simulator/dice.hpp"
#include "simulator/model.hpp"
#include "simulator/reply.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Bedrock's endpoints; bedrock.cpp chooses among them.
namespace steno::simulator {

struct BedrockCall {
    boost::json::value body;
    std::string model;
    std::string prompt;  ///< of the last user message, knobs taken out
    bool stream = false;
    bool native = false;  ///< by InvokeModel
    Knobs knobs;
};

/// Converse, and InvokeModel with Nova's body, which has its shape.
Reply answer_converse(const BedrockCall& call, Dice& dice);
/// InvokeModel with a body that has a prompt: Titan (text and embeddings), Llama.
Reply answer_prompt(const BedrockCall& call, Dice& dice);

/// A message of an AWS event stream, with string headers.
std::string amazon_message(const std::vector<std::pair<std::string_view, std::string_view>>& headers,
                           std::string_view payload);
/// An event with a JSON payload.
std::string amazon_event(std::string_view type, std::string_view payload);
/// A message of the model's own stream, as InvokeModelWithResponseStream wraps it.
std::string amazon_chunk(std::string_view native);

/// What Bedrock counts itself: the headers of an InvokeModel answer.
void add_count_headers(net::Headers& headers, const Answer& answer);
/// The same for the end of a stream, as an object.
std::string invocation_metrics(const Answer& answer);

}  // namespace steno::simulator
