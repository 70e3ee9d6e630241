#pragma once

#include <optional>

namespace steno {

/// An object that each thread keeps from one use to the next, for the memory that it has: what is in it is
/// what the last use left. A thread that ends destroys it, and may still come back to us afterwards, from the
/// destructor of a static or of another thread_local of the program that we are a library of: then each use
/// has an object of its own, new, so that nothing is written into memory that was given back.
///
///     const ThreadScratch<Sizer> scratch;
///     Sizer& sizer = *scratch;
///
/// There is one object for each thread and type T: make it a type of the place that uses it, and no use
/// within another. Not to be moved between threads.
template <class T>
class ThreadScratch {
  public:
    ThreadScratch() : object_(of_this_thread()) {
        if (object_ == nullptr) object_ = &instead_.emplace();
    }
    ThreadScratch(const ThreadScratch&) = delete;
    ThreadScratch& operator=(const ThreadScratch&) = delete;

    T& operator*() const { return *object_; }
    T* operator->() const { return object_; }

  private:
    static T* of_this_thread() {
        thread_local bool gone = false;  // has no destructor: can be read as long as the thread runs
        struct Mine {
            T object;
            ~Mine() { gone = true; }
        };
        if (gone) return nullptr;
        thread_local Mine mine;
        return &mine.object;
    }

    std::optional<T> instead_;
    T* object_;
};

}  // namespace steno
