#include "base/text.hpp"
#include "record/testing/arbitrary_call.hpp"
#include "store/call_scan.hpp"
#include "store/conformance/store_suite.hpp"
#include "store/folding.hpp"
#include "store/number_scan.hpp"
#include "store/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <tuple>

// Lists: every backend finds what plain evaluation finds, in the same order.
namespace steno::store::conformance {
namespace {

std::vector<Uuid> ids_of(const Page& page) {
    std::vector<Uuid> ids;
    for (const Row& row : page.rows) ids.push_back(row.call.id);
    return ids;
}

std::vector<Field> all_fields() {
    std::vector<Field> fields;
    for (const std::size_t index : column_fields())
        if (scalar_fields()[index].type != FieldType::Attributes) fields.push_back(Field{index, {}});
    for (const char* path : {"scores", "scores.quality", "scores.thumbs", "usage.total_tokens",
                             "trace.agent_subtree", "trace.function_subtree"})
        fields.push_back(field(path));
    return fields;
}

std::vector<Op> ops_for(const Field& field) {
    std::vector<Op> ops = {Op::Eq, Op::Ne, Op::In, Op::Exists};
    if (field.type() == FieldType::Text || field.type() == FieldType::Attributes)
        ops.insert(ops.end(), {Op::Prefix, Op::Contains});
    if (field.is_scalar() && field.type() != FieldType::Boolean && field.type() != FieldType::Enum)
        ops.insert(ops.end(), {Op::Lt, Op::Le, Op::Gt, Op::Ge});
    if (field.type() == FieldType::Attributes) ops.insert(ops.end(), {Op::Lt, Op::Ge});
    return ops;
}

/// Some value that a call has in the field; nullopt if it has none.
std::optional<Value> some_value(const Call& call, const Field& field) {
    if (field.type() != FieldType::TextList) return value_in(call, field);
    const std::vector<std::string> set = members_in(call, field);
    return set.empty() ? std::nullopt : std::optional(Value(set.front()));
}

void compare_filters(CallStore& store, CallStore& oracle, const std::vector<Call>& calls, const Field& field,
                     std::mt19937_64& random) {
    for (const Op op : ops_for(field)) {
        std::vector<Value> values;
        for (int tries = 0; tries < 40 && values.size() < (op == Op::In ? 3 : 1); ++tries)
            if (auto value = some_value(calls[random() % calls.size()], field))
                values.push_back(std::move(*value));
        if (values.empty()) return;  // no call has this field
        const bool of_text = op == Op::Prefix || op == Op::Contains;
        if (of_text && !std::holds_alternative<std::string>(values[0])) continue;
        if (of_text) {
            auto& text = std::get<std::string>(values[0]);
            text = std::string(utf8_prefix(text, 1 + random() % 4));
        }
        if (op == Op::Exists) values = {Value(random() % 2 == 0)};
        Filter filter;
        filter.field = field;
        filter.op = op;
        filter.values = values;
        AggregateQuery query;
        query.selection.filters = {filter};
        query.group_by = {value(make_field("id"))};
        query.measures = {value(make_measure("calls"))};
        query.limit = kMaxPage;
        EXPECT_TRUE(value(store.aggregate(query)).groups == value(oracle.aggregate(query)).groups)
            << field.path() << ' ' << to_string(op);
    }
}

}  // namespace

Selection random_selection(std::mt19937_64& random) {
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    Selection selection;
    if (one_in(3)) selection.from = Timestamp{1'762'000'000'000'000'000, 0};
    if (one_in(3)) selection.to = Timestamp{1'765'000'000'000'000'000, 0};
    if (one_in(4)) selection.text = one_in(2) ? "ÜBERWEISUNG" : "ten O";
    const std::vector<std::pair<std::string_view, std::string_view>> filters = {
        {"status", "failure"},
        {"status.ne", "success"},
        {"usage.input_tokens.gte", "4000"},
        {"cost.total.lt", "4.5"},
        {"labels.tags", "demo"},
        {"labels.tags.ne", "a,b"},
        {"trace.agent_subtree", "planner"},
        {"trace.function_subtree.ne", "fetch"},
        {"labels.attributes.tone.in", "friendly,formal"},
        {"labels.attributes.level.gt", "1"},
        {"labels.attributes.level", "\"2\""},
        {"labels.attributes.level", "true"},
        {"who.user_id.exists", "false"},
        {"model.requested.prefix", "gpt"},
        {"model.served.contains", "sonnet"},
        {"time.duration_ms.lte", "2500.5"},
        {"kind.in", "chat,embedding"},
        {"scores.quality.gte", "40"},
        {"scores.ne", "thumbs"},
        {"usage.seconds.gt", "12.5"},
        {"usage.total_tokens.lte", "5000"},
        {"project.exists", "true"},
        {"project.ne", "shop"}};
    for (const auto& [name, text] : filters)
        if (one_in(9)) selection.filters.push_back(value(make_filter(name, text)));
    if (one_in(6)) selection.filters.push_back(ai_calls(one_in(2)));
    return selection;
}

TEST_P(StoreSuite, FiltersEveryFieldWithEveryOperator) {
    std::vector<Call> calls = plausible_calls(150, 20);
    SeededRandom ids(20);
    for (std::uint64_t i = 0; i < 150; ++i) {
        calls.push_back(steno::testing::arbitrary_call({.seed = 2000 + i, .density = 0.6}));
        calls.back().id = Uuid::random(ids);
    }
    apply(calls);
    const auto oracle = oracle_of(calls);
    std::mt19937_64 random(20);
    for (const Field& each : all_fields()) compare_filters(store(), *oracle, calls, each, random);
    for (const char* path : {"labels.attributes.tone", "labels.attributes.level"})
        for (int i = 0; i < 6; ++i) compare_filters(store(), *oracle, calls, field(path), random);
}

TEST_P(StoreSuite, FindsTextWhateverItsCase) {
    apply(plausible_calls(100, 21));
    const auto oracle = oracle_of(plausible_calls(100, 21));
    for (const char* text : {"überweisung", "ÜBERWEISUNG", "o'CLOCK", "100%", "_", "σίσυφος", "nowhere"}) {
        Selection selection;
        selection.text = text;
        EXPECT_EQ(value(store().count(selection)), value(oracle->count(selection))) << text;
    }
}

TEST_P(StoreSuite, ScansWhatPagesShow) {
    std::vector<Call> calls = plausible_calls(300, 24);
    SeededRandom ids(24);
    for (std::uint64_t i = 0; i < 100; ++i) {
        calls.push_back(steno::testing::arbitrary_call({.seed = 2400 + i, .density = 0.6}));
        calls.back().id = Uuid::random(ids);
    }
    for (std::size_t i = 0; i < 40; ++i) calls[i].started_at = Timestamp{1'763'000'000'000'000'000, 0};
    apply(calls);
    std::vector<std::size_t> fields;
    for (std::size_t i = 0; i < scalar_fields().size(); ++i)
        if (scalar_fields()[i].place == Place::Header || scalar_fields()[i].path.starts_with("preview."))
            fields.push_back(i);
    CallScanner& scanner = *value(scanner_of(store()));
    std::mt19937_64 random(24);
    for (int round = 0; round < 20; ++round) {
        CallQuery query;
        if (round > 0) query.selection = random_selection(random);
        query.descending = false;
        query.limit = kMaxPage;
        const auto scan = value(scanner.scan(query.selection, fields));
        ASSERT_NE(scan, nullptr);
        for (const Row& row : value(store().find(query)).rows) {
            Call scanned;
            const auto values = value(scan->next());
            ASSERT_EQ(values.size(), fields.size());
            for (std::size_t i = 0; i < fields.size(); ++i)
                ASSERT_TRUE(set_value(scanned, fields[i], values[i])) << scalar_fields()[fields[i]].path;
            Call shown;
            std::string scratch;
            for (const std::size_t field : fields)
                ASSERT_TRUE(set_value(shown, field, value_of(row.call, field, scratch)));
            ASSERT_TRUE(scanned == shown);
        }
        EXPECT_TRUE(value(scan->next()).empty());
    }
    const std::vector<std::size_t> payload = {*find_field("raw.request")};
    EXPECT_FALSE(scanner.scan({}, payload));
    EXPECT_FALSE(scanner.scan({}, {}));
}

TEST_P(StoreSuite, PagesStayWholeWhileCallsCome) {
    const auto calls = plausible_calls(120, 22);
    const auto later = plausible_calls(60, 23);
    apply(calls);
    std::size_t next = 0;
    for (const char* order :
         {"-started_at", "started_at", "-cost.total", "cost.total", "model.requested", "-usage.seconds",
          "-usage.total_tokens", "-time.duration_ms", "-usage.estimated", "id", "-project", "status"}) {
        CallQuery query;
        ASSERT_TRUE(set_order(query, order));
        query.limit = 25;
        std::vector<Uuid> seen;
        do {
            const Page page = value(store().find(query));
            std::ranges::move(ids_of(page), std::back_inserter(seen));
            query.cursor = page.next_cursor.value_or("");
            if (next < later.size()) {
                apply(std::vector<Change>{upsert(later[next], next + 1)});
                ++next;
            }
        } while (!query.cursor.empty());
        const std::set<Uuid> unique(seen.begin(), seen.end());
        EXPECT_EQ(unique.size(), seen.size()) << order << ": a call came twice";
        for (const Call& call : calls)
            EXPECT_TRUE(unique.contains(call.id)) << order << ": a call was left out";
    }
}

TEST_P(StoreSuite, OrdersLikeTheOracle) {
    const auto calls = plausible_calls(200, 24);
    apply(calls);
    const auto oracle = oracle_of(calls);
    for (const Field& each : all_fields()) {
        if (!each.is_scalar()) continue;
        for (const bool descending : {true, false}) {
            CallQuery query;
            query.order = each;
            query.descending = descending;
            query.limit = 150;
            const Page got = value(store().find(query));
            const Page wanted = value(oracle->find(query));
            EXPECT_TRUE(ids_of(got) == ids_of(wanted)) << each.path() << descending;
            ASSERT_TRUE(got.next_cursor);
            EXPECT_EQ(*got.next_cursor, *wanted.next_cursor);
            query.cursor = *got.next_cursor;
            EXPECT_TRUE(ids_of(value(store().find(query))) == ids_of(value(oracle->find(query))))
                << each.path();
        }
    }
}

TEST_P(StoreSuite, OrdersByAllTokensOfACall) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    using Tokens = std::optional<std::int64_t>;
    // In the order of what they come to; of those that come to the same, and of those of which nothing is
    // known, in that of their ids.
    const std::vector<std::pair<Tokens, Tokens>> usages = {{kMost, 5},
                                                           {kMost - 1, std::nullopt},
                                                           {kMost / 2, kMost / 2},
                                                           {700, 20},
                                                           {std::nullopt, 600},
                                                           {500, std::nullopt},
                                                           {100, 399},
                                                           {0, 0},
                                                           {-5, 4},
                                                           {-kMost, -kMost},
                                                           {std::nullopt, std::nullopt},
                                                           {std::nullopt, std::nullopt}};
    std::vector<Call> calls = plausible_calls(usages.size(), 35);
    std::ranges::sort(calls, std::greater(), &Call::id);
    for (std::size_t i = 0; i < usages.size(); ++i)
        std::tie(calls[i].usage.input_tokens, calls[i].usage.output_tokens) = usages[i];
    apply(calls);
    CallQuery query;
    ASSERT_TRUE(set_order(query, "-usage.total_tokens"));
    for (const auto& fields : std::vector<std::vector<std::string>>{{}, {"status"}}) {
        query.fields = fields;
        for (const std::uint32_t limit : {1000U, 3U}) {
            query.limit = limit;
            query.cursor.clear();
            std::vector<Uuid> found;
            do {
                const Page page = value(store().find(query));
                std::ranges::move(ids_of(page), std::back_inserter(found));
                query.cursor = page.next_cursor.value_or("");
            } while (!query.cursor.empty());
            ASSERT_EQ(found.size(), calls.size());
            for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], calls[i].id) << i;
        }
    }
    AggregateQuery sums;
    sums.selection.filters = {value(make_filter("usage.total_tokens.lte", "720")),
                              value(make_filter("usage.total_tokens.gte", "0"))};
    sums.measures = {value(make_measure("calls")), value(make_measure("total_tokens")),
                     value(make_measure("max(usage.total_tokens)"))};
    const std::vector<Cell> cells = value(store().aggregate(sums)).groups.at(0).cells;
    EXPECT_EQ(cells, (std::vector<Cell>{Value(std::int64_t{5}), Value(std::int64_t{720 + 600 + 500 + 499}),
                                        Value(std::int64_t{720})}));
}

