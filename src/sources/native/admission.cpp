#include "sources/native/admission.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "providers/credential_names.hpp"
#include "providers/credentials.hpp"
#include "providers/provider.hpp"
#include "record/bounded.hpp"
#include "record/currency.hpp"
#include "record/fields.hpp"
#include "record/members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace steno::native {

namespace {

constexpr std::size_t kMaxName = kLongestId;
constexpr std::size_t kMaxText = 1000;       ///< what is shown, but nothing is looked up by
constexpr std::size_t kMaxAttribute = 4096;  ///< the text of one
constexpr std::size_t kMaxItems = 100;       ///< tags, attributes, links, …
constexpr std::size_t kMaxMetadata = 256u << 10;
constexpr std::size_t kMaxStack = 64u << 10;  ///< of an error; beyond, it is cut
constexpr std::string_view kMask = "***";

class Check {
  public:
    void text(std::string_view path, std::string_view value, std::size_t most = kMaxName) {
        if (value.size() > most) too_long(path, value.size(), most);
    }
    void count(std::string_view path, std::size_t count, std::size_t most = kMaxItems) {
        if (count > most && problem_.empty())
            problem_ = fmt::format("{}: {} entries, at most {} are taken", path, count, most);
    }
    template <class Texts>
    void texts(std::string_view path, const Texts& values) {
        count(path, values.size());
        for (const std::string& value : values) text(path, value);
    }
    template <class Map>
    void keys(std::string_view path, const Map& map) {
        count(path, map.size());
        for (const auto& [key, value] : map) text(path, key);
    }
    Result<void> done() && {
        if (problem_.empty()) return {};
        return fail(Code::InvalidArgument, std::move(problem_),
                    "what has no bound of its own belongs into messages, input, output or labels.metadata");
    }

