#include "cli/run_summary.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/call_view.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <iterator>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kMeasures =
    "calls,errors,input_tokens,output_tokens,cost,duration_p50,duration_p95";
/// AI calls whose tokens nobody told, and that did not fail before there were any.
constexpr std::string_view kUntold =
    "&measures=calls&kind.in=chat,completion,embedding,vision,intent&status.in=success,partial,cancelled"
    "&usage.input_tokens.exists=false&usage.output_tokens.exists=false";
constexpr int kModels = 8;  ///< lines of them
constexpr int kCalls = 3;   ///< lines of slow ones, and of failed ones

std::string cost(dom::element group) {
    dom::element sum;
    return group["cost"].get(sum) == simdjson::SUCCESS ? cost_sum(sum) : "";
}

std::string time_at(dom::element group, const char* pointer) {
    return has(group, pointer) ? milliseconds(number_at(group, pointer)) : kUnknown;
}

std::string calls_of(dom::element group) {
    return counted(sum_at(group, "/calls"), "AI call");
}

std::string tokens_of(dom::element group, double not_told) {
    return fmt::format("{} tokens in, {} out{}", sum_at(group, "/input_tokens"),
                       sum_at(group, "/output_tokens"), not_told_of(not_told));
}

std::string model_of(dom::element call) {
    const std::string model = text_at(call, "/model/requested");
    return printable(text_at(call, "/provider/name") + (model.empty() ? "" : " " + model));
}

struct Answers {
    dom::element total, models, slow, failed, own;  ///< each with the parser that it lies in
    dom::element untold, own_untold;                ///< of which calls nobody told the tokens, that have some
    dom::element all;                               ///< AI calls and what else the gateway passed on
    dom::parser parsers[8];
};

Result<void> ask(Api& api, const std::string& target, dom::parser& parser, dom::element& answer) {
    STENO_ASSIGN(const std::string body, api.get(target));
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    return {};
}

dom::array list_in(dom::element answer, const char* name) {
    dom::array list;
    if (answer[name].get(list) != simdjson::SUCCESS) return {};
    return list;
}

double calls_in(dom::element answer) {
    const auto groups = list_in(answer, "groups");
    return groups.size() > 0 ? number_at(groups.at(0), "/calls") : 0;
}

std::string text_of(const Answers& answers, const RunFacts& facts) {
    std::string out;
    const auto line = [&out]<class... A>(fmt::format_string<A...> format, A&&... args) {
        fmt::format_to(std::back_inserter(out), format, std::forward<A>(args)...);
        out += '\n';
    };
    const auto groups = list_in(answers.total, "groups");
    const bool any = calls_in(answers.total) > 0;
    if (!any) {
        line("steno: no AI call was seen in {}", milliseconds(static_cast<double>(facts.nanos) / 1e6));
    } else {
        const dom::element all = groups.at(0);
        line("steno: {}, {} failed · {} · {} · {}", calls_of(all), sum_at(all, "/errors"),
             tokens_of(all, calls_in(answers.untold)), cost(all).empty() ? "no cost known" : cost(all),
             milliseconds(static_cast<double>(facts.nanos) / 1e6));
        int shown = 0;
        for (const dom::element group : list_in(answers.models, "groups")) {
            if (++shown > kModels) break;
            std::string model = text_at(group, "/key/provider.name");
            if (const std::string name = text_at(group, "/key/model.requested"); !name.empty())
                model += " " + name;
            line("  {:<40} {:>5}  {:>10} → {:<8} {:>12}  median {}, 95 % {}", printable(model),
                 sum_at(group, "/calls"), sum_at(group, "/input_tokens"), sum_at(group, "/output_tokens"),
                 cost(group).empty() ? kUnknown : cost(group), time_at(group, "/duration_p50"),
                 time_at(group, "/duration_p95"));
        }
        for (const dom::element call : list_in(answers.slow, "calls")) {
            line("  slowest  {:>9}  {}  {}", milliseconds(number_at(call, "/time/duration_ms")),
                 text_at(call, "/id"), model_of(call));
        }
        for (const dom::element call : list_in(answers.failed, "calls")) {
            const std::string why(utf8_prefix(text_at(call, "/error/message"), 120));
            line("  failed   {}  {}  {}: {}", text_at(call, "/id"), model_of(call),
                 text_at(call, "/error/type"), printable(why));
        }
    }
    const double others = calls_in(answers.all) - calls_in(answers.total);
    if (others > 0)
        line("  and {} that reached no model (a list of models, a file, …)",
             counted(fmt::format("{:.0f}", others), "request"));
    const auto own = list_in(answers.own, "groups");
    const bool any_own = calls_in(answers.own) > 0;
    if (any_own) {
        line("  recorded by the program itself: {}, {}{}", calls_of(own.at(0)),
             tokens_of(own.at(0), calls_in(answers.own_untold)),
             any ? " (not in the sum; those above may be among them)" : "");
    }
    for (const std::string& process : facts.still_running)
        line("  still running: {}; its AI calls find no way from now on (--wait)", printable(process));
    for (const auto& [what, why] : facts.not_recorded)
        line("  not recorded: {}: {}", printable(what), printable(why));
    if (any || any_own || others > 0)
        line("  in {}: steno calls list{} -f labels.attributes.{}={}", printable(facts.where),
             printable(facts.flags), kRunAttribute, facts.id);
    return out;
}

