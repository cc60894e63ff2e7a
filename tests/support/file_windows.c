/* file_windows.c: file.h with a temporary file, which is deleted when it is closed. */
#include "support/file.h"

#include <stdint.h>
#include <windows.h>

fer_raw_file test_file_new(const void *bytes, size_t len)
{
    wchar_t folder[MAX_PATH + 1];
    wchar_t path[MAX_PATH + 1];
    DWORD written = 0;
    if (GetTempPathW(MAX_PATH, folder) == 0 || GetTempFileNameW(folder, L"fer", 0, path) == 0) {
        return -1;
    }
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return -1;
    }
    if (!WriteFile(file, bytes, (DWORD)len, &written, NULL) || written != len) {
        (void)CloseHandle(file);
        return -1;
    }
    return (fer_raw_file)(intptr_t)file;
}

void test_file_close(fer_raw_file file)
{
    (void)CloseHandle((HANDLE)file);
}
