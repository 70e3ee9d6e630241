// What is said of experiments from outside: a definition, as it is made and as it is changed; the plan that a
// program has from a server; and what a call says of its own assignment (x-steno-experiment). What is taken
// keeps within its bounds and is read back as it is written.
#include "assignment/assignment.hpp"
#include "assignment/plan.hpp"
#include "experiments/definition.hpp"
#include "fuzz.hpp"
#include "sources/gateway/context_headers.hpp"

#include <string>
#include <utility>

using namespace steno;
using fuzz::expect;

namespace {

void read_definition(std::string_view json) {
    const auto made = experiments::definition_from_json(json);
    if (!made) {
        expect(!made.error().message.empty());
    } else {
        const auto stored = experiments::definition_from_stored(experiments::to_json(*made));
        expect(stored && *stored == *made);
        expect(experiments::same_question(*made, *made));
    }
    experiments::Definition changed;
    changed.name = "tone";
    changed.prompt_type = "faq";
    changed.metric = "success_rate";
    changed.variants = {{"control", 1, false, {}}, {"b", 3, false, {}}};
    const experiments::Definition before = changed;
    if (experiments::change_from_json(json, changed)) {
        expect(changed.name == before.name);
        if (experiments::check(changed)) {
            const auto stored = experiments::definition_from_stored(experiments::to_json(changed));
            expect(stored && *stored == changed);
        }
    }
    (void)experiments::definition_from_stored(json);
}

void read_plan(std::string_view json) {
    const auto plan = assignment::plan_from_json(json);
    if (!plan) {
        expect(!plan.error().message.empty());
        return;
    }
    expect(assignment::check(*plan).has_value());
    std::string written;
    JsonWriter writer(written);
    assignment::write(writer, *plan);
    const auto again = assignment::plan_from_json(written);
    expect(again && *again == *plan);
    const assignment::Assigner assigner(*plan);
    for (const std::string_view unit : {"ann", "bob", "\xff", "user-17"}) {
        const auto assigned = assigner.assign(unit);
        expect(assigned == assigner.assign(unit));
        if (!assigned) continue;
        expect(assigned->variant < plan->variants.size() && !plan->variants[assigned->variant].stopped);
        expect(assigned->probability > 0 && assigned->probability <= 1);
    }
}

void read_header(std::string_view value) {
    net::Headers headers;
    headers.add("x-steno-experiment", std::string(value));
    Call call;
    const auto warnings = gateway::take_context(headers, call);
    const Experiment& part = call.prompt.experiment;
    // Assigned, left out, or nothing; and what is odd about it is said.
    expect(part.variant.empty() == part.unit.empty());
    expect(part.variant.empty() || (!part.id.empty() && part.left_out.empty()));
    expect(part == Experiment() ? !warnings.empty() : !part.variant.empty() || !part.left_out.empty());
    expect(!part.probability || (*part.probability >= 1e-9 && *part.probability <= 1));
    expect(!part.revision || *part.revision > 0);
    for (const std::string& warning : warnings) expect(warning.find_first_of("\r\n") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view json = fuzz::as_text(data, size);
    read_definition(json);
    read_plan(json);
    read_header(json);
    return 0;
}
