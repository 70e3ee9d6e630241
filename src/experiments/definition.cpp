#include "experiments/definition.hpp"

#include "analysis/experiment_metric.hpp"
#include "base/text.hpp"
#include "control/name.hpp"
#include "prompts/check.hpp"
#include "prompts/names.hpp"
#include "prompts/version_number.hpp"
#include "providers/request_edit.hpp"
#include "record/bounded.hpp"
#include "record/json_number.hpp"
#include "record/json_object.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace steno::experiments {

namespace {

constexpr std::array<std::string_view, 3> kRules = {"none", "conclude_winner", "bandit"};
constexpr std::array<std::string_view, 2> kBetter = {"higher", "lower"};
constexpr std::array<std::string_view, 6> kSettings = {"model", "temperature", "top_p",
                                                       "top_k", "token_limit", "parameters"};
constexpr std::array<std::string_view, 15> kMembers = {
    "name",   "description", "prompt", "label",  "prompt_type", "unit",          "share",  "variants",
    "metric", "better",      "margin", "guards", "rule",        "every_minutes", "weights"};

template <class List>
bool is_in(const List& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::unexpected<Error> wrong(std::string_view member, std::string_view takes) {
    return fail(Code::InvalidArgument, fmt::format("{}: {}", member, takes));
}

/// One of these words.
template <class Enum, std::size_t N>
Result<void> read_word(JsonReader& json, std::string_view name, const std::array<std::string_view, N>& words,
                       Enum& into) {
    std::string text;
    if (json.peek() == JsonReader::Type::String && json.string(text))
        if (const auto found = std::ranges::find(words, text); found != words.end()) {
            into = static_cast<Enum>(found - words.begin());
            return {};
        }
    return wrong(name, fmt::format("{}", fmt::join(words, ", ")));
}

template <class Number>
Result<void> number(JsonReader& json, std::string_view name, Number& into) {
    if (read_number(json, into)) return {};
    return wrong(name, std::is_integral_v<Number> ? "a whole number" : "a number");
}

Result<void> flag(JsonReader& json, std::string_view name, bool& into) {
    if (json.peek() == JsonReader::Type::Boolean && json.boolean(into)) return {};
    return wrong(name, "true or false");
}

/// An object, whose members `read` reads: false, it does not know that one.
using ReadMember = std::function<Result<bool>(std::string_view)>;
Result<void> read_object(JsonReader& json, std::string_view what, std::string_view members, bool strict,
                         const ReadMember& read) {
    Result<void> good;
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        const auto known = read(name);
        if (!known)
            good = std::unexpected(known.error());
        else if (!*known && !strict)
            return json.skip();
        else if (!*known)
            good = fail(Code::InvalidArgument, fmt::format("{} has no \"{}\"", what, utf8_prefix(name, 80)),
                        std::string(members));
        return good.has_value();
    });
    STENO_TRY(good);
    if (!whole)
        return fail(Code::InvalidArgument, fmt::format("{} is a JSON object", what), std::string(members));
    return {};
}

template <class T>
Result<void> read_list(JsonReader& json, std::string_view name, std::size_t most, std::vector<T>& into,
                       const std::function<Result<void>(T&)>& read) {
    into.clear();
    Result<void> good;
    const bool whole = json.peek() == JsonReader::Type::Array && json.array([&] {
        good = into.size() == most ? wrong(name, fmt::format("{} at most", most)) : read(into.emplace_back());
        return good.has_value();
    });
    STENO_TRY(good);
    return whole ? Result<void>() : wrong(name, "a list");
}

/// Of a share, from 0 to 1, 3 is not three points.
Result<void> check_limit(std::string_view what, const std::string& metric, double limit,
                         std::string_view remedy) {
    const auto known = analysis::experiment_metric(metric);
    if (!known || known->told.unit != analysis::Unit::Share || !(limit >= 1)) return {};
    return fail(Code::InvalidArgument,
                fmt::format("{}: {} is a share, from 0 to 1: {:.6g} would be {:.6g} %", what, metric, limit,
                            limit * 100),
                std::string(remedy));
}

