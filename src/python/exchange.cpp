#include "python/exchange.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "client/draft.hpp"
#include "client/facts.hpp"
#include "client/record_writer.hpp"
#include "net/content_coding.hpp"
#include "providers/credentials.hpp"
#include "providers/errors.hpp"
#include "providers/hosts.hpp"
#include "providers/provider.hpp"
#include "providers/request_secrets.hpp"
#include "python/context.hpp"
#include "python/values.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace steno::python {

namespace {

PyTypeObject* exchange_type = nullptr;
constexpr std::uint64_t kMaxAnswer = 256u << 20;
constexpr const char* kNotRead = "the program did not read the answer to its end";

using Headers = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string_view> find(const Headers& headers, std::string_view name) {
    for (const auto& [known, value] : headers) {
        if (equals_ignoring_case(known, name)) return value;
    }
    return std::nullopt;
}

/// An iterable of pairs, texts or bytes; what is none is left out.
Headers headers_of(PyObject* pairs) {
    Headers headers;
    const Ref list(PySequence_Fast(pairs, "headers"));
    for (Py_ssize_t i = 0; list && i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
        PyObject* const pair = PySequence_Fast_GET_ITEM(list.get(), i);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) < 2) continue;
        headers.emplace_back(Text(PyTuple_GET_ITEM(pair, 0)).view(), Text(PyTuple_GET_ITEM(pair, 1)).view());
    }
    PyErr_Clear();
    return headers;
}

/// Of anything but bytes, nothing.
std::string_view bytes_of(PyObject* value) {
    if (!PyBytes_Check(value)) return {};
    return {PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value))};
}

/// What was sent, what has come, and the call that it is.
class Exchange {
  public:
    struct Request {
        std::string method;
        std::string host;
        std::string path;
        std::string query;
        Headers headers;
        std::string body;
        std::string upstream;  ///< the provider's name
        std::string below;     ///< the path below the provider's base
    };

    explicit Exchange(Request request)
        : request_(std::move(request)), provider_(providers::find_provider(request_.upstream)) {
        facts_.provider.name = provider_.record_name;
        std::int64_t hidden = 0;
        if (auto without = providers::hide_credentials(request_.body, hidden))
            request_.body = std::move(*without);
        if (hidden > 0) facts_.privacy.masked["credential"] = hidden;
        facts_.provider.endpoint.host = request_.host;
        provider_.provider().read_request(view(), facts_);
        facts_.source = Source::Python;
        facts_.provider.endpoint = {request_.method, request_.host, request_.path, {}};
    }

    [[nodiscard]] bool is_ai_call() const { return reaches_a_model(facts_.kind); }
    void begin(const Context& context) {
        scope_.emplace(static_cast<CallKind>(facts_.kind), facts_.name, context);
    }
    [[nodiscard]] bool is_over() const { return over_; }

    void response(int status, Headers headers) {
        if (over_ || reader_) return;
        headers_ = std::move(headers);
        facts_.provider.http_status = status;
        reader_ = provider_.provider().read_response(
            view(),
            {.status = status, .header = [this](std::string_view name) { return find(headers_, name); }},
            facts_);
        const auto coding = find(headers_, "content-encoding");
        auto decoder = net::make_decoder(coding.value_or(""), kMaxAnswer);
        if (decoder) decoder_ = std::move(*decoder);
    }

    void feed(std::string_view bytes) {
        if (over_ || !reader_ || !decoder_) return;
        plain_.clear();
        if (!decoder_->feed(bytes, plain_)) undecodable_ = true;
        if (undecodable_) return;
        reader_->feed(plain_);
        if (first_token_ == 0 && reader_->first_token_seen()) first_token_ = system_clock().steady_nanos();
    }

    void end() {
        if (over_) return;
        const bool cut = (undecodable_ || (decoder_ && !decoder_->whole())) && !(reader_ && reader_->over());
        if (reader_) reader_->end(!cut, facts_);
        finish();
    }

    void fail(ErrorType type, std::string message) {
        if (over_) return;
        if (reader_ && reader_->over()) return end();
        if (reader_) reader_->end(false, facts_);
        const bool told =
            facts_.error.type && facts_.error.type != ErrorType::Connection &&
            !(type == ErrorType::Cancelled && facts_.error.type == ErrorType::MalformedResponse);
        if (!told) {
            facts_.error = {};
            providers::set_error(facts_, type, std::move(message));
            if (type == ErrorType::Cancelled) {
                facts_.status = Status::Cancelled;
            } else if (first_token_ != 0) {
                facts_.status = Status::Partial;
            }
        }
        finish();
    }

