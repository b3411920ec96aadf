#include "lib/launch/gate.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
	enum gate_word word;
	struct gate_mark mark;
};

int gate_open(struct gate *near, struct gate *far, struct error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_system(err, "socketpair");
	near->fd = ends[0];
	far->fd = ends[1];
	return 0;
}

int gate_say(
    struct gate *gate, enum gate_word word, const struct gate_mark *mark, struct error *err)
{
	struct message message;

	/* The whole of it is sent, padding too. */
	memset(&message, 0, sizeof(message));
	message.word = word;
	if (mark)
		message.mark = *mark;
	while (send(gate->fd, &message, sizeof(message), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return error_system(err, "no word to the other side of the gate");
	return 0;
}

int gate_hear(struct gate *gate, struct gate_mark *mark)
{
	struct message message;
	ssize_t length;

	do
		length = recv(gate->fd, &message, sizeof(message), MSG_DONTWAIT);
	while (length < 0 && errno == EINTR);
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return GATE_NOTHING;
	if (length != sizeof(message))
		return 0;
	*mark = message.mark;
	return (int)message.word;
}

int gate_wait(struct gate *gate, struct gate_mark *mark, int64_t timeout_ms)
{
	struct pollfd waiting = {.fd = gate->fd, .events = POLLIN};

	if (poll(&waiting, 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms) <= 0)
		return GATE_NOTHING;
	return gate_hear(gate, mark);
}

void gate_close(struct gate *gate)
{
	if (gate->fd >= 0)
		close(gate->fd);
	gate->fd = -1;
}
