#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "net/content_coding.hpp"
#include "server/api.hpp"
#include "sources/gateway/context_headers.hpp"
#include "sources/native/batch.hpp"

#include <fmt/format.h>

#include <algorithm>

/// Calls that programs recorded themselves and deliver: docs/ingest.md.
namespace steno::server {

namespace {

/// Decompressed in pieces of this size, so that memory is asked for before it is used.
constexpr std::size_t kPiece = 4096;
constexpr std::uint64_t kRoomStep = 256u << 10;

/// What stood behind a Content-Encoding, and its room in the memory for bodies.
struct PlainBody {
    std::string bytes;
    std::vector<gateway::BodyBudget::Share> room;
};

Result<PlainBody> decompress(std::string_view body, std::string_view coding, gateway::BodyBudget& budget) {
    PlainBody plain;
    STENO_ASSIGN(const auto decoder, net::make_decoder(coding, native::kMaxBody));
    const std::uint64_t came = body.size();
    std::uint64_t room = 0;
    while (!body.empty()) {
        const std::string_view piece = body.substr(0, kPiece);
        body.remove_prefix(piece.size());
        STENO_TRY(decoder->feed(piece, plain.bytes));
        while (plain.bytes.size() > room) {
            // To come again would not help: there is not so much even for one alone.
            if (came + room + kRoomStep > budget.size()) {
                return fail(
                    Code::ResourceExhausted,
                    fmt::format("decompressed, the delivery has more than {} bytes, and with the {} that "
                                "came it does not fit into the memory for request bodies",
                                room, came),
                    "nothing of it was recorded; send fewer calls at a time, or raise the setting "
                    "gateway.body_memory_mb");
            }
            auto share = budget.take(kRoomStep);
            if (!share) {
                return fail(Code::Unavailable,
                            "the request bodies of others take all memory that there is for them",
                            "ask again later, or raise the setting gateway.body_memory_mb");
            }
            plain.room.push_back(std::move(*share));
            room += kRoomStep;
        }
    }
    if (!decoder->whole()) {
        return fail(Code::InvalidArgument,
                    fmt::format("the body is cut off: its {} coding has no end", coding),
                    "nothing of it was recorded; send it again");
    }
    return plain;
}

void write_rejected(JsonWriter& json, const native::Batch& batch) {
    json.key("rejected");
    json.begin_array();
    for (const native::Rejection& rejection : batch.rejected) {
        json.begin_object();
        json.member("index", static_cast<std::int64_t>(rejection.index));
        if (!rejection.id.is_nil()) json.member("id", rejection.id.to_string());
        json.member("code", facts_of(rejection.error.code).name);
        json.member("detail", rejection.error.message);
        if (!rejection.error.remedy.empty()) json.member("remedy", rejection.error.remedy);
        json.end_object();
    }
    json.end_array();
}

/// Nothing was taken: an error, with the reason of each.
ApiAnswer nothing_taken(const native::Batch& batch) {
    const Error& first = batch.rejected.front().error;
    ApiAnswer answer =
        problem(400, "invalid_argument",
                fmt::format("none of the {} calls was taken: {}", batch.rejected.size(), first.message),
                first.remedy);
    answer.body.pop_back();
    std::string rejected;
    JsonWriter json(rejected);
    json.begin_object();
    write_rejected(json, batch);
    json.end_object();
    answer.body += ',';
    answer.body += std::string_view(rejected).substr(1);
    return answer;
}

/// What the delivery's own x-steno-attributes say of each call: so `steno run` knows its calls, whoever
/// recorded them.
Result<native::SharedAttributes> shared_attributes(const net::Headers& headers) {
    net::Headers said;
    for (const auto& [name, value] : headers) {
        if (equals_ignoring_case(name, "x-steno-attributes")) said.add(name, value);
    }
    Call of_all;
    if (const auto warnings = gateway::take_context(said, of_all); !warnings.empty())
        return fail(Code::InvalidArgument, warnings.front(), "nothing of it was recorded");
    return std::move(of_all.labels.attributes);
}

}  // namespace

Result<ApiAnswer> deliver_calls(Services& services, const ApiRequest& request) {
    std::string_view body = request.body;
    PlainBody plain;
    const std::string_view coding = request.head.headers.get("content-encoding").value_or("");
    if (!coding.empty() && !equals_ignoring_case(coding, "identity")) {
        auto decompressed = decompress(body, coding, services.gateway.bodies());
        if (!decompressed) {
            Error error = std::move(decompressed).error();
            if (error.code == Code::Unavailable) return try_again(error);
            if (error.code == Code::Unimplemented)
                return problem(415, "unimplemented", error.message,
                               "compress with gzip or zstd, or not at all");
            return std::unexpected(std::move(error));
        }
        plain = std::move(*decompressed);
        body = plain.bytes;
    }
    STENO_ASSIGN(const auto shared, shared_attributes(request.head.headers));
    auto read = native::read_batch(request.head.headers.get("content-type").value_or(""), body,
                                   system_clock(), system_random(), shared);
    if (!read) {
        if (read.error().code == Code::Unimplemented)
            return problem(415, "unimplemented", read.error().message, read.error().remedy);
        return std::unexpected(std::move(read).error());
    }
    native::Batch& batch = *read;

    std::vector<Uuid> made;
    for (const std::size_t place : batch.made) made.push_back(batch.calls[place].id);
    auto delivered = services.data.recorder().deliver(batch.calls);
    if (!delivered) {
        Error error = std::move(delivered).error();
        if (error.code == Code::InvalidArgument) return std::unexpected(std::move(error));
        error.message += "; nothing was acknowledged";
        return try_again(error);
    }
    for (const std::size_t place : delivered->refused) {
        batch.rejected.push_back(
            {batch.indexes[place], batch.calls[place].id,
             Error(Code::ResourceExhausted,
                   fmt::format("as many delivered calls are running as are remembered: {}, or {} MiB of what "
                               "was said of them",
                               ingest::Recorder::kMaxBegun, ingest::Recorder::kMaxBegunBytes >> 20),
                   "deliver it when it has ended")});
    }
    std::ranges::sort(batch.rejected, {}, &native::Rejection::index);
    const std::size_t accepted = batch.indexes.size() - delivered->refused.size();
    if (accepted == 0 && !batch.rejected.empty()) return nothing_taken(batch);

    ApiAnswer answer;
    answer.true_once_durable = delivered->last;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("position");
    if (delivered->last) {
        json.string(delivered->last->to_string());
    } else {
        json.null();
    }
    json.member("accepted", static_cast<std::int64_t>(accepted));
    json.key("made_ids");
    json.begin_array();
    for (std::size_t i = 0; i < made.size(); ++i) {
        json.begin_object();
        json.member("index", static_cast<std::int64_t>(batch.indexes[batch.made[i]]));
        json.member("id", made[i].to_string());
        json.end_object();
    }
    json.end_array();
    json.key("late");
    json.begin_array();
    for (const std::size_t place : delivered->late)
        json.number(static_cast<std::int64_t>(batch.indexes[place]));
    json.end_array();
    write_rejected(json, batch);
    json.key("ignored");
    json.begin_array();
    for (const native::Ignored& ignored : batch.ignored) {
        json.begin_object();
        json.member("index", static_cast<std::int64_t>(ignored.index));
        json.key("fields");
        json.begin_array();
        for (const std::string& field : ignored.fields) json.string(field);
        json.end_array();
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace steno::server
