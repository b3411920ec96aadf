/* deliver_destination: what --fd, --memfd and --file say, one by one. */
#ifndef LAUNCH_DELIVER_DESTINATION_H
#define LAUNCH_DELIVER_DESTINATION_H

#include "lib/launch/content.h"

struct deliver_settings;

enum destination_kind { DESTINATION_PIPE, DESTINATION_MEMFD, DESTINATION_FILE };

struct destination {
	enum destination_kind kind;
	char *label; /* the option as it was given, for messages: "--memfd TLS_KEY" */
	char *key;   /* the variable whose bytes go there; NULL: all of them, in `format` */
	enum content_format format;
	int fd;		  /* a pipe's number; a memfd's, once there is one, else -1 */
	const char *path; /* a file's; borrowed */
};

/* Pipes, then memfds, then files: in this order numbers that are asked for are taken first. */
struct destinations {
	struct destination *items;
	size_t count;
};

/* ERROR_USAGE for what is written wrong, or contradicts itself. */
int destinations_parse(struct destinations *destinations, const struct deliver_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void destinations_free(struct destinations *destinations) __attribute__((nonnull));

/* The one of this kind that takes all variables, or NULL. */
const struct destination *destinations_for_all(
    const struct destinations *destinations, enum destination_kind kind) __attribute__((nonnull));

#endif
