#include "cli/completeness.hpp"

#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>
#include <thread>

namespace steno::cli {

namespace {

constexpr std::chrono::milliseconds kFirstPause{10};
constexpr std::chrono::milliseconds kLongestPause{200};
constexpr std::chrono::seconds kPatience{30};  ///< with a store that takes nothing

}  // namespace

struct Completeness::State {
    bool fed = true;
    std::uint64_t rows = 0;
    std::uint64_t taken = 0;  ///< what is said of calls adds no rows
    std::uint64_t places = 0;
    std::string first_place;
    std::uint64_t unreadable_payloads = 0;
};

Result<Completeness::State> Completeness::ask(Api& api) {
    STENO_ASSIGN(const std::string body, api.get("/api/v1/status"));
    simdjson::dom::parser parser;
    simdjson::dom::element status;
    State state;
    if (parser.parse(body).get(status) != simdjson::SUCCESS)
        return fail(Code::Internal, "the status is no JSON");
    // An older server does not say these things: then nothing is known against it.
    if (status["store"]["history_fed"].get(state.fed) != simdjson::SUCCESS) state.fed = true;
    if (status["store"]["rows"].get(state.rows) != simdjson::SUCCESS) state.rows = 0;
    if (status["store"]["fed_records"].get(state.taken) != simdjson::SUCCESS) state.taken = state.rows;
    const auto journal = status["journal"];
    if (journal["unreadable_places"].get(state.places) != simdjson::SUCCESS) state.places = 0;
    std::string_view place;
    if (journal["unreadable"].at(0).get(place) == simdjson::SUCCESS) state.first_place = place;
    if (journal["unreadable_payloads"].get(state.unreadable_payloads) != simdjson::SUCCESS)
        state.unreadable_payloads = 0;
    return state;
}

Result<Completeness> Completeness::begin(Api& api) {
    using Clock = std::chrono::steady_clock;
    Completeness whole(api);
    Progress progress("fed to the store");
    auto pause = kFirstPause;
    auto deadline = Clock::now() + kPatience;
    STENO_ASSIGN(State state, ask(api));
    while (!state.fed && Clock::now() < deadline) {
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, kLongestPause);
        const std::uint64_t before = state.taken;
        STENO_ASSIGN(state, ask(api));
        if (state.taken != before) deadline = Clock::now() + kPatience;
        progress.at(state.rows, 0);
    }
    whole.fed_ = state.fed;
    whole.unreadable_payloads_ = state.unreadable_payloads;
    return whole;
}

Result<int> Completeness::exit_code() {
    STENO_ASSIGN(const State state, ask(*api_));
    // As fmt::print says it: perhaps the reader has gone.
    if (std::fflush(stdout) != 0)
        throw std::system_error(errno, std::generic_category(), "the output cannot be written");
    const int damaged = facts_of(Code::DataLoss).exit_code;
    int code = 0;
    if (!fed_) {
        fmt::print(stderr, "warning: calls are missing above: the store does not get fed; see the log\n");
        code = facts_of(Code::Unavailable).exit_code;
    }
    if (state.places > 0) {
        fmt::print(
            stderr,
            "warning: calls may be missing above: {} of the journal cannot be read, the first is\n  {}\n"
            "try:     steno verify says where and why. Once the files are back from a backup, delete the "
            "folder store/ of the data folder: it is fed anew\n",
            state.places == 1 ? std::string("a place") : fmt::format("{} places", state.places),
            printable(state.first_place));
        code = damaged;
    }
    // Fewer than at the beginning: another server answers now.
    if (state.unreadable_payloads > unreadable_payloads_) {
        fmt::print(
            stderr,
            "warning: {} prompts or answers cannot be read and are missing above; steno verify says why\n",
            state.unreadable_payloads - unreadable_payloads_);
        code = damaged;
    }
    return code;
}

}  // namespace steno::cli
