#include "repricing/repricer.hpp"

#include "base/random.hpp"
#include "io/faulty_file_system.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>
#include <unistd.h>

namespace steno::repricing {
namespace {

using namespace std::chrono_literals;
using OneRun = Run;  // tests have a Run of their own

Decimal amount(std::string_view text) {
    return *Decimal::parse(text);
}

/// A folder whose store is in memory: whatever is there after `reopen` was read from the journal.
class Repricing : public testing::Test {
  protected:
    Repricing() {
        folder = std::filesystem::path(testing::TempDir()) /
                 ("repricing-" + std::to_string(getpid()) + "-" +
                  testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder);
        reopen();
    }
    ~Repricing() override {
        close();
        std::filesystem::remove_all(folder);
    }
    void close() {
        repricer.reset();
        book.reset();
        trail.reset();
        data.reset();
        database.reset();
    }
    void reopen(bool feed = true) {
        close();
        database = std::move(*control::Database::open((folder / "control.sqlite").string()));
        ingest::DataFolderOptions options;
        options.path = "/data";
        options.open_store = [](const std::string&) -> Result<std::unique_ptr<store::CallStore>> {
            return store::make_memory_store();
        };
        options.prices = catalogue("1");
        options.max_sync_delay = 1ms;
        options.feeder.interval = 5ms;
        options.feed = feed;
        auto opened = ingest::DataFolder::open(files, std::move(options));
        ASSERT_TRUE(opened) << opened.error().message;
        data = std::move(*opened);
        trail = std::make_unique<Trail>(database.get());
        book =
            std::make_unique<PriceBook>(std::vector<pricing::Price>{},
                                        [this](std::shared_ptr<const pricing::Catalogue>) { ++books_taken; });
        repricer = std::make_unique<Repricer>(*data, *trail, book.get(), clock);
        (void)book->open(*database);
    }
    static std::shared_ptr<const pricing::Catalogue> catalogue(std::string_view input) {
        pricing::Price price;
        price.provider = "openai";
        price.model = "house";
        price.input = amount(input);
        price.output = amount("2");
        price.source = "custom";
        pricing::Price other = price;
        other.model = "other";
        other.input = amount("5");
        return pricing::Catalogue::with({price, other});
    }
    void record(int count) {
        for (int i = 0; i < count; ++i) {
            Call call;
            call.id = Uuid::at(1'795'000'000'000'000'000 + i, random);
            call.kind = i % 13 == 12 ? Kind::Function : Kind::Chat;
            call.status = Status::Success;
            call.project = i % 2 == 0 ? "shop" : "desk";
            call.provider.name = "openai";
            call.model.requested = i % 5 == 4 ? "nobody-knows" : i % 3 == 2 ? "other" : "house";
            call.started_at = Timestamp{1'795'000'000'000'000'000 + i * 1'000'000'000LL, 0};
            call.ended_at = Timestamp{call.started_at->unix_nanos + 1000, 0};
            call.usage.input_tokens = 1 + i * 7919 % 100'000;
            call.usage.output_tokens = 1 + i * 104'729 % 1000;
            if (i % 11 == 10) {
                call.cost.total = amount("0.25");
                call.cost.currency = "USD";
                call.cost.source = "provider";
            }
            ASSERT_TRUE(data->recorder().complete(std::move(call)));
        }
        ASSERT_TRUE(data->feeder().catch_up(10s));
    }
    std::map<Uuid, Call> calls() {
        EXPECT_TRUE(data->feeder().catch_up(10s));
        std::map<Uuid, Call> all;
        store::CallQuery query;
        query.limit = store::kMaxPage;
        for (bool more = true; more;) {
            const auto page = data->store().find(query);
            EXPECT_TRUE(page);
            for (const store::Row& row : page->rows) all.emplace(row.call.id, row.call);
            more = page->next_cursor.has_value();
            if (more) query.cursor = *page->next_cursor;
        }
        return all;
    }
    OneRun run(bool apply, bool billed_too = false, const std::string& project = {}) {
        Repricer::Order order;
        order.selection.from = Timestamp{0, 0};
        order.apply = apply;
        order.billed_too = billed_too;
        order.author = {"ada", "contract"};
        if (!project.empty()) {
            order.selection.filters.push_back(*store::make_filter("project", store::Op::Eq, project));
            order.filters = {"project=" + project};
        }
        auto started = repricer->start(std::move(order));
        EXPECT_TRUE(started) << started.error().message;
        auto done = repricer->get(started->id, 60s);
        EXPECT_TRUE(done) << done.error().message;
        return *done;
    }
    OneRun undo(const std::string& id, bool apply) {
        Repricer::Order order;
        order.undo = id;
        order.apply = apply;
        order.author = {"bob", "the wrong contract"};
        auto started = repricer->start(std::move(order));
        EXPECT_TRUE(started) << started.error().message;
        auto done = repricer->get(started->id, 60s);
        EXPECT_TRUE(done) << done.error().message;
        return *done;
    }
    /// The sum over calls, one by one, by these prices.
    Difference expected(const pricing::Catalogue& prices, bool billed_too = false) {
        Difference difference;
        for (const auto& [id, call] : calls())
            if (reaches_a_model(call.kind)) difference.add(call, judge(prices, call, billed_too, true));
        return difference;
    }

    std::filesystem::path folder;
    io::FaultyFileSystem files;
    ManualClock clock{1'795'100'000'000'000'000};
    SeededRandom random{3};
    std::unique_ptr<control::Database> database;
    std::unique_ptr<PriceBook> book;
    int books_taken = 0;
    std::unique_ptr<ingest::DataFolder> data;
    std::unique_ptr<Trail> trail;
    std::unique_ptr<Repricer> repricer;
};

TEST_F(Repricing, ALookSaysWhatWouldChangeAndWritesNothing) {
    record(500);
    const auto before = calls();
    data->recorder().set_prices(catalogue("1.5"));
    const Difference sums = expected(*catalogue("1.5"));
    const auto appended = data->journal().stats().appended.sequence;
    const OneRun look = run(false);
    EXPECT_EQ(look.status, RunStatus::Done) << look.error;
    EXPECT_EQ(look.difference, to_json(sums, true));
    EXPECT_GT(sums.changed, 100);
    EXPECT_GT(sums.unpriced, 10);
    EXPECT_GT(sums.kept, 10);
    EXPECT_EQ(look.expected, sums.looked_at);
    EXPECT_EQ(data->journal().stats().appended.sequence, appended);
    EXPECT_EQ(calls(), before);
    EXPECT_TRUE(repricer->history(10)->empty());
}

TEST_F(Repricing, WhatIsAppliedIsOnRecordOnceAndAfterARebuild) {
    record(500);
    const auto before = calls();
    data->recorder().set_prices(catalogue("1.5"));
    const Difference sums = expected(*catalogue("1.5"));
    const OneRun applied = run(true);
    EXPECT_EQ(applied.status, RunStatus::Done) << applied.error;
    EXPECT_EQ(applied.difference, to_json(sums, true));
    const auto after = calls();
    std::int64_t amended = 0;
    for (const auto& [id, call] : after) {
        const Call& old = before.at(id);
        if (call.cost.repricing.empty()) {
            EXPECT_EQ(call, old);
            continue;
        }
        ++amended;
        EXPECT_EQ(call.cost.repricing, applied.id);
        EXPECT_EQ(call.cost.former.total, old.cost.total);
        EXPECT_EQ(call.cost.former.price_id, old.cost.price_id);
        EXPECT_EQ(call.cost.price_id, "openai/house@undated");
        EXPECT_EQ(call.cost.source, "custom");
        Call priced = old;
        catalogue("1.5")->price(priced);
        EXPECT_EQ(call.cost.total, priced.cost.total);
        EXPECT_EQ(call.cost.input, priced.cost.input);
    }
    EXPECT_EQ(amended, sums.to_amend());

    const auto appended = data->journal().stats().appended.sequence;
    const OneRun again = run(true);
    EXPECT_EQ(again.status, RunStatus::Done);
    EXPECT_EQ(data->journal().stats().appended.sequence, appended);
    EXPECT_NE(again.difference.find("\"changed\":0,\"priced\":0"), std::string::npos) << again.difference;

    reopen();
    EXPECT_EQ(calls(), after);
    const auto history = repricer->history(10);
    ASSERT_EQ(history->size(), 2U);
    const OneRun& kept = history->at(history->at(0).id == applied.id ? 0 : 1);
    EXPECT_EQ(kept.author.by, "ada");
    EXPECT_EQ(kept.author.reason, "contract");
    EXPECT_EQ(kept.difference, to_json(sums, true));
}

TEST_F(Repricing, OneThatDiedIsOnTheTrailWithItsSumsAndARepeatDoesTheRest) {
    record(300);
    data->recorder().set_prices(catalogue("1.5"));
    const Difference whole = expected(*catalogue("1.5"));
    // As a process leaves it that dies in the middle: the trail begun, some costs written.
    OneRun dead;
    dead.id = "2026-11-22-dead00";
    dead.at = clock.now();
    ASSERT_TRUE(trail->begin(dead));
    Difference written;
    std::vector<Said> batch;
    for (const auto& [id, call] : calls()) {
        if (!reaches_a_model(call.kind)) continue;
        const Judgement judgement = judge(*catalogue("1.5"), call, false, true);
        if (judgement.verdict != Verdict::Changed) continue;
        Said said;
        said.call = id;
        said.project = call.project;
        said.cost = judgement.cost;
        said.cost->repricing = dead.id;
        said.cost->former = {call.cost.total, call.cost.currency, call.cost.price_id, call.cost.source, {}};
        batch.push_back(said);
        written.add_amended(call.provider.name, call.model.requested, judgement.cost.price_id, 1, 1,
                            {call.cost.currency, call.cost.total},
                            {judgement.cost.currency, judgement.cost.total});
        if (batch.size() == 40) break;
    }
    ASSERT_TRUE(data->recorder().say(batch));
    reopen();

    const auto history = repricer->history(10);
    ASSERT_TRUE(history) << history.error().message;
    ASSERT_EQ(history->size(), 1U);
    EXPECT_EQ(history->front().status, RunStatus::Interrupted);
    EXPECT_EQ(history->front().difference, to_json(written, false));

    data->recorder().set_prices(catalogue("1.5"));
    const OneRun rest = run(true);
    EXPECT_EQ(rest.status, RunStatus::Done);
    std::int64_t by_rest = 0, by_dead = 0;
    for (const auto& [id, call] : calls()) {
        by_rest += call.cost.repricing == rest.id ? 1 : 0;
        by_dead += call.cost.repricing == dead.id ? 1 : 0;
    }
    EXPECT_EQ(by_dead, 40);
    EXPECT_EQ(by_rest, whole.to_amend() - 40);
    // It does not change any more, whatever is re-priced later.
    EXPECT_EQ(repricer->get(dead.id)->difference, to_json(written, false));
}

TEST_F(Repricing, OneWhoseDiskFailedHasAllItsSumsOnceThatIsBack) {
    record(300);
    data->recorder().set_prices(catalogue("1.5"));
    const Difference whole = expected(*catalogue("1.5"));
    files.fail_syncs(1'000'000);
    const OneRun failed = run(true);
    EXPECT_EQ(failed.status, RunStatus::Failed);
    EXPECT_FALSE(failed.error.empty());
    EXPECT_EQ(failed.difference, "") << "nobody knows yet";
    Repricer::Order next;
    next.apply = true;
    EXPECT_FALSE(repricer->start(next)) << "it would take calls out of these sums";
    // What it said stands all the same, and is durable once the disk takes it.
    files.fail_syncs(0);
    auto settled = repricer->get(failed.id);
    while (settled && settled->difference.empty()) {
        std::this_thread::yield();
        settled = repricer->get(failed.id);
    }
    ASSERT_TRUE(settled) << settled.error().message;
    EXPECT_EQ(settled->status, RunStatus::Failed);
    EXPECT_EQ(settled->error, failed.error);
    EXPECT_EQ(settled->ended_at, clock.now());
    Difference written;
    for (const auto& [id, call] : calls()) {
        if (call.cost.repricing != failed.id) continue;
        written.add_amended(
            call.provider.name, call.model.requested, call.cost.price_id, 1, call.cost.former.total ? 1 : 0,
            {call.cost.former.currency, call.cost.former.total}, {call.cost.currency, call.cost.total});
    }
    EXPECT_EQ(settled->difference, to_json(written, false));
    EXPECT_EQ(written.to_amend(), whole.to_amend());
    EXPECT_EQ(run(true).status, RunStatus::Done);
}

TEST_F(Repricing, WhatIsUndoneCostsWhatItDidWhateverPricesAreInForce) {
    record(500);
    const auto before = calls();
    // A model that had no price gets one, too.
    pricing::Price late;
    late.provider = "openai";
    late.model = "nobody-knows";
    late.input = late.output = amount("7");
    data->recorder().set_prices(pricing::Catalogue::with({late}, catalogue("1.5")->list("openai", "house")));
    const OneRun applied = run(true, true);  // what the provider billed, too
    EXPECT_EQ(applied.status, RunStatus::Done) << applied.error;
    const auto repriced = calls();
    data->recorder().set_prices(catalogue("99"));  // today's are of no matter
    // What was re-priced once more keeps that.
    const OneRun again = run(true, false, "desk");

    const auto appended = data->journal().stats().appended.sequence;
    const OneRun look = undo(applied.id, false);
    EXPECT_EQ(look.undoes, applied.id);
    EXPECT_EQ(data->journal().stats().appended.sequence, appended);
    EXPECT_EQ(repricer->get(applied.id)->undone_by, "");
    data->recorder().set_prices(catalogue("1"));
    const OneRun undone = undo(applied.id, true);
    EXPECT_EQ(undone.status, RunStatus::Done) << undone.error;
    EXPECT_EQ(undone.difference, look.difference);

    const auto check = [&](const std::map<Uuid, Call>& after) {
        std::int64_t back = 0, cleared = 0;
        for (const auto& [id, call] : after) {
            const Call& old = before.at(id);
            if (repriced.at(id).cost.repricing != applied.id) {
                EXPECT_EQ(call.cost.repricing.empty() || call.cost.repricing == again.id, true);
                continue;
            }
            if (call.cost.repricing == again.id) continue;
            ++back;
            cleared += old.cost.total ? 0 : 1;
            EXPECT_EQ(call.cost.repricing, undone.id);
            EXPECT_EQ(call.cost.former.total, repriced.at(id).cost.total);
            EXPECT_EQ(call.cost.former.price_id, repriced.at(id).cost.price_id);
            Cost cost = call.cost;
            cost.repricing.clear();
            cost.former = {};
            EXPECT_EQ(cost, old.cost) << "to the last part: its price is known";
        }
        EXPECT_GT(back, 50);
        EXPECT_GT(cleared, 10);
        const std::string counts =
            "\"changed\":" + std::to_string(back) + ",\"priced\":0,\"cleared\":" + std::to_string(cleared);
        EXPECT_NE(undone.difference.find(counts), std::string::npos) << undone.difference;
    };
    check(calls());
    EXPECT_EQ(repricer->get(applied.id)->undone_by, undone.id);
    const OneRun more = undo(applied.id, true);
    EXPECT_NE(more.difference.find("\"changed\":0,\"priced\":0"), std::string::npos) << "once is enough";
    EXPECT_FALSE(more.note.empty());
    EXPECT_EQ(trail->get(more.id).error().code, Code::NotFound) << "it undid nothing";
    EXPECT_EQ(repricer->get(applied.id)->undone_by, undone.id);
    reopen();
    check(calls());
    EXPECT_EQ(repricer->get(undone.id)->undoes, applied.id);

    // What is undone can be undone.
    const OneRun forth = undo(undone.id, true);
    Difference as_the_store;
    for (const auto& [id, call] : calls())
        if (call.cost.repricing == forth.id) {
            EXPECT_EQ(call.cost.total, repriced.at(id).cost.total);
            EXPECT_EQ(call.cost.price_id, repriced.at(id).cost.price_id);
            as_the_store.add_amended(call.provider.name, call.model.requested, call.cost.price_id, 1,
                                     call.cost.former.total ? 1 : 0,
                                     {call.cost.former.currency, call.cost.former.total},
                                     {call.cost.currency, call.cost.total});
        }
    // Whoever dies after its last word is told as one that lived.
    EXPECT_GT(as_the_store.priced, 10);
    const std::string counts = to_json(as_the_store, false).substr(1);
    EXPECT_NE(forth.difference.find(counts), std::string::npos) << forth.difference << " lacks " << counts;
}

TEST_F(Repricing, TheyAreUndoneOneAfterTheOtherUntilTheFirst) {
    record(300);
    // Parts are there again only where the price that was is known.
    const auto same_costs = [](const std::map<Uuid, Call>& now, const std::map<Uuid, Call>& then) {
        return std::ranges::all_of(now, [&](const auto& one) {
            const Cost &is = one.second.cost, &was = then.at(one.first).cost;
            return is.total == was.total && is.currency == was.currency && is.price_id == was.price_id &&
                   is.source == was.source;
        });
    };
    const auto as_recorded = calls();
    data->recorder().set_prices(catalogue("1.5"));
    const OneRun first = run(true);
    const auto after_first = calls();
    data->recorder().set_prices(catalogue("2.5"));
    const OneRun second = run(true, false, "shop");
    const auto after_second = calls();
    data->recorder().set_prices(catalogue("3.5"));
    const OneRun third = run(true);

    // One that later ones have covered says which must be undone first.
    const auto rows = trail->latest(10)->size();
    OneRun covered = undo(first.id, true);
    EXPECT_EQ(covered.status, RunStatus::Done);
    EXPECT_EQ(covered.looked_at, 0);
    EXPECT_NE(covered.note.find("must be undone first, in this order: " + third.id + ", " + second.id),
              std::string::npos)
        << covered.note;
    EXPECT_EQ(trail->latest(10)->size(), rows) << "it undid nothing";
    Repricer::Order order;
    order.undo = covered.id;
    EXPECT_EQ(repricer->start(order).error().code, Code::FailedPrecondition) << "it wrote nothing";

    const OneRun without_third = undo(third.id, true);
    EXPECT_TRUE(same_costs(calls(), after_second));
    EXPECT_EQ(undo(third.id, true).note, "all of " + third.id + " is undone already, by " + without_third.id);
    covered = undo(first.id, true);
    EXPECT_NE(covered.note.find("in this order: " + second.id), std::string::npos) << covered.note;

    const OneRun look = undo(second.id, false);
    EXPECT_TRUE(same_costs(calls(), after_second));
    const OneRun without_second = undo(second.id, true);
    EXPECT_EQ(without_second.difference, look.difference);
    EXPECT_GT(*amended_by(without_second), 50);
    EXPECT_EQ(amended_by(without_second), amended_by(second));
    EXPECT_TRUE(same_costs(calls(), after_first));
    EXPECT_EQ(repricer->get(second.id)->undone_by, without_second.id);

    reopen();
    const OneRun without_first = undo(first.id, true);
    EXPECT_EQ(amended_by(without_first), amended_by(first));
    EXPECT_TRUE(same_costs(calls(), as_recorded));
    reopen();
    EXPECT_TRUE(same_costs(calls(), as_recorded)) << "the journal says it";
    EXPECT_NE(undo(first.id, true).note.find("is undone already"), std::string::npos);

    // And forth again, one after the other.
    EXPECT_EQ(undo(without_second.id, true).looked_at, 0) << "the first must be back before";
    const OneRun with_first = undo(without_first.id, true);
    EXPECT_TRUE(same_costs(calls(), after_first));
    const OneRun with_second = undo(without_second.id, true);
    EXPECT_TRUE(same_costs(calls(), after_second)) << with_second.note;
    EXPECT_EQ(undo(first.id, true).looked_at, 0) << "the second holds again";
    EXPECT_EQ(undo(without_third.id, true).status, RunStatus::Done);

    data->recorder().set_prices(catalogue("1"));
    EXPECT_EQ(run(true).status, RunStatus::Done);
    const OneRun idle = run(true);
    EXPECT_EQ(undo(idle.id, true).note, idle.id + " changed the cost of no call");
}

TEST_F(Repricing, WhatHasAnotherCostSinceIsNotUndone) {
    record(200);
    data->recorder().set_prices(catalogue("1.5"));
    const OneRun first = run(true);
    data->recorder().set_prices(catalogue("2.5"));
    const OneRun second = run(true);
    ASSERT_EQ(undo(second.id, true).status, RunStatus::Done);
    // Some are said to cost something else by an undoing that is not theirs: they do not cost what the first
    // gave them, and stay.
    std::vector<Said> others;
    const std::string way_back = repricer->get(second.id)->undone_by;
    for (const auto& [id, call] : calls()) {
        if (call.cost.repricing != way_back || others.size() == 10) continue;
        Said said;
        said.call = id;
        said.project = call.project;
        said.cost = call.cost;
        said.cost->total = *call.cost.total + amount("1");
        others.push_back(std::move(said));
    }
    ASSERT_EQ(others.size(), 10U);
    ASSERT_TRUE(data->recorder().say(others));
    const OneRun undone = undo(first.id, true);
    EXPECT_EQ(*amended_by(undone), *amended_by(first) - 10) << undone.note;
    for (const Said& said : others) EXPECT_EQ(calls().at(said.call).cost.total, said.cost->total);
    EXPECT_GT(*amended_by(undone), 50);
}

TEST_F(Repricing, WhatWroteNothingCannotBeUndone) {
    record(20);
    data->recorder().set_prices(catalogue("1.5"));
    const OneRun look = run(false);
    Repricer::Order order;
    order.undo = look.id;
    EXPECT_EQ(repricer->start(order).error().code, Code::FailedPrecondition);
    order.undo = "2026-11-22-nobody";
    EXPECT_EQ(repricer->start(order).error().code, Code::NotFound);
}

TEST_F(Repricing, WhatHasEndedIsNotEndedAgain) {
    OneRun ended;
    ended.id = "2026-11-22-abc123";
    ended.at = clock.now();
    ASSERT_TRUE(trail->begin(ended));
    ended.status = RunStatus::Failed;
    ended.error = "the disk";
    ASSERT_TRUE(trail->end(ended));
    EXPECT_EQ(trail->unsettled()->size(), 1U) << "its sums are missing";
    OneRun late = ended;
    late.status = RunStatus::Interrupted;
    late.error = "it died";
    late.difference = to_json({}, false);
    ASSERT_TRUE(trail->end(late));
    ASSERT_TRUE(trail->add_sums(late));
    late.difference = "{}";
    ASSERT_TRUE(trail->add_sums(late));
    const auto kept = trail->get(ended.id);
    EXPECT_EQ(kept->status, RunStatus::Failed);
    EXPECT_EQ(kept->error, "the disk");
    EXPECT_EQ(kept->difference, to_json({}, false));
    EXPECT_TRUE(trail->unsettled()->empty());
}

TEST_F(Repricing, NothingIsAppliedWhileNobodyFeedsTheStore) {
    record(20);
    reopen(false);
    data->recorder().set_prices(catalogue("1.5"));
    const auto appended = data->journal().stats().appended.sequence;
    Repricer::Order order;
    order.apply = true;
    const auto started = repricer->start(order);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Code::FailedPrecondition);
    EXPECT_NE(started.error().message.find("nothing is fed"), std::string::npos);
    EXPECT_EQ(data->journal().stats().appended.sequence, appended);
    EXPECT_TRUE(trail->latest(10)->empty());
    EXPECT_EQ(run(false).status, RunStatus::Done);
}

TEST_F(Repricing, NothingIsAppliedWhileOwnPricesAreNotInForce) {
    record(20);
    close();
    const auto set_steps = [&](std::int64_t steps) {
        const auto other = std::move(*control::Database::open((folder / "control.sqlite").string()));
        ASSERT_TRUE(other->write([&](control::Statements& statements) {
            return statements.run("UPDATE owners SET steps = ? WHERE name = 'prices'", {steps});
        }));
    };
    set_steps(7);  // as a newer Steno leaves it
    books_taken = 0;
    reopen();
    EXPECT_EQ(books_taken, 0);
    data->recorder().set_prices(catalogue("1.5"));
    Repricer::Order order;
    order.apply = true;
    const auto started = repricer->start(order);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Code::FailedPrecondition);
    EXPECT_TRUE(trail->latest(10)->empty());
    EXPECT_EQ(run(false).status, RunStatus::Done) << "to look is no harm";
    set_steps(1);
    EXPECT_EQ(run(true).status, RunStatus::Done);
    EXPECT_EQ(books_taken, 1) << "tried once more";
}

TEST_F(Repricing, TheTrailHasTheLatestOwnPriceOfThoseByWhichItWasPriced) {
    record(20);
    pricing::Price first;
    first.provider = "openai";
    first.model = "house";
    first.input = amount("3");
    first.version = 6;
    pricing::Price second = first;
    second.model = "other";
    second.version = 7;
    data->recorder().set_prices(pricing::Catalogue::with({}, {second, first}));
    const OneRun done = run(true);
    EXPECT_EQ(done.own, 7);
    EXPECT_EQ(trail->get(done.id)->own, 7);
    data->recorder().set_prices(catalogue("1.5"));
    EXPECT_EQ(run(true).own, std::nullopt);
}

TEST_F(Repricing, OnlyWhatIsSelectedAndWhatTheProviderSaidOnlyIfAskedFor) {
    record(300);
    data->recorder().set_prices(catalogue("1.5"));
    ASSERT_EQ(run(true, false, "shop").status, RunStatus::Done);
    for (const auto& [id, call] : calls()) {
        if (call.project == "desk") EXPECT_TRUE(call.cost.repricing.empty());
        if (call.cost.source == "provider") EXPECT_EQ(call.cost.total, amount("0.25"));
    }
    ASSERT_EQ(run(true, true).status, RunStatus::Done);
    for (const auto& [id, call] : calls()) {
        if (!reaches_a_model(call.kind) || call.model.requested == "nobody-knows") continue;
        EXPECT_NE(call.cost.source, "provider");
    }
    EXPECT_EQ(expected(*catalogue("1.5"), true).to_amend(), 0);
}

TEST_F(Repricing, WhatArrivesLaterDoesNotUndoIt) {
    record(20);
    data->recorder().set_prices(catalogue("1.5"));
    ASSERT_EQ(run(true).status, RunStatus::Done);
    const auto after = calls();
    std::vector<Call> late;
    for (const auto& [id, call] : after) {
        if (call.cost.repricing.empty()) continue;
        Call again = call;
        again.cost = {};
        again.release = "v2";
        late.push_back(again);
    }
    ASSERT_FALSE(late.empty());
    data->recorder().set_prices(catalogue("1"));
    ASSERT_TRUE(data->recorder().deliver(late));
    for (const auto& [id, call] : calls())
        if (call.release == "v2") EXPECT_EQ(call.cost, after.at(id).cost);
}

TEST_F(Repricing, MoreThanABatch) {
    record(static_cast<int>(Repricer::kBatch) * 3);
    data->recorder().set_prices(catalogue("1.5"));
    const Difference sums = expected(*catalogue("1.5"));
    EXPECT_GT(sums.to_amend(), static_cast<std::int64_t>(Repricer::kBatch));
    EXPECT_EQ(run(true).difference, to_json(sums, true));
    EXPECT_EQ(expected(*catalogue("1.5")).to_amend(), 0);
}

TEST_F(Repricing, WithoutATrailNothingIsWritten) {
    record(20);
    Trail nowhere{nullptr};
    Repricer without{*data, nowhere, nullptr, clock};
    Repricer::Order order;
    order.apply = true;
    const auto started = without.start(order);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Code::FailedPrecondition);
    order.apply = false;
    EXPECT_TRUE(without.start(order));
    EXPECT_EQ(without.get("nothing").error().code, Code::FailedPrecondition);
}

}  // namespace
}  // namespace steno::repricing
