#include "record/binary.hpp"

#include "base/bytes.hpp"
#include "base/thread_scratch.hpp"
#include "record/bounded.hpp"
#include "record/members.hpp"
#include "record/unknown_fields.hpp"

#include <bit>
#include <cassert>
#include <cstring>
#include <vector>

// docs/formats/record.md describes what is written here byte by byte.
namespace steno {

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Said>
void describe(Self& s, V&& v) {
    v(1, "call", s.call, Place::Header);
    v(2, "project", s.project, Place::Header);
    v(3, "feedback", s.feedback, Place::Header);
    v(4, "score_name", s.score_name, Place::Header);
    v(5, "score", s.score, Place::Header);
    v(6, "cost", s.cost, Place::Header);
}

namespace {

using members::Enum;
using members::Group;
using members::List;
using members::Map;
using members::Optional;

constexpr std::uint8_t kVersion = 1;
/// The second byte: which part of a call this is (a Place), or something said.
constexpr std::uint8_t kSaidPart = 8;
constexpr std::size_t kPrefix = 2;

enum class Wire : std::uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2 };

constexpr std::uint64_t tag_of(std::uint64_t number, Wire wire) {
    return number << 3 | static_cast<std::uint64_t>(wire);
}

constexpr std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}
constexpr std::size_t varint_size(std::uint64_t value) {
    return static_cast<std::size_t>(std::bit_width(value | 1) + 6) / 7;
}

/// The first pass over a call: adds up, and remembers the length of every nested field in the order of the
/// walk.
class Sizer {
  public:
    void varint(std::uint64_t value) { size_ += varint_size(value); }
    void fixed64(std::uint64_t) { size_ += 8; }
    void raw(std::string_view bytes) { size_ += bytes.size(); }

    /// A tag (0: none), the length of what `body` puts, and that. Nothing at all where it is empty, unless
    /// kept.
    template <class Body>
    void nested(std::uint64_t tag, bool keep_empty, Body&& body) {
        const std::size_t slot = lengths_.size();
        lengths_.push_back(0);
        const std::size_t before = std::exchange(size_, 0);
        body();
        const std::size_t inner = std::exchange(size_, before);
        lengths_[slot] = inner;
        if (inner == 0) lengths_.resize(slot + 1);
        if (inner == 0 && !keep_empty) return;
        if (tag != 0) varint(tag);
        varint(inner);
        size_ += inner;
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const std::vector<std::size_t>& lengths() const { return lengths_; }
    void clear() {
        size_ = 0;
        lengths_.clear();
    }

  private:
    std::size_t size_ = 0;
    std::vector<std::size_t> lengths_;
};

/// The second pass: the same walk, into memory of the size that the first one found.
class Writer {
  public:
    Writer(char* out, const std::vector<std::size_t>& lengths) : out_(out), length_(lengths.data()) {}

    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) *out_++ = static_cast<char>(value | 0x80);
        *out_++ = static_cast<char>(value);
    }
    void fixed64(std::uint64_t value) { raw({reinterpret_cast<const char*>(&value), sizeof value}); }
    void raw(std::string_view bytes) {
        if (bytes.empty()) return;
        std::memcpy(out_, bytes.data(), bytes.size());
        out_ += bytes.size();
    }

    template <class Body>
    void nested(std::uint64_t tag, bool keep_empty, Body&& body) {
        const std::size_t inner = *length_++;
        if (inner == 0 && !keep_empty) return;
        if (tag != 0) varint(tag);
        varint(inner);
        if (inner != 0) body();
    }

    [[nodiscard]] const char* end() const { return out_; }

  private:
    char* out_;
    const std::size_t* length_;
};

/// Little-endian two's complement without the bytes that the sign gives.
std::size_t shortest_size(__int128 units) {
    std::size_t size = 16;
    while (size > 0) {
        const __int128 cut = size == 1 ? 0 : units << (128 - 8 * (size - 1)) >> (128 - 8 * (size - 1));
        if (cut != units) break;
        --size;
    }
    return size;
}

template <class Sink>
class Encoder {
  public:
    /// `part`: a Place, or kWhole for every field wherever it lives.
    Encoder(Sink& sink, std::uint8_t part) : sink_(sink), part_(part) {}