    /// As a call of its own.
    void record() {
        if (CallScope::Draft* const draft = scope_->draft()) draft->first_piece = first_token_;
        client::add_facts(*scope_, std::move(facts_));
        end_scope(*scope_);
    }

    /// As a part of that one.
    void record_as(CallObject* call) {
        CallScope::Draft* const draft = call->scope.draft();
        const bool failed = draft->failed;
        const std::uint8_t status = draft->status;
        facts_.name.clear();
        client::add_facts(call->scope, std::move(facts_));
        if (failed) draft->failed = true, draft->status = status;
        draft->first_piece = first_token_;
        discard();
    }

    /// As if it had never begun.
    void discard() { scope_->level(LogLevel::Off).end(); }

  private:
    [[nodiscard]] providers::RequestView view() const {
        providers::RequestView view;
        view.method = request_.method;
        view.path = request_.below;
        view.query = request_.query;
        view.body = request_.body;
        view.header = [this](std::string_view name) { return find(request_.headers, name); };
        view.each_header = [this](const auto& field) {
            for (const auto& [name, value] : request_.headers) field(name, value);
        };
        return view;
    }

    void finish() {
        over_ = true;
        if (!facts_.error.message.empty()) {
            facts_.error.message =
                providers::RequestSecrets(view()).without_secrets(std::move(facts_.error.message));
        }
        if (facts_.status == Status::Running) facts_.status = Status::Success;
        providers::fill_preview(facts_);
        reader_.reset();
    }

    Request request_;
    const providers::ProviderRow provider_;
    Call facts_;
    std::optional<CallScope> scope_;
    Headers headers_;
    std::unique_ptr<providers::ResponseReader> reader_;
    std::unique_ptr<net::Decoder> decoder_;
    std::string plain_;
    std::int64_t first_token_ = 0;
    bool undecodable_ = false;
    bool over_ = false;
};

struct ExchangeObject {
    PyObject_HEAD Exchange* exchange;
    CallObject* within;  ///< borrowed: the tracked call that may take it over
};

ExchangeObject* of(PyObject* self) {
    return reinterpret_cast<ExchangeObject*>(self);
}

void release(ExchangeObject* self) {
    delete std::exchange(self->exchange, nullptr);
}

/// It is over: recorded, unless a tracked call takes it over when that ends.
void settle(ExchangeObject* self) {
    if (self->within != nullptr) return;
    const std::unique_ptr<Exchange> exchange(std::exchange(self->exchange, nullptr));
    guarded([&] { exchange->record(); });
}

/// It is none of that call's any more.
void detach(CallObject* call) {
    if (call->exchange == nullptr) return;
    const Ref object(std::exchange(call->exchange, nullptr));
    ExchangeObject* const exchange = of(object.get());
    exchange->within = nullptr;
    if (exchange->exchange != nullptr && exchange->exchange->is_over()) settle(exchange);
}

/// begin_exchange(method, host, target, headers, body, upstream, base): `upstream` names the provider of a
/// host that was declared, whose own paths begin behind `base` characters of the target; or is None.
PyObject* begin(PyObject*, PyObject* args) {
    PyObject *method = nullptr, *host = nullptr, *target = nullptr, *headers = nullptr, *body = nullptr,
             *upstream = nullptr;
    Py_ssize_t base = 0;
    if (!PyArg_ParseTuple(args, "OOOOOOn:begin_exchange", &method, &host, &target, &headers, &body, &upstream,
                          &base))
        return nullptr;
    if (!tracking()) Py_RETURN_NONE;
    ExchangeObject* made = nullptr;
    guarded([&] {
        Exchange::Request request;
        request.host = Text(host).view();
        request.path = Text(target).view();
        if (const std::size_t mark = request.path.find('?'); mark != std::string::npos) {
            request.query = request.path.substr(mark + 1);
            request.path.resize(mark);
        }
        if (upstream != Py_None) {
            request.upstream = Text(upstream).view();
            const auto behind = static_cast<std::size_t>(std::max<Py_ssize_t>(base, 0));
            request.below = request.path.substr(std::min(behind, request.path.size()));
        } else {
            const auto to = providers::find_destination(request.host, request.path);
            if (!to) return;
            request.upstream = to->provider.upstream;
            request.below = to->path;
        }
        request.method = Text(method).view();
        request.headers = headers_of(headers);
        request.body = bytes_of(body);
        auto exchange = std::make_unique<Exchange>(std::move(request));
        if (!exchange->is_ai_call()) return;
        const Ref current = current_object();
        CallObject* within = nullptr;
        if (current && PyObject_TypeCheck(current.get(), call_type)) {
            within = reinterpret_cast<CallObject*>(current.get());
            if (!within->is_ai_call || within->scope.draft() == nullptr) within = nullptr;
        }
        exchange->begin(current_context());
        made = of(exchange_type->tp_alloc(exchange_type, 0));
        if (made == nullptr) return;
        made->exchange = exchange.release();
        if (within == nullptr) return;
        if (within->exchange != nullptr || within->has_calls) {
            within->has_calls = true;
            detach(within);
        } else {
            within->exchange = Ref::to(reinterpret_cast<PyObject*>(made)).release();
            made->within = within;
        }
    });
    PyErr_Clear();
    if (made == nullptr) Py_RETURN_NONE;
    return reinterpret_cast<PyObject*>(made);
}

