#include "experiments/at_gateway.hpp"

#include "base/log.hpp"
#include "templates/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <set>
#include <utility>

namespace steno::experiments {

namespace {

constexpr std::int64_t kFresh = std::chrono::nanoseconds(std::chrono::minutes(1)).count();
constexpr std::int64_t kFreshError = std::chrono::nanoseconds(std::chrono::seconds(1)).count();

/// What of the call is assigned; empty: it does not say.
std::string unit_of(const Call& call, UnitKind kind) {
    switch (kind) {
        case UnitKind::User:
            return call.who.user_id;
        case UnitKind::Session:
            return call.trace.session_id;
        case UnitKind::Request:
            break;
    }
    return call.trace.request_id.empty() ? call.id.to_string() : call.trace.request_id;
}

/// Members of members are named with points.
bool has_value(const prompts::Value& variables, std::string_view name) {
    const prompts::Value* at = &variables;
    for (std::size_t from = 0; at != nullptr && from <= name.size();) {
        if (const prompts::Value* const whole = at->member(name.substr(from)))
            return whole->type != prompts::Value::Type::Null;
        const std::size_t point = std::min(name.find('.', from), name.size());
        at = at->member(name.substr(from, point - from));
        from = point + 1;
    }
    return false;
}

providers::RequestEdit edit_of(const prompts::Content& content) {
    providers::RequestEdit edit{.model = content.model,
                                .temperature = content.temperature,
                                .top_p = content.top_p,
                                .top_k = content.top_k,
                                .token_limit = content.token_limit,
                                .parameters = content.parameters};
    if (!content.text.empty()) edit.texts.push_back({"user", content.text});
    for (const prompts::Message& message : content.messages)
        edit.texts.push_back({message.role, message.content});
    return edit;
}

std::uint64_t text_bytes_of(const prompts::Content& content) {
    std::uint64_t bytes = content.text.size();
    for (const prompts::Message& message : content.messages) bytes += message.content.size();
    return bytes;
}

/// What filling in may come to beyond the texts: lists that are gone through again and again, and long values
/// that come often.
constexpr std::uint64_t kMoreBytes = 1u << 20;
constexpr std::uint64_t kMoreSteps = 50'000;

/// As far as it decides whether a request can be edited so.
std::string shape_of(const providers::RequestEdit& edit) {
    std::string shape = edit.model.empty() ? "" : "model ";
    for (const auto& text : edit.texts) shape += text.role + " ";
    return shape;
}

}  // namespace

std::shared_ptr<const AtGateway::Known> AtGateway::find(std::string_view prompt_type) const {
    const std::scoped_lock lock(mutex_);
    const auto found = known_.find(prompt_type);
    return found == known_.end() ? nullptr : found->second;
}

AtGateway::Standing AtGateway::standing(std::string_view prompt_type) const noexcept {
    const auto running = table_.now()->of_type(prompt_type);
    if (!running) return Standing::None;
    const auto known = find(prompt_type);
    return known && known->running == running ? Standing::Ready : Standing::Unread;
}

std::string_view AtGateway::what_is_unknown(const steno::Experiment& part) const noexcept {
    if (part.id.empty()) return {};
    switch (table_.now()->knows(part.id, part.variant)) {
        case Table::Known::NotTheExperiment:
            return "no experiment that was ever started here has this id";
        case Table::Known::NotTheVariant:
            return "the experiment has no such variant";
        case Table::Known::Both:
            break;
    }
    return {};
}

std::uint64_t AtGateway::text_bytes(std::string_view prompt_type) const noexcept {
    const auto known = find(prompt_type);
    return known ? known->text_bytes : 0;
}

bool AtGateway::is_fresh(const Known& known, std::int64_t now) {
    return now - known.read_at < (known.error.empty() ? kFresh : kFreshError);
}

bool AtGateway::claim_read(std::string_view prompt_type) noexcept {
    try {
        const auto running = table_.now()->of_type(prompt_type);
        if (!running) return false;
        const std::int64_t now = system_clock().steady_nanos();
        const std::scoped_lock lock(mutex_);
        const auto known = known_.find(prompt_type);
        if (known != known_.end() && known->second->running == running && is_fresh(*known->second, now))
            return false;
        const auto [claim, is_first] = claimed_.try_emplace(std::string(prompt_type), now);
        if (!is_first && now - claim->second < kFresh) return false;
        claim->second = now;  // who had it before has come to nothing
        return true;
    } catch (const std::exception&) {  // no memory: the next one tries
        return false;
    }
}

void AtGateway::read(std::string_view prompt_type) noexcept {
    try {
        read_now(prompt_type);
    } catch (const std::exception& e) {
        log::error("an experiment could not be read: {}", e.what());
    }
    const std::scoped_lock lock(mutex_);
    if (const auto claim = claimed_.find(prompt_type); claim != claimed_.end()) claimed_.erase(claim);
}

void AtGateway::read_now(std::string_view prompt_type) {
    const std::scoped_lock one_at_a_time(reading_);
    auto known = std::make_shared<Known>();
    known->running = table_.now()->of_type(prompt_type);
    if (!known->running) return;
    known->read_at = system_clock().steady_nanos();
    if (const auto before = find(prompt_type);
        before && before->running == known->running && is_fresh(*before, known->read_at))
        return;
    if (auto done = read_variants(*known); !done) {
        known->error = std::move(done).error().message;
        log::warning("experiment {}: nobody takes part: {}", known->running->definition().name, known->error);
    }
    const auto table = table_.now();
    const std::scoped_lock lock(mutex_);
    if (table->of_type(prompt_type) == known->running)
        known_.insert_or_assign(std::string(prompt_type), std::move(known));
    std::erase_if(known_, [&](const auto& one) { return table->of_type(one.first) == nullptr; });
}

Result<void> AtGateway::read_variants(Known& known) {
    const Definition& definition = known.running->definition();
    std::map<std::string, providers::RequestEdit> shapes;
    std::set<std::string> required;
    std::vector<std::string> shape_of_variant;
    for (const Variant& variant : definition.variants) {
        Asked asked;
        asked.version = variant.changes.version;
        if (!asked.version.empty()) {
            STENO_ASSIGN(const prompts::Version version, registry_.find(definition.prompt, asked.version));
            STENO_ASSIGN(asked.included, registry_.included_in(version));
            asked.content = version.content;
            STENO_ASSIGN(const prompts::Rendering nothing_given,
                         prompts::render(asked.content, {}, prompts::from(asked.included)));
            asked.text_bytes = text_bytes_of(asked.content);
            for (const auto& [name, included] : asked.included) asked.text_bytes += text_bytes_of(included);
            if (!variant.stopped) required.insert(nothing_given.missing.begin(), nothing_given.missing.end());
        }
        asked.content = changed(std::move(asked.content), variant.changes);
        if (asked.content.parameters.size() > kMaxParameters)
            return fail(Code::FailedPrecondition,
                        fmt::format("version {} of the prompt has parameters of more than {} bytes",
                                    asked.version, kMaxParameters));
        asked.edit = edit_of(asked.content);
        shape_of_variant.push_back(shape_of(asked.edit));
        // Whether it fits does not depend on what the texts say.
        for (providers::RequestEdit::Text& text : asked.edit.texts) text.text.clear();
        if (!variant.stopped && !shape_of_variant.back().empty())
            shapes.try_emplace(shape_of_variant.back(),
                               providers::RequestEdit{.model = asked.edit.model, .texts = asked.edit.texts});
        asked.edit.texts.clear();
        known.text_bytes = std::max(known.text_bytes, asked.text_bytes);
        known.variants.push_back(std::move(asked));
    }
    known.required.assign(required.begin(), required.end());
    // Its own shape is tried with the edit itself.
    for (std::size_t i = 0; i < known.variants.size(); ++i) {
        auto others = std::make_shared<std::vector<providers::RequestEdit>>();
        for (const auto& [shape, edit] : shapes) {
            if (shape != shape_of_variant[i]) others->push_back(edit);
        }
        known.variants[i].others = std::move(others);
    }
    return {};
}

Result<providers::RequestEdit> AtGateway::fill_in(const Known& known, const Asked& asked, Call& call) const {
    providers::RequestEdit edit = asked.edit;
    const std::string& given = call.prompt.variables.text;
    const bool has_texts = !asked.content.text.empty() || !asked.content.messages.empty();
    if (!has_texts && known.required.empty()) return edit;
    STENO_ASSIGN(const prompts::Value variables, prompts::Value::parse(given.empty() ? "{}" : given));
    const auto lacking = std::ranges::find_if_not(
        known.required, [&](const std::string& name) { return has_value(variables, name); });
    if (lacking != known.required.end())
        return fail(Code::FailedPrecondition,
                    fmt::format("the call brings no value for the variable {}", *lacking));
    if (!has_texts) return edit;
    STENO_ASSIGN(
        prompts::Rendering rendering,
        prompts::render(asked.content, variables, prompts::from(asked.included),
                        {.bytes = asked.text_bytes + kMoreBytes, .steps = asked.text_bytes + kMoreSteps}));
    if (!rendering.missing.empty())
        return fail(Code::FailedPrecondition,
                    fmt::format("the call brings no value for the variable {}", rendering.missing.front()));
    if (!asked.content.text.empty()) edit.texts.push_back({"user", std::move(rendering.text)});
    for (prompts::Message& message : rendering.messages)
        edit.texts.push_back({std::move(message.role), std::move(message.content)});
    call.prompt.name = known.running->definition().prompt;
    call.prompt.version = asked.version;
    call.prompt.missing_variables.clear();
    call.prompt.all_variables_present = true;
    return edit;
}

std::optional<gateway::Trial> AtGateway::assign(Call& call) noexcept {
    steno::Experiment& part = call.prompt.experiment;
    try {
        std::string left_out = std::exchange(part, {}).left_out;
        const auto current = table_.now()->of_type(call.prompt.type);
        if (!current) return std::nullopt;  // it was paused or concluded just now
        const Running& running = *current;
        const Definition& definition = running.definition();
        part.id = running.plan().id;
        const auto known = find(call.prompt.type);
        const bool is_read = known && known->running == current;
        if (left_out.empty()) left_out = is_read ? known->error : "what the experiment asks is not read yet";
        std::string unit = unit_of(call, definition.unit);
        if (left_out.empty() && unit.empty())
            left_out = fmt::format("the call says no {}, by which the experiment divides",
                                   to_string(definition.unit));
        if (!left_out.empty()) {
            part.left_out = std::move(left_out);
            return std::nullopt;
        }
        const auto assigned = running.assign(unit);
        if (!assigned) {
            part = {};
            return std::nullopt;
        }
        const Asked& asked = known->variants[assigned->variant];
        auto edit = fill_in(*known, asked, call);
        if (!edit) {
            part.left_out = std::move(edit).error().message;
            return std::nullopt;
        }
        part.variant = definition.variants[assigned->variant].name;
        part.unit = std::move(unit);
        part.probability = assigned->probability;
        part.revision = running.plan().revision;
        return gateway::Trial{std::move(*edit), asked.others};
    } catch (const std::exception& e) {
        log::error("a call takes no part in an experiment: {}", e.what());
        part = {};
        return std::nullopt;
    }
}

}  // namespace steno::experiments
