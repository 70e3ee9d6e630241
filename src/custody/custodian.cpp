#include "custody/custodian.hpp"

#include "base/log.hpp"
#include "base/priority.hpp"
#include "ingest/entry.hpp"
#include "journal/sealed_segment.hpp"
#include "journal/sealing.hpp"
#include "journal/trimming.hpp"
#include "record/binary.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <vector>

namespace steno::custody {
namespace {

constexpr std::chrono::milliseconds kLongestPause{300'000};  ///< between tries at what fails
/// For so long what is to go waits for the rest of its file that is to go.
constexpr std::chrono::hours kPatience{24};

/// What of a conversation, request or kind of task repeats itself should be compressed together.
std::string group_of(const Call& call) {
    const std::string& thread =
        !call.trace.session_id.empty() ? call.trace.session_id : call.trace.request_id;
    std::string group = call.project;
    group += '\0';
    if (!thread.empty()) return group + thread;
    for (const std::string* part :
         {&call.trace.agent, &call.trace.function, &call.prompt.type, &call.model.requested})
        group += '\0' + *part;
    return group;
}

/// What is said today of any call keeps among the calls of long ago that stand around it from going.
std::int64_t time_of(std::string_view encoded_said) {
    const auto said = decode_said(encoded_said);
    if (!said) return 0;
    if (said->feedback && said->feedback->at) return said->feedback->at->unix_nanos;
    if (said->score && said->score->at) return said->score->at->unix_nanos;
    // A cost has no time of its own, but the re-pricing that made it is named after its day:
    // "2026-11-22-3f9c0a".
    if (!said->cost) return 0;
    const auto day = Timestamp::parse(said->cost->repricing.substr(0, 10) + "T23:59:59Z");
    return day ? day->unix_nanos : 0;
}

/// Its texts are withheld by the settings of its kind of prompt: the latest call's are kept all the same.
bool is_withheld(const Call& call) {
    return !call.privacy.withheld_by.empty();
}

/// Of a call that runs still only its opening is known, which is kept for as long as no other is later.
bool may_become_latest(const Call& opening, const LatestCalls& latest) {
    return !opening.prompt.type.empty() && reaches_a_model(opening.kind) &&
           !latest.is_superseded(opening.prompt.type, opening.started_at, opening.id);
}

std::string class_of_latest(const Call& call) {
    return to_class_name({call.id, call.privacy.retention, call.prompt.type});
}

/// Only at its end was said of what kind the prompt is, and that its texts are not kept: when its beginning
/// was written, nobody knew.
bool was_withheld_later(const Call& opening, const ingest::EntryHeader& header, store::CallStore& store,
                        Call& whole) {
    if (!header.may_be_known || !opening.prompt.type.empty() || opening.privacy.full_data) return false;
    const auto row = store.get(opening.id, opening.project);
    if (!row || !*row || (*row)->call.privacy.full_data.value_or(true)) return false;
    whole = std::move((*row)->call);
    return true;
}

/// What is decided of the payloads of a segment's records.
struct Rules {
    const std::set<std::string>& dropped_classes;
    const LatestCalls& latest;
    bool keep_latest = true;
    store::CallStore& store;
};

journal::SealingAdvice advise(const journal::ParsedRecord& record, const Rules& rules) {
    journal::SealingAdvice advice;
    const auto header = ingest::read_entry_header(record.header);
    if (!header) return advice;
    if (static_cast<ingest::EntryKind>(record.kind) == ingest::EntryKind::Said) {
        advice.unix_nanos = time_of(header->call);
        return advice;
    }
    Call call;
    if (!decode(header->call, call)) return advice;
    if (call.started_at) advice.unix_nanos = call.started_at->unix_nanos;
    advice.group = group_of(call);
    advice.retention_class = call.privacy.retention;
    const bool opens = static_cast<ingest::EntryKind>(record.kind) == ingest::EntryKind::Opening;
    const auto is_latest = [&](const Call& one) {
        return rules.keep_latest && is_withheld(one) &&
               (rules.latest.has(one.id) || (opens && may_become_latest(one, rules.latest)));
    };
    advice.keep_ephemeral = is_latest(call);
    if (advice.keep_ephemeral) advice.retention_class = class_of_latest(call);
    if (Call whole; opens && was_withheld_later(call, *header, rules.store, whole)) {
        advice.drop_payloads = !is_latest(whole);
        if (!advice.drop_payloads) advice.retention_class = class_of_latest(whole);
    }
    advice.drop_payloads |= rules.dropped_classes.contains(advice.retention_class);
    return advice;
}

/// An exception, of memory that ran out most likely, is a failure like others: it must not end the process.
template <typename Work>
Result<void> attempt(const Work& work) {
    try {
        return work();
    } catch (const std::exception& e) {
        return fail(Code::Internal, std::string("stopped at an exception: ") + e.what());
    }
}

}  // namespace

Custodian::Custodian(io::FileSystem& files, std::string data_folder, journal::Journal& journal,
                     journal::Reader& reader, store::CallStore& store, Options options)
    : files_(files),
      data_folder_(std::move(data_folder)),
      journal_(journal),
      reader_(reader),
      store_(store),
      options_(std::move(options)),
      clock_(options_.clock != nullptr ? *options_.clock : system_clock()) {}

Custodian::~Custodian() = default;

void Custodian::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Custodian::run(const std::stop_token& stop) {
    let_others_go_first();
    if (auto forgotten = attempt([&] { return finish_interrupted(); }); !forgotten) {
        failures_.fetch_add(1);
        log::warning("what retention removed cannot be taken out of the store: {}",
                     forgotten.error().message);
    }
    std::optional<std::int64_t> retained_at;
    std::chrono::milliseconds pause = options_.seal_interval;
    while (!stop.stop_requested()) {
        const auto note = [&](const Result<void>& done, std::string_view what) {
            if (done || done.error().code == Code::Cancelled) return;
            failures_.fetch_add(1);
            log::warning("{} failed and is tried again: {}", what, done.error().message);
        };
        if (options_.seal) {
            const Result<void> sealed = attempt([&] { return seal_all(stop); });
            note(sealed, "sealing the journal");
            // What failed, perhaps because the disk is full, compresses a whole segment again.
            pause = sealed ? options_.seal_interval : std::min(pause * 2, kLongestPause);
        }
        const std::int64_t now = clock_.steady_nanos();
        const std::int64_t due = std::chrono::nanoseconds(options_.retention_interval).count();
        if (!retained_at || now - *retained_at >= due) {
            retained_at = now;
            if (!options_.seal) warn_of_what_stays();
            note(attempt([&] { return drop_superseded(kPatience, stop); }), "dropping prompts and answers");
            note(attempt([&] { return apply_retention(stop); }), "retention");
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, pause, [] { return false; });
    }
}

void Custodian::warn_of_what_stays() {
    if (warned_) return;
    store::Selection withheld;
    withheld.filters.push_back(*store::make_filter("privacy.full_data", "false"));
    const auto count = store_.count(withheld);
    if (!count || *count == 0) return;
    warned_ = true;
    log::warning(
        "nothing is sealed (journal.seal): of {} calls that are not to keep them prompts and answers stay in "
        "the journal",
        *count);
}

Result<void> Custodian::seal_all(std::stop_token stop) {
    const std::uint64_t segments = journal_.stats().segments;
    STENO_ASSIGN(const auto streams, journal::list_streams(files_, data_folder_));
    std::optional<std::vector<store::Watermark>> watermarks;
    Latest latest;  // read behind the watermarks: every record that is sealed is in the store by then
    for (const Uuid& stream : streams) {
        const bool own = stream == journal_.stream();
        if (done_.contains(stream) || (own && sealed_segments_ == segments) || others_write(stream)) continue;
        if (!watermarks) {
            STENO_ASSIGN(watermarks, store_.watermarks());
        }
        const auto mark = std::ranges::find(*watermarks, stream, &store::Watermark::stream);
        STENO_ASSIGN(const bool sealed,
                     seal_stream(stream, mark == watermarks->end() ? 0 : mark->sequence, latest, stop));
        if (sealed && own) sealed_segments_ = segments;
        if (sealed && !own) done_.insert(stream);
    }
    return {};
}

bool Custodian::others_write(const Uuid& stream) {
    return stream != journal_.stream() && !files_.exists(journal::closed_mark_path(data_folder_, stream));
}

Result<bool> Custodian::seal_stream(const Uuid& stream, std::uint64_t fed, Latest& latest,
                                    const std::stop_token& stop) {
    STENO_TRY(journal::remove_sealed_twins(files_, data_folder_, stream));
    STENO_TRY(journal::finish_trimming(files_, data_folder_, stream));
    STENO_ASSIGN(const auto segments, journal::ended_segments(files_, data_folder_, stream, UINT64_MAX - 1));
    bool all_sealed = true;
    for (const journal::SegmentFile& segment : segments) {
        if (segment.sealed) continue;
        if (segment.end_sequence > fed + 1) {
            all_sealed = false;
            continue;
        }
        const auto sealed = seal(segment, {}, latest, stop);
        if (sealed) {
            reader_.let_go();  // or the plain file would stay on the disk for as long as it is open
            continue;
        }
        if (sealed.error().code != Code::DataLoss) return std::unexpected(sealed.error());
        // It stays as it is, for `verify` and for whoever can repair it, and is not tried again.
        log::error("{} is damaged and is not sealed: {}", segment.path, sealed.error().message);
    }
    return all_sealed;
}

Result<void> Custodian::seal(const journal::SegmentFile& segment,
                             const std::set<std::string>& dropped_classes, Latest& latest,
                             const std::stop_token& stop) {
    journal::SealingOptions options;
    options.stop = stop;
    if (!latest) {
        STENO_ASSIGN(latest, LatestCalls::read(store_, clock_.now()));
    }
    const Rules rules{dropped_classes, *latest, options_.keep_latest, store_};
    options.advise = [&](const journal::ParsedRecord& record) { return advise(record, rules); };
    STENO_TRY(journal::seal_segment(files_, segment, options));
    if (segment.sealed) {
        redacted_.fetch_add(1);
        kept_as_latest_.erase(segment.path);
        return {};
    }
    const std::string path = segment.path.substr(0, segment.path.find_last_of('/') + 1);
    STENO_ASSIGN(const auto file, files_.open_read(path + journal::sealed_file_name(segment.number)));
    STENO_ASSIGN(const std::uint64_t size, file->size());
    sealed_.fetch_add(1);
    before_.fetch_add(segment.size);
    after_.fetch_add(size);
    log::debug("sealed {}: {} bytes are {} now", segment.path, segment.size, size);
    return {};
}

Result<void> Custodian::finish_interrupted() {
    const std::scoped_lock once(finishing_);
    if (finished_) return {};
    // It may have died between removing segments and telling the store.
    STENO_ASSIGN(const auto streams, journal::list_streams(files_, data_folder_));
    std::vector<store::Position> gone;
    for (const Uuid& stream : streams) {
        STENO_ASSIGN(const auto mark, journal::read_trimmed_mark(files_, data_folder_, stream));
        if (mark) gone.push_back({stream, mark->streams[0].sequence});
    }
    const auto forget = [&] { return gone.empty() ? Result<void>() : store_.forget(gone); };
    const auto still = options_.feeder != nullptr ? options_.feeder->hold() : std::unique_lock<std::mutex>();
    STENO_TRY(options_.heir != nullptr ? options_.heir->resume(gone, forget) : forget());
    finished_ = true;
    return {};
}

Result<void> Custodian::apply_retention(std::stop_token stop) {
    const Heir::Terms terms{options_.retention, options_.keep_latest, clock_.now()};
    const auto tidy = [&] { return options_.heir != nullptr ? options_.heir->tidy(terms) : Result<void>(); };
    if (options_.retention.none()) return tidy();
    STENO_TRY(finish_interrupted());
    STENO_ASSIGN(const auto streams, journal::list_streams(files_, data_folder_));
    STENO_ASSIGN(const auto watermarks, store_.watermarks());
    const std::uint64_t removed_before = removed_;
    Latest latest;
    for (const Uuid& stream : streams) {
        const auto mark = std::ranges::find(watermarks, stream, &store::Watermark::stream);
        if (mark != watermarks.end() && !others_write(stream))
            STENO_TRY(retain_stream(stream, mark->sequence, latest, terms, stop));
    }
    STENO_TRY(tidy());
    // Only then does the engine use the space again.
    return removed_ == removed_before ? Result<void>() : store_.checkpoint();
}

Result<const std::vector<Custodian::KeptAsLatest>*> Custodian::kept_as_latest(
    const journal::SegmentFile& segment) {
    const auto known = kept_as_latest_.find(segment.path);
    if (known != kept_as_latest_.end()) return &known->second;
    STENO_ASSIGN(std::shared_ptr<io::File> file, files_.open_read(segment.path));
    const auto sealed = journal::SealedSegment::open(std::move(file));
    std::vector<KeptAsLatest> kept;
    if (sealed) {  // damaged: retention says so
        for (const journal::SealedClass& one : (*sealed)->directory().classes)
            if (auto latest = parse_latest_class(one.name); latest && one.records > 0)
                kept.push_back({std::move(*latest), one.newest_unix_nanos});
    }
    return &kept_as_latest_.emplace(segment.path, std::move(kept)).first->second;
}

Result<bool> Custodian::is_superseded(const KeptAsLatest& one, const LatestCalls& latest) {
    if (!options_.keep_latest) return true;
    if (latest.has(one.call.id)) return false;
    std::optional<Timestamp> began;
    if (one.unix_nanos != 0) began = Timestamp{one.unix_nanos};
    if (latest.is_superseded(one.call.type, began, one.call.id)) return true;
    // What runs still is the latest when it has ended, perhaps.
    STENO_ASSIGN(const auto ended, store_.get(one.call.id));
    return ended.has_value();
}

Result<void> Custodian::drop_superseded(std::chrono::hours patience, std::stop_token stop) {
    STENO_ASSIGN(const auto streams, journal::list_streams(files_, data_folder_));
    STENO_ASSIGN(const auto watermarks, store_.watermarks());
    const std::int64_t old = clock_.now().unix_nanos - std::chrono::nanoseconds(patience).count();
    Latest latest;
    std::set<std::string> there;
    for (const Uuid& stream : streams) {
        const auto mark = std::ranges::find(watermarks, stream, &store::Watermark::stream);
        if (mark == watermarks.end() || others_write(stream)) continue;
        STENO_ASSIGN(const auto segments,
                     journal::ended_segments(files_, data_folder_, stream, mark->sequence));
        for (const journal::SegmentFile& segment : segments) {
            if (stop.stop_requested()) return fail(Code::Cancelled, "sealing was stopped");
            if (!segment.sealed) continue;
            there.insert(segment.path);
            STENO_ASSIGN(const auto* const kept, kept_as_latest(segment));
            if (kept->empty()) continue;
            if (!latest) {
                STENO_ASSIGN(latest, LatestCalls::read(store_, clock_.now()));
            }
            std::size_t superseded = 0;
            bool any_old = false;
            for (const KeptAsLatest& one : *kept) {
                STENO_ASSIGN(const bool gone, is_superseded(one, *latest));
                superseded += gone;
                any_old = any_old || (gone && one.unix_nanos <= old);
            }
            // A whole file is compressed again: once for all of them, if it can wait for that.
            if (superseded == 0 || (superseded < kept->size() && !any_old)) continue;
            const auto resealed = seal(segment, {}, latest, stop);
            if (!resealed && resealed.error().code != Code::DataLoss)
                return std::unexpected(resealed.error());
            reader_.let_go();
        }
    }
    std::erase_if(kept_as_latest_, [&](const auto& entry) { return !there.contains(entry.first); });
    return {};
}

Result<void> Custodian::remove(const Uuid& stream, const journal::SegmentFile& last,
                               const Heir::Terms& terms) {
    STENO_ASSIGN(const auto key, journal::SigningKey::load_or_make(files_, data_folder_));
    const store::Position until{stream, last.end_sequence - 1};
    const auto trim = [&]() -> Result<void> {
        STENO_TRY(journal::trim_stream(files_, data_folder_, stream, last.number, clock_, *key));
        reader_.let_go();
        return store_.forget(std::span(&until, 1));
    };
    if (options_.heir != nullptr) STENO_TRY(options_.heir->prepare(until, terms));
    const Result<void> removed = attempt([&] {
        const auto still =
            options_.feeder != nullptr ? options_.feeder->hold() : std::unique_lock<std::mutex>();
        return options_.heir != nullptr ? options_.heir->inherit(until, trim) : trim();
    });
    if (!removed) {
        // Perhaps the journal says that they are gone, and the store has them still.
        const std::scoped_lock lock(finishing_);
        finished_ = false;
        return removed;
    }
    log::info("retention removed the calls up to record {}/{}: they are older than {} days",
              stream.to_string(), until.sequence, options_.retention.days);
    return {};
}

Result<void> Custodian::retain_stream(const Uuid& stream, std::uint64_t until, Latest& latest,
                                      const Heir::Terms& terms, const std::stop_token& stop) {
    STENO_ASSIGN(const auto segments, journal::ended_segments(files_, data_folder_, stream, until));
    const std::int64_t now = clock_.now().unix_nanos;
    const journal::SegmentFile* removable = nullptr;  ///< the last that may go; only from the beginning on
    std::size_t count = 0;
    bool from_the_beginning = true;
    for (const journal::SegmentFile& segment : segments) {
        if (stop.stop_requested()) return fail(Code::Cancelled, "retention was stopped");
        if (!segment.sealed) {
            from_the_beginning = false;
            continue;
        }
        STENO_ASSIGN(std::shared_ptr<io::File> file, files_.open_read(segment.path));
        const auto sealed = journal::SealedSegment::open(std::move(file));
        if (!sealed) {
            log::error("{} is damaged and is kept: {}", segment.path, sealed.error().message);
            from_the_beginning = false;
            continue;
        }
        const journal::SealedDirectory& directory = (*sealed)->directory();
        if (from_the_beginning && may_be_removed(options_.retention, directory.facts, now)) {
            removable = &segment;
            ++count;
            continue;
        }
        from_the_beginning = false;
        std::set<std::string> dropped;
        std::uint64_t records = 0;
        for (const journal::SealedClass& one : directory.classes) {
            if (!payloads_may_go(options_.retention, one, now)) continue;
            dropped.insert(one.name);
            records += one.records;
        }
        if (dropped.empty()) continue;
        // The store first: who dies between the two finds the segment as it was, and begins again. The other
        // way round the store would go on showing what the journal has lost.
        std::vector<store::LostPayloads> lost;
        for (const std::string& name : dropped)
            if (!parse_latest_class(name))  // of calls that are withheld there are no previews
                lost.push_back({stream, segment.header.first_sequence, segment.end_sequence - 1, name});
        if (!lost.empty()) STENO_TRY(store_.forget_payloads(lost));
        if (const auto resealed = seal(segment, dropped, latest, stop); !resealed) {
            if (resealed.error().code != Code::DataLoss) return std::unexpected(resealed.error());
            log::error("{} is damaged and keeps its prompts and answers: {}", segment.path,
                       resealed.error().message);
            continue;
        }
        log::info("retention removed the prompts and answers of {} records from {}", records, segment.path);
        reader_.let_go();
    }
    if (removable == nullptr) return {};
    STENO_TRY(remove(stream, *removable, terms));
    removed_.fetch_add(count);
    return {};
}

CustodyStats Custodian::stats() const {
    return {sealed_, before_, after_, redacted_, removed_, failures_};
}

}  // namespace steno::custody
