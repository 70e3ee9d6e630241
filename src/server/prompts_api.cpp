#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "experiments/experiments.hpp"
#include "prompts/check.hpp"
#include "prompts/difference.hpp"
#include "prompts/document_registry.hpp"
#include "prompts/registry.hpp"
#include "record/bounded.hpp"
#include "record/json.hpp"
#include "server/api.hpp"
#include "server/changing.hpp"
#include "server/prompt_fetch.hpp"
#include "server/prompt_json.hpp"
#include "server/prompt_users.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace steno::server {

namespace {

using control::Condition;
using prompts::Prompt;
using prompts::Registry;
using prompts::Version;

constexpr std::uint64_t kMostListed = 10'000;
constexpr std::uint64_t kUsuallyListed = 1000;
constexpr std::uint64_t kMostExported = 64u << 20;  ///< bytes

Result<Registry*> registry_of(const Services& services) {
    if (services.prompts != nullptr) return services.prompts;
    return fail(Code::FailedPrecondition, "there are no prompts here");
}

const std::string& name_in(const ApiRequest& request) {
    return request.captures.front();
}

Timestamp now() {
    return system_clock().now();
}

ApiAnswer answer_with(const Prompt& prompt, const std::vector<std::string>& warnings) {
    ApiAnswer answer;
    answer.headers.emplace_back("ETag", prompt.tag());
    JsonWriter json(answer.body);
    write_changed_prompt(json, prompt, warnings);
    return answer;
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
    std::ranges::move(more, std::back_inserter(to));
}

std::unexpected<Error> no_label(const Prompt& prompt, std::string_view label) {
    std::string names;
    for (const prompts::Label& one : prompt.labels) names += (names.empty() ? "" : ", ") + one.name;
    return fail(Code::NotFound, fmt::format("the prompt \"{}\" has no label \"{}\"", prompt.name, label),
                names.empty() ? "it has none yet" : "there are: " + names);
}

Result<ApiAnswer> answer_with(const prompts::Added& added, const std::vector<std::string>& warnings) {
    ApiAnswer answer;
    answer.status = added.created ? 201 : 200;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("created", added.created);
    write_version_members(json, added.version);
    write_warnings(json, warnings);
    json.end_object();
    return answer;
}

/// "version" or "label" of the query; empty: neither.
Result<std::string> which_of(const ApiRequest& request) {
    const auto version = request.parameter("version");
    const auto label = request.parameter("label");
    if (version && label)
        return fail(Code::InvalidArgument, "a version and a label each say which version is meant",
                    "one of them");
    return std::string(version ? *version : label.value_or(""));
}

/// The newest call that was made with this version, null where there is none or the store cannot be asked:
/// the registry does not wait for it.
void write_last_call(JsonWriter& json, Services& services, const Version& version) {
    json.key("last_call");
    store::CallQuery query;
    query.limit = 1;
    query.fields = {"id",     "kind",  "status", "started_at", "time",    "model",
                    "prompt", "usage", "cost",   "preview",    "response"};
    const auto filter = [&](std::string_view field, const std::string& value) {
        auto made = store::make_filter(field, store::Op::Eq, value);
        if (made) query.selection.filters.push_back(std::move(*made));
        return made.has_value();
    };
    const bool asked =
        filter("prompt.name", version.prompt) && filter("prompt.version", version.facts.number.text());
    const auto page = asked ? services.data.calls().find(query, true) : fail(Code::Internal, "");
    if (!page || page->calls.empty()) {
        json.null();
        return;
    }
    std::string call;
    append_json(call, page->calls.front(),
                JsonFields{.only = query.fields, .payload = true, .preview = true});
    json.raw(call);
}

/// Who is to take part in an experiment; absent: nobody in particular.
Result<std::optional<std::string>> unit_of(const ApiRequest& request) {
    const auto unit = request.parameter("unit");
    if (!unit) return std::nullopt;
    if (unit->size() > assignment::kMaxUnit)
        return fail(Code::InvalidArgument, fmt::format("unit: longer than {} bytes", assignment::kMaxUnit),
                    "the id of a user, a session or a request");
    if (request.parameter("plan"))
        return fail(Code::InvalidArgument, "unit and plan: with a plan the client assigns units itself",
                    "one of them");
    return std::string(counted_unit(*unit));
}

bool fits(const Prompt& prompt, const ApiRequest& request) {
    const auto tag = request.parameter("tag");
    if (tag && std::ranges::find(prompt.tags, *tag) == prompt.tags.end()) return false;
    const auto label = request.parameter("label");
    if (label && std::ranges::none_of(prompt.labels, [&](const prompts::Label& one) {
            return one.name == *label && one.version;
        }))
        return false;
    const auto folder = request.parameter("folder");
    if (folder && !prompt.name.starts_with(std::string(*folder) + "/")) return false;
    const auto text = request.parameter("text");
    if (!text) return true;
    const std::string wanted = lower_case(*text);
    const auto has = [&](std::string_view in) { return lower_case(in).find(wanted) != std::string::npos; };
    return has(prompt.name) || has(prompt.description) ||
           (!prompt.versions.empty() && has(prompt.versions.front().goal));
}

Result<std::optional<bool>> flag(const ApiRequest& request, std::string_view name) {
    const auto value = request.parameter(name);
    if (!value) return std::nullopt;
    if (*value != "true" && *value != "false")
        return fail(Code::InvalidArgument, fmt::format("{} takes true or false", name));
    return *value == "true";
}

/// Asked before something of a prompt goes, so that nothing breaks unseen.
struct Guarded {
    PromptUsers users;
    Result<void> allowed;
};
/// `what` goes, as people call it. The registry looks at the condition once more; here it comes first, so
/// that who was slower is told that and nothing else.
Guarded guarded(Services& services, const Prompt& prompt, const Going& going, std::string_view what,
                bool force, Condition& condition) {
    Guarded guard;
    guard.allowed = condition.check(prompt.tag(), fmt::format("the prompt \"{}\"", prompt.name));
    if (!guard.allowed) return guard;
    auto users = users_of(services, prompt.name, going);
    if (users) guard.users = std::move(*users);
    if (force) return guard;
    guard.allowed = users ? nobody_uses(guard.users, what) : std::unexpected(users.error());
    return guard;
}

/// Why what is guarded was not done: where others rest on it, with who they are.
Result<ApiAnswer> refused(const Error& why, const Condition& condition, const PromptUsers& users,
                          const std::vector<std::string>& labels = {}) {
    const bool held = why.code == Code::FailedPrecondition && !(users.none() && labels.empty());
    if (condition.failed || !held) return not_done(why, condition);
    return in_use(why, users, labels);
}

/// That stand on versions of it.
std::vector<std::string> standing_on(const Prompt& prompt) {
    std::vector<std::string> labels;
    for (const prompts::Label& label : prompt.labels)
        if (label.version) labels.push_back(label.name);
    return labels;
}

/// Moves a label, and says what that does to experiments and to who asks for it.
template <class Move>
Result<ApiAnswer> moved(Services& services, const ApiRequest& request, std::string_view label, Move&& move) {
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    Condition condition = condition_of(request);
    const UnnamedVersions before = unnamed_versions(services, name_in(request));
    const Result<Prompt> prompt = move(*registry, condition);
    if (!prompt) return not_done(prompt.error(), condition);
    std::vector<std::string> warnings = moved_under(before, unnamed_versions(services, name_in(request)));
    if (const auto version = registry->find(prompt->name, label))
        append(warnings, include_warnings(*registry, *version));
    return answer_with(*prompt, warnings);
}

}  // namespace

