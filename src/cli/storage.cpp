#include "cli/storage.hpp"

#include "cli/completeness.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <string_view>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

std::string bytes_text(double bytes) {
    constexpr std::array<std::string_view, 5> kUnits{"B", "KB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
    return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, kUnits[unit]);
}

double number(dom::element whole, std::string_view pointer) {
    double value = 0;
    return whole.at_pointer(pointer).get(value) == simdjson::SUCCESS ? value : 0;
}

}  // namespace

Result<int> show_storage(const Program& program, Api& api) {
    STENO_ASSIGN(Completeness completeness,
                 Completeness::begin(api));  // else sizes a call are of a few calls
    STENO_ASSIGN(const std::string body, api.get("/api/v1/storage"));
    if (program.json) {
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    dom::parser parser;
    dom::element whole;
    if (parser.parse(body).get(whole) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    const double calls = number(whole, "/calls");
    Table parts({{"what"}, {"bytes", true}, {"a call", true}, {"files", true}});
    const auto part = [&](const char* name, const std::string& bytes, const std::string& files) {
        const double size = number(whole, bytes);
        parts.row({name, bytes_text(size), calls > 0 ? bytes_text(size / calls) : "",
                   files.empty() ? "" : grouped(static_cast<std::int64_t>(number(whole, files)))});
    };
    part("journal, as written", "/journal/plain/bytes", "/journal/plain/files");
    part("journal, sealed", "/journal/sealed/bytes", "/journal/sealed/files");
    part("store", "/store/bytes", "");
    part("keys and marks", "/other/bytes", "/other/files");
    part("together", "/bytes", "");
    parts.print();
    if (const double unused = number(whole, "/store/unused_bytes"); unused > 0)
        fmt::print("of the store, {} wait to be filled again\n", bytes_text(unused));

    std::string_view oldest;
    fmt::print("\n{} calls", grouped(static_cast<std::int64_t>(calls)));
    if (whole["oldest_call"].get(oldest) == simdjson::SUCCESS) fmt::print(", the oldest of {}", oldest);
    fmt::print("\n");
    Table months({{"month"}, {"calls", true}});
    dom::array list;
    if (whole["months"].get(list) == simdjson::SUCCESS) {
        for (const dom::element month : list) {
            std::string_view name;
            if (month["month"].get(name) != simdjson::SUCCESS) name = "–";
            months.row({std::string(name), grouped(static_cast<std::int64_t>(number(month, "/calls")))});
        }
    }
    if (!months.empty()) months.print();
    return completeness.exit_code();
}

}  // namespace steno::cli
