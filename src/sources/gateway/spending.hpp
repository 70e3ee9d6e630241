#pragma once

#include "base/uuid.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

/// What the gateway asks before a call that costs money goes to its provider: may it?
namespace steno::gateway {

/// The call would go beyond a budget.
struct OverBudget {
    std::string budget;  ///< its name
    int status = 402;    ///< to answer with
    std::optional<std::int64_t> retry_after_s;
    std::string message;
    std::string remedy;
};

/// Reserve, then settle: what a call may cost at most is set aside before it is sent, and what it did cost
/// takes its place when its end is recorded. Any thread; one lock, no store; never throws.
class SpendingControl {
  public:
    virtual ~SpendingControl() = default;
    /// There is nothing to be kept to: then nobody needs to ask, and a call need not be understood before it
    /// goes.
    [[nodiscard]] virtual bool idle() const noexcept = 0;
    /// Sets aside what the call may cost, or says why it must not be made. `call` has all that its request
    /// told. Once a call id.
    virtual std::optional<OverBudget> reserve(const Call& call) noexcept = 0;
    /// The same for a call that nobody can refuse any more.
    virtual void reserve_anyway(const Call& call) noexcept = 0;
    /// For a call that will have no end on record. One that had it is no matter.
    virtual void release(const Uuid& id) noexcept = 0;
};

/// A call's reservation: given back when this dies, unless the end of the call has settled it.
class Reservation {
  public:
    Reservation(SpendingControl& control, const Uuid& id) : control_(&control), id_(id) {}
    Reservation(Reservation&& other) noexcept
        : control_(std::exchange(other.control_, nullptr)), id_(other.id_) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
        if (control_ != nullptr) control_->release(id_);
    }

  private:
    SpendingControl* control_;
    Uuid id_;
};

}  // namespace steno::gateway
