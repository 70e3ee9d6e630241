#pragma once

// Private to src/net: HTTP/1 messages as bytes. Beast's parser underneath, without its containers: fields go
// straight into Headers, body pieces are given as they lie in the input.

#include "base/error.hpp"
#include "net/http.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace steno::net {

namespace wire {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BoostView = boost::beast::string_view;

inline std::string to_string(BoostView text) {
    return {text.data(), text.size()};
}

/// The part of both parsers that is the same. Heads are parsed by Beast, chunked bodies too; bodies by length
/// or by closing are counted by whoever reads them, so that large ones are not looked at.
template <bool isRequest>
class Parser : public http::basic_parser<isRequest> {
  public:
    explicit Parser(std::uint32_t max_head_bytes) {
        this->header_limit(max_head_bytes);
        this->body_limit(boost::none);
    }

    /// 10 or 11.
    [[nodiscard]] int version() const { return version_; }

    /// One step over a chunked body. `piece` is where decoded bytes lie, compacted within `bytes`, which is
    /// written to. Returns how many bytes are used up; fewer than `size` when more is needed, or at the end.
    std::size_t decode_chunks(char* bytes, std::size_t size, std::string_view& piece, error_code& error) {
        piece_begin_ = piece_end_ = nullptr;
        std::size_t used = 0;
        while (used < size && !this->is_done()) {
            const std::size_t step = this->put({bytes + used, size - used}, error);
            used += step;
            if (error == http::error::need_more) {
                error = {};
                break;
            }
            if (error) break;
        }
        piece = {piece_begin_, static_cast<std::size_t>(piece_end_ - piece_begin_)};
        return used;
    }

  protected:
    void on_field_impl(http::field, BoostView name, BoostView value, error_code&) override {
        // Trailers come here too, after the head has been handed on; they are dropped (RFC 9110,
        // section 6.5.1).
        if (fields_ != nullptr && !in_body_) fields_->add(to_string(name), to_string(value));
    }
    void on_header_impl(error_code&) override { in_body_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(BoostView body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, BoostView, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, BoostView body, error_code&) override {
        if (piece_begin_ == nullptr) {
            piece_begin_ = const_cast<char*>(body.data());
            piece_end_ = piece_begin_ + body.size();
        } else {
            std::memmove(piece_end_, body.data(), body.size());
            piece_end_ += body.size();
        }
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    Headers* fields_ = nullptr;
    int version_ = 0;
    bool in_body_ = false;

  private:
    char* piece_begin_ = nullptr;
    char* piece_end_ = nullptr;
};

class RequestParser final : public Parser<true> {
  public:
    RequestParser(std::uint32_t max_head_bytes, RequestHead& head) : Parser(max_head_bytes), head_(head) {
        fields_ = &head.headers;
    }

  protected:
    void on_request_impl(http::verb, BoostView method, BoostView target, int version, error_code&) override {
        version_ = version;
        head_.method.assign(method.data(), method.size());
        head_.target.assign(target.data(), target.size());
    }
    void on_response_impl(int, BoostView, int, error_code&) override {}

  private:
    RequestHead& head_;
};

class ResponseParser final : public Parser<false> {
  public:
    ResponseParser(std::uint32_t max_head_bytes, ResponseHead& head) : Parser(max_head_bytes), head_(head) {
        fields_ = &head.headers;
    }

  protected:
    void on_request_impl(http::verb, BoostView, BoostView, int, error_code&) override {}
    void on_response_impl(int status, BoostView reason, int version, error_code&) override {
        version_ = version;
        head_.status = status;
        head_.reason.assign(reason.data(), reason.size());
    }

  private:
    ResponseHead& head_;
};

/// The rest of a body whose framing a parsed head has told.
enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };

/// RFC 9110's phrase for a status, "Unknown" beyond it.
std::string_view reason_phrase(int status);
/// Whether names and values are such that they cannot break out of their line.
bool is_safe(const Headers& headers);
bool is_safe_request_line(const RequestHead& head);

/// Appends "HTTP/1.1 200 OK", the fields except those of framing and connection, which `framing_lines` gives
/// instead (each with its CRLF), and the empty line. A request's Connection field is in `connection_line`.
void append_response(std::string& out, const ResponseHead& head, std::string_view framing_lines);
void append_request(std::string& out, const RequestHead& head, std::string_view host, std::uint64_t body_size,
                    std::string_view connection_line = {});
/// "1f\r\n"
void append_chunk_size(std::string& out, std::size_t size);

}  // namespace wire

}  // namespace steno::net
