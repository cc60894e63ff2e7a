/* child_windows.c: child.h for Windows. */
#define _WIN32_WINNT 0x0A00
#define WIN32_LEAN_AND_MEAN
#include "selftest/child.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

enum { PATH_CAP = 4096, COMMAND_CAP = 512 };

/* The job ends the children when this program ends, whatever ends it. */
static HANDLE job_of_children(void)
{
    static HANDLE job;
    if (job == NULL) {
        JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
        memset(&limits, 0, sizeof limits);
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        job = CreateJobObjectW(NULL, NULL);
        (void)SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                      sizeof limits);
    }
    return job;
}

/* The arguments have no quotes and no backslashes. */
static void make_command(WCHAR *command, const char *const *arguments)
{
    size_t len = 0;
    const char *program = "ferrule_selftest";
    for (size_t i = 0; program[i] != 0; i++) {
        command[len++] = (WCHAR)program[i];
    }
    for (; *arguments != NULL; arguments++) {
        command[len++] = L' ';
        for (size_t i = 0; (*arguments)[i] != 0 && len + 2 < COMMAND_CAP; i++) {
            command[len++] = (WCHAR)(*arguments)[i];
        }
    }
    command[len] = 0;
}

/* The only inheritable handles are those of this child, because one thread starts all children. */
static bool start_process(const char *const *arguments, HANDLE input, HANDLE output,
                          PROCESS_INFORMATION *process)
{
    WCHAR path[PATH_CAP];
    WCHAR command[COMMAND_CAP];
    STARTUPINFOW start;
    memset(&start, 0, sizeof start);
    start.cb = (DWORD)sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = input;
    start.hStdOutput = output;
    start.hStdError = output;
    make_command(command, arguments);
    DWORD len = GetModuleFileNameW(NULL, path, PATH_CAP);
    return len > 0 && len < PATH_CAP &&
           CreateProcessW(path, command, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start,
                          process);
}

bool child_start(struct child *child, const char *const *arguments)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    PROCESS_INFORMATION process;
    HANDLE output = NULL;
    HANDLE written = NULL;
    memset(child, 0, sizeof *child);
    if (!CreatePipe(&output, &written, &inherited, 1 << 16)) {
        return false;
    }
    (void)SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0);
    HANDLE input = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
                               OPEN_EXISTING, 0, NULL);
    bool is_started = start_process(arguments, input, written, &process);
    (void)CloseHandle(written);
    (void)CloseHandle(input);
    if (!is_started) {
        (void)CloseHandle(output);
        return false;
    }
    (void)AssignProcessToJobObject(job_of_children(), process.hProcess);
    (void)ResumeThread(process.hThread);
    (void)CloseHandle(process.hThread);
    child->process = (uintptr_t)process.hProcess;
    child->output = (uintptr_t)output;
    child->is_running = true;
    return true;
}

size_t child_read(struct child *child, char *buf, size_t cap)
{
    DWORD ready = 0;
    DWORD n = 0;
    if (!PeekNamedPipe((HANDLE)child->output, NULL, 0, NULL, &ready, NULL) || ready == 0) {
        return 0;
    }
    return ReadFile((HANDLE)child->output, buf, (DWORD)cap, &n, NULL) ? n : 0;
}

void child_check(struct child *child)
{
    DWORD code = 0;
    if (child->is_running && WaitForSingleObject((HANDLE)child->process, 0) == WAIT_OBJECT_0) {
        (void)GetExitCodeProcess((HANDLE)child->process, &code);
        child->is_running = false;
        child->code = code;
        /* An NTSTATUS of severity "error", or abort's exit code. */
        child->has_crashed = code >= 0xC0000000u || code == 3;
    }
}

void child_kill(struct child *child)
{
    if (child->is_running) {
        (void)TerminateProcess((HANDLE)child->process, 1);
        (void)WaitForSingleObject((HANDLE)child->process, 5000);
        child->is_running = false;
        child->code = 1;
    }
}

void child_close(struct child *child)
{
    (void)CloseHandle((HANDLE)child->process);
    (void)CloseHandle((HANDLE)child->output);
}
