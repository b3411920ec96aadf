/*
 * gate: how init and a child of it talk, until the child has become the application: exec closes
 * it.
 *
 * A child says from what it would start the application (GATE_READY), that it has brought the
 * running one up to date (GATE_RENEWED), or that only the ciphertext is another (GATE_SAME); init
 * answers a candidate by GATE_GO.
 */
#ifndef LAUNCH_GATE_H
#define LAUNCH_GATE_H

#include "lib/launch/collect.h"
#include "lib/sealed/variables.h"

/* What an application was started from, without telling any of it. */
struct gate_mark {
	uint8_t fingerprint[COLLECT_DIGEST_SIZE]; /* of the ciphertexts */
	uint8_t digest[VARIABLES_DIGEST_SIZE]; /* of the plaintexts, under a key of this process */
};

/* 0 means none of them, and closed. */
enum gate_word { GATE_NOTHING = 1, GATE_READY, GATE_RENEWED, GATE_SAME, GATE_GO };

/* One end; fd -1: closed. */
struct gate {
	int fd;
};

#define GATE_CLOSED                                                                                \
	{                                                                                          \
		-1                                                                                 \
	}

/* Both ends, close-on-exec. */
int gate_open(struct gate *near, struct gate *far, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Say a word; `mark` goes with it, NULL: none.  -1 when nobody is there any more. */
int gate_say(struct gate *gate, enum gate_word word, const struct gate_mark *mark,
    struct error *err) __attribute__((nonnull(1, 4), warn_unused_result));

/*
 * The next word, with its mark in *mark; GATE_NOTHING while there is none; 0 when the other side is
 * gone.  Does not wait.
 */
int gate_hear(struct gate *gate, struct gate_mark *mark)
    __attribute__((nonnull, warn_unused_result));

/*
 * Wait until there is something to hear, and hear it; GATE_NOTHING when the time is over, or a
 * signal handler has run.
 */
int gate_wait(struct gate *gate, struct gate_mark *mark, int64_t timeout_ms)
    __attribute__((nonnull, warn_unused_result));

void gate_close(struct gate *gate) __attribute__((nonnull));

#endif
