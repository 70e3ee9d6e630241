#include "net/content_coding.hpp"

#include "base/text.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace steno::net {
namespace {

constexpr std::size_t kStep = 64 * 1024;
constexpr int kMostCodings = 4;

std::unexpected<Error> not_of(std::string_view coding) {
    return fail(Code::InvalidArgument, "the body is not valid " + std::string(coding));
}

/// Counts what comes out, so that a small body cannot become a large one unnoticed.
class Bounded : public Decoder {
  public:
    explicit Bounded(std::uint64_t max_output) : left_(max_output) {}

  protected:
    Result<void> give(std::string& plain, const char* bytes, std::size_t size) {
        if (size > left_) {
            plain.append(bytes, static_cast<std::size_t>(left_));
            left_ = 0;
            return fail(Code::ResourceExhausted, "the decoded body is larger than its limit");
        }
        left_ -= size;
        plain.append(bytes, size);
        return {};
    }

    /// Where the codings write to before it is given on.
    std::array<char, kStep>& scratch() {
        thread_local std::array<char, kStep> bytes;
        return bytes;
    }

  private:
    std::uint64_t left_;
};

class IdentityDecoder final : public Bounded {
  public:
    using Bounded::Bounded;
    Result<void> feed(std::string_view coded, std::string& plain) override {
        return give(plain, coded.data(), coded.size());
    }
    [[nodiscard]] bool whole() const override { return true; }
};

/// gzip (several members in a row count as one) and deflate, whose zlib wrapper some servers leave out.
class ZlibDecoder final : public Bounded {
  public:
    enum class Format : unsigned char { Gzip, Deflate };

    ZlibDecoder(Format format, std::uint64_t max_output) : Bounded(max_output), format_(format) {
        begin(format == Format::Gzip ? MAX_WBITS + 16 : MAX_WBITS);
    }
    ~ZlibDecoder() override { inflateEnd(&stream_); }
    ZlibDecoder(const ZlibDecoder&) = delete;
    ZlibDecoder& operator=(const ZlibDecoder&) = delete;

    Result<void> feed(std::string_view coded, std::string& plain) override {
        if (format_ == Format::Deflate && header_.size() < 2) {
            // Two bytes tell a zlib wrapper from a raw stream (RFC 1950, section 2.2).
            const std::size_t missing = std::min(2 - header_.size(), coded.size());
            header_.append(coded.substr(0, missing));
            coded.remove_prefix(missing);
            if (header_.size() < 2) return {};
            const auto method = static_cast<unsigned char>(header_[0]);
            const auto flags = static_cast<unsigned char>(header_[1]);
            if ((method & 0x0f) != Z_DEFLATED || (method * 256u + flags) % 31 != 0) {
                inflateEnd(&stream_);
                begin(-MAX_WBITS);
            }
            STENO_TRY(inflate_all(header_, plain));
        }
        return inflate_all(coded, plain);
    }
    [[nodiscard]] bool whole() const override { return ended_ || (stream_.total_in == 0 && header_.empty()); }

  private:
    void begin(int window_bits) {
        stream_ = {};
        usable_ = inflateInit2(&stream_, window_bits) == Z_OK;
    }

    Result<void> inflate_all(std::string_view coded, std::string& plain) {
        const std::string_view name = format_ == Format::Gzip ? "gzip" : "deflate";
        if (!usable_) return fail(Code::ResourceExhausted, "no memory to decode the body");
        if (ended_ && format_ == Format::Gzip && !coded.empty()) {
            if (inflateReset(&stream_) != Z_OK) return not_of(name);
            ended_ = false;
        }
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
        stream_.avail_in = static_cast<uInt>(coded.size());
        auto& out = scratch();
        while (!ended_ || (format_ == Format::Gzip && stream_.avail_in > 0)) {
            if (ended_) {
                inflateReset(&stream_);
                ended_ = false;
            }
            stream_.next_out = reinterpret_cast<Bytef*>(out.data());
            stream_.avail_out = static_cast<uInt>(out.size());
            const int result = inflate(&stream_, Z_NO_FLUSH);
            STENO_TRY(give(plain, out.data(), out.size() - stream_.avail_out));
            ended_ = result == Z_STREAM_END;
            if (result == Z_BUF_ERROR) break;
            if (result != Z_OK && result != Z_STREAM_END) return not_of(name);
            if (!ended_ && stream_.avail_in == 0 && stream_.avail_out > 0) break;
        }
        return {};
    }

    const Format format_;
    z_stream stream_{};
    std::string header_;
    bool usable_ = false;
    bool ended_ = false;
};

class BrotliDecoder final : public Bounded {
  public:
    explicit BrotliDecoder(std::uint64_t max_output)
        : Bounded(max_output), state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}

