#include "sources/native/batch.hpp"

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "record/binary.hpp"
#include "record/bounded.hpp"
#include "record/delivery.hpp"
#include "record/json.hpp"
#include "record/json_reader.hpp"
#include "record/members.hpp"
#include "sources/native/admission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <type_traits>
#include <variant>

namespace steno::native {

namespace {

constexpr std::string_view kMagic = kDeliveryHead.substr(0, 4);
constexpr auto kVersion = static_cast<std::uint8_t>(kDeliveryHead[kMagic.size()]);

constexpr std::array<std::string_view, 3> kLineTypes{"application/x-ndjson", "application/jsonl",
                                                     "application/json-lines"};

/// The type without its parameters.
std::string_view media_type(std::string_view content_type) {
    content_type = content_type.substr(0, content_type.find(';'));
    while (!content_type.empty() && content_type.back() == ' ') content_type.remove_suffix(1);
    return content_type;
}

/// The path of the first field of JSON that holds none; empty: all do. What is handed on as JSON must be it.
template <members::Group G>
std::string broken_json(const G& group) {
    std::string found;
    describe(group, [&](std::uint32_t, const char* name, const auto& member, Place) {
        using M = std::remove_cvref_t<decltype(member)>;
        if (!found.empty()) return;
        const auto look_into = [&](const auto& inner) {
            if (const std::string path = broken_json(inner); !path.empty() && found.empty())
                found = std::string(name) + '.' + path;
        };
        if constexpr (std::same_as<M, Json>) {
            if (member.text.empty()) return;
            JsonReader in(member.text);
            if (!in.skip() || !in.at_end()) found = name;
        } else if constexpr (members::Group<M>) {
            look_into(member);
        } else if constexpr (members::List<M>) {
            if constexpr (members::Group<typename M::value_type>) {
                for (const auto& item : member) look_into(item);
            }
        } else if constexpr (members::Map<M>) {
            if constexpr (members::Group<typename M::mapped_type>) {
                for (const auto& [key, item] : member) look_into(item);
            }
        }
    });
    return found;
}

class BatchReader {
  public:
    BatchReader(Clock& clock, Random& random, const SharedAttributes& shared)
        : clock_(clock), random_(random), shared_(shared) {
        for (const auto& [name, value] : shared) {
            const auto* const text = std::get_if<std::string>(&value);
            shared_size_ += name.size() + (text == nullptr ? sizeof value : text->size());
        }
    }

    /// Whether what is shared could be of any call.
    Result<void> check_shared() {
        if (shared_.empty()) return {};
        const char* const remedy = "say what differs, and what is long, in the calls";
        if (shared_.size() > kMaxSharedAttributes) {
            return fail(Code::InvalidArgument,
                        fmt::format("attributes of all calls: there are {}, at most {} are taken",
                                    shared_.size(), kMaxSharedAttributes),
                        remedy);
        }
        Call with_nothing_else;
        with_nothing_else.labels.attributes = shared_;
        if (auto admitted = admit(with_nothing_else, clock_, random_); !admitted) {
            return fail(Code::InvalidArgument, "attributes of all calls: " + admitted.error().message,
                        remedy);
        }
        return {};
    }

    Result<Batch> json(std::string_view body) {
        JsonReader in(body);
        bool found = false;
        std::string text;
        std::optional<Error> stopped;
        const bool read = in.object([&](std::string_view key) {
            if (key != "calls") return in.skip();
            found = true;
            return in.array([&] {
                text.clear();
                if (!in.raw(text)) return false;
                if (auto taken = json_call(text); !taken) stopped = std::move(taken).error();
                return !stopped;
            });
        });
        if (stopped) return std::unexpected(std::move(*stopped));
        if (!read || !in.at_end()) {
            return fail(Code::InvalidArgument, "the body is not valid JSON: " + in.problem(),
                        "nothing of it was recorded; send {\"calls\":[…]}");
        }
        if (!found) {
            return fail(Code::InvalidArgument, "the body has no \"calls\"",
                        "send {\"calls\":[…]}, or one call a line as application/x-ndjson");
        }
        return std::move(batch_);
    }

