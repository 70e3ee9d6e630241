#pragma once

#include "base/published.hpp"
#include "ingest/policy.hpp"
#include "prompt_types/settings.hpp"
#include "record/call.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace steno::prompt_types {

/// The settings of all kinds of prompts at a moment, as calls are asked about: never changed, replaced as a
/// whole. Any thread.
class Table {
  public:
    struct Rule {
        bool is_active = true;
        bool tracks = true;
        /// Of 2^53; a call is kept whose number lies below.
        std::uint64_t kept = std::uint64_t{1} << 53;
        ingest::TextRule texts;
        LogLevel log_level = LogLevel::Off;
        std::string retention;
    };

    explicit Table(const Defaults& defaults, const TypeSettings& types = {});
    /// Before it is used.
    void add(const std::string& type, const Settings& settings);

    /// Of a kind that has no settings, the default's.
    [[nodiscard]] const Rule& of(std::string_view type) const noexcept {
        const auto found = rules_.find(type);
        return found == rules_.end() ? otherwise_ : found->second;
    }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>()(text);
        }
    };
    Rule otherwise_;
    std::unordered_map<std::string, Rule, Hash, std::equal_to<>> rules_;
};

/// A call's number from 0 to 2^53 - 1, evenly spread over ids of any kind.
std::uint64_t sampling_number(const Uuid& id) noexcept;

/// What the recorder asks. Calls without a kind of prompt are left as they are.
class Rules final : public ingest::Policy {
  public:
    /// From now on.
    void use(std::shared_ptr<const Table> table) { table_.use(std::move(table)); }

    void admit(Call& call) const noexcept override;
    [[nodiscard]] ingest::TextRule texts(const Call& call) const noexcept override;
    /// How much of such a call is logged.
    [[nodiscard]] LogLevel log_level(const Call& call) const noexcept;

  private:
    Published<Table> table_{std::make_shared<const Table>(Defaults{})};
};

}  // namespace steno::prompt_types
