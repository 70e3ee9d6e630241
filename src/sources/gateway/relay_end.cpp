#include "providers/credentials.hpp"
#include "providers/errors.hpp"
#include "providers/request_secrets.hpp"
#include "sources/gateway/estimate.hpp"
#include "sources/gateway/relay.hpp"

#include <fmt/format.h>

/// The ways in which a relay ends, and the one record that each leaves.
namespace steno::gateway {

void Gateway::Relay::end_answered() {
    if (ended_ || !open_) return;
    Call& call = open_->call();
    // A coding that breaks off has cut the answer as a connection would, unless that was over already.
    const bool cut = (undecodable_ || coding_broke_off()) && !reader_->over();
    finish_reading(!cut);
    estimate(cut && !undecodable_);
    if (cut && (!call.error.type || call.error.type == ErrorType::Connection)) {
        std::string message = undecodable_ ? "the answer's content coding could not be undone"
                                           : "the answer's content coding breaks off before its end";
        if (!filter_) message += "; it was passed on as it came";
        providers::set_error(call, ErrorType::MalformedResponse, std::move(message));
    }
    end_record();
}

void Gateway::Relay::end_failed(ErrorType type, std::string message, std::string advice) {
    if (ended_ || !recording()) return;
    if (reader_ && reader_->over()) return end_answered();
    if (!open_) {
        // Refused before its request was read: what is known of it is its head.
        call_->provider.name = provider_.record_name;
        const std::string path(request_view({}).path);
        call_->name = fmt::format("{} {}", request_.method, path);
        call_->provider.endpoint = {request_.method, host(), upstream_.url.path + path, {}};
        open_.emplace(gateway_.recorder_->begin(std::move(call_)));
    }
    Call& call = open_->call();
    if (reader_) finish_reading(false);
    estimate(true);
    // What the provider said before the end says more than how it ended. (Connection is all that a reader can
    // tell of a cut itself, and half a document that a client did not wait for is no fault of the
    // provider's.)
    const bool told = call.error.type && call.error.type != ErrorType::Connection &&
                      !(type == ErrorType::Cancelled && call.error.type == ErrorType::MalformedResponse);
    if (told) {
        call.status = Status::Failure;
    } else {
        call.error = {};
        providers::set_error(call, type, std::move(message));
        if (!advice.empty()) call.error.advice = std::move(advice);
        if (type == ErrorType::Cancelled) {
            call.status = Status::Cancelled;
        } else if (reader_ && first_token_) {
            call.status = Status::Partial;
        }
    }
    end_record();
}

net::Task<void> Gateway::Relay::end_cancelled() {
    const net::ServerExchange::Gone why = client_.gone();
    co_await done([this, why] { end_cancelled_by(why); });
}

void Gateway::Relay::end_cancelled_by(net::ServerExchange::Gone why) {
    if (ended_ || !recording()) return;
    if (reader_ && reader_->over()) return end_answered();
    gateway_.client_cancels_.fetch_add(1, std::memory_order_relaxed);
    switch (why) {
        case net::ServerExchange::Gone::Stopped:
            if (open_) {
                if (reader_) finish_reading(false);
                estimate(true);
                open_->call().status = Status::Interrupted;
                open_->call().error = {};
                open_->call().error.message = "Steno was stopped while the answer was on its way";
                end_record();
            }
            return;
        case net::ServerExchange::Gone::Stalled:
            end_failed(ErrorType::Cancelled, "the client stopped reading and was cut off");
            return;
        case net::ServerExchange::Gone::Client:
        case net::ServerExchange::Gone::No:
            break;
    }
    end_failed(ErrorType::Cancelled, "the client closed the connection before the answer was complete");
}

void Gateway::Relay::estimate(bool cut) {
    const EstimateUsage whose = gateway_.options_.estimate_usage;
    if (whose == EstimateUsage::All || (whose == EstimateUsage::Cut && cut)) estimate_usage(open_->call());
}

void Gateway::Relay::end_record() {
    ended_ = true;
    Call& call = open_->call();
    call.time.duration =
        Duration{system_clock().steady_nanos() - started_};  // from where the first token counts, too
    if (!raw_response_.empty()) {
        std::int64_t hidden = 0;  // what the provider gives out, as keys for browsers
        if (auto without = providers::hide_credentials(raw_response_, hidden)) {
            raw_response_ = std::move(*without);
            call.privacy.masked["answer_credential"] = hidden;
        }
        call.raw.response =
            providers::RequestSecrets(request_view({})).without_secrets(std::move(raw_response_));
    }
    if (asking_) call.usage.asked = true;
    providers::fill_preview(call);
    open_->end();
    // Here, since giving back the memory of a large call takes a while too.
    call.request = {};
    call.response = {};
    call.raw = {};
}

}  // namespace steno::gateway
