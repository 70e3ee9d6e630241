#pragma once

#include "simulator/dice.hpp"
#include "simulator/knobs.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The simulated model itself, the same for all providers: what was asked goes in, what it says comes out.
/// The files of the providers only translate.
namespace steno::simulator {

struct OfferedTool {
    std::string name;
    const boost::json::value* schema = nullptr;  ///< of its arguments; points into the request's body
};

struct Question {
    std::string model;
    std::string prompt;   ///< text of the last user message, knobs taken out
    std::string context;  ///< all text that goes in, the prompt too; only counted
    std::vector<OfferedTool> tools;
    std::string forced_tool;           ///< the caller insists on this one
    bool may_call_tools = true;        ///< false: the caller said "none"
    bool answers_tool_result = false;  ///< the last message brings a tool's result
    bool wants_reasoning = false;      ///< thinks before it answers
    bool wants_json = false;
    const boost::json::value* json_schema = nullptr;
    std::optional<std::int64_t> max_tokens;
    bool caches = false;  ///< the caller marked something as worth caching, or the provider does so by itself
    Knobs knobs;
};

struct ToolUse {
    std::string name;
    std::string arguments;  ///< a JSON object
};

enum class Finish : std::uint8_t { Stop, Length, Tools, Filter };

struct Answer {
    std::string text;
    std::vector<std::string> pieces;  ///< the text, as a stream brings it
    std::vector<ToolUse> tools;
    std::string thought;
    Finish finish = Finish::Stop;
    std::int64_t input_tokens = 0;  ///< all, cached ones included
    std::int64_t cached_tokens = 0;
    std::int64_t cache_write_5m = 0;
    std::int64_t cache_write_1h = 0;
    std::int64_t reasoning_tokens = 0;
    std::int64_t output_tokens = 0;  ///< all, reasoning included

    [[nodiscard]] std::int64_t fresh_input() const {
        return input_tokens - cached_tokens - cache_write_5m - cache_write_1h;
    }
};

std::int64_t input_tokens_of(const Question& question);
Answer answer_question(const Question& question, Dice& dice);

}  // namespace steno::simulator
