#include "repricing/repricer.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "record/field_table.hpp"
#include "store/call_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace steno::repricing {

namespace {

using namespace std::chrono_literals;

/// So many calls are looked at between two words of how far it has come.
constexpr std::int64_t kWord = 1000;

/// What a price and a verdict depend on, but for what stands in payloads.
std::span<const std::size_t> needed_fields() {
    static const std::vector<std::size_t> fields = [] {
        std::vector<std::size_t> out;
        for (const std::size_t index : store::column_fields()) {
            const FieldInfo& field = scalar_fields()[index];
            constexpr std::array kPaths = {"id",
                                           "kind",
                                           "project",
                                           "status",
                                           "started_at",
                                           "ended_at",
                                           "model.requested",
                                           "model.served",
                                           "cache.hit",
                                           "provider.batch",
                                           "provider.endpoint.method",
                                           "provider.endpoint.host",
                                           "provider.name",
                                           "provider.region",
                                           "provider.service_tier",
                                           "provider.speed"};
            const bool needed = std::ranges::find(kPaths, field.path) != kPaths.end() ||
                                field.path.starts_with("usage.") || field.path.starts_with("cost.");
            if (needed) out.push_back(index);
        }
        return out;
    }();
    return fields;
}

/// "2026-11-22-3f9c0a".
std::string new_id(Timestamp now) {
    return fmt::format("{}-{:06x}", Timestamp{now.unix_nanos}.to_string().substr(0, 10),
                       system_random().next_u64() & 0xffffff);
}

std::string text_of(const std::optional<store::Value>& key) {
    const auto* const text = key ? std::get_if<std::string>(&*key) : nullptr;
    return text == nullptr ? std::string() : *text;
}

std::optional<Decimal> money_of(const store::Cell& cell) {
    const auto* const value = std::get_if<store::Value>(&cell);
    const auto* const money = value == nullptr ? nullptr : std::get_if<Decimal>(value);
    return money == nullptr ? std::nullopt : std::optional(*money);
}

std::int64_t count_of(const store::Cell& cell) {
    const auto* const value = std::get_if<store::Value>(&cell);
    const auto* const count = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    return count == nullptr ? 0 : *count;
}

Error stopped() {
    return {Code::Cancelled, "it was cancelled", "what was done stays; repeat it for the rest"};
}

}  // namespace

Repricer::Repricer(ingest::DataFolder& data, Trail& trail, PriceBook* book, Clock& clock)
    : data_(data), trail_(trail), book_(book), clock_(clock) {}

Repricer::~Repricer() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

Result<Run> Repricer::start(Order order) {
    STENO_TRY(check(order.author));
    // No call may change its mind in which sums it belongs before these were taken.
    if (order.apply) STENO_TRY(settle());
    Run run;
    run.at = clock_.now();
    run.id = new_id(run.at);
    run.apply = order.apply;
    run.author = order.author;
    run.from = order.selection.from;
    run.to = order.selection.to;
    run.filters = order.filters;
    run.billed_too = order.billed_too;
    run.catalogue = pricing::kCatalogueDay;
    if (const auto latest = book_ == nullptr ? Result<std::vector<PriceVersion>>() : book_->versions(1);
        latest && !latest->empty())
        run.own = latest->front().price.version;
    const std::scoped_lock lock(mutex_);
    if (running_)
        return fail(Code::FailedPrecondition, fmt::format("{} runs already", running_->id),
                    fmt::format("wait for it, or end it: DELETE /api/v1/prices/repricings/{}", running_->id));
    if (run.apply) STENO_TRY(trail_.begin(run));
    if (thread_.joinable()) thread_.join();  // it has ended but for its last steps
    running_ = run;
    thread_ =
        std::jthread([this, order = std::move(order)](const std::stop_token& stop) { work(order, stop); });
    return run;
}

