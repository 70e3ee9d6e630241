#include "ingest/feeder.hpp"

#include "base/log.hpp"
#include "ingest/entry.hpp"
#include "record/binary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace steno::ingest {
namespace {

/// So many records in the engine's log take 15 ms to read back after a crash.
constexpr std::uint64_t kWorthFolding = 1000;
/// Without a new record for so long, nobody is kept waiting by a checkpoint.
constexpr std::int64_t kQuietNanos = 2'000'000'000;

}  // namespace

Result<std::optional<store::Change>> change_of(const journal::Record& record) {
    STENO_ASSIGN(const EntryHeader header, read_entry_header(record.header));
    switch (static_cast<EntryKind>(record.kind)) {
        case EntryKind::Opening:
            return std::nullopt;
        case EntryKind::Said: {
            STENO_ASSIGN(Said said, decode_said(header.call));
            return store::Change(std::move(said));
        }
        case EntryKind::Closing:
        case EntryKind::Complete:
            break;
        default:
            return std::nullopt;  // a kind of a newer version: nothing that this store has a place for
    }
    store::Upsert upsert;
    store::Row& row = upsert.row;
    STENO_TRY(decode(header.call, row.call));
    upsert.has_response = false;
    for (const journal::StoredPayload& payload : record.payloads) {
        if (payload.redacted) continue;
        STENO_ASSIGN(PayloadGlance glance, glance_at(payload.bytes));
        if (glance.preview != Preview{}) row.call.preview = std::move(glance.preview);
        upsert.has_request |= glance.request;
        upsert.has_response |= glance.response;
    }
    row.closed_at = {record.position.stream, record.position.sequence};
    if (header.opening) row.opened_at = store::Position{header.opening->stream, header.opening->sequence};
    // The gateway's ids are new, but for the results of a batch, which may be fetched again.
    upsert.may_exist =
        header.may_be_known || row.call.source != Source::Gateway || row.call.provider.batch.value_or(false);
    return store::Change(std::move(upsert));
}

Feeder::Feeder(Recorder& recorder, journal::Reader& reader, store::CallStore& store, DamageNotes& notes,
               Options options)
    : recorder_(recorder), reader_(reader), store_(store), notes_(notes), options_(options) {}

Feeder::~Feeder() {
    stop();
}

Result<void> Feeder::check(journal::Journal& journal, journal::Reader& reader, store::CallStore& store) {
    STENO_ASSIGN(const auto watermarks, store.watermarks());
    STENO_ASSIGN(const auto streams, reader.streams());
    for (const store::Watermark& mark : watermarks) {
        bool found = false;
        for (const journal::StreamInfo& stream : streams) {
            if (stream.id != mark.stream) continue;
            found = true;
            const bool recovered = std::ranges::find(journal.recovered(), stream.id,
                                                     &journal::Position::stream) != journal.recovered().end();
            if (recovered) journal.expect_durable({mark.stream, mark.sequence});
            // Of a stream that its process still writes it is not known here how far it was durable before.
            if (mark.sequence > stream.durable && stream.closed && !recovered && stream.damage.empty()) {
                return fail(Code::FailedPrecondition,
                            "the store has seen records that the journal does not have: the journal was cut "
                            "or replaced",
                            "the store is rebuilt from the journal");
            }
        }
        if (!found && mark.sequence > 0) {
            return fail(Code::FailedPrecondition, "the store was fed from another journal",
                        "the store is rebuilt from the journal");
        }
    }
    return {};
}

void Feeder::start() {
    expected_ = true;
    thread_ = std::thread([this] { run(); });
    started_ = true;
}

void Feeder::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Feeder::became_durable() {
    const std::scoped_lock lock(mutex_);
    more_durable_ = true;
    if (wanted_ > own_fed_) wake_.notify_one();
}

std::uint64_t Feeder::own_target() const {
    // While the disk fails, what is appended may wait long for its fsync: then only what is durable can be
    // asked for.
    const journal::Stats stats = recorder_.journal().stats();
    return stats.healthy ? stats.appended.sequence : stats.durable.sequence;
}

void Feeder::rest_soon() {
    const std::scoped_lock lock(mutex_);
    rest_wanted_ = true;
    wake_.notify_one();
}