TEST_P(StoreSuite, PositionsAreThoseOfTheCallsFound) {
    apply(plausible_calls(400, 33));
    std::mt19937_64 random(33);
    for (std::size_t i = 0; i < 40; ++i) {
        CallQuery query;
        query.selection = random_selection(random);
        ASSERT_TRUE(set_order(query, std::array{"-started_at", "started_at", "-cost.total"}[i % 3]));
        query.limit = 1 + static_cast<std::uint32_t>(random() % 60);
        for (int pages = 0; pages < 3; ++pages) {
            const Page page = value(store().find(query));
            const auto positions = value(store().positions(query));
            ASSERT_EQ(positions.size(), page.rows.size());
            for (std::size_t j = 0; j < positions.size(); ++j) {
                const Row& row = page.rows[j];
                EXPECT_TRUE(positions[j] == (CallPositions{row.call.id, row.call.project, row.call.started_at,
                                                           row.closed_at, row.opened_at}));
                if (row.call.started_at) {
                    EXPECT_EQ(positions[j].started_at->offset_minutes, row.call.started_at->offset_minutes);
                }
            }
            if (!page.next_cursor) break;
            query.cursor = *page.next_cursor;
        }
    }
    CallQuery all;
    all.limit = kMaxPositions;
    EXPECT_EQ(value(store().positions(all)).size(), 400U);
    all.limit = kMaxPositions + 1;
    EXPECT_EQ(store().positions(all).error().code, Code::InvalidArgument);
}

