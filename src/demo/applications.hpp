#pragma once

#include "demo/draws.hpp"
#include "demo/vocabulary.hpp"
#include "record/kinds.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Who makes the calls: the programs of an imagined company, and the people who use them.
namespace steno::demo {

enum class Work : std::uint8_t {
    Conversation,    ///< grows: each call sends all that was said before
    CodeReview,      ///< a conversation about code
    Classification,  ///< a short text, a JSON answer
    Extraction,      ///< a mail with personal data, a JSON answer
    Document,        ///< long, to be summarised or asked about
    Retrieval,       ///< passages, then a question
    Copy,            ///< short instructions, a longer answer
    Translation,
    Logs,
    Embedding,
    Moderation,
    Rerank,
    AgentTree,  ///< an agent, its AI calls and the functions that they ask for
};

struct Application {
    std::string_view project;
    std::string_view agent;
    std::string_view prompt_type;
    std::string_view prompt_name;  ///< "": its prompts have no names
    std::string_view feature;
    std::string_view tags;  ///< separated by ','
    Work work = Work::Conversation;
    double share = 0;             ///< of all calls
    double calls_a_story = 1;     ///< on average
    double prompt_bytes = 1000;   ///< median of what is new in a prompt
    double sigma = 1;             ///< of its lognormal distribution
    double answer_bytes = 500;    ///< median
    double streams = 0;           ///< the part that is streamed
    bool keeps_versions = false;  ///< prompt versions change over time, one is an experiment
};

std::span<const Application> applications();
/// So that each gets its share of the calls.
const Application& draw_application(Draws& draws);

Kind kind_of(Work work);

/// A user's traits follow from their number alone.
struct User {
    std::string id;
    std::string tenant;
    Language language = Language::English;
    std::string_view plan;
    std::string_view region;
    std::uint64_t hash = 0;
};
User user_of(std::uint64_t number);

/// A number that looks like any other (splitmix64).
std::uint64_t scatter(std::uint64_t number);

}  // namespace steno::demo
