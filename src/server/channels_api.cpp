#include "base/json_writer.hpp"
#include "base/random.hpp"
#include "base/uuid.hpp"
#include "notify/message.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <semaphore>

namespace steno::server {

namespace {

using notify::Channel;
using notify::Delivery;

void write_channel(JsonWriter& json, const Channel& channel) {
    json.begin_object();
    write_members(json, channel);
    json.end_object();
}

notify::Message test_message(const std::string& channel, Timestamp now) {
    notify::Message message;
    message.type = "test";
    message.at = now;
    message.title = fmt::format("A test of the channel {}: it works", channel);
    message.facts = {{"Sent by", "Steno " STENO_VERSION}};
    return message;
}

}  // namespace

Result<ApiAnswer> list_channels(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_ASSIGN(const std::vector<Channel> channels, alerts->outbox.channels());
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("channels");
    json.begin_array();
    for (const Channel& channel : channels) write_channel(json, channel);
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> set_channel(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    const std::string& name = request.captures[0];
    STENO_TRY(notify::check_name("a channel", name));
    const auto before = alerts->outbox.channel(name);
    // One that cannot be read can be replaced.
    if (!before && before.error().code != Code::NotFound && before.error().code != Code::DataLoss)
        return std::unexpected(before.error());
    STENO_ASSIGN(const Channel channel,
                 notify::channel_from_json(name, request.body, before ? &*before : nullptr));
    STENO_TRY(alerts->outbox.set(channel));
    alerts->courier.wake();
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_members(json, channel);
    // Once, because the receiver needs it and nobody else knows it.
    const bool new_secret = channel.kind == Channel::Kind::Webhook &&
                            !request.body.contains(channel.secret) &&
                            (!before || before->secret != channel.secret);
    if (new_secret) json.member("secret", channel.secret);
    json.end_object();
    return answer;
}

Result<ApiAnswer> remove_channel(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    const std::string& name = request.captures[0];
    STENO_ASSIGN(const std::vector<std::string> users, alerts->book.who_uses(name));
    if (!users.empty())
        return fail(Code::FailedPrecondition, fmt::format("these rules name it: {}", fmt::join(users, ", ")),
                    "give them other channels first");
    STENO_TRY(alerts->outbox.remove(name));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("removed", name);
    json.end_object();
    return answer;
}

Result<ApiAnswer> test_channel(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_ASSIGN(const Channel channel, alerts->outbox.channel(request.captures[0]));
    // Each holds its thread for up to 15 s.
    static std::counting_semaphore<2> slots{2};
    if (!slots.try_acquire()) return fail(Code::Unavailable, "other channels are being tested", "try again");
    struct Release {
        ~Release() { slots.release(); }
    } release;
    const Timestamp now = system_clock().now();
    const std::string id = Uuid::at(now.unix_nanos, system_random()).to_string();
    const std::int64_t begin = system_clock().steady_nanos();
    const auto carried = alerts->carrier.carry(channel, id, test_message(channel.name, now));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("channel", channel.name);
    json.member("id", id);
    json.member("delivered", carried.has_value());
    if (!carried) json.member("error", carried.error().error.message);
    if (!carried && !carried.error().error.remedy.empty())
        json.member("remedy", carried.error().error.remedy);
    json.member("took_ms", (system_clock().steady_nanos() - begin) / 1'000'000);
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_deliveries(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"state", "channel", "alert", "limit"}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    notify::Outbox::Wanted wanted;
    if (const auto state = request.parameter("state")) {
        for (const auto known :
             {Delivery::State::Waiting, Delivery::State::Delivered, Delivery::State::GivenUp})
            if (to_string(known) == *state) wanted.state = known;
        if (!wanted.state) return fail(Code::InvalidArgument, "state takes waiting, delivered or given_up");
    }
    wanted.channel = request.parameter("channel").value_or("");
    wanted.about = request.parameter("alert").value_or("");
    STENO_ASSIGN(const std::uint64_t most,
                 number_parameter(request, "limit", static_cast<std::uint64_t>(wanted.most), 1, 1000));
    wanted.most = static_cast<std::int64_t>(most);
    STENO_ASSIGN(const std::vector<Delivery> deliveries, alerts->outbox.deliveries(wanted));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("deliveries");
    json.begin_array();
    for (const Delivery& delivery : deliveries) {
        json.begin_object();
        json.member("id", delivery.id);
        json.member("channel", delivery.channel);
        json.member("alert", delivery.about);
        json.member("type", delivery.message.type);
        json.member("title", delivery.message.title);
        json.member("state", to_string(delivery.state));
        json.member("attempts", delivery.attempts);
        json.member("created_at", delivery.created_at.to_string());
        write_moment(json, "next_at", delivery.next_at);
        write_moment(json, "done_at", delivery.done_at);
        json.key("error");
        if (delivery.error.empty())
            json.null();
        else
            json.string(delivery.error);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace steno::server