TEST_P(StoreSuite, ReadsTheFieldsThatAreAskedFor) {
    std::vector<Call> calls;
    SeededRandom ids(34);
    for (std::uint64_t i = 0; i < 40; ++i) {
        calls.push_back(steno::testing::arbitrary_call({.seed = 3400 + i, .density = 0.7}));
        calls.back().id = Uuid::random(ids);
    }
    apply(calls);
    const auto oracle = oracle_of(calls);
    for (const std::vector<std::string>& fields :
         std::vector<std::vector<std::string>>{{"cost.total"},
                                               {"usage"},
                                               {"labels.attributes.tone", "status"},
                                               {"scores", "preview.prompt"},
                                               {"attempts"},
                                               {"ended_at", "labels.tags"},
                                               {"nothing.like.this"}}) {
        CallQuery query;
        ASSERT_TRUE(set_order(query, "-time.duration_ms"));
        query.limit = 30;
        query.fields = fields;
        const Page page = value(store().find(query));
        const Page wanted = value(oracle->find(query));
        EXPECT_TRUE(page.rows == wanted.rows) << fields.front();
        EXPECT_EQ(page.next_cursor, wanted.next_cursor);
        query.fields.clear();
        EXPECT_TRUE(ids_of(value(store().find(query))) == ids_of(page));
    }
    CallQuery money;
    money.fields = {"cost.total"};
    const Row row = value(store().find(money)).rows.at(0);
    const Call& whole = *std::ranges::find(calls, row.call.id, &Call::id);
    EXPECT_EQ(row.call.cost.total, as_stored(whole).cost.total);
    EXPECT_EQ(row.call.started_at, whole.started_at);
    EXPECT_TRUE(row.call.model.requested.empty());
    EXPECT_FALSE(shown_by(money).remainder);
}