std::string json_of(const Answers& answers, const RunFacts& facts) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("run", facts.id);
    json.member("record", facts.where);
    json.member("duration_ms", static_cast<double>(facts.nanos) / 1e6);
    const auto groups = list_in(answers.total, "groups");
    if (groups.size() > 0) json.member_raw("total", simdjson::minify(groups.at(0)));
    json.member("other_requests", static_cast<std::int64_t>(calls_in(answers.all) - calls_in(answers.total)));
    json.member("calls_without_tokens", static_cast<std::int64_t>(calls_in(answers.untold)));
    json.member_raw("models", simdjson::minify(list_in(answers.models, "groups")));
    json.member_raw("slowest", simdjson::minify(list_in(answers.slow, "calls")));
    json.member_raw("failed", simdjson::minify(list_in(answers.failed, "calls")));
    if (const auto own = list_in(answers.own, "groups"); own.size() > 0)
        json.member_raw("recorded_by_the_program", simdjson::minify(own.at(0)));
    json.key("still_running");
    json.begin_array();
    for (const std::string& process : facts.still_running) json.string(process);
    json.end_array();
    json.key("not_recorded");
    json.begin_object();
    for (const auto& [what, why] : facts.not_recorded) json.member(what, why);
    json.end_object();
    json.end_object();
    return out + "\n";
}

}  // namespace

Result<RunSummary> summarise_run(Api& api, const RunFacts& facts) {
    const std::string run =
        fmt::format("labels.attributes.{}={}", kRunAttribute, net::percent_encode(facts.id));
    const std::string sums = fmt::format("/api/v1/aggregate?{}&measures={}", run, kMeasures);
    const std::string aggregate = fmt::format("{}&source=gateway&kind.in={}", sums, ai_kinds());
    const std::string calls = fmt::format(
        "/api/v1/"
        "calls?{}&source=gateway&kind.in={}&limit={}&fields=id,provider.name,model.requested,status,"
        "time.duration_ms,error",
        run, ai_kinds(), kCalls);
    Answers answers;
    STENO_TRY(ask(api, aggregate, answers.parsers[0], answers.total));
    STENO_TRY(ask(api, aggregate + "&group_by=provider.name,model.requested&order=-cost", answers.parsers[1],
                  answers.models));
    STENO_TRY(ask(api, calls + "&order=-time.duration_ms", answers.parsers[2], answers.slow));
    STENO_TRY(ask(api, calls + "&status=failure", answers.parsers[3], answers.failed));
    STENO_TRY(ask(api, fmt::format("{}&source.ne=gateway&kind.in={}", sums, ai_kinds()), answers.parsers[4],
                  answers.own));
    const std::string untold = fmt::format("/api/v1/aggregate?{}{}", run, kUntold);
    STENO_TRY(ask(api, untold + "&source=gateway", answers.parsers[5], answers.untold));
    STENO_TRY(ask(api, untold + "&source.ne=gateway", answers.parsers[6], answers.own_untold));
    STENO_TRY(ask(api, fmt::format("/api/v1/aggregate?{}&measures=calls&source=gateway", run),
                  answers.parsers[7], answers.all));
    return RunSummary{text_of(answers, facts), json_of(answers, facts)};
}

}  // namespace steno::cli
