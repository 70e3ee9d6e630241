#include "base/text.hpp"
#include "record/testing/arbitrary_call.hpp"
#include "store/conformance/store_suite.hpp"
#include "store/folding.hpp"
#include "store/memory/memory_store.hpp"
#include "store/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

// Answers: every backend gives what plain evaluation gives.
namespace steno::store::conformance {
namespace {

/// The same calls in plain memory.
std::unique_ptr<CallStore> oracle_of(const std::vector<Call>& calls) {
    auto store = make_memory_store();
    std::vector<Change> changes;
    for (const Call& call : calls) changes.push_back(upsert(call, changes.size() + 1));
    EXPECT_TRUE(store->apply(changes, {}));
    return store;
}

std::vector<Uuid> ids_of(const Page& page) {
    std::vector<Uuid> ids;
    for (const Row& row : page.rows) ids.push_back(row.call.id);
    return ids;
}

/// Sums of floating-point numbers depend on the order of adding.
bool same(const Cell& a, const Cell& b) {
    const auto* x = std::get_if<Value>(&a);
    const auto* y = std::get_if<Value>(&b);
    if (x != nullptr && y != nullptr && std::holds_alternative<double>(*x) &&
        std::holds_alternative<double>(*y)) {
        const double p = std::get<double>(*x);
        const double q = std::get<double>(*y);
        return p == q || std::abs(p - q) <= 1e-12 * std::max(std::abs(p), std::abs(q));
    }
    return a == b;
}

std::string shown(const AggregateTable& table) {
    std::string out;
    for (const auto& group : table.groups) {
        for (const auto& key : group.key) {
            if (key)
                append_json(out, *key);
            else
                out += "absent";
            out += ' ';
        }
        if (group.bucket) out += group.bucket->to_string();
        out += ':';
        for (const Cell& cell : group.cells) {
            out += ' ';
            append_json(out, cell);
        }
        out += '\n';
    }
    return out.substr(0, 4000);
}

void expect_same(const AggregateTable& got, const AggregateTable& wanted, const std::string& what) {
    bool equal = got.truncated == wanted.truncated && got.groups.size() == wanted.groups.size();
    for (std::size_t i = 0; equal && i < got.groups.size(); ++i) {
        equal = got.groups[i].key == wanted.groups[i].key &&
                got.groups[i].bucket == wanted.groups[i].bucket &&
                std::ranges::equal(got.groups[i].cells, wanted.groups[i].cells, same);
    }
    EXPECT_TRUE(equal) << what << "\ngot:\n" << shown(got) << "wanted:\n" << shown(wanted);
}

std::vector<Field> all_fields() {
    std::vector<Field> fields;
    for (const std::size_t index : column_fields())
        if (scalar_fields()[index].type != FieldType::Attributes) fields.push_back(Field{index, {}});
    return fields;
}

std::vector<Op> ops_for(const Field& field) {
    std::vector<Op> ops = {Op::Eq, Op::Ne, Op::In, Op::Exists};
    if (field.type() == FieldType::Text || field.type() == FieldType::Attributes)
        ops.insert(ops.end(), {Op::Prefix, Op::Contains});
    if (field.is_scalar() && field.type() != FieldType::Boolean && field.type() != FieldType::Enum &&
        field.type() != FieldType::Uuid)
        ops.insert(ops.end(), {Op::Lt, Op::Le, Op::Gt, Op::Ge});
    if (field.type() == FieldType::Attributes) ops.insert(ops.end(), {Op::Lt, Op::Ge});
    return ops;
}

/// Some value that a call has in the field; nullopt if it has none.
std::optional<Value> some_value(const Call& call, const Field& field) {
    if (field.type() != FieldType::TextList) return value_in(call, field);
    std::string scratch;
    const FieldValue value = value_of(call, field.index, scratch);
    const auto* const* set = std::get_if<const std::vector<std::string>*>(&value);
    if (set == nullptr || (*set)->empty()) return std::nullopt;
    return Value((*set)->front());
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

Field field(std::string_view path) {
    return value(make_field(path));
}

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
        {"labels.attributes.tone.in", "friendly,formal"},
        {"labels.attributes.level.gt", "1"},
        {"labels.attributes.level", "\"2\""},
        {"labels.attributes.level", "true"},
        {"who.user_id.exists", "false"},
        {"model.requested.prefix", "gpt"},
        {"model.served.contains", "sonnet"},
        {"time.duration_ms.lte", "2500.5"},
        {"kind.in", "chat,embedding"},
        {"usage.seconds.gt", "12.5"},
        {"project.exists", "true"},
        {"project.ne", "shop"}};
    for (const auto& [name, text] : filters)
        if (one_in(9)) selection.filters.push_back(value(make_filter(name, text)));
    if (one_in(6)) selection.filters.push_back(ai_calls(one_in(2)));
    return selection;
}

AggregateQuery random_aggregate(std::mt19937_64& random) {
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    AggregateQuery query;
    query.selection = random_selection(random);
    for (const char* path :
         {"model.requested", "who.user_id", "labels.tags", "labels.attributes.tone",
          "labels.attributes.level", "status", "project", "usage.estimated", "modality.input"})
        if (one_in(5)) query.group_by.push_back(field(path));
    const std::array<std::string_view, 5> units = {"minute", "hour", "day", "week", "month"};
    if (one_in(2)) query.bucket = value(make_bucket(units[random() % 5], one_in(2) ? "UTC" : "-330"));
    for (const char* name : {"calls",
                             "errors",
                             "error_rate",
                             "cost",
                             "input_tokens",
                             "duration_avg",
                             "duration_p50",
                             "duration_p95",
                             "ttft_p99.9",
                             "avg(usage.seconds)",
                             "sum(usage.seconds)",
                             "min(model.served)",
                             "max(started_at)",
                             "count(labels.tags)",
                             "distinct(who.user_id)",
                             "avg(cost.total)",
                             "sum(time.duration_ms)",
                             "p75(cost.total)",
                             "p10(usage.output_tokens)",
                             "min(cost.total)",
                             "distinct(labels.attributes.level)",
                             "avg(usage.output_tokens)"})
        if (one_in(3)) query.measures.push_back(value(make_measure(name)));
    query.measures.push_back(value(make_measure("calls")));
    // Sums of doubles may differ in the last digit, and then in their order.
    const Measure& first = query.measures.front();
    if (one_in(2) && first.field.index == 0) query.order = first.name;
    query.descending = one_in(2);
    query.limit = one_in(3) ? 5 : 1000;
    return query;
}

}  // namespace

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