TEST_P(StoreSuite, RandomSelectionsLikeTheOracle) {
    const auto calls = plausible_calls(400, 26);
    apply(calls);
    const auto oracle = oracle_of(calls);
    std::mt19937_64 random(26);
    for (int i = 0; i < 100; ++i) {
        CallQuery query;
        query.selection = random_selection(random);
        query.limit = kMaxPage;
        EXPECT_TRUE(value(store().find(query)).rows == value(oracle->find(query)).rows) << i;
    }
}

std::vector<NumberRow> numbers_of(CallQueries& calls, const NumberQuery& query) {
    std::vector<NumberRow> rows;
    const auto done = value(number_scanner_of(calls))->scan_numbers(query, [&](const NumberBatch& batch) {
        EXPECT_EQ(batch.numbers.size(), query.numbers.size());
        for (std::size_t row = 0; row < batch.group.size(); ++row) {
            auto& [values, texts] = rows.emplace_back();
            values.push_back(batch.group[row]);
            // NaN is not equal to itself.
            for (const auto& column : batch.numbers)
                values.push_back(std::isnan(column[row]) ? -1e300 : column[row]);
            for (const auto& column : batch.texts) texts.emplace_back(column[row]);
        }
    });
    EXPECT_TRUE(done) << done.error().message;
    std::ranges::sort(rows);
    return rows;
}

TEST_P(StoreSuite, NumbersOfCallsAreThoseOfTheOracle) {
    auto calls = plausible_calls(3000, 27);  // more than a chunk
    calls[0].scores["quality"].value = 1.5;
    calls[1].cost.total = Decimal::parse("123456789012345.000000000001");
    apply(calls);
    const auto oracle = oracle_of(calls);
    std::mt19937_64 random(27);
    NumberQuery query;
    query.by = field("model.requested");
    for (const Call& call : calls)
        if (!call.model.requested.empty() && query.groups.size() < 3 &&
            std::ranges::find(query.groups, call.model.requested) == query.groups.end())
            query.groups.push_back(call.model.requested);
    query.groups.emplace_back("no' model");
    for (const char* path : {"time.duration_ms", "usage.input_tokens", "cost.total", "scores.quality",
                             "started_at", "prompt.all_variables_present", "prompt.experiment.probability"})
        query.numbers.push_back(field(path));
    for (const char* path : {"status", "feedback.verdict", "who.user_id", "project"})
        query.texts.push_back(field(path));
    ASSERT_FALSE(numbers_of(store(), query).empty());
    for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(numbers_of(store(), query) == numbers_of(*oracle, query)) << i;
        query.selection = random_selection(random);
    }
}

