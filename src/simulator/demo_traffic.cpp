#include "simulator/demo_traffic.hpp"

#include "base/json_writer.hpp"
#include "simulator/language.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace steno::simulator {

namespace {

constexpr std::array<std::string_view, 6> kUsers{"ada", "sam", "li", "noor", "jonas", "maria"};
constexpr std::array<std::string_view, 10> kSupportQuestions{
    "My parcel A-10293 has not arrived yet. Where is it?",
    "Can I still change the delivery address of my order?",
    "How do I return a pair of shoes that do not fit?",
    "The discount code from your newsletter does not work.",
    "Do you ship to Portugal, and how long does it take?",
    "I was charged twice for the same subscription.",
    "Please list the steps to reset my password.",
    "Which of your bikes is good for a commute with hills?",
    "The invoice shows the wrong company name.",
    "Thanks, that helps. And what about the warranty?"};
constexpr std::array<std::string_view, 6> kGoals{
    "Plan a two-day workshop for twelve people in Graz.",
    "Find out why the nightly import takes twice as long since Monday.",
    "Prepare the agenda for the budget meeting on Thursday.",
    "Book a table for six people close to the office.",
    "Compare three suppliers of packaging material.",
    "Summarise the customer feedback of this week for the product team."};
constexpr std::array<std::string_view, 6> kDocuments{
    "Quarterly report: revenue grew by 8 percent, support cases fell by 12 percent, two warehouses were "
    "merged.",
    "Incident review: the queue filled up because a consumer stopped acknowledging after the certificate "
    "expired.",
    "Release notes: faster search, dark mode, exports as CSV, and a fix for time zones with half-hour "
    "offsets.",
    "Interview: the customer likes the dashboards, misses alerts, and would pay for an on-premises edition.",
    "Recipe: bring the lentils to a boil, add cumin and tomatoes, simmer for twenty minutes, finish with "
    "lemon.",
    "Minutes: the team agreed to freeze features on Friday and to test the migration over the weekend."};

enum class Vendor : std::uint8_t { OpenAi, Anthropic, Gemini };

constexpr std::array<std::string_view, 4> kOpenAiModels{"gpt-4o-mini", "gpt-4o", "gpt-4.1-mini",
                                                        "gpt-5-mini"};
constexpr std::array<std::string_view, 3> kClaudeModels{"claude-sonnet-4-5", "claude-haiku-4-5",
                                                        "claude-opus-4-8"};
constexpr std::array<std::string_view, 3> kGeminiModels{"gemini-2.5-flash", "gemini-2.5-pro",
                                                        "gemini-3-flash-preview"};

constexpr std::string_view kToolProperties =
    R"({"type":"object","properties":{"city":{"type":"string"},"date":{"type":"string"},"people":{"type":"integer","minimum":1,"maximum":40}},"required":["city"]})";
constexpr std::array<std::string_view, 3> kTools{"find_venue", "check_calendar", "get_weather"};

struct Turn {
    bool from_user = true;
    std::string text;
};

struct Ask {
    Vendor vendor = Vendor::OpenAi;
    std::string model;
    std::string system;
    std::vector<Turn> turns;
    bool stream = false;
    bool tools = false;
    bool wants_person = false;  ///< as JSON of a schema
};

void openai_body(JsonWriter& json, const Ask& ask) {
    json.member("model", std::string_view(ask.model));
    json.key("messages");
    json.begin_array();
    const auto message = [&](std::string_view role, std::string_view text) {
        json.begin_object();
        json.member("role", role);
        json.member("content", text);
        json.end_object();
    };
    if (!ask.system.empty()) message("system", ask.system);
    for (const Turn& turn : ask.turns) message(turn.from_user ? "user" : "assistant", turn.text);
    json.end_array();
    if (!ask.model.starts_with("gpt-5")) json.member("temperature", 0.2);
    json.member("max_completion_tokens", 800);
    if (ask.stream) {
        json.member("stream", true);
        json.member_raw("stream_options", R"({"include_usage":true})");
    }
    if (ask.tools) {
        json.key("tools");
        json.begin_array();
        for (const std::string_view tool : kTools)
            json.raw(fmt::format(R"({{"type":"function","function":{{"name":"{}","parameters":{}}}}})", tool,
                                 kToolProperties));
        json.end_array();
    }
    if (ask.wants_person)
        json.member_raw(
            "response_format",
            R"({"type":"json_schema","json_schema":{"name":"person","schema":{"type":"object","properties":)"
            R"({"name":{"type":"string"},"email":{"type":"string"},"urgent":{"type":"boolean"}}}}})");
}

void anthropic_body(JsonWriter& json, const Ask& ask) {
    json.member("model", std::string_view(ask.model));
    json.member("max_tokens", 800);
    if (!ask.system.empty()) json.member("system", std::string_view(ask.system));
    json.key("messages");
    json.begin_array();
    for (const Turn& turn : ask.turns) {
        json.begin_object();
        json.member("role", turn.from_user ? "user" : "assistant");
        json.member("content", std::string_view(turn.text));
        json.end_object();
    }
    json.end_array();
    if (ask.stream) json.member("stream", true);
    if (ask.tools) {
        json.key("tools");
        json.begin_array();
        for (const std::string_view tool : kTools)
            json.raw(fmt::format(R"({{"name":"{}","input_schema":{}}})", tool, kToolProperties));
        json.end_array();
    }
}

void gemini_body(JsonWriter& json, const Ask& ask) {
    json.key("contents");
    json.begin_array();
    for (const Turn& turn : ask.turns) {
        json.begin_object();
        json.member("role", turn.from_user ? "user" : "model");
        json.key("parts");
        json.begin_array();
        json.begin_object();
        json.member("text", std::string_view(turn.text));
        json.end_object();
        json.end_array();
        json.end_object();
    }
    json.end_array();
    if (!ask.system.empty()) {
        json.key("systemInstruction");
        json.begin_object();
        json.key("parts");
        json.begin_array();
        json.begin_object();
        json.member("text", std::string_view(ask.system));
        json.end_object();
        json.end_array();
        json.end_object();
    }
    json.member_raw("generationConfig", R"({"temperature":0.4,"maxOutputTokens":800})");
    if (ask.tools)
        json.member_raw("tools",
                        fmt::format(R"([{{"functionDeclarations":[{{"name":"{}","parameters":{}}}]}}])",
                                    kTools[0], kToolProperties));
}

DemoRequest request_of(const Ask& ask) {
    DemoRequest request;
    JsonWriter json(request.body);
    json.begin_object();
    switch (ask.vendor) {
        case Vendor::OpenAi:
            request.provider = "openai";
            request.target = "/v1/chat/completions";
            openai_body(json, ask);
            break;
        case Vendor::Anthropic:
            request.provider = "anthropic";
            request.target = "/v1/messages";
            request.headers.add("anthropic-version", "2023-06-01");
            anthropic_body(json, ask);
            break;
        case Vendor::Gemini:
            request.provider = "gemini";
            request.target = fmt::format("/v1beta/models/{}:{}", ask.model,
                                         ask.stream ? "streamGenerateContent?alt=sse" : "generateContent");
            gemini_body(json, ask);
            break;
    }
    json.end_object();
    request.headers.add("content-type", "application/json");
    return request;
}

class Teller {
  public:
    explicit Teller(Dice& dice) : dice_(dice) {}

