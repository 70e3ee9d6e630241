// Records an AI call and a function at each level and prints "LEVEL KIND ID" for each; what they say is long.

#include <steno/steno.hpp>

#include <iostream>
#include <string>
#include <utility>

int main() {
    for (const auto& [name, level] : {std::pair("detailed", steno::LogLevel::Detailed),
                                      std::pair("summary", steno::LogLevel::Summary),
                                      std::pair("metrics-only", steno::LogLevel::MetricsOnly)}) {
        steno::AiCall call("openai", "gpt-4o-mini");
        call.message("user", "prompt " + std::string(5000, 'p'));
        call.level(level).output("answer " + std::string(5000, 'a'));
        std::cout << name << " chat " << call.id() << '\n';
        steno::Function function("f");
        function.level(level).input("[\"" + std::string(5000, 'i') + "\"]").result("\"" + std::string(5000, 'r') + "\"");
        std::cout << name << " function " << function.id() << '\n';
    }
    return steno::flush() && steno::tracking_stats().rejected == 0 ? 0 : 1;
}