Result<Run> Repricer::get(std::string_view id, std::chrono::milliseconds patience) {
    {
        std::unique_lock lock(mutex_);
        if (running_ && running_->id == id) {
            ended_.wait_for(lock, patience, [&] { return !running_ || running_->id != id; });
            if (running_ && running_->id == id) return *running_;
        }
        const auto look = std::ranges::find(looks_, id, &Run::id);
        if (look != looks_.end()) return *look;
    }
    (void)settle();  // else it says less
    STENO_ASSIGN(Run run, trail_.get(id));
    if (run.status == RunStatus::Running) run.status = RunStatus::Interrupted;
    return run;
}

Result<Run> Repricer::cancel(std::string_view id) {
    {
        const std::scoped_lock lock(mutex_);
        if (running_ && running_->id == id) thread_.request_stop();
    }
    return get(id, 10s);
}

Result<std::vector<Run>> Repricer::history(std::uint64_t limit) {
    (void)settle();  // else it says less
    STENO_ASSIGN(auto runs, trail_.latest(limit));
    const std::scoped_lock lock(mutex_);
    for (Run& run : runs) {
        if (running_ && running_->id == run.id)
            run = *running_;
        else if (run.status == RunStatus::Running)
            run.status = RunStatus::Interrupted;
    }
    return runs;
}

void Repricer::work(const Order& order, const std::stop_token& stop) {
    Difference difference;
    Result<void> done;
    try {
        done = look(order, stop, difference);
    } catch (const std::exception& error) {
        done = fail(Code::Internal, std::string("it stopped at an exception: ") + error.what());
    }
    std::unique_lock lock(mutex_);
    Run run = *running_;
    lock.unlock();
    run.looked_at = difference.looked_at;
    run.ended_at = clock_.now();
    if (done) {
        run.status = RunStatus::Done;
        run.difference = to_json(difference, true);
    } else {
        run.status = done.error().code == Code::Cancelled ? RunStatus::Cancelled : RunStatus::Failed;
        run.error = done.error().message;
        if (run.apply) {
            // What the last batch did is known to the store alone.
            const auto written = written_by(run.id);
            if (written)
                run.difference = to_json(*written, false);
            else
                run.status = RunStatus::Running;  // on the trail: it is settled when the store can be asked
        } else {
            run.difference = to_json(difference, false);
        }
    }
    if (run.apply) {
        if (const auto ended = trail_.end(run); !ended)
            log::error("the trail of the re-pricing {} cannot be ended yet: {}", run.id,
                       ended.error().message);
        log::info("re-pricing {} {}: {} calls looked at", run.id, to_string(run.status), run.looked_at);
    }
    lock.lock();
    if (!run.apply) {
        looks_.push_front(std::move(run));
        if (looks_.size() > kLooks) looks_.pop_back();
    }
    running_.reset();
    lock.unlock();
    ended_.notify_all();
}

Result<void> Repricer::wait_until_fed(const std::stop_token& stop) {
    STENO_TRY(data_.wait_for_store(stop));
    for (;;) {
        if (stop.stop_requested()) return std::unexpected(stopped());
        const auto fed = data_.feeder().catch_up(500ms);
        if (fed) return {};
        if (fed.error().code != Code::DeadlineExceeded) return fed;
    }
}

