#include "client/transport.hpp"

#include "client/connection.hpp"
#include "client/standard_error.hpp"
#include "record/delivery.hpp"
#include "record/json_reader.hpp"

#include <cstdlib>
#include <optional>
#include <utility>

namespace steno::client {

namespace {

/// What the receipt says; what it does not have stays as it is. Its words are made printable: they are shown
/// to a person, and anybody may be at the address.
Receipt read_receipt(std::string_view body) {
    Receipt receipt;
    JsonReader in(body);
    in.object([&](std::string_view key) {
        if (key == "accepted") {
            std::string_view number;
            if (!in.number(number)) return false;
            receipt.accepted = std::strtoull(std::string(number).c_str(), nullptr, 10);
            return true;
        }
        if (key != "rejected") return in.skip();
        return in.array([&] {
            ++receipt.rejected;
            return in.object([&](std::string_view member) {
                if (member != "detail" || !receipt.reason.empty()) return in.skip();
                std::string words;
                if (!in.string(words)) return false;
                receipt.reason = printable(words, kLongestWords);
                return true;
            });
        });
    });
    return receipt;
}

class HttpTransport final : public Transport {
  public:
    explicit HttpTransport(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

    void deliver(const std::string& body, std::uint64_t calls, std::chrono::milliseconds patience,
                 std::function<void(Result<Receipt>)> answered) override {
        Connection::Request request;
        request.method = "POST";
        request.path = "/api/v1/calls";
        request.content_type = kDeliveryType;
        request.body = body;
        connection_->ask(std::move(request), patience,
                         [this, calls, answered = std::move(answered)](Result<Connection::Answer> answer) {
                             if (answer)
                                 answered(receipt_of(*answer, calls));
                             else
                                 answered(std::unexpected(std::move(answer).error()));
                         });
    }

    void cancel() override { connection_->cancel(); }

  private:
    [[nodiscard]] Result<Receipt> receipt_of(const Connection::Answer& answer, std::uint64_t calls) const {
        if (answer.status == 200) {
            Receipt receipt = read_receipt(answer.body);
            if (receipt.accepted + receipt.rejected == calls) return receipt;
            return std::unexpected(connection_->not_steno(answer.status));
        }
        Error error = connection_->refusal(answer);
        if (error.code == Code::NotFound) error = connection_->not_steno(answer.status);
        return std::unexpected(std::move(error));
    }

    const std::unique_ptr<Connection> connection_;
};

}  // namespace

Result<std::unique_ptr<Transport>> Transport::to(const std::string& server, const std::string& api_key) {
    STENO_ASSIGN(auto connection, Connection::to(server, api_key));
    return std::make_unique<HttpTransport>(std::move(connection));
}

}  // namespace steno::client