Result<void> Feeder::catch_up(std::chrono::milliseconds timeout) {
    if (!expected_) return {};
    const std::uint64_t target = own_target();
    std::unique_lock lock(mutex_);
    const std::uint64_t round = begun_round_ + 1;
    const auto there = [&] {
        return (own_fed_ >= target && old_streams_fed_ && (others_ == 0 || done_round_ >= round)) ||
               stopping_;
    };
    if (there()) return {};
    if (others_ > 0) wanted_round_ = round;
    recorder_.journal().sync_soon();
    wanted_ = std::max(wanted_, target);
    more_durable_ = true;  // perhaps: one look is cheap
    wake_.notify_one();
    if (!fed_.wait_for(lock, timeout, there)) {
        return fail(Code::DeadlineExceeded, "the store has not caught up with the journal in time",
                    "the answer may miss the newest calls; ask again");
    }
    return {};
}

void Feeder::run() {
    rest();
    for (bool more = false;;) {
        bool stopping;
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, options_.interval, [&] {
                return more || stopping_ || rest_wanted_ || wanted_round_ > begun_round_ ||
                       (more_durable_ && (wanted_ > own_fed_ || !old_streams_fed_));
            });
            ++begun_round_;
            more_durable_ = false;
            rest_wanted_ = false;
            stopping = stopping_;
        }
        begin_round();
        for (bool done = false; !done;) {
            const auto batch = feed_guarded();
            done = !batch || batch->done;
            more = batch && batch->more;
            {
                const std::scoped_lock lock(mutex_);
                last_error_ = batch ? std::string() : batch.error().message;
                if (batch && done) done_round_ = begun_round_;
                // Others may have left much.
                if (stopping && own_fed_ >= own_target()) done = true;
            }
            fed_.notify_all();
            if (!batch) {
                failures_.fetch_add(1);
                log::warning("feeding the store failed and is tried again: {}", batch.error().message);
            }
            if (!stopping) look_after_others();
        }
        if (!stopping) rest();
        if (stopping) return;
        fold_when_quiet();
    }
}

void Feeder::rest() {
    if (!options_.at_rest) return;
    bool history_fed = false;
    {
        const std::scoped_lock lock(mutex_);
        history_fed = old_streams_fed_;
    }
    // What is asked there is somebody else's: it must not end the feeding, and with it the process.
    try {
        options_.at_rest(store_, history_fed);
    } catch (const std::exception& error) {
        log::error("what was to be done between two rounds of feeding stopped at an exception: {}",
                   error.what());
    }
}

void Feeder::begin_round() {
    for (Stream& stream : streams_) {
        stream.due.reset();
        stream.done = false;
    }
}

void Feeder::fold_when_quiet() {
    const std::int64_t now = system_clock().steady_nanos();
    if (fed_count_ != fed_at_last_look_) {
        fed_at_last_look_ = fed_count_;
        last_fed_ = now;
    }
    if (fed_count_ - folded_ < kWorthFolding || now - last_fed_ < kQuietNanos) return;
    applying_since_ = now;
    const auto folded = store_.checkpoint();
    applying_since_ = 0;
    if (!folded && folded.error().code == Code::Unavailable) {
        last_fed_ = now;  // it is read all the time; later
        return;
    }
    folded_ = fed_count_;
    if (!folded) log::warning("{}", folded.error().message);
}

Result<void> Feeder::add_stream(const Uuid& id, std::span<const store::Watermark> watermarks) {
    const auto mark = std::ranges::find(watermarks, id, &store::Watermark::stream);
    const std::uint64_t fed = mark == watermarks.end() ? 0 : mark->sequence;
    STENO_ASSIGN(auto cursor, reader_.scan(id, fed + 1));
    Stream& stream = streams_.emplace_back();
    stream.id = id;
    stream.cursor = std::move(cursor);
    stream.fed = fed;
    return {};
}

