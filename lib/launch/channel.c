/* channel: messages between init and a child, over a socket pair. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/launch/init.h"

struct packet {
	enum channel_message message;
	struct collect_digests digests;
};

int channel_open(struct channel *near, struct channel *far, struct error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_system(err, "socketpair");
	near->fd = ends[0];
	far->fd = ends[1];
	return 0;
}

int channel_send(struct channel *channel, enum channel_message message,
    const struct collect_digests *digests, struct error *err)
{
	struct packet packet;

	/* Clear the padding, which is sent too. */
	memset(&packet, 0, sizeof(packet));
	packet.message = message;
	if (digests)
		packet.digests = *digests;
	while (send(channel->fd, &packet, sizeof(packet), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return error_system(err, "channel between init and its child");
	return 0;
}

enum channel_message channel_receive(struct channel *channel, struct collect_digests *digests)
{
	struct packet packet;
	ssize_t length;

	do
		length = recv(channel->fd, &packet, sizeof(packet), MSG_DONTWAIT);
	while (length < 0 && errno == EINTR);
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return CHANNEL_NOTHING;
	if (length != sizeof(packet))
		return CHANNEL_CLOSED;
	*digests = packet.digests;
	return packet.message;
}

enum channel_message channel_wait(
    struct channel *channel, struct collect_digests *digests, int64_t timeout_ms)
{
	struct pollfd waiting = {.fd = channel->fd, .events = POLLIN};

	if (poll(&waiting, 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms) <= 0)
		return CHANNEL_NOTHING;
	return channel_receive(channel, digests);
}

void channel_close(struct channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
}
