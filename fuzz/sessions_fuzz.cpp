// Sessions over WebSockets, a message a line: whatever comes, every call that begins ends exactly once.

#include "fuzz.hpp"
#include "providers/realtime.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

using namespace steno;
using fuzz::expect;

namespace {

class Calls final : public providers::SessionCalls {
  public:
    Call& began(Call facts) override {
        open_.push_back(std::make_unique<Call>(std::move(facts)));
        return *open_.back();
    }
    void first_token(Call& call) override { expect(is_open(call)); }
    void ended(Call& call) override {
        expect(is_open(call));
        expect(call.status != Status::Running);
        std::erase_if(open_, [&](const auto& one) { return one.get() == &call; });
    }
    [[nodiscard]] std::size_t open() const { return open_.size(); }

  private:
    [[nodiscard]] bool is_open(const Call& call) const {
        return std::ranges::any_of(open_, [&](const auto& one) { return one.get() == &call; });
    }
    std::vector<std::unique_ptr<Call>> open_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    constexpr std::array<std::string_view, 3> kPaths{"/v1/realtime", "/v1/responses",
                                                     "/ws/v1beta.BidiGenerateContent"};
    providers::RequestView view;
    view.method = "GET";
    view.path = kPaths[data[0] % kPaths.size()];
    view.header = [](std::string_view) { return std::optional<std::string_view>(); };
    Call session;
    const auto reader = providers::make_session_reader(view, session);
    Calls calls;
    std::string_view rest = fuzz::as_text(data + 1, size - 1);
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line.starts_with('>')) reader->from_client(line.substr(1), calls);
        if (line.starts_with('<')) reader->from_server(line.substr(1), calls);
    }
    reader->end({Status::Cancelled, ErrorType::Cancelled, "over"}, calls);
    expect(calls.open() == 0);
    reader->describe(session);
    (void)reader->settings();
    return 0;
}