/// What the gateway would not send.
Result<void> check_parameters(const Variant& variant) {
    for (const auto& [name, value] : json_members(variant.changes.settings.parameters))
        if (!providers::is_parameter(name))
            return fail(
                Code::InvalidArgument,
                fmt::format("the variant \"{}\": parameters: \"{}\" is none: it says what is asked, of "
                            "whom or how it is answered, and is not sent",
                            variant.name, utf8_prefix(name, 80)),
                name == "model" ? "a variant has a model of its own, beside its parameters"
                                : "leave it out; texts belong in a version of the prompt");
    return {};
}

Result<void> check_prompt_type(const std::string& type) {
    const std::string why = control::wrong_with_name(type, kLongestId);
    if (why.empty()) return {};
    return fail(Code::InvalidArgument, fmt::format("prompt_type: the name {}", why),
                "what programs give as prompt_type, such as extract_page_metadata");
}

/// From outside `strict`, which refuses what is not known; what is stored is read as far as it is known.
class Reader {
  public:
    Reader(Definition& definition, bool strict) : definition_(definition), strict_(strict) {}

    Result<void> read(std::string_view object) {
        JsonReader json(object);
        STENO_TRY(read_object(json, "an experiment", fmt::format("{}", fmt::join(kMembers, ", ")), strict_,
                              [&](std::string_view name) { return member(json, name); }));
        if (!json.at_end())
            return fail(Code::InvalidArgument, "the experiment is no JSON object: " + json.problem(),
                        "one object, and nothing behind it");
        if (!weights_.empty()) STENO_TRY(set_weights(definition_, weights_));
        if (metric_said_ && !better_) STENO_TRY(by_itself(definition_.metric, "better", definition_.better));
        if (better_) definition_.better = *better_;
        return strict_ ? check_said() : Result<void>();
    }

  private:
    /// What is refused of those who say it now, and of those who said it before it was refused is left.
    Result<void> check_said() const {
        if (prompt_said_ && !definition_.prompt.empty()) STENO_TRY(prompts::check_name(definition_.prompt));
        if (prompt_type_said_ && !definition_.prompt_type.empty())
            STENO_TRY(check_prompt_type(definition_.prompt_type));
        if (margin_said_ || metric_said_)
            STENO_TRY(check_limit("margin", definition_.metric, definition_.margin,
                                  "three points are 0.03 (or 3% on the command line)"));
        if (guards_said_)
            for (const Guard& guard : definition_.guards)
                STENO_TRY(check_limit(
                    "guards: worse_by", guard.metric, guard.worse_by,
                    R"(worse_by 0.03 for three points; for 3 % of the control's own "relative": true besides )"
                    "(on the command line worse_by=3%)"));
        if (variants_said_)
            for (const Variant& variant : definition_.variants) STENO_TRY(check_parameters(variant));
        return {};
    }

    Result<bool> member(JsonReader& json, std::string_view name) {
        Definition& to = definition_;
        Result<void> good;
        if (name == "name")
            good = prompts::read_text(json, name, to.name);
        else if (name == "description")
            good = prompts::read_text(json, name, to.description);
        else if (name == "prompt") {
            prompt_said_ = true;
            good = prompts::read_text(json, name, to.prompt);
        } else if (name == "label")
            good = prompts::read_text(json, name, to.label);
        else if (name == "prompt_type") {
            prompt_type_said_ = true;
            good = prompts::read_text(json, name, to.prompt_type);
        } else if (name == "unit") {
            std::string text;
            STENO_TRY(prompts::read_text(json, name, text));
            const auto kind = assignment::parse_unit_kind(text);
            if (!kind) return wrong(name, "user, session or request");
            to.unit = *kind;
        } else if (name == "share")
            good = number(json, name, to.share);
        else if (name == "variants") {
            variants_said_ = true;
            good = read_list<Variant>(json, name, assignment::kMostVariants, to.variants,
                                      [&](Variant& variant) { return read_variant(json, variant); });
        } else if (name == "weights")
            good = read_weights(json);
        else if (name == "metric") {
            metric_said_ = true;
            good = prompts::read_text(json, name, to.metric);
        } else if (name == "better")
            good = read_word(json, name, kBetter, better_.emplace());
        else if (name == "margin") {
            margin_said_ = true;
            good = number(json, name, to.margin);
        } else if (name == "guards") {
            guards_said_ = true;
            good = read_list<Guard>(json, name, kMaxGuards, to.guards,
                                    [&](Guard& guard) { return read_guard(json, guard); });
        } else if (name == "rule")
            good = read_word(json, name, kRules, to.rule);
        else if (name == "every_minutes")
            good = number(json, name, to.every_minutes);
        else
            return false;
        STENO_TRY(good);
        return true;
    }

