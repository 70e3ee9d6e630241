#include "sources/gateway/context_headers.hpp"

#include "base/text.hpp"
#include "record/bounded.hpp"
#include "sources/gateway/experiments.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

namespace steno::gateway {

namespace {

constexpr std::string_view kPrefix = "x-steno-";
// As many as the SDKs have (client/context_node.hpp).
constexpr std::size_t kMostTags = 50;
constexpr std::size_t kMostOuter = 16;
constexpr std::size_t kMostMissing = 100;

/// How much of a header's value the call has now.
enum class Taken { Nothing, Part, All };

Taken whole(bool taken) {
    return taken ? Taken::All : Taken::Nothing;
}

/// Reads one header's value into the call. `why` it is not all taken, where what it should be does not say.
using Take = Taken (*)(std::string_view value, Call& call, std::string& why);

template <auto Group, auto Member>
Taken take_text(std::string_view value, Call& call, std::string& /*why*/) {
    if (value.size() > kLongestId || !is_valid_utf8(value)) return Taken::Nothing;
    call.*Group.*Member = value;
    return Taken::All;
}

template <auto Member>
Taken take_top(std::string_view value, Call& call, std::string& /*why*/) {
    if (value.size() > kLongestId || !is_valid_utf8(value)) return Taken::Nothing;
    call.*Member = value;
    return Taken::All;
}

/// The value, if it is a JSON object; without white space.
Taken take_object(std::string_view value, Json& into) {
    thread_local simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(value.data(), value.size()).get(object) != simdjson::SUCCESS) return Taken::Nothing;
    into.text = simdjson::minify(object);
    return Taken::All;
}

Taken take_attributes(std::string_view value, Call& call, std::string& /*why*/) {
    thread_local simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(value.data(), value.size()).get(object) != simdjson::SUCCESS) return Taken::Nothing;
    bool all = true;
    for (const auto [key, element] : object) {
        std::string_view text;
        double number = 0;
        bool flag = false;
        auto& attributes = call.labels.attributes;
        if (element.get(text) == simdjson::SUCCESS) {
            attributes[std::string(key)] = std::string(text);
        } else if (element.get(flag) == simdjson::SUCCESS) {
            attributes[std::string(key)] = flag;
        } else if (element.get(number) == simdjson::SUCCESS) {
            attributes[std::string(key)] = number;
        } else {
            all = false;
        }
    }
    return all ? Taken::All : Taken::Part;
}

/// 32 hex digits, not all of them 0 (W3C Trace Context, section 3.2.2.3), in small letters; nothing if it is
/// not that.
std::string trace_id_of(std::string_view digits) {
    if (digits.size() != 32 || !from_hex(digits) || digits.find_first_not_of('0') == std::string_view::npos)
        return {};
    return lower_case(digits);
}

Taken take_trace(std::string_view value, Call& call, std::string& /*why*/) {
    call.trace.trace_id = trace_id_of(value);
    return whole(!call.trace.trace_id.empty());
}

/// Separated by commas, or a JSON array of texts: so names with commas come whole.
std::vector<std::string> words_of(std::string_view value) {
    thread_local simdjson::dom::parser parser;
    simdjson::dom::array array;
    std::vector<std::string> words;
    if (value.starts_with('[') && parser.parse(value.data(), value.size()).get(array) == simdjson::SUCCESS &&
        std::ranges::all_of(array, [](simdjson::dom::element one) { return one.is_string(); })) {
        for (const simdjson::dom::element one : array)
            words.emplace_back(trim(one.get_string().value_unsafe()));
    } else {
        for (const std::string_view word : split(value, ',')) words.emplace_back(word);
    }
    return words;
}

/// The first `Most` of them: each is a group of its own in statistics, with all that the call cost.
template <auto Group, auto Member, std::size_t Most>
Taken take_words(std::string_view value, Call& call, std::string& /*why*/) {
    if (!is_valid_utf8(value)) return Taken::Nothing;
    std::vector<std::string>& taken = call.*Group.*Member;
    for (const std::string& word : words_of(value)) {
        if (word.empty()) continue;
        if (taken.size() == Most) return Taken::Part;
        taken.emplace_back(utf8_prefix(word, kLongestId));
    }
    return Taken::All;
}

