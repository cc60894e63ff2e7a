/* process_no_signals.c: the signal functions of process.h for systems without signals: Windows and
 * the simulated network. */
#include "support/process.h"

bool process_signals_start(void)
{
    return false;
}

void process_signals_stop(void)
{
}

unsigned process_signals_caught(void)
{
    return 0;
}

void process_signals_call(void (*action)(void))
{
}

void process_shield_thread(void)
{
}

bool process_let_sigpipe_kill(void)
{
    return false;
}

bool process_remember_signal_handlers(void)
{
    return false;
}

bool process_signal_handlers_are_as_remembered(void)
{
    return true;
}
