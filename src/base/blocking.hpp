#pragma once

/// For what may be held up by a disk and is done on threads that must not be.
namespace steno {

/// Does the other work of a thread while that is held up. Set for a thread by whoever runs it.
class StandIn {
  public:
    virtual ~StandIn() = default;
    /// The thread may be held up from here on.
    virtual void enter() noexcept = 0;
    /// It is back. Returns when nobody does its work any more.
    virtual void leave() noexcept = 0;

    static inline thread_local StandIn* of_this_thread = nullptr;
};

/// Lives while its thread may be held up. While it lives long, work of the same thread may be done by its
/// stand-in, as if this were a coroutine that waits: hold no lock and no reference into what such work
/// changes. Not nested.
class BlockingSection {
  public:
    BlockingSection() : stand_in_(StandIn::of_this_thread) {
        if (stand_in_ != nullptr) stand_in_->enter();
    }
    ~BlockingSection() {
        if (stand_in_ != nullptr) stand_in_->leave();
    }
    BlockingSection(const BlockingSection&) = delete;
    BlockingSection& operator=(const BlockingSection&) = delete;

  private:
    StandIn* stand_in_;
};

}  // namespace steno
