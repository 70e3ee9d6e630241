#include "cli/price_origins.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"
#include "store/query.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <utility>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

/// Who says the price, and on which day it was applied to calls of before, if it was.
struct Origin {
    std::string price;
    std::string repriced;
    friend auto operator<=>(const Origin&, const Origin&) = default;
};

/// A price's id is "…@2026-11-20/batch" or "…/own-3/batch". Which file the one of an estimated usage came
/// from, it does not say.
Origin origin_of(dom::element group) {
    const std::string source = text_at(group, "/key/cost.source"), id = text_at(group, "/key/cost.price_id");
    const std::size_t own = id.rfind("/own-"), at = id.rfind('@');
    const auto part = [&](std::size_t begin) { return id.substr(begin, id.find('/', begin) - begin); };
    Origin origin{source,
                  text_at(group, "/key/cost.repricing").substr(0, std::string_view("2026-11-22").size())};
    if (source.empty() || (source == "custom" && id.empty()))
        origin.price = "delivered";
    else if (own != std::string::npos && source != "provider")
        origin.price = part(own + 1);
    else if (source == "catalogue" && at != std::string::npos)
        origin.price = "catalogue " + part(at + 1);
    return origin;
}

}  // namespace

Result<std::string> price_origins(Api& api, const PeriodFlags& period,
                                  const std::vector<std::string>& filters) {
    Question question("/api/v1/aggregate");
    question.period(period);
    question.add("group_by", "cost.source,cost.repricing,cost.price_id");
    question.add("measures", "calls,count(cost.total),cost");
    question.add("limit", std::to_string(store::kMaxGroups));
    question.add("kind.in", ai_kinds());
    STENO_TRY(question.filters(filters));
    STENO_ASSIGN(const std::string body, api.get(question.target()));
    dom::parser parser;
    dom::element answer;
    dom::array groups;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
        answer["groups"].get(groups) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no groups");
    std::map<Origin, std::int64_t> calls;
    std::int64_t no_price = 0, no_usage = 0;
    for (const dom::element group : groups) {
        const auto number = [&](const char* pointer) {
            return static_cast<std::int64_t>(number_at(group, pointer));
        };
        const std::int64_t priced = number("/count(cost.total)"), unpriced = number("/cost/unpriced_calls");
        no_price += unpriced;
        no_usage += number("/calls") - priced - unpriced;
        if (priced > 0) calls[origin_of(group)] += priced;
    }
    if (calls.empty()) return std::string();
    std::vector<std::pair<Origin, std::int64_t>> sorted(calls.begin(), calls.end());
    std::ranges::sort(sorted, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    constexpr std::size_t kMost = 8;
    std::string told;
    const auto tell = [&](const std::string& what, std::int64_t count, const std::string& repriced = {}) {
        if (count == 0) return;
        const std::string number = grouped(count);
        told += fmt::format("{}{} ({}{}{})", told.empty() ? "" : ", ", printable(what),
                            told.empty() ? counted(number, "call") : number,
                            repriced.empty() ? "" : ", re-priced ", printable(repriced));
    };
    std::int64_t others = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (sorted.size() > kMost && i + 1 >= kMost)
            others += sorted[i].second;
        else
            tell(sorted[i].first.price, sorted[i].second, sorted[i].first.repriced);
    }
    tell("others", others);
    tell("no price", no_price);
    tell("failed without usage", no_usage);
    if (text_at(answer, "/truncated") == "true") told += ", …";
    return told;
}

void print_price_origins(std::string_view origins, std::string_view indent, std::string_view head) {
    constexpr std::size_t kWidth = 80;
    constexpr std::string_view kEnd = "), ";
    std::string line = fmt::format("{}{}: ", indent, head);
    const std::size_t begin = line.size();
    while (!origins.empty()) {
        const std::string_view one = origins.substr(0, std::min(origins.find(kEnd), origins.size()) + 2);
        origins.remove_prefix(std::min(one.size(), origins.size()));
        if (line.size() > begin && line.size() + 1 + one.size() > kWidth) {
            fmt::print("{}\n", line);
            line.assign(begin, ' ');
        }
        line.append(line.size() > begin ? " " : "").append(one);
        origins.remove_prefix(origins.starts_with(' ') ? 1 : 0);
    }
    if (line.size() > begin) fmt::print("{}\n", line);
}

}  // namespace steno::cli