TEST_P(StoreSuite, PagesStayWholeWhileCallsCome) {
    const auto calls = plausible_calls(120, 22);
    const auto later = plausible_calls(60, 23);
    apply(calls);
    std::size_t next = 0;
    for (const char* order :
         {"-started_at", "started_at", "-cost.total", "cost.total", "model.requested", "-usage.seconds",
          "-time.duration_ms", "-usage.estimated", "id", "-project", "status"}) {
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

TEST_P(StoreSuite, AggregatesLikeTheOracle) {
    const auto calls = plausible_calls(700, 25);
    apply(calls);
    const auto oracle = oracle_of(calls);
    std::mt19937_64 random(25);
    for (int i = 0; i < 150; ++i) {
        const AggregateQuery query = random_aggregate(random);
        expect_same(value(store().aggregate(query)), value(oracle->aggregate(query)),
                    fmt::format("query {}", i));
    }
}

TEST_P(StoreSuite, AnAnswerGivenBeforeIsGivenAgainOnlyWhileItIsRight) {
    const auto calls = plausible_calls(300, 35);
    std::mt19937_64 random(35);
    std::vector<AggregateQuery> queries;
    for (int i = 0; i < 25; ++i) queries.push_back(random_aggregate(random));
    auto oracle = make_memory_store();
    std::uint64_t sequence = 0;
    for (std::size_t i = 0; i < calls.size();) {
        std::vector<Change> batch;
        for (const std::size_t end = std::min(calls.size(), i + 1 + random() % 30); i < end; ++i)
            batch.push_back(upsert(calls[i], ++sequence));
        if (random() % 2 == 0) {
            Said said;
            said.call = calls[random() % i].id;
            said.feedback.emplace().verdict = fmt::format("v{}", random() % 3);
            batch.emplace_back(std::move(said));
        }
        if (random() % 3 == 0) {  // a late half that moves a call to another day
            Call late = calls[random() % i];
            late.started_at = Timestamp{
                1'760'000'000'000'000'000 + static_cast<std::int64_t>(random() % 7'000'000'000'000'000), 0};
            batch.push_back(upsert(late, ++sequence, true));
        }
        for (CallStore* each : {&store(), oracle.get()}) ASSERT_TRUE(each->apply(batch, {}));
        if (i > 200 && random() % 4 == 0)
            for (CallStore* each : {&store(), oracle.get()})
                ASSERT_TRUE(each->forget(std::vector<Position>{at(sequence / 4)}));
        for (int k = 0; k < 6; ++k) {
            const AggregateQuery& query = queries[random() % queries.size()];
            const auto wanted = value(oracle->aggregate(query));
            for (int again = 0; again < 2; ++again)
                expect_same(value(store().aggregate(query)), wanted, fmt::format("after {} calls", i));
        }
    }
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

TEST_P(StoreSuite, MoneyIsExact) {
    auto calls = plausible_calls(1000, 27);
    for (Call& call : calls) {
        call.kind = Kind::Chat;
        call.status = Status::Success;
        call.cost.currency = "USD";
        call.cost.total = Decimal::parse("0.100000000001");
        call.usage.estimated.reset();
    }
    calls[0].cost.total = Decimal::parse("900000000000000.000000000003");
    calls[1].cost.total.reset();
    for (const std::size_t i : {0, 1, 2}) calls[i].usage.estimated = true;
    calls[3].usage.estimated = false;
    apply(calls);
    AggregateQuery query;
    query.measures = {value(make_measure("cost")), value(make_measure("avg(cost.total)"))};
    const auto table = value(store().aggregate(query));
    const auto& cost = std::get<CostSum>(table.groups.at(0).cells[0]);
    EXPECT_EQ(cost.total->to_string(), "900000000000099.800000001001");
    EXPECT_EQ(cost.currency, "USD");
    EXPECT_EQ(cost.unpriced_calls, 1);
    EXPECT_EQ(cost.estimated_calls, 2);
    std::string average;
    append_json(average, table.groups[0].cells[1]);
    EXPECT_EQ(average, "\"900900900901.000800800802\"");
}

TEST_P(StoreSuite, MoneyInTwoCurrenciesIsNotAddedUp) {
    const std::vector<std::vector<std::string>> groups = {{"USD", "EUR"}, {"USD", "ZAR"}, {"EUR", "ZAR"},
                                                          {"ZAR", "ZAR"}, {"USD", ""},    {"USD", "USD"},
                                                          {"", ""},       {"ZAR", ""},    {"EUR", "EUR"}};
    std::vector<Call> calls;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        for (const std::string& currency : groups[i]) {
            calls.push_back(plausible_calls(1, 280 + calls.size())[0]);
            calls.back().who.user_id = fmt::format("{}", i);
            calls.back().cost.total = Decimal::parse("1");
            calls.back().cost.currency = currency;
        }
    }
    apply(calls);
    AggregateQuery query;
    query.group_by = {field("who.user_id")};
    query.measures = {value(make_measure("cost"))};
    const auto table = value(store().aggregate(query));
    expect_same(table, value(oracle_of(calls)->aggregate(query)), "groups of two");
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto& cost = std::get<CostSum>(table.groups.at(i).cells[0]);
        const bool mixed = i < 3;
        EXPECT_EQ(cost.currency, mixed ? "mixed" : std::max(groups[i][0], groups[i][1]));
        EXPECT_EQ(cost.total.has_value(), !mixed);
    }
}

TEST_P(StoreSuite, PercentilesAreNearestRank) {
    auto calls = plausible_calls(10, 29);
    for (std::size_t i = 0; i < calls.size(); ++i)
        calls[i].time.duration = Duration{static_cast<std::int64_t>(i + 1) * 1'000'000};
    apply(calls);
    AggregateQuery query;
    for (const char* name :
         {"duration_p50", "duration_p95", "duration_p90", "duration_p100", "duration_p1", "duration_avg"})
        query.measures.push_back(value(make_measure(name)));
    const auto group = value(store().aggregate(query)).groups.at(0);
    const std::vector<std::string> expected = {"5", "10", "9", "10", "1", "5.5"};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        std::string shown;
        append_json(shown, group.cells[i]);
        EXPECT_EQ(shown, expected[i]) << query.measures[i].name;
    }
}

TEST_P(StoreSuite, NothingGivesOneTotalAndNoGroups) {
    AggregateQuery query;
    query.measures = {value(make_measure("calls")), value(make_measure("duration_p95")),
                      value(make_measure("cost"))};
    const auto total = value(store().aggregate(query));
    ASSERT_EQ(total.groups.size(), 1U);
    EXPECT_EQ(total.groups[0].cells[0], Cell(Value(std::int64_t{0})));
    EXPECT_EQ(total.groups[0].cells[1], Cell());
    query.group_by = {field("model.requested")};
    EXPECT_TRUE(value(store().aggregate(query)).groups.empty());
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