    template <Group G>
    void group(const G& g) {
        describe(g, [this](std::uint32_t number, const char*, const auto& member, Place place) {
            this->field(number, member, static_cast<std::uint8_t>(place));
        });
        if (g.unknown.empty()) return;
        // After the known fields: the value of an enum that is not known here must win over the stand-in.
        if (part_ != unknown_fields::kWhole) {
            sink_.raw(unknown_fields::of_part(g.unknown, part_));
        } else {
            unknown_fields::for_each(g.unknown, [this](std::uint8_t, std::string_view f) { sink_.raw(f); });
        }
    }

  private:
    template <class M>
    void field(std::uint32_t number, const M& member, std::uint8_t place) {
        if constexpr (Group<M>) {
            sink_.nested(tag_of(number, Wire::Bytes), false, [&] { group(member); });
        } else {
            if (part_ != unknown_fields::kWhole && part_ != place) return;
            here(number, member);
        }
    }

    template <class M>
    void here(std::uint32_t number, const M& member) {
        if constexpr (Optional<M>) {
            if (member) value(number, *member);
        } else if constexpr (std::same_as<M, std::string>) {
            if (!member.empty()) value(number, member);
        } else if constexpr (std::same_as<M, Json>) {
            if (!member.text.empty()) value(number, member.text);
        } else if constexpr (std::same_as<M, Uuid>) {
            if (!member.is_nil()) value(number, member);
        } else if constexpr (List<M> || Map<M>) {
            if (member.empty()) return;
            sink_.nested(tag_of(number, Wire::Bytes), false, [&] {
                for (const auto& item : member) this->item(item);
            });
        } else {
            static_assert(Enum<M>);
            value(number, member);
        }
    }

    template <class T>
    void value(std::uint32_t number, const T& v) {
        if constexpr (std::same_as<T, std::string>) {
            sink_.varint(tag_of(number, Wire::Bytes));
            text(v);
        } else if constexpr (std::same_as<T, double>) {
            sink_.varint(tag_of(number, Wire::Fixed64));
            sink_.fixed64(std::bit_cast<std::uint64_t>(v));
        } else if constexpr (std::same_as<T, Uuid>) {
            sink_.varint(tag_of(number, Wire::Bytes));
            text({reinterpret_cast<const char*>(v.bytes.data()), v.bytes.size()});
        } else if constexpr (std::same_as<T, Decimal>) {
            const __int128 units = v.units();
            sink_.varint(tag_of(number, Wire::Bytes));
            text({reinterpret_cast<const char*>(&units), shortest_size(units)});
        } else if constexpr (std::same_as<T, Timestamp>) {
            const std::uint64_t offset = zigzag(v.offset_minutes);
            sink_.varint(tag_of(number, Wire::Bytes));
            sink_.varint(8 + varint_size(offset));
            sink_.fixed64(static_cast<std::uint64_t>(v.unix_nanos));
            sink_.varint(offset);
        } else if constexpr (Group<T>) {
            sink_.nested(tag_of(number, Wire::Bytes), true, [&] { group(v); });
        } else {
            sink_.varint(tag_of(number, Wire::Varint));
            sink_.varint(scalar(v));
        }
    }

    template <class T>
    static std::uint64_t scalar(const T& v) {
        if constexpr (std::same_as<T, std::int64_t>) {
            return zigzag(v);
        } else if constexpr (std::same_as<T, Duration>) {
            return zigzag(v.nanos);
        } else {
            static_assert(Enum<T> || std::same_as<T, bool>);
            return static_cast<std::uint64_t>(v);
        }
    }

    void text(std::string_view bytes) {
        sink_.varint(bytes.size());
        sink_.raw(bytes);
    }

    template <class T>
    void item(const T& v) {
        if constexpr (Group<T>) {
            sink_.nested(0, true, [&] { Encoder(sink_, unknown_fields::kWhole).group(v); });
        } else if constexpr (std::same_as<T, std::string>) {
            text(v);
        } else if constexpr (std::same_as<T, AttributeValue>) {
            sink_.varint(v.index());
            if (const auto* s = std::get_if<std::string>(&v)) text(*s);
            if (const auto* d = std::get_if<double>(&v)) sink_.fixed64(std::bit_cast<std::uint64_t>(*d));
            if (const auto* b = std::get_if<bool>(&v)) sink_.varint(*b);
        } else {
            sink_.varint(scalar(v));
        }
    }

