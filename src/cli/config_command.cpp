#include "base/json_writer.hpp"
#include "cli/command.hpp"
#include "cli/composition.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"

#include <fmt/format.h>

#include <memory>

namespace steno::cli {

namespace {

Result<int> show(const Program& program) {
    STENO_ASSIGN(const Config config, program.config());
    const auto origin = [&](std::string_view name) {
        const auto found = config.origin.find(std::string(name));
        return found == config.origin.end() ? std::string("default") : found->second;
    };
    if (program.json) {
        std::string out;
        JsonWriter json(out);
        json.begin_array();
        for (const Setting& setting : settings()) {
            json.begin_object();
            json.member("name", setting.name);
            json.member("value", setting.get(config));
            json.member("default", setting.get(Config{}));
            json.member("origin", origin(setting.name));
            json.member("variable", setting.variable());
            json.member("help", setting.help);
            json.end_object();
        }
        json.end_array();
        fmt::print("{}\n", out);
        return 0;
    }
    Table table({{"setting"}, {"value", false, true}, {"from"}, {"variable"}, {"what it is", false, true}});
    for (const Setting& setting : settings()) {
        table.row({std::string(setting.name), setting.get(config), origin(setting.name), setting.variable(),
                   std::string(setting.help)},
                  {Colour::Plain, Colour::Bold, Colour::Dim, Colour::Dim, Colour::Dim});
    }
    for (const auto& [name, url] : config.upstreams) {
        table.row({"upstreams." + name, url.to_string(), origin("upstreams." + name), "STENO_UPSTREAM_…",
                   "where /" + name + "/… goes"});
    }
    table.print();
    return 0;
}

Result<int> check(const Program& program) {
    STENO_ASSIGN(const Config config, program.config());
    STENO_TRY(read_api_keys(config.api_key_file));
    STENO_TRY(configured_prices(config));
    if (!config.listen.is_loopback() && config.api_key_file.empty()) {
        return fail(Code::InvalidArgument,
                    "server.listen can be reached from other machines, and there is no server.api_key_file",
                    "set it, or listen on 127.0.0.1");
    }
    fmt::print("{}\n", program.json ? R"({"ok":true})" : "the configuration is good");
    return 0;
}

}  // namespace

void add_config(Program& program) {
    CLI::App* config = program.app.add_subcommand("config", "Show and check the configuration");
    config->require_subcommand(1);
    program.add(*config, "show", "Every setting, its value and where that is from", "  steno config show\n")
        ->callback([&program] { program.run = [](Program& p) { return show(p); }; });
    program
        .add(*config, "check", "Say what is wrong with it, with line and remedy",
             "  steno --config steno.toml config check\n")
        ->callback([&program] { program.run = [](Program& p) { return check(p); }; });
    show_examples_of_commands(*config);
}

}  // namespace steno::cli