    Result<Batch> json_lines(std::string_view body) {
        while (!body.empty()) {
            const std::size_t end = std::min(body.find('\n'), body.size());
            const std::string_view line = body.substr(0, end);
            body.remove_prefix(std::min(end + 1, body.size()));
            if (line.find_first_not_of(" \t\r") != std::string_view::npos) STENO_TRY(json_call(line));
        }
        return std::move(batch_);
    }

    Result<Batch> binary(std::string_view body) {
        ByteReader in(body);
        if (in.raw(kMagic.size()) != kMagic)
            return fail(Code::InvalidArgument, "the body does not begin like a binary delivery of calls");
        const auto version = in.fixed<std::uint8_t>();
        const std::string_view reserved = in.raw(kDeliveryHead.size() - kMagic.size() - 1);
        if (!in.ok()) return cut_off();
        if (version != kVersion || reserved.find_first_not_of('\0') != std::string_view::npos) {
            return fail(
                Code::Unimplemented,
                fmt::format("the delivery has format version {}, this server knows {}", version, kVersion),
                "use a newer Steno, or a client of this version");
        }
        batch_.calls.reserve(frames_in(in));
        while (!in.at_end()) {
            const std::string_view frame = in.text();
            if (!in.ok()) return cut_off();
            STENO_TRY(binary_call(frame));
        }
        return std::move(batch_);
    }

  private:
    static std::unexpected<Error> cut_off() {
        return fail(Code::InvalidArgument, "the delivery is cut off in the middle of a call",
                    "nothing of it was recorded; send it again");
    }

    Result<void> begin_call() {
        if (shared_size_ * ++next_ > kMaxSharedBytes) {
            return fail(
                Code::ResourceExhausted,
                fmt::format("the attributes of all calls would take more than {} bytes, once for each",
                            kMaxSharedBytes),
                "nothing of it was recorded; send fewer calls at a time");
        }
        if (next_ <= kMaxCalls) return {};
        return fail(Code::ResourceExhausted, fmt::format("there are more than {} calls", kMaxCalls),
                    "nothing of it was recorded; send fewer at a time");
    }

    void reject(const Uuid& id, Error error) { batch_.rejected.push_back({next_ - 1, id, std::move(error)}); }

    /// Of the call that is read now.
    [[nodiscard]] ItemBudget items() const { return {.left = std::min(kMaxItems, items_left_)}; }

    /// What the call has used. An error: with this call, the delivery as a whole holds too much.
    Result<void> used(const ItemBudget& items) {
        const std::size_t before = std::min(kMaxItems, items_left_);
        items_left_ -= before - items.left;
        if (!items.exceeded || before == kMaxItems) return {};
        return fail(Code::ResourceExhausted,
                    fmt::format("the lists and maps of the calls have more than {} entries together",
                                kMaxDeliveredItems),
                    "nothing of it was recorded; send fewer calls at a time");
    }

    static Error too_many_items() {
        return {Code::ResourceExhausted,
                fmt::format("the call's lists and maps have more than {} entries together", kMaxItems),
                "leave out or shorten what is large, and say so in privacy.truncated"};
    }

    static std::size_t frames_in(ByteReader in) {
        std::size_t count = 0;
        for (; count < kMaxCalls && !in.at_end(); ++count) (void)in.text();
        return count;
    }

    bool small_enough(std::size_t size) {
        if (size <= kMaxCall) return true;
        reject({}, Error(Code::ResourceExhausted,
                         fmt::format("the call has {} bytes, at most {} are taken", size, kMaxCall),
                         "leave out or shorten what is large, and say so in privacy.truncated"));
        return false;
    }

    /// The call that was read last, in its place.
    void take_last() {
        Call& call = batch_.calls.back();
        const bool made = call.id.is_nil();
        call.labels.attributes.insert(shared_.begin(), shared_.end());
        if (auto admitted = admit(call, clock_, random_); !admitted) {
            reject_last(made ? Uuid{} : call.id, std::move(admitted).error());
            return;
        }
        if (made) batch_.made.push_back(batch_.calls.size() - 1);
        batch_.indexes.push_back(next_ - 1);
    }

