#include "exports/zip.hpp"

#include <zlib.h>

#include <array>
#include <utility>

namespace steno::exports {

namespace {

/// Twice as fast as zlib's own choice, for a tenth more bytes.
constexpr int kLevel = 2;

std::unexpected<Error> too_large() {
    return fail(Code::ResourceExhausted, "an Excel file holds at most 4 GB",
                "choose columns with --fields or a shorter time with --from and --to; or --format parquet");
}

template <class... Values>
void append(std::string& out, Values... values) {
    const auto one = [&out](auto value) {
        for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> 8 * i & 0xff);
    };
    (one(values), ...);
}

constexpr std::uint32_t u32(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}

}  // namespace

struct Zip::Deflate {
    z_stream stream{};
    std::array<char, 64 << 10> buffer;
    Deflate() { deflateInit2(&stream, kLevel, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY); }
    ~Deflate() { deflateEnd(&stream); }
    Deflate(const Deflate&) = delete;
    Deflate& operator=(const Deflate&) = delete;
};

Zip::Zip(Output& output) : output_(output), deflate_(std::make_unique<Deflate>()) {}
Zip::~Zip() = default;

// Section 4.3.7 of APPNOTE, "local file header". CRC and sizes are put in when they are known. The date is
// the first that there can be: equal tables give equal files.
Result<void> Zip::begin(std::string_view name) {
    Entry entry{.name = std::string(name), .at = output_.size()};
    std::string head;
    append(head, u32(0x04034b50), std::uint16_t{20}, std::uint16_t{0}, std::uint16_t{8}, std::uint16_t{0},
           std::uint16_t{0x21}, u32(0), u32(0), u32(0), static_cast<std::uint16_t>(name.size()),
           std::uint16_t{0});
    head += name;
    entries_.push_back(std::move(entry));
    deflateReset(&deflate_->stream);
    return output_.write(head);
}

Result<void> Zip::deflate(std::string_view bytes, int flush) {
    z_stream& stream = deflate_->stream;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    int state = Z_OK;
    do {
        stream.next_out = reinterpret_cast<Bytef*>(deflate_->buffer.data());
        stream.avail_out = static_cast<uInt>(deflate_->buffer.size());
        state = ::deflate(&stream, flush);
        const std::size_t made = deflate_->buffer.size() - stream.avail_out;
        entries_.back().packed += made;
        STENO_TRY(output_.write({deflate_->buffer.data(), made}));
    } while (stream.avail_out == 0 || (flush == Z_FINISH && state == Z_OK));
    return {};
}

Result<void> Zip::write(std::string_view bytes) {
    Entry& entry = entries_.back();
    entry.size += bytes.size();
    if (entry.size > kMost || output_.size() > kMost) return too_large();
    entry.crc = u32(crc32_z(entry.crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
    return deflate(bytes, Z_NO_FLUSH);
}

Result<void> Zip::end() {
    STENO_TRY(deflate({}, Z_FINISH));
    if (output_.size() > kMost) return too_large();
    const Entry& entry = entries_.back();
    std::string known;
    append(known, entry.crc, u32(entry.packed), u32(entry.size));
    return output_.rewrite(entry.at + 14, known);
}

Result<void> Zip::add(std::string_view name, std::string_view bytes) {
    STENO_TRY(begin(name));
    STENO_TRY(write(bytes));
    return end();
}

std::uint64_t Zip::entry_size() const {
    return entries_.back().size;
}

// Sections 4.3.12 and 4.3.16, "central directory header" and "end of central directory record".
Result<void> Zip::finish() {
    const std::uint64_t at = output_.size();
    std::string directory;
    for (const Entry& entry : entries_) {
        append(directory, u32(0x02014b50), std::uint16_t{20}, std::uint16_t{20}, std::uint16_t{0},
               std::uint16_t{8}, std::uint16_t{0}, std::uint16_t{0x21}, entry.crc, u32(entry.packed),
               u32(entry.size), static_cast<std::uint16_t>(entry.name.size()), std::uint16_t{0},
               std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}, u32(0), u32(entry.at));
        directory += entry.name;
    }
    const auto count = static_cast<std::uint16_t>(entries_.size());
    const std::size_t size = directory.size();
    if (at + size > kMost) return too_large();
    append(directory, u32(0x06054b50), std::uint16_t{0}, std::uint16_t{0}, count, count, u32(size), u32(at),
           std::uint16_t{0});
    return output_.write(directory);
}

}  // namespace steno::exports
