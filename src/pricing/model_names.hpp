#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace steno::pricing {

/// A name under which a model's price may stand, and the rule that led to it.
struct NameCandidate {
    std::string provider;
    std::string model;
    std::string rule;  ///< "", or ", without its date" and the like, to follow "the model that answered"
};

/// The names to look under, in order; the first is the name as it is. Only rules that cannot lead to another
/// model's price: a dated snapshot to its undated name, a resource prefix, a fine-tuned model to the price of
/// fine-tuned ones of its base, a vendor prefix of OpenRouter for vendors that alone serve their models,
/// Bedrock's global profiles.
std::vector<NameCandidate> name_candidates(std::string_view provider, std::string_view model);

}  // namespace steno::pricing
