/* replay.c: a harness as a plain program of any compiler: runs it once on each file, on each file
 * of each directory, or on standard input. It makes no inputs itself. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>

#include "fuzz/driver/fuzz.h"

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

static unsigned long input_count;

static void make_stdin_binary(void)
{
#if defined(_WIN32)
    (void)_setmode(_fileno(stdin), _O_BINARY);
#endif
}

/* The rest of the stream, in a block that the caller frees. */
static uint8_t *read_all(FILE *file, size_t *size)
{
    size_t cap = 4096;
    uint8_t *bytes = malloc(cap);
    *size = 0;
    for (;;) {
        FUZZ_CHECK(bytes != NULL);
        *size += fread(bytes + *size, 1, cap - *size, file);
        if (*size < cap) {
            return bytes;
        }
        cap *= 2;
        uint8_t *larger = realloc(bytes, cap);
        FUZZ_CHECK(larger != NULL);
        bytes = larger;
    }
}

static bool replay_stream(FILE *file, const char *name)
{
    size_t size = 0;
    uint8_t *bytes = read_all(file, &size);
    const bool is_whole = !ferror(file);
    if (is_whole) {
        /* Printed before the run, so that a crash is preceded by the name of its input. */
        printf("%s: %lu bytes\n", name, (unsigned long)size);
        fflush(stdout);
        uint8_t *exact = fuzz_copy(bytes, size);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
        input_count++;
    }
    free(bytes);
    return is_whole;
}

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    const bool good = file != NULL && replay_stream(file, path);
    if (!good) {
        fprintf(stderr, "replay: %s cannot be read: %s\n", path, strerror(errno));
    }
    if (file != NULL) {
        fclose(file);
    }
    return good;
}

static bool replay_entry(const char *folder, const char *name)
{
    if (name[0] == '.') {
        return true;
    }
    const size_t cap = strlen(folder) + strlen(name) + 2;
    char *path = malloc(cap);
    FUZZ_CHECK(path != NULL);
    snprintf(path, cap, "%s/%s", folder, name);
    const bool good = replay_file(path);
    free(path);
    return good;
}

static bool replay_path(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return replay_file(path);
    }
    bool good = true;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        good = replay_entry(path, entry->d_name) && good;
    }
    closedir(folder);
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;
    if (argc == 1) {
        make_stdin_binary();
        good = replay_stream(stdin, "standard input");
    }
    for (int i = 1; i < argc; i++) {
        good = replay_path(argv[i]) && good;
    }
    printf("replay: %lu inputs\n", input_count);
    return good && input_count > 0 ? 0 : 1;
}
