/* test_afd.c: the error of ferp_afd_open if the AFD driver, or a function of ntdll, is missing. */
#include "platform/winsock/afd.h"
#include "support/group.h"

static bool scripted_find(const wchar_t *module, const char *name, void *function);

#define ferp_winsock_find_function scripted_find
#include "platform/winsock/afd.c"
#undef ferp_winsock_find_function

static const char *missing_function;
static NTSTATUS open_status;

static NTSTATUS NTAPI failing_create_file(PHANDLE out, ACCESS_MASK access,
                                          POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK status,
                                          PLARGE_INTEGER size, ULONG file, ULONG share,
                                          ULONG disposition, ULONG options, PVOID buffer,
                                          ULONG length)
{
    (void)out, (void)access, (void)attributes, (void)status, (void)size, (void)file;
    (void)share, (void)disposition, (void)options, (void)buffer, (void)length;
    return open_status;
}

static bool scripted_find(const wchar_t *module, const char *name, void *function)
{
    nt_create_file failing = failing_create_file;
    if (missing_function != NULL && strcmp(name, missing_function) == 0) {
        return false;
    }
    if (strcmp(name, "NtCreateFile") != 0) {
        return ferp_winsock_find_function(module, name, function);
    }
    memcpy(function, &failing, sizeof failing);
    return true;
}

static void assert_open_fails(fer_error_kind kind, int32_t os_code)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    HANDLE afd = NULL;
    fer_error err = ferp_afd_open(port, &afd);
    assert_int_equal(err.kind, kind);
    assert_int_equal(err.os_code, os_code);
    assert_null(afd);
    assert_true(CloseHandle(port));
}

/* The functions are found once, so this test comes first. */
TEST(a_missing_function_is_unsupported)
{
    static const char *const names[] = {"NtCreateFile", "NtDeviceIoControlFile", "NtCancelIoFileEx",
                                        "RtlNtStatusToDosError"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        missing_function = names[i];
        assert_open_fails(FER_UNSUPPORTED, 0);
    }
    missing_function = NULL;
}

TEST(a_missing_driver_is_unsupported_with_the_code_of_the_os)
{
    open_status = (NTSTATUS)0xC0000034u; /* STATUS_OBJECT_NAME_NOT_FOUND */
    assert_open_fails(FER_UNSUPPORTED, ERROR_FILE_NOT_FOUND);
    open_status = (NTSTATUS)0xC0000022u; /* STATUS_ACCESS_DENIED */
    assert_open_fails(FER_UNSUPPORTED, ERROR_ACCESS_DENIED);
}

TEST(a_transient_failure_is_reported_as_it_is)
{
    open_status = (NTSTATUS)0xC0000017u; /* STATUS_NO_MEMORY */
    assert_open_fails(FER_OUT_OF_MEMORY, ERROR_NOT_ENOUGH_MEMORY);
    open_status = (NTSTATUS)0xC000011Fu; /* STATUS_TOO_MANY_OPENED_FILES */
    assert_open_fails(FER_TOO_MANY_OPEN_FILES, ERROR_TOO_MANY_OPEN_FILES);
}

TEST_MAIN("afd")