    template <class V>
    void item(const std::pair<const std::string, V>& entry) {
        text(entry.first);
        item(entry.second);
    }

    Sink& sink_;
    std::uint8_t part_;
};

template <Group G>
void append_part(std::string& out, const G& group, std::uint8_t part, std::uint8_t prefix) {
    const ThreadScratch<Sizer> scratch;
    Sizer& sizer = *scratch;
    sizer.clear();
    Encoder<Sizer>(sizer, part).group(group);
    if (sizer.size() == 0) return;
    const std::size_t begin = out.size();
    const std::size_t size = begin + kPrefix + sizer.size();
    // The size given to the callback is not used: libstdc++ 12 rounds it up for short strings.
    out.resize_and_overwrite(size, [&](char* memory, std::size_t) {
        memory[begin] = static_cast<char>(kVersion);
        memory[begin + 1] = static_cast<char>(prefix);
        Writer writer(memory + begin + kPrefix, sizer.lengths());
        Encoder<Writer>(writer, part).group(group);
        assert(writer.end() == memory + size);
        return size;
    });
}

template <Group G>
std::string encode_part(const G& group, std::uint8_t part, std::uint8_t prefix) {
    std::string out;
    append_part(out, group, part, prefix);
    return out;
}

/// A field as it stands in the bytes, not yet understood.
struct Field {
    std::uint64_t number = 0;
    Wire wire{};
    std::uint64_t value = 0;  ///< of Varint and Fixed64
    std::string_view bytes;   ///< of Bytes
};

/// Unknown: nothing that this version understands; the field is kept as it came.
enum class Taken : std::uint8_t { Yes, Unknown, Broken };

/// The next field. False at the end of `in`, or when `in` is not ok: the two look alike until asked.
bool next_field(ByteReader& in, Field& field) {
    if (in.at_end()) return false;
    const std::uint64_t tag = in.varint();
    field.number = tag >> 3;
    field.wire = static_cast<Wire>(tag & 7);
    switch (field.wire) {
        case Wire::Varint:
            field.value = in.varint();
            break;
        case Wire::Fixed64:
            field.value = in.fixed<std::uint64_t>();
            break;
        case Wire::Bytes:
            field.bytes = in.text();
            break;
        default:
            (void)in.raw(~std::uint64_t{0});  // a wire type that no version writes: fails the reader
    }
    return in.ok();
}

class Decoder {
  public:
    explicit Decoder(std::uint8_t part, ItemBudget* items = nullptr) : part_(part), items_(items) {}

    template <Group G>
    bool group(std::string_view bytes, G& g) const {
        ByteReader in(bytes);
        Field field;
        std::size_t at = 0;
        std::string unknown;
        while (next_field(in, field)) {
            const std::size_t end = bytes.size() - in.left();
            Taken taken = Taken::Unknown;
            describe(g, [&](std::uint32_t number, const char*, auto& member, Place) {
                if (number == field.number) taken = this->read(field, member);
            });
            if (taken == Taken::Broken) return false;
            if (taken == Taken::Unknown) unknown.append(bytes, at, end - at);
            at = end;
        }
        if (!in.ok()) return false;
        unknown_fields::add(g.unknown, part_, unknown);
        return true;
    }

  private:
    template <class M>
    Taken read(const Field& field, M& member) const {
        if constexpr (Optional<M>) {
            typename M::value_type value{};
            const Taken taken = read(field, value);
            if (taken == Taken::Yes) member = std::move(value);
            return taken;
        } else if constexpr (Group<M> || List<M> || Map<M>) {
            if (field.wire != Wire::Bytes) return Taken::Unknown;
            if constexpr (Group<M>) {
                return group(field.bytes, member) ? Taken::Yes : Taken::Broken;
            } else {
                return items(field.bytes, member) ? Taken::Yes : Taken::Broken;
            }
        } else {
            return scalar(field, member) ? Taken::Yes : Taken::Unknown;
        }
    }

