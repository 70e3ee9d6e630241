#include "suggestions/suggestions.hpp"

#include "base/random.hpp"
#include "inference/means.hpp"
#include "store/memory/memory_store.hpp"
#include "suggestions/equivalence.hpp"
#include "suggestions/looks.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>

namespace steno::suggestions {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kDay = 86'400 * kSecond;
constexpr Timestamp kFrom{1'793'000'000'000'000'000, 0};  // October 2026
constexpr Timestamp kTo{kFrom.unix_nanos + 10 * kDay, 0};

/// A record, with the payloads that its reader gives.
class World {
  public:
    explicit World(std::uint64_t seed = 3) : random_(seed), ids_(seed) {}

    std::vector<Call> calls;

    /// A chat that succeeded so many seconds after the beginning, of this prompt to this model of Anthropic,
    /// with a text that no other call has.
    Call& add(std::string prompt, std::string model, double seconds) {
        Call& call = calls.emplace_back();
        call.id = Uuid::random(ids_);
        call.kind = steno::Kind::Chat;
        call.status = Status::Success;
        call.started_at = Timestamp{kFrom.unix_nanos + static_cast<std::int64_t>(seconds * 1e9), 0};
        call.time.duration = Duration{2 * kSecond};
        call.time.time_to_first_token = Duration{kSecond};
        call.prompt.name = std::move(prompt);
        call.provider.name = "anthropic";
        call.model.requested = std::move(model);
        call.usage.input_tokens = 1000;
        call.usage.output_tokens = 100;
        say(call, fmt::format("question {}", calls.size()));
        return call;
    }
    static void say(Call& call, std::string text) {
        Part part;
        part.text = std::move(text);
        Message message;
        message.role = "user";
        message.parts.push_back(std::move(part));
        call.request.messages = {std::move(message)};
    }
    static void answer(Call& call, std::string text) {
        Part part;
        part.text = std::move(text);
        Message message;
        message.role = "assistant";
        message.parts.push_back(std::move(part));
        call.response.messages = {std::move(message)};
    }
    bool one_in(std::uint64_t n) { return random_() % n == 0; }
    double unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
    /// Some time of the ten days.
    double any_time() { return unit() * 10 * 86'400; }

    Suggestions suggest(const std::function<void(Question&)>& change = [](Question&) {}) {
        const auto prices = pricing::Catalogue::built_in();
        const auto store = store::make_memory_store();
        std::vector<store::Change> changes;
        for (Call& call : calls) {
            prices->price(call);
            store::Upsert upsert;
            upsert.row.call = call;
            upsert.row.closed_at.sequence = changes.size() + 1;
            changes.emplace_back(std::move(upsert));
        }
        const store::Watermark mark{{}, changes.size()};
        EXPECT_TRUE(store->apply(changes, std::span(&mark, 1)));
        const auto pages = [&](const store::CallQuery& query) -> Result<Page> {
            STENO_ASSIGN(store::Page found, store->find(query));
            Page page;
            page.next_cursor = found.next_cursor;
            for (store::Row& row : found.rows) {
                const Call& whole = calls[row.closed_at.sequence - 1];
                row.call.request = whole.request;
                row.call.response = whole.response;
                page.calls.push_back(std::move(row.call));
            }
            return page;
        };
        Question question;
        question.selection.from = kFrom;
        question.selection.to = kTo;
        question.flags = " --days 30";
        change(question);
        auto found = suggestions::suggest(*store, *prices, pages, question);
        EXPECT_TRUE(found) << found.error().message;
        return std::move(*found);
    }

  private:
    std::mt19937_64 random_;
    SeededRandom ids_;
};

std::vector<Suggestion> of_kind(const Suggestions& answer, Kind kind) {
    std::vector<Suggestion> found;
    for (const Suggestion& one : answer.suggestions)
        if (one.kind == kind) found.push_back(one);
    return found;
}

std::function<void(Question&)> only(Kind kind) {
    return [kind](Question& question) { question.kinds = {kind}; };
}

std::int64_t whole(const Suggestion& one, std::string_view name) {
    for (const auto& [fact, value] : one.evidence)
        if (fact == name) return std::get<std::int64_t>(value);
    ADD_FAILURE() << name;
    return -1;
}

/// Two models do the same work; so many of a hundred answers are accepted.
World two_models(int dear_accepted, int cheap_accepted, int calls = 1500) {
    World world;
    for (int i = 0; i < calls; ++i)
        for (const bool cheap : {false, true}) {
            Call& call =
                world.add("answer", cheap ? "claude-haiku-4-5" : "claude-opus-4-5", world.any_time());
            call.usage.output_tokens = 80 + static_cast<std::int64_t>(world.unit() * 40);
            const int accepted = cheap ? cheap_accepted : dear_accepted;
            call.feedback.verdict = i % 100 < accepted ? "accepted" : "rejected";
        }
    return world;
}

TEST(CheaperModel, AsGoodIsSuggestedWithTheSumsOfTheRecord) {
    World world = two_models(80, 80);
    const auto found = of_kind(world.suggest(only(Kind::CheaperModel)), Kind::CheaperModel);
    ASSERT_EQ(found.size(), 1);
    const Suggestion& one = found[0];
    EXPECT_EQ(one.model.name, "claude-opus-4-5");
    EXPECT_EQ(one.task.prompt, "answer");
    EXPECT_EQ(one.affected, 1500);
    Decimal dear, cheap;
    std::vector<double> dear_costs, cheap_costs;
    for (const Call& call : world.calls) {
        const bool is_dear = call.model.requested == "claude-opus-4-5";
        (is_dear ? dear : cheap) += *call.cost.total;
        (is_dear ? dear_costs : cheap_costs).push_back(call.cost.total->to_double());
    }
    ASSERT_TRUE(one.saving);
    EXPECT_EQ(one.saving->amount, dear - cheap);
    EXPECT_EQ(one.saving->basis, Basis::Estimated);
    // The record begins with its first call.
    const Timestamp begin =
        *std::ranges::min_element(world.calls, {}, [](const Call& c) { return *c.started_at; })->started_at;
    const std::int64_t seconds = (kTo.unix_nanos - begin.unix_nanos) / kSecond;
    EXPECT_EQ(one.saving->month, (dear - cheap).times(30 * 86'400, seconds));
    const auto welch =
        inference::compare_means(*inference::Moments::of(cheap_costs), *inference::Moments::of(dear_costs))
            ->welch;
    const double scale = 1500.0 * 30 * 86'400 / static_cast<double>(seconds);
    EXPECT_NEAR(one.saving->month_low->to_double(), welch->interval.low * scale, 1e-9);
    EXPECT_NEAR(one.saving->month_high->to_double(), welch->interval.high * scale, 1e-9);
    EXPECT_EQ(one.confidence, Confidence::High);
    EXPECT_FALSE(one.caveats.empty());  // it was not assigned by chance, and that is said
    EXPECT_NE(one.sentence.find("claude-haiku-4-5 does no worse than claude-opus-4-5"), std::string::npos)
        << one.sentence;
    EXPECT_TRUE(one.command.starts_with("steno replay ")) << one.command;
}

TEST(CheaperModel, WhatAnExperimentDrewIsNotSaidToBeLeftToOthers) {
    const auto caveat = [](const std::function<void(Call&, bool cheap, std::size_t i)>& tag) {
        World world = two_models(80, 80);
        for (std::size_t i = 0; i < world.calls.size(); ++i)
            tag(world.calls[i], world.calls[i].model.requested == "claude-haiku-4-5", i);
        const auto found = of_kind(world.suggest(only(Kind::CheaperModel)), Kind::CheaperModel);
        EXPECT_EQ(found.size(), 1);
        return found.front().caveats.back();
    };
    const auto draw = [](Call& call, std::string id, bool cheap) {
        call.prompt.experiment.id = std::move(id);
        call.prompt.experiment.variant = cheap ? "mini" : "control";
    };
    EXPECT_EQ(
        caveat([&](Call& call, bool cheap, std::size_t) { draw(call, "e1", cheap); }),
        "the live experiment e1 drew by chance which model these calls went to; its result counts by the "
        "units that were drawn, and holds at every look: steno experiments result e1");
    EXPECT_TRUE(caveat([&](Call& call, bool cheap, std::size_t i) {
                    if (i < 1000) draw(call, "e1", cheap);
                })
                    .starts_with(
                        "the live experiment e1 drew by chance which model 500 of the 1,500 calls and 500 of "
                        "the 1,500 cheaper ones went to; of the others it was not drawn"));
    const std::string not_drawn = "which model a call went to was not drawn by chance";
    // Left out, by two experiments, and by one whose variants are about something else.
    for (const auto& said :
         {caveat([](Call& call, bool, std::size_t) { call.prompt.experiment.id = "e1"; }),
          caveat([&](Call& call, bool cheap, std::size_t i) { draw(call, i % 3 == 0 ? "e1" : "e2", cheap); }),
          caveat([&](Call& call, bool, std::size_t i) { draw(call, "e1", i % 4 < 2); })})
        EXPECT_TRUE(said.starts_with(not_drawn)) << said;
}

TEST(CheaperModel, AWorseOneIsNot) {
    EXPECT_TRUE(of_kind(two_models(80, 70).suggest(only(Kind::CheaperModel)), Kind::CheaperModel).empty());
    // Worse by three points, within the margin, and surely worse.
    EXPECT_TRUE(
        of_kind(two_models(99, 96, 3000).suggest(only(Kind::CheaperModel)), Kind::CheaperModel).empty());
}

TEST(CheaperModel, ThatNoDifferenceWasFoundIsNotEnough) {
    const Suggestions answer = two_models(80, 80, 150).suggest();
    EXPECT_TRUE(of_kind(answer, Kind::CheaperModel).empty());
    EXPECT_NE(answer.looked[0].words.find("of 1 pairs that could be compared 0 were as good"),
              std::string::npos)
        << answer.looked[0].words;
}

TEST(CheaperModel, SuccessAloneIsNoQuality) {
    World world = two_models(80, 80);
    for (Call& call : world.calls) call.feedback = {};
    const Suggestions answer = world.suggest();
    EXPECT_TRUE(of_kind(answer, Kind::CheaperModel).empty());
    EXPECT_NE(answer.looked[0].words.find("in 1 of them too few answers were judged"), std::string::npos)
        << answer.looked[0].words;
}

TEST(CheaperModel, EverythingThatIsSaidMustAgree) {
    World failing = two_models(80, 80);
    for (Call& call : failing.calls)
        if (call.model.requested == "claude-haiku-4-5" && call.feedback.verdict == "rejected")
            call.status = Status::Failure;
    EXPECT_TRUE(of_kind(failing.suggest(only(Kind::CheaperModel)), Kind::CheaperModel).empty());

    const auto scored = [](double dear, double cheap) {
        World world = two_models(80, 80);
        for (Call& call : world.calls)
            call.scores["quality"].value =
                (call.model.requested == "claude-haiku-4-5" ? cheap : dear) + world.unit();
        return of_kind(world.suggest(only(Kind::CheaperModel)), Kind::CheaperModel).size();
    };
    EXPECT_EQ(scored(7, 7), 1);
    EXPECT_EQ(scored(7, 6), 0);
}

TEST(CheaperModel, OnlyTheSameWorkIsCompared) {
    World world = two_models(80, 80);
    for (Call& call : world.calls)
        if (call.model.requested == "claude-haiku-4-5") call.prompt.version = "2";
    EXPECT_TRUE(of_kind(world.suggest(only(Kind::CheaperModel)), Kind::CheaperModel).empty());
}

TEST(CheaperModel, ShorterPromptsDoNotMakeAModelCheaper) {
    World world = two_models(80, 80);
    for (Call& call : world.calls) {
        // The dearer model was given little, the cheaper one much: by the record it is dearer.
        call.model.requested =
            call.model.requested == "claude-opus-4-5" ? "claude-haiku-4-5" : "claude-sonnet-4-5";
        call.usage.input_tokens = call.model.requested == "claude-haiku-4-5" ? 9000 : 100;
    }
    EXPECT_TRUE(of_kind(world.suggest(only(Kind::CheaperModel)), Kind::CheaperModel).empty());
}

/// So many calls, every `gap` seconds, that share a system prompt of so many words.
World with_prefix(int calls, double gap, int words, const std::string& model = "claude-sonnet-4-5") {
    World world;
    std::string system;
    for (int i = 0; i < words; ++i) system += "Answer in the language of the user. ";
    for (int i = 0; i < calls; ++i) {
        Call& call = world.add("answer", model, 100 + i * gap);
        call.request.system = system;
        call.usage.input_tokens = 40'000;
    }
    return world;
}

TEST(UncachedPrefix, IsReckonedCallByCall) {
    World world = with_prefix(200, 60, 400);
    const auto found = of_kind(world.suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix);
    ASSERT_EQ(found.size(), 1);
    const Suggestion& one = found[0];
    EXPECT_EQ(whole(one, "reads"), 199);
    EXPECT_EQ(whole(one, "writes"), 1);
    const std::int64_t tokens = whole(one, "prefix_tokens");
    EXPECT_GT(tokens, 2000);
    // Sonnet 4.5: $3 a million tokens, $3.75 written, $0.30 read.
    const auto price = [](const char* text) { return *Decimal::parse(text); };
    Decimal saved = price("3").times(tokens, 1'000'000) - price("3.75").times(tokens, 1'000'000);
    for (int i = 0; i < 199; ++i)
        saved += price("3").times(tokens, 1'000'000) - price("0.3").times(tokens, 1'000'000);
    EXPECT_EQ(one.saving->amount, saved);
    EXPECT_EQ(one.saving->basis, Basis::Computed);
    EXPECT_LT(*one.saving->month_low, *one.saving->month);
    EXPECT_GT(*one.saving->month_high, *one.saving->month);
}

TEST(UncachedPrefix, CallsFarApartWouldOnlyWrite) {
    EXPECT_TRUE(of_kind(with_prefix(200, 4000, 400).suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix)
                    .empty());
    // Half an hour: five minutes never, an hour pays.
    const auto hour =
        of_kind(with_prefix(200, 1800, 400).suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix);
    ASSERT_EQ(hour.size(), 1);
    EXPECT_EQ(whole(hour[0], "reads"), 199);
    EXPECT_NE(hour[0].sentence.find("kept for 1 hour"), std::string::npos);
}

TEST(UncachedPrefix, NotWhatIsTooShortCachedAlreadyOrCachedByItself) {
    EXPECT_TRUE(
        of_kind(with_prefix(200, 60, 100).suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix).empty());
    EXPECT_TRUE(
        of_kind(with_prefix(49, 60, 400).suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix).empty());
    World cached = with_prefix(200, 60, 400);
    for (Call& call : cached.calls) call.usage.cache_read_tokens = 3000;
    EXPECT_TRUE(of_kind(cached.suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix).empty());
    World other = with_prefix(200, 60, 400, "gpt-4o");
    for (Call& call : other.calls) call.provider.name = "openai";
    EXPECT_TRUE(of_kind(other.suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix).empty());
    World changing = with_prefix(200, 60, 400);
    for (std::size_t i = 0; i < changing.calls.size(); ++i)
        changing.calls[i].request.system.insert(0, fmt::format("It is minute {}. ", i));
    EXPECT_TRUE(of_kind(changing.suggest(only(Kind::UncachedPrefix)), Kind::UncachedPrefix).empty());
}

TEST(RepeatedRequest, CostsWhatTheRepeatsCost) {
    World world;
    for (int i = 0; i < 60; ++i) {
        Call& call = world.add("answer", "claude-sonnet-4-5", 100 + i * 1000);
        World::say(call, fmt::format("question {}", i % 3));
        World::answer(call, fmt::format("answer {}", i % 3));
    }
    const auto found = of_kind(world.suggest(only(Kind::RepeatedRequest)), Kind::RepeatedRequest);
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0].affected, 57);
    Decimal cost;
    for (std::size_t i = 3; i < world.calls.size(); ++i) cost += *world.calls[i].cost.total;
    EXPECT_EQ(found[0].saving->amount, cost);
    EXPECT_EQ(found[0].confidence, Confidence::High);
    EXPECT_EQ(whole(found[0], "same_answers"), 57);

    for (std::size_t i = 0; i < world.calls.size(); ++i)
        World::answer(world.calls[i], fmt::format("answer {}", i));
    EXPECT_EQ(of_kind(world.suggest(only(Kind::RepeatedRequest)), Kind::RepeatedRequest).at(0).confidence,
              Confidence::Low);
}

TEST(RepeatedRequest, NotRetriesCallsSideBySideNorMaskedOnes) {
    const auto suggested = [](const std::function<void(Call&, int)>& change) {
        World world;
        for (int i = 0; i < 60; ++i) {
            Call& call = world.add("answer", "claude-sonnet-4-5", 100 + i * 1000);
            World::say(call, "the same");
            change(call, i);
        }
        return of_kind(world.suggest(only(Kind::RepeatedRequest)), Kind::RepeatedRequest).size();
    };
    EXPECT_EQ(suggested([](Call&, int) {}), 1);
    EXPECT_EQ(suggested([](Call& call, int i) { call.client_retry = i; }), 0);
    EXPECT_EQ(suggested([](Call& call, int) { call.started_at = kFrom; }), 0);  // nothing was answered yet
    EXPECT_EQ(suggested([](Call& call, int) { call.privacy.masked["email"] = 1; }), 0);
    EXPECT_EQ(suggested([](Call& call, int) { call.status = Status::Failure; }), 0);
    EXPECT_EQ(suggested([](Call& call, int i) {
                  call.request.parameters.text = fmt::format(R"({{"seed":{}}})", i);
              }),
              0);
    EXPECT_EQ(suggested([](Call& call, int) { call.replay.of = "x"; }), 0);
}

TEST(PaidFailure, IsTheSumOfWhatTheyCost) {
    World world;
    for (int i = 0; i < 40; ++i) {
        Call& call = world.add("answer", "claude-sonnet-4-5", world.any_time());
        if (i < 12) call.status = i < 8 ? Status::Failure : Status::Cancelled;
        if (i >= 6 && i < 8) call.usage = {};  // failed before anything was used
    }
    const auto found = of_kind(world.suggest(only(Kind::PaidFailure)), Kind::PaidFailure);
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0].affected, 10);
    Decimal cost;
    for (int i = 0; i < 12; ++i)
        if (const auto& total = world.calls[static_cast<std::size_t>(i)].cost.total) cost += *total;
    EXPECT_EQ(found[0].saving->amount, cost);
    EXPECT_EQ(found[0].saving->month_low, Decimal());  // the least is nothing
    world.calls.erase(world.calls.begin());
    EXPECT_TRUE(of_kind(world.suggest(only(Kind::PaidFailure)), Kind::PaidFailure).empty());
}

