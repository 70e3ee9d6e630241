#include "store/conformance/store_suite.hpp"

#include "base/random.hpp"
#include "store/memory/memory_store.hpp"

#include <fmt/format.h>

#include <random>

namespace steno::store::conformance {

void StoreSuite::SetUp() {
    std::string pattern = (std::filesystem::temp_directory_path() / "steno-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    reopen();
}

void StoreSuite::TearDown() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void StoreSuite::reopen() {
    store_.reset();
    store_ = value(GetParam().open((folder_ / "store").string()));
    ASSERT_NE(store_, nullptr);
}

void StoreSuite::apply(const std::vector<Change>& changes, const std::vector<Watermark>& watermarks) {
    const auto done = store_->apply(changes, watermarks);
    ASSERT_TRUE(done) << done.error().message;
}

void StoreSuite::apply(const std::vector<Call>& calls) {
    std::vector<Change> changes;
    for (const Call& call : calls) changes.push_back(upsert(call, changes.size() + 1));
    apply(changes);
}

std::vector<Row> StoreSuite::all_rows(CallQueries& calls) {
    CallQuery query;
    query.descending = false;
    query.limit = kMaxPage;
    std::vector<Row> rows;
    for (;;) {
        Page page = value(calls.find(query));
        std::ranges::move(page.rows, std::back_inserter(rows));
        if (!page.next_cursor) return rows;
        query.cursor = *page.next_cursor;
    }
}

Position at(std::uint64_t sequence) {
    static const Uuid stream = *Uuid::parse("11111111-2222-4333-8444-555555555555");
    return {stream, sequence};
}

Change upsert(const Call& call, std::uint64_t sequence, bool may_exist) {
    Upsert change;
    change.row.call = call;
    change.row.closed_at = at(sequence);
    if (sequence % 2 == 0) change.row.opened_at = at(sequence - 1);
    change.may_exist = may_exist;
    return change;
}

std::vector<Call> plausible_calls(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    SeededRandom ids(seed);
    const auto below = [&](std::uint64_t end) { return random() % end; };
    const auto one_in = [&](std::uint64_t n) { return below(n) == 0; };
    const std::array<std::string, 4> models = {"gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5",
                                               "gemini-2.5-pro"};
    std::vector<Call> calls;
    for (std::size_t i = 0; i < count; ++i) {
        Call call;
        call.id = Uuid::random(ids);
        call.kind = one_in(5) ? Kind::Function : one_in(7) ? Kind::Embedding : Kind::Chat;
        call.status = one_in(6) ? Status::Failure : one_in(20) ? Status::Partial : Status::Success;
        if (!one_in(50))
            call.started_at = Timestamp{
                1'760'000'000'000'000'000 + static_cast<std::int64_t>(below(90ULL * 86'400'000)) * 1'000'000,
                static_cast<std::int16_t>(60)};
        if (!one_in(4)) call.project = one_in(2) ? "shop" : "search";
        call.model.requested = models[below(4)];
        if (!one_in(3)) call.model.served = models[below(4)] + "-2026";
        if (!one_in(3)) call.who.user_id = fmt::format("u-{}", below(20));
        if (!one_in(8)) call.time.duration = Duration{static_cast<std::int64_t>(below(5'000'000'000))};
        if (!one_in(2))
            call.time.time_to_first_token = Duration{static_cast<std::int64_t>(below(900'000'000))};
        if (!one_in(5)) call.usage.input_tokens = static_cast<std::int64_t>(below(9000));
        if (!one_in(5)) call.usage.output_tokens = static_cast<std::int64_t>(below(900));
        if (one_in(9)) call.usage.seconds = static_cast<double>(below(4000)) / 8;
        if (!one_in(4)) {
            call.cost.total = Decimal::from_units(static_cast<__int128>(below(9'000'000'000'000)));
            call.cost.currency = one_in(40) ? "EUR" : "USD";
        }
        if (one_in(3)) call.usage.estimated = one_in(2);
        for (const char* tag : {"demo", "nightly", "a,b"})
            if (one_in(3)) call.labels.tags.emplace_back(tag);
        if (one_in(4)) call.labels.tags.emplace_back("demo");
        for (const char* agent : {"planner", "writer"})
            if (one_in(3)) call.trace.outer_agents.emplace_back(agent);
        if (one_in(2)) call.trace.agent = one_in(2) ? "writer" : "critic";
        if (one_in(4)) call.trace.outer_functions = {"fetch", "parse"};
        if (one_in(3)) call.trace.function = one_in(2) ? "fetch" : "rank";
        if (!one_in(3)) call.labels.attributes["tone"] = one_in(2) ? "friendly" : "formal";
        if (one_in(2)) call.labels.attributes["level"] = static_cast<double>(below(6)) / 2;
        if (one_in(5)) call.labels.attributes["level"] = one_in(2);
        if (one_in(5)) call.labels.attributes["level"] = "2";
        if (one_in(4)) call.scores["quality"].value = static_cast<double>(below(200)) / 2;
        if (one_in(5)) {
            Score& thumbs = call.scores["thumbs"];
            thumbs.label = one_in(2) ? "up" : "down";
            if (one_in(2)) thumbs.value = thumbs.label == "up" ? 1 : 0;
        }
        call.preview.prompt = one_in(2) ? "Wann ist der Überweisungstermin?" : "Summarise this page";
        if (!one_in(4)) call.preview.answer = one_in(2) ? "At TEN o'clock" : "ΣΊΣΥΦΟΣ 100%";
        calls.push_back(std::move(call));
    }
    return calls;
}

std::unique_ptr<CallStore> oracle_of(const std::vector<Call>& calls) {
    auto store = make_memory_store();
    std::vector<Change> changes;
    for (const Call& call : calls) changes.push_back(upsert(call, changes.size() + 1));
    EXPECT_TRUE(store->apply(changes, {}));
    return store;
}

Field field(std::string_view path) {
    return value(make_field(path));
}

}  // namespace steno::store::conformance
