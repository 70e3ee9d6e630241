#include "sources/gateway/relay.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/announced_length.hpp"
#include "providers/credentials.hpp"
#include "providers/request_secrets.hpp"
#include "providers/upload.hpp"
#include "sources/gateway/context_headers.hpp"
#include "sources/gateway/estimate.hpp"
#include "sources/gateway/experiments.hpp"
#include "sources/gateway/key_id.hpp"
#include "sources/gateway/waiting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

namespace steno::gateway {

namespace {

/// Decoded answers beyond this are relayed, but no longer read.
constexpr std::uint64_t kMaxDecodedBytes = 256u << 20;
/// Smaller request bodies are not counted.
constexpr std::uint64_t kSmallBody = 64u << 10;
/// So long a call waits until what an experiment asks is read for the first time.
constexpr std::chrono::milliseconds kReadPatience{1000};
constexpr std::chrono::milliseconds kReadPause{5};
/// So long a larger one waits for room.
constexpr std::chrono::minutes kRoomPatience{10};
/// Exact bytes of an answer beyond this are not kept.
constexpr std::size_t kMaxRawResponse = 64u << 20;
/// What is to be read and written of so many bytes is done beside the loop.
constexpr std::uint64_t kLarge = 1u << 20;
/// A byte of a prompt's text can be as much work as so many of a request, if it is full of variables.
constexpr std::uint64_t kTextWork = 16;

std::string stage_message(const net::ClientError& error, const Upstream& upstream) {
    const std::string where = fmt::format("{} at {}", upstream.name, upstream.url.endpoint.to_string());
    if (error.error.code == Code::DeadlineExceeded) {
        switch (error.stage) {
            case net::ClientStage::Connect:
                return where + " did not accept a connection in time";
            case net::ClientStage::Send:
                return where + " did not take the request in time";
            case net::ClientStage::FirstByte:
                return where + " did not begin to answer in time";
            case net::ClientStage::Body:
                return where + " fell silent in the middle of its answer";
        }
    }
    return fmt::format("{}: {}", where, error.error.message);
}

/// Some hosts give their streams any type but that of JSON.
bool may_be_event_stream(const net::ResponseHead& head) {
    const auto type = head.headers.get("content-type");
    return head.status < 400 && !(type && lower_case(*type).contains("json"));
}

/// May this error be due to a member of the body that the upstream does not know?
bool may_refuse_to_tell(int status) {
    return status != 401 && status != 402 && status != 408 && status != 429;
}

std::uint64_t length_bit(std::string_view name) {
    return std::uint64_t{1} << (name.size() & 63);
}

}  // namespace

Gateway::Relay::Relay(Gateway& gateway, net::ServerExchange& client, const Upstream& upstream,
                      const providers::ProviderRow& provider)
    : gateway_(gateway),
      client_(client),
      upstream_(upstream),
      provider_(provider),
      recording_(gateway.options_.capture != Capture::Off) {}

Gateway::Relay::~Relay() {
    client_.on_client_gone({});
}

net::Task<void> Gateway::Relay::run() {
    started_ = system_clock().steady_nanos();
    request_ = client_.head();
    id_ = Uuid::at(system_clock().now().unix_nanos, system_random());
    if (recording()) attempt([this] { begin_call(); });

    const std::uint64_t most = gateway_.options_.max_body_bytes;
    const auto length = net::announced_length(request_.headers);
    // One that is too large is refused with its reason.
    if (length && *length > kSmallBody && *length <= most) {
        const bool room = co_await make_room(*length);
        if (!room) co_return;
    }
    net::BodyRoom unannounced;
    if (!length && most > kSmallBody) unannounced = {kSmallBody, [this, most] { return make_room(most); }};
    auto body = co_await client_.read_body(most, std::move(unannounced));
    if (!body) {
        if (body.error().code == Code::Unavailable) co_return;  // make_room has answered
        if (body.error().code == Code::ResourceExhausted) {
            co_await refuse_with(
                413, ErrorType::InvalidRequest,
                {body.error().code,
                 fmt::format("the request body is larger than {} bytes", gateway_.options_.max_body_bytes),
                 "raise gateway.max_body_bytes, or send less at a time"});
        } else if (body.error().code == Code::Cancelled) {
            co_await end_cancelled();
        } else if (body.error().code == Code::DeadlineExceeded) {
            co_await refuse_with(408, ErrorType::InvalidRequest,
                                 {body.error().code, "the client stalled in the middle of its request",
                                  "nothing was sent on; send the request again"});
        } else {
            co_await refuse_with(400, ErrorType::InvalidRequest, std::move(body).error());
        }
        co_return;
    }
    body_ = std::move(*body);
    if (share_) share_->keep(body_.size());
    if (is_up_for_an_experiment()) co_await try_experiment();
    net::RequestHead outgoing;
    Result<void> prepared;
    const auto prepare_if_it_goes = [&] {
        if (upstream_.remedy.empty()) prepared = prepare(outgoing);
    };
    std::optional<OverBudget> over;
    const bool ready = co_await done([&] {
        prepare_if_it_goes();
        const bool goes = upstream_.remedy.empty() && prepared;
        if (goes) over = reserve();
        if (!goes || over || is_large() || asks_for_web_socket()) begin_record();
    });
    // A call that cannot be recorded is passed on all the same.
    if (!ready && !co_await done(prepare_if_it_goes)) {
        co_await refuse_with(500, ErrorType::Server,
                             {Code::Internal, "the gateway could not make the request to the provider",
                              "send it again; the log of Steno says why"});
        co_return;
    }
    if (!upstream_.remedy.empty()) {
        co_await refuse_with(
            404, ErrorType::NotFound,
            {Code::NotFound, fmt::format("the upstream {} has no URL", upstream_.name), upstream_.remedy});
        co_return;
    }
    if (!prepared) {
        co_await refuse_with(403, ErrorType::Authentication, std::move(prepared).error());
        co_return;
    }
    if (over) {
        co_await refuse_over(std::move(*over));
        co_return;
    }
    client_.on_client_gone([this] { cancel_.cancel(); });
    if (asks_for_web_socket()) {
        co_await run_session(std::move(outgoing));
        co_return;
    }
    // The request is understood and put on record while it is on its way.
    auto answer =
        co_await gateway_.client_.send(upstream_.url, outgoing, sent_body(), gateway_.options_.deadlines,
                                       &cancel_, [this] { attempt([this] { begin_record(); }); });
    attempt([this] { begin_record(); });  // unless it was
    if (asking_ && answer) {
        auto& tells = tells_usage();
        if ((*answer)->head().status < 400) {
            tells = TellsUsage::Yes;
        } else if (tells == TellsUsage::Unknown && may_refuse_to_tell((*answer)->head().status)) {
            // Perhaps because of what we added: a call must not be the worse for being recorded.
            asking_.reset();
            answer = co_await gateway_.client_.send(upstream_.url, upstream_request(), body_,
                                                    gateway_.options_.deadlines, &cancel_);
            if (answer && (*answer)->head().status < 400) tells = TellsUsage::No;
        }
    }
    if (asking_) filter_.emplace();
    if (!answer) {
        co_await answer_failed(std::move(answer).error());
        co_return;
    }
    co_await relay_answer(**answer);
}

net::Task<void> Gateway::Relay::answer_failed(net::ClientError error) {
    if (client_.client_gone()) {
        co_await end_cancelled();
        co_return;
    }
    gateway_.upstream_failures_.fetch_add(1, std::memory_order_relaxed);
    const bool late = error.error.code == Code::DeadlineExceeded;
    co_await refuse_with(late ? 504 : 502, late ? ErrorType::Timeout : ErrorType::Connection,
                         {error.error.code, stage_message(error, upstream_)});
}

net::Task<bool> Gateway::Relay::done(std::function<void()> work, std::uint64_t more) {
    if (!is_large(more)) co_return attempt(work);
    std::exception_ptr thrown;
    try {
        gateway_.large_works_.fetch_add(1, std::memory_order_relaxed);
        co_await gateway_.large_.run(std::move(work));
        co_return true;
    } catch (...) {
        thrown = std::current_exception();
    }
    co_return attempt([&] { std::rethrow_exception(thrown); });
}

bool Gateway::Relay::attempt(const std::function<void()>& work) {
    try {
        work();
        return true;
    } catch (const std::exception& e) {
        stop_recording(e.what());
    } catch (...) {
        stop_recording("an exception of no known kind");
    }
    return false;
}

void Gateway::Relay::stop_recording(std::string_view why) {
    if (recording_) log::error("call {} is not recorded further: {}", id_.to_string(), why);
    recording_ = false;
    ended_ = true;
}

bool Gateway::Relay::is_large(std::uint64_t more) const {
    return body_.size() + read_bytes_ + more >= kLarge;
}

bool Gateway::Relay::is_up_for_an_experiment() {
    if (!recording() || !call_) return false;
    PromptFacts& prompt = call_->prompt;
    if (!prompt.experiment.id.empty()) return false;  // the program has assigned it
    const ExperimentControl* const experiments = gateway_.options_.experiments;
    if (experiments != nullptr && !prompt.type.empty() && request_.method == "POST" &&
        experiments->standing(prompt.type) != ExperimentControl::Standing::None)
        return true;
    prompt.experiment = {};
    return false;
}

net::Task<void> Gateway::Relay::try_experiment() {
    std::uint64_t texts = 0;
    try {
        co_await wait_for_experiment();
        // The same for all variants: else those who get short texts would take part when others do not.
        texts = gateway_.options_.experiments->text_bytes(call_->prompt.type);
        std::string& left_out = call_->prompt.experiment.left_out;
        if (left_out.empty() && !make_room_beside(body_.size() + texts)) left_out = kNoMemory;
    } catch (const std::exception& e) {
        log::error("an experiment could not be read: {}", e.what());
    }
    co_await done([this] { take_part(); }, kTextWork * texts);
    if (share_) share_->keep(body_.size() + (client_body_ ? client_body_->size() : 0));
}

bool Gateway::Relay::make_room_beside(std::uint64_t bytes) {
    if (share_) return share_->grow(bytes);
    if (body_.size() + bytes <= kSmallBody) return true;
    auto share = gateway_.bodies_.take(body_.size() + bytes);
    if (!share) return false;
    share_.emplace(std::move(*share));
    return true;
}

net::Task<void> Gateway::Relay::wait_for_experiment() {
    ExperimentControl& experiments = *gateway_.options_.experiments;
    const std::string& type = call_->prompt.type;
    if (experiments.claim_read(type)) gateway_.reads_.post([&experiments, type] { experiments.read(type); });
    for (std::chrono::milliseconds waited{0}; waited < kReadPatience; waited += kReadPause) {
        if (experiments.standing(type) != ExperimentControl::Standing::Unread) break;
        if (!co_await net::sleep_for(kReadPause)) break;
    }
}

std::string_view Gateway::Relay::uneditable() const {
    constexpr std::array<std::string_view, 5> kOfContent = {"content-md5", "digest", "content-digest",
                                                            "x-amz-content-sha256", "signature-input"};
    const std::string_view credentials = request_.headers.get("authorization").value_or("");
    const std::string_view scheme = credentials.substr(0, credentials.find(' '));
    if (scheme.starts_with("AWS4-") || equals_ignoring_case(scheme, "Signature") ||
        request_.query().contains("X-Amz-Signature=") ||
        std::ranges::any_of(kOfContent, [&](std::string_view name) { return request_.headers.has(name); }))
        return "the client has signed the request";
    const auto coding = request_.headers.get("content-encoding");
    if (coding && !equals_ignoring_case(*coding, "identity")) return "the request's body is compressed";
    return {};
}

void Gateway::Relay::take_part() noexcept {
    PromptFacts before;
    try {
        before = call_->prompt;
    } catch (...) {  // there is no memory for it: the request is as it was
        call_->prompt.experiment = {};
        return;
    }
    try {
        const std::optional<Trial> trial = gateway_.options_.experiments->assign(*call_);
        if (!trial) {
            before.experiment = std::move(call_->prompt.experiment);
            call_->prompt = std::move(before);
            return;
        }
        std::string why(uneditable());
        if (why.empty()) {
            auto edited = provider_.provider().edit_request(request_view(body_), trial->edit, *trial->others);
            if (!edited) why = std::move(edited).error().message;
            if (edited && *edited != body_) {
                client_body_ = std::move(body_);
                body_ = std::move(*edited);
            }
        }
        if (why.empty()) return;
        before.experiment = {};
        before.experiment.id = std::move(call_->prompt.experiment.id);
        before.experiment.left_out = std::move(why);
        call_->prompt = std::move(before);
    } catch (...) {
        before.experiment = {};
        call_->prompt = std::move(before);
    }
}

void Gateway::Relay::read_call() {
    if (std::exchange(call_read_, true)) return;
    const bool session = asks_for_web_socket();
    if (session) context_ = std::make_unique<Call>(*call_);
    read_request(body_);
    if (session) session_reader_ = providers::make_session_reader(request_view({}), *call_);
}

bool Gateway::Relay::may_cost() const {
    if (asks_for_web_socket()) return true;
    // What only reads (lists of models, stored answers) costs nothing.
    if (request_.method != "POST" && request_.method != "PUT") return false;
    // What counts does not either, and what ends a call or a batch saves money.
    constexpr std::array<std::string_view, 6> kFree = {"/cancel",      ":cancel",       "/count_tokens",
                                                       ":countTokens", "/count-tokens", "/input_tokens"};
    return std::ranges::none_of(
        kFree, [path = request_.path()](std::string_view end) { return path.ends_with(end); });
}

std::optional<OverBudget> Gateway::Relay::reserve() {
    SpendingControl* const control = gateway_.options_.spending;
    if (control == nullptr || control->idle() || !recording() || !call_) return std::nullopt;
    if (!may_cost()) return std::nullopt;
    read_call();
    auto over = control->reserve(*call_);
    if (!over) reservation_.emplace(*control, id_);
    return over;
}

void Gateway::Relay::begin_record() {
    if (!recording() || open_) return;
    read_call();
    open_.emplace(gateway_.recorder_->begin(std::move(call_)));
}

Result<void> Gateway::Relay::prepare(net::RequestHead& outgoing) {
    outgoing = upstream_request();
    asking_ = asking_for_usage();
    if (asking_) outgoing.headers.set("accept-encoding", "identity");  // to find what is taken out
    return sign(outgoing);
}

void Gateway::Relay::begin_call() {
    call_ = std::make_unique<Call>();
    call_->id = id_;
    call_->started_at = system_clock().now();
    call_->source = Source::Gateway;
    warnings_ = take_context(request_.headers, *call_);
    if (const ExperimentControl* const experiments = gateway_.options_.experiments) {
        const std::string_view unknown = experiments->what_is_unknown(call_->prompt.experiment);
        if (!unknown.empty())
            warnings_.push_back(fmt::format("x-steno-experiment taken as it is: {}", unknown));
    }
    call_->who.api_key_id = key_id(request_view({}), gateway_.options_.key_secret);
}

providers::RequestView Gateway::Relay::request_view(std::string_view body) const {
    providers::RequestView view;
    view.method = request_.method;
    view.path = request_.path().substr(1 + upstream_.name.size());
    view.query = request_.query();
    view.header = [this](std::string_view name) { return request_.headers.get(name); };
    view.each_header = [this](const auto& field) {
        for (const auto& [name, value] : request_.headers) field(name, value);
    };
    view.body = body;
    return view;
}

void Gateway::Relay::read_request(std::string_view body) {
    Call& call = *call_;
    const Kind given = call.kind;
    const std::string given_name = call.name;
    std::string plain;
    if (const auto coding = request_.headers.get("content-encoding"); coding && !body.empty()) {
        // A bomb is passed on to whoever it was meant for, but not unpacked here.
        if (auto decoder = net::make_decoder(*coding, gateway_.options_.max_body_bytes)) {
            if ((*decoder)->feed(body, plain)) {
                body = plain;
            } else {
                call.privacy.truncated["raw.request"].bytes = static_cast<std::int64_t>(body.size());
                body = {};
            }
        }
    }
    // What tells which files came is of their own bytes.
    const providers::Form form =
        providers::read_form(request_.headers.get("content-type").value_or(""), body);
    const bool kept = gateway_.options_.keep_raw != KeepRaw::None && keep_files(form, body);
    // Keys that some requests carry in their bodies go upstream, but not on the record.
    std::int64_t hidden = std::ranges::count_if(form.fields, &providers::FormField::is_credential);
    std::optional<std::string> without_credentials;
    if (form.fields.empty()) without_credentials = providers::hide_credentials(body, hidden);
    if (without_credentials) body = *without_credentials;
    if (hidden > 0) call.privacy.masked["credential"] = hidden;
    call.provider.name = provider_.record_name;
    const providers::RequestView view = request_view(body);
    provider_.provider().read_request(view, call);
    if (given != Kind::Span && may_be_called(given)) call.kind = given;
    if (!given_name.empty()) call.name = given_name;
    call.provider.endpoint.method = request_.method;
    call.provider.endpoint.host = host();
    call.provider.endpoint.path = upstream_.url.path + std::string(view.path);
    if (gateway_.options_.keep_raw != KeepRaw::None && !kept) call.raw.request = body;
    if (gateway_.options_.keep_raw != KeepRaw::None && client_body_) {
        std::int64_t hidden_there = 0;  // the same ones
        auto without = providers::hide_credentials(*client_body_, hidden_there);
        call.raw.client_request = std::move(without ? *without : *client_body_);
    }
    client_body_.reset();
    providers::fill_preview(call);  // the prompt's half, for those who watch it run
}

bool Gateway::Relay::may_be_called(Kind given) const {
    const SpendingControl* const control = gateway_.options_.spending;
    if (control == nullptr || control->idle()) return true;
    // A name must not make a call cost less than it does.
    const Kind found = call_->kind;
    return given == found || !reaches_a_model(found) || (makes_text(given) && makes_text(found));
}

bool Gateway::Relay::keep_files(const providers::Form& form, std::string_view body) {
    auto kept = providers::form_without_files(form, body);
    const bool only_masked = kept && std::ranges::none_of(form.fields, &providers::FormField::is_file);
    if (!kept) kept = providers::digest_of_file_body(request_view(body));
    if (!kept) return false;
    call_->raw.request = std::move(*kept);
    if (only_masked) return true;
    call_->privacy.truncated["raw.request"].bytes = static_cast<std::int64_t>(body.size());
    return true;
}

std::optional<std::string> Gateway::Relay::asking_for_usage() {
    if (!recording() || !gateway_.options_.ask_for_usage || !body_.contains(R"("stream")") ||
        request_.headers.has("content-encoding") || tells_usage() == TellsUsage::No) {
        return std::nullopt;
    }
    read_call();
    if (call_->request.stream != true) return std::nullopt;
    return provider_.provider().ask_for_usage(request_view(body_));
}

net::RequestHead Gateway::Relay::upstream_request() const {
    net::RequestHead head;
    head.method = request_.method;
    head.target = upstream_.url.path;
    const std::string_view rest = std::string_view(request_.target).substr(1 + upstream_.name.size());
    if (!rest.starts_with('/')) head.target += '/';
    head.target += rest;
    head.headers = request_.headers;
    net::remove_hop_by_hop(head.headers);
    head.headers.remove_if([](const net::Headers::Field& field) {
        const std::string_view name = field.first;
        return equals_ignoring_case(name, "host") || equals_ignoring_case(name, "content-length") ||
               equals_ignoring_case(name, "expect") ||
               (name.size() >= 8 && equals_ignoring_case(name.substr(0, 8), "x-steno-"));
    });
    return head;
}

Result<void> Gateway::Relay::sign(net::RequestHead& outgoing) {
    if (!provider_.signed_for_aws || upstream_.named_by_client) return {};
    STENO_TRY(sign_for_aws(gateway_.options_.aws, upstream_.url.host_header(), outgoing, body_,
                           system_clock().now()));
    // What went out must not come back into the record either.
    for (const std::string_view name : {"authorization", "x-amz-security-token"}) {
        if (const auto value = outgoing.headers.get(name)) request_.headers.set(name, std::string(*value));
    }
    return {};
}

void Gateway::Relay::read_head(const net::ResponseHead& head) {
    Call& call = open_->call();
    call.provider.http_status = head.status;
    // Providers' readers ask for many fields, nearly all of which are not there: what length of name none has
    // is known at once.
    std::uint64_t lengths = 0;
    for (const auto& [name, value] : head.headers) lengths |= length_bit(name);
    const auto lookup = [&head, lengths](std::string_view name) {
        return (lengths & length_bit(name)) != 0 ? head.headers.get(name) : std::nullopt;
    };
    reader_ = provider_.provider().read_response(request_view(sent_body()),
                                                 {.status = head.status, .header = lookup}, call);
    if (const auto coding = head.headers.get("content-encoding");
        coding && !equals_ignoring_case(*coding, "identity")) {
        auto decoder = net::make_decoder(*coding, kMaxDecodedBytes);
        if (decoder) {
            decoder_ = std::move(*decoder);
        } else {
            undecodable_ = true;
        }
    }
}

void Gateway::Relay::watch(std::string_view bytes) {
    attempt([&] { understand(bytes); });
}

void Gateway::Relay::understand(std::string_view bytes) {
    if (!reader_ || undecodable_ || bytes.empty()) return;
    if (decoder_) {
        plain_.clear();
        if (!decoder_->feed(bytes, plain_)) undecodable_ = true;
        bytes = plain_;
    }
    read_bytes_ += bytes.size();
    if (!recording()) return;
    if (gateway_.options_.keep_raw == KeepRaw::All) keep_raw_response(bytes);
    reader_->feed(bytes);
    record_further_calls();
    if (!first_token_ && reader_->first_token_seen()) {
        first_token_ = true;
        open_->call().time.time_to_first_token = Duration{system_clock().steady_nanos() - started_};
    }
}

std::string_view Gateway::Relay::for_client(std::string_view bytes, bool end_of_body) {
    if (!filter_) return bytes;
    filtered_.clear();
    if (!bytes.empty()) filter_->feed(decoder_ ? std::string_view(plain_) : bytes, filtered_);
    if (end_of_body) filter_->finish(filtered_);
    return filtered_;
}

void Gateway::Relay::keep_raw_response(std::string_view bytes) {
    if (read_bytes_ <= kMaxRawResponse) {
        raw_response_ += bytes;
        return;
    }
    raw_response_.clear();
    open_->call().privacy.truncated["raw.response"].bytes = static_cast<std::int64_t>(read_bytes_);
}

void Gateway::Relay::finish_reading(bool complete) {
    Call& call = open_->call();
    reader_->end(complete, call);
    if (call.kind == Kind::Span && !call.response.output.text.empty()) {
        // A stored object repeats what its request held.
        std::int64_t hidden = 0;
        if (auto without = providers::hide_credentials(call.response.output.text, hidden))
            call.response.output.text = std::move(*without);
        call.response.output.text =
            providers::RequestSecrets(request_view({})).without_secrets(std::move(call.response.output.text));
    }
    record_further_calls();
}

void Gateway::Relay::record_further_calls() {
    std::vector<Call> all = reader_->further_calls();
    if (all.empty()) return;
    const providers::RequestSecrets secrets(request_view({}));
    for (Call& further : all) {
        const Call& fetching = open_->call();
        for (std::string* const text :
             {&further.error.message, &further.error.provider_type, &further.error.provider_code})
            *text = secrets.without_secrets(std::move(*text));
        further.source = Source::Gateway;
        further.project = fetching.project;
        further.environment = fetching.environment;
        further.release = fetching.release;
        further.tenant = fetching.tenant;
        further.who = fetching.who;
        further.prompt.type = fetching.prompt.type;  // by which texts are masked and cut
        further.trace = fetching.trace;
        further.trace.parent_id = id_.to_string();
        further.trace.span_id.clear();
        further.trace.sequence.reset();
        further.privacy.full_data = fetching.privacy.full_data;
        further.privacy.withheld_by = fetching.privacy.withheld_by;
        further.privacy.retention = fetching.privacy.retention;
        if (further.provider.name.empty()) further.provider.name = provider_.record_name;
        if (!further.started_at) further.started_at = fetching.started_at;
        if (!further.ended_at) further.ended_at = further.started_at;
        providers::fill_preview(further);
        gateway_.recorder_->complete(std::move(further));
    }
}

net::ResponseHead Gateway::Relay::client_head(const net::ResponseHead& head) const {
    net::ResponseHead out = head;
    net::remove_hop_by_hop(out.headers);
    out.headers.remove("content-length");
    if (recording()) out.headers.set("x-steno-call-id", id_.to_string());
    for (const std::string& warning : warnings_) out.headers.add("x-steno-warning", warning);
    return out;
}

net::Task<void> Gateway::Relay::relay_answer(net::ClientExchange& answer) {
    if (recording()) attempt([&] { read_head(answer.head()); });
    net::ResponseHead head = client_head(answer.head());
    // What is not recorded is not decoded either.
    const bool coded = !recording() && head.headers.has("content-encoding");
    if (filter_ && (coded || undecodable_ || !may_be_event_stream(head))) filter_.reset();
    if (filter_) head.headers.remove("content-encoding");
    const bool bodiless = request_.method == "HEAD" || head.status == 204 || head.status == 304;
    auto length = bodiless ? net::announced_length(answer.head().headers) : answer.content_length();
    if (filter_) length.reset();
    struct Watch {
        net::ServerExchange& client;
        ~Watch() { client.on_client_gone({}); }
    } watch_client{client_};  // the answer dies before this object does
    client_.on_client_gone([&answer] { answer.cancel(); });
    if (client_.client_gone()) {
        co_await end_cancelled();
        co_return;
    }

    // The head of a stream goes out at once. An answer of known length goes with its first bytes, in one
    // system call.
    bool head_sent = false;
    if (!length && !bodiless) {
        if (!co_await client_.write_head(head, std::nullopt)) {
            co_await end_cancelled();
            co_return;
        }
        head_sent = true;
    }

    std::uint64_t passed = 0;
    for (;;) {
        auto piece = co_await answer.read_some();
        if (!piece) {
            if (client_.client_gone()) {
                co_await end_cancelled();
                co_return;
            }
            gateway_.upstream_failures_.fetch_add(1, std::memory_order_relaxed);
            const bool late = piece.error().code == Code::DeadlineExceeded;
            const std::string message = stage_message({piece.error(), net::ClientStage::Body}, upstream_) +
                                        fmt::format(" ({} bytes came)", passed);
            if (!head_sent && passed == 0) {
                co_await refuse_with(late ? 504 : 502, late ? ErrorType::Timeout : ErrorType::Connection,
                                     {piece.error().code, message});
                co_return;
            }
            co_await done([&] { end_failed(late ? ErrorType::Timeout : ErrorType::Connection, message); });
            if (filter_) {  // what was held back of the event at hand
                filtered_.clear();
                filter_->finish(filtered_);
                if (!filtered_.empty()) co_await client_.write(filtered_);
            }
            client_.abort();
            co_return;
        }
        const bool end_of_body = piece->empty();
        passed += piece->size();
        watch(*piece);
        // The closing record is written before the bytes that complete the answer are passed on.
        const bool complete =
            end_of_body || (length && passed >= *length) || (recording() && reader_ && reader_->finished());
        if (complete && open_ && !ended_) {
            co_await done([this] { end_answered(); });
            co_await wait_until_durable(open_->position());
        }
        if (length && !head_sent && !bodiless) {
            if (passed >= *length || end_of_body) {
                if (!co_await client_.respond(head, *piece)) gateway_.client_cancels_.fetch_add(1);
                co_return;
            }
            if (!co_await client_.write_head(head, length)) {
                co_await end_cancelled();
                co_return;
            }
            head_sent = true;
        }
        if (filter_ && undecodable_) {  // what the client was told to be plain cannot be given to it
            co_await done([this] {
                end_failed(ErrorType::MalformedResponse, "the answer's content coding could not be undone");
            });
            client_.abort();
            co_return;
        }
        const std::string_view passing = for_client(*piece, end_of_body);
        if (!passing.empty() && !co_await client_.write(passing)) {
            co_await end_cancelled();
            co_return;
        }
        if (end_of_body) {
            if (filter_ && coding_broke_off()) {  // what it was given as plain is not all of it
                client_.abort();
                co_return;
            }
            if (bodiless) co_await client_.write_head(head, length);
            co_await client_.finish();
            co_return;
        }
    }
}

net::Task<bool> Gateway::Relay::make_room(std::uint64_t bytes) {
    auto share =
        co_await room_in(gateway_.bodies_, bytes, kRoomPatience, "the upload of call " + id_.to_string());
    if (share) {
        share_.emplace(std::move(*share));
        co_return true;
    }
    co_await refuse_with(
        503, ErrorType::Server,
        Error(Code::Unavailable, "the request bodies of other calls take all memory that there is for them",
              "ask again later, or raise the setting gateway.body_memory_mb"));
    co_return false;
}

net::Task<void> Gateway::Relay::refuse_with(int status, ErrorType type, Error error) {
    gateway_.refused_.fetch_add(1, std::memory_order_relaxed);
    co_await done([&] { end_failed(type, error.message, error.remedy); });
    std::string told = std::move(error.message);
    if (!error.remedy.empty()) told += ": " + error.remedy;
    co_await answer_with(refuse(provider_.record_name, status, type, told));
}

net::Task<void> Gateway::Relay::refuse_over(OverBudget over) {
    gateway_.refused_.fetch_add(1, std::memory_order_relaxed);
    co_await done([&] {
        if (open_) set_over_budget(open_->call(), over);
        end_failed(ErrorType::Quota, over.message, over.remedy);
    });
    co_await answer_with(refuse_over_budget(provider_.record_name, over));
}

net::Task<void> Gateway::Relay::answer_with(Refusal refusal) {
    if (recording()) refusal.head.headers.add("x-steno-call-id", id_.to_string());
    for (const std::string& warning : warnings_) refusal.head.headers.add("x-steno-warning", warning);
    co_await client_.respond(refusal.head, refusal.body);
}

net::Task<void> Gateway::Relay::wait_until_durable(std::optional<journal::Position> position) {
    if (!gateway_.options_.strict_durability || !position) co_return;
    if (!co_await durable(gateway_.recorder_->journal(), *position, kDurabilityPatience))
        log::warning("an answer goes out before its record is on disk: the disk does not manage");
}

}  // namespace steno::gateway
