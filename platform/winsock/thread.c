/* thread.c: the resolver's lock, condition and threads. */
#include "platform/winsock/winsock.h"

/* The minimum on POSIX too: name service providers are DLLs whose needs are unknown. A stack costs
 * address space, not memory. */
#define STACK_SIZE ((SIZE_T)512 * 1024)

static const WCHAR thread_name[] = L"ferrule-resolve";

typedef struct monitor {
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
} monitor;

_Static_assert(sizeof(monitor) <= sizeof(ferp_monitor) &&
                   _Alignof(monitor) <= _Alignof(ferp_monitor),
               "a ferp_monitor holds a monitor");

static monitor *monitor_of(ferp_monitor *opaque)
{
    return (monitor *)(void *)opaque->words;
}

/* ---- The lock and its condition */

/* Neither uses a resource of the system ("Slim Reader/Writer (SRW) Locks", MSDN). */
fer_error ferp_monitor_begin(ferp_monitor *opaque)
{
    InitializeSRWLock(&monitor_of(opaque)->lock);
    InitializeConditionVariable(&monitor_of(opaque)->changed);
    return FERP_WINSOCK_OK;
}

void ferp_monitor_end(ferp_monitor *opaque)
{
    (void)opaque;
}

void ferp_monitor_enter(ferp_monitor *opaque)
{
    AcquireSRWLockExclusive(&monitor_of(opaque)->lock);
}

void ferp_monitor_leave(ferp_monitor *opaque)
{
    ReleaseSRWLockExclusive(&monitor_of(opaque)->lock);
}

void ferp_monitor_notify_all(ferp_monitor *opaque)
{
    WakeAllConditionVariable(&monitor_of(opaque)->changed);
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

fer_error ferp_monitor_wait(ferp_monitor *opaque, uint64_t deadline)
{
    monitor *self = monitor_of(opaque);
    if (deadline == 0) {
        return (fer_error){FER_TIMED_OUT, 0};
    }
    if (SleepConditionVariableSRW(&self->changed, &self->lock, millis_until(deadline), 0)) {
        return FERP_WINSOCK_OK;
    }
    DWORD code = GetLastError();
    if (code != ERROR_TIMEOUT) {
        return ferp_winsock_error((int32_t)code);
    }
    return (fer_error){ferp_now() >= deadline ? FER_TIMED_OUT : FER_OK, 0};
}

/* ---- Threads */

typedef HRESULT(WINAPI *set_thread_description)(HANDLE thread, PCWSTR description);

/* For debuggers. Needs Windows 10 version 1607. */
static void name_this_thread(void)
{
    set_thread_description describe = NULL;
    if (ferp_winsock_find_function(L"kernel32.dll", "SetThreadDescription", &describe)) {
        (void)describe(GetCurrentThread(), thread_name);
    }
}

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
    name_this_thread();
    while (thread.step(thread.argument)) {
    }
    FreeLibraryAndExitThread(this_module(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT), 0);
}

fer_error ferp_thread_start(const ferp_thread *thread)
{
    HMODULE held = this_module(0);
    HANDLE created = CreateThread(NULL, STACK_SIZE, run_thread, (void *)(uintptr_t)thread,
                                  STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (created == NULL) {
        DWORD code = GetLastError();
        FreeLibrary(held);
        return (fer_error){FER_OUT_OF_MEMORY, (int32_t)code};
    }
    CloseHandle(created);
    return FERP_WINSOCK_OK;
}

uint64_t ferp_process(void)
{
    return 0;
}
