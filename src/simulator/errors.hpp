#pragma once

#include "simulator/dice.hpp"
#include "simulator/knobs.hpp"
#include "simulator/reply.hpp"

#include <string>
#include <string_view>

namespace steno::simulator {

enum class Vendor : std::uint8_t { OpenAi, Anthropic, Gemini };

/// What went wrong, in the words and the shape of a provider.
struct ErrorShape {
    int status = 500;
    std::string type;   ///< OpenAI's and Anthropic's `type`, Gemini's `status`
    std::string code;   ///< OpenAI's `code`; empty: null
    std::string param;  ///< OpenAI's `param`; empty: null
    std::string message;
    std::string retry_delay = "1s";  ///< Gemini's, with a 429
};

/// The error that a knob names ("rate_limit"), or that fits an HTTP status.
ErrorShape shape_of(Vendor vendor, std::string_view kind, std::string_view model);
std::string_view kind_of_status(std::int64_t status);
/// The kind of error that is wanted in place of an answer; empty: none. An error that is to come within the
/// stream, where the answer is one, is not meant. A view into the knobs.
std::string_view wanted_error(const Knobs& knobs, bool streams);

/// The body of an error answer.
std::string error_body(Vendor vendor, const ErrorShape& error, std::string_view request_id);

/// An answer with status, body and the headers that this provider sends with errors. `message`, if not empty,
/// takes the place of the usual one.
Reply error_reply(Vendor vendor, std::string_view kind, const Knobs& knobs, Dice& dice,
                  std::string_view model, std::string_view message = {});

/// Headers that every answer of the provider has. Returns the request's id.
std::string add_usual_headers(Vendor vendor, net::Headers& headers, Dice& dice);

}  // namespace steno::simulator
