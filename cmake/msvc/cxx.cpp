/* cxx.cpp: the functions that a C++ program of clang in MSVC's dialect needs at run time, if it uses
 * libc++'s headers and no exceptions. They stand for a libc++ library and for Microsoft's libcmt. */
#include <malloc.h>
#include <new>
#include <stdlib.h>

static void *memory_or_abort(void *memory)
{
    if (memory == nullptr) {
        abort();
    }
    return memory;
}

void *operator new(size_t size)
{
    return memory_or_abort(malloc(size > 0 ? size : 1));
}

void *operator new(size_t size, std::align_val_t alignment)
{
    return memory_or_abort(_aligned_malloc(size > 0 ? size : 1, static_cast<size_t>(alignment)));
}

void operator delete(void *memory) noexcept
{
    free(memory);
}

void operator delete(void *memory, size_t) noexcept
{
    free(memory);
}

void operator delete(void *memory, std::align_val_t) noexcept
{
    _aligned_free(memory);
}

void operator delete(void *memory, size_t, std::align_val_t) noexcept
{
    _aligned_free(memory);
}

/* libc++ calls it instead of throwing. */
void std::__libcpp_verbose_abort(const char *, ...)
{
    abort();
}
