#include "lib/rotate/window.h"

void window_init(struct window *window)
{
	*window = (struct window){.size = WINDOW_MAX};
}

bool window_has_room(const struct window *window, size_t bytes)
{
	return window->running == 0 ||
	       (window->running < window->size && window->bytes + bytes <= WINDOW_BYTES);
}

unsigned window_enter(struct window *window, size_t bytes)
{
	window->running++;
	window->bytes += bytes;
	return window->epoch;
}

void window_leave(struct window *window, size_t bytes, bool well)
{
	window->running--;
	window->bytes -= bytes;
	if (!well || ++window->answered < window->size)
		return;
	window->answered = 0;
	if (window->size < WINDOW_MAX)
		window->size++;
}

void window_put_off(struct window *window, unsigned *epoch)
{
	bool news = *epoch == window->epoch;

	if (news) {
		window->epoch++;
		window->answered = 0;
		if (window->size > 1)
			window->size /= 2;
	}
	*epoch = window->epoch;
}
