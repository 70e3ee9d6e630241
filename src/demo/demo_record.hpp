#pragma once

#include "base/time.hpp"
#include "demo/caller.hpp"
#include "record/binary.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A record as an imagined company would have it after some months: support chats that grow, agents,
/// documents, failures, feedback; in every field what a gateway would have written there. For measuring and
/// for showing.
namespace steno::demo {

struct DemoOptions {
    std::uint64_t seed = 1;
    std::uint64_t calls = 0;  ///< exactly so many
    double days = 90;
    Timestamp end;         ///< nothing is later
    bool keep_raw = true;  ///< the exact bytes of requests too, as a gateway does by default
};

/// One thing that a recorder is told.
struct Event {
    enum class Kind : std::uint8_t {
        Began,  ///< an agent: the calls below it come before its end
        Ended,
        Said,  ///< feedback or a score
    };
    std::int64_t at = 0;  ///< nanoseconds since 1970
    Kind kind = Kind::Ended;
    bool began = false;          ///< of Ended: Began was told before
    std::unique_ptr<Call> call;  ///< of Began: what is known at the beginning. Without cost
    Said said;
};

/// Makes the events in order of time, as they would have come in. The same options give the same events, byte
/// by byte. Memory is bounded by what is under way at a moment of the record. One thread.
class DemoRecord {
  public:
    explicit DemoRecord(const DemoOptions& options);
    ~DemoRecord();
    DemoRecord(const DemoRecord&) = delete;
    DemoRecord& operator=(const DemoRecord&) = delete;

    /// Nothing: it was the last one.
    std::optional<Event> next();

  private:
    struct Conversation;
    struct Due {
        std::int64_t at = 0;
        std::uint64_t order = 0;  ///< among those at the same moment
        std::unique_ptr<Event> event;
        std::unique_ptr<Conversation> conversation;  ///< whose next turn it is
    };
    static bool later(const Due& a, const Due& b);

    void push(std::int64_t at, std::unique_ptr<Event> event, std::unique_ptr<Conversation> conversation);
    Due pop();

    void start_story(std::int64_t now);
    void take_turn(std::unique_ptr<Conversation> conversation, std::int64_t now);
    void single(const Setting& setting, std::int64_t now);
    void agent_tree(Setting setting, std::int64_t now);
    struct Exchange {
        std::int64_t ended = 0;
        bool succeeded = false;
        Uuid id;
        std::optional<std::int64_t> input_tokens;
    };
    /// A call and, if it fails in a way that passes, perhaps the client's second try.
    Exchange exchange(const Setting& setting, std::int64_t now, const std::function<void(Call&)>& ask,
                      const Reply& reply);
    void deliver(std::unique_ptr<Call> call, bool began = false);
    void judge(const Call& call);
    void fill_single(Call& call, const Setting& setting);
    void give_variables(Call& call, const Setting& setting, std::string_view text);
    User draw_user();

    DemoOptions options_;
    Draws draws_;
    TextMaker text_;
    Rhythm rhythm_;
    Caller caller_;
    std::uint64_t users_ = 0;
    std::uint64_t made_ = 0;  ///< calls made or promised
    std::int64_t next_story_ = 0;
    std::uint64_t pushed_ = 0;
    std::vector<Due> due_;  ///< a heap, the earliest first
};

}  // namespace steno::demo
