/* thread.c: the resolver's lock, condition and threads. */
#include "platform/winsock/winsock.h"

/* The minimum on POSIX too: name service providers are DLLs whose needs are unknown. A stack costs
 * address space, not memory. */
#define STACK_SIZE ((SIZE_T)512 * 1024)

static const WCHAR thread_name[] = L"ferrule-resolve";

typedef struct mutex_parts {
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
} mutex_parts;

_Static_assert(sizeof(mutex_parts) <= sizeof(ferp_mutex) &&
                   _Alignof(mutex_parts) <= _Alignof(ferp_mutex),
               "a ferp_mutex holds its parts");

static mutex_parts *parts_of(ferp_mutex *mutex)
{
    return (mutex_parts *)(void *)mutex->words;
}

/* ---- The lock and its condition */

/* Neither uses a resource of the system ("Slim Reader/Writer (SRW) Locks", MSDN). */
fer_error ferp_mutex_init(ferp_mutex *mutex)
{
    InitializeSRWLock(&parts_of(mutex)->lock);
    InitializeConditionVariable(&parts_of(mutex)->changed);
    return FERP_WINSOCK_OK;
}

void ferp_mutex_destroy(ferp_mutex *mutex)
{
    (void)mutex;
}

void ferp_mutex_lock(ferp_mutex *mutex)
{
    AcquireSRWLockExclusive(&parts_of(mutex)->lock);
}

void ferp_mutex_unlock(ferp_mutex *mutex)
{
    ReleaseSRWLockExclusive(&parts_of(mutex)->lock);
}

void ferp_cond_broadcast(ferp_mutex *mutex)
{
    WakeAllConditionVariable(&parts_of(mutex)->changed);
}

/* Rounded up; INFINITE only if there is no deadline. */
static DWORD millis_until(uint64_t deadline)
{
    if (deadline == FERP_NO_DEADLINE) {
        return INFINITE;
    }
    uint64_t now = ferp_now();
    uint64_t millis = ferp_winsock_millis(deadline > now ? deadline - now : 0);
    return millis < INFINITE - 1 ? (DWORD)millis : INFINITE - 1;
}

fer_error ferp_cond_wait(ferp_mutex *mutex, uint64_t deadline)
{
    mutex_parts *parts = parts_of(mutex);
    if (deadline == 0) {
        return (fer_error){FER_TIMED_OUT, 0};
    }
    if (SleepConditionVariableSRW(&parts->changed, &parts->lock, millis_until(deadline), 0)) {
        return FERP_WINSOCK_OK;
    }
    DWORD code = GetLastError();
    if (code != ERROR_TIMEOUT) {
        return ferp_winsock_error((int32_t)code);
    }
    return (fer_error){ferp_now() >= deadline ? FER_TIMED_OUT : FER_OK, 0};
}

/* ---- Threads */

/* <processthreadsapi.h>. mingw's headers lack it, and its import library has it. */
WINBASEAPI HRESULT WINAPI SetThreadDescription(HANDLE thread, PCWSTR description);

/* The module that contains this code. Each thread holds a reference to it, so that a DLL stays
 * loaded while a thread runs in it ("FreeLibraryAndExitThread function", MSDN). NULL only if there
 * is nothing to hold. */
static HMODULE this_module(DWORD flags)
{
    HMODULE module = NULL;
    return GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | flags, thread_name, &module)
               ? module
               : NULL;
}

static DWORD WINAPI run_thread(void *argument)
{
    const ferp_thread thread = *(const ferp_thread *)argument;
    (void)SetThreadDescription(GetCurrentThread(), thread_name); /* for debuggers */
    while (thread.step(thread.argument)) {
    }
    FreeLibraryAndExitThread(this_module(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT), 0);
}

fer_error ferp_thread_start(ferp_thread *thread)
{
    HMODULE held = this_module(0);
    HANDLE created =
        CreateThread(NULL, STACK_SIZE, run_thread, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (created == NULL) {
        DWORD code = GetLastError();
        FreeLibrary(held);
        return (fer_error){FER_OUT_OF_MEMORY, (int32_t)code};
    }
    CloseHandle(created);
    return FERP_WINSOCK_OK;
}

void ferp_thread_release(ferp_thread *thread, bool waits)
{
    (void)thread;
    (void)waits;
}

uint64_t ferp_process(void)
{
    return 0;
}