TEST(PaidFailure, TheDearestFiftyAndThatThereAreMore) {
    World world;
    for (int task = 0; task < 60; ++task)
        for (int i = 0; i < 10; ++i) {
            Call& call = world.add(fmt::format("prompt {}", task), "claude-sonnet-4-5", world.any_time());
            call.status = Status::Failure;
            call.usage.output_tokens = 100 + task;
        }
    const Suggestions answer =
        world.suggest([](Question& question) { question.kinds = {Kind::PaidFailure}; });
    ASSERT_EQ(answer.suggestions.size(), kMostOfKind);
    EXPECT_EQ(answer.suggestions[0].task.prompt, "prompt 59");
    EXPECT_EQ(answer.suggestions[49].task.prompt, "prompt 10");
    EXPECT_TRUE(answer.looked[0].truncated);
}

TEST(CutAnswer, SurelyMoreThanOneInAHundred) {
    const auto suggested = [](int calls, int cut) {
        World world;
        for (int i = 0; i < calls; ++i)
            world.add("answer", "claude-sonnet-4-5", world.any_time()).response.finish_reasons = {
                i < cut ? "max_tokens" : "end_turn"};
        return of_kind(world.suggest(only(Kind::CutAnswer)), Kind::CutAnswer);
    };
    ASSERT_EQ(suggested(1000, 50).size(), 1);
    EXPECT_EQ(suggested(1000, 50)[0].affected, 50);
    EXPECT_FALSE(suggested(1000, 50)[0].saving);
    EXPECT_TRUE(suggested(1000, 10).empty());
    EXPECT_TRUE(suggested(50, 25).empty());
}