Result<void> Repricer::look(const Order& order, const std::stop_token& stop, Difference& difference) {
    STENO_TRY(wait_until_fed(stop));
    store::Selection selection = order.selection;
    selection.filters.push_back(store::ai_calls());
    STENO_ASSIGN(const std::uint64_t expected, data_.store().count(selection));
    std::string id;
    {
        const std::scoped_lock lock(mutex_);
        running_->expected = static_cast<std::int64_t>(expected);
        id = running_->id;
    }
    // The prices of the beginning, whatever is set meanwhile.
    const auto catalogue = data_.recorder().prices();
    const auto fields = needed_fields();
    STENO_ASSIGN(store::CallScanner* const scanner, store::scanner_of(data_.store()));
    STENO_ASSIGN(const auto scan, scanner->scan(selection, fields));
    std::vector<Said> batch;
    for (;;) {
        STENO_ASSIGN(const std::span<const FieldValue> values, scan->next());
        if (values.empty()) break;
        Call call;
        for (std::size_t i = 0; i < fields.size(); ++i) STENO_TRY(set_value(call, fields[i], values[i]));
        const bool with_request = !needs_request(call) || add_request(call);
        Judgement judgement = judge(*catalogue, call, order.billed_too, with_request);
        difference.add(call, judgement);
        if (difference.looked_at % kWord == 0) {
            if (stop.stop_requested()) return std::unexpected(stopped());
            const std::scoped_lock lock(mutex_);
            running_->looked_at = difference.looked_at;
        }
        const bool changes = judgement.verdict == Verdict::Changed || judgement.verdict == Verdict::Priced;
        if (!order.apply || !changes) continue;
        Said said;
        said.call = call.id;
        said.project = call.project;
        said.cost = std::move(judgement.cost);
        said.cost->repricing = id;
        said.cost->former = {call.cost.total, call.cost.currency, call.cost.price_id, call.cost.source, {}};
        batch.push_back(std::move(said));
        if (batch.size() == kBatch) STENO_TRY(write(batch, stop));
    }
    return batch.empty() ? Result<void>() : write(batch, stop);
}

bool Repricer::add_request(Call& call) {
    const auto whole = data_.calls().get(call.id, call.project);
    if (!whole) return false;
    call.request = whole->request;
    return !whole->request.messages.empty() || !whole->request.input.text.empty() ||
           !whole->request.parameters.text.empty();
}

Result<void> Repricer::write(std::vector<Said>& batch, const std::stop_token& stop) {
    STENO_ASSIGN(const journal::Position last, data_.recorder().say(batch));
    batch.clear();
    STENO_TRY(data_.journal().wait_durable(last));
    return wait_until_fed(stop);
}

Result<Difference> Repricer::written_by(const std::string& id) {
    STENO_TRY(data_.feeder().catch_up(5s));
    store::AggregateQuery query;
    STENO_ASSIGN(auto of_this, store::make_filter("cost.repricing", store::Op::Eq, id));
    query.selection.filters.push_back(std::move(of_this));
    for (const char* const field :
         {"provider.name", "model.requested", "cost.price_id", "cost.currency", "cost.former.currency"}) {
        STENO_ASSIGN(auto by, store::make_field(field));
        query.group_by.push_back(std::move(by));
    }
    for (const char* const name :
         {"calls", "count(cost.former.total)", "sum(cost.former.total)", "sum(cost.total)"}) {
        STENO_ASSIGN(auto measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, data_.store().aggregate(query));
    Difference difference;
    for (const store::AggregateTable::Group& group : table.groups) {
        const std::int64_t calls = count_of(group.cells[0]), had_one = count_of(group.cells[1]);
        difference.add_amended(text_of(group.key[0]), text_of(group.key[1]), text_of(group.key[2]), calls,
                               had_one, {text_of(group.key[4]), money_of(group.cells[2])},
                               {text_of(group.key[3]), money_of(group.cells[3])});
    }
    return difference;
}

Result<void> Repricer::settle() {
    const std::scoped_lock one_at_a_time(settling_);
    STENO_ASSIGN(const auto unended, trail_.unended());
    for (Run run : unended) {
        {
            const std::scoped_lock lock(mutex_);
            if (running_ && running_->id == run.id) continue;
        }
        STENO_ASSIGN(const Difference written, written_by(run.id));
        run.status = RunStatus::Interrupted;
        run.error = "the process that did it ended";
        run.ended_at = clock_.now();
        run.difference = to_json(written, false);
        STENO_TRY(trail_.end(run));
    }
    return {};
}

}  // namespace steno::repricing