  private:
    void too_long(std::string_view path, std::size_t size, std::size_t most) {
        if (problem_.empty()) problem_ = fmt::format("{}: {} bytes, at most {} are taken", path, size, most);
    }
    std::string problem_;
};

Result<void> check_lengths(const Call& call) {
    Check check;
    check.text("name", call.name, kMaxText);
    check.text("project", call.project);
    check.text("environment", call.environment);
    check.text("release", call.release);
    check.text("tenant", call.tenant);
    check.keys("time.phases", call.time.phases);
    check.text("trace.session_id", call.trace.session_id);
    check.text("trace.request_id", call.trace.request_id);
    check.text("trace.parent_id", call.trace.parent_id);
    check.text("trace.trace_id", call.trace.trace_id);
    check.text("trace.span_id", call.trace.span_id);
    check.texts("trace.links", call.trace.links);
    check.text("trace.agent", call.trace.agent);
    check.text("trace.function", call.trace.function);
    check.text("trace.operation", call.trace.operation);
    check.texts("trace.outer_agents", call.trace.outer_agents);
    check.texts("trace.outer_functions", call.trace.outer_functions);
    check.text("who.user_id", call.who.user_id);
    check.text("who.api_key_id", call.who.api_key_id);
    check.text("who.subject", call.who.subject);
    check.text("provider.name", call.provider.name);
    check.text("provider.endpoint.method", call.provider.endpoint.method);
    check.text("provider.endpoint.host", call.provider.endpoint.host, kMaxText);
    check.text("provider.endpoint.path", call.provider.endpoint.path, kMaxText);
    check.text("provider.api_version", call.provider.api_version);
    check.text("provider.region", call.provider.region);
    check.text("provider.request_id", call.provider.request_id);
    check.text("provider.service_tier", call.provider.service_tier);
    check.text("provider.speed", call.provider.speed);
    check.keys("provider.rate_limit.windows", call.provider.rate_limit.windows);
    check.text("model.requested", call.model.requested, kMaxText);
    check.text("model.served", call.model.served, kMaxText);
    check.text("response.id", call.response.id, kMaxText);
    check.texts("response.finish_reasons", call.response.finish_reasons);
    check.texts("modality.input", call.modality.input);
    check.texts("modality.output", call.modality.output);
    check.text("usage.billed", call.usage.billed.text, kMaxMetadata);
    check.text("cost.price_id", call.cost.price_id, kMaxText);
    check.text("cost.source", call.cost.source);
    check.text("error.provider_type", call.error.provider_type, kMaxText);
    check.text("error.provider_code", call.error.provider_code, kMaxText);
    check.text("error.advice", call.error.advice, kMaxAttribute);
    check.count("attempts", call.attempts.size());
    for (const Attempt& attempt : call.attempts) {
        check.text("attempts.provider", attempt.provider);
        check.text("attempts.model", attempt.model, kMaxText);
        check.text("attempts.status", attempt.status);
        check.text("attempts.reason", attempt.reason, kMaxAttribute);
    }
    check.text("prompt.type", call.prompt.type);
    check.text("prompt.name", call.prompt.name);
    check.text("prompt.version", call.prompt.version);
    check.texts("prompt.missing_variables", call.prompt.missing_variables);
    check.text("prompt.experiment.id", call.prompt.experiment.id);
    check.text("prompt.experiment.variant", call.prompt.experiment.variant);
    check.text("prompt.experiment.unit", call.prompt.experiment.unit);
    check.text("prompt.experiment.left_out", call.prompt.experiment.left_out, kMaxText);
    check.texts("labels.tags", call.labels.tags);
    check.keys("labels.attributes", call.labels.attributes);
    for (const auto& [key, value] : call.labels.attributes) {
        if (const auto* text = std::get_if<std::string>(&value))
            check.text("labels.attributes." + key, *text, kMaxAttribute);
    }
    check.text("labels.metadata", call.labels.metadata.text, kMaxMetadata);
    check.keys("privacy.masked", call.privacy.masked);
    check.text("privacy.retention", call.privacy.retention);
    check.text("privacy.withheld_by", call.privacy.withheld_by);
    check.keys("privacy.truncated", call.privacy.truncated);
    check.text("cache.hit", call.cache.hit);
    check.text("cache.from", call.cache.from);
    check.text("replay.of", call.replay.of);
    check.text("replay.run_id", call.replay.run_id);
    check.text("feedback.comment", call.feedback.comment, kMaxAttribute);
    check.keys("scores", call.scores);
    return std::move(check).done();
}

/// What is wrong with the first count, time or sum of a group that nobody can have meant: its path, and why.
/// Below zero it would be taken off what others cost; beyond these bounds it would drown them, and sums would
/// leave 64 bits. Empty: all can be.
template <members::Group G>
std::string impossible_in(const G& group) {
    std::string found;
    describe(group, [&](std::uint32_t, const char* name, const auto& member, Place) {
        using M = std::remove_cvref_t<decltype(member)>;
        if (!found.empty()) return;
        bool below = false;
        std::string most;
        if constexpr (std::same_as<M, std::optional<std::int64_t>>) {
            below = member && *member < 0;
            if (member && *member > kMostCounted) most = fmt::format("{}", kMostCounted);
        } else if constexpr (std::same_as<M, std::optional<double>>) {
            below = member && *member < 0;
            if (member && !(*member <= static_cast<double>(kMostCounted)))
                most = fmt::format("{}", kMostCounted);
        } else if constexpr (std::same_as<M, std::optional<Duration>>) {
            below = member && member->nanos < 0;
            if (member && *member > kLongestCall) most = "366 days";
        } else if constexpr (std::same_as<M, std::optional<Decimal>>) {
            below = member && member->units() < 0;
            if (member && member->units() > kMostCounted * Decimal::kOne)
                most = fmt::format("{}", kMostCounted);
        } else if constexpr (members::Group<M>) {
            if (const std::string inner = impossible_in(member); !inner.empty())
                found = std::string(name) + '.' + inner;
        }
        if (below)
            found = std::string(name) + ": below zero";
        else if (!most.empty())
            found = fmt::format("{}: more than {}", name, most);
    });
    return found;
}

Result<void> check_numbers(const Call& call) {
    const auto check = [](const char* name, const auto& group) -> Result<void> {
        const std::string impossible = impossible_in(group);
        if (impossible.empty()) return {};
        return fail(Code::InvalidArgument, fmt::format("{}.{}", name, impossible),
                    "leave out what is not known");
    };
    STENO_TRY(check("usage", call.usage));
    STENO_TRY(check("time", call.time));
    STENO_TRY(check("cost", call.cost));
    for (const auto& [path, status] : {std::pair("provider.http_status", call.provider.http_status),
                                       std::pair("error.http_status", call.error.http_status)}) {
        if (status && (*status < 100 || *status > 599))
            return fail(Code::InvalidArgument, fmt::format("{}: {} is no HTTP status", path, *status));
    }
    const Experiment& experiment = call.prompt.experiment;
    if (const auto& told = experiment.probability; told && !(*told >= kLeastProbability && *told <= 1))
        return fail(Code::InvalidArgument,
                    fmt::format("prompt.experiment.probability: {} is no probability from {} to 1", *told,
                                kLeastProbability),
                    "that of the variant, as it was told with it; or leave it out");
    if (const auto& told = experiment.revision; told && *told < 1)
        return fail(Code::InvalidArgument, fmt::format("prompt.experiment.revision: {} is below 1", *told),
                    "that of the experiment, as it was told with the variant; or leave it out");
    return {};
}

void mask(std::string& json, std::int64_t& masked) {
    std::int64_t hidden = 0;
    if (json.empty()) return;
    if (auto without = providers::hide_credentials(json, hidden)) json = std::move(*without);
    masked += hidden;
}

/// Keys of known services, wherever they stand in a text for people.
void mask_words(std::string& text, std::int64_t& masked) {
    constexpr std::string_view kOfKeys =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./+";
    for (std::size_t at = text.find_first_of(kOfKeys); at != std::string::npos;
         at = text.find_first_of(kOfKeys, at)) {
        std::size_t end = std::min(text.find_first_not_of(kOfKeys, at), text.size());
        if (providers::is_credential(providers::NameMeaning::IfKnown,
                                     std::string_view(text).substr(at, end - at))) {
            text.replace(at, end - at, kMask);
            end = at + kMask.size();
            ++masked;
        }
        at = end;
    }
}

/// What people read: JSON that was pasted into it is looked into as JSON is.
void mask_text(std::string& text, std::int64_t& masked) {
    mask(text, masked);
    mask_words(text, masked);
}

void mask_attributes(std::map<std::string, AttributeValue>& attributes, std::int64_t& masked) {
    for (auto& [name, value] : attributes) {
        const providers::NameMeaning meaning = providers::meaning_of(name);
        auto* const text = std::get_if<std::string>(&value);
        if (meaning == providers::NameMeaning::Credential
                ? !std::holds_alternative<bool>(value)
                : text && providers::is_credential(meaning, *text)) {
            value = std::string(kMask);
            ++masked;
        } else if (text) {
            mask_text(*text, masked);
        }
    }
}

void mask_credentials(Call& call) {
    std::int64_t masked = 0;
    mask(call.request.parameters.text, masked);
    mask(call.request.tools.text, masked);
    mask(call.request.input.text, masked);
    mask(call.response.output.text, masked);
    mask_text(call.error.message, masked);
    mask_text(call.error.stack, masked);
    for (Attempt& attempt : call.attempts) mask_text(attempt.reason, masked);
    mask_attributes(call.labels.attributes, masked);
    mask(call.raw.request, masked);
    mask(call.raw.client_request, masked);
    mask(call.labels.metadata.text, masked);
    if (masked > 0) call.privacy.masked["credential"] += masked;
    std::string& path = call.provider.endpoint.path;
    if (const std::size_t query = path.find('?'); query != std::string::npos) path.resize(query);
    std::string& host = call.provider.endpoint.host;
    if (const std::size_t at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
}

void cut(Call& call, const char* path, std::string& text, std::size_t most) {
    if (text.size() <= most) return;
    Truncation& truncation = call.privacy.truncated[path];
    truncation.bytes = static_cast<std::int64_t>(text.size());
    truncation.sha256 = to_hex(as_text(sha256(text)));
    text.resize(utf8_prefix(text, most).size());
}

Result<void> check_cost(Call& call) {
    if (!call.cost.currency.empty() && !names_currency(call.cost.currency))
        return fail(Code::InvalidArgument, "cost.currency: it is not of 3 to 8 letters",
                    "the code of ISO 4217, such as \"USD\"");
    if (!call.cost.total) return {};
    if (call.cost.currency.empty())
        return fail(Code::InvalidArgument, "cost.currency: a total without a currency cannot be added up",
                    "say which, such as \"USD\", or leave the cost out: then it is computed from the usage");
    if (call.cost.source.empty()) call.cost.source = "custom";
    return {};
}

/// A function's or an agent's own row is among its runs in statistics, where nothing else is said.
void complete_names(Call& call) {
    const auto complete = [&](Kind kind, std::string& name) {
        if (call.kind == kind && name.empty()) name = utf8_prefix(call.name, kMaxName);
    };
    complete(Kind::Function, call.trace.function);
    complete(Kind::Agent, call.trace.agent);
}

/// What the messages give, or else, where the payload was not sent along or is not kept, what came.
void complete_preview(Call& call) {
    Preview given = std::move(call.preview);
    providers::fill_preview(call);
    if (call.preview.prompt.empty()) call.preview.prompt = utf8_prefix(given.prompt, kPreviewBytes);
    if (call.preview.answer.empty()) call.preview.answer = utf8_prefix(given.answer, kPreviewBytes);
}

}  // namespace

Result<void> admit(Call& call, Clock& clock, Random& random) {
    // Only a re-pricing here says these: an export that comes back must not undo one that was made since.
    call.cost.repricing.clear();
    call.cost.former = {};
    STENO_TRY(check_lengths(call));
    STENO_TRY(check_numbers(call));
    STENO_TRY(check_cost(call));
    mask_credentials(call);
    cut(call, "error.message", call.error.message, kMaxErrorMessage);
    cut(call, "error.stack", call.error.stack, kMaxStack);
    if (call.id.is_nil()) {
        const Timestamp now = clock.now();
        call.id = Uuid::at(now.unix_nanos, random);
        if (!call.started_at) call.started_at = now;
    }
    if (call.status == Status::Running) call.ended_at.reset();
    complete_names(call);
    complete_preview(call);
    return {};
}

}  // namespace steno::native
