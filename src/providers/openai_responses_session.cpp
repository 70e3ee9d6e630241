#include "base/text.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"
#include "providers/realtime.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

/// The Responses API over a WebSocket: the client sends `response.create` with the members of a request's
/// body, the provider the events of a stream, each as a message. One response at a time; more wait in order.
namespace steno::providers {

namespace {

class ResponsesSession final : public SessionReader {
  public:
    ResponsesSession(const RequestView& request, Call& session) : SessionReader(request), request_(request) {
        session.kind = Kind::Span;
        session.name = "responses session";
    }

    void end(const SessionEnd& end, SessionCalls& calls) override {
        while (!turns_.empty()) {
            Turn& turn = turns_.front();
            const bool some = turn.reader->first_token_seen();
            turn.reader->end(false, *turn.call);
            const bool told = turn.call->error.type && turn.call->error.type != ErrorType::Connection;
            if (!told) finish_as(end, some, *turn.call);
            pop(calls);
        }
    }

    void describe(Call& session) const override {
        session.model.requested = model_;
        const bool unexplained =
            session.status == Status::Failure && session.error.type == ErrorType::Connection;
        if (unexplained && last_error_) set_error(session, 200, *last_error_);
    }
    [[nodiscard]] Json settings() const override { return {}; }

  private:
    struct Turn {
        Call* call;
        std::unique_ptr<ResponseReader> reader;
        bool first_token = false;
    };

    void on_client(JsonValue event, SessionCalls& calls) override {
        if (event["type"].is("response.create")) begin_turn(event, calls);
    }

    void on_server(JsonValue event, SessionCalls& calls) override {
        const std::string type = event["type"].string();
        const bool error = type == "error";
        if (error) count_error();
        last_error_.reset();
        const std::string id = event["response"]["id"].string();
        if (type == "response.created") note_begun(id);
        if (has_ended(id)) return;
        // Input that was queued while a response ran is answered by one that nobody asked for separately.
        if (turns_.empty() && type == "response.created") {
            take_back();
            begin_turn({}, calls);
        }
        if (turns_.empty()) {
            if (auto found = error ? find_error(event, true) : std::nullopt)
                last_error_ = without_secrets(std::move(*found));
            return;
        }
        Turn& turn = turns_.front();
        std::string frame = "data: ";
        frame += event.raw();
        // Between values a line's end is white space like any other; in an event it would end the data.
        std::ranges::replace_if(frame, [](char c) { return c == '\n' || c == '\r'; }, ' ');
        turn.reader->feed(frame + "\n\n");
        if (!turn.first_token && turn.reader->first_token_seen()) {
            turn.first_token = true;
            calls.first_token(*turn.call);
        }
        if (!turn.reader->finished() && !error) return;
        turn.reader->end(true, *turn.call);
        note_ended(id);
        pop(calls);
    }

    void begin_turn(JsonValue event, SessionCalls& calls) {
        if (turns_.size() >= kMaxOpen) return leave_out();
        Call call;
        call.kind = Kind::Chat;
        if (event["model"].is_string()) model_ = utf8_prefix(event["model"].string(), 200);
        call.name = call.model.requested = model_;
        call.request.stream = true;
        if (event.is_object()) {
            read_responses_request(event, call);
            fill_input_modality(call);
            const auto& seen = call.modality.input;
            if (std::ranges::find(seen, "image") != seen.end()) call.kind = Kind::Vision;
        }
        Turn turn{&calls.began(std::move(call)), {}, false};
        const auto header = [](std::string_view name) -> std::optional<std::string_view> {
            if (name == "content-type") return "text/event-stream";
            return std::nullopt;
        };
        turn.reader = make_responses_reader(request_, {.status = 200, .header = header}, {});
        turns_.push_back(std::move(turn));
    }

    void pop(SessionCalls& calls) {
        Call& call = *turns_.front().call;
        turns_.pop_front();
        calls.ended(call);
    }

    const RequestView request_;
    std::string model_;
    std::optional<ProviderError> last_error_;
    std::deque<Turn> turns_;
};

}  // namespace

std::unique_ptr<SessionReader> make_responses_session(const RequestView& request, Call& session) {
    return std::make_unique<ResponsesSession>(request, session);
}

}  // namespace steno::providers
