#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

/// Turning the recording of AI calls on and off in this program, and what has become of the calls.
///
/// Nothing needs to be called: the first tracked call starts recording with the defaults below. Calls are
/// handed to a thread of the library, which delivers them in batches; the program's threads never wait for a
/// server. All functions may be called from any thread, at any time, and never throw.
namespace steno {

/// How much of a call is kept. The higher one includes the lower.
enum class LogLevel : unsigned char {
    Off,          ///< nothing: the call is not recorded
    MetricsOnly,  ///< all but texts: no prompt, answer, variables, arguments, error stack
    Summary,      ///< the first 300 bytes of prompt and answer (of functions: input and result) besides
    Detailed,     ///< everything
};

struct TrackingOptions {
    /// "http://127.0.0.1:8787" or another address of a Steno server. Empty: STENO_SERVER; if that is not set
    /// either, the default address is tried, and recording goes off quietly when nobody is there.
    std::string server;
    /// For a server that wants one. Empty: STENO_API_KEY.
    std::string api_key;

    /// A data folder of Steno, made if it is missing, to which this process writes its calls itself, with no
    /// server: then `server` and the spool folder mean nothing, and "delivered" is what is fsynced there. Any
    /// number of processes, and a server, may use one folder at the same time. A relative path is meant from
    /// where the process is when recording begins. Empty: STENO_DATA, unless `server` is set. Needs
    /// libsteno_embedded beside libsteno.
    std::string data_folder;

    std::string project;      ///< empty: STENO_PROJECT
    std::string environment;  ///< "production", "test", …; empty: STENO_ENVIRONMENT
    std::string release;      ///< of the program; empty: STENO_RELEASE

    /// STENO_TRACKING=off (or metrics-only, summary, detailed) in the environment wins, over
    /// `level_by_prompt_type` and CallScope::level too: nothing is kept beyond it.
    LogLevel level = LogLevel::Detailed;
    /// Exceptions from `level`, by prompt type (Context::with_prompt).
    std::map<std::string, LogLevel> level_by_prompt_type;
    /// Prompts and answers beyond so many bytes are cut; their length and SHA-256 are kept. At most 4 MiB,
    /// which is also meant by 0.
    std::size_t max_text_bytes = 0;

    /// How long a call waits for others to be delivered with.
    std::chrono::milliseconds interval{100};
    /// What may wait in memory. From half of it on, calls go to the spool folder rather than wait for a
    /// server that is slow; what finds no room is dropped, and counted. (Besides, memory is kept for the
    /// calls to come: an eighth of it, and at most 256 KiB by each thread that makes calls.)
    std::size_t max_memory_bytes = 64u << 20;
    /// Where calls wait while the server is away or slow, also beyond the end of this program: whichever
    /// program uses the folder next delivers them, to its own server (programs that report to different
    /// servers want different folders). Empty: STENO_SPOOL, or $XDG_STATE_HOME/steno/spool, or
    /// ~/.local/state/steno/spool, or /tmp/steno-spool-UID. Made with mode 0700. One that belongs to another
    /// user, or that all may write to, is not used (`last_tracking_error`). It needs locks (flock).
    std::string spool_folder;
    /// What a program may leave there. Beyond it calls wait in memory, as long as there is room and the
    /// program runs; then they are dropped, and counted. 0: nothing is left there.
    std::uint64_t max_spool_bytes = 256u << 20;
    /// A call that has ended is in the spool folder before `end` returns (one write, some microseconds): it
    /// survives the death of this program. (A power failure may take the last ones.) With `data_folder`: it
    /// is in the folder's journal, and fsynced, before `end` returns.
    bool durable = false;
    /// How long the program's normal exit waits for what is not delivered yet; what is left goes to the spool
    /// folder.
    std::chrono::milliseconds exit_patience{2000};

    /// At the end of each steno::Request a few lines to standard error: tokens, time, agents, functions,
    /// models, and what the provider said it cost. Also STENO_PRINT_SUMMARY=1.
    bool print_summary = false;
};

/// Begins recording with these options; if it had begun, calls go on with the new ones, and what the old ones
/// had is delivered, within their `exit_patience`. Invalid options (a server that is no http:// or https://
/// address, a key with a line's end in it) turn recording off; `last_tracking_error` says why, and a line on
/// standard error, once a process.
void start_tracking(TrackingOptions options) noexcept;

/// Delivers what there is, within `patience`, and ends recording. Calls that are still open are not recorded.
/// What has not arrived is told in a line on standard error, once a process.
void stop_tracking(std::chrono::milliseconds patience = std::chrono::milliseconds{2000}) noexcept;

/// Waits until everything that ended before is delivered, or refused by the server for good (tracking_stats).
/// True also when there is nothing to wait for: recording was never on, or has been stopped. False: it was
/// not within `patience`, or nobody listens at the server's address (or who does wants another key) and all
/// of it is in the spool folder: it is not lost, but there or in memory. Or recording went off by itself, for
/// want of a server or a valid address (`last_tracking_error`). Calls that were dropped are not waited for,
/// only counted.
bool flush(std::chrono::milliseconds patience = std::chrono::milliseconds{10'000}) noexcept;

/// Would a call be recorded now?
[[nodiscard]] bool tracking() noexcept;

/// What has become of the calls since recording last began (at the first call, or by start_tracking).
struct TrackingStats {
    std::uint64_t ended = 0;      ///< handed over
    std::uint64_t delivered = 0;  ///< acknowledged by a server, which has them on its disk
    std::uint64_t spooled = 0;    ///< written to the spool folder (and perhaps delivered since)
    std::uint64_t rejected = 0;   ///< a server would not have them; `last_tracking_error` says why
    std::uint64_t dropped = 0;    ///< lost: no room, or not readable any more
    std::uint64_t waiting_bytes = 0;
};
[[nodiscard]] TrackingStats tracking_stats() noexcept;

/// In words for a person; empty when there was none since the last success.
[[nodiscard]] std::string last_tracking_error() noexcept;

}  // namespace steno
