#include "sources/gateway/session_record.hpp"

#include "base/json_writer.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <utility>

namespace steno::gateway {

namespace {

/// RFC 6455, section 7.4.1: normal closure, going away, no code given.
bool is_usual(std::optional<std::uint16_t> code) {
    return !code || *code == 1000 || *code == 1001;
}

/// What a provider means that closes: those that have no events for errors tell them by code and reason.
ErrorType type_of_close(std::string_view provider, std::uint16_t code, const std::string& reason) {
    providers::ProviderError told;
    told.message = reason;
    if (reason.contains("quota")) return providers::classify(provider, 429, told);
    switch (code) {
        case 1007:  // data that is inconsistent with its type
        case 1008:  // against a policy
            return providers::classify(provider, 400, told);
        case 1011:  // an unexpected condition
            return ErrorType::Server;
        case 1013:  // try again later
            return ErrorType::Overloaded;
        default:
            return ErrorType::Connection;
    }
}

void write_direction(JsonWriter& writer, std::string_view name, std::int64_t messages, std::uint64_t bytes) {
    writer.key(name);
    writer.begin_object();
    writer.member("messages", messages);
    writer.member("bytes", bytes);
    writer.end_object();
}

}  // namespace

SessionRecord::SessionRecord(ingest::Recorder& recorder, SpendingControl* spending, Call context,
                             Call& session, std::unique_ptr<providers::SessionReader> reader,
                             providers::RequestSecrets secrets)
    : recorder_(recorder),
      spending_(spending),
      context_(std::move(context)),
      session_(session),
      reader_(std::move(reader)),
      secrets_(std::move(secrets)) {}

void SessionRecord::watch(net::Side from, std::string_view bytes) {
    const bool by_client = from == net::Side::Client;
    Direction& direction = by_client ? client_ : server_;
    direction.bytes += bytes.size();
    direction.frames.feed(bytes, [&](const providers::WebSocketMessage& message) {
        if (message.type == providers::WebSocketMessage::Type::Close) {
            constexpr std::size_t kShown = 200;
            direction.closed = true;
            direction.code = message.code;
            direction.reason = utf8_prefix(secrets_.without_secrets(std::string(message.payload)), kShown);
            if (!closed_first_) closed_first_ = from;
        } else if (reader_ && by_client) {
            reader_->from_client(message.payload, *this);
        } else if (reader_) {
            reader_->from_server(message.payload, *this);
        }
    });
}

Call& SessionRecord::began(Call call) {
    reader_->describe(session_);
    call.started_at = system_clock().now();
    call.id = Uuid::at(call.started_at->unix_nanos, system_random());
    call.source = Source::Gateway;
    call.project = context_.project;
    call.environment = context_.environment;
    call.who = context_.who;
    call.prompt = context_.prompt;
    call.labels = context_.labels;
    call.privacy.retention = context_.privacy.retention;
    call.privacy.full_data = context_.privacy.full_data;
    if (const std::int64_t hidden = reader_->hidden(); hidden > hidden_told_) {
        call.privacy.masked["credential"] = hidden - hidden_told_;
        hidden_told_ = hidden;
    }
    call.trace = context_.trace;
    call.trace.session_id = session_.trace.session_id;
    call.trace.parent_id = session_.id.to_string();
    call.trace.sequence = ++calls_;
    call.provider.name = session_.provider.name;
    call.provider.endpoint = session_.provider.endpoint;
    call.provider.endpoint.method = "WS";  // nothing is asked for by GET but the session
    providers::fill_preview(call);
    std::optional<Reservation> reservation;
    if (spending_ != nullptr && !spending_->idle()) {
        spending_->reserve_anyway(call);
        reservation.emplace(*spending_, call.id);
    }
    ingest::OpenCall open = recorder_.begin(std::move(call));
    Call& kept = open.call();
    open_.emplace(&kept, Open{std::move(reservation), std::move(open), system_clock().steady_nanos()});
    return kept;
}

void SessionRecord::first_token(Call& call) {
    const auto found = open_.find(&call);
    if (found == open_.end()) return;
    call.time.time_to_first_token = Duration{system_clock().steady_nanos() - found->second.began};
}

void SessionRecord::ended(Call& call) {
    const auto found = open_.find(&call);
    if (found == open_.end()) return;
    call.time.duration = Duration{system_clock().steady_nanos() - found->second.began};
    providers::fill_preview(call);
    found->second.call.end();
    position_ = found->second.call.position();
    open_.erase(found);
}

bool SessionRecord::orderly(net::TunnelEnd end) const {
    if (end.why == net::TunnelEnd::Why::Stopped || !closed_first_) return false;
    return *closed_first_ == net::Side::Client || is_usual(server_.code);
}

providers::SessionEnd SessionRecord::ending(net::TunnelEnd end, std::string_view upstream) const {
    using Why = net::TunnelEnd::Why;
    if (end.why == Why::Stopped)
        return {Status::Interrupted, ErrorType::Connection, "Steno was stopped while the session was open"};
    if (closed_first_ == net::Side::Upstream) {
        std::string message = fmt::format("{} closed the session", upstream);
        if (server_.code) message += fmt::format(" (code {})", *server_.code);
        if (!server_.reason.empty()) message += ": " + server_.reason;
        const ErrorType type = server_.code
                                   ? type_of_close(session_.provider.name, *server_.code, server_.reason)
                                   : ErrorType::Connection;
        return {Status::Failure, type, std::move(message)};
    }
    if (closed_first_ == net::Side::Client || (end.side == net::Side::Client && end.why != Why::Idle)) {
        return {Status::Cancelled, ErrorType::Cancelled,
                end.why == Why::Stalled ? "the client stopped reading and was cut off"
                                        : "the client closed the session before this was complete"};
    }
    if (end.why == Why::Idle)
        return {Status::Failure, ErrorType::Timeout, "nobody said anything for too long, so it was closed"};
    if (end.why == Why::Stalled)
        return {Status::Failure, ErrorType::Timeout, fmt::format("{} took nothing for too long", upstream)};
    return {Status::Failure, ErrorType::Connection, fmt::format("{} cut the connection", upstream)};
}

void SessionRecord::finish(net::TunnelEnd end, std::string_view upstream) {
    const providers::SessionEnd how = ending(end, upstream);
    if (reader_) reader_->end(how, *this);
    session_.status = Status::Success;
    if (how.status == Status::Interrupted) {
        session_.status = Status::Interrupted;
        session_.error.message = how.message;
    } else if (!orderly(end)) {
        providers::set_error(session_, how.type, how.message);
        session_.status = how.status;
    } else if (server_.frames.malformed() || (reader_ && reader_->malformed())) {
        providers::set_error(session_, ErrorType::MalformedResponse,
                             "the provider sent something that is no message of this protocol; it was passed "
                             "on as it came");
    }
    if (reader_) reader_->describe(session_);
    session_.response.output = summary();
}

Json SessionRecord::summary() const {
    Json out;
    JsonWriter writer(out.text);
    writer.begin_object();
    writer.member("calls", calls_);
    write_direction(writer, "client", client_.frames.messages(), client_.bytes);
    write_direction(writer, "provider", server_.frames.messages(), server_.bytes);
    if (reader_ && reader_->errors() != 0) writer.member("errors", reader_->errors());
    if (reader_ && reader_->left_out() != 0) writer.member("calls_left_out", reader_->left_out());
    if (closed_first_) {
        const Direction& closer = *closed_first_ == net::Side::Client ? client_ : server_;
        writer.key("close");
        writer.begin_object();
        writer.member("by", *closed_first_ == net::Side::Client ? "client" : "provider");
        if (closer.code) writer.member("code", int{*closer.code});
        if (!closer.reason.empty()) writer.member("reason", closer.reason);
        writer.end_object();
    }
    if (const Json settings = reader_ ? reader_->settings() : Json{}; !settings.text.empty())
        writer.member_raw("settings", settings.text);
    writer.end_object();
    return out;
}

}  // namespace steno::gateway