Result<ApiAnswer> list_prompts(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"text", "tag", "label", "folder", "archived", "limit"}));
    STENO_ASSIGN(const auto archived, flag(request, "archived"));
    STENO_ASSIGN(const std::uint64_t limit,
                 number_parameter(request, "limit", kUsuallyListed, 1, kMostListed));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const auto prompts, registry->all());
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("prompts");
    json.begin_array();
    std::uint64_t total = 0;
    for (const Prompt& prompt : prompts) {
        if (prompt.archived_at.has_value() != archived.value_or(false) || !fits(prompt, request)) continue;
        if (++total <= limit) write_prompt(json, prompt, false);
    }
    json.end_array();
    json.member("total", total);
    json.end_object();
    return answer;
}

Result<ApiAnswer> create_prompt(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(const SentPrompt sent, read_sent_prompt(request.body, true));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const auto added,
                 registry->create(sent.name.value_or(""), sent.description.value_or(""),
                                  sent.tags.value_or(std::vector<std::string>()), sent.version, now()));
    return answer_with(added, include_warnings(*registry, added.version));
}

Result<ApiAnswer> show_prompt(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const Prompt prompt, registry->get(name_in(request)));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    write_prompt(json, prompt, true);
    return tagged(std::move(answer), prompt.tag(), request);
}

