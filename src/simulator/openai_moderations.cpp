#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>

#include <array>

// /v1/moderations. What is flagged has a telling word in it.

namespace steno::simulator {

namespace json = boost::json;

namespace {

struct Category {
    std::string_view name;
    std::string_view word;
};

constexpr std::array kCategories{
    Category{"harassment", "stupid"}, Category{"harassment/threatening", "threaten"},
    Category{"hate", "hate"},         Category{"hate/threatening", ""},
    Category{"illicit", "steal"},     Category{"illicit/violent", ""},
    Category{"self-harm", ""},        Category{"self-harm/instructions", ""},
    Category{"self-harm/intent", ""}, Category{"sexual", ""},
    Category{"sexual/minors", ""},    Category{"violence", "kill"},
    Category{"violence/graphic", ""}};

void write_result(JsonWriter& json, std::string_view text) {
    const std::string lower = lower_case(text);
    const auto hit = [&](const Category& category) {
        return !category.word.empty() && lower.contains(category.word);
    };
    bool flagged = false;
    for (const Category& category : kCategories) flagged = flagged || hit(category);
    json.begin_object();
    json.member("flagged", flagged);
    json.key("categories");
    json.begin_object();
    for (const Category& category : kCategories) json.member(category.name, hit(category));
    json.end_object();
    json.key("category_scores");
    json.begin_object();
    for (const Category& category : kCategories) json.member(category.name, hit(category) ? 0.9 : 0.0001);
    json.end_object();
    json.key("category_applied_input_types");
    json.begin_object();
    for (const Category& category : kCategories) json.member_raw(category.name, R"(["text"])");
    json.end_object();
    json.end_object();
}

}  // namespace

Reply answer_moderation(const OpenAiCall& call, Dice& dice) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", "modr-" + dice.hex(32));
    json.member("model", std::string_view(call.served));
    json.key("results");
    json.begin_array();
    const json::value* input = find(call.body, "input");
    const json::array& list = elements(input);
    const bool parts = !list.empty() && list.front().is_object();  // one input of several parts
    if (parts || list.empty()) {
        std::string all = text_of_content(input);
        write_result(json, all.empty() ? call.prompt : all);
    } else {
        for (const json::value& one : list) write_result(json, text_of_content(&one));
    }
    json.end_array();
    json.end_object();
    Reply reply;
    reply.frames.push_back(std::move(out));
    return reply;
}

}  // namespace steno::simulator