    void reject_last(const Uuid id, Error error) {
        reject(id, std::move(error));
        batch_.calls.pop_back();
    }

    Result<void> json_call(std::string_view text) {
        STENO_TRY(begin_call());
        if (!small_enough(text.size())) return {};
        std::vector<std::string> ignored;
        ItemBudget budget = items();
        auto call = call_from_json(text, ignored, budget);
        STENO_TRY(used(budget));
        if (budget.exceeded) {
            reject({}, too_many_items());
            return {};
        }
        if (!call) {
            reject({}, std::move(call).error());
            return {};
        }
        // They have no value that means "not said", and a guess would be taken for the truth.
        bool kind = false;
        bool status = false;
        bool source = false;
        JsonReader in(text);
        in.object([&](std::string_view key) {
            kind = kind || key == "kind";
            status = status || key == "status";
            source = source || key == "source";
            return in.skip();
        });
        if (!kind || !status) {
            reject(call->id,
                   Error(Code::InvalidArgument, kind ? "status: it is missing" : "kind: it is missing",
                         kind ? "say how the call ended, or \"running\" if it has not yet"
                              : "say what was called: chat, embedding, function, agent, …"));
            return {};
        }
        if (!source) call->source = Source::Import;
        if (!ignored.empty()) batch_.ignored.push_back({next_ - 1, std::move(ignored)});
        batch_.calls.push_back(std::move(*call));
        take_last();
        return {};
    }

    Result<void> binary_call(std::string_view frame) {
        STENO_TRY(begin_call());
        if (!small_enough(frame.size())) return {};
        Call& call = batch_.calls.emplace_back();  // a call is large: it is read where it stays
        ItemBudget budget = items();
        auto read = read_parts(frame, call, budget);
        STENO_TRY(used(budget));
        const Uuid id = call.id;
        if (budget.exceeded) {
            reject_last(id, too_many_items());
        } else if (!read) {
            reject_last(id, std::move(read).error());
        } else if (const std::string path = broken_json(call); !path.empty()) {
            reject_last(id, Error(Code::InvalidArgument, path + ": not valid JSON"));
        } else {
            take_last();
        }
        return {};
    }

    static Result<void> read_parts(std::string_view frame, Call& call, ItemBudget& budget) {
        ByteReader in(frame);
        for (const Place place : {Place::Header, Place::RequestPayload, Place::ResponsePayload}) {
            const std::string_view part = in.text();
            const bool fits =
                part.size() < 2 || static_cast<std::uint8_t>(part[1]) == static_cast<std::uint8_t>(place);
            if (!in.ok() || !fits)
                return fail(Code::InvalidArgument, "the call is not made of its three parts");
            STENO_TRY(decode(part, call, budget));
            if (place == Place::Header && part.empty())
                return fail(Code::InvalidArgument, "the call has no header");
        }
        if (!in.at_end())
            return fail(Code::InvalidArgument, "something stands behind the call's three parts");
        return {};
    }

    Clock& clock_;
    Random& random_;
    Batch batch_;
    std::size_t next_ = 0;  ///< index of the next call
    std::size_t items_left_ = kMaxDeliveredItems;
    const SharedAttributes& shared_;
    std::size_t shared_size_ = 0;  ///< bytes
};

}  // namespace

Result<Batch> read_batch(std::string_view content_type, std::string_view body, Clock& clock, Random& random,
                         const SharedAttributes& shared) {
    BatchReader reader(clock, random, shared);
    STENO_TRY(reader.check_shared());
    const std::string_view type = media_type(content_type);
    if (equals_ignoring_case(type, kDeliveryType)) return reader.binary(body);
    if (equals_ignoring_case(type, "application/json")) return reader.json(body);
    if (std::ranges::any_of(kLineTypes,
                            [&](std::string_view lines) { return equals_ignoring_case(type, lines); }))
        return reader.json_lines(body);
    return fail(Code::Unimplemented,
                fmt::format("calls are not taken as \"{}\"", content_type.substr(0, 100)),
                fmt::format("send application/json, application/x-ndjson or {}", kDeliveryType));
}

}  // namespace steno::native
