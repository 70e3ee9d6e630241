#include "repricing/repricer.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "record/field_table.hpp"
#include "repricing/said_costs.hpp"
#include "repricing/undo.hpp"
#include "store/call_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

namespace steno::repricing {

namespace {

using namespace std::chrono_literals;

/// So many calls are looked at between two words of how far it has come.
constexpr std::int64_t kWord = 1000;

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

/// The number of the one that was set last; absent: there are none.
std::optional<std::int64_t> latest_own(const pricing::Catalogue& prices) {
    std::int64_t latest = 0;
    for (const pricing::Price& price : prices.list()) latest = std::max(latest, price.version);
    return latest == 0 ? std::nullopt : std::optional(latest);
}

/// store.feed is off. The store never shows what is written then: a repeat would write all of it again.
bool nobody_feeds(const ingest::Feeder& feeder) {
    return feeder.stats().history_fed && !feeder.started();
}
Error not_fed() {
    return {Code::FailedPrecondition,
            "calls cannot be re-priced: nothing is fed into the store, so that it would not show new costs",
            "set store.feed to on and start the server again"};
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

Result<void> Repricer::already_running() const {
    if (!running_) return {};
    return fail(Code::FailedPrecondition, fmt::format("{} runs already", running_->id),
                fmt::format("wait for it, or end it: DELETE /api/v1/prices/repricings/{}", running_->id));
}

Result<Run> Repricer::start(Order order) {
    STENO_TRY(check(order.author));
    if (!order.undo.empty()) STENO_TRY(select_what_to_undo(order));
    std::unique_lock alone(settling_, std::defer_lock);
    if (order.apply) {
        alone.lock();
        {
            const std::scoped_lock lock(mutex_);
            STENO_TRY(already_running());
        }
        if (nobody_feeds(data_.feeder())) return std::unexpected(not_fed());
        // No call may change its mind in which sums it belongs before these were taken.
        STENO_TRY(settle());
        if (book_ != nullptr && order.undo.empty()) STENO_TRY(book_->be_in_force());
    }
    Run run;
    run.at = clock_.now();
    run.id = new_id(run.at);
    run.apply = order.apply;
    run.author = order.author;
    run.from = order.selection.from;
    run.to = order.selection.to;
    run.filters = order.filters;
    run.billed_too = order.billed_too;
    run.undoes = order.undo;
    run.catalogue = pricing::kCatalogueDay;
    // The prices of the beginning, whatever is set meanwhile.
    Prices prices = data_.recorder().prices();
    run.own = latest_own(*prices);
    const std::scoped_lock lock(mutex_);
    STENO_TRY(already_running());
    // An undoing gets its row as soon as there is something to undo.
    on_trail_ = run.apply && run.undoes.empty();
    if (on_trail_) STENO_TRY(trail_.begin(run));
    if (thread_.joinable()) thread_.join();  // it has ended but for its last steps
    try {
        // It waits for our lock before it looks who it is.
        thread_ = std::jthread([this, order = std::move(order), prices = std::move(prices)](
                                   const std::stop_token& stop) { work(order, prices, stop); });
    } catch (const std::system_error& error) {
        run.status = RunStatus::Failed;
        run.error = std::string("there is no thread for it: ") + error.what();
        run.ended_at = clock_.now();
        run.difference = to_json({}, false);
        if (on_trail_ && !trail_.end(run)) untold_.push_back(run);
        return fail(Code::Unavailable, run.error, "nothing was changed; try it again");
    }
    running_ = run;
    return run;
}

Result<void> Repricer::select_what_to_undo(Order& order) {
    STENO_ASSIGN(const Run undone, get(order.undo));
    if (undone.status == RunStatus::Running)
        return fail(Code::FailedPrecondition, order.undo + " runs yet",
                    fmt::format("wait for it, or end it: DELETE /api/v1/prices/repricings/{}", order.undo));
    if (!undone.apply || !undone.note.empty())
        return fail(Code::FailedPrecondition, order.undo + " wrote nothing that could be undone",
                    "steno prices history shows those that did");
    STENO_ASSIGN(auto of_it, store::make_filter("cost.repricing", store::Op::Eq, order.undo));
    order.selection = {};
    order.selection.filters.push_back(std::move(of_it));
    return {};
}

std::string Repricer::why_nothing_is_left(const Run& undone, const Later& later) {
    const auto amended = amended_by(undone);
    if (amended == 0) return undone.id + " changed the cost of no call";
    if (!undone.undone_by.empty()) {
        const auto by = get(undone.undone_by);
        if (by && by->undone_by.empty() && amended && amended_by(*by) == amended)
            return fmt::format("all of {} is undone already, by {}", undone.id, by->id);
    }
    if (!later.in_force.empty())
        return fmt::format(
            "no call has its cost from {} any more: later re-pricings have changed them, which must be "
            "undone first, in this order: {}",
            undone.id, fmt::join(later.in_force, ", "));
    return fmt::format(
        "no call has its cost from {} any more: later deliveries or undoings have changed them, or they are "
        "gone",
        undone.id);
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
    try_to_settle();
    {
        const std::scoped_lock lock(mutex_);
        if (const auto here = std::ranges::find(untold_, id, &Run::id); here != untold_.end()) return *here;
    }
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
    try_to_settle();
    STENO_ASSIGN(auto runs, trail_.latest(limit));
    const std::scoped_lock lock(mutex_);
    for (Run& run : runs) {
        const auto here = std::ranges::find(untold_, run.id, &Run::id);
        if (running_ && running_->id == run.id)
            run = *running_;
        else if (here != untold_.end())
            run = *here;
        else if (run.status == RunStatus::Running)
            run.status = RunStatus::Interrupted;
    }
    return runs;
}

void Repricer::work(const Order& order, const Prices& prices, const std::stop_token& stop) noexcept {
    try {
        Difference difference;
        Result<void> done;
        try {
            done = look(order, prices, stop, difference);
        } catch (const std::exception& error) {
            done = fail(Code::Internal, std::string("it stopped at an exception: ") + error.what());
        }
        finish(done, difference);
    } catch (const std::exception& error) {
        // The trail has it as one that was interrupted, which the next look at it says.
        log::error("the end of a re-pricing cannot be said: {}", error.what());
    }
    {
        const std::scoped_lock lock(mutex_);
        running_.reset();
    }
    ended_.notify_all();
}

void Repricer::finish(const Result<void>& done, const Difference& difference) {
    std::unique_lock lock(mutex_);
    Run run = *running_;
    const bool on_trail = on_trail_;
    lock.unlock();
    run.looked_at = difference.looked_at;
    run.ended_at = clock_.now();
    if (done) {
        run.status = RunStatus::Done;
        run.difference = to_json(difference, true);
    } else {
        run.status = done.error().code == Code::Cancelled ? RunStatus::Cancelled : RunStatus::Failed;
        run.error = done.error().message;
        // What the last batch did is known to the store alone, once it has it: settle() asks.
        if (!on_trail) run.difference = to_json(difference, false);
    }
    if (on_trail) {
        const auto ended = trail_.end(run);
        log::info("re-pricing {} {}: {} calls looked at", run.id, to_string(run.status), run.looked_at);
        if (ended) return;
        log::error("the trail of the re-pricing {} cannot be ended yet: {}", run.id, ended.error().message);
        lock.lock();
        untold_.push_back(std::move(run));
    } else {
        lock.lock();
        looks_.push_front(std::move(run));
        if (looks_.size() > kLooks) looks_.pop_back();
    }
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

Result<void> Repricer::look(const Order& order, const Prices& prices, const std::stop_token& stop,
                            Difference& difference) {
    STENO_TRY(wait_until_fed(stop));
    store::Selection selection = order.selection;
    selection.filters.push_back(store::ai_calls());
    STENO_ASSIGN(const std::uint64_t direct, data_.store().count(selection));
    auto expected = static_cast<std::int64_t>(direct);
    Run undone;
    Later later;
    if (!order.undo.empty()) {
        STENO_ASSIGN(undone, get(order.undo));
        STENO_ASSIGN(const auto runs, trail_.later_than(order.undo));
        later = what_came_later(runs);
        if (!later.ways_back.empty()) expected = std::max(expected, amended_by(undone).value_or(0));
    }
    Run run;
    {
        const std::scoped_lock lock(mutex_);
        running_->expected = expected;
        run = *running_;
    }
    const auto fields = judged_fields();
    std::optional<Undo> undo;
    if (!order.undo.empty()) undo.emplace(prices, book_);
    std::vector<Said> batch;
    const auto take = [&](const Call& call, bool with_request) -> Result<void> {
        Judgement judgement = undo ? undo->judge(call) : judge(*prices, call, order.billed_too, with_request);
        difference.add(call, judgement);
        if (difference.looked_at % kWord == 0) {
            if (stop.stop_requested()) return std::unexpected(stopped());
            const std::scoped_lock lock(mutex_);
            running_->looked_at = difference.looked_at;
        }
        const bool changes = judgement.verdict == Verdict::Changed || judgement.verdict == Verdict::Priced;
        if (!order.apply || !changes) return {};
        if (undo && difference.looked_at == 1) {  // there is something to undo
            STENO_TRY(trail_.begin(run));
            const std::scoped_lock lock(mutex_);
            on_trail_ = true;
        }
        Said said;
        said.call = call.id;
        said.project = call.project;
        said.cost = std::move(judgement.cost);
        said.cost->repricing = run.id;
        said.cost->former = {call.cost.total, call.cost.currency, call.cost.price_id, call.cost.source, {}};
        batch.push_back(std::move(said));
        return batch.size() == kBatch ? write(batch, stop) : Result<void>();
    };
    STENO_ASSIGN(store::CallScanner* const scanner, store::scanner_of(data_.store()));
    STENO_ASSIGN(const auto scan, scanner->scan(selection, fields));
    for (;;) {
        STENO_ASSIGN(const std::span<const FieldValue> values, scan->next());
        if (values.empty()) break;
        STENO_ASSIGN(Call call, judged_call(values));
        const bool with_request = undo || !needs_request(call) || add_request(call);
        STENO_TRY(take(call, with_request));
    }
    if (!later.ways_back.empty())
        STENO_TRY(look_below(order.undo, later.ways_back, stop,
                             [&](const Call& call) { return take(call, true); }));
    if (undo && difference.looked_at == 0) {
        std::string why = why_nothing_is_left(undone, later);
        const std::scoped_lock lock(mutex_);
        running_->note = std::move(why);
    }
    return batch.empty() ? Result<void>() : write(batch, stop);
}

Result<void> Repricer::look_below(const std::string& undone, const std::vector<std::string>& ways_back,
                                  const std::stop_token& stop,
                                  const std::function<Result<void>(const Call&)>& take) {
    constexpr std::size_t kAtOnce = 1000;
    STENO_ASSIGN(const store::Field id, store::make_field("id"));
    STENO_ASSIGN(const store::Field repricing, store::make_field("cost.repricing"));
    STENO_ASSIGN(store::CallScanner* const scanner, store::scanner_of(data_.store()));
    STENO_ASSIGN(SaidCosts costs, SaidCosts::of(data_.reader(), undone));
    const auto fields = judged_fields();
    for (;;) {
        STENO_ASSIGN(const std::vector<Said> said, costs.next(kAtOnce, stop));
        if (said.empty()) return {};
        store::Selection selection;
        selection.filters = {store::ai_calls(),
                             {id, store::Op::In, {}},
                             {repricing, store::Op::In, {ways_back.begin(), ways_back.end()}}};
        for (const Said& one : said) selection.filters[1].values.emplace_back(one.call);
        STENO_ASSIGN(const auto scan, scanner->scan(selection, fields));
        for (;;) {
            STENO_ASSIGN(const std::span<const FieldValue> values, scan->next());
            if (values.empty()) break;
            STENO_ASSIGN(Call call, judged_call(values));
            const auto gave = std::ranges::find_if(
                said, [&](const Said& one) { return one.call == call.id && one.project == call.project; });
            // Back is only what it costs exactly as it did then.
            if (gave == said.end() || gave->cost->total != call.cost.total ||
                gave->cost->currency != call.cost.currency || gave->cost->price_id != call.cost.price_id ||
                gave->cost->source != call.cost.source)
                continue;
            call.cost.former = gave->cost->former;
            STENO_TRY(take(call));
        }
    }
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
    if (nobody_feeds(data_.feeder())) return std::unexpected(not_fed());
    // While the disk fails the store lacks what was written last.
    if (const auto last = data_.journal().stats().appended; last.sequence > 0)
        STENO_TRY(data_.journal().wait_durable(last, 5s));
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
    STENO_ASSIGN(const auto unsettled, trail_.unsettled());
    for (const Run& found : unsettled) {
        Run run = found;
        bool told = true;
        {
            const std::scoped_lock lock(mutex_);
            if (running_ && running_->id == run.id) continue;
            const auto here = std::ranges::find(untold_, run.id, &Run::id);
            if (here != untold_.end()) {
                run = *here;
                told = false;
            }
        }
        // It may have ended since it was read.
        if (told) {
            STENO_ASSIGN(run, trail_.get(run.id));
        }
        if (run.status == RunStatus::Running) {
            run.status = RunStatus::Interrupted;
            run.error = "the process that did it ended";
            run.ended_at = clock_.now();
        }
        if (run.difference.empty()) {
            STENO_ASSIGN(const Difference written, written_by(run.id));
            run.difference = to_json(written, false);
        }
        STENO_TRY(trail_.end(run));
        STENO_TRY(trail_.add_sums(run));
        const std::scoped_lock lock(mutex_);
        std::erase_if(untold_, [&](const Run& one) { return one.id == run.id; });
    }
    return {};
}

void Repricer::try_to_settle() {
    // Not more of those who ask than one wait while the disk fails.
    const std::unique_lock alone(settling_, std::try_to_lock);
    if (alone) (void)settle();
}

}  // namespace steno::repricing
