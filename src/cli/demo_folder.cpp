#include "cli/demo_folder.hpp"

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "cli/composition.hpp"
#include "cli/terminal.hpp"
#include "demo/demo_record.hpp"
#include "net/http_client.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <thread>
#include <unordered_map>

namespace steno::cli {

namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int signal) {
    interrupted = 1;
    std::signal(signal, SIG_DFL);  // a second one ends at once
}

struct Figures {
    std::uint64_t calls = 0;
    std::uint64_t said = 0;
    std::uint64_t prompt_bytes = 0;   ///< of messages, system prompts, tools and inputs
    std::uint64_t request_bytes = 0;  ///< of the request bodies, where they are kept
    std::uint64_t answer_bytes = 0;   ///< of texts, tool calls and outputs
    double made_seconds = 0;          ///< until all was in the journal
    double seconds = 0;               ///< until the store had it too and the folder was closed
    std::uint64_t journal_bytes = 0;
    std::uint64_t store_bytes = 0;
};

void count(Figures& figures, const Call& call) {
    ++figures.calls;
    figures.prompt_bytes += demo::prompt_bytes(call);
    figures.request_bytes += call.raw.request.size();
    figures.answer_bytes += demo::text_bytes(call.response.messages) + call.response.output.text.size();
}

std::uint64_t bytes_below(const std::string& folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        std::error_code unsized;
        if (at->is_regular_file(unsized)) bytes += at->file_size(unsized);
    }
    return bytes;
}

/// Makes faster than the disk writes, or the store is fed, would fill the memory, and faster than segments
/// are sealed the disk: waits for all three.
class Brake {
  public:
    Brake(ingest::DataFolder& data, const custody::Custodian* custodian)
        : data_(data), custodian_(custodian), marked_(data.journal().stats()) {}

    Result<void> wait() {
        constexpr std::uint64_t kUnsynced = 32u << 20;
        constexpr std::uint64_t kUnfed = 40'000;
        constexpr std::uint64_t kUnsealed = 8ULL << 30;
        const journal::Stats stats = data_.journal().stats();
        if (stats.bytes - marked_.bytes > kUnsynced) {
            STENO_TRY(data_.journal().wait_durable(marked_.appended));
            marked_ = stats;
        }
        while (interrupted == 0 && data_.feeder().stats().behind > kUnfed)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        while (interrupted == 0 && custodian_ != nullptr &&
               stats.bytes > custodian_->stats().sealed_bytes_before + kUnsealed) {
            if (custodian_->stats().failures > 0)
                return fail(Code::Unavailable, "segments cannot be sealed", "see the error above");
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return {};
    }

  private:
    ingest::DataFolder& data_;
    const custody::Custodian* custodian_;  ///< null: nothing is sealed
    journal::Stats marked_;
};

/// Hands the events to the recorder, in their order.
class Recording {
  public:
    Recording(ingest::Recorder& recorder, Figures& figures) : recorder_(recorder), figures_(figures) {}
    /// What was open when the recording was interrupted says so.
    ~Recording() {
        for (auto& [id, open] : open_) {
            open.call().status = Status::Interrupted;
            open.end();
        }
    }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    Result<void> take(demo::Event event) {
        switch (event.kind) {
            case demo::Event::Kind::Began: {
                const Uuid id = event.call->id;
                open_.emplace(id, recorder_.begin(std::move(*event.call)));
                break;
            }
            case demo::Event::Kind::Ended:
                count(figures_, *event.call);
                if (const auto found = event.began ? open_.find(event.call->id) : open_.end();
                    found != open_.end()) {
                    found->second.call() = std::move(*event.call);
                    found->second.end();
                    open_.erase(found);
                } else {
                    recorder_.complete(std::move(*event.call));
                }
                break;
            case demo::Event::Kind::Said:
                ++figures_.said;
                STENO_TRY(recorder_.say(event.said));
                break;
        }
        if (recorder_.stats().waiting_records > 0)
            return fail(Code::Unavailable, "the journal cannot be written", "see the journal's error above");
        return {};
    }