    /// False: not a value of this type, or not one that this version can hold.
    template <class T>
    static bool scalar(const Field& field, T& value) {
        if constexpr (std::same_as<T, std::string>) {
            if (field.wire != Wire::Bytes) return false;
            value.assign(field.bytes);
        } else if constexpr (std::same_as<T, Json>) {
            if (field.wire != Wire::Bytes) return false;
            value.text.assign(field.bytes);
        } else if constexpr (std::same_as<T, double>) {
            if (field.wire != Wire::Fixed64) return false;
            value = std::bit_cast<double>(field.value);
        } else if constexpr (std::same_as<T, Uuid>) {
            if (field.wire != Wire::Bytes || field.bytes.size() != value.bytes.size()) return false;
            std::memcpy(value.bytes.data(), field.bytes.data(), value.bytes.size());
        } else if constexpr (std::same_as<T, Decimal>) {
            if (field.wire != Wire::Bytes || field.bytes.size() > sizeof(__int128)) return false;
            const bool negative = !field.bytes.empty() && (field.bytes.back() & 0x80) != 0;
            __int128 units = negative ? -1 : 0;
            if (!field.bytes.empty()) std::memcpy(&units, field.bytes.data(), field.bytes.size());
            value = Decimal::from_units(units);
        } else if constexpr (std::same_as<T, Timestamp>) {
            if (field.wire != Wire::Bytes) return false;
            ByteReader in(field.bytes);
            value.unix_nanos = in.fixed<std::int64_t>();
            const std::int64_t offset = in.svarint();
            if (!in.ok() || !in.at_end() || offset < -1439 || offset > 1439) return false;
            // As the JSON form: years 1970 … 2261 on the clock that it was read from.
            constexpr std::int64_t kMinute = 60'000'000'000;
            constexpr std::int64_t kYear2262 = 9'214'646'400'000'000'000;
            if (value.unix_nanos < -offset * kMinute || value.unix_nanos >= kYear2262 - offset * kMinute)
                return false;
            value.offset_minutes = static_cast<std::int16_t>(offset);
        } else {
            return field.wire == Wire::Varint && from_varint(field.value, value);
        }
        return true;
    }

    template <class T>
    static bool from_varint(std::uint64_t raw, T& value) {
        if constexpr (std::same_as<T, std::int64_t>) {
            value = unzigzag(raw);
        } else if constexpr (std::same_as<T, Duration>) {
            value.nanos = unzigzag(raw);
        } else if constexpr (std::same_as<T, bool>) {
            if (raw > 1) return false;
            value = raw == 1;
        } else {
            static_assert(Enum<T>);
            if (raw >= members::names_of<T>().size()) return false;
            value = static_cast<T>(raw);
        }
        return true;
    }

    template <class T>
    bool items(std::string_view bytes, std::vector<T>& list) const {
        list.clear();
        ByteReader in(bytes);
        while (!in.at_end()) {
            if (!may_have_more() || !item(in, list.emplace_back())) return false;
        }
        return in.ok();
    }

    template <class T>
    bool items(std::string_view bytes, std::map<std::string, T>& map) const {
        map.clear();
        ByteReader in(bytes);
        while (!in.at_end()) {
            if (!may_have_more()) return false;
            std::string key(in.text());
            T value{};
            if (!item(in, value)) return false;
            map.insert_or_assign(std::move(key), std::move(value));
        }
        return in.ok();
    }

    template <class T>
    bool item(ByteReader& in, T& value) const {
        if constexpr (Group<T>) {
            const std::string_view bytes = in.text();
            return in.ok() && Decoder(unknown_fields::kWhole, items_).group(bytes, value);
        } else if constexpr (std::same_as<T, std::string>) {
            value.assign(in.text());
        } else if constexpr (std::same_as<T, AttributeValue>) {
            switch (in.varint()) {
                case 0:
                    value = std::string(in.text());
                    break;
                case 1:
                    value = std::bit_cast<double>(in.fixed<std::uint64_t>());
                    break;
                case 2:
                    value = in.varint() != 0;
                    break;
                default:
                    return false;
            }
        } else {
            return from_varint(in.varint(), value) && in.ok();
        }
        return in.ok();
    }

