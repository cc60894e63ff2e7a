/* file_windows.c: file.h with a temporary file, which is deleted when it is closed. */
#include "support/file.h"

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

#include <winioctl.h>

/* A file is sparse only if it is declared so before the write (FSCTL_SET_SPARSE). */
static bool write_at(HANDLE file, const void *bytes, size_t len, uint64_t offset)
{
    LARGE_INTEGER start;
    DWORD written = 0;
    start.QuadPart = (LONGLONG)offset;
    if (offset > 0 && (!DeviceIoControl(file, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &written, NULL) ||
                       !SetFilePointerEx(file, start, NULL, FILE_BEGIN))) {
        return false;
    }
    return WriteFile(file, bytes, (DWORD)len, &written, NULL) && written == len;
}

fer_raw_file test_file_new_at(const void *bytes, size_t len, uint64_t offset)
{
    wchar_t folder[MAX_PATH + 1];
    wchar_t path[MAX_PATH + 1];
    if (GetTempPathW(MAX_PATH, folder) == 0 || GetTempFileNameW(folder, L"fer", 0, path) == 0) {
        return -1;
    }
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return -1;
    }
    if (!write_at(file, bytes, len, offset)) {
        (void)CloseHandle(file);
        return -1;
    }
    return (fer_raw_file)(intptr_t)file;
}

fer_raw_file test_file_new(const void *bytes, size_t len)
{
    return test_file_new_at(bytes, len, 0);
}

void test_file_close(fer_raw_file file)
{
    (void)CloseHandle((HANDLE)file);
}
