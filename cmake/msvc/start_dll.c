/* start_dll.c: the start-up object of DLLs that clang builds in MSVC's dialect: there is nothing to
 * start. */
int __stdcall _DllMainCRTStartup(void *module, unsigned long reason, void *reserved)
{
    (void)module;
    (void)reason;
    (void)reserved;
    return 1;
}