    Result<void> feed(std::string_view coded, std::string& plain) override {
        if (!state_) return fail(Code::ResourceExhausted, "no memory to decode the body");
        std::size_t left = coded.size();
        const auto* next = reinterpret_cast<const std::uint8_t*>(coded.data());
        auto& out = scratch();
        for (;;) {
            std::size_t room = out.size();
            auto* into = reinterpret_cast<std::uint8_t*>(out.data());
            const BrotliDecoderResult result =
                BrotliDecoderDecompressStream(state_.get(), &left, &next, &room, &into, nullptr);
            STENO_TRY(give(plain, out.data(), out.size() - room));
            if (result == BROTLI_DECODER_RESULT_ERROR) return not_of("br");
            if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return {};
        }
    }
    [[nodiscard]] bool whole() const override {
        return state_ && (!BrotliDecoderIsUsed(state_.get()) || BrotliDecoderIsFinished(state_.get()));
    }

  private:
    struct Free {
        void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
    };
    std::unique_ptr<BrotliDecoderState, Free> state_;
};

class ZstdDecoder final : public Bounded {
  public:
    explicit ZstdDecoder(std::uint64_t max_output) : Bounded(max_output), stream_(ZSTD_createDStream()) {
        // RFC 9659 allows content codings a window of 8 MiB, and no more.
        if (stream_) ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, 23);
    }

    Result<void> feed(std::string_view coded, std::string& plain) override {
        if (!stream_) return fail(Code::ResourceExhausted, "no memory to decode the body");
        ZSTD_inBuffer in{coded.data(), coded.size(), 0};
        auto& bytes = scratch();
        for (;;) {
            ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
            const std::size_t begun = in.pos;
            const std::size_t result = ZSTD_decompressStream(stream_.get(), &out, &in);
            if (ZSTD_isError(result)) return not_of("zstd");
            if (in.pos != begun || out.pos != 0) whole_ = result == 0;
            STENO_TRY(give(plain, bytes.data(), out.pos));
            if (in.pos == in.size && out.pos < out.size) return {};
        }
    }
    [[nodiscard]] bool whole() const override { return whole_; }

  private:
    struct Free {
        void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
    };
    std::unique_ptr<ZSTD_DStream, Free> stream_;
    bool whole_ = true;
};

/// Several codings on one body: each stage's output is the next one's input.
class ChainDecoder final : public Decoder {
  public:
    explicit ChainDecoder(std::vector<std::unique_ptr<Decoder>> stages) : stages_(std::move(stages)) {}

    Result<void> feed(std::string_view coded, std::string& plain) override {
        std::string between(coded);
        for (std::size_t i = 0; i + 1 < stages_.size(); ++i) {
            std::string next;
            STENO_TRY(stages_[i]->feed(between, next));
            between = std::move(next);
        }
        return stages_.back()->feed(between, plain);
    }
    [[nodiscard]] bool whole() const override {
        return std::ranges::all_of(stages_, [](const auto& stage) { return stage->whole(); });
    }

  private:
    std::vector<std::unique_ptr<Decoder>> stages_;
};

Result<std::unique_ptr<Decoder>> make_one(std::string_view coding, std::uint64_t max_output) {
    if (equals_ignoring_case(coding, "identity")) return std::make_unique<IdentityDecoder>(max_output);
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
        return std::make_unique<ZlibDecoder>(ZlibDecoder::Format::Gzip, max_output);
    }
    if (equals_ignoring_case(coding, "deflate")) {
        return std::make_unique<ZlibDecoder>(ZlibDecoder::Format::Deflate, max_output);
    }
    if (equals_ignoring_case(coding, "br")) return std::make_unique<BrotliDecoder>(max_output);
    if (equals_ignoring_case(coding, "zstd")) return std::make_unique<ZstdDecoder>(max_output);
    return fail(Code::Unimplemented,
                "the content coding " + std::string(coding.substr(0, 40)) + " is not known");
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(std::string_view content_encoding, std::uint64_t max_output) {
    const std::vector<std::string_view> codings = split(content_encoding, ',');
    if (codings.empty()) return make_one("identity", max_output);
    if (codings.size() == 1) return make_one(codings.front(), max_output);
    if (codings.size() > kMostCodings)
        return fail(Code::InvalidArgument, "too many content codings on one body");
    std::vector<std::unique_ptr<Decoder>> stages;
    for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
        STENO_ASSIGN(auto stage, make_one(*coding, max_output));
        stages.push_back(std::move(stage));
    }
    return std::make_unique<ChainDecoder>(std::move(stages));
}

std::string gzip(std::string_view plain) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        throw std::bad_alloc();
    }
    std::string out(deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace steno::net
