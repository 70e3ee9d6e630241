#pragma once

#include "base/error.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A question to the API in the words of flags: the same spellings in every command that asks about a period.
namespace steno::cli {

struct PeriodFlags {
    std::int64_t days = 0;
    std::string period, from, to, tz;
    std::string at = {};  ///< the moment as of which it is asked; empty: now

    [[nodiscard]] bool given() const { return days > 0 || !period.empty() || !from.empty() || !to.empty(); }
};

/// --days, --period, --from, --to (one way of saying it at a time) and --tz.
void add_period_flags(CLI::App& command, PeriodFlags& flags);

/// --kinds: which calls are counted.
CLI::Option* add_kinds_flag(CLI::App& command, std::string& kinds);
/// "AI calls", "runs of functions", "runs of agents", "calls of all kinds".
std::string words_of_kinds(std::string_view kinds);

/// The kinds that reach a model, with commas, as "kind.in" takes them.
std::string ai_kinds();

/// A target with its query string, percent-encoded.
class Question {
  public:
    explicit Question(std::string_view path) : target_(path) {}

    /// Nothing when the value is empty.
    void add(std::string_view name, std::string_view value);
    void period(const PeriodFlags& flags);
    /// "ai", "functions", "agents" or "all".
    void kinds(std::string_view kinds);
    /// "FIELD[.OP]=VALUE" each. InvalidArgument: no '='.
    Result<void> filters(const std::vector<std::string>& filters);

    [[nodiscard]] const std::string& target() const { return target_; }

  private:
    std::string target_;
};

}  // namespace steno::cli