    Result<void> read_variant(JsonReader& json, Variant& variant) {
        return read_object(
            json, "a variant", fmt::format("name, weight, version, {}", fmt::join(kSettings, ", ")), strict_,
            [&](std::string_view name) -> Result<bool> {
                Result<void> good;
                if (name == "name")
                    good = prompts::read_text(json, "variants: name", variant.name);
                else if (name == "weight")
                    good = number(json, "variants: weight", variant.weight);
                else if (name == "version")
                    good = prompts::read_text(json, "variants: version", variant.changes.version);
                else if (name == "stopped" && !strict_)
                    good = flag(json, name, variant.stopped);
                else if (is_in(kSettings, name))
                    return prompts::read_member(json, name, variant.changes.settings);
                else
                    return false;
                STENO_TRY(good);
                return true;
            });
    }

    Result<void> read_guard(JsonReader& json, Guard& guard) {
        bool is_said = false;
        STENO_TRY(read_object(json, "a guard", "metric, worse_by, relative, better", strict_,
                              [&](std::string_view name) -> Result<bool> {
                                  Result<void> good;
                                  if (name == "metric")
                                      good = prompts::read_text(json, "guards: metric", guard.metric);
                                  else if (name == "worse_by")
                                      good = number(json, "guards: worse_by", guard.worse_by);
                                  else if (name == "relative")
                                      good = flag(json, "guards: relative", guard.relative);
                                  else if (name == "better") {
                                      is_said = true;
                                      good = read_word(json, "guards: better", kBetter, guard.better);
                                  } else
                                      return false;
                                  STENO_TRY(good);
                                  return true;
                              }));
        return is_said ? Result<void>() : by_itself(guard.metric, "guards: better", guard.better);
    }

    Result<void> read_weights(JsonReader& json) {
        const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
            return read_number(json, weights_[std::string(name)]);
        });
        return whole ? Result<void>()
                     : wrong("weights", R"(a number above 0 for each variant: {"control": 1, "shorter": 3})");
    }

    /// Which of its values are the better ones, where nobody says so.
    static Result<void> by_itself(const std::string& name, std::string_view member, Better& better) {
        STENO_ASSIGN(const auto metric, analysis::experiment_metric(name));
        if (metric.told.better == analysis::Better::Neither)
            return wrong(member, fmt::format("higher or lower: nothing is known of {}", name));
        better = metric.told.better == analysis::Better::Higher ? Better::Higher : Better::Lower;
        return {};
    }

    Definition& definition_;
    const bool strict_;
    bool prompt_said_ = false, prompt_type_said_ = false, metric_said_ = false, margin_said_ = false,
         guards_said_ = false, variants_said_ = false;
    std::optional<Better> better_;
    Weights weights_;
};

Result<void> check_metric(std::string_view what, const std::string& name) {
    auto metric = analysis::experiment_metric(name);
    if (metric) return {};
    return std::unexpected(std::move(metric).error().with_context(what));
}