Result<ApiAnswer> change_prompt(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"force"}));
    STENO_ASSIGN(const auto force, flag(request, "force"));
    STENO_ASSIGN(const prompts::Facts facts, read_prompt_facts(request.body));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    Condition condition = condition_of(request);
    std::vector<std::string> warnings;
    if (facts.archived.value_or(false)) {
        STENO_ASSIGN(const Prompt there, registry->get(name_in(request)));
        const std::string what = fmt::format("the prompt \"{}\"", there.name);
        // By its number a version can be had all the same.
        const Going going = [](std::string_view which) { return !prompts::VersionNumber::parse(which); };
        const Guarded guard = there.archived_at
                                  ? Guarded{}
                                  : guarded(services, there, going, what, force.value_or(false), condition);
        if (!guard.allowed) return refused(guard.allowed.error(), condition, guard.users);
        warnings = losses_of(guard.users, what);
    }
    const auto prompt = registry->change(name_in(request), facts, now(), condition);
    return prompt ? answer_with(*prompt, warnings) : not_done(prompt.error(), condition);
}

Result<ApiAnswer> remove_prompt(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"force"}));
    STENO_ASSIGN(const auto force, flag(request, "force"));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    Condition condition = condition_of(request);
    STENO_ASSIGN(const Prompt there, registry->get(name_in(request)));
    const std::string what = fmt::format("the prompt \"{}\"", there.name);
    const Guarded guard = guarded(
        services, there, [](std::string_view) { return true; }, what, force.value_or(false), condition);
    const std::vector<std::string> labels = standing_on(there);
    if (!guard.allowed) return refused(guard.allowed.error(), condition, guard.users, labels);
    const auto done = registry->remove(there.name, force.value_or(false), condition);
    if (!done)
        return force.value_or(false) ? not_done(done.error(), condition)
                                     : refused(done.error(), condition, guard.users, labels);
    if (guard.users.none()) return nothing();
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_warnings(json, losses_of(guard.users, what));
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_prompt_versions(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const Prompt prompt, registry->get(name_in(request)));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("versions");
    json.begin_array();
    for (const prompts::VersionFacts& facts : prompt.versions) write_version_facts(json, prompt, facts);
    json.end_array();
    json.end_object();
    return tagged(std::move(answer), prompt.tag(), request);
}

Result<ApiAnswer> add_prompt_version(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(const SentPrompt sent, read_sent_prompt(request.body, false));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    Condition condition = condition_of(request);
    const UnnamedVersions before = unnamed_versions(services, name_in(request));
    const auto added = registry->add_version(name_in(request), sent.version, now(), condition);
    if (!added) return not_done(added.error(), condition);
    std::vector<std::string> warnings = moved_under(before, unnamed_versions(services, name_in(request)));
    append(warnings, include_warnings(*registry, added->version));
    return answer_with(*added, warnings);
}

Result<ApiAnswer> show_prompt_version(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"last_call"}));
    STENO_ASSIGN(const auto last_call, flag(request, "last_call"));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const Version version, registry->find(name_in(request), request.captures[1]));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_version_members(json, version);
    if (last_call.value_or(false)) write_last_call(json, services, version);
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_prompt_labels(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const Prompt prompt, registry->get(name_in(request)));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_labels(json, prompt);
    json.end_object();
    return tagged(std::move(answer), prompt.tag(), request);
}

