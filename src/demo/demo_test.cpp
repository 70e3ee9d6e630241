#include "demo/demo_record.hpp"
#include "demo/models.hpp"
#include "pricing/catalogue.hpp"
#include "providers/provider.hpp"
#include "record/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace steno::demo {
namespace {

constexpr std::int64_t kDay = 86'400'000'000'000;

DemoOptions options(std::uint64_t calls, std::uint64_t seed = 1, double days = 90) {
    DemoOptions made;
    made.calls = calls;
    made.seed = seed;
    made.days = days;
    made.end = *Timestamp::parse("2026-11-21T00:00:00Z");
    return made;
}

std::vector<Event> all_events(const DemoOptions& of) {
    DemoRecord demo(of);
    std::vector<Event> events;
    while (auto event = demo.next()) events.push_back(std::move(*event));
    return events;
}

std::string encoded(const Event& event) {
    if (event.kind == Event::Kind::Said) return encode(event.said);
    return encode(*event.call, Place::Header) + encode(*event.call, Place::RequestPayload) +
           encode(*event.call, Place::ResponsePayload);
}

std::size_t prompt_bytes(const Call& call) {
    std::size_t bytes = call.request.system.size() + call.request.input.text.size();
    for (const Message& message : call.request.messages)
        for (const Part& part : message.parts) bytes += part.text.size() + part.value.text.size();
    return bytes;
}

/// Whole prompts are no message that anybody reads.
std::string first_difference(const std::string& a, const std::string& b) {
    if (a == b) return {};
    const auto at =
        static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    const std::size_t from = at - std::min<std::size_t>(at, 60);
    return "…" + a.substr(from, 160) + "… instead of …" + b.substr(from, 160) + "…";
}

/// One record for the tests that only look at it.
const std::vector<Event>& sample() {
    static const std::vector<Event> kSample = all_events(options(20'000));
    return kSample;
}

template <class See>
void each_call(const See& see) {
    for (const Event& event : sample())
        if (event.kind == Event::Kind::Ended) see(*event.call);
}

TEST(DemoRecord, TheSameOptionsGiveTheSameBytes) {
    const auto once = all_events(options(1500, 3));
    const auto again = all_events(options(1500, 3));
    ASSERT_EQ(once.size(), again.size());
    for (std::size_t i = 0; i < once.size(); ++i) ASSERT_EQ(encoded(once[i]), encoded(again[i])) << i;
    EXPECT_NE(encoded(all_events(options(1500, 4)).front()), encoded(once.front()));
}

TEST(DemoRecord, HasExactlyTheCallsInOrderAndInTime) {
    for (const double days : {.02, 1.0, 90.0}) {
        for (const std::uint64_t calls : {1, 2, 17, 1000}) {
            const DemoOptions of = options(calls, calls, days);
            std::uint64_t ended = 0;
            std::int64_t before = 0;
            for (const Event& event : all_events(of)) {
                EXPECT_GE(event.at, before);
                before = event.at;
                EXPECT_LE(event.at, of.end.unix_nanos);
                EXPECT_GE(event.at, of.end.unix_nanos -
                                        static_cast<std::int64_t>(days * static_cast<double>(kDay)) - 1);
                if (event.kind != Event::Kind::Ended) continue;
                ++ended;
                EXPECT_EQ(event.at, event.call->ended_at->unix_nanos);
                EXPECT_EQ(event.call->ended_at->unix_nanos - event.call->started_at->unix_nanos,
                          event.call->time.duration->nanos);
                EXPECT_GE(event.call->time.duration->nanos, 0);
            }
            EXPECT_EQ(ended, calls);
        }
    }
}

TEST(DemoRecord, EveryCallReadsBack) {
    std::set<Uuid> ids;
    each_call([&](const Call& call) {
        EXPECT_TRUE(ids.insert(call.id).second);
        EXPECT_EQ(call.id.bytes[6] >> 4, 7);
        if (ids.size() > 4000) return;
        Call read;
        for (const Place place : {Place::Header, Place::RequestPayload, Place::ResponsePayload})
            ASSERT_TRUE(decode(encode(call, place), read));
        ASSERT_EQ(read, call);
        const auto json = call_from_json(to_json(call));
        ASSERT_TRUE(json) << json.error().message;
        ASSERT_EQ(to_json(*json), to_json(call));
    });
}

TEST(DemoRecord, SharesAndSizesAreAsPromised) {
    std::vector<std::size_t> prompts;
    std::vector<std::size_t> answers;
    std::map<std::string, int> by_model;
    std::set<std::string> attributes;
    std::set<std::string> projects;
    double all = 0, in_trees = 0, troubled = 0, streams = 0, cached = 0, reasoning = 0, missing = 0;
    std::map<std::int64_t, double> by_weekday;
    each_call([&](const Call& call) {
        ++all;
        in_trees += call.trace.request_id.empty() ? 0 : 1;
        troubled += call.status == Status::Failure || call.error.type ? 1 : 0;
        projects.insert(call.project);
        for (const auto& [key, value] : call.labels.attributes) attributes.insert(key);
        by_weekday[(call.started_at->unix_nanos / kDay + 3) % 7] += 1;
        if (!reaches_a_model(call.kind)) return;
        prompts.push_back(prompt_bytes(call));
        ++by_model[call.provider.name + "/" + call.model.requested];
        streams += call.time.time_to_first_token ? 1 : 0;
        cached += call.usage.cache_read_tokens.value_or(0) > 0 ? 1 : 0;
        reasoning += call.usage.reasoning_tokens.value_or(0) > 0 ? 1 : 0;
        missing += call.prompt.missing_variables.empty() ? 0 : 1;
        if (call.kind == Kind::Chat && call.status == Status::Success)
            answers.push_back(static_cast<std::size_t>(call.response.output_chars.value_or(0)));
    });
    std::sort(prompts.begin(), prompts.end());
    std::sort(answers.begin(), answers.end());
    EXPECT_GT(prompts[prompts.size() / 2], 1300);
    EXPECT_LT(prompts[prompts.size() / 2], 1800);
    EXPECT_GT(prompts.back(), 100'000);
    EXPECT_LT(prompts.back(), 230'000);
    EXPECT_GT(answers[answers.size() / 2], 200);
    EXPECT_GT(answers[answers.size() * 99 / 100], 3'000);
    EXPECT_NEAR(in_trees / all, .05, .01);
    EXPECT_NEAR(troubled / all, .025, .005);
    EXPECT_EQ(by_model.size(), models().size());
    EXPECT_EQ(attributes.size(), 20);
    EXPECT_EQ(projects.size(), 8);
    EXPECT_GT(streams / all, .3);
    EXPECT_GT(cached / all, .03);
    EXPECT_GT(reasoning / all, .15);
    EXPECT_GT(missing, 10);
    EXPECT_GT(by_weekday[1], 2 * by_weekday[6]);

    std::set<Uuid> judged;
    for (const Event& event : sample())
        if (event.kind == Event::Kind::Said) judged.insert(event.said.call);
    EXPECT_NEAR(static_cast<double>(judged.size()) / all, .05, .007);
}

TEST(DemoRecord, TreesHaveTheirParentsAndAgentsBeginBeforeThem) {
    std::map<std::string, const Call*> began;
    std::map<std::string, const Call*> ended;
    std::set<std::string> sequence;
    int functions = 0;
    for (const Event& event : sample()) {
        if (event.kind == Event::Kind::Began) {
            EXPECT_EQ(event.call->kind, Kind::Agent);
            EXPECT_EQ(event.call->status, Status::Running);
            EXPECT_FALSE(event.call->ended_at);
            began[event.call->id.to_string()] = event.call.get();
        } else if (event.kind == Event::Kind::Ended) {
            ended[event.call->id.to_string()] = event.call.get();
            EXPECT_EQ(event.began, began.contains(event.call->id.to_string()));
        }
    }
    EXPECT_GT(began.size(), 20);
    for (const auto& [id, call] : ended) {
        if (call->trace.request_id.empty()) continue;
        EXPECT_TRUE(
            sequence.insert(call->trace.request_id + "/" + std::to_string(*call->trace.sequence)).second);
        if (call->trace.parent_id.empty()) {
            EXPECT_TRUE(began.contains(id));
            continue;
        }
        const auto parent = ended.find(call->trace.parent_id);
        ASSERT_NE(parent, ended.end());
        EXPECT_EQ(parent->second->trace.request_id, call->trace.request_id);
        EXPECT_LT(*parent->second->trace.sequence, *call->trace.sequence);
        EXPECT_GE(*call->started_at, *parent->second->started_at);
        if (call->kind == Kind::Function) {
            ++functions;
            const auto& asked = parent->second->response.tool_calls;
            EXPECT_TRUE(std::any_of(asked.begin(), asked.end(), [&](const ToolCall& tool) {
                return tool.name == call->name && tool.arguments == call->request.input;
            }));
        } else {
            EXPECT_EQ(parent->second->kind, Kind::Agent);
            EXPECT_LE(*call->ended_at, *parent->second->ended_at);
        }
    }
    EXPECT_GT(functions, 50);
}

TEST(DemoRecord, WhatIsSaidComesAfterItsCall) {
    std::set<Uuid> ended;
    for (const Event& event : sample()) {
        if (event.kind == Event::Kind::Ended) ended.insert(event.call->id);
        if (event.kind != Event::Kind::Said) continue;
        EXPECT_TRUE(ended.contains(event.said.call));
        EXPECT_NE(event.said.feedback.has_value(), event.said.score.has_value());
    }
}

TEST(DemoRecord, ConversationsSendWhatWasSaidBefore) {
    std::map<std::string, const Call*> last;
    int grown = 0;
    each_call([&](const Call& call) {
        if (call.labels.tags.front() != "support" || call.trace.session_id.empty() || call.client_retry)
            return;
        const Call*& before = last[call.trace.session_id];
        if (before != nullptr && before->status == Status::Success &&
            before->request.messages.size() < call.request.messages.size()) {
            ++grown;
            for (std::size_t i = 0; i + 1 < before->request.messages.size(); ++i)
                EXPECT_EQ(before->request.messages[i].parts.size(), call.request.messages[i].parts.size());
            const std::size_t answer = before->request.messages.size();
            EXPECT_EQ(call.request.messages[answer].parts.front().text,
                      before->response.messages.front().parts.front().text);
        }
        before = &call;
    });
    EXPECT_GT(grown, 500);
}

/// The gateway would have recorded the same request from these bytes.
TEST(DemoRecord, RawRequestsAreInTheProvidersForm) {
    std::map<std::string, int> read_of;
    each_call([&](const Call& call) {
        const std::string where = call.provider.name + " " + call.model.requested;
        if (!reaches_a_model(call.kind) || read_of[where] > 40) return;
        ++read_of[where];
        const auto table = providers::provider_table();
        const auto row = std::find_if(table.begin(), table.end(),
                                      [&](const auto& one) { return one.record_name == call.provider.name; });
        ASSERT_NE(row, table.end()) << call.provider.name;
        std::string path = call.provider.endpoint.path;
        if (const std::size_t host = row->default_url.find("://"); host != std::string_view::npos) {
            const std::size_t base = row->default_url.find('/', host + 3);
            if (base != std::string_view::npos && path.starts_with(row->default_url.substr(base)))
                path.erase(0, row->default_url.size() - base);
        }
        providers::RequestView view;
        view.method = "POST";
        view.path = path;
        view.header = [](std::string_view) { return std::optional<std::string_view>(); };
        view.body = call.raw.request;
        Call read;
        row->provider().read_request(view, read);
        EXPECT_EQ(read.kind, call.kind) << where;
        EXPECT_EQ(read.model.requested, call.model.requested) << where;
        Call recorded;  // what the request alone tells
        Call told;
        recorded.request = call.request;
        told.request = read.request;
        if (call.kind == Kind::Rerank) told.request = recorded.request;  // in parts that differ by host
        EXPECT_EQ(first_difference(to_json(told), to_json(recorded)), "") << where;
    });
    EXPECT_EQ(read_of.size(), models().size());
}

TEST(DemoRecord, HasPrices) {
    const auto prices = pricing::Catalogue::built_in();
    std::map<std::string, int> unpriced;
    each_call([&](const Call& call) {
        if (call.status != Status::Success || !reaches_a_model(call.kind) || call.kind == Kind::Moderation)
            return;
        Call priced = call;
        prices->price(priced);
        if (!priced.cost.total)
            ++unpriced[call.provider.name + " " + call.model.requested + " " + prices->explain(call).missing];
    });
    for (const auto& [what, count] : unpriced) ADD_FAILURE() << count << " × " << what;
}

TEST(DemoRecord, CardNumbersPassTheLuhnCheck) {
    Draws draws(5);
    TextMaker text(draws);
    std::string mail;
    text.mail(mail, 40'000, 1);
    int cards = 0;
    for (std::size_t at = mail.find("My card "); at != std::string::npos;
         at = mail.find("My card ", at + 1)) {
        int sum = 0, place = 0;
        for (std::size_t i = at + 8 + 18; i >= at + 8; --i) {
            if (std::isdigit(static_cast<unsigned char>(mail[i])) == 0) continue;
            const int doubled = (mail[i] - '0') * (place++ % 2 == 1 ? 2 : 1);
            sum += doubled / 10 + doubled % 10;
        }
        EXPECT_EQ(place, 16);
        EXPECT_EQ(sum % 10, 0) << mail.substr(at, 30);
        ++cards;
    }
    EXPECT_GT(cards, 20);
}

TEST(Rhythm, DaysAreBusierThanNightsAndIncidentsAreInside) {
    const std::int64_t end = Timestamp::parse("2026-11-21T00:00:00Z")->unix_nanos;
    const Rhythm rhythm(end, 90, 1);
    std::int64_t before = rhythm.begin();
    int by_day = 0, by_night = 0;
    for (int i = 0; i <= 10'000; ++i) {
        const std::int64_t at = rhythm.moment(i / 10'000.0);
        EXPECT_GE(at, before);
        before = at;
        const std::int64_t hour = at / (kDay / 24) % 24;
        by_day += hour >= 8 && hour < 16 ? 1 : 0;
        by_night += hour < 4 || hour >= 22 ? 1 : 0;
    }
    EXPECT_LE(before, end);
    EXPECT_GT(by_day, 4 * by_night);
    for (const double days : {.01, 3.0, 90.0}) {
        const Rhythm other(end, days, 2);
        for (const Rhythm::Incident& incident : other.incidents()) {
            EXPECT_GE(incident.from, other.begin());
            EXPECT_GT(incident.to, incident.from);
            EXPECT_LE(incident.to, end);
        }
    }
}

}  // namespace
}  // namespace steno::demo
