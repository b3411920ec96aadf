/* plugin_process: run a program and take what it prints, for the files of this folder only. */
#ifndef KUBE_PLUGIN_PROCESS_H
#define KUBE_PLUGIN_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/secret_buffer.h"

/* A person may have to log in with a browser meanwhile. */
#define PLUGIN_TIMEOUT_MS 300000

/*
 * Run argv (looked up in PATH) with this environment and append its stdout, up to the buffer's
 * limit. Its stdin is ours when `interactive`, else empty; its stderr is ours.  ERROR_NOT_FOUND:
 * there is no such program.  A program that prints too much, still runs PLUGIN_TIMEOUT_MS from now
 * or at the deadline (CLOCK_MONOTONIC, 0: none), or runs when a signal comes is killed.
 */
int kube_plugin_process(char *const *argv, char *const *environment, bool interactive,
    int64_t deadline_ms, struct secret_buffer *output, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
