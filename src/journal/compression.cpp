#include "journal/compression.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>

namespace steno::journal {
namespace {

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

constexpr int kLeastWindowLog = 17;
constexpr int kMostWindowLog = 27;

}  // namespace

Result<std::string> compress(std::string_view raw, int level) {
    const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    if (!context) return fail(Code::ResourceExhausted, "no memory to compress a block");
    const int window =
        std::clamp(static_cast<int>(std::bit_width(raw.size())), kLeastWindowLog, kMostWindowLog);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_enableLongDistanceMatching, 1);
    std::string stored(ZSTD_compressBound(raw.size()), '\0');
    const std::size_t size =
        ZSTD_compress2(context.get(), stored.data(), stored.size(), raw.data(), raw.size());
    if (ZSTD_isError(size) != 0)
        return fail(Code::Internal, fmt::format("zstd: {}", ZSTD_getErrorName(size)));
    stored.resize(size);
    stored.shrink_to_fit();
    return stored;
}

Result<std::string> decompress(std::string_view stored, std::uint64_t raw_size) {
    if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != raw_size)
        return fail(Code::DataLoss, "a compressed block is not as long as the directory says");
    std::string raw(raw_size, '\0');
    const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), stored.data(), stored.size());
    if (ZSTD_isError(size) != 0 || size != raw_size)
        return fail(Code::DataLoss, "a compressed block cannot be decompressed");
    return raw;
}

}  // namespace steno::journal
