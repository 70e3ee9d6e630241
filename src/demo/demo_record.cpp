#include "demo/demo_record.hpp"

#include "base/json_writer.hpp"
#include "demo/agent_tree.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace steno::demo {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kLongestPrompt = 220'000;
constexpr std::size_t kLongestHistory = 60'000;

}  // namespace

/// Each turn sends all that was said before.
struct DemoRecord::Conversation {
    Setting setting;
    std::vector<Message> history;
    std::int64_t turns_left = 1;
    std::int64_t prompt_tokens = 0;  ///< of the turn before, which the provider may have cached
    std::int64_t last_end = 0;
};

DemoRecord::DemoRecord(const DemoOptions& options)
    : options_(options),
      draws_(options.seed),
      text_(draws_),
      rhythm_(options.end.unix_nanos, options.days, options.seed),
      caller_(draws_, text_, rhythm_, options.keep_raw),
      users_(std::clamp<std::uint64_t>(options.calls / 40, 20, 200'000)),
      next_story_(rhythm_.moment(0)) {}

DemoRecord::~DemoRecord() = default;

bool DemoRecord::later(const Due& a, const Due& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
}

void DemoRecord::push(std::int64_t at, std::unique_ptr<Event> event,
                      std::unique_ptr<Conversation> conversation) {
    due_.push_back({at, pushed_++, std::move(event), std::move(conversation)});
    std::push_heap(due_.begin(), due_.end(), later);
}

DemoRecord::Due DemoRecord::pop() {
    std::pop_heap(due_.begin(), due_.end(), later);
    Due due = std::move(due_.back());
    due_.pop_back();
    return due;
}

std::optional<Event> DemoRecord::next() {
    for (;;) {
        while (made_ < options_.calls && (due_.empty() || next_story_ <= due_.front().at)) {
            start_story(next_story_);
            next_story_ = rhythm_.moment((static_cast<double>(made_) + draws_.unit()) /
                                         static_cast<double>(options_.calls));
        }
        if (due_.empty()) return std::nullopt;
        Due due = pop();
        if (due.event) return std::move(*due.event);
        take_turn(std::move(due.conversation), due.at);
    }
}

User DemoRecord::draw_user() {
    return user_of(draws_.rank(users_));
}

void DemoRecord::start_story(std::int64_t now) {
    const Application& application = draw_application(draws_);
    Setting setting = caller_.setting(application, draw_user());
    if (application.work == Work::AgentTree) {
        agent_tree(std::move(setting), now);
        return;
    }
    if (application.calls_a_story <= 1) {
        ++made_;
        single(setting, now);
        return;
    }
    auto conversation = std::make_unique<Conversation>();
    conversation->setting = std::move(setting);
    const double turns = 1 - std::log(1 - draws_.unit()) * (application.calls_a_story - .5);
    conversation->turns_left = std::min<std::int64_t>(
        {static_cast<std::int64_t>(turns), 60, static_cast<std::int64_t>(options_.calls - made_)});
    made_ += static_cast<std::uint64_t>(conversation->turns_left);
    take_turn(std::move(conversation), now);
}

void DemoRecord::deliver(std::unique_ptr<Call> call, bool began) {
    auto event = std::make_unique<Event>();
    event->at = call->ended_at->unix_nanos;
    event->began = began;
    const std::int64_t at = event->at;
    if (call->kind == Kind::Chat && call->status == Status::Success) judge(*call);
    event->call = std::move(call);
    push(at, std::move(event), nullptr);
}

DemoRecord::Exchange DemoRecord::exchange(const Setting& setting, std::int64_t now,
                                          const std::function<void(Call&)>& ask, const Reply& reply) {
    for (std::int64_t tried = 0;; ++tried) {
        auto call = caller_.begin(setting, now, kind_of(setting.application->work));
        ask(*call);
        if (tried > 0) call->client_retry = tried;
        caller_.finish(*call, setting, reply, rhythm_.within(now, 3600, 0));
        Exchange result{call->ended_at->unix_nanos, call->status != Status::Failure, call->id,
                        call->usage.input_tokens};
        const bool again = !result.succeeded && tried < 2 && call->error.retryable.value_or(false) &&
                           made_ < options_.calls && draws_.chance(.6);
        const double wait = static_cast<double>(call->error.retry_after_ms.value_or(900)) / 1000;
        deliver(std::move(call));
        if (!again) return result;
        ++made_;
        now = result.ended + rhythm_.within(result.ended, wait, 3);
    }
}

void DemoRecord::take_turn(std::unique_ptr<Conversation> conversation, std::int64_t now) {
    Conversation& c = *conversation;
    const Setting& setting = c.setting;
    const Application& application = *setting.application;
    const auto bytes = static_cast<std::size_t>(
        std::min(draws_.lognormal(application.prompt_bytes, application.sigma), 60'000.0));
    std::string question;
    text_.question(question, setting.language, setting.topic);
    if (application.work == Work::CodeReview) {
        question += "\n\n```python\n";
        text_.code(question, bytes, setting.topic);
        question += "```";
    } else if (bytes > question.size()) {
        question += ' ';
        text_.prose(question, bytes - question.size(), setting.language, setting.topic);
    }
    c.history.push_back(message_of("user", std::move(question)));
    // As clients do: the oldest turns go first when the history becomes too long.
    while (c.history.size() > 2 && text_bytes(c.history) > kLongestHistory)
        c.history.erase(c.history.begin(), c.history.begin() + 2);

    Reply reply = caller_.reply(setting);
    const bool warm = c.last_end > 0 && now - c.last_end < 300 * kSecond;
    if (warm && c.prompt_tokens >= 1024) reply.cached_tokens = c.prompt_tokens;
    const Exchange done = exchange(
        setting, now,
        [&](Call& call) {
            caller_.add_system(call, setting, now);
            call.request.messages.insert(call.request.messages.end(), c.history.begin(), c.history.end());
        },
        reply);
    if (done.succeeded)
        c.history.push_back(message_of(role_of_model(*setting.model), std::move(reply.text)));
    else
        c.history.pop_back();
    c.prompt_tokens = done.input_tokens.value_or(0);
    c.last_end = done.ended;
    if (--c.turns_left <= 0) return;
    const std::int64_t pause = rhythm_.within(done.ended, draws_.lognormal(45, 1.1), c.turns_left);
    push(done.ended + pause, nullptr, std::move(conversation));
}

void DemoRecord::give_variables(Call& call, const Setting& setting, std::string_view text) {
    JsonWriter json(call.prompt.variables.text);
    json.begin_object();
    std::string value;
    text_.person(value);
    json.member("customer", std::string_view(value));
    value.clear();
    text_.phrase(value, setting.topic);
    json.member("subject", std::string_view(value));
    const bool missing = draws_.below(60) == 0;
    if (!missing) json.member("input", text.substr(0, std::min<std::size_t>(text.find('\n'), 200)));
    json.end_object();
    call.prompt.all_variables_present = !missing;
    if (missing) call.prompt.missing_variables = {"input"};
}

void DemoRecord::fill_single(Call& call, const Setting& setting) {
    const Application& application = *setting.application;
    const auto bytes =
        static_cast<std::size_t>(std::clamp(draws_.lognormal(application.prompt_bytes, application.sigma),
                                            40.0, static_cast<double>(kLongestPrompt)));
    std::string text;
    const auto ask = [&](std::string_view task) {
        caller_.add_system(call, setting, call.started_at->unix_nanos);
        call.request.messages.push_back(message_of("user", std::string(task) + text));
    };
    switch (application.work) {
        case Work::Classification:
            text_.question(text, setting.language, setting.topic);
            text += ' ';
            text_.prose(text, bytes, setting.language, setting.topic);
            give_variables(call, setting, text);
            ask("Classify this ticket as billing, delivery, product, account or other, with a priority from "
                "1 to 4:\n\n");
            return;
        case Work::Extraction:
            text_.mail(text, bytes, setting.topic);
            give_variables(call, setting, text);
            ask("Extract sender, order, amount and wish from this mail as JSON:\n\n");
            return;
        case Work::Document:
            text_.prose(text, bytes, setting.language, setting.topic);
            give_variables(call, setting, text);
            ask("Summarise the following document for a reader in a hurry:\n\n");
            return;
        case Work::Retrieval: {
            const std::size_t passages = 3 + draws_.below(5);
            for (std::size_t i = 0; i < passages; ++i) {
                text += "\n[";
                text += std::to_string(i + 1);
                text += "] ";
                if (draws_.bits16() % 5 == 0)
                    text_.records(text, bytes / passages, setting.topic);
                else
                    text_.prose(text, bytes / passages, setting.language, setting.topic);
                text += '\n';
            }
            text += "\nQuestion: ";
            text_.question(text, setting.language, setting.topic);
            ask("Passages:\n");
            return;
        }
        case Work::Copy:
            text_.prose(text, bytes, setting.language, setting.topic);
            give_variables(call, setting, text);
            ask("Write the text of a campaign page. What you should know:\n");
            return;
        case Work::Translation:
            text_.prose(text, bytes, Language::English, setting.topic);
            give_variables(call, setting, text);
            ask(setting.language == Language::English ? "Translate into German:\n\n"
                                                      : "Translate into the reader's language:\n\n");
            return;
        case Work::Logs:
            text_.log(text, bytes, setting.topic);
            ask("What went wrong here?\n\n```\n");
            return;
        case Work::Embedding:
        case Work::Moderation:
            text_.prose(text, bytes, setting.language, setting.topic);
            call.request.input.text = json_string(text);
            return;
        case Work::Rerank: {
            JsonWriter json(call.request.input.text);
            json.begin_object();
            text_.question(text, setting.language, setting.topic);
            json.member("query", std::string_view(text));
            json.key("documents");
            json.begin_array();
            for (std::size_t i = 0; i < 10; ++i) {
                text.clear();
                text_.prose(text, bytes / 10, setting.language, setting.topic);
                json.string(text);
            }
            json.end_array();
            json.end_object();
            return;
        }
        case Work::Conversation:
        case Work::CodeReview:
        case Work::AgentTree:
            return;  // made by take_turn and agent_tree
    }
}

void DemoRecord::single(const Setting& setting, std::int64_t now) {
    Reply reply;
    const Work work = setting.application->work;
    if (work == Work::Classification) {
        constexpr std::array<std::string_view, 5> kCategories{"billing", "delivery", "product", "account",
                                                              "other"};
        JsonWriter json(reply.structured.text);
        json.begin_object();
        json.member("category", draws_.pick(kCategories));
        json.member("priority", std::int64_t{1} + draws_.skewed(4));
        json.member("confidence", static_cast<double>(60 + draws_.below(40)) / 100);
        json.end_object();
        reply.text = reply.structured.text;
    } else if (work == Work::Extraction) {
        JsonWriter json(reply.structured.text);
        std::string value;
        const auto member = [&](std::string_view name, auto&& make) {
            value.clear();
            make();
            json.member(name, std::string_view(value));
        };
        json.begin_object();
        member("sender", [&] { text_.person(value); });
        member("order", [&] { text_.reference(value); });
        member("wish", [&] { text_.prose(value, 60, Language::English, setting.topic); });
        json.member("urgent", draws_.bits16() % 5 == 0);
        json.end_object();
        reply.text = reply.structured.text;
    } else if (work == Work::Embedding) {
        reply.output.text = R"({"count":1,"dimensions":1536})";
    } else if (work == Work::Moderation) {
        reply.output.text = draws_.below(40) == 0 ? R"({"flagged":true,"categories":["harassment"]})"
                                                  : R"({"flagged":false})";
    } else if (work == Work::Rerank) {
        JsonWriter json(reply.output.text);
        json.begin_array();
        for (std::int64_t i = 0; i < 5; ++i) {
            json.begin_object();
            json.member("index", (i * 3 + 1) % 10);
            json.member("relevance_score",
                        static_cast<double>(9500 - i * 1700 + draws_.below(900)) / 10000.0);
            json.end_object();
        }
        json.end_array();
    } else {
        reply = caller_.reply(setting);
    }
    // What the call asks must be drawn once: a second try sends the same.
    Call content;
    content.started_at = Timestamp{now, 0};
    fill_single(content, setting);
    exchange(
        setting, now,
        [&](Call& call) {
            call.request = content.request;
            call.prompt.variables = content.prompt.variables;
            call.prompt.missing_variables = content.prompt.missing_variables;
            call.prompt.all_variables_present = content.prompt.all_variables_present;
        },
        reply);
}

void DemoRecord::judge(const Call& call) {
    // Of the calls that can be judged; with it 5 % of all calls are.
    if (!draws_.chance(.062)) return;
    const std::int64_t ended = call.ended_at->unix_nanos;
    const auto say = [&](double seconds) -> Said& {
        auto event = std::make_unique<Event>();
        event->kind = Event::Kind::Said;
        event->at = ended + rhythm_.within(ended, seconds, 0);
        event->said.call = call.id;
        event->said.project = call.project;
        const std::int64_t at = event->at;
        Said& said = event->said;
        push(at, std::move(event), nullptr);
        return said;
    };
    const std::uint32_t of_100 = draws_.below(100);
    const double later = draws_.lognormal(90, 1.4);
    const Timestamp at{ended + rhythm_.within(ended, later, 0), 0};
    if (of_100 < 55) {
        Said& said = say(later);
        Feedback& feedback = said.feedback.emplace();
        const std::uint32_t verdict = draws_.below(100);
        feedback.verdict = verdict < 64   ? "accepted"
                           : verdict < 82 ? "modified"
                           : verdict < 96 ? "rejected"
                                          : "none";
        if (verdict >= 64 && verdict < 82) feedback.edit_distance = draws_.between(3, 400);
        if (verdict >= 82 || draws_.below(5) == 0)
            text_.question(feedback.comment, Language::English, of_100);
        feedback.by = call.who.user_id;
        feedback.at = at;
        return;
    }
    Said& said = say(of_100 < 80 ? later : later + 3600);
    Score& score = said.score.emplace();
    score.at = at;
    if (of_100 < 80) {
        said.score_name = "thumbs";
        const bool up = draws_.below(100) < 78;
        score.value = up ? 1 : 0;
        score.label = up ? "up" : "down";
        score.source = "human";
        score.by = call.who.user_id;
    } else {
        said.score_name = of_100 < 88 ? "quality" : of_100 < 95 ? "faithfulness" : "helpfulness";
        const auto of_hundred = static_cast<double>(100 - draws_.skewed(70));
        const bool in_percent = said.score_name == "quality";
        score.value = in_percent ? of_hundred : of_hundred / 100;
        score.min = 0;
        score.max = in_percent ? 100 : 1;
        score.source = "judge";
        score.by = "gpt-4.1-mini";
        text_.prose(score.explanation, 60, Language::English, of_100);
    }
}

void DemoRecord::agent_tree(Setting setting, std::int64_t now) {
    std::vector<std::unique_ptr<Call>> calls = AgentTree(caller_, text_, draws_, rhythm_, setting).tell(now);
    if (calls.size() > options_.calls - made_) {
        // The record ends before a whole tree would: a question takes its place.
        ++made_;
        auto conversation = std::make_unique<Conversation>();
        conversation->setting = caller_.setting(applications().front(), setting.user);
        take_turn(std::move(conversation), now);
        return;
    }
    made_ += calls.size();
    std::unique_ptr<Call> root = std::move(calls.front());
    auto began = std::make_unique<Event>();
    began->kind = Event::Kind::Began;
    began->at = now;
    began->call = std::make_unique<Call>(beginning_of(*root));
    push(now, std::move(began), nullptr);
    for (std::size_t i = 1; i < calls.size(); ++i) deliver(std::move(calls[i]));
    deliver(std::move(root), true);
}

}  // namespace steno::demo
