#include "demo/applications.hpp"

#include <fmt/format.h>

#include <array>

namespace steno::demo {

namespace {

// project, agent, prompt type, prompt name, feature, tags, work, share, calls a story, new prompt bytes,
// sigma, answer bytes, streams, versions
constexpr std::array<Application, 16> kApplications{{
    {"support-desk", "assistant", "answer_question", "support_assistant", "chat", "support,customer",
     Work::Conversation, .21, 4, 120, .9, 260, .9, true},
    {"web-shop", "advisor", "advise", "product_advisor", "advisor", "shop,customer", Work::Conversation, .08,
     3.5, 100, .9, 280, .9, true},
    {"internal-tools", "helpdesk", "answer_question", "it_helpdesk", "helpdesk", "internal",
     Work::Conversation, .05, 3.5, 160, 1, 360, .8, false},
    {"code-assistant", "pair", "code", "pair_programmer", "edit", "developer", Work::CodeReview, .05, 4, 600,
     1.3, 700, .95, false},
    {"support-desk", "triage", "classify", "ticket_triage", "triage", "support,batch", Work::Classification,
     .1, 1, 330, .8, 90, 0, true},
    {"support-desk", "intake", "extract", "mail_intake", "intake", "support,batch,pii", Work::Extraction, .05,
     1, 650, .9, 260, 0, true},
    {"legal-review", "reader", "summarise", "clause_summary", "summaries", "legal", Work::Document, .045, 1,
     3800, 1.35, 1200, .3, true},
    {"legal-review", "analyst", "answer_question", "contract_question", "questions", "legal,customer",
     Work::Retrieval, .035, 1, 3200, 1, 800, .6, false},
    {"search", "answers", "answer_question", "grounded_answer", "answers", "search,customer", Work::Retrieval,
     .13, 1, 1500, .9, 600, .85, true},
    {"search", "indexer", "index", "", "index", "search,batch", Work::Embedding, .07, 1, 900, .9, 0, 0,
     false},
    {"search", "ranker", "rank", "", "ranking", "search", Work::Rerank, .01, 1, 1800, .6, 0, 0, false},
    {"marketing", "writer", "write", "campaign_copy", "copy", "marketing", Work::Copy, .055, 1, 400, .8, 1500,
     .7, true},
    {"marketing", "translator", "translate", "translate_page", "translation", "marketing,batch",
     Work::Translation, .03, 1, 1300, 1, 1400, .2, false},
    {"web-shop", "guard", "moderate", "", "moderation", "shop", Work::Moderation, .02, 1, 260, .8, 0, 0,
     false},
    {"operations", "logs", "explain", "explain_logs", "incidents", "operations", Work::Logs, .015, 1, 5000,
     1.5, 900, .4, false},
    {"internal-tools", "planner", "plan", "operations_agent", "agent", "agents,internal", Work::AgentTree,
     .05, 12, 160, .8, 350, .5, true},
}};

}  // namespace

std::span<const Application> applications() {
    return kApplications;
}

const Application& draw_application(Draws& draws) {
    double all = 0;
    for (const Application& one : kApplications) all += one.share / one.calls_a_story;
    double left = draws.unit() * all;
    for (const Application& one : kApplications)
        if ((left -= one.share / one.calls_a_story) < 0) return one;
    return kApplications.back();
}

Kind kind_of(Work work) {
    switch (work) {
        case Work::Embedding:
            return Kind::Embedding;
        case Work::Moderation:
            return Kind::Moderation;
        case Work::Rerank:
            return Kind::Rerank;
        default:
            return Kind::Chat;
    }
}

std::uint64_t scatter(std::uint64_t number) {
    std::uint64_t z = number + 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

User user_of(std::uint64_t number) {
    User user;
    user.hash = scatter(number);
    user.id = fmt::format("u-{:08x}", user.hash >> 32);
    // A few tenants have most of the users.
    const std::uint64_t tenant = (user.hash & 0xff) * (user.hash & 0xff) * 60 >> 16;
    user.tenant = fmt::format("tenant-{:02}", tenant + 1);
    const std::uint64_t of_100 = (user.hash >> 8 & 0xffff) % 100;
    constexpr std::array<std::pair<std::uint64_t, Language>, kLanguages> kUpTo{{{70, Language::English},
                                                                                {80, Language::German},
                                                                                {85, Language::Spanish},
                                                                                {89, Language::French},
                                                                                {91, Language::Portuguese},
                                                                                {93, Language::Russian},
                                                                                {95, Language::Japanese},
                                                                                {97, Language::Chinese},
                                                                                {99, Language::Arabic},
                                                                                {100, Language::Hindi}}};
    for (const auto& [up_to, language] : kUpTo) {
        if (of_100 >= up_to) continue;
        user.language = language;
        break;
    }
    constexpr std::array<std::string_view, 8> kPlans{"free", "free", "free", "free",
                                                     "pro",  "pro",  "pro",  "enterprise"};
    constexpr std::array<std::string_view, 4> kRegions{"eu-central-1", "eu-west-1", "us-east-1",
                                                       "ap-northeast-1"};
    user.plan = kPlans[user.hash >> 24 & 7];
    user.region = kRegions[user.hash >> 27 & 3];
    return user;
}

}  // namespace steno::demo
