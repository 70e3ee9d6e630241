#include "simulator/body_encoder.hpp"

#include <brotli/encode.h>
#include <zlib.h>

#include <array>

namespace steno::simulator {

namespace {

class GzipEncoder final : public BodyEncoder {
  public:
    GzipEncoder() {
        constexpr int kGzipWindow = 15 + 16;
        constexpr int kMemory = 8;
        deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY);
    }
    ~GzipEncoder() override { deflateEnd(&stream_); }
    GzipEncoder(const GzipEncoder&) = delete;
    GzipEncoder& operator=(const GzipEncoder&) = delete;

    std::string encode(std::string_view piece) override { return run(piece, Z_SYNC_FLUSH); }
    std::string finish() override { return run({}, Z_FINISH); }

  private:
    std::string run(std::string_view piece, int flush) {
        std::string out;
        std::array<char, 16 * 1024> buffer;
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
            stream_.avail_out = static_cast<uInt>(buffer.size());
            deflate(&stream_, flush);
            out.append(buffer.data(), buffer.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
        return out;
    }

    z_stream stream_{};
};

class BrotliEncoder final : public BodyEncoder {
  public:
    BrotliEncoder() : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
        constexpr std::uint32_t kQuality = 3;
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, kQuality);
    }
    ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }
    BrotliEncoder(const BrotliEncoder&) = delete;
    BrotliEncoder& operator=(const BrotliEncoder&) = delete;

    std::string encode(std::string_view piece) override { return run(piece, BROTLI_OPERATION_FLUSH); }
    std::string finish() override { return run({}, BROTLI_OPERATION_FINISH); }

  private:
    std::string run(std::string_view piece, BrotliEncoderOperation operation) {
        std::string out;
        std::size_t left = piece.size();
        const auto* next = reinterpret_cast<const std::uint8_t*>(piece.data());
        do {
            std::size_t no_room = 0;
            if (!BrotliEncoderCompressStream(state_, operation, &left, &next, &no_room, nullptr, nullptr))
                break;
            std::size_t size = 0;
            const std::uint8_t* ready = BrotliEncoderTakeOutput(state_, &size);
            out.append(reinterpret_cast<const char*>(ready), size);
        } while (left > 0 || BrotliEncoderHasMoreOutput(state_));
        return out;
    }

    BrotliEncoderState* state_;
};

}  // namespace

std::unique_ptr<BodyEncoder> make_body_encoder(std::string_view coding) {
    if (coding == "br") return std::make_unique<BrotliEncoder>();
    return std::make_unique<GzipEncoder>();
}

}  // namespace steno::simulator