/// Many groups are many chances to be unlucky: uncorrected, one in thirty would be suggested.
TEST(CutAnswer, NoneByChanceOfManyGroups) {
    int chance = 0, real = 0;
    for (const std::uint64_t seed : {1, 2, 3}) {
        World world(seed);
        for (int task = 0; task < 150; ++task)
            for (int i = 0; i < 120; ++i)
                world.add(fmt::format("prompt {}", task), "claude-sonnet-4-5", world.any_time())
                    .response.finish_reasons = {world.unit() < (task == 0 ? 0.15 : 0.0099) ? "length"
                                                                                           : "stop"};
        for (const Suggestion& one : of_kind(world.suggest(only(Kind::CutAnswer)), Kind::CutAnswer))
            ++(one.task.prompt == "prompt 0" ? real : chance);
    }
    EXPECT_EQ(chance, 0);
    EXPECT_EQ(real, 3);
}

TEST(HighLimit, NeedsAThousandAnswers) {
    const auto suggested = [](int calls, const char* parameters, std::int64_t longest) {
        World world;
        for (int i = 0; i < calls; ++i) {
            Call& call = world.add("answer", "claude-sonnet-4-5", world.any_time());
            call.request.parameters.text = parameters;
            call.usage.output_tokens = i % 10 == 0 ? longest : 20;
        }
        return of_kind(world.suggest(only(Kind::HighLimit)), Kind::HighLimit);
    };
    const auto found = suggested(1000, R"({"max_tokens":8000})", 500);
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(whole(found[0], "limit"), 8000);
    EXPECT_EQ(whole(found[0], "output_tokens_p99.9"), 500);
    EXPECT_FALSE(found[0].saving);
    EXPECT_EQ(suggested(1000, R"({"generationConfig":{"maxOutputTokens":8000}})", 500).size(), 1);
    EXPECT_TRUE(suggested(999, R"({"max_tokens":8000})", 500).empty());
    EXPECT_TRUE(suggested(1000, R"({"max_tokens":8000})", 2001).empty());
    EXPECT_TRUE(suggested(1000, "", 500).empty());
}

