#pragma once

#include "simulator/errors.hpp"
#include "simulator/form.hpp"
#include "simulator/model.hpp"
#include "simulator/reply.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The endpoints of OpenAI, one function each; openai.cpp chooses among them.
namespace steno::simulator {

struct OpenAiCall {
    boost::json::value body;          ///< of a form: its texts
    std::vector<UploadedFile> files;  ///< of a form
    std::string model;                ///< as asked for
    std::string served;               ///< the dated snapshot behind it
    std::string prompt;               ///< of the last user message, knobs taken out
    std::string service_tier = "default";
    std::int64_t created = 0;
    Knobs knobs;
};

Reply answer_chat_completion(const OpenAiCall& call, Dice& dice);
Reply answer_response(const OpenAiCall& call, Dice& dice);
Reply answer_embeddings(const OpenAiCall& call, Dice& dice);
Reply answer_images(const OpenAiCall& call, Dice& dice);
Reply answer_speech(const OpenAiCall& call, Dice& dice);
Reply answer_transcription(const OpenAiCall& call, Dice& dice);
Reply answer_moderation(const OpenAiCall& call, Dice& dice);
/// Files and batches; nothing for any other path.
std::optional<Reply> answer_files(const Incoming& request, Dice& dice);

/// `stream`, also of a form.
bool wants_stream(const boost::json::value& body);
/// An integer, also of a form.
std::optional<std::int64_t> number_at(const boost::json::value& body, std::string_view name);

bool is_reasoning_model(std::string_view model);
/// A JSON text in pieces of a few bytes, as tool arguments arrive.
std::vector<std::string> fragments_of(std::string_view text);

/// A unit vector that belongs to the text.
std::vector<float> embedding_of(std::string_view text, std::size_t dimensions, std::uint64_t seed);

}  // namespace steno::simulator