Result<void> check_variant(const Definition& definition, const Variant& variant) {
    const prompts::Content& settings = variant.changes.settings;
    auto good = prompts::check_settings(settings);
    if (good && settings.parameters.size() > kMaxParameters)
        good = wrong("parameters", fmt::format("longer than {} bytes", kMaxParameters));
    if (const std::string& version = variant.changes.version; good && !version.empty()) {
        if (const auto parsed = prompts::VersionNumber::parse(version); !parsed)
            good = std::unexpected(parsed.error());
        else if (definition.prompt.empty())
            good = fail(Code::InvalidArgument, "a version of which prompt?", R"("prompt": "NAME")");
    }
    if (good) return {};
    return std::unexpected(
        std::move(good).error().with_context(fmt::format("the variant \"{}\"", variant.name)));
}

Result<Variant*> variant_of(Definition& definition, std::string_view name) {
    const auto found = std::ranges::find(definition.variants, name, &Variant::name);
    if (found != definition.variants.end()) return &*found;
    return fail(Code::InvalidArgument, fmt::format("there is no variant \"{}\"", utf8_prefix(name, 80)),
                fmt::format("there are {}",
                            fmt::join(definition.variants | std::views::transform(&Variant::name), ", ")));
}

void write_variant(JsonWriter& json, const Variant& variant) {
    json.begin_object();
    json.member("name", variant.name);
    json.member("weight", variant.weight);
    json.member("stopped", variant.stopped);
    if (!variant.changes.version.empty()) json.member("version", variant.changes.version);
    prompts::write_members(json, variant.changes.settings);
    json.end_object();
}

void write_guard(JsonWriter& json, const Guard& guard) {
    json.begin_object();
    json.member("metric", guard.metric);
    json.member("better", to_string(guard.better));
    json.member("worse_by", guard.worse_by);
    json.member("relative", guard.relative);
    json.end_object();
}

}  // namespace

std::string_view to_string(Rule rule) {
    return kRules[static_cast<std::size_t>(rule)];
}

std::string_view to_string(Better better) {
    return kBetter[static_cast<std::size_t>(better)];
}

prompts::Content changed(prompts::Content content, const Changes& changes) {
    const prompts::Content& by = changes.settings;
    if (!by.model.empty()) content.model = by.model;
    if (by.temperature) content.temperature = by.temperature;
    if (by.top_p) content.top_p = by.top_p;
    if (by.top_k) content.top_k = by.top_k;
    if (by.token_limit) content.token_limit = by.token_limit;
    if (by.parameters.empty()) return content;
    JsonMembers members = json_members(content.parameters);
    for (auto& [name, value] : json_members(by.parameters)) {
        const auto there = std::ranges::find(members, name, &JsonMembers::value_type::first);
        if (there == members.end())
            members.emplace_back(name, std::move(value));
        else
            there->second = std::move(value);
    }
    content.parameters.clear();
    JsonWriter json(content.parameters);
    json.begin_object();
    for (const auto& [name, value] : members) json.member_raw(name, value);
    json.end_object();
    return content;
}

std::string asked_for(const Definition& definition) {
    return definition.label == prompts::kProduction ? "" : definition.label;
}

Result<void> set_weights(Definition& definition, const Weights& weights) {
    for (const auto& [name, weight] : weights) {
        STENO_ASSIGN(Variant* const variant, variant_of(definition, name));
        if (variant->stopped)
            return fail(Code::InvalidArgument, fmt::format("the variant \"{}\" is stopped for good", name),
                        "a new experiment may have it again");
        variant->weight = weight;
    }
    for (Variant& variant : definition.variants)
        if (variant.stopped) variant.weight = 0;
    return {};
}

Result<void> stop(Definition& definition, std::string_view name) {
    STENO_ASSIGN(Variant* const variant, variant_of(definition, name));
    if (variant == definition.variants.data())
        return fail(Code::InvalidArgument, "the first variant is the control, and is not stopped",
                    "pause or conclude the experiment");
    variant->stopped = true;
    return {};
}