TEST(Temperature, EqualWithinTheMargin) {
    const auto suggested = [](int cold, int hot) {
        World world;
        for (int i = 0; i < 1500; ++i)
            for (const bool is_hot : {false, true}) {
                Call& call = world.add("answer", "claude-sonnet-4-5", world.any_time());
                call.request.parameters.text = is_hot ? R"({"temperature":1})" : R"({"temperature":0.2})";
                call.feedback.verdict = i % 100 < (is_hot ? hot : cold) ? "accepted" : "rejected";
            }
        return of_kind(world.suggest(only(Kind::Temperature)), Kind::Temperature).size();
    };
    EXPECT_EQ(suggested(80, 80), 1);
    EXPECT_EQ(suggested(80, 72), 0);
    EXPECT_EQ(suggested(72, 80), 0);
}

TEST(MissingVariables, OfOnePrompt) {
    const auto suggested = [](int incomplete) {
        World world;
        for (int i = 0; i < 500; ++i) {
            Call& call = world.add("answer", "claude-sonnet-4-5", world.any_time());
            call.prompt.all_variables_present = i >= incomplete;
            if (i < incomplete) call.prompt.missing_variables = {"tone"};
        }
        return of_kind(world.suggest(only(Kind::MissingVariables)), Kind::MissingVariables);
    };
    ASSERT_EQ(suggested(50).size(), 1);
    EXPECT_EQ(suggested(50)[0].affected, 50);
    EXPECT_NE(suggested(50)[0].sentence.find("tone (50)"), std::string::npos);
    EXPECT_TRUE(suggested(10).empty());
}

