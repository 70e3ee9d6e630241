#include "server/prompt_fetch.hpp"

#include "base/log.hpp"
#include "server/prompt_json.hpp"

#include <fmt/format.h>

#include <utility>

namespace steno::server {

namespace {

using experiments::Running;
using experiments::Variant;
using prompts::Registry;
using prompts::Version;

constexpr std::size_t kMostVariants = 48u << 20;  ///< bytes of all together: clients take 64 MiB

void warn(const Running& running, const Error& error) {
    log::warning("the experiment \"{}\" cannot be served: {}", running.plan().name, error.message);
}

Result<Version> version_of(Registry& registry, const Running& running, const Variant& variant,
                           const Version& otherwise) {
    Version version = otherwise;
    if (const std::string& named = variant.changes.version; !named.empty()) {
        STENO_ASSIGN(version, registry.find(running.definition().prompt, named));
    }
    version.content = experiments::changed(std::move(version.content), variant.changes);
    return version;
}

/// What it includes, too.
Result<void> all_there(Registry& registry, const Version& version) {
    STENO_TRY(registry.included_in(version));
    return {};
}

}  // namespace

Result<void> write_fetched(JsonWriter& json, Registry& registry, const Version& version, bool included) {
    write_version_members(json, version);
    if (!included) return {};
    auto found = registry.included_in(version);
    if (!found) {
        // The prompt itself is there: who asks must not take it for one that is not.
        if (found.error().code == Code::NotFound) found.error().code = Code::FailedPrecondition;
        return std::unexpected(std::move(found).error());
    }
    write_included(json, *found);
    return {};
}

std::string take_part(Registry& registry, const Running& running, std::string_view unit, Version& version,
                      bool included) {
    const auto assigned = running.assign(unit);
    if (!assigned) return "null";
    const Variant& variant = running.definition().variants[assigned->variant];
    auto served = version_of(registry, running, variant, version);
    Result<void> whole;
    if (!served)
        whole = std::unexpected(served.error());
    else if (included)
        whole = all_there(registry, *served);
    if (!whole) {
        warn(running, whole.error());
        return "null";
    }
    version = std::move(*served);
    std::string experiment;
    JsonWriter json(experiment);
    json.begin_object();
    json.member("id", running.plan().id);
    json.member("name", running.plan().name);
    json.member("variant", variant.name);
    json.member("unit", unit);
    json.member("probability", assigned->probability);
    json.member("revision", running.plan().revision);
    json.end_object();
    return experiment;
}

void write_plan(JsonWriter& json, Registry& registry, const Running* running, const Version& otherwise,
                bool included) {
    std::string variants;
    const auto written = [&]() -> Result<void> {
        JsonWriter list(variants);
        list.begin_array();
        for (const Variant& variant : running->definition().variants) {
            STENO_ASSIGN(const Version version, version_of(registry, *running, variant, otherwise));
            list.begin_object();
            list.member("variant", variant.name);
            STENO_TRY(write_fetched(list, registry, version, included));
            list.end_object();
            if (variants.size() > kMostVariants)
                return fail(Code::ResourceExhausted,
                            fmt::format("its variants together have more than {} bytes", kMostVariants));
        }
        list.end_array();
        return {};
    };
    const Result<void> whole = running == nullptr ? Result<void>() : written();
    if (!whole) warn(*running, whole.error());
    json.key("experiment");
    if (running == nullptr || !whole) {
        json.null();
        return;
    }
    assignment::write(json, running->plan());
    json.member_raw("variants", variants);
}

}  // namespace steno::server