Result<void> Feeder::find_streams() {
    const Uuid own = recorder_.journal().stream();
    STENO_ASSIGN(const auto watermarks, store_.watermarks());
    STENO_ASSIGN(const auto infos, reader_.streams());
    known_.clear();
    const auto find_all = [&]() -> Result<void> {
        for (const bool ended : {true, false}) {
            for (const journal::StreamInfo& info : infos) {
                known_.insert(info.id);
                if (info.id == own || info.closed != ended) continue;
                for (const std::string& damage : info.damage) note_damage(damage);
                if (info.lost_through > 0) lossy_.insert(info.id);
                const auto mark = std::ranges::find(watermarks, info.id, &store::Watermark::stream);
                const bool fed = ended && (mark != watermarks.end() ? mark->sequence : 0) >= info.durable;
                // One that cannot be read at all has only damage.
                if (!fed && (ended || info.damage.empty())) STENO_TRY(add_stream(info.id, watermarks));
            }
        }
        known_.insert(own);
        return add_stream(own, watermarks);
    };
    auto found = find_all();
    if (!found) streams_.clear();
    return found;
}

Result<void> Feeder::find_new_streams() {
    STENO_ASSIGN(const auto ids, reader_.ids());
    std::optional<std::vector<store::Watermark>> watermarks;
    for (const Uuid& id : ids) {
        if (known_.contains(id)) continue;
        if (!watermarks) {
            STENO_ASSIGN(watermarks, store_.watermarks());
        }
        auto added = add_stream(id, *watermarks);
        if (!added && added.error().code == Code::NotFound) continue;  // about to begin
        if (!added && !journal::is_left_alone(added.error())) return added;
        known_.insert(id);
        if (added) {
            std::swap(streams_.back(), streams_[streams_.size() - 2]);  // our own is the last
        } else {
            note_damage(fmt::format("stream {}: {}", id.to_string(), added.error().message));
        }
    }
    return {};
}

Result<bool> Feeder::knows_better(const journal::Record& record) {
    if (!record.adopts || !lossy_.contains(record.adopts->at.stream)) return false;
    STENO_ASSIGN(const auto row, store_.get(record.adopts->id));
    return row.has_value();
}

Result<Feeder::Reached> Feeder::read_stream(Stream& stream, std::vector<store::Change>& changes,
                                            std::size_t most) {
    std::uint64_t last = stream.fed;
    while (!stream.ends_in_damage) {
        if (changes.size() >= most) return Reached{last, false};
        auto record = stream.cursor->next();
        if (!record) {
            if (record.error().code != Code::DataLoss) return std::unexpected(std::move(record).error());
            note_damage(record.error().message);
            STENO_ASSIGN(const bool skipped, stream.cursor->skip_damage());
            stream.ends_in_damage = !skipped;
            continue;
        }
        if (!*record) break;
        last = (*record)->position.sequence;
        // The row is whole but for its preview; one word for all records of the file.
        if (std::ranges::any_of((*record)->payloads, &journal::StoredPayload::damaged)) {
            note_damage(fmt::format("segment {} of stream {}: prompts or answers are damaged",
                                    (*record)->segment, stream.id.to_string()));
        }
        STENO_ASSIGN(const bool known, knows_better(**record));
        if (known) continue;
        auto change = change_of(**record);
        if (!change) {
            note_damage("record " + (*record)->position.to_string() +
                        " cannot be understood: " + change.error().message);
        } else if (*change) {
            changes.push_back(std::move(**change));
        }
    }
    return Reached{last, true};
}

void Feeder::note_damage(const std::string& place) {
    if (notes_.add(place)) log::error("the journal is damaged, the store goes on behind it: {}", place);
}

Result<Feeder::Fed> Feeder::feed_guarded() {
    // Running out of memory in one big batch must not end the gateway's process.
    try {
        return feed_once();
    } catch (const std::exception& error) {
        applying_since_ = 0;
        streams_.clear();
        return fail(Code::Internal, std::string("feeding stopped at an exception: ") + error.what());
    }
}