Result<void> check(const Definition& definition) {
    if (!assignment::is_name(definition.name))
        return fail(Code::InvalidArgument, "name: 1 to 64 small letters, digits and \"._-\"",
                    "shorter-answers");
    STENO_TRY(prompts::check_text("description", definition.description, prompts::kMaxShortText));
    if (definition.prompt.empty() && definition.prompt_type.empty())
        return fail(
            Code::InvalidArgument, "an experiment has a prompt, or a prompt_type, or both",
            "prompt: programs that fetch it get the variants; prompt_type: the gateway edits its calls");
    if (definition.label != prompts::kLatest) STENO_TRY(prompts::check_label(definition.label));
    assignment::Plan plan{.id = definition.name, .name = {}, .share = definition.share, .variants = {}};
    for (const Variant& variant : definition.variants)
        plan.variants.push_back({variant.name, variant.weight, variant.stopped});
    STENO_TRY(assignment::check(plan));
    for (const Variant& variant : definition.variants) STENO_TRY(check_variant(definition, variant));
    STENO_TRY(check_metric("metric", definition.metric));
    if (!(definition.margin >= 0 && std::isfinite(definition.margin)))
        return wrong("margin", "a number from 0 on, in the metric's unit (0.01: one point of a share)");
    for (const Guard& guard : definition.guards) {
        STENO_TRY(check_metric("guards", guard.metric));
        if (!(guard.worse_by >= 0 && std::isfinite(guard.worse_by)))
            return wrong("guards: worse_by", "a number from 0 on");
    }
    if (definition.every_minutes < kLeastMinutes || definition.every_minutes > kMostMinutes)
        return wrong("every_minutes", fmt::format("from {} to {}", kLeastMinutes, kMostMinutes));
    return {};
}

void write_members(JsonWriter& json, const Definition& definition) {
    json.member("name", definition.name);
    json.member("description", definition.description);
    json.member("prompt", definition.prompt);
    json.member("label", definition.label);
    json.member("prompt_type", definition.prompt_type);
    json.member("unit", assignment::to_string(definition.unit));
    json.member("share", definition.share);
    json.key("variants");
    json.begin_array();
    for (const Variant& variant : definition.variants) write_variant(json, variant);
    json.end_array();
    json.member("metric", definition.metric);
    json.member("better", to_string(definition.better));
    json.member("margin", definition.margin);
    json.key("guards");
    json.begin_array();
    for (const Guard& guard : definition.guards) write_guard(json, guard);
    json.end_array();
    json.member("rule", to_string(definition.rule));
    json.member("every_minutes", definition.every_minutes);
}

std::string to_json(const Definition& definition) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    write_members(json, definition);
    json.end_object();
    return out;
}

Result<Definition> definition_from_json(std::string_view object) {
    Definition definition;
    STENO_TRY(Reader(definition, true).read(object));
    STENO_TRY(check(definition));
    return definition;
}

Result<void> change_from_json(std::string_view object, Definition& definition) {
    Definition after = definition;
    STENO_TRY(Reader(after, true).read(object));
    if (after.name != definition.name)
        return fail(Code::InvalidArgument, "name: an experiment keeps its name",
                    "leave it out; one by another name is made anew");
    STENO_TRY(check(after));
    definition = std::move(after);
    return {};
}

bool same_question(const Definition& a, Definition b) {
    if (a.variants.size() != b.variants.size()) return false;
    for (std::size_t i = 0; i < a.variants.size(); ++i) {
        b.variants[i].weight = a.variants[i].weight;
        b.variants[i].stopped = a.variants[i].stopped;
    }
    b.description = a.description;
    b.share = a.share;
    b.guards = a.guards;
    b.rule = a.rule;
    b.every_minutes = a.every_minutes;
    return a == b;
}

Result<Definition> definition_from_stored(std::string_view object) {
    Definition definition;
    STENO_TRY(Reader(definition, false).read(object));
    STENO_TRY(check(definition));
    return definition;
}

}  // namespace steno::experiments
