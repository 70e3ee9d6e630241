#pragma once

#include "providers/provider.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

/// What the gateway asks before a call goes to its provider: is it part of a live experiment, and then, what
/// is it to ask instead?
namespace steno::gateway {

/// What is to be sent in a call's place.
struct Trial {
    providers::RequestEdit edit;
    /// What other variants would make of the request: where one of them does not fit, none takes part, since
    /// else it would be other requests that get one variant than those that get another.
    std::shared_ptr<const std::vector<providers::RequestEdit>> others;
};

/// Any thread; never throws, and a call is asked about once.
class ExperimentControl {
  public:
    virtual ~ExperimentControl() = default;

    enum class Standing : std::uint8_t {
        None,    ///< none runs for calls of this kind: a look-up in memory
        Unread,  ///< one does, but what it asks is yet to be read
        Ready,   ///< perhaps it is to be read again, but a call need not wait for that
    };
    [[nodiscard]] virtual Standing standing(std::string_view prompt_type) const noexcept = 0;
    /// Of what a program says that it has assigned itself: the experiment or the variant that is none here.
    /// "": all is known.
    [[nodiscard]] virtual std::string_view what_is_unknown(const Experiment& part) const noexcept = 0;
    /// Whether who asks is to see to `read`. Of those who ask meanwhile nobody else is.
    [[nodiscard]] virtual bool claim_read(std::string_view prompt_type) noexcept = 0;
    /// Blocks: reads what an experiment for calls of this kind asks, if that was not done just now.
    virtual void read(std::string_view prompt_type) noexcept = 0;
    /// The most that the texts of one of its variants have, in bytes, before variables are filled in: whether
    /// that is work for a loop, and whether there is memory for it. 0: none runs, or it is not read yet.
    [[nodiscard]] virtual std::uint64_t text_bytes(std::string_view prompt_type) const noexcept = 0;
    /// Writes into `call.prompt` what the call is part of, or why it is left out (experiment.left_out; where
    /// the caller wants no part, or there is no memory for it, that is there already). Absent: it goes as it
    /// is. `call` has what its headers told.
    [[nodiscard]] virtual std::optional<Trial> assign(Call& call) noexcept = 0;
};

/// prompt.experiment.left_out of a call whose caller wants no part (`x-steno-experiment: off`).
inline constexpr std::string_view kOptedOut = "the caller wants no part";
/// Of one whose edited request would be beyond gateway.body_memory_mb: it does not wait for an experiment.
inline constexpr std::string_view kNoMemory = "there is no memory for the edited request now";

}  // namespace steno::gateway