PyObject* response(PyObject* self, PyObject* args) {
    int status = 0;
    PyObject* headers = nullptr;
    if (!PyArg_ParseTuple(args, "iO:response", &status, &headers)) return nullptr;
    if (of(self)->exchange != nullptr)
        guarded([&] { of(self)->exchange->response(status, headers_of(headers)); });
    Py_RETURN_NONE;
}

PyObject* feed(PyObject* self, PyObject* bytes) {
    if (of(self)->exchange != nullptr) guarded([&] { of(self)->exchange->feed(bytes_of(bytes)); });
    Py_RETURN_NONE;
}

template <class How>
PyObject* over(ExchangeObject* self, How&& how) {
    if (self->exchange != nullptr && !self->exchange->is_over()) {
        guarded([&] { how(*self->exchange); });
        settle(self);
    }
    Py_RETURN_NONE;
}

PyObject* end(PyObject* self, PyObject*) {
    return over(of(self), [](Exchange& exchange) { exchange.end(); });
}

PyObject* close(PyObject* self, PyObject*) {
    return over(of(self), [](Exchange& exchange) {
        exchange.fail(ErrorType::Cancelled, kNotRead);
    });
}

PyObject* fail(PyObject* self, PyObject* args) {
    PyObject *kind = nullptr, *message = nullptr;
    if (!PyArg_ParseTuple(args, "OO:fail", &kind, &message)) return nullptr;
    ErrorType type = ErrorType::Connection;
    if (PyUnicode_Check(kind)) (void)from_string(Text(kind).view(), type);
    return over(of(self),
                [&](Exchange& exchange) { exchange.fail(type, std::string(Text(message).view())); });
}

void destroy(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    {
        const KeepError keep;
        Ref(close(self, nullptr));
        release(of(self));
    }
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"response", response, METH_VARARGS, nullptr},
    {"feed", feed, METH_O, nullptr},
    {"end", end, METH_NOARGS, nullptr},
    {"close", close, METH_NOARGS, nullptr},
    {"fail", fail, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyObject* is_providers_own(PyObject*, PyObject* host) {
    return PyBool_FromLong(!providers::upstream_of_host(Text(host).view()).empty());
}

PyMethodDef functions[] = {
    {"is_providers_own", is_providers_own, METH_O, nullptr},
    {"begin_exchange", begin, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec spec = {"steno._core.Exchange", sizeof(ExchangeObject), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

void settle_exchange(CallObject* call) noexcept {
    if (call->exchange != nullptr) {
        ExchangeObject* const held = of(call->exchange);
        if (call->scope.draft() == nullptr) {  // its level became `off`: what was asked within is not told
            const Ref object(std::exchange(call->exchange, nullptr));
            held->within = nullptr;
            if (held->exchange != nullptr) guarded([&] { held->exchange->discard(); });
            release(held);
            return;
        }
        // What the call did not live to see read is a part of it all the same.
        if (held->exchange != nullptr && call->scope.draft()->failed)
            guarded([&] { held->exchange->fail(ErrorType::Cancelled, kNotRead); });
        if (held->exchange != nullptr && held->exchange->is_over()) {
            const Ref object(std::exchange(call->exchange, nullptr));
            held->within = nullptr;
            guarded([&] { held->exchange->record_as(call); });
            release(held);
            return;
        }
        call->has_calls = true;  // an answer that is still read is a call of its own
        detach(call);
    }
    if (call->has_calls && call->scope.draft() != nullptr) {
        guarded([&] {
            client::RecordWriter(call->scope.draft()->header)
                .name(client::number<steno::Call, "kind">(), static_cast<std::uint64_t>(Kind::Function));
        });
    }
}

bool add_exchange(PyObject* module) {
    exchange_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (exchange_type == nullptr) return false;
    exchange_type->tp_new = nullptr;  // they are made by `begin_exchange` alone
    return add_type(module, "Exchange", exchange_type) && PyModule_AddFunctions(module, functions) == 0;
}

}  // namespace steno::python
