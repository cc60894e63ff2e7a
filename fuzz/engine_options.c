/* engine_options.c: the address sanitizer's options for long runs, before those of ASAN_OPTIONS. The replays keep its own. */

const char *__asan_default_options(void);

/* Memory that was freed comes back at once instead of a fresh page of the kernel's, and calls have their locals on the real stack: together
 * a third of a stream program's time. */
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1:detect_stack_use_after_return=0";
}