/// Prompts that lack nothing were looked at, too.
TEST(MissingVariables, NoneByChanceOfManyPrompts) {
    int chance = 0, real = 0;
    for (const std::uint64_t seed : {1, 2, 3}) {
        World world(seed);
        for (int prompt = 0; prompt < 150; ++prompt)
            for (int i = 0; i < 120; ++i) {
                Call& call =
                    world.add(fmt::format("prompt {}", prompt), "claude-sonnet-4-5", world.any_time());
                const double share = prompt == 0 ? 0.2 : prompt % 2 == 0 ? 0 : 0.0199;
                call.prompt.all_variables_present = world.unit() >= share;
                if (!*call.prompt.all_variables_present) call.prompt.missing_variables = {"tone"};
            }
        for (const Suggestion& one :
             of_kind(world.suggest(only(Kind::MissingVariables)), Kind::MissingVariables))
            ++(one.task.prompt == "prompt 0" ? real : chance);
    }
    EXPECT_EQ(chance, 0);
    EXPECT_EQ(real, 3);
}

TEST(Suggestions, NothingOfNothing) {
    World world;
    const Suggestions answer = world.suggest();
    EXPECT_TRUE(answer.suggestions.empty());
    EXPECT_EQ(answer.looked.size(), kKinds);
    for (const Looked& looked : answer.looked) EXPECT_FALSE(looked.words.empty());
}

