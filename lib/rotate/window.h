/*
 * window: how many requests to the API server are under way at once.
 *
 * It begins at its largest, halves when the server puts a request off (429, 503), and grows by one
 * for each window that was answered well: additive increase, multiplicative decrease, as TCP has it
 * (RFC 5681).  A request started before the last halving can't halve it again.
 */
#ifndef ROTATE_WINDOW_H
#define ROTATE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

/* What one API server answers well, on as many connections. */
#define WINDOW_MAX 16
/* Of the values under way: the largest Secrets go one or two at a time, for the memory's sake. */
#define WINDOW_BYTES ((size_t)2 * 1024 * 1024)

struct window {
	unsigned size;	   /* 1 to WINDOW_MAX */
	unsigned running;  /* requests */
	size_t bytes;	   /* of their values */
	unsigned answered; /* well, since it last grew */
	unsigned epoch;	   /* halvings up to now */
};

void window_init(struct window *window) __attribute__((nonnull));
/* Is there room for a request of that many bytes?  Where none runs, always. */
bool window_has_room(const struct window *window, size_t bytes) __attribute__((nonnull));
/* A request starts; returns the epoch, to be handed back with what becomes of it. */
unsigned window_enter(struct window *window, size_t bytes) __attribute__((nonnull));
/* It has ended; `well`: the server took it. */
void window_leave(struct window *window, size_t bytes, bool well) __attribute__((nonnull));
/* The server puts it off; *epoch is what window_enter gave, and is brought up to date. */
void window_put_off(struct window *window, unsigned *epoch) __attribute__((nonnull));

#endif