  private:
    ingest::Recorder& recorder_;
    Figures& figures_;
    std::unordered_map<Uuid, ingest::OpenCall> open_;
};

double seconds_since(std::int64_t start) {
    return static_cast<double>(system_clock().steady_nanos() - start) / 1e9;
}

Result<void> refuse_a_used_folder(ingest::DataFolder& data) {
    STENO_ASSIGN(const auto streams, data.reader().streams());
    for (const journal::StreamInfo& stream : streams) {
        if (stream.id == data.journal().stream() || stream.durable == 0) continue;
        return fail(Code::FailedPrecondition, data.path() + " holds a record already",
                    "demo calls are not mixed into it: name a new folder with --data");
    }
    return {};
}

Result<void> record(ingest::DataFolder& data, const custody::Custodian* custodian,
                    const demo::DemoOptions& options, Figures& figures) {
    const std::int64_t start = system_clock().steady_nanos();
    demo::DemoRecord demo(options);
    {
        Recording recording(data.recorder(), figures);
        Brake brake(data, custodian);
        Progress progress("recording");
        std::uint64_t events = 0;
        while (interrupted == 0) {
            auto event = demo.next();
            if (!event) break;
            STENO_TRY(recording.take(std::move(*event)));
            if (++events % 256 != 0) continue;
            STENO_TRY(brake.wait());
            progress.at(
                figures.calls, options.calls,
                fmt::format("{} calls/s", grouped(static_cast<std::int64_t>(
                                              static_cast<double>(figures.calls) / seconds_since(start)))));
        }
    }
    figures.made_seconds = seconds_since(start);
    Progress progress("the store catches up");
    const std::uint64_t behind = data.feeder().stats().behind;
    for (;;) {
        const auto caught_up = data.feeder().catch_up(std::chrono::milliseconds(200));
        if (caught_up) return {};
        if (caught_up.error().code != Code::DeadlineExceeded) return caught_up;
        if (const std::string why = data.feeder().stats().last_error; !why.empty())
            return fail(Code::Unavailable, "the store cannot be fed: " + why,
                        "the journal is whole; `steno serve` feeds it again");
        const std::uint64_t left = data.feeder().stats().behind;
        progress.at(behind - std::min(behind, left), behind);
    }
}

std::string to_json(const Figures& figures, const demo::DemoOptions& options, std::uint64_t memory) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("calls", figures.calls);
    json.member("said", figures.said);
    json.member("seed", options.seed);
    json.member("days", options.days);
    json.member("until", options.end.to_string());
    json.member("interrupted", interrupted != 0);
    json.member("prompt_bytes", figures.prompt_bytes);
    json.member("request_bytes", figures.request_bytes);
    json.member("answer_bytes", figures.answer_bytes);
    json.member("journal_bytes", figures.journal_bytes);
    json.member("store_bytes", figures.store_bytes);
    json.member("made_seconds", figures.made_seconds);
    json.member("seconds", figures.seconds);
    json.member("calls_per_second", static_cast<double>(figures.calls) / figures.seconds);
    json.member("peak_memory_bytes", memory);
    json.end_object();
    return out;
}

/// Behind "steno serve", if another server answers already where this one would listen.
std::string listen_flag(net::Endpoint listen) {
    const auto answers = [](const net::Endpoint& there) {
        net::RequestHead head;
        head.method = "GET";
        head.target = "/healthz";
        const auto url = net::BaseUrl::parse("http://" + there.to_string());
        return url && net::fetch(*url, head, {}).has_value();
    };
    constexpr int kTries = 20;
    if (!answers(listen)) return "";
    for (int i = 0; i < kTries; ++i) {
        ++listen.port;
        if (!answers(listen)) return fmt::format(" --listen {}", listen.to_string());
    }
    return " --listen 127.0.0.1:0";
}

}  // namespace

Result<int> fill_demo_folder(const Program& program, const DemoFolderFlags& flags) {
    STENO_ASSIGN(const Config config, program.config(flags.data));
    log::configure(config.log_level, config.log_json);
    demo::DemoOptions options;
    options.seed = flags.seed;
    options.calls = flags.calls;
    options.days = flags.days;
    options.keep_raw = config.keep_raw != gateway::KeepRaw::None;
    options.end = system_clock().now();
    options.end.offset_minutes = 0;
    if (!flags.until.empty()) {
        const auto until = Timestamp::parse(flags.until);
        if (!until)
            return fail(Code::InvalidArgument, "--until is no time: " + flags.until, "2026-11-21T00:00:00Z");
        options.end = *until;
    }

    Figures figures;
    const std::int64_t start = system_clock().steady_nanos();
    {
        ingest::Feeder::Options feeder;
        feeder.batch = 8192;
        STENO_ASSIGN(const auto data, open_data_folder(config, feeder, Composition::Use::Look));
        STENO_TRY(refuse_a_used_folder(*data));
        std::signal(SIGINT, on_interrupt);
        std::signal(SIGTERM, on_interrupt);
        const auto custodian = make_custodian(config, *data, nullptr);
        const bool seals = config.seal && config.store_feed;
        if (seals) custodian->start();
        STENO_TRY(record(*data, seals ? custodian.get() : nullptr, options, figures));
    }
    figures.seconds = seconds_since(start);
    figures.journal_bytes = bytes_below(config.data_dir + "/journal");
    figures.store_bytes = bytes_below(config.data_dir + "/store");
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    if (program.json) {
        fmt::print("{}\n", to_json(figures, options, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024));
        return 0;
    }
    const auto number = [](std::uint64_t value) { return grouped(static_cast<std::int64_t>(value)); };
    fmt::print("{} calls of {} days, {} times feedback, in {:.1f} s ({} calls/s){}\n", number(figures.calls),
               options.days, number(figures.said), figures.seconds,
               number(static_cast<std::uint64_t>(static_cast<double>(figures.calls) / figures.seconds)),
               interrupted != 0 ? ", interrupted" : "");
    fmt::print("  prompts {} bytes, answers {}; journal {}, store {}\n", number(figures.prompt_bytes),
               number(figures.answer_bytes), number(figures.journal_bytes), number(figures.store_bytes));
    fmt::print("look at it:\n  steno serve --data {}{}\n", config.data_dir, listen_flag(config.listen));
    return 0;
}

}  // namespace steno::cli
