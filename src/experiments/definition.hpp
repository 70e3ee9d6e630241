#pragma once

#include "assignment/plan.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "inference/beliefs.hpp"
#include "record/json_reader.hpp"
#include "templates/content.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steno::experiments {

using assignment::UnitKind;
using inference::Better;

/// What a variant does differently. Nothing is said: what would be done without the experiment.
struct Changes {
    std::string version;        ///< of the prompt; empty: where the experiment's label stands
    prompts::Content settings;  ///< of it model, temperature, top_p, top_k, token_limit, parameters; no text

    bool operator==(const Changes&) const = default;
};
/// What a version says with a variant's settings: of parameters, each in the place of the version's own.
prompts::Content changed(prompts::Content content, const Changes& changes);

struct Variant {
    std::string name;
    double weight = 1;     ///< against the others'
    bool stopped = false;  ///< see assignment::WeightedVariant
    Changes changes;
    bool operator==(const Variant&) const = default;
};

/// A metric that no variant may make worse than the control by more than this.
struct Guard {
    std::string metric;  ///< of analysis::experiment_metric
    Better better = Better::Higher;
    double worse_by = 0;    ///< 0 or more, in the metric's unit
    bool relative = false;  ///< instead of the control's: 0.2 is a fifth
    bool operator==(const Guard&) const = default;
};

/// What is done by itself with what is seen.
enum class Rule : std::uint8_t {
    None,
    ConcludeWinner,  ///< it ends when it is sure which variant is best, or that none is better by the margin
    Bandit,          ///< the weights follow what is believed of the variants: Thompson sampling
};
std::string_view to_string(Rule rule);      ///< "none", "conclude_winner", "bandit"
std::string_view to_string(Better better);  ///< "higher", "lower"

inline constexpr std::size_t kMaxGuards = 10;
inline constexpr std::size_t kMaxParameters = 10'000;  ///< bytes of a variant's
inline constexpr std::int64_t kLeastMinutes = 10;      ///< between two settings of a bandit's weights
inline constexpr std::int64_t kMostMinutes = 7 * 24 * 60;

/// What is compared, with whom, and how it is decided.
struct Definition {
    std::string name;
    std::string description;
    std::string prompt;                ///< of the registry: whoever fetches it gets a variant; empty: none
    std::string label = "production";  ///< asked for by this label, or by none
    std::string prompt_type;           ///< calls of this kind get a variant in the gateway; empty: none
    UnitKind unit = UnitKind::User;
    double share = 1;               ///< of units that take part
    std::vector<Variant> variants;  ///< the first is the control
    std::string metric;             ///< of analysis::experiment_metric
    Better better = Better::Higher;
    double margin = 0;  ///< a difference of the metric that would not matter
    std::vector<Guard> guards;
    Rule rule = Rule::None;
    std::int64_t every_minutes = 60;  ///< a bandit's weights are set anew

    bool operator==(const Definition&) const = default;
};

/// What of the prompt variants without a version are: where the label stands, as for who fetches it by no
/// label where that is "production": then it is the latest if that stands nowhere. For Registry::find.
std::string asked_for(const Definition& definition);

/// By the variants' names; who is not named keeps his, and of what is stopped nothing is left.
/// InvalidArgument: there is none of that name, or it is stopped. What the weights are is for `check`.
using Weights = std::map<std::string, double, std::less<>>;
Result<void> set_weights(Definition& definition, const Weights& weights);
/// Units of this variant get the control from now on, and nobody else moves. InvalidArgument: it is the
/// control, or there is none of that name.
Result<void> stop(Definition& definition, std::string_view variant);

/// InvalidArgument says what to change. What the definition names outside of itself (the prompt, its
/// versions) is not looked for.
Result<void> check(const Definition& definition);

/// Members of an object, so that more can stand beside them.
void write_members(JsonWriter& json, const Definition& definition);
std::string to_json(const Definition& definition);

/// What may be said of it from outside. A member is laid over `definition`; `better` of a metric follows from
/// the metric where it is not said. InvalidArgument names the member and what it takes.
Result<Definition> definition_from_json(std::string_view object);
/// Lays what the object says over one that is there: all but the name. What is checked is the whole.
Result<void> change_from_json(std::string_view object, Definition& definition);
/// Whether both ask the same: all but description, share, weights, guards, rule and every_minutes, which may
/// change after units were assigned.
bool same_question(const Definition& a, Definition b);
/// Of what to_json wrote, this or another version: members that are not known are passed over.
Result<Definition> definition_from_stored(std::string_view object);

}  // namespace steno::experiments