TEST_P(StoreSuite, RefusesNumbersThatAreNone) {
    apply(plausible_calls(20, 28));
    NumberScanner& scanner = *value(number_scanner_of(store()));
    const NumberQuery good{{}, field("prompt.version"), {"1"}, {field("time.duration_ms")}};
    const auto refused = [&](const auto& change) {
        NumberQuery query = good;
        change(query);
        const auto done = scanner.scan_numbers(query, [](const NumberBatch&) {});
        return !done && done.error().code == Code::InvalidArgument;
    };
    EXPECT_TRUE(scanner.scan_numbers(good, [](const NumberBatch&) {}));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.groups.clear(); }));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.groups = {"1", "1"}; }));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.groups.assign(kMostNumberGroups + 1, "1"); }));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.numbers.clear(); }));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.numbers = {field("prompt.name")}; }));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.by = field("time.duration_ms"); }));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.texts = {field("time.duration_ms")}; }));
    EXPECT_TRUE(refused([](NumberQuery& query) { query.texts = {field("labels.tags")}; }));
}

TEST_P(StoreSuite, ValuesAreNeverSql) {
    auto calls = plausible_calls(30, 30);
    const std::vector<std::string> attacks = {"'; DROP TABLE calls; --", "\" OR 1=1 --", "$1", "?", "%", "\\",
                                              "')) UNION SELECT 1",      "x\0y"};
    for (std::size_t i = 0; i < attacks.size(); ++i) {
        calls[i].who.user_id = attacks[i];
        calls[i].labels.attributes[attacks[i]] = attacks[i];
        calls[i].labels.tags = {attacks[i]};
    }
    apply(calls);
    for (std::size_t i = 0; i < attacks.size(); ++i) {
        for (const std::string& name :
             {std::string("who.user_id"), std::string("labels.tags"), "labels.attributes." + attacks[i]}) {
            Selection selection;
            selection.filters = {value(make_filter(name, Op::Eq, attacks[i]))};
            EXPECT_EQ(value(store().count(selection)), 1U) << name << ' ' << attacks[i];
        }
        Selection text;
        text.text = attacks[i];
        EXPECT_TRUE(store().count(text));
        AggregateQuery query;
        query.group_by = {field("labels.attributes." + attacks[i])};
        query.measures = {value(make_measure("calls"))};
        EXPECT_EQ(value(store().aggregate(query)).groups.size(), 2U);
        EXPECT_FALSE(make_field(attacks[i]));
        EXPECT_FALSE(make_measure("sum(" + attacks[i] + ")"));
        query.order = attacks[i];
        EXPECT_FALSE(store().aggregate(query));
    }
    EXPECT_EQ(value(store().count({})), 30U);
}

TEST_P(StoreSuite, RefusesCursorsThatAreNone) {
    apply(plausible_calls(20, 31));
    CallQuery query;
    query.limit = 5;
    const std::string good = *value(store().find(query)).next_cursor;
    EXPECT_EQ(good.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    std::vector<std::string> bad = {
        "x",         "====",   "AAAA", good.substr(0, good.size() / 2),
        good + good, "bnVsbA", "e30",  to_base64(R"({"o":"-started_at","v":"1' OR 1=1","i":"x","p":""})")};
    for (const std::string& cursor : bad) {
        query.cursor = cursor;
        const auto page = store().find(query);
        ASSERT_FALSE(page) << cursor;
        EXPECT_EQ(page.error().code, Code::InvalidArgument);
        EXPECT_FALSE(page.error().remedy.empty());
    }
    query.cursor = good;
    query.descending = false;
    EXPECT_FALSE(store().find(query)) << "a cursor of another order";
}

TEST_P(StoreSuite, RefusesLimitsOutOfBounds) {
    CallQuery query;
    query.limit = 0;
    EXPECT_EQ(store().find(query).error().code, Code::InvalidArgument);
    query.limit = kMaxPage + 1;
    EXPECT_EQ(store().find(query).error().code, Code::InvalidArgument);
    EXPECT_EQ(store().aggregate({}).error().code, Code::InvalidArgument);
}

}  // namespace steno::store::conformance