/// "[]": it is known that none is missing.
Taken take_missing_variables(std::string_view value, Call& call, std::string& why) {
    const Taken taken =
        take_words<&Call::prompt, &PromptFacts::missing_variables, kMostMissing>(value, call, why);
    if (taken != Taken::Nothing) call.prompt.all_variables_present = call.prompt.missing_variables.empty();
    return taken;
}

Taken take_kind(std::string_view value, Call& call, std::string& /*why*/) {
    return whole(from_string(value, call.kind));
}

/// "off", or what the program itself has assigned the call to.
Taken take_experiment(std::string_view value, Call& call, std::string& why) {
    Experiment& experiment = call.prompt.experiment;
    if (equals_ignoring_case(value, "off")) {
        experiment = {};
        experiment.left_out = kOptedOut;
        return Taken::All;
    }
    thread_local simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (const auto error = parser.parse(value.data(), value.size()).get(object)) {
        why = error == simdjson::INCORRECT_TYPE ? "it is another JSON value" : "it is no JSON";
        return Taken::Nothing;
    }
    Experiment told;
    for (const auto& [name, into] : {std::pair{"id", &told.id},
                                     {"variant", &told.variant},
                                     {"unit", &told.unit},
                                     {"left_out", &told.left_out}}) {
        simdjson::dom::element member;
        std::string_view text;
        if (object[name].get(member) != simdjson::SUCCESS || member.is_null()) continue;
        if (member.get(text) != simdjson::SUCCESS) {
            why = fmt::format("its {} is no text", name);
            return Taken::Nothing;
        }
        if (into == &told.unit) text = counted_unit(text);  // as in a fetch
        if (text.size() > kLongestId) {
            why = fmt::format("its {} has {} bytes, and may have {}", name, text.size(), kLongestId);
            return Taken::Nothing;
        }
        *into = text;
    }
    const auto none = [](const std::string& text) { return text.empty(); };
    if (none(told.id))
        why = "it has no id";
    else if (none(told.left_out) && (none(told.variant) || none(told.unit)))
        why = fmt::format("it has no {}", none(told.variant) ? "variant" : "unit");
    else if (!none(told.left_out) && !(none(told.variant) && none(told.unit)))
        why = "it is left out, and has a variant or unit";
    if (!why.empty()) return Taken::Nothing;
    simdjson::dom::element number;
    if (object["probability"].get(number) == simdjson::SUCCESS && !number.is_null()) {
        double probability = 0;
        if (number.get(probability) == simdjson::SUCCESS && probability >= kLeastProbability &&
            probability <= 1)
            told.probability = probability;
        else
            why = "its probability is none";
    }
    if (object["revision"].get(number) == simdjson::SUCCESS && !number.is_null()) {
        std::int64_t revision = 0;
        if (number.get(revision) == simdjson::SUCCESS && revision > 0)
            told.revision = revision;
        else
            why += why.empty() ? "its revision is none" : ", nor is its revision";
    }
    experiment = std::move(told);
    return why.empty() ? Taken::All : Taken::Part;
}

Taken take_full_data(std::string_view value, Call& call, std::string& /*why*/) {
    const bool yes = equals_ignoring_case(value, "true") || value == "1";
    const bool no = equals_ignoring_case(value, "false") || value == "0";
    if (yes || no) call.privacy.full_data = yes;
    return whole(yes || no);
}

struct ContextHeader {
    std::string_view name;  ///< without the prefix
    std::string_view wants;
    Take take;
};

constexpr std::string_view kId = "at most 200 bytes of UTF-8";
constexpr std::string_view kTags = "at most 50 words of UTF-8, separated by commas";
constexpr std::string_view kOuter = "at most 16 names of UTF-8, separated by commas";
constexpr std::string_view kObject = R"(a JSON object, in UTF-8 or with escapes such as \u00e9)";