TEST(Suggestions, TheGreatestSavingFirstAndOnlyWhatWasAskedFor) {
    World world = two_models(80, 80);
    for (int i = 0; i < 60; ++i) {
        Call& call = world.add("other", "claude-sonnet-4-5", 100 + i * 1000);
        World::say(call, "the same");
    }
    const Suggestions both = world.suggest();
    ASSERT_EQ(both.suggestions.size(), 2);
    EXPECT_GT(*both.suggestions[0].saving->month, *both.suggestions[1].saving->month);
    const Suggestions one = world.suggest([](Question& question) { question.kinds = {Kind::CheaperModel}; });
    EXPECT_EQ(one.suggestions.size(), 1);
    EXPECT_EQ(one.looked.size(), 1);
    EXPECT_FALSE(one.newest);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, both, {});
    json.end_object();
    simdjson::dom::parser parser;
    simdjson::dom::element read;
    ASSERT_EQ(parser.parse(text).get(read), simdjson::SUCCESS) << text;
    EXPECT_EQ(read.at_pointer("/suggestions/0/saving/amount").get_string().value(),
              both.suggestions[0].saving->amount.to_string());
}

TEST(Suggestions, TheNewestCallsAreAWindowOfTime) {
    World world;
    for (int i = 0; i < 100; ++i) {
        Call& call = world.add("answer", "claude-sonnet-4-5", 100 + i * 8000);
        World::say(call, "the same");
    }
    const Suggestions answer = world.suggest([](Question& question) { question.newest = 50; });
    ASSERT_TRUE(answer.newest);
    EXPECT_EQ(answer.newest->calls, 50);
    EXPECT_FALSE(answer.newest->all);
    EXPECT_EQ(answer.newest->span.from, *world.calls[50].started_at);
    const auto found = of_kind(answer, Kind::RepeatedRequest);
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0].affected, 49);
    const std::int64_t seconds = (kTo.unix_nanos - world.calls[50].started_at->unix_nanos) / kSecond;
    EXPECT_EQ(found[0].saving->month, found[0].saving->amount.times(30 * 86'400, seconds));
}

/// How often a model is suggested that is worse by just the margin.
TEST(CheaperModel, IsSeldomWrong) {
    std::mt19937_64 random(11);
    int wrong = 0;
    constexpr int kTimes = 2000;
    for (int i = 0; i < kTimes; ++i) {
        std::binomial_distribution<std::uint64_t> dear(800, 0.80), cheap(800, 0.75);
        Said a, b;
        a.accepted = {dear(random), 800};
        b.accepted = {cheap(random), 800};
        a.succeeded = b.succeeded = {800, 800};
        const auto compared = compare_answers(a, b, "quality", 0.05, 0.95);
        wrong += may_replace(*compared);
    }
    EXPECT_LT(wrong, kTimes * 4 / 100);  // 2.5 % are meant
}

TEST(Questions, OutOfBounds) {
    const auto store = store::make_memory_store();
    const auto prices = pricing::Catalogue::built_in();
    const auto refused = [&](const std::function<void(Question&)>& change) {
        Question question;
        question.selection.from = kFrom;
        question.selection.to = kTo;
        change(question);
        const auto answer = suggest(
            *store, *prices, [](const store::CallQuery&) -> Result<Page> { return Page{}; }, question);
        return !answer && answer.error().code == Code::InvalidArgument;
    };
    EXPECT_FALSE(refused([](Question&) {}));
    EXPECT_TRUE(refused([](Question& question) { question.margin = 0; }));
    EXPECT_TRUE(refused([](Question& question) { question.margin = 5; }));
    EXPECT_TRUE(refused([](Question& question) { question.newest = kMostNewest + 1; }));
    EXPECT_TRUE(refused([](Question& question) { question.selection.from.reset(); }));
    EXPECT_FALSE(parse_kind("cheaper"));
    EXPECT_EQ(*parse_kind("cheaper_model"), Kind::CheaperModel);
}

TEST(About, MoneyInSentences) {
    EXPECT_EQ(about(*Decimal::parse("12.4"), "USD"), "$12.40");
    EXPECT_EQ(about(*Decimal::parse("0.00312"), "USD"), "$0.0031");
    EXPECT_EQ(about(*Decimal::parse("0.5"), "EUR"), "0.50 EUR");
    EXPECT_EQ(about(Decimal(), "USD"), "$0.00");
    EXPECT_EQ(grouped(1234567), "1,234,567");
    EXPECT_EQ(grouped(123), "123");
}

}  // namespace
}  // namespace steno::suggestions
