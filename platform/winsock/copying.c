/* copying.c: reading files. Windows has no splice, and TransmitFile is not used: on a client
 * edition two run at a time ("TransmitFile function", MSDN), and none can be cancelled without an
 * overlapped request. */
#include "platform/winsock/winsock.h"

#include "platform/copying.h"

/* A file that was opened with FILE_FLAG_OVERLAPPED is read in the background, and waited for. The
 * event is the request's own, because others may signal the file. Its low bit keeps the packet out
 * of the program's completion port ("GetQueuedCompletionStatus function", MSDN). */
static fer_error read_at(HANDLE file, HANDLE event, uint64_t offset, void *buf, DWORD len,
                         size_t *n)
{
    OVERLAPPED at = {.hEvent = (HANDLE)((uintptr_t)event | 1)};
    DWORD moved = 0;
    at.Offset = (DWORD)(offset & MAXDWORD);
    at.OffsetHigh = (DWORD)(offset >> 32);
    BOOL is_read = ReadFile(file, buf, len, &moved, &at);
    if (!is_read && GetLastError() == ERROR_IO_PENDING) {
        is_read = GetOverlappedResult(file, &at, &moved, TRUE);
    }
    if (is_read || GetLastError() == ERROR_HANDLE_EOF) {
        *n = is_read ? moved : 0;
        return FERP_WINSOCK_OK;
    }
    return ferp_winsock_last_error();
}

fer_error ferp_read_file(fer_raw_file file, uint64_t offset, void *buf, size_t len, size_t *n)
{
    DWORD most = len < MAXDWORD ? (DWORD)len : MAXDWORD;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    *n = 0;
    if (event == NULL) {
        return ferp_winsock_last_error();
    }
    fer_error error = read_at((HANDLE)file, event, offset, buf, most, n);
    CloseHandle(event);
    return error;
}
