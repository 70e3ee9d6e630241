#include "simulator/model.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/language.hpp"
#include "simulator/schema_sample.hpp"

#include <algorithm>

namespace steno::simulator {

namespace {

/// Providers cache nothing shorter, and count in steps.
constexpr std::int64_t kCacheableFrom = 1'024;
constexpr std::int64_t kCacheStep = 128;

std::string arguments_for(const OfferedTool& tool, Dice& dice, std::string_view prompt) {
    if (!tool.schema) return "{}";
    std::string arguments = sample_of_schema(dice, *tool.schema, prompt);
    return arguments.starts_with('{') ? arguments : "{}";
}

void call_tools(const Question& question, Dice& dice, Answer& answer) {
    const std::string& wanted = question.knobs.tool.empty() ? question.forced_tool : question.knobs.tool;
    const auto named = std::ranges::find(question.tools, wanted, &OfferedTool::name);
    const std::size_t first = named != question.tools.end()
                                  ? static_cast<std::size_t>(named - question.tools.begin())
                                  : static_cast<std::size_t>(dice.below(question.tools.size()));
    const std::size_t count = question.knobs.tools == "parallel" ? 2 : 1;
    for (std::size_t i = 0; i < count; ++i) {
        const OfferedTool& tool = question.tools[(first + i) % question.tools.size()];
        answer.tools.push_back({tool.name, arguments_for(tool, dice, question.prompt)});
    }
    answer.finish = Finish::Tools;
}

std::string say(const Question& question, Dice& dice) {
    const Knobs& knobs = question.knobs;
    if (knobs.text) return *knobs.text;
    if (knobs.echo) return question.prompt;
    if (knobs.size) return compose_bytes(dice, question.prompt, static_cast<std::size_t>(*knobs.size));
    if (knobs.tokens)
        return compose_bytes(dice, question.prompt, static_cast<std::size_t>(*knobs.tokens * 4));
    if (question.json_schema) return sample_of_schema(dice, *question.json_schema, question.prompt);
    std::string text = compose_answer(dice, question.prompt);
    if (!question.wants_json) return text;
    std::string object;
    JsonWriter out(object);
    out.begin_object();
    out.member("answer", std::string_view(text));
    out.end_object();
    return object;
}

void count_cache(const Question& question, Dice& dice, Answer& answer) {
    const Knobs& knobs = question.knobs;
    std::int64_t left = answer.input_tokens;
    const auto take = [&](std::int64_t wanted) {
        const std::int64_t taken = std::min(wanted, left);
        left -= taken;
        return taken;
    };
    if (knobs.cached || knobs.cache_write || knobs.cache_write_1h) {
        answer.cached_tokens = take(knobs.cached.value_or(0));
        answer.cache_write_5m = take(knobs.cache_write.value_or(0));
        answer.cache_write_1h = take(knobs.cache_write_1h.value_or(0));
    } else if (question.caches && answer.input_tokens >= kCacheableFrom && dice.below(4) > 0) {
        answer.cached_tokens = take(answer.input_tokens * 4 / 5 / kCacheStep * kCacheStep);
    }
}

}  // namespace

std::int64_t input_tokens_of(const Question& question) {
    constexpr std::int64_t kFrame = 3;
    constexpr std::int64_t kTool = 8;
    return kFrame + count_tokens(question.context) + kTool * static_cast<std::int64_t>(question.tools.size());
}

Answer answer_question(const Question& question, Dice& dice) {
    const Knobs& knobs = question.knobs;
    Answer answer;
    answer.input_tokens = input_tokens_of(question);
    count_cache(question, dice, answer);

    if (question.wants_reasoning || knobs.reasoning.value_or(0) > 0) {
        answer.thought = compose_thought(dice, question.prompt);
        answer.reasoning_tokens = knobs.reasoning.value_or(64 * dice.between(1, 6));
    }
    const bool calls_tools = !question.tools.empty() && question.may_call_tools && knobs.tools != "none" &&
                             !question.answers_tool_result && !knobs.text && !knobs.echo && !knobs.size;
    std::int64_t said = 0;
    if (calls_tools) {
        call_tools(question, dice, answer);
        for (const ToolUse& tool : answer.tools)
            said += 6 + count_tokens(tool.name) + count_tokens(tool.arguments);
    } else {
        answer.text = say(question, dice);
        said = knobs.tokens.value_or(std::max<std::int64_t>(1, count_tokens(answer.text)));
        const std::int64_t allowed = std::max<std::int64_t>(1, question.max_tokens.value_or(said));
        if (said > allowed) {
            answer.text.resize(utf8_prefix(answer.text, static_cast<std::size_t>(allowed * 4)).size());
            said = allowed;
            answer.finish = Finish::Length;
        }
        if (knobs.finish == "length") answer.finish = Finish::Length;
        if (knobs.finish == "content_filter") answer.finish = Finish::Filter;
        answer.pieces =
            cut_into_pieces(dice, answer.text, static_cast<std::size_t>(knobs.chunks.value_or(0)));
    }
    answer.output_tokens = said + answer.reasoning_tokens;
    return answer;
}

}  // namespace steno::simulator