Result<Feeder::Fed> Feeder::feed_once() {
    STENO_TRY(streams_.empty() ? find_streams() : find_new_streams());
    changes_.clear();
    std::vector<store::Watermark> marks;
    std::vector<Reached> reached;
    // What grows has a share of the batch each: one that is written to fast must not keep the others waiting.
    const std::size_t growing = static_cast<std::size_t>(
        std::ranges::count_if(streams_, [](const Stream& stream) { return stream.cursor->grows(); }));
    const std::size_t share = std::max<std::size_t>(1, options_.batch / std::max<std::size_t>(1, growing));
    bool more = false;
    for (Stream& stream : streams_) {
        const bool grows = stream.cursor->grows();
        const std::size_t most = grows ? std::min(options_.batch, changes_.size() + share) : options_.batch;
        auto read = read_stream(stream, changes_, most);
        if (auto far = read ? look_how_far(stream, *read) : Result<void>(); !far)
            read = std::unexpected(std::move(far).error());
        if (!read) {
            streams_.clear();  // cursors are ahead of the store now: begin again from its watermarks
            return std::unexpected(std::move(read).error());
        }
        reached.push_back(*read);
        if (read->sequence != stream.fed) marks.push_back({stream.id, read->sequence});
        more = more || !read->end;
        if (changes_.size() >= options_.batch) break;
    }
    more = more || reached.size() < streams_.size();
    if (!marks.empty()) {
        auto applied = [&] {
            const std::scoped_lock turn(applying_);
            applying_since_ = system_clock().steady_nanos();
            auto done = store_.apply(changes_, marks);
            applying_since_ = 0;
            return done;
        }();
        if (!applied) {
            streams_.clear();  // the cursors are ahead of the store now: begin again from its watermarks
            return std::unexpected(std::move(applied).error());
        }
    }
    fed_count_.fetch_add(changes_.size());
    changes_.clear();
    const bool done = std::ranges::all_of(streams_, &Stream::done);
    note_round(reached);
    return Fed{more, done};
}

Result<void> Feeder::look_how_far(Stream& stream, const Reached& reached) {
    if (!stream.done && !reached.end && !stream.due) {
        STENO_ASSIGN(stream.due, reader_.durable(stream.id));
    }
    stream.done = stream.done || reached.end || reached.sequence >= stream.due;
    return {};
}

void Feeder::note_round(std::span<const Reached> reached) {
    for (std::size_t i = 0; i < reached.size(); ++i) {
        streams_[i].fed = reached[i].sequence;
        streams_[i].caught_up = streams_[i].caught_up || streams_[i].done;
    }
    const bool own_reached = reached.size() == streams_.size();
    const std::uint64_t own_fed = streams_.back().fed;
    if (own_reached) recorder_.forget_until(own_fed);
    std::size_t place = 0;
    std::erase_if(streams_, [&](const Stream& stream) {
        const bool at_end = place < reached.size() && reached[place].end;
        ++place;
        return at_end && !stream.cursor->grows();
    });
    const std::scoped_lock lock(mutex_);
    if (own_reached) own_fed_ = own_fed;
    others_ = streams_.size() - 1;
    if (std::ranges::all_of(streams_, [&](const Stream& stream) {
            return stream.caught_up || stream.id == streams_.back().id;
        }))
        old_streams_fed_ = true;
}

void Feeder::look_after_others() {
    const auto now = std::chrono::steady_clock::now();
    if (streams_.size() < 2 || now - looked_after_ < options_.look_after) return;
    looked_after_ = now;
    const auto recover = [&]() -> Result<void> {
        journal::Journal& journal = recorder_.journal();
        STENO_ASSIGN(const auto orphans, journal.recover_again());
        if (!orphans) return {};
        STENO_ASSIGN(const auto watermarks, store_.watermarks());
        for (const store::Watermark& mark : watermarks) journal.expect_durable({mark.stream, mark.sequence});
        STENO_ASSIGN(const std::size_t count, recorder_.close_orphans(*orphans));
        if (count > 0) log::info("{} calls were interrupted when another process died", count);
        return {};
    };
    if (auto recovered = recover(); !recovered)
        log::warning("what another process left is not cleaned up yet: {}", recovered.error().message);
}

FeederStats Feeder::stats() const {
    FeederStats stats;
    stats.fed = fed_count_;
    stats.failures = failures_;
    stats.damaged = notes_.count();
    if (const std::int64_t since = applying_since_; since != 0)
        stats.applying = std::chrono::nanoseconds(system_clock().steady_nanos() - since);
    const std::scoped_lock lock(mutex_);
    stats.healthy = last_error_.empty();
    stats.last_error = last_error_;
    const std::uint64_t target = own_target();
    stats.behind = target - std::min(target, own_fed_);
    stats.history_fed = old_streams_fed_ || !expected_;
    return stats;
}

}  // namespace steno::ingest
