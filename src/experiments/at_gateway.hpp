#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "experiments/table.hpp"
#include "prompts/registry.hpp"
#include "providers/provider.hpp"
#include "sources/gateway/experiments.hpp"
#include "templates/rendering.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::experiments {

/// Experiments on kinds of prompts, as the gateway asks about them: which variant a call gets, and what its
/// request is to say then. What variants' versions say is read once, and again after a minute, since what
/// they include may have moved; while that goes on, calls are assigned by what was read before.
class AtGateway final : public gateway::ExperimentControl {
  public:
    /// Both must outlive this.
    AtGateway(const PublishedTable& table, prompts::Registry& registry)
        : table_(table), registry_(registry) {}

    [[nodiscard]] Standing standing(std::string_view prompt_type) const noexcept override;
    [[nodiscard]] std::string_view what_is_unknown(const steno::Experiment& part) const noexcept override;
    [[nodiscard]] bool claim_read(std::string_view prompt_type) noexcept override;
    void read(std::string_view prompt_type) noexcept override;
    [[nodiscard]] std::uint64_t text_bytes(std::string_view prompt_type) const noexcept override;
    [[nodiscard]] std::optional<gateway::Trial> assign(Call& call) noexcept override;

  private:
    /// What a variant asks.
    struct Asked {
        std::string version;          ///< of the prompt; empty: the client's own texts stay
        providers::RequestEdit edit;  ///< but for the texts, which are filled in for each call
        prompts::Content content;
        prompts::Included included;
        std::uint64_t text_bytes = 0;                                       ///< of both
        std::shared_ptr<const std::vector<providers::RequestEdit>> others;  ///< see gateway::Trial
    };
    /// An experiment with all that its variants ask.
    struct Known {
        std::shared_ptr<const Running> running;
        std::int64_t read_at = 0;  ///< steady clock
        std::string error;         ///< why it could not be read; then nobody takes part
        std::vector<Asked> variants;
        std::uint64_t text_bytes = 0;       ///< the most of a variant
        std::vector<std::string> required;  ///< variables that a call must bring for all of them
    };

    static bool is_fresh(const Known& known, std::int64_t now);
    void read_now(std::string_view prompt_type);
    [[nodiscard]] std::shared_ptr<const Known> find(std::string_view prompt_type) const;
    Result<void> read_variants(Known& known);
    Result<providers::RequestEdit> fill_in(const Known& known, const Asked& asked, Call& call) const;

    const PublishedTable& table_;
    prompts::Registry& registry_;
    std::mutex reading_;  ///< one reads at a time; taken before the other
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const Known>, std::less<>> known_;  ///< by kind of prompt
    std::map<std::string, std::int64_t, std::less<>> claimed_;                ///< since when; steady clock
};

}  // namespace steno::experiments
