#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace steno::pricing {

/// A name under which a model's price may stand, and the rule that led to it.
struct NameCandidate {
    std::string provider;
    std::string model;
    std::string rule;    ///< "", or ", without its date" and the like, to follow "the model that answered"
    std::string region;  ///< the region that the name itself says, in place of the call's; "" none
    bool region_has_its_own_price = false;  ///< only prices that name the region hold
};

/// The names to look under, in order; the first is the name as it is. Only rules that cannot lead to another
/// model's price: a dated snapshot to its undated name, a resource prefix, a fine-tuned model to the price of
/// fine-tuned ones of its base, a vendor prefix of OpenRouter for vendors that alone serve their models,
/// Bedrock's inference profiles ("eu.anthropic.…", with the price of that geography), its ARNs and versions.
std::vector<NameCandidate> name_candidates(std::string_view provider, std::string_view model);

}  // namespace steno::pricing