Result<ApiAnswer> show_prompt_label(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    const std::string& label = request.captures[1];
    STENO_ASSIGN(const Prompt prompt, registry->get(name_in(request)));
    STENO_ASSIGN(const auto moves, registry->history(name_in(request), label));
    const auto found = std::ranges::find(prompt.labels, label, &prompts::Label::name);
    if (label == prompts::kLatest)
        return fail(Code::NotFound, "\"latest\" is always the highest version: it does not move",
                    "GET /api/v1/prompts/NAME has it as latest");
    if (found == prompt.labels.end() && moves.empty()) return no_label(prompt, label);
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    // One that was taken away has its history yet.
    write_label_members(
        json, found != prompt.labels.end() ? *found : prompts::Label{label, {}, false, moves.front().at});
    json.key("history");
    json.begin_array();
    for (const prompts::Move& move : moves) write_move(json, move);
    json.end_array();
    json.end_object();
    return tagged(std::move(answer), prompt.tag(), request);
}

Result<ApiAnswer> move_prompt_label(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(prompts::MoveLabel move, read_label_move(request.body));
    move.label = request.captures[1];
    return moved(services, request, move.label, [&](Registry& registry, Condition& condition) {
        return registry.move_label(name_in(request), move, now(), condition);
    });
}

Result<ApiAnswer> remove_prompt_label(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"force", "by", "reason"}));
    STENO_ASSIGN(const auto force, flag(request, "force"));
    prompts::MoveLabel move;
    move.label = request.captures[1];
    move.force = force.value_or(false);
    move.by = request.parameter("by").value_or("");
    move.reason = request.parameter("reason").value_or("");
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    Condition condition = condition_of(request);
    STENO_ASSIGN(const Prompt there, registry->get(name_in(request)));
    const auto label = std::ranges::find(there.labels, move.label, &prompts::Label::name);
    const std::string what = fmt::format("the label \"{}\" of \"{}\"", move.label, there.name);
    Guarded guard;
    if (label != there.labels.end() && label->version)
        guard = guarded(
            services, there, [&](std::string_view which) { return which == move.label; }, what, move.force,
            condition);
    if (!guard.allowed) return refused(guard.allowed.error(), condition, guard.users);
    const UnnamedVersions before = unnamed_versions(services, there.name);
    const auto prompt = registry->remove_label(there.name, move, now(), condition);
    if (!prompt) return not_done(prompt.error(), condition);
    std::vector<std::string> warnings = losses_of(guard.users, what);
    append(warnings, moved_under(before, unnamed_versions(services, there.name)));
    return answer_with(*prompt, warnings);
}

Result<ApiAnswer> roll_back_prompt_label(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(prompts::MoveLabel move, read_label_move(request.body));
    if (move.version || move.is_protected)
        return fail(Code::InvalidArgument, "a rollback goes to where the label stood before",
                    "by, reason, force; PUT moves it anywhere");
    move.label = request.captures[1];
    return moved(services, request, move.label, [&](Registry& registry, Condition& condition) {
        return registry.roll_back(name_in(request), move, now(), condition);
    });
}

Result<ApiAnswer> compare_prompt_versions(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"from", "to"}));
    const auto from = request.parameter("from");
    if (!from)
        return fail(Code::InvalidArgument, "from is missing: a version or a label", "?from=1.0&to=1.1");
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const Version before, registry->find(name_in(request), *from));
    STENO_ASSIGN(const Version then,
                 registry->find(name_in(request), request.parameter("to").value_or(prompts::kLatest)));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("name", before.prompt);
    json.member("from", before.facts.number.text());
    json.member("to", then.facts.number.text());
    write_difference(json, prompts::compare(before.content, then.content));
    json.end_object();
    return answer;
}

Result<ApiAnswer> render_prompt(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(const SentRendering sent, read_sent_rendering(request.body));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const Version version, registry->find(name_in(request), sent.which));
    STENO_ASSIGN(const prompts::Rendering rendering, registry->render(version, sent.variables));
    if (sent.strict && !rendering.missing.empty())
        return fail(Code::InvalidArgument,
                    fmt::format("variables are missing: {}", fmt::join(rendering.missing, ", ")),
                    "give them, or leave strict out: then they are empty");
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("name", version.prompt);
    json.member("version", version.facts.number.text());
    write_rendering(json, rendering);
    json.end_object();
    return answer;
}