    /// A customer and the support assistant: each call carries the whole conversation so far.
    DemoStory support_chat() {
        DemoStory story;
        Ask ask = any_vendor();
        ask.system = "You are the friendly support assistant of a web shop. Be brief.";
        const std::string session = "s-" + dice_.hex(8);
        const std::string user(dice_.pick(kUsers));
        const auto turns = dice_.between(1, 4);
        for (std::int64_t i = 0; i < turns; ++i) {
            const std::string question(dice_.pick(kSupportQuestions));
            ask.turns.push_back({true, question});
            ask.stream = dice_.below(3) > 0;
            DemoRequest request = request_of(ask);
            place(request, user, "support", "answer_question", "support,demo");
            request.headers.add("x-steno-session", session);
            request.headers.add("x-steno-prompt-name", "support_assistant");
            request.headers.add("x-steno-prompt-version", "3");
            request.headers.add("x-steno-attributes", R"({"audience":"customer","tone":"friendly"})");
            story.push_back(std::move(request));
            ask.turns.push_back({false, compose_answer(dice_, question)});
        }
        return story;
    }

    /// One request of a user: a planner, what it looks up, a helper of another provider, and the answer.
    DemoStory agent_tree() {
        DemoStory story;
        const std::string user(dice_.pick(kUsers));
        const std::string goal(dice_.pick(kGoals));
        const std::string request_id = "r-" + dice_.hex(8);
        const std::string session = "s-" + dice_.hex(8);
        const auto add = [&](DemoRequest request, std::string_view agent, std::string_view type,
                             std::int64_t step) {
            place(request, user, agent, type, "agents,demo");
            request.headers.add("x-steno-session", session);
            request.headers.add("x-steno-request", request_id);
            if (step > 0) request.parent = 0;
            story.push_back(std::move(request));
        };
        Ask plan = openai_or_claude();
        plan.system = "You plan. Use the tools where they help.";
        plan.turns = {{true, goal}};
        plan.tools = true;
        add(request_of(plan), "planner", "plan", 0);
        add(embedding(goal), "researcher", "retrieve", 1);
        Ask read = any_vendor();
        read.turns = {{true, fmt::format("Summarise what matters for this goal: {}\n\n{}", goal,
                                         dice_.pick(kDocuments))}};
        read.stream = dice_.below(2) == 0;
        add(request_of(read), "researcher", "summarise", 2);
        Ask write = any_vendor();
        write.system = "You write the final answer for the user.";
        write.turns = {
            {true, fmt::format("{} Here is what we found: {}", goal, compose_answer(dice_, goal))}};
        write.stream = true;
        add(request_of(write), "writer", "final_answer", 3);
        return story;
    }