    [[nodiscard]] bool may_have_more() const { return items_ == nullptr || items_->take(); }

    std::uint8_t part_;
    ItemBudget* items_;  ///< absent: no bound
};

std::unexpected<Error> damaged(std::string_view what) {
    return fail(Code::DataLoss, std::string("the bytes are not an encoded ").append(what));
}

/// Takes version and part off the front and gives the part.
Result<std::uint8_t> open_part(std::string_view& bytes) {
    if (bytes.size() < kPrefix) return damaged("part of a call");
    const auto version = static_cast<std::uint8_t>(bytes[0]);
    const auto part = static_cast<std::uint8_t>(bytes[1]);
    if (version == 0) return damaged("part of a call");
    if (version > kVersion) {
        return fail(Code::FailedPrecondition,
                    "the record is written in format " + std::to_string(version) +
                        ", this version reads up to " + std::to_string(kVersion),
                    "use the version of steno that wrote it, or a newer one");
    }
    bytes.remove_prefix(kPrefix);
    return part;
}

bool is_place(std::uint8_t part) {
    return part == static_cast<std::uint8_t>(Place::Header) ||
           part == static_cast<std::uint8_t>(Place::RequestPayload) ||
           part == static_cast<std::uint8_t>(Place::ResponsePayload);
}

std::uint32_t number_of_preview() {
    static const std::uint32_t number = [] {
        std::uint32_t found = 0;
        const Call call;
        describe(call, [&]<class M>(std::uint32_t n, const char*, const M&, Place) {
            if constexpr (std::same_as<M, Preview>) found = n;
        });
        return found;
    }();
    return number;
}

}  // namespace

std::string encode(const Call& call, Place place) {
    const auto part = static_cast<std::uint8_t>(place);
    return encode_part(call, part, part);
}

void append_encoded(std::string& out, const Call& call, Place place) {
    const auto part = static_cast<std::uint8_t>(place);
    append_part(out, call, part, part);
}

Result<void> decode(std::string_view bytes, Call& call) {
    if (bytes.empty()) return {};
    STENO_ASSIGN(const std::uint8_t part, open_part(bytes));
    if (!is_place(part) || !Decoder(part).group(bytes, call)) return damaged("part of a call");
    return {};
}

Result<void> decode(std::string_view bytes, Call& call, ItemBudget& items) {
    if (bytes.empty()) return {};
    STENO_ASSIGN(const std::uint8_t part, open_part(bytes));
    if (is_place(part) && Decoder(part, &items).group(bytes, call)) return {};
    if (items.exceeded)
        return fail(Code::ResourceExhausted, "the call's lists and maps have too many entries");
    return damaged("part of a call");
}

Result<PayloadGlance> glance_at(std::string_view payload) {
    PayloadGlance glance;
    if (payload.empty()) return glance;
    STENO_ASSIGN(const std::uint8_t part, open_part(payload));
    if (!is_place(part)) return damaged("part of a call");
    ByteReader in(payload);
    Field field;
    while (next_field(in, field)) {
        if (field.number == number_of_preview() && field.wire == Wire::Bytes) {
            if (!Decoder(part).group(field.bytes, glance.preview)) return damaged("part of a call");
            continue;
        }
        glance.request |= part == static_cast<std::uint8_t>(Place::RequestPayload);
        glance.response |= part == static_cast<std::uint8_t>(Place::ResponsePayload);
    }
    if (!in.ok()) return damaged("part of a call");
    return glance;
}

std::string encode(const Said& said) {
    return encode_part(said, unknown_fields::kWhole, kSaidPart);
}

Result<Said> decode_said(std::string_view bytes) {
    STENO_ASSIGN(const std::uint8_t part, open_part(bytes));
    Said said;
    if (part != kSaidPart || !Decoder(unknown_fields::kWhole).group(bytes, said) || said.call.is_nil()) {
        return damaged("feedback, score or cost");
    }
    return said;
}

}  // namespace steno