Result<ApiAnswer> render_prompt_draft(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(SentDraft sent, read_sent_draft(request.body));
    STENO_TRY(prompts::check(sent.content));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    Version draft;
    draft.content = std::move(sent.content);
    STENO_ASSIGN(const prompts::Rendering rendering, registry->render(draft, sent.variables));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_rendering(json, rendering);
    json.end_object();
    return answer;
}

Result<ApiAnswer> fetch_prompt(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"version", "label", "included", "unit", "plan"}));
    STENO_ASSIGN(const std::string which, which_of(request));
    STENO_ASSIGN(const auto included, flag(request, "included"));
    STENO_ASSIGN(const auto plan, flag(request, "plan"));
    STENO_ASSIGN(const auto unit, unit_of(request));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    auto found = registry->find(name_in(request), which);
    if (!found) {
        // Clients that have kept the prompt forget it then: no other 404 may say the same.
        if (found.error().code == Code::NotFound)
            return problem(404, "no_such_prompt", found.error().message, found.error().remedy);
        return std::unexpected(found.error());
    }
    Version version = *std::move(found);
    // Who names a version gets that.
    std::shared_ptr<const experiments::Running> running;
    if (services.experiments != nullptr && !request.parameter("version"))
        running = services.experiments->running()->of_prompt(version.prompt, which);
    std::string assigned = "null";
    const bool whole = included.value_or(false);
    if (running && unit) assigned = take_part(*registry, *running, *unit, version, whole);
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    STENO_TRY(write_fetched(json, *registry, version, whole));
    if (unit) json.member_raw("experiment", assigned);
    if (plan.value_or(false)) write_plan(json, *registry, running.get(), version, whole);
    json.end_object();
    // To be kept and asked for again: by the client alone, since it may hold a key.
    answer.headers.emplace_back("Cache-Control", "private, no-cache");
    // Of the whole answer: labels are part of it, and move; so are those of what it includes.
    const std::string tag = fmt::format("\"{}\"", to_hex(as_text(sha256(answer.body))).substr(0, 32));
    return tagged(std::move(answer), tag, request);
}

Result<ApiAnswer> export_prompts(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"prompt"}));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    std::vector<Prompt> wanted;
    if (const auto name = request.parameter("prompt")) {
        STENO_ASSIGN(Prompt prompt, registry->get(*name));
        wanted.push_back(std::move(prompt));
    } else {
        STENO_ASSIGN(wanted, registry->all());
    }
    std::uint64_t size = 0;
    for (const Prompt& prompt : wanted)
        for (const prompts::VersionFacts& facts : prompt.versions)
            size += static_cast<std::uint64_t>(facts.size);
    if (size > kMostExported)
        return fail(Code::ResourceExhausted, fmt::format("all versions together have {} bytes", size),
                    "one prompt at a time: ?prompt=NAME");
    std::vector<prompts::Exported> exported;
    for (const Prompt& prompt : wanted) {
        STENO_ASSIGN(auto versions, registry->versions(prompt));
        exported.push_back({prompt, std::move(versions)});
    }
    ApiAnswer answer;
    answer.body = prompts::write_document_registry(exported);
    return answer;
}

Result<ApiAnswer> import_prompts(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"format_strings"}));
    STENO_ASSIGN(const auto strings, flag(request, "format_strings"));
    STENO_ASSIGN(Registry* const registry, registry_of(services));
    STENO_ASSIGN(const auto read, prompts::read_document_registry(
                                      request.body, strings.value_or(false) ? prompts::Texts::FormatStrings
                                                                            : prompts::Texts::Templates));
    STENO_ASSIGN(const prompts::TakenOver taken, registry->take_over(read.prompts, now()));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("prompts", taken.prompts);
    json.member("versions", taken.versions);
    json.member("known_versions", taken.known);
    json.key("left_out");
    json.begin_array();
    for (const std::string& name : read.left_out) json.string(name);
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace steno::server
