#include "base/json_writer.hpp"
#include "base/shell_word.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"
#include "suggestions/suggestions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace steno::server {

namespace {

constexpr std::string_view kUsualPeriod = "30d";
constexpr std::array<std::string_view, 4> kOwn = {"kinds", "margin", "score", "newest"};
constexpr std::array<std::string_view, 4> kWhen = {"period", "from", "to", "tz"};

/// The same period and filters in the words of the command line.
std::string flags_of(const ApiRequest& request) {
    std::string flags;
    if (!request.parameter("period") && !request.parameter("from") && !request.parameter("to"))
        flags = fmt::format(" --period {}", kUsualPeriod);
    for (const auto& [name, value] : request.query) {
        if (std::ranges::find(kOwn, name) != kOwn.end() || value.empty()) continue;
        flags += std::ranges::find(kWhen, name) != kWhen.end()
                     ? fmt::format(" --{} {}", name, shell_word(value))
                     : " -f " + shell_word(fmt::format("{}={}", name, value));
    }
    return flags;
}

Result<std::vector<suggestions::Kind>> kinds_in(const ApiRequest& request) {
    std::vector<suggestions::Kind> kinds;
    std::string_view left = request.parameter("kinds").value_or("");
    while (!left.empty()) {
        const std::size_t comma = std::min(left.find(','), left.size());
        STENO_ASSIGN(const suggestions::Kind kind, suggestions::parse_kind(left.substr(0, comma)));
        kinds.push_back(kind);
        left.remove_prefix(std::min(comma + 1, left.size()));
    }
    return kinds;
}

}  // namespace

Result<ApiAnswer> show_suggestions(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    suggestions::Question question;
    STENO_ASSIGN(question.selection, selection_parameters(request, {"kinds", "margin", "score", "newest"}));
    STENO_TRY(no_text(question.selection));
    STENO_ASSIGN(const calendar::Period period, period_parameter(request, zone, kUsualPeriod));
    question.selection.from = period.from;
    question.selection.to = period.to;
    STENO_ASSIGN(question.kinds, kinds_in(request));
    if (const auto margin = request.parameter("margin")) {
        const auto [end, error] =
            std::from_chars(margin->data(), margin->data() + margin->size(), question.margin);
        if (error != std::errc() || end != margin->data() + margin->size())
            return fail(Code::InvalidArgument, fmt::format("margin is no number: \"{}\"", *margin),
                        "a share: 0.05 is 5 %");
    }
    question.score = request.parameter("score").value_or(question.score);
    STENO_ASSIGN(question.newest,
                 number_parameter(request, "newest", question.newest, 1, suggestions::kMostNewest));
    question.flags = flags_of(request);
    ingest::CallReader& calls = services.data.calls();
    calls.catch_up();
    const auto pages = [&calls](const store::CallQuery& query) -> Result<suggestions::Page> {
        STENO_ASSIGN(ingest::CallReader::Page page, calls.find(query, true));
        return suggestions::Page{std::move(page.calls), std::move(page.next_cursor)};
    };
    STENO_ASSIGN(const auto record, services.data.store().snapshot());
    STENO_ASSIGN(const suggestions::Suggestions found,
                 suggestions::suggest(*record, *services.data.recorder().prices(), pages, question));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, "period", period, zone);
    suggestions::write_members(json, found, question);
    json.end_object();
    return answer;
}

}  // namespace steno::server