    DemoStory extraction() {
        Ask ask;
        ask.model = dice_.pick(kOpenAiModels);
        ask.wants_person = true;
        ask.turns = {
            {true, fmt::format("Extract the sender from this message: {}", dice_.pick(kSupportQuestions))}};
        DemoRequest request = request_of(ask);
        place(request, dice_.pick(kUsers), "intake", "extract", "batch,demo");
        request.headers.add("x-steno-environment", "staging");
        return {std::move(request)};
    }

    DemoStory retrieval() {
        DemoRequest request = embedding(dice_.pick(kDocuments));
        place(request, dice_.pick(kUsers), "indexer", "index", "batch,demo");
        return {std::move(request)};
    }

    DemoStory failure() {
        Ask ask = any_vendor();
        ask.turns = {{true, std::string(dice_.pick(kSupportQuestions))}};
        ask.stream = dice_.below(2) == 0;
        DemoRequest request = request_of(ask);
        place(request, dice_.pick(kUsers), "support", "answer_question", "support,demo");
        constexpr std::array<std::string_view, 4> kErrors{"rate_limit", "overloaded", "context_length",
                                                          "server"};
        if (ask.stream && dice_.below(2) == 0) {
            request.headers.add("x-sim-stream-error-after", "6");
        } else {
            request.headers.add("x-sim-error", std::string(dice_.pick(kErrors)));
        }
        return {std::move(request)};
    }

  private:
    Ask any_vendor() {
        Ask ask;
        switch (dice_.below(3)) {
            case 0:
                ask.vendor = Vendor::OpenAi, ask.model = dice_.pick(kOpenAiModels);
                break;
            case 1:
                ask.vendor = Vendor::Anthropic, ask.model = dice_.pick(kClaudeModels);
                break;
            default:
                ask.vendor = Vendor::Gemini, ask.model = dice_.pick(kGeminiModels);
                break;
        }
        return ask;
    }

    Ask openai_or_claude() {
        Ask ask = any_vendor();
        if (ask.vendor == Vendor::Gemini) ask.vendor = Vendor::OpenAi, ask.model = kOpenAiModels[0];
        return ask;
    }

    DemoRequest embedding(std::string_view text) {
        DemoRequest request;
        request.headers.add("content-type", "application/json");
        JsonWriter json(request.body);
        json.begin_object();
        if (dice_.below(3) == 0) {
            request.provider = "gemini";
            request.target = "/v1beta/models/gemini-embedding-001:embedContent";
            json.key("content");
            json.begin_object();
            json.key("parts");
            json.begin_array();
            json.begin_object();
            json.member("text", text);
            json.end_object();
            json.end_array();
            json.end_object();
            json.member("outputDimensionality", 768);
        } else {
            request.provider = "openai";
            request.target = "/v1/embeddings";
            json.member("model", "text-embedding-3-small");
            json.member("input", text);
            json.member("encoding_format", "base64");
        }
        json.end_object();
        return request;
    }

    void place(DemoRequest& request, std::string_view user, std::string_view agent, std::string_view type,
               std::string_view tags) {
        request.headers.add("x-steno-project", "demo");
        request.headers.add("x-steno-user", std::string(user));
        request.headers.add("x-steno-agent", std::string(agent));
        request.headers.add("x-steno-prompt-type", std::string(type));
        request.headers.add("x-steno-tags", std::string(tags));
    }

    Dice& dice_;
};

}  // namespace

DemoStory DemoTraffic::next() {
    Teller teller(dice_);
    // The first minute should show something of everything; after that, what a day brings.
    const std::uint64_t kind = told_ < 5 ? told_ * 2 : dice_.below(10);
    ++told_;
    switch (kind) {
        case 0:
        case 1:
        case 3:
        case 5:
            return teller.support_chat();
        case 2:
        case 7:
            return teller.agent_tree();
        case 4:
            return teller.extraction();
        case 6:
        case 9:
            return teller.retrieval();
        default:
            return teller.failure();
    }
}

}  // namespace steno::simulator