constexpr std::array kHeaders{
    ContextHeader{"session", kId, take_text<&Call::trace, &Trace::session_id>},
    ContextHeader{"request", kId, take_text<&Call::trace, &Trace::request_id>},
    ContextHeader{"parent", kId, take_text<&Call::trace, &Trace::parent_id>},
    ContextHeader{"trace", "32 hex digits", take_trace},
    ContextHeader{"agent", kId, take_text<&Call::trace, &Trace::agent>},
    ContextHeader{"function", kId, take_text<&Call::trace, &Trace::function>},
    ContextHeader{"operation", kId, take_text<&Call::trace, &Trace::operation>},
    ContextHeader{"user", kId, take_text<&Call::who, &Who::user_id>},
    ContextHeader{"subject", kId, take_text<&Call::who, &Who::subject>},
    ContextHeader{"project", kId, take_top<&Call::project>},
    ContextHeader{"environment", kId, take_top<&Call::environment>},
    ContextHeader{"name", kId, take_top<&Call::name>},
    ContextHeader{"prompt-type", kId, take_text<&Call::prompt, &PromptFacts::type>},
    ContextHeader{"prompt-name", kId, take_text<&Call::prompt, &PromptFacts::name>},
    ContextHeader{"prompt-version", kId, take_text<&Call::prompt, &PromptFacts::version>},
    ContextHeader{"retention", kId, take_text<&Call::privacy, &Privacy::retention>},
    ContextHeader{
        "variables", kObject,
        [](std::string_view v, Call& c, std::string&) { return take_object(v, c.prompt.variables); }},
    ContextHeader{"missing-variables", "at most 100 names of UTF-8, separated by commas",
                  take_missing_variables},
    ContextHeader{
        "metadata", kObject,
        [](std::string_view v, Call& c, std::string&) { return take_object(v, c.labels.metadata); }},
    ContextHeader{"attributes", "a JSON object of strings, numbers and booleans", take_attributes},
    ContextHeader{"tags", kTags, take_words<&Call::labels, &Labels::tags, kMostTags>},
    ContextHeader{"outer-agents", kOuter, take_words<&Call::trace, &Trace::outer_agents, kMostOuter>},
    ContextHeader{"outer-functions", kOuter, take_words<&Call::trace, &Trace::outer_functions, kMostOuter>},
    ContextHeader{"kind", "a kind of call, such as chat or intent", take_kind},
    ContextHeader{"store-full-data", "true or false", take_full_data},
    ContextHeader{
        "experiment",
        "off, or a JSON object with id, and left_out or variant and unit (with a probability from 1e-9 "
        "to 1, a revision)",
        take_experiment},
};

/// "00-<32 hex>-<16 hex>-<2 hex>" (W3C Trace Context); anything else is ignored, as that specification says.
void take_traceparent(std::string_view value, Call& call) {
    if (value.size() < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return;
    std::string trace = trace_id_of(value.substr(3, 32));
    const std::string_view parent = value.substr(36, 16);
    if (trace.empty() || !from_hex(parent)) return;
    if (call.trace.trace_id.empty()) call.trace.trace_id = std::move(trace);
    if (call.trace.parent_id.empty()) call.trace.parent_id = lower_case(parent);
}

}  // namespace

std::vector<std::string> take_context(net::Headers& headers, Call& call) {
    std::vector<std::string> warnings;
    bool any = false;
    for (const auto& [name, value] : headers) {
        if (name.size() <= kPrefix.size() ||
            !equals_ignoring_case(std::string_view(name).substr(0, kPrefix.size()), kPrefix)) {
            continue;
        }
        any = true;
        const std::string_view rest = std::string_view(name).substr(kPrefix.size());
        bool known = equals_ignoring_case(rest, "api-key");  // the server's own, and seen to
        for (const ContextHeader& header : kHeaders) {
            if (!equals_ignoring_case(rest, header.name)) continue;
            known = true;
            std::string why;
            const Taken taken = header.take(trim(value), call, why);
            if (taken == Taken::All) continue;
            std::string warning =
                fmt::format("{}{} {}: it should be {}", kPrefix, header.name,
                            taken == Taken::Part ? "taken in part" : "ignored", header.wants);
            if (!why.empty()) warning += "; " + why;
            // Many HTTP clients write text into headers as Latin-1.
            if (!is_valid_utf8(value)) warning += "; its bytes are not UTF-8";
            warnings.push_back(std::move(warning));
        }
        if (!known && is_valid_utf8(rest))
            warnings.push_back(fmt::format("{}{} is not known", kPrefix, lower_case(rest)));
    }
    if (any) {
        headers.remove_if([](const net::Headers::Field& field) {
            return equals_ignoring_case(std::string_view(field.first).substr(0, kPrefix.size()), kPrefix);
        });
    }
    if (const auto traceparent = headers.get("traceparent")) take_traceparent(*traceparent, call);
    return warnings;
}

}  // namespace steno::gateway
