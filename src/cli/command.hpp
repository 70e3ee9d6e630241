#pragma once

#include "base/error.hpp"
#include "cli/config.hpp"
#include "intercept/child.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

/// The command line: one file a command. A command adds itself to the program and leaves what to do in
/// `Program::run`.
namespace steno::cli {

struct Program {
    CLI::App app{"Steno, the flight recorder for AI calls"};

    // For every command.
    std::string config_file;
    bool json = false;
    std::vector<std::string> behind_dashes;  ///< of `steno run`: the program and its arguments
    intercept::Inherited inherited;          ///< what this process has changed for itself at its start

    /// What the chosen command does; its Error becomes a message and an exit code (base/error.hpp's table).
    std::function<Result<int>(Program&)> run;

    /// Configuration as loaded; `data`, if it is not empty, is what --data said.
    [[nodiscard]] Result<Config> config(const std::string& data = {}) const;
    /// A new subcommand that takes --json. `examples`: shown under its help, a command a line.
    CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                  const std::string& examples);
};

void add_serve(Program& program);
void add_run(Program& program);
void add_sim(Program& program);
void add_demo(Program& program);
void add_calls(Program& program);
void add_stats(Program& program);
void add_top(Program& program);
void add_errors(Program& program);
void add_slow(Program& program);
void add_quality(Program& program);
void add_live(Program& program);
void add_cost(Program& program);
void add_budgets(Program& program);
void add_prompts(Program& program);
void add_experiments(Program& program);
void add_compare(Program& program);
void add_prompt_types(Program& program);
void add_sql(Program& program);
void add_trends(Program& program);
void add_suggest(Program& program);
void add_report(Program& program);
void add_daily(Program& program);
void add_trace(Program& program);
void add_limits(Program& program);
void add_alerts(Program& program);
void add_replay(Program& program);
void add_verify(Program& program);
void add_journal(Program& program);
void add_prices(Program& program);
void add_config(Program& program);
void add_doctor(Program& program);

}  // namespace steno::cli
